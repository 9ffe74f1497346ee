// SPDX-License-Identifier: Apache-2.0
//
// VoterFormat: the files of a state's voters and of their history, read with one layout.
//
// Rule: whether a file holds voters or history is told from its own rows, so the order does not
// matter.
// Errors: LAYOUT_MISMATCH and those of ingest/voter_reader.h.
// Threads: const use from anywhere.
#ifndef MUSTER_CLI_VOTER_FORMAT_H_
#define MUSTER_CLI_VOTER_FORMAT_H_

#include <memory>
#include <string>
#include <utility>

#include "cli/record_format.h"
#include "core/ingest/voter_layout.h"

namespace muster::cli {

class VoterFormat : public RecordFormat {
 public:
  explicit VoterFormat(ingest::VoterLayout layout) : layout_(std::move(layout)) {}

  const ingest::VoterLayout& layout() const { return layout_; }

  absl::StatusOr<std::unique_ptr<ingest::RecordReader>> Open(size_t index,
                                                             const std::filesystem::path& path,
                                                             uint32_t first_row,
                                                             ingest::RejectSink* rejects,
                                                             FileFigures& file) const override;
  void Count(const ingest::RecordReader& reader, FileFigures& file) const override;
  std::string Describe(const FileFigures& file) const override;
  // The layout's own text is part of it: a steward may have changed a file of theirs.
  std::string Reading() const override;

 private:
  ingest::VoterLayout layout_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_VOTER_FORMAT_H_
