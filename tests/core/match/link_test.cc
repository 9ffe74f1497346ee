// SPDX-License-Identifier: Apache-2.0
#include "core/match/link.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>

#include "core/base/error.h"
#include "core/match/blocks.h"
#include "tests/core/match/people.h"

namespace muster {
namespace {

using match::LinkedPair;
using match::LinkOptions;
using match::LinkResult;
using match::SketchSpan;
using token::Sketch;

struct Tables {
  std::vector<Person> left_people, right_people;
  std::vector<Sketch> left, right;
};

// People of whom most are on both sides.
Tables MakeTables(size_t people, uint64_t seed) {
  const std::vector<Person> all =
      MakePeople({.people = people, .records_per_person = 2, .seed = seed});
  Tables tables;
  for (size_t i = 0; i < people; ++i) {
    if (i % 10 != 0) tables.right_people.push_back(all[i]);
    if (i % 10 != 1 && i < people * 4 / 5) tables.left_people.push_back(all[people + i]);
  }
  std::mt19937_64 random(seed);
  std::shuffle(tables.left_people.begin(), tables.left_people.end(), random);
  tables.left = SketchesOf(tables.left_people);
  tables.right = SketchesOf(tables.right_people);
  return tables;
}

LinkResult Linked(const Tables& tables, const LinkOptions& options) {
  auto result = match::Link(tables.left, SketchSpan(tables.right), options);
  REQUIRE(result.ok());
  return *std::move(result);
}

bool Same(const std::vector<LinkedPair>& a, const std::vector<LinkedPair>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const LinkedPair& one, const LinkedPair& other) {
                      return one.left == other.left && one.right == other.right &&
                             one.pattern == other.pattern && one.probability == other.probability;
                    });
}

std::string ModelBytes(const match::Model& model) {
  return match::ToProto(model).SerializeAsString();
}

LinkOptions Blocked() {
  LinkOptions options;
  options.all_pairs_max = 0;
  options.threads = 2;
  return options;
}

TEST_CASE("Link: people who are in both tables are found, and few others", "[match]") {
  for (const bool blocked : {false, true}) {
    const Tables tables = MakeTables(2000, 3);
    LinkOptions options;
    if (blocked) options.all_pairs_max = 0;
    const LinkResult result = Linked(tables, options);
    INFO((blocked ? "blocked" : "all pairs"));
    CHECK(result.model.all_pairs == !blocked);
    std::set<uint32_t> on_right;
    for (const Person& person : tables.right_people) on_right.insert(person.id);
    size_t possible = 0;
    for (const Person& person : tables.left_people) possible += on_right.count(person.id);
    size_t found = 0;
    size_t right = 0;
    for (const LinkedPair& pair : result.pairs) {
      if (pair.probability < 0.5) continue;
      ++found;
      right += tables.left_people[pair.left].id == tables.right_people[pair.right].id ? 1u : 0u;
    }
    CHECK(static_cast<double>(right) > 0.98 * static_cast<double>(found));
    CHECK(static_cast<double>(right) > 0.97 * static_cast<double>(possible));
    CHECK(result.model.match_rate == Approx(0.9).margin(0.05));
  }
}

TEST_CASE("Link: the number of threads changes nothing", "[match]") {
  const Tables tables = MakeTables(12000, 5);
  LinkOptions options = Blocked();
  options.threads = 1;
  const LinkResult one = Linked(tables, options);
  for (const unsigned threads : {2u, 5u}) {
    options.threads = threads;
    const LinkResult more = Linked(tables, options);
    CHECK(ModelBytes(more.model) == ModelBytes(one.model));
    CHECK(Same(more.pairs, one.pairs));
    CHECK(more.pairs_compared == one.pairs_compared);
  }
}

TEST_CASE("Link: the order of the rows changes neither the model nor what a pair is given",
          "[match]") {
  for (const bool blocked : {false, true}) {
    Tables tables = MakeTables(3000, 7);
    LinkOptions options;
    if (blocked) options.all_pairs_max = 0;
    const LinkResult before = Linked(tables, options);
    std::vector<uint32_t> left_at(tables.left.size());
    std::vector<uint32_t> right_at(tables.right.size());
    std::iota(left_at.begin(), left_at.end(), 0u);
    std::iota(right_at.begin(), right_at.end(), 0u);
    std::mt19937_64 random(11);
    std::shuffle(left_at.begin(), left_at.end(), random);
    std::shuffle(right_at.begin(), right_at.end(), random);
    Tables turned;
    for (const uint32_t at : left_at) turned.left.push_back(tables.left[at]);
    for (const uint32_t at : right_at) turned.right.push_back(tables.right[at]);
    const LinkResult after = Linked(turned, options);
    CHECK(ModelBytes(after.model) == ModelBytes(before.model));
    std::map<std::pair<uint32_t, uint32_t>, float> given;
    for (const LinkedPair& pair : before.pairs) given[{pair.left, pair.right}] = pair.probability;
    REQUIRE(after.pairs.size() == before.pairs.size());
    for (const LinkedPair& pair : after.pairs) {
      const auto it = given.find({left_at[pair.left], right_at[pair.right]});
      REQUIRE(it != given.end());
      REQUIRE(it->second == Approx(pair.probability).margin(1e-5));
    }
  }
}

TEST_CASE("Link: every kernel gives the same result", "[match]") {
  const Tables tables = MakeTables(1500, 9);
  LinkOptions options = Blocked();
  options.kernel = match::Kernel::kPortable;
  const LinkResult plain = Linked(tables, options);
  for (const match::Kernel kernel : {match::Kernel::kAvx2, match::Kernel::kAvx512}) {
    if (!match::IsSupported(kernel)) continue;
    options.kernel = kernel;
    const LinkResult result = Linked(tables, options);
    CHECK(ModelBytes(result.model) == ModelBytes(plain.model));
    CHECK(Same(result.pairs, plain.pairs));
  }
}

// A right table that is read in parts, as from a file that does not fit the memory.
class Streamed final : public match::SketchSource {
 public:
  explicit Streamed(const std::vector<Sketch>& rows) : rows_(rows) {}
  size_t size() const override { return rows_.size(); }
  absl::StatusOr<std::span<const Sketch>> Rows(size_t begin, size_t end,
                                               std::vector<Sketch>& buffer) const override {
    if (fail_from < end) return MakeError(v1::STORE_CORRUPT, "a part cannot be read");
    buffer.assign(rows_.begin() + static_cast<std::ptrdiff_t>(begin),
                  rows_.begin() + static_cast<std::ptrdiff_t>(end));
    return std::span<const Sketch>(buffer);
  }
  size_t fail_from = ~size_t{0};

 private:
  const std::vector<Sketch>& rows_;
};

TEST_CASE("Link: a table that streams gives what one in memory gives", "[match]") {
  const Tables tables = MakeTables(20000, 13);
  const LinkResult in_memory = Linked(tables, Blocked());
  Streamed streamed(tables.right);
  const auto result = match::Link(tables.left, streamed, Blocked());
  REQUIRE(result.ok());
  CHECK(Same(result->pairs, in_memory.pairs));
  streamed.fail_from = 9000;
  const auto failed = match::Link(tables.left, streamed, Blocked());
  CHECK(ReasonOf(failed.status()) == v1::STORE_CORRUPT);
}

TEST_CASE("Link: with a saved model a part of the left table gets what the whole one gets",
          "[match]") {
  for (const bool blocked : {false, true}) {
    const Tables tables = MakeTables(3000, 17);
    LinkOptions options;
    options.share_right = false;
    if (blocked) options.all_pairs_max = 0;
    const LinkResult all = Linked(tables, options);
    const auto saved = match::FromProto(match::ToProto(all.model));
    REQUIRE(saved.ok());
    options.model = *saved;
    const LinkResult again = Linked(tables, options);

    std::vector<LinkedPair> pieces;
    std::vector<LinkedPair> standing_pieces;
    const auto standing = match::StandingTable::Make(tables.right, *saved, 2);
    REQUIRE(standing.ok());
    constexpr size_t kPiece = 40;  // too few rows to have every ZIP
    for (size_t begin = 0; begin < tables.left.size(); begin += kPiece) {
      const auto piece =
          std::span(tables.left).subspan(begin, std::min(kPiece, tables.left.size() - begin));
      const auto add = [&](const LinkResult& from, std::vector<LinkedPair>& to) {
        for (LinkedPair pair : from.pairs) {
          pair.left += static_cast<uint32_t>(begin);
          to.push_back(pair);
        }
      };
      const auto result = match::Link(piece, SketchSpan(tables.right), options);
      REQUIRE(result.ok());
      add(*result, pieces);
      const auto quick = standing->Link(piece, options);
      REQUIRE(quick.ok());
      add(*quick, standing_pieces);
    }
    CHECK(Same(pieces, again.pairs));
    CHECK(Same(standing_pieces, again.pairs));
    // And what the run gave that estimated the model.
    CHECK(Same(again.pairs, all.pairs));

    std::vector<LinkedPair> shared = standing_pieces;
    std::reverse(shared.begin(), shared.end());
    match::ShareRight(tables.left, *saved, standing->frequencies(), shared);
    LinkOptions sharing = options;
    sharing.share_right = true;
    sharing.min_probability = 0.01;
    std::erase_if(shared, [](const LinkedPair& pair) { return pair.probability < 0.01; });
    CHECK(Same(shared, Linked(tables, sharing).pairs));
  }
}

TEST_CASE("Link: two who claim one voter share the claim unless they are one person", "[match]") {
  Tables tables = MakeTables(1000, 19);
  const LinkResult before = Linked(tables, {});
  const auto best = std::find_if(before.pairs.begin(), before.pairs.end(),
                                 [](const LinkedPair& pair) { return pair.probability > 0.99f; });
  REQUIRE(best != before.pairs.end());
  const uint32_t left = best->left;
  const uint32_t right = best->right;
  const auto probability = [&](const LinkResult& result, uint32_t of) {
    for (const LinkedPair& pair : result.pairs) {
      if (pair.left == of && pair.right == right) return pair.probability;
    }
    return 0.0f;
  };
  // The same person with a second address.
  Person second = tables.left_people[left];
  second.email = "other@example.org";
  tables.left.push_back(SketchesOf({second})[0]);
  const auto newest = static_cast<uint32_t>(tables.left.size() - 1);
  LinkOptions options;
  options.model = before.model;
  LinkResult after = Linked(tables, options);
  CHECK(probability(after, left) > 0.9f);
  CHECK(probability(after, newest) > 0.9f);
  // Father and son of one name: the file says nothing of which it has.
  Person one = tables.right_people[right];
  one.middle = one.birth_date = one.phone = one.email = "";
  one.suffix = "Jr";
  Person other = one;
  other.suffix = "Sr";
  tables.left[left] = SketchesOf({one})[0];
  tables.left[newest] = SketchesOf({other})[0];
  options.model->household_rate = 0.5;  // these made-up people live alone
  after = Linked(tables, options);
  CHECK(probability(after, left) > 0.05f);
  CHECK(probability(after, left) <= 0.5f);
  CHECK(probability(after, newest) <= 0.5f);
}

TEST_CASE("Link: two voters who fit equally well get half each at most", "[match]") {
  Tables tables = MakeTables(1000, 23);
  const LinkResult before = Linked(tables, {});
  LinkOptions options;
  options.model = before.model;
  // Every voter twice.
  tables.right.insert(tables.right.end(), tables.right.begin(), tables.right.end());
  for (const LinkedPair& pair : Linked(tables, options).pairs) CHECK(pair.probability <= 0.5f);
}

TEST_CASE("Link: empty tables, and rows of nothing, match nobody", "[match]") {
  const Tables tables = MakeTables(100, 29);
  const std::vector<Sketch> none;
  const std::vector<Sketch> blank(500);
  for (const bool blocked : {false, true}) {
    LinkOptions options;
    if (blocked) options.all_pairs_max = 0;
    for (const auto* left : {&none, &blank, &tables.left}) {
      for (const auto* right : {&none, &blank, &tables.right}) {
        if (left == &tables.left && right == &tables.right) continue;
        const auto result = match::Link(*left, SketchSpan(*right), options);
        REQUIRE(result.ok());
        for (const LinkedPair& pair : result->pairs) CHECK(pair.probability < 0.5f);
      }
    }
    CHECK(match::Dedupe(none, options)->pairs.empty());
    const auto deduped = match::Dedupe(blank, options);
    REQUIRE(deduped.ok());
    for (const LinkedPair& pair : deduped->pairs) CHECK(pair.probability < 0.5f);
  }
}

TEST_CASE("Link: ten thousand people at one address are passed over and reported", "[match]") {
  Tables tables = MakeTables(3000, 31);
  // A shelter's address: many people whose names have nothing to do with each other.
  std::vector<Person> crowd = MakePeople({.people = 10000, .seed = 77});
  for (Person& person : crowd) {
    person.address1 = "1 Main Street";
    person.zip = "27000";
    person.phone = person.email = person.birth_date = "";
  }
  for (const Sketch& row : SketchesOf(crowd)) {
    tables.left.push_back(row);
    tables.right.push_back(row);
  }
  LinkOptions options = Blocked();
  options.pair_budget = 4'000'000;
  const LinkResult result = Linked(tables, options);
  CHECK(result.pairs_compared <= options.pair_budget);
  bool told = false;
  for (const v1::BlockingRule& rule : result.model.rules)
    told |= rule.skipped_key_count() > 0 && rule.skipped_pair_count() > 0;
  CHECK(told);
  // The others are found as before.
  size_t right = 0;
  for (const LinkedPair& pair : result.pairs) {
    right +=
        pair.probability >= 0.5f && pair.left < tables.left_people.size() &&
        tables.left_people[pair.left].id ==
            tables.right_people[std::min<size_t>(pair.right, tables.right_people.size() - 1)].id;
  }
  CHECK(static_cast<double>(right) > 0.8 * static_cast<double>(tables.left_people.size()));
}

TEST_CASE("Link: progress goes up to the number of right rows in each phase", "[match]") {
  const Tables tables = MakeTables(12000, 37);
  LinkOptions options = Blocked();
  std::map<match::Phase, uint64_t> last;
  options.progress = [&](match::Phase phase, uint64_t done, uint64_t all) {
    CHECK(all == tables.right.size());
    CHECK(done <= all);
    last[phase] = std::max(last[phase], done);
  };
  Linked(tables, options);
  CHECK(last.count(match::Phase::kBlock) == 1);
  CHECK(last.count(match::Phase::kCompare) == 1);
}

TEST_CASE("Dedupe: records of one person come together in one cluster", "[match]") {
  const std::vector<Person> people =
      MakePeople({.people = 1200, .records_per_person = 3, .seed = 41});
  const std::vector<Sketch> rows = SketchesOf(people);
  for (const bool blocked : {false, true}) {
    LinkOptions options;
    if (blocked) options.all_pairs_max = 0;
    const auto result = match::Dedupe(rows, options);
    REQUIRE(result.ok());
    REQUIRE(result->clusters.size() == rows.size());
    size_t together = 0;
    size_t wrong = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      CHECK(result->clusters[i] <= i);
      CHECK(result->clusters[result->clusters[i]] == result->clusters[i]);
      wrong += people[result->clusters[i]].id != people[i].id ? 1u : 0u;
      if (i >= 1200) together += result->clusters[i] == result->clusters[people[i].id] ? 1u : 0u;
    }
    CHECK(wrong < 10);
    CHECK(together > 2300);
    for (const LinkedPair& pair : result->pairs) {
      CHECK(pair.left < pair.right);
      CHECK((pair.probability >= 0.5f) ==
            (result->clusters[pair.left] == result->clusters[pair.right]));
    }
  }
}

TEST_CASE("Dedupe: the number of threads changes nothing", "[match]") {
  const std::vector<Sketch> rows =
      SketchesOf(MakePeople({.people = 5000, .records_per_person = 2, .seed = 43}));
  LinkOptions options = Blocked();
  options.threads = 1;
  const auto one = match::Dedupe(rows, options);
  options.threads = 4;
  const auto more = match::Dedupe(rows, options);
  REQUIRE((one.ok() && more.ok()));
  CHECK(ModelBytes(one->model) == ModelBytes(more->model));
  CHECK(one->clusters == more->clusters);
  CHECK(Same(one->pairs, more->pairs));
}

TEST_CASE("Link: a model of one table is refused for two", "[match]") {
  match::Model model;
  model.dedupe = true;
  CHECK(ReasonOf(match::StandingTable::Make({}, model, 1).status()) == v1::MODEL_MALFORMED);
}

}  // namespace
}  // namespace muster
