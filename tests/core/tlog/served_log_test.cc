// SPDX-License-Identifier: Apache-2.0
//
// Our log, read by code that is not ours; other people's log, read by ours (tile_test.cc reads the
// published one).
#include "core/crypto/hash.h"
#include "core/tlog/log.h"
#include "tests/support/memory_tile_store.h"
#include "tests/support/naive_log_reader.h"
#include "tests/support/vectors.h"

namespace muster::tlog {
namespace {

using testing::Must;

std::vector<Entry> Entries(uint64_t first, uint64_t count) {
  std::vector<Entry> entries(count);
  for (uint64_t i = 0; i < count; ++i) {
    entries[i].body = "entry " + std::to_string(first + i);
    entries[i].salt = crypto::Sha256({"salt", entries[i].body});
  }
  return entries;
}

// What a static server of the log would answer.
std::optional<std::string> Fetch(const Log& log, const std::string& path) {
  if (path == "checkpoint") return log.checkpoint();
  const auto request = ParseTilePath(path);
  if (!request.has_value()) return std::nullopt;
  const auto tile = log.ReadTile(*request);
  return tile.ok() ? std::optional(*tile) : std::nullopt;
}

TEST_CASE("A reader that shares no code finds our log whole at every kind of size",
          "[tlog][oracle]") {
  testing::MemoryTileStore store;
  const auto log = Must(Log::Open(&store, crypto::SigningKey::Generate(), "example.com/log"));
  const std::string vkey = log->note_key().Format();
  const auto fetch = [&log](const std::string& path) { return Fetch(*log, path); };
  for (const uint64_t size :
       {0, 1, 2, 3, 255, 256, 257, 511, 512, 600, 1023, 1300, 65'536, 65'793}) {
    if (size > log->size()) REQUIRE_OK(log->Append(Entries(log->size(), size - log->size())));
    CAPTURE(size);
    const naive::ReadLog read = naive::ReadWholeLog(vkey, fetch);
    CHECK(read.failure == "");
    CHECK(read.size == size);
    REQUIRE(read.entries.size() == size);
    for (uint64_t i = 0; i < size; ++i) {
      const Entry entry = Entries(i, 1).front();
      if (read.entries[i] != naive::Sha256("muster/entry/v1\n" + ToString(entry.salt) + entry.body))
        FAIL("entry " << i << " is another commitment");
    }
  }
  // And it is a reader that finds what is wrong.
  const auto bent = [&](const std::string& where) {
    return naive::ReadWholeLog(vkey,
                               [&](const std::string& path) {
                                 auto bytes = Fetch(*log, path);
                                 if (bytes.has_value() && path == where)
                                   bytes->at(bytes->size() / 2) ^= 1;
                                 return bytes;
                               })
        .failure;
  };
  CHECK(bent("") == "");
  for (const char* where : {"checkpoint", "tile/entries/000", "tile/0/000", "tile/1/000",
                            "tile/0/257.p/1", "tile/1/001.p/1", "tile/2/000.p/1"}) {
    CAPTURE(where);
    CHECK(bent(where) != "");
  }
}

TEST_CASE("Tiles are served as wide as any tree that was signed, and no wider", "[tlog]") {
  testing::MemoryTileStore store;
  const auto log = Must(Log::Open(&store, crypto::SigningKey::Generate(), "example.com/log"));
  REQUIRE_OK(log->Append(Entries(0, 300)));
  const std::string full = *Fetch(*log, "tile/0/000");
  CHECK(full.size() == 256 * 32);
  for (int width = 1; width < 256; ++width) {
    const std::string name = ".p/" + std::to_string(width);
    CHECK(Fetch(*log, "tile/0/000" + name) == full.substr(0, static_cast<size_t>(width) * 32));
    CHECK(Fetch(*log, "tile/0/001" + name).has_value() == (width <= 44));
    CHECK(Fetch(*log, "tile/entries/001" + name).has_value() == (width <= 44));
    CHECK(Fetch(*log, "tile/1/000" + name).has_value() == (width == 1));
  }
  for (const char* path : {"tile/0/001", "tile/1/000", "tile/2/000.p/1", "tile/0/002.p/1",
                           "tile/63/000.p/1", "tile/entries/001"}) {
    CAPTURE(path);
    CHECK_FALSE(Fetch(*log, path).has_value());
  }
}

TEST_CASE("A tile's path has one form", "[tlog]") {
  for (const uint64_t index :
       {uint64_t{0}, uint64_t{999}, uint64_t{1000}, uint64_t{1234067}, ~uint64_t{0}}) {
    for (const int width : {1, 17, 255, 256}) {
      for (const int level : {0, 7, 63}) {
        CHECK(ParseTilePath(TilePath({level, index}, width)) ==
              TileRequest{false, {level, index}, width});
      }
      CHECK(ParseTilePath(EntryBundlePath(index, width)) == TileRequest{true, {0, index}, width});
    }
  }
  for (const char* path : {"",
                           "tile",
                           "tile/",
                           "tile/0",
                           "tile/0/",
                           "tile/0/0",
                           "tile/0/00",
                           "tile/0/0000",
                           "tile/0/001/000",
                           "tile/0/x001",
                           "tile/0/x000/001",
                           "tile/00/000",
                           "tile/64/000",
                           "tile/-1/000",
                           "tile/+1/000",
                           "tile/0/000.p/0",
                           "tile/0/000.p/256",
                           "tile/0/000.p/01",
                           "tile/0/000.p/",
                           "tile/0/000.p",
                           "tile/0/000.p/1/",
                           "tile/0/000/",
                           "/tile/0/000",
                           "tile/0/..",
                           "tile/entries/",
                           "tile/entries/0",
                           "tile/entries/../0/000",
                           "tile/0/0x0",
                           "tile/0/x0x1/000",
                           "tile/0/x099/x999/x999/x999/x999/x999/x999",
                           "checkpoint",
                           "tile/0/x018/x446/x744/x073/x709/x551/616"}) {
    CAPTURE(path);
    CHECK_FALSE(ParseTilePath(path).has_value());
  }
}

TEST_CASE("An entry bundle that is torn is none", "[tlog][fault]") {
  const std::vector<Bytes32> two = {Bytes32{1}, Bytes32{2}};
  const std::string bundle = FormatEntryBundle(two);
  const auto read = ParseEntryBundle(bundle);
  REQUIRE(read.has_value());
  CHECK(*read == std::vector<std::string_view>{AsText(two[0]), AsText(two[1])});
  for (size_t size = 0; size < bundle.size(); ++size) {
    CHECK(ParseEntryBundle(bundle.substr(0, size)).has_value() == (size % 34 == 0));
  }
  CHECK_FALSE(ParseEntryBundle(std::string(2 * 257, '\0')).has_value());
}

}  // namespace
}  // namespace muster::tlog
