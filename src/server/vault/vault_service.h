// SPDX-License-Identifier: Apache-2.0
//
// Vault service: pipeline::Custody on a unix socket, and how its process is kept to itself.
//
// Rules: no listener but the socket (0600 in a folder of 0700); no core dumps, no debugger, files
// for the owner alone; ends when its parent ends. Errors say what and which batch or entry, never
// what was in a record.
// Threads: gRPC's; an intake stream takes one for as long as it lives.
#ifndef MUSTER_SERVER_VAULT_VAULT_SERVICE_H_
#define MUSTER_SERVER_VAULT_VAULT_SERVICE_H_

#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/pipeline/custody.h"

namespace muster::vault {

// Larger than any envelope (seal/envelope.h: 4,096 records of at most 4,112 bytes), or the largest
// page of log entries.
inline constexpr int kMessageBytesMax = 18 << 20;

// Before anything else, in the first thread.
absl::Status SecureProcess();

class VaultServer {
 public:
  // `custody` outlives the server.
  static absl::StatusOr<std::unique_ptr<VaultServer>> Start(pipeline::Custody* custody,
                                                            const std::filesystem::path& socket);
  ~VaultServer();
  // Takes no more calls, lets those that run end, ends what is left after `wait`.
  void Shutdown(absl::Duration wait);

 private:
  struct State;
  explicit VaultServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace muster::vault

#endif  // MUSTER_SERVER_VAULT_VAULT_SERVICE_H_
