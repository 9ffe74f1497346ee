// SPDX-License-Identifier: Apache-2.0
//
// Log observer: what the vault knows of the log, and believes only because it follows. It
// recomputes every commitment and the tree's root, compares with a checkpoint signed by the log's
// pinned key, and replays each statement into a registry of its own.
//
// Rules: entries come with salt and body, or nothing of the call is taken: an entry that the vault
// may not read could be a withdrawal. Entries seen before must be the same. A statement that the
// registry refuses is refused here too, since then the two processes no longer agree. Taken entries
// are durable before Observe returns. Open starts from a snapshot that this vault has sealed when
// it leads to the stored tree, and replays only what came after; else it replays everything.
// Errors: DATA_LOSS (LOG_FORKED); FAILED_PRECONDITION (LOG_BEHIND) when entries are missing before
// the first; those of tlog/checkpoint.h, governance/statement.h and governance/registry.h, naming
// the entry.
// Threads: safe from anywhere; a Registry that was handed out never changes.
#ifndef MUSTER_CORE_PIPELINE_LOG_OBSERVER_H_
#define MUSTER_CORE_PIPELINE_LOG_OBSERVER_H_

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/merkle.h"
#include "core/crypto/secret_bytes.h"
#include "core/governance/registry.h"
#include "core/governance/snapshot.h"
#include "core/governance/statement.h"
#include "core/store/vault_store.h"
#include "core/tlog/note.h"
#include "muster/v1/log_service.pb.h"
#include "muster/v1/statement.pb.h"

namespace muster::pipeline {

class LogObserver {
 public:
  // Where what follows from the log is kept from one start to the next: a file, XChaCha20-Poly1305
  // under `key` (32 bytes), so that nobody who has the disk can put a person in.
  struct SnapshotPlace {
    std::filesystem::path file;
    crypto::SecretBytes key;
  };

  // `vault_keys`: the charter must name them. Without a place no snapshot is read or written.
  static absl::StatusOr<std::unique_ptr<LogObserver>> Open(
      store::VaultStore* store, tlog::NoteKey log_key, const v1::VaultKeys& vault_keys,
      std::optional<SnapshotPlace> place = std::nullopt);

  // Writes the snapshot, so that the next start replays nothing. Also done now and then by itself.
  absl::Status SaveSnapshot();

  // `checkpoint` is of size first_index + entries.
  absl::Status Observe(uint64_t first_index, std::span<const v1::LogEntry* const> entries,
                       std::string_view checkpoint);

  uint64_t size() const;
  std::shared_ptr<const governance::Registry> registry() const;
  // LOG_BEHIND when it was not observed yet.
  absl::StatusOr<governance::VerifiedStatement> ReadStatement(uint64_t index) const;

 private:
  LogObserver(store::VaultStore* store, tlog::NoteKey log_key, const v1::VaultKeys& vault_keys,
              std::optional<SnapshotPlace> place)
      : store_(store),
        log_key_(std::move(log_key)),
        vault_keys_(vault_keys),
        place_(std::move(place)) {}
  struct State {
    crypto::MerkleFrontier tree;
    governance::Registry registry;
  };
  // The stored log from `start` on; the result's tree is the stored head's.
  absl::StatusOr<State> Replay(State start) const;
  absl::StatusOr<State> ReadSnapshot() const;
  absl::Status WriteSnapshot() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteSnapshotWhenDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckCharter(const v1::CharterStatement& charter) const;
  absl::Status Take(uint64_t index, std::string_view body, governance::Registry& registry) const;
  // Root of the first `size` entries out of the store.
  absl::StatusOr<Bytes32> RootOfOld(uint64_t size) const;

  store::VaultStore* const store_;
  const tlog::NoteKey log_key_;
  const v1::VaultKeys vault_keys_;
  const std::optional<SnapshotPlace> place_;
  mutable std::mutex mutex_;
  crypto::MerkleFrontier frontier_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const governance::Registry> registry_ ABSL_GUARDED_BY(mutex_);
  uint64_t snapshot_size_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t snapshot_tried_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_LOG_OBSERVER_H_
