// SPDX-License-Identifier: Apache-2.0
#include "cli/batch_sender.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "cli/progress.h"
#include "cli/seal_line.h"
#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/contact.h"
#include "core/crypto/merkle.h"
#include "core/tlog/proof.h"

namespace muster::cli {
namespace {

// Calls in flight at once: enough to hide the way there and back, few enough to keep memory flat.
constexpr int kSendingThreads = 4;
constexpr absl::Duration kPutTime = absl::Seconds(120);
constexpr std::string_view kIntakeKeyPurpose = "muster/intake-key/v1\n";

}  // namespace

int SealingThreads() {
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 16u));
}

absl::StatusOr<PassFigures> BatchSender::Send(const FilePassOptions& options,
                                              const crypto::Point& member_key) {
  MUSTER_RETURN_IF_ERROR(CheckIntakeKey());
  MUSTER_RETURN_IF_ERROR(ReadReceived());
  Console& console = session_.console();
  const Profile& profile = session_.profile();
  seal::SealContext context;
  context.consortium = profile.consortium;
  MUSTER_ASSIGN_OR_RETURN(context.member, session_.RequireMember());
  MUSTER_ASSIGN_OR_RETURN(context.upload, UploadId::Parse(name()));
  context.uploader = profile.person;
  MUSTER_ASSIGN_OR_RETURN(context.intake_key,
                          crypto::ParseBoxPublicKey(opened_.intake_key().public_key()));
  context.vault_key = profile.vault_holding_key;
  context.member_key = member_key;
  const seal::Sealer sealer(context, &session_.sign_key());
  if (!received_.empty()) {
    console.Note("going on with " + name() + ": the server has " +
                 WithCommas(std::count(received_.begin(), received_.end(), true)) +
                 " of its batches already");
  }

  FilePass pass(options);
  SealLine line(
      &sealer, SealingThreads(), kSendingThreads,
      [&](uint32_t, uint32_t, seal::SealedBatch& batch) { return RecordBatch(batch); },
      [&](uint32_t sequence, uint32_t, seal::SealedBatch& batch) {
        return PutBatch(sequence, batch);
      });
  const Progress progress(console, "sending", [&] {
    return ProgressState{pass.share(), line.records_sent()};
  });
  const auto push = [&](uint32_t sequence,
                        seal::RecordBlock block) -> absl::StatusOr<seal::RecordBlock> {
    MUSTER_RETURN_IF_ERROR(Commit(sequence, block));
    MUSTER_ASSIGN_OR_RETURN(const bool sent, AlreadySent(sequence, block));
    if (!sent) return line.Push(sequence, std::move(block));
    block.Clear();
    return block;
  };
  MUSTER_ASSIGN_OR_RETURN(PassFigures figures, pass.Run(push, [&](const FileFigures& file) {
    console.Note(options.format->Describe(file));
  }));
  MUSTER_RETURN_IF_ERROR(line.Finish());
  return figures;
}

absl::Status BatchSender::CheckIntakeKey() const {
  const v1::IntakeKey& key = opened_.intake_key();
  v1::IntakeKey said = key;
  said.clear_signature();
  if (key.upload() != name() ||
      !crypto::Verify(session_.profile().vault_sign_key, kIntakeKeyPurpose,
                      said.SerializeAsString(), key.signature())
           .ok()) {
    return MakeError(
        v1::SIGNATURE_INVALID,
        "the key to seal for is not signed by the vault, so nothing was sealed; tell the operator");
  }
  if (key.expire_time() <= absl::ToUnixSeconds(Clock::System().Now())) {
    return MakeError(v1::BATCH_WRONG_KEY,
                     "the vault's key for this upload has expired; upload without --resume");
  }
  return absl::OkStatus();
}

absl::Status BatchSender::ReadReceived() {
  for (const v1::SequenceRange& range : opened_.received()) {
    if (range.first() < 0 || range.last() < range.first() || range.last() >= seal::kBatchesMax) {
      return MakeError(
          v1::INTERNAL_ERROR,
          "the server names batches that there cannot be; use programs of one release");
    }
    const auto end = static_cast<size_t>(range.last()) + 1;
    if (received_.size() < end) received_.resize(end);
    std::fill(received_.begin() + static_cast<std::ptrdiff_t>(range.first()),
              received_.begin() + static_cast<std::ptrdiff_t>(end), true);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> BatchSender::AlreadySent(uint32_t sequence, const seal::RecordBlock& block) {
  if (sequence >= received_.size() || !received_[sequence]) return false;
  const std::vector<v1::BatchRecord> versions = state_.Versions(sequence);
  // Sealed more than once, and the server has one of them: offering it another makes it say which.
  if (versions.size() != 1) return false;
  MUSTER_ASSIGN_OR_RETURN(const seal::BatchHeader header,
                          seal::DecodeHeader(versions.front().header()));
  if (header.record_count != block.size() || header.first_row != block.first_row() ||
      header.last_row != block.last_row()) {
    return MakeError(v1::FILE_CHANGED,
                     "this program reads the file otherwise than the one that began this upload; "
                     "upload without --resume");
  }
  Settle(sequence,
         versions.front().header() + versions.front().holding_wrap() + versions.front().root());
  return true;
}

absl::Status BatchSender::Commit(uint32_t sequence, seal::RecordBlock& block) {
  if (canaries_ == nullptr) return absl::OkStatus();
  std::map<int64_t, std::string> addresses;
  for (const v1::PlantedCanary& planted : canaries_->planted()) {
    if (planted.row() < block.first_row() || planted.row() > block.last_row()) continue;
    addresses.emplace(planted.row(), planted.address());
  }
  std::vector<seal::PlacedCanary> placed;
  contact::ContactRecord record;
  for (size_t i = 0; i < block.size() && placed.size() < addresses.size(); ++i) {
    MUSTER_RETURN_IF_ERROR(contact::DecodeRecord(block[i], record));
    const auto found = addresses.find(record.row);
    if (found != addresses.end()) placed.push_back({found->second, static_cast<uint16_t>(i)});
  }
  record.Clear();
  const crypto::SecretBytes seed = crypto::SecretBytes::CopyOf(AsBytes(canaries_->seed()));
  MUSTER_ASSIGN_OR_RETURN(const seal::CanaryTree tree,
                          seal::CanaryTree::Make(seed, sequence, placed));
  block.set_canary(tree.commitment());
  if (!placed.empty()) placed_.emplace(sequence, std::move(placed));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::CanaryBatch>> BatchSender::CanaryEvidence() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::vector<Bytes32>> levels(1);
  for (const auto& [sequence, leaf] : leaves_) levels[0].push_back(leaf);
  while (levels.back().size() > 1) {
    std::vector<Bytes32> above;
    for (size_t i = 0; i + 1 < levels.back().size(); i += 2)
      above.push_back(crypto::MerkleNode(levels.back()[i], levels.back()[i + 1]));
    levels.push_back(std::move(above));
  }
  std::vector<v1::CanaryBatch> batches;
  for (const auto& [sequence, placed] : placed_) {
    v1::CanaryBatch batch;
    for (const v1::BatchRecord& version : state_.Versions(sequence)) {
      const Bytes32 leaf =
          crypto::MerkleLeaf(version.header() + version.holding_wrap() + version.root());
      if (leaf == leaves_.at(sequence)) *batch.mutable_batch() = version;
    }
    MUSTER_ASSIGN_OR_RETURN(
        const std::vector<Bytes32> path,
        crypto::InclusionProof(sequence, levels[0].size(),
                               [&levels](int level, uint64_t at) -> absl::StatusOr<Bytes32> {
                                 return levels[static_cast<size_t>(level)][at];
                               }));
    tlog::PutHashes(path, batch.mutable_path());
    batch.set_batch_count(static_cast<int64_t>(levels[0].size()));
    for (const seal::PlacedCanary& canary : placed) {
      v1::CanaryPlace& place = *batch.add_places();
      place.set_address(canary.address);
      place.set_index(canary.index);
    }
    batches.push_back(std::move(batch));
  }
  return batches;
}

absl::Status BatchSender::RecordBatch(const seal::SealedBatch& batch) {
  const std::string_view part = batch.signed_part;
  v1::BatchRecord record;
  record.set_header(std::string(part.substr(0, seal::kHeaderBytes)));
  record.set_holding_wrap(std::string(part.substr(seal::kHeaderBytes, seal::kHoldingWrapBytes)));
  record.set_root(std::string(part.substr(seal::kHeaderBytes + seal::kHoldingWrapBytes)));
  record.set_signature(batch.signature);
  return state_.AddBatch(record);
}

absl::Status BatchSender::PutBatch(uint32_t sequence, seal::SealedBatch& batch) {
  v1::PutBatchRequest request;
  request.set_upload(name());
  request.set_sequence(sequence);
  request.set_envelope(std::move(batch.envelope));
  v1::PutBatchResponse response;
  const absl::Status status = session_.Call("UploadService/PutBatch", request, response, kPutTime);
  if (ReasonOf(status) == v1::BATCH_REPLAYED) return TakeStoredVersion(sequence, status);
  MUSTER_RETURN_IF_ERROR(status);
  Settle(sequence, batch.signed_part);
  return absl::OkStatus();
}

// The server holds another sealing of this batch, from before this run. It signed for none but
// ours, so it is one that was recorded here.
absl::Status BatchSender::TakeStoredVersion(uint32_t sequence, const absl::Status& refusal) {
  const std::vector<v1::BatchRecord> versions = state_.Versions(sequence);
  const ErrorDetails details = DetailsOf(refusal);
  const auto root = details.find("root");
  for (const v1::BatchRecord& version : versions) {
    const bool named = root != details.end() && HexEncode(AsBytes(version.root())) == root->second;
    const bool only_other =
        root == details.end() && versions.size() == 2 && &version == &versions.front();
    if (!named && !only_other) continue;
    Settle(sequence, version.header() + version.holding_wrap() + version.root());
    return absl::OkStatus();
  }
  return refusal;
}

void BatchSender::Settle(uint32_t sequence, std::string_view signed_part) {
  const Bytes32 leaf = crypto::MerkleLeaf(signed_part);
  const std::lock_guard lock(mutex_);
  leaves_[sequence] = leaf;
}

absl::StatusOr<BatchSender::Batches> BatchSender::Settled() const {
  const std::lock_guard lock(mutex_);
  crypto::MerkleFrontier tree;
  for (const auto& [sequence, leaf] : leaves_) {
    if (sequence != tree.size()) {
      return MakeError(v1::BATCH_MISSING, "batch " + std::to_string(tree.size()) +
                                              " was not sent; run the command again with --resume");
    }
    tree.Append(leaf);
  }
  return Batches{static_cast<int64_t>(tree.size()), tree.Root()};
}

}  // namespace muster::cli
