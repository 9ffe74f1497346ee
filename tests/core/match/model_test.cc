// SPDX-License-Identifier: Apache-2.0
#include "core/match/model.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>

#include "core/base/error.h"
#include "core/match/compare.h"
#include "core/match/link.h"
#include "tests/core/match/people.h"

namespace muster {
namespace {

using match::Comparator;
using match::Frequencies;
using match::LevelOf;
using match::Model;
using match::Pattern;
using token::Sketch;

size_t At(Comparator comparator) { return static_cast<size_t>(comparator); }

TEST_CASE("ChanceEqual: is the share of equal pairs, counted one by one", "[match]") {
  const std::vector<Sketch> left = SketchesOf(MakePeople({.people = 300, .seed = 1}));
  const std::vector<Sketch> right = SketchesOf(MakePeople({.people = 400, .seed = 2}));
  Frequencies of_left, of_right;
  of_left.Add(left);
  of_right.Add(right);
  for (size_t v = 0; v < match::kValueCount; ++v) {
    const auto value = static_cast<match::Value>(v);
    const auto plainly = [&](const std::vector<Sketch>& a, const std::vector<Sketch>& b,
                             bool same_table) {
      uint64_t equal = 0;
      uint64_t all = 0;
      for (size_t i = 0; i < a.size(); ++i) {
        for (size_t j = 0; j < b.size(); ++j) {
          const uint64_t one = match::KeyOf(value, a[i]);
          const uint64_t other = match::KeyOf(value, b[j]);
          if (one == 0 || other == 0 || (same_table && i == j)) continue;
          ++all;
          equal += one == other ? 1u : 0u;
        }
      }
      return all == 0 ? 0.0 : static_cast<double>(equal) / static_cast<double>(all);
    };
    INFO("value " << v);
    CHECK(match::ChanceEqual(of_left.Of(value), of_right.Of(value), false) ==
          Approx(plainly(left, right, false)).epsilon(1e-12));
    CHECK(match::ChanceEqual(of_left.Of(value), of_left.Of(value), true) ==
          Approx(plainly(left, left, true)).epsilon(1e-12));
  }
}

TEST_CASE("Frequencies: parts that are added count what the whole counts", "[match]") {
  const std::vector<Sketch> rows = SketchesOf(MakePeople({.people = 5000, .seed = 3}));
  Frequencies whole, parts;
  whole.Add(rows);
  for (size_t begin = 0; begin < rows.size(); begin += 700) {
    Frequencies part;
    part.Add(std::span(rows).subspan(begin, std::min<size_t>(700, rows.size() - begin)));
    parts.AddAll(part);
  }
  CHECK(parts.rows() == whole.rows());
  std::map<uint64_t, uint32_t> plain;
  for (const Sketch& row : rows) ++plain[match::KeyOf(match::Value::kLast, row)];
  CHECK(whole.Of(match::Value::kLast).size() == plain.size());
  for (const auto& [key, count] : plain) {
    CHECK(whole.Of(match::Value::kLast).Count(key) == count);
    CHECK(parts.Of(match::Value::kLast).Count(key) == count);
  }
  CHECK(whole.Of(match::Value::kLast).Count(0x123456789abcdef) == 0);
  CHECK(match::Counter().Count(7) == 0);
}

// Draws levels by a table; the comparators that households share are drawn by the household's.
Pattern Draw(const match::LevelTable& table, std::mt19937_64& random) {
  Pattern pattern = 0;
  for (size_t c = 0; c < match::kComparatorCount; ++c) {
    double sum = 0;
    const auto levels = match::SpecOf(c).levels;
    for (size_t level = 1; level < levels.size(); ++level) {
      if (levels[level].group == 1) sum += table[c][level];
    }
    double at = std::uniform_real_distribution<>(0, sum)(random);
    for (unsigned level = 1; level < levels.size(); ++level) {
      if (levels[level].group != 1) continue;
      at -= table[c][level];
      if (at <= 0) {
        pattern |= match::WithLevel(static_cast<Comparator>(c), level);
        break;
      }
    }
  }
  return pattern;
}

TEST_CASE("EstimateModel: finds the probabilities that patterns were drawn by", "[match]") {
  const std::vector<Sketch> left = SketchesOf(MakePeople({.people = 2000, .seed = 5}));
  const std::vector<Sketch> right = SketchesOf(MakePeople({.people = 2000, .seed = 6}));
  Frequencies of_left, of_right;
  of_left.Add(left);
  of_right.Add(right);
  std::map<Pattern, uint64_t> sampled;
  std::vector<Pattern> patterns(right.size());
  for (size_t i = 0; i < 200; ++i) {
    match::CompareOne(left[i], right, patterns.data());
    for (const Pattern pattern : patterns) ++sampled[pattern];
  }
  const match::LevelTable random_table =
      match::RandomTable(of_left, of_right, false, {sampled.begin(), sampled.end()});

  Model truth = match::EstimateModel({}, random_table, 20000, 20000, false);
  truth.match[At(Comparator::kFirstName)] = {0, .70, .15, .10, .03, .01, .01, 0.95, 0.05};
  truth.match[At(Comparator::kBirthDate)] = {0, .80, .02, .10, .02, .06, .9, .1};
  truth.match[At(Comparator::kAddress)] = {0, .55, .05, .05, .30, 0.1, 0.9, .9, .1, .8, .2, .05};
  std::mt19937_64 random(99);
  std::map<Pattern, uint64_t> counts;
  constexpr uint64_t kRows = 20000;
  constexpr uint64_t kMatches = 12000;
  for (uint64_t i = 0; i < kMatches; ++i) ++counts[Draw(truth.match, random)];
  for (uint64_t i = 0; i < 200000; ++i) ++counts[Draw(random_table, random)];
  const match::PatternCounts compared(counts.begin(), counts.end());
  const Model model = match::EstimateModel(compared, random_table, kRows, kRows, false);
  CHECK(model.match_rate == Approx(double(kMatches) / kRows).margin(0.01));
  for (const Comparator comparator :
       {Comparator::kFirstName, Comparator::kBirthDate, Comparator::kAddress}) {
    const auto levels = match::SpecOf(At(comparator)).levels;
    for (size_t level = 1; level < levels.size(); ++level) {
      if (levels[level].group != 1) continue;
      INFO(match::SpecOf(At(comparator)).name << ": " << levels[level].name);
      CHECK(model.match[At(comparator)][level] ==
            Approx(truth.match[At(comparator)][level]).margin(0.012));
    }
  }
  CHECK(match::ToProto(match::EstimateModel(compared, random_table, kRows, kRows, false))
            .SerializeAsString() == match::ToProto(model).SerializeAsString());
}

match::LinkResult SomeLink(std::vector<Sketch>& left, std::vector<Sketch>& right) {
  const std::vector<Person> people =
      MakePeople({.people = 1500, .records_per_person = 2, .seed = 12});
  const std::vector<Sketch> rows = SketchesOf(people);
  right.assign(rows.begin(), rows.begin() + 1500);
  left.assign(rows.begin() + 1500, rows.end());
  auto result = match::Link(left, match::SketchSpan(right), {});
  REQUIRE(result.ok());
  return *std::move(result);
}

TEST_CASE("Model: probabilities of a group's levels add up to one", "[match]") {
  std::vector<Sketch> left, right;
  const Model model = SomeLink(left, right).model;
  for (const match::LevelTable* table : {&model.match, &model.household, &model.random}) {
    for (size_t c = 0; c < match::kComparatorCount; ++c) {
      const auto levels = match::SpecOf(c).levels;
      std::map<int, double> sums;
      for (size_t level = 1; level < levels.size(); ++level)
        sums[levels[level].group] += (*table)[c][level];
      for (const auto& [group, sum] : sums) {
        INFO(match::SpecOf(c).name << " group " << group);
        CHECK(sum == Approx(1).margin(1e-6));
      }
    }
  }
}

TEST_CASE("Explain: the pieces of evidence add up to the odds", "[match]") {
  std::vector<Sketch> left, right;
  const match::LinkResult result = SomeLink(left, right);
  size_t checked = 0;
  for (const match::LinkedPair& pair : result.pairs) {
    const auto evidence = match::Explain(result.model, pair.pattern, left[pair.left],
                                         right[pair.right], result.frequencies);
    double sum = 0;
    for (const match::Evidence& piece : evidence) sum += piece.bits;
    const float odds =
        match::LogOdds(match::WeightOf(result.model, pair.pattern),
                       match::LogFrequency(result.model, pair.pattern, left[pair.left],
                                           right[pair.right], result.frequencies));
    REQUIRE(sum == Approx(static_cast<double>(odds) / std::log(2.0) -
                          std::log2(match::NoMatchShare(result.model)))
                       .margin(0.01));
    // Nobody claims these voters but one row, and that row no other voter.
    const double alone = 1 / (1 + std::exp2(-sum));
    REQUIRE(pair.probability <= Approx(alone).margin(1e-3));
    REQUIRE(evidence.front().comparator == "prior");
    ++checked;
  }
  CHECK(checked > 1000);
}

TEST_CASE("LogFrequency: a rare name in common says more than a common one", "[match]") {
  std::vector<Person> people = MakePeople({.people = 3000, .seed = 21});
  people[0].last = people[1].last = "Zyskowski";
  for (size_t i = 2; i < 200; ++i) people[i].last = "Smith";
  const std::vector<Sketch> rows = SketchesOf(people);
  Frequencies frequencies;
  frequencies.Add(rows);
  Model model;
  model.right_rows = rows.size();
  const auto of = [&](size_t a, size_t b) {
    Pattern pattern = 0;
    match::CompareOne(rows[a], std::span(rows).subspan(b, 1), &pattern);
    REQUIRE(LevelOf(pattern, Comparator::kLastName) == match::last_name::kExact);
    // The last name alone.
    const Pattern last = match::WithLevel(Comparator::kLastName, match::last_name::kExact);
    return match::LogFrequency(model, last, rows[a], rows[b], frequencies);
  };
  CHECK(of(0, 1) < of(2, 3) - 3);
}

TEST_CASE("Model: goes through its proto unchanged", "[match]") {
  std::vector<Sketch> left, right;
  Model model = SomeLink(left, right).model;
  v1::BlockingRule rule;
  rule.set_name("email");
  rule.set_right_rows_per_key_max(7);
  model.rules.push_back(rule);
  const v1::MatchModel proto = match::ToProto(model);
  const auto back = match::FromProto(proto);
  REQUIRE(back.ok());
  CHECK(match::ToProto(*back).SerializeAsString() == proto.SerializeAsString());
}

TEST_CASE("Model: what is no model of this version is refused", "[match]") {
  std::vector<Sketch> left, right;
  const v1::MatchModel good = match::ToProto(SomeLink(left, right).model);
  const auto refused = [&](auto change) {
    v1::MatchModel bad = good;
    change(bad);
    return ReasonOf(match::FromProto(bad).status()) == v1::MODEL_MALFORMED;
  };
  REQUIRE(match::FromProto(good).ok());
  CHECK(refused([](v1::MatchModel& m) { m.Clear(); }));
  CHECK(refused([](v1::MatchModel& m) { m.set_pattern_version(99); }));
  CHECK(refused([](v1::MatchModel& m) { m.set_sketch_version(0); }));
  CHECK(refused([](v1::MatchModel& m) { m.set_left_row_count(-1); }));
  CHECK(refused([](v1::MatchModel& m) { m.set_match_rate(std::nan("")); }));
  CHECK(refused([](v1::MatchModel& m) { m.set_household_rate(-1); }));
  CHECK(refused([](v1::MatchModel& m) { m.mutable_comparators()->RemoveLast(); }));
  CHECK(refused([](v1::MatchModel& m) { m.mutable_comparators(0)->set_name("shoe size"); }));
  CHECK(
      refused([](v1::MatchModel& m) { m.mutable_comparators(1)->mutable_levels()->RemoveLast(); }));
  CHECK(refused(
      [](v1::MatchModel& m) { m.mutable_comparators(2)->mutable_levels(0)->set_match(1.5); }));
  CHECK(refused([](v1::MatchModel& m) {
    m.mutable_comparators(2)->mutable_levels(0)->set_random(std::nan(""));
  }));
  CHECK(refused([](v1::MatchModel& m) { m.add_rules()->set_name("star sign"); }));
  CHECK(refused([](v1::MatchModel& m) {
    m.add_rules()->set_name("email");
    m.mutable_rules(m.rules_size() - 1)->set_right_rows_per_key_max(-1);
  }));
}

}  // namespace
}  // namespace muster
