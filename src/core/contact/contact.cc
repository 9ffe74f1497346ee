// SPDX-License-Identifier: Apache-2.0
#include "core/contact/contact.h"

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/contact/identifier.h"
#include "core/crypto/secret_bytes.h"

namespace muster::contact {
namespace {

constexpr size_t kHeaderBytes = 7;       // version, row, ordinal, status
constexpr size_t kFieldHeaderBytes = 3;  // Field, length

constexpr std::array<std::string_view, kFieldCount> kFieldNames = {
    "",          "email",     "prefix",       "first_name",      "middle_name",   "last_name",
    "suffix",    "nickname",  "phone",        "mobile",          "address1",      "address2",
    "city",      "state",     "zip",          "country",         "county",        "birth_date",
    "sex",       "language",  "organization", "external_id",     "voter_file_id", "van_id",
    "source",    "tags",      "consent",      "subscribed_time", "activity_time", "latitude",
    "longitude", "time_zone", "engagement", "house_number", "pre_directional", "street_name",
    "street_type", "post_directional", "unit_type", "unit_number", "party", "voter_status",
    "registration_date", "precinct", "districts", "vote_history"};


constexpr std::array<std::string_view, 9> kStatusNames = {
    "unknown", "subscribed",   "unsubscribed", "complained", "bouncing",
    "cleaned", "do_not_email", "do_not_share", "deceased"};

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::RECORD_MALFORMED, "contact record: " + std::string(what));
}

constexpr size_t FieldCountOf(uint8_t version) {
  return version == kListRecordVersion ? static_cast<size_t>(kLastListField) + 1 : kFieldCount;
}

// The one version that a record with this last field has.
constexpr uint8_t VersionOf(size_t last_field) {
  return last_field > static_cast<size_t>(kLastListField) ? kRecordVersion : kListRecordVersion;
}

absl::Status DecodeInto(std::string_view bytes, ContactRecord& record) {
  record.Clear();
  if (bytes.size() > kRecordBytesMax) {
    return MakeError(v1::RECORD_TOO_LARGE, "contact record: " + std::to_string(bytes.size()) +
                                               " bytes, more than the " +
                                               std::to_string(kRecordBytesMax) + " allowed");
  }
  ByteReader reader(bytes);
  const uint8_t version = reader.U8();
  const uint32_t row = reader.U32();
  const uint8_t ordinal = reader.U8();
  const uint8_t status = reader.U8();
  if (reader.failed()) return Malformed("shorter than its header");
  if (version != kListRecordVersion && version != kRecordVersion) {
    return Malformed("of a version that this program does not know");
  }
  if (status >= kStatusNames.size())
    return Malformed("of a status that this program does not know");
  size_t last = 0;
  while (reader.remaining() > 0) {
    const size_t field = reader.U8();
    const size_t length = reader.U16();
    const std::string_view text = reader.Take(length);
    if (reader.failed()) return Malformed("cut off inside a field");
    if (field <= last || field >= FieldCountOf(version)) {
      return Malformed("fields unknown or out of order");
    }
    if (length == 0 || length > kFieldBytesMax) return Malformed("a field empty or too long");
    if (!IsUtf8(text)) return Malformed("a field that is not UTF-8 text");
    last = field;
    record.fields[field].assign(text);
  }
  if (version != VersionOf(last)) return Malformed("of a later version than its fields need");
  record.row = row;
  record.ordinal = ordinal;
  record.status = static_cast<Status>(status);
  return absl::OkStatus();
}

}  // namespace

bool IsSuppression(Status status) {
  return status == Status::kUnsubscribed || status == Status::kComplained ||
         status == Status::kDoNotEmail;
}

bool IsExclusion(Status status) {
  return status == Status::kBouncing || status == Status::kCleaned ||
         status == Status::kDoNotShare || status == Status::kDeceased;
}

std::string_view FieldName(Field field) {
  const size_t i = static_cast<size_t>(field);
  return i < kFieldCount ? kFieldNames[i] : std::string_view();
}

bool ParseFieldName(std::string_view name, Field* field) {
  for (size_t i = 1; i < kFieldCount; ++i) {
    if (kFieldNames[i] == name) {
      *field = static_cast<Field>(i);
      return true;
    }
  }
  return false;
}

std::string_view StatusName(Status status) {
  const size_t i = static_cast<size_t>(status);
  return i < kStatusNames.size() ? kStatusNames[i] : std::string_view();
}

void ContactRecord::Clear() {
  row = 0;
  ordinal = 0;
  status = Status::kUnknown;
  for (std::string& text : fields) {
    if (text.empty()) continue;
    crypto::Wipe(text.data(), text.size());
    text.clear();
  }
}

absl::Status EncodeRecord(const ContactRecord& record, std::string& out) {
  size_t bytes = kHeaderBytes;
  size_t last = 0;
  for (size_t i = 1; i < kFieldCount; ++i) {
    const std::string& text = record.fields[i];
    if (text.empty()) continue;
    if (text.size() > kFieldBytesMax) {
      const std::string name(kFieldNames[i]);
      return MakeError(v1::FIELD_TOO_LONG,
                       "row " + std::to_string(record.row) + ": " + name + " is longer than " +
                           std::to_string(kFieldBytesMax) + " bytes; shorten it",
                       {{"field", name}, {"row", std::to_string(record.row)}});
    }
    bytes += kFieldHeaderBytes + text.size();
    last = i;
  }
  if (bytes > kRecordBytesMax) {
    return MakeError(v1::RECORD_TOO_LARGE,
                     "row " + std::to_string(record.row) + ": all fields together take " +
                         std::to_string(bytes) + " bytes, more than the " +
                         std::to_string(kRecordBytesMax) + " of a record; shorten the longest",
                     {{"row", std::to_string(record.row)}});
  }
  PutU8(out, VersionOf(last));
  PutU32(out, record.row);
  PutU8(out, record.ordinal);
  PutU8(out, static_cast<uint8_t>(record.status));
  for (size_t i = 1; i < kFieldCount; ++i) {
    const std::string& text = record.fields[i];
    if (text.empty()) continue;
    const char header[kFieldHeaderBytes] = {static_cast<char>(i),
                                            static_cast<char>(text.size() & 0xff),
                                            static_cast<char>(text.size() >> 8)};
    out.append(header, kFieldHeaderBytes);
    out.append(text);
  }
  return absl::OkStatus();
}

absl::Status DecodeRecord(std::string_view bytes, ContactRecord& record) {
  absl::Status status = DecodeInto(bytes, record);
  if (!status.ok()) record.Clear();  // nobody gets to use half a record
  return status;
}

}  // namespace muster::contact
