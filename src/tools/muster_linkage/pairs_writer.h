// SPDX-License-Identifier: Apache-2.0
//
// Pairs: what was linked, as a file: left_id,right_id,probability.
//
// Rule: ordered by left id, then falling probability, then right id, all as text, so that neither
// the number of threads nor the order of the rows shows. Of a table with itself the smaller id is
// the left one. Probabilities have six digits behind the point, and are compared so.
// Errors: base/file.h's. A file that is not whole is not left behind.
// Threads: uses `threads` of its own.
#ifndef MUSTER_TOOLS_MUSTER_LINKAGE_PAIRS_WRITER_H_
#define MUSTER_TOOLS_MUSTER_LINKAGE_PAIRS_WRITER_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "core/match/link.h"
#include "tools/muster_linkage/table.h"

namespace muster::linkage {

struct Pair {
  uint32_t left = 0;
  uint32_t right = 0;
  uint32_t millionths = 0;  // of probability
};

// Pairs in the order of the file. `right` is `left` for one table with itself.
std::vector<Pair> OrderedPairs(std::span<const match::LinkedPair> linked, const IdColumn& left,
                               const IdColumn& right, unsigned threads);

// Keeps pairs so that no row is in two: the most probable first. Of pairs that are equally probable
// and share a row none is kept; how many those were is what is returned.
uint64_t KeepOneToOne(bool one_table, std::vector<Pair>& pairs);

absl::Status WritePairs(const std::filesystem::path& path, std::span<const Pair> pairs,
                        const IdColumn& left, const IdColumn& right);

}  // namespace muster::linkage

#endif  // MUSTER_TOOLS_MUSTER_LINKAGE_PAIRS_WRITER_H_
