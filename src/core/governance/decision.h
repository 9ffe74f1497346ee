// SPDX-License-Identifier: Apache-2.0
//
// Decisions: what is the members' to decide, and who has signed it. Admissions of members, changes
// of the charter, and ceremonies for the vault's root wait here until the quorum of the charter in
// effect has signed.
//
// Rules: with quorum 1 (a trial) the signature of an operator or of a member's approver is enough.
// With more, members count, each once, by the first of its approvers who signs; the proposer's own
// signature counts when they are one. A decision is in effect from the entry with which the quorum
// is reached. When a charter takes effect, whatever still waited under the one before is void.
// Threads: a value; externally synchronized.
#ifndef MUSTER_CORE_GOVERNANCE_DECISION_H_
#define MUSTER_CORE_GOVERNANCE_DECISION_H_

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/base/id.h"
#include "core/governance/message_equal.h"
#include "core/governance/roles.h"
#include "muster/v1/statement.pb.h"

namespace muster::governance {

struct Decision {
  enum class Kind { kAdmission, kCharter, kCeremony };
  Kind kind = Kind::kAdmission;
  Bytes32 hash{};  // of the statement
  v1::Statement statement;
  uint64_t index = 0;
  // Whose signatures count, in order, and the entries they stand in.
  std::vector<PersonId> signers;
  std::vector<uint64_t> signature_indices;
  std::set<MemberId> members;
  std::optional<uint64_t> effect_index;
  bool is_void = false;

  bool pending() const { return !effect_index.has_value() && !is_void; }
  bool operator==(const Decision&) const = default;
};

struct Voice {
  PersonId person;
  std::optional<MemberId> member;
  RoleSet roles;
};
// Whether a signature by this person counts towards a quorum of so many.
bool Counts(const Voice& voice, int quorum);

class DecisionBook {
 public:
  // The proposer's signature counts when it may. True when that was enough.
  bool Propose(Decision decision, const Voice& proposer, int quorum);
  // One more signature, which counts and is of a member that has not signed. True when it was
  // enough.
  bool Sign(const Bytes32& hash, uint64_t index, const Voice& voice, int quorum);
  // All of a kind that are pending; of every kind without one.
  void VoidPending(std::optional<Decision::Kind> kind = std::nullopt);

  const Decision* Find(const Bytes32& hash) const;
  // In the log's order.
  std::vector<const Decision*> Pending() const;
  bool operator==(const DecisionBook&) const = default;

 private:
  static bool Add(Decision& decision, uint64_t index, const Voice& voice, int quorum);
  std::map<Bytes32, Decision> decisions_;
};

}  // namespace muster::governance

#endif  // MUSTER_CORE_GOVERNANCE_DECISION_H_
