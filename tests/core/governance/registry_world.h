// SPDX-License-Identifier: Apache-2.0
//
// World: a registry that is fed statements as a log would hold them.
#ifndef MUSTER_TESTS_CORE_GOVERNANCE_REGISTRY_WORLD_H_
#define MUSTER_TESTS_CORE_GOVERNANCE_REGISTRY_WORLD_H_

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/crypto/shares.h"
#include "core/governance/registry.h"
#include "tests/support/consortium.h"
#include "tests/support/status.h"

namespace muster::governance {

using Roles = std::vector<v1::Role>;
inline const Roles kBoth = {v1::ROLE_UPLOADER, v1::ROLE_APPROVER};

struct World {
  test::TestConsortium pool;
  Registry registry;
  uint64_t next = 0;
  std::vector<v1::SignedStatement> log;  // what was taken

  absl::Status Say(const v1::SignedStatement& statement) {
    const auto verified = VerifyStatement(statement);
    REQUIRE_OK(verified);
    const absl::Status checked = registry.Check(*verified);
    const absl::Status applied = registry.Apply(next, *verified);
    CHECK(checked.code() == applied.code());
    if (applied.ok()) {
      ++next;
      log.push_back(statement);
    }
    return applied;
  }
  Reason Refusal(const v1::SignedStatement& statement) { return ReasonOf(Say(statement)); }

  void Found() { REQUIRE_OK(Say(pool.SignedCharter())); }

  absl::Status Admit(const test::TestPerson& by, const test::TestInvite& invite,
                     const test::TestPerson& person, const std::string& name, bool new_member,
                     const Roles& roles) {
    return Say(test::TestConsortium::SignBy(
        by, pool.Admission(by, invite, person, name, new_member, roles)));
  }
  absl::Status Join(const test::TestInvite& invite, const test::TestPerson& person) {
    return Say(test::TestConsortium::SignJoin(pool.Join(invite, person), invite, person));
  }

  // A member with one person.
  test::TestPerson AddMember(const std::string& name, const Roles& roles = kBoth) {
    test::TestPerson person;
    person.member = test::DrawId<MemberId>();
    person.name = "First of " + name;
    if (std::find(roles.begin(), roles.end(), v1::ROLE_APPROVER) != roles.end())
      person.m = crypto::Scalar::Random();
    test::TestInvite invite;
    REQUIRE_OK(Admit(pool.founder, invite, person, name, true, roles));
    REQUIRE_OK(Join(invite, person));
    return person;
  }
  test::TestPerson AddColleague(const test::TestPerson& by, const Roles& roles) {
    test::TestPerson person;
    person.member = by.member;
    test::TestInvite invite;
    REQUIRE_OK(Admit(by, invite, person, "", false, roles));
    REQUIRE_OK(Join(invite, person));
    return person;
  }

  // Raises the quorum, signed as far as `signers` go; the first proposes.
  v1::Statement Proposal(const test::TestPerson& by, int quorum) const {
    v1::Statement statement = pool.Base(by.id.Name());
    v1::CharterProposalStatement& proposal = *statement.mutable_charter_proposal();
    const CharterVersion& current = registry.charter_versions().back();
    proposal.set_version(current.version + 1);
    proposal.set_predecessor_hash(ToString(current.hash));
    *proposal.mutable_terms() = current.terms;
    proposal.mutable_terms()->set_quorum(quorum);
    return statement;
  }
  absl::Status Endorse(const test::TestPerson& by, const Bytes32& hash) {
    v1::Statement statement = pool.Base(by.id.Name());
    statement.mutable_endorsement()->set_statement_hash(ToString(hash));
    return Say(test::TestConsortium::SignBy(by, statement));
  }
  // Says it in `by`'s name and returns its hash.
  Bytes32 Propose(const test::TestPerson& by, const v1::Statement& statement) {
    const v1::SignedStatement said = test::TestConsortium::SignBy(by, statement);
    REQUIRE_OK(Say(said));
    return StatementHash(said);
  }

  v1::Statement Ceremony(const test::TestPerson& by, int threshold,
                         const std::vector<const test::TestPerson*>& holders) const {
    v1::Statement statement = pool.Base(by.id.Name());
    v1::CeremonyStatement& ceremony = *statement.mutable_ceremony();
    ceremony.set_epoch(registry.vault_key().epoch() + 1);
    ceremony.set_threshold(threshold);
    for (const test::TestPerson* holder : holders) ceremony.add_holders(holder->id.Name());
    return statement;
  }
  v1::Statement Split(const Bytes32& ceremony_hash, const v1::CeremonyStatement& ceremony,
                      const crypto::SigningKey& opening_key) const {
    v1::Statement statement = pool.Base("vault");
    v1::RootSplit& split = *statement.mutable_vault_key()->mutable_split();
    split.set_ceremony_hash(ToString(ceremony_hash));
    split.set_epoch(ceremony.epoch());
    const crypto::SplitScalar made = crypto::SplitScalar::Make(
        crypto::Scalar::Random(), ceremony.threshold(), ceremony.holders_size());
    for (const crypto::Point& point : made.commitments.points())
      split.add_commitments(ToString(point.bytes));
    for (const std::string& name : ceremony.holders()) {
      v1::ShareHolder& holder = *split.add_holders();
      holder.set_person(name);
      const PersonRecord* person = registry.FindPerson(PersonId::Parse(name).value());
      holder.set_sign_key(ToString(person->sign_key.bytes));
      holder.set_sealed_share(std::string(crypto::kShareBytes + crypto::kBoxOverheadBytes, 's'));
    }
    split.set_opening_key(ToString(opening_key.verify_key().bytes));
    return statement;
  }
  v1::Statement Opening(const Bytes32& split_hash) const {
    v1::Statement statement = pool.Base("vault");
    v1::VaultOpening& opening = *statement.mutable_vault_key()->mutable_opening();
    opening.set_split_hash(ToString(split_hash));
    opening.set_box_key(ToString(crypto::BoxSecretKey::Generate().public_key().bytes));
    return statement;
  }
  v1::Statement Unsealed(const Bytes32& opening_hash,
                         const std::vector<const test::TestPerson*>& holders) const {
    v1::Statement statement = pool.Base("vault");
    v1::VaultUnsealed& unsealed = *statement.mutable_vault_key()->mutable_unsealed();
    unsealed.set_opening_hash(ToString(opening_hash));
    for (const test::TestPerson* holder : holders) unsealed.add_holders(holder->id.Name());
    return statement;
  }
  v1::Statement Seal(const test::TestPerson& by, const Bytes32& unsealed_hash) const {
    v1::Statement statement = pool.Base(by.id.Name());
    statement.mutable_seal()->set_unsealed_hash(ToString(unsealed_hash));
    return statement;
  }
};

}  // namespace muster::governance

#endif  // MUSTER_TESTS_CORE_GOVERNANCE_REGISTRY_WORLD_H_
