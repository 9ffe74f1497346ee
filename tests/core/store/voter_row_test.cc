// SPDX-License-Identifier: Apache-2.0
#include "core/store/voter_row.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/status.h"

namespace muster::store {
namespace {

using contact::Field;
using testing::Must;

contact::ContactRecord FullRecord() {
  contact::ContactRecord record;
  record.row = 0x01020304;
  for (size_t i = 1; i < contact::kFieldCount; ++i) record.fields[i] = "text" + std::to_string(i);
  return record;
}

}  // namespace

TEST_CASE("Voter row: keeps what segments need and nothing that names or reaches a person",
          "[store]") {
  std::string bytes;
  AppendVoterRow(FullRecord(), bytes);
  const VoterRow row = Must(DecodeVoterRow(bytes));
  CHECK(row.row == 0x01020304);
  for (size_t i = 1; i < contact::kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    const bool kept =
        std::find(kVoterFields.begin(), kVoterFields.end(), field) != kVoterFields.end();
    CHECK(row.Get(field) == (kept ? "text" + std::to_string(i) : ""));
  }
  for (const Field field : {Field::kFirstName, Field::kLastName, Field::kAddress1, Field::kPhone,
                            Field::kEmail, Field::kHouseNumber}) {
    CHECK(row.Get(field).empty());
  }
  CHECK(std::is_sorted(kVoterFields.begin(), kVoterFields.end()));
}

TEST_CASE("Voter row: the bytes are those that docs/formats/store-keys.md draws", "[store]") {
  contact::ContactRecord record;
  record.row = 7;
  record[Field::kVoterFileId] = "AA1";
  record[Field::kParty] = "UNA";
  std::string bytes;
  AppendVoterRow(record, bytes);
  CHECK(HexEncode(AsBytes(bytes)) ==
        "01"
        "07000000"
        "160300414131"
        "280300554e41");
  VoterHistoryKey key;
  key.source.bytes.fill(0x11);
  key.voter.bytes.fill(0x22);
  key.upload.bytes.fill(0x33);
  key.place = {0x01020304, 0x0506};
  std::string encoded;
  AppendVoterHistoryKey(key, encoded);
  CHECK(HexEncode(AsBytes(encoded)) ==
        "1111111111111111"
        "22222222222222222222222222222222"
        "3333333333333333"
        "010203040506");
  const VoterHistoryKey back = Must(DecodeVoterHistoryKey(encoded));
  CHECK((back.source == key.source && back.voter == key.voter && back.upload == key.upload));
  CHECK((back.place == key.place));
}

TEST_CASE("Voter row: cut off, of another version or out of order it is corrupt", "[store]") {
  std::string bytes;
  AppendVoterRow(FullRecord(), bytes);
  size_t whole = 0;
  for (size_t size = 0; size < bytes.size(); ++size)
    whole += DecodeVoterRow(bytes.substr(0, size)).ok() ? 1u : 0u;
  CHECK(whole == kVoterFields.size());  // between two fields a shorter row ends
  std::string other = bytes;
  other[0] = 2;
  REQUIRE_REASON(DecodeVoterRow(other), v1::STORE_CORRUPT);
  std::string twice = bytes;
  twice += bytes.substr(5);
  REQUIRE_REASON(DecodeVoterRow(twice), v1::STORE_CORRUPT);
  REQUIRE_REASON(DecodeVoterHistoryKey("short"), v1::STORE_CORRUPT);
}

TEST_CASE("Voter source: one for each state and layout, whatever the day", "[store]") {
  v1::VoterFileTerms terms;
  terms.set_state("NC");
  terms.set_layout("nc");
  const VoterSource source = VoterSourceOf(terms);
  terms.set_as_of("2026-09-01");
  terms.set_permitted_use("elections");
  CHECK((VoterSourceOf(terms) == source));
  terms.set_state("SC");
  CHECK((VoterSourceOf(terms) != source));
  terms.set_state("NC");
  terms.set_layout("nc2");
  CHECK((VoterSourceOf(terms) != source));
}

}  // namespace muster::store
