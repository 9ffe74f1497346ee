// SPDX-License-Identifier: Apache-2.0
#include "core/token/sketch.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>

#include "core/contact/contact.h"
#include "core/crypto/secret_bytes.h"

namespace muster {
namespace {

using token::PersonText;
using token::Sketch;

crypto::SecretBytes Raw(uint8_t fill) {
  crypto::SecretBytes raw = crypto::SecretBytes::Zeroed(32);
  for (uint8_t& byte : raw.MutableExposeSecret()) byte = fill;
  return raw;
}

const token::SketchKey& Key() {
  static const auto* key = new token::SketchKey(Raw(1));
  return *key;
}

Sketch Of(const PersonText& person, const token::SketchKey& key = Key()) {
  token::Sketcher sketcher(&key);
  Sketch sketch;
  sketcher.Make(person, sketch);
  return sketch;
}

PersonText Ada() {
  PersonText person;
  person.first = "Ada";
  person.middle = "Augusta";
  person.last = "Byron King";
  person.suffix = "Jr.";
  person.sex = "F";
  person.birth_date = "1961-03-04";
  person.address1 = "12 N Oak Street Apt 3";
  person.city = "Saint Louis";
  person.state = "Missouri";
  person.zip = "63101-1234";
  person.phone = "(314) 555-0123";
  person.email = "Ada.Byron+news@Example.ORG";
  return person;
}

std::array<uint16_t, token::kSketchBytes / 2> Lanes(const Sketch& sketch) {
  return std::bit_cast<std::array<uint16_t, token::kSketchBytes / 2>>(sketch);
}

TEST_CASE("Sketch: every field of a full record leaves a token", "[token]") {
  const Sketch s = Of(Ada());
  CHECK(
      (s.first != 0 && s.last != 0 && s.street != 0 && s.phone != 0 && s.email != 0 && s.zip != 0));
  CHECK((s.city != 0 && s.house_number != 0 && s.unit != 0 && s.middle != 0));
  CHECK((s.first_initial != 0 && s.middle_initial != 0 && s.first_phonetic != 0 &&
         s.last_phonetic != 0));
  CHECK((s.birth_year != 0 && s.birth_month != 0 && s.birth_day != 0 && s.zip3 != 0 &&
         s.email_local != 0));
  CHECK((s.formal_names[0] != 0 && s.last_parts[0] != 0 && s.last_parts[1] != 0));
  CHECK((s.first_typos[0] != 0 && s.last_typos[0] != 0 && s.street_typos[0] != 0));
  CHECK(s.sex() == token::Sex::kFemale);
  CHECK(s.suffix() == 1);
  CHECK(s.state() != 0);
}

TEST_CASE("Sketch: nothing, and what stands for nothing, leaves no token", "[token]") {
  CHECK(Of({}) == Sketch());
  PersonText fillers;
  fillers.first = "N/A";
  fillers.middle = "NMN";
  fillers.last = "UNKNOWN";
  fillers.birth_date = "1900-01-01";
  fillers.address1 = "None";
  fillers.city = "Unknown";
  fillers.zip = "00000";
  fillers.phone = "000-0000";
  fillers.email = "none";
  fillers.sex = "U";
  CHECK(Of(fillers) == Sketch());
  for (const char* name : {"null", "NaN", "xxx", "x", "test", "Anonymous", "  ", "-",
                           "NOT PROVIDED", "withheld", "blank", "??"}) {
    PersonText person;
    person.first = person.last = person.middle = person.city = name;
    INFO(name);
    CHECK(Of(person) == Sketch());
  }
  for (const char* phone : {"999-999-9999", "123-456-7890", "0000000000", "12", "unknown"}) {
    PersonText person;
    person.phone = phone;
    INFO(phone);
    CHECK(Of(person).phone == 0);
  }
  for (const char* date : {"0000-00-00", "1900-01-01", "1901-01-01", "9999-12-31", "1800-01-01",
                           "1/1/1900", "19000101", "1900", "n/a"}) {
    PersonText person;
    person.birth_date = date;
    INFO(date);
    CHECK(Of(person) == Sketch());
  }
}

TEST_CASE("Sketch: the same person written otherwise has the same row", "[token]") {
  PersonText other = Ada();
  other.first = " ADA ";
  other.middle = "AUGUSTA";
  other.last = "byron-king";
  other.suffix = "Junior";
  other.sex = "Female";
  other.birth_date = "3/4/1961";
  other.address1 = "12 North Oak St";
  other.address2 = "#3";
  other.city = "ST. LOUIS";
  other.state = "mo";
  other.zip = "63101";
  other.phone = "+1 314 555 0123";
  other.email = "ada.byron@example.org";
  const Sketch one = Of(Ada());
  Sketch two = Of(other);
  // Another address, unless the provider is known to drop what follows the plus.
  two.email = one.email;
  two.email_local = one.email_local;
  CHECK(one == two);
}

TEST_CASE("Sketch: another key gives another row, the same key the same row", "[token]") {
  const token::SketchKey other(Raw(2));
  const token::SketchKey same(Raw(1));
  const Sketch one = Of(Ada());
  CHECK(Of(Ada(), same) == one);
  const auto a = Lanes(one);
  const auto b = Lanes(Of(Ada(), other));
  size_t equal = 0;
  for (size_t i = 0; i < a.size(); ++i) equal += a[i] != 0 && a[i] == b[i] ? 1u : 0u;
  CHECK(equal <= 2);  // the traits are no tokens
}

TEST_CASE("Sketch: one text in two fields leaves two tokens", "[token]") {
  PersonText person;
  person.first = person.middle = person.city = "Paris";
  const Sketch s = Of(person);
  const std::set<uint16_t> tokens = {s.city, s.first_typos[0], s.formal_names[0]};
  CHECK(tokens.size() == 3);
  CHECK(s.middle == s.formal_names[0]);  // one domain: a middle name may be the name in use
}

TEST_CASE("Sketch: what stands in a row does not depend on the rows before it", "[token]") {
  token::Sketcher sketcher(&Key());
  std::mt19937_64 random(7);
  Sketch reused;
  for (int i = 0; i < 2000; ++i) {
    std::string first, last, street;
    for (size_t n = 1 + random() % 12; n > 0; --n)
      first.push_back(static_cast<char>('A' + random() % 26));
    for (size_t n = 1 + random() % 12; n > 0; --n)
      last.push_back(static_cast<char>('A' + random() % 26));
    street = std::to_string(random() % 999) + " " + last + " Street";
    PersonText person;
    person.first = first;
    person.last = last;
    person.address1 = street;
    if (random() % 2 == 0) person.birth_date = "1980-02-03";
    sketcher.Make(person, reused);
    REQUIRE(reused == Of(person));
  }
}

// Names one slip apart share a token of their one-deletion sets, or one is in the other's.
TEST_CASE("Sketch: a letter changed, lost, doubled or exchanged is still met", "[token]") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 500; ++i) {
    std::string name;
    for (size_t n = 4 + random() % 7; n > 0; --n)
      name.push_back(static_cast<char>('A' + random() % 26));
    std::string slip = name;
    const size_t at = random() % (name.size() - 1);
    switch (random() % 3) {
      case 0:
        slip[at] = slip[at] == 'Q' ? 'R' : 'Q';
        break;
      case 1:
        slip.erase(at, 1);
        break;
      default:
        slip.insert(at, 1, 'K');
    }
    PersonText a, b;
    a.last = name;
    b.last = slip;
    const auto one = Of(a).last_typos;
    const auto two = Of(b).last_typos;
    bool met = false;
    for (const uint16_t x : one) {
      for (const uint16_t y : two) met |= x != 0 && x == y;
    }
    INFO(i);
    CHECK(met);
  }
}

TEST_CASE("Sketch: tokens are spread evenly and collide as often as chance has it", "[token]") {
  token::Sketcher sketcher(&Key());
  std::map<uint16_t, int> cities;
  Sketch sketch;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    std::string city;
    for (int n = i, k = 0; k < 5; ++k, n /= 26) city.push_back(static_cast<char>('A' + n % 26));
    PersonText person;
    person.city = city;
    sketcher.Make(person, sketch);
    ++cities[sketch.city];
  }
  // Expected number of distinct values: 65535 (1 - exp(-20000 / 65535)) = 17236, give or take 45.
  CHECK(cities.size() > 17236 - 300);
  CHECK(cities.size() < 17236 + 300);
  CHECK(cities.count(0) == 0);
}

TEST_CASE("Sketch: goes through its bytes unchanged, and other sizes are refused", "[token]") {
  const Sketch sketch = Of(Ada());
  const std::string bytes = token::EncodeSketch(sketch);
  REQUIRE(bytes.size() == token::kSketchBytes);
  Sketch back;
  REQUIRE(token::DecodeSketch(bytes, back));
  CHECK(back == sketch);
  CHECK_FALSE(token::DecodeSketch(bytes.substr(1), back));
  CHECK_FALSE(token::DecodeSketch(bytes + "x", back));
  CHECK_FALSE(token::DecodeSketch("", back));
  CHECK(static_cast<uint8_t>(bytes[0]) == (sketch.first & 0xff));
}

TEST_CASE("Sketch: of a record is that of its fields", "[token]") {
  contact::ContactRecord record;
  record[contact::Field::kFirstName] = "Ada";
  record[contact::Field::kLastName] = "Byron";
  record[contact::Field::kHouseNumber] = "12";
  record[contact::Field::kStreetName] = "Oak";
  record[contact::Field::kStreetType] = "ST";
  record[contact::Field::kZip] = "63101";
  record[contact::Field::kBirthDate] = "1961";
  PersonText person;
  person.first = "Ada";
  person.last = "Byron";
  person.address1 = "12 Oak Street";
  person.zip = "63101";
  person.birth_date = "1961";
  CHECK(Of(token::PersonTextOf(record)) == Of(person));
}

TEST_CASE("Sketch: text of any bytes and length makes a row", "[token]") {
  std::mt19937_64 random(13);
  for (int i = 0; i < 3000; ++i) {
    std::string text[8];
    for (std::string& field : text) {
      const size_t size = random() % 5 == 0 ? random() % 5000 : random() % 20;
      for (size_t n = 0; n < size; ++n) field.push_back(static_cast<char>(random()));
    }
    PersonText person;
    person.first = text[0];
    person.last = text[1];
    person.middle = text[2];
    person.birth_date = text[3];
    person.address1 = text[4];
    person.city = text[5];
    person.zip = text[6];
    person.phone = person.email = person.state = person.suffix = person.sex = text[7];
    const Sketch sketch = Of(person);
    CHECK(sketch == Of(person));
  }
}

}  // namespace
}  // namespace muster
