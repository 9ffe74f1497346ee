// SPDX-License-Identifier: Apache-2.0
#include "cli/monitor.h"

#include <algorithm>

namespace muster::cli {
namespace {

bool IsMembers(const governance::Registry& registry, const crypto::VerifyKey& key,
               const MemberId& member) {
  const governance::PersonRecord* person = registry.FindPersonBySignKey(key);
  return person != nullptr && person->member == member;
}

}  // namespace

Concern JudgeEntry(uint64_t index, const governance::VerifiedStatement& entry,
                   const governance::Registry& registry, const MemberId& member,
                   uint64_t own_join) {
  const v1::Statement& said = entry.statement;
  const auto by_member = [&] {
    return std::any_of(
        entry.signers.begin(), entry.signers.end(),
        [&](const crypto::VerifyKey& key) { return IsMembers(registry, key, member); });
  };
  const bool by_vault = entry.signers.size() == 1 && entry.SignedBy(registry.vault_sign_key());
  switch (said.body_case()) {
    case v1::Statement::kCharter:
      return Concern::kNone;
    case v1::Statement::kAdmission:
      if (said.admission().member() != member.Name()) return Concern::kNone;
      return by_member() ? Concern::kOwn : index < own_join ? Concern::kAnswer : Concern::kForeign;
    case v1::Statement::kJoin: {
      if (said.join().member() != member.Name()) return Concern::kNone;
      if (index <= own_join) return Concern::kAnswer;
      // The new person signs alone: what counts is who let them in.
      const auto invite_id = InviteId::Parse(said.join().invite());
      const governance::PendingInvite* invite =
          invite_id.ok() ? registry.FindInvite(*invite_id) : nullptr;
      return invite != nullptr && !invite->admission.new_member() ? Concern::kOwn
                                                                  : Concern::kForeign;
    }
    case v1::Statement::kIntake:
    case v1::Statement::kWithdrawn:
    case v1::Statement::kErased:
      if (governance::Registry::OwnerOf(said) != member) return Concern::kNone;
      // The registry takes these only for an upload, a withdrawal or an erasure that the member
      // signed.
      return by_vault ? Concern::kAnswer : Concern::kForeign;
    case v1::Statement::kMatch:
    case v1::Statement::kCharterProposal:
    case v1::Statement::kEndorsement:
    case v1::Statement::kCeremony:
    case v1::Statement::kVaultKey:
    case v1::Statement::kSeal:
      return by_member() ? Concern::kOwn : Concern::kShared;
    default:
      if (governance::Registry::OwnerOf(said) != member) return Concern::kNone;
      return by_member() ? Concern::kOwn : Concern::kForeign;
  }
}

}  // namespace muster::cli
