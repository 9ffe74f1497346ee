// SPDX-License-Identifier: Apache-2.0
#include "core/contact/identifier.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/status.h"

namespace muster::contact {
namespace {

using testing::Must;

TEST_CASE("ParseEmail: keeps the local part, lowers the domain") {
  struct Case {
    std::string text, local, domain;
  };
  const auto c = GENERATE(values<Case>({
      {"ada@example.com", "ada", "example.com"},
      {"  Ada.Quill@EXAMPLE.Com\t", "Ada.Quill", "example.com"},
      {"\xc2\xa0"
       "ada@example.com\xe2\x80\x8b",
       "ada", "example.com"},
      {"\xef\xbb\xbf"
       "ada@example.com",
       "ada", "example.com"},
      {"o'neil+news_1@mail.example.co.uk", "o'neil+news_1", "mail.example.co.uk"},
      {"!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~", "example.com"},
      {"a@1and1.example", "a", "1and1.example"},
      {"a@b--c.example", "a", "b--c.example"},
      {"a@b\xc3\xbc"
       "cher.example",
       "a", "xn--bcher-kva.example"},
      {"a@B\xc3\x9c"
       "CHER.example",
       "a", "xn--bcher-kva.example"},
      {"a@bu\xcc\x88"
       "cher.example",
       "a", "xn--bcher-kva.example"},
      {"a@XN--BCHER-KVA.example", "a", "xn--bcher-kva.example"},
      {"a@fa\xc3\x9f.example", "a", "xn--fa-hia.example"},  // IDNA 2008 keeps sharp s
      {"a@\xe4\xbe\x8b\xe3\x80\x82\xe6\xb5\x8b\xe8\xaf\x95", "a",
       "xn--fsq.xn--0zwm56d"},  // ideographic full stop
      {"zo\xc3\xab@example.org", "zo\xc3\xab", "example.org"},
      {"zoe\xcc\x88@example.org", "zo\xc3\xab", "example.org"},  // NFC
  }));
  CAPTURE(c.text);
  const Email email = Must(ParseEmail(c.text));
  REQUIRE(email.local == c.local);
  REQUIRE(email.domain == c.domain);
  // What came out goes in again unchanged.
  REQUIRE(Must(ParseEmail(email.Text())).Text() == email.Text());
  std::string into = "left over";
  REQUIRE_OK(ParseEmailInto(c.text, into));
  REQUIRE(into == email.Text());
}

TEST_CASE("ParseEmail: refuses with the reason, and never quotes the text") {
  struct Case {
    std::string text;
    Reason reason;
  };
  const auto c = GENERATE(values<Case>({
      {"", v1::EMAIL_MISSING},
      {" \t\xc2\xa0 ", v1::EMAIL_MISSING},
      {"qzadaqz", v1::EMAIL_MALFORMED},
      {"qzadaqz example.com", v1::EMAIL_MALFORMED},
      {"qz@ada@example.com", v1::EMAIL_MALFORMED},
      {"@qzexample.com", v1::EMAIL_MALFORMED},
      {".qzada@example.com", v1::EMAIL_MALFORMED},
      {"qzada.@example.com", v1::EMAIL_MALFORMED},
      {"qz..ada@example.com", v1::EMAIL_MALFORMED},
      {"qz ada@example.com", v1::EMAIL_MALFORMED},
      {"\"qz ada\"@example.com", v1::EMAIL_MALFORMED},
      {"qzada(note)@example.com", v1::EMAIL_MALFORMED},
      {"Qz Ada <qzada@example.com>", v1::EMAIL_MALFORMED},
      {"qz\xe2\x80\x8b"
       "ada@example.com",
       v1::EMAIL_MALFORMED},  // zero width space inside
      {"qz\xe2\x80\xae"
       "ada@example.com",
       v1::EMAIL_MALFORMED},  // right-to-left override
      {"qz\xee\x80\x80"
       "ada@example.com",
       v1::EMAIL_MALFORMED},  // private use
      {"qz\x01"
       "ada@example.com",
       v1::EMAIL_MALFORMED},
      {"qzada@", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@example", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@example.", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@.example.com", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@exa..mple.com", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@-example.com", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@example-.com", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@exam_ple.com", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@exam ple.com", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@example.c", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@192.0.2.1", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@[192.0.2.1]", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@xn--a.example", v1::EMAIL_DOMAIN_MALFORMED},  // punycode of nothing
      {"qzada@\xe2\x80\xae.example", v1::EMAIL_DOMAIN_MALFORMED},
      {"qzada@\xe2\x82.example", v1::ENCODING_MALFORMED},
      {"\xff\xfeqzada@example.com", v1::ENCODING_MALFORMED},
      {std::string("qz\0ada@example.com", 18), v1::EMAIL_MALFORMED},
      {std::string(65, 'q') + "@example.com", v1::EMAIL_TOO_LONG},
      {"q@" + std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
           std::string(60, 'd') + ".com",
       v1::EMAIL_TOO_LONG},
      {"q@" + std::string(64, 'a') + ".com", v1::EMAIL_DOMAIN_MALFORMED},
      {std::string(2000, 'q') + "@example.com", v1::EMAIL_TOO_LONG},
  }));
  CAPTURE(c.text);
  const auto email = ParseEmail(c.text);
  REQUIRE_REASON(email, c.reason);
  REQUIRE(email.status().message().find("qz") == absl::string_view::npos);
  std::string into = "left over";
  REQUIRE_REASON(ParseEmailInto(c.text, into), c.reason);
  REQUIRE(into.empty());
}

TEST_CASE("ParseEmail: takes exactly as much as mail does") {
  const std::string local(64, 'q');
  const std::string domain =
      std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(57, 'c') + ".com";
  REQUIRE(local.size() + 1 + domain.size() == kEmailBytesMax);
  REQUIRE(Must(ParseEmail(local + "@" + domain)).Text() == local + "@" + domain);
  REQUIRE_REASON(ParseEmail(local + "@" + std::string(1, 'c') + "." + domain), v1::EMAIL_TOO_LONG);
}

TEST_CASE("ParsePhone: E.164 for North American numbers however they are written") {
  const std::string text =
      GENERATE("3125550123", "312-555-0123", "(312) 555-0123", "312.555.0123", "312 555 0123",
               "1 312 555 0123", "1-312-555-0123", "+13125550123", "+1 (312) 555-0123",
               "  312/555-0123 ", "312-555-0123 x45", "312-555-0123 ext. 45", "tel:312-555-0123");
  CAPTURE(text);
  REQUIRE(Must(ParsePhone(text)) == "+13125550123");
}

TEST_CASE("ParsePhone: other countries by their code, or by the region") {
  REQUIRE(Must(ParsePhone("+44 20 7946 0958")) == "+442079460958");
  REQUIRE(Must(ParsePhone("011 44 20 7946 0958")) == "+442079460958");
  REQUIRE(Must(ParsePhone("020 7946 0958", "GB")) == "+442079460958");
  REQUIRE(Must(ParsePhone("416-555-0123", "CA")) == "+14165550123");
  REQUIRE(Must(ParsePhone("+1 312 555 0123", "GB")) == "+13125550123");
  REQUIRE(Must(ParsePhone("1-800-FLOWERS")) == "+18003569377");
}

TEST_CASE("ParsePhone: refuses what cannot be dialed, quickly or not") {
  const std::string text = GENERATE(
      "", "  ", "555-0123", "123", "000-000-0000", "123-456-7890", "012-555-0123", "312-055-0123",
      "411-555-0123", "555-555-5555", "222-222-2222", "312-911-0123", "790-555-0123",
      "unknown number", "call me maybe", "+999 123 456 789", "12345678901234567890123456789",
      "312-555-01234", "+49629220434933352", "\xff\xff\xff 3125550");
  CAPTURE(text);
  REQUIRE_REASON(ParsePhone(text), v1::PHONE_MALFORMED);
}

TEST_CASE(
    "IsUtf8: agrees with a table of well-formed and ill-formed sequences, at every place of a "
    "word") {
  struct Case {
    std::string bytes;
    bool good;
  };
  const auto c = GENERATE(values<Case>({
      {"", true},
      {"plain", true},
      {"\x7f", true},
      {"\xc2\x80", true},
      {"\xdf\xbf", true},
      {"\xe0\xa0\x80", true},
      {"\xed\x9f\xbf", true},
      {"\xee\x80\x80", true},
      {"\xf0\x90\x80\x80", true},
      {"\xf4\x8f\xbf\xbf", true},
      {std::string("\0", 1), false},
      {"\x80", false},
      {"\xbf", false},
      {"\xc0\x80", false},
      {"\xc1\xbf", false},
      {"\xc2", false},
      {"\xc2\x41", false},
      {"\xe0\x9f\xbf", false},
      {"\xe0\xa0", false},
      {"\xed\xa0\x80", false},  // a surrogate
      {"\xf0\x8f\xbf\xbf", false},
      {"\xf4\x90\x80\x80", false},
      {"\xf5\x80\x80\x80", false},
      {"\xff", false},
  }));
  for (size_t before = 0; before < 20; ++before) {
    for (size_t after : {0, 1, 7, 8, 9}) {
      const std::string text = std::string(before, 'a') + c.bytes + std::string(after, 'b');
      CAPTURE(text, before, after);
      REQUIRE(IsUtf8(text) == c.good);
    }
  }
}

TEST_CASE("IsAscii: sees a high byte wherever it stands") {
  for (size_t n = 0; n < 40; ++n) {
    std::string text(n, 'a');
    REQUIRE(IsAscii(text));
    for (size_t i = 0; i < n; ++i) {
      text[i] = '\x80';
      REQUIRE_FALSE(IsAscii(text));
      text[i] = 'a';
    }
  }
}

TEST_CASE("ToNfc: composes, and leaves the rest alone") {
  REQUIRE(ToNfc("plain") == "plain");
  REQUIRE(ToNfc("Zoe\xcc\x88") == "Zo\xc3\xab");
  REQUIRE(ToNfc("Zo\xc3\xab") == "Zo\xc3\xab");
  REQUIRE(ToNfc("\xe2\x84\xab") == "\xc3\x85");  // the angstrom sign
}

TEST_CASE("TrimSpace: takes the blanks that one does not see") {
  REQUIRE(TrimSpace("").empty());
  REQUIRE(TrimSpace(" \t\r\n").empty());
  REQUIRE(TrimSpace(" a b ") == "a b");
  REQUIRE(TrimSpace("\xc2\xa0\xe3\x80\x80"
                    "a\xe2\x80\x8b\xef\xbb\xbf") == "a");
  REQUIRE(TrimSpace("\xc3\xa9") == "\xc3\xa9");  // its last byte alone looks like one of theirs
  REQUIRE(TrimSpace("caf\xc3\xa0") == "caf\xc3\xa0");
}

}  // namespace
}  // namespace muster::contact
