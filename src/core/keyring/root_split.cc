// SPDX-License-Identifier: Apache-2.0
#include "core/keyring/root_split.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/governance/statement.h"
#include "muster/v1/vault_record.pb.h"

namespace muster::keyring {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSealedBytesMax = size_t{1} << 16;
constexpr std::string_view kOpeningPrefix = "opening-";

absl::Status Malformed(const fs::path& path, std::string_view what) {
  return MakeError(v1::HOME_MALFORMED, path.string() + " " + std::string(what) +
                                           "; restore the vault's home from a backup");
}

absl::StatusOr<v1::SealedKeys> ReadKeys(const fs::path& path) {
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kSealedBytesMax));
  v1::SealedKeys sealed;
  if (!sealed.ParseFromString(bytes)) return Malformed(path, "cannot be read");
  return sealed;
}

absl::StatusOr<governance::VerifiedStatement> OpenSplit(const fs::path& path,
                                                        const v1::SealedKeys& sealed) {
  absl::StatusOr<governance::VerifiedStatement> verified =
      governance::VerifyStatement(sealed.split());
  if (!verified.ok() || !verified->statement.has_vault_key() ||
      !verified->statement.vault_key().has_split()) {
    return Malformed(path, "holds no split of a root that holds");
  }
  return verified;
}

// Zeros over a small secret before its name goes. What a disk keeps of it elsewhere is not in our
// hands.
absl::Status RemoveSecret(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno == ENOENT ? absl::OkStatus() : ErrnoError(errno, "cannot open", path);
  const std::string zeros(32, '\0');
  const bool written =
      ::write(fd, zeros.data(), zeros.size()) == std::ssize(zeros) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!written) return ErrnoError(error, "cannot overwrite", path);
  return RemoveDurably(path);
}

}  // namespace

fs::path OpeningKeyPath(const fs::path& home, const Bytes32& hash) {
  return home / (std::string(kOpeningPrefix) + HexEncode(ByteView(hash).first(8)) + ".key");
}

absl::StatusOr<std::optional<SealedRoot>> ReadSealedRoot(const fs::path& home) {
  const fs::path path = home / "keys.sealed";
  absl::StatusOr<v1::SealedKeys> sealed = ReadKeys(path);
  if (ReasonOf(sealed.status()) == v1::FILE_NOT_FOUND) return Malformed(path, "is missing");
  MUSTER_RETURN_IF_ERROR(sealed.status());
  if (sealed->root_kind() != "shares") return std::nullopt;
  MUSTER_ASSIGN_OR_RETURN(governance::VerifiedStatement verified, OpenSplit(path, *sealed));
  const v1::RootSplit& split = verified.statement.vault_key().split();
  const std::vector<std::string> points(split.commitments().begin(), split.commitments().end());
  MUSTER_ASSIGN_OR_RETURN(crypto::ShareCommitments commitments,
                          crypto::ShareCommitments::Parse(points));
  const fs::path key_path = OpeningKeyPath(home, verified.hash);
  absl::StatusOr<std::string> read = ReadFile(key_path, 32);
  if (!read.ok()) return Malformed(key_path, "cannot be read");
  const crypto::WipedString seed(*std::move(read));
  absl::StatusOr<crypto::SigningKey> opening_key =
      crypto::SigningKey::FromSeed(crypto::SecretBytes::CopyOf(AsBytes(seed.str())));
  if (!opening_key.ok() || AsText(opening_key->verify_key().bytes) != split.opening_key())
    return Malformed(key_path, "is not the key that keys.sealed names");
  return SealedRoot{sealed->split(), std::move(verified.statement), verified.hash,
                    std::move(commitments), *std::move(opening_key)};
}

absl::StatusOr<std::optional<v1::SignedStatement>> ReadPreparedSplit(const fs::path& home) {
  absl::StatusOr<v1::SealedKeys> sealed = ReadKeys(home / "keys.next");
  if (ReasonOf(sealed.status()) == v1::FILE_NOT_FOUND) return std::nullopt;
  MUSTER_RETURN_IF_ERROR(sealed.status());
  MUSTER_RETURN_IF_ERROR(OpenSplit(home / "keys.next", *sealed).status());
  return sealed->split();
}

absl::Status CommitPreparedSplit(const fs::path& home, const Bytes32& hash) {
  const fs::path next = home / "keys.next";
  MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::SignedStatement> prepared,
                          ReadPreparedSplit(home));
  if (!prepared.has_value() || governance::StatementHash(*prepared) != hash) {
    MUSTER_ASSIGN_OR_RETURN(const std::optional<SealedRoot> in_force, ReadSealedRoot(home));
    if (in_force.has_value() && in_force->hash == hash) return RemoveOldRoots(home, Proven::kNo);
    return MakeError(v1::SPLIT_MALFORMED, "this vault has not prepared that split of its root");
  }
  // Nothing opens the keys without their opening key's file.
  std::error_code error;
  if (!fs::exists(OpeningKeyPath(home, hash), error))
    return Malformed(OpeningKeyPath(home, hash), "is missing");
  MUSTER_ASSIGN_OR_RETURN(const v1::SealedKeys before, ReadKeys(home / "keys.sealed"));
  if (before.root_kind() != "shares") {
    MUSTER_RETURN_IF_ERROR(RemoveDurably(home / "keys.before"));
    if (::link((home / "keys.sealed").c_str(), (home / "keys.before").c_str()) != 0)
      return ErrnoError(errno, "cannot link", home / "keys.before");
  }
  if (::rename(next.c_str(), (home / "keys.sealed").c_str()) != 0)
    return ErrnoError(errno, "cannot rename", next);
  MUSTER_RETURN_IF_ERROR(SyncDirectory(home));
  return RemoveOldRoots(home, Proven::kNo);
}

absl::Status RemoveOldRoots(const fs::path& home, Proven proven) {
  MUSTER_ASSIGN_OR_RETURN(const std::optional<SealedRoot> root, ReadSealedRoot(home));
  if (!root.has_value()) return absl::OkStatus();
  if (proven == Proven::kYes) {
    MUSTER_RETURN_IF_ERROR(RemoveSecret(home / "root.key"));
    MUSTER_RETURN_IF_ERROR(RemoveDurably(home / "keys.before"));
  }
  MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::SignedStatement> prepared,
                          ReadPreparedSplit(home));
  std::vector<fs::path> old;
  std::error_code error;
  for (fs::directory_iterator it(home, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const bool ours = it->path() == OpeningKeyPath(home, root->hash) ||
                      (prepared.has_value() &&
                       it->path() == OpeningKeyPath(home, governance::StatementHash(*prepared)));
    if (name.starts_with(kOpeningPrefix) && !ours) old.push_back(it->path());
  }
  if (error) return ErrnoError(error.value(), "cannot list", home);
  for (const fs::path& path : old) MUSTER_RETURN_IF_ERROR(RemoveSecret(path));
  return absl::OkStatus();
}

}  // namespace muster::keyring
