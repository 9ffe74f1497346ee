// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/voter_reader.h"

#include <algorithm>
#include <limits>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/secret_bytes.h"
#include "core/ingest/csv_reader.h"
#include "core/ingest/field_value.h"
#include "core/ingest/fixed_width.h"
#include "core/ingest/layout_fit.h"

namespace muster::ingest {
namespace {

using contact::ContactRecord;
using contact::Field;

constexpr size_t kRecordHeaderBytes = 7;  // docs/formats/record.md
constexpr size_t kFieldHeaderBytes = 3;
constexpr int kEventYearPivot = 40;  // two-digit years of registrations and elections
constexpr std::string_view kDidNotVote = "did_not_vote";
constexpr std::string_view kLastYearWithoutVoters = "1900";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }

bool EqualWords(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

// Statuses of people who are in the file and not on the roll.
bool IsNotRegistered(std::string_view status) {
  for (std::string_view word : {"not_registered", "removed", "canceled", "cancelled", "purged",
                                "denied", "rejected", "deleted", "deceased"}) {
    if (status == word) return true;
  }
  return false;
}

// What the map says of a word: its meaning, or the word itself.
std::string_view MeaningOf(std::string_view word, const ValueMap& map) {
  for (const auto& [known, meaning] : map.words) {
    if (EqualWords(word, known)) return meaning;
  }
  return map.other ? std::string_view(*map.other) : word;
}

// Blanks in a row become one, as some states fill their columns up.
void SqueezeBlanks(std::string& text) {
  size_t to = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ' && to > 0 && text[to - 1] == ' ') continue;
    text[to++] = text[i];
  }
  text.resize(to);
}

// A column per election, found in this file's header.
struct HeaderVote {
  size_t place = 0;
  std::string day;
  ElectionKind kind = ElectionKind::kOther;
  const VoteRule* rule = nullptr;
};

class Reader : public VoterReader {
 public:
  Reader(std::unique_ptr<CsvReader> csv, const FileLayout& file, const VoterLayout& layout,
         bool is_history, bool guess_encoding, LayoutFit fit, const VoterReaderOptions& options)
      : csv_(std::move(csv)),
        file_(file),
        layout_(layout),
        options_(options),
        fit_(std::move(fit)),
        is_history_(is_history),
        guess_encoding_(guess_encoding) {
    id_rule_ = file_.RuleFor(Field::kVoterFileId);
    status_rule_ = file_.RuleFor(Field::kVoterStatus);
    FindHeaderVotes();
  }
  ~Reader() override {
    for (std::string* text : {&recoded_text_, &pending_id_, &id_text_, &scratch_}) {
      crypto::Wipe(text->data(), text->size());
    }
    votes_.Clear();
  }

  absl::Status Begin() {
    return options_.rejects == nullptr ? absl::OkStatus() : options_.rejects->Begin(fit_.header);
  }

  absl::StatusOr<bool> Next(ContactRecord& record) override {
    while (true) {
      if (!have_row_) {
        MUSTER_ASSIGN_OR_RETURN(const bool more, Advance());
        if (!more) return GivePending(record);
        if (IsWithheld()) {
          ++withheld_;
          continue;
        }
        have_row_ = true;
      }
      bool of_history = is_history_;
      if (file_.vote_rows && !of_history) of_history = HasVote();
      ReadId();
      if (pending_row_ != 0 && (!of_history || id_text_ != pending_id_)) {
        return GivePending(record);  // the row waits
      }
      have_row_ = false;
      if (id_text_.empty()) {
        MUSTER_RETURN_IF_ERROR(RejectRow(v1::VOTER_ID_MISSING,
                                         ColumnName(id_rule_->columns.front()),
                                         "no voter's number; leave the row out"));
        continue;
      }
      if (id_text_.size() > contact::kFieldBytesMax) {
        MUSTER_RETURN_IF_ERROR(RejectRow(v1::FIELD_TOO_LONG, ColumnName(id_rule_->columns.front()),
                                         "longer than " + std::to_string(contact::kFieldBytesMax) +
                                             " bytes; no voter's number is"));
        continue;
      }
      if (of_history) {
        MUSTER_RETURN_IF_ERROR(KeepVotes());
        continue;
      }
      MUSTER_ASSIGN_OR_RETURN(const bool kept, ReadVoter(record));
      if (!kept) continue;
      ++accepted_;
      ++records_;
      return true;
    }
  }

  uint32_t rows() const override { return rows_; }
  uint32_t rejected() const override { return rejected_; }
  uint64_t records() const override { return records_; }
  uint64_t kept_without() const override { return kept_without_; }
  uint64_t bytes_read() const override { return csv_->source().bytes_read(); }
  const Bytes32& file_hash() const override {
    MUSTER_CHECK(file_hash_.has_value());
    return *file_hash_;
  }
  bool is_history() const override { return is_history_; }
  uint64_t accepted() const override { return accepted_; }
  uint64_t withheld() const override { return withheld_; }
  uint64_t not_registered() const override { return not_registered_; }
  uint64_t recoded() const override { return recoded_; }
  const std::vector<std::string>& missing_columns() const override { return fit_.missing; }

 private:
  // ---- rows

  // The next row that can be used, in cells_; false at the end.
  absl::StatusOr<bool> Advance() {
    if (file_hash_.has_value()) return false;
    while (true) {
      CsvReader::Outcome outcome = CsvReader::Outcome::kEnd;
      Reason broken_reason = Reason::ERROR_REASON_UNSPECIFIED;
      uint64_t broken_line = 0;
      bool is_ascii = true;
      bool is_utf8 = true;
      if (next_copy_ < fit_.rows.size()) {
        const RowCopy& row = fit_.rows[next_copy_++];
        outcome = row.outcome;
        raw_.assign(row.cells.begin(), row.cells.end());
        line_ = row.line;
        is_ascii = row.is_ascii;
        is_utf8 = row.is_utf8;
        broken_reason = row.broken_reason;
        broken_line = row.broken_line;
      } else {
        MUSTER_ASSIGN_OR_RETURN(outcome, csv_->Next());
        if (outcome == CsvReader::Outcome::kEnd) {
          file_hash_ = csv_->source().FinishHash();
          if (rows_ == 0) {
            return MakeError(v1::CSV_NO_ROWS, Path() + " has no rows; leave it out");
          }
          return false;
        }
        raw_.assign(csv_->cells().begin(), csv_->cells().end());
        line_ = csv_->line();
        is_ascii = csv_->is_ascii();
        is_utf8 = csv_->is_utf8();
        if (outcome == CsvReader::Outcome::kBroken) {
          broken_reason = csv_->broken_reason();
          broken_line = csv_->broken_line();
        }
      }
      if (outcome == CsvReader::Outcome::kRow && IsBlank()) continue;
      if (uint64_t{options_.first_row} + rows_ > std::numeric_limits<uint32_t>::max()) {
        return MakeError(v1::FILE_TOO_LARGE,
                         Path() + ": an upload takes no more than " +
                             std::to_string(std::numeric_limits<uint32_t>::max()) +
                             " rows; load the files in several uploads");
      }
      ++rows_;
      if (outcome == CsvReader::Outcome::kBroken) {
        MUSTER_RETURN_IF_ERROR(RejectBroken(broken_reason, broken_line));
        continue;
      }
      MUSTER_ASSIGN_OR_RETURN(const bool usable, Cut(is_ascii, is_utf8));
      if (usable) return true;
    }
  }

  bool IsBlank() const {
    return std::all_of(raw_.begin(), raw_.end(), [](std::string_view cell) {
      return cell.empty() || contact::TrimSpace(cell).empty();
    });
  }

  // From the row as it stands to cells_, in UTF-8. False when it was rejected.
  absl::StatusOr<bool> Cut(bool is_ascii, bool is_utf8) {
    if (file_.fixed_width) {
      if (raw_.size() != 1) {
        MUSTER_RETURN_IF_ERROR(RejectRow(
            v1::ENCODING_MALFORMED, "", "holds a byte of zeros; ask the office for the file anew"));
        return false;
      }
      const size_t characters = LineCharacters(raw_.front(), is_ascii, is_utf8);
      if (characters > file_.width) {
        MUSTER_RETURN_IF_ERROR(
            RejectRow(v1::CSV_RAGGED_ROW, "",
                      "has " + std::to_string(characters) + " characters, the layout " +
                          std::to_string(file_.width) + "; look for a broken line"));
        return false;
      }
      if (characters <= file_.columns[id_rule_->columns.front()].offset) {
        MUSTER_RETURN_IF_ERROR(RejectRow(v1::CSV_RAGGED_ROW, "",
                                         "ends before the voter's number; look for a broken line"));
        return false;
      }
      if (!CutFixedWidth(raw_.front(), is_ascii, is_utf8, file_, cells_)) {
        MUSTER_RETURN_IF_ERROR(RejectRow(
            v1::ENCODING_MALFORMED, "",
            "has a column that ends inside a character; say in the layout's `encoding` how the "
            "file is written"));
        return false;
      }
    } else {
      cells_ = raw_;
    }
    if (is_utf8) return true;
    if (!guess_encoding_ || !Recode()) {
      // The flag can be read even where a name cannot.
      if (IsWithheld()) {
        ++withheld_;
        return false;
      }
      MUSTER_RETURN_IF_ERROR(
          RejectRow(v1::ENCODING_MALFORMED, "",
                    "not " + std::string(EncodingName(csv_->source().encoding())) +
                        " text; say in the layout's `encoding` how the file is written"));
      return false;
    }
    ++recoded_;
    return true;
  }

  // The cells of a row that is no UTF-8, read as Windows-1252. False when they are not that either.
  bool Recode() {
    recoded_text_.clear();
    recoded_ends_.clear();
    for (std::string_view cell : cells_) {
      if (!AppendWindows1252(cell, recoded_text_)) return false;
      recoded_ends_.push_back(recoded_text_.size());
    }
    size_t begin = 0;
    for (size_t i = 0; i < cells_.size(); ++i) {
      cells_[i] = std::string_view(recoded_text_).substr(begin, recoded_ends_[i] - begin);
      begin = recoded_ends_[i];
    }
    return true;
  }

  // ---- cells

  std::string_view CellOf(uint16_t column) const {
    if (file_.fixed_width) return cells_[column];
    const int32_t place = fit_.places[column];
    return place < 0 ? std::string_view() : cells_[static_cast<size_t>(place)];
  }
  const std::string& ColumnName(uint16_t column) const {
    return file_.columns[column].names.front();
  }

  bool IsWithheld() const {
    for (const WithheldRule& rule : file_.withheld) {
      const std::string_view cell = contact::TrimSpace(CellOf(rule.column));
      if (cell.empty()) continue;
      const bool listed = std::any_of(rule.values.begin(), rule.values.end(),
                                      [&](const std::string& v) { return EqualWords(cell, v); });
      if (listed != rule.unless) return true;
    }
    return false;
  }

  // The rule's columns in one text, blank ones left out.
  void Joined(const FieldRule& rule, std::string& out) {
    out.clear();
    for (const uint16_t column : rule.columns) {
      const std::string_view cell = CleanCell(CellOf(column));
      if (cell.empty()) continue;
      if (!out.empty()) out.append(rule.join);
      out.append(cell);
    }
  }

  // Control characters could make one voter's number look like another's.
  void ReadId() {
    Joined(*id_rule_, id_text_);
    if (std::all_of(id_text_.begin(), id_text_.end(), [](char c) { return c > 0x20 && c < 0x7f; }))
      return;
    scratch_ = id_text_;
    SetText(scratch_, id_text_);
  }

  bool ReadDate(std::string_view cell, int pivot, std::string& out) const {
    for (const DateFormat& format : file_.dates) {
      if (format.Read(cell, pivot, out)) return true;
    }
    return false;
  }

  // ---- voters

  absl::StatusOr<bool> ReadVoter(ContactRecord& record) {
    record.Clear();
    record.row = options_.first_row + rows_ - 1;
    if (status_rule_ != nullptr) {
      Joined(*status_rule_, scratch_);
      std::string& status = record[Field::kVoterStatus];
      SetText(MeaningOf(scratch_, status_rule_->values), status);
      for (char& c : status) c = Lower(c);
      MUSTER_RETURN_IF_ERROR(LimitField(status_rule_->columns.front(), status));
      if (IsNotRegistered(status)) {
        ++not_registered_;
        return false;
      }
    }
    for (const FieldRule& rule : file_.fields) {
      if (rule.field != Field::kVoterStatus) MUSTER_RETURN_IF_ERROR(ReadField(rule, record));
    }
    if (record[Field::kLastName].empty() && record[Field::kFirstName].empty()) {
      const FieldRule* name = file_.RuleFor(Field::kLastName);
      if (name == nullptr) name = file_.RuleFor(Field::kFirstName);
      MUSTER_RETURN_IF_ERROR(RejectRow(v1::VOTER_NAME_MISSING, ColumnName(name->columns.front()),
                                       "neither a last nor a first name; leave the row out"));
      return false;
    }
    if (record[Field::kState].empty() &&
        (!record[Field::kCity].empty() || !record[Field::kZip].empty())) {
      record[Field::kState] = layout_.state;
    }
    ReadDistricts(record[Field::kDistricts]);
    if (!file_.votes.empty()) {
      votes_.Clear();
      ReadVotes();
      votes_.Format(contact::kFieldBytesMax, record[Field::kVoteHistory]);
    }
    return LimitRecord(record);
  }

  absl::Status ReadField(const FieldRule& rule, ContactRecord& record) {
    std::string& text = record[rule.field];
    // One column is the usual case and needs no copy.
    const uint16_t first = rule.columns.front();
    std::string_view cell;
    const bool is_name = rule.field == Field::kLastName || rule.field == Field::kFirstName;
    if (rule.columns.size() == 1) {
      // "NA" and "NULL" are people where all is in capitals.
      cell = is_name ? contact::TrimSpace(CellOf(first)) : CleanCell(CellOf(first));
    } else if (rule.field == Field::kZip) {
      cell = CleanCell(CellOf(first));
    } else {
      Joined(rule, scratch_);
      cell = scratch_;
    }
    if (!rule.values.words.empty() || rule.values.other) cell = MeaningOf(cell, rule.values);
    if (cell.empty()) return absl::OkStatus();
    switch (rule.field) {
      case Field::kZip: {
        const std::string_view plus4 =
            rule.columns.size() > 1 ? CleanCell(CellOf(rule.columns[1])) : std::string_view();
        if (cell.find_first_not_of("0- ") == std::string_view::npos) return absl::OkStatus();
        SetZip(cell, plus4, true, text);
        break;
      }
      case Field::kPhone:
      case Field::kMobile:
        SetPhone(cell, text);
        break;
      case Field::kEmail:
        if (!contact::ParseEmailInto(cell, text).ok()) text.clear();
        break;
      case Field::kBirthDate:
        if (!ReadDate(cell, kTwoDigitYearPivot, text)) {
          return ReportKept(v1::BIRTH_DATE_MALFORMED, ColumnName(first),
                            "not a date of birth as the layout writes them");
        }
        if (IsPlaceholder(text)) text.clear();
        break;
      case Field::kRegistrationDate:
        if (!ReadDate(cell, kEventYearPivot, text)) {
          return ReportKept(v1::TIME_MALFORMED, ColumnName(first),
                            "not a date as the layout writes them");
        }
        if (IsPlaceholder(text)) text.clear();
        break;
      case Field::kVoterFileId:
        text = id_text_;
        break;
      case Field::kParty:
      case Field::kSex:
        SetText(cell, text);
        if (rule.values.words.empty()) {
          for (char& c : text) c = Upper(c);
        }
        break;
      default:
        SetText(cell, text);
        if (text.find("  ") != std::string::npos) SqueezeBlanks(text);
    }
    return LimitField(first, text);
  }

  absl::Status LimitField(uint16_t column, std::string& text) {
    if (text.size() <= contact::kFieldBytesMax) return absl::OkStatus();
    crypto::Wipe(text.data(), text.size());
    text.clear();
    return ReportKept(v1::FIELD_TOO_LONG, ColumnName(column),
                      "longer than " + std::to_string(contact::kFieldBytesMax) + " bytes");
  }

  // Nobody on a roll was born, or registered, in 1900 or before: offices write such days when they
  // do not know.
  bool IsPlaceholder(std::string_view date) const {
    return date.substr(0, 4) <= kLastYearWithoutVoters ||
           std::find(file_.placeholder_dates.begin(), file_.placeholder_dates.end(), date) !=
               file_.placeholder_dates.end();
  }

  // Ten digits that can be a number of North America; others are no way to reach anybody.
  static void SetPhone(std::string_view cell, std::string& out) {
    char digits[11];
    size_t count = 0;
    for (char c : cell) {
      if (!IsDigit(c)) continue;
      if (count == sizeof(digits)) return;
      digits[count++] = c;
    }
    const char* const ten = count == 11 && digits[0] == '1' ? digits + 1 : digits;
    if (count - static_cast<size_t>(ten - digits) != 10 || ten[0] < '2' || ten[3] < '2') return;
    out.assign("+1");
    out.append(ten, 10);
  }

  void ReadDistricts(std::string& out) {
    for (const DistrictRule& rule : file_.districts) {
      const std::string_view cell = CleanCell(CellOf(rule.column));
      if (cell.empty()) continue;
      const size_t bytes = rule.kind.size() + 1 + cell.size() + (out.empty() ? 0 : 1);
      // A character may take more bytes in NFC, rarely.
      if (out.size() + bytes > contact::kFieldBytesMax - 32) return;
      if (!out.empty()) out.push_back('\n');
      out.append(rule.kind).push_back('=');
      SetText(cell, scratch_);
      out.append(scratch_);
    }
    if (out.size() > contact::kFieldBytesMax) out.clear();
  }

  absl::StatusOr<bool> LimitRecord(ContactRecord& record) {
    const auto bytes = [&] {
      size_t sum = kRecordHeaderBytes;
      for (const std::string& text : record.fields) {
        if (!text.empty()) sum += kFieldHeaderBytes + text.size();
      }
      return sum;
    };
    for (Field field : {Field::kVoteHistory, Field::kDistricts}) {
      if (bytes() <= contact::kRecordBytesMax) return true;
      if (record[field].empty()) continue;
      record[field].clear();
      MUSTER_RETURN_IF_ERROR(ReportKept(
          v1::RECORD_TOO_LARGE, "",
          std::string(contact::FieldName(field)) + ", for want of room beside the other fields"));
    }
    if (bytes() <= contact::kRecordBytesMax) return true;
    MUSTER_RETURN_IF_ERROR(RejectRow(v1::RECORD_TOO_LARGE, "",
                                     "the fields together take more than " +
                                         std::to_string(contact::kRecordBytesMax) + " bytes"));
    return false;
  }

  // ---- votes

  void FindHeaderVotes() {
    for (const VoteRule& rule : file_.votes) {
      if (rule.form != VoteRule::Form::kHeader || !fit_.has_header) continue;
      for (size_t i = 0; i < fit_.header.size(); ++i) {
        HeaderVote vote;
        vote.place = i;
        vote.rule = &rule;
        std::string words;
        if (!MatchPattern(rule.pattern, fit_.header[i], words, vote.day)) continue;
        vote.kind = KindOf(rule, words, vote.day);
        header_votes_.push_back(std::move(vote));
      }
    }
  }

  // "{kind}-{date}": each ends where the letter after it first occurs.
  bool MatchPattern(std::string_view pattern, std::string_view name, std::string& kind,
                    std::string& day) const {
    kind.clear();
    day.clear();
    while (!pattern.empty()) {
      const bool is_kind = pattern.substr(0, 6) == "{kind}";
      const bool is_date = pattern.substr(0, 6) == "{date}";
      if (!is_kind && !is_date) {
        if (name.empty() || name[0] != pattern[0]) return false;
        name.remove_prefix(1);
        pattern.remove_prefix(1);
        continue;
      }
      pattern.remove_prefix(6);
      const size_t end = pattern.empty() ? name.size() : name.find(pattern[0]);
      if (end == std::string_view::npos) return false;
      const std::string_view part = contact::TrimSpace(name.substr(0, end));
      name.remove_prefix(end);
      if (is_kind) {
        kind.assign(part);
      } else if (!ReadDate(part, kEventYearPivot, day) || day.empty()) {
        return false;
      }
    }
    return name.empty();
  }

  static ElectionKind KindOf(const VoteRule& rule, std::string_view words, std::string_view day) {
    if (rule.type) return *rule.type;
    ElectionKind kind = ElectionKind::kOther;
    for (const auto& [word, meaning] : rule.kinds.words) {
      if (EqualWords(words, word) && ParseElectionKindName(meaning, &kind)) return kind;
    }
    if (const std::optional<ElectionKind> found = FindElectionKind(words)) return *found;
    return IsFederalGeneralElection(day) ? ElectionKind::kGeneral : ElectionKind::kOther;
  }

  bool HasVote() const {
    return std::any_of(file_.votes.begin(), file_.votes.end(), [&](const VoteRule& rule) {
      return rule.date && !CleanCell(CellOf(*rule.date)).empty();
    });
  }

  // The votes of the row go to votes_. False when a cell holds what cannot be read.
  bool ReadVotes() {
    bool all = true;
    for (const HeaderVote& vote : header_votes_) {
      const std::string_view cell = contact::TrimSpace(cells_[vote.place]);
      if (cell.empty()) continue;
      votes_.Add(
          vote.day, vote.kind,
          vote.rule->cell_is_method ? MeaningOf(cell, vote.rule->methods) : std::string_view());
    }
    for (const VoteRule& rule : file_.votes) {
      if (rule.form == VoteRule::Form::kList) {
        const std::string_view cell = CleanCell(CellOf(*rule.column));
        if (!cell.empty() && !AddVoteList(cell, votes_)) all = false;
      } else if (rule.form == VoteRule::Form::kCell) {
        if (!ReadVoteCells(rule)) all = false;
      }
    }
    return all;
  }

  bool ReadVoteCells(const VoteRule& rule) {
    if (rule.voted) {
      const std::string_view cell = CleanCell(CellOf(*rule.voted));
      if (cell.empty() || !ParseYesNo(cell).value_or(true)) return true;
    }
    std::string_view day = rule.on;
    if (rule.date) {
      const std::string_view cell = CleanCell(CellOf(*rule.date));
      if (cell.empty() || cell.find_first_not_of("0/-. :") == std::string_view::npos) return true;
      if (!ReadDate(cell, kEventYearPivot, scratch_)) return false;
      // A day that an office writes for want of one.
      if (scratch_.empty() || IsPlaceholder(scratch_)) return true;
      // A month alone is more than a line can say.
      if (scratch_.size() == 7) scratch_.resize(4);
      day = scratch_;
    }
    const std::string_view words = rule.kind ? CleanCell(CellOf(*rule.kind)) : std::string_view();
    const std::string_view method =
        rule.method ? MeaningOf(CleanCell(CellOf(*rule.method)), rule.methods) : std::string_view();
    if (method == kDidNotVote) {
      told_not_ = true;
      return true;
    }
    votes_.Add(day, KindOf(rule, words, day), method);
    return true;
  }

  // A row of history joins the rows of its voter before it.
  absl::Status KeepVotes() {
    if (pending_row_ == 0) votes_.Clear();
    const uint64_t before = votes_.added();
    told_not_ = false;
    const bool read = ReadVotes();
    if (votes_.added() == before && !told_not_) {
      uint16_t column = id_rule_->columns.front();
      for (const VoteRule& rule : file_.votes) {
        if (rule.date) column = *rule.date;
      }
      return RejectRow(v1::TIME_MALFORMED, ColumnName(column),
                       read ? "no election that the voter voted in; leave the row out"
                            : "not a date of an election as the layout writes them");
    }
    ++accepted_;
    if (pending_row_ == 0 && votes_.added() > 0) {
      pending_row_ = options_.first_row + rows_ - 1;
      pending_id_ = id_text_;
    }
    return absl::OkStatus();
  }

  // The record of the history rows that were joined, if there are any.
  bool GivePending(ContactRecord& record) {
    if (pending_row_ == 0) return false;
    record.Clear();
    record.row = pending_row_;
    record[Field::kVoterFileId] = pending_id_;
    votes_.Format(contact::kFieldBytesMax, record[Field::kVoteHistory]);
    pending_row_ = 0;
    ++records_;
    return true;
  }

  // ---- rejects

  std::string Path() const { return csv_->source().path().string(); }

  absl::Status RejectBroken(Reason reason, uint64_t broken_line) {
    const std::string line = std::to_string(broken_line);
    switch (reason) {
      case v1::CSV_RAGGED_ROW:
        return RejectRow(reason, "",
                         "has " + std::to_string(raw_.size()) + " columns, the file has " +
                             std::to_string(fit_.header.size()) +
                             "; look for a delimiter too many or too few");
      case v1::CSV_STRAY_QUOTE:
        return RejectRow(
            reason, "",
            "line " + line + " has text after a closing quote; double the quotes inside quotes");
      default:
        return RejectRow(reason, "",
                         "a quote opens in line " + line +
                             " and is not closed; close it, or double it if it is a letter");
    }
  }

  absl::Status RejectRow(Reason reason, std::string_view column, std::string_view message) {
    ++rejected_;
    if (options_.rejects == nullptr) return absl::OkStatus();
    return options_.rejects->Add(
        {options_.first_row + rows_ - 1, line_, reason, column, message, false, raw_});
  }

  absl::Status ReportKept(Reason reason, std::string_view column, std::string_view message) {
    ++kept_without_;
    if (options_.rejects == nullptr) return absl::OkStatus();
    return options_.rejects->Add(
        {options_.first_row + rows_ - 1, line_, reason, column, message, true, raw_});
  }

  std::unique_ptr<CsvReader> csv_;
  const FileLayout& file_;
  const VoterLayout& layout_;
  VoterReaderOptions options_;
  LayoutFit fit_;
  const bool is_history_;
  const bool guess_encoding_;
  const FieldRule* id_rule_ = nullptr;
  const FieldRule* status_rule_ = nullptr;
  std::vector<HeaderVote> header_votes_;

  // Of the row being read.
  bool have_row_ = false;
  size_t next_copy_ = 0;
  uint64_t line_ = 0;
  std::vector<std::string_view> raw_;    // as the file has them
  std::vector<std::string_view> cells_;  // in UTF-8; of fixed width, cut
  std::string recoded_text_;
  std::vector<size_t> recoded_ends_;
  std::string id_text_;
  std::string scratch_;

  // Of history: the voter whose rows are being joined.
  uint32_t pending_row_ = 0;  // 0: nobody
  std::string pending_id_;
  VoteLines votes_;
  bool told_not_ = false;  // the row says that its voter stayed at home

  uint32_t rows_ = 0;
  uint32_t rejected_ = 0;
  uint64_t accepted_ = 0;
  uint64_t withheld_ = 0;
  uint64_t not_registered_ = 0;
  uint64_t recoded_ = 0;
  uint64_t records_ = 0;
  uint64_t kept_without_ = 0;
  std::optional<Bytes32> file_hash_;
};

// The column of this file by which a layout of the same state withholds voters, and which this
// layout passes over; empty when there is none. A file's own header tells, or else the layout's
// columns.
std::string UnheededColumn(const VoterLayout& layout, const FileLayout& file,
                           const std::vector<std::string>& header) {
  std::vector<std::string> heeded;
  for (const WithheldRule& rule : file.withheld) {
    for (const std::string& name : file.columns[rule.column].names) heeded.push_back(WordKey(name));
  }
  for (const VoterLayout& known : BuiltInLayouts()) {
    if (known.state != layout.state) continue;
    for (const WithheldRule& rule : known.voters.withheld) {
      for (const std::string& name : known.voters.columns[rule.column].names) {
        const std::string key = WordKey(name);
        if (std::find(heeded.begin(), heeded.end(), key) != heeded.end()) continue;
        const bool there = std::any_of(header.begin(), header.end(),
                                       [&](const std::string& n) { return WordKey(n) == key; });
        if (there) return name;
      }
    }
  }
  return {};
}

// What a person should try instead.
std::string Suggestion(const std::filesystem::path& path, const VoterLayout& layout) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return "";
  for (const RecognizedLayout& found : RecognizeVoterFile(path)) {
    if (found.layout->name == layout.name) continue;
    return "; it looks like " + std::string(found.is_history ? "the history file of " : "") +
           found.layout->title + ": --layout " + found.layout->name;
  }
  return "; no layout that comes with the program fits it: see muster voterfile layouts --show " +
         layout.name + " for a text to start your own from";
}

}  // namespace

absl::StatusOr<std::unique_ptr<VoterReader>> VoterReader::Open(const std::filesystem::path& path,
                                                               const VoterLayout& layout,
                                                               const VoterReaderOptions& options) {
  using File = VoterReaderOptions::File;
  struct Candidate {
    const FileLayout* file;
    bool is_history;
  };
  std::vector<Candidate> candidates;
  if (options.file != File::kHistory) candidates.push_back({&layout.voters, false});
  if (options.file != File::kVoters && layout.history) {
    candidates.push_back({&*layout.history, true});
  }
  if (candidates.empty()) {
    // Their history stands in the voters' own rows.
    candidates.push_back({&layout.voters, !layout.voters.votes.empty()});
    if (layout.voters.votes.empty()) {
      return MakeError(v1::LAYOUT_MISMATCH, path.string() + ": the layout " + layout.name +
                                                " knows of no history; leave the file out, or "
                                                "describe it in a TOML file");
    }
  }
  std::error_code unknown;  // opening will tell
  if (candidates.size() > 1 && std::filesystem::exists(path, unknown) &&
      !std::filesystem::is_regular_file(path, unknown) &&
      !std::filesystem::is_directory(path, unknown)) {
    return MakeError(v1::FILE_UNREADABLE,
                     path.string() +
                         " is no file but a pipe or a device, which can be read once, and to tell "
                         "voters from history takes two looks; write it to a file first");
  }
  struct Tried {
    Candidate candidate;
    std::unique_ptr<CsvReader> csv;
    LayoutFit fit;
    bool guess = false;
  };
  std::optional<Tried> best;
  for (const Candidate& candidate : candidates) {
    const std::optional<Encoding> encoding =
        options.encoding ? options.encoding : candidate.file->encoding;
    MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<TextSource> source, TextSource::Open(path, encoding));
    Tried tried;
    tried.candidate = candidate;
    tried.guess = !encoding && source->encoding() == Encoding::kUtf8;
    tried.csv = std::make_unique<CsvReader>(std::move(source));
    MUSTER_ASSIGN_OR_RETURN(tried.fit, FitLayout(*tried.csv, *candidate.file));
    const bool better = !best || (tried.fit.status.ok() &&
                                  (!best->fit.status.ok() || tried.fit.score > best->fit.score));
    if (better) best = std::move(tried);
  }
  if (!best->fit.status.ok()) {
    const absl::Status& status = best->fit.status;
    return MakeError(status.code(), ReasonOf(status),
                     std::string(status.message()) + Suggestion(path, layout), DetailsOf(status));
  }
  const std::string unheeded = UnheededColumn(layout, *best->candidate.file, best->fit.header);
  if (!unheeded.empty()) {
    return MakeError(v1::LAYOUT_MISMATCH,
                     path.string() + ": " + layout.state + " withholds voters by the column " +
                         unheeded + ", which the layout " + layout.name +
                         " passes over; name it under [withheld]",
                     {{"key", "withheld." + unheeded}});
  }
  auto reader = std::make_unique<Reader>(std::move(best->csv), *best->candidate.file, layout,
                                         best->candidate.is_history, best->guess,
                                         std::move(best->fit), options);
  MUSTER_RETURN_IF_ERROR(reader->Begin());
  return reader;
}

}  // namespace muster::ingest
