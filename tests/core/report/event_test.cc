// SPDX-License-Identifier: Apache-2.0
#include "core/report/event.h"

#include <catch2/catch.hpp>
#include <set>

#include "core/governance/statement.h"
#include "core/report/period.h"

namespace muster::report {
namespace {

TEST_CASE("Every kind that a statement can be has a name, and says so when it has no words",
          "[report]") {
  const governance::Registry registry;
  const google::protobuf::OneofDescriptor* body =
      v1::Statement::descriptor()->FindOneofByName("body");
  REQUIRE(body != nullptr);
  std::set<std::string> kinds;
  for (int i = 0; i < body->field_count(); ++i) {
    v1::Statement statement;
    statement.set_signer("vault");
    statement.GetReflection()->MutableMessage(&statement, body->field(i));
    const Event event = DescribeEvent(statement, registry);
    INFO(body->field(i)->name());
    CHECK(event.kind == body->field(i)->name());
    CHECK_FALSE(event.text.empty());
    CHECK(event.understood == (event.text.find("this program has no words") == std::string::npos));
    kinds.insert(event.kind);
  }
  CHECK(kinds.size() == static_cast<size_t>(body->field_count()));
  CHECK_FALSE(DescribeEvent(v1::Statement(), registry).understood);
}

TEST_CASE("A voter file is a kind of its own", "[report]") {
  v1::Statement statement;
  statement.mutable_upload()->mutable_voterfile()->set_permitted_use("elections only");
  CHECK(EventKind(statement) == "voterfile");
  CHECK(DescribeEvent(statement, governance::Registry()).text.find("elections only") !=
        std::string::npos);
  statement.mutable_intake()->mutable_voterfile();
  CHECK(EventKind(statement) == "voterfile_intake");
}

TEST_CASE("Time is the signer's as far as the log's order bears it out", "[report]") {
  constexpr int64_t kDay = 24 * 60 * 60;
  LogClock clock(1'000 * kDay);
  CHECK(clock.Read(900 * kDay).time == 900 * kDay);
  const LogClock::Reading slack = clock.Read(899 * kDay);  // a day is forgiven
  CHECK(slack.time == 899 * kDay);
  CHECK_FALSE(slack.back_dated);
  const LogClock::Reading back = clock.Read(898 * kDay);
  CHECK(back.time == 900 * kDay);
  CHECK(back.back_dated);
  const LogClock::Reading post = clock.Read(1'002 * kDay);
  CHECK(post.post_dated);
  CHECK(post.time == 1'000 * kDay);
  CHECK(clock.Read(901 * kDay).time == 901 * kDay);
  v1::Period period;
  CHECK(IsWithin(5, period));
  period.set_from_time(5);
  period.set_to_time(7);
  CHECK_FALSE(IsWithin(4, period));
  CHECK(IsWithin(5, period));
  CHECK_FALSE(IsWithin(7, period));
}

TEST_CASE("Figures are grouped", "[report]") {
  CHECK(Grouped(0) == "0");
  CHECK(Grouped(999) == "999");
  CHECK(Grouped(1'234'567) == "1,234,567");
  CHECK(Grouped(-1'234) == "-1,234");
}

}  // namespace
}  // namespace muster::report
