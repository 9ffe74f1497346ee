// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/tile.h"

#include "core/tlog/checkpoint.h"
#include "tests/support/vectors.h"

namespace muster::tlog {
namespace {

using testing::Must;

TEST_CASE("Tiles are named as the specification names them", "[tlog][vector]") {
  CHECK(TilePath({0, 0}, 256) == "tile/0/000");
  CHECK(TilePath({0, 1234067}, 256) == "tile/0/x001/x234/067");
  CHECK(TilePath({2, 0}, 1) == "tile/2/000.p/1");
  CHECK(TilePath({1, 1000}, 17) == "tile/1/x001/000.p/17");
  CHECK(TilePath({0, 999}, 255) == "tile/0/999.p/255");
  CHECK(TilePath({0, ~uint64_t{0}}, 256) == "tile/0/x018/x446/x744/x073/x709/x551/615");
  CHECK(EntryBundlePath(273, 112) == "tile/entries/273.p/112");
  CHECK(EntryBundlePath(0, 256) == "tile/entries/000");
}

TEST_CASE("A tree of 70,000 has the specification's tiles", "[tlog][vector]") {
  for (uint64_t index = 0; index < 273; ++index) CHECK(TileWidthAt({0, index}, 70'000) == 256);
  CHECK(TileWidthAt({0, 273}, 70'000) == 112);
  CHECK(TileWidthAt({0, 274}, 70'000) == 0);
  CHECK(TileWidthAt({1, 0}, 70'000) == 256);
  CHECK(TileWidthAt({1, 1}, 70'000) == 17);
  CHECK(TileWidthAt({1, 2}, 70'000) == 0);
  CHECK(TileWidthAt({2, 0}, 70'000) == 1);
  CHECK(TileWidthAt({3, 0}, 70'000) == 0);
  CHECK(TileWidthAt({0, 0}, 256) == 256);
  CHECK(TileWidthAt({0, 1}, 256) == 0);
  CHECK(TileWidthAt({1, 0}, 256) == 1);
  CHECK(TileWidthAt({0, 0}, 0) == 0);
  CHECK(TileWidthAt({7, 0}, ~uint64_t{0}) == 255);
  CHECK(TileWidthAt({8, 0}, ~uint64_t{0}) == 0);
  CHECK(TileWidthAt({63, 0}, ~uint64_t{0}) == 0);
  CHECK(TileWidthAt({-1, 0}, 70'000) == 0);
  CHECK(TileWidthAt({0, ~uint64_t{0}}, ~uint64_t{0}) == 0);
}

TEST_CASE("A log that others made is read and proven through its tiles", "[tlog][vector]") {
  const auto log = testing::VectorsPath("tessera-testdata-log/testdata/log");
  const NoteKey key = Must(NoteKey::Parse(
      "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"));
  const std::vector<std::string> words = {"one",    "two",   "three",    "four",    "five",
                                          "six",    "seven", "eit",      "nain",    "ten",
                                          "ileven", "twelf", "threeten", "fourten", "fivten"};
  std::vector<Checkpoint> checkpoints;
  for (uint64_t size = 0; size <= 15; ++size) {
    const std::string note = Must(ReadFile(log / ("checkpoint." + std::to_string(size))));
    checkpoints.push_back(Must(OpenCheckpoint(note, key)));
    CHECK(checkpoints.back().size == size);
  }
  for (uint64_t size = 1; size <= 15; ++size) {
    // Entries first: their hashes must be the tile's.
    const std::string bundle = Must(ReadFile(log / EntryBundlePath(0, TileWidthAt({0, 0}, size))));
    std::string tile;
    std::string_view rest = bundle;
    for (uint64_t i = 0; i < size; ++i) {
      REQUIRE(rest.size() >= 2);
      const size_t length =
          static_cast<uint8_t>(rest[0]) * size_t{256} + static_cast<uint8_t>(rest[1]);
      CHECK(rest.substr(2, length) == words[i]);
      PutBytes(tile, crypto::MerkleLeaf(rest.substr(2, length)));
      rest.remove_prefix(2 + length);
    }
    CHECK(rest.empty());
    TileHashes tiles(
        [&](const TileId& id) { return ReadFile(log / TilePath(id, TileWidthAt(id, size))); });
    CHECK(Must(ReadFile(log / TilePath({0, 0}, static_cast<int>(size)))) == tile);

    const Checkpoint& checkpoint = checkpoints[size];
    CHECK(Must(crypto::RootAt(size, tiles.Function())) == checkpoint.root);
    for (uint64_t index = 0; index < size; ++index) {
      const auto proof = Must(crypto::InclusionProof(index, size, tiles.Function()));
      REQUIRE_OK(crypto::VerifyInclusion(index, size, crypto::MerkleLeaf(words[index]), proof,
                                         checkpoint.root));
    }
    for (uint64_t old_size = 1; old_size <= size; ++old_size) {
      const auto proof = Must(crypto::ConsistencyProof(old_size, size, tiles.Function()));
      REQUIRE_OK(crypto::VerifyConsistency(old_size, size, proof, checkpoints[old_size].root,
                                           checkpoint.root));
    }
  }
}

TEST_CASE("Subtrees out of tiles are the subtrees of the leaves", "[tlog][oracle]") {
  constexpr uint64_t kSize = 256 * 3 + 5;
  std::vector<Bytes32> leaves;
  for (uint64_t i = 0; i < kSize; ++i) leaves.push_back(crypto::MerkleLeaf(std::to_string(i)));
  const auto subtree = [&](int level, uint64_t index) {
    const size_t width = size_t{1} << level;
    return crypto::MerkleRoot(std::span(leaves).subspan(index * width, width));
  };
  int reads = 0;
  TileHashes tiles([&](const TileId& id) -> absl::StatusOr<std::string> {
    ++reads;
    std::string tile;
    for (int i = 0; i < TileWidthAt(id, kSize); ++i) {
      PutBytes(tile, subtree(8 * id.level, id.index * kTileWidth + static_cast<uint64_t>(i)));
    }
    return tile;
  });
  for (int level = 0; level < 10; ++level) {
    for (uint64_t index = 0; (index + 1) << level <= kSize; ++index) {
      REQUIRE(Must(tiles.Subtree(level, index)) == subtree(level, index));
    }
  }
  CHECK(reads == 4 + 1);  // each tile once
}

TEST_CASE("A tile that is short, torn or unreadable is an error", "[tlog][fault]") {
  const auto subtree = [](const std::string& tile, int level, uint64_t index) {
    return TileHashes([&](const TileId&) -> absl::StatusOr<std::string> { return tile; })
        .Subtree(level, index);
  };
  REQUIRE_OK(subtree(std::string(64, 'x'), 0, 1));
  REQUIRE_REASON(subtree(std::string(63, 'x'), 0, 1), v1::STORE_CORRUPT);
  REQUIRE_REASON(subtree("", 0, 0), v1::STORE_CORRUPT);
  REQUIRE_REASON(subtree(std::string(64, 'x'), 2, 0), v1::STORE_CORRUPT);
  TileHashes broken(
      [](const TileId&) -> absl::StatusOr<std::string> { return MakeError(v1::STORE_IO, "no"); });
  REQUIRE_REASON(broken.Subtree(3, 0), v1::STORE_IO);
}

}  // namespace
}  // namespace muster::tlog
