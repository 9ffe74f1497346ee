// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_linkage/blocking_recall.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/match/blocks.h"
#include "core/match/frequency.h"
#include "core/match/parallel.h"
#include "tools/muster_linkage/row_scanner.h"
#include "tools/muster_linkage/table_file.h"

namespace muster::linkage {
namespace {

struct TruePair {
  std::string_view left;
  std::string_view right;
};
struct RowPair {
  uint32_t left;
  uint32_t right;
};

absl::Status LineError(Reason reason, const std::filesystem::path& path, uint64_t line,
                       std::string_view what) {
  return MakeError(reason,
                   path.string() + ": line " + std::to_string(line) + ": " + std::string(what),
                   {{"line", std::to_string(line)}});
}

// Views into `text`.
absl::StatusOr<std::vector<TruePair>> ReadTruth(const std::filesystem::path& path,
                                                std::vector<char>& text) {
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<TableFile> file, TableFile::Open(path));
  text.resize(file->size() + 1);
  MUSTER_RETURN_IF_ERROR(file->Read(0, {text.data(), file->size()}));
  RowScanner scanner(',', '\n', 2);
  scanner.SetText(text.data(), text.data() + file->size(), true);
  if (scanner.Next() != RowScanner::Outcome::kRow || scanner.cells()[0] != "left_id" ||
      scanner.cells()[1] != "right_id") {
    return LineError(v1::COLUMN_UNKNOWN, path, 1, "the truth has two columns, left_id,right_id");
  }
  std::vector<TruePair> pairs;
  while (true) {
    const RowScanner::Outcome outcome = scanner.Next();
    if (outcome == RowScanner::Outcome::kEnd) return pairs;
    if (outcome != RowScanner::Outcome::kRow) {
      return LineError(v1::CSV_RAGGED_ROW, path, 1 + scanner.row_line(),
                       "this is no pair of ids; give one left_id,right_id a line");
    }
    pairs.push_back({scanner.cells()[0], scanner.cells()[1]});
  }
}

// The row of each of `ids`.
using RowsById = std::unordered_map<std::string_view, uint32_t>;
constexpr uint32_t kNoRow = 0xffff'ffff;

void FindRows(const IdColumn& column, RowsById& ids) {
  for (size_t row = 0; row < column.size(); ++row) {
    if (const auto found = ids.find(column[row]); found != ids.end())
      found->second = static_cast<uint32_t>(row);
  }
}

absl::StatusOr<std::vector<RowPair>> RowsOf(const std::filesystem::path& path,
                                            const std::vector<TruePair>& truth, const Table& left,
                                            const Table& right) {
  RowsById lefts, rights;
  for (const TruePair& pair : truth) {
    lefts.emplace(pair.left, kNoRow);
    rights.emplace(pair.right, kNoRow);
  }
  FindRows(left.ids, lefts);
  FindRows(right.ids, rights);
  std::vector<RowPair> rows;
  rows.reserve(truth.size());
  for (const TruePair& pair : truth) {
    const RowPair found{lefts.at(pair.left), rights.at(pair.right)};
    if (found.left == kNoRow || found.right == kNoRow) {
      return MakeError(v1::ID_UNKNOWN, path.string() + ": pair " + std::to_string(rows.size() + 1) +
                                           " has an id that is in no row of its file; give the "
                                           "truth of these very files");
    }
    rows.push_back(found);
  }
  return rows;
}

// Marks the pairs that `rule` reaches.
void Reach(size_t number, int64_t right_rows_max, const std::vector<RowPair>& pairs,
           const Table& left, const Table& right, std::vector<uint8_t>& reached) {
  using Keys = std::array<uint64_t, match::kKeysPerRowMax>;
  Keys of_left{}, of_right{};
  struct Shared {
    uint64_t key;
    size_t pair;
  };
  std::vector<Shared> shared;
  match::Counter wanted;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const size_t lefts = match::RuleKeys(number, left.sketches[pairs[i].left], of_left);
    const size_t rights = match::RuleKeys(number, right.sketches[pairs[i].right], of_right);
    for (size_t k = 0; k < lefts; ++k) {
      if (std::find(of_right.begin(), of_right.begin() + rights, of_left[k]) ==
          of_right.begin() + rights) {
        continue;
      }
      shared.push_back({of_left[k], i});
      wanted.Add(of_left[k]);
    }
  }
  match::Counter right_rows;
  for (size_t row = 0; row < right.size(); ++row) {
    const size_t count = match::RuleKeys(number, right.sketches[row], of_right);
    for (size_t k = 0; k < count; ++k) {
      if (wanted.Count(of_right[k]) > 0) right_rows.Add(of_right[k]);
    }
  }
  for (const Shared& each : shared) {
    if (int64_t{right_rows.Count(each.key)} <= right_rows_max) reached[each.pair] = 1;
  }
}

}  // namespace

absl::StatusOr<BlockingRecall> CountReached(const std::filesystem::path& truth, const Table& left,
                                            const Table& right, const match::Model& model,
                                            unsigned threads) {
  std::vector<char> text;
  MUSTER_ASSIGN_OR_RETURN(const std::vector<TruePair> ids, ReadTruth(truth, text));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<RowPair> pairs, RowsOf(truth, ids, left, right));
  BlockingRecall recall;
  recall.true_pairs = pairs.size();
  if (model.all_pairs) {
    recall.reached = pairs.size();
    return recall;
  }
  std::vector<std::vector<uint8_t>> reached(model.rules.size());
  match::RunParts(threads, model.rules.size(), [&](size_t i, unsigned) {
    reached[i].assign(pairs.size(), 0);
    for (size_t number = 0; number < match::kRuleCount; ++number) {
      if (model.rules[i].name() == match::RuleName(number)) {
        Reach(number, model.rules[i].right_rows_per_key_max(), pairs, left, right, reached[i]);
      }
    }
  });
  for (size_t pair = 0; pair < pairs.size(); ++pair) {
    recall.reached += std::any_of(reached.begin(), reached.end(),
                                  [pair](const auto& by_rule) { return by_rule[pair] != 0; })
                          ? 1
                          : 0;
  }
  return recall;
}

}  // namespace muster::linkage
