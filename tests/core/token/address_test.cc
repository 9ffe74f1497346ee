// SPDX-License-Identifier: Apache-2.0
#include "core/token/address.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace muster {
namespace {

using token::AddressParts;
using token::FormatAddress;
using token::NormalizeStreet;
using token::ParseAddress;

AddressParts Parsed(std::string_view line1, std::string_view line2 = {}) {
  AddressParts parts;
  ParseAddress(line1, line2, parts);
  return parts;
}

// house/fraction|pre|street|type|post|unit type|unit
std::string Shown(const AddressParts& p) {
  std::string out = p.house_number;
  if (!p.fraction.empty()) out += "/" + p.fraction;
  for (const std::string* part : {&p.pre_directional, &p.street, &p.street_type,
                                  &p.post_directional, &p.unit_type, &p.unit}) {
    out += "|" + *part;
  }
  return out;
}

struct Case {
  const char* line1;
  const char* line2;
  const char* shown;
};

void RequireEach(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    INFO(c.line1 << " / " << c.line2);
    const AddressParts parts = Parsed(c.line1, c.line2);
    CHECK(Shown(parts) == c.shown);
    const std::string line = FormatAddress(parts);
    INFO(line);
    CHECK(Shown(Parsed(line)) == Shown(parts));
  }
}

TEST_CASE("ParseAddress: numbers, directionals, types and units", "[token]") {
  RequireEach({
      {"123 Main Street", "", "123||MAIN|ST|||"},
      {"123 main st.", "", "123||MAIN|ST|||"},
      {"  00123   MAIN\tST ", "", "123||MAIN|ST|||"},
      {"101 N Bay Dr", "", "101|N|BAY|DR|||"},
      {"101 North Bay Drive SE", "", "101|N|BAY|DR|SE||"},
      {"101 Bay Drive South East", "", "101||BAY|DR|SE||"},
      {"101 N. W. Bay Dr.", "", "101|NW|BAY|DR|||"},
      {"101 N.W. Bay Dr.", "", "101|NW|BAY|DR|||"},
      {"101 Southeast 5th Ave", "", "101|SE|5TH|AVE|||"},
      {"202 North Ave", "", "202||NORTH|AVE|||"},
      {"202 S East St", "", "202|S|EAST|ST|||"},
      {"202 South Ave W", "", "202||SOUTH|AVE|W||"},
      {"315 So. Elm St", "", "315|S|ELM|ST|||"},
      {"12B Elm St", "", "12B||ELM|ST|||"},
      {"12-B Elm St", "", "12B||ELM|ST|||"},
      {"12 B Elm St", "", "12B||ELM|ST|||"},
      {"12 B St", "", "12||B|ST|||"},
      {"1600 C St NW", "", "1600||C|ST|NW||"},
      {"123-45 82nd Rd", "", "123-45||82ND|RD|||"},
      {"112 - 10 Bronx Rd", "", "112-10||BRONX|RD|||"},
      {"123 1/2 Oak Ln", "", "123/1/2||OAK|LN|||"},
      {"39.2 Rd", "", "39.2||RD||||"},
      {"N6W23001 Bluemound Rd", "", "N6W23001||BLUEMOUND|RD|||"},
      {"N6 W23001 Bluemound Road", "", "N6W23001||BLUEMOUND|RD|||"},
      {"300 N 200 W", "", "300|N|200||W||"},
      {"842 East 1700 South", "", "842|E|1700||S||"},
      {"#12 Main St", "", "12||MAIN|ST|||"},
      {"123Main St", "", "123||MAIN|ST|||"},
      {"123 Main St Apt 3B", "", "123||MAIN|ST||APT|3B"},
      {"123 Main St Apt. 3-b", "", "123||MAIN|ST||APT|3B"},
      {"123 Main St, Apartment # 3 B", "", "123||MAIN|ST||APT|3B"},
      {"123 Main St #3B", "", "123||MAIN|ST||#|3B"},
      {"123 Main St # 3B", "", "123||MAIN|ST||#|3B"},
      {"123 Main St 3B", "", "123||MAIN|ST||#|3B"},
      {"123 Main St NW 3B", "", "123||MAIN|ST|NW|#|3B"},
      {"123 Main St apt3b", "", "123||MAIN|ST||APT|3B"},
      {"123 Main St Unit No 7", "", "123||MAIN|ST||UNIT|7"},
      {"123 Main St 3rd Fl", "", "123||MAIN|ST||FL|3"},
      {"123 Main St Third Floor", "", "123||MAIN|ST||FL|3"},
      {"123 Main St Fl 3", "", "123||MAIN|ST||FL|3"},
      {"123 Main St Bldg 4 Apt 3B", "", "123||MAIN|ST||APT|3B"},
      {"123 Main St Lot 12", "", "123||MAIN|ST||LOT|12"},
      {"123 Main St Trailer 12", "", "123||MAIN|ST||TRLR|12"},
      {"123 Main St Rear", "", "123||MAIN|ST||REAR|"},
      {"123 Main St Suite 100", "", "123||MAIN|ST||STE|100"},
      {"123 Main St Penthouse 2", "", "123||MAIN|ST||PH|2"},
      {"123 Main St", "Apt 3B", "123||MAIN|ST||APT|3B"},
      {"123 Main St", "#3B", "123||MAIN|ST||#|3B"},
      {"123 Main St", "3B", "123||MAIN|ST||#|3B"},
      {"123 Main St", "2nd Floor", "123||MAIN|ST||FL|2"},
      {"Apt 3", "123 Main St", "123||MAIN|ST||APT|3"},
      {"Apt 3 123 Main St", "", "123||MAIN|ST||APT|3"},
      {"123 #3 Main St", "", "123||MAIN|ST||#|3"},
      {"c/o Maple Center", "123 Main St", "123||MAIN|ST|||"},
      {"123", "Main St", "123||MAIN|ST|||"},
      {"123 Main St, Springfield, IL 62704", "", "123||MAIN|ST|||"},
      {"123 Main St, Apt 4, Miami FL 33101", "", "123||MAIN|ST||APT|4"},
      {"123 Main St, NW", "", "123||MAIN|ST|NW||"},
      {"Main St", "", "||MAIN|ST|||"},
      {"123", "", "123||||||"},
      {"", "", "||||||"},
  });
}

TEST_CASE("ParseAddress: names that hold other words' abbreviations", "[token]") {
  RequireEach({
      {"1 First Street", "", "1||1ST|ST|||"},
      {"1 1st St", "", "1||1ST|ST|||"},
      {"1 Twenty-First Ave", "", "1||21ST|AVE|||"},
      {"1 21th Ave", "", "1||21ST|AVE|||"},
      {"1 111st Ave", "", "1||111TH|AVE|||"},
      {"1 5 Ave", "", "1||5TH|AVE|||"},
      {"1 2 nd St", "", "1||2ND|ST|||"},
      {"1 St James St", "", "1||SAINT JAMES|ST|||"},
      {"1 Saint James Street", "", "1||SAINT JAMES|ST|||"},
      {"1 N St. Clair St", "", "1|N|SAINT CLAIR|ST|||"},
      {"1 Mt Vernon Rd", "", "1||MOUNT VERNON|RD|||"},
      {"1 Mount Vernon Road", "", "1||MOUNT VERNON|RD|||"},
      {"1 Ft. Worth Ave", "", "1||FORT WORTH|AVE|||"},
      {"1 Park Ave", "", "1||PARK|AVE|||"},
      {"789 Main Avenue Drive", "", "789||MAIN AVENUE|DR|||"},
      {"789 Main Ave Dr", "", "789||MAIN AVENUE|DR|||"},
      {"4513 3rd St Cir W", "", "4513||3RD STREET|CIR|W||"},
      {"1000 Avenue Plz", "", "1000||AVENUE|PLZ|||"},
      {"1251 Avenue of the Americas", "", "1251||AVENUE OF THE AMERICAS||||"},
      {"1251 Ave of the Americas", "", "1251||AVENUE OF THE AMERICAS||||"},
      {"2900 Avenue N", "", "2900||AVENUE N||||"},
      {"2900 Ave B Apt 3", "", "2900||AVENUE B|||APT|3"},
      {"10 Key West Dr", "", "10||KEY WEST|DR|||"},
      {"10 Front St", "", "10||FRONT|ST|||"},
      {"10 Upper Mill Rd", "", "10||UPPER MILL|RD|||"},
      {"10 Ste Marie Ln", "", "10||STE MARIE|LN|||"},
      {"10 O'Malley Ct", "", "10||OMALLEY|CT|||"},
      {"10 Mid-Island Plaza", "", "10||MID ISLAND|PLZ|||"},
      {"10 Dr Martin Luther King Jr Blvd", "", "10||MARTIN LUTHER KING|BLVD|||"},
      {"10 MLK Blvd", "", "10||MARTIN LUTHER KING|BLVD|||"},
      {"10 N M.L. King Boulevard", "", "10|N|MARTIN LUTHER KING|BLVD|||"},
      {"10 West Martin L King Jr Blvd", "", "10|W|MARTIN LUTHER KING|BLVD|||"},
      {"10 Rock & Roll Ave", "", "10||ROCK AND ROLL|AVE|||"},
      {"10 Broadway", "", "10||BROADWAY||||"},
      {"10 E Broadway", "", "10|E|BROADWAY||||"},
      {"10 Calle Pe\xc3\xb1"
       "a",
       "", "10||CALLE PENA||||"},
      {"10 Via Roma", "", "10||VIA ROMA||||"},
      {"10 Main St Ext", "", "10||MAIN STREET|EXT|||"},
      {"10 Forty Acre Ln", "", "10||FORTY ACRE|LN|||"},
  });
}

TEST_CASE("ParseAddress: highways read as Publication 28 writes them", "[token]") {
  RequireEach({
      {"1 County Highway 140", "", "1||COUNTY HIGHWAY 140||||"},
      {"1 County Hwy 60E", "", "1||COUNTY HIGHWAY 60E||||"},
      {"1 Cnty Rd 33", "", "1||COUNTY ROAD 33||||"},
      {"1 CR 12", "", "1||COUNTY ROAD 12||||"},
      {"1 CR12", "", "1||COUNTY ROAD 12||||"},
      {"1 Co. Rd. 12", "", "1||COUNTY ROAD 12||||"},
      {"1 CA County Rd 150", "", "1||CA COUNTY ROAD 150||||"},
      {"1 California County Road 555", "", "1||CA COUNTY ROAD 555||||"},
      {"1 County Road N", "", "1||COUNTY ROAD N||||"},
      {"1 County Trunk Hwy KK", "", "1||COUNTY HIGHWAY KK||||"},
      {"1 Expressway 55", "", "1||EXPRESSWAY 55||||"},
      {"1 Farm to Market 1200", "", "1||FM 1200||||"},
      {"1 FM Rd 187", "", "1||FM 187||||"},
      {"1 Hwy 64", "", "1||HIGHWAY 64||||"},
      {"1 Highway 11 Bypass", "", "1||HIGHWAY 11 BYP||||"},
      {"1 I-10", "", "1||INTERSTATE 10||||"},
      {"1 Interstate Hwy 680", "", "1||INTERSTATE 680||||"},
      {"1 IH 280", "", "1||INTERSTATE 280||||"},
      {"1 Loop 410", "", "1||LOOP 410||||"},
      {"1 Rd 5A", "", "1||ROAD 5A||||"},
      {"1 Rt 88", "", "1||ROUTE 88||||"},
      {"1 Rte 1150EE", "", "1||ROUTE 1150EE||||"},
      {"1 Ranch Rd 620", "", "1||RANCH ROAD 620||||"},
      {"1 St Highway 303", "", "1||STATE HIGHWAY 303||||"},
      {"1 State Rd 55", "", "1||STATE ROAD 55||||"},
      {"1 SR 220", "", "1||STATE ROAD 220||||"},
      {"1 St Rt 175", "", "1||STATE ROUTE 175||||"},
      {"1 State Route 7", "", "1||STATE ROUTE 7||||"},
      {"1 TSR 45", "", "1||TOWNSHIP ROAD 45||||"},
      {"1 Township Rd 20", "", "1||TOWNSHIP ROAD 20||||"},
      {"1 US 41 SW", "", "1||US HIGHWAY 41||SW||"},
      {"1 US Hwy 50", "", "1||US HIGHWAY 50||||"},
      {"1 U.S. Highway 50", "", "1||US HIGHWAY 50||||"},
      {"1 U S Hwy 50 Apt 3", "", "1||US HIGHWAY 50|||APT|3"},
      {"1 Kentucky 440", "", "1||KY HIGHWAY 440||||"},
      {"1 Kentucky Highway 189", "", "1||KY HIGHWAY 189||||"},
      {"1 KY State Highway 625", "", "1||KY STATE HIGHWAY 625||||"},
      {"1 Old Hwy 50", "", "1||OLD HIGHWAY 50||||"},
      {"1 N Highway 50", "", "1|N|HIGHWAY 50||||"},
      {"1 Highway St", "", "1||HIGHWAY|ST|||"},
      {"1 County Line Rd", "", "1||COUNTY LINE|RD|||"},
      {"1 State St", "", "1||STATE|ST|||"},
      {"1 Loop Rd", "", "1||LOOP|RD|||"},
  });
}

TEST_CASE("ParseAddress: boxes and routes", "[token]") {
  RequireEach({
      {"PO Box 11890", "", "11890||PO BOX||||"},
      {"P.O. Box 00145", "", "145||PO BOX||||"},
      {"P O Box G", "", "G||PO BOX||||"},
      {"Post Office Box 12", "", "12||PO BOX||||"},
      {"POB 12", "", "12||PO BOX||||"},
      {"Caller 3110", "", "3110||PO BOX||||"},
      {"Drawer 21", "", "21||PO BOX||||"},
      {"RR 2 Box 152", "", "152||RR 2||||"},
      {"RR 03 Box 98D", "", "98D||RR 3||||"},
      {"RFD Route 4 #87A", "", "87A||RR 4||||"},
      {"Rural Route 2 Box 18", "", "18||RR 2||||"},
      {"Rt 4 Box 87A", "", "87A||RR 4||||"},
      {"R R 2 Box 18", "", "18||RR 2||||"},
      {"HC 68 Box 23A", "", "23A||HC 68||||"},
      {"Highway Contract Route 68 Box 23-A", "", "23A||HC 68||||"},
      {"Star Route 68 Box 23A", "", "23A||HC 68||||"},
      {"PSC 4 Box 12", "", "12||PSC 4||||"},
      {"CMR 830 Box 7", "", "7||CMR 830||||"},
      {"Unit 2050 Box 4190", "", "4190||UNIT 2050||||"},
      {"General Delivery", "", "||GENERAL DELIVERY||||"},
      {"123 Main St", "PO Box 12", "123||MAIN|ST|||"},
      {"PO Box 12", "123 Main St", "123||MAIN|ST|||"},
      {"123 Main St PO Box 12", "", "123||MAIN|ST|||"},
      {"Maple Center", "PO Box 12", "12||PO BOX||||"},
  });
  REQUIRE(Parsed("PO Box 1").po_box);
  REQUIRE_FALSE(Parsed("RR 2 Box 1").po_box);
  REQUIRE_FALSE(Parsed("1 Box Elder Rd").po_box);
}

TEST_CASE("NormalizeStreet: a street without its number", "[token]") {
  const std::pair<const char*, const char*> streets[] = {
      {"stanley street", "||STANLEY|ST|||"},
      {"northbourne avenue", "||NORTHBOURNE|AVE|||"},
      {"pinkerton circuit", "||PINKERTON|CIRCUIT|||"},
      {"o'shanassy street", "||OSHANASSY|ST|||"},
      {"shakespeare crescent", "||SHAKESPEARE|CRES|||"},
      {"N MAIN ST", "|N|MAIN|ST|||"},
      {"5TH", "||5TH||||"},
      {"5 Ave", "||5TH|AVE|||"},
      {"FIRST", "||1ST||||"},
      {"St James", "||SAINT JAMES||||"},
      {"PARK", "||PARK||||"},
      {"1700 S", "||1700||S||"},
      {"US HWY 50", "||US HIGHWAY 50||||"},
      {"COUNTY ROAD 12", "||COUNTY ROAD 12||||"},
      {"MAIN ST APT 4", "||MAIN|ST||APT|4"},
      {"", "||||||"},
  };
  for (const auto& [street, shown] : streets) {
    INFO(street);
    AddressParts parts;
    NormalizeStreet(street, parts);
    CHECK(Shown(parts) == shown);
    AddressParts again;
    NormalizeStreet(FormatAddress(parts), again);
    CHECK(again == parts);
  }
}

TEST_CASE("ParseAddress: what was there before is gone", "[token]") {
  AddressParts parts;
  ParseAddress("12B N Main St SE Apt 3", "", parts);
  ParseAddress("PO Box 1", "", parts);
  REQUIRE(parts == Parsed("PO Box 1"));
  ParseAddress("", "", parts);
  REQUIRE(parts == AddressParts());
}

TEST_CASE("Codes: one word's abbreviation", "[token]") {
  REQUIRE(token::DirectionalCode("North") == "N");
  REQUIRE(token::DirectionalCode(" s.e. ") == "SE");
  REQUIRE(token::DirectionalCode("Maple").empty());
  REQUIRE(token::StreetTypeCode("Avenue") == "AVE");
  REQUIRE(token::StreetTypeCode("Blvd.") == "BLVD");
  REQUIRE(token::StreetTypeCode("").empty());
  REQUIRE(token::UnitTypeCode("Suite") == "STE");
  REQUIRE(token::UnitTypeCode("averyveryverylongword").empty());
}

// Addresses put together from parts, written in ways that must not matter.
class AddressMaker {
 public:
  explicit AddressMaker(uint64_t seed) : random_(seed) {}

  AddressParts Parts() {
    AddressParts p;
    p.house_number = std::to_string(1 + random_() % 29'999);
    if (Chance(8)) p.house_number += "ABDF"[random_() % 4];
    if (Chance(12)) p.fraction = "1/2";
    if (Chance(3)) p.pre_directional = Pick({"N", "S", "E", "W", "NE", "SW"});
    p.street = Pick({"MAIN", "1ST", "22ND", "SAINT JAMES", "MOUNT VERNON", "LAKE SHORE", "OAK HILL",
                     "WASHINGTON", "ELM", "113TH", "MARTIN LUTHER KING"});
    p.street_type = Pick({"ST", "AVE", "RD", "BLVD", "CIR", "PKWY", "TER", "WAY", "LN"});
    if (Chance(4)) p.post_directional = Pick({"N", "SE", "W", "NW"});
    if (Chance(2)) {
      p.unit_type = Pick({"APT", "UNIT", "STE", "#", "LOT", "TRLR", "RM"});
      p.unit = std::to_string(1 + random_() % 999);
      if (Chance(2)) p.unit += "ABCX"[random_() % 4];
    }
    return p;
  }

  std::string Written(const AddressParts& p) {
    std::string out = p.house_number;
    const auto add = [&](const std::string& text) {
      if (text.empty()) return;
      out += Pick({" ", "  ", " "});
      out += text;
    };
    add(p.fraction);
    add(Directional(p.pre_directional));
    std::string street = p.street;
    if (Chance(2)) {
      for (const auto& [from, to] :
           {std::pair("1ST", "First"), std::pair("22ND", "Twenty Second"),
            std::pair("SAINT JAMES", "St. James"), std::pair("MOUNT VERNON", "Mt Vernon"),
            std::pair("MARTIN LUTHER KING", "Dr. M.L. King Jr.")}) {
        if (street == from) street = to;
      }
    }
    add(street);
    std::string type = p.street_type;
    if (Chance(2)) {
      for (const auto& [from, to] :
           {std::pair("ST", "Street"), std::pair("AVE", "Av."), std::pair("RD", "road"),
            std::pair("BLVD", "Boulevard"), std::pair("CIR", "Circle"),
            std::pair("PKWY", "Parkway"), std::pair("TER", "Terrace"), std::pair("LN", "Lane")}) {
        if (type == from) type = to;
      }
    }
    add(type);
    add(Directional(p.post_directional));
    if (!p.unit_type.empty()) {
      if (Chance(3)) out += ",";
      std::string unit = p.unit_type;
      if (unit == "APT" && Chance(2)) unit = Pick({"Apartment", "apt.", "Apt #", "APT NO"});
      if (unit == "STE" && Chance(2)) unit = "Suite";
      if (unit == "LOT" && Chance(2)) unit = "Lot #";
      add(unit);
      if (p.unit_type != "#" || Chance(2)) out += " ";
      std::string number = p.unit;
      if (!number.empty() && number.back() > '9' && Chance(3))
        number.insert(number.size() - 1, "-");
      out += number;
    }
    if (Chance(2)) {
      for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
      }
    }
    return out;
  }

  uint64_t Next() { return random_(); }

 private:
  bool Chance(uint64_t one_in) { return random_() % one_in == 0; }
  std::string Pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
  std::string Directional(const std::string& code) {
    if (code.empty() || Chance(2)) return code;
    for (const auto& [from, to] :
         {std::pair("N", "North"), std::pair("S", "south"), std::pair("E", "East"),
          std::pair("W", "WEST"), std::pair("NE", "N.E."), std::pair("SW", "South West"),
          std::pair("SE", "Southeast"), std::pair("NW", "N W")}) {
      if (code == from) return to;
    }
    return code;
  }
  std::mt19937_64 random_;
};

TEST_CASE("ParseAddress: finds the parts that an address was written from", "[token][oracle]") {
  AddressMaker maker(11);
  for (int i = 0; i < 50'000; ++i) {
    const AddressParts parts = maker.Parts();
    const std::string written = maker.Written(parts);
    INFO(written);
    const AddressParts parsed = Parsed(written);
    REQUIRE(Shown(parsed) == Shown(parts));
    REQUIRE(Parsed(FormatAddress(parsed)) == parsed);
  }
}

TEST_CASE("ParseAddress: any words in any order give uppercase ASCII, and the same again",
          "[token]") {
  const std::vector<std::string> words = {
      "123", "N",   "Main", "St",   "APT",   "3B", "#",   "PO",       "Box", "RR",     "Hwy",
      "50",  "-",   ",",    "1/2",  "Fl",    "FL", "2nd", "Rear",     "US",  "County", "Rd",
      "Av",  "Old", "West", "Unit", "Floor", "B",  "Key", "\xc3\xa9", "/",   "&",      "Saint"};
  std::mt19937_64 random(5);
  for (int i = 0; i < 50'000; ++i) {
    std::string line1;
    std::string line2;
    for (size_t n = random() % 9; n > 0; --n) line1 += words[random() % words.size()] + " ";
    for (size_t n = random() % 4; n > 0; --n) line2 += words[random() % words.size()] + " ";
    INFO(line1 << "/ " << line2);
    const AddressParts parts = Parsed(line1, line2);
    for (const char c : Shown(parts)) {
      const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         std::string_view("| -/.#").find(c) != std::string_view::npos;
      REQUIRE(plain);
    }
    REQUIRE(parts == Parsed(line1, line2));
  }
}

TEST_CASE("ParseAddress: lines of any length are read up to the limit", "[token]") {
  std::string long_line = "123 ";
  for (int i = 0; i < 2'000; ++i) long_line += "MAPLE ";
  REQUIRE(Parsed(long_line).house_number == "123");
  REQUIRE(Parsed(std::string(100'000, '7')).house_number.size() <= 40);
  REQUIRE(Parsed(std::string(100'000, '#')).street.empty());
  REQUIRE(Parsed(std::string(100'000, '&')).street.size() < 1'000);
  std::string high;
  for (int i = 0; i < 5'000; ++i) high += "\xc3\xa9\xff";
  REQUIRE(Parsed(high, high).house_number.empty());
}

}  // namespace
}  // namespace muster
