// SPDX-License-Identifier: Apache-2.0
//
// Population: the made-up people. Person number n is a function of (seed, n): households of one to
// four share a roof, a surname, a landline and sometimes one email address; there are twins,
// juniors with their father's middle name, maiden, hyphenated and double surnames, and singles who
// live in a house of hundreds. How often: rates.h.
//
// People come in blocks of 8 neighbors. A block in the voter file's state has 7 registered people;
// a block with contacts has 5 of them on lists. About nine tenths of the contacts live in the voter
// file's state, as far as the voter file reaches.
// Units: contacts and voters at most kPeopleMax each.
// Threads: const is safe.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_POPULATION_H_
#define MUSTER_TOOLS_MUSTER_FAKE_POPULATION_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/muster_fake/name_tables.h"
#include "tools/muster_fake/place_tables.h"

namespace muster::fake {

inline constexpr uint64_t kPeopleMax =
    500'000'000;  // ten digits number every person, and products stay within 64 bits
inline constexpr uint32_t kMembersMax =
    31;  // two masks of members and a flag share a word of the address table

struct Date {
  int year = 0;
  int month = 0;
  int day = 0;
};

struct Address {
  const Place* place = nullptr;
  uint32_t number = 0;
  uint8_t direction = 0;  // 0: none
  uint16_t street = 0;
  uint8_t type = 0;
  uint8_t unit_kind = 0;  // 0: none
  std::string unit;
};

struct Person {
  uint64_t id = 0;
  uint64_t household = 0;  // the id of its first person
  bool female = false;
  bool accents = false;  // writes its own name with them
  const Name* first = nullptr;
  const Name* middle = nullptr;  // null: none
  const Name* last = nullptr;
  const Name* second_last =
      nullptr;  // the mother's surname, or what the surname was before marriage
  enum class Surname : uint8_t { kPlain, kMarried, kHyphenated, kDouble } surname = Surname::kPlain;
  std::string_view suffix;
  Date birth;
  Address home;
  std::string mobile;    // ten digits
  std::string landline;  // ten digits, or empty
  // Whose email address it uses: itself, or the head of the household.
  uint64_t email_owner = 0;
  const Name* email_first = nullptr;
  const Name* email_last = nullptr;
};

struct PopulationPlan {
  uint64_t seed = 1;
  uint64_t contacts = 0;
  uint64_t voters = 0;
  uint32_t members = 3;
  uint32_t overlap_per_myriad = 2500;  // people on more than one list
  std::string_view state = "NC";       // the voter file's
};

class Population {
 public:
  explicit Population(const PopulationPlan& plan);

  const PopulationPlan& plan() const { return plan_; }
  uint64_t seed() const { return plan_.seed; }

  // The person behind contact c, c < contacts; the person behind voter v, v < voters. Both are
  // injections.
  uint64_t ContactPerson(uint64_t c) const;
  uint64_t VoterPerson(uint64_t v) const;
  std::optional<uint64_t> VoterOf(uint64_t person) const;
  // Bit k is set when the person is on member k's list; at least one bit.
  uint32_t ListsOf(uint64_t person) const;

  void MakePerson(uint64_t id, Person& person) const;
  // The `slot`-th address (0 is the main one) of the person's email_owner, in the form its owner
  // would write.
  void AppendEmail(const Person& person, uint32_t slot, std::string& out) const;
  // Where the person lived before; for the voter file, in its state.
  Address FormerHome(const Person& person) const;
  Address FormerHomeInState(const Person& person) const;

 private:
  struct Household;
  struct Block {
    std::array<uint8_t, 8> order;  // the first five are contacts
    uint8_t unregistered;
    uint8_t pattern;
  };

  Block MakeBlock(uint64_t block) const;
  Household MakeHousehold(uint64_t id) const;
  const Name* FirstName(uint64_t person, bool female) const;
  const Name* MiddleName(uint64_t person, bool female) const;
  Address MakeAddress(Rng& rng, const Place& place) const;
  std::string MakePhone(Rng& rng, std::string_view area_code) const;
  uint64_t HeadOf(uint64_t person) const;

  PopulationPlan plan_;
  const NameTables& names_;
  const PlaceTables& places_;
  uint16_t state_;
  uint64_t voter_blocks_;
  uint64_t contact_blocks_in_state_;
  uint64_t code_modulus_;  // a power of ten above every person's id
  uint64_t code_step_;
  int code_digits_;
};

// "N", "Oak", "St": the parts of an address as USPS abbreviates them, and in full.
std::string_view DirectionAbbreviation(const Address& address);
std::string_view DirectionFull(const Address& address);
std::string_view StreetName(const Address& address);
std::string_view StreetTypeAbbreviation(const Address& address);
std::string_view StreetTypeFull(const Address& address);
std::string_view UnitKind(const Address& address);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_POPULATION_H_
