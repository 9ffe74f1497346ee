// SPDX-License-Identifier: Apache-2.0
//
// Link: which rows of two tables of sketches are one person, with a probability.
//
// The left table (a list) is held in memory, the right one (a voter file) streams past in chunks,
// twice: once to count, once to compare. Every row of the left table is taken to have at most one
// match on the right, so that candidates share the probability: two that fit equally well get half
// each and nobody is guessed. Dedupe compares one table with itself.
// Rules: the result is the same for any number of threads; the model and what each pair is given
// do not depend on the order of the rows. With a saved model nothing is estimated, and new rows on
// the left get exactly what a full run with that saved model would give them.
// Units: rows are numbered from 0, at most 2^32 - 1 a table. Memory: 128 bytes a left row, 16 a
// pair that comes into question, about 16 a distinct value and key.
// Errors: INVALID_ARGUMENT (TABLE_TOO_LARGE); those of the right table's source.
// Threads: one call at a time an object; it uses options.threads threads of its own.
// Source: docs/matching.md.
#ifndef MUSTER_CORE_MATCH_LINK_H_
#define MUSTER_CORE_MATCH_LINK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/match/compare.h"
#include "core/match/frequency.h"
#include "core/match/model.h"
#include "core/match/pattern.h"
#include "core/token/sketch.h"

namespace muster::match {

class RightIndex;

// A table that is read in parts.
class SketchSource {
 public:
  virtual ~SketchSource() = default;
  virtual size_t size() const = 0;
  // Rows [begin, end): in memory, or read into `buffer`. From several threads at once.
  virtual absl::StatusOr<std::span<const token::Sketch>> Rows(
      size_t begin, size_t end, std::vector<token::Sketch>& buffer) const = 0;
};

class SketchSpan final : public SketchSource {
 public:
  explicit SketchSpan(std::span<const token::Sketch> rows) : rows_(rows) {}
  size_t size() const override { return rows_.size(); }
  absl::StatusOr<std::span<const token::Sketch>> Rows(size_t begin, size_t end,
                                                      std::vector<token::Sketch>&) const override {
    return rows_.subspan(begin, end - begin);
  }

 private:
  std::span<const token::Sketch> rows_;
};

enum class Phase : uint8_t { kBlock = 0, kCompare = 1, kEstimate = 2, kScore = 3 };

struct LinkOptions {
  unsigned threads = 0;  // 0: as many as there are cores
  double min_probability = 0.01;
  // Candidate pairs that blocking may give; 0: kPairsPerRow for each row of both tables.
  uint64_t pair_budget = 0;
  // Names of the rules that may be taken (blocks.h); empty: any. To measure one against another.
  std::vector<std::string> rules;
  // Up to this many possible pairs all are compared and nothing is missed by blocking.
  uint64_t all_pairs_max = uint64_t{1} << 26;
  std::optional<Model> model;
  // False: right rows are not shared; the caller does it with ShareRight once it has all left rows.
  bool share_right = true;
  Kernel kernel = BestKernel();
  // Called from the calling thread or one of its helpers, about once a chunk.
  std::function<void(Phase phase, uint64_t done, uint64_t all)> progress;
};
inline constexpr uint64_t kPairsPerRow = 16;

struct LinkedPair {
  uint32_t left = 0;
  uint32_t right = 0;
  Pattern pattern = 0;
  float probability = 0;
};

struct LinkSeconds {
  double block = 0;  // index and counts
  double score = 0;  // candidates, comparison, probabilities
  double em = 0;
};

struct LinkResult {
  Model model;
  std::vector<LinkedPair> pairs;  // ascending by left, then right
  // Dedupe only: for each row the lowest row of its cluster. Pairs within a cluster are given at
  // least 0.5, pairs across clusters less.
  std::vector<uint32_t> clusters;
  // Of the right table, for values that the left one has; empty where a StandingTable has them.
  Frequencies frequencies;
  uint64_t pairs_compared = 0;
  LinkSeconds seconds;
};

absl::StatusOr<LinkResult> Link(std::span<const token::Sketch> left, const SketchSource& right,
                                const LinkOptions& options);
// A right table made ready for a few new left rows at a time: it does not have to stream past them.
// Linking with it gives what Link gives with the same saved model.
// Units: 128 bytes a row, about 9 for each rule of the model, and the frequencies.
// Threads: const calls from anywhere.
class StandingTable {
 public:
  // Made for `model`, which Link estimated on these rows. Calls `rows` its own.
  static absl::StatusOr<StandingTable> Make(std::vector<token::Sketch> rows, Model model,
                                            unsigned threads);
  StandingTable(StandingTable&&) noexcept;
  StandingTable& operator=(StandingTable&&) noexcept;
  ~StandingTable();

  std::span<const token::Sketch> rows() const { return rows_; }
  const Model& model() const { return model_; }
  const Frequencies& frequencies() const { return frequencies_; }
  // options.model is not asked. Progress is in left rows.
  absl::StatusOr<LinkResult> Link(std::span<const token::Sketch> left,
                                  const LinkOptions& options) const;

 private:
  StandingTable();
  std::vector<token::Sketch> rows_;
  Model model_;
  Frequencies frequencies_;
  std::unique_ptr<const RightIndex> index_;  // none if all pairs are compared
};

// A right row is one person too: left rows that claim it share it, as far as they are not one
// person themselves. `pairs` are those that Link gave with share_right off, in any order, for all
// left rows there are; they come back ascending by left, then right. Of more than kRivalsMax
// claimants of one row the strongest share it and the others get nothing.
inline constexpr size_t kRivalsMax = 64;
void ShareRight(std::span<const token::Sketch> left, const Model& model,
                const Frequencies& frequencies, std::vector<LinkedPair>& pairs,
                Kernel kernel = BestKernel());
// Pairs of rows of one table, left < right.
absl::StatusOr<LinkResult> Dedupe(std::span<const token::Sketch> rows, const LinkOptions& options);

}  // namespace muster::match

#endif  // MUSTER_CORE_MATCH_LINK_H_
