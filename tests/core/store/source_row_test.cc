// SPDX-License-Identifier: Apache-2.0
#include "core/store/source_row.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/support/status.h"

namespace muster::store {
namespace {

using testing::Must;

template <size_t N>
std::array<uint8_t, N> Filled(uint8_t first) {
  std::array<uint8_t, N> out;
  for (size_t i = 0; i < N; ++i) out[i] = static_cast<uint8_t>(first + i);
  return out;
}

SourceRow FullRow() {
  SourceRow row;
  row.status = contact::Status::kSubscribed;
  row.row = 0x01020304;
  row.ordinal = 2;
  row.consent = Filled<8>(0x10);
  row.subscribed_day = 18263;
  row.activity_day = 19000;
  row.zip5 = 62704;
  row.state = {'I', 'L'};
  row.phone.bytes = Filled<16>(0x20);
  row.mail_domain = Filled<8>(0x40);
  PutU8(row.features, 1);
  PutU16(row.features, 3);
  row.features += "abc";
  PutU8(row.features, 9);
  PutU16(row.features, 0);
  return row;
}

SourceKey RandomKey(std::mt19937& random) {
  SourceKey key;
  key.token.bytes[0] = static_cast<uint8_t>(random() % 3);
  key.token.bytes[15] = static_cast<uint8_t>(random());
  key.member.bytes[7] = static_cast<uint8_t>(random() % 3);
  key.upload.bytes[0] = static_cast<uint8_t>(random() % 3);
  key.place.sequence = static_cast<uint32_t>(random() % 2 == 0 ? random() % 300 : random());
  key.place.index = static_cast<uint16_t>(random());
  return key;
}

}  // namespace

TEST_CASE("SourceRow: the bytes of version 1 stay what they are", "[store][vector]") {
  std::string bytes;
  AppendSourceRow(FullRow(), bytes);
  REQUIRE(HexEncode(AsBytes(bytes)) ==
          "010102040302011011121314151617"
          "57470000384a0000f0f40000494c"
          "202122232425262728292a2b2c2d2e2f4041424344454647"
          "010300616263090000");
  std::string key;
  AppendSourceKey({{Filled<16>(0)}, {Filled<8>(0x50)}, {Filled<8>(0x60)}, {0x01020304, 0x0506}},
                  key);
  REQUIRE(HexEncode(AsBytes(key)) ==
          "000102030405060708090a0b0c0d0e0f50515253545556576061626364656667010203040506");
  REQUIRE(key.size() == kSourceKeyBytes);
  key.clear();
  AppendUploadContactKey({{Filled<8>(0x60)}, {Filled<16>(0)}, {1, 2}}, key);
  REQUIRE(HexEncode(AsBytes(key)) ==
          "6061626364656667000102030405060708090a0b0c0d0e0f000000010002");
  REQUIRE(key.size() == kUploadContactKeyBytes);
  std::string value;
  AppendUploadContact(
      {UploadContactKind::kSuppression, contact::Status::kComplained, {Filled<16>(1)}}, value);
  REQUIRE(HexEncode(AsBytes(value)) == "01030102030405060708090a0b0c0d0e0f10");
  REQUIRE(HexEncode(AsBytes(SuppressionValue(contact::Status::kUnsubscribed, 20000))) ==
          "02204e0000");
}

TEST_CASE("SourceRow: what was written is read, and nothing cut or unknown is", "[store]") {
  std::string bytes;
  const SourceRow row = FullRow();
  AppendSourceRow(row, bytes);
  REQUIRE((Must(DecodeSourceRow(bytes)) == row));
  const size_t fixed = bytes.size() - row.features.size();
  for (size_t size = 0; size < bytes.size(); ++size) {
    INFO(size);
    // Without some or all of its features it is a row as well, when cut between two.
    const bool whole = size == fixed || size == fixed + 6;
    REQUIRE(DecodeSourceRow(bytes.substr(0, size)).ok() == whole);
  }
  for (const auto& [at, value] :
       std::vector<std::pair<size_t, char>>{{0, 0}, {0, 2}, {1, 9}, {fixed, 10}}) {
    std::string bad = bytes;
    bad[at] = value;
    REQUIRE_REASON(DecodeSourceRow(bad), v1::STORE_CORRUPT);
  }
  REQUIRE((Must(DecodeSourceRow([] {
             std::string empty;
             AppendSourceRow({}, empty);
             return empty;
           }())) == SourceRow{}));
}

TEST_CASE("SourceRow: keys sort as their fields do, in both families", "[store]") {
  std::mt19937 random(5);
  std::vector<SourceKey> keys;
  for (int i = 0; i < 500; ++i) keys.push_back(RandomKey(random));
  std::sort(keys.begin(), keys.end());
  std::string last, last_of_upload;
  for (SourceKey key : keys) {
    std::string bytes;
    AppendSourceKey(key, bytes);
    REQUIRE(bytes >= last);
    REQUIRE((Must(DecodeSourceKey(bytes)) == key));
    REQUIRE_REASON(DecodeSourceKey(bytes.substr(1)), v1::STORE_CORRUPT);
    REQUIRE_REASON(DecodeSourceKey(bytes + "x"), v1::STORE_CORRUPT);
    last = bytes;
  }
  // The rows of one upload have the same order in both.
  std::erase_if(keys, [&](const SourceKey& key) {
    return key.upload != keys[0].upload || key.member != keys[0].member;
  });
  for (const SourceKey& key : keys) {
    std::string bytes;
    AppendUploadContactKey({key.upload, key.token, key.place}, bytes);
    REQUIRE(bytes >= last_of_upload);
    const UploadContactKey read = Must(DecodeUploadContactKey(bytes));
    REQUIRE((read.token == key.token && read.upload == key.upload && read.place == key.place));
    REQUIRE_REASON(DecodeUploadContactKey(bytes.substr(1)), v1::STORE_CORRUPT);
    last_of_upload = bytes;
  }
}

TEST_CASE("SourceRow: an upload contact is strict about kind, status and size", "[store]") {
  for (const UploadContact& contact :
       {UploadContact{UploadContactKind::kContact, contact::Status::kUnknown, {}},
        UploadContact{UploadContactKind::kSuppression, contact::Status::kDoNotEmail, {}},
        UploadContact{
            UploadContactKind::kSuppression, contact::Status::kUnsubscribed, {Filled<16>(3)}}}) {
    std::string bytes;
    AppendUploadContact(contact, bytes);
    const UploadContact read = Must(DecodeUploadContact(bytes));
    REQUIRE((read.kind == contact.kind && read.status == contact.status &&
             read.suppression == contact.suppression));
    for (size_t size = 0; size < bytes.size(); ++size) {
      if (size != 2) REQUIRE_REASON(DecodeUploadContact(bytes.substr(0, size)), v1::STORE_CORRUPT);
    }
    REQUIRE_REASON(DecodeUploadContact(bytes + "x"), v1::STORE_CORRUPT);
    for (const size_t at : {size_t{0}, size_t{1}}) {
      std::string bad = bytes;
      bad[at] = 17;
      REQUIRE_REASON(DecodeUploadContact(bad), v1::STORE_CORRUPT);
    }
  }
}

}  // namespace muster::store
