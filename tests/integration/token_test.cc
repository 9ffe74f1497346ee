// SPDX-License-Identifier: Apache-2.0
//
// Call tokens over the wire: real processes on loopback, some of them with a clock that is off, and
// a client that sends what a thief of tokens would.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <sstream>

#include "cli/client.h"
#include "cli/key_file.h"
#include "cli/profile.h"
#include "core/base/error.h"
#include "core/governance/paseto.h"
#include "muster/v1/member_service.pb.h"
#include "server/rpc/status.h"
#include "tests/integration/pool.h"
#include "tests/support/status.h"

namespace muster::test {
namespace {

using testing::Must;

constexpr char kStatus[] = "/muster.v1.MemberService/GetStatus";

// For a process whose clock is to be `seconds` ahead of everybody's.
Environment ClockAhead(int seconds) {
  std::filesystem::path library;
  for (const auto& folder : std::filesystem::directory_iterator("/usr/lib")) {
    const std::filesystem::path there = folder.path() / "faketime" / "libfaketime.so.1";
    if (std::filesystem::exists(there)) library = there;
  }
  INFO("libfaketime is needed: scripts/setup installs it");
  REQUIRE_FALSE(library.empty());
  // A sanitizer that these programs were built with must come first.
  std::string preload = library.string();
  std::istringstream maps(Slurp("/proc/self/maps"));
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/libasan.so") == std::string::npos &&
        line.find("/libtsan.so") == std::string::npos)
      continue;
    preload = line.substr(line.find('/')) + ":" + preload;
    break;
  }
  return {{"LD_PRELOAD", preload},
          {"FAKETIME", (seconds < 0 ? "" : "+") + std::to_string(seconds)},
          {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
}

// Says whose clock says what.
void CheckSaysBothClocks(const Json& error, const std::string& reason) {
  INFO(error.dump(2));
  CHECK(error["reason"] == reason);
  CHECK(error["exit_code"] == 5);
  const std::string message = error["message"];
  CHECK(message.find("by the caller's clock") != std::string::npos);
  CHECK(message.find("the server's says") != std::string::npos);
  CHECK(message.find("set the clock") != std::string::npos);
}

// A person's keys and a channel to the server, with no rules of its own.
class Wire {
 public:
  Wire(const Pool& pool, const std::string& name)
      : profile_(Must(cli::ProfileStore(pool.dir() / "profiles").Load(name))),
        passphrase_(nullptr, {}),
        key_(Must(cli::ReadSigningKey(profile_.folder / "sign.key", passphrase_))) {}

  std::string Token(absl::Time now) const {
    return governance::MakeCallToken(key_, profile_.person, profile_.consortium, kStatus, "", now);
  }
  // On a connection of its own, as after a restart.
  absl::Status Send(const std::string& token) const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = profile_.certificate_pem;
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("muster");
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    grpc::GenericStub stub(
        grpc::CreateCustomChannel(profile_.server, grpc::SslCredentials(tls), arguments));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    context.set_wait_for_ready(true);
    context.AddMetadata("authorization", "Bearer " + token);
    const grpc::ByteBuffer request(nullptr, 0);
    grpc::ByteBuffer response;
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<grpc::Status> said;
    stub.UnaryCall(&context, kStatus, grpc::StubOptions(), &request, &response,
                   [&](grpc::Status status) {
                     const std::lock_guard lock(mutex);
                     said = std::move(status);
                     changed.notify_one();
                   });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return said.has_value(); });
    return rpc::FromGrpcStatus(*said);
  }

 private:
  const cli::Profile profile_;
  cli::Passphrase passphrase_;
  const crypto::SigningKey key_;
};

}  // namespace

TEST_CASE(
    "A command on a machine whose clock is an hour off is told both clocks, and loses nothing",
    "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  Spit(pool.dir() / "list.csv", "email\nruby@example.org\nsam@example.org\n");
  const std::vector<std::string> upload = {"upload", (pool.dir() / "list.csv").string(), "--list",
                                           "l"};
  CheckSaysBothClocks(pool.ErrorAs("parks", {"status"}, ClockAhead(3600)), "TOKEN_NOT_YET_VALID");
  CheckSaysBothClocks(pool.ErrorAs("parks", {"status"}, ClockAhead(-3600)), "TOKEN_EXPIRED");
  CheckSaysBothClocks(pool.ErrorAs("parks", upload, ClockAhead(3600)), "TOKEN_NOT_YET_VALID");
  CheckSaysBothClocks(pool.ErrorAs("parks", upload, ClockAhead(-3600)), "TOKEN_EXPIRED");
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == 0);
  // Half a minute is nothing to speak of.
  CHECK(pool.JsonAs("parks", {"status"}, ClockAhead(30))["mine"]["contacts"] == 0);
  CHECK(pool.JsonAs("parks", upload)["contacts"] == 2);
  CHECK(pool.JsonAs("parks", {"lists"})["lists"][0]["uploads"] == 1);
}

TEST_CASE("A server whose clock is an hour off tells every caller both clocks",
          "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  REQUIRE(pool.Stop() == 0);
  // Behind, not ahead: gRPC's timers are deaf to libfaketime, and would wait for the hour.
  pool.Start(ClockAhead(-3600));
  CheckSaysBothClocks(pool.ErrorAs("parks", {"status"}), "TOKEN_NOT_YET_VALID");
  CHECK(pool.JsonAs("parks", {"status"}, ClockAhead(-3600))["mine"]["contacts"] == 0);
  REQUIRE(pool.Stop() == 0);
  pool.Start();
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == 0);
}

TEST_CASE("Over the wire a token is heard once, while it is fresh, and by no later server",
          "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  pool.AddMember("transit");
  const Wire parks(pool, "parks");
  const Wire transit(pool, "transit");
  // Tokens older than the server's start are refused as such, whatever else they are.
  const absl::Time now = absl::Now();

  REQUIRE_REASON(parks.Send(parks.Token(now - absl::Hours(1))), v1::TOKEN_EXPIRED);
  REQUIRE_REASON(parks.Send(parks.Token(now + absl::Hours(1))), v1::TOKEN_NOT_YET_VALID);
  REQUIRE_REASON(parks.Send(parks.Token(now).substr(0, 40)), v1::TOKEN_MALFORMED);
  REQUIRE_REASON(parks.Send(""), v1::TOKEN_MALFORMED);

  const std::string token = parks.Token(absl::Now());
  REQUIRE_OK(parks.Send(token));
  REQUIRE_REASON(parks.Send(token), v1::TOKEN_REPLAYED);
  // Of a clock that is fast by less than what is forgiven: good until well after the restart.
  const std::string ahead = parks.Token(absl::Now() + absl::Seconds(50));
  REQUIRE_OK(parks.Send(ahead));
  REQUIRE_REASON(parks.Send(ahead), v1::TOKEN_REPLAYED);
  // A power cut right after the answer.
  pool.Kill();
  pool.Start();
  REQUIRE_REASON(parks.Send(token), v1::TOKEN_BEFORE_START);
  REQUIRE_REASON(parks.Send(ahead), v1::TOKEN_BEFORE_START);
  // Nobody else waits for that, and the fast clock goes on.
  REQUIRE_OK(transit.Send(transit.Token(absl::Now())));
  REQUIRE_OK(parks.Send(parks.Token(absl::Now() + absl::Seconds(55))));
}

}  // namespace muster::test
