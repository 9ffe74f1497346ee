// SPDX-License-Identifier: Apache-2.0
//
// Server: the front desk's gRPC side. Takes calls over TLS, hands their bytes to the dispatcher on
// the worker pool, sends its answers back.
//
// Rule: methods are raw, so the token's hash is over the bytes as received; gRPC's own threads
// never block.
// Errors: SERVER_UNAVAILABLE when the address cannot be listened on.
// Threads: Start and Shutdown once each; in between it runs by itself.
#ifndef MUSTER_SERVER_FRONT_SERVER_H_
#define MUSTER_SERVER_FRONT_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/front/dispatch.h"
#include "server/front/worker_pool.h"

namespace muster::front {

struct ServerOptions {
  std::string listen;  // HOST:PORT; port 0 picks one
  std::string key_pem;
  std::string certificate_pem;
};

class Server {
 public:
  // `dispatcher` and `pool` outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       Dispatcher* dispatcher, WorkerPool* pool);
  ~Server();
  int port() const;
  // Takes no new calls, lets those that run finish, and breaks off what still runs after `time`.
  void Shutdown(absl::Duration time);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_SERVER_H_
