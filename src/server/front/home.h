// SPDX-License-Identifier: Apache-2.0
//
// Home: the folder that holds one consortium's front desk. Made whole at founding, or not at all.
//
//   config.json   names, addresses, the vault's public keys      server.key server.crt   TLS
//   log.key       the log's signing key (PASERK secret)          founding.statement      the signed
//   charter, put here by `muster found` log/ front/   databases uploads/<id>/           sealed
//   batches vault/        muster-vault's own home                        lock  run/ while it runs
//   registry.snapshot     what follows from the log (journal.h)
// Rule: one musterd a home (a lock that goes with the process). Secrets are 0600, the folder 0700.
// Errors: HOME_EXISTS, HOME_MALFORMED, RESTART_REFUSED (locked), and those of files.
// Threads: not safe; used by main before anything runs.
#ifndef MUSTER_SERVER_FRONT_HOME_H_
#define MUSTER_SERVER_FRONT_HOME_H_

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/crypto/signature.h"
#include "core/tlog/note.h"
#include "muster/v1/statement.pb.h"

namespace muster::front {

struct FoundOptions {
  std::filesystem::path home;
  std::string name;
  std::string listen = "127.0.0.1:7443";
  std::string http;
};

// Makes the home and, with muster-vault, the vault's. Returns one JSON object for `muster found`:
// {"consortium","log_vkey",
// "certificate_sha256","certificate_pem","vault":{"sign_key","box_key","holding_key"},"listen"},
// bytes in hex.
absl::StatusOr<std::string> InitHome(const FoundOptions& options);

class Home {
 public:
  // Reads and locks.
  static absl::StatusOr<std::unique_ptr<Home>> Open(const std::filesystem::path& path);
  ~Home();
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const Bytes16& consortium() const { return consortium_; }
  const std::string& name() const { return name_; }
  const std::string& listen() const { return listen_; }
  // Where plain HTTP is served; empty: nowhere.
  const std::string& http() const { return http_; }
  const crypto::SigningKey& log_key() const { return *log_key_; }
  // The log's name and verifier key.
  const tlog::NoteKey& note_key() const { return note_key_; }
  const std::string& certificate_pem() const { return certificate_pem_; }
  // The TLS key; gRPC takes it as a string.
  absl::StatusOr<std::string> ReadServerKey() const;

  // The charter that `muster found` has left, checked against this home: names, keys, certificate
  // are this server's.
  absl::StatusOr<v1::SignedStatement> ReadFounding() const;

  // Where the vault child listens: a folder of its own, 0700, short enough for a socket's address.
  absl::StatusOr<std::filesystem::path> MakeSocketFolder();

 private:
  Home() = default;
  std::filesystem::path path_;
  std::filesystem::path socket_folder_;
  bool socket_folder_is_temporary_ = false;
  int lock_fd_ = -1;
  Bytes16 consortium_{};
  std::string name_;
  std::string listen_;
  std::string http_;
  v1::VaultKeys vault_keys_;
  std::unique_ptr<crypto::SigningKey> log_key_;
  tlog::NoteKey note_key_;
  std::string certificate_pem_;
  Bytes32 certificate_sha256_{};
};

// "host:port", "[::1]:port", ":port" for all addresses.
struct HostPort {
  std::string host;
  int port = 0;
};
absl::StatusOr<HostPort> ParseHostPort(std::string_view text);

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_HOME_H_
