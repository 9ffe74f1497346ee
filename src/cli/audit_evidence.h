// SPDX-License-Identifier: Apache-2.0
//
// AuditEvidence: the small files beside reports that `audit verify` takes: a proof about a canary,
// a receipt of an erasure. No network, no profile.
//
// Errors: the first thing that does not hold (core/report/canary_proof.h, erasure_receipt.h).
// Threads: pure.
#ifndef MUSTER_CLI_AUDIT_EVIDENCE_H_
#define MUSTER_CLI_AUDIT_EVIDENCE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cli/json.h"
#include "core/report/verify.h"

namespace muster::cli {

// By its first bytes.
bool IsEvidence(std::string_view file);

struct EvidenceFinding {
  std::string title;
  std::string text;  // lines, each set in by two spaces
  Json json;         // "kind": "canary" or "erasure"
  tlog::Checkpoint checkpoint;
  bool same_tree = false;
};

// What to say of evidence whose tree is not the bundle's.
inline constexpr std::string_view kOtherTreeOfEvidence =
    "It stands on another tree than the bundle. Both are signed by the log; that one grew out of "
    "the other is for its witnesses to say.";

absl::StatusOr<EvidenceFinding> VerifyEvidence(std::string_view file,
                                               const report::AuditRoot& root);

}  // namespace muster::cli

#endif  // MUSTER_CLI_AUDIT_EVIDENCE_H_
