// SPDX-License-Identifier: Apache-2.0
#include "server/front/http_server.h"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "tests/support/http_client.h"
#include "tests/support/status.h"

namespace muster::front {
namespace {

using test::HttpClient;

std::unique_ptr<HttpServer> Echo(HttpOptions options = {}) {
  options.listen = "127.0.0.1:0";
  return testing::Must(HttpServer::Start(options, [](std::string_view path) {
    HttpResponse response;
    response.body = path == "/large" ? std::string(3'000'000, 'x') : std::string(path);
    return response;
  }));
}

TEST_CASE("HTTP: answers GET and HEAD on one connection, in order", "[http]") {
  const auto server = Echo();
  HttpClient client(server->port());
  CHECK(client.Get("/one").body == "/one");
  client.Send(
      "GET /two?x=1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /three HTTP/1.1\r\nhOST: a\r\n\r\nGET /four "
      "HTTP/1.0\r\n\r\n");
  CHECK(client.Receive().body == "/two");
  const test::HttpAnswer head = client.Receive(true);
  CHECK(head.status == 200);
  CHECK(HttpClient::Field(head.head, "Content-Length") == "6");
  CHECK(client.Receive().body == "/four");
  CHECK(client.Ended());
}

TEST_CASE("HTTP: a request that comes byte by byte is one request", "[http]") {
  const auto server = Echo();
  HttpClient client(server->port());
  for (const char c : std::string("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")) client.Send({c});
  CHECK(client.Receive().body == "/slow");
}

TEST_CASE("HTTP: a large answer arrives whole at a reader that takes its time", "[http]") {
  const auto server = Echo();
  HttpClient client(server->port());
  HttpClient other(server->port());
  client.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(other.Get("/meanwhile").body == "/meanwhile");
  CHECK(client.Receive().body == std::string(3'000'000, 'x'));
}

TEST_CASE("HTTP: what is no GET or HEAD of ours is refused and the connection ended",
          "[http][fault]") {
  const auto server = Echo();
  const std::vector<std::pair<std::string, int>> cases = {
      {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 413},
      {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / SMTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\r\nHost: a\r\n\r\n", 400},
      {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 31), 400},
      {"\r\n\r\n", 400},
      {"\x16\x03\x01\x02\r\n\r\n", 400},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
      {std::string(20'000, 'a'), 431},
  };
  for (const auto& [bytes, status] : cases) {
    CAPTURE(bytes.substr(0, 60));
    HttpClient client(server->port());
    client.Send(bytes);
    CHECK(client.Receive().status == status);
  }
  HttpClient well(server->port());
  CHECK(well.Get("/still").body == "/still");
}

TEST_CASE("HTTP: who says nothing, or never ends a request, is let go", "[http][fault]") {
  HttpOptions options;
  options.idle_max = absl::Milliseconds(200);
  options.request_max = absl::Milliseconds(200);
  const auto server = Echo(options);
  HttpClient silent(server->port());
  HttpClient halfway(server->port());
  halfway.Send("GET / HTT");
  CHECK(silent.Ended());
  CHECK(halfway.Ended());
}

TEST_CASE("HTTP: of too many connections the one that idled longest makes room", "[http][fault]") {
  HttpOptions options;
  options.connections_max = 4;
  const auto server = Echo(options);
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server->port()));
    REQUIRE(clients.back()->Get("/hello").body == "/hello");
  }
  CHECK(clients.front()->Ended());
  CHECK(clients.back()->Get("/again").body == "/again");
}

TEST_CASE("HTTP: a connection has its number of requests", "[http]") {
  HttpOptions options;
  options.requests_max = 3;
  const auto server = Echo(options);
  HttpClient client(server->port());
  for (int i = 0; i < 3; ++i) CHECK(client.Get("/").status == 200);
  CHECK(client.Ended());
}

TEST_CASE("HTTP: an address that is taken is refused", "[http][fault]") {
  const auto server = Echo();
  HttpOptions options;
  options.listen = "127.0.0.1:" + std::to_string(server->port());
  REQUIRE_REASON(HttpServer::Start(options, [](std::string_view) { return HttpResponse(); }),
                 v1::SERVER_UNAVAILABLE);
  options.listen = "nonsense";
  REQUIRE_REASON(HttpServer::Start(options, [](std::string_view) { return HttpResponse(); }),
                 v1::REQUEST_MALFORMED);
}

}  // namespace
}  // namespace muster::front
