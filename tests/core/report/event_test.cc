// SPDX-License-Identifier: Apache-2.0
#include "core/report/event.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <limits>
#include <set>
#include <vector>

#include "core/base/file.h"
#include "core/governance/statement.h"
#include "core/report/period.h"
#include "tests/support/status.h"

namespace muster::report {
namespace {

TEST_CASE("Every kind that a statement can be has a name and words", "[report]") {
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
    CHECK(event.understood);
    CHECK(event.text.find("this program has no words") == std::string::npos);
    kinds.insert(event.kind);
  }
  CHECK(kinds.size() == static_cast<size_t>(body->field_count()));
  CHECK_FALSE(DescribeEvent(v1::Statement(), registry).understood);
}

TEST_CASE("Every kind of entry is documented: who claims what, who believes it, who decides",
          "[report][docs]") {
  const std::string page =
      testing::Must(ReadFile(std::filesystem::path(MUSTER_SOURCE) / "docs/formats/log-entries.md"));
  // A chapter for each kind as reports name it, and of the vault's key one for each event.
  std::vector<std::string> kinds = {"voterfile", "voterfile_intake"};
  const auto take = [&kinds](const google::protobuf::Descriptor* message, const char* oneof) {
    const auto* body = message->FindOneofByName(oneof);
    REQUIRE(body != nullptr);
    for (int i = 0; i < body->field_count(); ++i) kinds.push_back(body->field(i)->name());
  };
  take(v1::Statement::descriptor(), "body");
  take(v1::VaultKeyStatement::descriptor(), "event");
  std::erase(kinds, "vault_key");
  for (const std::string& kind : kinds) {
    INFO(kind);
    const size_t begin = page.find("\n## " + kind + "\n");
    REQUIRE(begin != std::string::npos);
    const std::string chapter = page.substr(begin, page.find("\n## ", begin + 1) - begin);
    for (const char* part : {"Claim", "Claimant", "Believer", "Verifier", "Arbiter"}) {
      INFO(part);
      CHECK(chapter.find("\n- " + std::string(part) + ": ") != std::string::npos);
    }
  }
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
  CHECK(clock.Read(900 * kDay, "people/a").time == 900 * kDay);
  const LogClock::Reading slack = clock.Read(899 * kDay, "people/a");  // a day is forgiven
  CHECK(slack.time == 899 * kDay);
  CHECK_FALSE(slack.back_dated);
  const LogClock::Reading back = clock.Read(898 * kDay, "people/a");
  CHECK(back.time == 900 * kDay);
  CHECK(back.back_dated);
  const LogClock::Reading post = clock.Read(1'002 * kDay, "people/a");
  CHECK(post.post_dated);
  CHECK(post.time == 1'000 * kDay);
  CHECK(clock.Read(901 * kDay, "people/a").time == 901 * kDay);
  // One signer's leap moves nobody else, however often; another's date bears it out.
  LogClock leaping(1'000 * kDay);
  CHECK(leaping.Read(900 * kDay, "people/a").time == 900 * kDay);
  CHECK(leaping.Read(950 * kDay, "people/e").time == 950 * kDay);
  CHECK(leaping.Read(951 * kDay, "people/e").time == 951 * kDay);
  CHECK_FALSE(leaping.Read(901 * kDay, "people/a").back_dated);
  CHECK_FALSE(leaping.Read(902 * kDay, "vault").back_dated);
  CHECK_FALSE(leaping.Read(904 * kDay, "vault").back_dated);
  CHECK_FALSE(leaping.Read(906 * kDay, "people/a").back_dated);
  const LogClock::Reading late = leaping.Read(901 * kDay, "people/e");
  CHECK(late.back_dated);
  CHECK(late.time == 904 * kDay);
  // Whatever a header says of its own time.
  LogClock endless(std::numeric_limits<int64_t>::max());
  CHECK(endless.Read(std::numeric_limits<int64_t>::max(), "vault").post_dated);
  CHECK(endless.Read(5, "vault").time == 5);
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
