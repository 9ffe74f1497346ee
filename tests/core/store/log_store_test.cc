// SPDX-License-Identifier: Apache-2.0
#include "core/store/log_store.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::store {
namespace {

using test::TempDir;
using testing::Must;

tlog::Entry MakeEntry(uint8_t n) {
  tlog::Entry entry;
  entry.salt.fill(n);
  entry.body = std::string(n, 'b');
  return entry;
}

}  // namespace

TEST_CASE("LogStore: keeps entries, tiles and checkpoint over a reopening", "[store]") {
  TempDir folder;
  {
    auto store = Must(LogStore::Open(folder / "log"));
    REQUIRE(Must(store->ReadSize()) == 0);
    REQUIRE(Must(store->ReadCheckpoint()).empty());
    REQUIRE(store->ReadTile({0, 0}).status().code() == absl::StatusCode::kNotFound);
    REQUIRE(store->ReadEntry(0).status().code() == absl::StatusCode::kNotFound);
    REQUIRE_OK(store->Write({0, {MakeEntry(1), MakeEntry(0)}, {{{0, 0}, "two"}}}));
    REQUIRE_OK(store->Write({2, {MakeEntry(3)}, {{{0, 0}, "three"}, {{1, 0}, "up"}}}));
    REQUIRE_OK(store->WriteCheckpoint("note 1"));
    REQUIRE_OK(store->WriteCheckpoint("note 2"));
  }
  auto store = Must(LogStore::Open(folder / "log"));
  REQUIRE(Must(store->ReadSize()) == 3);
  REQUIRE(Must(store->ReadCheckpoint()) == "note 2");
  REQUIRE(Must(store->ReadTile({0, 0})) == "three");
  REQUIRE(Must(store->ReadTile({1, 0})) == "up");
  const tlog::Entry entry = Must(store->ReadEntry(2));
  REQUIRE(entry.salt == MakeEntry(3).salt);
  REQUIRE(entry.body == "bbb");
  REQUIRE(Must(store->ReadEntry(1)).body.empty());
}

TEST_CASE("LogStore: a commit that does not begin at the end is refused", "[store]") {
  TempDir folder;
  auto store = Must(LogStore::Open(folder / "log"));
  REQUIRE_OK(store->Write({0, {MakeEntry(1)}, {}}));
  REQUIRE_REASON(store->Write({0, {MakeEntry(2)}, {}}), v1::LOG_FORKED);
  REQUIRE_REASON(store->Write({2, {MakeEntry(2)}, {}}), v1::LOG_FORKED);
  REQUIRE(Must(store->ReadSize()) == 1);
  REQUIRE(Must(store->ReadEntry(0)).body == "b");
}

}  // namespace muster::store
