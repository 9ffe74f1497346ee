// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/place_tables.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/check.h"
#include "tools/muster_fake/csv_cells.h"
#include "tools/muster_fake/embedded.h"

namespace muster::fake {
namespace {

constexpr State kStates[] = {
    {"MA", "Massachusetts", "010-027", "413,508,617,781,978"},
    {"RI", "Rhode Island", "028-029", "401"},
    {"NH", "New Hampshire", "030-038", "603"},
    {"ME", "Maine", "039-049", "207"},
    {"VT", "Vermont", "050-059", "802"},
    {"CT", "Connecticut", "060-069", "203,860"},
    {"NJ", "New Jersey", "070-089", "201,609,732,856,908,973"},
    {"NY", "New York", "100-149", "212,315,516,518,585,607,631,716,718,845,914"},
    {"PA", "Pennsylvania", "150-196", "215,412,570,610,717,724,814"},
    {"DE", "Delaware", "197-199", "302"},
    {"DC", "District of Columbia", "200-200,202-205", "202"},
    {"VA", "Virginia", "201-201,220-246", "276,434,540,703,757,804"},
    {"MD", "Maryland", "206-219", "240,301,410,443"},
    {"WV", "West Virginia", "247-268", "304"},
    {"NC", "North Carolina", "270-289", "252,336,704,828,910,919,980,984"},
    {"SC", "South Carolina", "290-299", "803,843,864"},
    {"GA", "Georgia", "300-319,398-399", "229,404,478,678,706,770,912"},
    {"FL", "Florida", "320-349", "239,305,321,352,386,407,561,727,772,813,850,904,941,954"},
    {"AL", "Alabama", "350-369", "205,251,256,334"},
    {"TN", "Tennessee", "370-385", "423,615,731,865,901,931"},
    {"MS", "Mississippi", "386-397", "228,601,662"},
    {"KY", "Kentucky", "400-427", "270,502,606,859"},
    {"OH", "Ohio", "430-459", "216,330,419,440,513,614,740,937"},
    {"IN", "Indiana", "460-479", "219,260,317,574,765,812"},
    {"MI", "Michigan", "480-499", "231,248,269,313,517,586,616,734,810,906,989"},
    {"IA", "Iowa", "500-528", "319,515,563,641,712"},
    {"WI", "Wisconsin", "530-549", "262,414,608,715,920"},
    {"MN", "Minnesota", "550-567", "218,320,507,612,651,763,952"},
    {"SD", "South Dakota", "570-577", "605"},
    {"ND", "North Dakota", "580-588", "701"},
    {"MT", "Montana", "590-599", "406"},
    {"IL", "Illinois", "600-629", "217,309,312,618,630,708,773,815,847"},
    {"MO", "Missouri", "630-658", "314,417,573,636,660,816"},
    {"KS", "Kansas", "660-679", "316,620,785,913"},
    {"NE", "Nebraska", "680-693", "308,402"},
    {"LA", "Louisiana", "700-714", "225,318,337,504,985"},
    {"AR", "Arkansas", "716-729", "479,501,870"},
    {"OK", "Oklahoma", "730-732,734-749", "405,580,918"},
    {"TX", "Texas", "733-733,750-799,885-885",
     "210,214,254,281,325,361,409,512,713,806,817,830,903,915,936,940,956,972"},
    {"CO", "Colorado", "800-816", "303,719,720,970"},
    {"WY", "Wyoming", "820-831", "307"},
    {"ID", "Idaho", "832-838", "208"},
    {"UT", "Utah", "840-847", "385,435,801"},
    {"AZ", "Arizona", "850-865", "480,520,602,623,928"},
    {"NM", "New Mexico", "870-884", "505,575"},
    {"NV", "Nevada", "889-898", "702,775"},
    {"CA", "California", "900-961",
     "209,213,310,323,408,415,510,530,559,562,619,626,650,661,707,714,760,805,818,831,858,909,916,"
     "925,949"},
    {"HI", "Hawaii", "967-968", "808"},
    {"OR", "Oregon", "970-979", "503,541,971"},
    {"WA", "Washington", "980-994", "206,253,360,425,509"},
    {"AK", "Alaska", "995-999", "907"},
};

constexpr std::string_view kCityFirst[] = {
    "Fair", "Green", "Spring", "Oak",   "River", "Maple", "Cedar",  "Lake", "Mill",  "North",
    "West", "Ash",   "Brook",  "Clear", "Elm",   "Glen",  "Harbor", "High", "Kings", "Stone"};
constexpr std::string_view kCityLast[] = {"field", "view", "ville", "ton",  "ford",  "wood",
                                          "dale",  "port", "mont",  "burg", "haven", "ridge",
                                          "side",  "bury", "land",  "brook"};
constexpr std::string_view kCounties[] = {
    "Adams",    "Benton", "Calhoun", "Clay",     "Douglas", "Fayette", "Grant",  "Greene",
    "Harrison", "Jasper", "Knox",    "Lawrence", "Lincoln", "Marion",  "Monroe", "Morgan",
    "Pike",     "Polk",   "Putnam",  "Shelby",   "Union",   "Warren",  "Wayne",  "Webster"};
constexpr std::string_view kNorthCarolinaCounties[] = {
    "ALAMANCE",   "ALEXANDER",  "ALLEGHANY",  "ANSON",        "ASHE",        "AVERY",
    "BEAUFORT",   "BERTIE",     "BLADEN",     "BRUNSWICK",    "BUNCOMBE",    "BURKE",
    "CABARRUS",   "CALDWELL",   "CAMDEN",     "CARTERET",     "CASWELL",     "CATAWBA",
    "CHATHAM",    "CHEROKEE",   "CHOWAN",     "CLAY",         "CLEVELAND",   "COLUMBUS",
    "CRAVEN",     "CUMBERLAND", "CURRITUCK",  "DARE",         "DAVIDSON",    "DAVIE",
    "DUPLIN",     "DURHAM",     "EDGECOMBE",  "FORSYTH",      "FRANKLIN",    "GASTON",
    "GATES",      "GRAHAM",     "GRANVILLE",  "GREENE",       "GUILFORD",    "HALIFAX",
    "HARNETT",    "HAYWOOD",    "HENDERSON",  "HERTFORD",     "HOKE",        "HYDE",
    "IREDELL",    "JACKSON",    "JOHNSTON",   "JONES",        "LEE",         "LENOIR",
    "LINCOLN",    "MACON",      "MADISON",    "MARTIN",       "MCDOWELL",    "MECKLENBURG",
    "MITCHELL",   "MONTGOMERY", "MOORE",      "NASH",         "NEW HANOVER", "NORTHAMPTON",
    "ONSLOW",     "ORANGE",     "PAMLICO",    "PASQUOTANK",   "PENDER",      "PERQUIMANS",
    "PERSON",     "PITT",       "POLK",       "RANDOLPH",     "RICHMOND",    "ROBESON",
    "ROCKINGHAM", "ROWAN",      "RUTHERFORD", "SAMPSON",      "SCOTLAND",    "STANLY",
    "STOKES",     "SURRY",      "SWAIN",      "TRANSYLVANIA", "TYRRELL",     "UNION",
    "VANCE",      "WAKE",       "WARREN",     "WASHINGTON",   "WATAUGA",     "WAYNE",
    "WILKES",     "WILSON",     "YADKIN",     "YANCEY"};

constexpr std::string_view kFlorida[][2] = {
    {"ALA", "Alachua"},      {"BAK", "Baker"},      {"BAY", "Bay"},          {"BRA", "Bradford"},
    {"BRE", "Brevard"},      {"BRO", "Broward"},    {"CAL", "Calhoun"},      {"CHA", "Charlotte"},
    {"CIT", "Citrus"},       {"CLA", "Clay"},       {"CLL", "Collier"},      {"CLM", "Columbia"},
    {"DAD", "Miami-Dade"},   {"DES", "DeSoto"},     {"DIX", "Dixie"},        {"DUV", "Duval"},
    {"ESC", "Escambia"},     {"FLA", "Flagler"},    {"FRA", "Franklin"},     {"GAD", "Gadsden"},
    {"GIL", "Gilchrist"},    {"GLA", "Glades"},     {"GUL", "Gulf"},         {"HAM", "Hamilton"},
    {"HAR", "Hardee"},       {"HEN", "Hendry"},     {"HER", "Hernando"},     {"HIG", "Highlands"},
    {"HIL", "Hillsborough"}, {"HOL", "Holmes"},     {"IND", "Indian River"}, {"JAC", "Jackson"},
    {"JEF", "Jefferson"},    {"LAF", "Lafayette"},  {"LAK", "Lake"},         {"LEE", "Lee"},
    {"LEO", "Leon"},         {"LEV", "Levy"},       {"LIB", "Liberty"},      {"MAD", "Madison"},
    {"MAN", "Manatee"},      {"MRN", "Marion"},     {"MRT", "Martin"},       {"MON", "Monroe"},
    {"NAS", "Nassau"},       {"OKA", "Okaloosa"},   {"OKE", "Okeechobee"},   {"ORA", "Orange"},
    {"OSC", "Osceola"},      {"PAL", "Palm Beach"}, {"PAS", "Pasco"},        {"PIN", "Pinellas"},
    {"POL", "Polk"},         {"PUT", "Putnam"},     {"SAN", "Santa Rosa"},   {"SAR", "Sarasota"},
    {"SEM", "Seminole"},     {"STJ", "St. Johns"},  {"STL", "St. Lucie"},    {"SUM", "Sumter"},
    {"SUW", "Suwannee"},     {"TAY", "Taylor"},     {"UNI", "Union"},        {"VOL", "Volusia"},
    {"WAK", "Wakulla"},      {"WAL", "Walton"},     {"WAS", "Washington"}};
static_assert(std::size(kFlorida) == kFloridaCounties);

// How many counties a state has, where a voter file numbers them; else as many as there are names.
uint64_t CountiesOf(std::string_view state) {
  if (state == "NC") return std::size(kNorthCarolinaCounties);
  if (state == "FL") return kFloridaCounties;
  if (state == "OH") return 88;
  if (state == "TX") return 254;
  return std::size(kCounties);
}

std::string_view CountyName(std::string_view state, uint64_t number) {
  if (state == "NC") return kNorthCarolinaCounties[number - 1];
  if (state == "FL") return kFlorida[number - 1][1];
  return kCounties[(number - 1) % std::size(kCounties)];
}

uint32_t Number(std::string_view digits) {
  uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// The state of each three-digit prefix, or one past the last state.
std::array<uint16_t, 1000> StateOfPrefix() {
  std::array<uint16_t, 1000> of;
  of.fill(static_cast<uint16_t>(std::size(kStates)));
  for (uint16_t s = 0; s < std::size(kStates); ++s) {
    for (std::string_view rest = kStates[s].zips; rest.size() >= 7;
         rest.remove_prefix(std::min<size_t>(8, rest.size()))) {
      for (uint32_t prefix = Number(rest.substr(0, 3)); prefix <= Number(rest.substr(4, 3));
           ++prefix)
        of[prefix] = s;
    }
  }
  return of;
}

// ZIPs of one city follow each other: three or so share a name.
std::string_view CityOf(uint32_t zip) {
  static const std::vector<std::string>* const names = [] {
    auto* all = new std::vector<std::string>;
    for (std::string_view first : kCityFirst) {
      for (std::string_view last : kCityLast)
        all->push_back(std::string(first) + std::string(last));
    }
    return all;
  }();
  return (*names)[Mix(zip / 4) % names->size()];
}

}  // namespace

const PlaceTables& PlaceTables::Get() {
  static const PlaceTables* const tables = new PlaceTables;
  return *tables;
}

PlaceTables::PlaceTables() {
  const auto state_of = StateOfPrefix();
  std::vector<uint32_t> weights;
  std::vector<std::vector<uint32_t>> state_weights(std::size(kStates));
  by_state_.resize(std::size(kStates));
  ForEachRow(ZipCentroidsCsv(), [&](const std::vector<std::string_view>& cells) {
    if (cells.size() != 3 || cells[0].size() != 5) return;
    const uint32_t zip = Number(cells[0]);
    const uint16_t state = state_of[zip / 100];
    if (state == std::size(kStates)) return;
    Place place;
    place.zip = cells[0];
    place.latitude = cells[1];
    place.longitude = cells[2];
    place.state = state;
    place.city = CityOf(zip);
    // Four or so neighboring ZIPs make a county.
    const uint64_t county = Mix(zip / 8 + 7);
    const std::string_view code = kStates[state].code;
    place.county_number = static_cast<uint16_t>(county % CountiesOf(code) + 1);
    place.county = CountyName(code, place.county_number);
    const uint32_t weight = 1u << (Mix(zip + 99) % 8);
    by_state_[state].places.push_back(static_cast<uint32_t>(places_.size()));
    state_weights[state].push_back(weight);
    places_.push_back(place);
    weights.push_back(weight);
  });
  all_ = AliasTable(weights);
  for (size_t s = 0; s < by_state_.size(); ++s) by_state_[s].alias = AliasTable(state_weights[s]);
  for (const State& state : kStates) {
    auto& codes = area_codes_.emplace_back();
    for (std::string_view rest = state.area_codes; rest.size() >= 3;
         rest.remove_prefix(std::min<size_t>(4, rest.size()))) {
      codes.push_back(rest.substr(0, 3));
    }
  }
}

uint16_t PlaceTables::StateIndex(std::string_view code) const {
  for (uint16_t s = 0; s < std::size(kStates); ++s) {
    if (kStates[s].code == code) return s;
  }
  MUSTER_CHECK(false);
  return 0;
}

std::string_view FloridaCountyCode(uint16_t county_number) {
  return kFlorida[county_number - 1][0];
}

const State& PlaceTables::StateOf(const Place& place) const { return kStates[place.state]; }

const Place& PlaceTables::SampleNear(const Place& place, Rng& rng) const {
  const auto at = static_cast<size_t>(&place - places_.data());
  const size_t low = at < 20 ? 0 : at - 20;
  const size_t high = std::min(places_.size() - 1, at + 20);
  return places_[low + rng.Below(static_cast<uint32_t>(high - low + 1))];
}

std::string_view PlaceTables::SampleAreaCode(const Place& place, Rng& rng) const {
  const auto& codes = area_codes_[place.state];
  return codes[rng.Below(static_cast<uint32_t>(codes.size()))];
}

std::string_view PlaceTables::SampleAreaCode(Rng& rng) const {
  const auto& codes = area_codes_[rng.Below(static_cast<uint32_t>(area_codes_.size()))];
  return codes[rng.Below(static_cast<uint32_t>(codes.size()))];
}

}  // namespace muster::fake
