// SPDX-License-Identifier: Apache-2.0
//
// Random numbers of the made-up population: every fact is a function of (seed, stream, index), so
// that any row can be made alone, in any order, on any thread, and comes out the same on every
// machine.
//
// Source: SplitMix64 (Steele, Lea, Flood 2014); Vose's alias method in integers. No std::
// distribution: theirs differ between libraries. Not for secrets.
// Threads: values.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_RANDOM_H_
#define MUSTER_TOOLS_MUSTER_FAKE_RANDOM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace muster::fake {

inline constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15;

constexpr uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

// What a draw is about. Values are part of what a seed means: append only.
enum class Stream : uint64_t {
  kBlock = 1,
  kHousehold,
  kAddress,
  kPerson,
  kFirstName,
  kEmail,
  kLists,
  kRow,
  kSideFile,
  kVoter,
  kHistory,
  kRoster,
  kLinkage,
  kMove,
  kOrder,
};

constexpr uint64_t KeyOf(uint64_t seed, Stream stream, uint64_t index, uint64_t sub = 0) {
  return Mix(
      Mix(Mix(seed + kGoldenGamma * static_cast<uint64_t>(stream)) + kGoldenGamma * (index + 1)) +
      sub);
}

class Rng {
 public:
  explicit Rng(uint64_t key) : state_(key) {}

  uint64_t Next() { return Mix(state_ += kGoldenGamma); }
  // Uniform in [0, n), n below 2^32; the bias of the product is under n / 2^32.
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(((Next() >> 32) * n) >> 32); }
  uint32_t Between(uint32_t low, uint32_t high) { return low + Below(high - low + 1); }
  // True in `per_myriad` of 10,000 cases.
  bool Chance(uint32_t per_myriad) { return Below(10'000) < per_myriad; }
  template <typename T, size_t N>
  const T& Pick(const std::array<T, N>& of) {
    return of[Below(static_cast<uint32_t>(N))];
  }

 private:
  uint64_t state_;
};

// Draws an index in proportion to integer weights in constant time.
class AliasTable {
 public:
  AliasTable() = default;
  explicit AliasTable(const std::vector<uint32_t>& weights) : columns_(weights.size()) {
    const uint64_t n = weights.size();
    const uint64_t total = std::accumulate(weights.begin(), weights.end(), uint64_t{0});
    std::vector<uint64_t> scaled(n);
    std::vector<uint32_t> small, large;
    for (uint32_t i = 0; i < n; ++i) {
      scaled[i] = weights[i] * n;
      (scaled[i] < total ? small : large).push_back(i);
    }
    while (!small.empty() && !large.empty()) {
      const uint32_t s = small.back(), l = large.back();
      small.pop_back();
      columns_[s] = {static_cast<uint32_t>((scaled[s] << 32) / total), l};
      scaled[l] -= total - scaled[s];
      if (scaled[l] < total) {
        large.pop_back();
        small.push_back(l);
      }
    }
    for (uint32_t i : small) columns_[i] = {UINT32_MAX, i};
    for (uint32_t i : large) columns_[i] = {UINT32_MAX, i};
  }

  uint32_t Sample(Rng& rng) const {
    const uint64_t r = rng.Next();
    const auto i = static_cast<uint32_t>(((r >> 32) * columns_.size()) >> 32);
    return static_cast<uint32_t>(r) <= columns_[i].threshold ? i : columns_[i].alias;
  }
  size_t size() const { return columns_.size(); }

 private:
  struct Column {
    uint32_t threshold = 0;
    uint32_t alias = 0;
  };
  std::vector<Column> columns_;
};

// A bijection of [0, n): the scattered order in which a file lists what is numbered in a row. n at
// most 2^31.
class Scatter {
 public:
  Scatter(uint64_t n, uint64_t key) : n_(n == 0 ? 1 : n), offset_(Mix(key) % n_) {
    step_ = static_cast<uint64_t>(static_cast<double>(n_) * 0.6180339887) +
            Mix(key + 1) % (n_ / 16 + 1);
    for (step_ = step_ % n_ + (n_ == 1 ? 0 : 1); std::gcd(step_, n_) != 1; ++step_) {
    }
  }
  uint64_t operator()(uint64_t i) const { return (i * step_ + offset_) % n_; }

 private:
  uint64_t n_;
  uint64_t offset_;
  uint64_t step_;
};

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_RANDOM_H_
