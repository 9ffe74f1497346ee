// SPDX-License-Identifier: Apache-2.0
#include "core/base/bytes.h"

#include <catch2/catch.hpp>
#include <random>

namespace muster {
namespace {

std::string RandomBytes(std::mt19937& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

TEST_CASE("Base64 agrees with RFC 4648 section 10", "[base][vector]") {
  const auto [plain, encoded] = GENERATE(table<std::string, std::string>({{"", ""},
                                                                          {"f", "Zg=="},
                                                                          {"fo", "Zm8="},
                                                                          {"foo", "Zm9v"},
                                                                          {"foob", "Zm9vYg=="},
                                                                          {"fooba", "Zm9vYmE="},
                                                                          {"foobar", "Zm9vYmFy"}}));
  CHECK(Base64Encode(AsBytes(plain)) == encoded);
  CHECK(Base64Decode(encoded) == plain);
  const std::string unpadded = encoded.substr(0, encoded.find('='));
  CHECK(Base64UrlEncode(AsBytes(plain)) == unpadded);
  CHECK(Base64UrlDecode(unpadded) == plain);
  if (unpadded != encoded) {
    CHECK_FALSE(Base64Decode(unpadded).has_value());
    CHECK_FALSE(Base64UrlDecode(encoded).has_value());
  }
}

TEST_CASE("Base64 takes the one canonical form only", "[base]") {
  const auto text = GENERATE("Zh==", "Zg=", "Zg===", "Z", "Zg==\n",
                             " Zg==", "Zg ==", "Zm9v====", "Zm9.", "Zm9*", "=Zg=", "Zg==Zg==");
  CHECK_FALSE(Base64Decode(text).has_value());
  CHECK_FALSE(Base64UrlDecode(text).has_value());
}

TEST_CASE("The two Base64 alphabets do not stand for each other", "[base]") {
  const std::string bytes = "\xfb\xff\xfe";
  CHECK(Base64Encode(AsBytes(bytes)) == "+//+");
  CHECK(Base64UrlEncode(AsBytes(bytes)) == "-__-");
  CHECK_FALSE(Base64Decode("-__-").has_value());
  CHECK_FALSE(Base64UrlDecode("+//+").has_value());
}

TEST_CASE("Every encoding takes back what it wrote", "[base][oracle]") {
  std::mt19937 random(1);
  for (size_t size = 0; size < 70; ++size) {
    const std::string bytes = RandomBytes(random, size);
    CHECK(HexDecode(HexEncode(AsBytes(bytes))) == bytes);
    CHECK(Base64Decode(Base64Encode(AsBytes(bytes))) == bytes);
    CHECK(Base64UrlDecode(Base64UrlEncode(AsBytes(bytes))) == bytes);
    CHECK(Base32Decode(Base32Encode(AsBytes(bytes))) == bytes);
  }
}

TEST_CASE("Hex is written in lowercase and read in either", "[base]") {
  CHECK(HexEncode(AsBytes("\x01\xab\xff")) == "01abff");
  CHECK(HexDecode("01ABff") == "\x01\xab\xff");
  CHECK_FALSE(HexDecode("0").has_value());
  CHECK_FALSE(HexDecode("0g").has_value());
  CHECK_FALSE(HexDecode("0x01").has_value());
  CHECK_FALSE(HexDecode(" 01").has_value());
}

TEST_CASE("Base32 is Crockford's, and refuses bits that no byte holds", "[base]") {
  CHECK(Base32Encode(AsBytes(std::string_view("\0\0\0\0\0\0\0\0", 8))) == "0000000000000");
  CHECK(Base32Encode(AsBytes("\xff\xff\xff\xff\xff\xff\xff\xff")) == "zzzzzzzzzzzzy");
  CHECK_FALSE(Base32Decode("zzzzzzzzzzzzz").has_value());  // the last bit is no byte's
  CHECK_FALSE(Base32Decode("0").has_value());
  const auto bad = GENERATE("0i", "0l", "0o", "0u", "ZZ", "0-", "0\n");
  CHECK_FALSE(Base32Decode(bad).has_value());
}

TEST_CASE("Integers are little-endian unless they say otherwise", "[base]") {
  std::string out;
  PutU8(out, 0x01);
  PutU16(out, 0x0302);
  PutU32(out, 0x07060504);
  PutU64(out, 0x0f0e0d0c0b0a0908);
  PutBe32(out, 0x10111213);
  PutBe64(out, 0x1415161718191a1b);
  REQUIRE(out.size() == 27);
  for (size_t i = 0; i < out.size(); ++i) CHECK(static_cast<uint8_t>(out[i]) == i + 1);

  ByteReader reader(out);
  CHECK(reader.U8() == 0x01);
  CHECK(reader.U16() == 0x0302);
  CHECK(reader.U32() == 0x07060504);
  CHECK(reader.U64() == 0x0f0e0d0c0b0a0908);
  CHECK(reader.Be32() == 0x10111213);
  CHECK_FALSE(reader.Done());
  CHECK(reader.Be64() == 0x1415161718191a1b);
  CHECK(reader.Done());
}

TEST_CASE("A reader that ran past the end stays failed and gives zeros", "[base]") {
  ByteReader reader("\x01\x02\x03");
  CHECK(reader.U16() == 0x0201);
  CHECK(reader.U32() == 0);
  CHECK(reader.failed());
  CHECK(reader.U8() == 0);  // though a byte is there
  CHECK(reader.Take(1).empty());
  CHECK(reader.Array<1>() == std::array<uint8_t, 1>{0});
  CHECK_FALSE(reader.Done());
}

TEST_CASE("A reader is done only when nothing is left over", "[base]") {
  ByteReader reader("abc");
  CHECK(reader.Take(2) == "ab");
  CHECK_FALSE(reader.Done());
  CHECK(reader.remaining() == 1);
  CHECK(reader.Array<1>() == std::array<uint8_t, 1>{'c'});
  CHECK(reader.Done());
}

TEST_CASE("ToArray copies the exact size only", "[base]") {
  CHECK(ToArray<2>("ab") == std::array<uint8_t, 2>{'a', 'b'});
  CHECK_FALSE(ToArray<2>("a").has_value());
  CHECK_FALSE(ToArray<2>("abc").has_value());
}

}  // namespace
}  // namespace muster
