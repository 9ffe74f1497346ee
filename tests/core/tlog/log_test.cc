// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/log.h"

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "core/tlog/proof.h"
#include "tests/support/memory_tile_store.h"
#include "tests/support/status.h"

namespace muster::tlog {
namespace {

using testing::MemoryTileStore;
using testing::Must;

constexpr char kOrigin[] = "example.com/log";

// One key for every log here: logs are opened again and again.
const crypto::SigningKey& Key() {
  static const crypto::SigningKey key = crypto::SigningKey::Generate();
  return key;
}

std::unique_ptr<Log> Open(MemoryTileStore& store) {
  return Must(Log::Open(&store, Key().Clone(), kOrigin));
}

absl::Status TryOpen(MemoryTileStore& store) {
  return Log::Open(&store, Key().Clone(), kOrigin).status();
}

std::vector<Entry> Entries(size_t count, uint64_t first) {
  std::vector<Entry> entries(count);
  for (size_t i = 0; i < count; ++i) {
    entries[i].body = "entry " + std::to_string(first + i);
    entries[i].salt[0] = static_cast<uint8_t>(first + i);
  }
  return entries;
}

Checkpoint NewestOf(const Log& log) {
  return Must(OpenCheckpoint(log.checkpoint(), log.note_key()));
}

Bytes32 RootOf(const MemoryTileStore& store, uint64_t size) {
  std::vector<Bytes32> leaves;
  for (uint64_t i = 0; i < size; ++i)
    leaves.push_back(EntryLeaf(store.entries[i].salt, store.entries[i].body));
  return crypto::MerkleRoot(leaves);
}

TEST_CASE("A new log signs that it is empty", "[tlog]") {
  MemoryTileStore store;
  const auto log = Open(store);
  CHECK(log->size() == 0);
  CHECK(NewestOf(*log) == Checkpoint{kOrigin, 0, crypto::MerkleEmptyRoot()});
  CHECK(store.checkpoint == log->checkpoint());
  CHECK(log->note_key().Format() ==
        NoteKey{kOrigin, kAlgorithmEd25519, Key().verify_key()}.Format());
  CHECK(Must(log->ProveExtension(0)).consistency_size() == 0);
}

TEST_CASE("What is appended is there, signed and proven", "[tlog]") {
  MemoryTileStore store;
  const auto log = Open(store);
  CHECK(Must(log->Append(Entries(1, 0))) == 0);
  CHECK(Must(log->Append(Entries(3, 1))) == 1);
  CHECK(log->size() == 4);
  CHECK(Must(log->ReadEntry(2)).body == "entry 2");
  const Checkpoint checkpoint = NewestOf(*log);
  CHECK(checkpoint.root == RootOf(store, 4));
  for (uint64_t i = 0; i < 4; ++i) {
    const v1::EntryProof proof = Must(log->Prove(i, 4));
    CHECK(proof.body() == "entry " + std::to_string(i));
    REQUIRE_OK(VerifyEntryProof(proof, checkpoint));
  }
}

TEST_CASE("What is not there is refused", "[tlog]") {
  MemoryTileStore store;
  const auto log = Open(store);
  Must(log->Append(Entries(3, 0)));
  REQUIRE_REASON(log->Append({}), v1::ENTRY_MALFORMED);
  std::vector<Entry> large(1);
  large[0].body.assign(kEntryBodyBytesMax + 1, 'x');
  REQUIRE_REASON(log->Append(large), v1::ENTRY_MALFORMED);
  large[0].body.pop_back();
  REQUIRE_OK(log->Append(large));
  REQUIRE_REASON(log->ReadEntry(4), v1::REQUEST_MALFORMED);
  REQUIRE_REASON(log->Prove(0, 5), v1::PROOF_INVALID);
  REQUIRE_REASON(log->Prove(2, 2), v1::PROOF_INVALID);
  REQUIRE_REASON(log->Prove(0, 0), v1::PROOF_INVALID);
  REQUIRE_REASON(log->ProveExtension(5), v1::LOG_REWOUND);
  REQUIRE_REASON(Log::Open(&store, Key().Clone(), "two words"), v1::KEY_MALFORMED);
}

// Batches of all sizes over two tile levels and into the third; after some of them the log is
// opened anew.
TEST_CASE("The log agrees with the tree of its entries as it grows past 65,536", "[tlog][oracle]") {
  MemoryTileStore store;
  auto log = Open(store);
  std::mt19937 random(7);
  std::vector<Bytes32> leaves;
  std::vector<Checkpoint> seen = {NewestOf(*log)};
  int round = 0;
  while (leaves.size() < 66'200) {
    const size_t next[] = {1, 2, 255, 256, 257, 256 - leaves.size() % 256, 1000, 6000};
    const size_t count = next[random() % std::size(next)];
    auto entries = Entries(count, leaves.size());
    for (const Entry& entry : entries) leaves.push_back(EntryLeaf(entry.salt, entry.body));
    REQUIRE(Must(log->Append(std::move(entries))) + count == leaves.size());
    if (++round % 3 == 0) log = Open(store);
    const Checkpoint newest = NewestOf(*log);
    REQUIRE(newest.size == leaves.size());
    REQUIRE(newest.root == crypto::MerkleRoot(leaves));
    seen.push_back(newest);
    for (int i = 0; i < 3; ++i) {
      const v1::EntryProof proof = Must(log->Prove(random() % newest.size, newest.size));
      REQUIRE_OK(VerifyEntryProof(proof, newest));
      const Checkpoint& old = seen[random() % seen.size()];
      const v1::CheckpointProof extension = Must(log->ProveExtension(old.size));
      const auto consistency = Must(ParseHashes(extension.consistency()));
      CHECK(Must(OpenExtension(extension.checkpoint(), log->note_key(), old, consistency)) ==
            newest);
      if (old.size > 0)
        REQUIRE_OK(VerifyEntryProof(Must(log->Prove(random() % old.size, old.size)), old));
    }
  }
  // Each tile is as wide as the specification says, and there are no others.
  size_t tiles = 0;
  for (int level = 0; level < 8; ++level) {
    for (uint64_t index = 0; TileWidthAt({level, index}, leaves.size()) > 0; ++index, ++tiles) {
      REQUIRE(store.tiles.at({level, index}).size() ==
              static_cast<size_t>(TileWidthAt({level, index}, leaves.size())) * 32);
    }
  }
  CHECK(store.tiles.size() == tiles);
  // Opening reads the right edge and nothing else.
  store.tile_reads = 0;
  REQUIRE_OK(TryOpen(store));
  CHECK(store.tile_reads <= 3 * 4);
}

TEST_CASE("A write that fails stops the log until it is opened again", "[tlog][fault]") {
  MemoryTileStore store;
  auto log = Open(store);
  Must(log->Append(Entries(300, 0)));
  const std::string before = log->checkpoint();
  store.fail_writes = true;
  REQUIRE_REASON(log->Append(Entries(5, 300)), v1::DISK_FULL);
  store.fail_writes = false;
  REQUIRE_REASON(log->Append(Entries(5, 300)), v1::LOG_BEHIND);
  CHECK(log->checkpoint() == before);
  CHECK(log->size() == 300);
  REQUIRE_OK(VerifyEntryProof(Must(log->Prove(299, 300)), NewestOf(*log)));
  log = Open(store);
  CHECK(log->size() == 300);
  CHECK(Must(log->Append(Entries(5, 300))) == 300);
  CHECK(NewestOf(*log).root == RootOf(store, 305));
}

TEST_CASE("Entries written before a crash, and not yet signed, are signed when the log is opened",
          "[tlog][fault]") {
  MemoryTileStore store;
  auto log = Open(store);
  Must(log->Append(Entries(250, 0)));
  const Checkpoint before = NewestOf(*log);
  store.fail_checkpoints = true;
  REQUIRE_REASON(log->Append(Entries(20, 250)), v1::DISK_FULL);
  CHECK(log->size() == 250);
  CHECK(NewestOf(*log) == before);
  REQUIRE_REASON(log->Append(Entries(1, 270)), v1::LOG_BEHIND);
  REQUIRE_REASON(TryOpen(store), v1::DISK_FULL);
  store.fail_checkpoints = false;
  log = Open(store);
  CHECK(log->size() == 270);
  CHECK(NewestOf(*log).root == RootOf(store, 270));
  const v1::CheckpointProof extension = Must(log->ProveExtension(250));
  REQUIRE_OK(OpenExtension(extension.checkpoint(), log->note_key(), before,
                           Must(ParseHashes(extension.consistency()))));
}

TEST_CASE("A store that does not hold together is refused", "[tlog][fault]") {
  MemoryTileStore store;
  {
    const auto log = Open(store);
    Must(log->Append(Entries(256 * 2 + 3, 0)));
  }
  REQUIRE_OK(TryOpen(store));
  SECTION("a changed hash in a tile of the right edge") {
    for (const TileId& id : {TileId{0, 2}, TileId{1, 0}}) {
      for (size_t at = 0; at < store.tiles[id].size(); ++at) {
        store.tiles[id][at] = static_cast<char>(store.tiles[id][at] ^ 1);
        REQUIRE_REASON(TryOpen(store), v1::STORE_CORRUPT);
        store.tiles[id][at] = static_cast<char>(store.tiles[id][at] ^ 1);
      }
    }
  }
  SECTION("a tile that is missing, short or long") {
    for (const TileId& id : {TileId{0, 2}, TileId{1, 0}}) {
      const std::string tile = store.tiles[id];
      store.tiles[id] = tile.substr(0, tile.size() - 32);
      REQUIRE_REASON(TryOpen(store), v1::STORE_CORRUPT);
      store.tiles[id] = tile + std::string(32, 'x');
      REQUIRE_REASON(TryOpen(store), v1::STORE_CORRUPT);
      store.tiles.erase(id);
      REQUIRE_REASON(TryOpen(store), v1::STORE_CORRUPT);
      store.tiles[id] = tile;
    }
  }
  SECTION("no checkpoint, or one of another key or origin") {
    store.checkpoint.clear();
    REQUIRE_REASON(TryOpen(store), v1::STORE_CORRUPT);
    store.checkpoint = "nonsense";
    REQUIRE_REASON(TryOpen(store), v1::STORE_CORRUPT);
    const Checkpoint right{kOrigin, store.entries.size(), RootOf(store, store.entries.size())};
    store.checkpoint = SignCheckpoint(right, crypto::SigningKey::Generate());
    REQUIRE_REASON(TryOpen(store), v1::STORE_CORRUPT);
    store.checkpoint = SignCheckpoint({"example.com/other", right.size, right.root}, Key());
    REQUIRE_REASON(TryOpen(store), v1::STORE_CORRUPT);
    store.checkpoint = SignCheckpoint(right, Key());
    REQUIRE_OK(TryOpen(store));
  }
  SECTION("entries that were signed are gone: an older copy was put back") {
    store.checkpoint = SignCheckpoint({kOrigin, store.entries.size() + 1, RootOf(store, 3)}, Key());
    REQUIRE_REASON(TryOpen(store), v1::STORE_CORRUPT);
  }
  SECTION("an earlier checkpoint of another tree") {
    store.checkpoint = SignCheckpoint({kOrigin, 300, RootOf(store, 299)}, Key());
    REQUIRE_REASON(TryOpen(store), v1::STORE_CORRUPT);
  }
  SECTION("a disk that cannot be read is not called corrupt") {
    store.fail_reads = true;
    REQUIRE_REASON(TryOpen(store), v1::STORE_IO);
  }
}

TEST_CASE("Appends from many threads all find their place, some in one commit", "[tlog]") {
  MemoryTileStore store;
  const auto log = Open(store);
  constexpr int kThreads = 8;
  int appends = 0;
  // Whether two meet is up to the scheduler; sooner or later they do.
  while (store.commits == appends || appends < 400) {
    REQUIRE(appends < 100'000);
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::vector<Entry> entries(3);
        for (size_t i = 0; i < 3; ++i)
          entries[i].body = std::to_string(t) + "/" + std::to_string(i);
        const auto first = log->Append(entries);
        if (!first.ok()) {
          ++wrong;
          return;
        }
        for (uint64_t i = 0; i < 3; ++i) {
          const auto read = log->ReadEntry(*first + i);
          if (!read.ok() || read->body != entries[i].body) ++wrong;
        }
        const auto size = log->size();
        const auto proof = log->Prove(*first, size);
        if (!proof.ok() || size < *first + 3) ++wrong;
      });
    }
    for (std::thread& thread : threads) thread.join();
    REQUIRE(wrong == 0);
    appends += kThreads;
  }
  CHECK(log->size() == static_cast<uint64_t>(appends) * 3);
  CHECK(NewestOf(*log).root == RootOf(store, log->size()));
}

TEST_CASE("When a shared commit fails, all who shared it hear of it", "[tlog][fault]") {
  MemoryTileStore store;
  const auto log = Open(store);
  Must(log->Append(Entries(1, 0)));
  store.fail_writes = true;
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      const auto first = log->Append(Entries(1, 1));
      if (!first.ok() && (ReasonOf(first.status()) == v1::DISK_FULL ||
                          ReasonOf(first.status()) == v1::LOG_BEHIND)) {
        ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 8);
  CHECK(log->size() == 1);
}

}  // namespace
}  // namespace muster::tlog
