// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/log_observer.h"

#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/aead.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/entry.h"

namespace muster::pipeline {
namespace {

absl::Status Forked(std::string_view what) {
  return MakeError(v1::LOG_FORKED,
                   "the log does not follow from what the vault has read: " + std::string(what) +
                       "; somebody rewrote it, keep both and call the auditor");
}

constexpr std::string_view kSnapshotPurpose = "muster/registry-snapshot/v1";

v1::LogHead HeadOf(const crypto::MerkleFrontier& frontier, std::string_view checkpoint) {
  v1::LogHead head;
  head.set_size(static_cast<int64_t>(frontier.size()));
  for (const Bytes32& hash : frontier.hashes()) head.add_frontier(ToString(hash));
  head.set_checkpoint(std::string(checkpoint));
  return head;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogObserver>> LogObserver::Open(store::VaultStore* store,
                                                               tlog::NoteKey log_key,
                                                               const v1::VaultKeys& vault_keys,
                                                               std::optional<SnapshotPlace> place) {
  std::unique_ptr<LogObserver> observer(
      new LogObserver(store, std::move(log_key), vault_keys, std::move(place)));
  std::lock_guard lock(observer->mutex_);
  absl::StatusOr<State> read = observer->ReadSnapshot();
  if (read.ok()) {
    const uint64_t size = read->tree.size();
    read = observer->Replay(*std::move(read));
    if (read.ok()) observer->snapshot_size_ = observer->snapshot_tried_ = size;
  }
  // None, a torn one, or one of another log or of a later state of this one.
  if (!read.ok()) read = observer->Replay({});
  MUSTER_RETURN_IF_ERROR(read.status());
  observer->frontier_ = std::move(read->tree);
  observer->registry_ = std::make_shared<governance::Registry>(std::move(read->registry));
  observer->WriteSnapshotWhenDue();
  return observer;
}

absl::StatusOr<LogObserver::State> LogObserver::Replay(State start) const {
  MUSTER_ASSIGN_OR_RETURN(const v1::LogHead head, store_->ReadLogHead());
  MUSTER_RETURN_IF_ERROR(store_->ForEachEntry(
      start.tree.size(), [&](uint64_t index, const store::ObservedEntry& entry) -> absl::Status {
        start.tree.Append(crypto::MerkleLeaf(AsText(entry.commitment)));
        return Take(index, entry.body, start.registry);
      }));
  std::vector<std::string> hashes;
  for (const Bytes32& hash : start.tree.hashes()) hashes.push_back(ToString(hash));
  if (start.tree.size() != static_cast<uint64_t>(head.size()) ||
      hashes != std::vector<std::string>(head.frontier().begin(), head.frontier().end())) {
    return MakeError(
        v1::STORE_CORRUPT,
        "the vault's copy of the log does not add up; restore its store from a backup");
  }
  return start;
}

absl::StatusOr<LogObserver::State> LogObserver::ReadSnapshot() const {
  if (!place_.has_value()) return absl::NotFoundError("there is no place for a snapshot");
  MUSTER_ASSIGN_OR_RETURN(const std::string file, ReadFile(place_->file));
  MUSTER_ASSIGN_OR_RETURN(const crypto::WipedString bytes,
                          crypto::AeadOpen(place_->key, kSnapshotPurpose, file));
  MUSTER_ASSIGN_OR_RETURN(governance::Snapshot snapshot, governance::DecodeSnapshot(bytes.str()));
  State state;
  MUSTER_ASSIGN_OR_RETURN(
      state.registry,
      governance::RestoreRegistry(
          snapshot, [this](uint64_t index) -> absl::StatusOr<governance::VerifiedStatement> {
            MUSTER_ASSIGN_OR_RETURN(const store::ObservedEntry entry, store_->ReadEntry(index));
            return governance::VerifyStatementBytes(entry.body);
          }));
  if (state.registry.founded()) MUSTER_RETURN_IF_ERROR(CheckCharter(state.registry.charter()));
  state.tree = std::move(snapshot.tree);
  return state;
}

absl::Status LogObserver::WriteSnapshot() {
  if (!place_.has_value() || snapshot_size_ == frontier_.size()) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(
      WriteFileDurably(place_->file,
                       crypto::AeadSeal(place_->key, kSnapshotPurpose,
                                        governance::EncodeSnapshot(frontier_, *registry_)),
                       0600));
  snapshot_size_ = frontier_.size();
  return absl::OkStatus();
}

void LogObserver::WriteSnapshotWhenDue() {
  if (!governance::IsSnapshotDue(snapshot_tried_, frontier_.size())) return;
  // When it fails nothing is lost but time at the next start; the next try is when one is due.
  snapshot_tried_ = frontier_.size();
  (void)WriteSnapshot();
}

absl::Status LogObserver::SaveSnapshot() {
  std::lock_guard lock(mutex_);
  return WriteSnapshot();
}

absl::Status LogObserver::CheckCharter(const v1::CharterStatement& charter) const {
  if (charter.vault().SerializeAsString() == vault_keys_.SerializeAsString() &&
      charter.log_vkey() == log_key_.Format()) {
    return absl::OkStatus();
  }
  return MakeError(
      v1::STATEMENT_REFUSED,
      "this charter names another vault or another log; start musterd with its own home");
}

absl::Status LogObserver::Take(uint64_t index, std::string_view body,
                               governance::Registry& registry) const {
  const std::string where = "log entry " + std::to_string(index);
  absl::StatusOr<governance::VerifiedStatement> verified = governance::VerifyStatementBytes(body);
  if (!verified.ok()) return Annotate(verified.status(), where);
  if (verified->statement.has_charter()) {
    const absl::Status ours = CheckCharter(verified->statement.charter());
    if (!ours.ok()) return Annotate(ours, where);
  }
  return Annotate(registry.Apply(index, *verified), where);
}

absl::Status LogObserver::Observe(uint64_t first_index,
                                  std::span<const v1::LogEntry* const> entries,
                                  std::string_view checkpoint_note) {
  MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint,
                          tlog::OpenCheckpoint(checkpoint_note, log_key_));
  if (checkpoint.size != first_index + entries.size()) {
    return MakeError(v1::REQUEST_MALFORMED,
                     "the checkpoint is of size " + std::to_string(checkpoint.size) +
                         ", the entries end at " + std::to_string(first_index + entries.size()));
  }
  std::lock_guard lock(mutex_);
  const uint64_t known = frontier_.size();
  if (first_index > known) {
    return MakeError(
        v1::LOG_BEHIND,
        "the vault has read " + std::to_string(known) + " log entries; show it those from there on",
        {{"log_size", std::to_string(known)}});
  }
  crypto::MerkleFrontier frontier = frontier_;
  auto registry = std::make_shared<governance::Registry>(*registry_);
  store::Batch batch;
  for (size_t i = 0; i < entries.size(); ++i) {
    const uint64_t index = first_index + i;
    const v1::LogEntry& entry = *entries[i];
    const std::string where = "log entry " + std::to_string(index);
    const auto salt = ToArray<32>(entry.salt());
    const auto commitment = ToArray<32>(entry.commitment());
    if (static_cast<uint64_t>(entry.index()) != index || !salt || !commitment ||
        entry.body().empty() || entry.body().size() > tlog::kEntryBodyBytesMax) {
      return MakeError(
          v1::ENTRY_MALFORMED,
          where +
              ": index, commitment, salt and body must all be there; the vault reads every entry");
    }
    if (tlog::EntryCommitment(*salt, entry.body()) != *commitment) {
      return MakeError(v1::ENTRY_MALFORMED,
                       where + ": the commitment is not of this salt and body");
    }
    if (index < known) {
      MUSTER_ASSIGN_OR_RETURN(const store::ObservedEntry old, store_->ReadEntry(index));
      if (old.commitment != *commitment) return Forked(where + " was another before");
      continue;
    }
    frontier.Append(crypto::MerkleLeaf(entry.commitment()));
    MUSTER_RETURN_IF_ERROR(Take(index, entry.body(), *registry));
    store::VaultStore::PutEntry(index, {*commitment, *salt, entry.body()}, batch);
  }
  Bytes32 root = frontier.Root();
  if (checkpoint.size < known) {
    MUSTER_ASSIGN_OR_RETURN(root, RootOfOld(checkpoint.size));
  }
  if (root != checkpoint.root) {
    return Forked("the signed root of size " + std::to_string(checkpoint.size) + " is another");
  }
  if (checkpoint.size <= known) return absl::OkStatus();
  store::VaultStore::PutLogHead(HeadOf(frontier, checkpoint_note), batch);
  MUSTER_RETURN_IF_ERROR(store_->rows().Write(batch, store::Sync::kYes));
  frontier_ = std::move(frontier);
  registry_ = std::move(registry);
  WriteSnapshotWhenDue();
  return absl::OkStatus();
}

absl::StatusOr<Bytes32> LogObserver::RootOfOld(uint64_t size) const {
  crypto::MerkleFrontier frontier;
  const absl::Status status = store_->ForEachEntry(
      0, [&](uint64_t index, const store::ObservedEntry& entry) -> absl::Status {
        if (index == size) return absl::OutOfRangeError("");
        frontier.Append(crypto::MerkleLeaf(AsText(entry.commitment)));
        return absl::OkStatus();
      });
  if (!status.ok() && !absl::IsOutOfRange(status)) return status;
  return frontier.Root();
}

uint64_t LogObserver::size() const {
  std::lock_guard lock(mutex_);
  return frontier_.size();
}

std::shared_ptr<const governance::Registry> LogObserver::registry() const {
  std::lock_guard lock(mutex_);
  return registry_;
}

absl::StatusOr<governance::VerifiedStatement> LogObserver::ReadStatement(uint64_t index) const {
  if (index >= size()) {
    return MakeError(v1::LOG_BEHIND, "the vault has not read log entry " + std::to_string(index) +
                                         " yet; show it first");
  }
  MUSTER_ASSIGN_OR_RETURN(const store::ObservedEntry entry, store_->ReadEntry(index));
  return governance::VerifyStatementBytes(entry.body);
}

}  // namespace muster::pipeline
