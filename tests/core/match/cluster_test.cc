// SPDX-License-Identifier: Apache-2.0
#include "core/match/cluster.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <random>

namespace muster {
namespace {

using match::Cluster;
using match::RowLink;

// Log odds of pairs by a table; others are plainly two people.
struct Odds {
  std::map<std::pair<uint32_t, uint32_t>, float> of;
  std::vector<uint32_t> Clusters(size_t rows) const {
    std::vector<RowLink> links;
    for (const auto& [pair, odds] : of) links.push_back({pair.first, pair.second, odds});
    return Cluster(rows, links, [this](uint32_t left, uint32_t right) {
      const auto it = of.find({left, right});
      return it == of.end() ? -9.0f : it->second;
    });
  }
};

TEST_CASE("Cluster: rows without links are alone, linked ones together", "[match]") {
  CHECK(Odds{}.Clusters(3) == std::vector<uint32_t>{0, 1, 2});
  CHECK(Odds{{{{1, 2}, 3.0f}}}.Clusters(4) == std::vector<uint32_t>{0, 1, 1, 3});
  CHECK(Odds{{{{1, 2}, -1.0f}}}.Clusters(4) == std::vector<uint32_t>{0, 1, 2, 3});
  CHECK(Cluster(0, {}, nullptr).empty());
}

TEST_CASE("Cluster: a row that fits one of a group and not the others does not join two people",
          "[match]") {
  // Two people of three records each, and one link across.
  Odds odds;
  for (const uint32_t base : {0u, 3u}) {
    odds.of[{base, base + 1}] = odds.of[{base, base + 2}] = odds.of[{base + 1, base + 2}] = 7;
  }
  odds.of[{2, 3}] = 2;
  CHECK(odds.Clusters(6) == std::vector<uint32_t>{0, 0, 0, 3, 3, 3});
}

TEST_CASE("Cluster: one missing link does not keep a person apart", "[match]") {
  Odds odds;
  odds.of[{0, 1}] = odds.of[{1, 2}] = odds.of[{0, 3}] = odds.of[{1, 3}] = odds.of[{2, 3}] = 6;
  odds.of[{0, 2}] = -1;
  CHECK(odds.Clusters(4) == std::vector<uint32_t>{0, 0, 0, 0});
}

TEST_CASE("Cluster: numbering the rows otherwise gives the same groups", "[match]") {
  std::mt19937_64 random(3);
  constexpr uint32_t kRows = 60;
  Odds odds;
  std::uniform_real_distribution<float> same(2, 8);
  std::uniform_real_distribution<float> other(-8, -2);
  for (uint32_t i = 0; i < kRows; ++i) {
    for (uint32_t j = i + 1; j < kRows; ++j)
      odds.of[{i, j}] = i / 4 == j / 4 ? same(random) : other(random);
  }
  const std::vector<uint32_t> before = odds.Clusters(kRows);
  std::vector<uint32_t> at(kRows);
  std::iota(at.begin(), at.end(), 0u);
  std::shuffle(at.begin(), at.end(), random);
  Odds turned;
  for (const auto& [pair, value] : odds.of)
    turned.of[{std::min(at[pair.first], at[pair.second]),
               std::max(at[pair.first], at[pair.second])}] = value;
  const std::vector<uint32_t> after = turned.Clusters(kRows);
  for (uint32_t i = 0; i < kRows; ++i) {
    CHECK(before[i] == i / 4 * 4);
    for (uint32_t j = 0; j < kRows; ++j)
      CHECK((before[i] == before[j]) == (after[at[i]] == after[at[j]]));
  }
}

TEST_CASE("Cluster: long chains are cut at their weakest links and never run away", "[match]") {
  // Chains of people that hang together by faint links, more rows than are decided at once.
  Odds odds;
  constexpr uint32_t kPeople = 200;
  constexpr uint32_t kRecords = 3;
  for (uint32_t person = 0; person < kPeople; ++person) {
    const uint32_t base = person * kRecords;
    for (uint32_t i = 0; i < kRecords; ++i) {
      for (uint32_t j = i + 1; j < kRecords; ++j) odds.of[{base + i, base + j}] = 7.5f;
    }
    if (person + 1 < kPeople) odds.of[{base + 2, base + 3}] = -1.5f;
  }
  const std::vector<uint32_t> clusters = odds.Clusters(kPeople * kRecords);
  for (uint32_t row = 0; row < clusters.size(); ++row)
    CHECK(clusters[row] == row / kRecords * kRecords);
}

TEST_CASE("Cluster: a thousand copies of one row are one group", "[match]") {
  Odds odds;
  for (uint32_t row = 0; row + 1 < 1000; ++row) odds.of[{row, row + 1}] = 12;
  const std::vector<uint32_t> clusters = odds.Clusters(1000);
  CHECK(std::all_of(clusters.begin(), clusters.end(), [](uint32_t row) { return row == 0; }));
}

}  // namespace
}  // namespace muster
