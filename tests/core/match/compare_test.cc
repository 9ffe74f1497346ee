// SPDX-License-Identifier: Apache-2.0
//
// Every kernel against the comparison written down plainly, on rows drawn from so few tokens that
// everything meets everything, and on rows of people.
#include "core/match/compare.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/core/match/people.h"

namespace muster {
namespace {

using match::Candidate;
using match::Comparator;
using match::Kernel;
using match::LevelOf;
using match::Pattern;
using match::WithLevel;
using token::Sketch;

bool Met(uint64_t a, uint64_t b) { return a != 0 && a == b; }

// A typo apart: a letter changed, one more on one side, or two neighbours exchanged. tokens[0] is
// the value, tokens[1 + i] the value without letter i.
template <size_t N>
bool TypoApart(const std::array<uint16_t, N>& a, const std::array<uint16_t, N>& b) {
  for (size_t i = 1; i < N; ++i) {
    if (Met(a[i], b[i]) || Met(a[i], b[0]) || Met(b[i], a[0])) return true;
    if (i >= 2 && (Met(a[i], b[i - 1]) || Met(b[i], a[i - 1]))) return true;
  }
  return false;
}

unsigned FirstName(const Sketch& a, const Sketch& b) {
  using namespace match::first_name;
  if (a.first != 0 && b.first != 0) {
    if (a.first == b.first) return kExact;
    for (const uint16_t one : a.formal_names) {
      for (const uint16_t other : b.formal_names) {
        if (Met(one, other)) return kNickname;
      }
    }
    if (TypoApart(a.first_typos, b.first_typos)) return kTypo;
    if (Met(a.middle, b.formal_names[0]) || Met(b.middle, a.formal_names[0])) return kMiddle;
    if (Met(a.first_phonetic, b.first_phonetic) || Met(a.first_prefix, b.first_prefix))
      return kAlike;
    return kDiffers;
  }
  if (a.first_initial == 0 || b.first_initial == 0) return 0;
  return a.first_initial == b.first_initial ? kInitial : kInitialDiffers;
}

unsigned LastName(const Sketch& a, const Sketch& b) {
  using namespace match::last_name;
  if (a.last == 0 || b.last == 0) return 0;
  if (a.last == b.last) return kExact;
  if (Met(a.first, b.last) && Met(a.last, b.first)) return kSwapped;
  if (TypoApart(a.last_typos, b.last_typos)) return kTypo;
  for (const uint16_t one : a.last_parts) {
    for (const uint16_t other : b.last_parts) {
      if (Met(one, other)) return kPart;
    }
  }
  if (Met(a.last_phonetic, b.last_phonetic) || Met(a.last_prefix, b.last_prefix)) return kAlike;
  if (Met(a.first, b.last) || Met(a.last, b.first)) return kHalfSwapped;
  return kDiffers;
}

unsigned MiddleName(const Sketch& a, const Sketch& b) {
  using namespace match::middle_name;
  if (a.middle != 0 && b.middle != 0) {
    if (a.middle == b.middle) return kExact;
    return Met(a.middle_initial, b.middle_initial) ? kSameInitial : kDiffers;
  }
  if (a.middle_initial == 0 || b.middle_initial == 0) return 0;
  return a.middle_initial == b.middle_initial ? kInitial : kInitialDiffers;
}

unsigned BirthDate(const Sketch& a, const Sketch& b) {
  using namespace match::birth_date;
  if (a.birth_year == 0 || b.birth_year == 0) return 0;
  const bool year = a.birth_year == b.birth_year;
  if (a.birth_month == 0 || a.birth_day == 0 || b.birth_month == 0 || b.birth_day == 0)
    return year ? kYear : kYearDiffers;
  const int parts = (year ? 1 : 0) + (a.birth_month == b.birth_month ? 1 : 0) +
                    (a.birth_day == b.birth_day ? 1 : 0);
  if (parts == 3) return kExact;
  if (year && a.birth_month == b.birth_day && a.birth_day == b.birth_month) return kSwapped;
  if (parts == 2) return kTwoParts;
  return year ? kYearOnly : kDiffers;
}

unsigned Locality(const Sketch& a, const Sketch& b) {
  using namespace match::locality;
  const bool zips = a.zip != 0 && b.zip != 0;
  const bool cities = a.city != 0 && b.city != 0;
  if (zips && cities) {
    if (a.zip == b.zip) return kZip;
    if (a.city == b.city) return kCity;
    return Met(a.zip3, b.zip3) ? kZip3 : kDiffers;
  }
  if (zips) {
    if (a.zip == b.zip) return kZipAlone;
    return Met(a.zip3, b.zip3) ? kZip3Alone : kZipAloneDiffers;
  }
  if (!cities) return 0;
  return a.city == b.city ? kCityAlone : kCityAloneDiffers;
}

unsigned Address(const Sketch& a, const Sketch& b) {
  using namespace match::address;
  const bool streets = a.street != 0 && b.street != 0;
  const bool numbers = a.house_number != 0 && b.house_number != 0;
  const bool street =
      streets && (a.street == b.street || TypoApart(a.street_typos, b.street_typos));
  const bool number = Met(a.house_number, b.house_number);
  if (streets && numbers) {
    const bool zips = a.zip != 0 && b.zip != 0;
    const bool cities = a.city != 0 && b.city != 0;
    const bool near = (!zips && !cities) || Met(a.zip, b.zip) || Met(a.city, b.city);
    if (!near) return street && number ? kFarExact : kFarDiffers;
    if (!street) return number ? kNumber : kDiffers;
    if (!number) return kStreet;
    return a.unit != 0 && b.unit != 0 && a.unit != b.unit ? kOtherUnit : kExact;
  }
  if (streets) return street ? kStreetAlone : kStreetAloneDiffers;
  if (numbers) return number ? kNumberAlone : kNumberAloneDiffers;
  return 0;
}

unsigned Phone(const Sketch& a, const Sketch& b) {
  if (a.phone == 0 || b.phone == 0) return 0;
  return a.phone == b.phone ? match::phone::kExact : match::phone::kDiffers;
}

unsigned Email(const Sketch& a, const Sketch& b) {
  using namespace match::email;
  if (a.email == 0 || b.email == 0) return 0;
  if (a.email == b.email) return kExact;
  return Met(a.email_local, b.email_local) ? kLocal : kDiffers;
}

Pattern Plainly(const Sketch& a, const Sketch& b) {
  const unsigned last = LastName(a, b);
  // A swap is told of once.
  const bool swap = last == match::last_name::kSwapped || last == match::last_name::kHalfSwapped;
  const unsigned first = swap ? 0 : FirstName(a, b);
  const unsigned middle = first == match::first_name::kMiddle ? 0 : MiddleName(a, b);

  unsigned sex = 0;
  if (a.sex() != token::Sex::kNone && b.sex() != token::Sex::kNone) {
    using namespace match::sex;
    const bool same_name =
        first == match::first_name::kExact || first == match::first_name::kNickname;
    sex = a.sex() == b.sex() ? (same_name ? kSame : kOtherNameSame)
                             : (same_name ? kDiffers : kOtherNameDiffers);
  }
  unsigned suffix = 0;
  if (a.last != 0 && b.last != 0) {
    using namespace match::suffix;
    suffix = a.suffix() == 0 && b.suffix() == 0   ? kNone
             : a.suffix() == 0 || b.suffix() == 0 ? kOneSided
             : a.suffix() == b.suffix()           ? kSame
                                                  : kDiffers;
  }
  return WithLevel(Comparator::kFirstName, first) | WithLevel(Comparator::kLastName, last) |
         WithLevel(Comparator::kMiddleName, middle) |
         WithLevel(Comparator::kBirthDate, BirthDate(a, b)) |
         WithLevel(Comparator::kLocality, Locality(a, b)) |
         WithLevel(Comparator::kAddress, Address(a, b)) |
         WithLevel(Comparator::kPhone, Phone(a, b)) | WithLevel(Comparator::kEmail, Email(a, b)) |
         WithLevel(Comparator::kSex, sex) | WithLevel(Comparator::kSuffix, suffix);
}

// Few tokens, and none in every third place. Halves of a 32-bit token are never zero.
std::vector<Sketch> RandomRows(size_t count, uint64_t seed, unsigned tokens) {
  std::mt19937_64 random(seed);
  const auto draw = [&] { return random() % 3 == 0 ? 0 : 1 + random() % tokens; };
  const auto wide = [&] {
    const auto value = static_cast<uint32_t>(draw());
    return value == 0 ? 0 : value | (1 + value / 2) << 16;
  };
  std::vector<Sketch> rows(count);
  for (Sketch& row : rows) {
    std::array<uint16_t, token::kSketchBytes / 2> lanes{};
    for (uint16_t& lane : lanes) lane = static_cast<uint16_t>(draw());
    row = std::bit_cast<Sketch>(lanes);
    for (uint32_t* token : {&row.first, &row.last, &row.street, &row.phone, &row.email, &row.zip}) {
      *token = wide();
    }
  }
  return rows;
}

void RequireAllKernelsPlain(const std::vector<Sketch>& rows) {
  std::vector<Candidate> candidates;
  for (uint32_t i = 0; i < rows.size(); ++i) {
    for (uint32_t j = 0; j < rows.size(); ++j) candidates.push_back({i, j});
  }
  std::vector<Pattern> plain;
  for (const Candidate& c : candidates) plain.push_back(Plainly(rows[c.left], rows[c.right]));
  std::vector<Pattern> patterns(candidates.size());
  for (const Kernel kernel : {Kernel::kPortable, Kernel::kAvx2, Kernel::kAvx512}) {
    if (!match::IsSupported(kernel)) continue;
    INFO(match::KernelName(kernel));
    match::CompareCandidates(rows.data(), rows.data(), candidates, patterns.data(), kernel);
    const auto differ = std::mismatch(patterns.begin(), patterns.end(), plain.begin());
    if (differ.first != patterns.end()) {
      const auto at = static_cast<size_t>(differ.first - patterns.begin());
      for (size_t c = 0; c < match::kComparatorCount; ++c) {
        INFO(match::SpecOf(c).name << " of row " << candidates[at].left << " and "
                                   << candidates[at].right);
        CHECK(LevelOf(patterns[at], c) == LevelOf(plain[at], c));
      }
    }
    REQUIRE(patterns == plain);
    for (size_t i = 0; i < rows.size(); ++i) {
      match::CompareOne(rows[i], rows, patterns.data(), kernel);
      REQUIRE(std::equal(patterns.begin(), patterns.begin() + static_cast<long>(rows.size()),
                         plain.begin() + static_cast<long>(i * rows.size())));
    }
  }
}

TEST_CASE("Compare: every kernel gives what the plain comparison gives on random rows", "[match]") {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    const unsigned tokens = seed < 4 ? 2 : seed < 8 ? 5 : 40;
    RequireAllKernelsPlain(RandomRows(160, seed, tokens));
  }
}

TEST_CASE("Compare: every kernel gives what the plain comparison gives on people", "[match]") {
  RequireAllKernelsPlain(SketchesOf(MakePeople({.people = 120, .records_per_person = 3})));
}

TEST_CASE("Compare: the order of the two rows is no matter", "[match]") {
  std::vector<Sketch> rows = RandomRows(200, 99, 3);
  const std::vector<Sketch> people =
      SketchesOf(MakePeople({.people = 100, .records_per_person = 2}));
  rows.insert(rows.end(), people.begin(), people.end());
  std::vector<Pattern> one(rows.size());
  std::vector<std::vector<Pattern>> all;
  for (const Sketch& row : rows) {
    match::CompareOne(row, rows, one.data());
    all.push_back(one);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < i; ++j) REQUIRE(all[i][j] == all[j][i]);
  }
}

TEST_CASE("Compare: a row without anything says nothing about anyone", "[match]") {
  const std::vector<Sketch> rows = RandomRows(50, 5, 3);
  std::vector<Pattern> patterns(rows.size());
  match::CompareOne(Sketch(), rows, patterns.data());
  for (const Pattern pattern : patterns) CHECK(pattern == 0);
}

TEST_CASE("Compare: the portable kernel runs everywhere and the best one is supported", "[match]") {
  CHECK(match::IsSupported(Kernel::kPortable));
  CHECK(match::IsSupported(match::BestKernel()));
  CHECK(match::KernelName(Kernel::kPortable) == "portable");
  CHECK(match::KernelName(Kernel::kAvx2) == "avx2");
  CHECK(match::KernelName(Kernel::kAvx512) == "avx512");
}

Pattern Of(const Person& a, const Person& b) {
  const std::vector<Sketch> rows = SketchesOf({a, b});
  Pattern pattern = 0;
  match::CompareOne(rows[0], std::span(rows).subspan(1), &pattern);
  return pattern;
}

std::string_view LevelName(const Person& a, const Person& b, Comparator comparator) {
  const size_t c = static_cast<size_t>(comparator);
  return match::SpecOf(c).levels[LevelOf(Of(a, b), c)].name;
}

TEST_CASE("Compare: names agree as people write them", "[match]") {
  const auto first = [](const char* a, const char* b) {
    return LevelName({.first = a}, {.first = b}, Comparator::kFirstName);
  };
  CHECK(first("Robert", "ROBERT") == "same");
  CHECK(first("Robert", "Bob") == "nickname");
  CHECK(first("Bob", "Rob") == "nickname");
  CHECK(first("Katherine", "Katharine") != "differs");
  CHECK(first("Marhta", "Martha") == "typo");
  CHECK(first("Jon", "John") != "differs");
  CHECK(first("Zelda", "Quentin") == "differs");
  CHECK(first("Zelda", "Z") == "initial");
  CHECK(first("Zelda", "Q.") == "initial differs");
  CHECK(first("Zelda", "N/A") == "missing");
  CHECK(first("Zelda", "") == "missing");

  const auto last = [](const char* a, const char* b) {
    return LevelName({.last = a}, {.last = b}, Comparator::kLastName);
  };
  CHECK(last("O'Brien", "OBRIEN") == "same");
  CHECK(last("Smith-Jones", "Smith Jones") == "same");
  CHECK(last("Smith-Jones", "Jones") == "part");
  CHECK(last("Garc\xC3\xAD"
             "a L\xC3\xB3pez",
             "Garcia") == "part");
  CHECK(last("Peterson", "Petersen") == "typo");
  CHECK(last("Peterson", "Petreson") == "typo");
  CHECK(last("Peterson", "Petersson") == "typo");
  CHECK(last("Peterson", "Quill") == "differs");
  CHECK(last("Unknown", "Quill") == "missing");
  CHECK(LevelName({.first = "Ada", .last = "Byron"}, {.first = "Byron", .last = "Ada"},
                  Comparator::kLastName) == "swapped");
  CHECK(LevelName({.first = "Ada", .last = "Byron"}, {.first = "Byron", .last = "Ada"},
                  Comparator::kFirstName) == "missing");
}

TEST_CASE("Compare: birth dates agree in whole, in part or swapped", "[match]") {
  const auto birth = [](const char* a, const char* b) {
    return LevelName({.birth_date = a}, {.birth_date = b}, Comparator::kBirthDate);
  };
  CHECK(birth("1961-03-04", "19610304") == "same");
  CHECK(birth("1961-03-04", "3/4/1961") == "same");
  CHECK(birth("1961-03-04", "1961-04-03") == "day and month swapped");
  CHECK(birth("1961-03-04", "1961-03-05") == "two of three parts");
  CHECK(birth("1961-03-04", "1961-07-05") == "year alone");
  CHECK(birth("1961-03-04", "1972-07-05") == "differs");
  CHECK(birth("1961-03-04", "1961") == "same year");
  CHECK(birth("1961-03-04", "1962") == "year differs");
  CHECK(birth("1900-01-01", "1900-01-01") == "missing");
  CHECK(birth("0000-00-00", "1961") == "missing");
}

TEST_CASE("Compare: addresses agree by number, street, unit and place", "[match]") {
  const auto address = [](const char* a, const char* b, const char* zip_a, const char* zip_b) {
    return LevelName({.address1 = a, .zip = zip_a}, {.address1 = b, .zip = zip_b},
                     Comparator::kAddress);
  };
  CHECK(address("12 N Oak Street", "12 Oak St.", "27601", "27601") == "same");
  CHECK(address("12 Oak St Apt 4", "12 Oak St #4", "27601", "27601") == "same");
  CHECK(address("12 Oak St Apt 4", "12 Oak St Apt 5", "27601", "27601") == "other unit");
  CHECK(address("12 Oak St", "14 Oak St", "27601", "27601") == "same street");
  CHECK(address("12 Oak St", "12 Elm St", "27601", "27601") == "same number");
  CHECK(address("12 Oak St", "14 Elm St", "27601", "27601") == "differs");
  CHECK(address("12 Oak St", "12 Oak St", "27601", "90210") == "same, elsewhere");
  CHECK(address("12 Oak St", "", "27601", "27601") == "missing");
  const auto locality = [](const char* a, const char* b) {
    return LevelName({.zip = a}, {.zip = b}, Comparator::kLocality);
  };
  CHECK(locality("27601", "27601-1234") == "same ZIP");
  CHECK(locality("1234", "01234") == "same ZIP");
  CHECK(locality("27601", "27602") == "near ZIP");
  CHECK(locality("27601", "90210") == "ZIP differs");
  CHECK(locality("27601", "00000") == "missing");
}

}  // namespace
}  // namespace muster
