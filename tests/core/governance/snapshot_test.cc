// SPDX-License-Identifier: Apache-2.0
#include "core/governance/snapshot.h"

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "muster/v1/registry_snapshot.pb.h"
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

// A log with a statement of every kind.
struct World {
  TestConsortium pool;
  std::vector<v1::SignedStatement> log;
  TestPerson person;
  TestPerson steward;
  TestInvite unused;

  void Say(v1::SignedStatement statement) { log.push_back(std::move(statement)); }
  void Say(const TestPerson& by, const v1::Statement& statement) {
    Say(TestConsortium::SignBy(by, statement));
  }

  World() {
    Say(pool.SignedCharter());
    person.member = DrawId<MemberId>();
    person.name = "First of Parks";
    person.m = crypto::Scalar::Random();
    TestInvite invite;
    Say(pool.founder, pool.Admission(pool.founder, invite, person, "Parks", true,
                                     {v1::ROLE_APPROVER, v1::ROLE_UPLOADER}));
    Say(TestConsortium::SignJoin(pool.Join(invite, person), invite, person));
    steward.member = person.member;
    TestInvite second;
    Say(person, pool.Admission(person, second, steward, "", false, {v1::ROLE_STEWARD}));
    Say(TestConsortium::SignJoin(pool.Join(second, steward), second, steward));
    TestPerson auditor;
    Say(pool.founder, pool.Admission(pool.founder, unused, auditor, "", false, {v1::ROLE_AUDITOR}));

    const auto upload = TestConsortium::SignBy(person, pool.Upload(person, DrawId<UploadId>()));
    Say(upload);
    Say(pool.SignByVault(pool.Intake(upload)));
    Say(person, pool.Upload(person, DrawId<UploadId>()));
    const auto voter_id = DrawId<UploadId>();
    const auto voters = TestConsortium::SignBy(steward, pool.VoterUpload(steward, voter_id));
    const uint64_t voters_index = log.size();
    Say(voters);
    Say(pool.SignByVault(pool.Intake(voters)));
    Say(pool.SignByVault(pool.Match(DrawId<MatchId>(), voter_id, "nc-2026-09-01", voters_index)));
    const auto withdrawal = DrawId<WithdrawalId>();
    Say(person, pool.Withdrawal(person, withdrawal));
    Say(pool.SignByVault(pool.Withdrawn(person, withdrawal)));
    Say(person, pool.Withdrawal(person, DrawId<WithdrawalId>()));
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

TEST_CASE("Snapshot: at every size it leads to the state that the whole log leads to",
          "[governance][oracle]") {
  const World world;
  const std::string whole = Encode(world.At(world.log.size()));
  for (size_t size = 0; size <= world.log.size(); ++size) {
    INFO(size);
    const State at = world.At(size);
    const std::string bytes = Encode(at);
    State read = world.Restore(bytes);
    CHECK(read.tree.size() == size);
    CHECK(read.tree.Root() == at.tree.Root());
    CHECK(Encode(read) == bytes);
    // What was said is refused again, and for the same reason.
    for (const v1::SignedStatement& statement : world.log) {
      const VerifiedStatement verified = Must(VerifyStatement(statement));
      const absl::Status expected = at.registry.Check(verified);
      CHECK(ReasonOf(read.registry.Check(verified)) == ReasonOf(expected));
    }
    world.Extend(read, world.log.size());
    CHECK(Encode(read) == whole);
  }
}

TEST_CASE("Snapshot: people, lists and open invites are there as before", "[governance]") {
  const World world;
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
  const World world;
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
  CHECK(refused([](Message& m) { m.set_size(m.size() + 1); }) == v1::STORE_CORRUPT);
  CHECK(refused([](Message& m) { m.mutable_frontier()->RemoveLast(); }) == v1::STORE_CORRUPT);
  CHECK(refused([](Message& m) { m.set_charter_hash(std::string(32, 'c')); }) == v1::STORE_CORRUPT);
  CHECK(refused([](Message& m) { m.mutable_uploads(0)->clear_member(); }) == v1::STORE_CORRUPT);
  CHECK(refused([](Message& m) { m.clear_named(); }) == v1::STORE_CORRUPT);
  // One that the rules refuse, one that is not there, one that is kept otherwise.
  CHECK(refused([](Message& m) { m.add_named(1); }) == v1::REQUEST_ID_REUSED);
  CHECK(refused([](Message& m) { m.add_named(1'000); }) == v1::STORE_CORRUPT);
  CHECK(refused([](Message& m) { m.add_named(6); }) == v1::STORE_CORRUPT);
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
