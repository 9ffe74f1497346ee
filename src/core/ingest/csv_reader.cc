// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/csv_reader.h"

#include <algorithm>
#include <cstring>

#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/secret_bytes.h"

namespace muster::ingest {
namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;
constexpr size_t kBufferBytesMax = kLineBytesMax + (size_t{64} << 10);
constexpr size_t kNowhere = static_cast<size_t>(-1);
// Lines that each look as if a quote opened in them that closes far below cost a look that far
// each. A file that made more of it than this and some times its own size gets short looks.
constexpr uint64_t kWastedBytesMax = uint64_t{64} << 20;
constexpr uint64_t kWastedTimesMax = 4;
constexpr size_t kShortReach = 1024;

}  // namespace

CsvReader::CsvReader(std::unique_ptr<TextSource> source) : source_(std::move(source)) {
  buffer_.resize(kBufferBytes + 1);
  set_delimiter(delimiter_);
}

CsvReader::~CsvReader() { crypto::Wipe(buffer_.data(), buffer_.size()); }

void CsvReader::set_delimiter(char delimiter) {
  delimiter_ = delimiter;
  stops_.fill(false);
  stops_[static_cast<uint8_t>(delimiter_)] = true;
  stops_[static_cast<uint8_t>(line_end_)] = true;
}

// More text behind what is there, the row being read moved to the front. False when the row fills
// all that it may.
absl::StatusOr<bool> CsvReader::FillMore() {
  const size_t used = end_ - row_;
  if (used >= kLineBytesMax) return false;
  size_t capacity = buffer_.size() - 1;
  if (used > capacity / 2 && capacity < kBufferBytesMax) {
    capacity = std::min(capacity * 2, kBufferBytesMax);
    std::string larger(capacity + 1, '\0');
    std::memcpy(larger.data(), buffer_.data() + row_, used);
    crypto::Wipe(buffer_.data(), buffer_.size());
    buffer_.swap(larger);
  } else if (row_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + row_, used);
  }
  row_ = 0;
  end_ = used;
  MUSTER_ASSIGN_OR_RETURN(const size_t n, source_->Read({buffer_.data() + end_, capacity - end_}));
  end_ += n;
  if (!started_) {
    started_ = true;
    SniffLineEnd();
  }
  buffer_[end_] = line_end_;
  return true;
}

void CsvReader::SniffLineEnd() {
  size_t feeds = 0;
  size_t lone_returns = 0;
  bool quoted = false;
  for (size_t i = 0; i < end_; ++i) {
    if (buffer_[i] == '"' && quotes_) quoted = !quoted;
    if (quoted) continue;
    if (buffer_[i] == '\n') ++feeds;
    if (buffer_[i] == '\r' && i + 1 < end_ && buffer_[i + 1] != '\n') ++lone_returns;
  }
  const bool ends_in_return = end_ > 0 && buffer_[end_ - 1] == '\r';
  // Lone returns inside the unquoted cells of an ordinary file are few beside its line feeds.
  line_end_ = lone_returns + (ends_in_return ? 1 : 0) > feeds ? '\r' : '\n';
  set_delimiter(delimiter_);
}

uint64_t CsvReader::CountLines(size_t begin, size_t end) const {
  const char* const text = buffer_.data();
  uint64_t lines = 0;
  if (line_end_ == '\n') {
    for (size_t i = begin; i < end; ++i, ++lines) {
      const void* found = std::memchr(text + i, '\n', end - i);
      if (found == nullptr) break;
      i = static_cast<size_t>(static_cast<const char*>(found) - text);
    }
    return lines;
  }
  for (size_t i = begin; i < end; ++i) {
    if (text[i] == '\r' || (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))) ++lines;
  }
  return lines;
}

inline void CsvReader::AddCell(size_t begin, size_t end, bool doubled_quotes) {
  if (scanned_count_ == scanned_.size()) scanned_.resize(2 * scanned_count_ + 16);
  scanned_[scanned_count_++] = {static_cast<uint32_t>(begin), static_cast<uint32_t>(end),
                                doubled_quotes};
}

// Cells of the row at row_. Positions only: doubled quotes are undone once the row is known to be
// whole.
CsvReader::Scan CsvReader::ScanRow() {
  scanned_count_ = 0;
  breaks_ = 0;
  quote_ = kNowhere;
  first_long_quote_ = kNowhere;
  const size_t reach =
      wasted_ > kWastedBytesMax + kWastedTimesMax * source_->bytes_read() ? kShortReach : kNowhere;
  const bool last = source_->at_end();
  const char* const text = buffer_.data();
  size_t p = row_;
  while (true) {
    if (text[p] != '"' || p == end_ || !quotes_) {
      const size_t begin = p;
      while (!stops_[static_cast<uint8_t>(text[p])]) ++p;
      if (p == end_ && !last) return Scan::kMore;
      size_t end = p;
      const bool row_ends = p == end_ || text[p] != delimiter_;
      if (row_ends) {
        while (end > begin && text[end - 1] == '\r') --end;
      }
      AddCell(begin, end, false);
      if (row_ends) {
        next_row_ = std::min(p + 1, end_);
        quote_ = kNowhere;
        return Scan::kRow;
      }
      ++p;
      continue;
    }
    quote_ = p;
    size_t close = p + 1;
    bool doubled = false;
    while (true) {
      const void* found = std::memchr(text + close, '"', end_ - close);
      if (found == nullptr) return last ? Scan::kUnclosedQuote : Scan::kMore;
      close = static_cast<size_t>(static_cast<const char*>(found) - text);
      if (close + 1 == end_ && !last) return Scan::kMore;
      if (close + 1 == end_ || text[close + 1] != '"') break;
      doubled = true;
      close += 2;
    }
    if (const uint64_t breaks = CountLines(p + 1, close); breaks > 0) {
      breaks_ += breaks;
      if (first_long_quote_ == kNowhere) first_long_quote_ = p;
      scan_end_ = close;
      if (close - row_ > reach) return Scan::kUnclosedQuote;
    }
    AddCell(p + 1, close, doubled);
    p = close + 1;
    while (p < end_ && text[p] != delimiter_ && text[p] != line_end_ &&
           (text[p] == ' ' || text[p] == '\t' || text[p] == '\r')) {
      ++p;
    }
    if (p == end_ && !last) return Scan::kMore;
    if (p == end_ || text[p] == line_end_) {
      next_row_ = std::min(p + 1, end_);
      return Scan::kRow;
    }
    if (text[p] != delimiter_) return Scan::kStrayQuote;
    ++p;
    quote_ = kNowhere;
  }
}

absl::StatusOr<CsvReader::Scan> CsvReader::ScanWholeRow() {
  while (true) {
    const Scan scan = ScanRow();
    if (scan != Scan::kMore) return scan;
    MUSTER_ASSIGN_OR_RETURN(const bool more, FillMore());
    if (!more) {
      if (quote_ == kNowhere) return TooLong();
      return Scan::kUnclosedQuote;
    }
  }
}

absl::Status CsvReader::TooLong() const {
  return MakeError(
      v1::CSV_LINE_TOO_LONG,
      source_->path().string() + ": line " + std::to_string(line_) + " is longer than " +
          std::to_string(kLineBytesMax) +
          " bytes; check that this is a text file with one contact a line, or export it again",
      {{"line", std::to_string(line_)}});
}

absl::StatusOr<std::vector<std::string>> CsvReader::PeekHeader(char delimiter) {
  set_delimiter(delimiter);
  while (true) {
    if (row_ == end_) {
      if (source_->at_end()) return std::vector<std::string>();
      MUSTER_RETURN_IF_ERROR(FillMore().status());
      continue;
    }
    MUSTER_ASSIGN_OR_RETURN(const Scan scan, ScanWholeRow());
    if (scan != Scan::kRow) {
      const bool stray = scan == Scan::kStrayQuote;
      const std::string line = std::to_string(line_ + CountLines(row_, quote_));
      return MakeError(stray ? v1::CSV_STRAY_QUOTE : v1::CSV_UNCLOSED_QUOTE,
                       source_->path().string() + ": line " + line +
                           (stray ? ": the header has text after a closing quote"
                                  : ": a quote opens in the header and is never closed") +
                           "; correct the header line",
                       {{"line", line}});
    }
    GiveCells();
    std::vector<std::string> header;
    for (size_t i = 0; i < cells_.size(); ++i) {
      std::string name;
      for (size_t k = 0; k < cells_[i].size(); ++k) {
        name.push_back(cells_[i][k]);
        if (scanned_[i].doubled_quotes && cells_[i][k] == '"') ++k;
      }
      header.push_back(std::move(name));
    }
    if (header.size() > 1 || !contact::TrimSpace(header[0]).empty()) return header;
    line_ += 1 + breaks_;
    row_ = next_row_;
  }
}

absl::Status CsvReader::SkipFirstLine() {
  set_delimiter(delimiter_);
  MUSTER_RETURN_IF_ERROR(ScanWholeRow().status());
  line_ += 1;
  row_ = next_row_;
  return absl::OkStatus();
}

void CsvReader::GiveCells() {
  cells_.resize(scanned_count_);
  for (size_t i = 0; i < scanned_count_; ++i) {
    cells_[i] = {buffer_.data() + scanned_[i].begin, scanned_[i].end - scanned_[i].begin};
  }
  const std::string_view row(buffer_.data() + row_, next_row_ - row_);
  is_utf8_ = contact::IsUtf8(row);
  is_ascii_ = is_utf8_ && contact::IsAscii(row);
}

absl::StatusOr<CsvReader::Outcome> CsvReader::GiveBroken(Reason reason) {
  size_t quote = reason == v1::CSV_UNCLOSED_QUOTE && first_long_quote_ != kNowhere
                     ? first_long_quote_
                     : quote_;
  const size_t seen = breaks_ > 0 ? scan_end_ - row_ : 0;
  const char* line_end = nullptr;
  while (true) {
    line_end =
        static_cast<const char*>(std::memchr(buffer_.data() + quote, line_end_, end_ - quote));
    if (line_end != nullptr || source_->at_end()) break;
    quote -= row_;  // filling moves the row to the front
    MUSTER_ASSIGN_OR_RETURN(const bool more, FillMore());
    if (!more) return TooLong();
  }
  const size_t end = line_end == nullptr ? end_ : static_cast<size_t>(line_end - buffer_.data());
  const size_t next = std::min(end + 1, end_);
  if (seen > next - row_) wasted_ += seen - (next - row_);
  std::string_view text(buffer_.data() + row_, end - row_);
  while (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  cells_.assign(1, text);
  is_utf8_ = contact::IsUtf8(text);
  is_ascii_ = is_utf8_ && contact::IsAscii(text);
  row_line_ = line_;
  broken_reason_ = reason;
  broken_line_ = line_ + CountLines(row_, quote);
  line_ = broken_line_ + 1;
  row_ = next;
  return Outcome::kBroken;
}

absl::StatusOr<CsvReader::Outcome> CsvReader::Next() {
  while (true) {
    if (line_end_ == '\r' && row_ < end_ && buffer_[row_] == '\n') ++row_;
    if (row_ == end_) {
      if (source_->at_end()) return Outcome::kEnd;
      MUSTER_RETURN_IF_ERROR(FillMore().status());
      continue;
    }
    MUSTER_ASSIGN_OR_RETURN(const Scan scan, ScanWholeRow());
    if (scan == Scan::kStrayQuote) {
      // Over several lines it is likelier that an earlier quote was not closed; the lines after
      // that one are kept.
      return GiveBroken(breaks_ > 0 ? v1::CSV_UNCLOSED_QUOTE : v1::CSV_STRAY_QUOTE);
    }
    // Looking ahead for its end costs no more than a second pass: the next such quote would have
    // closed this one.
    if (scan == Scan::kUnclosedQuote) return GiveBroken(v1::CSV_UNCLOSED_QUOTE);
    if (scanned_count_ == 1) {
      const Cell& only = scanned_.front();
      if (contact::TrimSpace({buffer_.data() + only.begin, only.end - only.begin}).empty()) {
        line_ += 1 + breaks_;
        row_ = next_row_;
        continue;
      }
    }
    const bool ragged = expected_ != 0 && scanned_count_ != expected_;
    if (ragged && first_long_quote_ != kNowhere) return GiveBroken(v1::CSV_UNCLOSED_QUOTE);
    row_line_ = line_;
    GiveCells();
    // A doubled quote becomes one in place: the text only shrinks.
    for (size_t i = 0; i < scanned_count_; ++i) {
      if (!scanned_[i].doubled_quotes) continue;
      char* const begin = buffer_.data() + scanned_[i].begin;
      char* to = begin;
      for (size_t from = scanned_[i].begin; from < scanned_[i].end; ++from) {
        *to++ = buffer_[from];
        if (buffer_[from] == '"') ++from;
      }
      cells_[i] = {begin, static_cast<size_t>(to - begin)};
    }
    line_ += 1 + breaks_;
    row_ = next_row_;
    if (!ragged) return Outcome::kRow;
    broken_reason_ = v1::CSV_RAGGED_ROW;
    broken_line_ = row_line_;
    return Outcome::kBroken;
  }
}

}  // namespace muster::ingest
