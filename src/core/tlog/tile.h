// SPDX-License-Identifier: Apache-2.0
//
// Tiles: the log's tree cut into pieces of at most 256 hashes, named as C2SP tlog-tiles names them.
//
// Tile (level L, index N) holds the hashes of the tree's level 8*L, numbers 256*N up to 256*N+255;
// a partial tile holds the first W of them.
// Threads: pure.
// Source: C2SP tlog-tiles v0.1.0.
#ifndef MUSTER_CORE_TLOG_TILE_H_
#define MUSTER_CORE_TLOG_TILE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/crypto/merkle.h"

namespace muster::tlog {

inline constexpr uint64_t kTileWidth = 256;

struct TileId {
  int level = 0;
  uint64_t index = 0;
  auto operator<=>(const TileId&) const = default;
};

// "tile/0/x001/x234/067" and, when width < 256, ".p/W". Entry bundles: "tile/entries/...".
std::string TilePath(const TileId& id, int width);
std::string EntryBundlePath(uint64_t index, int width);

// What a path asks for. Nothing unless it is exactly what TilePath or EntryBundlePath writes.
struct TileRequest {
  bool entries = false;  // an entry bundle; `id.level` is 0 then
  TileId id;
  int width = static_cast<int>(kTileWidth);
  friend bool operator==(const TileRequest&, const TileRequest&) = default;
};
std::optional<TileRequest> ParseTilePath(std::string_view path);

// An entry bundle: each entry's length in two bytes, big end first, and its bytes. Our log's
// entries are commitments, 32 bytes each. Parse: nothing when it is torn; views into `bundle`.
std::string FormatEntryBundle(std::span<const Bytes32> commitments);
std::optional<std::vector<std::string_view>> ParseEntryBundle(std::string_view bundle);

// How many hashes the tile has in a tree of `size` leaves (0 when it does not exist).
int TileWidthAt(const TileId& id, uint64_t size);

// Reads the tile's bytes (32 a hash; may hold more than asked).
using ReadTile = std::function<absl::StatusOr<std::string>(const TileId&)>;

// Hashes of complete subtrees out of tiles: what merkle.h's proofs ask for. Cache is per object.
class TileHashes {
 public:
  explicit TileHashes(ReadTile read) : read_(std::move(read)) {}
  absl::StatusOr<Bytes32> Subtree(int level, uint64_t index);
  crypto::SubtreeHash Function() {
    return [this](int level, uint64_t index) { return Subtree(level, index); };
  }

 private:
  ReadTile read_;
  std::map<TileId, std::string> cache_;
};

}  // namespace muster::tlog

#endif  // MUSTER_CORE_TLOG_TILE_H_
