// SPDX-License-Identifier: Apache-2.0
//
// Policy: whose signatures make a checkpoint believed: logs, witnesses, groups of witnesses with a
// threshold, and the one name (the quorum) that must have witnessed it.
//
//   log <vkey> [<url>]
//   witness <name> <vkey> [<url>]
//   group <name> all|any|<k> <name>...
//   quorum <name>|none
//
// Rules: a name is defined once, before it is used, and is a member at most once, so that a witness
// counts in one way only; a key occurs once, whatever its name; exactly one quorum line. A known
// witness whose cosignature is bad makes the whole note bad; unknown ones are ignored.
// Limits: kPolicyBytesMax, kPolicyItemsMax of each kind.
// Errors: INVALID_ARGUMENT (BUNDLE_MALFORMED, naming the line; those of note.h and checkpoint.h);
// FAILED_PRECONDITION (QUORUM_MISSING, LOG_BEHIND).
// Threads: pure.
// Source: C2SP tlog-policy, tlog-cosignature v1.0.1.
#ifndef MUSTER_CORE_TLOG_POLICY_H_
#define MUSTER_CORE_TLOG_POLICY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/note.h"

namespace muster::tlog {

inline constexpr size_t kPolicyBytesMax = 256 << 10;
inline constexpr size_t kPolicyItemsMax = 256;

struct PolicyLog {
  NoteKey key;
  std::string url;  // may be empty
};

struct PolicyWitness {
  std::string name;
  NoteKey key;  // a cosigner's
  std::string url;
};

struct PolicyGroup {
  std::string name;
  size_t threshold = 1;  // 1 to the number of members
  std::vector<std::string> members;
};

struct Policy {
  std::vector<PolicyLog> logs;
  std::vector<PolicyWitness> witnesses;
  std::vector<PolicyGroup> groups;  // each after what it names
  std::string quorum = "none";
};

absl::StatusOr<Policy> ParsePolicy(std::string_view text);
std::string FormatPolicy(const Policy& policy);

// `log` and any `threshold` of `witnesses`, each named by its key's name. Threshold 0: quorum none.
Policy ThresholdPolicy(const NoteKey& log, const std::vector<NoteKey>& witnesses, size_t threshold);

// Whether those who witnessed (by the policy's names) are a quorum.
bool IsQuorum(const Policy& policy, const std::vector<std::string>& witnessed);

struct Cosignature {
  std::string name;  // in the policy
  int64_t time = 0;  // Unix seconds by the witness's clock
};

struct CosignedCheckpoint {
  Checkpoint checkpoint;
  std::vector<Cosignature> cosignatures;  // all good ones of the policy's witnesses
};

// Opens a note that one of the policy's logs signed for its own origin and a quorum cosigned.
// With `not_before` (Unix seconds), cosignatures made earlier do not count: a quorum only together
// with those is LOG_BEHIND.
absl::StatusOr<CosignedCheckpoint> OpenCosigned(std::string_view note, const Policy& policy,
                                                std::optional<int64_t> not_before = std::nullopt);

}  // namespace muster::tlog

#endif  // MUSTER_CORE_TLOG_POLICY_H_
