// SPDX-License-Identifier: Apache-2.0
//
// ExportFormat: which program wrote a file, and what each of its columns is. The layouts stand in
// docs/formats/exports.md.
//
// Rule: recognized by the header alone (Mailchimp's three files also by their names), and always
// told: Mapping holds what every column became and why the others did not, so that a person can
// correct it with FIELD=COLUMN. Names compare without case, blanks and punctuation. FIELD is a
// name of contact::FieldName or one of "email2" to "email4", "full_name", "zip4", "status",
// "opt_in", "opt_out", "do_not_email", "do_not_share", "bounced", "complained", "deceased"; an
// empty COLUMN leaves the field out; "#3" is the third column.
// Errors: INVALID_ARGUMENT (CSV_NO_HEADER, COLUMN_NO_EMAIL, COLUMN_MAPPED_TWICE, COLUMN_UNKNOWN,
// FIELD_UNKNOWN). A message repeats the header's names only when it surely is a header: the first
// line of a file without one is somebody's data.
// Threads: pure.
#ifndef MUSTER_CORE_INGEST_EXPORT_FORMAT_H_
#define MUSTER_CORE_INGEST_EXPORT_FORMAT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/contact/contact.h"
#include "core/ingest/text_source.h"

namespace muster::ingest {

enum class ExportFormat : uint8_t {
  kPlain,
  kActionNetwork,
  kNationBuilder,
  kEveryAction,
  kMailchimpSubscribed,
  kMailchimpUnsubscribed,
  kMailchimpCleaned,
  kCiviCrm,
  kActionKit,
};
std::string_view FormatName(ExportFormat format);  // "Mailchimp subscribed"
bool IsMailchimp(ExportFormat format);

enum class Role : uint8_t {
  kField,     // becomes ColumnMapping::field
  kEmail,     // an address; several in a row become several records
  kEmailBad,  // yes: the address of the same group does not work
  kFullName,  // split into its parts
  kZip4,      // the last four of ZIP+4
  kStatus,    // a word for the subscription
  kOptIn,     // yes: subscribed; no: unsubscribed
  kFlag,      // anything but no, a time for instance: ColumnMapping::flag
};

// A group of its own for the columns that a person named: they belong to every postal address.
inline constexpr uint8_t kEveryGroup = 0xff;

struct ColumnMapping {
  std::string column;  // as the header has it, trimmed
  size_t index = 0;
  Role role = Role::kField;
  std::optional<contact::Field> field;  // kField, and kEmail of kEmail
  contact::Status flag = contact::Status::kUnknown;
  // Addresses of a person (kEmail) and postal addresses (groups of columns) in order of preference;
  // the first group with anything in it is taken whole, so that a home's street never meets an
  // office's ZIP.
  uint8_t group = 0;
  // Among columns of one field: the first with anything in it.
  uint8_t rank = 0;
  std::string note;  // what a person should know: "used when Phone is empty"

  std::string Target() const;  // "first_name", "email2", "status", "opt_out"
};

struct UnmappedColumn {
  std::string column;
  std::string note;
};

struct Mapping {
  ExportFormat format = ExportFormat::kPlain;
  std::string format_name;
  char delimiter = ',';
  Encoding encoding = Encoding::kUtf8;
  // What being in this file says of everybody in it.
  contact::Status file_status = contact::Status::kUnknown;
  std::vector<std::string> header;
  std::vector<ColumnMapping> columns;  // in the order in which they are applied
  std::vector<UnmappedColumn> unmapped;
  std::vector<std::string> notes;  // of the file as a whole
};

// Whether `field` is part of a postal address, and so read group by group.
bool IsPostal(contact::Field field);

using ColumnCorrections = std::vector<std::pair<std::string, std::string>>;  // FIELD, COLUMN

ExportFormat RecognizeFormat(const std::vector<std::string>& header, std::string_view file_name);
absl::StatusOr<Mapping> MapColumns(const std::vector<std::string>& header,
                                   std::string_view file_name,
                                   const ColumnCorrections& corrections);

// How sure it is that these are names of columns: those that some layout knows, an address column
// above all others. Tells the right delimiter from the wrong ones; 0 when none is known.
size_t ScoreHeader(const std::vector<std::string>& header);

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_EXPORT_FORMAT_H_
