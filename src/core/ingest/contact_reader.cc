// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/contact_reader.h"

#include <algorithm>
#include <limits>

#include "core/base/check.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/secret_bytes.h"

namespace muster::ingest {
namespace {

using contact::ContactRecord;
using contact::Field;
using contact::Status;

constexpr char kDelimiters[] = {',', '\t', ';', '|'};
constexpr size_t kRecordHeaderBytes = 7;  // docs/formats/record.md
constexpr size_t kFieldHeaderBytes = 3;

int Strictness(Status status) {
  switch (status) {
    case Status::kUnknown:
      return 0;
    case Status::kSubscribed:
      return 1;
    case Status::kBouncing:
      return 2;
    case Status::kCleaned:
      return 3;
    case Status::kDeceased:
      return 4;
    case Status::kDoNotEmail:
      return 5;
    case Status::kUnsubscribed:
      return 6;
    case Status::kComplained:
      return 7;
    case Status::kDoNotShare:
      return 8;
  }
  return 0;
}

bool SameAddress(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

// An address's flag counts whatever it says, unless it says no or gives a time of zeros.
bool IsRaised(std::string_view cell) {
  if (cell.empty() || cell.substr(0, 4) == "0000") return false;
  return ParseYesNo(cell).value_or(true);
}

bool IsZero(std::string_view number) {
  return number.find_first_not_of("0.-") == std::string_view::npos;
}

bool IsName(Field field) {
  return field == Field::kFirstName || field == Field::kMiddleName || field == Field::kLastName ||
         field == Field::kNickname;
}

// 3125550123.0 is how a data frame writes a column of numbers with holes in it.
std::string_view WithoutFraction(std::string_view number) {
  if (number.size() > 9 && number.substr(number.size() - 2) == ".0" &&
      number.substr(0, number.size() - 2).find_first_not_of("0123456789") ==
          std::string_view::npos) {
    number.remove_suffix(2);
  }
  return number;
}

}  // namespace

Status StricterOf(Status a, Status b) { return Strictness(a) >= Strictness(b) ? a : b; }

ContactReader::ContactReader(std::unique_ptr<CsvReader> csv, const ReaderOptions& options)
    : csv_(std::move(csv)), options_(options), date_order_(DateOrderOf(options.region)) {}

ContactReader::~ContactReader() {
  for (Address& address : addresses_) crypto::Wipe(address.text.data(), address.text.size());
  crypto::Wipe(address_text_.data(), address_text_.size());
}

absl::StatusOr<std::unique_ptr<ContactReader>> ContactReader::Open(
    const std::filesystem::path& path, const ReaderOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<TextSource> source,
                          TextSource::Open(path, options.encoding));
  std::unique_ptr<ContactReader> reader(
      new ContactReader(std::make_unique<CsvReader>(std::move(source)), options));
  MUSTER_RETURN_IF_ERROR(reader->ReadHeader());
  return reader;
}

absl::Status ContactReader::ReadHeader() {
  const std::string path = csv_->source().path().string();
  std::vector<char> delimiters(std::begin(kDelimiters), std::end(kDelimiters));
  if (options_.delimiter) {
    delimiters = {*options_.delimiter};
  } else {
    // Excel writes "sep=;" above the header.
    const auto first = csv_->PeekHeader(',');
    if (first.ok() && !first->empty() && first->front().substr(0, 4) == "sep=" &&
        first->front().size() <= 5) {
      delimiters = {first->front().size() == 5 ? first->front()[4] : ','};
      MUSTER_RETURN_IF_ERROR(csv_->SkipFirstLine());
    }
  }
  absl::Status problem;
  std::vector<std::string> header;
  size_t best_score = 0;
  for (char delimiter : delimiters) {
    auto names = csv_->PeekHeader(delimiter);
    if (!names.ok()) {
      if (problem.ok()) problem = names.status();
      continue;
    }
    const size_t score = ScoreHeader(*names);
    if (header.empty() || score > best_score ||
        (score == best_score && names->size() > header.size())) {
      header = *std::move(names);
      best_score = score;
      mapping_.delimiter = delimiter;
    }
  }
  // A quote that is broken for the right delimiter may be a letter for a wrong one, which then
  // knows no column.
  if (best_score == 0 && !problem.ok()) return problem;
  if (header.empty()) {
    return MakeError(v1::CSV_NO_HEADER, path + " holds nothing but blank lines; export it again");
  }
  csv_->set_delimiter(mapping_.delimiter);
  MUSTER_ASSIGN_OR_RETURN(const CsvReader::Outcome outcome, csv_->Next());
  MUSTER_CHECK(outcome == CsvReader::Outcome::kRow);
  if (!csv_->is_utf8()) {
    return MakeError(v1::ENCODING_MALFORMED,
                     path + ": line " + std::to_string(csv_->line()) + ": the header is not " +
                         std::string(EncodingName(csv_->source().encoding())) +
                         " text; save the file as UTF-8, or name its encoding with --encoding "
                         "(windows-1252, utf-16le)");
  }
  csv_->set_expected_cells(header.size());
  const char delimiter = mapping_.delimiter;
  auto mapping = MapColumns(header, path, options_.map);
  if (!mapping.ok()) return Annotate(mapping.status(), path);
  mapping_ = *std::move(mapping);
  mapping_.delimiter = delimiter;
  mapping_.encoding = csv_->source().encoding();

  if (IsMailchimp(mapping_.format)) tag_style_ = TagStyle::kQuotedList;
  if (mapping_.format == ExportFormat::kActionNetwork) tag_style_ = TagStyle::kCommaSpace;
  for (const ColumnMapping& column : mapping_.columns) {
    switch (column.role) {
      case Role::kEmail:
        address_columns_.push_back(column);
        break;
      case Role::kEmailBad:
        bad_columns_.push_back(column);
        break;
      case Role::kStatus:
      case Role::kOptIn:
      case Role::kFlag:
        status_columns_.push_back(column);
        break;
      case Role::kFullName:
        name_columns_.push_back(column);
        break;
      case Role::kZip4:
        zip4_columns_.push_back(column);
        break;
      case Role::kField:
        field_columns_.push_back(column);
        break;
    }
    if (column.role == Role::kField && IsPostal(*column.field) && column.group != kEveryGroup) {
      postal_groups_.push_back(column.group);
    }
  }
  std::sort(postal_groups_.begin(), postal_groups_.end());
  postal_groups_.erase(std::unique(postal_groups_.begin(), postal_groups_.end()),
                       postal_groups_.end());
  if (options_.rejects != nullptr) MUSTER_RETURN_IF_ERROR(options_.rejects->Begin(mapping_.header));
  return absl::OkStatus();
}

absl::StatusOr<bool> ContactReader::Next(ContactRecord& record) {
  while (next_address_ >= address_count_) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, NextRow());
    if (!more) return false;
    Fill(record);
    if (!refusals_.empty()) {
      address_count_ = 0;
      const Refusal refusal = refusals_.front();
      MUSTER_RETURN_IF_ERROR(RejectRow(refusal.reason, refusal.column, refusal.message));
      continue;
    }
    for (const Refusal& notice : notices_) {
      MUSTER_RETURN_IF_ERROR(ReportKept(notice.reason, notice.column, notice.message));
    }
    ++next_address_;
    ++records_;
    return true;
  }
  // The row's cells are still there: it is read once more for its next address.
  Fill(record);
  ++next_address_;
  ++records_;
  return true;
}

absl::StatusOr<bool> ContactReader::NextRow() {
  while (true) {
    address_count_ = 0;
    next_address_ = 0;
    refusals_.clear();
    notices_.clear();
    if (file_hash_.has_value()) return false;
    MUSTER_ASSIGN_OR_RETURN(const CsvReader::Outcome outcome, csv_->Next());
    if (outcome == CsvReader::Outcome::kEnd) {
      if (rows_ == 0) {
        return MakeError(v1::CSV_NO_ROWS,
                         csv_->source().path().string() +
                             " has a header and no rows; leave it out, or export it again");
      }
      file_hash_ = csv_->source().FinishHash();
      return false;
    }
    if (outcome == CsvReader::Outcome::kRow && IsBlankRow()) continue;
    if (uint64_t{options_.first_row} + rows_ > std::numeric_limits<uint32_t>::max()) {
      return MakeError(v1::FILE_TOO_LARGE,
                       csv_->source().path().string() + ": an upload takes no more than " +
                           std::to_string(std::numeric_limits<uint32_t>::max()) +
                           " rows; split the file");
    }
    ++rows_;
    if (outcome == CsvReader::Outcome::kBroken) {
      MUSTER_RETURN_IF_ERROR(RejectBroken());
      continue;
    }
    if (!csv_->is_utf8()) {
      MUSTER_RETURN_IF_ERROR(RejectRow(
          v1::ENCODING_MALFORMED, "",
          "not " + std::string(EncodingName(mapping_.encoding)) +
              " text; save the file as UTF-8, or name its encoding with --encoding windows-1252"));
      continue;
    }
    if (const std::optional<Refusal> refusal = ReadStatus()) {
      MUSTER_RETURN_IF_ERROR(RejectRow(refusal->reason, refusal->column, refusal->message));
      continue;
    }
    ReadAddresses();
    if (address_count_ > 0) return true;
    if (notices_.empty()) {
      MUSTER_RETURN_IF_ERROR(RejectRow(v1::EMAIL_MISSING, address_columns_.front().column,
                                       "no email address; fill it in or leave the row out"));
    } else {
      const Refusal first = notices_.front();
      MUSTER_RETURN_IF_ERROR(RejectRow(first.reason, first.column, first.message));
    }
  }
}

bool ContactReader::IsBlankRow() const {
  for (std::string_view cell : csv_->cells()) {
    if (!cell.empty() && !contact::TrimSpace(cell).empty()) return false;
  }
  return true;
}

absl::Status ContactReader::RejectBroken() {
  const std::string line = std::to_string(csv_->broken_line());
  switch (csv_->broken_reason()) {
    case v1::CSV_RAGGED_ROW:
      return RejectRow(v1::CSV_RAGGED_ROW, "",
                       "has " + std::to_string(csv_->cells().size()) + " columns, the header has " +
                           std::to_string(mapping_.header.size()) +
                           "; look for a delimiter too many or too few, and put cells that hold "
                           "one into quotes");
    case v1::CSV_STRAY_QUOTE:
      return RejectRow(
          v1::CSV_STRAY_QUOTE, "",
          "line " + line + " has text after a closing quote; double the quotes inside quotes");
    default:
      return RejectRow(csv_->broken_reason(), "",
                       "a quote opens in line " + line +
                           " and is not closed; close it, or double it if it is a letter");
  }
}

absl::Status ContactReader::RejectRow(Reason reason, std::string_view column,
                                      std::string_view message) {
  ++rejected_;
  if (options_.rejects == nullptr) return absl::OkStatus();
  return options_.rejects->Add({options_.first_row + rows_ - 1, csv_->line(), reason, column,
                                message, false, csv_->cells()});
}

absl::Status ContactReader::ReportKept(Reason reason, std::string_view column,
                                       std::string_view message) {
  ++kept_without_;
  if (options_.rejects == nullptr) return absl::OkStatus();
  return options_.rejects->Add(
      {options_.first_row + rows_ - 1, csv_->line(), reason, column, message, true, csv_->cells()});
}

std::optional<ContactReader::Refusal> ContactReader::ReadStatus() {
  row_status_ = mapping_.file_status;
  for (const ColumnMapping& column : status_columns_) {
    const std::string_view cell = CleanCell(CellOf(column));
    if (cell.empty()) continue;
    if (column.role == Role::kFlag) {
      if (!IsRaised(cell)) continue;
      // "On Hold Opt Out" says more than that the address is on hold.
      const std::optional<Status> word = ParseYesNo(cell) ? std::nullopt : ParseStatusWord(cell);
      row_status_ =
          StricterOf(row_status_, StricterOf(column.flag, word.value_or(Status::kUnknown)));
      continue;
    }
    if (column.role == Role::kOptIn) {
      if (const std::optional<bool> yes = ParseYesNo(cell)) {
        row_status_ = StricterOf(row_status_, *yes ? Status::kSubscribed : Status::kUnsubscribed);
        continue;
      }
      if (SetTime(cell, date_order_, address_text_)) {
        if (!address_text_.empty()) row_status_ = StricterOf(row_status_, Status::kSubscribed);
        continue;
      }
    }
    if (cell != last_word_) {
      last_word_.assign(cell);
      last_word_status_ = ParseStatusWord(cell);
    }
    if (!last_word_status_) {
      return Refusal{
          v1::STATUS_UNKNOWN, column.column,
          "not a subscription status that this program knows; write subscribed, unsubscribed, "
          "bouncing, "
          "cleaned, spam complaint or do not email, or leave the column out with --map " +
              column.Target() + "="};
    }
    row_status_ = StricterOf(row_status_, *last_word_status_);
  }
  return std::nullopt;
}

void ContactReader::ReadAddresses() {
  for (const ColumnMapping& column : address_columns_) {
    const std::string_view cell = CleanCell(CellOf(column));
    if (cell.empty()) continue;
    const absl::Status status = contact::ParseEmailInto(cell, address_text_);
    if (!status.ok()) {
      notices_.push_back({ReasonOf(status), column.column, std::string(status.message())});
      continue;
    }
    Status bad = Status::kUnknown;
    for (const ColumnMapping& flag : bad_columns_) {
      if (flag.group == column.group && IsRaised(CleanCell(CellOf(flag)))) bad = Status::kBouncing;
    }
    size_t i = 0;
    while (i < address_count_ && !SameAddress(addresses_[i].text, address_text_)) ++i;
    if (i < address_count_) {
      addresses_[i].status = StricterOf(addresses_[i].status, bad);
      continue;
    }
    if (address_count_ == addresses_.size()) addresses_.emplace_back();
    addresses_[address_count_].text.assign(address_text_);
    addresses_[address_count_].status = bad;
    ++address_count_;
  }
}

bool ContactReader::IsInPostalGroup(const ColumnMapping& column) const {
  return column.group == postal_group_ || column.group == kEveryGroup;
}

uint8_t ContactReader::ChoosePostalGroup() const {
  if (postal_groups_.empty()) return 0;
  if (postal_groups_.size() == 1) return postal_groups_.front();
  // A country alone is a default that some CRMs fill in for everybody; it makes no address while
  // there is another.
  for (const bool any_part : {false, true}) {
    for (uint8_t group : postal_groups_) {
      for (const ColumnMapping& column : field_columns_) {
        if (column.group != group || !IsPostal(*column.field)) continue;
        const bool telling = *column.field == Field::kAddress1 || *column.field == Field::kCity ||
                             *column.field == Field::kZip;
        if ((telling || any_part) && !CleanCell(CellOf(column)).empty()) return group;
      }
    }
  }
  return postal_groups_.front();
}

void ContactReader::Fill(ContactRecord& record) {
  record.Clear();
  record.row = options_.first_row + rows_ - 1;
  record.ordinal = static_cast<uint8_t>(next_address_);
  record.status = StricterOf(row_status_, addresses_[next_address_].status);
  record[Field::kEmail].assign(addresses_[next_address_].text);
  ReadFields(record);
  LimitRecord(record);
}

void ContactReader::ReadFields(ContactRecord& record) {
  postal_group_ = ChoosePostalGroup();
  std::string_view zip;
  const ColumnMapping* zip_column = nullptr;
  for (const ColumnMapping& column : field_columns_) {
    const Field field = *column.field;
    if (!record[field].empty() || (IsPostal(field) && !IsInPostalGroup(column))) continue;
    const std::string_view cell =
        IsName(field) ? CleanName(CellOf(column)) : CleanCell(CellOf(column));
    if (cell.empty()) continue;
    if (field == Field::kZip) {
      // Read once the country is known.
      if (zip.empty()) {
        zip = cell;
        zip_column = &column;
      }
      continue;
    }
    ReadField(column, cell, record);
    LimitField(column, record[field]);
  }
  if (zip_column != nullptr && record[Field::kZip].empty()) {
    std::string_view plus4;
    for (const ColumnMapping& column : zip4_columns_) {
      if (plus4.empty() && IsInPostalGroup(column)) plus4 = CleanCell(CellOf(column));
    }
    const std::string_view country = record[Field::kCountry].empty()
                                         ? std::string_view(options_.region)
                                         : std::string_view(record[Field::kCountry]);
    SetZip(zip, plus4, IsUnitedStates(country), record[Field::kZip]);
    LimitField(*zip_column, record[Field::kZip]);
  }
  for (const ColumnMapping& column : name_columns_) {
    const std::string_view cell = CleanName(CellOf(column));
    if (cell.empty() || !record[Field::kFirstName].empty() || !record[Field::kLastName].empty())
      continue;
    SplitFullName(cell, record);
    for (Field part : {Field::kPrefix, Field::kFirstName, Field::kMiddleName, Field::kLastName,
                       Field::kSuffix}) {
      LimitField(column, record[part]);
    }
  }
}

void ContactReader::ReadField(const ColumnMapping& column, std::string_view cell,
                              ContactRecord& record) {
  std::string& text = record[*column.field];
  switch (*column.field) {
    case Field::kPhone:
    case Field::kMobile: {
      const absl::StatusOr<std::string> number =
          contact::ParsePhone(WithoutFraction(cell), options_.region);
      if (number.ok()) {
        text.assign(*number);
      } else {
        SetText(cell, text);
      }
      return;
    }
    case Field::kAddress1:
      if (IsMailchimp(mapping_.format) && cell.find("  ") != std::string_view::npos &&
          SplitMailchimpAddress(cell, record)) {
        return;
      }
      SetText(cell, text);
      return;
    case Field::kBirthDate:
      if (!SetBirthDate(cell, date_order_, text)) {
        notices_.push_back({v1::BIRTH_DATE_MALFORMED, column.column,
                            "not a date of birth; write it as 1970-12-31"});
      }
      return;
    case Field::kSubscribedTime:
    case Field::kActivityTime:
      if (!SetTime(cell, date_order_, text)) {
        notices_.push_back(
            {v1::TIME_MALFORMED, column.column, "not a time; write it as 2026-01-31 17:05:00"});
      }
      return;
    case Field::kTags:
      SetTags(cell, tag_style_, text);
      return;
    case Field::kLatitude:
    case Field::kLongitude:
      // Mailchimp's way of not knowing.
      if (!IsZero(cell)) SetText(cell, text);
      return;
    default:
      SetText(cell, text);
  }
}

void ContactReader::LimitField(const ColumnMapping& column, std::string& text) {
  if (text.size() <= contact::kFieldBytesMax) return;
  const std::string limit = std::to_string(contact::kFieldBytesMax) + " bytes";
  if (column.field == Field::kConsent) {
    refusals_.push_back({v1::FIELD_TOO_LONG, column.column,
                         "a consent text longer than " + limit + "; shorten it"});
    return;
  }
  if (column.field == Field::kTags) {
    const size_t end = text.rfind('\n', contact::kFieldBytesMax);
    text.resize(end == std::string::npos ? 0 : end);
    notices_.push_back({v1::FIELD_TOO_LONG, column.column, "the tags after the first " + limit});
    return;
  }
  crypto::Wipe(text.data(), text.size());
  text.clear();
  notices_.push_back({v1::FIELD_TOO_LONG, column.column, "longer than " + limit + "; shorten it"});
}

void ContactReader::LimitRecord(ContactRecord& record) {
  const auto bytes = [&] {
    size_t sum = kRecordHeaderBytes;
    for (const std::string& text : record.fields) {
      if (!text.empty()) sum += kFieldHeaderBytes + text.size();
    }
    return sum;
  };
  if (bytes() <= contact::kRecordBytesMax) return;
  if (!record[Field::kTags].empty()) {
    record[Field::kTags].clear();
    notices_.push_back(
        {v1::RECORD_TOO_LARGE, "", "the tags, for want of room beside the other fields"});
  }
  if (bytes() > contact::kRecordBytesMax) {
    refusals_.push_back({v1::RECORD_TOO_LARGE, "",
                         "the fields together take more than " +
                             std::to_string(contact::kRecordBytesMax) +
                             " bytes; shorten the longest"});
  }
}

const Bytes32& ContactReader::file_hash() const {
  MUSTER_CHECK(file_hash_.has_value());
  return *file_hash_;
}

}  // namespace muster::ingest
