// SPDX-License-Identifier: Apache-2.0
//
// Blocks: which pairs are worth comparing. Rows that share a composite key of some rule meet; the
// small table is held in memory by key, the large one streams past it.
//
// How many pairs a rule gives is known before any is made: the keys of both tables are counted
// first. Keys that too many rows of the right table have (everybody in one house, one ZIP for all)
// are passed over and reported; what decides is the right table alone, so that new rows on the left
// meet what they would have met in a full run.
// Units: rows; pairs.
// Threads: const calls from anywhere, each with its own counts and output.
// Source: Yancey, BigMatch (2004): the moderate file in memory, one pass over the large one.
#ifndef MUSTER_CORE_MATCH_BLOCKS_H_
#define MUSTER_CORE_MATCH_BLOCKS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/match/compare.h"
#include "core/token/sketch.h"
#include "muster/v1/match_model.pb.h"

namespace muster::match {

inline constexpr size_t kRuleCount = 30;
inline constexpr size_t kKeysPerRowMax = 2;
std::string_view RuleName(size_t rule);
bool IsRule(std::string_view name);
// Writes the row's keys under `rule` and says how many there are.
size_t RuleKeys(size_t rule, const token::Sketch& row, std::array<uint64_t, kKeysPerRowMax>& keys);

// For each rule, how many right rows have each of the left table's keys.
using RightCounts = std::array<std::vector<uint32_t>, kRuleCount>;

// Rows of one table by the keys of one rule, for rows of the other to look themselves up in.
//
// A key is kept by 32 of its bits and its place among the others: one in some 10^16 passes for
// another and is compared for nothing.
// Units: about 9 bytes a key and row.
struct KeyTable {
  struct Entry {
    uint32_t tag = 0;  // of the key
    uint32_t row = 0;
    auto operator<=>(const Entry&) const = default;
  };
  size_t rule = 0;
  unsigned shift = 63;
  std::vector<uint32_t> directory;  // by the top bits of the key: the first entry
  std::vector<Entry> entries;       // ascending by tag and row within
};

// The left table by the keys of chosen rules, without those that give no pairs or too many.
class LeftBlocks {
 public:
  // The pairs that the rules make of `rows`, row by row, each once, ascending. Right rows are
  // numbered from `first_row`. With `below_only`, only left rows before the right one (one table
  // with itself).
  void Candidates(std::span<const token::Sketch> rows, uint32_t first_row, bool below_only,
                  std::vector<Candidate>& out) const;

 private:
  friend class LeftIndex;
  std::vector<KeyTable> tables_;
};

// All keys of the left table, for choosing among the rules.
class LeftIndex {
 public:
  // By the rules that `only` names (empty: by all).
  LeftIndex(std::span<const token::Sketch> left, unsigned threads,
            std::span<const std::string> only = {});

  RightCounts NoCounts() const;
  void CountRight(std::span<const token::Sketch> rows, RightCounts& counts) const;
  static void Add(const RightCounts& from, RightCounts& to);

  // Rules in their order while they keep within `pair_budget`, each with the limit that keeps it
  // within a share of it. Rules that give nothing are left out.
  std::vector<v1::BlockingRule> Choose(const RightCounts& counts, uint64_t pair_budget) const;

  // What is needed to compare by `rules`.
  LeftBlocks Narrow(std::span<const v1::BlockingRule> rules, const RightCounts& counts,
                    unsigned threads) const;

 private:
  struct Rule {
    std::vector<uint64_t> keys;    // distinct, ascending
    std::vector<uint32_t> starts;  // of each key's rows; one more at the end
    std::vector<uint32_t> rows;
    std::vector<uint32_t> directory;  // by the top bits of the key: the first key
    unsigned shift = 63;
  };
  static constexpr size_t kNoKey = ~size_t{0};
  void Build(std::span<const token::Sketch> left, size_t rule);
  static size_t Find(const Rule& rule, uint64_t key);

  std::array<Rule, kRuleCount> rules_;
};

// The right table by key, for a few new rows on the left to look themselves up in. Keys beyond a
// rule's limit are left out.
class RightIndex {
 public:
  RightIndex(std::span<const token::Sketch> right, std::span<const v1::BlockingRule> rules,
             unsigned threads);

  // The pairs that the rules make of `rows`, row by row, each once, ascending. Left rows are
  // numbered from `first_row`.
  void Candidates(std::span<const token::Sketch> rows, uint32_t first_row,
                  std::vector<Candidate>& out) const;

 private:
  static void Build(std::span<const token::Sketch> right, int64_t rows_max, KeyTable& table);

  std::vector<KeyTable> tables_;
};

}  // namespace muster::match

#endif  // MUSTER_CORE_MATCH_BLOCKS_H_
