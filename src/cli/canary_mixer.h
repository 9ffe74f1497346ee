// SPDX-License-Identifier: Apache-2.0
//
// CanaryMixer: puts a few of the member's own seed addresses among the rows of an upload, so that
// nobody who reads the rows, the vault's operator included, can tell which they are.
//
// PlantCanaries reads the files once and decides: which addresses (those that were given to the
// fewest uploads; none that the files have themselves), before which rows (of people who may be
// mailed; in a file that is sorted by address, where the order wants it), and with what else in the
// row: the fields that the neighbouring row has, with the seed's own particulars where it has any,
// else with those of other rows, a house number or the end of a number changed. What makes a person
// is kept in the book, so that a seed is the same person in every list.
// MixingFormat then yields the rows with the canaries in their places, numbered as if they had
// stood in the file: row numbers and counts go up by them.
// Rule: the same plan gives the same records in the same order, so an upload can be resumed.
// Errors: those of ingest and canary_book.h.
// Threads: const use from anywhere; a reader belongs to one.
#ifndef MUSTER_CLI_CANARY_MIXER_H_
#define MUSTER_CLI_CANARY_MIXER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "cli/canary_book.h"
#include "cli/file_pass.h"
#include "cli/record_format.h"
#include "muster/v1/canary.pb.h"

namespace muster::cli {

// The plan of one upload; with a seed and nothing planted when there is nothing to plant. Writes
// what it made up of a seed's person into the book.
absl::StatusOr<v1::CanaryUpload> PlantCanaries(const CanaryBook& book,
                                               const FilePassOptions& options,
                                               const std::string& upload, const std::string& list);

class MixingFormat : public RecordFormat {
 public:
  // `plan` outlives the format and its readers.
  MixingFormat(std::shared_ptr<const RecordFormat> inner, const v1::CanaryUpload* plan)
      : inner_(std::move(inner)), plan_(*plan) {}

  absl::StatusOr<std::unique_ptr<ingest::RecordReader>> Open(size_t index,
                                                             const std::filesystem::path& path,
                                                             uint32_t first_row,
                                                             ingest::RejectSink* rejects,
                                                             FileFigures& file) const override;
  std::string Describe(const FileFigures& file) const override { return inner_->Describe(file); }
  std::string Reading() const override { return inner_->Reading(); }

 private:
  std::shared_ptr<const RecordFormat> inner_;
  const v1::CanaryUpload& plan_;
};

// The row of the files as they are that the upload's row `row` is; 0 when it is a canary.
int64_t RowOfFiles(const v1::CanaryUpload& plan, int64_t row);

}  // namespace muster::cli

#endif  // MUSTER_CLI_CANARY_MIXER_H_
