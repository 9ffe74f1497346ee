// SPDX-License-Identifier: Apache-2.0
#include "core/match/model.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/match/blocks.h"

namespace muster::match {
namespace {

constexpr double kProbabilityMin = 1e-10;
// A row's share of having no match never falls below this.
constexpr double kNoMatchMin = 0.02;
constexpr int kRoundsMax = 100;
// What the starting values count for, in pairs a group, when little has been seen.
constexpr double kPriorPairs = 10;
// Few people stand in two files under first names with nothing in common; many relatives do, and
// EM alone cannot tell them apart where names and a ZIP are all there is. Full birth dates in this
// share of the matches can.
constexpr double kOtherNameMax = 0.008;
constexpr double kBirthShareMin = 0.1;
// Of what a table gives for u, this share stays at least when its matches are taken out.
constexpr double kRandomShareMin = 0.02;
// Names go together: among the Garcias more are called Maria than elsewhere, and in one place more
// than in the whole file. Two people at random share both names about so much oftener than the
// product of the two frequencies says.
constexpr double kNamesTogether = 2;

constexpr size_t Index(Comparator comparator) { return static_cast<size_t>(comparator); }

// What lists and voter files of people look like before anything is known of them. By level; 0 is
// "missing".
constexpr std::array<std::array<double, kLevelsMax>, kComparatorCount> kStart = {{
    {0, .84, .05, .06, .02, .01, .02, .95, .05},
    {0, .88, .06, .02, .01, .005, .02, .005},
    {0, .90, .04, .06, .95, .05},
    {0, .92, .01, .05, .005, .015, .93, .07},
    {0, .82, .06, .04, .08, .84, .05, .11, .88, .12},
    {0, .80, .03, .04, .11, .04, .96, .90, .10, .85, .15, .02},
    {0, .70, .30},
    {0, .75, .08, .17},
    {0, .985, .015, .97, .03},
    {0, .997, .003, .97, .03},
}};
// Two people of one household. Zero: as at random.
constexpr std::array<std::array<double, kLevelsMax>, kComparatorCount> kHouseholdStart = {{
    {0, .05, 0, 0, 0, 0, 0, 0, 0},
    {0, .85, .02, .05, .02, .001, .057, .002},
    {0, 0, 0, 0, 0, 0},
    {0, .01, 0, 0, 0, 0, .12, .88},
    {0, .90, .03, .02, .05, .92, .02, .06, .95, .05},
    {0, .85, .04, .03, .07, .03, .97, .95, .05, .92, .08, .01},
    {0, .60, .40},
    {0, .30, .02, .68},
    {0, .50, .50, .35, .65},
    {0, .05, .95, .60, .40},
}};

// Whether EM learns the level for households: where members differ by being different people there
// is nothing to learn, and what could be learned would be matches.
constexpr bool LearnsHousehold(size_t comparator, size_t level) {
  return comparator == Index(Comparator::kLastName) || comparator == Index(Comparator::kLocality) ||
         comparator == Index(Comparator::kAddress) || comparator == Index(Comparator::kPhone) ||
         comparator == Index(Comparator::kEmail) || comparator == Index(Comparator::kSex) ||
         (comparator == Index(Comparator::kBirthDate) && level >= birth_date::kYear);
}

// Likewise for matches: who is Jr is never Sr, whatever relatives do to the counts.
constexpr bool LearnsMatch(size_t comparator, size_t level) {
  return comparator != Index(Comparator::kSuffix) || level > suffix::kDiffers;
}

template <typename Act>  // act(comparator, level, group)
void ForEachLevel(Act act) {
  for (size_t c = 0; c < kComparatorCount; ++c) {
    const auto levels = SpecOf(c).levels;
    for (size_t level = 1; level < levels.size(); ++level) act(c, level, levels[level].group);
  }
}

// Scales each group to one.
void Normalize(LevelTable& table) {
  for (size_t c = 0; c < kComparatorCount; ++c) {
    const auto levels = SpecOf(c).levels;
    std::array<double, 8> sum{};
    for (size_t level = 1; level < levels.size(); ++level)
      sum[levels[level].group] += table[c][level];
    for (size_t level = 1; level < levels.size(); ++level) {
      const double all = sum[levels[level].group];
      table[c][level] = std::max(all > 0 ? table[c][level] / all : 0, kProbabilityMin);
    }
  }
}

// The last level of each group is "differs": it takes what the others leave.
void SetLevel(LevelTable& table, Comparator comparator, unsigned level, double value) {
  auto& row = table[Index(comparator)];
  const auto levels = SpecOf(Index(comparator)).levels;
  double others = 0;
  for (size_t i = 1; i < levels.size(); ++i) {
    if (i != level && levels[i].group == levels[level].group) others += row[i];
  }
  value = std::clamp(value, 0.0, 1.0);
  for (size_t i = 1; i < levels.size(); ++i) {
    if (i != level && levels[i].group == levels[level].group)
      row[i] = others > 0 ? row[i] * (1 - value) / others : 0;
  }
  row[level] = value;
}

LevelTable Logs(const LevelTable& table) {
  LevelTable logs{};
  ForEachLevel([&](size_t c, size_t level, unsigned) {
    logs[c][level] = std::log(std::max(table[c][level], kProbabilityMin));
  });
  return logs;
}

double Sum(const LevelTable& logs, Pattern pattern) {
  double sum = 0;
  for (size_t c = 0; c < kComparatorCount; ++c) sum += logs[c][LevelOf(pattern, c)];
  return sum;
}

double LogAdd(double a, double b) {
  const double high = std::max(a, b);
  const double lower = std::min(a, b) - high;
  // Less than that does not show beside the other in a float.
  constexpr double kLost = -20;
  return lower < kLost ? high : high + std::log1p(std::exp(lower));
}

// Where a shared value's own frequency stands for u.
struct FrequencyLevel {
  Comparator comparator;
  unsigned level;
  Value value;
  std::optional<Value> given;  // the frequency is among rows that share this
  double unseen;               // what one more of a value never seen counts for
};
constexpr FrequencyLevel kFrequencyLevels[] = {
    {Comparator::kFirstName, first_name::kExact, Value::kFirst, std::nullopt, 0.5},
    {Comparator::kLastName, last_name::kExact, Value::kLast, std::nullopt, 0.5},
    {Comparator::kBirthDate, birth_date::kExact, Value::kBirth, std::nullopt, 0.5},
    {Comparator::kBirthDate, birth_date::kYear, Value::kYear, std::nullopt, 0.5},
    {Comparator::kLocality, locality::kZip, Value::kZip, std::nullopt, 0.5},
    {Comparator::kLocality, locality::kZipAlone, Value::kZip, std::nullopt, 0.5},
    {Comparator::kLocality, locality::kCity, Value::kCity, std::nullopt, 0.5},
    {Comparator::kLocality, locality::kCityAlone, Value::kCity, std::nullopt, 0.5},
    {Comparator::kAddress, address::kExact, Value::kAddress, Value::kZip, 0.3},
    {Comparator::kAddress, address::kOtherUnit, Value::kAddress, Value::kZip, 0.3},
    {Comparator::kPhone, phone::kExact, Value::kPhone, std::nullopt, 0.02},
    {Comparator::kEmail, email::kExact, Value::kEmail, std::nullopt, 0.02},
};

const FrequencyLevel* FrequencyLevelOf(size_t comparator, unsigned level) {
  for (const FrequencyLevel& entry : kFrequencyLevels) {
    if (Index(entry.comparator) == comparator && entry.level == level) return &entry;
  }
  return nullptr;
}

// Members of a household who share a phone or an email are the household kind's to explain.
constexpr double kSharersExpected = 4;

// Of what `row` has in common with `other`.
double FrequencyOf(const Model& model, const FrequencyLevel& entry, const token::Sketch& row,
                   const token::Sketch& other, const Frequencies& frequencies) {
  const Counter& counter = frequencies.Of(entry.value);
  const uint64_t key = KeyOf(entry.value, row);
  // Of two tables only what left rows have is counted. Where this left row puts the address into
  // another ZIP, whether it was depends on the other left rows, which are not to matter: it counts
  // as the right row's alone.
  const bool counted = model.dedupe || KeyOf(entry.value, other) == key;
  // The person's own records are no evidence of how common the value is: one in the right table,
  // in a table with itself the pair and what else the person has there.
  double own = 1;
  if (model.dedupe) {
    const double others = std::max(2 * model.match_rate - 1, 0.0);
    own = 2 + others * model.match[Index(entry.comparator)][entry.level];
  }
  if (entry.value == Value::kPhone || entry.value == Value::kEmail) own += kSharersExpected;
  const double met = counted ? static_cast<double>(counter.Count(key)) : 0;
  const double count = std::max(met - own, 0.0) + entry.unseen;
  double of = static_cast<double>(counter.total());
  if (entry.given.has_value() && row.zip != 0) {
    of = static_cast<double>(frequencies.Of(*entry.given).Count(KeyOf(*entry.given, row)));
  } else if (entry.given.has_value()) {
    of = static_cast<double>(frequencies.Of(Value::kCity).Count(KeyOf(Value::kCity, row)));
  }
  return std::clamp(count / std::max(of, 1.0), kProbabilityMin, 1.0);
}

}  // namespace

LevelTable RandomTable(const Frequencies& left, const Frequencies& right, bool dedupe,
                       const PatternCounts& sampled_pairs) {
  LevelTable table{};
  // Half a pair of each level, so that none is impossible for having met none.
  ForEachLevel([&](size_t c, size_t level, unsigned) { table[c][level] = 0.5; });
  for (const auto& [pattern, count] : sampled_pairs) {
    for (size_t c = 0; c < kComparatorCount; ++c) {
      if (const unsigned level = LevelOf(pattern, c); level != 0)
        table[c][level] += static_cast<double>(count);
    }
  }
  Normalize(table);
  // Equality is known exactly.
  const auto chance = [&](Value value) {
    return ChanceEqual(left.Of(value), right.Of(value), dedupe);
  };
  const auto set = [&](Comparator comparator, unsigned level, double value) {
    if (value > 0) SetLevel(table, comparator, level, value);
  };
  set(Comparator::kFirstName, first_name::kExact, chance(Value::kFirst));
  set(Comparator::kLastName, last_name::kExact, chance(Value::kLast));
  set(Comparator::kBirthDate, birth_date::kExact, chance(Value::kBirth));
  set(Comparator::kBirthDate, birth_date::kYear, chance(Value::kYear));
  const double zip = chance(Value::kZip);
  const double city = chance(Value::kCity);
  set(Comparator::kLocality, locality::kZip, zip);
  set(Comparator::kLocality, locality::kZipAlone, zip);
  set(Comparator::kLocality, locality::kCityAlone, city);
  const double area = zip > 0 ? zip : city;
  if (area > 0) {
    const double street = chance(Value::kStreet) / area;
    const double exact = chance(Value::kAddress) / area;
    if (street > exact) SetLevel(table, Comparator::kAddress, address::kStreet, street - exact);
    set(Comparator::kAddress, address::kExact, exact);
  }
  set(Comparator::kPhone, phone::kExact, chance(Value::kPhone));
  set(Comparator::kEmail, email::kExact, chance(Value::kEmail));
  const double first = chance(Value::kFirst);
  if (first > 0 && chance(Value::kFirstSex) > 0) {
    // Of two people with one first name: nearly always the same.
    const double same = std::min(chance(Value::kFirstSex) / first, 0.999);
    SetLevel(table, Comparator::kSex, sex::kSame, std::max(same, 0.5));
  }
  return table;
}

Model EstimateModel(const PatternCounts& counts, const LevelTable& random, uint64_t left_rows,
                    uint64_t right_rows, bool dedupe) {
  Model model;
  model.dedupe = dedupe;
  model.left_rows = left_rows;
  model.right_rows = right_rows;
  model.random = random;
  ForEachLevel([&](size_t c, size_t level, unsigned) {
    model.match[c][level] = kStart[c][level];
    model.household[c][level] = kHouseholdStart[c][level];
  });
  Normalize(model.match);
  // Where households are as chance has it, but for namesakes, twins and couples of one age.
  const auto as_random = [&model](size_t c) {
    const auto levels = SpecOf(c).levels;
    std::array<double, 8> own{};     // what a group's levels have of their own
    std::array<double, 8> chance{};  // what the others have at random
    for (size_t level = 1; level < levels.size(); ++level) {
      own[levels[level].group] += kHouseholdStart[c][level];
      if (kHouseholdStart[c][level] == 0) chance[levels[level].group] += model.random[c][level];
    }
    for (size_t level = 1; level < levels.size(); ++level) {
      if (LearnsHousehold(c, level)) continue;
      const size_t group = levels[level].group;
      model.household[c][level] = kHouseholdStart[c][level] > 0
                                      ? kHouseholdStart[c][level]
                                      : model.random[c][level] /
                                            std::max(chance[group], kProbabilityMin) *
                                            std::max(1 - own[group], 0.0);
    }
  };
  for (size_t c = 0; c < kComparatorCount; ++c) as_random(c);
  Normalize(model.household);

  const double n_left = static_cast<double>(left_rows);
  const double n_right = static_cast<double>(right_rows);
  const double pairs = std::max(dedupe ? n_left * (n_left - 1) / 2 : n_left * n_right, 1.0);
  const double matches_max = dedupe ? pairs : std::min(n_left, n_right);
  double matches = std::max((dedupe ? 0.1 : 0.5) * std::min(n_left, n_right), 1.0);
  matches = std::min(matches, matches_max);
  double households = matches;
  const LevelTable start = model.match;
  const LevelTable household_start = model.household;

  for (int round = 0; round < kRoundsMax; ++round) {
    const LevelTable log_match = Logs(model.match);
    const LevelTable log_household = Logs(model.household);
    const LevelTable log_random = Logs(model.random);
    const double log_matches = std::log(matches);
    const double log_households = std::log(std::max(households, 1e-6));
    const double log_pairs = std::log(pairs);
    LevelTable match{};
    LevelTable household{};
    ForEachLevel([&](size_t c, size_t level, unsigned) {
      match[c][level] = kPriorPairs * start[c][level];
      household[c][level] = kPriorPairs * household_start[c][level];
    });
    double found = 0;
    double found_with_birth = 0;
    double found_households = 0;
    for (const auto& [pattern, count] : counts) {
      const double m = log_matches + Sum(log_match, pattern);
      const double h = log_households + Sum(log_household, pattern);
      const double u = log_pairs + Sum(log_random, pattern);
      const double all = LogAdd(LogAdd(m, h), u);
      const double of_match = std::exp(m - all) * static_cast<double>(count);
      const double of_household = std::exp(h - all) * static_cast<double>(count);
      found += of_match;
      found_households += of_household;
      if (const unsigned level = LevelOf(pattern, Comparator::kBirthDate);
          level != 0 && level < birth_date::kYear) {
        found_with_birth += of_match;
      }
      for (size_t c = 0; c < kComparatorCount; ++c) {
        const unsigned level = LevelOf(pattern, c);
        match[c][level] += of_match;
        household[c][level] += of_household;
      }
    }
    Normalize(match);
    Normalize(household);
    double& other_name = match[Index(Comparator::kFirstName)][first_name::kDiffers];
    if (other_name > kOtherNameMax && found_with_birth < kBirthShareMin * found)
      SetLevel(match, Comparator::kFirstName, first_name::kDiffers, kOtherNameMax);
    double change = 0;
    ForEachLevel([&](size_t c, size_t level, unsigned) {
      if (LearnsMatch(c, level))
        change = std::max(change, std::abs(match[c][level] - model.match[c][level]));
      if (LearnsMatch(c, level)) model.match[c][level] = match[c][level];
      if (LearnsHousehold(c, level)) model.household[c][level] = household[c][level];
    });
    const double before = matches;
    matches = std::clamp(found, 1e-3, matches_max);
    households = found_households;
    // What the tables gave for u counted the matches in.
    const double share = matches / pairs;
    ForEachLevel([&](size_t c, size_t level, unsigned) {
      model.random[c][level] =
          std::max((random[c][level] - share * model.match[c][level]) / (1 - share),
                   kRandomShareMin * random[c][level]);
    });
    Normalize(model.random);
    for (size_t c = 0; c < kComparatorCount; ++c) as_random(c);
    if (change < 1e-5 && std::abs(matches - before) < 1e-5 * matches) break;
  }
  model.match_rate = n_left > 0 ? matches / n_left : 0;
  model.household_rate = n_left > 0 ? households / n_left : 0;
  return model;
}

float LogFrequency(const Model& model, Pattern pattern, const token::Sketch& left,
                   const token::Sketch& right, const Frequencies& frequencies) {
  double product = 1;  // of a few numbers that are no less than kProbabilityMin
  for (const FrequencyLevel& entry : kFrequencyLevels) {
    if (LevelOf(pattern, entry.comparator) != entry.level) continue;
    double frequency = FrequencyOf(model, entry, right, left, frequencies);
    if (model.dedupe)
      frequency = std::max(frequency, FrequencyOf(model, entry, left, right, frequencies));
    product *= frequency;
  }
  return static_cast<float>(std::log(product));
}

size_t FrequencyLevelCount(Pattern pattern) {
  size_t count = 0;
  for (const FrequencyLevel& entry : kFrequencyLevels)
    count += LevelOf(pattern, entry.comparator) == entry.level ? 1 : 0;
  return count;
}

namespace {

// The share of all pairs that are of a kind of which each left row has `rate`. In a table with
// itself a row meets the others once.
double PriorOf(const Model& model, double rate) {
  const double n_right = std::max(static_cast<double>(model.right_rows), 1.0);
  const double pairs = model.dedupe ? std::max((n_right - 1) / 2, 0.5) : n_right;
  return std::max(rate, 1e-9) / pairs;
}

bool SharesNames(Pattern pattern) {
  return LevelOf(pattern, Comparator::kFirstName) == first_name::kExact &&
         LevelOf(pattern, Comparator::kLastName) == last_name::kExact;
}

}  // namespace

PatternWeight WeightOf(const Model& model, Pattern pattern) {
  double match = std::log(PriorOf(model, model.match_rate));
  double household = std::log(PriorOf(model, model.household_rate));
  double random = SharesNames(pattern) ? std::log(kNamesTogether) : 0;
  for (size_t c = 0; c < kComparatorCount; ++c) {
    const unsigned level = LevelOf(pattern, c);
    if (level == 0) continue;
    match += std::log(std::max(model.match[c][level], kProbabilityMin));
    household += std::log(std::max(model.household[c][level], kProbabilityMin));
    if (FrequencyLevelOf(c, level) == nullptr)
      random += std::log(std::max(model.random[c][level], kProbabilityMin));
  }
  return {static_cast<float>(match), static_cast<float>(household), static_cast<float>(random)};
}

double NoMatchShare(const Model& model) {
  return model.dedupe ? 1 : 1 - std::min(model.match_rate, 1 - kNoMatchMin);
}

float LogOdds(const PatternWeight& weight, float log_frequency) {
  return weight.match - static_cast<float>(LogAdd(weight.household, weight.random + log_frequency));
}

std::vector<Evidence> Explain(const Model& model, Pattern pattern, const token::Sketch& left,
                              const token::Sketch& right, const Frequencies& frequencies) {
  std::vector<Evidence> evidence;
  evidence.push_back(
      {"prior", "", std::log2(PriorOf(model, model.match_rate) / NoMatchShare(model))});
  double random = 0;
  for (size_t c = 0; c < kComparatorCount; ++c) {
    const unsigned level = LevelOf(pattern, c);
    const ComparatorSpec& spec = SpecOf(c);
    Evidence one{spec.name, spec.levels[level].name, 0};
    if (level != 0) {
      double chance = model.random[c][level];
      if (const FrequencyLevel* entry = FrequencyLevelOf(c, level)) {
        chance = FrequencyOf(model, *entry, right, left, frequencies);
        if (model.dedupe)
          chance = std::max(chance, FrequencyOf(model, *entry, left, right, frequencies));
      }
      chance = std::max(chance, kProbabilityMin);
      random += std::log(chance);
      one.bits = std::log2(std::max(model.match[c][level], kProbabilityMin) / chance);
    }
    evidence.push_back(one);
  }
  if (SharesNames(pattern)) {
    random += std::log(kNamesTogether);
    evidence.push_back({"names_together", "", -std::log2(kNamesTogether)});
  }
  // What two members of a household have in common for being that.
  const double household = WeightOf(model, pattern).household;
  evidence.push_back({"household", "", (random - LogAdd(household, random)) / std::log(2.0)});
  return evidence;
}

v1::MatchModel ToProto(const Model& model) {
  v1::MatchModel proto;
  proto.set_pattern_version(kPatternVersion);
  proto.set_sketch_version(token::kSketchVersion);
  proto.set_dedupe(model.dedupe);
  proto.set_left_row_count(static_cast<int64_t>(model.left_rows));
  proto.set_right_row_count(static_cast<int64_t>(model.right_rows));
  proto.set_match_rate(model.match_rate);
  proto.set_household_rate(model.household_rate);
  for (size_t c = 0; c < kComparatorCount; ++c) {
    v1::ComparatorModel* comparator = proto.add_comparators();
    comparator->set_name(std::string(SpecOf(c).name));
    const auto levels = SpecOf(c).levels;
    for (size_t level = 1; level < levels.size(); ++level) {
      v1::LevelModel* out = comparator->add_levels();
      out->set_name(std::string(levels[level].name));
      out->set_group(levels[level].group);
      out->set_match(model.match[c][level]);
      out->set_household(model.household[c][level]);
      out->set_random(model.random[c][level]);
    }
  }
  for (const v1::BlockingRule& rule : model.rules) *proto.add_rules() = rule;
  proto.set_all_pairs(model.all_pairs);
  return proto;
}

absl::StatusOr<Model> FromProto(const v1::MatchModel& proto) {
  const auto refuse = [](std::string_view what) {
    return MakeError(v1::MODEL_MALFORMED, "this match model cannot be used: " + std::string(what) +
                                              "; estimate a new one");
  };
  if (proto.pattern_version() != kPatternVersion ||
      proto.sketch_version() != token::kSketchVersion) {
    return refuse("it was made by another version");
  }
  if (proto.comparators_size() != static_cast<int>(kComparatorCount))
    return refuse("it has other comparators");
  if (proto.left_row_count() < 0 || proto.right_row_count() < 0 ||
      !(proto.match_rate() >= 0 && proto.match_rate() < 1e12) ||
      !(proto.household_rate() >= 0 && proto.household_rate() < 1e12)) {
    return refuse("its counts make no sense");
  }
  Model model;
  model.dedupe = proto.dedupe();
  model.left_rows = static_cast<uint64_t>(proto.left_row_count());
  model.right_rows = static_cast<uint64_t>(proto.right_row_count());
  model.match_rate = proto.match_rate();
  model.household_rate = proto.household_rate();
  model.all_pairs = proto.all_pairs();
  for (size_t c = 0; c < kComparatorCount; ++c) {
    const v1::ComparatorModel& comparator = proto.comparators(static_cast<int>(c));
    const auto levels = SpecOf(c).levels;
    if (comparator.name() != SpecOf(c).name ||
        comparator.levels_size() + 1 != static_cast<int>(levels.size())) {
      return refuse("it has other comparators");
    }
    for (size_t level = 1; level < levels.size(); ++level) {
      const v1::LevelModel& in = comparator.levels(static_cast<int>(level) - 1);
      for (const double probability : {in.match(), in.household(), in.random()}) {
        if (!(probability >= 0 && probability <= 1)) return refuse("a probability is not one");
      }
      model.match[c][level] = in.match();
      model.household[c][level] = in.household();
      model.random[c][level] = in.random();
    }
  }
  for (const v1::BlockingRule& rule : proto.rules()) {
    if (!IsRule(rule.name()) || rule.right_rows_per_key_max() < 0)
      return refuse("it has other blocking rules");
    model.rules.push_back(rule);
  }
  return model;
}

}  // namespace muster::match
