// SPDX-License-Identifier: Apache-2.0
#include "core/token/normalize.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <vector>

#include "tests/support/vectors.h"

namespace muster {
namespace {

using testing::Must;
using token::NormalizeDay;
using token::NormalizeEmail;
using token::NormalizeName;

std::string Utf8(UChar32 c) {
  std::string out;
  icu::UnicodeString(c).toUTF8String(out);
  return out;
}

TEST_CASE("NormalizeEmail: agrees with UID2 on its cases", "[token][vector]") {
  const auto vectors = testing::ReadVectors("uid2/email-normalization.json");
  size_t inputs = 0;
  for (const auto& group : vectors["cases"]) {
    for (const auto& input : group["inputs"]) {
      REQUIRE(Must(NormalizeEmail(input.get<std::string>())) == group["normalized"]);
      ++inputs;
    }
  }
  REQUIRE(inputs == 11);
}

TEST_CASE("NormalizeEmail: where we go further than UID2", "[token]") {
  // UID2 stops at gmail.com and ASCII; the reasons stand in docs/formats/tokens.md.
  REQUIRE(Must(NormalizeEmail("Jane.Saoirse+x@GoogleMail.com")) == "janesaoirse@gmail.com");
  REQUIRE(Must(NormalizeEmail("Jane.Saoirse+x@outlook.com")) == "jane.saoirse@outlook.com");
  REQUIRE(Must(NormalizeEmail("jane@b\xc3\xbc"
                              "cher.example")) == "jane@xn--bcher-kva.example");
}

TEST_CASE("NormalizeEmail: case never counts", "[token]") {
  REQUIRE(Must(NormalizeEmail(" Jane.DOE@Example.ORG ")) == "jane.doe@example.org");
  REQUIRE(Must(NormalizeEmail("JOS\xc3\x89@example.org")) == "jos\xc3\xa9@example.org");
  // The same accent, decomposed.
  REQUIRE(Must(NormalizeEmail("JOSE\xcc\x81@example.org")) == "jos\xc3\xa9@example.org");
  REQUIRE(Must(NormalizeEmail("\xce\xa3\xce\xa3@example.org")) ==
          Must(NormalizeEmail("\xcf\x83\xcf\x82@example.org")));  // capital and final sigma
  REQUIRE(Must(NormalizeEmail("\xd0\x96@example.org")) == "\xd0\xb6@example.org");
}

TEST_CASE("NormalizeEmail: domains become A-labels, however they are written", "[token]") {
  const std::string expected = "jane@xn--bcher-kva.example";
  for (const char* text : {"jane@b\xc3\xbc"
                           "cher.example",
                           "jane@B\xc3\x9c"
                           "CHER.example",
                           "jane@bu\xcc\x88"
                           "cher.example",
                           "jane@xn--bcher-kva.example", "jane@XN--BCHER-KVA.EXAMPLE"}) {
    REQUIRE(Must(NormalizeEmail(text)) == expected);
  }
}

TEST_CASE("NormalizeEmail: Gmail ignores dots, tags and its other name", "[token]") {
  for (const char* text : {"janedoe@gmail.com", "jane.doe@gmail.com", "j.a.n.e.d.o.e@gmail.com",
                           "JaneDoe+news@gmail.com", "jane.doe+a+b@googlemail.com",
                           "jane.doe+@gmail.com", "jane.doe+x.y@gmail.com"}) {
    REQUIRE(Must(NormalizeEmail(text)) == "janedoe@gmail.com");
  }
  REQUIRE(Must(NormalizeEmail("jane-doe@gmail.com")) == "jane-doe@gmail.com");
  REQUIRE(Must(NormalizeEmail("jane.doe+x@mail.gmail.com")) == "jane.doe+x@mail.gmail.com");
  REQUIRE(Must(NormalizeEmail("jane.doe+x@notgmail.com")) == "jane.doe+x@notgmail.com");
}

TEST_CASE("NormalizeEmail: the listed providers ignore tags, not dots", "[token]") {
  for (const std::string domain :
       {"outlook.com", "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com", "mac.com",
        "fastmail.com", "proton.me", "protonmail.com", "pm.me"}) {
    REQUIRE(Must(NormalizeEmail("Jane.Doe+news@" + domain)) == "jane.doe@" + domain);
  }
}

TEST_CASE("NormalizeEmail: elsewhere dots and tags count", "[token]") {
  for (const std::string domain : {"example.org", "yahoo.com", "aol.com", "comcast.net"}) {
    REQUIRE(Must(NormalizeEmail("Jane.Doe+news@" + domain)) == "jane.doe+news@" + domain);
  }
}

TEST_CASE("NormalizeEmail: a local part that is all tag stays", "[token]") {
  REQUIRE(Must(NormalizeEmail("+news@gmail.com")) == "+news@gmail.com");
  REQUIRE(Must(NormalizeEmail("+n.e+w@outlook.com")) == "+n.e+w@outlook.com");
  // A dot cannot be the last before the @, so this tag is none either.
  REQUIRE(Must(NormalizeEmail("jane.+news@outlook.com")) == "jane.+news@outlook.com");
  REQUIRE(Must(NormalizeEmail("jane.+news@gmail.com")) == "jane@gmail.com");
}

TEST_CASE("NormalizeEmail: what is no address keeps its reason", "[token]") {
  REQUIRE_REASON(NormalizeEmail(""), v1::EMAIL_MISSING);
  REQUIRE_REASON(NormalizeEmail("jane"), v1::EMAIL_MALFORMED);
  REQUIRE_REASON(NormalizeEmail("jane@"), v1::EMAIL_DOMAIN_MALFORMED);
}

// Addresses of a small alphabet, so that dots, tags and providers meet often.
class AddressMaker {
 public:
  explicit AddressMaker(std::vector<std::string> alphabet) : alphabet_(std::move(alphabet)) {}
  std::string Local() {
    std::string local;
    for (size_t n = 1 + Draw(10); n > 0; --n) local += alphabet_[Draw(alphabet_.size())];
    return local;
  }
  std::string Address() {
    static constexpr const char* kDomains[] = {"gmail.com",  "GoogleMail.com", "outlook.com",
                                               "iCloud.com", "example.org",    "b\xc3\xbc.example"};
    return Local() + "@" + kDomains[Draw(std::size(kDomains))];
  }

 private:
  size_t Draw(size_t below) { return random_() % below; }
  std::vector<std::string> alphabet_;
  std::mt19937_64 random_{20261122};
};

TEST_CASE("NormalizeEmail: normalizing twice changes nothing", "[token]") {
  AddressMaker maker({"a",
                      "B",
                      "z",
                      "1",
                      ".",
                      "+",
                      "-",
                      "'",
                      "\xc3\x89",
                      "e\xcc\x81",
                      "\xc3\x9f",
                      "\xe1\xba\x9e",
                      "\xc4\xb0",
                      "\xcd\x85",
                      "\xce\xb1",
                      "\xe1\xbe\xb4",
                      "\xcf\x82",
                      "\xe2\x84\xaa",
                      "\xe3\x81\x8c",
                      "\xe3\x81\x8b\xe3\x82\x99",
                      "\xcc\xa3",
                      "\xc7\x85",
                      "\xe1\x8f\xb0"});
  size_t tried = 0;
  for (int i = 0; i < 30'000; ++i) {
    const std::string text = maker.Address();
    const auto once = NormalizeEmail(text);
    if (!once.ok()) continue;
    ++tried;
    INFO(text);
    REQUIRE(Must(NormalizeEmail(*once)) == *once);
  }
  REQUIRE(tried > 5'000);
}

TEST_CASE("NormalizeEmail: no character of Unicode changes at the second time", "[token]") {
  size_t tried = 0;
  for (UChar32 c = 0; c <= 0x10ffff; ++c) {
    if (!u_isdefined(c) || U_IS_SURROGATE(c)) continue;
    if (c >= 0xac00 && c <= 0xd7a3) c += 100;  // Hangul syllables follow one rule
    if (c >= 0x20000) c += 100;                // as do ideographs of the higher planes
    const auto once = NormalizeEmail("a" + Utf8(c) + "\xcc\x81@example.org");
    if (!once.ok()) continue;
    ++tried;
    const auto twice = NormalizeEmail(*once);
    if (!twice.ok() || *twice != *once) {
      INFO("U+" << std::hex << c);
      REQUIRE_OK(twice);
      REQUIRE(*twice == *once);
    }
  }
  REQUIRE(tried > 20'000);
}

// The rules again, said plainly, for ASCII.
std::string PlainRules(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const size_t at = text.find('@');
  std::string local = text.substr(0, at);
  std::string domain = text.substr(at + 1);
  if (domain == "googlemail.com") domain = "gmail.com";
  static const std::set<std::string> kTagless = {"gmail.com", "outlook.com", "icloud.com"};
  const size_t plus = local.find('+');
  const bool tag_alone =
      plus == 0 || (domain != "gmail.com" && plus != std::string::npos && local[plus - 1] == '.');
  if (kTagless.count(domain) == 1 && !tag_alone) {
    local = local.substr(0, plus);
    if (domain == "gmail.com") {
      std::string without;
      for (const char c : local) {
        if (c != '.') without += c;
      }
      local = without;
    }
  }
  if (domain == "b\xc3\xbc.example") domain = "xn--b-eha.example";
  return local + "@" + domain;
}

TEST_CASE("NormalizeEmail: agrees with the rules said plainly", "[token][oracle]") {
  AddressMaker maker({"a", "B", "c", ".", "+", "_"});
  size_t tried = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = maker.Address();
    const auto normal = NormalizeEmail(text);
    if (!normal.ok()) continue;
    ++tried;
    REQUIRE(*normal == PlainRules(text));
  }
  REQUIRE(tried > 3'000);
}

TEST_CASE("NormalizeEmail: people at different domains stay apart", "[token]") {
  const char* const domains[] = {"gmail.com",   "outlook.com", "hotmail.com",      "live.com",
                                 "msn.com",     "icloud.com",  "me.com",           "mac.com",
                                 "proton.me",   "pm.me",       "protonmail.com",   "fastmail.com",
                                 "example.org", "example.com", "gmail.com.example"};
  const char* const locals[] = {"jane", "jane.doe", "jane+x", "doe"};
  std::set<std::string> seen;
  std::set<std::string> domains_seen;
  for (const char* domain : domains) {
    std::set<std::string> here;
    for (const char* local : locals) {
      here.insert(Must(NormalizeEmail(std::string(local) + "@" + domain)));
    }
    const size_t before = seen.size();
    seen.insert(here.begin(), here.end());
    REQUIRE(seen.size() == before + here.size());
  }
  // Lowercase addresses without a provider's rule are their own normal form: two never meet.
  AddressMaker maker({"a", "b", ".", "+", "-", "9"});
  for (int i = 0; i < 3'000; ++i) {
    const std::string text = maker.Local() + "@example.org";
    if (const auto normal = NormalizeEmail(text); normal.ok()) REQUIRE(*normal == text);
  }
}

TEST_CASE("NormalizeName: uppercase ASCII words", "[token]") {
  const std::pair<const char*, const char*> names[] = {
      {"", ""},
      {"Jane", "JANE"},
      {"  mary   ann ", "MARY ANN"},
      {"O'Brien", "OBRIEN"},
      {"O\xe2\x80\x99"
       "Brien",
       "OBRIEN"},
      {"Smith-Jones", "SMITH JONES"},
      {"Smith\xe2\x80\x93Jones", "SMITH JONES"},
      {"J.R.", "JR"},
      {"St. John", "ST JOHN"},
      {"Doe, Jane", "DOE JANE"},
      {"Mc\tDonald", "MC DONALD"},
      {"Jos\xc3\xa9", "JOSE"},
      {"Jose\xcc\x81", "JOSE"},
      {"Zo\xc3\xab", "ZOE"},
      {"Mu\xc3\xb1oz", "MUNOZ"},
      {"Stra\xc3\x9f"
       "e",
       "STRASSE"},
      {"\xc5\x81ukasz", "LUKASZ"},
      {"S\xc3\xb8ren", "SOREN"},
      {"\xc3\x86rik", "AERIK"},
      {"Nguy\xe1\xbb\x85n", "NGUYEN"},
      {"\xc4\xb0pek", "IPEK"},
      {"\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd", "IVAN"},
      {"\xce\x9c\xce\xb1\xcf\x81\xce\xaf\xce\xb1", "MARIA"},
      {"\xe7\x8e\x8b", "WANG"},
      {"Jane\xc2\xa0"
       "Doe",
       "JANE DOE"},
      {"Jane \xf0\x9f\x99\x82", "JANE"},
      {"John 3rd", "JOHN 3RD"},
      {"---", ""},
      {"\xff\xfe", ""},
  };
  for (const auto& [text, expected] : names) {
    INFO(text);
    REQUIRE(NormalizeName(text) == expected);
    REQUIRE(NormalizeName(expected) == expected);
  }
}

TEST_CASE("NormalizeName: is uppercase ASCII, single spaces and stable for any text", "[token]") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 5'000; ++i) {
    std::string text;
    for (size_t n = random() % 8; n > 0; --n) {
      UChar32 c = static_cast<UChar32>(random() % 0x3000);
      if (random() % 4 == 0) c = "aZ -.'\t\xc3"[random() % 8] & 0x7f;
      text += Utf8(c);
    }
    const std::string name = NormalizeName(text);
    for (size_t k = 0; k < name.size(); ++k) {
      const char c = name[k];
      const bool space = c == ' ' && k > 0 && k + 1 < name.size() && name[k - 1] != ' ';
      REQUIRE(((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || space));
    }
    REQUIRE(NormalizeName(name) == name);
  }
}

TEST_CASE("NormalizeDay: days since 1970-01-01", "[token]") {
  REQUIRE(NormalizeDay("1970-01-02") == 1);
  REQUIRE(NormalizeDay("2000-02-29") == 11016);
  REQUIRE(NormalizeDay("2026-11-22") == 20779);
  REQUIRE(NormalizeDay("2026-11-22T02:41:00Z") == 20779);
  REQUIRE(NormalizeDay("2026-11-22 02:41:00") == 20779);
  REQUIRE(NormalizeDay(" 2026-11-22 ") == 20779);
  REQUIRE(NormalizeDay("9999-12-31") == 2932896);
}

TEST_CASE("NormalizeDay: what is no day is 0", "[token]") {
  for (const char* text :
       {"", "2026", "2026-11", "2026-11-2", "2026-13-01", "2026-00-10", "2026-02-29", "2100-02-29",
        "2026-11-00", "2026-11-31", "1970-01-01", "1969-12-31", "0000-00-00", "11/22/2026",
        "2026/11/22", "2026-11-223", "2026-11-22x", "-026-11-22", "2026-1a-22"}) {
    INFO(text);
    REQUIRE(NormalizeDay(text) == 0);
  }
}

}  // namespace
}  // namespace muster
