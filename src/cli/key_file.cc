// SPDX-License-Identifier: Apache-2.0
#include "cli/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"
#include "core/crypto/password.h"

namespace muster::cli {
namespace {

using crypto::SecretBytes;

constexpr size_t kSecretFileBytesMax = 4096;

absl::StatusOr<SecretBytes> ReadSecretFile(const std::filesystem::path& file, bool private_mode) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, "cannot open", file);
  struct stat info = {};
  if (private_mode && ::fstat(fd, &info) == 0 && (info.st_mode & 077) != 0) {
    ::close(fd);
    return MakeError(v1::FILE_UNREADABLE,
                     "the key file " + file.string() +
                         " can be read by others; chmod 600 it, and if others may have read it, "
                         "ask to be invited anew");
  }
  SecretBytes buffer = SecretBytes::Zeroed(kSecretFileBytesMax);
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t n = ::read(fd, buffer.MutableExposeSecret().data() + size, buffer.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error_number = errno;
      ::close(fd);
      return ErrnoError(error_number, "cannot read", file);
    }
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  ::close(fd);
  if (size == buffer.size()) {
    return MakeError(v1::FILE_TOO_LARGE,
                     file.string() + " is too long for what it should hold; check the path");
  }
  return SecretBytes::CopyOf(buffer.ExposeSecret().first(size));
}

SecretBytes FirstLine(const SecretBytes& text) {
  const ByteView bytes = text.ExposeSecret();
  const auto end =
      std::find_if(bytes.begin(), bytes.end(), [](uint8_t c) { return c == '\n' || c == '\r'; });
  return SecretBytes::CopyOf(bytes.first(static_cast<size_t>(end - bytes.begin())));
}

bool StartsWith(const SecretBytes& text, std::string_view prefix) {
  return AsText(text.ExposeSecret()).substr(0, prefix.size()) == prefix;
}

absl::Status WriteKey(const std::filesystem::path& file, std::string_view kind,
                      const SecretBytes& raw, const SecretBytes& plain_text,
                      const SecretBytes* passphrase) {
  if (passphrase == nullptr)
    return WriteNewFileDurably(file, AsText(plain_text.ExposeSecret()), 0600);
  return WriteNewFileDurably(file, crypto::PasswordWrap(kind, raw, *passphrase) + "\n", 0600);
}

absl::Status WriteSigningKey(const std::filesystem::path& file, const crypto::SigningKey& key,
                             const SecretBytes* passphrase) {
  SecretBytes raw = SecretBytes::Zeroed(64);
  std::copy(key.seed().ExposeSecret().begin(), key.seed().ExposeSecret().end(),
            raw.MutableExposeSecret().begin());
  std::copy(key.verify_key().bytes.begin(), key.verify_key().bytes.end(),
            raw.MutableExposeSecret().begin() + 32);
  return WriteKey(file, "secret", raw, crypto::PaserkSecret(key), passphrase);
}

absl::Status WriteLocalKey(const std::filesystem::path& file, const SecretBytes& raw,
                           const SecretBytes* passphrase) {
  return WriteKey(file, "local", raw, crypto::PaserkLocal(raw), passphrase);
}

absl::StatusOr<SecretBytes> ReadLocalKey(const std::filesystem::path& file,
                                         Passphrase& passphrase) {
  MUSTER_ASSIGN_OR_RETURN(const SecretBytes whole, ReadSecretFile(file, true));
  const SecretBytes text = FirstLine(whole);
  if (!StartsWith(text, "k4.local-pw."))
    return crypto::ParsePaserkLocal(AsText(text.ExposeSecret()));
  MUSTER_ASSIGN_OR_RETURN(const SecretBytes* words, passphrase.ForOpening());
  return crypto::PasswordUnwrap("local", AsText(text.ExposeSecret()), *words);
}

}  // namespace

absl::StatusOr<const SecretBytes*> Passphrase::ForOpening() {
  MUSTER_RETURN_IF_ERROR(Read(false));
  return &*text_;
}

absl::StatusOr<const SecretBytes*> Passphrase::ForMaking() {
  MUSTER_RETURN_IF_ERROR(Read(true));
  if (text_->empty()) {
    text_.reset();
    return MakeError(
        v1::FIELD_REQUIRED,
        "the passphrase is empty; choose one, or say --no-passphrase for a service or a test");
  }
  return &*text_;
}

absl::Status Passphrase::Read(bool twice) {
  if (text_.has_value()) return absl::OkStatus();
  if (!file_.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const SecretBytes text, ReadSecretFile(file_, false));
    text_ = FirstLine(text);
    return absl::OkStatus();
  }
  if (const char* text = std::getenv("MUSTER_PASSPHRASE"); text != nullptr && *text != '\0') {
    text_ = SecretBytes::CopyOf(AsBytes(text));
    return absl::OkStatus();
  }
  MUSTER_ASSIGN_OR_RETURN(
      SecretBytes first,
      console_->AskSecret(twice ? "New passphrase for these keys: " : "Passphrase: "));
  if (twice) {
    MUSTER_ASSIGN_OR_RETURN(const SecretBytes second, console_->AskSecret("The same once more: "));
    if (!(first == second))
      return MakeError(v1::PASSPHRASE_WRONG, "the two passphrases differ; run the command again");
  }
  text_ = std::move(first);
  return absl::OkStatus();
}

NewKeys NewKeys::Generate(bool with_member_key) {
  NewKeys keys{crypto::SigningKey::Generate(), crypto::SigningKey::Generate(),
               crypto::BoxSecretKey::Generate(), std::nullopt};
  if (with_member_key) keys.member = crypto::Scalar::Random();
  return keys;
}

v1::PersonKeys NewKeys::Public() const {
  v1::PersonKeys out;
  out.set_sign_key(ToString(sign.verify_key().bytes));
  out.set_cosign_key(ToString(cosign.verify_key().bytes));
  out.set_box_key(ToString(box.public_key().bytes));
  if (member.has_value()) out.set_member_key(ToString(member->TimesBase().bytes));
  return out;
}

absl::Status WriteKeys(const std::filesystem::path& folder, const NewKeys& keys,
                       const SecretBytes* passphrase) {
  MUSTER_RETURN_IF_ERROR(WriteSigningKey(folder / "sign.key", keys.sign, passphrase));
  MUSTER_RETURN_IF_ERROR(WriteSigningKey(folder / "cosign.key", keys.cosign, passphrase));
  MUSTER_RETURN_IF_ERROR(WriteLocalKey(folder / "box.key", keys.box.raw(), passphrase));
  if (!keys.member.has_value()) return absl::OkStatus();
  return WriteLocalKey(folder / "member.key", keys.member->raw(), passphrase);
}

absl::StatusOr<crypto::SigningKey> ReadSigningKey(const std::filesystem::path& file,
                                                  Passphrase& passphrase) {
  MUSTER_ASSIGN_OR_RETURN(const SecretBytes whole, ReadSecretFile(file, true));
  const SecretBytes text = FirstLine(whole);
  if (!StartsWith(text, "k4.secret-pw."))
    return crypto::ParsePaserkSecret(AsText(text.ExposeSecret()));
  MUSTER_ASSIGN_OR_RETURN(const SecretBytes* words, passphrase.ForOpening());
  MUSTER_ASSIGN_OR_RETURN(const SecretBytes raw,
                          crypto::PasswordUnwrap("secret", AsText(text.ExposeSecret()), *words));
  MUSTER_ASSIGN_OR_RETURN(
      crypto::SigningKey key,
      crypto::SigningKey::FromSeed(SecretBytes::CopyOf(raw.ExposeSecret().first(32))));
  if (!crypto::ConstantTimeEqual(key.verify_key().bytes, raw.ExposeSecret().subspan(32))) {
    return MakeError(v1::KEY_MALFORMED, "the halves of " + file.string() +
                                            " belong to different keys; restore it from a copy");
  }
  return key;
}

absl::StatusOr<crypto::BoxSecretKey> ReadBoxKey(const std::filesystem::path& file,
                                                Passphrase& passphrase) {
  MUSTER_ASSIGN_OR_RETURN(const SecretBytes raw, ReadLocalKey(file, passphrase));
  return crypto::BoxSecretKey::FromBytes(raw);
}

}  // namespace muster::cli
