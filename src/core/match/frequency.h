// SPDX-License-Identifier: Apache-2.0
//
// Frequencies: how often each value of a field occurs in a table, as counts of tokens. They give
// the u probabilities exactly, and tell common values from rare ones.
//
// A table may be counted in parts by several threads and the parts added: the order is no matter.
// Units: rows. About 16 bytes a distinct value.
// Threads: one thread an object; const calls from anywhere.
#ifndef MUSTER_CORE_MATCH_FREQUENCY_H_
#define MUSTER_CORE_MATCH_FREQUENCY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/token/sketch.h"

namespace muster::match {

// An open-addressed count of 64-bit keys; zero is no key.
class Counter {
 public:
  void Add(uint64_t key, uint32_t count = 1);
  void AddAll(const Counter& other);
  // The same keys, with counts of zero.
  Counter Zeroed() const;
  // As Add, but of a key that it does not have only the total is kept.
  void AddKnown(uint64_t key);
  uint32_t Count(uint64_t key) const;
  uint64_t total() const { return total_; }
  size_t size() const { return size_; }
  template <typename Act>  // act(key, count), in no order
  void ForEach(Act act) const {
    for (const Slot& slot : slots_) {
      if (slot.key != 0) act(slot.key, slot.count);
    }
  }

 private:
  struct Slot {
    uint64_t key = 0;
    uint32_t count = 0;
  };
  size_t Find(uint64_t key) const;
  void Grow();
  std::vector<Slot> slots_;
  size_t size_ = 0;
  uint64_t total_ = 0;
};

// What is counted. Keys are made by KeyOf; 0 where the row has no such value.
enum class Value : uint8_t {
  kFirst = 0,
  kLast = 1,
  kBirth = 2,  // a full date
  kYear = 3,
  kZip = 4,
  kCity = 5,
  kAddress = 6,  // number, street and ZIP (or city)
  kStreet = 7,   // street and ZIP (or city)
  kPhone = 8,
  kEmail = 9,
  kFirstSex = 10,  // first name and sex
};
inline constexpr size_t kValueCount = 11;
uint64_t KeyOf(Value value, const token::Sketch& sketch);

class Frequencies {
 public:
  void Add(std::span<const token::Sketch> rows);
  // Counts of zero for the same values; AddKnown counts those alone, which is all that a pair with
  // a row of the first table can share, and all ZIPs and cities, by which addresses are counted.
  Frequencies Zeroed() const;
  void AddKnown(std::span<const token::Sketch> rows);
  void AddAll(const Frequencies& other);
  const Counter& Of(Value value) const { return counters_[static_cast<size_t>(value)]; }
  uint64_t rows() const { return rows_; }

 private:
  std::array<Counter, kValueCount> counters_;
  uint64_t rows_ = 0;
};

// The chance that a random row of each side have the same value: the sum over values of both
// shares. For one table against itself pairs of a row with itself are left out.
double ChanceEqual(const Counter& left, const Counter& right, bool same_table);

}  // namespace muster::match

#endif  // MUSTER_CORE_MATCH_FREQUENCY_H_
