// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/population.h"

#include <algorithm>
#include <utility>

#include "tools/muster_fake/email.h"
#include "tools/muster_fake/rates.h"

namespace muster::fake {
namespace {

constexpr uint64_t kBlockPeople = 8;
constexpr uint64_t kBlockVoters = 7;
constexpr uint64_t kBlockContacts = 5;

enum class Kind : uint8_t {
  kSingle,
  kCouple,
  kFamilyOfThree,
  kFamilyOfFour,
  kTwins,
  kTwoRoommates,
  kThreeRoommates
};

constexpr uint8_t SizeOf(Kind kind) {
  constexpr uint8_t kSizes[] = {1, 2, 3, 4, 4, 2, 3};
  return kSizes[static_cast<size_t>(kind)];
}

// How the 8 people of a block live together. The households of a row fill the 8 exactly; what
// follows them is padding.
using enum Kind;
constexpr std::array<std::array<Kind, 5>, 8> kPatterns = {{
    {kSingle, kCouple, kFamilyOfThree, kCouple, kSingle},
    {kCouple, kFamilyOfFour, kCouple, kSingle, kSingle},
    {kSingle, kSingle, kCouple, kCouple, kTwoRoommates},
    {kFamilyOfThree, kCouple, kThreeRoommates, kSingle, kSingle},
    {kTwins, kCouple, kSingle, kSingle, kSingle},
    {kSingle, kSingle, kSingle, kCouple, kFamilyOfThree},
    {kFamilyOfFour, kFamilyOfThree, kSingle, kSingle, kSingle},
    {kCouple, kCouple, kCouple, kTwoRoommates, kSingle},
}};

struct Home {
  uint8_t head;
  Kind kind;
};

Home HouseholdAt(uint8_t pattern, uint8_t slot) {
  uint8_t head = 0;
  for (Kind kind : kPatterns[pattern]) {
    const uint8_t size = SizeOf(kind);
    if (slot < head + size) return {head, kind};
    head = static_cast<uint8_t>(head + size);
  }
  return {slot, kSingle};
}

constexpr std::string_view kDirections[][2] = {
    {"", ""},      {"N", "North"},      {"S", "South"},     {"E", "East"},
    {"W", "West"}, {"NE", "Northeast"}, {"SW", "Southwest"}};
constexpr std::string_view kStreetTypes[][2] = {
    {"St", "Street"}, {"Ave", "Avenue"}, {"Rd", "Road"},        {"Dr", "Drive"},
    {"Ln", "Lane"},   {"Ct", "Court"},   {"Blvd", "Boulevard"}, {"Way", "Way"},
    {"Pl", "Place"},  {"Cir", "Circle"}, {"Ter", "Terrace"},    {"Pkwy", "Parkway"}};
constexpr std::string_view kUnitKinds[] = {"", "Apt", "Unit", "#", "Ste", "Lot"};
constexpr std::string_view kStreets[] = {"Main",          "Oak",
                                         "Pine",          "Maple",
                                         "Cedar",         "Elm",
                                         "Washington",    "Lake",
                                         "Hill",          "Walnut",
                                         "Spring",        "North",
                                         "Ridge",         "Lincoln",
                                         "Church",        "Willow",
                                         "Mill",          "Sunset",
                                         "Railroad",      "Jefferson",
                                         "Center",        "Highland",
                                         "Forest",        "Jackson",
                                         "River",         "Cherry",
                                         "Franklin",      "Park",
                                         "Meadow",        "Chestnut",
                                         "College",       "Madison",
                                         "Spruce",        "Dogwood",
                                         "Hickory",       "Laurel",
                                         "Monroe",        "Poplar",
                                         "Birch",         "Magnolia",
                                         "School",        "Valley",
                                         "Locust",        "Adams",
                                         "Prospect",      "Sycamore",
                                         "Orchard",       "Broad",
                                         "Cherokee",      "Holly",
                                         "Country Club",  "Martin Luther King Jr",
                                         "Old Mill",      "Deer Run",
                                         "Fox Hollow",    "Quail Ridge",
                                         "Stone Creek",   "Rose",
                                         "Woodland",      "Heritage",
                                         "Liberty",       "Summit",
                                         "Market",        "Front",
                                         "Water",         "Court",
                                         "Bridge",        "Depot",
                                         "Academy",       "Fairview",
                                         "1st",           "2nd",
                                         "3rd",           "4th",
                                         "5th",           "6th",
                                         "7th",           "8th",
                                         "9th",           "10th",
                                         "11th",          "12th",
                                         "21st",          "42nd",
                                         "103rd",         "County Road 12",
                                         "State Route 9", "Farm to Market 620",
                                         "St James",      "Saint Andrews",
                                         "O'Connor",      "Hawthorne-Lee"};

Date DateIn(Rng& rng, int year) {
  constexpr uint8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const uint32_t month = rng.Below(12);
  return {year, static_cast<int>(month) + 1, static_cast<int>(rng.Below(kDays[month])) + 1};
}

}  // namespace

struct Population::Household {
  Kind kind = kSingle;
  const Name* last = nullptr;
  const Name* second_last = nullptr;                  // of the second adult, before marriage
  Person::Surname surname = Person::Surname::kPlain;  // of the second adult
  bool double_surname = false;
  bool head_female = false;
  bool second_female = false;
  bool junior = false;        // the first child has its father's name
  bool shares_email = false;  // the two adults use one address
  int head_year = 0;
  Address home;
  std::string landline;
};

Population::Population(const PopulationPlan& plan)
    : plan_(plan),
      names_(NameTables::Get()),
      places_(PlaceTables::Get()),
      state_(places_.StateIndex(plan.state)) {
  voter_blocks_ = (plan.voters + kBlockVoters - 1) / kBlockVoters;
  const uint64_t contact_blocks = (plan.contacts + kBlockContacts - 1) / kBlockContacts;
  contact_blocks_in_state_ = std::min(voter_blocks_, contact_blocks - contact_blocks / 10);
  const uint64_t people =
      kBlockPeople * (voter_blocks_ + contact_blocks - contact_blocks_in_state_);
  code_modulus_ = 100'000;
  for (code_digits_ = 5; code_modulus_ < people; ++code_digits_) code_modulus_ *= 10;
  // Ends in 7: coprime to every power of ten, so codes are a bijection of the ids.
  code_step_ =
      static_cast<uint64_t>(static_cast<double>(code_modulus_) * 0.6180339887) / 10 * 10 + 7;
}

Population::Block Population::MakeBlock(uint64_t block) const {
  Rng rng(KeyOf(plan_.seed, Stream::kBlock, block));
  Block made{{0, 1, 2, 3, 4, 5, 6, 7},
             static_cast<uint8_t>(rng.Below(kBlockPeople)),
             static_cast<uint8_t>(rng.Below(8))};
  for (uint32_t i = 0; i < kBlockContacts; ++i)
    std::swap(made.order[i], made.order[i + rng.Below(kBlockPeople - i)]);
  return made;
}

uint64_t Population::ContactPerson(uint64_t c) const {
  const uint64_t j = c / kBlockContacts;
  const uint64_t block = j < contact_blocks_in_state_
                             ? j * voter_blocks_ / contact_blocks_in_state_
                             : voter_blocks_ + j - contact_blocks_in_state_;
  return block * kBlockPeople + MakeBlock(block).order[c % kBlockContacts];
}

uint64_t Population::VoterPerson(uint64_t v) const {
  const uint64_t block = v / kBlockVoters;
  const uint64_t nth = v % kBlockVoters;
  return block * kBlockPeople + nth + (nth >= MakeBlock(block).unregistered ? 1 : 0);
}

std::optional<uint64_t> Population::VoterOf(uint64_t person) const {
  const uint64_t block = person / kBlockPeople;
  if (block >= voter_blocks_) return std::nullopt;
  const uint64_t slot = person % kBlockPeople;
  const uint64_t unregistered = MakeBlock(block).unregistered;
  if (slot == unregistered) return std::nullopt;
  const uint64_t voter = block * kBlockVoters + slot - (slot > unregistered ? 1 : 0);
  if (voter >= plan_.voters) return std::nullopt;
  return voter;
}

uint64_t Population::HeadOf(uint64_t person) const {
  const uint64_t block = person / kBlockPeople;
  return block * kBlockPeople +
         HouseholdAt(MakeBlock(block).pattern, static_cast<uint8_t>(person % kBlockPeople)).head;
}

uint32_t Population::ListsOf(uint64_t person) const {
  if (plan_.members == 1) return 1;
  Rng own(KeyOf(plan_.seed, Stream::kLists, person));
  // Half the people are where the head of their household is: that is how shared addresses meet in
  // one file.
  const uint64_t like = own.Chance(5000) ? HeadOf(person) : person;
  Rng rng(KeyOf(plan_.seed, Stream::kLists, like, 1));
  uint32_t wanted = 1;
  if (rng.Chance(plan_.overlap_per_myriad)) {
    for (wanted = 2; wanted < plan_.members && rng.Chance(2500); ++wanted) {
    }
  }
  uint32_t lists = 0;
  while (wanted > 0) {
    // Lists differ in size as 5 : 4 : 3.
    const uint32_t member = rng.Below(plan_.members);
    if ((lists >> member & 1) != 0 || !rng.Chance(10'000 - 2'000 * (member % 3))) continue;
    lists |= 1u << member;
    --wanted;
  }
  return lists;
}

const Name* Population::FirstName(uint64_t person, bool female) const {
  Rng rng(KeyOf(plan_.seed, Stream::kFirstName, person));
  return &names_.First(female, names_.SampleFirst(female, rng));
}

const Name* Population::MiddleName(uint64_t person, bool female) const {
  Rng rng(KeyOf(plan_.seed, Stream::kFirstName, person, 1));
  if (!rng.Chance(rates::kMiddleName)) return nullptr;
  return &names_.First(female, names_.SampleFirst(female, rng));
}

Address Population::MakeAddress(Rng& rng, const Place& place) const {
  Address address;
  address.place = &place;
  address.number =
      rng.Chance(3000) ? rng.Between(1, 200) : rng.Between(100, rng.Chance(5000) ? 2'000 : 9'999);
  address.direction = rng.Chance(2000)
                          ? static_cast<uint8_t>(rng.Between(1, std::size(kDirections) - 1))
                          : uint8_t{0};
  address.street = static_cast<uint16_t>(rng.Below(std::size(kStreets)));
  address.type = static_cast<uint8_t>(
      std::min(rng.Below(std::size(kStreetTypes)), rng.Below(std::size(kStreetTypes))));
  if (rng.Chance(1800)) {
    address.unit_kind = static_cast<uint8_t>(1 + std::min(rng.Below(5), rng.Below(5)));
    address.unit = std::to_string(rng.Between(1, rng.Chance(3000) ? 1'200 : 40));
    if (rng.Chance(3000)) address.unit += static_cast<char>('A' + rng.Below(6));
  }
  return address;
}

// Exchange 555 and the test exchanges 958 and 959 belong to nobody.
std::string Population::MakePhone(Rng& rng, std::string_view area_code) const {
  constexpr std::array<std::string_view, 3> kExchanges = {"555", "958", "959"};
  std::string phone(area_code);
  phone += rng.Pick(kExchanges);
  const uint32_t line = rng.Below(10'000);
  for (uint32_t divisor = 1000; divisor > 0; divisor /= 10)
    phone += static_cast<char>('0' + line / divisor % 10);
  return phone;
}

Population::Household Population::MakeHousehold(uint64_t id) const {
  const uint64_t block = id / kBlockPeople;
  Rng rng(KeyOf(plan_.seed, Stream::kHousehold, id));
  Household house;
  house.kind = HouseholdAt(MakeBlock(block).pattern, static_cast<uint8_t>(id % kBlockPeople)).kind;
  house.last = &names_.Last(names_.SampleLast(rng));
  house.double_surname = house.last->spanish && rng.Chance(rates::kDoubleSurname);
  house.head_female = rng.Chance(5000);
  house.second_female = rng.Chance(9200) != house.head_female;
  house.head_year = static_cast<int>(rng.Between(1934, 2002));
  const bool family =
      house.kind == kFamilyOfThree || house.kind == kFamilyOfFour || house.kind == kTwins;
  if (family) house.head_year = static_cast<int>(rng.Between(1934, 1978));
  house.junior = family && rng.Chance(rates::kJuniorFamily);
  if (house.junior) house.head_female = false;
  house.shares_email = (family || house.kind == kCouple) && rng.Chance(rates::kSharedEmail);
  house.second_last = &names_.Last(names_.SampleLast(rng));
  const uint32_t married = rng.Below(10'000);
  house.surname = married < rates::kMarriedName ? Person::Surname::kMarried
                  : married < rates::kMarriedName + rates::kHyphenatedName
                      ? Person::Surname::kHyphenated
                      : Person::Surname::kPlain;
  const Place& place = block < voter_blocks_ ? places_.SampleIn(state_, rng) : places_.Sample(rng);
  house.home = MakeAddress(rng, place);
  if (house.kind == kSingle && rng.Chance(rates::kInstitution)) {
    // One house in each ZIP: a dormitory, a home for the old.
    const auto at =
        static_cast<uint64_t>(place.zip[0] * 27 + place.zip[1]) * 1'000'000 +
        static_cast<uint64_t>(place.zip[2] * 10'000 + place.zip[3] * 100 + place.zip[4]);
    Rng institution(KeyOf(plan_.seed, Stream::kAddress, at));
    house.home = MakeAddress(institution, place);
    house.home.unit_kind = rng.Chance(7000) ? uint8_t{1} : uint8_t{0};
    house.home.unit = house.home.unit_kind == 0 ? "" : std::to_string(rng.Between(1, 400));
  }
  if (rng.Chance(4500)) house.landline = MakePhone(rng, places_.SampleAreaCode(place, rng));
  return house;
}

void Population::MakePerson(uint64_t id, Person& person) const {
  const uint64_t head = HeadOf(id);
  const auto position = static_cast<uint32_t>(id - head);
  Household house = MakeHousehold(head);
  Rng rng(KeyOf(plan_.seed, Stream::kPerson, id));
  const bool roommates = house.kind == kTwoRoommates || house.kind == kThreeRoommates;
  const bool child = position >= 2 && !roommates;

  person.id = id;
  person.household = head;
  person.suffix = {};
  person.surname = Person::Surname::kPlain;
  person.second_last = nullptr;
  person.last = house.last;
  person.female = position == 0   ? house.head_female
                  : position == 1 ? house.second_female
                                  : rng.Chance(5000);
  int year = house.head_year;
  if (roommates && position > 0) {
    person.last = &names_.Last(names_.SampleLast(rng));
    year += static_cast<int>(rng.Below(9)) - 4;
  } else if (position == 1) {
    year += static_cast<int>(rng.Below(13)) - 6;
    person.surname = house.surname;
    person.second_last = house.second_last;
    if (house.surname == Person::Surname::kPlain) person.last = house.second_last;
  } else if (child) {
    year += static_cast<int>(rng.Between(20, 30));
  }
  person.birth = DateIn(rng, std::clamp(year, 1921, 2008));
  bool named = false;
  if (house.kind == kTwins && child) {
    // Both twins are dated by the household; their sexes agree more often than not.
    Rng twins(KeyOf(plan_.seed, Stream::kPerson, head, 2));
    person.birth = DateIn(
        twins, std::clamp(house.head_year + static_cast<int>(twins.Between(20, 30)), 1940, 2008));
    const bool female = twins.Chance(5000);
    const bool alike = twins.Chance(rates::kTwinsOneSex);
    person.female = position == 2 || alike ? female : !female;
  }
  if (house.junior && position == 2) {
    person.female = false;
    person.first = FirstName(head, false);
    person.suffix = rng.Chance(2000) ? "II" : "Jr";
    named = true;
  } else if (house.junior && position == 0) {
    person.suffix = rng.Chance(rates::kHeadIsSenior) ? "Sr" : "";
  } else if (rng.Chance(60)) {
    person.suffix = rng.Chance(5000) ? "III" : "Jr";
  }
  if (person.female) person.suffix = {};
  if (!named) person.first = FirstName(id, person.female);
  if (house.kind == kTwins && position == 3) {
    // Nobody gives two children one name, and the first may have the father's.
    const Name* const taken =
        house.junior ? FirstName(head, false) : FirstName(head + 2, person.female);
    for (uint64_t again = 1; person.first == taken; ++again) {
      person.first = FirstName(id + (again << 60), person.female);
    }
  }
  const bool named_whole = named && rng.Chance(rates::kJuniorSameMiddle);
  person.middle = MiddleName(named_whole ? head : id, person.female);
  person.accents = rng.Chance(7000);
  if (person.surname == Person::Surname::kPlain && person.last->spanish && house.double_surname) {
    person.surname = Person::Surname::kDouble;
    Rng family(
        KeyOf(plan_.seed, Stream::kHousehold, head, position == 1 || roommates ? 8 + position : 7));
    person.second_last = &names_.Last(names_.SampleSpanishLast(family));
  }
  person.mobile = MakePhone(rng, rng.Chance(6000) ? places_.SampleAreaCode(*house.home.place, rng)
                                                  : places_.SampleAreaCode(rng));
  person.landline = std::move(house.landline);

  const bool borrows = position == 1 && house.shares_email;
  person.email_owner = borrows ? head : id;
  person.email_first = borrows ? FirstName(head, house.head_female) : person.first;
  person.email_last = borrows ? house.last : person.last;
  person.home = std::move(house.home);
}

void Population::AppendEmail(const Person& person, uint32_t slot, std::string& out) const {
  Rng rng(KeyOf(plan_.seed, Stream::kEmail, person.email_owner, slot));
  const uint64_t code =
      (person.email_owner * code_step_ + Mix(plan_.seed) % code_modulus_) % code_modulus_;
  WriteEmail(*person.email_first, *person.email_last, code, code_digits_, rng, out);
}

Address Population::FormerHome(const Person& person) const {
  Rng rng(KeyOf(plan_.seed, Stream::kMove, person.id));
  const Place& place =
      rng.Chance(7000) ? places_.SampleNear(*person.home.place, rng) : places_.Sample(rng);
  return MakeAddress(rng, place);
}

Address Population::FormerHomeInState(const Person& person) const {
  Rng rng(KeyOf(plan_.seed, Stream::kMove, person.id, 1));
  const Place& near = places_.SampleNear(*person.home.place, rng);
  const bool stayed_near = rng.Chance(7000) && near.state == state_;
  return MakeAddress(rng, stayed_near ? near : places_.SampleIn(state_, rng));
}

std::string_view DirectionAbbreviation(const Address& address) {
  return kDirections[address.direction][0];
}
std::string_view DirectionFull(const Address& address) { return kDirections[address.direction][1]; }
std::string_view StreetName(const Address& address) { return kStreets[address.street]; }
std::string_view StreetTypeAbbreviation(const Address& address) {
  return kStreetTypes[address.type][0];
}
std::string_view StreetTypeFull(const Address& address) { return kStreetTypes[address.type][1]; }
std::string_view UnitKind(const Address& address) { return kUnitKinds[address.unit_kind]; }

}  // namespace muster::fake
