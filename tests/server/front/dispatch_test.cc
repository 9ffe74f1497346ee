// SPDX-License-Identifier: Apache-2.0
#include "server/front/dispatch.h"

#include <catch2/catch.hpp>

#include "core/crypto/password.h"
#include "muster/v1/log_service.pb.h"
#include "tests/server/front/front_desk.h"

namespace muster::front {
namespace {

using test::FrontDesk;
using test::TestPerson;

constexpr char kStatus[] = "MemberService/GetStatus";

std::string Body() {
  v1::GetStatusRequest request;
  request.set_known_size(1);
  return request.SerializeAsString();
}

TEST_CASE("Dispatch: a call with its own fresh token is answered, and the token is then used up",
          "[dispatch]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const std::string token = desk.Token(ada, kStatus, Body());
  REQUIRE_OK(desk.Raw(kStatus, token, Body()));
  REQUIRE_REASON(desk.Raw(kStatus, token, Body()), v1::TOKEN_REPLAYED);
  REQUIRE_OK(desk.Raw(kStatus, desk.Token(ada, kStatus, Body()), Body()));
}

TEST_CASE("Dispatch: a token is good for its method and its bytes only", "[dispatch]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  REQUIRE_REASON(desk.Raw("MemberService/ListMembers", desk.Token(ada, kStatus, ""), ""),
                 v1::TOKEN_SIGNATURE_INVALID);
  REQUIRE_REASON(desk.Raw(kStatus, desk.Token(ada, kStatus, Body()), ""),
                 v1::TOKEN_SIGNATURE_INVALID);
  v1::GetStatusRequest other;
  other.set_known_size(2);
  REQUIRE_REASON(desk.Raw(kStatus, desk.Token(ada, kStatus, Body()), other.SerializeAsString()),
                 v1::TOKEN_SIGNATURE_INVALID);
  // A refused token was not used up: it is still good for what it names.
  const std::string token = desk.Token(ada, kStatus, Body());
  CHECK_FALSE(desk.Raw(kStatus, token, "").ok());
  REQUIRE_OK(desk.Raw(kStatus, token, Body()));
}

TEST_CASE(
    "Dispatch: an expired token, one from the future and one from before the start say both clocks",
    "[dispatch]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const auto at = [&](absl::Duration off) {
    return "Bearer " + governance::MakeCallToken(ada.sign, ada.id, desk.pool.id,
                                                 "/muster.v1.MemberService/GetStatus", Body(),
                                                 desk.clock.Now() + off);
  };
  REQUIRE_REASON(desk.Raw(kStatus, at(absl::Hours(1)), Body()), v1::TOKEN_NOT_YET_VALID);
  REQUIRE_REASON(desk.Raw(kStatus, at(-absl::Hours(1)), Body()), v1::TOKEN_EXPIRED);
  REQUIRE_REASON(desk.Raw(kStatus, at(-absl::Seconds(30)), Body()), v1::TOKEN_BEFORE_START);
  REQUIRE_OK(desk.Raw(kStatus, at(absl::Seconds(30)), Body()));
  for (const absl::Duration off : {absl::Hours(1), -absl::Hours(1)}) {
    const std::string message(desk.Raw(kStatus, at(off), Body()).status().message());
    INFO(message);
    CHECK(message.find(FormatRfc3339(desk.clock.Now())) != std::string::npos);
    CHECK(message.find("clock") != std::string::npos);
  }
  // A token that was good, seen again after a restart that has forgotten it.
  const std::string token = desk.Token(ada, kStatus, Body());
  REQUIRE_OK(desk.Raw(kStatus, token, Body()));
  desk.Restart();
  REQUIRE_REASON(desk.Raw(kStatus, token, Body()), v1::TOKEN_BEFORE_START);
}

TEST_CASE(
    "Dispatch: a token that a fast clock dated after the restart is refused after it all the same",
    "[dispatch]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  const auto at = [&](const TestPerson& person, absl::Duration off) {
    return "Bearer " + governance::MakeCallToken(person.sign, person.id, desk.pool.id,
                                                 "/muster.v1.MemberService/GetStatus", Body(),
                                                 desk.clock.Now() + off);
  };
  const std::string used = at(ada, absl::Seconds(40));
  REQUIRE_OK(desk.Raw(kStatus, used, Body()));
  // Until then a slower clock of the same person is as good as it was.
  REQUIRE_OK(desk.Raw(kStatus, at(ada, absl::Seconds(10)), Body()));
  for (int restart = 0; restart < 2; ++restart) {
    INFO(restart);
    desk.Restart();
    REQUIRE_REASON(desk.Raw(kStatus, used, Body()), v1::TOKEN_BEFORE_START);
  }
  // Made before the restart or not, nobody can tell: the person's slower clock waits.
  REQUIRE_REASON(desk.Raw(kStatus, at(ada, absl::ZeroDuration()), Body()), v1::TOKEN_BEFORE_START);
  // The fast clock has gone on, and other people's never were the matter.
  REQUIRE_OK(desk.Raw(kStatus, at(ada, absl::Seconds(40)), Body()));
  REQUIRE_OK(desk.Raw(kStatus, at(eve, absl::ZeroDuration()), Body()));
  // That was noted as well.
  const std::string later = at(ada, absl::Seconds(50));
  REQUIRE_OK(desk.Raw(kStatus, later, Body()));
  desk.Restart();
  REQUIRE_REASON(desk.Raw(kStatus, later, Body()), v1::TOKEN_BEFORE_START);
  // Past its date a mark holds nobody up, and goes.
  desk.clock.Advance(50);
  desk.Restart();
  REQUIRE_OK(desk.Raw(kStatus, at(ada, absl::ZeroDuration()), Body()));
  REQUIRE_REASON(desk.Raw(kStatus, later, Body()), v1::TOKEN_BEFORE_START);
  REQUIRE(desk.marks().FloorOf(ada.id) == desk.clock.Now());
}

TEST_CASE("Dispatch: a refused token, however far ahead, leaves no mark", "[dispatch]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const std::string method = "/muster.v1.MemberService/GetStatus";
  const auto at = [&](absl::Duration off) {
    return "Bearer " + governance::MakeCallToken(ada.sign, ada.id, desk.pool.id, method, Body(),
                                                 desk.clock.Now() + off);
  };
  CHECK_FALSE(desk.Raw(kStatus, at(absl::Seconds(50)), "").ok());
  CHECK_FALSE(desk.Raw(kStatus, at(absl::Hours(1)), Body()).ok());
  desk.Restart();
  REQUIRE_OK(desk.Raw(kStatus, at(absl::ZeroDuration()), Body()));
}

TEST_CASE("Dispatch: one caller with too many calls does not shut the others out", "[dispatch]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  Dispatcher dispatcher(&desk.journal(), &desk.clock, &desk.marks(), {1000, 5});
  dispatcher.Register<v1::GetStatusRequest, v1::GetStatusResponse>(
      "/muster.v1.MemberService/GetStatus",
      [](const Caller&, const v1::GetStatusRequest&) { return v1::GetStatusResponse(); });
  const auto call = [&](const TestPerson& person) {
    absl::StatusOr<std::string> answer;
    dispatcher.Handle(
        {"/muster.v1.MemberService/GetStatus", desk.Token(person, kStatus, Body()), Body()},
        [&](absl::StatusOr<std::string> said) { answer = std::move(said); });
    return answer;
  };
  for (int i = 0; i < 5; ++i) REQUIRE_OK(call(ada));
  REQUIRE_REASON(call(ada), v1::SERVER_BUSY);
  REQUIRE_OK(call(eve));
  // A token lives for five minutes, and may be late by one.
  desk.clock.Advance(6 * 60 + 1);
  REQUIRE_OK(call(ada));
}

TEST_CASE("Dispatch: nobody's key, another consortium's token and a borrowed name are refused",
          "[dispatch]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  const TestPerson stranger;
  REQUIRE_REASON(desk.Raw(kStatus, desk.Token(stranger, kStatus, Body()), Body()),
                 v1::TOKEN_UNKNOWN_KEY);
  const std::string method = "/muster.v1.MemberService/GetStatus";
  const std::string elsewhere = governance::MakeCallToken(
      ada.sign, ada.id, crypto::RandomArray<16>(), method, Body(), desk.clock.Now());
  REQUIRE_REASON(desk.Raw(kStatus, "Bearer " + elsewhere, Body()), v1::TOKEN_OTHER_AUDIENCE);
  const std::string borrowed =
      governance::MakeCallToken(eve.sign, ada.id, desk.pool.id, method, Body(), desk.clock.Now());
  REQUIRE_REASON(desk.Raw(kStatus, "Bearer " + borrowed, Body()), v1::TOKEN_MALFORMED);
  // The cosign key is for cosigning.
  const std::string cosigned =
      governance::MakeCallToken(ada.cosign, ada.id, desk.pool.id, method, Body(), desk.clock.Now());
  REQUIRE_REASON(desk.Raw(kStatus, "Bearer " + cosigned, Body()), v1::TOKEN_UNKNOWN_KEY);
}

TEST_CASE("Dispatch: metadata that is no token is refused before anything else is looked at",
          "[dispatch]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const std::string good = desk.Token(ada, kStatus, Body());
  REQUIRE_REASON(desk.Raw(kStatus, "", Body()), v1::TOKEN_MISSING);
  REQUIRE_REASON(desk.Raw(kStatus, good.substr(7), Body()), v1::TOKEN_MISSING);
  REQUIRE_REASON(desk.Raw(kStatus, "Basic " + good.substr(7), Body()), v1::TOKEN_MISSING);
  REQUIRE_REASON(desk.Raw(kStatus, "Bearer ", Body()), v1::TOKEN_MALFORMED);
  REQUIRE_REASON(desk.Raw(kStatus, "Bearer nonsense", Body()), v1::TOKEN_MALFORMED);
  REQUIRE_REASON(desk.Raw(kStatus, "Bearer " + std::string(5000, 'x'), Body()), v1::TOKEN_MISSING);
  // Every byte of a token counts.
  for (size_t i = 7; i < good.size(); i += 3) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    INFO(i);
    CHECK(desk.Raw(kStatus, bad, Body()).status().code() == absl::StatusCode::kUnauthenticated);
  }
  REQUIRE_OK(desk.Raw(kStatus, good, Body()));
}

TEST_CASE(
    "Dispatch: an unknown method, a request too large, garbage and unknown fields are refused",
    "[dispatch]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  REQUIRE_REASON(
      desk.Raw("UploadService/Nothing", desk.Token(ada, "UploadService/Nothing", ""), ""),
      v1::METHOD_NOT_ALLOWED);
  const std::string large(100'000, 'x');
  REQUIRE_REASON(desk.Raw(kStatus, desk.Token(ada, kStatus, large), large), v1::REQUEST_MALFORMED);
  const std::string garbage = "\xff\xff\xff";
  REQUIRE_REASON(desk.Raw(kStatus, desk.Token(ada, kStatus, garbage), garbage),
                 v1::REQUEST_MALFORMED);
  const std::string unknown = Body() + "\xF8\x06\x01";
  REQUIRE_REASON(desk.Raw(kStatus, desk.Token(ada, kStatus, unknown), unknown),
                 v1::REQUEST_MALFORMED);
}

}  // namespace
}  // namespace muster::front
