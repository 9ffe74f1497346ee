// SPDX-License-Identifier: Apache-2.0
#include "core/match/pattern.h"

#include "core/base/check.h"

namespace muster::match {
namespace {

constexpr Level kMissing = {"missing", 0};
constexpr Level kFirstName[] = {kMissing,       {"same", 1},    {"nickname", 1},
                                {"typo", 1},    {"alike", 1},   {"middle name", 1},
                                {"differs", 1}, {"initial", 2}, {"initial differs", 2}};
constexpr Level kLastName[] = {kMissing,     {"same", 1},    {"typo", 1},    {"part", 1},
                               {"alike", 1}, {"swapped", 1}, {"differs", 1}, {"half swapped", 1}};
constexpr Level kMiddleName[] = {kMissing,       {"same", 1},    {"same initial", 1},
                                 {"differs", 1}, {"initial", 2}, {"initial differs", 2}};
constexpr Level kBirthDate[] = {kMissing,
                                {"same", 1},
                                {"day and month swapped", 1},
                                {"two of three parts", 1},
                                {"year alone", 1},
                                {"differs", 1},
                                {"same year", 2},
                                {"year differs", 2}};
constexpr Level kLocality[] = {
    kMissing,        {"same ZIP", 1}, {"same city", 1},   {"near ZIP", 1},  {"differs", 1},
    {"same ZIP", 2}, {"near ZIP", 2}, {"ZIP differs", 2}, {"same city", 3}, {"city differs", 3}};
constexpr Level kAddress[] = {kMissing,
                              {"same", 1},
                              {"other unit", 1},
                              {"same street", 1},
                              {"differs", 1},
                              {"same, elsewhere", 2},
                              {"differs, elsewhere", 2},
                              {"same number", 3},
                              {"number differs", 3},
                              {"same street, no number", 4},
                              {"street differs, no number", 4},
                              {"same number", 1}};
constexpr Level kPhone[] = {kMissing, {"same", 1}, {"differs", 1}};
constexpr Level kEmail[] = {kMissing, {"same", 1}, {"same before @", 1}, {"differs", 1}};
constexpr Level kSex[] = {
    kMissing, {"same", 1}, {"differs", 1}, {"same, other name", 2}, {"differs, other name", 2}};
constexpr Level kSuffix[] = {
    kMissing, {"same", 1}, {"differs", 1}, {"none", 2}, {"one side only", 2}};

constexpr ComparatorSpec kSpecs[kComparatorCount] = {
    {"first_name", kShift[0], kBits[0], kFirstName},
    {"last_name", kShift[1], kBits[1], kLastName},
    {"middle_name", kShift[2], kBits[2], kMiddleName},
    {"birth_date", kShift[3], kBits[3], kBirthDate},
    {"locality", kShift[4], kBits[4], kLocality},
    {"address", kShift[5], kBits[5], kAddress},
    {"phone", kShift[6], kBits[6], kPhone},
    {"email", kShift[7], kBits[7], kEmail},
    {"sex", kShift[8], kBits[8], kSex},
    {"suffix", kShift[9], kBits[9], kSuffix}};

}  // namespace

const ComparatorSpec& SpecOf(size_t comparator) {
  MUSTER_CHECK(comparator < kComparatorCount);
  return kSpecs[comparator];
}

}  // namespace muster::match
