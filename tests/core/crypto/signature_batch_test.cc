// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/signature_batch.h"

#include <sodium.h>

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

// A batch of this signature alone, and of it among `others` good ones.
bool HoldsAlone(const VerifyKey& key, std::string_view message, std::string_view signature) {
  SignatureBatch batch;
  batch.Add(key, "", message, signature);
  return batch.Verify();
}
bool HoldsAmong(const std::vector<Signed>& others, const VerifyKey& key, std::string_view message,
                std::string_view signature) {
  SignatureBatch batch;
  for (size_t i = 0; i < others.size() / 2; ++i)
    batch.Add(others[i].key->verify_key(), "purpose\n", others[i].message, others[i].signature);
  batch.Add(key, "", message, signature);
  for (size_t i = others.size() / 2; i < others.size(); ++i)
    batch.Add(others[i].key->verify_key(), "purpose\n", others[i].message, others[i].signature);
  return batch.Verify();
}

TEST_CASE("Of the edge cases that others disagree on, a batch says what Verify says",
          "[crypto][vector]") {
  const auto vectors = testing::ReadJson(testing::VectorsPath("ed25519-cctv/ed25519vectors.json"));
  std::vector<SigningKey> keys;
  keys.push_back(SigningKey::Generate());
  const std::vector<Signed> others = Many(keys, 80);
  int ran = 0, refused_keys = 0, held = 0;
  for (const auto& test : vectors) {
    CAPTURE(test["number"].get<int>());
    const auto key = ParseVerifyKey(Unhex(test["key"].get<std::string>()));
    if (!key.ok()) {
      ++refused_keys;
      continue;
    }
    const std::string message = test["msg"].get<std::string>();
    const std::string signature = Unhex(test["sig"].get<std::string>());
    const bool holds = Verify(*key, "", message, signature).ok();
    CHECK(HoldsAlone(*key, message, signature) == holds);
    CHECK(HoldsAmong(others, *key, message, signature) == holds);
    // What the group's order does not kill is refused by all, and the one without a flag is taken.
    if (test["flags"].is_null() || test["flags"].empty()) CHECK(holds);
    if (holds) ++held;
    ++ran;
  }
  CHECK(ran + refused_keys == 914);
  CHECK(ran > 0);
  CHECK(held == 1);
}

// A signature whose R its own signer bent by `bend`: with the cofactor it holds, without it does
// not.
struct Bent {
  VerifyKey key;
  std::string signature;
};
Bent SignBent(std::string_view message, const std::optional<Bytes32>& bend) {
  Bytes32 a, r, h;
  crypto_core_ed25519_scalar_random(a.data());
  crypto_core_ed25519_scalar_random(r.data());
  Bent bent;
  REQUIRE(crypto_scalarmult_ed25519_base_noclamp(bent.key.bytes.data(), a.data()) == 0);
  Bytes32 point;
  REQUIRE(crypto_scalarmult_ed25519_base_noclamp(point.data(), r.data()) == 0);
  if (bend.has_value()) {
    Bytes32 sum;
    REQUIRE(crypto_core_ed25519_add(sum.data(), point.data(), bend->data()) == 0);
    point = sum;
  }
  std::string bytes = ToString(point) + ToString(bent.key.bytes) + std::string(message);
  Bytes64 hash;
  crypto_hash_sha512(hash.data(), AsBytes(bytes).data(), bytes.size());
  crypto_core_ed25519_scalar_reduce(h.data(), hash.data());
  Bytes32 product, s;
  crypto_core_ed25519_scalar_mul(product.data(), h.data(), a.data());
  crypto_core_ed25519_scalar_add(s.data(), r.data(), product.data());
  bent.signature = ToString(point) + ToString(s);
  return bent;
}

TEST_CASE("A signature bent by a point of small order is refused, alone and among any number",
          "[crypto][fault]") {
  const std::vector<std::string> small = {
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"};
  std::vector<SigningKey> keys;
  for (int i = 0; i < 3; ++i) keys.push_back(SigningKey::Generate());
  const std::vector<Signed> few = Many(keys, 63), some = Many(keys, 64), many = Many(keys, 600);
  const Bent straight = SignBent("message", std::nullopt);
  REQUIRE_OK(Verify(straight.key, "", "message", straight.signature));
  CHECK(HoldsAlone(straight.key, "message", straight.signature));
  CHECK(HoldsAmong(many, straight.key, "message", straight.signature));
  for (const std::string& hex : small) {
    INFO(hex);
    // Whether the sum forgives it is chance: it has many.
    for (int round = 0; round < 20; ++round) {
      const Bent bent = SignBent("message", *ToArray<32>(Unhex(hex)));
      REQUIRE_REASON(Verify(bent.key, "", "message", bent.signature), v1::SIGNATURE_INVALID);
      REQUIRE_FALSE(HoldsAlone(bent.key, "message", bent.signature));
      REQUIRE_FALSE(HoldsAmong(few, bent.key, "message", bent.signature));
      REQUIRE_FALSE(HoldsAmong(some, bent.key, "message", bent.signature));
      REQUIRE_FALSE(HoldsAmong(many, bent.key, "message", bent.signature));
    }
  }
  // Several that would make up for one another if all had one factor.
  for (const size_t count : {2, 8, 100, 200}) {
    for (const std::string& hex : small) {
      for (int round = 0; round < 5; ++round) {
        SignatureBatch batch;
        for (size_t i = 0; i < count; ++i) {
          const std::string& bend = small[i % 2 == 0 ? 0 : static_cast<size_t>(&hex - &small[0])];
          const Bent bent = SignBent("m", *ToArray<32>(Unhex(bend)));
          batch.Add(bent.key, "", "m", bent.signature);
        }
        REQUIRE_FALSE(batch.Verify());
      }
    }
  }
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
