// SPDX-License-Identifier: Apache-2.0
//
// Blocking against the plain join: every left row beside every right row, key by key.
#include "core/match/blocks.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/core/match/people.h"

namespace muster {
namespace {

using match::Candidate;
using match::LeftIndex;
using match::RightIndex;
using token::Sketch;

struct Rows {
  std::vector<Sketch> left, right;
};

Rows MakeRows(uint64_t seed) {
  const std::vector<Sketch> rows = SketchesOf(MakePeople(
      {.people = 400, .records_per_person = 2, .seed = seed, .first_names = 60, .zips = 20}));
  return {{rows.begin(), rows.begin() + 350}, {rows.begin() + 350, rows.end()}};
}

std::set<uint64_t> KeysOf(size_t rule, const Sketch& row) {
  std::array<uint64_t, match::kKeysPerRowMax> keys{};
  const size_t count = match::RuleKeys(rule, row, keys);
  return {keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(count)};
}

size_t RuleNumber(const std::string& name) {
  for (size_t rule = 0; rule < match::kRuleCount; ++rule) {
    if (match::RuleName(rule) == name) return rule;
  }
  return match::kRuleCount;
}

std::set<Candidate> Plainly(const Rows& rows, const std::vector<v1::BlockingRule>& rules) {
  std::set<Candidate> met;
  for (const v1::BlockingRule& rule : rules) {
    const size_t number = RuleNumber(rule.name());
    std::map<uint64_t, int64_t> right_rows;
    for (const Sketch& row : rows.right) {
      for (const uint64_t key : KeysOf(number, row)) ++right_rows[key];
    }
    for (uint32_t left = 0; left < rows.left.size(); ++left) {
      const std::set<uint64_t> keys = KeysOf(number, rows.left[left]);
      for (uint32_t right = 0; right < rows.right.size(); ++right) {
        for (const uint64_t key : KeysOf(number, rows.right[right])) {
          if (keys.count(key) != 0 && right_rows[key] <= rule.right_rows_per_key_max())
            met.insert({left, right});
        }
      }
    }
  }
  return met;
}

TEST_CASE("Blocks: candidates are the plain join's, each once", "[match]") {
  for (const uint64_t budget : {uint64_t{2000}, uint64_t{20000}, uint64_t{100} << 20}) {
    const Rows rows = MakeRows(budget);
    const LeftIndex index(rows.left, 2);
    match::RightCounts counts = index.NoCounts();
    index.CountRight(rows.right, counts);
    const auto rules = index.Choose(counts, budget);
    CHECK(!rules.empty());
    uint64_t predicted = 0;
    for (const v1::BlockingRule& rule : rules) {
      predicted += static_cast<uint64_t>(rule.pair_count());
      CHECK(match::IsRule(rule.name()));
    }
    CHECK(predicted <= budget);
    std::vector<Candidate> candidates;
    index.Narrow(rules, counts, 2).Candidates(rows.right, 0, false, candidates);
    CHECK(candidates.size() <= predicted);
    const std::set<Candidate> met(candidates.begin(), candidates.end());
    CHECK(met.size() == candidates.size());
    CHECK(met == Plainly(rows, rules));

    // From the other side.
    candidates.clear();
    RightIndex(rows.right, rules, 2).Candidates(rows.left, 0, candidates);
    CHECK(std::is_sorted(candidates.begin(), candidates.end()));
    CHECK(std::set<Candidate>(candidates.begin(), candidates.end()) == met);
    CHECK(candidates.size() == met.size());
  }
}

TEST_CASE("Blocks: how many pairs a rule gives is known before any is made", "[match]") {
  const Rows rows = MakeRows(5);
  const LeftIndex index(rows.left, 1);
  match::RightCounts counts = index.NoCounts();
  index.CountRight(rows.right, counts);
  for (const v1::BlockingRule& rule : index.Choose(counts, uint64_t{100} << 20)) {
    std::vector<Candidate> candidates;
    index.Narrow(std::vector<v1::BlockingRule>{rule}, counts, 2)
        .Candidates(rows.right, 0, false, candidates);
    INFO(rule.name());
    CHECK(rule.skipped_key_count() == 0);
    // A pair that meets by both parts of a double name is one candidate of two predicted pairs.
    CHECK(static_cast<int64_t>(candidates.size()) <= rule.pair_count());
    CHECK(static_cast<int64_t>(candidates.size()) * 2 >= rule.pair_count());
  }
}

TEST_CASE("Blocks: counts of parts add up, and parts give what the whole gives", "[match]") {
  const Rows rows = MakeRows(7);
  const LeftIndex index(rows.left, 1);
  match::RightCounts whole = index.NoCounts();
  index.CountRight(rows.right, whole);
  match::RightCounts parts = index.NoCounts();
  const size_t half = rows.right.size() / 2;
  for (const auto part : {std::span(rows.right).first(half), std::span(rows.right).subspan(half)}) {
    match::RightCounts counts = index.NoCounts();
    index.CountRight(part, counts);
    LeftIndex::Add(counts, parts);
  }
  CHECK(parts == whole);
  const auto rules = index.Choose(whole, 50000);
  const match::LeftBlocks blocks = index.Narrow(rules, whole, 2);
  std::vector<Candidate> one;
  blocks.Candidates(rows.right, 0, false, one);
  std::vector<Candidate> two;
  blocks.Candidates(std::span(rows.right).first(half), 0, false, two);
  blocks.Candidates(std::span(rows.right).subspan(half), static_cast<uint32_t>(half), false, two);
  CHECK(one == two);
}

TEST_CASE("Blocks: of one table only earlier rows are met", "[match]") {
  const Rows rows = MakeRows(9);
  const LeftIndex index(rows.left, 1);
  match::RightCounts counts = index.NoCounts();
  index.CountRight(rows.left, counts);
  const auto rules = index.Choose(counts, uint64_t{1} << 30);
  std::vector<Candidate> candidates;
  index.Narrow(rules, counts, 1).Candidates(rows.left, 0, true, candidates);
  CHECK(!candidates.empty());
  for (const Candidate& candidate : candidates) CHECK(candidate.left < candidate.right);
}

TEST_CASE("Blocks: a key that everybody has is passed over, and rarer keys are not", "[match]") {
  Rows rows = MakeRows(11);
  for (Sketch& row : rows.right) row.email = 77;
  rows.left[0].email = 77;
  rows.right[0].email = rows.left[1].email = 99;
  const LeftIndex index(rows.left, 1);
  match::RightCounts counts = index.NoCounts();
  index.CountRight(rows.right, counts);
  const auto rules = index.Choose(counts, 600);
  REQUIRE(!rules.empty());
  CHECK(rules[0].name() == "email");
  CHECK(rules[0].skipped_key_count() == 1);
  CHECK(rules[0].skipped_pair_count() == static_cast<int64_t>(rows.right.size() - 1));
  std::vector<Candidate> candidates;
  index.Narrow(std::vector<v1::BlockingRule>{rules[0]}, counts, 2)
      .Candidates(rows.right, 0, false, candidates);
  CHECK(candidates == std::vector<Candidate>{{1, 0}});
}

TEST_CASE("Blocks: rows of nothing have no keys", "[match]") {
  for (size_t rule = 0; rule < match::kRuleCount; ++rule) {
    CHECK(KeysOf(rule, Sketch()).empty());
    CHECK(!match::RuleName(rule).empty());
  }
  CHECK(!match::IsRule("star sign"));
  const std::vector<Sketch> none;
  const LeftIndex index(none, 2);
  match::RightCounts counts = index.NoCounts();
  const Rows rows = MakeRows(13);
  index.CountRight(rows.right, counts);
  CHECK(index.Choose(counts, 1000).empty());
}

}  // namespace
}  // namespace muster
