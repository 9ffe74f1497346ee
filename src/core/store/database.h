// SPDX-License-Identifier: Apache-2.0
//
// Database: ordered keys and values in named families, on disk. Store is what the rest of Muster
// asks for; OpenDatabase gives the engine behind it (RocksDB, embedded). Another engine can stand
// in by implementing Store.
//
// Rules: a Batch and a BulkLoad take effect whole or not at all. With Sync::kYes a write survives a
// power cut before it returns; without it, it survives the process but perhaps not the machine, and
// never outlives a later write that was lost. With `key`, every byte of every file is unreadable
// without it (store/encrypted_fs.h); file names, sizes and times are not hidden.
// Errors: INTERNAL (STORE_IO), RESOURCE_EXHAUSTED (DISK_FULL), DATA_LOSS (STORE_CORRUPT; also for a
// wrong key). Messages name paths, never keys or values.
// Threads: Store is safe from anywhere; a Cursor, Batch or BulkLoad belongs to one thread at a
// time.
#ifndef MUSTER_CORE_STORE_DATABASE_H_
#define MUSTER_CORE_STORE_DATABASE_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/secret_bytes.h"

namespace muster::store {

// A family's number is its place in DatabaseOptions::families.
using Family = uint32_t;

enum class Sync { kNo, kYes };

// Writes that belong together, in order.
class Batch {
 public:
  enum class Kind : uint8_t { kPut, kDelete, kDeleteRange };

  void Put(Family family, std::string_view key, std::string_view value) {
    Add(Kind::kPut, family, key, value);
  }
  void Delete(Family family, std::string_view key) { Add(Kind::kDelete, family, key, {}); }
  // All keys in [begin, end).
  void DeleteRange(Family family, std::string_view begin, std::string_view end) {
    Add(Kind::kDeleteRange, family, begin, end);
  }
  void Clear();
  bool empty() const { return steps_.empty(); }
  size_t size() const { return steps_.size(); }
  size_t bytes() const { return bytes_.size(); }

  // For engines: calls visit(kind, family, key, value or end) for each write, in order.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (const Step& step : steps_) {
      const std::string_view both = std::string_view(bytes_).substr(step.offset);
      visit(step.kind, step.family, both.substr(0, step.key_size),
            both.substr(step.key_size, step.value_size));
    }
  }

 private:
  struct Step {
    Kind kind;
    Family family;
    size_t offset;
    size_t key_size;
    size_t value_size;
  };
  void Add(Kind kind, Family family, std::string_view key, std::string_view value);
  std::vector<Step> steps_;
  std::string bytes_;
};

// Walks keys in byte order over the state at its creation. Ask status() once it is no longer valid.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool valid() const = 0;
  // Readable until the cursor moves.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual void Next() = 0;
  // To the first key at or after `key`.
  virtual void Seek(std::string_view key) = 0;
  virtual absl::Status status() const = 0;
};

// Many sorted rows at once, past the write path: tables are written beside the store and become
// part of it in one step, durably.
class BulkLoad {
 public:
  virtual ~BulkLoad() = default;  // without Commit, nothing happened
  // Keys ascend strictly within a family.
  virtual absl::Status Put(Family family, std::string_view key, std::string_view value) = 0;
  virtual absl::Status Delete(Family family, std::string_view key) = 0;
  virtual absl::Status Commit() = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                         std::string_view key) const = 0;
  // Keys in [begin, end); an empty end is no bound.
  virtual std::unique_ptr<Cursor> Scan(Family family, std::string_view begin,
                                       std::string_view end) const = 0;
  virtual absl::Status Write(const Batch& batch, Sync sync) = 0;
  virtual std::unique_ptr<BulkLoad> StartBulkLoad() = 0;
  // Rewrites the family's files, so that what was deleted is no longer in any of them. Slow: it
  // reads the family once.
  virtual absl::Status Compact(Family family) = 0;

  absl::Status Put(Family family, std::string_view key, std::string_view value, Sync sync);
  absl::Status Delete(Family family, std::string_view key, Sync sync);
  std::unique_ptr<Cursor> ScanPrefix(Family family, std::string_view prefix) const;
};

struct DatabaseOptions {
  // Families that are missing are made; the order may grow at the end only by the caller's own
  // care, names are what is on disk.
  std::vector<std::string> families;
  // 32 bytes: everything is encrypted. Null: nothing is. Not needed after OpenDatabase returns.
  const crypto::SecretBytes* key = nullptr;
  size_t cache_bytes = size_t{32} << 20;
  size_t write_buffer_bytes = size_t{16} << 20;  // a family
};

// Opens or makes the database in the folder `path`. One process at a time.
absl::StatusOr<std::unique_ptr<Store>> OpenDatabase(const std::filesystem::path& path,
                                                    const DatabaseOptions& options);

// The smallest key greater than every key that begins with `prefix`; empty when there is none.
std::string PrefixEnd(std::string_view prefix);

}  // namespace muster::store

#endif  // MUSTER_CORE_STORE_DATABASE_H_
