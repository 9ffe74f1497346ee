// SPDX-License-Identifier: Apache-2.0
#include "core/contact/contact.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>

#include "core/base/bytes.h"
#include "tests/support/status.h"

namespace muster::contact {
namespace {

ContactRecord Full() {
  ContactRecord record;
  record.row = 0x01020304;
  record.ordinal = 2;
  record.status = Status::kSubscribed;
  for (size_t i = 1; i < kFieldCount; ++i) record.fields[i] = "value " + std::to_string(i);
  return record;
}

// All that a list can have: a record of version 1.
ContactRecord FullOfList() {
  ContactRecord record = Full();
  for (size_t i = static_cast<size_t>(kLastListField) + 1; i < kFieldCount; ++i) {
    record.fields[i].clear();
  }
  return record;
}

std::string Encoded(const ContactRecord& record) {
  std::string bytes;
  REQUIRE_OK(EncodeRecord(record, bytes));
  return bytes;
}

bool Equal(const ContactRecord& a, const ContactRecord& b) {
  return a.row == b.row && a.ordinal == b.ordinal && a.status == b.status && a.fields == b.fields;
}

// The bytes of a record by hand, as docs/formats/record.md draws them.
std::string ByHand(uint8_t version, uint8_t status, const std::string& fields) {
  std::string bytes(1, static_cast<char>(version));
  bytes += std::string("\x04\x03\x02\x01", 4);
  bytes.push_back('\x02');
  bytes.push_back(static_cast<char>(status));
  return bytes + fields;
}

std::string FieldBytes(uint8_t field, const std::string& text) {
  std::string bytes(1, static_cast<char>(field));
  PutU16(bytes, static_cast<uint16_t>(text.size()));
  return bytes + text;
}

TEST_CASE("EncodeRecord: writes exactly the bytes that the format draws") {
  ContactRecord record;
  record.row = 0x01020304;
  record.ordinal = 2;
  record.status = Status::kUnsubscribed;
  record[Field::kZip] = "02139";
  record[Field::kEmail] = "ada@example.com";
  REQUIRE(Encoded(record) ==
          ByHand(1, 2, FieldBytes(1, "ada@example.com") + FieldBytes(14, "02139")));
}

TEST_CASE("EncodeRecord: the example of docs/formats/record.md", "[vector]") {
  ContactRecord record;
  record.row = 1;
  record.status = Status::kSubscribed;
  record[Field::kEmail] = "ada@example.com";
  record[Field::kZip] = "02139";
  REQUIRE(HexEncode(AsBytes(Encoded(record))) ==
          "01010000000001010f00616461406578616d706c652e636f6d0e05003032313339");
}

TEST_CASE("DecodeRecord: gives back what was encoded, field by field and at random") {
  ContactRecord back;
  REQUIRE_OK(DecodeRecord(Encoded(Full()), back));
  REQUIRE(Equal(back, Full()));
  REQUIRE_OK(DecodeRecord(Encoded(FullOfList()), back));
  REQUIRE(Equal(back, FullOfList()));
  REQUIRE_OK(DecodeRecord(Encoded(ContactRecord()), back));
  REQUIRE(Equal(back, ContactRecord()));

  std::mt19937 random(7);
  for (int run = 0; run < 2000; ++run) {
    ContactRecord record;
    record.row = static_cast<uint32_t>(random());
    record.ordinal = static_cast<uint8_t>(random());
    record.status = static_cast<Status>(random() % 9);
    for (size_t i = 1; i < kFieldCount; ++i) {
      if (random() % 3 != 0) continue;
      for (auto n = random() % 90; n > 0; --n)
        record.fields[i].push_back(static_cast<char>('!' + random() % 90));
    }
    REQUIRE_OK(DecodeRecord(Encoded(record), back));
    REQUIRE(Equal(back, record));
  }
}

TEST_CASE("EncodeRecord: appends, so that many records share a buffer") {
  std::string bytes = "before";
  REQUIRE_OK(EncodeRecord(Full(), bytes));
  REQUIRE(bytes == "before" + Encoded(Full()));
}

TEST_CASE("EncodeRecord: a voter file's field makes version 2, and nothing else does") {
  ContactRecord record;
  record.row = 0x01020304;
  record.ordinal = 2;
  record[Field::kVoterFileId] = "NC1";
  const std::string id = FieldBytes(22, "NC1");
  REQUIRE(Encoded(record) == ByHand(1, 0, id));
  record[Field::kVoteHistory] = "2024-11-05 general";
  REQUIRE(Encoded(record) == ByHand(2, 0, id + FieldBytes(45, "2024-11-05 general")));
  for (size_t i = 1; i < kFieldCount; ++i) {
    ContactRecord one;
    one.fields[i] = "x";
    REQUIRE(Encoded(one)[0] == (i <= 32 ? 1 : 2));
  }
}

TEST_CASE("DecodeRecord: refuses every truncation and every byte too many") {
  const bool of_list = GENERATE(true, false);
  const std::string bytes = Encoded(of_list ? FullOfList() : Full());
  ContactRecord back;
  // A cut between two fields leaves a record of fewer fields, which is one unless it is of version
  // 2 and has lost what makes it so; every other cut is refused.
  std::set<size_t> whole;
  if (of_list) whole.insert(7);
  for (size_t at = 7; at < bytes.size();) {
    const auto field = static_cast<Field>(bytes[at]);
    at += 3 + static_cast<uint8_t>(bytes[at + 1]);
    if (of_list || field > kLastListField) whole.insert(at);
  }
  for (size_t n = 0; n < bytes.size(); ++n) {
    if (whole.count(n) > 0) {
      REQUIRE_OK(DecodeRecord(bytes.substr(0, n), back));
      REQUIRE(Encoded(back) == bytes.substr(0, n));
    } else {
      REQUIRE_REASON(DecodeRecord(bytes.substr(0, n), back), v1::RECORD_MALFORMED);
      REQUIRE(Equal(back, ContactRecord()));
    }
  }
  REQUIRE_REASON(DecodeRecord(bytes + '\0', back), v1::RECORD_MALFORMED);
  REQUIRE_REASON(DecodeRecord(bytes + "\x01\x01\x00x", back), v1::RECORD_MALFORMED);
}

TEST_CASE("DecodeRecord: accepts one encoding only") {
  ContactRecord back;
  const std::string good = FieldBytes(1, "a@b.example");
  REQUIRE_OK(DecodeRecord(ByHand(1, 0, good), back));
  SECTION("a version that does not exist") {
    const uint8_t version = GENERATE(uint8_t{0}, uint8_t{3}, uint8_t{255});
    REQUIRE_REASON(DecodeRecord(ByHand(version, 0, good), back), v1::RECORD_MALFORMED);
  }
  SECTION("version 2 without a field of its own") {
    REQUIRE_REASON(DecodeRecord(ByHand(2, 0, good), back), v1::RECORD_MALFORMED);
    REQUIRE_REASON(DecodeRecord(ByHand(2, 0, ""), back), v1::RECORD_MALFORMED);
    REQUIRE_OK(DecodeRecord(ByHand(2, 0, good + FieldBytes(33, "12")), back));
  }
  SECTION("version 1 with a field of version 2") {
    for (uint8_t i = 33; i < kFieldCount; ++i) {
      REQUIRE_REASON(DecodeRecord(ByHand(1, 0, good + FieldBytes(i, "x")), back),
                     v1::RECORD_MALFORMED);
      REQUIRE_OK(DecodeRecord(ByHand(2, 0, good + FieldBytes(i, "x")), back));
    }
  }
  SECTION("an unknown status") {
    REQUIRE_REASON(DecodeRecord(ByHand(1, 9, good), back), v1::RECORD_MALFORMED);
  }
  SECTION("field zero") {
    REQUIRE_REASON(DecodeRecord(ByHand(1, 0, FieldBytes(0, "x")), back), v1::RECORD_MALFORMED);
  }
  SECTION("an unknown field") {
    REQUIRE_REASON(DecodeRecord(ByHand(1, 0, FieldBytes(kFieldCount, "x")), back),
                   v1::RECORD_MALFORMED);
    REQUIRE_REASON(DecodeRecord(ByHand(2, 0, FieldBytes(kFieldCount, "x")), back),
                   v1::RECORD_MALFORMED);
  }
  SECTION("a field twice") {
    REQUIRE_REASON(DecodeRecord(ByHand(1, 0, good + good), back), v1::RECORD_MALFORMED);
  }
  SECTION("fields out of order") {
    REQUIRE_REASON(DecodeRecord(ByHand(1, 0, FieldBytes(2, "x") + good), back),
                   v1::RECORD_MALFORMED);
  }
  SECTION("an empty field") {
    REQUIRE_REASON(DecodeRecord(ByHand(1, 0, FieldBytes(1, "")), back), v1::RECORD_MALFORMED);
  }
  SECTION("a field too long") {
    const std::string longest(kFieldBytesMax, 'x');
    REQUIRE_OK(DecodeRecord(ByHand(1, 0, FieldBytes(1, longest)), back));
    REQUIRE_REASON(DecodeRecord(ByHand(1, 0, FieldBytes(1, longest + "x")), back),
                   v1::RECORD_MALFORMED);
  }
  SECTION("bytes that are no text") {
    REQUIRE_REASON(DecodeRecord(ByHand(1, 0, FieldBytes(1, "a\xff")), back), v1::RECORD_MALFORMED);
    REQUIRE_REASON(DecodeRecord(ByHand(1, 0, FieldBytes(1, std::string("a\0b", 3))), back),
                   v1::RECORD_MALFORMED);
  }
  SECTION("more than a record may have") {
    std::string fields;
    for (uint8_t i = 1; i <= 4; ++i) fields += FieldBytes(i, std::string(1000, 'x'));
    REQUIRE_REASON(DecodeRecord(ByHand(1, 0, fields), back), v1::RECORD_TOO_LARGE);
  }
}

TEST_CASE("EncodeRecord: refuses what would not decode, naming the field and never its text") {
  ContactRecord record;
  std::string bytes;
  record.row = 12;
  record[Field::kCity] = std::string(kFieldBytesMax + 1, 'q');
  const absl::Status status = EncodeRecord(record, bytes);
  REQUIRE_REASON(status, v1::FIELD_TOO_LONG);
  REQUIRE(status.message().find("row 12") != absl::string_view::npos);
  REQUIRE(status.message().find("city") != absl::string_view::npos);
  REQUIRE(status.message().find("qq") == absl::string_view::npos);
  REQUIRE(bytes.empty());
  for (Field field : {Field::kCity, Field::kTags, Field::kSource, Field::kConsent})
    record[field].assign(1000, 'x');
  REQUIRE_REASON(EncodeRecord(record, bytes), v1::RECORD_TOO_LARGE);
  REQUIRE(bytes.empty());
}

TEST_CASE("ContactRecord: clearing empties every field and keeps the room") {
  ContactRecord record = Full();
  record[Field::kTags].assign(500, 'x');
  const size_t room = record[Field::kTags].capacity();
  record.Clear();
  REQUIRE(Equal(record, ContactRecord()));
  REQUIRE(record[Field::kTags].capacity() == room);
}

TEST_CASE("Field names: each has one of its own and is read back") {
  std::set<std::string> names;
  for (size_t i = 1; i < kFieldCount; ++i) {
    const Field field = static_cast<Field>(i);
    Field back = Field::kEmail;
    REQUIRE(ParseFieldName(FieldName(field), &back));
    REQUIRE(back == field);
    names.emplace(FieldName(field));
  }
  REQUIRE(names.size() == kFieldCount - 1);
  Field field = Field::kEmail;
  REQUIRE_FALSE(ParseFieldName("", &field));
  REQUIRE_FALSE(ParseFieldName("shoe_size", &field));
  REQUIRE(FieldName(static_cast<Field>(kFieldCount)).empty());
}

TEST_CASE("Statuses: only subscribed and unknown are neither suppressions nor exclusions") {
  for (uint8_t i = 0; i < 9; ++i) {
    const Status status = static_cast<Status>(i);
    REQUIRE_FALSE(StatusName(status).empty());
    const bool mailable = status == Status::kUnknown || status == Status::kSubscribed;
    REQUIRE((IsSuppression(status) || IsExclusion(status)) == !mailable);
    REQUIRE_FALSE((IsSuppression(status) && IsExclusion(status)));
  }
  REQUIRE(IsExclusion(Status::kDoNotShare));
  REQUIRE(IsSuppression(Status::kUnsubscribed));
}

}  // namespace
}  // namespace muster::contact
