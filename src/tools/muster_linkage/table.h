// SPDX-License-Identifier: Apache-2.0
//
// Table: a file's people as sketches, with the id of each row; nothing else of a row is kept.
//
// The file is cut into pieces that threads read at once. Each piece is begun at the first line
// break behind its cut, which is the beginning of a row unless that break stands in quotes; when
// the piece before it is done it is known whether it did, and then the piece is read again from
// where that one ended. So the table is the same for any number of threads.
// Rules: rows without an id, with a broken quote or with another number of cells than the header
// are passed over and counted by reason; two rows with one id are an error. A row that is no UTF-8
// is taken for Windows-1252.
// Units: rows from 0, rejected rows not counted; lines from 1.
// Errors: those of TableFile and Columns; CSV_NO_HEADER, CSV_STRAY_QUOTE and CSV_UNCLOSED_QUOTE of
// the header; CSV_LINE_TOO_LONG; TABLE_TOO_LARGE; ID_TWICE. Messages name file, line and remedy,
// never a cell.
// Threads: ReadTable uses options.threads of its own; a Table may be read from anywhere.
#ifndef MUSTER_TOOLS_MUSTER_LINKAGE_TABLE_H_
#define MUSTER_TOOLS_MUSTER_LINKAGE_TABLE_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/token/sketch.h"
#include "tools/muster_linkage/growing_array.h"

namespace muster::linkage {

enum class Rejection : uint8_t { kCells, kStrayQuote, kUnclosedQuote, kNoId };
inline constexpr size_t kRejectionCount = 4;
std::string_view RejectionName(Rejection rejection);  // "number_of_cells"
std::string_view RejectionText(Rejection rejection);  // for people, with what to do

struct Rejected {
  uint64_t rows = 0;
  uint64_t first_line = 0;
};

// One text for each row, in one piece of memory.
class IdColumn {
 public:
  // `ends`: where each text ends in `text`.
  void Append(std::string_view text, std::span<const uint32_t> ends);
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t row) const {
    const uint64_t begin = row == 0 ? 0 : End(row - 1);
    return {text_.values().data() + begin, End(row) - begin};
  }

 private:
  static constexpr size_t kRowsPerBase = 4096;
  uint64_t End(size_t row) const { return bases_[row / kRowsPerBase] + ends_[row]; }
  GrowingArray<char> text_;
  GrowingArray<uint32_t> ends_;  // less the base
  std::vector<uint64_t> bases_;
};

struct Table {
  GrowingArray<token::Sketch> sketches;
  IdColumn ids;
  std::array<Rejected, kRejectionCount> rejected{};
  uint64_t rows_windows1252 = 0;
  std::vector<std::string> unknown_columns;
  uint64_t bytes = 0;
  // Time of all threads spent on reading and cutting rows, and on sketching them.
  double read_seconds = 0;
  double sketch_seconds = 0;

  size_t size() const { return ids.size(); }
  uint64_t RejectedRows() const;
};

struct ReadOptions {
  unsigned threads = 1;
  size_t piece_bytes = size_t{4} << 20;
  // Bytes and rows so far, from one thread at a time.
  std::function<void(uint64_t bytes, uint64_t all_bytes, uint64_t rows)> progress;
};

absl::StatusOr<Table> ReadTable(const std::filesystem::path& path, const token::SketchKey& key,
                                const ReadOptions& options);

}  // namespace muster::linkage

#endif  // MUSTER_TOOLS_MUSTER_LINKAGE_TABLE_H_
