// SPDX-License-Identifier: Apache-2.0
//
// The AVX-512 kernel: a line is one register of 32 lanes, and a comparison gives its bits at once.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/match/compare_avx.h"
#include "core/match/compare_kernel.h"

namespace muster::match::kernel {
namespace {

struct Avx512 : Avx {
  MUSTER_KERNEL_INLINE static __m512i Load(const char* at) { return _mm512_loadu_si512(at); }
  MUSTER_KERNEL_INLINE static uint32_t Equal(const char* a, const char* b) {
    return _mm512_cmpeq_epi16_mask(Load(a), Load(b));
  }
  MUSTER_KERNEL_INLINE static uint32_t Missing(const char* a, const char* b) {
    const __m512i least = _mm512_min_epu16(Load(a), Load(b));
    return _mm512_testn_epi16_mask(least, least);
  }
  // Each field's own value in that field's lanes.
  MUSTER_KERNEL_INLINE static __m512i Own(const char* line) {
    int16_t first = 0;
    int16_t last = 0;
    int16_t street = 0;
    std::memcpy(&first, line + 2 * kFirstTypos, sizeof first);
    std::memcpy(&last, line + 2 * kLastTypos, sizeof last);
    std::memcpy(&street, line + 2 * kStreetTypos, sizeof street);
    const __m512i names = _mm512_mask_set1_epi16(_mm512_set1_epi16(first), kLastTypoLanes, last);
    return _mm512_mask_set1_epi16(names, Field(kStreetTypos, 8), street);
  }
  MUSTER_KERNEL_INLINE static uint32_t Typos(const char* a, const char* b) {
    const __m512i line_a = Load(a);
    const __m512i line_b = Load(b);
    const uint32_t in_a = (_mm512_cmpeq_epi16_mask(line_a, line_b) & (kCutLanes | kPrefixLanes)) |
                          (_mm512_cmpeq_epi16_mask(line_a, Own(b)) & kCutLanes) |
                          (_mm512_cmpeq_epi16_mask(line_a, Load(b - 2)) & kShiftedLanes);
    const uint32_t in_b = (_mm512_cmpeq_epi16_mask(line_b, Own(a)) & kCutLanes) |
                          (_mm512_cmpeq_epi16_mask(line_b, Load(a - 2)) & kShiftedLanes);
    return (in_a & _mm512_test_epi16_mask(line_a, line_a)) |
           (in_b & _mm512_test_epi16_mask(line_b, line_b));
  }
};

}  // namespace

void CandidatesAvx512(const token::Sketch* left, const token::Sketch* right,
                      const Candidate* candidates, size_t count, Pattern* out) {
  Candidates<Avx512>(left, right, candidates, count, out);
}

void OneAvx512(const token::Sketch& one, const token::Sketch* many, size_t count, Pattern* out) {
  One<Avx512>(one, many, count, out);
}

}  // namespace muster::match::kernel
#endif
