// SPDX-License-Identifier: Apache-2.0
//
// Address: a US street address taken apart, so that the same door reads the same however it was
// typed: "12-b North Saint James Street, Apartment 3" is 12B | N | SAINT JAMES | ST | APT | 3.
//
// Parts are uppercase ASCII with the abbreviations of USPS Publication 28: directionals "N", "SE";
// street types "ST", "AVE"; units "APT", "STE", "#" where the text does not say which. Numbered
// streets are written "1ST"; in a name "ST" before another word is SAINT, "MT" MOUNT, and of two
// street types the first is spelled out ("MAIN AVENUE" DR). Highways stand in the street ("US
// HIGHWAY 50", "COUNTY ROAD 12"). A PO box, rural route or military box has its box in the house
// number and "PO BOX", "RR 2", "HC 68", "PSC 4" in the street. Of several units the most precise
// stays ("BLDG 4 APT 3B" is APT 3B). Words behind a comma that belong to none of this (a city) go.
// Rule: any bytes give some parts, equal bytes equal parts; FormatAddress of what was parsed parses
// into the same parts. Covered by kNormalizerVersion.
// Units: of each line the first kAddressLineBytesMax bytes count.
// Errors: none. What cannot be understood stays in the street.
// Threads: pure; no allocation once `out` has grown, except for text beyond ASCII.
// Source: USPS Publication 28, sections 23 to 28 and appendices B, C and F; docs/formats/tokens.md.
#ifndef MUSTER_CORE_TOKEN_ADDRESS_H_
#define MUSTER_CORE_TOKEN_ADDRESS_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::token {

inline constexpr size_t kAddressLineBytesMax = 256;

// Empty where absent.
struct AddressParts {
  std::string house_number;      // "123", "12B", "123-45", "N6W23001"; the box of a PO box
  std::string fraction;          // "1/2"
  std::string pre_directional;   // "N"
  std::string street;            // "SAINT JAMES"
  std::string street_type;       // "ST"
  std::string post_directional;  // "SE"
  std::string unit_type;         // "APT", "#"
  std::string unit;              // "3B"; empty for "REAR" and the like
  bool po_box = false;

  bool operator==(const AddressParts&) const = default;
};

// Whole lines, as a CRM or a voter file's address lines have them. The line with the house number
// is the address wherever it stands; the other one may hold the unit.
void ParseAddress(std::string_view line1, std::string_view line2, AddressParts& out);

// A street that stands without its number. Where a file keeps directionals and type in columns of
// their own, pass all of them in order, with spaces: alone, "LAKE VIEW" would be LAKE, type VW.
void NormalizeStreet(std::string_view street_with_maybe_type_and_directionals, AddressParts& out);

// The delivery line: "12B N SAINT JAMES ST APT 3".
std::string FormatAddress(const AddressParts& parts);

// One word's abbreviation, empty when it is none: "NORTH" -> "N", "Avenue" -> "AVE", "Suite" ->
// "STE".
std::string_view DirectionalCode(std::string_view word);
std::string_view StreetTypeCode(std::string_view word);
std::string_view UnitTypeCode(std::string_view word);

}  // namespace muster::token

#endif  // MUSTER_CORE_TOKEN_ADDRESS_H_
