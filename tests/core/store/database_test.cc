// SPDX-License-Identifier: Apache-2.0
#include "core/store/database.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/file.h"
#include "tests/support/child.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::store {
namespace {

namespace fs = std::filesystem;
using test::Acknowledge;
using test::ChildArgument;
using test::RunChild;
using test::TempDir;
using testing::Must;

constexpr Family kA = 0;
constexpr Family kB = 1;

DatabaseOptions TwoFamilies(const crypto::SecretBytes* key) {
  DatabaseOptions options;
  options.families = {"a", "b"};
  options.key = key;
  options.write_buffer_bytes = 1 << 16;  // many small files
  return options;
}

using Oracle = std::map<std::string, std::string>;

Oracle ReadAll(const Store& store, Family family) {
  Oracle out;
  auto cursor = store.Scan(family, "", "");
  for (; cursor->valid(); cursor->Next()) out.emplace(cursor->key(), cursor->value());
  REQUIRE_OK(cursor->status());
  return out;
}

std::string Number(uint64_t n) {
  std::string key;
  PutBe64(key, n);
  return key;
}

std::vector<fs::path> FilesUnder(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) out.push_back(entry.path());
  }
  return out;
}

// What the children below are told.
std::map<std::string, std::string> Arguments(const fs::path& path, const crypto::SecretBytes* key) {
  return {{"MUSTER_CHILD_PATH", path.string()},
          {"MUSTER_CHILD_KEY", key == nullptr ? "" : HexEncode(key->ExposeSecret())}};
}

std::unique_ptr<Store> OpenInChild() {
  const std::string hex = ChildArgument("MUSTER_CHILD_KEY");
  const crypto::SecretBytes key = crypto::SecretBytes::CopyOf(AsBytes(HexDecode(hex).value_or("")));
  return Must(
      OpenDatabase(ChildArgument("MUSTER_CHILD_PATH"), TwoFamilies(hex.empty() ? nullptr : &key)));
}

}  // namespace

TEST_CASE("Store: agrees with a map over random writes, loads and reopenings", "[store][oracle]") {
  const bool encrypted = GENERATE(false, true);
  const auto seed = GENERATE(1u, 2u, 3u);
  TempDir folder;
  const crypto::SecretBytes key = crypto::SecretBytes::Random(32);
  const DatabaseOptions options = TwoFamilies(encrypted ? &key : nullptr);
  auto store = Must(OpenDatabase(folder / "db", options));
  std::mt19937 random(seed);
  Oracle want[2];
  const auto pick = [&](uint32_t below) { return static_cast<uint32_t>(random() % below); };
  const auto some_key = [&] {
    return std::string(1 + pick(3), static_cast<char>(pick(4))) + Number(pick(200)).substr(6);
  };
  for (int step = 0; step < 400; ++step) {
    const Family family = pick(2);
    switch (pick(10)) {
      case 0: {
        store.reset();
        store = Must(OpenDatabase(folder / "db", options));
        break;
      }
      case 1: {
        auto load = store->StartBulkLoad();
        for (Family f : {kA, kB}) {
          std::map<std::string, std::optional<std::string>> rows;
          for (uint32_t i = 0; i < pick(50); ++i) {
            rows[some_key()] = pick(4) == 0
                                   ? std::nullopt
                                   : std::optional<std::string>(std::string(pick(300), 'l'));
          }
          for (const auto& [k, v] : rows) {
            REQUIRE_OK(v ? load->Put(f, k, *v) : load->Delete(f, k));
            if (v)
              want[f][k] = *v;
            else
              want[f].erase(k);
          }
        }
        REQUIRE_OK(load->Commit());
        break;
      }
      case 2: {
        std::string begin = some_key(), end = some_key();
        if (end < begin) std::swap(begin, end);
        Batch batch;
        batch.DeleteRange(family, begin, end);
        REQUIRE_OK(store->Write(batch, Sync::kNo));
        want[family].erase(want[family].lower_bound(begin), want[family].lower_bound(end));
        break;
      }
      case 3:
        REQUIRE_OK(store->Compact(family));
        break;
      case 4: {
        auto load = store->StartBulkLoad();  // abandoned
        REQUIRE_OK(load->Put(family, "never", "x"));
        break;
      }
      default: {
        Batch batch;
        for (uint32_t i = 0; i < 1 + pick(30); ++i) {
          const std::string k = some_key();
          if (pick(4) == 0) {
            batch.Delete(family, k);
            want[family].erase(k);
          } else {
            const std::string v(pick(300), static_cast<char>('a' + pick(26)));
            batch.Put(family, k, v);
            want[family][k] = v;
          }
        }
        REQUIRE_OK(store->Write(batch, pick(4) == 0 ? Sync::kYes : Sync::kNo));
      }
    }
    if (step % 20 == 0) {
      REQUIRE(ReadAll(*store, kA) == want[0]);
      REQUIRE(ReadAll(*store, kB) == want[1]);
      const std::string k = some_key();
      const auto found = want[family].find(k);
      const auto got = Must(store->Get(family, k));
      REQUIRE(got.has_value() == (found != want[family].end()));
      if (got) REQUIRE(*got == found->second);
      auto cursor = store->Scan(family, "", "");
      cursor->Seek(k);
      const auto at = want[family].lower_bound(k);
      REQUIRE(cursor->valid() == (at != want[family].end()));
      if (cursor->valid()) REQUIRE(cursor->key() == at->first);
    }
  }
  store.reset();
  store = Must(OpenDatabase(folder / "db", options));
  REQUIRE(ReadAll(*store, kA) == want[0]);
  REQUIRE(ReadAll(*store, kB) == want[1]);
  for (const fs::path& file : FilesUnder(folder / "db"))
    REQUIRE(file.parent_path().filename() != "load");
}

TEST_CASE("Store: a scan sees the keys between its bounds as they were when it began", "[store]") {
  TempDir folder;
  auto store = Must(OpenDatabase(folder / "db", TwoFamilies(nullptr)));
  for (const char* k : {"a", "b", "ba", "bb", "c", "\xff", "\xff\xff"})
    REQUIRE_OK(store->Put(kA, k, "1", Sync::kNo));
  auto cursor = store->ScanPrefix(kA, "b");
  REQUIRE_OK(store->Delete(kA, "ba", Sync::kNo));
  REQUIRE_OK(store->Put(kA, "bz", "1", Sync::kNo));
  std::vector<std::string> seen;
  for (; cursor->valid(); cursor->Next()) seen.emplace_back(cursor->key());
  REQUIRE(seen == std::vector<std::string>{"b", "ba", "bb"});
  seen.clear();
  for (cursor = store->ScanPrefix(kA, "\xff"); cursor->valid(); cursor->Next())
    seen.emplace_back(cursor->key());
  REQUIRE(seen == std::vector<std::string>{"\xff", "\xff\xff"});
  REQUIRE(PrefixEnd("a\xff\xff") == "b");
  REQUIRE(PrefixEnd("\xff").empty());
}

TEST_CASE("child: writes until killed", "[.child]") {
  auto store = OpenInChild();
  for (uint64_t n = 0; n < 5000; ++n) {
    if (n % 3 == 2) {
      auto load = store->StartBulkLoad();
      for (uint64_t i = 0; i < 20; ++i)
        REQUIRE_OK(load->Put(kA, Number(n) + Number(i), std::string(100, 'r')));
      REQUIRE_OK(load->Put(kB, Number(n), "whole"));
      REQUIRE_OK(load->Commit());
    } else {
      Batch batch;
      for (uint64_t i = 0; i < 20; ++i) batch.Put(kA, Number(n) + Number(i), std::string(100, 'r'));
      batch.Put(kB, Number(n), "whole");
      REQUIRE_OK(store->Write(batch, Sync::kYes));
    }
    Acknowledge();
  }
}

TEST_CASE("Store: after kill -9 every acknowledged batch is there and every batch is whole",
          "[store][fault]") {
  const bool encrypted = GENERATE(false, true);
  const size_t after = GENERATE(1u, 20u, 150u);
  TempDir folder;
  const crypto::SecretBytes key = crypto::SecretBytes::Random(32);
  const DatabaseOptions options = TwoFamilies(encrypted ? &key : nullptr);
  const size_t acknowledged =
      RunChild("child: writes until killed", Arguments(folder / "db", options.key), after)
          .acknowledged;
  REQUIRE(acknowledged >= after);
  auto store = Must(OpenDatabase(folder / "db", options));
  std::map<std::string, int> rows;
  for (auto cursor = store->Scan(kA, "", ""); cursor->valid(); cursor->Next())
    ++rows[std::string(cursor->key().substr(0, 8))];
  const Oracle markers = ReadAll(*store, kB);
  REQUIRE(markers.size() == rows.size());
  for (const auto& [k, count] : rows) {
    REQUIRE(count == 20);
    REQUIRE(markers.count(k) == 1);
  }
  for (uint64_t n = 0; n < acknowledged; ++n) REQUIRE(markers.count(Number(n)) == 1);
}

TEST_CASE("child: writes sixty batches and waits", "[.child]") {
  auto store = OpenInChild();
  for (uint64_t n = 0; n < 60; ++n) {
    Batch batch;
    batch.Put(kA, Number(n), std::string(50, 'v'));
    batch.Put(kB, Number(n), std::string(50, 'v'));
    REQUIRE_OK(store->Write(batch, Sync::kYes));
    Acknowledge();
  }
  ::pause();
}

TEST_CASE("Store: a torn end of the write-ahead log costs the torn batches alone",
          "[store][fault]") {
  const bool encrypted = GENERATE(false, true);
  TempDir folder;
  const crypto::SecretBytes key = crypto::SecretBytes::Random(32);
  const DatabaseOptions options = TwoFamilies(encrypted ? &key : nullptr);
  REQUIRE(
      RunChild("child: writes sixty batches and waits", Arguments(folder / "db", options.key), 60)
          .acknowledged == 60);
  fs::path wal;
  for (const fs::path& file : FilesUnder(folder / "db")) {
    if (file.extension() == ".log" && (wal.empty() || fs::file_size(file) > fs::file_size(wal)))
      wal = file;
  }
  REQUIRE(!wal.empty());
  const std::string whole = Must(ReadFile(wal));
  REQUIRE(whole.size() > 60 * 100);
  size_t before = 61;
  for (size_t cut :
       {size_t{0}, size_t{1}, size_t{7}, size_t{40}, size_t{333}, size_t{3000}, whole.size() - 100,
        whole.size() - 64, whole.size() - 63, whole.size() - 1, whole.size()}) {
    TempDir copy;
    fs::copy(folder / "db", copy / "db", fs::copy_options::recursive);
    fs::resize_file(copy / "db" / wal.filename(), whole.size() - cut);
    auto store = Must(OpenDatabase(copy / "db", options));
    const Oracle a = ReadAll(*store, kA);
    REQUIRE(a == ReadAll(*store, kB));
    for (uint64_t n = 0; n < a.size(); ++n) REQUIRE(a.count(Number(n)) == 1);
    REQUIRE(a.size() <= before);
    if (cut == 0) REQUIRE(a.size() == 60);
    before = a.size();
    REQUIRE_OK(store->Put(kA, "more", "x", Sync::kYes));
  }
}

TEST_CASE("Store: another key, no key, and a key for what is plain are refused", "[store]") {
  TempDir folder;
  const crypto::SecretBytes key = crypto::SecretBytes::Random(32);
  const crypto::SecretBytes other = crypto::SecretBytes::Random(32);
  REQUIRE_OK(
      Must(OpenDatabase(folder / "sealed", TwoFamilies(&key)))->Put(kA, "k", "v", Sync::kYes));
  REQUIRE_OK(
      Must(OpenDatabase(folder / "plain", TwoFamilies(nullptr)))->Put(kA, "k", "v", Sync::kYes));
  const auto wrong = OpenDatabase(folder / "sealed", TwoFamilies(&other));
  REQUIRE_REASON(wrong, v1::STORE_CORRUPT);
  REQUIRE(std::string(wrong.status().message()).find("not encrypted under this store key") !=
          std::string::npos);
  REQUIRE_REASON(OpenDatabase(folder / "sealed", TwoFamilies(nullptr)), v1::STORE_CORRUPT);
  REQUIRE_REASON(OpenDatabase(folder / "plain", TwoFamilies(&key)), v1::STORE_CORRUPT);
  auto store = Must(OpenDatabase(folder / "sealed", TwoFamilies(&key)));
  REQUIRE(Must(store->Get(kA, "k")) == "v");
  REQUIRE_REASON(OpenDatabase(folder / "sealed", TwoFamilies(&key)), v1::STORE_IO);
}

TEST_CASE("Store: no byte of keys, values or names of an encrypted store is on the disk",
          "[store]") {
  TempDir folder;
  const crypto::SecretBytes key = crypto::SecretBytes::Random(32);
  DatabaseOptions options = TwoFamilies(&key);
  options.families = {"family-called-alpha", "family-called-beta"};
  const auto fill = [&](Store& store) {
    for (int i = 0; i < 200; ++i) {
      REQUIRE_OK(store.Put(kA, "plaintext-key-" + std::to_string(i), "plaintext-value", Sync::kNo));
    }
    auto load = store.StartBulkLoad();
    REQUIRE_OK(load->Put(kB, "plaintext-key-l", "plaintext-value"));
    REQUIRE_OK(load->Commit());
  };
  const auto look = [&] {
    size_t files = 0;
    for (const fs::path& file : FilesUnder(folder / "db")) {
      const std::string bytes = Must(ReadFile(file));
      INFO(file);
      for (const char* needle : {"plaintext", "family-called", "leveldb", "rocksdb", "MANIFEST"}) {
        REQUIRE(bytes.find(needle) == std::string::npos);
      }
      REQUIRE(file.filename().string().rfind("LOG", 0) != 0);
      if (file.filename() != "LOCK") {
        REQUIRE(bytes.rfind("MSTRSTO1", 0) == 0);
        ++files;
      }
    }
    REQUIRE(files >= 4);
  };
  {
    auto store = Must(OpenDatabase(folder / "db", options));
    fill(*store);
    look();
    REQUIRE_OK(store->Compact(kA));
    look();
  }
  auto store = Must(OpenDatabase(folder / "db", options));
  look();
  REQUIRE(ReadAll(*store, kA).size() == 200);
  REQUIRE(ReadAll(*store, kB).size() == 1);
}

TEST_CASE("Store: the same content never has the same bytes in two files", "[store]") {
  const crypto::SecretBytes key = crypto::SecretBytes::Random(32);
  TempDir one, two;
  for (const TempDir* folder : {&one, &two}) {
    auto store = Must(OpenDatabase(*folder / "db", TwoFamilies(&key)));
    REQUIRE_OK(store->Put(kA, "k", "v", Sync::kYes));
  }
  REQUIRE(Must(ReadFile(one / "db" / "CURRENT")).substr(8) !=
          Must(ReadFile(two / "db" / "CURRENT")).substr(8));
}

TEST_CASE("Store: what was deleted is in no file after Compact", "[store]") {
  TempDir folder;
  auto store = Must(OpenDatabase(folder / "db", TwoFamilies(nullptr)));
  for (int round = 0; round < 6; ++round) {
    auto load = store->StartBulkLoad();
    for (int i = 0; i < 100; ++i) {
      REQUIRE_OK(load->Put(kA, "person-" + Number(static_cast<uint64_t>(i)),
                           "secret-" + std::to_string(round)));
    }
    REQUIRE_OK(load->Commit());
  }
  auto load = store->StartBulkLoad();
  for (int i = 0; i < 100; ++i)
    REQUIRE_OK(load->Delete(kA, "person-" + Number(static_cast<uint64_t>(i))));
  REQUIRE_OK(load->Commit());
  REQUIRE(ReadAll(*store, kA).empty());
  REQUIRE_OK(store->Compact(kA));
  for (const fs::path& file : FilesUnder(folder / "db")) {
    INFO(file);
    if (file.extension() != ".sst") continue;
    const std::string bytes = Must(ReadFile(file));
    REQUIRE(bytes.find("secret-") == std::string::npos);
    REQUIRE(bytes.find("person-") == std::string::npos);
  }
}

// On a small disk that only this process sees. Exit code 77: not allowed to have one.
TEST_CASE("child: fills its disk", "[.child]") {
  const fs::path disk = ChildArgument("MUSTER_CHILD_PATH");
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", disk.c_str(), "tmpfs", 0, "size=12m") != 0) {
    std::_Exit(77);
  }
  ::setenv("MUSTER_CHILD_PATH", (disk / "db").c_str(), 1);
  auto store = OpenInChild();
  { std::ofstream(disk / "ballast") << std::string(6 << 20, 'b'); }
  absl::Status status;
  uint64_t written = 0;
  while (status.ok() && written < 10000) {
    status = store->Put(kA, Number(written), std::string(8000, 'v'), Sync::kYes);
    if (status.ok()) ++written;
  }
  REQUIRE_REASON(status, v1::DISK_FULL);
  auto load = store->StartBulkLoad();
  absl::Status loaded;
  for (uint64_t i = 0; loaded.ok() && i < 2000; ++i)
    loaded = load->Put(kB, Number(i), std::string(8000, 'l'));
  if (loaded.ok()) loaded = load->Commit();
  REQUIRE_REASON(loaded, v1::DISK_FULL);
  load.reset();
  fs::remove(disk / "ballast");
  REQUIRE(
      test::Eventually([&] { return store->Put(kA, Number(written), "last", Sync::kYes).ok(); }));
  for (int round = 0; round < 2; ++round) {
    for (uint64_t n = 0; n <= written; ++n) REQUIRE(Must(store->Get(kA, Number(n))).has_value());
    REQUIRE(ReadAll(*store, kB).empty());
    store.reset();
    store = OpenInChild();
  }
}

TEST_CASE("Store: a full disk is named, loses nothing, and writing goes on once there is room",
          "[store][fault]") {
  TempDir folder;
  const crypto::SecretBytes key = crypto::SecretBytes::Random(32);
  const bool encrypted = GENERATE(false, true);
  const fs::path disk = folder / "disk";
  fs::create_directory(disk);
  const int status =
      RunChild("child: fills its disk", Arguments(disk, encrypted ? &key : nullptr), 0).status;
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    WARN("not allowed to mount a small disk here; skipped");
  } else {
    REQUIRE(WEXITSTATUS(status) == 0);
  }
}

}  // namespace muster::store
