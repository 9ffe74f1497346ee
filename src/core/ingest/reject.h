// SPDX-License-Identifier: Apache-2.0
//
// Reject: a row that could not be used, or a value that its row had to go without; and the file
// where a person finds them.
//
// Rule: nothing is lost silently. A reject file has the columns row, line, reason, field, message
// and then the input's own, so that it can be corrected and uploaded as it is: the five in front
// are not mapped. "kept without it" in the message means that the rest of the row went in. Cells
// stand as in the input; a row broken by a quote, or in another encoding, stands as its bytes.
// Units: rows count through the files of an upload, lines through the file they are in; both from
// 1.
// Errors: of writing (DISK_FULL, FILE_UNREADABLE); they stop the reading.
// Threads: one at a time. The file is for its owner alone (0600) and holds contact data, as the
// input does.
#ifndef MUSTER_CORE_INGEST_REJECT_H_
#define MUSTER_CORE_INGEST_REJECT_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/base/error.h"

namespace muster::ingest {

struct Reject {
  uint32_t row = 0;
  uint64_t line = 0;
  Reason reason = Reason::ERROR_REASON_UNSPECIFIED;
  std::string_view field;                   // the column's name, or empty
  std::string_view message;                 // what and what to do; no contact data
  bool kept = false;                        // the row went in without the value
  std::span<const std::string_view> cells;  // contact data; valid during the call
};

class RejectSink {
 public:
  virtual ~RejectSink() = default;
  // Once per input file, before its rows.
  virtual absl::Status Begin(std::span<const std::string> header) = 0;
  virtual absl::Status Add(const Reject& reject) = 0;
};

// <input>.rejects.csv. Nothing is made before the first reject. Rows go to
// <input>.part.rejects.csv, which takes the name at the end; the file of an earlier run is kept as
// <input>.old.rejects.csv, since somebody may be correcting it.
class RejectFile : public RejectSink {
 public:
  static std::filesystem::path PathFor(const std::filesystem::path& input);

  explicit RejectFile(const std::filesystem::path& input);
  ~RejectFile() override;  // closes; an unread error is lost, so call Close()
  RejectFile(const RejectFile&) = delete;
  RejectFile& operator=(const RejectFile&) = delete;

  absl::Status Begin(std::span<const std::string> header) override;
  absl::Status Add(const Reject& reject) override;
  // Synced and in place. Again: nothing.
  absl::Status Close();

  // Lines written, and so whether there is a file.
  uint64_t count() const { return count_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  absl::Status Make();
  absl::Status Flush();

  std::filesystem::path path_;
  std::filesystem::path part_path_;
  std::filesystem::path old_path_;
  int fd_ = -1;
  std::vector<std::string> header_;
  std::string pending_;
  uint64_t count_ = 0;
};

// Appends one CSV cell, quoted when it has to be.
void AppendCsvCell(std::string_view cell, std::string& out);

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_REJECT_H_
