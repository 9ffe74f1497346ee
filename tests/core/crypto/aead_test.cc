// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/aead.h"

#include <random>

#include "tests/support/vectors.h"

namespace muster::crypto {
namespace {

using testing::Flipped;
using testing::Must;
using testing::Unhex;

std::string Text(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7);
  return text;
}

TEST_CASE("XChaCha20-Poly1305 passes Wycheproof", "[crypto][vector]") {
  const auto vectors = testing::ReadVectors("wycheproof/xchacha20_poly1305_test.json");
  int ran = 0;
  for (const auto& group : vectors["testGroups"]) {
    if (group["ivSize"] != 192) continue;  // other nonces do not fit the type
    for (const auto& test : group["tests"]) {
      CAPTURE(test["tcId"].get<int>());
      const SecretBytes key = SecretBytes::CopyOf(AsBytes(Unhex(test["key"].get<std::string>())));
      const std::string nonce = Unhex(test["iv"].get<std::string>());
      const std::string aad = Unhex(test["aad"].get<std::string>());
      const std::string message = Unhex(test["msg"].get<std::string>());
      const std::string sealed =
          Unhex(test["ct"].get<std::string>() + test["tag"].get<std::string>());
      const auto opened = AeadOpenWithNonce(key, AsBytes(nonce), aad, sealed);
      if (test["result"] == "valid") {
        CHECK(AeadSealWithNonce(key, AsBytes(nonce), aad, message) == sealed);
        REQUIRE_OK(opened);
        CHECK(opened->str() == message);
      } else {
        REQUIRE_REASON(opened, v1::DECRYPTION_FAILED);
      }
      ++ran;
    }
  }
  CHECK(ran == 306);
}

TEST_CASE("What is sealed opens under the same key and context alone", "[crypto]") {
  const SecretBytes key = SecretBytes::Random(32);
  for (size_t size : {0U, 1U, 64U, 1000U}) {
    const std::string text = Text(size);
    const std::string sealed = AeadSeal(key, "context", text);
    CHECK(sealed.size() == kAeadNonceBytes + size + kAeadTagBytes);
    CHECK(Must(AeadOpen(key, "context", sealed)).str() == text);
    CHECK(AsText(Must(AeadOpenSecret(key, "context", sealed)).ExposeSecret()) == text);
    CHECK(sealed != AeadSeal(key, "context", text));
    REQUIRE_REASON(AeadOpen(key, "other", sealed), v1::DECRYPTION_FAILED);
    REQUIRE_REASON(AeadOpen(SecretBytes::Random(32), "context", sealed), v1::DECRYPTION_FAILED);
    REQUIRE_REASON(AeadOpenSecret(key, "", sealed), v1::DECRYPTION_FAILED);
  }
}

TEST_CASE("A sealed text does not open with any byte changed, missing or added", "[crypto]") {
  const SecretBytes key = SecretBytes::Random(32);
  const std::string sealed = AeadSeal(key, "context", "some text");
  for (size_t i = 0; i < sealed.size(); ++i) {
    REQUIRE_REASON(AeadOpen(key, "context", Flipped(sealed, i, static_cast<int>(i % 8))),
                   v1::DECRYPTION_FAILED);
    REQUIRE_REASON(AeadOpen(key, "context", sealed.substr(0, i)), v1::DECRYPTION_FAILED);
    REQUIRE_REASON(AeadOpenSecret(key, "context", sealed.substr(0, i)), v1::DECRYPTION_FAILED);
  }
  REQUIRE_REASON(AeadOpen(key, "context", sealed + '\0'), v1::DECRYPTION_FAILED);
}

TEST_CASE("The counter form is the index as a little-endian nonce", "[crypto][oracle]") {
  const SecretBytes key = SecretBytes::Random(32);
  std::string out = "before";
  std::vector<std::string> sealed;
  for (uint64_t index : {uint64_t{0}, uint64_t{1}, uint64_t{256}, ~uint64_t{0}}) {
    std::string nonce;
    PutU64(nonce, index);
    nonce.resize(kAeadNonceBytes);
    sealed.push_back(AeadSealWithNonce(key, AsBytes(nonce), "aad", Text(300)));
    const size_t start = out.size();
    AeadSealCounter(key, index, "aad", Text(300), out);
    CHECK(out.substr(start) == sealed.back());
    WipedString opened(std::string("what was here before"));
    REQUIRE_OK(AeadOpenCounter(key, index, "aad", sealed.back(), opened));
    CHECK(opened.str() == Text(300));
    REQUIRE_REASON(AeadOpenCounter(key, index + 1, "aad", sealed.back(), opened),
                   v1::DECRYPTION_FAILED);
    CHECK(opened.str().empty());
  }
  CHECK(out.substr(0, 6) == "before");
  WipedString opened;
  REQUIRE_REASON(AeadOpenCounter(key, 0, "aad", "", opened), v1::DECRYPTION_FAILED);
  REQUIRE_REASON(AeadOpenCounter(key, 0, "aad", sealed[0].substr(1), opened),
                 v1::DECRYPTION_FAILED);
}

TEST_CASE("The stream is the one the AEAD encrypts with, from its second block",
          "[crypto][oracle]") {
  const SecretBytes key = SecretBytes::Random(32);
  const auto nonce = RandomArray<24>();
  std::string text = Text(500);
  const std::string sealed = AeadSealWithNonce(key, nonce, "", text);
  StreamXor(key, nonce, 64, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  CHECK(text == sealed.substr(0, 500));
}

TEST_CASE("The stream is the same from any offset, in pieces of any size", "[crypto][oracle]") {
  const SecretBytes key = SecretBytes::Random(32);
  const auto nonce = RandomArray<24>();
  std::string whole(1000, '\0');
  StreamXor(key, nonce, 0, {reinterpret_cast<uint8_t*>(whole.data()), whole.size()});
  for (size_t offset = 0; offset < 200; ++offset) {
    for (size_t size : {0U, 1U, 5U, 63U, 64U, 65U, 300U}) {
      std::string piece(size, '\0');
      StreamXor(key, nonce, offset, {reinterpret_cast<uint8_t*>(piece.data()), piece.size()});
      REQUIRE(piece == whole.substr(offset, size));
    }
  }
}

TEST_CASE("The stream goes on beyond 256 GiB, where a 32-bit block counter would begin again",
          "[crypto]") {
  const SecretBytes key = SecretBytes::Random(32);
  const auto nonce = RandomArray<24>();
  const uint64_t far = uint64_t{64} << 32;
  std::string first(64, '\0');
  std::string across(128, '\0');
  std::string last(64, '\0');
  StreamXor(key, nonce, 0, {reinterpret_cast<uint8_t*>(first.data()), 64});
  StreamXor(key, nonce, far, {reinterpret_cast<uint8_t*>(last.data()), 64});
  StreamXor(key, nonce, far - 64, {reinterpret_cast<uint8_t*>(across.data()), 128});
  CHECK(first != last);
  CHECK(across.substr(64) == last);
}

}  // namespace
}  // namespace muster::crypto
