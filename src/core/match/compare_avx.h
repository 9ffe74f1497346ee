// SPDX-License-Identifier: Apache-2.0
//
// What both AVX kernels do in the same way. Included by their sources only.
#ifndef MUSTER_CORE_MATCH_COMPARE_AVX_H_
#define MUSTER_CORE_MATCH_COMPARE_AVX_H_

#include <immintrin.h>

#include "core/match/compare_kernel.h"

namespace muster::match::kernel {

struct Avx {
  MUSTER_KERNEL_INLINE static __m256i LoadHalf(const char* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  }
  // Of the lines' second halves: month and day are lanes 5 and 6 there, formal names 10 to 13,
  // parts of the last name 14 and 15.
  MUSTER_KERNEL_INLINE static uint32_t Turned(const char* a, const char* b) {
    constexpr char kNo = -1;
    const __m256i one = LoadHalf(a + 32);
    const __m256i other = LoadHalf(b + 32);
    const __m256i by_one = _mm256_setr_epi8(
        kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, 12, 13, 10, 11, kNo, kNo,  //
        kNo, kNo, kNo, kNo, 6, 7, 8, 9, 10, 11, 4, 5, 14, 15, 12, 13);
    const __m256i by_two = _mm256_setr_epi8(
        kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo,  //
        kNo, kNo, kNo, kNo, 8, 9, 10, 11, 4, 5, 6, 7, kNo, kNo, kNo, kNo);
    const __m256i by_three = _mm256_setr_epi8(
        kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo,  //
        kNo, kNo, kNo, kNo, 10, 11, 4, 5, 6, 7, 8, 9, kNo, kNo, kNo, kNo);
    const __m256i met = _mm256_or_si256(
        _mm256_cmpeq_epi16(one, _mm256_shuffle_epi8(other, by_one)),
        _mm256_or_si256(_mm256_cmpeq_epi16(one, _mm256_shuffle_epi8(other, by_two)),
                        _mm256_cmpeq_epi16(one, _mm256_shuffle_epi8(other, by_three))));
    const __m256i zero = _mm256_cmpeq_epi16(one, _mm256_setzero_si256());
    return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_andnot_si256(zero, met)));
  }
  MUSTER_KERNEL_INLINE static uint32_t Crossed(const char* a, const char* b) {
    const __m128i one = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(a));
    const __m128i other = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(b));
    const __m128i met = _mm_cmpeq_epi32(one, _mm_shuffle_epi32(other, 0xe1));
    const __m128i zero = _mm_cmpeq_epi32(one, _mm_setzero_si128());
    return static_cast<uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(_mm_andnot_si128(zero, met))));
  }
};

}  // namespace muster::match::kernel

#endif  // MUSTER_CORE_MATCH_COMPARE_AVX_H_
