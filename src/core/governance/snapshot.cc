// SPDX-License-Identifier: Apache-2.0
#include "core/governance/snapshot.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::governance {
namespace {

constexpr uint64_t kTailMin = 1024;
constexpr uint64_t kTailPart = 32;

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::STORE_CORRUPT, "the snapshot of the registry has a malformed " +
                                          std::string(what) + "; remove it, the log is read anew");
}

template <size_t N>
absl::Status Take(std::string_view raw, std::string_view what, std::array<uint8_t, N>& out) {
  const auto array = ToArray<N>(raw);
  if (!array.has_value()) return Malformed(what);
  out = *array;
  return absl::OkStatus();
}

template <typename Tag>
absl::Status Take(std::string_view raw, std::string_view what, Id<Tag>& out) {
  return Take(raw, what, out.bytes);
}

std::string Raw(const Bytes32& bytes) { return ToString(bytes); }
template <typename Tag>
std::string Raw(const Id<Tag>& id) {
  return std::string(id.View());
}

// Each of these names every field of its record, so that a new one is not forgotten.

void Put(const UploadRecord& record, v1::SnapshotUpload& out) {
  const auto& [id, member, list, mode, statement_hash, batches_root, record_count, row_count,
               create_time, index, intake_index, voterfile, voters] = record;
  out.set_id(Raw(id));
  out.set_member(Raw(member));
  out.set_list(list);
  out.set_mode(mode);
  out.set_statement_hash(Raw(statement_hash));
  out.set_batches_root(Raw(batches_root));
  out.set_record_count(record_count);
  out.set_row_count(row_count);
  out.set_create_time(create_time);
  out.set_index(index);
  if (intake_index.has_value()) out.set_intake_index(*intake_index);
  if (voterfile.has_value()) *out.mutable_voterfile() = *voterfile;
  if (voters.has_value()) *out.mutable_voters() = *voters;
}

absl::Status Take(const v1::SnapshotUpload& in, UploadRecord& record) {
  auto& [id, member, list, mode, statement_hash, batches_root, record_count, row_count, create_time,
         index, intake_index, voterfile, voters] = record;
  MUSTER_RETURN_IF_ERROR(Take(in.id(), "upload", id));
  MUSTER_RETURN_IF_ERROR(Take(in.member(), "member of an upload", member));
  list = in.list();
  mode = in.mode();
  MUSTER_RETURN_IF_ERROR(Take(in.statement_hash(), "statement hash", statement_hash));
  MUSTER_RETURN_IF_ERROR(Take(in.batches_root(), "batches root", batches_root));
  record_count = in.record_count();
  row_count = in.row_count();
  create_time = in.create_time();
  index = in.index();
  if (in.has_intake_index()) intake_index = in.intake_index();
  if (in.has_voterfile()) voterfile = in.voterfile();
  if (in.has_voters()) voters = in.voters();
  return absl::OkStatus();
}

void Put(const WithdrawalRecord& record, v1::SnapshotWithdrawal& out) {
  const auto& [id, member, list, sealed_hash, index, withdrawn_index] = record;
  out.set_id(Raw(id));
  out.set_member(Raw(member));
  out.set_list(list);
  out.set_sealed_hash(Raw(sealed_hash));
  out.set_index(index);
  if (withdrawn_index.has_value()) out.set_withdrawn_index(*withdrawn_index);
}

absl::Status Take(const v1::SnapshotWithdrawal& in, WithdrawalRecord& record) {
  auto& [id, member, list, sealed_hash, index, withdrawn_index] = record;
  MUSTER_RETURN_IF_ERROR(Take(in.id(), "withdrawal", id));
  MUSTER_RETURN_IF_ERROR(Take(in.member(), "member of a withdrawal", member));
  list = in.list();
  MUSTER_RETURN_IF_ERROR(Take(in.sealed_hash(), "sealed hash", sealed_hash));
  index = in.index();
  if (in.has_withdrawn_index()) withdrawn_index = in.withdrawn_index();
  return absl::OkStatus();
}

}  // namespace

class SnapshotCodec {
 public:
  static void PutRegistry(const Registry& registry, v1::RegistrySnapshot& out) {
    for (const uint64_t index : registry.named_) out.add_named(index);
    for (const auto& [id, record] : registry.uploads_) Put(record, *out.add_uploads());
    for (const auto& [id, record] : registry.withdrawals_) Put(record, *out.add_withdrawals());
    for (const auto& [id, index] : registry.matches_) {
      v1::SnapshotMatch& match = *out.add_matches();
      match.set_id(Raw(id));
      match.set_index(index);
    }
  }

  static absl::Status TakeRecords(const v1::RegistrySnapshot& in, Registry& registry) {
    MUSTER_RETURN_IF_ERROR(TakeAll(in.uploads(), registry.uploads_));
    MUSTER_RETURN_IF_ERROR(TakeAll(in.withdrawals(), registry.withdrawals_));
    for (const v1::SnapshotMatch& match : in.matches()) {
      MatchId id;
      MUSTER_RETURN_IF_ERROR(Take(match.id(), "match", id));
      registry.matches_.emplace_hint(registry.matches_.end(), id, match.index());
    }
    for (const auto& [id, upload] : registry.uploads_) {
      registry.names_.try_emplace({upload.member, upload.list}, upload.voterfile.has_value());
    }
    return absl::OkStatus();
  }

 private:
  // They were written in the maps' order, so each goes to the end.
  template <typename Messages, typename Map>
  static absl::Status TakeAll(const Messages& in, Map& out) {
    for (const auto& message : in) {
      typename Map::mapped_type record;
      MUSTER_RETURN_IF_ERROR(Take(message, record));
      const auto id = record.id;
      out.emplace_hint(out.end(), id, std::move(record));
    }
    return absl::OkStatus();
  }
};

std::string EncodeSnapshot(const crypto::MerkleFrontier& tree, const Registry& registry) {
  v1::RegistrySnapshot snapshot;
  snapshot.set_version(kSnapshotVersion);
  snapshot.set_size(static_cast<int64_t>(tree.size()));
  for (const Bytes32& hash : tree.hashes()) snapshot.add_frontier(Raw(hash));
  snapshot.set_charter_hash(Raw(registry.charter_hash()));
  SnapshotCodec::PutRegistry(registry, snapshot);
  return snapshot.SerializeAsString();
}

absl::StatusOr<Snapshot> DecodeSnapshot(std::string_view bytes) {
  Snapshot snapshot;
  v1::RegistrySnapshot& message = snapshot.message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Malformed("form");
  }
  if (message.version() != kSnapshotVersion) return Malformed("version");
  std::vector<Bytes32> hashes(static_cast<size_t>(message.frontier_size()));
  for (int i = 0; i < message.frontier_size(); ++i) {
    MUSTER_RETURN_IF_ERROR(Take(message.frontier(i), "tree", hashes[static_cast<size_t>(i)]));
  }
  auto tree =
      crypto::MerkleFrontier::Restore(static_cast<uint64_t>(message.size()), std::move(hashes));
  if (!tree.ok()) return Malformed("tree");
  snapshot.tree = *std::move(tree);
  MUSTER_RETURN_IF_ERROR(Take(message.charter_hash(), "charter", snapshot.charter_hash));
  return snapshot;
}

absl::StatusOr<Registry> RestoreRegistry(
    const Snapshot& snapshot, absl::FunctionRef<absl::StatusOr<VerifiedStatement>(uint64_t)> read) {
  Registry registry;
  MUSTER_RETURN_IF_ERROR(SnapshotCodec::TakeRecords(snapshot.message, registry));
  for (const uint64_t index : snapshot.message.named()) {
    if (index >= snapshot.tree.size()) return Malformed("entry");
    MUSTER_ASSIGN_OR_RETURN(const VerifiedStatement statement, read(index));
    if (Registry::IsKeptAsRecord(statement.statement)) return Malformed("entry");
    MUSTER_RETURN_IF_ERROR(registry.Apply(index, statement));
  }
  if (registry.founded() != (snapshot.tree.size() > 0) ||
      registry.charter_hash() != snapshot.charter_hash) {
    return Malformed("charter");
  }
  return registry;
}

bool IsSnapshotDue(uint64_t snapshot_size, uint64_t log_size) {
  return log_size - snapshot_size >= std::max(kTailMin, log_size / kTailPart);
}

}  // namespace muster::governance
