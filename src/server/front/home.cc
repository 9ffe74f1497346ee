// SPDX-License-Identifier: Apache-2.0
#include "server/front/home.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/password.h"
#include "core/governance/statement.h"
#include "core/tlog/entry.h"
#include "server/front/certificate.h"
#include "server/front/vault_process.h"

namespace muster::front {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr size_t kSmallFileMax = size_t{1} << 20;
// sun_path holds 108 bytes with its end.
constexpr size_t kSocketPathMax = 100;

absl::Status Malformed(const fs::path& path, std::string_view what) {
  return MakeError(v1::HOME_MALFORMED,
                   path.string() + " " + std::string(what) +
                       "; restore the home from a backup, or found one with `muster found`");
}

// The log's name in its checkpoints: one for each consortium, so that nobody takes one log for
// another.
std::string LogName(const Bytes16& consortium) { return "muster/" + HexEncode(consortium); }

absl::StatusOr<std::string> RunVaultInit(const fs::path& vault_home) {
  MUSTER_ASSIGN_OR_RETURN(const fs::path program, FindProgram("muster-vault"));
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return ErrnoError(errno, "cannot make a pipe to", program);
  const absl::StatusOr<pid_t> child =
      StartProgram({program.string(), "--init", "--home", vault_home.string()}, fds[1]);
  ::close(fds[1]);
  std::string out;
  char buffer[4096];
  while (child.ok()) {
    const ssize_t n = ::read(fds[0], buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || out.size() > kSmallFileMax) break;
    out.append(buffer, static_cast<size_t>(n));
  }
  ::close(fds[0]);
  MUSTER_RETURN_IF_ERROR(child.status());
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return MakeError(v1::INTERNAL_ERROR, "muster-vault --init failed; what it said stands above");
  }
  return out;
}

// A 32-byte key in hex under `name`.
absl::StatusOr<std::string> HexKey(const Json& json, const char* name, const fs::path& where) {
  if (!json.is_object() || !json.contains(name) || !json[name].is_string())
    return Malformed(where, "lacks a key");
  const std::optional<std::string> bytes = HexDecode(json[name].get<std::string>());
  if (!bytes.has_value() || bytes->size() != 32) return Malformed(where, "holds a malformed key");
  return *bytes;
}

absl::StatusOr<v1::VaultKeys> ReadVaultKeys(const Json& json, const fs::path& where) {
  v1::VaultKeys keys;
  MUSTER_ASSIGN_OR_RETURN(*keys.mutable_sign_key(), HexKey(json, "sign_key", where));
  MUSTER_ASSIGN_OR_RETURN(*keys.mutable_box_key(), HexKey(json, "box_key", where));
  MUSTER_ASSIGN_OR_RETURN(*keys.mutable_holding_key(), HexKey(json, "holding_key", where));
  return keys;
}

Json VaultKeysJson(const v1::VaultKeys& keys) {
  return {{"sign_key", HexEncode(AsBytes(keys.sign_key()))},
          {"box_key", HexEncode(AsBytes(keys.box_key()))},
          {"holding_key", HexEncode(AsBytes(keys.holding_key()))}};
}

absl::StatusOr<std::string> FillHome(const fs::path& path, const FoundOptions& options,
                                     const HostPort& listen) {
  const Bytes16 consortium = crypto::RandomArray<16>();
  MUSTER_ASSIGN_OR_RETURN(const Certificate certificate, MakeCertificate(listen.host));
  MUSTER_RETURN_IF_ERROR(
      WriteNewFileDurably(path / "server.key", AsText(certificate.key_pem.ExposeSecret())));
  MUSTER_RETURN_IF_ERROR(
      WriteNewFileDurably(path / "server.crt", certificate.certificate_pem, 0644));

  const crypto::SigningKey log_key = crypto::SigningKey::Generate();
  MUSTER_RETURN_IF_ERROR(
      WriteNewFileDurably(path / "log.key", AsText(crypto::PaserkSecret(log_key).ExposeSecret())));
  const tlog::NoteKey note_key{LogName(consortium), tlog::kAlgorithmEd25519, log_key.verify_key()};

  const fs::path vault_home = path / "vault";
  MUSTER_ASSIGN_OR_RETURN(const std::string printed, RunVaultInit(vault_home));
  const Json vault = Json::parse(printed, nullptr, false);
  MUSTER_ASSIGN_OR_RETURN(const v1::VaultKeys vault_keys, ReadVaultKeys(vault, vault_home));
  MUSTER_RETURN_IF_ERROR(WriteFileDurably(vault_home / "log.vkey", note_key.Format() + "\n"));

  const Json config = {{"version", 1},         {"consortium", HexEncode(consortium)},
                       {"name", options.name}, {"listen", options.listen},
                       {"http", options.http}, {"vault", VaultKeysJson(vault_keys)}};
  MUSTER_RETURN_IF_ERROR(WriteNewFileDurably(path / "config.json", config.dump(2) + "\n"));
  return Json{{"consortium", HexEncode(consortium)},
              {"log_vkey", note_key.Format()},
              {"certificate_sha256", HexEncode(certificate.sha256)},
              {"certificate_pem", certificate.certificate_pem},
              {"vault", VaultKeysJson(vault_keys)},
              {"listen", options.listen}}
      .dump();
}

}  // namespace

absl::StatusOr<HostPort> ParseHostPort(std::string_view text) {
  const auto malformed = [] {
    return MakeError(v1::REQUEST_MALFORMED,
                     "an address to listen on is HOST:PORT, e.g. 0.0.0.0:7443 or [::1]:7443");
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed();
  HostPort out;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return malformed();
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || end != port.data() + port.size() || out.port < 0 || out.port > 65535)
    return malformed();
  for (const char c : host) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':';
    if (!allowed) return malformed();
  }
  out.host = std::string(host);
  return out;
}

absl::StatusOr<std::string> InitHome(const FoundOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(const HostPort listen, ParseHostPort(options.listen));
  if (!options.http.empty()) MUSTER_RETURN_IF_ERROR(ParseHostPort(options.http).status());
  if (options.name.empty() || options.name.size() > 200) {
    return MakeError(v1::FIELD_REQUIRED,
                     "--name must be 1 to 200 bytes: what the consortium is called");
  }
  fs::path home = fs::absolute(options.home).lexically_normal();
  if (!home.has_filename()) home = home.parent_path();
  std::error_code error;
  if (fs::exists(home, error) && (!fs::is_directory(home, error) || !fs::is_empty(home, error))) {
    return MakeError(v1::HOME_EXISTS,
                     home.string() + " exists and is not empty; name a new folder with --home");
  }
  MUSTER_RETURN_IF_ERROR(MakeDirectories(home.parent_path()));
  // Filled under another name, so that a founding that breaks off leaves no half home.
  const fs::path filling = home.string() + ".new." + std::to_string(::getpid());
  MUSTER_RETURN_IF_ERROR(MakeDirectories(filling));
  absl::StatusOr<std::string> founded = FillHome(filling, options, listen);
  if (founded.ok() && ::rename(filling.c_str(), home.c_str()) != 0) {
    const int error_number = errno;
    founded =
        error_number == ENOTEMPTY || error_number == EEXIST
            ? MakeError(v1::HOME_EXISTS,
                        home.string() + " exists and is not empty; name a new folder with --home")
            : ErrnoError(error_number, "cannot rename to", home);
  }
  if (!founded.ok()) {
    fs::remove_all(filling, error);
    return founded;
  }
  MUSTER_RETURN_IF_ERROR(SyncDirectory(home.parent_path()));
  return founded;
}

absl::StatusOr<std::unique_ptr<Home>> Home::Open(const fs::path& given) {
  std::unique_ptr<Home> home(new Home());
  home->path_ = fs::absolute(given).lexically_normal();
  if (!home->path_.has_filename()) home->path_ = home->path_.parent_path();
  const fs::path config_path = home->path_ / "config.json";
  absl::StatusOr<std::string> text = ReadFile(config_path, kSmallFileMax);
  if (ReasonOf(text.status()) == v1::FILE_NOT_FOUND) {
    return MakeError(v1::HOME_MALFORMED,
                     home->path_.string() +
                         " is no home of musterd; found one with `muster found --home " +
                         home->path_.string() + " --name NAME`");
  }
  MUSTER_RETURN_IF_ERROR(text.status());
  home->lock_fd_ = ::open((home->path_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (home->lock_fd_ < 0) return ErrnoError(errno, "cannot open", home->path_ / "lock");
  if (::flock(home->lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    return MakeError(v1::RESTART_REFUSED,
                     "another musterd runs on " + home->path_.string() + "; stop it first");
  }

  const Json config = Json::parse(*text, nullptr, false);
  if (!config.is_object() || config.value("version", 0) != 1)
    return Malformed(config_path, "cannot be read");
  for (const char* field : {"consortium", "name", "listen"}) {
    if (!config.contains(field) || !config[field].is_string())
      return Malformed(config_path, "lacks " + std::string(field));
  }
  const std::optional<std::string> consortium = HexDecode(config["consortium"].get<std::string>());
  if (!consortium.has_value() || consortium->size() != 16)
    return Malformed(config_path, "names no consortium");
  home->consortium_ = *ToArray<16>(*consortium);
  home->name_ = config["name"].get<std::string>();
  home->listen_ = config["listen"].get<std::string>();
  if (config.contains("http")) {
    if (!config["http"].is_string()) return Malformed(config_path, "has an http that is no text");
    home->http_ = config["http"].get<std::string>();
  }
  MUSTER_ASSIGN_OR_RETURN(home->vault_keys_,
                          ReadVaultKeys(config.value("vault", Json()), config_path));

  MUSTER_ASSIGN_OR_RETURN(
      crypto::WipedString log_key_text, [&]() -> absl::StatusOr<crypto::WipedString> {
        MUSTER_ASSIGN_OR_RETURN(std::string bytes, ReadFile(home->path_ / "log.key", 4096));
        return crypto::WipedString(std::move(bytes));
      }());
  std::string_view paserk = log_key_text.str();
  while (paserk.ends_with('\n')) paserk.remove_suffix(1);
  MUSTER_ASSIGN_OR_RETURN(crypto::SigningKey log_key, crypto::ParsePaserkSecret(paserk));
  home->log_key_ = std::make_unique<crypto::SigningKey>(std::move(log_key));
  home->note_key_ = {LogName(home->consortium_), tlog::kAlgorithmEd25519,
                     home->log_key_->verify_key()};

  MUSTER_ASSIGN_OR_RETURN(home->certificate_pem_,
                          ReadFile(home->path_ / "server.crt", kSmallFileMax));
  MUSTER_ASSIGN_OR_RETURN(home->certificate_sha256_, CertificateSha256(home->certificate_pem_));
  return home;
}

Home::~Home() {
  std::error_code error;
  if (socket_folder_is_temporary_) fs::remove_all(socket_folder_, error);
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

absl::StatusOr<std::string> Home::ReadServerKey() const {
  return ReadFile(path_ / "server.key", kSmallFileMax);
}

absl::StatusOr<v1::SignedStatement> Home::ReadFounding() const {
  const fs::path path = path_ / "founding.statement";
  absl::StatusOr<std::string> bytes = ReadFile(path, tlog::kEntryBodyBytesMax);
  if (ReasonOf(bytes.status()) == v1::FILE_NOT_FOUND) {
    return MakeError(v1::HOME_MALFORMED,
                     "there is no signed charter in " + path_.string() +
                         "; `muster found` writes it, found the consortium anew in another folder");
  }
  MUSTER_RETURN_IF_ERROR(bytes.status());
  absl::StatusOr<governance::VerifiedStatement> verified = governance::VerifyStatementBytes(*bytes);
  if (!verified.ok())
    return Malformed(path, "does not hold (" + std::string(verified.status().message()) + ")");
  if (!verified->statement.has_charter()) return Malformed(path, "is no charter");
  const v1::CharterStatement& charter = verified->statement.charter();
  const bool ours = verified->statement.consortium() == AsText(consortium_) &&
                    charter.name() == name_ && charter.log_vkey() == note_key_.Format() &&
                    charter.certificate_sha256() == AsText(certificate_sha256_) &&
                    charter.vault().SerializeAsString() == vault_keys_.SerializeAsString();
  if (!ours) return Malformed(path, "is the charter of another home");
  v1::SignedStatement statement;
  statement.ParseFromString(*bytes);
  return statement;
}

absl::StatusOr<fs::path> Home::MakeSocketFolder() {
  socket_folder_ = path_ / "run";
  if ((socket_folder_ / "vault.sock").string().size() <= kSocketPathMax) {
    MUSTER_RETURN_IF_ERROR(MakeDirectories(socket_folder_));
    return socket_folder_;
  }
  std::string pattern = (fs::temp_directory_path() / "muster-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    return ErrnoError(errno, "cannot make a folder", pattern);
  socket_folder_ = pattern;
  socket_folder_is_temporary_ = true;
  return socket_folder_;
}

}  // namespace muster::front
