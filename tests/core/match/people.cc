// SPDX-License-Identifier: Apache-2.0
#include "tests/core/match/people.h"

#include <algorithm>
#include <random>

#include "core/crypto/secret_bytes.h"

namespace muster {
namespace {

// The same word for the same number, of letters as in names.
std::string Word(uint64_t number, uint64_t kind) {
  constexpr std::string_view kOnsets = "BCDFGHJKLMNPRSTVWZ";
  constexpr std::string_view kVowels = "AEIOU";
  std::mt19937_64 random(number * 16 + kind);
  std::string word;
  const size_t syllables = 2 + random() % 2;
  for (size_t i = 0; i < syllables; ++i) {
    word.push_back(kOnsets[random() % kOnsets.size()]);
    word.push_back(kVowels[random() % kVowels.size()]);
  }
  if (random() % 2 == 0) word.push_back(kOnsets[random() % kOnsets.size()]);
  return word;
}

}  // namespace

std::vector<Person> MakePeople(const PeopleOptions& options) {
  std::mt19937_64 random(options.seed);
  const auto below = [&](size_t end) { return static_cast<size_t>(random() % end); };
  const auto chance = [&](double rate) {
    return static_cast<double>(random() % 10000) < rate * 1e4;
  };
  // Names are as uneven as names are: the square of a uniform number.
  const auto uneven = [&](size_t end) {
    return below(end) * below(end) / std::max<size_t>(end, 1);
  };
  const auto slip = [&](std::string& text) {
    if (text.empty()) return;
    if (chance(options.missing_rate)) {
      text.clear();
    } else if (chance(options.typo_rate) && text.size() > 2) {
      const size_t at = below(text.size() - 1);
      const char other = text[at] >= '0' && text[at] <= '9' ? static_cast<char>('0' + below(10))
                                                            : static_cast<char>('A' + below(26));
      switch (below(3)) {
        case 0:
          text[at] = other;
          break;
        case 1:
          std::swap(text[at], text[at + 1]);
          break;
        default:
          text.erase(at, 1);
      }
    }
  };
  std::vector<Person> first_records;
  for (size_t i = 0; i < options.people; ++i) {
    Person person;
    person.id = static_cast<uint32_t>(i);
    const size_t name = uneven(options.first_names);
    person.first = Word(name, 1);
    person.sex = name % 2 == 0 ? "F" : "M";
    person.middle = Word(uneven(options.first_names), 1);
    person.last = Word(uneven(options.last_names), 2);
    const size_t month = 1 + below(12);
    const size_t day = 1 + below(28);
    person.birth_date = std::to_string(1930 + below(75)) + (month < 10 ? "-0" : "-") +
                        std::to_string(month) + (day < 10 ? "-0" : "-") + std::to_string(day);
    const size_t zip = below(options.zips);
    person.zip = std::to_string(27000 + zip);
    person.city = Word(zip / 4, 3);
    person.address1 = std::to_string(1 + below(2000)) + " " + Word(below(200), 4) + " Street";
    person.phone = "919" + std::to_string(2000000 + below(7999999));
    person.email = person.first + "." + person.last + std::to_string(below(1000)) + "@example.org";
    first_records.push_back(person);
  }
  std::vector<Person> all = first_records;
  for (size_t record = 1; record < options.records_per_person; ++record) {
    for (Person person : first_records) {
      for (std::string* text : {&person.first, &person.middle, &person.last, &person.birth_date,
                                &person.zip, &person.address1, &person.phone, &person.email}) {
        slip(*text);
      }
      all.push_back(person);
    }
  }
  return all;
}

const token::SketchKey& TestSketchKey() {
  static const auto* key = new token::SketchKey(crypto::SecretBytes::Zeroed(32));
  return *key;
}

std::vector<token::Sketch> SketchesOf(const std::vector<Person>& people) {
  token::Sketcher sketcher(&TestSketchKey());
  std::vector<token::Sketch> rows(people.size());
  for (size_t i = 0; i < people.size(); ++i) {
    const Person& p = people[i];
    token::PersonText text;
    text.first = p.first;
    text.middle = p.middle;
    text.last = p.last;
    text.suffix = p.suffix;
    text.sex = p.sex;
    text.birth_date = p.birth_date;
    text.address1 = p.address1;
    text.city = p.city;
    text.zip = p.zip;
    text.phone = p.phone;
    text.email = p.email;
    sketcher.Make(text, rows[i]);
  }
  return rows;
}

}  // namespace muster
