// SPDX-License-Identifier: Apache-2.0
//
// CsvRow: writes rows of cells, quoted when they must be (and, as PHP's exporters do, when they
// hold a space).
//
// Errors: none.
// Threads: one thread.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_CSV_ROW_H_
#define MUSTER_TOOLS_MUSTER_FAKE_CSV_ROW_H_

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster::fake {

struct CsvStyle {
  char delimiter = ',';
  bool crlf = false;
  bool bom = false;
  bool quote_spaces = false;
};

class CsvRow {
 public:
  CsvRow(std::string& out, const CsvStyle& style)
      : out_(out), style_(style), last_cell_(out.size()) {}

  void Cell(std::string_view text) {
    Separate();
    if (!NeedsQuotes(text)) {
      out_ += text;
      return;
    }
    out_ += '"';
    for (char c : text) {
      if (c == '"') out_ += '"';
      out_ += c;
    }
    out_ += '"';
  }
  void Cell(uint64_t number) {
    Separate();
    char digits[20];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
    out_.append(digits, end);
  }
  void Empty() { Separate(); }

  // Takes the last cell back, so that the row has one too few.
  void DropLastCell() { out_.resize(last_cell_); }
  void End() { out_ += style_.crlf ? "\r\n" : "\n"; }

 private:
  void Separate() {
    last_cell_ = out_.size();
    if (!first_) out_ += style_.delimiter;
    first_ = false;
  }
  bool NeedsQuotes(std::string_view text) const {
    for (char c : text) {
      if (c == style_.delimiter || c == '"' || c == '\n' || c == '\r' ||
          (c == ' ' && style_.quote_spaces))
        return true;
    }
    return false;
  }

  std::string& out_;
  CsvStyle style_;
  size_t last_cell_;
  bool first_ = true;
};

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_CSV_ROW_H_
