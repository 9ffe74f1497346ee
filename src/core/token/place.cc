// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "core/token/normalize.h"

namespace muster::token {
namespace {

// USPS Publication 28, appendix B; then the abbreviations of the Government Printing Office and of
// newspapers. Letters alone, so that dots and spaces do not matter. Sorted by name.
struct StateName {
  std::string_view name;
  std::string_view code;
};
constexpr StateName kStateNames[] = {
    {"ALA", "AL"},
    {"ALABAMA", "AL"},
    {"ALAS", "AK"},
    {"ALASKA", "AK"},
    {"AMERICANSAMOA", "AS"},
    {"ARIZ", "AZ"},
    {"ARIZONA", "AZ"},
    {"ARK", "AR"},
    {"ARKANSAS", "AR"},
    {"ARMEDFORCESAMERICAS", "AA"},
    {"ARMEDFORCESEUROPE", "AE"},
    {"ARMEDFORCESPACIFIC", "AP"},
    {"CAL", "CA"},
    {"CALIF", "CA"},
    {"CALIFORNIA", "CA"},
    {"COLO", "CO"},
    {"COLORADO", "CO"},
    {"COMMONWEALTHOFTHENORTHERNMARIANAISLANDS", "MP"},
    {"CONN", "CT"},
    {"CONNECTICUT", "CT"},
    {"DEL", "DE"},
    {"DELAWARE", "DE"},
    {"DISTRICTOFCOLUMBIA", "DC"},
    {"FEDERATEDSTATESOFMICRONESIA", "FM"},
    {"FLA", "FL"},
    {"FLORIDA", "FL"},
    {"GEORGIA", "GA"},
    {"GUAM", "GU"},
    {"HAWAII", "HI"},
    {"IDA", "ID"},
    {"IDAHO", "ID"},
    {"ILL", "IL"},
    {"ILLINOIS", "IL"},
    {"IND", "IN"},
    {"INDIANA", "IN"},
    {"IOWA", "IA"},
    {"KAN", "KS"},
    {"KANS", "KS"},
    {"KANSAS", "KS"},
    {"KENTUCKY", "KY"},
    {"LOUISIANA", "LA"},
    {"MAINE", "ME"},
    {"MARSHALLISLANDS", "MH"},
    {"MARYLAND", "MD"},
    {"MASS", "MA"},
    {"MASSACHUSETTS", "MA"},
    {"MICH", "MI"},
    {"MICHIGAN", "MI"},
    {"MICRONESIA", "FM"},
    {"MINN", "MN"},
    {"MINNESOTA", "MN"},
    {"MISS", "MS"},
    {"MISSISSIPPI", "MS"},
    {"MISSOURI", "MO"},
    {"MONT", "MT"},
    {"MONTANA", "MT"},
    {"NCAR", "NC"},
    {"NDAK", "ND"},
    {"NEB", "NE"},
    {"NEBR", "NE"},
    {"NEBRASKA", "NE"},
    {"NEV", "NV"},
    {"NEVADA", "NV"},
    {"NEWHAMPSHIRE", "NH"},
    {"NEWJERSEY", "NJ"},
    {"NEWMEXICO", "NM"},
    {"NEWYORK", "NY"},
    {"NEWYORKSTATE", "NY"},
    {"NMEX", "NM"},
    {"NORTHCAROLINA", "NC"},
    {"NORTHDAKOTA", "ND"},
    {"NORTHERNMARIANAISLANDS", "MP"},
    {"OHIO", "OH"},
    {"OKLA", "OK"},
    {"OKLAHOMA", "OK"},
    {"ORE", "OR"},
    {"OREG", "OR"},
    {"OREGON", "OR"},
    {"PALAU", "PW"},
    {"PENN", "PA"},
    {"PENNA", "PA"},
    {"PENNSYLVANIA", "PA"},
    {"PUERTORICO", "PR"},
    {"REPUBLICOFPALAU", "PW"},
    {"REPUBLICOFTHEMARSHALLISLANDS", "MH"},
    {"RHODEISLAND", "RI"},
    {"SCAR", "SC"},
    {"SDAK", "SD"},
    {"SOUTHCAROLINA", "SC"},
    {"SOUTHDAKOTA", "SD"},
    {"TENN", "TN"},
    {"TENNESSEE", "TN"},
    {"TEX", "TX"},
    {"TEXAS", "TX"},
    {"UNITEDSTATESVIRGINISLANDS", "VI"},
    {"USVI", "VI"},
    {"USVIRGINISLANDS", "VI"},
    {"UTAH", "UT"},
    {"VERMONT", "VT"},
    {"VIRGINIA", "VA"},
    {"VIRGINISLANDS", "VI"},
    {"WASH", "WA"},
    {"WASHINGTON", "WA"},
    {"WASHINGTONDC", "DC"},
    {"WASHINGTONSTATE", "WA"},
    {"WESTVIRGINIA", "WV"},
    {"WIS", "WI"},
    {"WISC", "WI"},
    {"WISCONSIN", "WI"},
    {"WVA", "WV"},
    {"WYO", "WY"},
    {"WYOMING", "WY"},
};
constexpr std::string_view kStateCodes[] = {
    "AA", "AE", "AK", "AL", "AP", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "FM", "GA",
    "GU", "HI", "IA", "ID", "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MH", "MI", "MN", "MO",
    "MP", "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "PR",
    "PW", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY"};
constexpr size_t kStateNameBytesMax = 64;

constexpr bool NameLess(const StateName& a, const StateName& b) { return a.name < b.name; }
static_assert(std::is_sorted(std::begin(kStateNames), std::end(kStateNames), NameLess));
static_assert(std::is_sorted(std::begin(kStateCodes), std::end(kStateCodes)));

}  // namespace

uint32_t NormalizeZip(std::string_view text) {
  constexpr size_t kZipDigits = 5;
  constexpr size_t kZip4Digits = 9;
  text = contact::TrimSpace(text);
  uint32_t zip = 0;
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      if (digits < kZipDigits) zip = zip * 10 + static_cast<uint32_t>(c - '0');
      ++digits;
    } else if (i != kZipDigits || (c != '-' && c != ' ')) {
      return 0;
    }
  }
  const bool plain = text.size() == digits;
  return digits == kZip4Digits || (digits == kZipDigits && plain) ? zip : 0;
}

std::string NormalizeState(std::string_view text) {
  std::string letters;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') {
      letters.push_back(static_cast<char>(c - ('a' - 'A')));
    } else if (c >= 'A' && c <= 'Z') {
      letters.push_back(c);
    } else if (c >= '0' && c <= '9') {
      return {};
    }
    if (letters.size() > kStateNameBytesMax) return {};
  }
  if (std::binary_search(std::begin(kStateCodes), std::end(kStateCodes), letters)) return letters;
  const auto* found = std::lower_bound(std::begin(kStateNames), std::end(kStateNames),
                                       StateName{letters, {}}, NameLess);
  if (found == std::end(kStateNames) || found->name != letters) return {};
  return std::string(found->code);
}

}  // namespace muster::token
