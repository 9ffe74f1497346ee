// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/signature_batch.h"

#include "core/crypto/edwards.h"
#include "core/crypto/hash.h"
#include "tests/support/vectors.h"

namespace muster::crypto {
namespace {

using testing::Must;
using testing::Unhex;

struct Signed {
  const SigningKey* key;
  std::string message;
  std::string signature;
};

std::vector<Signed> Many(const std::vector<SigningKey>& keys, size_t count) {
  std::vector<Signed> many;
  for (size_t i = 0; i < count; ++i) {
    Signed one{&keys[i % keys.size()], "message " + std::to_string(i), ""};
    one.signature = one.key->Sign("purpose\n", one.message);
    many.push_back(std::move(one));
  }
  return many;
}

bool Hold(const std::vector<Signed>& many) {
  SignatureBatch batch;
  for (const Signed& one : many)
    batch.Add(one.key->verify_key(), "purpose\n", one.message, one.signature);
  CHECK(batch.size() <= many.size());
  return batch.Verify();
}

TEST_CASE("A batch of good signatures holds, of any size and by any number of keys",
          "[crypto][oracle]") {
  CHECK(SignatureBatch().Verify());
  std::vector<SigningKey> keys;
  for (int i = 0; i < 7; ++i) keys.push_back(SigningKey::Generate());
  for (const size_t count : {1, 2, 3, 7, 64, 65, 300, 1000, 5000}) {
    INFO(count);
    CHECK(Hold(Many(keys, count)));
  }
}

TEST_CASE("One bit changed in one signature, key or message of a batch is noticed", "[crypto]") {
  std::vector<SigningKey> keys;
  for (int i = 0; i < 3; ++i) keys.push_back(SigningKey::Generate());
  const SigningKey other = SigningKey::Generate();
  const std::vector<Signed> good = Many(keys, 20);
  for (size_t bit = 0; bit < 512; ++bit) {
    std::vector<Signed> bent = good;
    std::string& signature = bent[bit % bent.size()].signature;
    signature[bit / 8] = static_cast<char>(signature[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE_FALSE(Hold(bent));
  }
  std::vector<Signed> bent = good;
  bent[3].message += "!";
  CHECK_FALSE(Hold(bent));
  bent = good;
  bent[19].key = &other;
  CHECK_FALSE(Hold(bent));
  bent = good;
  std::swap(bent[0].signature, bent[3].signature);  // both by the same key
  CHECK_FALSE(Hold(bent));
  bent = good;
  bent[5].signature.pop_back();
  CHECK_FALSE(Hold(bent));
  bent[5].signature.clear();
  CHECK_FALSE(Hold(bent));
  SignatureBatch of_another_purpose;
  for (const Signed& one : good)
    of_another_purpose.Add(one.key->verify_key(), "purpose2\n", one.message, one.signature);
  CHECK_FALSE(of_another_purpose.Verify());
}

TEST_CASE("A batch of one says what Verify says of every Wycheproof vector", "[crypto][vector]") {
  const auto vectors = testing::ReadVectors("wycheproof/ed25519_test.json");
  int ran = 0;
  for (const auto& group : vectors["testGroups"]) {
    const VerifyKey key = Must(ParseVerifyKey(Unhex(group["publicKey"]["pk"].get<std::string>())));
    for (const auto& test : group["tests"]) {
      CAPTURE(test["tcId"].get<int>());
      const std::string message = Unhex(test["msg"].get<std::string>());
      const std::string signature = Unhex(test["sig"].get<std::string>());
      SignatureBatch batch;
      batch.Add(key, "", message, signature);
      CHECK(batch.Verify() == Verify(key, "", message, signature).ok());
      ++ran;
    }
  }
  CHECK(ran == 151);
}

TEST_CASE("Points are decoded from their one encoding and from nothing else", "[crypto]") {
  size_t on_curve = 0;
  for (uint32_t i = 0; i < 2000; ++i) {
    const Bytes32 bytes = Blake2b256("point " + std::to_string(i));
    const auto point = edwards::Decode(bytes);
    if (!point.has_value()) continue;
    ++on_curve;
    // -x^2 + y^2 = 1 + d x^2 y^2
    const edwards::Field x2 = edwards::Square(point->x), y2 = edwards::Square(point->y);
    REQUIRE(edwards::Equal(y2 - x2, edwards::kOne + edwards::kD * x2 * y2));
    Bytes32 again = edwards::Encode(point->y);
    if ((edwards::Encode(point->x)[0] & 1) != 0) again[31] |= 0x80;
    REQUIRE(again == bytes);
  }
  CHECK(on_curve > 900);
  CHECK(on_curve < 1100);
  // p + 1 is 1 written otherwise; and 1 with the sign of a zero.
  Bytes32 one{};
  one[0] = 1;
  CHECK(edwards::Decode(one).has_value());
  CHECK(edwards::HasSmallOrder(*edwards::Decode(one)));
  one[31] = 0x80;
  CHECK_FALSE(edwards::Decode(one).has_value());
  Bytes32 p_plus_one;
  p_plus_one.fill(0xFF);
  p_plus_one[0] = 0xEE;
  p_plus_one[31] = 0x7F;
  CHECK_FALSE(edwards::Decode(p_plus_one).has_value());
}

TEST_CASE("Eight points have small order, and the base has not", "[crypto]") {
  for (const char* hex : {"0100000000000000000000000000000000000000000000000000000000000000",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "0000000000000000000000000000000000000000000000000000000000000000",
                          "0000000000000000000000000000000000000000000000000000000000000080",
                          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"}) {
    INFO(hex);
    const auto point = edwards::Decode(*ToArray<32>(Unhex(hex)));
    REQUIRE(point.has_value());
    CHECK(edwards::HasSmallOrder(*point));
    edwards::Point eightfold = *point;
    for (int i = 0; i < 3; ++i) eightfold = edwards::Double(eightfold);
    CHECK(edwards::IsIdentity(eightfold));
  }
  CHECK_FALSE(edwards::HasSmallOrder(edwards::Base()));
}

std::optional<edwards::Point> Decoded(const edwards::Point& point) {
  return edwards::Decode(edwards::Encode(point.y));
}

TEST_CASE("Additions, doublings and multiples agree with one another", "[crypto]") {
  const edwards::Point base = edwards::Base();
  CHECK(edwards::Equal(Decoded(base)->x, base.x));
  edwards::Point sum;
  for (int k = 0; k < 300; ++k) {
    Bytes32 scalar{};
    scalar[0] = static_cast<uint8_t>(k);
    scalar[1] = static_cast<uint8_t>(k >> 8);
    const edwards::Point multiple = edwards::Times(base, scalar);
    CHECK(edwards::IsIdentity(edwards::Add(sum, edwards::Negated(multiple))));
    sum = edwards::Add(sum, edwards::AddendOf(base));
  }
}

}  // namespace
}  // namespace muster::crypto
