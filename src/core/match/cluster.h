// SPDX-License-Identifier: Apache-2.0
//
// Cluster: which rows of one table are one person, decided together: a row that fits one member of
// a group and plainly not the others does not pull two people into one.
//
// Average linkage: the two groups that fit best on average are joined, as long as that average
// speaks for it. Groups that hang together by chains of more than kGroupRowsMax rows are first cut
// at their weakest links.
// Rule: the result depends on what the links say, not on their order; of equal ones the lower rows
// go first.
// Threads: pure.
#ifndef MUSTER_CORE_MATCH_CLUSTER_H_
#define MUSTER_CORE_MATCH_CLUSTER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace muster::match {

inline constexpr size_t kGroupRowsMax = 200;

struct RowLink {
  uint32_t left = 0;
  uint32_t right = 0;
  float log_odds = 0;
};

// For each row the lowest row of its cluster. `log_odds(left, right)` (left < right) is asked for
// pairs that `links` does not name.
std::vector<uint32_t> Cluster(size_t row_count, const std::vector<RowLink>& links,
                              const std::function<float(uint32_t, uint32_t)>& log_odds);

}  // namespace muster::match

#endif  // MUSTER_CORE_MATCH_CLUSTER_H_
