// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/record.h"

#include <algorithm>

#include "tools/muster_fake/email.h"
#include "tools/muster_fake/noise.h"
#include "tools/muster_fake/rates.h"

namespace muster::fake {
namespace {

constexpr int32_t kFirstDay = 14'610;  // 2010-01-01
constexpr int32_t kLastDay = 20'603;   // 2026-05-30

constexpr std::array<std::string_view, 14> kTags = {
    "Volunteer",     "Phone bank",      "Donor",
    "#Action2024",   "?Direct Action",  "Canvass: weekends",
    "Monthly donor", "Petition signer", "Host",
    "Event, spring", "Newsletter",      "Letter \"to the editor\"",
    "Poll worker",   "Student"};

void AppendName(const Name& name, bool accents, std::string& out) {
  out += accents && !name.accented.empty() ? name.accented : name.plain;
}

void WriteSurname(const Person& person, bool accents, Record& record, Rng& rng) {
  const bool former = person.surname == Person::Surname::kMarried && person.female &&
                      rng.Chance(rates::kListFormerSurname);
  const Name& own = former ? *person.second_last : *person.last;
  if (person.surname == Person::Surname::kHyphenated && rng.Chance(rates::kListHyphenated)) {
    AppendName(own, accents, record.last);
    record.last += rng.Chance(rates::kListHyphenLost) ? ' ' : '-';
    AppendName(*person.second_last, accents, record.last);
  } else if (person.surname == Person::Surname::kDouble) {
    const uint32_t drawn = rng.Below(10'000);
    if (drawn < rates::kListDouble) {
      AppendName(own, accents, record.last);
      record.last += ' ';
      AppendName(*person.second_last, accents, record.last);
    } else if (drawn < rates::kListDouble + rates::kListDoubleSplit) {
      // A form that asks for a middle name gets the father's surname.
      record.middle.clear();
      AppendName(own, accents, record.middle);
      AppendName(*person.second_last, accents, record.last);
    } else if (drawn < rates::kListDouble + rates::kListDoubleSplit + rates::kListDoubleSecond) {
      AppendName(*person.second_last, accents, record.last);
    } else {
      AppendName(own, accents, record.last);
    }
  } else {
    AppendName(own, accents, record.last);
  }
}

void WriteNames(const Person& person, Record& record, Rng& rng, const NameTables& names) {
  const bool accents = person.accents && rng.Chance(8000);
  AppendName(*person.first, accents, record.first);
  if (rng.Chance(rates::kListNickname)) {
    record.first = names.SampleNickname(*person.first, rng);
  } else if (rng.Chance(500)) {
    record.nickname = names.SampleNickname(*person.first, rng);
  }
  if (person.middle != nullptr && rng.Chance(2500)) {
    if (rng.Chance(6000)) {
      record.middle = person.middle->plain.substr(0, 1);
      if (rng.Chance(4000)) record.middle += '.';
    } else {
      AppendName(*person.middle, accents, record.middle);
    }
  }
  if (person.middle != nullptr && rng.Chance(rates::kListMiddleAsFirst)) {
    record.first.clear();
    AppendName(*person.middle, accents, record.first);
    record.middle.clear();
  } else if (person.middle != nullptr && rng.Chance(rates::kListFirstAndMiddle)) {
    record.first += ' ';
    AppendName(*person.middle, accents, record.first);
    record.middle.clear();
  } else if (rng.Chance(rates::kListInitialAlone)) {
    record.first = person.first->plain.substr(0, 1);
  }
  WriteSurname(person, accents, record, rng);
  if (rng.Chance(rates::kListSuffix)) record.suffix = person.suffix;

  if (rng.Chance(rates::kListFirstSlip)) Slip(record.first, rng);
  if (rng.Chance(rates::kListLastSlip)) Slip(record.last, rng);
  const uint32_t lost = rng.Below(1000);
  if (lost < 25) {
    record.first.clear();
  } else if (lost < 45) {
    record.last.clear();
  } else if (lost < 60) {
    record.first.clear();
    record.last.clear();
  } else if (lost < 68) {
    record.first = FillerName(rng);
  } else if (lost < 72) {
    record.last = FillerName(rng);
  } else if (rng.Chance(rates::kListSwapped)) {
    std::swap(record.first, record.last);
  }
  const uint32_t cased = rng.Below(100);
  if (cased < 5) {
    MakeUpper(record.first);
    MakeUpper(record.last);
  } else if (cased < 9) {
    MakeLower(record.first);
    MakeLower(record.last);
  }
  if (rng.Chance(150)) record.first += ' ';
  if (rng.Chance(100)) record.last.insert(0, " ");
}

void WritePlace(const Population& population, const Person& person, const RecordTraits& traits,
                Record& record, Rng& rng) {
  const auto years = static_cast<uint32_t>(kLastDay - record.joined_day) / 365;
  const bool old = rng.Chance(rates::kListMovedPerYear * years);
  const Address former = old ? population.FormerHome(person) : Address();
  const Address& home = old ? former : person.home;
  const Place& place = *home.place;
  const State& state = PlaceTables::Get().StateOf(place);
  if (rng.Chance(6500)) {
    record.address1 = rng.Chance(200) ? "PO Box " + home.unit + std::to_string(home.number)
                                      : WriteStreet(home, !traits.splits_unit, rng);
    if (traits.splits_unit) record.address2 = WriteUnit(home);
    if (rng.Chance(200)) Slip(record.address1, rng);
  }
  if (rng.Chance(8000)) record.city = place.city;
  if (rng.Chance(8500)) record.state = rng.Chance(300) ? state.name : state.code;
  if (!rng.Chance(rates::kListZipMissing)) {
    record.zip =
        rng.Chance(rates::kListZipNear) ? PlaceTables::Get().SampleNear(place, rng).zip : place.zip;
    if (rng.Chance(rates::kListZipSwapped)) {
      const size_t at = rng.Below(4);
      std::swap(record.zip[at], record.zip[at + 1]);
    }
    if (rng.Chance(rates::kListZipSlip)) {
      char& digit = record.zip[1 + rng.Below(4)];
      digit =
          static_cast<char>('0' + (static_cast<uint32_t>(digit - '0') + rng.Between(1, 9)) % 10);
    }
    if (rng.Chance(1500)) {
      record.zip += '-';
      for (int i = 0; i < 4; ++i) record.zip += static_cast<char>('0' + rng.Below(10));
    } else if (traits.loses_zip_zeros) {
      record.zip.erase(0, std::min(record.zip.find_first_not_of('0'), record.zip.size() - 1));
    }
    if (rng.Chance(rates::kListZipFiller)) record.zip = rng.Chance(5000) ? "00000" : "99999";
  }
  if (rng.Chance(3000)) record.county = place.county;
  record.latitude = place.latitude;
  record.longitude = place.longitude;
  if (rng.Chance(300)) {
    MakeUpper(record.address1);
    MakeUpper(record.city);
  }
}

void WriteEmails(const Population& population, const Person& person, const RecordTraits& traits,
                 Record& record, Rng& rng) {
  record.email_count = 1;
  while (record.email_count < traits.emails && rng.Chance(2200)) ++record.email_count;
  uint32_t slot = rng.Chance(1200) ? 1 : 0;
  for (size_t i = 0; i < record.email_count; ++i, ++slot) {
    EmailCell& email = record.emails[i];
    email.text.clear();
    email.status = record.status;
    email.valid = true;
    population.AppendEmail(person, slot, email.text);
    if (rng.Chance(80)) Mistype(email.text, rng);
    if (rng.Chance(900)) Respell(email.text, rng);
    if (rng.Chance(150)) email.text += rng.Chance(5000) ? " " : "  ";
    if (rng.Chance(50)) email.text.insert(0, " ");
  }
  // The same address twice in one row would say nothing.
  std::string form, other;
  for (size_t i = 1; i < record.email_count;) {
    MatchForm(record.emails[i].text, form);
    bool seen = false;
    for (size_t j = 0; j < i && !seen; ++j) {
      MatchForm(record.emails[j].text, other);
      seen = form == other;
    }
    if (!seen) {
      ++i;
      continue;
    }
    for (size_t j = i + 1; j < record.email_count; ++j)
      std::swap(record.emails[j - 1], record.emails[j]);
    --record.email_count;
  }
  if (traits.emails == 1) return;
  for (size_t i = 0; i < record.email_count; ++i) {
    if (record.status == traits.usual && rng.Chance(300))
      record.emails[i].status = Status::kBouncing;
  }
  if (record.email_count > 1 && rng.Chance(150)) {
    EmailCell& last = record.emails[record.email_count - 1];
    last.valid = false;
    last.text.erase(last.text.find('@'), 1);
  }
}

}  // namespace

std::string_view StatusName(Status status) {
  constexpr std::array<std::string_view, kStatusCount> kNames = {
      "unknown", "subscribed",   "unsubscribed", "complained", "bouncing",
      "cleaned", "do_not_email", "do_not_share", "deceased"};
  return kNames[static_cast<size_t>(status)];
}

std::string_view BadRowName(BadRow kind) {
  constexpr std::array<std::string_view, kBadRowCount> kNames = {
      "no_at",         "two_at",        "inner_space", "empty_email", "single_label_domain",
      "too_few_cells", "too_many_cells"};
  return kNames[static_cast<size_t>(kind)];
}

void MakeRecord(const Population& population, const Person& person, const RecordTraits& traits,
                Rng& rng, Record& record) {
  for (std::string* field :
       {&record.first, &record.middle, &record.last, &record.suffix, &record.nickname,
        &record.phone, &record.mobile, &record.address1, &record.address2, &record.city,
        &record.state, &record.zip, &record.county, &record.birth, &record.tags, &record.note}) {
    field->clear();
  }
  record.person = person.id;
  record.key = rng.Next();
  record.status = traits.usual;
  uint32_t status = rng.Below(10'000);
  for (const auto& [other, share] : traits.statuses) {
    if (status < share) {
      record.status = other;
      break;
    }
    status -= share;
  }
  record.joined_day = kFirstDay + static_cast<int32_t>(rng.Below(kLastDay - kFirstDay));
  WriteNames(person, record, rng, NameTables::Get());
  WritePlace(population, person, traits, record, rng);
  WriteEmails(population, person, traits, record, rng);

  if (rng.Chance(3500)) record.mobile = WritePhone(person.mobile, rng);
  if (!person.landline.empty() && rng.Chance(4000)) record.phone = WritePhone(person.landline, rng);
  if (rng.Chance(60)) record.phone = FillerPhone(rng);
  record.sex = rng.Chance(4000) ? (person.female ? "F" : "M") : "";
  if (rng.Chance(2500)) {
    Date birth = person.birth;
    if (birth.day <= 12 && rng.Chance(rates::kListBirthSwapped)) std::swap(birth.day, birth.month);
    if (rng.Chance(rates::kListBirthYearOff)) birth.year += rng.Chance(5000) ? 1 : -1;
    record.birth = rng.Chance(rates::kListBirthFiller) ? "1900-01-01" : WriteDate(birth);
  }
  for (uint32_t i = rng.Below(4); i > 0; --i) {
    if (!record.tags.empty()) record.tags += ", ";
    record.tags += rng.Pick(kTags);
  }
  if (rng.Chance(100)) record.note = "Met at the fair.\nAsked for a yard sign, \"the big one\"";
  record.changed_day =
      record.joined_day +
      static_cast<int32_t>(rng.Below(static_cast<uint32_t>(kLastDay - record.joined_day) + 1));
  record.clock = rng.Below(86'400);
  record.rating = rng.Between(1, 5);
}

void Spoil(BadRow kind, Record& record, Rng& rng) {
  EmailCell& email = record.emails[0];
  std::string& text = email.text;
  record.email_count = 1;
  email.valid = kind == BadRow::kTooFewCells || kind == BadRow::kTooManyCells;
  text.erase(0, text.find_first_not_of(' '));  // or a space more would change nothing
  const size_t at = text.rfind('@');
  switch (kind) {
    case BadRow::kNoAt:
      text.erase(at, 1);
      break;
    case BadRow::kTwoAt:
      text.insert(at, "@");
      break;
    case BadRow::kInnerSpace:
      text.insert(at > 2 ? at / 2 : at, " ");
      break;
    case BadRow::kEmptyEmail:
      text = rng.Chance(8000) ? "" : rng.Chance(5000) ? "N/A" : "none";
      break;
    case BadRow::kSingleLabelDomain:
      text.replace(at + 1, std::string::npos, "localhost");
      break;
    case BadRow::kTooFewCells:
    case BadRow::kTooManyCells:
      // With a line break in quotes too, nobody could say how many rows it is.
      record.note.clear();
      break;
  }
}

}  // namespace muster::fake
