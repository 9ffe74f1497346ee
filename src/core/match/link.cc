// SPDX-License-Identifier: Apache-2.0
#include "core/match/link.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/match/blocks.h"
#include "core/match/cluster.h"
#include "core/match/mix.h"
#include "core/match/parallel.h"

namespace muster::match {
namespace {

using token::Sketch;

// What one thread takes at a time: less of a small table, so that none is idle.
constexpr size_t kPartRowsMax = size_t{1} << 13;
constexpr size_t kPartRowsMin = size_t{1} << 8;
constexpr size_t kPartsPerThread = 8;
constexpr size_t kRowsAtOnce = 32;  // whose candidates are held at a time
constexpr size_t kRanges = 256;     // of left rows, scored one by one
// The same for new rows: the right rows that they meet still lie in the cache when they are
// weighed.
constexpr size_t kNewRowsAtOnce = 16;
constexpr size_t kSampleRows = 2048;
constexpr uint64_t kPairBudgetMin = uint64_t{1} << 25;
// Pairs whose odds are below this before anything is estimated are counted and forgotten.
constexpr float kLogOddsKept = -14.0f;
// Left rows that claim a right row with at least this are rivals.
constexpr double kRivalMin = 0.01;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

size_t PartRows(size_t rows, unsigned threads) {
  return std::clamp(rows / (kPartsPerThread * threads), kPartRowsMin, kPartRowsMax);
}

size_t PartCount(size_t rows, size_t part_rows) { return (rows + part_rows - 1) / part_rows; }

uint64_t ContentHash(const Sketch& row) {
  std::array<uint64_t, token::kSketchBytes / 8> words;
  std::memcpy(words.data(), &row, sizeof row);
  uint64_t hash = 0;
  for (const uint64_t word : words) hash = (hash ^ word) * 0x9e3779b97f4a7c15u + (hash >> 29);
  return Mix(hash);
}

// The rows of a table with the smallest hashes: a random sample that does not depend on the order
// of the rows or on who met them.
class Sample {
 public:
  void Add(const Sketch& row) {
    const uint64_t hash = ContentHash(row);
    if (hash > limit_) return;
    rows_.push_back({hash, row});
    if (rows_.size() >= 4 * kSampleRows) Cut();
  }
  void AddAll(const Sample& other) {
    rows_.insert(rows_.end(), other.rows_.begin(), other.rows_.end());
    Cut();
  }
  std::vector<Sketch> Take() {
    Cut();
    std::vector<Sketch> out;
    for (const Row& row : rows_) out.push_back(row.sketch);
    return out;
  }

 private:
  struct Row {
    uint64_t hash;
    Sketch sketch;
  };
  void Cut() {
    const auto before = [](const Row& a, const Row& b) {
      return a.hash != b.hash ? a.hash < b.hash
                              : std::memcmp(&a.sketch, &b.sketch, sizeof a.sketch) < 0;
    };
    std::sort(rows_.begin(), rows_.end(), before);
    if (rows_.size() > kSampleRows) {
      rows_.resize(kSampleRows);
      limit_ = rows_.back().hash;
    }
  }
  std::vector<Row> rows_;
  uint64_t limit_ = std::numeric_limits<uint64_t>::max();
};

// Counts of patterns, with what scoring needs to know of each at once.
class PatternTable {
 public:
  struct Slot {
    Pattern pattern = 0;
    bool used = false;
    // Whether any pair of this pattern could matter, whatever values it shares.
    bool hopeless = false;
    PatternWeight weight;
    uint64_t count = 0;
  };
  explicit PatternTable(const Model* before) : before_(before), slots_(1024) {}

  Slot& Of(Pattern pattern) {
    size_t at = Mix(pattern) & (slots_.size() - 1);
    while (slots_[at].used && slots_[at].pattern != pattern) at = (at + 1) & (slots_.size() - 1);
    if (!slots_[at].used) {
      if (2 * (size_ + 1) > slots_.size()) {
        Grow();
        return Of(pattern);
      }
      ++size_;
      slots_[at].pattern = pattern;
      slots_[at].used = true;
      slots_[at].weight = WeightOf(*before_, pattern);
      slots_[at].hopeless = LogOdds(slots_[at].weight, RarestLogFrequency(pattern)) < kLogOddsKept;
    }
    return slots_[at];
  }
  template <typename Act>
  void ForEach(Act act) const {
    for (const Slot& slot : slots_) {
      if (slot.used) act(slot);
    }
  }

 private:
  void Grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (!slot.used) continue;
      size_t at = Mix(slot.pattern) & (slots_.size() - 1);
      while (slots_[at].used) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }
  float RarestLogFrequency(Pattern pattern) const {
    // One value in a whole table, of each that is shared.
    const double rarest = -std::log(static_cast<double>(before_->right_rows) * 50 + 1);
    return static_cast<float>(rarest * static_cast<double>(FrequencyLevelCount(pattern)));
  }

  const Model* before_;
  std::vector<Slot> slots_;
  size_t size_ = 0;
};

struct ScoredPair {
  uint32_t left;
  uint32_t right;
  Pattern pattern;
  float log_frequency;
};

// What one part of the work kept, by ranges of left rows, so that each range can be scored by
// itself.
struct KeptPart {
  std::vector<ScoredPair> pairs;  // right rows ascending within a left row
  std::vector<uint32_t> starts;   // of each range's pairs; one more at the end
};

PatternCounts Sorted(const PatternTable& table) {
  PatternCounts counts;
  table.ForEach(
      [&](const PatternTable::Slot& slot) { counts.emplace_back(slot.pattern, slot.count); });
  std::sort(counts.begin(), counts.end());
  return counts;
}

PatternCounts Merge(std::span<const PatternTable> tables) {
  PatternCounts all;
  for (const PatternTable& table : tables) {
    const PatternCounts one = Sorted(table);
    all.insert(all.end(), one.begin(), one.end());
  }
  std::sort(all.begin(), all.end());
  PatternCounts out;
  for (const auto& [pattern, count] : all) {
    if (!out.empty() && out.back().first == pattern) {
      out.back().second += count;
    } else {
      out.emplace_back(pattern, count);
    }
  }
  return out;
}

// Patterns of all pairs of two samples.
PatternCounts CompareSamples(const std::vector<Sketch>& left, const std::vector<Sketch>& right,
                             bool dedupe, Kernel kernel, unsigned threads) {
  constexpr size_t kRowsAPart = 64;
  const Model none;
  std::vector<PatternTable> tables(threads, PatternTable(&none));
  RunParts(threads, PartCount(left.size(), kRowsAPart), [&](size_t part, unsigned thread) {
    std::vector<Pattern> patterns(right.size());
    for (size_t i = part * kRowsAPart; i < std::min((part + 1) * kRowsAPart, left.size()); ++i) {
      const std::span<const Sketch> others =
          dedupe ? std::span(right).subspan(i + 1) : std::span(right);
      CompareOne(left[i], others, patterns.data(), kernel);
      // Most random pairs share nothing: look up once what follows itself.
      for (size_t j = 0; j < others.size();) {
        size_t end = j + 1;
        while (end < others.size() && patterns[end] == patterns[j]) ++end;
        tables[thread].Of(patterns[j]).count += end - j;
        j = end;
      }
    }
  });
  return Merge(tables);
}

// One run of the engine.
class Run {
 public:
  Run(std::span<const Sketch> left, const SketchSource& right, bool dedupe,
      const LinkOptions& options)
      : left_(left),
        right_(right),
        dedupe_(dedupe),
        options_(options),
        threads_(options.threads != 0 ? options.threads
                                      : std::max(1u, std::thread::hardware_concurrency())) {}

  absl::StatusOr<LinkResult> Do();
  // Against a table that stands ready.
  absl::StatusOr<LinkResult> DoStanding(const StandingTable& table, const RightIndex& index);

 private:
  uint64_t PossiblePairs() const {
    return dedupe_ ? uint64_t{left_.size()} * (left_.size() - (left_.empty() ? 0 : 1)) / 2
                   : uint64_t{left_.size()} * right_.size();
  }
  // Calls act(rows, first row, thread) for all of the right table, part by part.
  template <typename Act>
  absl::Status ForEachPart(Phase phase, Act act);
  Frequencies CountLeft() const;
  absl::Status Count();
  absl::Status Compare();
  void CompareAll(std::span<const Sketch> rows, uint32_t first_row, unsigned thread,
                  std::vector<ScoredPair>& kept);
  void CompareBlocked(std::span<const Sketch> rows, uint32_t first_row, unsigned thread,
                      std::vector<ScoredPair>& kept);
  void Keep(const Candidate& candidate, Pattern pattern, const Sketch& right, PatternTable& table,
            std::vector<ScoredPair>& kept) const;
  size_t RangeRows() const { return left_.size() / kRanges + 1; }
  KeptPart ByRange(std::span<const ScoredPair> kept) const;
  void TakeRange(size_t range, std::vector<uint32_t>& starts, std::vector<ScoredPair>& pairs) const;
  void ScoreLink(LinkResult& result);
  void ScoreDedupe(LinkResult& result);

  const std::span<const Sketch> left_;
  const SketchSource& right_;
  const bool dedupe_;
  const LinkOptions& options_;
  const unsigned threads_;

  bool all_pairs_ = false;
  std::optional<LeftIndex> index_;  // until rules are chosen
  LeftBlocks blocks_;
  Frequencies counted_;
  const Frequencies* frequencies_ = &counted_;
  LevelTable random_{};
  Model before_;  // what is taken for the model while pairs are compared
  std::vector<v1::BlockingRule> rules_;
  std::vector<PatternTable> tables_;  // one a thread
  std::vector<KeptPart> kept_;        // one a part
  std::atomic<uint64_t> compared_{0};
};

template <typename Act>
absl::Status Run::ForEachPart(Phase phase, Act act) {
  const size_t part_rows = PartRows(right_.size(), threads_);
  const size_t parts = PartCount(right_.size(), part_rows);
  std::mutex mutex;
  absl::Status failed;
  std::atomic<uint64_t> done{0};
  std::vector<std::vector<Sketch>> buffers(threads_);
  RunParts(threads_, parts, [&](size_t part, unsigned thread) {
    const size_t begin = part * part_rows;
    const size_t end = std::min(begin + part_rows, right_.size());
    const auto rows = right_.Rows(begin, end, buffers[thread]);
    if (!rows.ok()) {
      const std::lock_guard lock(mutex);
      failed.Update(rows.status());
      return;
    }
    act(*rows, static_cast<uint32_t>(begin), part, thread);
    const uint64_t now = done += end - begin;
    if (options_.progress && thread == 0) options_.progress(phase, now, right_.size());
  });
  return failed;
}

Frequencies Run::CountLeft() const {
  const size_t part_rows = PartRows(left_.size(), threads_);
  std::vector<Frequencies> frequencies(threads_);
  RunParts(threads_, PartCount(left_.size(), part_rows), [&](size_t part, unsigned thread) {
    const size_t begin = part * part_rows;
    frequencies[thread].Add(left_.subspan(begin, std::min(part_rows, left_.size() - begin)));
  });
  for (unsigned thread = 1; thread < threads_; ++thread) frequencies[0].AddAll(frequencies[thread]);
  return std::move(frequencies[0]);
}

absl::Status Run::Count() {
  // Of two tables only what the left one has can be shared.
  Frequencies left;
  std::vector<Frequencies> frequencies(threads_);
  if (!dedupe_) {
    left = CountLeft();
    for (Frequencies& one : frequencies) one = left.Zeroed();
  }
  std::vector<Sample> samples(threads_);
  std::vector<RightCounts> counts(threads_);
  if (index_) {
    for (RightCounts& one : counts) one = index_->NoCounts();
  }
  MUSTER_RETURN_IF_ERROR(ForEachPart(
      Phase::kBlock, [&](std::span<const Sketch> rows, uint32_t, size_t, unsigned thread) {
        if (dedupe_) {
          frequencies[thread].Add(rows);
        } else {
          frequencies[thread].AddKnown(rows);
        }
        for (const Sketch& row : rows) samples[thread].Add(row);
        if (index_) index_->CountRight(rows, counts[thread]);
      }));
  for (unsigned thread = 1; thread < threads_; ++thread) {
    frequencies[0].AddAll(frequencies[thread]);
    samples[0].AddAll(samples[thread]);
    if (index_) LeftIndex::Add(counts[thread], counts[0]);
  }
  counted_ = std::move(frequencies[0]);
  const auto narrow = [&] {
    if (!index_) return;
    blocks_ = index_->Narrow(rules_, counts[0], threads_);
    index_.reset();
  };
  if (options_.model.has_value()) {
    before_ = *options_.model;
    rules_ = before_.rules;
    narrow();
    return absl::OkStatus();
  }
  const std::vector<Sketch> right_sample = samples[0].Take();
  if (dedupe_) {
    random_ =
        RandomTable(counted_, counted_, true,
                    CompareSamples(right_sample, right_sample, true, options_.kernel, threads_));
  } else {
    Sample left_sample;
    for (const Sketch& row : left_) left_sample.Add(row);
    random_ = RandomTable(
        left, counted_, false,
        CompareSamples(left_sample.Take(), right_sample, false, options_.kernel, threads_));
  }
  before_ = EstimateModel({}, random_, left_.size(), right_.size(), dedupe_);
  // Nothing was seen yet: as if half the left rows had a match.
  before_.match_rate = 0.5;
  before_.household_rate = 0.1;
  if (index_) {
    const uint64_t budget =
        options_.pair_budget != 0
            ? options_.pair_budget
            : std::max(kPairBudgetMin, kPairsPerRow * (left_.size() + right_.size()));
    rules_ = index_->Choose(counts[0], budget);
    narrow();
  }
  return absl::OkStatus();
}

void Run::Keep(const Candidate& candidate, Pattern pattern, const Sketch& right,
               PatternTable& table, std::vector<ScoredPair>& kept) const {
  PatternTable::Slot& slot = table.Of(pattern);
  ++slot.count;
  if (slot.hopeless) return;
  const float log_frequency =
      LogFrequency(before_, pattern, left_[candidate.left], right, *frequencies_);
  // Odds are at most what the likelier of the other two kinds leaves; mostly that says enough.
  const PatternWeight& weight = slot.weight;
  if (weight.match - std::max(weight.household, weight.random + log_frequency) < kLogOddsKept)
    return;
  if (LogOdds(weight, log_frequency) < kLogOddsKept) return;
  kept.push_back({candidate.left, candidate.right, pattern, log_frequency});
}

void Run::CompareAll(std::span<const Sketch> rows, uint32_t first_row, unsigned thread,
                     std::vector<ScoredPair>& kept) {
  std::vector<Pattern> patterns(left_.size());
  uint64_t compared = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto right = static_cast<uint32_t>(first_row + i);
    const size_t count = dedupe_ ? right : left_.size();
    CompareOne(rows[i], left_.first(count), patterns.data(), options_.kernel);
    compared += count;
    for (size_t l = 0; l < count; ++l)
      Keep({static_cast<uint32_t>(l), right}, patterns[l], rows[i], tables_[thread], kept);
  }
  compared_ += compared;
}

void Run::CompareBlocked(std::span<const Sketch> rows, uint32_t first_row, unsigned thread,
                         std::vector<ScoredPair>& kept) {
  std::vector<Candidate> candidates;
  std::vector<Pattern> patterns;
  for (size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
    const auto some = rows.subspan(begin, std::min(kRowsAtOnce, rows.size() - begin));
    candidates.clear();
    // Right rows by their place in `rows`.
    blocks_.Candidates(some, static_cast<uint32_t>(first_row + begin), dedupe_, candidates);
    patterns.resize(candidates.size());
    for (Candidate& candidate : candidates) candidate.right -= first_row;
    CompareCandidates(left_.data(), rows.data(), candidates, patterns.data(), options_.kernel);
    for (size_t i = 0; i < candidates.size(); ++i) {
      const Sketch& right = rows[candidates[i].right];
      Keep({candidates[i].left, candidates[i].right + first_row}, patterns[i], right,
           tables_[thread], kept);
    }
    compared_ += candidates.size();
  }
}

absl::Status Run::Compare() {
  kept_.resize(PartCount(right_.size(), PartRows(right_.size(), threads_)));
  for (unsigned thread = 0; thread < threads_; ++thread) tables_.emplace_back(&before_);
  return ForEachPart(Phase::kCompare, [&](std::span<const Sketch> rows, uint32_t first_row,
                                          size_t part, unsigned thread) {
    std::vector<ScoredPair> kept;
    if (all_pairs_) {
      CompareAll(rows, first_row, thread, kept);
    } else {
      CompareBlocked(rows, first_row, thread, kept);
    }
    kept_[part] = ByRange(kept);
  });
}

KeptPart Run::ByRange(std::span<const ScoredPair> kept) const {
  KeptPart part;
  part.starts.assign(kRanges + 1, 0);
  const size_t range_rows = RangeRows();
  for (const ScoredPair& pair : kept) ++part.starts[pair.left / range_rows + 1];
  for (size_t i = 0; i < kRanges; ++i) part.starts[i + 1] += part.starts[i];
  part.pairs.resize(kept.size());
  std::vector<uint32_t> next(part.starts.begin(), part.starts.end() - 1);
  for (const ScoredPair& pair : kept) part.pairs[next[pair.left / range_rows]++] = pair;
  return part;
}

// The kept pairs of one range by left row: a counting sort keeps the order of right rows within.
// `starts` is of each row of the range.
void Run::TakeRange(size_t range, std::vector<uint32_t>& starts,
                    std::vector<ScoredPair>& pairs) const {
  const size_t range_rows = RangeRows();
  const size_t first_row = range * range_rows;
  starts.assign(range_rows + 1, 0);
  const auto for_each = [&](auto act) {
    for (const KeptPart& part : kept_) {
      for (size_t i = part.starts[range]; i < part.starts[range + 1]; ++i) act(part.pairs[i]);
    }
  };
  for_each([&](const ScoredPair& pair) { ++starts[pair.left - first_row + 1]; });
  for (size_t i = 0; i < range_rows; ++i) starts[i + 1] += starts[i];
  pairs.resize(starts.back());
  std::vector<uint32_t> next(starts.begin(), starts.end() - 1);
  for_each([&](const ScoredPair& pair) { pairs[next[pair.left - first_row]++] = pair; });
}

// A left row has one match at most: its candidates share the probability.
void Run::ScoreLink(LinkResult& result) {
  std::vector<PatternTable> weights(threads_, PatternTable(&result.model));
  std::vector<std::vector<LinkedPair>> linked(kRanges);
  const double none = NoMatchShare(result.model);
  const double kept_min = std::min(options_.min_probability, kRivalMin);
  RunParts(threads_, kRanges, [&](size_t range, unsigned thread) {
    std::vector<uint32_t> starts;
    std::vector<ScoredPair> pairs;
    TakeRange(range, starts, pairs);
    std::vector<double> odds;
    for (size_t row = 0; row + 1 < starts.size(); ++row) {
      odds.clear();
      double all = 1;
      for (size_t i = starts[row]; i < starts[row + 1]; ++i) {
        const float log_odds =
            LogOdds(weights[thread].Of(pairs[i].pattern).weight, pairs[i].log_frequency);
        odds.push_back(std::exp(static_cast<double>(log_odds)) / none);
        all += odds.back();
      }
      for (size_t i = starts[row]; i < starts[row + 1]; ++i) {
        const auto probability = static_cast<float>(odds[i - starts[row]] / all);
        if (probability >= kept_min)
          linked[range].push_back({pairs[i].left, pairs[i].right, pairs[i].pattern, probability});
      }
    }
  });
  kept_.clear();
  for (const std::vector<LinkedPair>& some : linked)
    result.pairs.insert(result.pairs.end(), some.begin(), some.end());
  if (options_.share_right)
    ShareRight(left_, result.model, *frequencies_, result.pairs, options_.kernel);
  std::erase_if(result.pairs, [&](const LinkedPair& pair) {
    return pair.probability < options_.min_probability;
  });
}

// Rows of one table are grouped, and the groups decide.
void Run::ScoreDedupe(LinkResult& result) {
  std::vector<ScoredPair> pairs;
  for (size_t range = 0; range < kRanges; ++range) {
    std::vector<uint32_t> starts;
    std::vector<ScoredPair> some;
    TakeRange(range, starts, some);
    pairs.insert(pairs.end(), some.begin(), some.end());
  }
  kept_.clear();
  PatternTable weights(&result.model);
  // Only now is it known how many records a person has in one table.
  const auto log_odds = [&](Pattern pattern, uint32_t left, uint32_t right) {
    return LogOdds(weights.Of(pattern).weight,
                   LogFrequency(result.model, pattern, left_[left], left_[right], *frequencies_));
  };
  std::vector<RowLink> links;
  links.reserve(pairs.size());
  for (const ScoredPair& pair : pairs)
    links.push_back({pair.left, pair.right, log_odds(pair.pattern, pair.left, pair.right)});
  result.clusters = Cluster(left_.size(), links, [&](uint32_t left, uint32_t right) {
    Pattern pattern = 0;
    CompareOne(left_[left], left_.subspan(right, 1), &pattern, options_.kernel);
    return log_odds(pattern, left, right);
  });
  std::vector<std::vector<uint32_t>> members;  // of clusters with more than one row
  std::vector<uint32_t> number(left_.size(), 0);
  for (uint32_t row = 0; row < left_.size(); ++row) {
    if (result.clusters[row] == row) continue;
    uint32_t& of = number[result.clusters[row]];
    if (of == 0) {
      members.push_back({result.clusters[row]});
      of = static_cast<uint32_t>(members.size());
    }
    members[of - 1].push_back(row);
  }
  constexpr float kApart = 0.499f;
  const auto probability_of = [](float one) { return 1 / (1 + std::exp(-one)); };
  for (const std::vector<uint32_t>& cluster : members) {
    for (size_t i = 0; i < cluster.size(); ++i) {
      for (size_t j = i + 1; j < cluster.size(); ++j) {
        Pattern pattern = 0;
        CompareOne(left_[cluster[i]], left_.subspan(cluster[j], 1), &pattern, options_.kernel);
        const float one = probability_of(log_odds(pattern, cluster[i], cluster[j]));
        result.pairs.push_back({cluster[i], cluster[j], pattern, std::max(one, 0.5f)});
      }
    }
  }
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (result.clusters[pairs[i].left] == result.clusters[pairs[i].right]) continue;
    const float one = std::min(probability_of(links[i].log_odds), kApart);
    if (one >= options_.min_probability)
      result.pairs.push_back({pairs[i].left, pairs[i].right, pairs[i].pattern, one});
  }
  std::sort(result.pairs.begin(), result.pairs.end(), [](const LinkedPair& a, const LinkedPair& b) {
    return a.left != b.left ? a.left < b.left : a.right < b.right;
  });
}

absl::StatusOr<LinkResult> Run::DoStanding(const StandingTable& table, const RightIndex& index) {
  LinkResult result;
  const auto start = std::chrono::steady_clock::now();
  result.model = table.model();
  before_ = table.model();
  frequencies_ = &table.frequencies();
  const size_t part_rows = PartRows(left_.size(), threads_);
  const size_t parts = PartCount(left_.size(), part_rows);
  kept_.resize(parts);
  for (unsigned thread = 0; thread < threads_; ++thread) tables_.emplace_back(&before_);
  std::atomic<uint64_t> done{0};
  RunParts(threads_, parts, [&](size_t part, unsigned thread) {
    std::vector<Candidate> candidates;
    std::vector<Pattern> patterns;
    std::vector<ScoredPair> kept;
    const size_t end = std::min((part + 1) * part_rows, left_.size());
    for (size_t begin = part * part_rows; begin < end; begin += kNewRowsAtOnce) {
      const size_t size = std::min(kNewRowsAtOnce, end - begin);
      candidates.clear();
      index.Candidates(left_.subspan(begin, size), static_cast<uint32_t>(begin), candidates);
      patterns.resize(candidates.size());
      CompareCandidates(left_.data(), table.rows().data(), candidates, patterns.data(),
                        options_.kernel);
      for (size_t i = 0; i < candidates.size(); ++i) {
        Keep(candidates[i], patterns[i], table.rows()[candidates[i].right], tables_[thread], kept);
      }
      compared_ += candidates.size();
    }
    kept_[part] = ByRange(kept);
    const uint64_t now = done += end - part * part_rows;
    if (options_.progress && thread == 0) options_.progress(Phase::kCompare, now, left_.size());
  });
  result.pairs_compared = compared_;
  ScoreLink(result);
  result.seconds.score = SecondsSince(start);
  return result;
}

absl::StatusOr<LinkResult> Run::Do() {
  constexpr size_t kRowsMax = std::numeric_limits<uint32_t>::max();
  if (left_.size() > kRowsMax || right_.size() > kRowsMax) {
    return MakeError(v1::TABLE_TOO_LARGE, "a table has more rows than " + std::to_string(kRowsMax) +
                                              "; split the right one by area");
  }
  LinkResult result;
  auto start = std::chrono::steady_clock::now();
  all_pairs_ = options_.model.has_value() ? options_.model->all_pairs
                                          : PossiblePairs() <= options_.all_pairs_max;
  if (!all_pairs_) {
    index_.emplace(left_, threads_,
                   options_.model ? std::span<const std::string>() : options_.rules);
  }
  MUSTER_RETURN_IF_ERROR(Count());
  result.seconds.block = SecondsSince(start);

  start = std::chrono::steady_clock::now();
  MUSTER_RETURN_IF_ERROR(Compare());
  result.pairs_compared = compared_;
  result.seconds.score = SecondsSince(start);

  start = std::chrono::steady_clock::now();
  if (options_.model.has_value()) {
    result.model = *options_.model;
  } else {
    result.model = EstimateModel(Merge(tables_), random_, left_.size(), right_.size(), dedupe_);
    result.model.rules = rules_;
    result.model.all_pairs = all_pairs_;
  }
  result.seconds.em = SecondsSince(start);

  start = std::chrono::steady_clock::now();
  if (dedupe_) {
    ScoreDedupe(result);
  } else {
    ScoreLink(result);
  }
  result.frequencies = std::move(counted_);
  result.seconds.score += SecondsSince(start);
  return result;
}

}  // namespace

void ShareRight(std::span<const Sketch> left, const Model& model, const Frequencies& frequencies,
                std::vector<LinkedPair>& pairs, Kernel kernel) {
  std::sort(pairs.begin(), pairs.end(), [](const LinkedPair& a, const LinkedPair& b) {
    if (a.right != b.right) return a.right < b.right;
    return a.probability != b.probability ? a.probability > b.probability : a.left < b.left;
  });
  PatternTable weights(&model);
  const auto odds_of = [](double probability) {
    return probability / std::max(1 - probability, 1e-9);
  };
  std::vector<float> shared;
  for (size_t begin = 0; begin < pairs.size();) {
    size_t end = begin;
    while (end < pairs.size() && pairs[end].right == pairs[begin].right) ++end;
    const size_t rivals = std::min(end - begin, kRivalsMax);
    shared.assign(end - begin, 0);
    for (size_t i = 0; i < rivals; ++i) {
      const LinkedPair& pair = pairs[begin + i];
      double others = 0;
      for (size_t j = 0; j < rivals; ++j) {
        if (i == j) continue;
        const LinkedPair& rival = pairs[begin + j];
        Pattern pattern = 0;
        CompareOne(left[pair.left], left.subspan(rival.left, 1), &pattern, kernel);
        const float log_odds =
            LogOdds(weights.Of(pattern).weight,
                    LogFrequency(model, pattern, left[pair.left], left[rival.left], frequencies));
        others += odds_of(rival.probability) / (1 + std::exp(static_cast<double>(log_odds)));
      }
      const double own = odds_of(pair.probability);
      shared[i] = static_cast<float>(own / (1 + own + others));
    }
    for (size_t i = begin; i < end; ++i) pairs[i].probability = shared[i - begin];
    begin = end;
  }
  std::sort(pairs.begin(), pairs.end(), [](const LinkedPair& a, const LinkedPair& b) {
    return a.left != b.left ? a.left < b.left : a.right < b.right;
  });
}

absl::StatusOr<LinkResult> Link(std::span<const Sketch> left, const SketchSource& right,
                                const LinkOptions& options) {
  return Run(left, right, false, options).Do();
}

absl::StatusOr<LinkResult> Dedupe(std::span<const Sketch> rows, const LinkOptions& options) {
  const SketchSpan right(rows);
  return Run(rows, right, true, options).Do();
}

StandingTable::StandingTable() = default;
StandingTable::StandingTable(StandingTable&&) noexcept = default;
StandingTable& StandingTable::operator=(StandingTable&&) noexcept = default;
StandingTable::~StandingTable() = default;

absl::StatusOr<StandingTable> StandingTable::Make(std::vector<Sketch> rows, Model model,
                                                  unsigned threads) {
  if (model.dedupe) {
    return MakeError(v1::MODEL_MALFORMED,
                     "this model is of one table against itself; link needs one of two tables");
  }
  StandingTable table;
  table.rows_ = std::move(rows);
  table.model_ = std::move(model);
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  const std::span<const Sketch> all(table.rows_);
  const size_t part_rows = PartRows(all.size(), threads);
  std::vector<Frequencies> frequencies(threads);
  RunParts(threads, PartCount(all.size(), part_rows), [&](size_t part, unsigned thread) {
    const size_t begin = part * part_rows;
    frequencies[thread].Add(all.subspan(begin, std::min(part_rows, all.size() - begin)));
  });
  for (unsigned thread = 1; thread < threads; ++thread) frequencies[0].AddAll(frequencies[thread]);
  table.frequencies_ = std::move(frequencies[0]);
  if (!table.model_.all_pairs)
    table.index_ = std::make_unique<RightIndex>(table.rows_, table.model_.rules, threads);
  return table;
}

absl::StatusOr<LinkResult> StandingTable::Link(std::span<const Sketch> left,
                                               const LinkOptions& options) const {
  const SketchSpan right(rows_);
  if (index_ != nullptr) return Run(left, right, false, options).DoStanding(*this, *index_);
  LinkOptions saved = options;
  saved.model = model_;
  return match::Link(left, right, saved);
}

}  // namespace muster::match
