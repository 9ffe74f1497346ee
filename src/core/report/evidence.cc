// SPDX-License-Identifier: Apache-2.0
#include "core/report/evidence.h"

#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/tlog/proof.h"

namespace muster::report {
namespace {

absl::Status Bad(std::string_view what) {
  return MakeError(v1::REPORT_MALFORMED, "the file does not hold: " + std::string(what));
}

absl::Status Add(const v1::EntryProof& proof, Evidence& evidence) {
  const std::string where = "entry " + std::to_string(proof.index());
  MUSTER_RETURN_IF_ERROR(Annotate(tlog::VerifyEntryProof(proof, evidence.checkpoint), where));
  auto statement = governance::VerifyStatementBytes(proof.body());
  if (!statement.ok()) return Annotate(statement.status(), where);
  if (!evidence.entries.emplace(static_cast<uint64_t>(proof.index()), *std::move(statement))
           .second) {
    return Bad(where + " occurs twice");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Evidence> OpenEvidence(
    const AuditRoot& root, std::string_view consortium, const std::string& checkpoint,
    const v1::EntryProof& charter, const google::protobuf::RepeatedPtrField<v1::EntryProof>& people,
    const std::vector<const v1::EntryProof*>& said) {
  if (consortium != AsText(root.consortium))
    return Bad("it is of another consortium than the bundle; get that consortium's bundle");
  Evidence evidence;
  auto opened = tlog::OpenCheckpoint(checkpoint, root.log_key);
  if (!opened.ok()) return Annotate(opened.status(), "the file's checkpoint");
  evidence.checkpoint = *std::move(opened);
  evidence.same_tree = evidence.checkpoint == root.checkpoint;
  if (evidence.checkpoint.size == root.checkpoint.size && !evidence.same_tree) {
    return MakeError(v1::LOG_FORKED, "the log signed two trees of " +
                                         std::to_string(root.checkpoint.size) +
                                         " entries, one for the file and one for the bundle: keep "
                                         "both, they are the evidence");
  }
  if (charter.index() != 0) return Bad("its charter is not entry 0 of the log");
  MUSTER_RETURN_IF_ERROR(Add(charter, evidence));
  if (evidence.entries.at(0).hash != root.charter_hash)
    return Bad("its charter is not the bundle's");
  for (const v1::EntryProof& proof : people) {
    MUSTER_RETURN_IF_ERROR(Add(proof, evidence));
    const v1::Statement& statement =
        evidence.entries.at(static_cast<uint64_t>(proof.index())).statement;
    if (governance::Registry::OwnerOf(statement).has_value())
      return Bad("entry " + std::to_string(proof.index()) + " says nothing of who takes part");
  }
  for (const v1::EntryProof* proof : said) MUSTER_RETURN_IF_ERROR(Add(*proof, evidence));
  // In the log's order, so that whoever speaks must have joined before.
  for (const auto& [index, statement] : evidence.entries) {
    MUSTER_RETURN_IF_ERROR(
        Annotate(evidence.registry.Apply(index, statement), "entry " + std::to_string(index)));
  }
  return evidence;
}

}  // namespace muster::report
