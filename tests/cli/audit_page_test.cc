// SPDX-License-Identifier: Apache-2.0
#include "cli/audit_page.h"

#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "core/base/error.h"
#include "core/report/proves.h"

namespace muster::cli {
namespace {

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

constexpr std::string_view kAttack = "<script>alert('1')</script>\" onclick=\"x & y\x1b[31m";

AuditOutcome Outcome() {
  AuditOutcome outcome;
  outcome.root.consortium_name = kAttack;
  outcome.root.checkpoint.size = 12;
  outcome.verify_time = 1'790'000'000;
  report::CoalitionFindings all;
  all.consortium = kAttack;
  all.reporter_name = kAttack;
  all.create_time = 1'790'000'000;
  all.entry_count = 12;
  all.period_count = 11;
  report::MemberFigures member;
  member.name = kAttack;
  member.records = 1'234'567;
  all.members = {member};
  for (int64_t day = 20'700; day < 20'800; day += 9)
    all.days[day] = {{"upload", day % 7 + 1}, {"unheard_of", 1}};
  report::Event event;
  event.kind = kAttack;
  event.member = kAttack;
  event.by = kAttack;
  event.text = kAttack;
  event.back_dated = true;
  all.events.assign(1'200, event);
  all.kinds = {{std::string(kAttack), 1, false}};
  report::VoterFileFinding voters;
  voters.name = kAttack;
  voters.member = kAttack;
  voters.terms.set_permitted_use(std::string(kAttack));
  all.voter_files = {voters};
  report::MatchFinding match;
  match.statement.set_voterfile(std::string(kAttack));
  match.statement.mutable_table()->add_bands()->set_band(std::string(kAttack));
  all.matches = {match};
  all.people = {{std::string(kAttack), std::string(kAttack), std::string(kAttack), 0, 3}};
  all.sample = {{std::string(kAttack), std::string(kAttack), std::string(kAttack), 0, 1, 1, 5, 5}};
  all.remarks = {std::string(kAttack)};
  all.unread = {std::string(kAttack)};
  all.unread_count = 1;
  outcome.files.push_back({std::string(kAttack), absl::OkStatus(), all});
  report::ReportFindings one;
  one.member_name = kAttack;
  one.reporter_name = kAttack;
  report::UploadFinding upload;
  upload.uploader = kAttack;
  upload.statement.set_list(std::string(kAttack));
  upload.statement.set_consent(std::string(kAttack));
  upload.statement.add_files()->set_file_name(std::string(kAttack));
  upload.since = {std::string(kAttack)};
  one.uploads = {upload};
  one.acts = {event};
  outcome.files.push_back({"parks.report", absl::OkStatus(), one});
  return outcome;
}

TEST_CASE("The page fetches nothing and runs nothing", "[cli]") {
  const std::string page = AuditPage(Outcome());
  CHECK(page.starts_with("<!doctype html>"));
  CHECK(page.find("default-src 'none'; style-src 'unsafe-inline'") != std::string::npos);
  for (const char* part : {"<script", "<img", "<link", "<iframe", "<object", "<base", "src=",
                           "href=", "url(", "@import", "http://", "https://", "javascript:"}) {
    INFO(part);
    CHECK(Count(page, part) == 0);
  }
}

TEST_CASE("Whatever a report says is text on the page, and nothing else", "[cli]") {
  const std::string page = AuditPage(Outcome());
  CHECK(page.find(kAttack) == std::string::npos);
  CHECK(page.find("<script>") == std::string::npos);
  CHECK(page.find("\" onclick=") == std::string::npos);
  CHECK(page.find('\x1b') == std::string::npos);
  CHECK(
      Count(page,
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onclick=&quot;x &amp; y?[31m") >
      20);
}

TEST_CASE("Every element of the page that is opened is closed, in order", "[cli]") {
  AuditOutcome outcome = Outcome();
  outcome.files.push_back(
      {"bent.report", MakeError(v1::REPORT_MALFORMED, "entry <9> does not hold"), {}});
  const std::string page = AuditPage(outcome);
  const std::set<std::string> empty = {"meta", "br", "!doctype"};
  std::vector<std::string> open;
  for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const size_t end = page.find_first_of(" >\n", at + 1);
    REQUIRE(end != std::string::npos);
    const std::string tag = page.substr(at + 1, end - at - 1);
    if (tag.starts_with("/")) {
      REQUIRE_FALSE(open.empty());
      REQUIRE(open.back() == tag.substr(1));
      open.pop_back();
    } else if (!empty.contains(tag)) {
      open.push_back(tag);
    }
  }
  CHECK(open.empty());
}

TEST_CASE(
    "The page can be read by everybody: language, headings, tables with heads, a chart in words",
    "[cli]") {
  const std::string page = AuditPage(Outcome());
  CHECK(page.find("<html lang=\"en\">") != std::string::npos);
  CHECK(page.find("name=\"viewport\"") != std::string::npos);
  CHECK(page.find("prefers-color-scheme:dark") != std::string::npos);
  CHECK(page.find("@media print") != std::string::npos);
  CHECK(Count(page, "<h1>") == 1);
  CHECK(Count(page, "<main>") == 1);
  CHECK(Count(page, "<table>") == Count(page, "<caption>"));
  CHECK(Count(page, "scope=\"col\"") > Count(page, "<table>"));
  CHECK(Count(page, "scope=\"row\"") >= Count(page, "<table>"));
  CHECK(page.find("role=\"img\" aria-label=\"Entries of the log from ") != std::string::npos);
  CHECK(page.find("1,234,567") != std::string::npos);
  CHECK(page.find("And 200 more") != std::string::npos);
}

TEST_CASE("The page says what is proven, what is not, and what does not hold", "[cli]") {
  AuditOutcome outcome = Outcome();
  std::string page = AuditPage(outcome);
  CHECK(page.find("Every proof holds") != std::string::npos);
  for (const std::string_view sentence : report::kCoalitionProves)
    CHECK(page.find(HtmlEscaped(sentence)) != std::string::npos);
  for (const std::string_view sentence : report::kCoalitionDoesNotProve)
    CHECK(page.find(HtmlEscaped(sentence)) != std::string::npos);
  for (const std::string_view sentence : report::kMemberDoesNotProve)
    CHECK(page.find(HtmlEscaped(sentence)) != std::string::npos);
  outcome.files.push_back(
      {"bent.report", MakeError(v1::REPORT_MALFORMED, "entry 9 does not hold"), {}});
  page = AuditPage(outcome);
  CHECK(page.find("Every proof holds") == std::string::npos);
  CHECK(page.find("1 of 3 files do not hold") != std::string::npos);
  CHECK(page.find("REPORT_MALFORMED") != std::string::npos);
  CHECK(page.find("entry 9 does not hold") != std::string::npos);

  AuditOutcome without_bundle;
  without_bundle.files.push_back({"pool.bundle", MakeError(v1::BUNDLE_MALFORMED, "no"), {}});
  CHECK(AuditPage(without_bundle).find("a bundle that does not hold") != std::string::npos);
}

}  // namespace
}  // namespace muster::cli
