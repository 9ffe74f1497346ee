// SPDX-License-Identifier: Apache-2.0
#include "core/match/cluster.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace muster::match {
namespace {

// What one pair can say for or against: a single strange pair must not outweigh a whole group.
constexpr float kLogOddsMax = 8.0f;
constexpr float kLogOddsMin = -4.0f;
constexpr float kBestShare = 0.4f;
// Links below this hold nothing together.
constexpr float kLogOddsLinked = -3.0f;

class Forest {
 public:
  explicit Forest(size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0u); }
  uint32_t Root(uint32_t row) {
    while (parent_[row] != row) row = parent_[row] = parent_[parent_[row]];
    return row;
  }
  // The lower root stays.
  void Join(uint32_t a, uint32_t b) {
    a = Root(a);
    b = Root(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<uint32_t> parent_;
};

// Average linkage over the rows of one group.
void Agglomerate(const std::vector<uint32_t>& rows,
                 const std::function<float(uint32_t, uint32_t)>& log_odds, Forest& clusters) {
  const size_t n = rows.size();
  // Sums of log odds between two clusters, and their sizes.
  std::vector<float> sum(n * n, 0);
  std::vector<float> best_of(n * n, 0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i + 1; j < n; ++j) {
      const float one = std::clamp(log_odds(rows[i], rows[j]), kLogOddsMin, kLogOddsMax);
      sum[i * n + j] = sum[j * n + i] = one;
      best_of[i * n + j] = best_of[j * n + i] = one;
    }
  }
  std::vector<float> size(n, 1);
  std::vector<size_t> alive(n);
  std::iota(alive.begin(), alive.end(), size_t{0});
  while (alive.size() > 1) {
    float best = 0;
    std::pair<size_t, size_t> pair{0, 0};
    for (size_t a = 0; a < alive.size(); ++a) {
      for (size_t b = a + 1; b < alive.size(); ++b) {
        const size_t i = alive[a];
        const size_t j = alive[b];
        const float mean = sum[i * n + j] / (size[i] * size[j]);
        const float fit = kBestShare * best_of[i * n + j] + (1 - kBestShare) * mean;
        if (fit > best) {
          best = fit;
          pair = {a, b};
        }
      }
    }
    if (best <= 0) return;
    const size_t i = alive[pair.first];
    const size_t j = alive[pair.second];
    clusters.Join(rows[i], rows[j]);
    size[i] += size[j];
    alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(pair.second));
    for (const size_t other : alive) {
      if (other == i) continue;
      sum[i * n + other] += sum[j * n + other];
      sum[other * n + i] = sum[i * n + other];
      best_of[i * n + other] = std::max(best_of[i * n + other], best_of[j * n + other]);
      best_of[other * n + i] = best_of[i * n + other];
    }
  }
}

// Groups of rows that links of at least `at_least` hold together; too large ones are cut again.
void Groups(const std::vector<RowLink>& links, float at_least,
            const std::function<float(uint32_t, uint32_t)>& log_odds, Forest& clusters) {
  std::vector<uint32_t> rows;
  for (const RowLink& link : links) {
    rows.push_back(link.left);
    rows.push_back(link.right);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  const auto place = [&rows](uint32_t row) {
    return static_cast<uint32_t>(std::lower_bound(rows.begin(), rows.end(), row) - rows.begin());
  };
  Forest groups(rows.size());
  for (const RowLink& link : links) {
    if (link.log_odds >= at_least) groups.Join(place(link.left), place(link.right));
  }
  std::vector<std::pair<uint32_t, uint32_t>> members;  // group, row
  for (uint32_t i = 0; i < rows.size(); ++i) members.emplace_back(groups.Root(i), rows[i]);
  std::sort(members.begin(), members.end());
  std::vector<uint32_t> group;
  for (size_t begin = 0; begin < members.size();) {
    size_t end = begin;
    group.clear();
    while (end < members.size() && members[end].first == members[begin].first)
      group.push_back(members[end++].second);
    if (group.size() > 1 && group.size() <= kGroupRowsMax) {
      Agglomerate(group, log_odds, clusters);
    } else if (group.size() > kGroupRowsMax) {
      std::vector<RowLink> inside;
      for (const RowLink& link : links) {
        if (link.log_odds >= at_least && groups.Root(place(link.left)) == members[begin].first)
          inside.push_back(link);
      }
      // Beyond what one pair can say nothing is left to cut.
      if (at_least < kLogOddsMax) {
        Groups(inside, at_least + 1, log_odds, clusters);
      } else {
        for (const RowLink& link : inside) clusters.Join(link.left, link.right);
      }
    }
    begin = end;
  }
}

}  // namespace

std::vector<uint32_t> Cluster(size_t row_count, const std::vector<RowLink>& links,
                              const std::function<float(uint32_t, uint32_t)>& log_odds) {
  Forest clusters(row_count);
  Groups(links, kLogOddsLinked, log_odds, clusters);
  std::vector<uint32_t> out(row_count);
  for (uint32_t row = 0; row < row_count; ++row) out[row] = clusters.Root(row);
  return out;
}

}  // namespace muster::match
