// SPDX-License-Identifier: Apache-2.0
#include "core/store/log_store.h"

#include <optional>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::store {
namespace {

constexpr Family kEntries = 0;
constexpr Family kTiles = 1;
constexpr Family kHead = 2;
constexpr std::string_view kSizeKey = "size";
constexpr std::string_view kCheckpointKey = "checkpoint";

std::string IndexKey(uint64_t index) {
  std::string key;
  PutBe64(key, index);
  return key;
}

std::string TileKey(const tlog::TileId& id) {
  std::string key;
  PutU8(key, static_cast<uint8_t>(id.level));
  PutBe64(key, id.index);
  return key;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogStore>> LogStore::Open(const std::filesystem::path& path) {
  DatabaseOptions options;
  options.families = {"entries", "tiles", "head"};
  MUSTER_ASSIGN_OR_RETURN(auto store, OpenDatabase(path, options));
  return std::unique_ptr<LogStore>(new LogStore(std::move(store)));
}

absl::Status LogStore::Write(const Commit& commit) {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t size, ReadSize());
  if (commit.first_index != size) {
    return MakeError(v1::LOG_FORKED, "the log's store has " + std::to_string(size) +
                                         " entries, the commit begins at " +
                                         std::to_string(commit.first_index) + "; reopen the log");
  }
  Batch batch;
  uint64_t index = commit.first_index;
  for (const tlog::Entry& entry : commit.entries) {
    batch.Put(kEntries, IndexKey(index++), ToString(entry.salt) + entry.body);
  }
  for (const Tile& tile : commit.tiles) batch.Put(kTiles, TileKey(tile.id), tile.hashes);
  batch.Put(kHead, kSizeKey, IndexKey(index));
  return store_->Write(batch, Sync::kYes);
}

absl::Status LogStore::WriteCheckpoint(const std::string& note) {
  return store_->Put(kHead, kCheckpointKey, note, Sync::kYes);
}

absl::StatusOr<uint64_t> LogStore::ReadSize() {
  MUSTER_ASSIGN_OR_RETURN(const std::optional<std::string> value, store_->Get(kHead, kSizeKey));
  if (!value) return 0;
  ByteReader reader(*value);
  const uint64_t size = reader.Be64();
  if (!reader.Done())
    return MakeError(v1::STORE_CORRUPT,
                     "the log's store has a malformed size; restore it from a backup");
  return size;
}

absl::StatusOr<std::string> LogStore::ReadCheckpoint() {
  MUSTER_ASSIGN_OR_RETURN(std::optional<std::string> value, store_->Get(kHead, kCheckpointKey));
  return std::move(value).value_or("");
}

absl::StatusOr<std::string> LogStore::ReadTile(const tlog::TileId& id) {
  MUSTER_ASSIGN_OR_RETURN(std::optional<std::string> value, store_->Get(kTiles, TileKey(id)));
  if (!value) {
    return absl::NotFoundError("no tile of level " + std::to_string(id.level) + ", index " +
                               std::to_string(id.index));
  }
  return *std::move(value);
}

absl::StatusOr<tlog::Entry> LogStore::ReadEntry(uint64_t index) {
  MUSTER_ASSIGN_OR_RETURN(std::optional<std::string> value, store_->Get(kEntries, IndexKey(index)));
  if (!value) return absl::NotFoundError("no log entry " + std::to_string(index));
  if (value->size() < 32) {
    return MakeError(v1::STORE_CORRUPT, "log entry " + std::to_string(index) +
                                            " is too short; restore the store from a backup");
  }
  tlog::Entry entry;
  entry.salt = *ToArray<32>(std::string_view(*value).substr(0, 32));
  entry.body = value->substr(32);
  return entry;
}

}  // namespace muster::store
