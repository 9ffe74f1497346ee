// SPDX-License-Identifier: Apache-2.0
//
// HttpServer: plain HTTP/1.1 for what everybody may read. GET and HEAD without a body, nothing
// else; keep-alive.
//
// Rules: one thread serves all connections and waits for none of them. Everything is bounded: the
// bytes of a request's head, the time a connection may take or idle, the number of connections
// (the one that idles longest makes room), the requests of one connection. A second request is not
// read before the first one's answer is gone.
// Errors: UNAVAILABLE (SERVER_UNAVAILABLE) when the address cannot be had. To clients: 400, 404,
// 405, 408 by closing, 413, 431, 505.
// Threads: the handler runs on the server's thread and should answer within milliseconds.
#ifndef MUSTER_SERVER_FRONT_HTTP_SERVER_H_
#define MUSTER_SERVER_FRONT_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster::front {

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpOptions {
  std::string listen;  // HOST:PORT (home.h); port 0 picks one
  size_t connections_max = 256;
  size_t head_bytes_max = 8 << 10;
  int requests_max = 1000;                      // of one connection
  absl::Duration idle_max = absl::Seconds(15);  // between requests
  absl::Duration request_max =
      absl::Seconds(15);  // from a request's first byte to its answer's last
};

class HttpServer {
 public:
  // `path` is what follows the host, without a query.
  using Handler = std::function<HttpResponse(std::string_view path)>;

  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpOptions& options,
                                                           Handler handler);
  ~HttpServer();
  int port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_HTTP_SERVER_H_
