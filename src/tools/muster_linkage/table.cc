// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_linkage/table.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "tools/muster_linkage/columns.h"
#include "tools/muster_linkage/row_scanner.h"
#include "tools/muster_linkage/table_file.h"
#include "tools/muster_linkage/windows1252.h"

namespace muster::linkage {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kRowsMax = 0xffff'ffff;
constexpr size_t kIdBytesMax = 4096;

double Seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// Spreads all bits of an id; not secret, and the same everywhere.
uint64_t HashId(std::string_view id) {
  uint64_t hash = 0x9e3779b97f4a7c15u ^ id.size();
  const auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * 0xbf58476d1ce4e5b9u;
    hash ^= hash >> 29;
  };
  while (id.size() >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, id.data(), 8);
    mix(word);
    id.remove_prefix(8);
  }
  uint64_t word = 0;
  std::memcpy(&word, id.data(), id.size());
  mix(word);
  hash *= 0x94d049bb133111ebu;
  return hash ^ (hash >> 32);
}

// What the whole file is like.
struct Layout {
  Columns columns;
  char delimiter = ',';
  char line_end = '\n';
  uint64_t rows_begin = 0;    // behind the header
  uint64_t header_lines = 0;  // before rows_begin
};

// What came of a piece.
struct Piece {
  uint64_t begin = 0;
  uint64_t end = 0;  // where the next row begins
  std::vector<token::Sketch> sketches;
  std::string ids;
  std::vector<uint32_t> id_ends;
  std::vector<uint64_t> id_hashes;
  std::array<Rejected, kRejectionCount> rejected{};  // lines from 0 at `begin`
  uint64_t lines = 0;
  uint64_t last_row_line = 0;  // of those that were taken, from 0 at `begin`
  uint64_t rows_windows1252 = 0;
  double read_seconds = 0;
  double sketch_seconds = 0;
  absl::Status status;
  uint64_t status_line = 0;  // from 0 at `begin`

  void Clear() {
    sketches.clear();
    ids.clear();
    id_ends.clear();
    id_hashes.clear();
    rejected = {};
    lines = last_row_line = rows_windows1252 = status_line = 0;
    read_seconds = sketch_seconds = 0;
    status = absl::OkStatus();
  }
};

// Text of a file around a place, as much as is asked for.
class Window {
 public:
  explicit Window(const TableFile& file) : file_(file) {}

  absl::Status Load(uint64_t begin, size_t bytes) {
    begin_ = begin;
    size_ = 0;
    return Extend(bytes);
  }
  // Moves the beginning to `begin` and makes sure of `bytes` behind it, or of the file's end.
  absl::Status MoveAndExtend(uint64_t begin, size_t bytes) {
    const size_t passed = static_cast<size_t>(begin - begin_);
    std::memmove(buffer_.data(), buffer_.data() + passed, size_ - passed);
    begin_ = begin;
    size_ -= passed;
    return Extend(bytes);
  }
  char* data() { return buffer_.data(); }
  size_t size() const { return size_; }
  uint64_t begin() const { return begin_; }
  bool at_end() const { return begin_ + size_ == file_.size(); }

 private:
  absl::Status Extend(size_t bytes) {
    bytes = static_cast<size_t>(std::min<uint64_t>(bytes, file_.size() - begin_));
    if (bytes <= size_) return absl::OkStatus();
    if (buffer_.size() < bytes + 1) buffer_.resize(bytes + 1);
    MUSTER_RETURN_IF_ERROR(file_.Read(begin_ + size_, {buffer_.data() + size_, bytes - size_}));
    size_ = bytes;
    return absl::OkStatus();
  }

  const TableFile& file_;
  std::vector<char> buffer_;
  size_t size_ = 0;
  uint64_t begin_ = 0;
};

absl::Status HeaderError(Reason reason, std::string_view what) {
  return MakeError(reason, "line 1: " + std::string(what) + "; correct the header line",
                   {{"line", "1"}});
}

char SniffLineEnd(std::string_view text) {
  const size_t feed = text.find('\n');
  const size_t carriage = text.find('\r');
  const bool returns =
      carriage != std::string_view::npos && feed == std::string_view::npos && text.size() > 1;
  return returns ? '\r' : '\n';
}

absl::StatusOr<Layout> ReadLayout(const TableFile& file) {
  Layout layout;
  Window window(file);
  // Two pieces: a row that fills one to its end still has its end in sight.
  const size_t bytes = 2 * kRowBytesMax;
  MUSTER_RETURN_IF_ERROR(window.Load(0, bytes));
  const std::string_view text(window.data(), window.size());
  layout.line_end = SniffLineEnd(text);
  uint64_t begin = 0;
  std::string delimiters = ",\t;|";
  if (text.size() > 5 && text.substr(0, 4) == "sep=" &&
      (text[5] == '\n' || text[5] == '\r')) {  // Excel's own line
    delimiters = text.substr(4, 1);
    const size_t end = text.find(layout.line_end);
    begin = end == std::string_view::npos ? text.size() : end + 1;
    layout.header_lines = 1;
  }
  size_t best = 0;
  bool found = false;  // a header, or something that would be one but for its quotes
  absl::Status broken = MakeError(
      v1::CSV_NO_HEADER,
      "the file has no header line; the first line must name the columns: " + ColumnNames());
  for (const char delimiter : delimiters) {
    std::vector<char> copy(window.data() + begin, window.data() + window.size() + 1);
    RowScanner scanner(delimiter, layout.line_end, 0);
    scanner.SetText(copy.data(), copy.data() + copy.size() - 1, window.at_end());
    switch (scanner.Next()) {
      case RowScanner::Outcome::kRow:
        break;
      case RowScanner::Outcome::kStrayQuote:
        if (!found) broken = HeaderError(v1::CSV_STRAY_QUOTE, "text stands behind a closing quote");
        found = true;
        continue;
      case RowScanner::Outcome::kUnclosedQuote:
        if (!found)
          broken = HeaderError(v1::CSV_UNCLOSED_QUOTE, "a quote opens and is never closed");
        found = true;
        continue;
      case RowScanner::Outcome::kEnd:
        continue;
      default:
        if (found) continue;
        broken = MakeError(v1::CSV_LINE_TOO_LONG,
                           "line 1 is longer than " + std::to_string(kRowBytesMax) +
                               " bytes; check that this is a text file with one person a line");
        continue;
    }
    const size_t known = KnownColumns(scanner.cells());
    if (found && known <= best) continue;
    absl::StatusOr<Columns> columns = ReadColumns(scanner.cells());
    found = true;
    best = known;
    if (!columns.ok()) {
      broken = columns.status();
      continue;
    }
    broken = absl::OkStatus();
    layout.columns = *std::move(columns);
    layout.delimiter = delimiter;
    layout.rows_begin = begin + static_cast<uint64_t>(scanner.position() - copy.data());
    layout.header_lines = (begin > 0 ? 1 : 0) + scanner.lines();
  }
  MUSTER_RETURN_IF_ERROR(broken);
  return layout;
}

// Reads pieces, one after the other.
class PieceReader {
 public:
  PieceReader(const TableFile& file, const Layout& layout, const token::SketchKey* key)
      : file_(file),
        layout_(layout),
        scanner_(layout.delimiter, layout.line_end, layout.columns.count),
        window_(file) {
    if (key != nullptr) sketcher_.emplace_back(std::make_unique<token::Sketcher>(key));
  }

  // The rows that begin in [cut, limit). `begin` is where the first of them begins, or kUnknown.
  static constexpr uint64_t kUnknown = ~uint64_t{0};
  void Read(uint64_t cut, uint64_t limit, uint64_t begin, Piece& piece) {
    piece.Clear();
    batch_size_ = 0;
    converted_.clear();
    const absl::Status status = Rows(cut, limit, begin, piece);
    if (!status.ok() && piece.status.ok()) piece.status = status;
  }

 private:
  static constexpr size_t kBatch = 256;
  static constexpr size_t kAhead = size_t{64} << 10;

  absl::Status Rows(uint64_t cut, uint64_t limit, uint64_t begin, Piece& piece);
  void TakeRow(Piece& piece);
  void Reject(Rejection rejection, Piece& piece) {
    Rejected& rejected = piece.rejected[static_cast<size_t>(rejection)];
    if (rejected.rows++ == 0) rejected.first_line = lines_before_ + scanner_.row_line();
  }
  void Flush(Piece& piece) {
    const Clock::time_point begin = Clock::now();
    piece.read_seconds += Seconds(batch_begin_, begin);
    if (!sketcher_.empty()) {
      const size_t first = piece.sketches.size();
      piece.sketches.resize(first + batch_size_);
      for (size_t i = 0; i < batch_size_; ++i)
        sketcher_[0]->Make(batch_[i], piece.sketches[first + i]);
    }
    batch_size_ = 0;
    converted_.clear();
    batch_begin_ = Clock::now();
    piece.sketch_seconds += Seconds(begin, batch_begin_);
  }

  const TableFile& file_;
  const Layout& layout_;
  RowScanner scanner_;
  Window window_;
  std::vector<std::unique_ptr<token::Sketcher>> sketcher_;  // none: ids alone are wanted
  std::array<token::PersonText, kBatch> batch_;
  size_t batch_size_ = 0;
  std::deque<std::string> converted_;  // cells of the batch that were no UTF-8
  uint64_t lines_before_ = 0;          // of the piece, before the window's text
  Clock::time_point batch_begin_;
};

void PieceReader::TakeRow(Piece& piece) {
  const std::span<const std::string_view> cells = scanner_.cells();
  const Columns& columns = layout_.columns;
  const bool plain = contact::IsAscii(scanner_.row()) || contact::IsUtf8(scanner_.row());
  if (!plain) ++piece.rows_windows1252;
  const auto cell = [&](size_t i) -> std::string_view {
    if (plain || contact::IsAscii(cells[i])) return cells[i];
    return converted_.emplace_back(FromWindows1252(cells[i]));
  };
  const std::string_view id = contact::TrimSpace(cell(columns.id));
  if (id.empty() || id.size() > kIdBytesMax) return Reject(Rejection::kNoId, piece);
  piece.last_row_line = lines_before_ + scanner_.row_line();
  piece.ids.append(id);
  piece.id_ends.push_back(static_cast<uint32_t>(piece.ids.size()));
  piece.id_hashes.push_back(HashId(id));
  token::PersonText& person = batch_[batch_size_++];
  person = token::PersonText();
  for (const Columns::Field& field : columns.fields) person.*field.field = cell(field.cell);
  if (batch_size_ == kBatch) Flush(piece);
}

absl::Status PieceReader::Rows(uint64_t cut, uint64_t limit, uint64_t begin, Piece& piece) {
  batch_begin_ = Clock::now();
  if (begin != kUnknown && begin >= limit) {  // a row reaches over this whole piece
    piece.begin = piece.end = begin;
    return absl::OkStatus();
  }
  // From the byte before the cut: a row begins at the cut when that is a line break.
  const uint64_t from = begin != kUnknown ? begin : cut - 1;
  MUSTER_RETURN_IF_ERROR(window_.Load(from, static_cast<size_t>(limit - from) + kAhead));
  size_t skip = 0;
  if (begin == kUnknown) {
    const void* const found = std::memchr(window_.data(), layout_.line_end, window_.size());
    if (found == nullptr) {
      piece.begin = piece.end = kUnknown;
      return absl::OkStatus();
    }
    skip = static_cast<size_t>(static_cast<const char*>(found) - window_.data()) + 1;
  }
  piece.begin = from + skip;
  char* text = window_.data() + skip;
  scanner_.SetText(text, window_.data() + window_.size(), window_.at_end());
  lines_before_ = 0;
  uint64_t text_begin = piece.begin;
  const auto position = [&] {
    return text_begin + static_cast<uint64_t>(scanner_.position() - text);
  };
  while (position() < limit) {
    switch (scanner_.Next()) {
      case RowScanner::Outcome::kRow:
        TakeRow(piece);
        break;
      case RowScanner::Outcome::kRagged:
        Reject(Rejection::kCells, piece);
        break;
      case RowScanner::Outcome::kStrayQuote:
        Reject(Rejection::kStrayQuote, piece);
        break;
      case RowScanner::Outcome::kUnclosedQuote:
        Reject(Rejection::kUnclosedQuote, piece);
        break;
      case RowScanner::Outcome::kMore: {
        Flush(piece);  // it looks into the window
        const uint64_t at = position();
        lines_before_ += scanner_.lines();
        const size_t left = static_cast<size_t>(window_.begin() + window_.size() - at);
        MUSTER_RETURN_IF_ERROR(window_.MoveAndExtend(at, 2 * left + kAhead));
        text = window_.data();
        text_begin = at;
        scanner_.SetText(text, text + window_.size(), window_.at_end());
        break;
      }
      case RowScanner::Outcome::kTooLong:
        piece.status_line = lines_before_ + scanner_.lines();
        return MakeError(v1::CSV_LINE_TOO_LONG,
                         "longer than " + std::to_string(kRowBytesMax) +
                             " bytes; check that this is a text file with one person a line");
      case RowScanner::Outcome::kEnd:
        limit = 0;
        break;
    }
  }
  piece.end = position();
  piece.lines = lines_before_ + scanner_.lines();
  Flush(piece);
  return absl::OkStatus();
}

// Hands pieces to `take` in the order of the file, whichever thread reads them.
class PieceQueue {
 public:
  PieceQueue(const TableFile& file, const Layout& layout, const token::SketchKey* key,
             const ReadOptions& options)
      : file_(file), layout_(layout), key_(key), options_(options) {
    // Small files in small pieces, so that no thread is idle.
    constexpr uint64_t kPieceBytesMin = uint64_t{32} << 10;
    constexpr uint64_t kPiecesPerThread = 4;
    const uint64_t bytes = file.size() - layout.rows_begin;
    const uint64_t share = bytes / (kPiecesPerThread * std::max(1u, options.threads));
    piece_bytes_ = std::min<uint64_t>(options.piece_bytes, std::max(share, kPieceBytesMin));
    pieces_ = (bytes + piece_bytes_ - 1) / piece_bytes_;
    expected_ = layout.rows_begin;
    line_ = 1 + layout.header_lines;
  }

  // take(piece, line): `line` is that of piece.begin. One at a time.
  template <typename Take>
  absl::Status Run(Take take) {
    const auto threads =
        static_cast<unsigned>(std::clamp<uint64_t>(pieces_, 1, std::max(1u, options_.threads)));
    const auto work = [&] {
      PieceReader reader(file_, layout_, key_);
      Piece piece;
      std::unique_lock lock(mutex_);
      while (status_.ok() && next_ < pieces_) {
        const uint64_t number = next_++;
        const uint64_t cut = layout_.rows_begin + number * piece_bytes_;
        const uint64_t limit = std::min(cut + piece_bytes_, file_.size());
        lock.unlock();
        reader.Read(cut, limit, number == 0 ? cut : PieceReader::kUnknown, piece);
        lock.lock();
        moved_.wait(lock, [&] { return turn_ == number || !status_.ok(); });
        if (!status_.ok()) break;
        const uint64_t expected = expected_;
        const uint64_t line = line_;
        lock.unlock();  // nobody else has this turn
        if (piece.begin != expected) reader.Read(cut, limit, expected, piece);
        absl::Status status = piece.status;
        if (!status.ok() && ReasonOf(status) == v1::CSV_LINE_TOO_LONG) {
          status = Annotate(status, "line " + std::to_string(line + piece.status_line));
        }
        if (status.ok()) status = take(piece, line);
        lock.lock();
        if (!status.ok()) status_ = status;
        expected_ = piece.end;
        line_ += piece.lines;
        ++turn_;
        moved_.notify_all();
      }
    };
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    return status_;
  }

 private:
  const TableFile& file_;
  const Layout& layout_;
  const token::SketchKey* const key_;
  const ReadOptions& options_;
  uint64_t piece_bytes_ = 0;
  uint64_t pieces_ = 0;

  std::mutex mutex_;
  std::condition_variable moved_;
  uint64_t next_ = 0;
  uint64_t turn_ = 0;
  uint64_t expected_ = 0;
  uint64_t line_ = 0;
  absl::Status status_;
};

// The line of a row that was not rejected: its piece is found first, then the row in it.
absl::StatusOr<uint64_t> LineOf(const TableFile& file, const Layout& layout, size_t row) {
  PieceReader reader(file, layout, nullptr);
  Piece piece;
  uint64_t step = size_t{4} << 20;
  size_t rows = 0;
  uint64_t line = 1 + layout.header_lines;
  for (uint64_t begin = layout.rows_begin; begin < file.size();) {
    reader.Read(begin, std::min(begin + step, file.size()), begin, piece);
    MUSTER_RETURN_IF_ERROR(piece.status);
    if (row < rows + piece.id_ends.size()) {
      if (step == 1) return line + piece.last_row_line;
      step = 1;
      continue;
    }
    rows += piece.id_ends.size();
    line += piece.lines;
    begin = piece.end;
  }
  return line;
}

// The hashes that occur twice. Cut into parts by their first bits, so that each part's table stays
// in the cache.
std::vector<uint64_t> Repeated(std::span<const uint64_t> hashes, unsigned threads) {
  constexpr size_t kParts = 256;
  std::array<size_t, kParts + 1> starts{};
  for (const uint64_t hash : hashes) ++starts[(hash >> 56) + 1];
  for (size_t i = 0; i < kParts; ++i) starts[i + 1] += starts[i];
  std::vector<uint64_t> sorted(hashes.size());
  {
    std::array<size_t, kParts + 1> at = starts;
    for (const uint64_t hash : hashes) sorted[at[hash >> 56]++] = hash;
  }
  std::mutex mutex;
  size_t next = 0;
  std::vector<uint64_t> repeated;
  const auto work = [&] {
    std::vector<uint64_t> slots;
    while (true) {
      size_t part = 0;
      {
        const std::lock_guard lock(mutex);
        if (next == kParts) return;
        part = next++;
      }
      const std::span<const uint64_t> mine(sorted.data() + starts[part],
                                           starts[part + 1] - starts[part]);
      size_t size = 16;
      while (size < 2 * mine.size()) size *= 2;
      slots.assign(size, 0);
      for (const uint64_t hash : mine) {
        const uint64_t key = hash == 0 ? 1 : hash;
        size_t slot = static_cast<size_t>(key) & (size - 1);
        while (slots[slot] != 0 && slots[slot] != key) slot = (slot + 1) & (size - 1);
        if (slots[slot] == key) {
          const std::lock_guard lock(mutex);
          repeated.push_back(hash);
        }
        slots[slot] = key;
      }
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  std::sort(repeated.begin(), repeated.end());
  repeated.erase(std::unique(repeated.begin(), repeated.end()), repeated.end());
  return repeated;
}

}  // namespace

std::string_view RejectionName(Rejection rejection) {
  constexpr std::array<std::string_view, kRejectionCount> kNames = {
      "number_of_cells", "stray_quote", "unclosed_quote", "no_id"};
  return kNames[static_cast<size_t>(rejection)];
}

std::string_view RejectionText(Rejection rejection) {
  constexpr std::array<std::string_view, kRejectionCount> kTexts = {
      "have another number of cells than the header; quote cells that hold the delimiter",
      "have text behind a closing quote; double the quotes inside quoted cells",
      "have a quote that is not closed; close it, or double it inside a quoted cell",
      "have no id, or one of more than 4,096 bytes; give each row a key of its own"};
  return kTexts[static_cast<size_t>(rejection)];
}

uint64_t Table::RejectedRows() const {
  uint64_t rows = 0;
  for (const Rejected& reason : rejected) rows += reason.rows;
  return rows;
}

void IdColumn::Append(std::string_view text, std::span<const uint32_t> ends) {
  const uint64_t shift = text_.size();
  std::vector<uint32_t> moved(ends.size());
  for (size_t i = 0; i < ends.size(); ++i) {
    const size_t row = ends_.size() + i;
    const uint64_t end = shift + ends[i];
    if (row % kRowsPerBase == 0) bases_.push_back(i == 0 ? shift : shift + ends[i - 1]);
    moved[i] = static_cast<uint32_t>(end - bases_.back());
  }
  text_.Append({text.data(), text.size()});
  ends_.Append(moved);
}

absl::StatusOr<Table> ReadTable(const std::filesystem::path& path, const token::SketchKey& key,
                                const ReadOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<TableFile> file, TableFile::Open(path));
  absl::StatusOr<Layout> layout = ReadLayout(*file);
  if (!layout.ok()) return Annotate(layout.status(), path.string());

  Table table;
  table.unknown_columns = layout->columns.unknown;
  table.bytes = file->size();
  std::vector<uint64_t> hashes;
  PieceQueue queue(*file, *layout, &key, options);
  const absl::Status read = queue.Run([&](Piece& piece, uint64_t line) -> absl::Status {
    if (table.ids.size() + piece.id_ends.size() > kRowsMax) {
      return MakeError(v1::TABLE_TOO_LARGE, "more than " + std::to_string(kRowsMax) +
                                                " rows; split the file and run once for each part");
    }
    if (hashes.empty() && file->size() > piece.end) {
      const double share = static_cast<double>(piece.end - layout->rows_begin + 1) /
                           static_cast<double>(file->size());
      hashes.reserve(static_cast<size_t>(static_cast<double>(piece.id_ends.size()) / share * 1.1));
    }
    table.sketches.Append(piece.sketches);
    table.ids.Append(piece.ids, piece.id_ends);
    hashes.insert(hashes.end(), piece.id_hashes.begin(), piece.id_hashes.end());
    for (size_t i = 0; i < kRejectionCount; ++i) {
      const Rejected& from = piece.rejected[i];
      if (from.rows == 0) continue;
      if (table.rejected[i].rows == 0) table.rejected[i].first_line = line + from.first_line;
      table.rejected[i].rows += from.rows;
    }
    table.rows_windows1252 += piece.rows_windows1252;
    table.read_seconds += piece.read_seconds;
    table.sketch_seconds += piece.sketch_seconds;
    if (options.progress) options.progress(piece.end, file->size(), table.ids.size());
    return absl::OkStatus();
  });
  if (!read.ok()) return Annotate(read, path.string());
  MUSTER_RETURN_IF_ERROR(file->CheckUnchanged());

  const std::vector<uint64_t> repeated = Repeated(hashes, options.threads);
  if (repeated.empty()) return table;
  hashes = {};
  // Two ids may share a hash by chance: their texts decide. Only now the lines are looked up.
  std::unordered_map<std::string, size_t> first_rows;
  size_t first = 0;
  size_t second = 0;
  for (size_t row = 0; row < table.size() && second == 0; ++row) {
    if (!std::binary_search(repeated.begin(), repeated.end(), HashId(table.ids[row]))) continue;
    const auto [at, is_new] = first_rows.emplace(table.ids[row], row);
    if (is_new) continue;
    first = at->second;
    second = row;
  }
  if (second == 0) return table;
  MUSTER_ASSIGN_OR_RETURN(const uint64_t first_line, LineOf(*file, *layout, first));
  MUSTER_ASSIGN_OR_RETURN(const uint64_t second_line, LineOf(*file, *layout, second));
  return MakeError(
      v1::ID_TWICE,
      path.string() + ": line " + std::to_string(second_line) + ": its id stands already in line " +
          std::to_string(first_line) + "; give each row an id of its own",
      {{"line", std::to_string(second_line)}, {"first_line", std::to_string(first_line)}});
}

}  // namespace muster::linkage
