// SPDX-License-Identifier: Apache-2.0
//
// Proofs in their text and message forms: C2SP tlog-proof for the world, EntryProof for our own
// calls and reports.
//
// Errors: INVALID_ARGUMENT (PROOF_INVALID, ENTRY_MALFORMED).
// Threads: pure.
// Source: C2SP tlog-proof@v1.
#ifndef MUSTER_CORE_TLOG_PROOF_H_
#define MUSTER_CORE_TLOG_PROOF_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/entry.h"
#include "muster/v1/report.pb.h"

namespace muster::tlog {

struct TlogProof {
  uint64_t index = 0;
  std::vector<Bytes32> hashes;
  std::string checkpoint;  // a signed note
  std::string extra;       // unauthenticated; empty when absent
};

std::string FormatTlogProof(const TlogProof& proof);
absl::StatusOr<TlogProof> ParseTlogProof(std::string_view text);

// Checks that the entry stands in the tree of `checkpoint`. The checkpoint itself was opened
// before.
absl::Status VerifyEntryProof(const v1::EntryProof& proof, const Checkpoint& checkpoint);

// Hash lists in messages; each must be 32 bytes, at most 64 of them.
absl::StatusOr<std::vector<Bytes32>> ParseHashes(
    const google::protobuf::RepeatedPtrField<std::string>& hashes);
void PutHashes(std::span<const Bytes32> hashes,
               google::protobuf::RepeatedPtrField<std::string>* out);

}  // namespace muster::tlog

#endif  // MUSTER_CORE_TLOG_PROOF_H_
