// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/group.h"

#include <vector>

#include "tests/support/vectors.h"

namespace muster::crypto {
namespace {

using testing::Must;
using testing::Unhex;

Scalar Small(uint8_t n) {
  SecretBytes raw = SecretBytes::Zeroed(32);
  raw.MutableExposeSecret()[0] = n;
  return Must(Scalar::FromBytes(raw));
}

TEST_CASE("Multiples of the base point are RFC 9496's", "[crypto][vector]") {
  const std::vector<std::string> multiples = {
      "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
      "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
      "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259"};
  const Point base = Small(1).TimesBase();
  for (size_t i = 0; i < multiples.size(); ++i) {
    const Scalar scalar = Small(static_cast<uint8_t>(i + 1));
    CHECK(HexEncode(scalar.TimesBase().bytes) == multiples[i]);
    CHECK(HexEncode(Must(scalar.Times(base)).bytes) == multiples[i]);
    CHECK(HexEncode(Must(ParsePoint(Unhex(multiples[i]))).bytes) == multiples[i]);
  }
}

TEST_CASE("Encodings that RFC 9496 calls invalid are refused", "[crypto][vector]") {
  const auto hex = GENERATE(
      // not canonical field elements
      "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      // negative field elements
      "0100000000000000000000000000000000000000000000000000000000000000",
      "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
      // s = -1, which makes y = 0
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
  CAPTURE(hex);
  REQUIRE_REASON(ParsePoint(Unhex(hex)), v1::KEY_MALFORMED);
}

TEST_CASE("The identity is no key, and neither is anything of another size", "[crypto]") {
  REQUIRE_REASON(ParsePoint(std::string(32, '\0')), v1::KEY_LOW_ORDER);
  REQUIRE_REASON(ParsePoint(""), v1::KEY_MALFORMED);
  const std::string good = ToString(Scalar::Random().TimesBase().bytes);
  REQUIRE_OK(ParsePoint(good));
  REQUIRE_REASON(ParsePoint(good + '\0'), v1::KEY_MALFORMED);
  REQUIRE_REASON(ParsePoint(good.substr(1)), v1::KEY_MALFORMED);
  REQUIRE_REASON(Scalar::Random().Times(Point{}), v1::KEY_LOW_ORDER);
}

TEST_CASE("Two scalars meet in one point whichever goes first", "[crypto][oracle]") {
  for (int i = 0; i < 20; ++i) {
    const Scalar a = Scalar::Random();
    const Scalar b = Scalar::Random();
    CHECK(Must(a.Times(b.TimesBase())) == Must(b.Times(a.TimesBase())));
  }
}

TEST_CASE("A scalar is read when it is canonical and not zero", "[crypto]") {
  const Scalar scalar = Scalar::Random();
  CHECK(Must(Scalar::FromBytes(scalar.raw())).TimesBase() == scalar.TimesBase());
  const auto [hex, fine] = GENERATE(table<std::string, bool>(
      {{"0000000000000000000000000000000000000000000000000000000000000000", false},
       {"ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
        true},  // the order less one
       {"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", false},  // the order
       {"eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", false},
       {"0100000000000000000000000000000000000000000000000000000000000080", false},
       {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false}}));
  CAPTURE(hex);
  const auto read = Scalar::FromBytes(SecretBytes::CopyOf(AsBytes(Unhex(hex))));
  if (fine) {
    REQUIRE_OK(read);
  } else {
    REQUIRE_REASON(read, v1::KEY_MALFORMED);
  }
  REQUIRE_REASON(Scalar::FromBytes(SecretBytes::Random(31)), v1::KEY_MALFORMED);
  REQUIRE_REASON(Scalar::FromBytes(SecretBytes()), v1::KEY_MALFORMED);
}

}  // namespace
}  // namespace muster::crypto
