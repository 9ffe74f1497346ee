// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_linkage/row_scanner.h"

#include <algorithm>
#include <cstring>

#include "core/contact/identifier.h"

namespace muster::linkage {

RowScanner::RowScanner(char delimiter, char line_end, size_t expected)
    : delimiter_(delimiter), line_end_(line_end), expected_(expected) {
  stops_[static_cast<uint8_t>(delimiter)] = true;
  stops_[static_cast<uint8_t>(line_end)] = true;
}

void RowScanner::SetText(char* begin, char* end, bool last) {
  at_ = row_begin_ = begin;
  end_ = end;
  *end_ = line_end_;  // stops every scan
  last_ = last;
  lines_ = row_line_ = 0;
}

uint64_t RowScanner::CountLines(const char* begin, const char* end) const {
  if (begin >= end) return 0;
  if (line_end_ == '\n') return static_cast<uint64_t>(std::count(begin, end, '\n'));
  uint64_t lines = 0;
  for (const char* p = begin; p < end; ++p) {
    if (*p == '\r' || (*p == '\n' && (p == begin || p[-1] != '\r'))) ++lines;
  }
  return lines;
}

// The cells of the row at at_, as they stand.
RowScanner::Scan RowScanner::ScanRow() {
  count_ = 0;
  breaks_ = 0;
  quote_ = first_long_quote_ = nullptr;
  char* const limit = static_cast<size_t>(end_ - at_) > kRowBytesMax ? at_ + kRowBytesMax : end_;
  const auto add = [this](char* begin, char* end, bool doubled) {
    if (count_ == scanned_.size()) scanned_.resize(2 * count_ + 16);
    scanned_[count_++] = {begin, end, doubled};
  };
  char* p = at_;
  while (true) {
    if (*p != '"' || p == end_) {
      char* const begin = p;
      while (!stops_[static_cast<uint8_t>(*p)]) ++p;
      if (p > limit) return Scan::kTooLong;
      if (p == end_ && !last_) return limit < end_ ? Scan::kTooLong : Scan::kMore;
      char* end = p;
      const bool row_ends = p == end_ || *p != delimiter_;
      if (row_ends) {
        while (end > begin && end[-1] == '\r') --end;
      }
      add(begin, end, false);
      if (row_ends) {
        next_ = p == end_ ? end_ : p + 1;
        return Scan::kRow;
      }
      ++p;
      continue;
    }
    quote_ = p;
    char* close = p + 1;
    bool doubled = false;
    while (true) {
      char* const found =
          close >= limit
              ? nullptr
              : static_cast<char*>(std::memchr(close, '"', static_cast<size_t>(limit - close)));
      if (found == nullptr) return last_ || limit < end_ ? Scan::kUnclosedQuote : Scan::kMore;
      close = found;
      if (close + 1 == end_ && !last_) return Scan::kMore;
      if (close + 1 == end_ || close[1] != '"') break;
      doubled = true;
      close += 2;
    }
    if (const uint64_t breaks = CountLines(p + 1, close); breaks > 0) {
      breaks_ += breaks;
      if (first_long_quote_ == nullptr) first_long_quote_ = p;
    }
    add(p + 1, close, doubled);
    p = close + 1;
    while (p < end_ && *p != delimiter_ && *p != line_end_ &&
           (*p == ' ' || *p == '\t' || *p == '\r')) {
      ++p;
    }
    if (p == end_ && !last_) return Scan::kMore;
    if (p == end_ || *p == line_end_) {
      next_ = p == end_ ? end_ : p + 1;
      return Scan::kRow;
    }
    if (*p != delimiter_) return Scan::kStrayQuote;
    ++p;
    quote_ = nullptr;
  }
}

// The row is given up to the end of the line where its quote opened.
RowScanner::Outcome RowScanner::Break(Outcome outcome) {
  char* const quote = outcome == Outcome::kUnclosedQuote && first_long_quote_ != nullptr
                          ? first_long_quote_
                          : quote_;
  auto* const line_end =
      static_cast<char*>(std::memchr(quote, line_end_, static_cast<size_t>(end_ - quote)));
  if (line_end == nullptr && !last_) return Outcome::kMore;
  row_begin_ = at_;
  row_line_ = lines_ + CountLines(at_, quote);
  lines_ = row_line_ + 1;
  at_ = line_end == nullptr ? end_ : line_end + 1;
  return outcome;
}

RowScanner::Outcome RowScanner::Next() {
  while (true) {
    if (line_end_ == '\r' && at_ < end_ && *at_ == '\n') ++at_;
    if (at_ == end_) return last_ ? Outcome::kEnd : Outcome::kMore;
    switch (ScanRow()) {
      case Scan::kMore:
        return Outcome::kMore;
      case Scan::kTooLong:
        return Outcome::kTooLong;
      case Scan::kStrayQuote:
        // Over several lines it is likelier that an earlier quote was not closed.
        return Break(breaks_ > 0 ? Outcome::kUnclosedQuote : Outcome::kStrayQuote);
      case Scan::kUnclosedQuote:
        return Break(Outcome::kUnclosedQuote);
      case Scan::kRow:
        break;
    }
    if (count_ == 1) {
      const Cell& only = scanned_.front();
      const std::string_view text(only.begin, static_cast<size_t>(only.end - only.begin));
      if (contact::TrimSpace(text).empty()) {
        lines_ += 1 + breaks_;
        at_ = next_;
        continue;
      }
    }
    const bool ragged = expected_ != 0 && count_ != expected_;
    if (ragged && first_long_quote_ != nullptr) return Break(Outcome::kUnclosedQuote);
    row_begin_ = at_;
    row_line_ = lines_;
    lines_ += 1 + breaks_;
    at_ = next_;
    if (ragged) return Outcome::kRagged;
    cells_.resize(count_);
    for (size_t i = 0; i < count_; ++i) {
      const Cell& cell = scanned_[i];
      if (!cell.doubled) {
        cells_[i] = {cell.begin, static_cast<size_t>(cell.end - cell.begin)};
        continue;
      }
      char* to = cell.begin;
      for (const char* from = cell.begin; from < cell.end; ++from) {
        *to++ = *from;
        if (*from == '"') ++from;
      }
      cells_[i] = {cell.begin, static_cast<size_t>(to - cell.begin)};
    }
    return Outcome::kRow;
  }
}

}  // namespace muster::linkage
