// SPDX-License-Identifier: Apache-2.0
//
// How often things go wrong in the made-up files: the figures of docs/muster-fake.md, in one place,
// so that tests hold the files against them.
//
// Units: in 10,000, of the people or rows that it can happen to.
// Source: orders of magnitude from published studies of voter files and lists (movers a year,
// nicknames, hyphenated names); not measured on any one list.
// Threads: constants.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_RATES_H_
#define MUSTER_TOOLS_MUSTER_FAKE_RATES_H_

#include <cstdint>

namespace muster::fake::rates {

// ---- people

inline constexpr uint32_t kMiddleName = 8200;
inline constexpr uint32_t kJuniorFamily =
    900;  // families whose first child is named for its father
inline constexpr uint32_t kJuniorSameMiddle = 8000;  // with the middle name, when there is one
inline constexpr uint32_t kHeadIsSenior = 4000;      // and the father calls himself Sr
inline constexpr uint32_t kTwinsOneSex = 6500;
inline constexpr uint32_t kMarriedName = 7400;    // second adults of a family who took the first's
inline constexpr uint32_t kHyphenatedName = 600;  // who bear both
inline constexpr uint32_t kDoubleSurname = 3500;  // families with a Spanish surname who use two
inline constexpr uint32_t kSharedEmail = 1200;    // couples with one address
inline constexpr uint32_t kInstitution = 300;     // singles in a dormitory or home of the ZIP

// ---- lists

inline constexpr uint32_t kListNickname = 1400;
inline constexpr uint32_t kListMiddleAsFirst = 200;   // goes by it
inline constexpr uint32_t kListFirstAndMiddle = 100;  // both in the cell of the first name
inline constexpr uint32_t kListInitialAlone = 50;     // "M" for a first name
inline constexpr uint32_t kListFormerSurname = 600;   // of women who took a name
inline constexpr uint32_t kListHyphenated = 7000;     // both names, of those who bear both
inline constexpr uint32_t kListHyphenLost = 1000;     // of these, with a blank
inline constexpr uint32_t kListDouble = 5000;         // both surnames, of those who use two
inline constexpr uint32_t kListDoubleSplit = 800;     // the first of two as a middle name
inline constexpr uint32_t kListDoubleSecond = 700;    // the second alone
inline constexpr uint32_t kListSuffix = 7000;         // of those who have one
inline constexpr uint32_t kListFirstSlip = 150;
inline constexpr uint32_t kListLastSlip = 200;
inline constexpr uint32_t kListSwapped = 50;  // first and last name in each other's field
// Lists decay: for each year since the row was made.
inline constexpr uint32_t kListMovedPerYear = 150;
inline constexpr uint32_t kListZipMissing = 800;
inline constexpr uint32_t kListZipSwapped = 120;  // two digits in each other's place
inline constexpr uint32_t kListZipSlip = 60;      // one digit wrong
inline constexpr uint32_t kListZipNear = 150;     // of work, of a post box: a neighbor's
inline constexpr uint32_t kListZipFiller = 40;
inline constexpr uint32_t kListBirthFiller = 200;   // 1900-01-01, where there is a date
inline constexpr uint32_t kListBirthSwapped = 100;  // day and month, where both could be either
inline constexpr uint32_t kListBirthYearOff = 70;

// ---- the voter file

inline constexpr uint32_t kVoterNickname = 150;
inline constexpr uint32_t kVoterFormerSurname = 800;
inline constexpr uint32_t kVoterHyphenated = 8500;
inline constexpr uint32_t kVoterDouble = 8000;
inline constexpr uint32_t kVoterSuffix = 9000;
inline constexpr uint32_t kVoterFirstSlip = 40;
inline constexpr uint32_t kVoterLastSlip = 50;
inline constexpr uint32_t kVoterMoved = 500;           // registered where they no longer live
inline constexpr uint32_t kVoterInactiveMoved = 6000;  // of those on the inactive list
inline constexpr uint32_t kVoterConfidential = 20;
inline constexpr uint32_t kVoterBirthYearOff = 30;
inline constexpr uint32_t kVoterBirthSwapped = 20;

}  // namespace muster::fake::rates

#endif  // MUSTER_TOOLS_MUSTER_FAKE_RATES_H_
