// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/election.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

namespace muster::ingest {
namespace {

std::string Formatted(VoteLines& votes, size_t bytes_max = 1024) {
  std::string out;
  votes.Format(bytes_max, out);
  return out;
}

std::string OfList(std::string_view cell, bool* all = nullptr) {
  VoteLines votes;
  const bool read = AddVoteList(cell, votes);
  if (all != nullptr) *all = read;
  return Formatted(votes);
}

TEST_CASE("FindElectionKind: knows the words and the codes of states") {
  const auto [words, kind] = GENERATE(table<std::string, ElectionKind>({
      {"11/05/2024 GENERAL", ElectionKind::kGeneral},
      {"General Election", ElectionKind::kGeneral},
      {"GE", ElectionKind::kGeneral},
      {"GEN", ElectionKind::kGeneral},
      {"03/05/2024 PRIMARY", ElectionKind::kPrimary},
      {"PRI", ElectionKind::kPrimary},
      {"Federal Primary", ElectionKind::kPrimary},
      {"PPP", ElectionKind::kPresidentialPrimary},
      {"PP", ElectionKind::kPresidentialPrimary},
      {"Pres Pref Primary", ElectionKind::kPresidentialPrimary},
      {"2020 PRESIDENTIAL PRIMARY", ElectionKind::kPresidentialPrimary},
      {"11/02/2021 MUNICIPAL", ElectionKind::kMunicipal},
      {"MUNICIPAL GENERAL", ElectionKind::kMunicipal},
      {"SPECIAL GENERAL", ElectionKind::kSpecial},
      {"PRIMARY RUNOFF", ElectionKind::kRunoff},
      {"RO", ElectionKind::kRunoff},
  }));
  INFO(words);
  REQUIRE(FindElectionKind(words) == kind);
}

TEST_CASE("FindElectionKind: a word that tells nothing is no kind") {
  for (const char* words : {"", "12", "fire district", "2024-11-05", "progeny", "aprimary"}) {
    INFO(words);
    REQUIRE_FALSE(FindElectionKind(words));
  }
}

TEST_CASE("ElectionKindName: each has a name of its own and is read back") {
  std::set<std::string_view> names;
  for (int i = 0; i < 7; ++i) {
    const auto kind = static_cast<ElectionKind>(i);
    ElectionKind back = ElectionKind::kOther;
    REQUIRE(ParseElectionKindName(ElectionKindName(kind), &back));
    REQUIRE(back == kind);
    names.insert(ElectionKindName(kind));
  }
  REQUIRE(names.size() == 7);
  ElectionKind kind = ElectionKind::kOther;
  REQUIRE_FALSE(ParseElectionKindName("coronation", &kind));
}

TEST_CASE("IsFederalGeneralElection: the days of history, and no other day of their Novembers") {
  const std::set<std::string> days = {"2000-11-07", "2002-11-05", "2004-11-02", "2006-11-07",
                                      "2008-11-04", "2010-11-02", "2012-11-06", "2014-11-04",
                                      "2016-11-08", "2018-11-06", "2020-11-03", "2022-11-08",
                                      "2024-11-05", "2026-11-03"};
  for (int year = 2000; year < 2027; ++year) {
    for (int day = 1; day <= 30; ++day) {
      const std::string text =
          std::to_string(year) + "-11-" + (day < 10 ? "0" : "") + std::to_string(day);
      INFO(text);
      REQUIRE(IsFederalGeneralElection(text) == (days.count(text) == 1));
    }
  }
  for (const char* text : {"", "2024", "2024-11", "2024-10-05", "2024-12-05"}) {
    REQUIRE_FALSE(IsFederalGeneralElection(text));
  }
}

TEST_CASE("VoteLines: newest first, each once, as many as fit") {
  VoteLines votes;
  votes.Add("2020-11-03", ElectionKind::kGeneral, "");
  votes.Add("2024-11-05", ElectionKind::kGeneral, "IN-PERSON");
  votes.Add("2016", ElectionKind::kOther, "");
  votes.Add("2020-11-03", ElectionKind::kGeneral, "");
  REQUIRE(votes.added() == 4);
  REQUIRE(Formatted(votes) == "2024-11-05 general in-person\n2020-11-03 general\n2016 other");
  REQUIRE(Formatted(votes, 47) == "2024-11-05 general in-person\n2020-11-03 general");
  REQUIRE(Formatted(votes, 10).empty());
  votes.Clear();
  REQUIRE(votes.empty());
  REQUIRE(Formatted(votes).empty());
}

TEST_CASE("VoteLines: a method is one word of letters, digits and dashes") {
  const auto [method, word] = GENERATE(table<std::string, std::string>({
      {"ABSENTEE ONESTOP", " absentee-onestop"},
      {"In-Person", " in-person"},
      {"  (Early)  ", " early"},
      {"--", ""},
      {"", ""},
      {"a\nb", " a-b"},
      {"VOTED BY A METHOD WITH A NAME BEYOND ALL MEASURE", " voted-by-a-method-with-a"},
  }));
  VoteLines votes;
  votes.Add("2024-11-05", ElectionKind::kGeneral, method);
  REQUIRE(Formatted(votes) == "2024-11-05 general" + word);
}

TEST_CASE("VoteLines: however many there are, memory is bounded and the newest stay", "[oracle]") {
  std::mt19937 random(11);
  VoteLines votes;
  std::set<std::string, std::greater<>> lines;
  for (int i = 0; i < 20'000; ++i) {
    const std::string day = std::to_string(1900 + random() % 120) + "-0" +
                            std::to_string(1 + random() % 9) + "-" +
                            std::to_string(10 + random() % 18);
    votes.Add(day, ElectionKind::kOther, "");
    lines.insert(day + " other");
  }
  std::string expected;
  for (const std::string& line : lines) {
    if (expected.size() + 1 + line.size() > 1024) break;
    expected += (expected.empty() ? "" : "\n") + line;
  }
  REQUIRE(Formatted(votes) == expected);
}

TEST_CASE("AddVoteList: New York's counties, each in its own words") {
  REQUIRE(OfList("20201103 GE(E);20200623 PR(A);20181106 GE(P)") ==
          "2020-11-03 general early\n2020-06-23 primary absentee\n2018-11-06 general polls");
  REQUIRE(OfList("GE 20201103;PP 20200623; GE 20181106") ==
          "2020-11-03 general\n2020-06-23 presidential_primary\n2018-11-06 general");
  REQUIRE(OfList("General Election, 2017;General Election, 2016;Federal Primary, 2016;") ==
          "2017 general\n2016 primary\n2016 general");
  REQUIRE(OfList("2016 General Election(P)") == "2016 general polls");
  REQUIRE(OfList("20221108(F)") == "2022-11-08 general affidavit");
  REQUIRE(OfList("20211102 ()") == "2021-11-02 other");
  REQUIRE(OfList("2012") == "2012 other");
  bool all = true;
  REQUIRE(OfList("Village Election; GE 20201103", &all) == "2020-11-03 general");
  REQUIRE_FALSE(all);
  REQUIRE(OfList(" ; ;", &all).empty());
  REQUIRE(all);
}

TEST_CASE("AddVoteList: random bytes never break it", "[oracle]") {
  std::mt19937 random(3);
  for (int run = 0; run < 5000; ++run) {
    std::string cell;
    for (auto n = random() % 60; n > 0; --n) {
      cell.push_back("20161108 GEPR();,/-x\xc3\xa9"[random() % 23]);
    }
    VoteLines votes;
    AddVoteList(cell, votes);
    const std::string text = Formatted(votes);
    REQUIRE(text.size() <= 1024);
    for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      REQUIRE((text[at] == '1' || text[at] == '2'));
      if (text.find('\n', at) == std::string::npos) break;
    }
  }
}

}  // namespace
}  // namespace muster::ingest
