// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/tile.h"

#include <algorithm>
#include <array>
#include <charconv>
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

std::optional<TileRequest> ParseTilePath(std::string_view path) {
  constexpr std::string_view kTile = "tile/";
  constexpr std::string_view kEntries = "entries/";
  constexpr std::string_view kPartial = ".p/";
  constexpr size_t kPathBytesMax = 64;
  if (path.size() > kPathBytesMax || !path.starts_with(kTile)) return std::nullopt;
  const auto number = [](std::string_view digits, uint64_t& out) {
    const char* const end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, out);
    return error == std::errc() && rest == end;
  };
  std::string_view rest = path.substr(kTile.size());
  TileRequest request;
  if (rest.starts_with(kEntries)) {
    request.entries = true;
    rest.remove_prefix(kEntries.size());
  } else {
    const size_t slash = rest.find('/');
    uint64_t level = 0;
    if (slash == std::string_view::npos || !number(rest.substr(0, slash), level) || level > 63)
      return std::nullopt;
    request.id.level = static_cast<int>(level);
    rest.remove_prefix(slash + 1);
  }
  if (const size_t partial = rest.find(kPartial); partial != std::string_view::npos) {
    uint64_t width = 0;
    if (!number(rest.substr(partial + kPartial.size()), width) || width < 1 || width >= kTileWidth)
      return std::nullopt;
    request.width = static_cast<int>(width);
    rest = rest.substr(0, partial);
  }
  std::string digits;
  for (const char c : rest) {
    if (c != 'x' && c != '/') digits.push_back(c);
  }
  if (!number(digits, request.id.index)) return std::nullopt;
  // Whatever else is wrong with it (zeroes, slashes, signs), it is then not what we would write.
  const std::string canonical = request.entries ? EntryBundlePath(request.id.index, request.width)
                                                : TilePath(request.id, request.width);
  if (canonical != path) return std::nullopt;
  return request;
}

std::string FormatEntryBundle(std::span<const Bytes32> commitments) {
  std::string bundle;
  for (const Bytes32& commitment : commitments) {
    PutU8(bundle, 0);
    PutU8(bundle, static_cast<uint8_t>(commitment.size()));
    PutBytes(bundle, commitment);
  }
  return bundle;
}

std::optional<std::vector<std::string_view>> ParseEntryBundle(std::string_view bundle) {
  std::vector<std::string_view> entries;
  ByteReader reader(bundle);
  while (reader.remaining() > 0 && !reader.failed() && entries.size() < kTileWidth) {
    const size_t high = reader.U8();
    entries.push_back(reader.Take(high * 256 + reader.U8()));
  }
  if (!reader.Done()) return std::nullopt;
  return entries;
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
