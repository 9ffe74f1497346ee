// SPDX-License-Identifier: Apache-2.0
//
// Snapshot: what a registry knows after the first entries of a log, bound to the tree of those
// entries, so that who follows a log starts with it and reads only what came after.
//
// It names the statements that say who takes part under which rules, which are read from the log
// and checked as ever, and keeps what followed from the many others: uploads, withdrawals, match
// runs. So a kind of statement that is new is named until somebody gives it a record here, and
// nothing is forgotten. A named statement is read with all records in place, later ones too: what
// follows from it may stand on other named statements alone, else its kind needs a record.
// Rules: a snapshot is a convenience and never a source: it is used when its tree is the stored
// log's, and otherwise the log is read from its beginning. It carries no signature, so whoever
// keeps it keeps it from being changed (a vault seals it), or believes its own disk. Every field of
// a kept record is in it: adding one does not compile before snapshot.cc has it, and then
// kSnapshotVersion goes up; it goes up too when something else follows from the same statements.
// Errors: DATA_LOSS (STORE_CORRUPT) for bytes that are no snapshot of this version; those of `read`
// and of the registry for statements that no longer hold.
// Threads: pure.
#ifndef MUSTER_CORE_GOVERNANCE_SNAPSHOT_H_
#define MUSTER_CORE_GOVERNANCE_SNAPSHOT_H_

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/crypto/merkle.h"
#include "core/governance/registry.h"
#include "core/governance/statement.h"
#include "muster/v1/registry_snapshot.pb.h"

namespace muster::governance {

inline constexpr int kSnapshotVersion = 1;

std::string EncodeSnapshot(const crypto::MerkleFrontier& tree, const Registry& registry);

struct Snapshot {
  crypto::MerkleFrontier tree;  // of the entries that the registry had seen
  Bytes32 charter_hash{};       // zeros before there was one
  v1::RegistrySnapshot message;
};
absl::StatusOr<Snapshot> DecodeSnapshot(std::string_view bytes);

// The registry as it was. `read` gives the verified statement of an entry.
absl::StatusOr<Registry> RestoreRegistry(
    const Snapshot& snapshot, absl::FunctionRef<absl::StatusOr<VerifiedStatement>(uint64_t)> read);

// Whether it is time for a new one: what a start has to read stays short, and writing whole
// snapshots costs each entry little however many there are.
bool IsSnapshotDue(uint64_t snapshot_size, uint64_t log_size);

}  // namespace muster::governance

#endif  // MUSTER_CORE_GOVERNANCE_SNAPSHOT_H_
