// SPDX-License-Identifier: Apache-2.0
//
// LogEvidence: proofs out of a log that was read whole and checked (Session::ReadLog), made here
// rather than asked of the server.
//
// Rule: proofs are for the tree that the session has seen last, which is the one that was read.
// Errors: INTERNAL_ERROR for an entry that is not open to this person.
// Threads: const use from anywhere.
#ifndef MUSTER_CLI_LOG_EVIDENCE_H_
#define MUSTER_CLI_LOG_EVIDENCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/session.h"
#include "muster/v1/report.pb.h"

namespace muster::cli {

class LogEvidence {
 public:
  // `view` outlives it.
  explicit LogEvidence(const LogView* view);

  absl::StatusOr<v1::EntryProof> Prove(uint64_t index) const;
  // Entries that say who takes part, without the charter, in the log's order.
  absl::Status AddPeople(google::protobuf::RepeatedPtrField<v1::EntryProof>* people) const;
  int64_t size() const { return static_cast<int64_t>(view_.entries.size()); }
  // Of them, those that are open to this person.
  int64_t open_count() const;

 private:
  const LogView& view_;
  std::vector<std::vector<Bytes32>> levels_;  // of complete subtrees, leaves first
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_LOG_EVIDENCE_H_
