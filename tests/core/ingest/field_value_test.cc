// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/field_value.h"

#include <catch2/catch.hpp>
#include <string>

namespace muster::ingest {
namespace {

using contact::ContactRecord;
using contact::Field;
using contact::Status;

TEST_CASE("CleanCell: trims, unwraps and empties") {
  REQUIRE(CleanCell("  a b\t") == "a b");
  REQUIRE(CleanCell("=\"02139\"") == "02139");
  for (const char* nothing : {"", " ", "-", "--", "N/A", "n/a", "#N/A", "NULL", "null", "None",
                              "(none)", "NaN", "\\N", "undefined", "Unknown"}) {
    CAPTURE(nothing);
    REQUIRE(CleanCell(nothing).empty());
  }
  REQUIRE(CleanCell("Nullarbor") == "Nullarbor");
  REQUIRE(CleanCell("-5") == "-5");
}

TEST_CASE("CleanName: people may be called Null") {
  for (const char* name : {"Null", "None", "Nan", "Nil", "Na"}) REQUIRE(CleanName(name) == name);
  for (const char* nothing : {"NULL", "null", "nan", "none", "N/A", "-", "unknown"}) {
    CAPTURE(nothing);
    REQUIRE(CleanName(nothing).empty());
  }
}

TEST_CASE("SetText: composes, and takes control characters for blanks") {
  std::string out;
  SetText("12 Main St\nApt\t4", out);
  REQUIRE(out == "12 Main St Apt 4");
  SetText("Zoe\xcc\x88", out);
  REQUIRE(out == "Zo\xc3\xab");
}

TEST_CASE("SetZip: gives zeros back, and only to the United States") {
  struct Case {
    std::string zip, plus4;
    bool is_us;
    std::string expected;
  };
  const auto c = GENERATE(values<Case>({
      {"60601", "", true, "60601"},
      {"2139", "", true, "02139"},
      {"501", "", true, "00501"},
      {"60601-1234", "", true, "60601-1234"},
      {"606011234", "", true, "60601-1234"},
      {"21391234", "", true, "02139-1234"},
      {"5011234", "", true, "00501-1234"},
      {"2139-1234", "", true, "02139-1234"},
      {"60601-", "", true, "60601"},
      {"60601 1234", "", true, "60601-1234"},
      {"2139.0", "", true, "02139"},
      {"60601", "1234", true, "60601-1234"},
      {"60601", "34", true, "60601-0034"},
      {"60601", "x", true, "60601"},
      {"60601-1234", "9999", true, "60601-1234"},
      {"12", "", true, "12"},
      {"123456", "", true, "123456"},
      {"k1a 0b1", "", true, "K1A 0B1"},
      {"e\xcc\x81", "", true, "\xc3\xa9"},
      {"3011", "", false, "3011"},
      {"01067", "", false, "01067"},
  }));
  CAPTURE(c.zip, c.plus4);
  std::string out = "left over";
  SetZip(c.zip, c.plus4, c.is_us, out);
  REQUIRE(out == c.expected);
}

TEST_CASE("SetTags: one a line, in every style") {
  std::string out;
  SetTags("#Trump, ?Direct Action,  Phone_Bank", TagStyle::kCommaSpace, out);
  REQUIRE(out == "#Trump\n?Direct Action\nPhone_Bank");
  SetTags("a,b , c,,", TagStyle::kComma, out);
  REQUIRE(out == "a\nb\nc");
  SetTags("\"VIP\",\"Blog, weekly\"", TagStyle::kQuotedList, out);
  REQUIRE(out == "VIP\nBlog, weekly");
  SetTags("VIP,Blog", TagStyle::kQuotedList, out);
  REQUIRE(out == "VIP\nBlog");
  SetTags("\"VIP", TagStyle::kQuotedList, out);
  REQUIRE(out == "VIP");
  SetTags("a\nb", TagStyle::kComma, out);
  REQUIRE(out == "a b");
}

TEST_CASE("SplitFullName: parts where they can be told") {
  struct Case {
    std::string text, prefix, first, middle, last, suffix;
  };
  const auto c = GENERATE(values<Case>({
      {"Ada", "", "Ada", "", "", ""},
      {"Ada Quill", "", "Ada", "", "Quill", ""},
      {"Ada May Quill", "", "Ada", "May", "Quill", ""},
      {"Dr. Ada Quill Jr.", "Dr.", "Ada", "", "Quill", "Jr."},
      {"Quill, Ada", "", "Ada", "", "Quill", ""},
      {"Quill, Ada May", "", "Ada", "May", "Quill", ""},
      {"Ada Quill, Jr.", "", "Ada", "", "Quill", "Jr."},
      {"  Ada \t Quill ", "", "Ada", "", "Quill", ""},
      {"Mr Quill", "Mr", "Quill", "", "", ""},
  }));
  CAPTURE(c.text);
  ContactRecord record;
  SplitFullName(c.text, record);
  REQUIRE(record[Field::kPrefix] == c.prefix);
  REQUIRE(record[Field::kFirstName] == c.first);
  REQUIRE(record[Field::kMiddleName] == c.middle);
  REQUIRE(record[Field::kLastName] == c.last);
  REQUIRE(record[Field::kSuffix] == c.suffix);
}

TEST_CASE("SplitMailchimpAddress: only what has its shape") {
  ContactRecord record;
  REQUIRE(SplitMailchimpAddress("9 Pine St  Apt 4  Macon  GA  3101  US", record));
  REQUIRE(record[Field::kAddress1] == "9 Pine St");
  REQUIRE(record[Field::kAddress2] == "Apt 4");
  REQUIRE(record[Field::kCity] == "Macon");
  REQUIRE(record[Field::kState] == "GA");
  REQUIRE(record[Field::kZip] == "03101");
  REQUIRE(record[Field::kCountry] == "US");
  record.Clear();
  REQUIRE(SplitMailchimpAddress("9 Pine St    Macon  GA  31201  US", record));
  REQUIRE(record[Field::kAddress2].empty());
  record.Clear();
  REQUIRE_FALSE(SplitMailchimpAddress("9 Pine St  Macon", record));
  REQUIRE_FALSE(SplitMailchimpAddress("a  b  c  d  e  f  g", record));
  REQUIRE_FALSE(SplitMailchimpAddress("9 Pine St  Apt 4  Macon  GA  US", record));
}

TEST_CASE("ParseYesNo and ParseStatusWord: the words of CRMs, and no others") {
  for (const char* yes : {"true", "TRUE", "1", "Yes", "y", "x", "t"})
    REQUIRE(ParseYesNo(yes) == true);
  for (const char* no : {"", "false", "0", "No", "n", "F"}) REQUIRE(ParseYesNo(no) == false);
  for (const char* other : {"maybe", "2", "2020-01-01"})
    REQUIRE_FALSE(ParseYesNo(other).has_value());

  REQUIRE(ParseStatusWord("Subscribed") == Status::kSubscribed);
  REQUIRE(ParseStatusWord("un-subscribed") == Status::kUnsubscribed);
  REQUIRE(ParseStatusWord("Opted Out") == Status::kUnsubscribed);
  REQUIRE(ParseStatusWord("spam complaint") == Status::kComplained);
  REQUIRE(ParseStatusWord("bouncing") == Status::kBouncing);
  REQUIRE(ParseStatusWord("cleaned") == Status::kCleaned);
  REQUIRE(ParseStatusWord("never") == Status::kDoNotEmail);
  REQUIRE(ParseStatusWord("On Hold Opt Out") == Status::kUnsubscribed);
  for (const char* other :
       {"", "!!", "lapsed", "a very long text that is no status of anything at all"}) {
    REQUIRE_FALSE(ParseStatusWord(other).has_value());
  }
}

}  // namespace
}  // namespace muster::ingest
