// SPDX-License-Identifier: Apache-2.0
//
// CsvReader: rows of delimited text, as spreadsheets and CRMs write them, one at a time.
//
// Rule: one bad quote never swallows the file. A row whose quote is not closed, is followed by
// stray text, or runs over several lines into the wrong number of cells is given back as broken up
// to the end of the line where that quote opened; reading goes on with the next line. Quoted cells
// may hold delimiters, line breaks and doubled quotes; a quote inside an unquoted cell is a
// letter. Lines end with LF or CRLF, or with CR when the first line does. Blank lines are passed
// over.
// Units: lines and columns from 1; at most kLineBytesMax bytes a row, so memory is bounded
// whatever the file.
// Errors: a status only when reading cannot go on: TextSource's, CSV_LINE_TOO_LONG; of PeekHeader
// also CSV_STRAY_QUOTE and CSV_UNCLOSED_QUOTE.
// Threads: one at a time. The buffer holds plaintext and is wiped at the end.
// Source: RFC 4180, and its breakers.
#ifndef MUSTER_CORE_INGEST_CSV_READER_H_
#define MUSTER_CORE_INGEST_CSV_READER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/error.h"
#include "core/ingest/text_source.h"

namespace muster::ingest {

inline constexpr size_t kLineBytesMax = size_t{1} << 20;

class CsvReader {
 public:
  enum class Outcome { kRow, kBroken, kEnd };

  explicit CsvReader(std::unique_ptr<TextSource> source);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // The next row's cells if `delimiter` were the delimiter; nothing is consumed. Empty at the end
  // of the file. Works on the first row only: before Next().
  absl::StatusOr<std::vector<std::string>> PeekHeader(char delimiter);
  // Passes over the first line (Excel's "sep=;"): before Next().
  absl::Status SkipFirstLine();

  void set_delimiter(char delimiter);
  // False: a quote is a letter like any other.
  void set_quotes(bool quotes) { quotes_ = quotes; }
  // How many cells a row must have; 0 takes any number.
  void set_expected_cells(size_t cells) { expected_ = cells; }

  absl::StatusOr<Outcome> Next();

  // Of the last row, until the next call. A row with the wrong number of cells is kBroken
  // (CSV_RAGGED_ROW) and has them all; one broken by a quote has a single cell, its text as it
  // stands in the file.
  std::span<const std::string_view> cells() const { return cells_; }
  uint64_t line() const { return row_line_; }
  bool is_ascii() const { return is_ascii_; }
  bool is_utf8() const { return is_utf8_; }  // and without NUL
  // Of the last kBroken: why, and the line to look at (where the quote opened).
  Reason broken_reason() const { return broken_reason_; }
  uint64_t broken_line() const { return broken_line_; }

  TextSource& source() { return *source_; }
  const TextSource& source() const { return *source_; }

 private:
  struct Cell {  // of buffer_
    uint32_t begin;
    uint32_t end;
    bool doubled_quotes;
  };
  enum class Scan { kRow, kMore, kStrayQuote, kUnclosedQuote };

  Scan ScanRow();
  void AddCell(size_t begin, size_t end, bool doubled_quotes);
  absl::StatusOr<bool> FillMore();
  absl::StatusOr<Scan> ScanWholeRow();
  absl::StatusOr<Outcome> GiveBroken(Reason reason);
  void GiveCells();
  void SniffLineEnd();
  absl::Status TooLong() const;
  uint64_t CountLines(size_t begin, size_t end) const;

  std::unique_ptr<TextSource> source_;
  char delimiter_ = ',';
  bool quotes_ = true;
  char line_end_ = '\n';
  size_t expected_ = 0;
  std::array<bool, 256> stops_{};  // bytes that end an unquoted cell

  std::string
      buffer_;  // [row_, end_) is unread text; one more byte after it is a line end, to stop scans
  size_t row_ = 0;
  size_t end_ = 0;
  bool started_ = false;

  // Of the row being scanned.
  std::vector<Cell> scanned_;  // the first scanned_count_ of them: the vector only grows
  size_t scanned_count_ = 0;
  size_t next_row_ = 0;
  size_t quote_ = 0;             // where the last quoted cell opened
  size_t first_long_quote_ = 0;  // where the first quoted cell with a line break in it opened
  uint64_t breaks_ = 0;          // line breaks inside quotes

  size_t scan_end_ = 0;  // of the last quote with line breaks in it
  uint64_t wasted_ = 0;  // bytes looked at again, since a quote was none

  std::vector<std::string_view> cells_;
  uint64_t line_ = 1;  // of row_
  uint64_t row_line_ = 0;
  bool is_ascii_ = true;
  bool is_utf8_ = true;
  Reason broken_reason_ = Reason::ERROR_REASON_UNSPECIFIED;
  uint64_t broken_line_ = 0;
};

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_CSV_READER_H_
