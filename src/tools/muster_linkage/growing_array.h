// SPDX-License-Identifier: Apache-2.0
//
// GrowingArray: many plain values in a row that grows without being copied and takes from the
// system no more than was written to: with room for ten million sketches a vector would hold 2.5 GB
// while it doubles.
//
// Rule: values are trivially copyable, and start as zeros.
// Errors: running out of memory ends the program, as it does everywhere.
// Threads: one at a time; the values may be read from anywhere while it does not grow.
// Source: mremap(2).
#ifndef MUSTER_TOOLS_MUSTER_LINKAGE_GROWING_ARRAY_H_
#define MUSTER_TOOLS_MUSTER_LINKAGE_GROWING_ARRAY_H_

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "core/base/check.h"

namespace muster::linkage {

template <typename T>
class GrowingArray {
 public:
  static_assert(std::is_trivially_copyable_v<T>);
  GrowingArray() = default;
  ~GrowingArray() {
    if (values_ != nullptr) ::munmap(values_, capacity_ * sizeof(T));
  }
  GrowingArray(GrowingArray&& other) noexcept
      : values_(std::exchange(other.values_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  GrowingArray& operator=(GrowingArray&& other) noexcept {
    std::swap(values_, other.values_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }

  void Append(std::span<const T> values) {
    if (values.empty()) return;
    if (size_ + values.size() > capacity_) Grow(size_ + values.size());
    std::memcpy(static_cast<void*>(values_ + size_), values.data(), values.size_bytes());
    size_ += values.size();
  }
  size_t size() const { return size_; }
  std::span<const T> values() const { return {values_, size_}; }
  const T& operator[](size_t i) const { return values_[i]; }

 private:
  void Grow(size_t wanted) {
    constexpr size_t kFirst = (size_t{2} << 20) / sizeof(T);
    const size_t capacity = std::max({wanted, capacity_ * 2, kFirst});
    void* const grown = values_ == nullptr
                            ? ::mmap(nullptr, capacity * sizeof(T), PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                            : ::mremap(static_cast<void*>(values_), capacity_ * sizeof(T),
                                       capacity * sizeof(T), MREMAP_MAYMOVE);
    MUSTER_CHECK(grown != MAP_FAILED);
    values_ = static_cast<T*>(grown);
    capacity_ = capacity;
    // Rows are fetched in any order: fewer, larger pages make that cheaper.
    constexpr size_t kLargeBytes = size_t{16} << 20;
    if (capacity * sizeof(T) >= kLargeBytes) ::madvise(grown, capacity * sizeof(T), MADV_HUGEPAGE);
  }

  T* values_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace muster::linkage

#endif  // MUSTER_TOOLS_MUSTER_LINKAGE_GROWING_ARRAY_H_
