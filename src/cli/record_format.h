// SPDX-License-Identifier: Apache-2.0
//
// RecordFormat: how the files of an upload become records, so that everything behind the reading
// (sealing, sending, resuming, receipts) is one for lists and voter files. ListFormat is here,
// VoterFormat in voter_format.h.
//
// Rule: the same files under an equal Reading() give the same records in the same order.
// Errors: those of ingest.
// Threads: const use from anywhere; a reader belongs to one.
#ifndef MUSTER_CLI_RECORD_FORMAT_H_
#define MUSTER_CLI_RECORD_FORMAT_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "core/ingest/contact_reader.h"
#include "core/ingest/record_reader.h"

namespace muster::cli {

struct FileFigures {
  std::filesystem::path path;
  std::string format;       // as the statement names it
  ingest::Mapping mapping;  // of a list's file
  bool is_history = false;  // of a voter file's
  int64_t rows = 0;
  int64_t rejected = 0;
  int64_t withheld = 0;        // not to be shared, or by law
  int64_t not_registered = 0;  // (any more)
  int64_t records = 0;
  int64_t kept_without = 0;
  std::string reject_file;  // empty when nothing was written
};

class RecordFormat {
 public:
  virtual ~RecordFormat() = default;

  // Opens the upload's file number `index`; says in `file` how it is read. `rejects` may be null.
  virtual absl::StatusOr<std::unique_ptr<ingest::RecordReader>> Open(
      size_t index, const std::filesystem::path& path, uint32_t first_row,
      ingest::RejectSink* rejects, FileFigures& file) const = 0;
  // What the reader that Open made has counted beside what every reader counts.
  virtual void Count(const ingest::RecordReader&, FileFigures&) const {}
  // How a file is read, for people.
  virtual std::string Describe(const FileFigures& file) const = 0;
  // What changes the records that a file gives.
  virtual std::string Reading() const = 0;
};

class ListFormat : public RecordFormat {
 public:
  ingest::ColumnCorrections map;
  std::optional<ingest::Encoding> encoding;
  std::string region = "US";

  absl::StatusOr<std::unique_ptr<ingest::RecordReader>> Open(size_t index,
                                                             const std::filesystem::path& path,
                                                             uint32_t first_row,
                                                             ingest::RejectSink* rejects,
                                                             FileFigures& file) const override;
  std::string Describe(const FileFigures& file) const override;
  std::string Reading() const override;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_RECORD_FORMAT_H_
