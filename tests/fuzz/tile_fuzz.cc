// SPDX-License-Identifier: Apache-2.0
//
// The input is a level, an index and a tile's bytes, perhaps torn: a subtree's hash either is the
// one of those bytes or fails.
#include <cstdint>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/tlog/tile.h"

namespace muster::tlog {
namespace {

void ReadSubtree(std::string_view input) {
  ByteReader reader(input);
  const int level = reader.U8() % 64;
  const uint64_t index = reader.U64() >> level;  // there are no others
  if (reader.failed()) return;
  const std::string bytes(reader.Take(reader.remaining()));

  TileId asked;
  TileHashes tiles([&](const TileId& id) -> absl::StatusOr<std::string> {
    asked = id;
    return bytes;
  });
  const auto hash = tiles.Subtree(level, index);
  MUSTER_CHECK(asked.level == level / 8);
  const uint64_t first = index << (level % 8);
  const size_t count = size_t{1} << (level % 8);
  MUSTER_CHECK(asked.index == first / kTileWidth);
  const size_t end = (first % kTileWidth + count) * 32;
  MUSTER_CHECK(hash.ok() == (bytes.size() >= end));
  MUSTER_CHECK(tiles.Subtree(level, index).ok() == hash.ok());
  if (!hash.ok()) return;
  crypto::MerkleFrontier frontier;
  ByteReader hashes(std::string_view(bytes).substr(end - count * 32, count * 32));
  while (hashes.remaining() > 0) frontier.Append(hashes.Array<32>());
  MUSTER_CHECK(frontier.Root() == *hash);
}

void NameTile(std::string_view input) {
  ByteReader reader(input);
  const TileId id{reader.U8() % 64, reader.U64()};
  const int width = TileWidthAt(id, reader.U64());
  MUSTER_CHECK(width >= 0 && width <= static_cast<int>(kTileWidth));
  if (width == 0) return;
  const std::string path = TilePath(id, width);
  MUSTER_CHECK((path.find(".p/") == std::string::npos) == (width == 256));
  MUSTER_CHECK(path.size() <= 64);
}

}  // namespace
}  // namespace muster::tlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  muster::tlog::ReadSubtree(input);
  muster::tlog::NameTile(input);
  return 0;
}
