// SPDX-License-Identifier: Apache-2.0
//
// ContactRecord: one address as one member brought it: who it is, where they live, on what
// consent, in which state of subscription; or one voter as a state's file has them.
//
// It has room for every field that matching, segments, branding and enrichment need. A row of an
// export with several addresses becomes several records with the same row number. Encoding
// (docs/formats/record.md): u8 version, u32 row, u8 address ordinal, u8 status, then fields {u8
// Field, u16 length, bytes} in ascending order of Field, each at most once and never empty.
// Version 1 has the fields of a list, up to kLastListField; a record with any of the voter files'
// fields is of version 2, and no other record is: each has one encoding.
// Units: UTF-8, NFC; at most kFieldBytesMax a field, kRecordBytesMax a record. Dates "YYYY-MM-DD"
// (or "YYYY", "YYYY-MM"), times RFC 3339 UTC.
// Errors: Decode returns INVALID_ARGUMENT (RECORD_MALFORMED, RECORD_TOO_LARGE); never a crash,
// unknown fields are kept out (refused) by version.
// Threads: values. Plaintext: wipe what held it.
#ifndef MUSTER_CORE_CONTACT_CONTACT_H_
#define MUSTER_CORE_CONTACT_CONTACT_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace muster::contact {

inline constexpr size_t kFieldBytesMax = 1024;
inline constexpr size_t kRecordBytesMax = 4000;
inline constexpr uint8_t kListRecordVersion = 1;
inline constexpr uint8_t kRecordVersion = 2;  // the newest that is read and written

// Values are on disk and on the wire: never renumbered.
enum class Field : uint8_t {
  kEmail = 1,
  kPrefix = 2,
  kFirstName = 3,
  kMiddleName = 4,
  kLastName = 5,
  kSuffix = 6,
  kNickname = 7,
  kPhone = 8,   // E.164 when it can be read, else as written
  kMobile = 9,  // likewise
  kAddress1 = 10,
  kAddress2 = 11,
  kCity = 12,
  kState = 13,
  kZip = 14,
  kCountry = 15,
  kCounty = 16,
  kBirthDate = 17,
  kSex = 18,
  kLanguage = 19,
  kOrganization = 20,
  kExternalId = 21,   // the member's own key for the person
  kVoterFileId = 22,  // state voter id, when the CRM has one
  kVanId = 23,
  kSource = 24,          // how the person joined, in the member's words
  kTags = 25,            // one a line, in the file's order
  kConsent = 26,         // overrides the upload's consent text
  kSubscribedTime = 27,  // joined the list
  kActivityTime = 28,    // last sign of life: open, click, gift, change
  kLatitude = 29,
  kLongitude = 30,
  kTimeZone = 31,
  kEngagement = 32,  // the member's own rating, as written
  // Of voter files (version 2). A street line that the file has in one piece is kAddress1; one
  // that it has in parts is these.
  kHouseNumber = 33,  // with its fraction or letter: "12 1/2"
  kPreDirectional = 34,
  kStreetName = 35,
  kStreetType = 36,
  kPostDirectional = 37,
  kUnitType = 38,
  kUnitNumber = 39,
  kParty = 40,
  kVoterStatus = 41,       // "active", "inactive", ...: lowercase words
  kRegistrationDate = 42,  // as kBirthDate
  kPrecinct = 43,
  kDistricts = 44,    // one a line: "congressional=06"
  kVoteHistory = 45,  // one a line, newest first: "2024-11-05 general in-person"
};
inline constexpr Field kLastListField = Field::kEngagement;
inline constexpr size_t kFieldCount = 46;  // one past the last

// What the file says of the subscription. Only kSubscribed and kUnknown may become contacts to
// mail.
enum class Status : uint8_t {
  kUnknown = 0,
  kSubscribed = 1,
  kUnsubscribed = 2,  // opt-out from this member: a suppression
  kComplained = 3,    // spam complaint: a suppression
  kBouncing = 4,      // an address that does not work: an exclusion
  kCleaned = 5,       // the same, as Mailchimp says it
  kDoNotEmail = 6,    // the member's own do-not-email: a suppression
  kDoNotShare = 7,    // do-not-trade: never pooled, not even as a row
  kDeceased = 8,      // an exclusion
};
bool IsSuppression(Status status);  // kUnsubscribed, kComplained, kDoNotEmail
bool IsExclusion(Status status);    // kBouncing, kCleaned, kDoNotShare, kDeceased

// "first_name" and so on: the words of --map, of reports and of docs.
std::string_view FieldName(Field field);
bool ParseFieldName(std::string_view name, Field* field);
std::string_view StatusName(Status status);

struct ContactRecord {
  // 1-based data row in its file, header not counted; files of one upload count on.
  uint32_t row = 0;
  uint8_t ordinal = 0;  // 0 for the row's first address, 1 for the next
  Status status = Status::kUnknown;
  std::array<std::string, kFieldCount> fields;

  std::string& operator[](Field f) { return fields[static_cast<size_t>(f)]; }
  const std::string& operator[](Field f) const { return fields[static_cast<size_t>(f)]; }
  // Wipes the text of every field, keeps capacities for the next row.
  void Clear();
};

// Appends the encoding to `out`. RECORD_TOO_LARGE or FIELD_TOO_LONG (naming the field) when it does
// not fit.
absl::Status EncodeRecord(const ContactRecord& record, std::string& out);
absl::Status DecodeRecord(std::string_view bytes, ContactRecord& record);

}  // namespace muster::contact

#endif  // MUSTER_CORE_CONTACT_CONTACT_H_
