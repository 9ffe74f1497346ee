// SPDX-License-Identifier: Apache-2.0
//
// Noise: what happens to a fact on its way into a file: slips of the finger, other spellings, lost
// or filler values.
//
// Threads: pure, given the Rng.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_NOISE_H_
#define MUSTER_TOOLS_MUSTER_FAKE_NOISE_H_

#include <string>
#include <string_view>

#include "tools/muster_fake/population.h"

namespace muster::fake {

// One slip in an ASCII word of four letters or more: swapped, dropped, doubled or a neighboring
// key. Others stay as they are.
void Slip(std::string& word, Rng& rng);

void MakeUpper(std::string& text);  // ASCII letters
void MakeLower(std::string& text);

// "(919) 555-0123", "919-555-0123", "+1 919 555 0123", ... of ten digits.
std::string WritePhone(std::string_view digits, Rng& rng);

// "123 N Oak St" with or without its unit, in one of the usual spellings.
std::string WriteStreet(const Address& address, bool with_unit, Rng& rng);
std::string WriteUnit(const Address& address);

// What forms put into a field that nobody filled in.
std::string_view FillerName(Rng& rng);
std::string_view FillerPhone(Rng& rng);

Date DateOfDay(int32_t day);  // since 1970-01-01
// "2021-03-04" of days since 1970-01-01.
std::string WriteDay(int32_t day);
// "10:20:30" of seconds since midnight.
std::string WriteClock(uint32_t seconds);
std::string WriteDate(const Date& date);  // "1975-03-04"

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_NOISE_H_
