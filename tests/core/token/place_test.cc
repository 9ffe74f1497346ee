// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cctype>
#include <string>

#include "core/token/normalize.h"

namespace muster {
namespace {

using token::NormalizeState;
using token::NormalizeZip;

struct NamedState {
  const char* code;
  const char* name;
  const char* abbreviation;  // of the Government Printing Office
};
// The 50 states, DC, territories, freely associated states.
constexpr NamedState kStates[] = {
    {"AL", "Alabama", "Ala."},
    {"AK", "Alaska", "Alaska"},
    {"AZ", "Arizona", "Ariz."},
    {"AR", "Arkansas", "Ark."},
    {"CA", "California", "Calif."},
    {"CO", "Colorado", "Colo."},
    {"CT", "Connecticut", "Conn."},
    {"DE", "Delaware", "Del."},
    {"FL", "Florida", "Fla."},
    {"GA", "Georgia", "Ga."},
    {"HI", "Hawaii", "Hawaii"},
    {"ID", "Idaho", "Idaho"},
    {"IL", "Illinois", "Ill."},
    {"IN", "Indiana", "Ind."},
    {"IA", "Iowa", "Iowa"},
    {"KS", "Kansas", "Kans."},
    {"KY", "Kentucky", "Ky."},
    {"LA", "Louisiana", "La."},
    {"ME", "Maine", "Maine"},
    {"MD", "Maryland", "Md."},
    {"MA", "Massachusetts", "Mass."},
    {"MI", "Michigan", "Mich."},
    {"MN", "Minnesota", "Minn."},
    {"MS", "Mississippi", "Miss."},
    {"MO", "Missouri", "Mo."},
    {"MT", "Montana", "Mont."},
    {"NE", "Nebraska", "Nebr."},
    {"NV", "Nevada", "Nev."},
    {"NH", "New Hampshire", "N.H."},
    {"NJ", "New Jersey", "N.J."},
    {"NM", "New Mexico", "N. Mex."},
    {"NY", "New York", "N.Y."},
    {"NC", "North Carolina", "N.C."},
    {"ND", "North Dakota", "N. Dak."},
    {"OH", "Ohio", "Ohio"},
    {"OK", "Oklahoma", "Okla."},
    {"OR", "Oregon", "Oreg."},
    {"PA", "Pennsylvania", "Pa."},
    {"RI", "Rhode Island", "R.I."},
    {"SC", "South Carolina", "S.C."},
    {"SD", "South Dakota", "S. Dak."},
    {"TN", "Tennessee", "Tenn."},
    {"TX", "Texas", "Tex."},
    {"UT", "Utah", "Utah"},
    {"VT", "Vermont", "Vt."},
    {"VA", "Virginia", "Va."},
    {"WA", "Washington", "Wash."},
    {"WV", "West Virginia", "W. Va."},
    {"WI", "Wisconsin", "Wis."},
    {"WY", "Wyoming", "Wyo."},
    {"DC", "District of Columbia", "D.C."},
    {"AS", "American Samoa", "A.S."},
    {"GU", "Guam", "Guam"},
    {"MP", "Northern Mariana Islands", "M.P."},
    {"PR", "Puerto Rico", "P.R."},
    {"VI", "Virgin Islands", "V.I."},
    {"FM", "Federated States of Micronesia", "F.M."},
    {"MH", "Marshall Islands", "M.H."},
    {"PW", "Palau", "P.W."},
};

std::string Lowered(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

TEST_CASE("NormalizeState: code, name and abbreviation of every state", "[token]") {
  for (const NamedState& state : kStates) {
    INFO(state.code);
    for (const std::string text : {state.code, state.name, state.abbreviation}) {
      REQUIRE(NormalizeState(text) == state.code);
      REQUIRE(NormalizeState(Lowered(text)) == state.code);
      REQUIRE(NormalizeState("  " + text + " ") == state.code);
    }
    REQUIRE(NormalizeState(NormalizeState(state.name)) == state.code);
  }
}

TEST_CASE("NormalizeState: other names in use", "[token]") {
  REQUIRE(NormalizeState("Washington, D.C.") == "DC");
  REQUIRE(NormalizeState("Washington State") == "WA");
  REQUIRE(NormalizeState("U.S. Virgin Islands") == "VI");
  REQUIRE(NormalizeState("Wisc.") == "WI");
  REQUIRE(NormalizeState("Penna.") == "PA");
  REQUIRE(NormalizeState("Ore.") == "OR");
  REQUIRE(NormalizeState("Hawai\xca\xbbi") == "HI");
  REQUIRE(NormalizeState("Armed Forces Pacific") == "AP");
  REQUIRE(NormalizeState("AE") == "AE");
}

TEST_CASE("NormalizeState: what is no state is empty", "[token]") {
  for (const char* text : {"", " ", "ZZ", "Ontario", "ON", "N/A", "Illinoi", "Illinoiss", "17",
                           "IL1", "New", "Columbia", "United States"}) {
    INFO(text);
    REQUIRE(NormalizeState(text).empty());
  }
  REQUIRE(NormalizeState(std::string(100'000, 'a')).empty());
}

TEST_CASE("NormalizeZip: five digits, alone or of a ZIP+4", "[token]") {
  REQUIRE(NormalizeZip("62704") == 62704);
  REQUIRE(NormalizeZip(" 62704\t") == 62704);
  REQUIRE(NormalizeZip("62704-1234") == 62704);
  REQUIRE(NormalizeZip("62704 1234") == 62704);
  REQUIRE(NormalizeZip("627041234") == 62704);
  REQUIRE(NormalizeZip("00501") == 501);
  REQUIRE(NormalizeZip("02139-4307") == 2139);
  REQUIRE(NormalizeZip("99950") == 99950);
}

TEST_CASE("NormalizeZip: what is no ZIP is 0", "[token]") {
  for (const char* text : {"",
                           " ",
                           "0",
                           "2139",
                           "6270",
                           "627045",
                           "62704-",
                           "62704-123",
                           "62704-12345",
                           "6270-41234",
                           "627-041234",
                           "62704--1234",
                           "62704/1234",
                           "62704-12a4",
                           "K1A 0B1",
                           "SW1A 1AA",
                           "-62704",
                           "+62704",
                           "6 2704",
                           "62704.0",
                           "99999999999999999999",
                           "\xd9\xa6\xd9\xa2\xd9\xa7\xd9\xa0\xd9\xa4"}) {
    INFO(text);
    REQUIRE(NormalizeZip(text) == 0);
  }
}

}  // namespace
}  // namespace muster
