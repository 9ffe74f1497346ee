// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/box.h"

#include <set>

#include "core/crypto/aead.h"
#include "core/crypto/hash.h"
#include "tests/support/vectors.h"

namespace muster::crypto {
namespace {

using testing::Flipped;
using testing::Must;
using testing::Unhex;

// The sealed form, written from its description out of other parts, for a shared secret known
// beforehand.
std::string SealKnowing(std::string_view shared, std::string_view ephemeral,
                        std::string_view recipient, std::string_view context,
                        std::string_view text) {
  const Bytes32 context_hash = Blake2b256(context);
  const Bytes32 key =
      Blake2b256({"muster/box/v1", shared, ephemeral, recipient, AsText(context_hash)});
  return std::string(ephemeral) +
         AeadSealWithNonce(SecretBytes::CopyOf(key), std::array<uint8_t, 24>{}, context, text);
}

TEST_CASE("X25519 passes Wycheproof, and a secret of zeros opens nothing", "[crypto][vector]") {
  const auto vectors = testing::ReadVectors("wycheproof/x25519_test.json");
  int opened = 0;
  int refused = 0;
  for (const auto& group : vectors["testGroups"]) {
    for (const auto& test : group["tests"]) {
      CAPTURE(test["tcId"].get<int>());
      const std::string theirs = Unhex(test["public"].get<std::string>());
      const std::string shared = Unhex(test["shared"].get<std::string>());
      const auto own = Must(BoxSecretKey::FromBytes(
          SecretBytes::CopyOf(AsBytes(Unhex(test["private"].get<std::string>())))));
      const std::string sealed =
          SealKnowing(shared, theirs, AsText(own.public_key().bytes), "context", "text");
      if (shared == std::string(32, '\0')) {
        REQUIRE_REASON(own.Open("context", sealed), v1::KEY_LOW_ORDER);
        REQUIRE_REASON(ParseBoxPublicKey(theirs), v1::KEY_LOW_ORDER);
        ++refused;
      } else {
        CHECK(Must(own.Open("context", sealed)).str() == "text");
        REQUIRE_OK(ParseBoxPublicKey(theirs));
        ++opened;
      }
    }
  }
  CHECK(opened + refused == 518);
  CHECK(refused == 31);
}

TEST_CASE("A box opens for its recipient in its context alone", "[crypto]") {
  const BoxSecretKey key = BoxSecretKey::Generate();
  const std::string text = "a text, or a key";
  const std::string sealed = Must(BoxSeal(key.public_key(), "context", AsBytes(text)));
  CHECK(sealed.size() == text.size() + kBoxOverheadBytes);
  CHECK(Must(key.Open("context", sealed)).str() == text);
  CHECK(AsText(Must(key.OpenSecret("context", sealed)).ExposeSecret()) == text);
  REQUIRE_REASON(key.Open("other", sealed), v1::DECRYPTION_FAILED);
  REQUIRE_REASON(key.Open("", sealed), v1::DECRYPTION_FAILED);
  REQUIRE_REASON(BoxSecretKey::Generate().Open("context", sealed), v1::DECRYPTION_FAILED);
  REQUIRE_REASON(BoxSecretKey::Generate().OpenSecret("context", sealed), v1::DECRYPTION_FAILED);
}

TEST_CASE("A box does not open with any byte changed, missing or added", "[crypto]") {
  const BoxSecretKey key = BoxSecretKey::Generate();
  const std::string sealed = Must(BoxSeal(key.public_key(), "context", AsBytes("text")));
  for (size_t i = 0; i < sealed.size(); ++i) {
    CHECK_FALSE(key.Open("context", Flipped(sealed, i, static_cast<int>(i % 8))).ok());
    REQUIRE_REASON(key.Open("context", sealed.substr(0, i)), v1::DECRYPTION_FAILED);
  }
  REQUIRE_REASON(key.Open("context", sealed + "x"), v1::DECRYPTION_FAILED);
  // X25519 ignores the last bit of a public key; the box does not.
  REQUIRE_REASON(key.Open("context", Flipped(sealed, 31, 7)), v1::DECRYPTION_FAILED);
}

TEST_CASE("Sealing the same twice gives boxes that share nothing", "[crypto]") {
  const BoxSecretKey key = BoxSecretKey::Generate();
  std::set<std::string> ephemerals;
  for (int i = 0; i < 20; ++i)
    ephemerals.insert(Must(BoxSeal(key.public_key(), "c", AsBytes("t"))).substr(0, 32));
  CHECK(ephemerals.size() == 20);
}

TEST_CASE("An empty text can be sealed", "[crypto]") {
  const BoxSecretKey key = BoxSecretKey::Generate();
  const std::string sealed = Must(BoxSeal(key.public_key(), "", {}));
  CHECK(Must(key.Open("", sealed)).str().empty());
  CHECK(Must(key.OpenSecret("", sealed)).empty());
}

TEST_CASE("A key of another size or of low order is refused", "[crypto]") {
  REQUIRE_REASON(ParseBoxPublicKey(std::string(31, '\1')), v1::KEY_MALFORMED);
  REQUIRE_REASON(ParseBoxPublicKey(std::string(33, '\1')), v1::KEY_MALFORMED);
  REQUIRE_REASON(ParseBoxPublicKey(std::string(32, '\0')), v1::KEY_LOW_ORDER);
  REQUIRE_REASON(BoxSeal(BoxPublicKey{}, "c", AsBytes("t")), v1::KEY_LOW_ORDER);
  REQUIRE_REASON(BoxSecretKey::FromBytes(SecretBytes::Zeroed(31)), v1::KEY_MALFORMED);
  const BoxSecretKey key = BoxSecretKey::Generate();
  CHECK(Must(ParseBoxPublicKey(AsText(key.public_key().bytes))) == key.public_key());
  CHECK(Must(BoxSecretKey::FromBytes(key.raw())).public_key() == key.public_key());
}

}  // namespace
}  // namespace muster::crypto
