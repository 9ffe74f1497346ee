// SPDX-License-Identifier: Apache-2.0
#include "core/governance/decision.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace muster::governance {

bool Counts(const Voice& voice, int quorum) {
  const bool approver = voice.member.has_value() && voice.roles.Has(v1::ROLE_APPROVER);
  return approver || (quorum == 1 && voice.roles.Has(v1::ROLE_OPERATOR));
}

bool DecisionBook::Add(Decision& decision, uint64_t index, const Voice& voice, int quorum) {
  decision.signers.push_back(voice.person);
  decision.signature_indices.push_back(index);
  if (voice.member.has_value()) decision.members.insert(*voice.member);
  if (quorum > 1 && std::ssize(decision.members) < quorum) return false;
  decision.effect_index = index;
  return true;
}

bool DecisionBook::Propose(Decision decision, const Voice& proposer, int quorum) {
  const uint64_t index = decision.index;
  const bool enough = Counts(proposer, quorum) && Add(decision, index, proposer, quorum);
  const Bytes32 hash = decision.hash;
  MUSTER_CHECK(decisions_.emplace(hash, std::move(decision)).second);
  return enough;
}

bool DecisionBook::Sign(const Bytes32& hash, uint64_t index, const Voice& voice, int quorum) {
  Decision& decision = decisions_.at(hash);
  MUSTER_CHECK(decision.pending() && Counts(voice, quorum));
  return Add(decision, index, voice, quorum);
}

void DecisionBook::VoidPending(std::optional<Decision::Kind> kind) {
  for (auto& [hash, decision] : decisions_) {
    if (decision.pending() && (!kind.has_value() || decision.kind == *kind))
      decision.is_void = true;
  }
}

const Decision* DecisionBook::Find(const Bytes32& hash) const {
  const auto it = decisions_.find(hash);
  return it == decisions_.end() ? nullptr : &it->second;
}

std::vector<const Decision*> DecisionBook::Pending() const {
  std::vector<const Decision*> out;
  for (const auto& [hash, decision] : decisions_) {
    if (decision.pending()) out.push_back(&decision);
  }
  std::sort(out.begin(), out.end(),
            [](const Decision* a, const Decision* b) { return a->index < b->index; });
  return out;
}

}  // namespace muster::governance
