// SPDX-License-Identifier: Apache-2.0
#include "core/token/token.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "core/crypto/hash.h"

namespace muster {
namespace {

using token::Token;
using token::TokenKey;

TokenKey CountingKey() {
  std::array<uint8_t, 32> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
  return TokenKey(crypto::SecretBytes::CopyOf(bytes));
}

TEST_CASE("Token: agrees with Python's keyed blake2b", "[token][vector]") {
  // hashlib.blake2b(domain + b"\0" + text, key=bytes(range(32)), digest_size=32).digest()[:16]
  const TokenKey key = CountingKey();
  REQUIRE(HexEncode(key.EmailToken("jane@example.org").bytes) ==
          "a25d0b94981837a2e916c3a00b9bc613");
  REQUIRE(HexEncode(key.PhoneToken("+13125550123").bytes) == "4d0879456b8fcbddb5c8dfb7c071c311");
  REQUIRE(HexEncode(key.SuppressionToken("jane@example.org").bytes) ==
          "e944e2a3a94364a915875f5d2992dfd3");
  REQUIRE(HexEncode(key.EmailToken("").bytes) == "4cb30614b05410c91c42df7003feadca");
}

TEST_CASE("Token: the same text gives unlike tokens in every domain", "[token]") {
  const TokenKey key = CountingKey();
  for (const std::string_view text : {"jane@example.org", "+13125550123", "", "/email"}) {
    const std::set<Token> tokens = {key.EmailToken(text), key.PhoneToken(text),
                                    key.SuppressionToken(text)};
    REQUIRE(tokens.size() == 3);
  }
}

TEST_CASE("Token: domain and text do not run into each other", "[token]") {
  // Without the separator "suppression/" + "email..." could be cut in other places.
  const crypto::SecretBytes raw = crypto::SecretBytes::Random(32);
  const TokenKey key(raw.Clone());
  const Token token = key.EmailToken("x");
  const Bytes32 glued = crypto::KeyedHash256(raw, {"email", "x"});
  REQUIRE_FALSE(std::equal(token.bytes.begin(), token.bytes.end(), glued.begin()));
}

TEST_CASE("Token: another key gives other tokens", "[token]") {
  const TokenKey a(crypto::SecretBytes::Random(32));
  const TokenKey b(crypto::SecretBytes::Random(32));
  REQUIRE(a.EmailToken("jane@example.org") == a.EmailToken("jane@example.org"));
  REQUIRE(a.EmailToken("jane@example.org") != b.EmailToken("jane@example.org"));
}

TEST_CASE("Token: ten thousand addresses, ten thousand tokens", "[token]") {
  const TokenKey key = CountingKey();
  std::set<Token> tokens;
  for (int i = 0; i < 10'000; ++i) {
    tokens.insert(key.EmailToken("person" + std::to_string(i) + "@example.org"));
  }
  REQUIRE(tokens.size() == 10'000);
}

}  // namespace
}  // namespace muster
