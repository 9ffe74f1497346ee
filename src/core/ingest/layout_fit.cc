// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/layout_fit.h"

#include <algorithm>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/secret_bytes.h"
#include "core/ingest/field_value.h"
#include "core/ingest/fixed_width.h"

namespace muster::ingest {
namespace {

using contact::Field;

constexpr size_t kSampleRows = 48;
// Of the copies of these rows: a line may be a million delimiters.
constexpr size_t kSampleBytesMax = size_t{8} << 20;
// More columns than any file has; a line of delimiters alone is no header.
constexpr size_t kHeaderCellsMax = 10'000;
// Nobody's row holds the names of so many columns.
constexpr size_t kNamesOfHeader = 4;
// A column that mostly fails in fewer rows than this is bad luck, unless another fails as well.
constexpr size_t kManyRows = 8;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool EqualWords(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

absl::Status Mismatch(const CsvReader& csv, uint64_t line, size_t column, std::string_view what) {
  std::string where = csv.source().path().string() + ": line " + std::to_string(line);
  ErrorDetails details = {{"line", std::to_string(line)}};
  if (column > 0) {
    where += ", column " + std::to_string(column);
    details.emplace("column", std::to_string(column));
  }
  return MakeError(v1::LAYOUT_MISMATCH, where + " " + std::string(what), details);
}

// What a cell of a column must look like; columns without a check hold any text.
enum class Check : uint8_t { kNone, kNumber, kDate, kZip, kState, kWord };

struct ColumnCheck {
  Check check = Check::kNone;
  const ValueMap* words = nullptr;
  size_t seen = 0;
  size_t failed = 0;
  uint64_t first_failed_line = 0;
};

std::vector<ColumnCheck> ChecksOf(const FileLayout& layout) {
  std::vector<ColumnCheck> checks(layout.columns.size());
  for (const FieldRule& rule : layout.fields) {
    if (rule.columns.size() > 1 && rule.field != Field::kZip) continue;
    ColumnCheck& check = checks[rule.columns.front()];
    switch (rule.field) {
      case Field::kVoterFileId:
        check.check = Check::kNumber;
        break;
      case Field::kBirthDate:
      case Field::kRegistrationDate:
        check.check = Check::kDate;
        break;
      case Field::kZip:
        check.check = Check::kZip;
        break;
      case Field::kState:
        check.check = Check::kState;
        break;
      case Field::kVoterStatus:
      case Field::kSex:
        if (rule.values.words.empty() || rule.values.other) break;
        check.check = Check::kWord;
        check.words = &rule.values;
        break;
      default:
        break;
    }
  }
  for (const VoteRule& rule : layout.votes) {
    if (rule.date) checks[*rule.date].check = Check::kDate;
  }
  return checks;
}

bool Passes(const ColumnCheck& check, std::string_view cell, const FileLayout& layout,
            std::string& scratch) {
  switch (check.check) {
    case Check::kNone:
      return true;
    case Check::kNumber:
      return std::any_of(cell.begin(), cell.end(), IsDigit) &&
             cell.find_first_of("/,;| ") == std::string_view::npos;
    case Check::kDate:
      return std::any_of(layout.dates.begin(), layout.dates.end(), [&](const DateFormat& format) {
        return format.Read(cell, kTwoDigitYearPivot, scratch);
      });
    case Check::kZip:
      return std::all_of(cell.begin(), cell.end(),
                         [](char c) { return IsDigit(c) || c == '-' || c == ' '; });
    case Check::kState:
      return cell.size() == 2 && std::all_of(cell.begin(), cell.end(), IsLetter);
    case Check::kWord:
      return std::any_of(check.words->words.begin(), check.words->words.end(),
                         [&](const auto& word) { return EqualWords(word.first, cell); });
  }
  return true;
}

std::string_view Expected(Check check) {
  switch (check) {
    case Check::kNumber:
      return "is not a voter's number";
    case Check::kDate:
      return "is not a date as the layout writes them";
    case Check::kZip:
      return "is not a ZIP";
    case Check::kState:
      return "is not a state's two letters";
    default:
      return "holds codes that the layout does not know";
  }
}

RowCopy CopyOf(const CsvReader& csv, CsvReader::Outcome outcome) {
  RowCopy row;
  row.outcome = outcome;
  for (std::string_view cell : csv.cells()) row.cells.emplace_back(cell);
  row.line = csv.line();
  row.is_ascii = csv.is_ascii();
  row.is_utf8 = csv.is_utf8();
  if (outcome == CsvReader::Outcome::kBroken) {
    row.broken_reason = csv.broken_reason();
    row.broken_line = csv.broken_line();
  }
  return row;
}

// The columns without which no row can be used, or without which more would be used than may be.
std::vector<uint16_t> RequiredColumns(const FileLayout& layout) {
  std::vector<uint16_t> required;
  for (Field field :
       {Field::kVoterFileId, Field::kLastName, Field::kFirstName, Field::kVoterStatus}) {
    if (const FieldRule* rule = layout.RuleFor(field)) required.push_back(rule->columns.front());
  }
  for (const WithheldRule& rule : layout.withheld) required.push_back(rule.column);
  for (const VoteRule& rule : layout.votes) {
    if (rule.form == VoteRule::Form::kCell && rule.date && !layout.vote_rows &&
        layout.fields.size() == 1) {
      required.push_back(*rule.date);
    }
  }
  return required;
}

class Fitter {
 public:
  Fitter(CsvReader& csv, const FileLayout& layout) : csv_(csv), layout_(layout) {}

  absl::StatusOr<LayoutFit> Run() {
    csv_.set_quotes(layout_.quotes && !layout_.fixed_width);
    absl::StatusOr<std::vector<std::string>> peeked = csv_.PeekHeader(layout_.delimiter);
    std::vector<std::string> first;
    if (peeked.ok()) {
      first = *std::move(peeked);
    } else {
      const Reason reason = ReasonOf(peeked.status());
      const bool quote = reason == v1::CSV_STRAY_QUOTE || reason == v1::CSV_UNCLOSED_QUOTE;
      if (!quote || layout_.header == FileLayout::HeaderRow::kYes) return peeked.status();
      // A broken first row is a row like any other.
      first.resize(layout_.columns.size());
    }
    if (first.size() == 1 && !layout_.fixed_width) FindDelimiter(first);
    if (first.empty()) {
      return MakeError(v1::CSV_NO_ROWS,
                       csv_.source().path().string() + " has no rows; leave it out");
    }
    if (!layout_.fixed_width) {
      FindHeader(first);
      csv_.set_expected_cells(first.size());
    }
    // Without a header it is somebody's row.
    for (std::string& cell : first) crypto::Wipe(cell.data(), cell.size());
    if (!fit_.status.ok()) return std::move(fit_);
    if (!layout_.fixed_width) {
      if (fit_.has_header) MUSTER_RETURN_IF_ERROR(csv_.Next().status());
    } else {
      PlaceInOrder(layout_.columns.size());
    }
    size_t bytes = 0;
    while (fit_.rows.size() < kSampleRows && bytes < kSampleBytesMax) {
      MUSTER_ASSIGN_OR_RETURN(const CsvReader::Outcome outcome, csv_.Next());
      if (outcome == CsvReader::Outcome::kEnd) break;
      fit_.rows.push_back(CopyOf(csv_, outcome));
      for (const std::string& cell : fit_.rows.back().cells) bytes += sizeof(cell) + cell.size();
    }
    if (layout_.fixed_width) CheckLengths();
    if (fit_.status.ok()) CheckRows();
    return std::move(fit_);
  }

 private:
  // People save files anew: when the layout's delimiter parts nothing, the one that parts the most
  // does.
  void FindDelimiter(std::vector<std::string>& first) {
    char delimiter = layout_.delimiter;
    for (const char other : {'\t', ',', '|', ';'}) {
      absl::StatusOr<std::vector<std::string>> cells = csv_.PeekHeader(other);
      if (!cells.ok() || cells->size() <= first.size()) continue;
      first = *std::move(cells);
      delimiter = other;
    }
    csv_.set_delimiter(delimiter);
  }

  void PlaceInOrder(size_t cells) {
    fit_.places.resize(layout_.columns.size());
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      fit_.places[i] = i < cells ? static_cast<int32_t>(i) : -1;
      if (i < cells) fit_.header.push_back(layout_.columns[i].names.front());
    }
    while (fit_.header.size() < cells) {
      fit_.header.push_back("column " + std::to_string(fit_.header.size() + 1));
    }
  }

  void FindHeader(const std::vector<std::string>& first) {
    if (first.size() > kHeaderCellsMax) {
      fit_.status = Mismatch(csv_, 1, 0,
                             "has " + std::to_string(first.size()) +
                                 " columns, more than any voter file; check the delimiter");
      return;
    }
    std::unordered_map<std::string, int32_t> by_name;
    for (size_t i = 0; i < first.size(); ++i) {
      by_name.emplace(WordKey(first[i]), static_cast<int32_t>(i));
    }
    std::vector<int32_t> places(layout_.columns.size(), -1);
    size_t found = 0;
    for (size_t i = 0; i < places.size(); ++i) {
      for (const std::string& name : layout_.columns[i].names) {
        const auto place = by_name.find(WordKey(name));
        if (place == by_name.end()) continue;
        places[i] = place->second;
        ++found;
        break;
      }
    }
    const bool named = 2 * found >= places.size();
    if (layout_.header == FileLayout::HeaderRow::kYes && !named) {
      fit_.status = Mismatch(csv_, 1, 0,
                             "is not this layout's header: it names " + std::to_string(found) +
                                 " of its " + std::to_string(places.size()) + " columns");
      return;
    }
    if (!named && found >= kNamesOfHeader) {
      // Another year's header, and its columns may be in another order.
      fit_.status = Mismatch(csv_, 1, 0,
                             "is a header that names only " + std::to_string(found) + " of the " +
                                 std::to_string(places.size()) + " columns of this layout");
      return;
    }
    if (layout_.header == FileLayout::HeaderRow::kNo || !named) {
      if (first.size() < layout_.columns_min || first.size() > layout_.columns_max) {
        const std::string most = layout_.columns_max == layout_.columns_min
                                     ? ""
                                     : " to " + std::to_string(layout_.columns_max);
        fit_.status = Mismatch(csv_, 1, 0,
                               "has " + std::to_string(first.size()) + " columns, the layout has " +
                                   std::to_string(layout_.columns_min) + most);
        return;
      }
      PlaceInOrder(first.size());
      header_share_ = 1;
      return;
    }
    fit_.has_header = true;
    fit_.places = std::move(places);
    for (const std::string& name : first) {
      fit_.header.emplace_back(contact::TrimSpace(name));
    }
    for (const uint16_t column : RequiredColumns(layout_)) {
      const std::string& name = layout_.columns[column].names.front();
      if (fit_.places[column] < 0) {
        if (layout_.columns[column].optional) continue;
        fit_.status = Mismatch(csv_, 1, 0, "lacks the column " + name);
        return;
      }
      const std::string key = WordKey(first[static_cast<size_t>(fit_.places[column])]);
      if (std::count_if(first.begin(), first.end(),
                        [&](const std::string& other) { return WordKey(other) == key; }) > 1) {
        fit_.status =
            Mismatch(csv_, 1, 0, "names the column " + name + " twice; leave one of the two out");
        return;
      }
    }
    for (size_t i = 0; i < fit_.places.size(); ++i) {
      if (fit_.places[i] < 0) fit_.missing.push_back(layout_.columns[i].names.front());
    }
    header_share_ = static_cast<double>(found) / static_cast<double>(fit_.places.size());
  }

  // Lines are as wide as the layout, or shorter where a program cut off the blanks at their ends.
  // Lines that are all of one other length and have blanks at their ends are another layout's.
  void CheckLengths() {
    uint32_t needed = 0;  // what every voter has ends behind it
    for (Field field : {Field::kVoterFileId, Field::kVoterStatus}) {
      if (const FieldRule* rule = layout_.RuleFor(field)) {
        needed = std::max(needed, layout_.columns[rule->columns.front()].offset);
      }
    }
    size_t short_lines = 0;
    size_t other_length = 0;  // of the first line, when it is not the layout's
    bool one_length = true;
    bool has_blanks = false;
    for (const RowCopy& row : fit_.rows) {
      if (row.cells.size() != 1) continue;
      const std::string& line = row.cells.front();
      const size_t characters = LineCharacters(line, row.is_ascii, row.is_utf8);
      if (characters > layout_.width) {
        fit_.status = Mismatch(
            csv_, row.line, 0,
            "is longer than the layout's " + std::to_string(layout_.width) + " characters");
        return;
      }
      if (characters <= needed) ++short_lines;
      if (other_length == 0) other_length = line.size();
      one_length = one_length && row.is_ascii && line.size() == other_length;
      has_blanks = has_blanks || line.back() == ' ';
    }
    if (fit_.rows.size() > 1 && one_length && has_blanks && other_length != layout_.width) {
      fit_.status = Mismatch(csv_, fit_.rows.front().line, 0,
                             "has " + std::to_string(other_length) +
                                 " characters, as have the lines after it; the layout has " +
                                 std::to_string(layout_.width));
    } else if (2 * short_lines > fit_.rows.size()) {
      fit_.status = Mismatch(csv_, fit_.rows.front().line, 0,
                             "is too short, as are most lines after it; the layout has " +
                                 std::to_string(layout_.width) + " characters");
    }
  }

  void CheckRows() {
    std::vector<ColumnCheck> checks = ChecksOf(layout_);
    std::vector<std::string_view> cut;
    std::string scratch;
    size_t seen = 0;
    size_t failed = 0;
    for (const RowCopy& row : fit_.rows) {
      if (row.outcome != CsvReader::Outcome::kRow) continue;
      if (layout_.fixed_width) {
        if (row.cells.size() != 1 ||
            !CutFixedWidth(row.cells.front(), row.is_ascii, row.is_utf8, layout_, cut)) {
          continue;
        }
      }
      for (size_t i = 0; i < checks.size(); ++i) {
        ColumnCheck& check = checks[i];
        if (check.check == Check::kNone || fit_.places[i] < 0) continue;
        const size_t place = static_cast<size_t>(fit_.places[i]);
        const std::string_view cell =
            CleanCell(layout_.fixed_width ? cut[i] : std::string_view(row.cells[place]));
        if (cell.empty()) continue;
        ++check.seen;
        ++seen;
        if (Passes(check, cell, layout_, scratch)) continue;
        ++failed;
        if (check.failed++ == 0) check.first_failed_line = row.line;
      }
    }
    crypto::Wipe(scratch.data(), scratch.size());
    const ColumnCheck* worst = nullptr;
    size_t bad = 0;
    for (const ColumnCheck& check : checks) {
      if (2 * check.failed <= check.seen) continue;
      ++bad;
      if (worst == nullptr || check.failed > worst->failed) worst = &check;
    }
    // Codes alone may be new ones.
    const bool one_is_enough = bad == 1 && worst->failed >= kManyRows && worst->words == nullptr;
    if (bad >= 2 || one_is_enough) {
      const size_t column = static_cast<size_t>(worst - checks.data());
      const size_t place = layout_.fixed_width ? layout_.columns[column].offset
                                               : static_cast<size_t>(fit_.places[column]);
      fit_.status = Mismatch(csv_, worst->first_failed_line, place + 1,
                             "(" + layout_.columns[column].names.front() + ") " +
                                 std::string(Expected(worst->check)) +
                                 (bad > 1 ? ", nor are other columns what they should be" : ""));
      return;
    }
    fit_.score =
        header_share_ * static_cast<double>(seen - failed + 1) / static_cast<double>(seen + 1);
  }

  CsvReader& csv_;
  const FileLayout& layout_;
  LayoutFit fit_;
  double header_share_ = 1;
};

}  // namespace

// The rows of before go with `other`, whose end wipes them.
LayoutFit& LayoutFit::operator=(LayoutFit&& other) noexcept {
  status = std::move(other.status);
  score = other.score;
  has_header = other.has_header;
  places = std::move(other.places);
  header = std::move(other.header);
  missing = std::move(other.missing);
  rows.swap(other.rows);
  return *this;
}

LayoutFit::~LayoutFit() {
  for (RowCopy& row : rows) {
    for (std::string& cell : row.cells) crypto::Wipe(cell.data(), cell.size());
  }
}

absl::StatusOr<LayoutFit> FitLayout(CsvReader& csv, const FileLayout& layout) {
  return Fitter(csv, layout).Run();
}

std::vector<RecognizedLayout> RecognizeVoterFile(const std::filesystem::path& path) {
  std::vector<RecognizedLayout> found;
  const auto consider = [&](const VoterLayout& layout, const FileLayout& file, bool is_history) {
    absl::StatusOr<std::unique_ptr<TextSource>> source = TextSource::Open(path, file.encoding);
    if (!source.ok()) return;
    CsvReader csv(*std::move(source));
    const absl::StatusOr<LayoutFit> fit = FitLayout(csv, file);
    if (fit.ok() && fit->status.ok()) found.push_back({&layout, is_history, fit->score});
  };
  for (const VoterLayout& layout : BuiltInLayouts()) {
    consider(layout, layout.voters, false);
    if (layout.history) consider(layout, *layout.history, true);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  return found;
}

}  // namespace muster::ingest
