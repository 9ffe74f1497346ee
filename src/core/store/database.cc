// SPDX-License-Identifier: Apache-2.0
#include "core/store/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/store/encrypted_fs.h"

namespace muster::store {
namespace {

namespace fs = std::filesystem;

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// RocksDB's messages name files and say nothing of keys (allow_data_in_errors is off).
absl::Status FromRocks(const rocksdb::Status& status, const fs::path& path) {
  if (status.ok()) return absl::OkStatus();
  const std::string what = "the store " + path.string() + ": " + status.ToString();
  if (status.IsNoSpace())
    return MakeError(v1::DISK_FULL, what + "; free some space, then repeat the call");
  if (status.IsCorruption())
    return MakeError(v1::STORE_CORRUPT, what + "; restore it from a backup");
  return MakeError(v1::STORE_IO, what);
}

class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::Options MakeOptions(const DatabaseOptions& options, rocksdb::Env* env) {
  rocksdb::Options out;
  if (env != nullptr) out.env = env;
  out.create_if_missing = true;
  out.create_missing_column_families = true;
  out.info_log = std::make_shared<SilentLogger>();
  out.info_log_level = rocksdb::InfoLogLevel::FATAL_LEVEL;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  out.max_background_jobs = 2;
  out.max_open_files = 512;
  out.recycle_log_file_num = 0;  // recycled logs would meet their key stream twice
  out.allow_mmap_reads = false;
  out.allow_mmap_writes = false;
  out.write_buffer_size = options.write_buffer_bytes;
  out.compression =
      rocksdb::kNoCompression;  // keys are tokens; and lengths say nothing about contents
  out.compaction_readahead_size = size_t{2} << 20;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.cache_bytes);
  table.block_size = 16 << 10;
  table.cache_index_and_filter_blocks = true;
  table.checksum = rocksdb::kXXH3;  // Debian's build has no hardware CRC32
  table.format_version = 5;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return out;
}

class RocksCursor : public Cursor {
 public:
  RocksCursor(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family, std::string_view begin,
              std::string_view end, const fs::path& path)
      : end_(end), end_slice_(end_), path_(path) {
    rocksdb::ReadOptions read;
    if (!end_.empty()) read.iterate_upper_bound = &end_slice_;
    read.fill_cache = false;
    read.readahead_size = 0;  // grows by itself on sequential reads
    iterator_.reset(db->NewIterator(read, family));
    iterator_->Seek(ToSlice(begin));
  }
  bool valid() const override { return iterator_->Valid(); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  void Next() override { iterator_->Next(); }
  void Seek(std::string_view key) override { iterator_->Seek(ToSlice(key)); }
  absl::Status status() const override { return FromRocks(iterator_->status(), path_); }

 private:
  std::string end_;
  rocksdb::Slice end_slice_;
  const fs::path& path_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksStore : public Store {
 public:
  RocksStore(fs::path path, EncryptedEnv env) : path_(std::move(path)), env_(std::move(env)) {}

  ~RocksStore() override {
    if (db_ == nullptr) return;
    for (rocksdb::ColumnFamilyHandle* handle : all_) db_->DestroyColumnFamilyHandle(handle);
    db_->Close();
    db_.reset();
  }

  absl::Status Open(const DatabaseOptions& options) {
    options_ = MakeOptions(options, env_.env.get());
    std::vector<std::string> there;
    const rocksdb::Status listed =
        rocksdb::DB::ListColumnFamilies(options_, path_.string(), &there);
    if (listed.ok()) {
      std::erase(there, rocksdb::kDefaultColumnFamilyName);
    } else if (fs::exists(path_ / "CURRENT")) {
      return OpenError(listed);
    }
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors = {
        {rocksdb::kDefaultColumnFamilyName, options_}};
    for (const std::string& name : options.families) {
      descriptors.emplace_back(name, options_);
      std::erase(there, name);
    }
    if (!there.empty()) {
      return MakeError(v1::STORE_CORRUPT,
                       "the store " + path_.string() + " has a family " + there.front() +
                           " that this version does not know; use the version that wrote it");
    }
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::Open(options_, path_.string(), descriptors, &all_, &db);
    if (!status.ok()) return OpenError(status);
    db_.reset(db);
    std::error_code ignored;
    fs::remove_all(LoadFolder(), ignored);  // what an interrupted bulk load left
    return MakeDirectories(LoadFolder());
  }

  absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                 std::string_view key) const override {
    std::string value;
    const rocksdb::Status status = db_->Get({}, Handle(family), ToSlice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return FromRocks(status, path_);
    return std::optional<std::string>(std::move(value));
  }

  std::unique_ptr<Cursor> Scan(Family family, std::string_view begin,
                               std::string_view end) const override {
    return std::make_unique<RocksCursor>(db_.get(), Handle(family), begin, end, path_);
  }

  absl::Status Write(const Batch& batch, Sync sync) override {
    MUSTER_RETURN_IF_ERROR(Recover());
    rocksdb::WriteBatch writes(batch.bytes() + batch.size() * 16);
    rocksdb::Status status;
    batch.ForEach(
        [&](Batch::Kind kind, Family family, std::string_view key, std::string_view value) {
          if (!status.ok()) return;
          rocksdb::ColumnFamilyHandle* handle = Handle(family);
          if (kind == Batch::Kind::kPut) status = writes.Put(handle, ToSlice(key), ToSlice(value));
          if (kind == Batch::Kind::kDelete) status = writes.Delete(handle, ToSlice(key));
          if (kind == Batch::Kind::kDeleteRange)
            status = writes.DeleteRange(handle, ToSlice(key), ToSlice(value));
        });
    rocksdb::WriteOptions write;
    write.sync = sync == Sync::kYes;
    if (status.ok()) status = db_->Write(write, &writes);
    return Watched(status);
  }

  std::unique_ptr<BulkLoad> StartBulkLoad() override;

  absl::Status Compact(Family family) override {
    rocksdb::CompactRangeOptions compact;
    compact.exclusive_manual_compaction = false;
    // Tables that were ingested deep lie below tombstones written later; forcing the lowest level
    // leaves none behind.
    compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    return Watched(db_->CompactRange(compact, Handle(family), nullptr, nullptr));
  }

  rocksdb::ColumnFamilyHandle* Handle(Family family) const {
    MUSTER_CHECK(family + 1 < all_.size());
    return all_[family + 1];
  }
  rocksdb::DB* db() const { return db_.get(); }
  const rocksdb::Options& options() const { return options_; }
  const fs::path& path() const { return path_; }
  fs::path LoadFolder() const { return path_ / "load"; }
  std::string NewLoadFile() {
    return (LoadFolder() / (std::to_string(load_files_++) + ".sst")).string();
  }

  // Remembers that RocksDB stopped writing (a full disk), so that the next write first asks it to
  // go on.
  absl::Status Watched(const rocksdb::Status& status) {
    if (!status.ok()) failed_.store(true);
    return FromRocks(status, path_);
  }
  absl::Status Recover() {
    if (!failed_.load()) return absl::OkStatus();
    const rocksdb::Status status = db_->Resume();
    if (status.IsBusy())
      return absl::OkStatus();  // it is recovering already; the write itself will say how that
                                // stands
    if (status.ok()) failed_.store(false);
    return FromRocks(status, path_);
  }

 private:
  absl::Status OpenError(const rocksdb::Status& status) const {
    if (env_.wrong_key != nullptr && env_.wrong_key->load()) {
      return MakeError(
          v1::STORE_CORRUPT,
          "the store " + path_.string() +
              " is not encrypted under this store key; open it with the home it belongs to");
    }
    if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
      return MakeError(v1::STORE_IO, "the store " + path_.string() +
                                         " is in use by another process; stop that one first");
    }
    return FromRocks(status, path_);
  }

  fs::path path_;
  EncryptedEnv env_;
  rocksdb::Options options_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> all_;  // the default family first
  std::atomic<uint64_t> load_files_{0};
  std::atomic<bool> failed_{false};
};

class RocksBulkLoad : public BulkLoad {
 public:
  explicit RocksBulkLoad(RocksStore* store) : store_(store) {}

  ~RocksBulkLoad() override {
    for (auto& [family, table] : tables_) {
      std::error_code ignored;
      table.writer.reset();
      fs::remove(table.path, ignored);  // gone already when it was ingested
    }
  }

  absl::Status Put(Family family, std::string_view key, std::string_view value) override {
    MUSTER_ASSIGN_OR_RETURN(rocksdb::SstFileWriter * writer, Writer(family));
    return FromRocks(writer->Put(ToSlice(key), ToSlice(value)), store_->path());
  }

  absl::Status Delete(Family family, std::string_view key) override {
    MUSTER_ASSIGN_OR_RETURN(rocksdb::SstFileWriter * writer, Writer(family));
    return FromRocks(writer->Delete(ToSlice(key)), store_->path());
  }

  absl::Status Commit() override {
    MUSTER_RETURN_IF_ERROR(store_->Recover());
    std::vector<rocksdb::IngestExternalFileArg> args;
    for (auto& [family, table] : tables_) {
      MUSTER_RETURN_IF_ERROR(FromRocks(table.writer->Finish(), store_->path()));
      table.writer.reset();
      rocksdb::IngestExternalFileArg arg;
      arg.column_family = store_->Handle(family);
      arg.external_files = {table.path};
      arg.options.move_files = true;
      arg.options.write_global_seqno = false;  // would patch the file under its nonce
      args.push_back(std::move(arg));
    }
    if (args.empty()) return absl::OkStatus();
    return store_->Watched(store_->db()->IngestExternalFiles(args));
  }

 private:
  struct Table {
    std::string path;
    std::unique_ptr<rocksdb::SstFileWriter> writer;
  };

  absl::StatusOr<rocksdb::SstFileWriter*> Writer(Family family) {
    auto found = tables_.find(family);
    if (found == tables_.end()) {
      Table table;
      table.path = store_->NewLoadFile();
      table.writer = std::make_unique<rocksdb::SstFileWriter>(
          rocksdb::EnvOptions(), store_->options(), store_->Handle(family),
          /*invalidate_page_cache=*/false);
      MUSTER_RETURN_IF_ERROR(FromRocks(table.writer->Open(table.path), store_->path()));
      found = tables_.emplace(family, std::move(table)).first;
    }
    return found->second.writer.get();
  }

  RocksStore* store_;
  std::map<Family, Table> tables_;
};

std::unique_ptr<BulkLoad> RocksStore::StartBulkLoad() {
  return std::make_unique<RocksBulkLoad>(this);
}

}  // namespace

void Batch::Clear() {
  steps_.clear();
  bytes_.clear();
}

void Batch::Add(Kind kind, Family family, std::string_view key, std::string_view value) {
  steps_.push_back({kind, family, bytes_.size(), key.size(), value.size()});
  bytes_.append(key).append(value);
}

absl::Status Store::Put(Family family, std::string_view key, std::string_view value, Sync sync) {
  Batch batch;
  batch.Put(family, key, value);
  return Write(batch, sync);
}

absl::Status Store::Delete(Family family, std::string_view key, Sync sync) {
  Batch batch;
  batch.Delete(family, key);
  return Write(batch, sync);
}

std::unique_ptr<Cursor> Store::ScanPrefix(Family family, std::string_view prefix) const {
  return Scan(family, prefix, PrefixEnd(prefix));
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

absl::StatusOr<std::unique_ptr<Store>> OpenDatabase(const fs::path& path,
                                                    const DatabaseOptions& options) {
  MUSTER_RETURN_IF_ERROR(MakeDirectories(path));
  EncryptedEnv env;
  if (options.key != nullptr) env = NewEncryptedStoreEnv(*options.key);
  auto store = std::make_unique<RocksStore>(path, std::move(env));
  MUSTER_RETURN_IF_ERROR(store->Open(options));
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace muster::store
