// SPDX-License-Identifier: Apache-2.0
//
// Figures: whether what is said of one upload adds up, and whether a sealed batch is what its
// uploader signed. Shared by the reports of members and of auditors.
//
// Errors: REPORT_MALFORMED, BATCH_MALFORMED, SIGNATURE_INVALID: the first thing that does not hold.
// Threads: pure.
#ifndef MUSTER_CORE_REPORT_FIGURES_H_
#define MUSTER_CORE_REPORT_FIGURES_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "core/governance/registry.h"
#include "core/seal/envelope.h"
#include "muster/v1/report.pb.h"
#include "muster/v1/statement.pb.h"

namespace muster::report {

// "the report does not hold: " and what; REPORT_MALFORMED.
absl::Status BadReport(std::string_view what);

// The rows of an upload's files, its rejected and withheld ones and its records add up.
absl::Status CheckFiles(const v1::UploadStatement& statement);
// The vault's figures add up to the records it read. That it agrees with the upload statement, the
// registry has seen to.
absl::Status CheckIntake(const v1::IntakeStatement& intake, const v1::UploadStatement& statement);

// The sum alone, where the registry has seen to all the rest.
absl::Status CheckIntakeSum(const v1::IntakeStatement& intake);

// One batch: sealed for this consortium, member, upload and these keys as number `sequence`, by the
// person who signed it.
struct CheckedBatch {
  seal::BatchHeader header;
  Bytes32 leaf{};  // in the upload's batches_root
};
absl::StatusOr<CheckedBatch> CheckBatch(const v1::BatchRecord& record, uint64_t sequence,
                                        const UploadId& upload,
                                        const governance::PersonRecord& uploader,
                                        const governance::Registry& registry);
// All of an upload's batches: as many as stated, in order, hashing to the statement's root.
absl::Status CheckBatches(const v1::UploadProvenance& upload, const v1::UploadStatement& statement,
                          const governance::PersonRecord& uploader,
                          const governance::Registry& registry);

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_FIGURES_H_
