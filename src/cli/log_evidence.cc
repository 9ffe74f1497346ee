// SPDX-License-Identifier: Apache-2.0
#include "cli/log_evidence.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/merkle.h"
#include "core/governance/statement.h"
#include "core/tlog/proof.h"

namespace muster::cli {
namespace {

// Who takes part and by which rules; not what was loaded, matched or sent.
bool SaysWhoTakesPart(const v1::Statement& statement) {
  return governance::Registry::IsPublic(statement) && !statement.has_charter() &&
         !statement.has_upload() && !statement.has_intake() && !statement.has_match();
}

}  // namespace

LogEvidence::LogEvidence(const LogView* view) : view_(*view) {
  std::vector<Bytes32> level;
  level.reserve(view_.entries.size());
  for (const v1::LogEntry& entry : view_.entries)
    level.push_back(crypto::MerkleLeaf(entry.commitment()));
  while (!level.empty()) {
    std::vector<Bytes32> above;
    for (size_t i = 0; i + 1 < level.size(); i += 2)
      above.push_back(crypto::MerkleNode(level[i], level[i + 1]));
    levels_.push_back(std::move(level));
    level = std::move(above);
  }
}

absl::StatusOr<v1::EntryProof> LogEvidence::Prove(uint64_t index) const {
  if (index >= view_.entries.size() || view_.entries[index].body().empty()) {
    return MakeError(v1::INTERNAL_ERROR,
                     "entry " + std::to_string(index) + " is not open to this profile");
  }
  const v1::LogEntry& entry = view_.entries[index];
  MUSTER_ASSIGN_OR_RETURN(
      const std::vector<Bytes32> hashes,
      crypto::InclusionProof(index, view_.entries.size(),
                             [this](int level, uint64_t at) -> absl::StatusOr<Bytes32> {
                               return levels_[static_cast<size_t>(level)][at];
                             }));
  v1::EntryProof proof;
  proof.set_index(static_cast<int64_t>(index));
  proof.set_salt(entry.salt());
  proof.set_body(entry.body());
  tlog::PutHashes(hashes, proof.mutable_hashes());
  return proof;
}

absl::Status LogEvidence::AddPeople(
    google::protobuf::RepeatedPtrField<v1::EntryProof>* people) const {
  for (size_t i = 0; i < view_.entries.size(); ++i) {
    if (view_.entries[i].body().empty()) continue;
    MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                            governance::VerifyStatementBytes(view_.entries[i].body()));
    if (!SaysWhoTakesPart(verified.statement)) continue;
    MUSTER_ASSIGN_OR_RETURN(*people->Add(), Prove(i));
  }
  return absl::OkStatus();
}

int64_t LogEvidence::open_count() const {
  return std::count_if(view_.entries.begin(), view_.entries.end(),
                       [](const v1::LogEntry& entry) { return !entry.body().empty(); });
}

}  // namespace muster::cli
