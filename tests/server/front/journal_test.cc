// SPDX-License-Identifier: Apache-2.0
#include "server/front/journal.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <mutex>
#include <thread>

#include "core/base/file.h"
#include "core/crypto/password.h"
#include "core/store/log_store.h"
#include "tests/server/front/front_desk.h"
#include "tests/support/vectors.h"

namespace muster::front {
namespace {

using test::TestConsortium;
using test::TestInvite;
using test::TestPerson;

// A store whose writes fail when they are told to, before or after they took effect.
class FailingStore : public tlog::TileStore {
 public:
  explicit FailingStore(tlog::TileStore* store) : store_(store) {}
  void Use(tlog::TileStore* store) { store_ = store; }
  enum class Fail { kNot, kBefore, kAfter } fail = Fail::kNot;

  absl::Status Write(const Commit& commit) override {
    if (fail == Fail::kBefore) return MakeError(v1::DISK_FULL, "no room");
    MUSTER_RETURN_IF_ERROR(store_->Write(commit));
    if (fail == Fail::kAfter) return MakeError(v1::STORE_IO, "who knows");
    return absl::OkStatus();
  }
  absl::Status WriteCheckpoint(const std::string& note) override {
    if (fail != Fail::kNot) return MakeError(v1::DISK_FULL, "no room");
    return store_->WriteCheckpoint(note);
  }
  absl::StatusOr<uint64_t> ReadSize() override { return store_->ReadSize(); }
  absl::StatusOr<std::string> ReadCheckpoint() override { return store_->ReadCheckpoint(); }
  absl::StatusOr<std::string> ReadTile(const tlog::TileId& id) override {
    return store_->ReadTile(id);
  }
  absl::StatusOr<tlog::Entry> ReadEntry(uint64_t index) override {
    ++entries_read;
    return store_->ReadEntry(index);
  }
  int entries_read = 0;

 private:
  tlog::TileStore* store_;
};

struct World {
  World() : log(testing::Must(store::LogStore::Open(dir / "log"))), store(log.get()) { Open(); }
  void Open() {
    journal =
        testing::Must(Journal::Open(&store, pool.log_key, pool.log_name(), &clock, snapshot_file));
  }
  // How many entries a start reads.
  int Restart() {
    journal.reset();
    store.entries_read = 0;
    Open();
    return store.entries_read;
  }
  v1::SignedStatement Admission(const std::string& name) {
    TestPerson guest;
    guest.member = test::DrawId<MemberId>();
    return TestConsortium::SignBy(pool.founder, pool.Admission(pool.founder, TestInvite(), guest,
                                                               name, true, {v1::ROLE_APPROVER}));
  }
  // Founds, and lets somebody join who can say something: three entries.
  void Found() {
    REQUIRE_OK(journal->Append(pool.SignedCharter()));
    person.member = test::DrawId<MemberId>();
    person.m = crypto::Scalar::Random();
    const TestInvite invite;
    REQUIRE_OK(journal->Append(TestConsortium::SignBy(
        pool.founder, pool.Admission(pool.founder, invite, person, "Parks", true,
                                     {v1::ROLE_APPROVER, v1::ROLE_UPLOADER}))));
    REQUIRE_OK(
        journal->Append(TestConsortium::SignJoin(pool.Join(invite, person), invite, person)));
  }
  v1::SignedStatement Withdrawal() {
    return TestConsortium::SignBy(person, pool.Withdrawal(person, test::DrawId<WithdrawalId>()));
  }
  // The log's files as they are now, kept under another name; and the journal opened on such.
  void Copy(const char* folder) {
    journal.reset();
    log.reset();
    std::filesystem::copy(dir / "log", dir / folder, std::filesystem::copy_options::recursive);
    Use("log");
  }
  void Use(const char* folder) {
    journal.reset();
    log.reset();
    log = testing::Must(store::LogStore::Open(dir / folder));
    store.Use(log.get());
    Open();
  }
  test::TempDir dir;
  TestConsortium pool;
  TestPerson person;
  test::TestClock clock;
  std::unique_ptr<store::LogStore> log;
  FailingStore store;
  std::filesystem::path snapshot_file = dir / "registry.snapshot";
  std::unique_ptr<Journal> journal;
};

TEST_CASE("Journal: what was appended is there again after a restart, and its rules with it",
          "[journal]") {
  World world;
  CHECK_FALSE(world.journal->founded());
  REQUIRE_REASON(world.journal->Append(world.Admission("Parks")), v1::STATEMENT_REFUSED);
  CHECK(world.journal->size() == 0);
  CHECK(testing::Must(world.journal->Append(world.pool.SignedCharter())) == 0);
  REQUIRE_REASON(world.journal->Append(world.pool.SignedCharter()), v1::STATEMENT_REFUSED);
  const v1::SignedStatement admission = world.Admission("Parks");
  CHECK(testing::Must(world.journal->Append(admission)) == 1);
  world.journal.reset();
  world.Open();
  CHECK(world.journal->founded());
  CHECK(world.journal->consortium() == world.pool.id);
  CHECK(world.journal->size() == 2);
  REQUIRE_REASON(world.journal->Append(admission), v1::REQUEST_ID_REUSED);
  const auto founder =
      world.journal->FindByKeyId(crypto::PaserkPublicId(world.pool.founder.sign.verify_key()));
  REQUIRE(founder.has_value());
  CHECK(founder->id == world.pool.founder.id);
  CHECK_FALSE(
      world.journal->FindByKeyId(crypto::PaserkPublicId(world.pool.founder.cosign.verify_key()))
          .has_value());
}

TEST_CASE(
    "Journal: a write that failed is either not there or wholly there, and the next append goes on",
    "[journal][fault]") {
  World world;
  REQUIRE_OK(world.journal->Append(world.pool.SignedCharter()));
  const v1::SignedStatement admission = world.Admission("Parks");
  world.store.fail = GENERATE(FailingStore::Fail::kBefore, FailingStore::Fail::kAfter);
  const bool landed = world.store.fail == FailingStore::Fail::kAfter;
  CHECK_FALSE(world.journal->Append(admission).ok());
  CHECK_FALSE(world.journal->Append(admission).ok());
  world.store.fail = FailingStore::Fail::kNot;
  const auto again = world.journal->Append(admission);
  // Either way it is on the log once, and the registry knows it.
  CHECK((landed ? ReasonOf(again.status()) == v1::REQUEST_ID_REUSED : again.ok()));
  CHECK(world.journal->size() == 2);
  REQUIRE_OK(world.journal->Append(world.Admission("Transit")));
  const uint64_t size = world.journal->size();
  CHECK(size == 3);
  world.journal.reset();
  world.Open();
  CHECK(world.journal->size() == size);
  REQUIRE_OK(world.journal->ProveExtension(1));
}

TEST_CASE("Journal: a log whose entries break the rules is refused at opening",
          "[journal][fault]") {
  World world;
  REQUIRE_OK(world.journal->Append(world.pool.SignedCharter()));
  world.journal.reset();
  {
    // Somebody with the log's key, but without a right to say it, appends past the journal.
    const auto log = testing::Must(
        tlog::Log::Open(&world.store, world.pool.log_key.Clone(), world.pool.log_name()));
    tlog::Entry entry;
    TestPerson stranger;
    stranger.member = test::DrawId<MemberId>();
    entry.body =
        TestConsortium::SignBy(stranger, world.pool.Upload(stranger, test::DrawId<UploadId>()))
            .SerializeAsString();
    std::vector<tlog::Entry> entries;
    entries.push_back(entry);
    REQUIRE_OK(log->Append(std::move(entries)));
  }
  REQUIRE_REASON(
      Journal::Open(&world.store, world.pool.log_key, world.pool.log_name(), &world.clock),
      v1::STORE_CORRUPT);
}

TEST_CASE("Journal: appends and readers at once see one order", "[journal]") {
  World world;
  REQUIRE_OK(world.journal->Append(world.pool.SignedCharter()));
  int told = 0;
  std::mutex mutex;
  world.journal->OnAppend([&] {
    const std::lock_guard lock(mutex);
    ++told;
  });
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      const auto extension = world.journal->ProveExtension(1);
      if (!extension.ok() || !world.journal->Prove(extension->size - 1, extension->size).ok())
        std::abort();
    }
  });
  std::vector<std::thread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 10; ++i) {
        if (!world.journal
                 ->Append(world.Admission("m" + std::to_string(w) + "-" + std::to_string(i)))
                 .ok())
          std::abort();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  done = true;
  reader.join();
  CHECK(world.journal->size() == 31);
  CHECK(told == 30);
}

TEST_CASE("Journal: a start reads who takes part and what is newer than the snapshot, no more",
          "[journal]") {
  World world;
  world.Found();
  for (int i = 0; i < 5; ++i) REQUIRE_OK(world.journal->Append(world.Withdrawal()));
  CHECK(world.Restart() == 8);
  REQUIRE_OK(world.journal->SaveSnapshot());
  CHECK(world.Restart() == 3);
  CHECK(world.journal->founded());
  CHECK(world.journal->FindByKeyId(crypto::PaserkPublicId(world.pool.founder.sign.verify_key())));
  CHECK(world.journal->FindByKeyId(crypto::PaserkPublicId(world.person.sign.verify_key())));
  // Ended with no chance to write another one.
  const v1::SignedStatement withdrawal = world.Withdrawal();
  REQUIRE_OK(world.journal->Append(withdrawal));
  REQUIRE_OK(world.journal->Append(world.Withdrawal()));
  CHECK(world.Restart() == 5);
  REQUIRE_REASON(world.journal->Append(withdrawal), v1::REQUEST_ID_REUSED);
  CHECK(world.journal->size() == 10);
}

TEST_CASE("Journal: snapshots are written while the log grows", "[journal]") {
  World world;
  world.Found();
  for (int i = 0; i < 1100; ++i) REQUIRE_OK(world.journal->Append(world.Withdrawal()));
  CHECK(world.Restart() < 100);
  CHECK(world.journal->size() == 1103);
}

TEST_CASE("Journal: a snapshot that is torn, changed or of another log is not believed",
          "[journal][fault]") {
  World world;
  world.Found();
  REQUIRE_OK(world.journal->Append(world.Withdrawal()));
  REQUIRE_OK(world.journal->SaveSnapshot());
  const std::string good = testing::Must(ReadFile(world.snapshot_file));
  const auto reads_with = [&](std::string_view bytes) {
    REQUIRE_OK(WriteFileDurably(world.snapshot_file, bytes));
    return world.Restart();
  };
  CHECK(reads_with(good) == 3);
  for (size_t size = 0; size < good.size(); size += 7)
    CHECK(reads_with(std::string_view(good).substr(0, size)) == 4);
  for (size_t at = 0; at < good.size(); at += 11)
    CHECK(reads_with(testing::Flipped(good, at)) == 4);
  World other;
  other.Found();
  REQUIRE_OK(other.journal->Append(other.Withdrawal()));
  REQUIRE_OK(other.journal->SaveSnapshot());
  // One more read of the charter, which tells that it is another log's.
  CHECK(reads_with(testing::Must(ReadFile(other.snapshot_file))) == 5);
  REQUIRE_OK(other.journal->Append(other.Withdrawal()));
  REQUIRE_OK(other.journal->SaveSnapshot());
  CHECK(reads_with(testing::Must(ReadFile(other.snapshot_file))) == 5);
  REQUIRE_OK(world.journal->Append(world.Withdrawal()));
  CHECK(world.journal->size() == 5);
}

TEST_CASE("Journal: a log that was set back behind its snapshot appends nothing",
          "[journal][fault]") {
  World world;
  REQUIRE_OK(world.journal->Append(world.pool.SignedCharter()));
  world.Copy("backup");
  REQUIRE_OK(world.journal->Append(world.Admission("Parks")));
  REQUIRE_OK(world.journal->SaveSnapshot());
  world.Use("backup");
  CHECK(world.journal->size() == 1);
  REQUIRE_REASON(world.journal->Append(world.Admission("Transit")), v1::LOG_REWOUND);
  // Stopping it does not make it forget.
  REQUIRE_OK(world.journal->SaveSnapshot());
  world.Use("backup");
  REQUIRE_REASON(world.journal->Append(world.Admission("Transit")), v1::LOG_REWOUND);
  world.Use("log");
  REQUIRE_OK(world.journal->Append(world.Admission("Transit")));
}

TEST_CASE("Journal: a long log that was set back does not write over what tells so",
          "[journal][fault]") {
  World world;
  world.Found();
  for (int i = 0; i < 1100; ++i) REQUIRE_OK(world.journal->Append(world.Withdrawal()));
  world.Copy("backup");
  REQUIRE_OK(world.journal->Append(world.Withdrawal()));
  REQUIRE_OK(world.journal->SaveSnapshot());
  const std::string snapshot = testing::Must(ReadFile(world.snapshot_file));
  for (int start = 0; start < 3; ++start) {
    world.Use("backup");
    REQUIRE_REASON(world.journal->Append(world.Withdrawal()), v1::LOG_REWOUND);
    REQUIRE_OK(world.journal->SaveSnapshot());
    CHECK(testing::Must(ReadFile(world.snapshot_file)) == snapshot);
  }
  world.Use("log");
  REQUIRE_OK(world.journal->Append(world.Withdrawal()));
}

TEST_CASE("Journal: a log whose entries are others than they were appends nothing",
          "[journal][fault]") {
  World world;
  REQUIRE_OK(world.journal->Append(world.pool.SignedCharter()));
  world.Copy("backup");
  REQUIRE_OK(world.journal->Append(world.Admission("Parks")));
  REQUIRE_OK(world.journal->SaveSnapshot());
  const std::string snapshot = testing::Must(ReadFile(world.snapshot_file));
  // As if nobody had kept anything, the copy went on; then what was kept is there again.
  std::filesystem::remove(world.snapshot_file);
  world.Use("backup");
  REQUIRE_OK(world.journal->Append(world.Admission("Transit")));
  REQUIRE_OK(world.journal->Append(world.Admission("Trees")));
  REQUIRE_OK(WriteFileDurably(world.snapshot_file, snapshot));
  world.Use("backup");
  REQUIRE_REASON(world.journal->Append(world.Admission("Museum")), v1::LOG_FORKED);
  world.Use("log");
  REQUIRE_OK(world.journal->Append(world.Admission("Museum")));
}

TEST_CASE("Journal: a log that is lost is not founded again under its key", "[journal][fault]") {
  World world;
  REQUIRE_OK(world.journal->Append(world.pool.SignedCharter()));
  REQUIRE_OK(world.journal->SaveSnapshot());
  world.Use("nothing");
  CHECK_FALSE(world.journal->founded());
  REQUIRE_REASON(world.journal->Append(world.pool.SignedCharter()), v1::LOG_REWOUND);
  world.Use("log");
  REQUIRE_OK(world.journal->Append(world.Admission("Parks")));
}

TEST_CASE("Journal: what is dated more than a day ahead is refused", "[journal]") {
  World world;
  world.Found();
  world.pool.now = absl::ToUnixSeconds(world.clock.Now()) + 23 * 60 * 60;
  REQUIRE_OK(world.journal->Append(world.Withdrawal()));
  world.pool.now += 2 * 60 * 60;
  REQUIRE_REASON(world.journal->Append(world.Withdrawal()), v1::STATEMENT_REFUSED);
}

TEST_CASE("Journal: of statements that come at once, each is checked against those before it",
          "[journal]") {
  World world;
  REQUIRE_OK(world.journal->Append(world.pool.SignedCharter()));
  for (int round = 0; round < 20; ++round) {
    const v1::SignedStatement same = world.Admission("m" + std::to_string(round));
    std::atomic<int> taken{0};
    std::atomic<int> refused{0};
    std::vector<std::thread> writers;
    for (int w = 0; w < 8; ++w) {
      writers.emplace_back([&] {
        const auto index = world.journal->Append(same);
        if (index.ok()) ++taken;
        if (ReasonOf(index.status()) == v1::REQUEST_ID_REUSED) ++refused;
      });
    }
    for (std::thread& writer : writers) writer.join();
    CHECK(taken == 1);
    CHECK(refused == 7);
  }
  CHECK(world.journal->size() == 21);
  world.Restart();
  CHECK(world.journal->size() == 21);
}

}  // namespace
}  // namespace muster::front
