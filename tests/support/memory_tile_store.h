// SPDX-License-Identifier: Apache-2.0
//
// MemoryTileStore: a log's keeper in memory, that can be told to fail, and that holds the log to
// its promises: tiles grow and never change, and nothing is signed before it is written.
#ifndef MUSTER_TESTS_SUPPORT_MEMORY_TILE_STORE_H_
#define MUSTER_TESTS_SUPPORT_MEMORY_TILE_STORE_H_

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/tlog/log.h"

namespace muster::testing {

class MemoryTileStore : public tlog::TileStore {
 public:
  absl::Status Write(const Commit& commit) override {
    std::lock_guard lock(mutex_);
    if (fail_writes) return MakeError(v1::DISK_FULL, "no space left");
    MUSTER_CHECK(commit.first_index == entries.size());
    MUSTER_CHECK(!commit.entries.empty());
    for (const Tile& tile : commit.tiles) {
      std::string& hashes = tiles[tile.id];
      MUSTER_CHECK(tile.hashes.size() > hashes.size() &&
                   tile.hashes.substr(0, hashes.size()) == hashes);
      hashes = tile.hashes;
    }
    entries.insert(entries.end(), commit.entries.begin(), commit.entries.end());
    ++commits;
    return absl::OkStatus();
  }
  absl::Status WriteCheckpoint(const std::string& note) override {
    std::lock_guard lock(mutex_);
    if (fail_checkpoints) return MakeError(v1::DISK_FULL, "no space left");
    const auto text = tlog::ParseCheckpoint(tlog::ParseNote(note).value().text);
    MUSTER_CHECK(text.ok() && text->size == entries.size());
    checkpoint = note;
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> ReadSize() override {
    std::lock_guard lock(mutex_);
    return entries.size();
  }
  absl::StatusOr<std::string> ReadCheckpoint() override {
    std::lock_guard lock(mutex_);
    return checkpoint;
  }
  absl::StatusOr<std::string> ReadTile(const tlog::TileId& id) override {
    std::lock_guard lock(mutex_);
    ++tile_reads;
    if (fail_reads) return MakeError(v1::STORE_IO, "cannot read");
    const auto found = tiles.find(id);
    if (found == tiles.end()) return absl::NotFoundError("no such tile");
    return found->second;
  }
  absl::StatusOr<tlog::Entry> ReadEntry(uint64_t index) override {
    std::lock_guard lock(mutex_);
    if (index >= entries.size()) return absl::NotFoundError("no such entry");
    return entries[index];
  }

  // For tests to look at and to break while no log uses the store.
  std::vector<tlog::Entry> entries;
  std::map<tlog::TileId, std::string> tiles;
  std::string checkpoint;
  int commits = 0;
  int tile_reads = 0;
  bool fail_writes = false;
  bool fail_checkpoints = false;
  bool fail_reads = false;

 private:
  std::mutex mutex_;
};

}  // namespace muster::testing

#endif  // MUSTER_TESTS_SUPPORT_MEMORY_TILE_STORE_H_
