// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/password.h"

#include "tests/support/vectors.h"

namespace muster::crypto {
namespace {

using testing::Flipped;
using testing::Must;
using testing::Unhex;

constexpr PasswordCost kCheap{.memory_bytes = 8192, .passes = 1};

SecretBytes Secret(std::string_view text) { return SecretBytes::CopyOf(AsBytes(text)); }

SigningKey KeyOf(const nlohmann::json& test) {
  return Must(SigningKey::FromSeed(Secret(Unhex(test["secret-key-seed"].get<std::string>()))));
}

TEST_CASE("k4.secret-pw passes the PASERK vectors", "[crypto][vector]") {
  int ran = 0;
  const auto vectors = testing::ReadVectors("paseto/k4.secret-pw.json");
  for (const auto& test : vectors["tests"]) {
    CAPTURE(test["name"].get<std::string>());
    // The passphrase is the text as it stands; that most of them look like hex means nothing.
    const auto key = PasswordUnwrap("secret", test["paserk"].get<std::string>(),
                                    Secret(test["password"].get<std::string>()));
    if (test["expect-fail"].get<bool>()) {
      CHECK_FALSE(key.ok());
    } else {
      REQUIRE_OK(key);
      CHECK(HexEncode(key->ExposeSecret()) == test["unwrapped"].get<std::string>());
    }
    ++ran;
  }
  CHECK(ran == 6);
}

TEST_CASE("A key wrapped under a passphrase is unwrapped by it alone", "[crypto]") {
  const auto [kind, size] = GENERATE(table<std::string, size_t>({{"secret", 64}, {"local", 32}}));
  const SecretBytes key = SecretBytes::Random(size);
  const std::string wrapped = PasswordWrap(kind, key, Secret("a passphrase"), kCheap);
  CHECK(wrapped.substr(0, 7 + kind.size()) == "k4." + kind + "-pw.");
  CHECK(Must(PasswordUnwrap(kind, wrapped, Secret("a passphrase"))) == key);
  REQUIRE_REASON(PasswordUnwrap(kind, wrapped, Secret("A passphrase")), v1::PASSPHRASE_WRONG);
  REQUIRE_REASON(PasswordUnwrap(kind, wrapped, Secret("")), v1::PASSPHRASE_WRONG);
  REQUIRE_REASON(
      PasswordUnwrap(kind == "local" ? "secret" : "local", wrapped, Secret("a passphrase")),
      v1::KEY_MALFORMED);
  CHECK(wrapped != PasswordWrap(kind, key, Secret("a passphrase"), kCheap));
}

TEST_CASE("An empty passphrase is a passphrase", "[crypto]") {
  const SecretBytes key = SecretBytes::Random(32);
  const std::string wrapped = PasswordWrap("local", key, SecretBytes(), kCheap);
  CHECK(Must(PasswordUnwrap("local", wrapped, SecretBytes())) == key);
  REQUIRE_REASON(PasswordUnwrap("local", wrapped, Secret("x")), v1::PASSPHRASE_WRONG);
}

TEST_CASE("A wrapped key with any byte changed, missing or added does not open", "[crypto]") {
  const std::string wrapped = PasswordWrap("local", SecretBytes::Random(32), Secret("p"), kCheap);
  const std::string prefix = "k4.local-pw.";
  const std::string body = *Base64UrlDecode(wrapped.substr(prefix.size()));
  for (size_t i = 0; i < body.size(); ++i) {
    if (i >= 16 && i < 32) continue;  // the parameters: below
    REQUIRE_REASON(
        PasswordUnwrap("local", prefix + Base64UrlEncode(AsBytes(Flipped(body, i))), Secret("p")),
        v1::PASSPHRASE_WRONG);
  }
  // Slightly dearer parameters are affordable, but the tag covers them.
  for (size_t i : {22U, 27U}) {
    REQUIRE_REASON(PasswordUnwrap("local", prefix + Base64UrlEncode(AsBytes(Flipped(body, i, 1))),
                                  Secret("p")),
                   v1::PASSPHRASE_WRONG);
  }
  for (const std::string& text :
       {wrapped.substr(0, wrapped.size() - 1), wrapped + "A", wrapped + "=", wrapped + "\n",
        std::string(), prefix, "k3.local-pw." + wrapped.substr(prefix.size()),
        prefix + Base64UrlEncode(AsBytes(body + "x"))}) {
    REQUIRE_REASON(PasswordUnwrap("local", text, Secret("p")), v1::KEY_MALFORMED);
  }
}

// Were the parameters used before they are bounded, this test would want terabytes, or years.
TEST_CASE("A file cannot ask for more memory, passes or lanes than are reasonable", "[crypto]") {
  const std::string prefix = "k4.local-pw.";
  const std::string wrapped = PasswordWrap("local", SecretBytes::Random(32), Secret("p"), kCheap);
  const std::string body = *Base64UrlDecode(wrapped.substr(prefix.size()));
  const auto [memory, passes, lanes] =
      GENERATE(table<uint64_t, uint32_t, uint32_t>({{(1ULL << 30) + 1, 1, 1},
                                                    {~0ULL, 1, 1},
                                                    {8191, 1, 1},
                                                    {0, 1, 1},
                                                    {8192, 17, 1},
                                                    {8192, ~0U, 1},
                                                    {8192, 0, 1},
                                                    {8192, 1, 0},
                                                    {8192, 1, 2},
                                                    {8192, 1, ~0U}}));
  std::string changed = body.substr(0, 16);
  PutBe64(changed, memory);
  PutBe32(changed, passes);
  PutBe32(changed, lanes);
  changed += body.substr(32);
  REQUIRE_REASON(PasswordUnwrap("local", prefix + Base64UrlEncode(AsBytes(changed)), Secret("p")),
                 v1::KEY_MALFORMED);
}

TEST_CASE("k4.secret passes the PASERK vectors", "[crypto][vector]") {
  const auto vectors = testing::ReadVectors("paseto/k4.secret.json");
  for (const auto& test : vectors["tests"]) {
    CAPTURE(test["name"].get<std::string>());
    if (test["expect-fail"].get<bool>()) {
      const std::string raw = Unhex(test["key"].get<std::string>());
      REQUIRE_REASON(ParsePaserkSecret("k4.secret." + Base64UrlEncode(AsBytes(raw))),
                     v1::KEY_MALFORMED);
      continue;
    }
    const std::string paserk = test["paserk"].get<std::string>();
    const SigningKey key = KeyOf(test);
    CHECK(AsText(PaserkSecret(key).ExposeSecret()) == paserk);
    const SigningKey parsed = Must(ParsePaserkSecret(paserk));
    CHECK(HexEncode(parsed.verify_key().bytes) == test["public-key"].get<std::string>());
    CHECK(parsed.seed() == key.seed());
  }
}

TEST_CASE("A k4.secret whose halves do not belong together is refused", "[crypto]") {
  const SecretBytes text = PaserkSecret(SigningKey::Generate());
  const std::string paserk = ToString(text.ExposeSecret());
  const std::string raw = *Base64UrlDecode(paserk.substr(10));
  REQUIRE_OK(ParsePaserkSecret(paserk));
  for (size_t i = 0; i < raw.size(); ++i) {
    REQUIRE_REASON(ParsePaserkSecret("k4.secret." + Base64UrlEncode(AsBytes(Flipped(raw, i)))),
                   v1::KEY_MALFORMED);
  }
  for (const std::string& bad :
       {paserk + "=", paserk + "A", paserk + "\n", " " + paserk, std::string("k4.secret."),
        std::string(), "k3" + paserk.substr(2), paserk.substr(0, 50)}) {
    REQUIRE_REASON(ParsePaserkSecret(bad), v1::KEY_MALFORMED);
  }
}

TEST_CASE("A plain k4.local text gives back its key and nothing else", "[crypto]") {
  const SecretBytes key = SecretBytes::Random(32);
  const std::string text = ToString(PaserkLocal(key).ExposeSecret());
  CHECK(text == "k4.local." + Base64UrlEncode(key.ExposeSecret()));
  CHECK(Must(ParsePaserkLocal(text)) == key);
  REQUIRE_REASON(ParsePaserkLocal(text + "A"), v1::KEY_MALFORMED);
  REQUIRE_REASON(ParsePaserkLocal(text.substr(0, text.size() - 1)), v1::KEY_MALFORMED);
  REQUIRE_REASON(ParsePaserkLocal("k4.secret." + text.substr(9)), v1::KEY_MALFORMED);
  REQUIRE_REASON(ParsePaserkLocal(""), v1::KEY_MALFORMED);
}

TEST_CASE("k4.public and k4.pid pass the PASERK vectors", "[crypto][vector]") {
  const auto keys = testing::ReadVectors("paseto/k4.public.json");
  for (const auto& test : keys["tests"]) {
    if (test["expect-fail"].get<bool>()) continue;  // keys of other sizes do not fit the type
    const VerifyKey key{testing::Unhex32(test["key"].get<std::string>())};
    CHECK(PaserkPublic(key) == test["paserk"].get<std::string>());
  }
  const auto ids = testing::ReadVectors("paseto/k4.pid.json");
  for (const auto& test : ids["tests"]) {
    if (test["expect-fail"].get<bool>()) continue;
    const VerifyKey key{testing::Unhex32(test["key"].get<std::string>())};
    CHECK(PaserkPublicId(key) == test["paserk"].get<std::string>());
  }
}

}  // namespace
}  // namespace muster::crypto
