// SPDX-License-Identifier: Apache-2.0
//
// The algorithm of compare.h over four primitive operations that each kernel brings along. Included
// by the kernels' sources only.
//
// A sketch is two lines of 32 lanes of 16 bits. Ops has:
//   Equal(a, b): bit i: lane i of two lines is equal
//   Missing(a, b): bit i: lane i of one of two lines is zero
//   Typos(a, b): bit i: lane i of two second lines, which holds a value without one letter, says
//     that the two values are a typo apart. The lane is in both (a letter changed), or one further
//     in one of them (two letters exchanged), or it is the whole of the other value (a letter
//     more).
//   AnyOfFour(a, b): whether two sets of four tokens meet
// Zeros are no tokens.
#ifndef MUSTER_CORE_MATCH_COMPARE_KERNEL_H_
#define MUSTER_CORE_MATCH_COMPARE_KERNEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/match/compare.h"
#include "core/match/pattern.h"
#include "core/token/sketch.h"

#define MUSTER_KERNEL_INLINE inline __attribute__((always_inline))

namespace muster::match::kernel {

// Lanes of the first line.
inline constexpr unsigned kFirst = 0, kLast = 2, kStreet = 4, kPhone = 6, kEmail = 8, kZip = 10,
                          kCity = 12, kHouse = 13, kUnit = 14, kMiddle = 15, kFirstInitial = 16,
                          kMiddleInitial = 17, kFirstPhonetic = 18, kLastPhonetic = 19, kYear = 20,
                          kMonth = 21, kDay = 22, kZip3 = 23, kEmailLocal = 24;
// Of the second.
inline constexpr unsigned kFirstTypos = 0, kLastTypos = 12, kStreetTypos = 24, kFirstPrefix = 30,
                          kLastPrefix = 31;
static_assert(offsetof(token::Sketch, first) == 2 * kFirst);
static_assert(offsetof(token::Sketch, last) == 2 * kLast);
static_assert(offsetof(token::Sketch, street) == 2 * kStreet);
static_assert(offsetof(token::Sketch, phone) == 2 * kPhone);
static_assert(offsetof(token::Sketch, email) == 2 * kEmail);
static_assert(offsetof(token::Sketch, zip) == 2 * kZip);
static_assert(offsetof(token::Sketch, city) == 2 * kCity);
static_assert(offsetof(token::Sketch, house_number) == 2 * kHouse);
static_assert(offsetof(token::Sketch, unit) == 2 * kUnit);
static_assert(offsetof(token::Sketch, middle) == 2 * kMiddle);
static_assert(offsetof(token::Sketch, first_initial) == 2 * kFirstInitial);
static_assert(offsetof(token::Sketch, middle_initial) == 2 * kMiddleInitial);
static_assert(offsetof(token::Sketch, first_phonetic) == 2 * kFirstPhonetic);
static_assert(offsetof(token::Sketch, last_phonetic) == 2 * kLastPhonetic);
static_assert(offsetof(token::Sketch, birth_year) == 2 * kYear);
static_assert(offsetof(token::Sketch, birth_month) == 2 * kMonth);
static_assert(offsetof(token::Sketch, birth_day) == 2 * kDay);
static_assert(offsetof(token::Sketch, zip3) == 2 * kZip3);
static_assert(offsetof(token::Sketch, email_local) == 2 * kEmailLocal);
static_assert(offsetof(token::Sketch, first_typos) == 64 + 2 * kFirstTypos);
static_assert(offsetof(token::Sketch, last_typos) == 64 + 2 * kLastTypos);
static_assert(offsetof(token::Sketch, street_typos) == 64 + 2 * kStreetTypos);
static_assert(offsetof(token::Sketch, first_prefix) == 64 + 2 * kFirstPrefix);
static_assert(offsetof(token::Sketch, last_prefix) == 64 + 2 * kLastPrefix);

inline constexpr uint32_t Field(unsigned from, size_t count) {
  return static_cast<uint32_t>(((uint64_t{1} << count) - 1) << from);
}
inline constexpr uint32_t kFirstTypoLanes = Field(kFirstTypos, token::kNameTypos);
inline constexpr uint32_t kLastTypoLanes = Field(kLastTypos, token::kNameTypos);
inline constexpr uint32_t kStreetTypoLanes = Field(kStreetTypos, token::kStreetTypos);
// Lanes of values without a letter: all but each field's own value.
inline constexpr uint32_t kCutLanes = (kFirstTypoLanes & ~(1u << kFirstTypos)) |
                                      (kLastTypoLanes & ~(1u << kLastTypos)) |
                                      (kStreetTypoLanes & ~(1u << kStreetTypos));
// The same without each field's first such lane: what a shift by one may look at.
inline constexpr uint32_t kShiftedLanes =
    kCutLanes & ~(2u << kFirstTypos) & ~(2u << kLastTypos) & ~(2u << kStreetTypos);

// What was met, as bits, to a level: tables, since which branch a pair takes is anybody's guess.
// `level_of` is asked at compile time with bit i of what was met.
template <size_t N, typename LevelOfBits>
constexpr std::array<uint8_t, (size_t{1} << N)> Table(LevelOfBits level_of) {
  std::array<uint8_t, (size_t{1} << N)> table{};
  for (size_t bits = 0; bits < table.size(); ++bits) {
    table[bits] = static_cast<uint8_t>(level_of([bits](size_t i) { return (bits >> i & 1) != 0; }));
  }
  return table;
}

// Both full, same, nickname, typo, middle name, alike; both initials, same.
inline constexpr auto kFirstLevels = Table<8>([](auto is) -> unsigned {
  if (is(0)) {
    return is(1)   ? first_name::kExact
           : is(2) ? first_name::kNickname
           : is(3) ? first_name::kTypo
           : is(4) ? first_name::kMiddle
           : is(5) ? first_name::kAlike
                   : first_name::kDiffers;
  }
  return !is(6) ? 0 : is(7) ? first_name::kInitial : first_name::kInitialDiffers;
});
// Both, same, swapped, typo, part, alike, half swapped.
inline constexpr auto kLastLevels = Table<7>([](auto is) -> unsigned {
  return !is(0)  ? 0
         : is(1) ? last_name::kExact
         : is(2) ? last_name::kSwapped
         : is(3) ? last_name::kTypo
         : is(4) ? last_name::kPart
         : is(5) ? last_name::kAlike
         : is(6) ? last_name::kHalfSwapped
                 : last_name::kDiffers;
});
// Both, same; both initials, same.
inline constexpr auto kMiddleLevels = Table<4>([](auto is) -> unsigned {
  if (is(0)) {
    return is(1) ? middle_name::kExact : is(3) ? middle_name::kSameInitial : middle_name::kDiffers;
  }
  return !is(2) ? 0 : is(3) ? middle_name::kInitial : middle_name::kInitialDiffers;
});
// Both years, both days and months, same year, month, day, day and month swapped.
inline constexpr auto kBirthLevels = Table<6>([](auto is) -> unsigned {
  if (!is(0)) return 0;
  if (!is(1)) return is(2) ? birth_date::kYear : birth_date::kYearDiffers;
  const int parts = (is(2) ? 1 : 0) + (is(3) ? 1 : 0) + (is(4) ? 1 : 0);
  return parts == 3       ? birth_date::kExact
         : is(2) && is(5) ? birth_date::kSwapped
         : parts == 2     ? birth_date::kTwoParts
         : is(2)          ? birth_date::kYearOnly
                          : birth_date::kDiffers;
});
// Both ZIPs, both cities, same ZIP, city, ZIP3.
inline constexpr auto kLocalityLevels = Table<5>([](auto is) -> unsigned {
  if (is(0) && is(1)) {
    return is(2)   ? locality::kZip
           : is(3) ? locality::kCity
           : is(4) ? locality::kZip3
                   : locality::kDiffers;
  }
  if (is(0))
    return is(2) ? locality::kZipAlone : is(4) ? locality::kZip3Alone : locality::kZipAloneDiffers;
  return !is(1) ? 0 : is(3) ? locality::kCityAlone : locality::kCityAloneDiffers;
});
// Both streets, both numbers, same street, number, other unit, same place as far as is known.
inline constexpr auto kAddressLevels = Table<6>([](auto is) -> unsigned {
  if (is(0) && is(1)) {
    if (!is(5)) return is(2) && is(3) ? address::kFarExact : address::kFarDiffers;
    if (is(2)) return !is(3) ? address::kStreet : is(4) ? address::kOtherUnit : address::kExact;
    return is(3) ? address::kNumber : address::kDiffers;
  }
  if (is(0)) return is(2) ? address::kStreetAlone : address::kStreetAloneDiffers;
  return !is(1) ? 0 : is(3) ? address::kNumberAlone : address::kNumberAloneDiffers;
});
// Both, same, same before the @.
inline constexpr auto kEmailLevels = Table<3>([](auto is) -> unsigned {
  return !is(0) ? 0 : is(1) ? email::kExact : is(2) ? email::kLocal : email::kDiffers;
});
// Both, same, same first name.
inline constexpr auto kSexLevels = Table<3>([](auto is) -> unsigned {
  if (!is(0)) return 0;
  return is(2) ? (is(1) ? sex::kSame : sex::kDiffers)
               : (is(1) ? sex::kOtherNameSame : sex::kOtherNameDiffers);
});
// Both last names, left suffix, right suffix, same.
inline constexpr auto kSuffixLevels = Table<4>([](auto is) -> unsigned {
  if (!is(0)) return 0;
  if (is(1) && is(2)) return is(3) ? suffix::kSame : suffix::kDiffers;
  return is(1) || is(2) ? suffix::kOneSided : suffix::kNone;
});

inline constexpr size_t kFetchAhead = 24;

template <typename Ops>
MUSTER_KERNEL_INLINE Pattern PatternOf(const token::Sketch& a, const token::Sketch& b) {
  const auto* a1 = reinterpret_cast<const char*>(&a);
  const auto* b1 = reinterpret_cast<const char*>(&b);
  const char* a2 = a1 + 64;
  const char* b2 = b1 + 64;

  const uint32_t missing = Ops::Missing(a1, b1);
  const uint32_t equal = Ops::Equal(a1, b1) & ~missing;
  const auto has = [missing](unsigned lane) -> uint32_t { return ~missing >> lane & 1u; };
  const auto same = [equal](unsigned lane) -> uint32_t { return equal >> lane & 1u; };
  const auto same2 = [equal](unsigned lane) -> uint32_t {
    return equal >> lane & equal >> (lane + 1) & 1u;
  };
  const uint32_t typos = Ops::Typos(a2, b2);
  const auto any = [typos](uint32_t lanes) -> uint32_t { return (typos & lanes) != 0 ? 1u : 0u; };
  const auto meet = [](uint16_t one, uint16_t other) -> uint32_t {
    return one != 0 && one == other ? 1u : 0u;
  };

  // Names. A swap is one piece of evidence, not two.
  const uint32_t crossed = a.first != 0 && a.first == b.last ? 1u : 0u;
  const uint32_t crossed_back = a.last != 0 && a.last == b.first ? 1u : 0u;
  const uint32_t swapped = crossed & crossed_back & (a.first != a.last ? 1u : 0u);
  const uint32_t part =
      meet(a.last_parts[0], b.last_parts[0]) | meet(a.last_parts[0], b.last_parts[1]) |
      meet(a.last_parts[1], b.last_parts[0]) | meet(a.last_parts[1], b.last_parts[1]);
  const uint32_t last_alike = same(kLastPhonetic) | meet(a.last_prefix, b.last_prefix);
  const unsigned last =
      kLastLevels[has(kLast) | same2(kLast) << 1 | swapped << 2 | any(kLastTypoLanes) << 3 |
                  part << 4 | last_alike << 5 | (crossed | crossed_back) << 6];

  const uint32_t nickname = Ops::AnyOfFour(a.formal_names.data(), b.formal_names.data()) ? 1u : 0u;
  const uint32_t middle_name =
      meet(a.middle, b.formal_names[0]) | meet(b.middle, a.formal_names[0]);
  const uint32_t first_alike = same(kFirstPhonetic) | meet(a.first_prefix, b.first_prefix);
  unsigned first = kFirstLevels[has(kFirst) | same2(kFirst) << 1 | nickname << 2 |
                                any(kFirstTypoLanes) << 3 | middle_name << 4 | first_alike << 5 |
                                has(kFirstInitial) << 6 | same(kFirstInitial) << 7];
  first = last == last_name::kSwapped || last == last_name::kHalfSwapped ? 0 : first;

  unsigned middle = kMiddleLevels[has(kMiddle) | same(kMiddle) << 1 | has(kMiddleInitial) << 2 |
                                  same(kMiddleInitial) << 3];
  middle = first == first_name::kMiddle ? 0 : middle;

  // Birth.
  const uint32_t day_and_month =
      meet(a.birth_month, b.birth_day) & meet(a.birth_day, b.birth_month);
  const unsigned birth =
      kBirthLevels[has(kYear) | (has(kMonth) & has(kDay)) << 1 | same(kYear) << 2 |
                   same(kMonth) << 3 | same(kDay) << 4 | day_and_month << 5];

  // Place.
  const uint32_t zip = same2(kZip);
  const uint32_t city = same(kCity);
  const unsigned place =
      kLocalityLevels[has(kZip) | has(kCity) << 1 | zip << 2 | city << 3 | same(kZip3) << 4];
  const uint32_t near = zip | city | ((has(kZip) | has(kCity)) ^ 1u);
  const uint32_t street = same2(kStreet) | any(kStreetTypoLanes);
  const unsigned where =
      kAddressLevels[has(kStreet) | has(kHouse) << 1 | street << 2 | same(kHouse) << 3 |
                     (has(kUnit) & ~same(kUnit)) << 4 | near << 5];

  // Reach.
  const unsigned phone = has(kPhone) == 0 ? 0 : 2 - same2(kPhone);
  static_assert(phone::kExact == 1 && phone::kDiffers == 2);
  const unsigned email = kEmailLevels[has(kEmail) | same2(kEmail) << 1 | same(kEmailLocal) << 2];

  // Traits.
  const unsigned sex_a = a.traits & 3u;
  const unsigned sex_b = b.traits & 3u;
  const uint32_t same_name =
      first == first_name::kExact || first == first_name::kNickname ? 1u : 0u;
  const unsigned sex = kSexLevels[(sex_a != 0 && sex_b != 0 ? 1u : 0u) |
                                  (sex_a == sex_b ? 1u : 0u) << 1 | same_name << 2];
  const unsigned suffix_a = a.suffix();
  const unsigned suffix_b = b.suffix();
  const unsigned suffix =
      kSuffixLevels[has(kLast) | (suffix_a != 0 ? 1u : 0u) << 1 | (suffix_b != 0 ? 1u : 0u) << 2 |
                    (suffix_a == suffix_b ? 1u : 0u) << 3];

  return WithLevel(Comparator::kFirstName, first) | WithLevel(Comparator::kLastName, last) |
         WithLevel(Comparator::kMiddleName, middle) | WithLevel(Comparator::kBirthDate, birth) |
         WithLevel(Comparator::kLocality, place) | WithLevel(Comparator::kAddress, where) |
         WithLevel(Comparator::kPhone, phone) | WithLevel(Comparator::kEmail, email) |
         WithLevel(Comparator::kSex, sex) | WithLevel(Comparator::kSuffix, suffix);
}

template <typename Ops>
MUSTER_KERNEL_INLINE void Candidates(const token::Sketch* left, const token::Sketch* right,
                                     const Candidate* candidates, size_t count, Pattern* out) {
  const auto fetch = [&](size_t i) {
    const auto* l = reinterpret_cast<const char*>(left + candidates[i].left);
    const auto* r = reinterpret_cast<const char*>(right + candidates[i].right);
    __builtin_prefetch(l);
    __builtin_prefetch(l + 64);
    __builtin_prefetch(r);
    __builtin_prefetch(r + 64);
  };
  for (size_t i = 0; i < count && i < kFetchAhead; ++i) fetch(i);
  for (size_t i = 0; i < count; ++i) {
    if (i + kFetchAhead < count) fetch(i + kFetchAhead);
    out[i] = PatternOf<Ops>(left[candidates[i].left], right[candidates[i].right]);
  }
}

template <typename Ops>
MUSTER_KERNEL_INLINE void One(const token::Sketch& one, const token::Sketch* many, size_t count,
                              Pattern* out) {
  for (size_t i = 0; i < count; ++i) out[i] = PatternOf<Ops>(one, many[i]);
}

// One pair of functions a kernel.
void CandidatesPortable(const token::Sketch* left, const token::Sketch* right,
                        const Candidate* candidates, size_t count, Pattern* out);
void OnePortable(const token::Sketch& one, const token::Sketch* many, size_t count, Pattern* out);
void CandidatesAvx2(const token::Sketch* left, const token::Sketch* right,
                    const Candidate* candidates, size_t count, Pattern* out);
void OneAvx2(const token::Sketch& one, const token::Sketch* many, size_t count, Pattern* out);
void CandidatesAvx512(const token::Sketch* left, const token::Sketch* right,
                      const Candidate* candidates, size_t count, Pattern* out);
void OneAvx512(const token::Sketch& one, const token::Sketch* many, size_t count, Pattern* out);

}  // namespace muster::match::kernel

#endif  // MUSTER_CORE_MATCH_COMPARE_KERNEL_H_
