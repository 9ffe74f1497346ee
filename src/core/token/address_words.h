// SPDX-License-Identifier: Apache-2.0
//
// AddressWords: the words that mean something in an address line: street types, directionals, unit
// designators, ordinals, and the first words of highways and boxes.
//
// Rule: one look-up a word, in a table that is laid out while compiling.
// Threads: constants.
// Source: USPS Publication 28, appendices B2 (directionals), C1 (street suffixes) and C2 (secondary
// units).
#ifndef MUSTER_CORE_TOKEN_ADDRESS_WORDS_H_
#define MUSTER_CORE_TOKEN_ADDRESS_WORDS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace muster::token {

inline constexpr size_t kAddressWordBytesMax = 16;  // longer words mean nothing

// Which road a highway's words say.
enum class Road : uint8_t {
  kNone,
  kRoad,     // RD 5
  kHighway,  // HWY 50
  kRoute,    // RT 7
  kExpressway,
  kLoop,
  kCountyRoad,     // CR 12
  kCountyHighway,  // CH 12
  kStateRoad,      // SR 220
  kStateHighway,   // SH 6
  kTownshipRoad,   // TR 45
  kUs,             // US 50
  kInterstate,     // I 95
  kFarmToMarket,   // FM 1200
  kRanchToMarket,  // RM 2222
  kCounty,         // first word of two: COUNTY ROAD 12
  kState,          // STATE ROUTE 7
  kTownship,       // TOWNSHIP RD 20
  kRanch,          // RANCH RD 620
};

// What begins a line that is no street.
enum class Box : uint8_t { kNone, kPo, kPoBox, kBox, kRural, kContract, kMilitary };

// What a unit's designator needs behind it.
enum class UnitKind : uint8_t {
  kNone,
  kAny,     // APT: any word
  kNumber,  // LOT: something with a digit, or one or two letters
  kAlone,   // REAR: nothing
};

struct AddressWord {
  std::string_view text;
  std::string_view type;       // "AVE"
  std::string_view type_name;  // "AVENUE"
  std::string_view directional;
  std::string_view unit;
  std::string_view in_name;  // how it is written inside a street's name, when not as it stands
  uint8_t ordinal = 0;       // FIRST: 1
  uint8_t tens = 0;          // TWENTY: 20, when an ordinal below ten follows
  UnitKind unit_kind = UnitKind::kNone;
  uint8_t unit_rank = 0;  // how precisely it says which door
  Road road = Road::kNone;
  Box box = Box::kNone;
};

// Of an uppercase word; null when it means nothing.
const AddressWord* FindAddressWord(std::string_view word);

}  // namespace muster::token

#endif  // MUSTER_CORE_TOKEN_ADDRESS_WORDS_H_
