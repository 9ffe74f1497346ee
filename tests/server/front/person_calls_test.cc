// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "core/crypto/hash.h"
#include "muster/v1/person_service.pb.h"
#include "tests/server/front/front_desk.h"

namespace muster::front {
namespace {

using test::FrontDesk;
using test::TestConsortium;
using test::TestPerson;
using testing::Must;

constexpr char kOrder[] = "sealed to the vault, as far as anybody here can tell";

v1::EraseRequest Erasure(FrontDesk& desk, const TestPerson& person,
                         const ErasureId& id = test::DrawId<ErasureId>()) {
  v1::Statement statement = desk.pool.Base(person.id.Name());
  v1::EraseStatement& erase = *statement.mutable_erase();
  erase.set_erasure(id.Name());
  erase.set_member(person.member->Name());
  erase.set_sealed_hash(ToString(crypto::Blake2b256(kOrder)));
  erase.set_commitment(std::string(32, 'c'));
  v1::EraseRequest request;
  *request.mutable_statement() = TestConsortium::SignBy(person, statement);
  request.set_sealed_order(kOrder);
  return request;
}

v1::ReportPersonRequest Question(FrontDesk& desk, const TestPerson& person) {
  v1::Statement statement = desk.pool.Base(person.id.Name());
  v1::PersonReportStatement& report = *statement.mutable_person_report();
  report.set_report(test::DrawId<PersonReportId>().Name());
  report.set_member(person.member->Name());
  report.set_sealed_hash(ToString(crypto::Blake2b256(kOrder)));
  v1::ReportPersonRequest request;
  *request.mutable_statement() = TestConsortium::SignBy(person, statement);
  request.set_sealed_order(kOrder);
  return request;
}

absl::StatusOr<v1::EraseResponse> Erase(FrontDesk& desk, const TestPerson& person,
                                        const v1::EraseRequest& request) {
  return desk.Call<v1::EraseResponse>(person, "PersonService/Erase", request);
}

}  // namespace

TEST_CASE("Erase: the order passes through to the vault unread, and both words are on the log",
          "[erase]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const v1::EraseRequest request = Erasure(desk, ada);
  const v1::EraseResponse done = Must(Erase(desk, ada, request));
  CHECK(desk.vault.erase_order() == kOrder);
  CHECK(desk.erasures().Pending().empty());
  CHECK(done.erase().body() == request.statement().SerializeAsString());
  const auto erased = Must(governance::VerifyStatementBytes(done.erased().body()));
  CHECK(erased.statement.erased().done());
  // Again: the same two entries.
  const v1::EraseResponse again = Must(Erase(desk, ada, request));
  CHECK(again.erase().index() == done.erase().index());
  CHECK(again.erased().index() == done.erased().index());
  CHECK(desk.journal().size() == static_cast<uint64_t>(done.erased().index()) + 1);
}

TEST_CASE("Erase: by whoever calls, with the order that was signed, and an id of its own",
          "[erase]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson bo = desk.AddPerson(ada, {v1::ROLE_UPLOADER});
  REQUIRE_REASON(Erase(desk, bo, Erasure(desk, ada)), v1::STATEMENT_REFUSED);
  v1::EraseRequest swapped = Erasure(desk, ada);
  swapped.set_sealed_order("another");
  REQUIRE_REASON(Erase(desk, ada, swapped), v1::REQUEST_MALFORMED);
  const ErasureId id = test::DrawId<ErasureId>();
  REQUIRE_OK(Erase(desk, ada, Erasure(desk, ada, id)));
  desk.pool.now += 1;
  REQUIRE_REASON(Erase(desk, ada, Erasure(desk, ada, id)), v1::REQUEST_ID_REUSED);
  // A statement of another kind.
  v1::EraseRequest other;
  *other.mutable_statement() = Question(desk, ada).statement();
  other.set_sealed_order(kOrder);
  REQUIRE_REASON(Erase(desk, ada, other), v1::STATEMENT_REFUSED);
}

TEST_CASE("Erase: what is on the log is carried out when the vault is back, after a restart too",
          "[erase][fault]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  // Away from the start: nothing is promised.
  desk.vault.SetAway(true);
  const v1::EraseRequest early = Erasure(desk, ada);
  REQUIRE_REASON(Erase(desk, ada, early), v1::VAULT_UNAVAILABLE);
  const uint64_t size = desk.journal().size();
  desk.vault.SetAway(false);
  // Busy once it is logged: done later, without being asked again.
  desk.vault.Refuse(MakeError(v1::SERVER_BUSY, "a match run is under way"));
  REQUIRE_REASON(Erase(desk, ada, Erasure(desk, ada)), v1::SERVER_BUSY);
  CHECK(desk.journal().size() == size + 1);
  CHECK(desk.erasures().Pending().size() == 1);
  desk.Restart();
  CHECK(desk.erasures().Pending().size() == 1);
  desk.vault.Refuse(absl::OkStatus());
  REQUIRE(test::Eventually([&] { return desk.journal().size() == size + 2; }));
  REQUIRE(test::Eventually([&] { return desk.erasures().Pending().empty(); }));
  CHECK(desk.vault.erase_order() == kOrder);
}

TEST_CASE("Report to a person: passes through, and that it was asked for is on the log",
          "[person]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const v1::ReportPersonRequest request = Question(desk, ada);
  const auto ask = [&](const TestPerson& person, const v1::ReportPersonRequest& asked) {
    return desk.Call<v1::ReportPersonResponse>(person, "PersonService/ReportPerson", asked);
  };
  const v1::ReportPersonResponse response = Must(ask(ada, request));
  CHECK(response.sealed_own() == "sealed own part");
  CHECK(response.sealed_full() == "sealed for the person");
  CHECK(desk.vault.reported().sealed_order() == kOrder);
  CHECK(desk.vault.reported().statement_index() == response.statement().index());
  // The very statement again is the same question, and no second entry.
  CHECK(Must(ask(ada, request)).statement().index() == response.statement().index());
  const TestPerson bo = desk.AddPerson(ada, {v1::ROLE_UPLOADER});
  REQUIRE_REASON(ask(bo, request), v1::STATEMENT_REFUSED);
  v1::ReportPersonRequest swapped = Question(desk, ada);
  swapped.set_sealed_order("another");
  REQUIRE_REASON(ask(ada, swapped), v1::REQUEST_MALFORMED);
  // Other members learn nothing of it.
  CHECK(governance::Registry::OwnerOf(
            Must(governance::VerifyStatementBytes(response.statement().body())).statement) ==
        ada.member);
}

}  // namespace muster::front
