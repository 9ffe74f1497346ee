// SPDX-License-Identifier: Apache-2.0
//
// Voter rows: what the vault keeps of voter files. A voter is known by a keyed token of their
// number in the state's file; the number itself stays in the row, since the file is public.
//
//   "voters"          upload (8) | voter (16) | BE32 sequence | BE16 index
//                     -> voter row
//   "voter_sketches"  upload (8) | voter (16) | BE32 sequence | BE16 index
//                     -> sketch (128)
//   "voter_history"   source (8) | voter (16) | upload (8) | BE32 sequence | BE16 index
//                     -> vote history, one a line
//
// Keys of the first two are those of "upload_contacts" (source_row.h). Sketches stand apart from
// what segments read, so that a match streams a third of the bytes. A source is one state's file
// in one layout: its history outlives the extract that brought it.
// Rule: voters and sketches count while their upload is LIVE, history while it is LIVE or
// HISTORY.
// Errors: DATA_LOSS (STORE_CORRUPT).
// Threads: pure.
// Source: docs/formats/store-keys.md.
#ifndef MUSTER_CORE_STORE_VOTER_ROW_H_
#define MUSTER_CORE_STORE_VOTER_ROW_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/contact/contact.h"
#include "core/store/source_row.h"
#include "core/token/token.h"
#include "muster/v1/statement.pb.h"

namespace muster::store {

inline constexpr uint8_t kVoterRowVersion = 1;

// What segments, reports and campaigns need of a voter; ascending. Names, streets, telephone and
// email are in the sketch alone.
inline constexpr std::array kVoterFields = {
    contact::Field::kCity,      contact::Field::kZip,         contact::Field::kCounty,
    contact::Field::kBirthDate, contact::Field::kSex,         contact::Field::kVoterFileId,
    contact::Field::kParty,     contact::Field::kVoterStatus, contact::Field::kRegistrationDate,
    contact::Field::kPrecinct,  contact::Field::kDistricts,
};

// What all extracts of one state's file in one layout share.
struct VoterSource {
  Bytes8 bytes{};
  std::string_view View() const { return AsText(bytes); }
  auto operator<=>(const VoterSource&) const = default;
};
VoterSource VoterSourceOf(const v1::VoterFileTerms& terms);

struct VoterRow {
  // 1-based data row in the steward's files.
  uint32_t row = 0;
  // {u8 Field, u16 length, bytes}, ascending, of kVoterFields; a reader keeps fields that it does
  // not know.
  std::string fields;

  // Empty when absent.
  std::string_view Get(contact::Field field) const;
};
// Appends the row of a record.
void AppendVoterRow(const contact::ContactRecord& record, std::string& out);
absl::StatusOr<VoterRow> DecodeVoterRow(std::string_view bytes);

struct VoterHistoryKey {
  VoterSource source;
  token::Token voter;
  UploadId upload;
  RecordPlace place;
};
void AppendVoterHistoryKey(const VoterHistoryKey& key, std::string& out);
absl::StatusOr<VoterHistoryKey> DecodeVoterHistoryKey(std::string_view bytes);

}  // namespace muster::store

#endif  // MUSTER_CORE_STORE_VOTER_ROW_H_
