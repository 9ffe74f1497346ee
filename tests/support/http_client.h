// SPDX-License-Identifier: Apache-2.0
//
// An HTTP client of a few lines, on loopback: sends the bytes that a test says and reads one answer
// or all there is.
#ifndef MUSTER_TESTS_SUPPORT_HTTP_CLIENT_H_
#define MUSTER_TESTS_SUPPORT_HTTP_CLIENT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace muster::test {

struct HttpAnswer {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;
};

class HttpClient {
 public:
  explicit HttpClient(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~HttpClient() { ::close(fd_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  bool connected() const { return connected_; }

  void Send(const std::string& bytes) {
    (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  // The next answer; waits up to 30 seconds. `head_only`: no body follows.
  HttpAnswer Receive(bool head_only = false) {
    HttpAnswer answer;
    while (rest_.find("\r\n\r\n") == std::string::npos) {
      if (!More()) return answer;
    }
    const size_t end = rest_.find("\r\n\r\n");
    answer.head = rest_.substr(0, end + 2);
    rest_.erase(0, end + 4);
    const std::string length = Field(answer.head, "Content-Length");
    const size_t size = head_only || length.empty() ? 0 : std::stoul(length);
    while (rest_.size() < size) {
      if (!More()) return answer;
    }
    answer.body = rest_.substr(0, size);
    rest_.erase(0, size);
    answer.status = std::stoi(answer.head.substr(9, 3));
    return answer;
  }
  HttpAnswer Get(const std::string& path) {
    Send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return Receive();
  }
  // Whether the server has ended the connection.
  bool Ended() { return rest_.empty() && !More(); }

  static std::string Field(const std::string& head, const std::string& name) {
    const size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }

 private:
  bool More() {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, 30'000) <= 0) return false;
    char buffer[4096];
    const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), 0);
    if (got <= 0) return false;
    rest_.append(buffer, static_cast<size_t>(got));
    return true;
  }
  const int fd_;
  bool connected_ = false;
  std::string rest_;
};

}  // namespace muster::test

#endif  // MUSTER_TESTS_SUPPORT_HTTP_CLIENT_H_
