// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "core/crypto/shares.h"
#include "muster/v1/charter_service.pb.h"
#include "muster/v1/match_service.pb.h"
#include "muster/v1/vault_key_service.pb.h"
#include "tests/server/front/front_desk.h"

namespace muster::front {
namespace {

using test::FrontDesk;
using test::TestConsortium;
using test::TestPerson;
using testing::Must;

struct Members : FrontDesk {
  Members()
      : parks(AddMember("Parks")), transit(AddMember("Transit")), library(AddMember("Library")) {}

  v1::CharterTerms Terms() {
    return journal().WithRegistry([](const governance::Registry& r) { return r.terms(); });
  }
  int Version() {
    return journal().WithRegistry(
        [](const governance::Registry& r) { return r.charter_versions().back().version; });
  }
  v1::ProposeCharterRequest Proposal(const TestPerson& by, int quorum) {
    v1::Statement statement = pool.Base(by.id.Name());
    v1::CharterProposalStatement& proposal = *statement.mutable_charter_proposal();
    journal().WithRegistry([&](const governance::Registry& registry) {
      const governance::CharterVersion& current = registry.charter_versions().back();
      proposal.set_version(current.version + 1);
      proposal.set_predecessor_hash(ToString(current.hash));
      *proposal.mutable_terms() = current.terms;
    });
    proposal.mutable_terms()->set_quorum(quorum);
    v1::ProposeCharterRequest request;
    *request.mutable_proposal() = TestConsortium::SignBy(by, statement);
    return request;
  }
  absl::StatusOr<v1::ProposeCharterResponse> Propose(const TestPerson& by,
                                                     const v1::ProposeCharterRequest& request) {
    return Call<v1::ProposeCharterResponse>(by, "CharterService/ProposeCharter", request);
  }
  absl::StatusOr<v1::EndorseResponse> Endorse(const TestPerson& by, const Bytes32& hash) {
    v1::Statement statement = pool.Base(by.id.Name());
    statement.mutable_endorsement()->set_statement_hash(ToString(hash));
    v1::EndorseRequest request;
    *request.mutable_endorsement() = TestConsortium::SignBy(by, statement);
    return Call<v1::EndorseResponse>(by, "CharterService/Endorse", request);
  }
  TestPerson parks, transit, library;
};

bool Eventually(const std::function<bool()>& what) {
  for (int i = 0; i < 200; ++i) {
    if (what()) return true;
    absl::SleepFor(absl::Milliseconds(25));
  }
  return false;
}

}  // namespace

TEST_CASE("Charter calls: a change takes effect with the old charter's quorum, and no sooner",
          "[charter]") {
  Members desk;
  REQUIRE_OK(desk.Propose(desk.parks, desk.Proposal(desk.parks, 2)));
  REQUIRE(desk.Terms().quorum() == 2);

  const v1::ProposeCharterRequest lower = desk.Proposal(desk.transit, 1);
  const Bytes32 hash = governance::StatementHash(lower.proposal());
  const auto first = Must(desk.Propose(desk.transit, lower));
  CHECK(first.proposal().body() == lower.proposal().SerializeAsString());
  // The same call again, since its answer was lost.
  CHECK(Must(desk.Propose(desk.transit, lower)).proposal().index() == first.proposal().index());
  CHECK(desk.Terms().quorum() == 2);
  // Whoever would decide under the new one does not decide on it.
  REQUIRE_REASON(desk.Endorse(desk.pool.founder, hash), v1::STATEMENT_REFUSED);
  REQUIRE_REASON(desk.Endorse(desk.transit, hash), v1::ALREADY_SIGNED);
  const TestPerson uploader = desk.AddPerson(desk.parks, {v1::ROLE_UPLOADER});
  REQUIRE_REASON(desk.Endorse(uploader, hash), v1::ROLE_NOT_ALLOWED);
  REQUIRE_REASON(desk.Endorse(desk.parks, Bytes32{1}), v1::NOTHING_TO_SIGN);
  CHECK(desk.Version() == 2);
  REQUIRE_OK(desk.Endorse(desk.parks, hash));
  CHECK(desk.Version() == 3);
  CHECK(desk.Terms().quorum() == 1);
  REQUIRE_REASON(desk.Propose(desk.transit, desk.Proposal(desk.parks, 2)),
                 v1::STATEMENT_REFUSED);  // in another's name
  desk.Restart();
  CHECK(desk.Version() == 3);
}

TEST_CASE("Charter calls: after the founding a member is admitted by the quorum", "[charter]") {
  Members desk;
  REQUIRE_OK(desk.Propose(desk.parks, desk.Proposal(desk.parks, 2)));
  TestPerson guest;
  guest.member = test::DrawId<MemberId>();
  guest.m = crypto::Scalar::Random();
  const test::TestInvite invite;
  v1::AdmitRequest admit;
  *admit.mutable_admission() = TestConsortium::SignBy(
      desk.pool.founder, desk.pool.Admission(desk.pool.founder, invite, guest, "Museum", true,
                                             {v1::ROLE_UPLOADER, v1::ROLE_APPROVER}));
  REQUIRE_OK((desk.Call<v1::AdmitResponse>(desk.pool.founder, "MemberService/Admit", admit)));
  v1::EnrollRequest enroll;
  *enroll.mutable_join() = TestConsortium::SignJoin(desk.pool.Join(invite, guest), invite, guest);
  const auto join = [&] {
    return desk.Raw("EnrollmentService/Enroll", "", enroll.SerializeAsString()).status();
  };
  const Bytes32 hash = governance::StatementHash(admit.admission());
  REQUIRE_REASON(join(), v1::QUORUM_MISSING);
  REQUIRE_OK(desk.Endorse(desk.parks, hash));
  REQUIRE_REASON(join(), v1::QUORUM_MISSING);
  REQUIRE_OK(desk.Endorse(desk.library, hash));
  REQUIRE_OK(join());
}

TEST_CASE("Vault keys: what the vault says of its key gets onto the log, a split is proven to it",
          "[charter]") {
  Members desk;
  v1::Statement order = desk.pool.Base(desk.pool.founder.id.Name());
  order.mutable_ceremony()->set_epoch(1);
  order.mutable_ceremony()->set_threshold(1);
  for (const TestPerson* holder : {&desk.parks, &desk.transit})
    order.mutable_ceremony()->add_holders(holder->id.Name());
  v1::StartCeremonyRequest request;
  *request.mutable_ceremony() = TestConsortium::SignBy(desk.pool.founder, order);
  REQUIRE_OK((desk.Call<v1::StartCeremonyResponse>(desk.pool.founder,
                                                   "VaultKeyService/StartCeremony", request)));

  const crypto::SigningKey opening_key = crypto::SigningKey::Generate();
  v1::Statement said = desk.pool.Base("vault");
  v1::RootSplit& split = *said.mutable_vault_key()->mutable_split();
  split.set_ceremony_hash(ToString(governance::StatementHash(request.ceremony())));
  split.set_epoch(1);
  split.add_commitments(ToString(crypto::Scalar::Random().TimesBase().bytes));
  for (const TestPerson* holder : {&desk.parks, &desk.transit}) {
    v1::ShareHolder& one = *split.add_holders();
    one.set_person(holder->id.Name());
    one.set_sign_key(ToString(holder->sign.verify_key().bytes));
    one.set_sealed_share(std::string(crypto::kShareBytes + crypto::kBoxOverheadBytes, 's'));
  }
  split.set_opening_key(ToString(opening_key.verify_key().bytes));
  const v1::SignedStatement signed_split = desk.pool.SignByVault(said);
  desk.vault.Say({signed_split});
  REQUIRE(Eventually([&] { return desk.vault.committed().has_value(); }));
  CHECK(desk.vault.committed()->split().body() == signed_split.SerializeAsString());

  // Sealed: it announces a key, and whoever needs it is told what to do.
  v1::Statement opening = desk.pool.Base("vault");
  opening.mutable_vault_key()->mutable_opening()->set_split_hash(
      ToString(governance::StatementHash(signed_split)));
  opening.mutable_vault_key()->mutable_opening()->set_box_key(
      ToString(crypto::BoxSecretKey::Generate().public_key().bytes));
  const v1::SignedStatement signed_opening = TestConsortium::SignWith(opening, {&opening_key});
  v1::VaultKeyState key;
  key.set_epoch(1);
  key.set_threshold(1);
  key.set_holder_count(2);
  desk.vault.Seal(key);
  desk.vault.Refuse(VaultSealed(key));
  desk.vault.Say({signed_opening});
  REQUIRE(Eventually([&] {
    return desk.journal().WithRegistry([](const governance::Registry& registry) {
      return registry.vault_key().opening().has_value();
    });
  }));
  const auto keys = Must(desk.Call<v1::GetVaultKeysResponse>(
      desk.parks, "VaultKeyService/GetVaultKeys", v1::GetVaultKeysRequest()));
  CHECK(keys.state() == v1::GetVaultKeysResponse::SEALED);
  CHECK(keys.root_kind() == "shares");
  v1::ExplainMatchRequest explain;
  explain.set_sealed_address("sealed");
  const auto refused =
      desk.Call<v1::ExplainMatchResponse>(desk.parks, "MatchService/ExplainMatch", explain);
  REQUIRE_REASON(refused, v1::VAULT_SEALED);
  CHECK(std::string(refused.status().message()).find("muster vault unseal") != std::string::npos);
  // Each holder hands in their own share.
  v1::ShareDelivery delivery;
  delivery.set_person(desk.transit.id.Name());
  v1::DeliverShareRequest deliver;
  deliver.set_delivery(delivery.SerializeAsString());
  REQUIRE_REASON(
      (desk.Call<v1::DeliverShareResponse>(desk.parks, "VaultKeyService/DeliverShare", deliver)),
      v1::STATEMENT_REFUSED);
}

TEST_CASE("Vault keys: a vault with a key file is not sealed", "[charter]") {
  Members desk;
  v1::Statement seal = desk.pool.Base(desk.parks.id.Name());
  seal.mutable_seal()->set_unsealed_hash(std::string(32, 'x'));
  v1::SealVaultRequest request;
  *request.mutable_seal() = TestConsortium::SignBy(desk.parks, seal);
  REQUIRE_REASON(
      (desk.Call<v1::SealVaultResponse>(desk.parks, "VaultKeyService/SealVault", request)),
      v1::VAULT_NOT_SPLIT);
}

}  // namespace muster::front
