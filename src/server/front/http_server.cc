// SPDX-License-Identifier: Apache-2.0
#include "server/front/http_server.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <thread>

#include "core/base/error.h"
#include "core/base/status.h"
#include "server/front/home.h"

namespace muster::front {
namespace {

constexpr absl::Duration kDrainMax = absl::Seconds(1);

std::string_view StatusText(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

HttpResponse Plain(int status) {
  HttpResponse response;
  response.status = status;
  response.body = std::string(StatusText(status)) + "\n";
  return response;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

struct Request {
  bool head_only = false;
  bool keep_alive = true;
  std::string path;
  int refused = 0;  // an HTTP status
};

// Of a whole head, its empty line taken off.
Request ParseHead(std::string_view head) {
  Request request;
  const auto refuse = [&request](int status) {
    request.refused = status;
    request.keep_alive = false;
    return request;
  };
  const auto take_line = [&head]() {
    const size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    return line;
  };
  for (const char c : head) {
    if (c == '\0') return refuse(400);
  }
  const std::string_view line = take_line();
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return refuse(400);
  const std::string_view method = line.substr(0, first);
  const std::string_view version = line.substr(last + 1);
  std::string_view target = line.substr(first + 1, last - first - 1);
  if (version == "HTTP/1.0") {
    request.keep_alive = false;
  } else if (version != "HTTP/1.1") {
    return refuse(version.starts_with("HTTP/") ? 505 : 400);
  }
  if (!target.starts_with('/') || target.find(' ') != std::string_view::npos) return refuse(400);
  request.path = std::string(target.substr(0, target.find('?')));
  bool host = false;
  while (!head.empty()) {
    const std::string_view field = take_line();
    const size_t colon = field.find(':');
    if (colon == std::string_view::npos || colon == 0) return refuse(400);
    const std::string name = Lower(field.substr(0, colon));
    if (name.find_first_of(" \t") != std::string::npos) return refuse(400);
    std::string_view value = field.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    if (name == "host") host = true;
    // No request that we serve has a body, so none is ever skipped or mistaken for the next one.
    if (name == "transfer-encoding" || (name == "content-length" && value != "0"))
      return refuse(413);
    if (name == "connection" && Lower(value) == "close") request.keep_alive = false;
  }
  if (version == "HTTP/1.1" && !host) return refuse(400);
  if (method == "HEAD") {
    request.head_only = true;
  } else if (method != "GET") {
    return refuse(405);
  }
  return request;
}

std::string Format(const HttpResponse& response, const Request& request) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " +
                    std::string(StatusText(response.status)) + "\r\n";
  const auto put = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  put("Content-Type", response.content_type);
  put("Content-Length", std::to_string(response.body.size()));
  put("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) put(name, value);
  if (response.status == 405) put("Allow", "GET, HEAD");
  if (!request.keep_alive) put("Connection", "close");
  out += "\r\n";
  if (!request.head_only) out += response.body;
  return out;
}

struct Connection {
  int fd = -1;
  std::string in;
  std::string out;
  size_t sent = 0;
  int requests = 0;
  bool pending = false;   // another request may stand whole in `in`
  bool closing = false;   // once `out` is sent
  bool draining = false;  // it is: what still comes is thrown away, so that the answer is not
  absl::Time deadline;
};

}  // namespace

struct HttpServer::State {
  HttpOptions options;
  Handler handler;
  int listen_fd = -1;
  int stop_fd = -1;
  int port = 0;
  std::list<Connection> connections;  // the thread's own
  std::thread thread;

  ~State() {
    for (const Connection& connection : connections) ::close(connection.fd);
    if (listen_fd >= 0) ::close(listen_fd);
    if (stop_fd >= 0) ::close(stop_fd);
  }

  absl::Status Listen() {
    MUSTER_ASSIGN_OR_RETURN(const HostPort address, ParseHostPort(options.listen));
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const std::string port_text = std::to_string(address.port);
    if (::getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(), port_text.c_str(),
                      &hints, &found) != 0) {
      return Unavailable();
    }
    for (const addrinfo* at = found; at != nullptr && listen_fd < 0; at = at->ai_next) {
      const int fd = ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (fd < 0) continue;
      const int on = 1;
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
      if (::bind(fd, at->ai_addr, at->ai_addrlen) == 0 && ::listen(fd, 128) == 0) {
        listen_fd = fd;
      } else {
        ::close(fd);
      }
    }
    ::freeaddrinfo(found);
    if (listen_fd < 0) return Unavailable();
    sockaddr_storage bound{};
    socklen_t length = sizeof(bound);
    if (::getsockname(listen_fd, reinterpret_cast<sockaddr*>(&bound), &length) != 0)
      return Unavailable();
    port =
        ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                                          : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
    stop_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return stop_fd < 0 ? Unavailable() : absl::OkStatus();
  }

  absl::Status Unavailable() const {
    return MakeError(
        v1::SERVER_UNAVAILABLE,
        "cannot listen on " + options.listen +
            "; see whether something else does, or choose another address with --http");
  }

  void Run() {
    while (true) {
      std::vector<pollfd> fds = {{stop_fd, POLLIN, 0}, {listen_fd, POLLIN, 0}};
      absl::Time next = absl::InfiniteFuture();
      for (const Connection& connection : connections) {
        const bool writes = connection.sent < connection.out.size();
        fds.push_back({connection.fd, static_cast<short>(writes ? POLLOUT : POLLIN), 0});
        next = std::min(next, connection.pending ? absl::InfinitePast() : connection.deadline);
      }
      const absl::Duration wait = next - absl::Now();
      const int milliseconds =
          next == absl::InfiniteFuture() ? -1
          : next == absl::InfinitePast()
              ? 0
              : static_cast<int>(std::max<int64_t>(0, absl::ToInt64Milliseconds(wait) + 1));
      if (::poll(fds.data(), fds.size(), milliseconds) < 0 && errno != EINTR) return;
      if (fds[0].revents != 0) return;
      const absl::Time now = absl::Now();
      size_t i = 2;
      for (auto it = connections.begin(); it != connections.end(); ++i) {
        const bool turn = fds[i].revents != 0 || it->pending;
        const bool alive = (!turn || Serve(*it, now)) && it->deadline > now;
        if (alive) {
          ++it;
        } else {
          ::close(it->fd);
          it = connections.erase(it);
        }
      }
      if (fds[1].revents != 0) Accept(now);
    }
  }

  void Accept(absl::Time now) {
    while (true) {
      const int fd = ::accept4(listen_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0) {
        // Out of descriptors: what was accepted before goes on, and a pause keeps from spinning.
        if (errno == EMFILE || errno == ENFILE) absl::SleepFor(absl::Milliseconds(10));
        return;
      }
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      if (connections.size() >= options.connections_max) {
        const auto oldest = std::min_element(
            connections.begin(), connections.end(),
            [](const Connection& a, const Connection& b) { return a.deadline < b.deadline; });
        ::close(oldest->fd);
        connections.erase(oldest);
      }
      Connection connection;
      connection.fd = fd;
      connection.deadline = now + options.idle_max;
      connections.push_back(std::move(connection));
    }
  }

  // False when it is over.
  bool Serve(Connection& connection, absl::Time now) {
    if (connection.draining) {
      char buffer[4096];
      const ssize_t got = ::recv(connection.fd, buffer, sizeof(buffer), 0);
      return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    }
    if (connection.sent == connection.out.size() && !connection.pending) {
      char buffer[4096];
      const ssize_t got = ::recv(connection.fd, buffer, sizeof(buffer), 0);
      if (got == 0) return false;
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      if (connection.in.empty()) connection.deadline = now + options.request_max;
      connection.in.append(buffer, static_cast<size_t>(got));
    }
    connection.pending = false;
    // One answer a turn: an entry bundle takes a while to make, and others wait.
    for (int answers = 0;; ++answers) {
      if (!Send(connection)) return false;
      if (connection.sent < connection.out.size()) return true;
      if (connection.closing) {
        // Closing with bytes unread would reset the connection, and the answer with it.
        ::shutdown(connection.fd, SHUT_WR);
        connection.draining = true;
        connection.deadline = now + kDrainMax;
        return true;
      }
      if (answers > 0) {
        connection.pending = !connection.in.empty();
        return true;
      }
      if (!Answer(connection)) return true;
      connection.deadline = now + (connection.in.empty() ? options.idle_max : options.request_max);
    }
  }

  // False when no whole request is there yet.
  bool Answer(Connection& connection) {
    connection.out.clear();
    connection.sent = 0;
    const size_t end = connection.in.find("\r\n\r\n");
    if (end == std::string::npos && connection.in.size() <= options.head_bytes_max) return false;
    Request request;
    if (end == std::string::npos || end > options.head_bytes_max) {
      request.refused = 431;
      request.keep_alive = false;
    } else {
      request = ParseHead(std::string_view(connection.in).substr(0, end));
      connection.in.erase(0, end + 4);
    }
    if (++connection.requests >= options.requests_max) request.keep_alive = false;
    connection.closing = !request.keep_alive;
    connection.out =
        Format(request.refused != 0 ? Plain(request.refused) : handler(request.path), request);
    return true;
  }

  static bool Send(Connection& connection) {
    while (connection.sent < connection.out.size()) {
      const ssize_t put = ::send(connection.fd, connection.out.data() + connection.sent,
                                 connection.out.size() - connection.sent, MSG_NOSIGNAL);
      if (put < 0) return errno == EAGAIN || errno == EINTR;
      connection.sent += static_cast<size_t>(put);
    }
    return true;
  }
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpOptions& options,
                                                              Handler handler) {
  auto state = std::make_unique<State>();
  state->options = options;
  state->handler = std::move(handler);
  MUSTER_RETURN_IF_ERROR(state->Listen());
  State* const raw = state.get();
  state->thread = std::thread([raw] { raw->Run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
  const uint64_t one = 1;
  if (::write(state_->stop_fd, &one, sizeof(one)) != sizeof(one))
    ::shutdown(state_->listen_fd, SHUT_RDWR);
  state_->thread.join();
}

int HttpServer::port() const { return state_->port; }

}  // namespace muster::front
