// SPDX-License-Identifier: Apache-2.0
//
// Monitor: which entries of the log concern a member, and which of them it did not make itself.
//
// Rule: what is not known to be the member's own doing, or the vault's answer to it, is foreign:
// kinds of entries that come later alarm until somebody says that they need not.
// Threads: pure.
#ifndef MUSTER_CLI_MONITOR_H_
#define MUSTER_CLI_MONITOR_H_

#include "core/governance/registry.h"
#include "core/governance/statement.h"

namespace muster::cli {

enum class Concern {
  kNone,     // not about this member
  kOwn,      // people of the member did it
  kAnswer,   // the vault answered what the member did
  kShared,   // done to or for all members, by the rules: what was decided, the vault's key, a match
  kForeign,  // about the member, by somebody else: an alarm
};

// `registry`: of the log up to this entry or further. `own_join`: the log index of the join of the
// person who watches; how the member itself came in is known to it.
Concern JudgeEntry(uint64_t index, const governance::VerifiedStatement& entry,
                   const governance::Registry& registry, const MemberId& member, uint64_t own_join);

}  // namespace muster::cli

#endif  // MUSTER_CLI_MONITOR_H_
