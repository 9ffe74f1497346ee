// SPDX-License-Identifier: Apache-2.0
//
// LayoutFit: whether a file is of a layout, told from its header and its first rows; and which
// built-in layout it is of.
//
// Rule: a header must name the voter's number, the name, the status and what is withheld, unless
// the layout says that they may be missing, and each of them once; rows without a header must have
// the layout's number of columns. Dates, ZIPs, states and codes must then look like it: two columns
// that mostly do not, or one in many rows that does not hold codes, and the file is another. The
// number of a county's file and its order of rows mean nothing.
// Units: lines and columns from 1 in messages. A sample takes a few megabytes at most.
// Errors: LAYOUT_MISMATCH with line, column and what was expected; those of CsvReader. Messages
// hold nothing of a row.
// Threads: one at a time.
#ifndef MUSTER_CORE_INGEST_LAYOUT_FIT_H_
#define MUSTER_CORE_INGEST_LAYOUT_FIT_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/ingest/csv_reader.h"
#include "core/ingest/voter_layout.h"

namespace muster::ingest {

// A row that outlives the next one; of a fixed-width file, its line in a single cell.
struct RowCopy {
  CsvReader::Outcome outcome = CsvReader::Outcome::kEnd;
  std::vector<std::string> cells;
  uint64_t line = 0;
  bool is_ascii = true;
  bool is_utf8 = true;
  Reason broken_reason = Reason::ERROR_REASON_UNSPECIFIED;
  uint64_t broken_line = 0;
};

struct LayoutFit {
  LayoutFit() = default;
  LayoutFit(LayoutFit&&) = default;
  LayoutFit& operator=(LayoutFit&& other) noexcept;
  ~LayoutFit();  // wipes the rows

  absl::Status status;  // OK, or why it does not fit
  double score = 0;     // of those that fit, the better one is higher
  bool has_header = false;
  std::vector<int32_t> places;       // the cell of each column of the layout; -1: none
  std::vector<std::string> header;   // the file's names, or the layout's
  std::vector<std::string> missing;  // columns that this header lacks
  std::vector<RowCopy> rows;         // that were read to tell, the header left out
};

// Sets the reader's delimiter, quotes and number of cells, and reads the first rows.
absl::StatusOr<LayoutFit> FitLayout(CsvReader& csv, const FileLayout& layout);

struct RecognizedLayout {
  const VoterLayout* layout = nullptr;
  bool is_history = false;
  double score = 0;
};
// The built-in layouts that the file fits, the best first. Opens the file once for each.
std::vector<RecognizedLayout> RecognizeVoterFile(const std::filesystem::path& path);

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_LAYOUT_FIT_H_
