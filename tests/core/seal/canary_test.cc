// SPDX-License-Identifier: Apache-2.0
#include "core/seal/canary.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/crypto/merkle.h"
#include "tests/core/seal/sealed_batch.h"

namespace muster {
namespace {

using testing::Must;

crypto::SecretBytes Seed(uint8_t value) {
  return crypto::SecretBytes::CopyOf(testing::Parties::Filled<32>(value));
}

std::vector<seal::PlacedCanary> Two() { return {{"ada@example.org", 3}, {"bo@example.org", 900}}; }

}  // namespace

TEST_CASE("Canary: each opens, and nothing else does", "[seal][canary]") {
  const seal::CanaryTree tree = Must(seal::CanaryTree::Make(Seed(1), 7, Two()));
  for (size_t i = 0; i < 2; ++i) {
    const seal::CanaryOpening good = tree.Open(i);
    CHECK(good.address == Two()[i].address);
    CHECK(good.index == Two()[i].index);
    REQUIRE_OK(seal::VerifyCanaryOpening(good, tree.commitment()));
    const auto refused = [&](auto bend) {
      seal::CanaryOpening bent = good;
      bend(bent);
      REQUIRE_REASON(seal::VerifyCanaryOpening(bent, tree.commitment()), v1::CANARY_MALFORMED);
    };
    refused([](auto& o) { o.address = "cy@example.org"; });
    refused([](auto& o) { o.address.clear(); });
    refused([](auto& o) { ++o.index; });
    refused([](auto& o) { o.salt[31] ^= 1; });
    refused([](auto& o) { o.slot ^= 1; });
    refused([](auto& o) { o.slot = 64; });
    refused([](auto& o) { o.path.pop_back(); });
    refused([](auto& o) { o.path.push_back({}); });
    for (size_t hash = 0; hash < good.path.size(); ++hash)
      refused([&](auto& o) { o.path[hash][0] ^= 0x80; });
  }
}

TEST_CASE("Canary: sealing anew commits to the same, another batch or upload to another",
          "[seal][canary]") {
  const auto commit = [](uint8_t seed, uint32_t sequence, std::vector<seal::PlacedCanary> placed) {
    return Must(seal::CanaryTree::Make(Seed(seed), sequence, std::move(placed))).commitment();
  };
  CHECK(commit(1, 7, Two()) == commit(1, 7, Two()));
  const std::set<Bytes32> all = {commit(1, 7, Two()), commit(2, 7, Two()), commit(1, 8, Two()),
                                 commit(1, 7, {}),    commit(2, 7, {}),    commit(1, 8, {})};
  CHECK(all.size() == 6);
}

TEST_CASE("Canary: a batch takes 64, and an opening tells nothing of the others",
          "[seal][canary]") {
  std::vector<seal::PlacedCanary> placed;
  std::set<uint8_t> slots;
  for (uint16_t i = 0; i < 64; ++i) placed.push_back({"c" + std::to_string(i) + "@x.org", i});
  const seal::CanaryTree full = Must(seal::CanaryTree::Make(Seed(1), 0, placed));
  for (size_t i = 0; i < 64; ++i) {
    const seal::CanaryOpening opening = full.Open(i);
    REQUIRE_OK(seal::VerifyCanaryOpening(opening, full.commitment()));
    CHECK(opening.path.size() == seal::kCanaryPathHashes);
    slots.insert(opening.slot);
  }
  CHECK(slots.size() == 64);
  placed.push_back({"one.more@x.org", 64});
  REQUIRE_REASON(seal::CanaryTree::Make(Seed(1), 0, placed), v1::CANARY_MALFORMED);
  // The place among the slots is drawn: the first canary is in another slot of another batch.
  std::set<uint8_t> first;
  for (uint32_t sequence = 0; sequence < 40; ++sequence)
    first.insert(Must(seal::CanaryTree::Make(Seed(1), sequence, Two())).Open(0).slot);
  CHECK(first.size() > 10);
}

TEST_CASE("Canary: every header has a commitment of one size, given or random", "[seal][canary]") {
  const testing::Parties parties;
  const seal::Sealer sealer = parties.Sealer();
  seal::RecordBlock with = testing::BlockOf({100, 100});
  const seal::CanaryTree tree = Must(seal::CanaryTree::Make(Seed(1), 0, {{"ada@x.org", 1}}));
  with.set_canary(tree.commitment());
  const seal::SealedBatch given = Must(sealer.Seal(0, with, 1));
  const seal::SealedBatch drawn = Must(sealer.Seal(0, testing::BlockOf({100, 100}), 1));
  const seal::SealedBatch again = Must(sealer.Seal(0, testing::BlockOf({100, 100}), 1));
  CHECK(given.envelope.size() == drawn.envelope.size());
  CHECK(Must(seal::ParseEnvelope(given.envelope)).header.canary == tree.commitment());
  CHECK(Must(seal::ParseEnvelope(drawn.envelope)).header.canary !=
        Must(seal::ParseEnvelope(again.envelope)).header.canary);
  // A block that was used goes back without what it committed to.
  with.Clear();
  CHECK(!with.canary().has_value());
}

}  // namespace muster
