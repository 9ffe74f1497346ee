// SPDX-License-Identifier: Apache-2.0
//
// Places: every ZIP of the fifty states with its centroid; city, county and area code are made up
// but fixed for the ZIP.
//
// Units: degrees as text, as the Census prints them.
// Threads: immutable after the first call of Get().
// Source: Census Gazetteer 2021 (data/zip_centroids); ZIP prefixes and area codes of the states as
// published by USPS and NANPA.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_PLACE_TABLES_H_
#define MUSTER_TOOLS_MUSTER_FAKE_PLACE_TABLES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/muster_fake/random.h"

namespace muster::fake {

struct State {
  std::string_view code;        // "NC"
  std::string_view name;        // "North Carolina"
  std::string_view zips;        // "270-289" : prefixes of three digits
  std::string_view area_codes;  // "252,336"
};

struct Place {
  std::string_view zip;
  std::string_view latitude;
  std::string_view longitude;
  std::string_view city;
  std::string_view county;
  uint16_t state = 0;
  // From 1, among as many counties as the state has. Their names are real in North Carolina and
  // Florida.
  uint16_t county_number = 0;
};

class PlaceTables {
 public:
  static const PlaceTables& Get();

  const State& StateOf(const Place& place) const;
  // Anywhere, about as people are spread: few ZIPs hold many, many hold few.
  const Place& Sample(Rng& rng) const { return places_[all_.Sample(rng)]; }
  // In one state, by its index.
  const Place& SampleIn(uint16_t state, Rng& rng) const {
    const StateTable& table = by_state_[state];
    return places_[table.places[table.alias.Sample(rng)]];
  }
  // The state with this code; there must be one.
  uint16_t StateIndex(std::string_view code) const;
  // Near `place`: within a few dozen ZIPs by number, mostly in the same state.
  const Place& SampleNear(const Place& place, Rng& rng) const;
  // An area code of the place's state, or of any state.
  std::string_view SampleAreaCode(const Place& place, Rng& rng) const;
  std::string_view SampleAreaCode(Rng& rng) const;

 private:
  PlaceTables();

  struct StateTable {
    std::vector<uint32_t> places;
    AliasTable alias;
  };

  std::vector<Place> places_;
  std::vector<std::vector<std::string_view>> area_codes_;  // by state
  AliasTable all_;
  std::vector<StateTable> by_state_;
};

// Florida's files name counties by three letters: "ALA" of county 1.
std::string_view FloridaCountyCode(uint16_t county_number);
inline constexpr uint16_t kFloridaCounties = 67;

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_PLACE_TABLES_H_
