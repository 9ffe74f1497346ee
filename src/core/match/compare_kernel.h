// SPDX-License-Identifier: Apache-2.0
//
// The algorithm of compare.h over five primitive operations that each kernel brings along. Included
// by the kernels' sources only.
//
// In two steps, a batch of pairs at a time: first what two rows have in common, as a few words of
// bits a pair; then what that means, for many pairs at once without a branch, in plain loops that
// the compiler turns into the vectors of the kernel's processor.
//
// A sketch is two lines of 32 lanes of 16 bits. Ops has:
//   Equal(a, b): bit i: lane i of two first lines is equal
//   Missing(a, b): bit i: lane i of one of two first lines is zero
//   Typos(a, b): of two second lines. Bit i of a value's lane without one letter: the two values
//   are
//     a typo apart: the lane is in both (a letter changed), or one further in one of them (two
//     letters exchanged), or it is the whole of the other value (a letter more). Of a prefix's
//     lane: the prefixes are the same.
//   Turned(a, b): of two first lines: lanes that are met in another lane, as told below
//   Crossed(a, b): of two first lines: the names in each other's field, as told below
// Zeros are no tokens and are met by nothing.
#ifndef MUSTER_CORE_MATCH_COMPARE_KERNEL_H_
#define MUSTER_CORE_MATCH_COMPARE_KERNEL_H_

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
                          kMonth = 21, kDay = 22, kZip3 = 23, kEmailLocal = 24, kFormalNames = 26,
                          kLastParts = 30;
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
static_assert(offsetof(token::Sketch, formal_names) == 2 * kFormalNames);
static_assert(offsetof(token::Sketch, last_parts) == 2 * kLastParts);
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
inline constexpr uint32_t kFormalNameLanes = Field(kFormalNames, token::kFormalNames);
inline constexpr uint32_t kSexBits = 3, kSuffixBits = 15u << 2;
// Lanes of values without a letter: all but each field's own value.
inline constexpr uint32_t kCutLanes = (kFirstTypoLanes & ~(1u << kFirstTypos)) |
                                      (kLastTypoLanes & ~(1u << kLastTypos)) |
                                      (kStreetTypoLanes & ~(1u << kStreetTypos));
inline constexpr uint32_t kPrefixLanes = (1u << kFirstPrefix) | (1u << kLastPrefix);
// The same without each field's first such lane: what a shift by one may look at.
inline constexpr uint32_t kShiftedLanes =
    kCutLanes & ~(2u << kFirstTypos) & ~(2u << kLastTypos) & ~(2u << kStreetTypos);

// Turned: two bits for each lane from 16 on: a formal name that is among the other's, but not in
// the same place; a part of the last name that is the other's other part; the month that is the
// other's day, the day that is the other's month.
inline constexpr uint32_t TurnedLanes(unsigned lane, size_t count) {
  return static_cast<uint32_t>(((uint64_t{1} << 2 * count) - 1) << 2 * (lane - 16));
}
inline constexpr uint32_t kTurnedName = TurnedLanes(kFormalNames, token::kFormalNames),
                          kTurnedPart = TurnedLanes(kLastParts, token::kLastParts),
                          kTurnedMonth = TurnedLanes(kMonth, 1), kTurnedDay = TurnedLanes(kDay, 1);
// Crossed: a's first name is b's last; a's last name is b's first.
inline constexpr uint32_t kCrossedFirst = 1, kCrossedLast = 2;

inline constexpr size_t kBatch = 64;
inline constexpr size_t kFetchAhead = 24;

// What pairs have in common.
struct Batch {
  alignas(64) uint32_t equal[kBatch];
  alignas(64) uint32_t missing[kBatch];
  alignas(64) uint32_t typos[kBatch];
  alignas(64) uint32_t turned[kBatch];
  alignas(64) uint32_t crossed[kBatch];
  // Zero where the one's middle name, without which there is nothing to meet, is the other's name.
  alignas(64) uint32_t middle_left[kBatch];
  alignas(64) uint32_t middle_right[kBatch];
  alignas(64) uint32_t traits_left[kBatch];
  alignas(64) uint32_t traits_right[kBatch];
  alignas(64) Pattern patterns[kBatch];
};

// Not zero unless there is a middle name and it is the formal name.
MUSTER_KERNEL_INLINE uint32_t MiddleApart(uint16_t middle, uint16_t formal) {
  return (uint32_t{middle} ^ formal) | (middle == 0 ? 1u << 16 : 0u);
}

template <typename Ops>
MUSTER_KERNEL_INLINE void Meet(const token::Sketch& a, const token::Sketch& b, size_t i,
                               Batch& batch) {
  const auto* a1 = reinterpret_cast<const char*>(&a);
  const auto* b1 = reinterpret_cast<const char*>(&b);
  batch.missing[i] = Ops::Missing(a1, b1);
  batch.equal[i] = Ops::Equal(a1, b1);
  batch.typos[i] = Ops::Typos(a1 + 64, b1 + 64);
  batch.turned[i] = Ops::Turned(a1, b1);
  batch.crossed[i] = Ops::Crossed(a1, b1);
  batch.middle_left[i] = MiddleApart(a.middle, b.formal_names[0]);
  batch.middle_right[i] = MiddleApart(b.middle, a.formal_names[0]);
  batch.traits_left[i] = a.traits;
  batch.traits_right[i] = b.traits;
}

// Bits of lanes.
inline constexpr uint32_t Lane(unsigned lane) { return 1u << lane; }
inline constexpr uint32_t Wide(unsigned lane) { return 3u << lane; }

// Later lines win: from the weakest thing that could be said to the strongest. `|` and `&` between
// truths, not `||` and `&&`: whoever may stop in the middle cannot take many pairs at once.
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"
#pragma clang diagnostic ignored "-Wbitwise-conditional-parentheses"
#endif
MUSTER_KERNEL_INLINE Pattern PatternOf(const Batch& batch, size_t i) {
  const uint32_t missing = batch.missing[i];
  const uint32_t equal = batch.equal[i] & ~missing;
  const uint32_t typos = batch.typos[i];
  const uint32_t turned = batch.turned[i];
  const uint32_t crossed = batch.crossed[i];
  const auto any = [](uint32_t bits, uint32_t lanes) { return (bits & lanes) != 0; };
  const auto all = [](uint32_t bits, uint32_t lanes) { return (bits & lanes) == lanes; };

  uint32_t last = last_name::kDiffers;
  last = any(crossed, kCrossedFirst | kCrossedLast) ? last_name::kHalfSwapped : last;
  last = any(equal, Lane(kLastPhonetic)) | any(typos, Lane(kLastPrefix)) ? last_name::kAlike : last;
  last = any(equal, Wide(kLastParts)) | any(turned, kTurnedPart) ? last_name::kPart : last;
  last = any(typos, kLastTypoLanes) ? last_name::kTypo : last;
  last = all(crossed, kCrossedFirst | kCrossedLast) ? last_name::kSwapped : last;
  last = all(equal, Wide(kLast)) ? last_name::kExact : last;
  last = any(missing, Lane(kLast)) ? 0 : last;

  uint32_t first = first_name::kDiffers;
  first = any(equal, Lane(kFirstPhonetic)) | any(typos, Lane(kFirstPrefix)) ? first_name::kAlike
                                                                            : first;
  first = (batch.middle_left[i] == 0) | (batch.middle_right[i] == 0) ? first_name::kMiddle : first;
  first = any(typos, kFirstTypoLanes) ? first_name::kTypo : first;
  first = any(equal, kFormalNameLanes) | any(turned, kTurnedName) ? first_name::kNickname : first;
  first = all(equal, Wide(kFirst)) ? first_name::kExact : first;
  uint32_t initial = first_name::kInitialDiffers;
  initial = any(equal, Lane(kFirstInitial)) ? first_name::kInitial : initial;
  initial = any(missing, Lane(kFirstInitial)) ? 0 : initial;
  first = any(missing, Lane(kFirst)) ? initial : first;
  // A swap is one piece of evidence, not two.
  first = (last == last_name::kSwapped) | (last == last_name::kHalfSwapped) ? 0 : first;

  uint32_t middle = middle_name::kDiffers;
  middle = any(equal, Lane(kMiddleInitial)) ? middle_name::kSameInitial : middle;
  middle = any(equal, Lane(kMiddle)) ? middle_name::kExact : middle;
  uint32_t middle_initial = middle_name::kInitialDiffers;
  middle_initial = any(equal, Lane(kMiddleInitial)) ? middle_name::kInitial : middle_initial;
  middle_initial = any(missing, Lane(kMiddleInitial)) ? 0 : middle_initial;
  middle = any(missing, Lane(kMiddle)) ? middle_initial : middle;
  middle = first == first_name::kMiddle ? 0 : middle;

  uint32_t birth = birth_date::kDiffers;
  birth = any(equal, Lane(kYear)) ? birth_date::kYearOnly : birth;
  birth = all(equal, Lane(kYear) | Lane(kMonth)) | all(equal, Lane(kYear) | Lane(kDay)) |
                  all(equal, Lane(kMonth) | Lane(kDay))
              ? birth_date::kTwoParts
              : birth;
  birth = any(equal, Lane(kYear)) & all(turned, kTurnedMonth | kTurnedDay) ? birth_date::kSwapped
                                                                           : birth;
  birth = all(equal, Lane(kYear) | Lane(kMonth) | Lane(kDay)) ? birth_date::kExact : birth;
  uint32_t year = birth_date::kYearDiffers;
  year = any(equal, Lane(kYear)) ? birth_date::kYear : year;
  birth = any(missing, Lane(kMonth) | Lane(kDay)) ? year : birth;
  birth = any(missing, Lane(kYear)) ? 0 : birth;

  const bool no_zip = any(missing, Lane(kZip));
  const bool no_city = any(missing, Lane(kCity));
  const bool same_zip = all(equal, Wide(kZip));
  const bool same_city = any(equal, Lane(kCity));
  const bool same_zip3 = any(equal, Lane(kZip3));
  uint32_t place = locality::kDiffers;
  place = same_zip3 ? locality::kZip3 : place;
  place = same_city ? locality::kCity : place;
  place = same_zip ? locality::kZip : place;
  uint32_t zip_alone = locality::kZipAloneDiffers;
  zip_alone = same_zip3 ? locality::kZip3Alone : zip_alone;
  zip_alone = same_zip ? locality::kZipAlone : zip_alone;
  uint32_t city_alone = locality::kCityAloneDiffers;
  city_alone = same_city ? locality::kCityAlone : city_alone;
  city_alone = no_city ? 0 : city_alone;
  place = no_city ? zip_alone : place;
  place = no_zip ? city_alone : place;

  const bool far = !(same_zip | same_city | all(missing, Lane(kZip) | Lane(kCity)));
  const bool same_street = all(equal, Wide(kStreet)) | any(typos, kStreetTypoLanes);
  const bool same_house = any(equal, Lane(kHouse));
  const bool no_street = any(missing, Lane(kStreet));
  const bool no_house = any(missing, Lane(kHouse));
  uint32_t where = address::kDiffers;
  where = same_house ? address::kNumber : where;
  where = same_street ? address::kStreet : where;
  uint32_t home = address::kExact;
  home = any(~(missing | equal), Lane(kUnit)) ? address::kOtherUnit : home;
  where = same_street & same_house ? home : where;
  uint32_t elsewhere = address::kFarDiffers;
  elsewhere = same_street & same_house ? address::kFarExact : elsewhere;
  where = far ? elsewhere : where;
  uint32_t street_alone = address::kStreetAloneDiffers;
  street_alone = same_street ? address::kStreetAlone : street_alone;
  uint32_t house_alone = address::kNumberAloneDiffers;
  house_alone = same_house ? address::kNumberAlone : house_alone;
  house_alone = no_house ? 0 : house_alone;
  where = no_house ? street_alone : where;
  where = no_street ? house_alone : where;

  uint32_t phone = phone::kDiffers;
  phone = all(equal, Wide(kPhone)) ? phone::kExact : phone;
  phone = any(missing, Lane(kPhone)) ? 0 : phone;
  uint32_t email = email::kDiffers;
  email = any(equal, Lane(kEmailLocal)) ? email::kLocal : email;
  email = all(equal, Wide(kEmail)) ? email::kExact : email;
  email = any(missing, Lane(kEmail)) ? 0 : email;

  const uint32_t traits_apart = batch.traits_left[i] ^ batch.traits_right[i];
  const bool same_name = (first == first_name::kExact) | (first == first_name::kNickname);
  const bool same_sex = (traits_apart & kSexBits) == 0;
  uint32_t sex = sex::kOtherNameDiffers;
  sex = same_sex ? sex::kOtherNameSame : sex;
  uint32_t namesakes = sex::kDiffers;
  namesakes = same_sex ? sex::kSame : namesakes;
  sex = same_name ? namesakes : sex;
  sex = !any(batch.traits_left[i], kSexBits) | !any(batch.traits_right[i], kSexBits) ? 0 : sex;

  const bool suffix_left = any(batch.traits_left[i], kSuffixBits);
  const bool suffix_right = any(batch.traits_right[i], kSuffixBits);
  uint32_t suffix = suffix::kDiffers;
  suffix = any(traits_apart, kSuffixBits) ? suffix : suffix::kSame;
  suffix = suffix_left & suffix_right ? suffix : suffix::kOneSided;
  suffix = suffix_left | suffix_right ? suffix : suffix::kNone;
  suffix = any(missing, Lane(kLast)) ? 0 : suffix;

  return WithLevel(Comparator::kFirstName, first) | WithLevel(Comparator::kLastName, last) |
         WithLevel(Comparator::kMiddleName, middle) | WithLevel(Comparator::kBirthDate, birth) |
         WithLevel(Comparator::kLocality, place) | WithLevel(Comparator::kAddress, where) |
         WithLevel(Comparator::kPhone, phone) | WithLevel(Comparator::kEmail, email) |
         WithLevel(Comparator::kSex, sex) | WithLevel(Comparator::kSuffix, suffix);
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

MUSTER_KERNEL_INLINE void Levels(Batch& batch) {
  for (size_t i = 0; i < kBatch; ++i) batch.patterns[i] = PatternOf(batch, i);
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
  Batch batch{};
  for (size_t i = 0; i < count && i < kFetchAhead; ++i) fetch(i);
  for (size_t begin = 0; begin < count; begin += kBatch) {
    const size_t size = count - begin < kBatch ? count - begin : kBatch;
    for (size_t i = 0; i < size; ++i) {
      if (begin + i + kFetchAhead < count) fetch(begin + i + kFetchAhead);
      const Candidate& candidate = candidates[begin + i];
      Meet<Ops>(left[candidate.left], right[candidate.right], i, batch);
    }
    Levels(batch);
    std::memcpy(out + begin, batch.patterns, size * sizeof(Pattern));
  }
}

template <typename Ops>
MUSTER_KERNEL_INLINE void One(const token::Sketch& one, const token::Sketch* many, size_t count,
                              Pattern* out) {
  Batch batch{};
  for (size_t begin = 0; begin < count; begin += kBatch) {
    const size_t size = count - begin < kBatch ? count - begin : kBatch;
    for (size_t i = 0; i < size; ++i) Meet<Ops>(one, many[begin + i], i, batch);
    Levels(batch);
    std::memcpy(out + begin, batch.patterns, size * sizeof(Pattern));
  }
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
