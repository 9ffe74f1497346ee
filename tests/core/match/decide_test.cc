// SPDX-License-Identifier: Apache-2.0
#include "core/match/decide.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "core/match/compare.h"
#include "tests/core/match/people.h"

namespace muster {
namespace {

using match::Comparator;
using match::Decision;
using match::Doubt;
using match::LinkedPair;
using match::Outcome;
using match::Pattern;
using match::WithLevel;

const Pattern kPersonal = WithLevel(Comparator::kFirstName, match::first_name::kExact) |
                          WithLevel(Comparator::kLastName, match::last_name::kExact);
const Pattern kHousehold = WithLevel(Comparator::kLastName, match::last_name::kExact) |
                           WithLevel(Comparator::kAddress, match::address::kExact) |
                           WithLevel(Comparator::kEmail, match::email::kExact);

std::vector<uint32_t> Alone(size_t rows) {
  std::vector<uint32_t> person_of(rows);
  std::iota(person_of.begin(), person_of.end(), 0u);
  return person_of;
}

TEST_CASE("Decide: a likely pair is a match, an unlikely one is none", "[match]") {
  const std::vector<LinkedPair> pairs = {
      {0, 7, kPersonal, 0.99f}, {1, 8, kPersonal, 0.6f}, {2, 9, kPersonal, 0.1f}};
  const auto decisions = match::Decide(pairs, Alone(4), {});
  CHECK(decisions[0].outcome == Outcome::kMatched);
  CHECK(decisions[0].right == 7);
  CHECK(decisions[0].left == 0);
  CHECK(decisions[0].probability == 0.99f);
  CHECK(decisions[1].outcome == Outcome::kAmbiguous);
  CHECK(decisions[1].doubt == Doubt::kUnlikely);
  for (const size_t none : {2, 3}) {
    CHECK(decisions[none].outcome == Outcome::kUnmatched);
    CHECK(decisions[none].right == match::kNobody);
  }
}

TEST_CASE("Decide: two who fit, or two who claim one, are ambiguous", "[match]") {
  const std::vector<LinkedPair> two_voters = {{0, 7, kPersonal, 0.5f}, {0, 8, kPersonal, 0.45f}};
  auto decisions = match::Decide(two_voters, Alone(1), {});
  CHECK(decisions[0].outcome == Outcome::kAmbiguous);
  CHECK(decisions[0].doubt == Doubt::kRunnerUp);
  const std::vector<LinkedPair> two_people = {{0, 7, kPersonal, 0.5f}, {1, 7, kPersonal, 0.5f}};
  decisions = match::Decide(two_people, Alone(2), {});
  for (const Decision& decision : decisions) {
    CHECK(decision.outcome == Outcome::kAmbiguous);
    CHECK(decision.doubt == Doubt::kRunnerUp);
  }
}

TEST_CASE("Decide: what a household shares decides nothing, however likely it is", "[match]") {
  const std::vector<LinkedPair> pairs = {{0, 7, kHousehold, 0.999f}};
  const auto decisions = match::Decide(pairs, Alone(1), {});
  CHECK(decisions[0].outcome == Outcome::kAmbiguous);
  CHECK(decisions[0].doubt == Doubt::kHousehold);
  CHECK_FALSE(match::IsPersonal(0));
  const Pattern birth = WithLevel(Comparator::kBirthDate, match::birth_date::kExact);
  CHECK(match::IsPersonal(kHousehold | birth));
  // Twins: one birth date, other names.
  CHECK_FALSE(match::IsPersonal(kHousehold | birth |
                                WithLevel(Comparator::kFirstName, match::first_name::kDiffers)));
  CHECK_FALSE(match::IsPersonal(kHousehold |
                                WithLevel(Comparator::kFirstName, match::first_name::kInitial)));
}

TEST_CASE("Decide: Jr is not Sr", "[match]") {
  const std::vector<LinkedPair> pairs = {
      {0, 7, kPersonal | WithLevel(Comparator::kSuffix, match::suffix::kDiffers), 0.99f}};
  const auto decisions = match::Decide(pairs, Alone(1), {});
  CHECK(decisions[0].outcome == Outcome::kAmbiguous);
  CHECK(decisions[0].doubt == Doubt::kSuffix);
}

TEST_CASE("Decide: several addresses of one person speak with one voice", "[match]") {
  // Rows 0 and 2 are one person.
  const std::vector<uint32_t> person_of = {0, 1, 0};
  const std::vector<LinkedPair> pairs = {
      {0, 7, kPersonal, 0.8f}, {1, 8, kPersonal, 0.9f}, {2, 7, kPersonal, 0.95f}};
  const auto decisions = match::Decide(pairs, person_of, {});
  CHECK(decisions[0].outcome == Outcome::kMatched);
  CHECK(decisions[0].left == 2);
  CHECK(decisions[0].probability == 0.95f);
  CHECK(decisions[1].outcome == Outcome::kMatched);
  CHECK(decisions[2].outcome == Outcome::kUnmatched);
  // One row says this voter, the other that: both cannot be.
  const std::vector<LinkedPair> torn = {{0, 7, kPersonal, 0.7f}, {2, 8, kPersonal, 0.7f}};
  CHECK(match::Decide(torn, person_of, {})[0].doubt == Doubt::kRunnerUp);
}

TEST_CASE("Decide: of two with good claims to one voter the better one has it", "[match]") {
  std::vector<LinkedPair> pairs = {{0, 7, kPersonal, 0.90f}, {1, 7, kPersonal, 0.95f}};
  auto decisions = match::Decide(pairs, Alone(2), {});
  CHECK(decisions[0].doubt == Doubt::kTaken);
  CHECK(decisions[1].outcome == Outcome::kMatched);
  pairs[0].probability = 0.95f;
  decisions = match::Decide(pairs, Alone(2), {});
  CHECK(decisions[0].doubt == Doubt::kRunnerUp);
  CHECK(decisions[1].doubt == Doubt::kRunnerUp);
}

// The same rules, one person and one voter at a time.
std::map<uint32_t, std::pair<Outcome, Doubt>> Plainly(const std::vector<LinkedPair>& pairs,
                                                      const std::vector<uint32_t>& person_of,
                                                      const match::Thresholds& thresholds) {
  std::map<uint32_t, std::map<uint32_t, LinkedPair>> says;  // person, voter: the likeliest row
  for (const LinkedPair& pair : pairs) {
    if (pair.probability < thresholds.ambiguous) continue;
    auto [it, fresh] = says[person_of[pair.left]].try_emplace(pair.right, pair);
    if (!fresh && (pair.probability > it->second.probability ||
                   (pair.probability == it->second.probability && pair.left < it->second.left))) {
      it->second = pair;
    }
  }
  std::map<uint32_t, std::pair<Outcome, Doubt>> out;
  for (const auto& [person, voters] : says) {
    LinkedPair best{0, 0, 0, -1};
    for (const auto& [voter, pair] : voters) {
      if (pair.probability > best.probability) best = pair;
    }
    bool contested = voters.size() > 1;
    bool beaten = false;
    bool tied = false;
    for (const auto& [other, theirs] : says) {
      if (other == person) continue;
      const auto it = theirs.find(best.right);
      if (it == theirs.end()) continue;
      contested = true;
      // Does the other claim it as its own, and well?
      LinkedPair top{0, 0, 0, -1};
      for (const auto& [voter, pair] : theirs) {
        if (pair.probability > top.probability) top = pair;
      }
      if (top.right != best.right || top.probability < thresholds.matched) continue;
      if (match::LevelOf(top.pattern, Comparator::kSuffix) == match::suffix::kDiffers ||
          !match::IsPersonal(top.pattern)) {
        continue;
      }
      beaten |= top.probability > best.probability;
      tied |= top.probability == best.probability;
    }
    if (best.probability < thresholds.matched) {
      out[person] = {Outcome::kAmbiguous, contested ? Doubt::kRunnerUp : Doubt::kUnlikely};
    } else if (match::LevelOf(best.pattern, Comparator::kSuffix) == match::suffix::kDiffers) {
      out[person] = {Outcome::kAmbiguous, Doubt::kSuffix};
    } else if (!match::IsPersonal(best.pattern)) {
      out[person] = {Outcome::kAmbiguous, Doubt::kHousehold};
    } else if (beaten) {
      out[person] = {Outcome::kAmbiguous, Doubt::kTaken};
    } else if (tied) {
      out[person] = {Outcome::kAmbiguous, Doubt::kRunnerUp};
    } else {
      out[person] = {Outcome::kMatched, Doubt::kNone};
    }
  }
  return out;
}

TEST_CASE("Decide: follows the rules on pairs at random, in any order", "[match]") {
  std::mt19937_64 random(5);
  const Pattern patterns[] = {kPersonal, kPersonal, kPersonal, kHousehold,
                              kPersonal | WithLevel(Comparator::kSuffix, match::suffix::kDiffers)};
  for (int round = 0; round < 300; ++round) {
    const size_t rows = 1 + random() % 12;
    std::vector<uint32_t> person_of = Alone(rows);
    for (uint32_t row = 1; row < rows; ++row) {
      if (random() % 3 == 0) person_of[row] = person_of[random() % row];
    }
    std::vector<LinkedPair> pairs;
    std::set<std::pair<uint32_t, uint32_t>> met;
    for (size_t i = random() % 30; i > 0; --i) {
      const auto left = static_cast<uint32_t>(random() % rows);
      const auto right = static_cast<uint32_t>(random() % 6);
      if (!met.insert({left, right}).second) continue;
      pairs.push_back({left, right, patterns[random() % std::size(patterns)],
                       static_cast<float>(random() % 21) / 20});
    }
    const auto plain = Plainly(pairs, person_of, {});
    std::shuffle(pairs.begin(), pairs.end(), random);
    const auto decisions = match::Decide(pairs, person_of, {});
    std::set<uint32_t> taken;
    for (uint32_t row = 0; row < rows; ++row) {
      const auto it = plain.find(row);
      const auto expected =
          it == plain.end() ? std::pair(Outcome::kUnmatched, Doubt::kNone) : it->second;
      CHECK(decisions[row].outcome == expected.first);
      CHECK(decisions[row].doubt == expected.second);
      if (decisions[row].outcome == Outcome::kMatched)
        CHECK(taken.insert(decisions[row].right).second);
    }
  }
}

// A town with families, and their contacts: what must not be guessed is not.
struct Town {
  std::vector<Person> voters, contacts;
  std::vector<Decision> Decisions() const {
    const auto left = SketchesOf(contacts);
    const auto right = SketchesOf(voters);
    const auto linked = match::Link(left, match::SketchSpan(right), {});
    REQUIRE(linked.ok());
    const auto people = match::Dedupe(left, {});
    REQUIRE(people.ok());
    std::vector<Decision> all = match::Decide(linked->pairs, people->clusters, {});
    // By row.
    std::vector<Decision> of_row;
    for (const uint32_t person : people->clusters) of_row.push_back(all[person]);
    return of_row;
  }
};

Town MakeTown() {
  Town town;
  std::vector<Person> people = MakePeople({.people = 3000, .records_per_person = 2, .seed = 8});
  // Every second person lives with the one before, under one name and roof.
  for (size_t i = 0; i < people.size(); i += 2) {
    people[i + 1].last = people[i].last;
    people[i + 1].address1 = people[i].address1;
    people[i + 1].zip = people[i].zip;
    people[i + 1].city = people[i].city;
  }
  for (size_t i = 0; i < 3000; ++i) {
    people[i].phone = people[i].email = "";
    town.voters.push_back(people[i]);
    Person contact = people[3000 + i];
    contact.address1 = "";
    if (i % 2 == 0) contact.birth_date = "";
    if (i % 3 != 0) town.contacts.push_back(contact);
  }
  return town;
}

TEST_CASE("Decide: twins, father and son, and couples with one email are not guessed", "[match]") {
  Town town = MakeTown();
  const auto add_voter = [&](Person person) {
    person.id = static_cast<uint32_t>(100000 + town.voters.size());
    town.voters.push_back(person);
    return static_cast<uint32_t>(town.voters.size() - 1);
  };
  const auto add_contact = [&](const Person& person) {
    town.contacts.push_back(person);
    return town.contacts.size() - 1;
  };
  Person home{.last = "Quickenborne", .address1 = "5 Elm Street", .city = "KABU", .zip = "27003"};
  // Twins; the list has an initial.
  Person anna = home;
  anna.first = "Anna";
  anna.birth_date = "1980-05-06";
  Person alma = anna;
  alma.first = "Alma";
  add_voter(anna);
  add_voter(alma);
  Person twin = anna;
  twin.first = "A";
  twin.address1 = "";
  const size_t twins = add_contact(twin);
  // Father and son; the list does not say which.
  Person senior{.first = "Horatio",
                .last = "Zandvoort",
                .suffix = "Sr",
                .address1 = "9 Oak Street",
                .city = "KABU",
                .zip = "27003"};
  Person junior = senior;
  junior.suffix = "Jr";
  add_voter(senior);
  const uint32_t son = add_voter(junior);
  Person either = senior;
  either.suffix = either.address1 = "";
  const size_t father_or_son = add_contact(either);
  // And here it does.
  Person clear = junior;
  clear.address1 = "";
  // A couple with one email on the list; no first name stands beside it.
  Person wife{.first = "Petronella",
              .last = "Wolfswinkel",
              .address1 = "3 Ash Street",
              .city = "KABU",
              .zip = "27004"};
  Person husband = wife;
  husband.first = "Balthazar";
  add_voter(wife);
  add_voter(husband);
  Person shared = wife;
  shared.first = "";
  shared.email = "thewolfswinkels@example.org";
  const size_t couple = add_contact(shared);

  auto decisions = town.Decisions();
  CHECK(decisions[twins].outcome != Outcome::kMatched);
  CHECK(decisions[father_or_son].outcome == Outcome::kAmbiguous);
  CHECK(decisions[couple].outcome != Outcome::kMatched);

  town.contacts[father_or_son] = clear;
  decisions = town.Decisions();
  CHECK(decisions[father_or_son].outcome == Outcome::kMatched);
  CHECK(decisions[father_or_son].right == son);

  // The town itself is matched, and rightly.
  size_t matched = 0;
  size_t right = 0;
  for (size_t row = 0; row < twins; ++row) {
    if (decisions[row].outcome != Outcome::kMatched) continue;
    ++matched;
    right += town.voters[decisions[row].right].id == town.contacts[row].id ? 1u : 0u;
  }
  CHECK(matched > 1600);
  CHECK(static_cast<double>(right) > 0.99 * static_cast<double>(matched));
}

}  // namespace
}  // namespace muster
