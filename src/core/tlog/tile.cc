// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/tile.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::tlog {
namespace {

constexpr int kTileHeight = 8;  // 2^8 = kTileWidth

// "x001/x234/067", and the width when the tile is partial.
std::string IndexPath(uint64_t index, int width) {
  MUSTER_CHECK(width >= 1 && width <= static_cast<int>(kTileWidth));
  std::string digits = std::to_string(index);
  digits.insert(0, (3 - digits.size() % 3) % 3, '0');
  std::string path;
  for (size_t at = 0; at < digits.size(); at += 3) {
    const bool last = at + 3 == digits.size();
    path += (last ? "" : "x") + digits.substr(at, 3) + (last ? "" : "/");
  }
  if (width < static_cast<int>(kTileWidth)) path += ".p/" + std::to_string(width);
  return path;
}

}  // namespace

std::string TilePath(const TileId& id, int width) {
  return "tile/" + std::to_string(id.level) + "/" + IndexPath(id.index, width);
}

std::string EntryBundlePath(uint64_t index, int width) {
  return "tile/entries/" + IndexPath(index, width);
}

int TileWidthAt(const TileId& id, uint64_t size) {
  if (id.level < 0 || id.level * kTileHeight >= 64) return 0;
  const uint64_t hashes = size >> (id.level * kTileHeight);
  if (id.index > hashes / kTileWidth) return 0;
  return static_cast<int>(std::min(kTileWidth, hashes - id.index * kTileWidth));
}

absl::StatusOr<Bytes32> TileHashes::Subtree(int level, uint64_t index) {
  MUSTER_CHECK(level >= 0 && level < 64);
  // The subtree's hash, or the 2^within hashes of the tile from which it follows; they never
  // straddle two tiles.
  const int within = level % kTileHeight;
  const uint64_t first = index << within;
  const size_t count = size_t{1} << within;
  const TileId id{level / kTileHeight, first / kTileWidth};
  auto cached = cache_.find(id);
  if (cached == cache_.end()) {
    MUSTER_ASSIGN_OR_RETURN(std::string tile, read_(id));
    cached = cache_.emplace(id, std::move(tile)).first;
  }
  const size_t from = static_cast<size_t>(first % kTileWidth) * sizeof(Bytes32);
  if (cached->second.size() < from + count * sizeof(Bytes32)) {
    return MakeError(v1::STORE_CORRUPT, TilePath(id, kTileWidth) + " has too few hashes");
  }
  std::array<Bytes32, kTileWidth> hashes;
  std::memcpy(hashes.data(), cached->second.data() + from, count * sizeof(Bytes32));
  return crypto::MerkleRoot(std::span(hashes).first(count));
}

}  // namespace muster::tlog
