// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/date_value.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

#include "absl/time/civil_time.h"

namespace muster::ingest {
namespace {

TEST_CASE("SetBirthDate: reads the forms that people and databases write") {
  struct Case {
    std::string text, month_first, day_first;
  };
  const auto c = GENERATE(values<Case>({
      {"1970-01-31", "1970-01-31", "1970-01-31"},
      {"1970/1/31", "1970-01-31", "1970-01-31"},
      {"1970.01.31", "1970-01-31", "1970-01-31"},
      {"19700131", "1970-01-31", "1970-01-31"},
      {"1970-01-31 00:00:00", "1970-01-31", "1970-01-31"},
      {"1970-01-31T00:00:00Z", "1970-01-31", "1970-01-31"},
      {"1970-01-31T00:00:00.000+00:00", "1970-01-31", "1970-01-31"},
      {"03/04/1970", "1970-03-04", "1970-04-03"},
      {"3-4-1970", "1970-03-04", "1970-04-03"},
      {"3.4.1970", "1970-04-03", "1970-04-03"},
      {"12/25/1970", "1970-12-25", "1970-12-25"},
      {"25/12/1970", "1970-12-25", "1970-12-25"},
      {"3/4/70", "1970-03-04", "1970-04-03"},
      {"3/4/05", "2005-03-04", "2005-04-03"},
      {"Jan 5, 1970", "1970-01-05", "1970-01-05"},
      {"January 5th, 1970", "1970-01-05", "1970-01-05"},
      {"5 Jan 1970", "1970-01-05", "1970-01-05"},
      {"5-Jan-70", "1970-01-05", "1970-01-05"},
      {"Sept. 5 1970", "1970-09-05", "1970-09-05"},
      {"May 1970", "1970-05", "1970-05"},
      {"1970", "1970", "1970"},
      {"1970-05", "1970-05", "1970-05"},
      {"05/1970", "1970-05", "1970-05"},
      {"1970-00-00", "1970", "1970"},
      {"1970-05-00", "1970-05", "1970-05"},
      {"2000-02-29", "2000-02-29", "2000-02-29"},
      {"0000-00-00", "", ""},
      {"00/00/0000", "", ""},
  }));
  CAPTURE(c.text);
  std::string out = "left over";
  REQUIRE(SetBirthDate(c.text, DateOrder::kMonthFirst, out));
  REQUIRE(out == c.month_first);
  REQUIRE(SetBirthDate(c.text, DateOrder::kDayFirst, out));
  REQUIRE(out == c.day_first);
}

TEST_CASE("SetBirthDate: refuses what is no date") {
  const std::string text = GENERATE(
      "x", "1970-13-01", "1970-02-30", "1900-02-29", "13/13/1970", "05/12", "31", "123456789",
      "1970-01-31x", "1970-01-31 noon", "Foo 5, 1970", "5th Foo 1970", "1/2/3", "1/2/345",
      "1234-01-01", "2970-01-01", "0000-05-05", "1970-05-5-5", "--", "1970/01-31", "25569");
  CAPTURE(text);
  std::string out = "left over";
  REQUIRE_FALSE(SetBirthDate(text, DateOrder::kMonthFirst, out));
  REQUIRE(out.empty());
}

TEST_CASE("SetTime: reads what CRMs export, zone-less as UTC") {
  struct Case {
    std::string text, time;
  };
  const auto c = GENERATE(values<Case>({
      {"2019-03-04 05:06:07", "2019-03-04T05:06:07Z"},
      {"2019-03-04T05:06:07Z", "2019-03-04T05:06:07Z"},
      {"2019-03-04T05:06:07.123Z", "2019-03-04T05:06:07Z"},
      {"2019-03-04 05:06:07 UTC", "2019-03-04T05:06:07Z"},
      {"2019-03-04T05:06:07-05:00", "2019-03-04T10:06:07Z"},
      {"2019-03-04 05:06:07 -0500", "2019-03-04T10:06:07Z"},
      {"2019-03-04 05:06:07+02", "2019-03-04T03:06:07Z"},
      {"2019-12-31 23:06:07 EST", "2020-01-01T04:06:07Z"},
      {"2020-03-01 00:30:00 +0100", "2020-02-29T23:30:00Z"},
      {"1960-01-01T00:30:00+01:00", "1959-12-31T23:30:00Z"},
      {"2019-03-04", "2019-03-04T00:00:00Z"},
      {"3/4/2019 5:06 PM", "2019-03-04T17:06:00Z"},
      {"3/4/2019 12:06:07 AM", "2019-03-04T00:06:07Z"},
      {"3/4/2019, 12:06:07 PM", "2019-03-04T12:06:07Z"},
      {"March 4, 2019 5:06pm", "2019-03-04T17:06:00Z"},
      {"0000-00-00 00:00:00", ""},
  }));
  CAPTURE(c.text);
  std::string out = "left over";
  REQUIRE(SetTime(c.text, DateOrder::kMonthFirst, out));
  REQUIRE(out == c.time);
}

TEST_CASE("SetTime: refuses what is no time") {
  const std::string text =
      GENERATE("x", "2019", "2019-03", "2019-03-04 25:00:00", "2019-03-04 05:60:00",
               "2019-03-04 05", "2019-03-04 13:00 PM", "2019-03-04 05:06:07 XYZ",
               "2019-03-04 05:06:07 +99:00", "2019-03-04 05:06:07Z!", "1551675967", "12:00:00");
  CAPTURE(text);
  std::string out = "left over";
  REQUIRE_FALSE(SetTime(text, DateOrder::kMonthFirst, out));
  REQUIRE(out.empty());
}

TEST_CASE("SetTime: a zone moves the date as the calendar does", "[oracle]") {
  for (int64_t day = -30000; day < 60000; day += 17) {
    const absl::CivilDay here = absl::CivilDay(1970, 1, 1) + day;
    const absl::CivilDay there = here + 1;
    char text[64];
    std::snprintf(text, sizeof(text), "%04d-%02d-%02d 23:30:00 -0100",
                  static_cast<int>(here.year()), here.month(), here.day());
    char expected[64];
    std::snprintf(expected, sizeof(expected), "%04d-%02d-%02dT00:30:00Z",
                  static_cast<int>(there.year()), there.month(), there.day());
    std::string out;
    REQUIRE(SetTime(text, DateOrder::kMonthFirst, out));
    REQUIRE(out == expected);
  }
}

TEST_CASE("DateFormat: takes what it says, and nothing else") {
  struct Case {
    std::string format, cell, date;  // an empty date: refused
  };
  const auto c = GENERATE(values<Case>({
      {"MM/DD/YYYY", "01/31/1970", "1970-01-31"},
      {"MM/DD/YYYY", "1/3/1970", "1970-01-03"},
      {"MM/DD/YYYY", "1/31/1970 12:00:00 AM", "1970-01-31"},
      {"MM/DD/YYYY", "31/01/1970", ""},
      {"MM/DD/YYYY", "01/31/70", ""},
      {"MM/DD/YYYY", "01-31-1970", ""},
      {"MM/DD/YYYY", "01/31/1970x", ""},
      {"MM/DD/YYYY", "02/30/1970", ""},
      {"MM/DD/YYYY", "00/00/1970", "1970"},
      {"MM/DD/YYYY", "05/00/1970", "1970-05"},
      {"MM/DD/YYYY", "", ""},
      {"MM/DD/YY", "01/31/70", "1970-01-31"},
      {"MM/DD/YY", "01/31/19", "2019-01-31"},
      {"DD.MM.YYYY", "31.1.1970", "1970-01-31"},
      {"YYYYMMDD", "19700131", "1970-01-31"},
      {"YYYYMMDD", "19960300", "1996-03"},
      {"YYYYMMDD", "1970131", ""},
      {"YYYYMMDD", "19700131 ", ""},
      {"MMDDYYYY", "01311970", "1970-01-31"},
      {"MMDDYYYY", "19700131", ""},
      {"YYYY-MM-DD", "1970-01-31", "1970-01-31"},
      {"YYYY-MM-DD", "1970-01-31T00:00:00Z", "1970-01-31"},
      {"YYYY-MM-DD", "1970-1-3", "1970-01-03"},
      {"YYYY", "1970", "1970"},
      {"YYYY", "70", ""},
      {"YYYY", "2200", ""},
      {"MM_DD_YYYY", "03_07_2000", "2000-03-07"},
  }));
  INFO(c.format << " " << c.cell);
  DateFormat format;
  REQUIRE(DateFormat::Parse(c.format, &format));
  REQUIRE(format.text() == c.format);
  std::string out = "before";
  REQUIRE(format.Read(c.cell, kTwoDigitYearPivot, out) == !c.date.empty());
  REQUIRE(out == c.date);
}

TEST_CASE("DateFormat: zeros, and days before there were voters, are no date and no mistake") {
  DateFormat format;
  REQUIRE(DateFormat::Parse("MM/DD/YYYY", &format));
  std::string out;
  for (const char* cell : {"00/00/0000", "01/01/0001", "01/01/1800", "12/31/1849"}) {
    REQUIRE(format.Read(cell, kTwoDigitYearPivot, out));
    REQUIRE(out.empty());
  }
  REQUIRE_FALSE(format.Read("13/01/1800", kTwoDigitYearPivot, out));
}

TEST_CASE("DateFormat: what names no date in figures is no format") {
  DateFormat format;
  for (const char* text : {"", "MM/DD", "YYYY YYYY", "DD/YYYY", "MONTH DD, YYYY", "M/D/YYYY",
                           "YYYY-MM-DD hh:mm", "YY YYYY", "YYY"}) {
    INFO(text);
    REQUIRE_FALSE(DateFormat::Parse(text, &format));
  }
}

TEST_CASE("DateFormat: every day that is written is read back", "[oracle]") {
  for (const char* text : {"MM/DD/YYYY", "YYYYMMDD", "MMDDYYYY", "YYYY-MM-DD", "DD.MM.YYYY"}) {
    DateFormat format;
    REQUIRE(DateFormat::Parse(text, &format));
    for (absl::CivilDay day(1899, 12, 25); day < absl::CivilDay(2032, 3, 5); day += 17) {
      char iso[16];
      std::snprintf(iso, sizeof(iso), "%04d-%02d-%02d", static_cast<int>(day.year()), day.month(),
                    day.day());
      std::string cell = text;
      cell.replace(cell.find("YYYY"), 4, iso, 4);
      cell.replace(cell.find("MM"), 2, iso + 5, 2);
      cell.replace(cell.find("DD"), 2, iso + 8, 2);
      std::string out;
      INFO(cell);
      REQUIRE(format.Read(cell, kTwoDigitYearPivot, out));
      REQUIRE(out == iso);
    }
  }
}

}  // namespace
}  // namespace muster::ingest
