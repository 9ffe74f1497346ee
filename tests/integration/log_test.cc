// SPDX-License-Identifier: Apache-2.0
//
// The log from outside, with real processes: read over HTTP by code that is not ours, witnessed,
// gossiped about, and set back by an operator who restores an old copy.
#include <catch2/catch.hpp>

#include "tests/integration/pool.h"
#include "tests/support/http_client.h"
#include "tests/support/naive_log_reader.h"

namespace muster::test {
namespace {

TEST_CASE("Strangers read the log over HTTP, members witness it, and a restored copy stops it",
          "[integration][log]") {
  TempDir home;
  Pool pool(home / "pool");
  pool.AddMember("parks");
  pool.AddMember("transit");
  REQUIRE(pool.Stop() == 0);
  // What an operator might restore later.
  const auto options = std::filesystem::copy_options::recursive;
  std::filesystem::copy(pool.home() / "log", home / "old", options);

  pool.Start({}, {"--http", "127.0.0.1:0", "--http-port-file", (home / "port").string()});
  const int port = std::stoi(Slurp(home / "port"));
  pool.AddMember("trees");
  const Json looked = pool.JsonAs("parks", {"log", "witness"});
  CHECK(looked["alarms"].empty());
  const Json bundle = pool.JsonAs("parks", {"log", "bundle", "--out", (home / "bundle").string()});

  HttpClient client(port);
  REQUIRE(client.connected());
  const naive::ReadLog log =
      naive::ReadWholeLog(bundle["log_vkey"].get<std::string>(),
                          [&](const std::string& path) -> std::optional<std::string> {
                            const HttpAnswer answer = client.Get("/" + path);
                            return answer.status == 200 ? std::optional(answer.body) : std::nullopt;
                          });
  CHECK(log.failure == "");
  CHECK(log.size == looked["size"].get<size_t>());
  CHECK(log.cosignatures >= 1);

  const std::string line = pool.JsonAs("parks", {"log", "gossip"})["line"].get<std::string>();
  CHECK(pool.JsonAs("transit", {"log", "gossip", line})["consistent"] == true);

  const auto follower =
      pool.StartAs("transit", {"log", "witness", "--follow", "--every", "1"}, "follower");
  REQUIRE(Eventually(
      [&] { return Slurp(pool.dir() / "follower.err").find("cosigned ") != std::string::npos; }));
  follower->Signal(SIGTERM);
  CHECK(follower->Wait() == 0);

  REQUIRE(pool.Stop() == 0);
  std::filesystem::rename(pool.home() / "log", home / "newest");
  std::filesystem::copy(home / "old", pool.home() / "log", options);
  // The vault saw more of the log than the copy has: musterd does not even start.
  Process restored({Bin("musterd"), "--home", pool.home().string()}, {}, home / "out",
                   home / "err");
  CHECK(restored.Wait() == 1);
  CHECK(Slurp(home / "err").find("LOG_REWOUND") != std::string::npos);
}

}  // namespace
}  // namespace muster::test
