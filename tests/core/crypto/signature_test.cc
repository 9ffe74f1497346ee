// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/signature.h"

#include "tests/support/vectors.h"

namespace muster::crypto {
namespace {

using testing::Flipped;
using testing::Must;
using testing::Unhex;

SigningKey FromSeedHex(std::string_view hex) {
  return Must(SigningKey::FromSeed(SecretBytes::CopyOf(AsBytes(Unhex(hex)))));
}

TEST_CASE("Signing gives RFC 8032's first and third signature", "[crypto][vector]") {
  const SigningKey first =
      FromSeedHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  CHECK(HexEncode(first.verify_key().bytes) ==
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  CHECK(HexEncode(AsBytes(first.Sign("", ""))) ==
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46b"
        "d25bf5f0595bbe24655141438e7a100b");
  const SigningKey third =
      FromSeedHex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
  CHECK(HexEncode(third.verify_key().bytes) ==
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  const std::string expected =
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
      "c659"
      "4a7c15e9716ed28dc027beceea1ec40a";
  CHECK(HexEncode(AsBytes(third.Sign("", "\xaf\x82"))) == expected);
  CHECK(HexEncode(AsBytes(third.Sign("\xaf", "\x82"))) == expected);
  CHECK(HexEncode(AsBytes(third.Sign("\xaf\x82", ""))) == expected);
}

TEST_CASE("Verification passes Wycheproof", "[crypto][vector]") {
  const auto vectors = testing::ReadVectors("wycheproof/ed25519_test.json");
  int ran = 0;
  for (const auto& group : vectors["testGroups"]) {
    const std::string raw = Unhex(group["publicKey"]["pk"].get<std::string>());
    const VerifyKey key = Must(ParseVerifyKey(raw));
    for (const auto& test : group["tests"]) {
      CAPTURE(test["tcId"].get<int>());
      const absl::Status status = Verify(key, "", Unhex(test["msg"].get<std::string>()),
                                         Unhex(test["sig"].get<std::string>()));
      if (test["result"] == "valid") {
        REQUIRE_OK(status);
      } else {
        REQUIRE_REASON(status, v1::SIGNATURE_INVALID);
      }
      ++ran;
    }
  }
  CHECK(ran == 151);
}

// Verifiers in the world disagree about every one of these but the clean one. Because no key with a
// component of low order gets past ParseVerifyKey, no signature can divide them over us.
TEST_CASE("Of CCTV's edge cases only the clean one is taken", "[crypto][vector]") {
  const auto vectors = testing::ReadVectors("ed25519-cctv/ed25519vectors.json");
  int taken = 0;
  int verified_under_a_refused_key = 0;
  for (const auto& vector : vectors) {
    CAPTURE(vector["number"].get<int>());
    const std::string raw = Unhex(vector["key"].get<std::string>());
    const std::string message = vector["msg"].get<std::string>();
    const std::string signature = Unhex(vector["sig"].get<std::string>());
    const bool clean = vector["flags"].is_null() || vector["flags"].empty();
    const auto key = ParseVerifyKey(raw);
    const bool accepted = key.ok() && Verify(*key, "", message, signature).ok();
    CHECK(accepted == clean);
    taken += accepted ? 1 : 0;
    if (!key.ok()) {
      CHECK(ReasonOf(key.status()) == v1::KEY_LOW_ORDER);
      const VerifyKey unchecked{*ToArray<32>(raw)};
      if (Verify(unchecked, "", message, signature).ok()) ++verified_under_a_refused_key;
    }
  }
  CHECK(vectors.size() == 914);
  CHECK(taken == 1);
  CHECK(verified_under_a_refused_key == 42);  // why the key must be checked
}

TEST_CASE("A key of another size is malformed", "[crypto]") {
  REQUIRE_REASON(ParseVerifyKey(""), v1::KEY_MALFORMED);
  REQUIRE_REASON(ParseVerifyKey(std::string(31, 'x')), v1::KEY_MALFORMED);
  REQUIRE_REASON(ParseVerifyKey(std::string(33, 'x')), v1::KEY_MALFORMED);
  REQUIRE_REASON(SigningKey::FromSeed(SecretBytes::Zeroed(31)), v1::KEY_MALFORMED);
  REQUIRE_REASON(SigningKey::FromSeed(SecretBytes::Zeroed(64)), v1::KEY_MALFORMED);
}

TEST_CASE("A signature is for one purpose, one message, one key", "[crypto]") {
  const SigningKey key = SigningKey::Generate();
  const std::string signature = key.Sign("muster/batch/v1\n", "message");
  REQUIRE(signature.size() == 64);
  REQUIRE_OK(Verify(key.verify_key(), "muster/batch/v1\n", "message", signature));
  REQUIRE_REASON(Verify(key.verify_key(), "muster/statement/v1\n", "message", signature),
                 v1::SIGNATURE_INVALID);
  REQUIRE_REASON(Verify(key.verify_key(), "", "message", signature), v1::SIGNATURE_INVALID);
  REQUIRE_REASON(Verify(key.verify_key(), "muster/batch/v1\n", "massage", signature),
                 v1::SIGNATURE_INVALID);
  REQUIRE_REASON(
      Verify(SigningKey::Generate().verify_key(), "muster/batch/v1\n", "message", signature),
      v1::SIGNATURE_INVALID);
  for (size_t i = 0; i < signature.size(); ++i) {
    REQUIRE_REASON(Verify(key.verify_key(), "muster/batch/v1\n", "message",
                          Flipped(signature, i, static_cast<int>(i % 8))),
                   v1::SIGNATURE_INVALID);
    REQUIRE_REASON(Verify(key.verify_key(), "muster/batch/v1\n", "message", signature.substr(0, i)),
                   v1::SIGNATURE_INVALID);
  }
  REQUIRE_REASON(Verify(key.verify_key(), "muster/batch/v1\n", "message", signature + "x"),
                 v1::SIGNATURE_INVALID);
}

TEST_CASE("A key made again from its seed signs the same", "[crypto]") {
  const SigningKey key = SigningKey::Generate();
  const SigningKey again = Must(SigningKey::FromSeed(key.seed()));
  CHECK(again.verify_key() == key.verify_key());
  CHECK(again.Sign("p", "m") == key.Sign("p", "m"));
  CHECK(key.Clone().Sign("p", "m") == key.Sign("p", "m"));
  CHECK_FALSE(SigningKey::Generate().verify_key() == key.verify_key());
  REQUIRE_OK(ParseVerifyKey(AsText(key.verify_key().bytes)));
}

}  // namespace
}  // namespace muster::crypto
