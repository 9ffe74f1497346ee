// SPDX-License-Identifier: Apache-2.0
#include "core/governance/paseto.h"

#include <atomic>
#include <set>
#include <thread>

#include "core/base/clock.h"
#include "core/crypto/hash.h"
#include "core/crypto/password.h"
#include "tests/support/vectors.h"

namespace muster::governance {
namespace {

using testing::Flipped;
using testing::Must;
using testing::Unhex;

constexpr char kMethod[] = "/muster.v1.UploadService/SendBatch";
constexpr char kRequest[] = "the bytes of a request";
constexpr PersonId kPerson{{1, 2, 3, 4, 5, 6, 7, 8}};
constexpr Bytes16 kAudience{0xc0, 0xff, 0xee};

absl::Time Noon() { return Must(ParseRfc3339("2026-11-22T12:00:00Z")); }
absl::Time LongAgo() { return Must(ParseRfc3339("2026-01-01T00:00:00Z")); }

const crypto::SigningKey& Key() {
  static const crypto::SigningKey key = crypto::SigningKey::Generate();
  return key;
}

std::string Token(absl::Time now = Noon()) {
  return MakeCallToken(Key(), kPerson, kAudience, kMethod, kRequest, now);
}

absl::StatusOr<CallToken> Check(std::string_view token, absl::Time now = Noon(),
                                absl::Time started = LongAgo()) {
  return VerifyCallToken(Key().verify_key(), token, kAudience, kMethod, kRequest, now, started);
}

std::string Implicit(std::string_view method, std::string_view request) {
  return "muster/rpc/v1\n" + std::string(method) + "\n" + ToString(crypto::Blake2b256(request));
}

std::string Footer() { return "{\"kid\":\"" + crypto::PaserkPublicId(Key().verify_key()) + "\"}"; }

// A token rightly signed by the right key over any payload and footer.
std::string SignedAnyhow(std::string_view payload, std::string_view footer = Footer()) {
  return PasetoSign(Key(), payload, footer, Implicit(kMethod, kRequest));
}

std::string Payload(std::string_view iat, std::string_view exp, std::string_view more = "") {
  return "{\"iss\":\"" + kPerson.Name() + "\",\"aud\":\"" + HexEncode(kAudience) + "\",\"iat\":\"" +
         std::string(iat) + "\",\"exp\":\"" + std::string(exp) +
         "\",\"jti\":\"AAAAAAAAAAAAAAAAAAAAAA\"" + std::string(more) + "}";
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("PASETO v4.public passes the published vectors", "[governance][vector]") {
  const auto vectors = testing::ReadVectors("paseto/v4.json");
  int signed_tokens = 0;
  int refused = 0;
  for (const auto& test : vectors["tests"]) {
    const std::string name = test["name"].get<std::string>();
    CAPTURE(name);
    const std::string token = test["token"].get<std::string>();
    if (test.contains("public-key") && !test["expect-fail"].get<bool>()) {
      const auto key = Must(crypto::SigningKey::FromSeed(
          crypto::SecretBytes::CopyOf(AsBytes(Unhex(test["secret-key-seed"].get<std::string>())))));
      const std::string payload = test["payload"].get<std::string>();
      const std::string footer = test["footer"].get<std::string>();
      const std::string implicit = test["implicit-assertion"].get<std::string>();
      CHECK(HexEncode(key.verify_key().bytes) == test["public-key"].get<std::string>());
      CHECK(PasetoSign(key, payload, footer, implicit) == token);
      const PasetoParts parts = Must(PasetoVerify(key.verify_key(), token, implicit));
      CHECK(parts.payload == payload);
      CHECK(parts.footer == footer);
      CHECK(Must(PasetoSplit(token)).payload == payload);
      REQUIRE_REASON(PasetoVerify(key.verify_key(), token, implicit + "x"),
                     v1::TOKEN_SIGNATURE_INVALID);
      ++signed_tokens;
    } else {
      // Tokens of other kinds, and those that must fail: none is a v4.public token by any key of
      // the file.
      const auto key = Must(crypto::ParseVerifyKey(
          Unhex("1eb9dbbbbc047c03fd70604e0071f0987e16b28b757225c11f00415d0e20b1a2")));
      CHECK_FALSE(PasetoVerify(key, token, test["implicit-assertion"].get<std::string>()).ok());
      ++refused;
    }
  }
  CHECK(signed_tokens == 3);
  CHECK(refused == 14);
}

TEST_CASE("A token with any character changed, missing or added is refused", "[governance]") {
  const std::string token = Token();
  REQUIRE_OK(Check(token));
  for (size_t i = 0; i < token.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) REQUIRE_FALSE(Check(Flipped(token, i, bit)).ok());
    REQUIRE_FALSE(Check(token.substr(0, i)).ok());
    REQUIRE_FALSE(Check(token.substr(0, i) + token.substr(i + 1)).ok());
  }
  for (const char* more : {"=", "==", "A", ".", ".A", ".AA", "\n", " ", "."}) {
    CAPTURE(more);
    REQUIRE_FALSE(Check(token + more).ok());
  }
  REQUIRE_FALSE(Check(" " + token).ok());
}

TEST_CASE("A payload with any bit of its bytes changed fails the signature", "[governance]") {
  const std::string token = Token();
  const size_t dot = token.rfind('.');
  const std::string body = *Base64UrlDecode(token.substr(10, dot - 10));
  for (size_t i = 0; i < body.size(); ++i) {
    REQUIRE_REASON(
        Check("v4.public." + Base64UrlEncode(AsBytes(Flipped(body, i, static_cast<int>(i % 8)))) +
              token.substr(dot)),
        v1::TOKEN_SIGNATURE_INVALID);
  }
  const std::string footer = *Base64UrlDecode(token.substr(dot + 1));
  for (size_t i = 0; i < footer.size(); ++i) {
    REQUIRE_REASON(Check(token.substr(0, dot + 1) + Base64UrlEncode(AsBytes(Flipped(footer, i)))),
                   v1::TOKEN_SIGNATURE_INVALID);
  }
}

TEST_CASE("Texts of another shape are no tokens", "[governance]") {
  const std::string token = Token();
  const size_t dot = token.rfind('.');
  const std::string body = token.substr(10, dot - 10);
  const std::vector<std::string> bad = {
      "",
      "v4",
      "v4.public",
      "v4.public.",
      "v4.public..",
      "v4.local." + body,
      "v3.public." + body,
      "V4.public." + body,
      "v4.PUBLIC." + body,
      "v4.public." + body + ".",
      "v4.public." + body + "=",
      "v4.public." + body + token.substr(dot) + token.substr(dot),
      "v4.public." + std::string(84, 'A'),  // 63 bytes: no whole signature
      "v4.public." + body + "." + std::string(1400, 'A'),
      "v4.public." + std::string(9000, 'A')};
  for (const std::string& text : bad) {
    CAPTURE(text);
    REQUIRE_REASON(PasetoSplit(text), v1::TOKEN_MALFORMED);
    REQUIRE_REASON(Check(text), v1::TOKEN_MALFORMED);
    REQUIRE_REASON(CallTokenKeyId(text), v1::TOKEN_MALFORMED);
  }
}

TEST_CASE("A footer of up to 1 KiB is taken, a longer one is not looked at", "[governance]") {
  const std::string just = PasetoSign(Key(), "p", std::string(1024, 'f'), "");
  CHECK(Must(PasetoVerify(Key().verify_key(), just, "")).footer.size() == 1024);
  const std::string over = PasetoSign(Key(), "p", std::string(1025, 'f'), "");
  REQUIRE_REASON(PasetoVerify(Key().verify_key(), over, ""), v1::TOKEN_MALFORMED);
}

TEST_CASE("Footers cannot be swapped, dropped or added", "[governance]") {
  const std::string with = PasetoSign(Key(), "payload", "footer", "");
  const std::string other = PasetoSign(Key(), "payload", "another", "");
  const std::string without = PasetoSign(Key(), "payload", "", "");
  const auto refuse = [](const std::string& token) {
    REQUIRE_REASON(PasetoVerify(Key().verify_key(), token, ""), v1::TOKEN_SIGNATURE_INVALID);
  };
  refuse(with.substr(0, with.rfind('.')) + other.substr(other.rfind('.')));
  refuse(with.substr(0, with.rfind('.')));
  refuse(without + with.substr(with.rfind('.')));
}

TEST_CASE("What moves between payload, footer and assertion is not the same token",
          "[governance]") {
  REQUIRE_OK(PasetoVerify(Key().verify_key(), PasetoSign(Key(), "ab", "c", "d"), "d"));
  const std::string signature_of_ab_c =
      Base64UrlDecode(PasetoSign(Key(), "ab", "c", "").substr(10, 88)).value().substr(2);
  const std::string moved = "v4.public." + Base64UrlEncode(AsBytes("a" + signature_of_ab_c)) + "." +
                            Base64UrlEncode(AsBytes("bc"));
  REQUIRE_REASON(PasetoVerify(Key().verify_key(), moved, ""), v1::TOKEN_SIGNATURE_INVALID);
}

TEST_CASE("A call token says who calls, once, for five minutes", "[governance]") {
  const CallToken token = Must(Check(Token()));
  CHECK(token.person == kPerson);
  CHECK(token.issued == Noon());
  CHECK(token.expires == Noon() + absl::Minutes(5));
  CHECK(Must(CallTokenKeyId(Token())) == crypto::PaserkPublicId(Key().verify_key()));
  std::set<Bytes16> ids;
  for (int i = 0; i < 50; ++i) ids.insert(Must(Check(Token())).jti);
  CHECK(ids.size() == 50);
  // The clock's fractions are not in the token.
  CHECK(Must(Check(Token(Noon() + absl::Milliseconds(999)))).issued == Noon());
}

TEST_CASE("A token serves one key, method, request and consortium", "[governance]") {
  const std::string token = Token();
  const auto verify = [&](const crypto::VerifyKey& key, const Bytes16& audience,
                          std::string_view method, std::string_view request) {
    return VerifyCallToken(key, token, audience, method, request, Noon(), LongAgo());
  };
  const crypto::VerifyKey key = Key().verify_key();
  REQUIRE_OK(verify(key, kAudience, kMethod, kRequest));
  REQUIRE_REASON(verify(crypto::SigningKey::Generate().verify_key(), kAudience, kMethod, kRequest),
                 v1::TOKEN_SIGNATURE_INVALID);
  REQUIRE_REASON(verify(key, kAudience, "/muster.v1.UploadService/FinishUpload", kRequest),
                 v1::TOKEN_SIGNATURE_INVALID);
  REQUIRE_REASON(verify(key, kAudience, kMethod, "other bytes"), v1::TOKEN_SIGNATURE_INVALID);
  REQUIRE_REASON(verify(key, kAudience, kMethod, ""), v1::TOKEN_SIGNATURE_INVALID);
  REQUIRE_REASON(verify(key, Bytes16{}, kMethod, kRequest), v1::TOKEN_OTHER_AUDIENCE);
}

TEST_CASE("The times of a token are held against the server's clock", "[governance]") {
  const std::string token = Token();  // noon to five past
  const auto [offset, reason] = GENERATE(table<int, Reason>({{-3600, v1::TOKEN_NOT_YET_VALID},
                                                             {-61, v1::TOKEN_NOT_YET_VALID},
                                                             {-60, v1::ERROR_REASON_UNSPECIFIED},
                                                             {0, v1::ERROR_REASON_UNSPECIFIED},
                                                             {300, v1::ERROR_REASON_UNSPECIFIED},
                                                             {360, v1::ERROR_REASON_UNSPECIFIED},
                                                             {361, v1::TOKEN_EXPIRED},
                                                             {3600, v1::TOKEN_EXPIRED}}));
  CAPTURE(offset);
  const auto checked = Check(token, Noon() + absl::Seconds(offset));
  if (reason == v1::ERROR_REASON_UNSPECIFIED) {
    REQUIRE_OK(checked);
  } else {
    REQUIRE_REASON(checked, reason);
    const std::string message(checked.status().message());
    CHECK(message.find(reason == v1::TOKEN_EXPIRED ? "12:05:00Z" : "12:00:00Z") !=
          std::string::npos);
    CHECK(message.find(FormatRfc3339(Noon() + absl::Seconds(offset))) != std::string::npos);
    CHECK(message.find("set the clock") != std::string::npos);
  }
}

TEST_CASE("A token from before the server's start is refused, one of the same second is not",
          "[governance]") {
  REQUIRE_OK(Check(Token(), Noon() + absl::Seconds(1), Noon() + absl::Milliseconds(999)));
  REQUIRE_REASON(Check(Token(), Noon() + absl::Seconds(1), Noon() + absl::Seconds(1)),
                 v1::TOKEN_BEFORE_START);
}

TEST_CASE("A token lives for ten minutes at most and never backwards", "[governance]") {
  REQUIRE_OK(Check(SignedAnyhow(Payload("2026-11-22T12:00:00Z", "2026-11-22T12:10:00Z"))));
  REQUIRE_REASON(Check(SignedAnyhow(Payload("2026-11-22T12:00:00Z", "2026-11-22T12:10:01Z"))),
                 v1::TOKEN_LIVES_TOO_LONG);
  REQUIRE_REASON(Check(SignedAnyhow(Payload("2026-11-22T12:00:00Z", "2126-11-22T12:00:00Z"))),
                 v1::TOKEN_LIVES_TOO_LONG);
  REQUIRE_REASON(Check(SignedAnyhow(Payload("2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z"))),
                 v1::TOKEN_MALFORMED);
  REQUIRE_REASON(Check(SignedAnyhow(Payload("2026-11-22T12:00:00Z", "2026-11-22T11:59:00Z"))),
                 v1::TOKEN_MALFORMED);
}

TEST_CASE("A rightly signed payload of another shape is refused", "[governance]") {
  const std::string good = Payload("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z");
  REQUIRE_OK(Check(SignedAnyhow(good)));
  const std::vector<std::string> bad = {
      "",
      "{}",
      "[]",
      "null",
      "\"text\"",
      good + "x",
      good + good,
      "[" + good + "]",
      good.substr(0, good.size() - 1),
      Payload("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z", ",\"sub\":\"x\""),
      Payload("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z", ",\"iss\":\"people/0000000000000\""),
      Payload("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z",
              ",\"i\\u0073s\":\"people/0000000000000\""),
      Payload("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z", ",\"x\":{\"y\":\"z\"}"),
      Payload("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z", ",\"x\":[]"),
      Payload("2026-11-22t12:00:00z", "2026-11-22T12:05:00Z"),
      Payload("2026-11-22 12:00:00Z", "2026-11-22T12:05:00Z"),
      Payload("2026-11-22T12:00:00Z", "1795348800"),
      Payload("", ""),
      Replaced(good, "\"iss\"", "\"ISS\""),
      Replaced(good, "people/", "members/"),
      Replaced(good, "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA"),
      Replaced(good, "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB"),
      Replaced(good, "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA=="),
      Replaced(good, "\"AAAAAAAAAAAAAAAAAAAAAA\"", "17"),
      Replaced(good, "\"AAAAAAAAAAAAAAAAAAAAAA\"", "null"),
      Replaced(good, "\"AAAAAAAAAAAAAAAAAAAAAA\"", "{}"),
      Replaced(good, ",\"jti\":\"AAAAAAAAAAAAAAAAAAAAAA\"", "")};
  for (const std::string& payload : bad) {
    CAPTURE(payload);
    REQUIRE_REASON(Check(SignedAnyhow(payload)), v1::TOKEN_MALFORMED);
  }
  // Depth costs nothing: the second brace ends it.
  REQUIRE_REASON(Check(SignedAnyhow(std::string(2500, '{'))), v1::TOKEN_MALFORMED);
  REQUIRE_REASON(
      Check(SignedAnyhow(Replaced(good, HexEncode(kAudience), "C0FFEE00000000000000000000000000"))),
      v1::TOKEN_OTHER_AUDIENCE);
}

TEST_CASE("The footer names the key that signed, and nothing else", "[governance]") {
  const std::string payload = Payload("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z");
  const std::string other = crypto::PaserkPublicId(crypto::SigningKey::Generate().verify_key());
  const std::string own = crypto::PaserkPublicId(Key().verify_key());
  for (const std::string& footer :
       {std::string(), std::string("{}"), own, "{\"kid\":\"" + other + "\"}",
        "{\"kid\":\"" + own + "\",\"kid\":\"" + own + "\"}",
        "{\"kid\":\"" + own + "\",\"x\":\"y\"}", "{\"kid\":[\"" + own + "\"]}",
        "{\"KID\":\"" + own + "\"}"}) {
    CAPTURE(footer);
    REQUIRE_REASON(Check(SignedAnyhow(payload, footer)), v1::TOKEN_MALFORMED);
  }
  REQUIRE_REASON(CallTokenKeyId(SignedAnyhow(payload, "")), v1::TOKEN_MALFORMED);
}

CallToken WithId(uint8_t id, absl::Time expires) {
  CallToken token{kPerson, {}, expires - absl::Minutes(5), expires};
  token.jti[0] = id;
  return token;
}

TEST_CASE("A token is admitted once while it could be used", "[governance]") {
  ReplayCache cache;
  const CallToken token = Must(Check(Token()));
  REQUIRE_OK(cache.Admit(token, Noon()));
  REQUIRE_REASON(cache.Admit(token, Noon()), v1::TOKEN_REPLAYED);
  REQUIRE_REASON(cache.Admit(token, token.expires), v1::TOKEN_REPLAYED);
  // The very last moment at which VerifyCallToken takes it, and the first at which it does not.
  REQUIRE_REASON(cache.Admit(token, token.expires + kClockSkewMax), v1::TOKEN_REPLAYED);
  REQUIRE_REASON(cache.Admit(token, token.expires + kClockSkewMax + absl::Nanoseconds(1)),
                 v1::TOKEN_EXPIRED);
}

TEST_CASE("The same id of two people is two tokens", "[governance]") {
  ReplayCache cache;
  CallToken token = WithId(1, Noon());
  REQUIRE_OK(cache.Admit(token, Noon()));
  token.person = PersonId{{9}};
  REQUIRE_OK(cache.Admit(token, Noon()));
}

TEST_CASE("A clock set back does not bring a forgotten token to life", "[governance]") {
  ReplayCache cache;
  const CallToken token = WithId(1, Noon());
  REQUIRE_OK(cache.Admit(token, Noon()));
  REQUIRE_OK(cache.Admit(WithId(2, Noon() + absl::Hours(1)), Noon() + absl::Hours(1)));
  REQUIRE_REASON(cache.Admit(token, Noon()), v1::TOKEN_EXPIRED);
}

TEST_CASE("A full cache refuses rather than forgets, until tokens expire", "[governance]") {
  ReplayCache cache({3, 3});
  for (uint8_t id = 0; id < 3; ++id)
    REQUIRE_OK(cache.Admit(WithId(id, Noon() + absl::Seconds(id)), Noon()));
  REQUIRE_REASON(cache.Admit(WithId(3, Noon()), Noon()), v1::SERVER_BUSY);
  REQUIRE_REASON(cache.Admit(WithId(0, Noon()), Noon()), v1::TOKEN_REPLAYED);
  const absl::Time later = Noon() + kClockSkewMax + absl::Milliseconds(1);
  REQUIRE_OK(cache.Admit(WithId(3, later), later));
  REQUIRE_REASON(cache.Admit(WithId(4, later), later), v1::SERVER_BUSY);
  REQUIRE_REASON(cache.Admit(WithId(1, later), later), v1::TOKEN_REPLAYED);
}

TEST_CASE("A caller with too many tokens is held up alone, until its own expire", "[governance]") {
  ReplayCache cache({4, 2});
  const auto of = [](uint8_t person, uint8_t id, absl::Time expires) {
    CallToken token = WithId(id, expires);
    token.person = PersonId{{person}};
    return token;
  };
  REQUIRE_OK(cache.Admit(of(1, 0, Noon()), Noon()));
  REQUIRE_OK(cache.Admit(of(1, 1, Noon() + absl::Hours(1)), Noon()));
  REQUIRE_REASON(cache.Admit(of(1, 2, Noon()), Noon()), v1::SERVER_BUSY);
  REQUIRE_REASON(cache.Admit(of(1, 0, Noon()), Noon()), v1::TOKEN_REPLAYED);
  REQUIRE_OK(cache.Admit(of(2, 2, Noon()), Noon()));
  REQUIRE_OK(cache.Admit(of(2, 3, Noon()), Noon()));
  // Now the whole is full.
  REQUIRE_REASON(cache.Admit(of(3, 0, Noon()), Noon()), v1::SERVER_BUSY);
  // One of the first caller's is over, and both of the second's.
  const absl::Time later = Noon() + kClockSkewMax + absl::Milliseconds(1);
  REQUIRE_OK(cache.Admit(of(1, 3, later), later));
  REQUIRE_REASON(cache.Admit(of(1, 4, later), later), v1::SERVER_BUSY);
  REQUIRE_OK(cache.Admit(of(2, 4, later), later));
  REQUIRE_OK(cache.Admit(of(3, 4, later), later));
}

TEST_CASE("Of many threads with one token exactly one gets in", "[governance]") {
  ReplayCache cache;
  const absl::Time now = Noon();  // Catch's checks are not for threads
  for (uint8_t id = 0; id < 50; ++id) {
    std::atomic<int> admitted{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        if (cache.Admit(WithId(id, now), now).ok()) ++admitted;
      });
    }
    for (std::thread& thread : threads) thread.join();
    REQUIRE(admitted == 1);
  }
}

}  // namespace
}  // namespace muster::governance
