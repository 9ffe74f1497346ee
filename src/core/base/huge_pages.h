// SPDX-License-Identifier: Apache-2.0
//
// ReserveHuge: room for a large vector whose values are fetched in any order, on large pages: there
// a random load costs one miss, on small ones a second for the address.
//
// Rule: before the vector is filled; a hint, which changes no result.
// Threads: pure.
// Source: madvise(2), MADV_HUGEPAGE.
#ifndef MUSTER_CORE_BASE_HUGE_PAGES_H_
#define MUSTER_CORE_BASE_HUGE_PAGES_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster {

template <typename T>
void ReserveHuge(size_t size, std::vector<T>& values) {
  values.reserve(size);
#ifdef MADV_HUGEPAGE
  constexpr uintptr_t kPageBytes = uintptr_t{2} << 20;
  const auto begin = reinterpret_cast<uintptr_t>(values.data());
  const uintptr_t first = (begin + kPageBytes - 1) & ~(kPageBytes - 1);
  const uintptr_t end = (begin + values.capacity() * sizeof(T)) & ~(kPageBytes - 1);
  // Pages that are not wholly the vector's are left as they are.
  if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#endif
}

}  // namespace muster

#endif  // MUSTER_CORE_BASE_HUGE_PAGES_H_
