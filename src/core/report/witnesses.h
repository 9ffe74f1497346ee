// SPDX-License-Identifier: Apache-2.0
//
// Witnesses: whether a bundle's checkpoint was cosigned by as many witnesses as its charter asks
// for, under the policy that the bundle brings.
//
// Rule: the policy names the bundle's log and no other, and its quorum cannot be had with fewer
// witnesses than the charter's witness_count. Whose the witnesses' keys are the bundle does not
// show: they stand in the joins on the log.
// Errors: BUNDLE_MALFORMED for a policy that is none, of another log, or asks for too little;
// QUORUM_MISSING and those of tlog/policy.h.
// Threads: pure.
#ifndef MUSTER_CORE_REPORT_WITNESSES_H_
#define MUSTER_CORE_REPORT_WITNESSES_H_

#include "absl/status/statusor.h"
#include "core/tlog/policy.h"
#include "muster/v1/report.pb.h"

namespace muster::report {

// The policy that asks for `witness_count` of `witnesses`, as a bundle carries it.
std::string WitnessPolicy(const tlog::NoteKey& log, const std::vector<tlog::NoteKey>& witnesses,
                          int witness_count);

// Of a bundle that OpenBundle has taken.
absl::StatusOr<tlog::CosignedCheckpoint> CheckWitnesses(const v1::Bundle& bundle);

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_WITNESSES_H_
