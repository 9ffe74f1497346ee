// SPDX-License-Identifier: Apache-2.0
#include "core/governance/decision.h"

#include <catch2/catch.hpp>

#include "core/governance/charter.h"
#include "tests/core/governance/registry_world.h"

namespace muster::governance {
namespace {

using test::DrawId;
using test::TestConsortium;
using test::TestInvite;
using test::TestPerson;

// Three members under a charter of quorum 2.
struct Coalition : World {
  Coalition() {
    Found();
    parks = AddMember("Parks");
    transit = AddMember("Transit");
    library = AddMember("Library");
    REQUIRE_OK(Say(TestConsortium::SignBy(parks, Proposal(parks, 2))));
    REQUIRE(registry.terms().quorum() == 2);
  }
  int version() const { return registry.charter_versions().back().version; }
  TestPerson parks, transit, library;
};

}  // namespace

TEST_CASE("Decisions: in a trial one operator or one approver decides", "[governance]") {
  World world;
  world.Found();
  const TestPerson ada = world.AddMember("Parks");
  const TestPerson uploader = world.AddColleague(ada, {v1::ROLE_UPLOADER});
  const auto raise = [&](const TestPerson& by, int64_t audience) {
    v1::Statement proposal = world.Proposal(by, 1);
    proposal.mutable_charter_proposal()->mutable_terms()->set_audience_min(audience);
    return world.Refusal(TestConsortium::SignBy(by, proposal));
  };
  CHECK(raise(world.pool.founder, 200) == v1::ERROR_REASON_UNSPECIFIED);
  CHECK(world.registry.terms().audience_min() == 200);
  CHECK(raise(ada, 300) == v1::ERROR_REASON_UNSPECIFIED);
  CHECK(world.registry.terms().audience_min() == 300);
  CHECK(raise(uploader, 400) == v1::STATEMENT_REFUSED);
  CHECK(world.registry.terms().audience_min() == 300);
  REQUIRE(world.registry.charter_versions().size() == 3);
  CHECK(world.registry.charter_versions()[1].index + 1 ==
        world.registry.charter_versions()[2].index);
}

TEST_CASE("Decisions: a charter that too few have signed changes nothing", "[governance]") {
  Coalition world;
  const int before = world.version();
  v1::Statement proposal = world.Proposal(world.parks, 3);
  const Bytes32 hash = world.Propose(world.parks, proposal);
  CHECK(world.version() == before);
  CHECK(world.registry.terms().quorum() == 2);
  REQUIRE(world.registry.decisions().Pending().size() == 1);
  CHECK(world.registry.decisions().Find(hash)->members.size() == 1);

  // What would follow it is refused: it is not in effect.
  v1::Statement next = proposal;
  next.mutable_charter_proposal()->set_version(before + 2);
  next.mutable_charter_proposal()->set_predecessor_hash(ToString(hash));
  CHECK(world.Refusal(TestConsortium::SignBy(world.parks, next)) == v1::CHARTER_STALE);

  // The same member again, by another of its approvers, counts for nothing.
  const TestPerson colleague = world.AddColleague(world.parks, {v1::ROLE_APPROVER});
  CHECK(ReasonOf(world.Endorse(world.parks, hash)) == v1::ALREADY_SIGNED);
  CHECK(ReasonOf(world.Endorse(colleague, hash)) == v1::ALREADY_SIGNED);
  // Neither do an operator, an uploader, or a stranger.
  const TestPerson uploader = world.AddColleague(world.transit, {v1::ROLE_UPLOADER});
  CHECK(ReasonOf(world.Endorse(world.pool.founder, hash)) == v1::STATEMENT_REFUSED);
  CHECK(ReasonOf(world.Endorse(uploader, hash)) == v1::STATEMENT_REFUSED);
  CHECK(ReasonOf(world.Endorse(TestPerson(), hash)) == v1::STATEMENT_REFUSED);
  CHECK(world.version() == before);

  REQUIRE_OK(world.Endorse(world.transit, hash));
  CHECK(world.version() == before + 1);
  CHECK(world.registry.terms().quorum() == 3);
  CHECK(world.registry.charter_versions().back().hash == hash);
  CHECK(world.registry.charter_versions().back().index == world.next - 1);
  CHECK(ReasonOf(world.Endorse(world.library, hash)) == v1::NOTHING_TO_SIGN);
}

TEST_CASE("Decisions: the quorum of the charter that it would bring does not bring it",
          "[governance]") {
  Coalition world;
  // 2 of 3 raise it to 3; then 2 alone would lower it again.
  const Bytes32 raise = world.Propose(world.parks, world.Proposal(world.parks, 3));
  REQUIRE_OK(world.Endorse(world.transit, raise));
  REQUIRE(world.registry.terms().quorum() == 3);
  const Bytes32 lower = world.Propose(world.parks, world.Proposal(world.parks, 1));
  REQUIRE_OK(world.Endorse(world.transit, lower));
  CHECK(world.registry.terms().quorum() == 3);
  // An operator, who would decide alone under it, cannot.
  CHECK(ReasonOf(world.Endorse(world.pool.founder, lower)) == v1::STATEMENT_REFUSED);
  CHECK(world.registry.terms().quorum() == 3);
  REQUIRE_OK(world.Endorse(world.library, lower));
  CHECK(world.registry.terms().quorum() == 1);
}

TEST_CASE("Decisions: a proposal follows the charter in effect, once", "[governance]") {
  Coalition world;
  v1::Statement proposal = world.Proposal(world.parks, 3);
  const auto with = [&](auto&& change) {
    v1::Statement changed = proposal;
    change(*changed.mutable_charter_proposal());
    return world.Refusal(TestConsortium::SignBy(world.parks, changed));
  };
  CHECK(with([](auto& p) { p.set_version(p.version() + 1); }) == v1::CHARTER_STALE);
  CHECK(with([](auto& p) { p.set_predecessor_hash(std::string(32, 'x')); }) == v1::CHARTER_STALE);
  // A quorum that nobody could ever reach again.
  CHECK(with([](auto& p) { p.mutable_terms()->set_quorum(4); }) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(
            proposal, {&world.parks.sign, &world.transit.sign})) == v1::STATEMENT_REFUSED);
  const Bytes32 hash = world.Propose(world.parks, proposal);
  CHECK(world.Refusal(TestConsortium::SignBy(world.parks, proposal)) == v1::REQUEST_ID_REUSED);

  // Of two, the first that is signed counts; the other is void.
  v1::Statement rival = proposal;
  rival.set_signer(world.transit.id.Name());
  rival.mutable_charter_proposal()->mutable_terms()->set_audience_min(5);
  const Bytes32 other = world.Propose(world.transit, rival);
  REQUIRE_OK(world.Endorse(world.library, other));
  CHECK(world.registry.terms().audience_min() == 5);
  CHECK(ReasonOf(world.Endorse(world.transit, hash)) == v1::NOTHING_TO_SIGN);
  CHECK(world.registry.decisions().Pending().empty());
}

TEST_CASE("Decisions: a member is admitted when the quorum has signed", "[governance]") {
  Coalition world;
  TestPerson guest;
  guest.member = DrawId<MemberId>();
  guest.m = crypto::Scalar::Random();
  const TestInvite invite;
  const v1::Statement admission =
      world.pool.Admission(world.pool.founder, invite, guest, "Museum", true, kBoth);
  const Bytes32 hash = world.Propose(world.pool.founder, admission);
  CHECK(ReasonOf(world.Join(invite, guest)) == v1::QUORUM_MISSING);
  CHECK(ReasonOf(world.Endorse(world.pool.founder, hash)) == v1::STATEMENT_REFUSED);
  REQUIRE_OK(world.Endorse(world.parks, hash));
  CHECK(ReasonOf(world.Join(invite, guest)) == v1::QUORUM_MISSING);
  REQUIRE_OK(world.Endorse(world.library, hash));
  REQUIRE_OK(world.Join(invite, guest));
  CHECK(world.registry.FindMember(*guest.member) != nullptr);
  CHECK(world.registry.DecidingEntries(world.registry.FindInvite(invite.id)->index).size() == 2);

  // A colleague needs nobody but the member's approver.
  (void)world.AddColleague(world.parks, {v1::ROLE_UPLOADER});
  // An operator of no member is admitted by the quorum as well.
  const TestPerson second;
  const TestInvite for_operator;
  REQUIRE_OK(world.Admit(world.pool.founder, for_operator, second, "", false, {v1::ROLE_OPERATOR}));
  CHECK(ReasonOf(world.Join(for_operator, second)) == v1::QUORUM_MISSING);
}

TEST_CASE("Decisions: what waited when the charter changed is void", "[governance]") {
  Coalition world;
  TestPerson guest;
  guest.member = DrawId<MemberId>();
  guest.m = crypto::Scalar::Random();
  const TestInvite invite;
  const Bytes32 admission =
      world.Propose(world.pool.founder,
                    world.pool.Admission(world.pool.founder, invite, guest, "Museum", true, kBoth));
  REQUIRE_OK(world.Endorse(world.parks, admission));
  const Bytes32 lower = world.Propose(world.parks, world.Proposal(world.parks, 1));
  REQUIRE_OK(world.Endorse(world.transit, lower));
  CHECK(ReasonOf(world.Join(invite, guest)) == v1::STATEMENT_REFUSED);
  CHECK(ReasonOf(world.Endorse(world.library, admission)) == v1::NOTHING_TO_SIGN);
}

TEST_CASE("Decisions: an invite that has expired is not signed into effect", "[governance]") {
  Coalition world;
  TestPerson guest;
  guest.member = DrawId<MemberId>();
  guest.m = crypto::Scalar::Random();
  const Bytes32 hash = world.Propose(
      world.pool.founder,
      world.pool.Admission(world.pool.founder, TestInvite(), guest, "Museum", true, kBoth));
  world.pool.now += 8 * 24 * 3600;
  CHECK(ReasonOf(world.Endorse(world.parks, hash)) == v1::INVITE_EXPIRED);
}

TEST_CASE("Decisions: an invite from under another charter opens nothing any more",
          "[governance][refusal]") {
  World world;
  world.Found();
  const TestPerson parks = world.AddMember("Parks");
  const TestPerson transit = world.AddMember("Transit");
  // The operator alone admits a member of its own, for later.
  TestPerson sybil;
  sybil.member = DrawId<MemberId>();
  sybil.m = crypto::Scalar::Random();
  const TestInvite invite;
  REQUIRE_OK(world.Admit(world.pool.founder, invite, sybil, "Friends", true, kBoth));
  (void)world.Propose(parks, world.Proposal(parks, 2));
  CHECK(world.registry.terms().quorum() == 2);
  CHECK(ReasonOf(world.Join(invite, sybil)) == v1::STATEMENT_REFUSED);
  // And none is left open for years.
  const TestInvite other;
  v1::Statement late =
      world.pool.Admission(world.pool.founder, other, sybil, "Friends", true, kBoth);
  late.mutable_admission()->set_expire_time(world.pool.now + int64_t{91} * 24 * 3600);
  CHECK(world.Refusal(TestConsortium::SignBy(world.pool.founder, late)) == v1::STATEMENT_REFUSED);
}

}  // namespace muster::governance
