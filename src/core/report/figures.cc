// SPDX-License-Identifier: Apache-2.0
#include "core/report/figures.h"

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/merkle.h"

namespace muster::report {

absl::Status BadReport(std::string_view what) {
  return MakeError(v1::REPORT_MALFORMED, "the report does not hold: " + std::string(what));
}

absl::Status CheckFiles(const v1::UploadStatement& statement) {
  int64_t rows = 0;
  int64_t rejected = 0;
  int64_t withheld = 0;
  for (const v1::UploadFile& file : statement.files()) {
    if (file.rejected_row_count() + file.withheld_row_count() > file.row_count()) {
      return BadReport("a file has more rejected and withheld rows than rows");
    }
    rows += file.row_count();
    rejected += file.rejected_row_count();
    withheld += file.withheld_row_count();
  }
  if (rows != statement.row_count() || rejected != statement.rejected_row_count() ||
      withheld != statement.withheld_row_count()) {
    return BadReport("the rows of its files do not add up to the rows it states");
  }
  if (statement.has_voterfile()) {
    // A row is at most one record; of the history, several rows of a voter are one.
    const int64_t unread = withheld + statement.voterfile().not_registered_row_count();
    if (statement.record_count() > rows - rejected - unread)
      return BadReport("it states more sealed records than accepted rows");
    return absl::OkStatus();
  }
  // A row may bring several addresses, and at least one when it was neither rejected nor withheld.
  if (statement.record_count() < rows - rejected - withheld) {
    return BadReport("it states fewer sealed records than accepted rows");
  }
  return absl::OkStatus();
}

absl::Status CheckIntakeSum(const v1::IntakeStatement& intake) {
  // Every record is exactly one of these.
  const int64_t sum =
      intake.duplicate_count() + intake.refused_count() +
      (intake.has_voterfile()
           ? intake.voterfile().voter_count() + intake.voterfile().history_record_count()
           : intake.contact_count() + intake.suppression_count() + intake.exclusion_count());
  if (sum != intake.record_count()) {
    return BadReport("the vault's figures do not add up to the records it read");
  }
  return absl::OkStatus();
}

absl::Status CheckIntake(const v1::IntakeStatement& intake, const v1::UploadStatement& statement) {
  if (intake.upload() != statement.upload()) {
    return BadReport("the intake statement beside it is of " + intake.upload());
  }
  return CheckIntakeSum(intake);
}

absl::StatusOr<CheckedBatch> CheckBatch(const v1::BatchRecord& record, uint64_t sequence,
                                        const UploadId& upload,
                                        const governance::PersonRecord& uploader,
                                        const governance::Registry& registry) {
  const std::string where = "batch " + std::to_string(sequence);
  const governance::MemberRecord* member =
      uploader.member.has_value() ? registry.FindMember(*uploader.member) : nullptr;
  if (member == nullptr || !member->member_key.has_value()) {
    return BadReport("the member has no key half, so nothing can have been sealed for it");
  }
  seal::Envelope envelope;
  auto header = seal::DecodeHeader(record.header());
  if (!header.ok()) return Annotate(header.status(), where);
  envelope.header = *header;
  envelope.header_bytes = record.header();
  envelope.holding_wrap = record.holding_wrap();
  envelope.signature = record.signature();
  const auto root = ToArray<32>(record.root());
  if (!root.has_value() || record.holding_wrap().size() != seal::kHoldingWrapBytes) {
    return BadReport(where + " has parts of another size");
  }
  envelope.root = *root;
  if (header->sequence != sequence) {
    return BadReport(where + " is sealed as batch " + std::to_string(header->sequence));
  }
  if (header->consortium != registry.consortium() || header->member != member->id ||
      header->upload != upload || header->uploader != uploader.id) {
    return BadReport(where + " was sealed for another consortium, member, upload or uploader");
  }
  if (AsText(header->vault_key) != registry.charter().vault().holding_key() ||
      header->member_key != member->member_key->bytes) {
    return BadReport(where + " was sealed for other keys than the vault's and the member's");
  }
  MUSTER_RETURN_IF_ERROR(
      Annotate(seal::VerifyEnvelopeSignature(envelope, uploader.sign_key), where));
  return CheckedBatch{*header, crypto::MerkleLeaf(envelope.SignedPart())};
}

absl::Status CheckBatches(const v1::UploadProvenance& upload, const v1::UploadStatement& statement,
                          const governance::PersonRecord& uploader,
                          const governance::Registry& registry) {
  if (upload.batches_size() != statement.batch_count()) {
    return BadReport("it states " + std::to_string(statement.batch_count()) +
                     " batches and shows " + std::to_string(upload.batches_size()));
  }
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(statement.upload()));
  crypto::MerkleFrontier tree;
  int64_t records = 0;
  uint32_t last_row = 0;
  for (const v1::BatchRecord& record : upload.batches()) {
    MUSTER_ASSIGN_OR_RETURN(const CheckedBatch batch,
                            CheckBatch(record, tree.size(), id, uploader, registry));
    // Rows go on where the batch before ended; one row with several addresses may stand in both.
    if (batch.header.first_row < last_row || batch.header.last_row > statement.row_count()) {
      return BadReport("batch " + std::to_string(tree.size()) +
                       " has rows that are out of order or not in the files");
    }
    last_row = batch.header.last_row;
    records += batch.header.record_count;
    tree.Append(batch.leaf);
  }
  if (AsText(tree.Root()) != statement.batches_root()) {
    return BadReport("its batches are not those whose root was signed");
  }
  if (records != statement.record_count()) {
    return BadReport("its batches hold " + std::to_string(records) + " records, and it states " +
                     std::to_string(statement.record_count()));
  }
  return absl::OkStatus();
}

}  // namespace muster::report
