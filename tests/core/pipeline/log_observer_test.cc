// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/log_observer.h"

#include <catch2/catch.hpp>
#include <string>

#include "core/base/file.h"
#include "core/tlog/checkpoint.h"
#include "tests/core/pipeline/vault_fixture.h"

namespace muster::pipeline {
namespace {

using test::TestConsortium;
using test::TestVault;
using testing::Must;

// The last entry exchanged for another one of the same kind.
void Rewrite(TestVault& vault, size_t index) {
  vault.entries()[index].salt = crypto::RandomArray<32>();
}

}  // namespace

TEST_CASE("LogObserver: reads entries in order, once, and remembers them over a restart",
          "[pipeline]") {
  TestVault vault;
  const test::TestPerson& a = vault.AddMember("Alder");
  const uint64_t size = vault.entries().size();
  REQUIRE(vault.vault().State().log_size() == static_cast<int64_t>(size));
  // Seen before, in part and as a whole, alone and with news.
  REQUIRE(Must(vault.vault().Observe(vault.Entries(0, size))) == size);
  REQUIRE(Must(vault.vault().Observe(vault.Entries(1, 2))) == size);
  REQUIRE(Must(vault.vault().Observe(vault.Entries(size, size))) == size);
  vault.Reopen();
  REQUIRE(vault.vault().State().log_size() == static_cast<int64_t>(size));
  REQUIRE_OK(
      vault.vault().OpenIntake(test::DrawId<UploadId>().Name(), a.member->Name(), "everyone"));
  vault.AddMember("Birch");
  REQUIRE(Must(vault.vault().Observe(vault.Entries(0, vault.entries().size()))) == size + 2);
}

TEST_CASE("LogObserver: a gap is refused and says from where to go on", "[pipeline]") {
  TestVault vault;
  vault.AddMember("Alder");
  const uint64_t size = vault.entries().size();
  vault.entries().push_back(vault.entries().back());
  vault.entries().push_back(vault.entries().back());
  const auto refused = vault.vault().Observe(vault.Entries(size + 1, size + 2));
  REQUIRE_REASON(refused, v1::LOG_BEHIND);
  REQUIRE(DetailsOf(refused.status()).at("log_size") == std::to_string(size));
}

TEST_CASE("LogObserver: a log that was rewritten is a fork, before and after a restart",
          "[pipeline]") {
  TestVault vault;
  vault.AddMember("Alder");
  const uint64_t size = vault.entries().size();
  const auto good = vault.entries();
  for (size_t index = 0; index < size; ++index) {
    vault.entries() = good;
    Rewrite(vault, index);
    INFO(index);
    // Shown again, shown smaller, hidden before the part that is shown, and under news.
    REQUIRE_REASON(vault.vault().Observe(vault.Entries(0, size)), v1::LOG_FORKED);
    REQUIRE_REASON(vault.vault().Observe(vault.Entries(index, index + 1)), v1::LOG_FORKED);
    REQUIRE_REASON(vault.vault().Observe(vault.Entries(size, size)), v1::LOG_FORKED);
    const test::TestInvite invite;
    test::TestPerson person;
    person.member = test::DrawId<MemberId>();
    vault.entries().push_back(
        {crypto::RandomArray<32>(),
         TestConsortium::SignBy(
             vault.consortium.founder,
             vault.consortium.Admission(vault.consortium.founder, invite, person, "Birch", true,
                                        {v1::ROLE_UPLOADER, v1::ROLE_APPROVER}))
             .SerializeAsString()});
    REQUIRE_REASON(vault.vault().Observe(vault.Entries(size, size + 1)), v1::LOG_FORKED);
    if (index == 0) vault.Reopen();
    REQUIRE(vault.vault().State().log_size() == static_cast<int64_t>(size));
  }
  vault.entries() = good;
  vault.AddMember("Birch");
}

TEST_CASE("LogObserver: a checkpoint of another key, size, origin or text is refused",
          "[pipeline]") {
  TestVault vault;
  const uint64_t size = vault.entries().size();
  v1::ObserveEntriesRequest request = vault.Entries(0, size);
  const tlog::Checkpoint checkpoint =
      Must(tlog::OpenCheckpoint(request.checkpoint(), vault.consortium.note_key()));
  const std::string good = request.checkpoint();
  const auto refused = [&](const std::string& note) {
    request.set_checkpoint(note);
    return vault.vault().Observe(request);
  };
  const crypto::SigningKey other = crypto::SigningKey::Generate();
  REQUIRE_REASON(refused(tlog::SignCheckpoint(checkpoint, other)), v1::CHECKPOINT_UNSIGNED);
  REQUIRE_REASON(refused(tlog::SignCheckpoint({checkpoint.origin, size + 1, checkpoint.root},
                                              vault.consortium.log_key)),
                 v1::REQUEST_MALFORMED);
  REQUIRE_REASON(
      refused(tlog::SignCheckpoint({checkpoint.origin, size, Bytes32{}}, vault.consortium.log_key)),
      v1::LOG_FORKED);
  REQUIRE(!refused(tlog::SignCheckpoint({"another/log", size, checkpoint.root},
                                        vault.consortium.log_key))
               .ok());
  REQUIRE(!refused("").ok());
  REQUIRE(!refused(good.substr(1)).ok());
}

TEST_CASE("LogObserver: an entry without its body, or with another, is refused whole",
          "[pipeline]") {
  TestVault vault;
  const uint64_t size = vault.entries().size();
  const test::TestInvite invite;
  test::TestPerson person;
  person.member = test::DrawId<MemberId>();
  vault.entries().push_back(
      {crypto::RandomArray<32>(),
       TestConsortium::SignBy(
           vault.consortium.founder,
           vault.consortium.Admission(vault.consortium.founder, invite, person, "Alder", true,
                                      {v1::ROLE_UPLOADER, v1::ROLE_APPROVER}))
           .SerializeAsString()});
  const v1::ObserveEntriesRequest good = vault.Entries(size, size + 1);
  const auto observe = [&](auto change) {
    v1::ObserveEntriesRequest request = good;
    change(*request.mutable_entries(0));
    return vault.vault().Observe(request);
  };
  REQUIRE_REASON(observe([](v1::LogEntry& e) { e.clear_body(); }), v1::ENTRY_MALFORMED);
  REQUIRE_REASON(observe([](v1::LogEntry& e) { e.clear_salt(); }), v1::ENTRY_MALFORMED);
  REQUIRE_REASON(observe([](v1::LogEntry& e) { e.clear_body(), e.clear_salt(); }),
                 v1::ENTRY_MALFORMED);
  REQUIRE_REASON(observe([](v1::LogEntry& e) { e.mutable_salt()->back() ^= 1; }),
                 v1::ENTRY_MALFORMED);
  REQUIRE_REASON(observe([](v1::LogEntry& e) { e.mutable_body()->back() ^= 1; }),
                 v1::ENTRY_MALFORMED);
  REQUIRE_REASON(observe([](v1::LogEntry& e) { e.mutable_commitment()->back() ^= 1; }),
                 v1::ENTRY_MALFORMED);
  REQUIRE_REASON(observe([](v1::LogEntry& e) { e.set_index(e.index() + 1); }), v1::ENTRY_MALFORMED);
  REQUIRE(vault.vault().State().log_size() == static_cast<int64_t>(size));
  REQUIRE_OK(observe([](v1::LogEntry&) {}));
}

TEST_CASE("LogObserver: a statement that its rules refuse is not taken, nor what came with it",
          "[pipeline]") {
  TestVault vault;
  const test::TestPerson& a = vault.AddMember("Alder");
  const uint64_t size = vault.entries().size();
  const auto good = vault.entries();
  // A withdrawal that somebody else signed, behind a good one.
  v1::Statement withdrawal = vault.consortium.Withdrawal(a, test::DrawId<WithdrawalId>());
  vault.entries().push_back(
      {crypto::RandomArray<32>(), TestConsortium::SignBy(a, withdrawal).SerializeAsString()});
  withdrawal = vault.consortium.Withdrawal(a, test::DrawId<WithdrawalId>());
  vault.entries().push_back(
      {crypto::RandomArray<32>(),
       TestConsortium::SignWith(withdrawal, {&vault.consortium.founder.sign}).SerializeAsString()});
  REQUIRE_REASON(vault.vault().Observe(vault.Entries(size, size + 2)), v1::STATEMENT_REFUSED);
  REQUIRE(vault.vault().State().log_size() == static_cast<int64_t>(size));
  vault.entries() = good;
  vault.AddMember("Birch");
}

TEST_CASE("LogObserver: a charter of another vault or another log is refused", "[pipeline]") {
  TestVault vault;
  TestConsortium other;
  // The same log key, so that the checkpoint opens.
  other.id = vault.consortium.id;
  other.log_key = vault.consortium.log_key.Clone();
  test::TempDir folder;
  const std::filesystem::path home = folder / "vault";
  (void)Must(keyring::Keyring::Create(home));
  REQUIRE_OK(WriteFileDurably(home / "log.vkey", vault.consortium.note_key().Format() + "\n"));
  VaultOptions options;
  options.home = home;
  const auto fresh = Must(Vault::Open(options));
  REQUIRE_REASON(fresh->Observe(vault.Entries(0, 1)), v1::STATEMENT_REFUSED);
  vault.entries()[0].body = other.SignedCharter().SerializeAsString();
  REQUIRE_REASON(fresh->Observe(vault.Entries(0, 1)), v1::STATEMENT_REFUSED);
  REQUIRE(fresh->State().log_size() == 0);
  REQUIRE_REASON(
      fresh->OpenIntake(test::DrawId<UploadId>().Name(), test::DrawId<MemberId>().Name(), "x"),
      v1::LOG_BEHIND);
}

namespace {

// An observer with a store and a place of its own, shown the log of a TestVault.
struct Follower {
  test::TempDir dir;
  crypto::SecretBytes store_key = crypto::SecretBytes::Random(32);
  std::unique_ptr<store::VaultStore> store =
      Must(store::VaultStore::Open(dir / "store", store_key));
  std::filesystem::path file = dir / "registry.sealed";
  crypto::SecretBytes key = crypto::SecretBytes::Random(32);
  std::unique_ptr<LogObserver> observer;

  absl::Status Open(const TestVault& vault) {
    observer.reset();
    auto opened =
        LogObserver::Open(store.get(), vault.consortium.note_key(), vault.consortium.VaultKeys(),
                          LogObserver::SnapshotPlace{file, key.Clone()});
    if (opened.ok()) observer = *std::move(opened);
    return opened.status();
  }
  void Show(const TestVault& vault, uint64_t first, uint64_t end) {
    const v1::ObserveEntriesRequest request = vault.Entries(first, end);
    std::vector<const v1::LogEntry*> entries;
    for (const v1::LogEntry& entry : request.entries()) entries.push_back(&entry);
    REQUIRE_OK(observer->Observe(first, entries, request.checkpoint()));
  }
  // Whoever reads entry `index` of the store from now on finds nonsense.
  void Spoil(uint64_t index) {
    store::Batch batch;
    store::VaultStore::PutEntry(index, {Bytes32{}, Bytes32{}, "nonsense"}, batch);
    REQUIRE_OK(store->rows().Write(batch, store::Sync::kYes));
  }
};

}  // namespace

TEST_CASE("LogObserver: a start reads who takes part and what is newer than the snapshot, no more",
          "[pipeline]") {
  TestVault vault;
  const test::TestPerson& a = vault.AddMember("Alder");
  const auto withdraw = [&] {
    const WithdrawalId id = test::DrawId<WithdrawalId>();
    vault.Append(TestConsortium::SignBy(a, vault.consortium.Withdrawal(a, id)));
    return id;
  };
  withdraw();
  const uint64_t size = vault.entries().size();
  Follower follower;
  REQUIRE_OK(follower.Open(vault));
  follower.Show(vault, 0, size);
  REQUIRE_OK(follower.observer->SaveSnapshot());
  follower.Spoil(size - 1);
  REQUIRE_OK(follower.Open(vault));
  CHECK(follower.observer->size() == size);
  CHECK(follower.observer->registry()->FindPerson(a.id) != nullptr);
  // Ended before it wrote another one.
  const WithdrawalId last = withdraw();
  follower.Show(vault, size, size + 1);
  REQUIRE_OK(follower.Open(vault));
  CHECK(follower.observer->size() == size + 1);
  CHECK(follower.observer->registry()->FindWithdrawal(last) != nullptr);
  // What came after the snapshot is read as ever.
  follower.Spoil(size);
  CHECK_FALSE(follower.Open(vault).ok());
}

TEST_CASE(
    "LogObserver: a snapshot that is torn, changed or of another log or state is not believed",
    "[pipeline][fault]") {
  TestVault vault;
  vault.AddMember("Alder");
  const uint64_t size = vault.entries().size();
  Follower follower;
  REQUIRE_OK(follower.Open(vault));
  follower.Show(vault, 0, size - 1);
  REQUIRE_OK(follower.observer->SaveSnapshot());
  const std::string good = Must(ReadFile(follower.file));
  const auto opens_with = [&](std::string_view bytes) {
    REQUIRE_OK(WriteFileDurably(follower.file, bytes));
    const bool opened = follower.Open(vault).ok();
    if (opened) {
      CHECK(follower.observer->size() == size - 1);
      CHECK(follower.observer->registry()->FindMemberByName("Alder") == nullptr);
    }
    return opened;
  };
  CHECK(opens_with(good.substr(0, good.size() - 1)));
  CHECK(opens_with(""));
  for (size_t at = 0; at < good.size(); at += 101) {
    std::string bent = good;
    bent[at] = static_cast<char>(bent[at] ^ 4);
    CHECK(opens_with(bent));
  }
  // Ahead of the store, as after its restore from a backup.
  Follower further;
  further.key = follower.key.Clone();
  REQUIRE_OK(further.Open(vault));
  further.Show(vault, 0, size);
  REQUIRE_OK(further.observer->SaveSnapshot());
  CHECK(opens_with(Must(ReadFile(further.file))));
  // Of another log.
  TestVault other;
  Follower stranger;
  stranger.key = follower.key.Clone();
  REQUIRE_OK(stranger.Open(other));
  stranger.Show(other, 0, 1);
  REQUIRE_OK(stranger.observer->SaveSnapshot());
  CHECK(opens_with(Must(ReadFile(stranger.file))));
  // All of these were read from the first entry on; the good one names who takes part.
  follower.Spoil(1);
  CHECK_FALSE(opens_with(good.substr(1)));
  CHECK_FALSE(opens_with(good));
}

}  // namespace muster::pipeline
