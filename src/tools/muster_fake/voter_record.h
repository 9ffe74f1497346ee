// SPDX-License-Identifier: Apache-2.0
//
// VoterRecord: one registered person as the state's file knows it: legal name in capitals, date of
// birth, an address that may be older or newer than the one on a list.
//
// Threads: const over Population.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_VOTER_RECORD_H_
#define MUSTER_TOOLS_MUSTER_FAKE_VOTER_RECORD_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/muster_fake/population.h"

namespace muster::fake {

struct VoterRecord {
  uint64_t number = 0;  // voter number, from 0
  Person person;
  std::string first, middle, last, suffix;
  Address home;
  std::string phone;          // ten digits, or empty
  std::string_view sex;       // "M", "F", or "U"
  std::string_view party;     // "DEM", "REP", "UNA", "LIB"
  std::string_view status;    // "A" active, "I" inactive, "R" removed, "D" denied
  bool confidential = false;  // withheld by law
  Date birth;
  int32_t registered_day = 0;  // since 1970-01-01
  uint32_t propensity = 0;     // to vote, in 10,000
};

void MakeVoter(const Population& population, uint64_t voter, VoterRecord& record);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_VOTER_RECORD_H_
