// SPDX-License-Identifier: Apache-2.0
//
// Compare: two sketches to the pattern of their agreement, many pairs at a time.
//
// One algorithm in three kernels: portable C++, AVX2, AVX-512 (BW and VL). The best that the
// processor has is chosen at run time; all give the same patterns.
// Rule: symmetric: Compare(a, b) is Compare(b, a).
// Threads: pure.
#ifndef MUSTER_CORE_MATCH_COMPARE_H_
#define MUSTER_CORE_MATCH_COMPARE_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "core/match/pattern.h"
#include "core/token/sketch.h"

namespace muster::match {

enum class Kernel : uint8_t { kPortable = 0, kAvx2 = 1, kAvx512 = 2 };
std::string_view KernelName(Kernel kernel);  // "portable", "avx2", "avx512"
bool IsSupported(Kernel kernel);
Kernel BestKernel();

// Rows of two tables, by number.
struct Candidate {
  uint32_t left = 0;
  uint32_t right = 0;
  auto operator<=>(const Candidate&) const = default;
};

// out[i] is the pattern of left[candidates[i].left] and right[candidates[i].right]. `out` is as
// long as `candidates`. Rows are fetched ahead, so that candidates may be in any order.
void CompareCandidates(const token::Sketch* left, const token::Sketch* right,
                       std::span<const Candidate> candidates, Pattern* out,
                       Kernel kernel = BestKernel());
// out[i] is the pattern of `one` and many[i].
void CompareOne(const token::Sketch& one, std::span<const token::Sketch> many, Pattern* out,
                Kernel kernel = BestKernel());

}  // namespace muster::match

#endif  // MUSTER_CORE_MATCH_COMPARE_H_
