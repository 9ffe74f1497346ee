// SPDX-License-Identifier: Apache-2.0
//
// Model: what a pattern of agreement is worth. Fellegi-Sunter with three kinds of pairs: two
// records of one person (match), two people of one household, two people at random.
//
// The household kind is what keeps a shared surname, address, phone or email from passing for
// identity: only names, birth and the like tell members of a household apart.
//
//   odds = matches * m(pattern) / (households * h(pattern) + pairs * u(pattern))
//
// m and h come from EM on the counts of patterns, u from the tables' frequencies; where two rows
// share a value, u is that value's own frequency. Unsupervised; the same result for any number of
// threads and any order of rows, since counts are whole numbers and patterns are taken in order.
// Errors: INVALID_ARGUMENT (MODEL_MALFORMED) for a saved model that cannot be used.
// Threads: const calls from anywhere.
// Source: Fellegi and Sunter (1969); Winkler (2000) on term frequency; docs/matching.md.
#ifndef MUSTER_CORE_MATCH_MODEL_H_
#define MUSTER_CORE_MATCH_MODEL_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/match/frequency.h"
#include "core/match/pattern.h"
#include "core/token/sketch.h"
#include "muster/v1/match_model.pb.h"

namespace muster::match {

using LevelTable = std::array<std::array<double, kLevelsMax>, kComparatorCount>;

struct Model {
  bool dedupe = false;
  uint64_t left_rows = 0;
  uint64_t right_rows = 0;
  double match_rate = 0;
  double household_rate = 0;
  LevelTable match{};
  LevelTable household{};
  LevelTable random{};
  std::vector<v1::BlockingRule> rules;
  bool all_pairs = false;
};

v1::MatchModel ToProto(const Model& model);
absl::StatusOr<Model> FromProto(const v1::MatchModel& proto);

// Each pattern with the number of compared pairs that have it, in ascending order of patterns.
using PatternCounts = std::vector<std::pair<Pattern, uint64_t>>;

// What u is before the pairs of one person that the tables hold are taken out of it.
LevelTable RandomTable(const Frequencies& left, const Frequencies& right, bool dedupe,
                       const PatternCounts& sampled_pairs);

// EM. `counts` is of the pairs that were compared; the others are taken for pairs at random.
Model EstimateModel(const PatternCounts& counts, const LevelTable& random, uint64_t left_rows,
                    uint64_t right_rows, bool dedupe);

// The natural logarithm of the frequency of what the two rows have in common, summed over the
// comparators where a value's own frequency stands for u. `right` is of the right table. What the
// person's own records add to a value's count is left out, as `model` expects it.
float LogFrequency(const Model& model, Pattern pattern, const token::Sketch& left,
                   const token::Sketch& right, const Frequencies& frequencies);

// How many comparators LogFrequency speaks for.
size_t FrequencyLevelCount(Pattern pattern);

// Natural logarithms. One pattern's share of the three kinds of pairs.
struct PatternWeight {
  float match = 0;
  float household = 0;
  float random = 0;  // without the comparators that LogFrequency speaks for
};
PatternWeight WeightOf(const Model& model, Pattern pattern);
// log(odds) that the two are one person, given what each pattern and value is worth.
float LogOdds(const PatternWeight& weight, float log_frequency);

// A left row has one match at most: what a candidate's odds are against is that it has none, this
// share of all rows. 1 in a table with itself.
double NoMatchShare(const Model& model);

// A pair's evidence, piece by piece: the prior, each comparator, and what is taken off again
// because both names are shared ("names_together") and because the two may be of one household
// ("household"). The sum is log2 of the odds that this is the
// match of a row that has no other candidate: of what LogOdds gives, over NoMatchShare.
struct Evidence {
  std::string_view comparator;  // "first_name"
  std::string_view level;       // "nickname"; empty for what is no comparator
  double bits = 0;  // of a comparator log2(m / u), of the value itself where it is shared
};
std::vector<Evidence> Explain(const Model& model, Pattern pattern, const token::Sketch& left,
                              const token::Sketch& right, const Frequencies& frequencies);

}  // namespace muster::match

#endif  // MUSTER_CORE_MATCH_MODEL_H_
