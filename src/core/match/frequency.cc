// SPDX-License-Identifier: Apache-2.0
#include "core/match/frequency.h"

#include <algorithm>

#include "core/match/mix.h"

namespace muster::match {
namespace {

constexpr size_t kSlotsMin = 1024;

}  // namespace

size_t Counter::Find(uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  size_t at = Mix(key) & mask;
  while (slots_[at].key != key && slots_[at].key != 0) at = (at + 1) & mask;
  return at;
}

void Counter::Grow() {
  std::vector<Slot> old(std::max(kSlotsMin, 2 * slots_.size()));
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.key != 0) slots_[Find(slot.key)] = slot;
  }
}

void Counter::Add(uint64_t key, uint32_t count) {
  if (key == 0) return;
  if (10 * (size_ + 1) > 7 * slots_.size()) Grow();
  Slot& slot = slots_[Find(key)];
  if (slot.key == 0) {
    slot.key = key;
    ++size_;
  }
  slot.count += count;
  total_ += count;
}

void Counter::AddAll(const Counter& other) {
  const uint64_t total = total_ + other.total_;
  other.ForEach([this](uint64_t key, uint32_t count) { Add(key, count); });
  total_ = total;  // of keys that are not counted too
}

Counter Counter::Zeroed() const {
  Counter zeroed = *this;
  for (Slot& slot : zeroed.slots_) slot.count = 0;
  zeroed.total_ = 0;
  return zeroed;
}

void Counter::AddKnown(uint64_t key) {
  if (key == 0) return;
  ++total_;
  if (slots_.empty()) return;
  if (Slot& slot = slots_[Find(key)]; slot.key != 0) ++slot.count;
}

uint32_t Counter::Count(uint64_t key) const {
  if (key == 0 || slots_.empty()) return 0;
  return slots_[Find(key)].count;
}

uint64_t KeyOf(Value value, const token::Sketch& s) {
  const auto area = [&s]() -> uint64_t { return s.zip != 0 ? s.zip : s.city; };
  switch (value) {
    case Value::kFirst:
      return s.first;
    case Value::kLast:
      return s.last;
    case Value::kBirth:
      if (s.birth_year == 0 || s.birth_month == 0 || s.birth_day == 0) return 0;
      return uint64_t{s.birth_year} << 32 | uint64_t{s.birth_month} << 16 | s.birth_day;
    case Value::kYear:
      return s.birth_year;
    case Value::kZip:
      return s.zip;
    case Value::kCity:
      return s.city;
    case Value::kAddress:
      if (s.house_number == 0 || s.street == 0 || area() == 0) return 0;
      return Mix(uint64_t{s.street} << 32 | area()) ^ (uint64_t{s.house_number} << 40);
    case Value::kStreet:
      if (s.street == 0 || area() == 0) return 0;
      return uint64_t{s.street} << 32 | area();
    case Value::kPhone:
      return s.phone;
    case Value::kEmail:
      return s.email;
    case Value::kFirstSex:
      if (s.first == 0 || s.sex() == token::Sex::kNone) return 0;
      return uint64_t{s.first} << 8 | static_cast<uint64_t>(s.sex());
  }
  return 0;
}

void Frequencies::Add(std::span<const token::Sketch> rows) {
  rows_ += rows.size();
  // A field at a time: one table at work fits the cache better than eleven.
  for (size_t v = 0; v < kValueCount; ++v) {
    for (const token::Sketch& row : rows) counters_[v].Add(KeyOf(static_cast<Value>(v), row));
  }
}

Frequencies Frequencies::Zeroed() const {
  Frequencies zeroed;
  for (size_t v = 0; v < kValueCount; ++v) zeroed.counters_[v] = counters_[v].Zeroed();
  return zeroed;
}

void Frequencies::AddKnown(std::span<const token::Sketch> rows) {
  rows_ += rows.size();
  for (size_t v = 0; v < kValueCount; ++v) {
    const auto value = static_cast<Value>(v);
    // A pair is asked how common its address is where the right row lies, which need not be where
    // the left one says, nor any other left row.
    const bool all = value == Value::kZip || value == Value::kCity;
    for (const token::Sketch& row : rows) {
      if (all) {
        counters_[v].Add(KeyOf(value, row));
      } else {
        counters_[v].AddKnown(KeyOf(value, row));
      }
    }
  }
}

void Frequencies::AddAll(const Frequencies& other) {
  rows_ += other.rows_;
  for (size_t v = 0; v < kValueCount; ++v) counters_[v].AddAll(other.counters_[v]);
}

double ChanceEqual(const Counter& left, const Counter& right, bool same_table) {
  if (left.total() == 0 || right.total() == 0) return 0;
  // Counts are whole numbers: the sum does not depend on the order.
  uint64_t pairs = 0;  // fits: rows are numbered in 32 bits
  const Counter& few = left.size() <= right.size() ? left : right;
  const Counter& many = left.size() <= right.size() ? right : left;
  few.ForEach([&](uint64_t key, uint32_t count) {
    const uint64_t other = same_table ? count - 1 : many.Count(key);
    pairs += uint64_t{count} * other;
  });
  const double all = static_cast<double>(left.total()) *
                     static_cast<double>(same_table ? left.total() - 1 : right.total());
  return all > 0 ? static_cast<double>(pairs) / all : 0;
}

}  // namespace muster::match
