// SPDX-License-Identifier: Apache-2.0
#include "core/governance/charter.h"

#include <catch2/catch.hpp>

#include "tests/support/status.h"

namespace muster::governance {
namespace {

using testing::Must;

bool Same(const v1::CharterTerms& a, const v1::CharterTerms& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

Reason RefusalOf(std::string_view toml) {
  return ReasonOf(ParseTerms(toml, DefaultTerms()).status());
}

}  // namespace

TEST_CASE("Charter terms: what is written is read back the same", "[governance]") {
  v1::CharterTerms terms = DefaultTerms();
  REQUIRE_OK(CheckTerms(terms));
  REQUIRE(Same(Must(ParseTerms(FormatTerms(terms), v1::CharterTerms())), terms));
  terms.set_quorum(3);
  terms.set_quiet_begin_minute(0);
  terms.set_quiet_end_minute(23 * 60 + 59);
  terms.set_noise_budget_milli(1);
  terms.mutable_match_thresholds()->set_matched_probability(0.999999);
  terms.set_lease_seconds_max(8 * 3600);
  terms.set_audience_min(100'000'000);
  REQUIRE_OK(CheckTerms(terms));
  REQUIRE(Same(Must(ParseTerms(FormatTerms(terms), DefaultTerms())), terms));
}

TEST_CASE("Charter terms: a file says what changes, and what it leaves out stays", "[governance]") {
  const v1::CharterTerms before = DefaultTerms();
  const v1::CharterTerms after = Must(ParseTerms(
      "# ours\r\n[ decisions ]\nquorum=2   # of three\n\n[mail]\nquiet_from = \"20:30\"\n"
      "audience_min = 1_000\n[published]\nnoise_budget = 0.5\n[matching]\nmatched = 1\n",
      before));
  const std::vector<TermChange> changes = CompareTerms(before, after);
  REQUIRE(changes.size() == 5);
  CHECK(changes[0].key == "decisions.quorum");
  CHECK(changes[0].before == "1");
  CHECK(changes[0].after == "2");
  CHECK(changes[1].key == "matching.matched");
  CHECK(changes[1].after == "1.000000");
  CHECK(changes[2].key == "mail.quiet_from");
  CHECK(changes[2].after == "\"20:30\"");
  CHECK(changes[3].key == "mail.audience_min");
  CHECK(changes[3].after == "1000");
  CHECK(changes[4].key == "published.noise_budget");
  CHECK(changes[4].after == "0.500");
  CHECK(Must(ParseTerms("", before)).SerializeAsString() == before.SerializeAsString());
}

TEST_CASE("Charter terms: what is not understood is refused, not passed over", "[governance]") {
  for (const char* bad : {"quorum = 2\n",
                          "[decisions]\nquorums = 2\n",
                          "[decision]\nquorum = 2\n",
                          "[decisions]\nquorum = 0\n",
                          "[decisions]\nquorum = 65\n",
                          "[decisions]\nquorum = two\n",
                          "[decisions]\nquorum = 2.5\n",
                          "[decisions]\nquorum = -1\n",
                          "[decisions]\nquorum = \n",
                          "[decisions]\nquorum = \"2\"\n",
                          "[decisions]\nquorum = 2\nquorum = 3\n",
                          "[decisions]\nquorum = 2 3\n",
                          "[decisions]\nquorum\n",
                          "[decisions\nquorum = 2\n",
                          "[decisions]\nquorum = 0x2\n",
                          "[decisions]\nquorum = 1e1\n",
                          "[decisions]\nquorum = 1__0\n",
                          "[mail]\nquiet_from = 21:00\n",
                          "[mail]\nquiet_from = \"24:00\"\n",
                          "[mail]\nquiet_from = \"9:00\"\n",
                          "[matching]\nmatched = 0.5\n",
                          "[matching]\nmatched = 1.1\n",
                          "[matching]\nmatched = nan\n",
                          "[matching]\nambiguous = 0.75\n",
                          "[mail]\nper_person_per_week_max = 6\n",
                          "[published]\nnoise_budget = 0\n",
                          "[published]\nnoise_budget = .5\n",
                          "[retention]\nbackup_days = 99999999999999999999\n"}) {
    INFO(bad);
    CHECK(RefusalOf(bad) == v1::CHARTER_MALFORMED);
  }
  CHECK(RefusalOf(std::string(kTermsTomlBytesMax + 1, '\n')) == v1::CHARTER_MALFORMED);
}

TEST_CASE("Charter terms: of a founding charter without them they are a trial's", "[governance]") {
  v1::CharterStatement charter;
  charter.set_quorum(1);
  charter.set_witness_count(2);
  v1::CharterTerms terms = DefaultTerms();
  terms.set_witness_count(2);
  CHECK(Same(TermsOf(charter), terms));
  charter.mutable_match_thresholds()->set_matched_probability(0.9);
  charter.mutable_match_thresholds()->set_ambiguous_probability(0.1);
  charter.mutable_terms()->set_audience_min(7);
  CHECK(TermsOf(charter).match_thresholds().matched_probability() == 0.9);
  CHECK(TermsOf(charter).audience_min() == 7);
}

}  // namespace muster::governance
