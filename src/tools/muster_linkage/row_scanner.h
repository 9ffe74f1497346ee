// SPDX-License-Identifier: Apache-2.0
//
// RowScanner: the rows of delimited text that stands in memory, from any line on, so that several
// threads can each read their part of one file.
//
// ingest::CsvReader reads a file from its beginning through a buffer that it wipes; it cannot be
// started in the middle. This one gives the same rows and breaks at the same places (tests hold
// them side by side): quoted cells hold delimiters, line breaks and doubled quotes, a quote inside
// an unquoted cell is a letter, and a bad quote costs the line where it opened.
// Units: kRowBytesMax bytes a row.
// Threads: one at a time.
// Source: RFC 4180, and its breakers.
#ifndef MUSTER_TOOLS_MUSTER_LINKAGE_ROW_SCANNER_H_
#define MUSTER_TOOLS_MUSTER_LINKAGE_ROW_SCANNER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace muster::linkage {

inline constexpr size_t kRowBytesMax = size_t{1} << 20;

class RowScanner {
 public:
  enum class Outcome : uint8_t {
    kRow,
    kRagged,         // another number of cells than expected
    kStrayQuote,     // text behind a closing quote
    kUnclosedQuote,  // a quote that does not close, or closes lines later in a ragged row
    kMore,           // the row goes on behind the text
    kTooLong,        // more than kRowBytesMax
    kEnd,
  };

  // `expected`: how many cells a row must have; 0 takes any number.
  RowScanner(char delimiter, char line_end, size_t expected);

  // The text is [begin, end); *end is written to. `last`: nothing follows it in the file. It is
  // changed in place where quotes are doubled, so rows are scanned once.
  void SetText(char* begin, char* end, bool last);
  // The next row; after kMore and kTooLong the position is still before it. Blank lines are passed
  // over.
  Outcome Next();

  // Of the last row, until the next call; of kRow alone.
  std::span<const std::string_view> cells() const { return cells_; }
  // The last row's bytes, line end included.
  std::string_view row() const { return {row_begin_, static_cast<size_t>(at_ - row_begin_)}; }
  const char* position() const { return at_; }
  // Line breaks since SetText: before position(), and before the last row, or the line where its
  // bad quote opened.
  uint64_t lines() const { return lines_; }
  uint64_t row_line() const { return row_line_; }

 private:
  struct Cell {
    char* begin;
    char* end;
    bool doubled;
  };
  enum class Scan : uint8_t { kRow, kMore, kTooLong, kStrayQuote, kUnclosedQuote };
  Scan ScanRow();
  Outcome Break(Outcome outcome);
  uint64_t CountLines(const char* begin, const char* end) const;

  char delimiter_;
  char line_end_;
  size_t expected_;
  std::array<bool, 256> stops_{};

  char* at_ = nullptr;
  char* end_ = nullptr;
  bool last_ = false;
  char* row_begin_ = nullptr;
  uint64_t lines_ = 0;
  uint64_t row_line_ = 0;

  // Of the row being scanned.
  std::vector<Cell> scanned_;
  size_t count_ = 0;
  char* next_ = nullptr;
  char* quote_ = nullptr;
  char* first_long_quote_ = nullptr;
  uint64_t breaks_ = 0;

  std::vector<std::string_view> cells_;
};

}  // namespace muster::linkage

#endif  // MUSTER_TOOLS_MUSTER_LINKAGE_ROW_SCANNER_H_
