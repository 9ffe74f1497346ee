// SPDX-License-Identifier: Apache-2.0
//
// Log store: keeps the transparency log's entries, tiles and checkpoint for tlog::Log, in a
// database of its own, every write synced.
//
// Families: "entries" BE64(index) -> salt (32) | body; "tiles" level (1) | BE64(index) -> hashes;
// "head" -> "size" (BE64), "checkpoint" (signed note).
// Rule: Write refuses a commit that does not begin where the entries end (LOG_FORKED), so that two
// writers cannot interleave.
// Errors: those of store/database.h; NOT_FOUND for tiles and entries that are not there.
// Threads: safe from anywhere.
#ifndef MUSTER_CORE_STORE_LOG_STORE_H_
#define MUSTER_CORE_STORE_LOG_STORE_H_

#include <filesystem>
#include <memory>
#include <string>

#include "core/store/database.h"
#include "core/tlog/log.h"

namespace muster::store {

class LogStore : public tlog::TileStore {
 public:
  // Opens or makes the database in the folder `path`.
  static absl::StatusOr<std::unique_ptr<LogStore>> Open(const std::filesystem::path& path);

  absl::Status Write(const Commit& commit) override;
  absl::Status WriteCheckpoint(const std::string& note) override;
  absl::StatusOr<uint64_t> ReadSize() override;
  absl::StatusOr<std::string> ReadCheckpoint() override;
  absl::StatusOr<std::string> ReadTile(const tlog::TileId& id) override;
  absl::StatusOr<tlog::Entry> ReadEntry(uint64_t index) override;

 private:
  explicit LogStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}
  std::unique_ptr<Store> store_;
};

}  // namespace muster::store

#endif  // MUSTER_CORE_STORE_LOG_STORE_H_
