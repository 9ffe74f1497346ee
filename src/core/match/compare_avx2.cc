// SPDX-License-Identifier: Apache-2.0
//
// The AVX2 kernel: a line is two registers of sixteen lanes.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/match/compare_avx.h"
#include "core/match/compare_kernel.h"
namespace muster::match::kernel {
namespace {

struct Avx2 : Avx {
  // Two registers of all-ones or all-zeros lanes to 32 bits.
  MUSTER_KERNEL_INLINE static uint32_t Bits(__m256i low, __m256i high) {
    // Packing works within halves; the permutation puts the quarters in order.
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xd8);
    return static_cast<uint32_t>(_mm256_movemask_epi8(packed));
  }
  MUSTER_KERNEL_INLINE static uint32_t Equal(const char* a, const char* b) {
    return Bits(_mm256_cmpeq_epi16(LoadHalf(a), LoadHalf(b)),
                _mm256_cmpeq_epi16(LoadHalf(a + 32), LoadHalf(b + 32)));
  }
  MUSTER_KERNEL_INLINE static uint32_t Missing(const char* a, const char* b) {
    const __m256i zero = _mm256_setzero_si256();
    return Bits(_mm256_cmpeq_epi16(_mm256_min_epu16(LoadHalf(a), LoadHalf(b)), zero),
                _mm256_cmpeq_epi16(_mm256_min_epu16(LoadHalf(a + 32), LoadHalf(b + 32)), zero));
  }
  // The lanes of half a line that `lanes` names, all ones.
  MUSTER_KERNEL_INLINE static __m256i Lanes(uint32_t lanes) {
    const __m256i bit = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096,
                                          8192, 16384, static_cast<int16_t>(-32768));
    return _mm256_cmpeq_epi16(_mm256_and_si256(_mm256_set1_epi16(static_cast<int16_t>(lanes)), bit),
                              bit);
  }
  // Half a line, and each field's own value in that field's lanes.
  struct Half {
    __m256i line;
    __m256i before;  // the same, a lane earlier
    __m256i own;
  };
  // `straight` are the lanes that are met by the same lane.
  MUSTER_KERNEL_INLINE static __m256i HalfTypos(const Half& a, const Half& b, uint32_t straight,
                                                uint32_t cut, uint32_t shifted) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i in_a = _mm256_or_si256(
        _mm256_or_si256(_mm256_and_si256(Lanes(straight), _mm256_cmpeq_epi16(a.line, b.line)),
                        _mm256_and_si256(Lanes(cut), _mm256_cmpeq_epi16(a.line, b.own))),
        _mm256_and_si256(Lanes(shifted), _mm256_cmpeq_epi16(a.line, b.before)));
    const __m256i in_b =
        _mm256_or_si256(_mm256_and_si256(Lanes(cut), _mm256_cmpeq_epi16(b.line, a.own)),
                        _mm256_and_si256(Lanes(shifted), _mm256_cmpeq_epi16(b.line, a.before)));
    return _mm256_or_si256(_mm256_andnot_si256(_mm256_cmpeq_epi16(a.line, zero), in_a),
                           _mm256_andnot_si256(_mm256_cmpeq_epi16(b.line, zero), in_b));
  }
  MUSTER_KERNEL_INLINE static __m256i Spread(const char* line, unsigned lane) {
    int16_t own = 0;
    std::memcpy(&own, line + 2 * lane, sizeof own);
    return _mm256_set1_epi16(own);
  }
  MUSTER_KERNEL_INLINE static uint32_t Typos(const char* a, const char* b) {
    const __m256i last_a = Spread(a, kLastTypos);
    const __m256i last_b = Spread(b, kLastTypos);
    // Lanes 0 to 11 are the first name's, 12 to 23 the last name's, the rest the street's.
    const Half a_low = {LoadHalf(a), LoadHalf(a - 2),
                        _mm256_blend_epi32(Spread(a, kFirstTypos), last_a, 0xc0)};
    const Half b_low = {LoadHalf(b), LoadHalf(b - 2),
                        _mm256_blend_epi32(Spread(b, kFirstTypos), last_b, 0xc0)};
    const Half a_high = {LoadHalf(a + 32), LoadHalf(a + 30),
                         _mm256_blend_epi32(last_a, Spread(a, kStreetTypos), 0xf0)};
    const Half b_high = {LoadHalf(b + 32), LoadHalf(b + 30),
                         _mm256_blend_epi32(last_b, Spread(b, kStreetTypos), 0xf0)};
    constexpr uint32_t kStraight = kCutLanes | kPrefixLanes;
    return Bits(HalfTypos(a_low, b_low, kStraight, kCutLanes, kShiftedLanes),
                HalfTypos(a_high, b_high, kStraight >> 16, kCutLanes >> 16, kShiftedLanes >> 16));
  }
};

}  // namespace

void CandidatesAvx2(const token::Sketch* left, const token::Sketch* right,
                    const Candidate* candidates, size_t count, Pattern* out) {
  Candidates<Avx2>(left, right, candidates, count, out);
}

void OneAvx2(const token::Sketch& one, const token::Sketch* many, size_t count, Pattern* out) {
  One<Avx2>(one, many, count, out);
}

}  // namespace muster::match::kernel
#endif
