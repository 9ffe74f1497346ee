// SPDX-License-Identifier: Apache-2.0
#include "core/governance/person_order.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "core/governance/registry.h"
#include "tests/support/consortium.h"
#include "tests/support/status.h"

namespace muster::governance {
namespace {

using test::DrawId;
using test::TestConsortium;
using test::TestInvite;
using test::TestPerson;
using testing::Must;

// Two members with an uploader each, and one of the first who is only a lead.
struct World {
  TestConsortium pool;
  Registry registry;
  uint64_t next = 0;
  TestPerson ada;
  TestPerson eve;
  TestPerson lead;

  World() {
    REQUIRE_OK(Say(pool.SignedCharter()));
    Join(pool.founder, ada, "Parks", true, {v1::ROLE_UPLOADER, v1::ROLE_APPROVER});
    Join(pool.founder, eve, "Transit", true, {v1::ROLE_UPLOADER, v1::ROLE_APPROVER});
    lead.member = ada.member;
    Join(ada, lead, "", false, {v1::ROLE_LEAD});
  }
  void Join(const TestPerson& by, TestPerson& person, const std::string& member, bool new_member,
            const std::vector<v1::Role>& roles) {
    if (new_member) {
      person.member = DrawId<MemberId>();
      person.m = crypto::Scalar::Random();
    }
    const TestInvite invite;
    REQUIRE_OK(Say(
        TestConsortium::SignBy(by, pool.Admission(by, invite, person, member, new_member, roles))));
    REQUIRE_OK(Say(TestConsortium::SignJoin(pool.Join(invite, person), invite, person)));
  }
  absl::Status Say(const v1::SignedStatement& statement) {
    const auto verified = VerifyStatement(statement);
    if (!verified.ok()) return verified.status();
    const absl::Status applied = registry.Apply(next, *verified);
    if (applied.ok()) ++next;
    return applied;
  }
  Reason By(const TestPerson& person, const v1::Statement& statement) {
    return ReasonOf(Say(TestConsortium::SignBy(person, statement)));
  }
  Reason ByVault(const v1::Statement& statement) {
    return ReasonOf(Say(pool.SignByVault(statement)));
  }
  v1::Statement Erase(const TestPerson& person, const ErasureId& id) const {
    v1::Statement statement = pool.Base(person.id.Name());
    v1::EraseStatement& erase = *statement.mutable_erase();
    erase.set_erasure(id.Name());
    erase.set_member(person.member->Name());
    erase.set_sealed_hash(std::string(32, 'h'));
    erase.set_commitment(std::string(32, 'c'));
    return statement;
  }
  v1::Statement Erased(const TestPerson& person, const ErasureId& id) const {
    v1::Statement statement = pool.Base("vault");
    v1::ErasedStatement& erased = *statement.mutable_erased();
    erased.set_erasure(id.Name());
    erased.set_member(person.member->Name());
    erased.set_commitment(std::string(32, 'c'));
    erased.set_done(true);
    erased.set_source_count(3);
    return statement;
  }
  v1::Statement Report(const TestPerson& person, const PersonReportId& id) const {
    v1::Statement statement = pool.Base(person.id.Name());
    v1::PersonReportStatement& report = *statement.mutable_person_report();
    report.set_report(id.Name());
    report.set_member(person.member->Name());
    report.set_sealed_hash(std::string(32, 'h'));
    return statement;
  }
};

v1::Statement With(v1::Statement statement, const std::function<void(v1::Statement&)>& change) {
  change(statement);
  return statement;
}

}  // namespace

TEST_CASE("Person order: opens for its kind, consortium and person alone, and tells no length",
          "[person]") {
  const crypto::BoxSecretKey vault = crypto::BoxSecretKey::Generate();
  const Bytes16 consortium{1};
  v1::PersonOrder order;
  order.set_address("ada@example.org");
  order.set_salt(std::string(32, 's'));
  const auto seal = [&](const v1::PersonOrder& what, PersonOrderKind kind) {
    return Must(SealPersonOrder(kind, vault.public_key(), consortium, "people/a", what));
  };
  const std::string sealed = seal(order, PersonOrderKind::kErase);
  CHECK(Must(OpenPersonOrder(PersonOrderKind::kErase, vault, consortium, "people/a", sealed))
            .address() == "ada@example.org");
  REQUIRE_REASON(OpenPersonOrder(PersonOrderKind::kReport, vault, consortium, "people/a", sealed),
                 v1::DECRYPTION_FAILED);
  REQUIRE_REASON(OpenPersonOrder(PersonOrderKind::kErase, vault, consortium, "people/b", sealed),
                 v1::DECRYPTION_FAILED);
  REQUIRE_REASON(OpenPersonOrder(PersonOrderKind::kErase, vault, Bytes16{2}, "people/a", sealed),
                 v1::DECRYPTION_FAILED);
  v1::PersonOrder other = order;
  other.set_address(std::string(240, 'a') + "@example.org");
  CHECK(seal(other, PersonOrderKind::kErase).size() == sealed.size());
  other.set_address(std::string(300, 'a'));
  REQUIRE_REASON(
      SealPersonOrder(PersonOrderKind::kErase, vault.public_key(), consortium, "people/a", other),
      v1::EMAIL_TOO_LONG);
  // A salt where none belongs, and none where one does.
  REQUIRE_REASON(OpenPersonOrder(PersonOrderKind::kReport, vault, consortium, "people/a",
                                 seal(order, PersonOrderKind::kReport)),
                 v1::REQUEST_MALFORMED);
  order.clear_salt();
  REQUIRE_REASON(OpenPersonOrder(PersonOrderKind::kErase, vault, consortium, "people/a",
                                 seal(order, PersonOrderKind::kErase)),
                 v1::REQUEST_MALFORMED);
  CHECK(ErasureCommitment("s", "a") != ErasureCommitment("s", "b"));
}

TEST_CASE("Registry: erasures are an uploader's or approver's, answered once by the vault",
          "[person]") {
  World world;
  const ErasureId id = DrawId<ErasureId>();
  CHECK(world.ByVault(world.Erased(world.ada, id)) == v1::STATEMENT_REFUSED);
  CHECK(world.By(world.lead, world.Erase(world.lead, id)) == v1::STATEMENT_REFUSED);
  CHECK(world.By(world.eve, With(world.Erase(world.eve, id), [&](v1::Statement& s) {
                   s.mutable_erase()->set_member(world.ada.member->Name());
                 })) == v1::STATEMENT_REFUSED);
  REQUIRE(world.By(world.ada, world.Erase(world.ada, id)) == v1::ERROR_REASON_UNSPECIFIED);
  CHECK(world.By(world.ada, world.Erase(world.ada, id)) == v1::REQUEST_ID_REUSED);
  CHECK(world.ByVault(world.Erased(world.eve, id)) == v1::STATEMENT_REFUSED);
  CHECK(world.ByVault(With(world.Erased(world.ada, id), [](v1::Statement& s) {
    s.mutable_erased()->set_commitment(std::string(32, 'x'));
  })) == v1::STATEMENT_REFUSED);
  // A member cannot answer itself.
  CHECK(world.By(world.ada, With(world.Erased(world.ada, id), [&](v1::Statement& s) {
                   s.set_signer(world.ada.id.Name());
                 })) == v1::STATEMENT_MALFORMED);
  REQUIRE(world.ByVault(world.Erased(world.ada, id)) == v1::ERROR_REASON_UNSPECIFIED);
  CHECK(world.registry.FindErasure(id)->erased_index == world.next - 1);
  CHECK(world.ByVault(world.Erased(world.ada, id)) == v1::STATEMENT_REFUSED);
}

TEST_CASE("Registry: a report to a person is asked for by an uploader or approver, once",
          "[person]") {
  World world;
  const PersonReportId id = DrawId<PersonReportId>();
  CHECK(world.By(world.lead, world.Report(world.lead, id)) == v1::STATEMENT_REFUSED);
  REQUIRE(world.By(world.ada, world.Report(world.ada, id)) == v1::ERROR_REASON_UNSPECIFIED);
  CHECK(world.registry.FindPersonReport(id) == world.next - 1);
  CHECK(world.By(world.ada, world.Report(world.ada, id)) == v1::REQUEST_ID_REUSED);
}

TEST_CASE("Statement: fields about a person's requests are checked for size, range and form",
          "[person]") {
  World world;
  const ErasureId id = DrawId<ErasureId>();
  const auto refused = [&](const v1::Statement& good, auto change) {
    return world.By(world.ada, With(good, change)) == v1::STATEMENT_MALFORMED;
  };
  const v1::Statement erase = world.Erase(world.ada, id);
  CHECK(refused(erase, [](auto& s) { s.mutable_erase()->set_erasure("erasures/x"); }));
  CHECK(refused(erase, [](auto& s) { s.mutable_erase()->set_member("members/x"); }));
  CHECK(refused(erase, [](auto& s) { s.mutable_erase()->set_sealed_hash("x"); }));
  CHECK(refused(erase, [](auto& s) { s.mutable_erase()->set_commitment("x"); }));
  CHECK(refused(erase, [](auto& s) { s.set_signer("vault"); }));
  const v1::Statement erased = world.Erased(world.ada, id);
  CHECK(refused(erased, [](auto& s) { s.mutable_erased()->set_commitment("x"); }));
  CHECK(refused(erased, [](auto& s) { s.mutable_erased()->set_source_count(-1); }));
  CHECK(refused(erased, [](auto& s) { s.mutable_erased()->set_done(false); }));
  const v1::Statement report = world.Report(world.ada, DrawId<PersonReportId>());
  CHECK(refused(report, [](auto& s) { s.mutable_person_report()->set_sealed_hash("x"); }));
  CHECK(refused(report, [](auto& s) { s.mutable_person_report()->set_report("x"); }));
  // A key of low order would let everybody read.
  CHECK(world.By(world.ada, With(report, [](v1::Statement& s) {
                   s.mutable_person_report()->set_person_key(std::string(32, '\0'));
                 })) != v1::ERROR_REASON_UNSPECIFIED);
}

TEST_CASE("Registry: a person's requests are their member's to read", "[person]") {
  World world;
  for (const v1::Statement& statement :
       {world.Erase(world.ada, DrawId<ErasureId>()), world.Erased(world.ada, DrawId<ErasureId>()),
        world.Report(world.ada, DrawId<PersonReportId>())}) {
    CHECK_FALSE(Registry::IsPublic(statement));
    CHECK(Registry::OwnerOf(statement) == world.ada.member);
  }
}

}  // namespace muster::governance
