// SPDX-License-Identifier: Apache-2.0
#include "core/governance/snapshot.h"

#include <catch2/catch.hpp>
#include <set>

#include "core/base/error.h"
#include "muster/v1/registry_snapshot.pb.h"
#include "tests/core/governance/registry_world.h"
#include "tests/support/consortium.h"
#include "tests/support/status.h"
#include "tests/support/vectors.h"

namespace muster::governance {
namespace {

using test::DrawId;
using test::TestConsortium;
using test::TestInvite;
using test::TestPerson;
using testing::Must;

struct State {
  crypto::MerkleFrontier tree;
  Registry registry;
};

// A log with a statement of every kind, and of each that can be undone, done or void, one that was
// not, one that was and one that still waits.
struct Story : World {
  TestPerson person;
  TestPerson steward;
  TestInvite unused;
  crypto::SigningKey opening_key = crypto::SigningKey::Generate();

  void By(const TestPerson& by, const v1::Statement& statement) {
    REQUIRE_OK(Say(TestConsortium::SignBy(by, statement)));
  }
  void ByVault(const v1::Statement& statement) { REQUIRE_OK(Say(pool.SignByVault(statement))); }
  Bytes32 LastHash() const { return StatementHash(log.back()); }

  Story() {
    Found();
    person = AddMember("Parks");
    steward = AddColleague(person, {v1::ROLE_STEWARD});
    const TestPerson library = AddMember("Library");
    TestPerson auditor;
    By(pool.founder, pool.Admission(pool.founder, unused, auditor, "", false, {v1::ROLE_AUDITOR}));
    Lists();
    People();
    Charters(library);
    Root(library);
  }

  // Uploads, what the vault read, voters, a match run, withdrawals.
  void Lists() {
    const auto upload = TestConsortium::SignBy(person, pool.Upload(person, DrawId<UploadId>()));
    REQUIRE_OK(Say(upload));
    ByVault(pool.Intake(upload));
    By(person, pool.Upload(person, DrawId<UploadId>()));
    const auto voter_id = DrawId<UploadId>();
    const auto voters = TestConsortium::SignBy(steward, pool.VoterUpload(steward, voter_id));
    const uint64_t voters_index = next;
    REQUIRE_OK(Say(voters));
    ByVault(pool.Intake(voters));
    ByVault(pool.Match(DrawId<MatchId>(), voter_id, "nc-2026-09-01", voters_index));
    const auto withdrawal = DrawId<WithdrawalId>();
    By(person, pool.Withdrawal(person, withdrawal));
    ByVault(pool.Withdrawn(person, withdrawal));
    By(person, pool.Withdrawal(person, DrawId<WithdrawalId>()));
  }

  // Erasures, and a report to a person.
  void People() {
    for (const bool done : {true, false}) {
      v1::Statement asked = pool.Base(person.id.Name());
      v1::EraseStatement& erase = *asked.mutable_erase();
      erase.set_erasure(DrawId<ErasureId>().Name());
      erase.set_member(person.member->Name());
      erase.set_sealed_hash(std::string(32, 'h'));
      erase.set_commitment(std::string(32, done ? 'd' : 'w'));
      By(person, asked);
      if (!done) continue;
      v1::Statement said = pool.Base("vault");
      v1::ErasedStatement& erased = *said.mutable_erased();
      erased.set_erasure(erase.erasure());
      erased.set_member(erase.member());
      erased.set_commitment(erase.commitment());
      erased.set_done(true);
      erased.set_source_count(1);
      ByVault(said);
    }
    v1::Statement told = pool.Base(person.id.Name());
    told.mutable_person_report()->set_report(DrawId<PersonReportId>().Name());
    told.mutable_person_report()->set_member(person.member->Name());
    told.mutable_person_report()->set_sealed_hash(std::string(32, 'h'));
    By(person, told);
  }

  // The quorum goes to 2 and back; an admission is decided by it, one voided, one still waits.
  void Charters(const TestPerson& library) {
    By(pool.founder, Proposal(pool.founder, 2));
    REQUIRE(registry.terms().quorum() == 2);
    const auto admit = [this](const std::string& name) {
      TestPerson museum;
      museum.member = DrawId<MemberId>();
      museum.m = crypto::Scalar::Random();
      TestInvite invite;
      REQUIRE_OK(Admit(pool.founder, invite, museum, name, true, kBoth));
      return std::pair(std::move(museum), std::move(invite));
    };
    const auto [museum, invite] = admit("Museum");
    const Bytes32 admission = LastHash();
    REQUIRE_OK(Endorse(person, admission));
    REQUIRE_OK(Endorse(library, admission));
    REQUIRE_OK(Join(invite, museum));
    admit("Void");
    const Bytes32 proposed = Propose(person, Proposal(person, 1));
    REQUIRE_OK(Endorse(library, proposed));
    REQUIRE(registry.terms().quorum() == 1);
    By(pool.founder, Proposal(pool.founder, 2));
    admit("Waits");
    REQUIRE_OK(Endorse(person, LastHash()));
    Propose(library, Proposal(library, 3));
    REQUIRE(registry.decisions().Pending().size() == 2);
  }

  // The vault's root: split, confirmed, sealed, opened, told to seal; and a second ceremony waits.
  void Root(const TestPerson& library) {
    const v1::Statement ceremony = Ceremony(person, 2, {&person, &library});
    const Bytes32 ceremony_hash = Propose(person, ceremony);
    REQUIRE_OK(Endorse(library, ceremony_hash));
    ByVault(Split(ceremony_hash, ceremony.ceremony(), opening_key));
    const Bytes32 split_hash = LastHash();
    REQUIRE_OK(Endorse(library, split_hash));
    for (int round = 0; round < 2; ++round) {
      REQUIRE_OK(Say(TestConsortium::SignWith(Opening(split_hash), {&opening_key})));
      const Bytes32 opening_hash = LastHash();
      ByVault(Unsealed(opening_hash, {&person, &library}));
      By(library, Seal(library, LastHash()));
    }
    REQUIRE_OK(Say(TestConsortium::SignWith(Opening(split_hash), {&opening_key})));
    By(person, Ceremony(person, 1, {&library}));
  }

  State At(size_t size) const {
    State at;
    Extend(at, size);
    return at;
  }
  State Restore(const std::string& bytes) const {
    Snapshot snapshot = Must(DecodeSnapshot(bytes));
    State state;
    state.registry = Must(RestoreRegistry(
        snapshot, [this](uint64_t index) { return VerifyStatement(log.at(index)); }));
    state.tree = std::move(snapshot.tree);
    return state;
  }
  void Extend(State& at, size_t size) const {
    for (size_t index = at.tree.size(); index < size; ++index) {
      REQUIRE_OK(at.registry.Apply(index, Must(VerifyStatement(log[index]))));
      at.tree.Append(crypto::MerkleLeaf(log[index].SerializeAsString()));
    }
  }
};

std::string Encode(const State& state) { return EncodeSnapshot(state.tree, state.registry); }

// The names of the fields of a oneof that some statement of the log has set.
std::set<std::string> KindsIn(const Story& story) {
  std::set<std::string> kinds;
  for (const v1::SignedStatement& said : story.log) {
    const v1::Statement statement = Must(VerifyStatement(said)).statement;
    kinds.insert(KindOf(statement));
    if (!statement.has_vault_key()) continue;
    const auto* event = v1::VaultKeyStatement::descriptor()->FindOneofByName("event");
    kinds.insert(statement.vault_key()
                     .GetReflection()
                     ->GetOneofFieldDescriptor(statement.vault_key(), event)
                     ->name());
  }
  return kinds;
}

TEST_CASE("Snapshot: the log of these tests has a statement of every kind", "[governance]") {
  const std::set<std::string> kinds = KindsIn(Story());
  const auto all = [&](const google::protobuf::Descriptor* message, const std::string& oneof) {
    const auto* body = message->FindOneofByName(oneof);
    REQUIRE(body != nullptr);
    for (int i = 0; i < body->field_count(); ++i) {
      INFO(body->field(i)->name() << ": say one in Story, so that snapshots are known to keep it");
      CHECK(kinds.contains(body->field(i)->name()));
    }
  };
  all(v1::Statement::descriptor(), "body");
  all(v1::VaultKeyStatement::descriptor(), "event");
}

TEST_CASE("Snapshot: at every size it gives the registry that reading the log gives",
          "[governance][oracle]") {
  const Story story;
  const State whole = story.At(story.log.size());
  CHECK(whole.registry == story.registry);
  std::vector<VerifiedStatement> said;
  for (const v1::SignedStatement& statement : story.log)
    said.push_back(Must(VerifyStatement(statement)));
  for (size_t size = 0; size <= story.log.size(); ++size) {
    INFO(size);
    const State at = story.At(size);
    State read = story.Restore(Encode(at));
    CHECK(read.tree.size() == size);
    CHECK(read.tree.Root() == at.tree.Root());
    REQUIRE(read.registry == at.registry);
    // And so it judges what comes next, and refuses what was said, in the same words.
    for (const VerifiedStatement& statement : said)
      CHECK(read.registry.Check(statement) == at.registry.Check(statement));
    story.Extend(read, story.log.size());
    CHECK(read.registry == whole.registry);
  }
}

TEST_CASE("Snapshot: registries that differ in anything said are not equal", "[governance]") {
  const Story story;
  for (size_t size = 0; size < story.log.size(); ++size) {
    INFO(size);
    CHECK_FALSE(story.At(size).registry == story.At(size + 1).registry);
  }
}

TEST_CASE("Snapshot: people, lists and open invites are there as before", "[governance]") {
  const Story world;
  const State read = world.Restore(Encode(world.At(world.log.size())));
  const Registry& registry = read.registry;
  const PersonRecord* person = registry.FindPersonBySignKey(world.person.sign.verify_key());
  REQUIRE(person != nullptr);
  CHECK(person->id == world.person.id);
  CHECK(person->member == world.person.member);
  CHECK(person->cosign_key == world.person.cosign.verify_key());
  CHECK(person->roles == RoleSet{v1::ROLE_APPROVER, v1::ROLE_UPLOADER});
  const MemberRecord* member = registry.FindMemberByName("Parks");
  REQUIRE(member != nullptr);
  CHECK(member->member_key == world.person.m->TimesBase());
  CHECK(member->people == std::vector<PersonId>{world.person.id, world.steward.id});
  CHECK(registry.IsVoterFileName(*world.person.member, "everyone") == false);
  CHECK(registry.IsVoterFileName(*world.person.member, "nc-2026-09-01") == true);
  CHECK(registry.IsVoterFileName(*world.person.member, "nobody's") == std::nullopt);
  CHECK(registry.uploads().size() == 3);
  CHECK(registry.withdrawals().size() == 2);
  CHECK_FALSE(registry.FindInvite(world.unused.id)->used);
}

TEST_CASE("Snapshot: what is none of this version is refused", "[governance][fault]") {
  const Story world;
  const std::string bytes = Encode(world.At(world.log.size()));
  v1::RegistrySnapshot message;
  REQUIRE(message.ParseFromString(bytes));
  const auto refused = [&](auto&& change) {
    v1::RegistrySnapshot changed = message;
    change(changed);
    const auto snapshot = DecodeSnapshot(changed.SerializeAsString());
    if (!snapshot.ok()) return ReasonOf(snapshot.status());
    return ReasonOf(RestoreRegistry(*snapshot, [&](uint64_t index) {
                      return VerifyStatement(world.log.at(index));
                    }).status());
  };
  using Message = v1::RegistrySnapshot;
  CHECK(refused([](Message& m) { m.set_version(kSnapshotVersion + 1); }) == v1::STORE_CORRUPT);
  CHECK(refused([](Message& m) { m.set_size(2 * m.size() + 1); }) == v1::STORE_CORRUPT);
  CHECK(refused([](Message& m) { m.mutable_frontier()->RemoveLast(); }) == v1::STORE_CORRUPT);
  CHECK(refused([](Message& m) { m.set_charter_hash(std::string(32, 'c')); }) == v1::STORE_CORRUPT);
  CHECK(refused([](Message& m) { m.mutable_uploads(0)->clear_member(); }) == v1::STORE_CORRUPT);
  CHECK(refused([](Message& m) { m.clear_named(); }) == v1::STORE_CORRUPT);
  // One that the rules refuse, one that is not there, one that is kept otherwise.
  CHECK(refused([](Message& m) { m.add_named(1); }) == v1::REQUEST_ID_REUSED);
  CHECK(refused([](Message& m) { m.add_named(1'000); }) == v1::STORE_CORRUPT);
  uint64_t upload = 0;
  while (!Must(VerifyStatement(world.log[upload])).statement.has_upload()) ++upload;
  CHECK(refused([&](Message& m) { m.add_named(upload); }) == v1::STORE_CORRUPT);
  REQUIRE_REASON(DecodeSnapshot("nonsense"), v1::STORE_CORRUPT);
  REQUIRE_REASON(DecodeSnapshot(""), v1::STORE_CORRUPT);
}

TEST_CASE("Snapshot: a new one is due after a while, and seldom in a long log", "[governance]") {
  CHECK_FALSE(IsSnapshotDue(0, 1023));
  CHECK(IsSnapshotDue(0, 1024));
  CHECK_FALSE(IsSnapshotDue(999'000, 1'000'000));
  CHECK(IsSnapshotDue(900'000, 1'000'000));
}

}  // namespace
}  // namespace muster::governance
