// SPDX-License-Identifier: Apache-2.0
//
// Source rows: what the vault keeps of one record that a member brought. A contact is the run of
// source rows that share an email token; where the last row of a run goes, the contact is gone.
//
//   "sources"          token (16) | member (8) | upload (8) | BE32 sequence | BE16 index
//                      -> source row
//   "upload_contacts"  upload (8) | token (16) | BE32 sequence | BE16 index
//                      -> kind (1) | status (1) | suppression token (16, or none); of an address
//                         that was erased, its stand-in (pipeline/held_back.h) is the token
//   "suppressions"     suppression token (16) | member (8) | upload (8)
//                      -> status (1) | LE32 day
//   "consents"         upload (8) | hash (8)
//                      -> text
//
// Sequence and index say which sealed record it came from. Both big families hold the rows of one
// upload in the order of tokens, so one sort serves both and sorted tables can be loaded.
// docs/formats/store-keys.md draws the bytes.
// Rule: rows count only while their upload is LIVE (proto UploadRecord).
// Errors: DATA_LOSS (STORE_CORRUPT).
// Threads: pure.
#ifndef MUSTER_CORE_STORE_SOURCE_ROW_H_
#define MUSTER_CORE_STORE_SOURCE_ROW_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/contact/contact.h"
#include "core/token/token.h"

namespace muster::store {

inline constexpr uint8_t kSourceRowVersion = 1;
// Tag of a source row's sketch (token/sketch.h).
inline constexpr uint8_t kSketchFeature = 1;

// Where the sealed record is: batch and place in it.
struct RecordPlace {
  uint32_t sequence = 0;
  uint16_t index = 0;
  auto operator<=>(const RecordPlace&) const = default;
};

struct SourceKey {
  token::Token token;
  MemberId member;
  UploadId upload;
  RecordPlace place;
  auto operator<=>(const SourceKey&) const = default;
};
inline constexpr size_t kSourceKeyBytes = 16 + 8 + 8 + 6;

struct SourceRow {
  contact::Status status = contact::Status::kUnknown;
  uint32_t row = 0;
  uint8_t ordinal = 0;
  Bytes8 consent{};  // keyed hash of the record's own consent text; zeros: the upload's holds
  uint32_t subscribed_day = 0;  // days since 1970; 0: not known
  uint32_t activity_day = 0;
  uint32_t zip5 = 0;
  std::array<char, 2> state{};  // USPS code
  token::Token phone;           // zeros: none
  Bytes8 mail_domain{};         // keyed hash
  // {u8 tag, u16 length, bytes}, tags ascending: sketch (kSketchFeature), geography, scores. Kept
  // as it is by readers that do not know a tag.
  std::string features;
  friend bool operator==(const SourceRow&, const SourceRow&) = default;
};

struct UploadContactKey {
  UploadId upload;
  token::Token token;
  RecordPlace place;
};
inline constexpr size_t kUploadContactKeyBytes = 8 + 16 + 6;

// kHeldBack: an erased address that its member's figures go on counting; it has no source row.
enum class UploadContactKind : uint8_t { kContact = 0, kSuppression = 1, kHeldBack = 2 };

struct UploadContact {
  UploadContactKind kind = UploadContactKind::kContact;
  contact::Status status = contact::Status::kUnknown;
  token::Token suppression;  // zeros, except for a suppression that is not yet settled
};

// The Append forms write behind what `out` holds.
void AppendPlace(const RecordPlace& place, std::string& out);
RecordPlace ReadPlace(ByteReader& reader);
void AppendSourceKey(const SourceKey& key, std::string& out);
absl::StatusOr<SourceKey> DecodeSourceKey(std::string_view bytes);
void AppendSourceRow(const SourceRow& row, std::string& out);
absl::StatusOr<SourceRow> DecodeSourceRow(std::string_view bytes);

// The sketch in an encoded source row without copying the row; empty when it has none.
absl::StatusOr<std::string_view> SketchOfSourceRow(std::string_view bytes);

void AppendUploadContactKey(const UploadContactKey& key, std::string& out);
absl::StatusOr<UploadContactKey> DecodeUploadContactKey(std::string_view bytes);
void AppendUploadContact(const UploadContact& contact, std::string& out);
absl::StatusOr<UploadContact> DecodeUploadContact(std::string_view bytes);

std::string SuppressionKey(const token::Token& suppression, const MemberId& member,
                           const UploadId& upload);
std::string SuppressionValue(contact::Status status, uint32_t day);

}  // namespace muster::store

#endif  // MUSTER_CORE_STORE_SOURCE_ROW_H_
