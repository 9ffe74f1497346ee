// SPDX-License-Identifier: Apache-2.0
//
// ContactReader: the contacts of one export, row by row: the layout recognized, cells cleaned,
// statuses read, bad rows handed to a RejectSink.
//
// Rule: a row with several good addresses gives as many records, of the same row and ordinals 0,
// 1, ...; one without a good address, or with a status that nobody can read, is rejected. A value
// that cannot be read (a second address, a date, an overlong field) is reported and the row kept
// without it, but for the consent text, without which a row is not kept. A phone number that
// cannot be read is kept as written: it may be good for a person, and only E.164 is matched. The
// strictest status that any column gives is the row's: see StricterOf.
// Units: rows are numbered from ReaderOptions::first_row, blank ones not counted. Records always
// pass contact::EncodeRecord.
// Errors: a status when reading cannot go on, naming file, line or column and the remedy:
// CsvReader's, MapColumns', CSV_NO_HEADER, CSV_NO_ROWS, CSV_STRAY_QUOTE and ENCODING_MALFORMED (in
// the header), and what the sink returns.
// Threads: one at a time. Memory does not grow with the file; plaintext is wiped at the end.
// Source: docs/formats/exports.md.
#ifndef MUSTER_CORE_INGEST_CONTACT_READER_H_
#define MUSTER_CORE_INGEST_CONTACT_READER_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/contact/contact.h"
#include "core/ingest/csv_reader.h"
#include "core/ingest/date_value.h"
#include "core/ingest/export_format.h"
#include "core/ingest/field_value.h"
#include "core/ingest/record_reader.h"
#include "core/ingest/reject.h"

namespace muster::ingest {

struct ReaderOptions {
  ColumnCorrections map;  // FIELD, COLUMN
  uint32_t first_row =
      1;  // of the first data row: one more than the rows of the upload's files before
  std::string region = "US";         // ISO 3166: whose phone numbers and whose order of dates
  std::optional<Encoding> encoding;  // when the file has no byte order mark
  std::optional<char> delimiter;     // else found from the header
  RejectSink* rejects = nullptr;     // not owned; may be null
};

// Which of two statuses binds: do-not-share, then complained, unsubscribed, do-not-email, deceased,
// cleaned, bouncing, subscribed, unknown.
contact::Status StricterOf(contact::Status a, contact::Status b);

class ContactReader : public RecordReader {
 public:
  // Reads the header. Nothing is written yet.
  static absl::StatusOr<std::unique_ptr<ContactReader>> Open(const std::filesystem::path& path,
                                                             const ReaderOptions& options);
  ~ContactReader() override;
  ContactReader(const ContactReader&) = delete;
  ContactReader& operator=(const ContactReader&) = delete;

  const Mapping& mapping() const { return mapping_; }

  absl::StatusOr<bool> Next(contact::ContactRecord& record) override;

  uint32_t rows() const override { return rows_; }
  uint32_t rejected() const override { return rejected_; }
  uint64_t records() const override { return records_; }
  uint64_t kept_without() const override { return kept_without_; }
  uint64_t bytes_read() const override { return csv_->source().bytes_read(); }
  const Bytes32& file_hash() const override;

 private:
  struct Address {
    std::string text;
    contact::Status status = contact::Status::kUnknown;
  };
  struct Refusal {
    Reason reason;
    std::string_view column;
    std::string message;
  };

  ContactReader(std::unique_ptr<CsvReader> csv, const ReaderOptions& options);
  absl::Status ReadHeader();
  absl::StatusOr<bool> NextRow();  // with at least one good address; false at the end
  absl::Status RejectBroken();
  absl::Status RejectRow(Reason reason, std::string_view column, std::string_view message);
  absl::Status ReportKept(Reason reason, std::string_view column, std::string_view message);

  std::string_view CellOf(const ColumnMapping& column) const { return csv_->cells()[column.index]; }
  bool IsBlankRow() const;
  void ReadAddresses();
  std::optional<Refusal> ReadStatus();
  // Fields beside the address; what goes wrong is put into refusals_ and notices_.
  void ReadFields(contact::ContactRecord& record);
  void ReadField(const ColumnMapping& column, std::string_view cell,
                 contact::ContactRecord& record);
  void LimitField(const ColumnMapping& column, std::string& text);
  void LimitRecord(contact::ContactRecord& record);
  bool IsInPostalGroup(const ColumnMapping& column) const;
  uint8_t ChoosePostalGroup() const;
  void Fill(contact::ContactRecord& record);

  std::unique_ptr<CsvReader> csv_;
  ReaderOptions options_;
  Mapping mapping_;
  DateOrder date_order_;
  TagStyle tag_style_ = TagStyle::kComma;
  // mapping_.columns by what is done with them.
  std::vector<ColumnMapping> address_columns_;
  std::vector<ColumnMapping> bad_columns_;
  std::vector<ColumnMapping> status_columns_;
  std::vector<ColumnMapping> field_columns_;
  std::vector<ColumnMapping> name_columns_;
  std::vector<ColumnMapping> zip4_columns_;
  std::vector<uint8_t> postal_groups_;

  // Of the row being read.
  std::vector<Address> addresses_;  // the first address_count_ of them
  size_t address_count_ = 0;
  size_t next_address_ = 0;
  contact::Status row_status_ = contact::Status::kUnknown;
  uint8_t postal_group_ = 0;
  std::string address_text_;
  std::vector<Refusal> refusals_;  // the first one is the row's
  std::vector<Refusal> notices_;

  // Words repeat from row to row.
  std::string last_word_;
  std::optional<contact::Status> last_word_status_;

  uint32_t rows_ = 0;
  uint32_t rejected_ = 0;
  uint64_t records_ = 0;
  uint64_t kept_without_ = 0;
  std::optional<Bytes32> file_hash_;
};

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_CONTACT_READER_H_
