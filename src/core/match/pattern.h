// SPDX-License-Identifier: Apache-2.0
//
// Pattern: how far two people agree, as one small number: for each comparator the level of
// agreement that their sketches reach.
//
// Level 0 of every comparator is "missing": one side says nothing, and so does the pair (but for
// the suffix: whether it stands on one side only tells father and son apart). The other levels fall
// into groups by what there was to compare (a full birth date, or a year alone): probabilities add
// up to one within a group. Rule: values are in saved models and on the log; changing what a level
// means changes kPatternVersion. Threads: constants and pure functions. Source: docs/matching.md.
#ifndef MUSTER_CORE_MATCH_PATTERN_H_
#define MUSTER_CORE_MATCH_PATTERN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace muster::match {

inline constexpr int32_t kPatternVersion = 1;

using Pattern = uint32_t;

enum class Comparator : uint8_t {
  kFirstName = 0,
  kLastName = 1,
  kMiddleName = 2,
  kBirthDate = 3,
  kLocality = 4,  // ZIP and city
  kAddress = 5,   // house number and street
  kPhone = 6,
  kEmail = 7,
  kSex = 8,
  kSuffix = 9,
};
inline constexpr size_t kComparatorCount = 10;
inline constexpr size_t kLevelsMax = 12;

namespace first_name {
inline constexpr unsigned kExact = 1, kNickname = 2, kTypo = 3, kAlike = 4, kMiddle = 5,
                          kDiffers = 6, kInitial = 7, kInitialDiffers = 8;
}
namespace last_name {
inline constexpr unsigned kExact = 1, kTypo = 2, kPart = 3, kAlike = 4, kSwapped = 5, kDiffers = 6,
                          kHalfSwapped = 7;
}
namespace middle_name {
inline constexpr unsigned kExact = 1, kSameInitial = 2, kDiffers = 3, kInitial = 4,
                          kInitialDiffers = 5;
}
namespace birth_date {
inline constexpr unsigned kExact = 1, kSwapped = 2, kTwoParts = 3, kYearOnly = 4, kDiffers = 5,
                          kYear = 6, kYearDiffers = 7;
}
namespace locality {
inline constexpr unsigned kZip = 1, kCity = 2, kZip3 = 3, kDiffers = 4, kZipAlone = 5,
                          kZip3Alone = 6, kZipAloneDiffers = 7, kCityAlone = 8,
                          kCityAloneDiffers = 9;
}
namespace address {
inline constexpr unsigned kExact = 1, kOtherUnit = 2, kStreet = 3, kDiffers = 4, kFarExact = 5,
                          kFarDiffers = 6, kNumberAlone = 7, kNumberAloneDiffers = 8,
                          kStreetAlone = 9, kStreetAloneDiffers = 10, kNumber = 11;
}
namespace phone {
inline constexpr unsigned kExact = 1, kDiffers = 2;
}
namespace email {
inline constexpr unsigned kExact = 1, kLocal = 2, kDiffers = 3;
}
namespace sex {
inline constexpr unsigned kSame = 1, kDiffers = 2, kOtherNameSame = 3, kOtherNameDiffers = 4;
}
namespace suffix {
inline constexpr unsigned kSame = 1, kDiffers = 2, kNone = 3, kOneSided = 4;
}

struct Level {
  std::string_view name;  // "nickname", as explanations say it
  uint8_t group = 0;      // levels of one comparator and group exclude each other
};

struct ComparatorSpec {
  std::string_view name;  // "first_name"
  unsigned shift = 0;
  unsigned bits = 0;
  std::span<const Level> levels;  // [0] is "missing"
};
const ComparatorSpec& SpecOf(size_t comparator);

// Where each comparator's level stands in a pattern.
inline constexpr std::array<unsigned, kComparatorCount> kShift = {0,  4,  7,  10, 13,
                                                                  17, 21, 23, 25, 28};
inline constexpr std::array<unsigned, kComparatorCount> kBits = {4, 3, 3, 3, 4, 4, 2, 2, 3, 3};

constexpr unsigned LevelOf(Pattern pattern, size_t comparator) {
  return (pattern >> kShift[comparator]) & ((1u << kBits[comparator]) - 1);
}
constexpr unsigned LevelOf(Pattern pattern, Comparator comparator) {
  return LevelOf(pattern, static_cast<size_t>(comparator));
}
constexpr Pattern WithLevel(Comparator comparator, unsigned level) {
  return Pattern{level} << kShift[static_cast<size_t>(comparator)];
}

}  // namespace muster::match

#endif  // MUSTER_CORE_MATCH_PATTERN_H_
