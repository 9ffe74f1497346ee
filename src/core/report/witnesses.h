// SPDX-License-Identifier: Apache-2.0
//
// Witnesses: whether a bundle's checkpoint was cosigned by as many witnesses as its charter asks
// for, under the policy that the bundle brings.
//
// Rule: the policy names the bundle's log and no other, and its quorum cannot be had with fewer
// witnesses than the founding charter's witness_count. Whose the witnesses' keys are, and what a
// later charter asks for, the bundle does not show: both stand on the log, and whoever verifies a
// coalition report compares them (verify_coalition.h).
// Errors: BUNDLE_MALFORMED for a policy that is none, of another log, or asks for too little;
// QUORUM_MISSING and those of tlog/policy.h.
// Threads: pure.
#ifndef MUSTER_CORE_REPORT_WITNESSES_H_
#define MUSTER_CORE_REPORT_WITNESSES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/tlog/policy.h"
#include "muster/v1/report.pb.h"

namespace muster::report {

// The policy that asks for `witness_count` of `witnesses`, as a bundle carries it.
std::string WitnessPolicy(const tlog::NoteKey& log, const std::vector<tlog::NoteKey>& witnesses,
                          int witness_count);

// Of a bundle that OpenBundle has taken.
absl::StatusOr<tlog::CosignedCheckpoint> CheckWitnesses(const v1::Bundle& bundle);
// The same; the keys of those who cosigned.
absl::StatusOr<std::vector<tlog::NoteKey>> WitnessKeys(const v1::Bundle& bundle);

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_WITNESSES_H_
