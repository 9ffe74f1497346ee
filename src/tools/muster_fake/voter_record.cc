// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/voter_record.h"

#include <algorithm>

#include "tools/muster_fake/noise.h"
#include "tools/muster_fake/rates.h"

namespace muster::fake {
namespace {

constexpr int32_t kFirstDay = 5'479;  // 1985-01-01
constexpr int32_t kLastDay = 20'603;  // 2026-05-30

}  // namespace

void MakeVoter(const Population& population, uint64_t voter, VoterRecord& record) {
  record.number = voter;
  const uint64_t id = population.VoterPerson(voter);
  population.MakePerson(id, record.person);
  const Person& person = record.person;
  Rng rng(KeyOf(population.seed(), Stream::kVoter, id));

  record.first = person.first->plain;
  if (rng.Chance(rates::kVoterNickname))
    record.first = NameTables::Get().SampleNickname(*person.first, rng);
  record.middle.clear();
  if (person.middle != nullptr && rng.Chance(9000)) {
    record.middle = rng.Chance(8000) ? person.middle->plain : person.middle->plain.substr(0, 1);
  }
  const bool former = person.surname == Person::Surname::kMarried && person.female &&
                      rng.Chance(rates::kVoterFormerSurname);
  record.last = former ? person.second_last->plain : person.last->plain;
  if (person.surname == Person::Surname::kHyphenated && rng.Chance(rates::kVoterHyphenated)) {
    record.last.append("-").append(person.second_last->plain);
  } else if (person.surname == Person::Surname::kDouble && rng.Chance(rates::kVoterDouble)) {
    record.last.append(" ").append(person.second_last->plain);
  }
  record.suffix.clear();
  if (rng.Chance(rates::kVoterSuffix)) record.suffix = person.suffix;
  if (rng.Chance(rates::kVoterFirstSlip)) Slip(record.first, rng);
  if (rng.Chance(rates::kVoterLastSlip)) Slip(record.last, rng);
  for (std::string* name : {&record.first, &record.middle, &record.last, &record.suffix})
    MakeUpper(*name);

  const uint32_t status = rng.Below(1000);
  record.status = status < 870 ? "A" : status < 955 ? "I" : status < 990 ? "R" : "D";
  const bool moved =
      rng.Chance(record.status == "I" ? rates::kVoterInactiveMoved : rates::kVoterMoved);
  record.home = moved ? population.FormerHomeInState(person) : person.home;
  record.phone.clear();
  if (rng.Chance(4500)) {
    record.phone = person.landline.empty() || rng.Chance(4000) ? person.mobile : person.landline;
  }
  record.sex = rng.Chance(700) ? "U" : person.female ? "F" : "M";
  const uint32_t party = rng.Below(1000);
  record.party = party < 320 ? "DEM" : party < 620 ? "REP" : party < 992 ? "UNA" : "LIB";
  record.confidential = rng.Chance(rates::kVoterConfidential);
  record.birth = person.birth;
  if (rng.Chance(rates::kVoterBirthYearOff)) record.birth.year += rng.Chance(5000) ? 1 : -1;
  if (record.birth.day <= 12 && rng.Chance(rates::kVoterBirthSwapped)) {
    std::swap(record.birth.day, record.birth.month);
  }
  const int32_t adult_day = (person.birth.year + 18 - 1970) * 365;
  const int32_t first_day = std::clamp(adult_day, kFirstDay, kLastDay - 30);
  record.registered_day =
      first_day + static_cast<int32_t>(rng.Below(static_cast<uint32_t>(kLastDay - first_day)));
  // Older people vote more; people differ more than ages do.
  const uint32_t by_age = static_cast<uint32_t>(std::clamp(2026 - person.birth.year, 18, 80)) * 50;
  record.propensity = std::min(9'500u, by_age + rng.Below(5'500));
}

}  // namespace muster::fake
