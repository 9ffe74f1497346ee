// SPDX-License-Identifier: Apache-2.0
#include "core/report/sample.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "core/crypto/hash.h"
#include "tests/support/status.h"

namespace muster::report {
namespace {

tlog::Checkpoint CheckpointOf(uint8_t first) {
  tlog::Checkpoint checkpoint{"muster.example/log", 10, {}};
  checkpoint.root[0] = first;
  return checkpoint;
}

TEST_CASE("A sample holds each number once, all of a small population, 32 of a large one",
          "[report]") {
  const std::string signature(64, 's');
  for (const uint64_t population : {0, 1, 5, 31, 32, 33, 1000, 1'000'000}) {
    const std::vector<uint64_t> drawn = DrawSample(CheckpointOf(1), signature, population);
    CHECK(drawn.size() == std::min<uint64_t>(population, 32));
    CHECK(std::set<uint64_t>(drawn.begin(), drawn.end()).size() == drawn.size());
    for (const uint64_t number : drawn) CHECK(number < population);
  }
}

TEST_CASE("Another root or another signature draws another sample", "[report]") {
  const std::string signature(64, 's');
  const auto drawn = DrawSample(CheckpointOf(1), signature, 1'000'000);
  CHECK(drawn == DrawSample(CheckpointOf(1), signature, 1'000'000));
  CHECK(drawn != DrawSample(CheckpointOf(2), signature, 1'000'000));
  CHECK(drawn != DrawSample(CheckpointOf(1), std::string(64, 't'), 1'000'000));
}

TEST_CASE("Each number is drawn about as often as any other", "[report][stat]") {
  // 1,000 draws of 32 of 100: each 320 times, give or take; six standard deviations are 89.
  std::vector<int> counts(100);
  for (int i = 0; i < 1000; ++i) {
    const std::string signature = ToString(crypto::Blake2b256("seed " + std::to_string(i)));
    for (const uint64_t number : DrawSample(CheckpointOf(1), signature, 100)) ++counts[number];
  }
  CHECK(*std::min_element(counts.begin(), counts.end()) > 320 - 89);
  CHECK(*std::max_element(counts.begin(), counts.end()) < 320 + 89);
}

TEST_CASE("The signature that draws is over the checkpoint, whoever else signed its note",
          "[report]") {
  const crypto::SigningKey key = crypto::SigningKey::Generate();
  const tlog::Checkpoint checkpoint = CheckpointOf(1);
  const std::string signature = SignSample(checkpoint, key);
  CHECK(signature == SignSample(checkpoint, key));
  REQUIRE_OK(VerifySample(checkpoint, key.verify_key(), signature));
  REQUIRE_REASON(VerifySample(CheckpointOf(2), key.verify_key(), signature), v1::SIGNATURE_INVALID);
}

}  // namespace
}  // namespace muster::report
