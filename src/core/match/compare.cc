// SPDX-License-Identifier: Apache-2.0
#include "core/match/compare.h"

#include "core/base/check.h"
#include "core/match/compare_kernel.h"

namespace muster::match {
namespace kernel {
namespace {

// Plain C++; the compiler makes of it what the target has.
struct Portable {
  static uint16_t Lane(const char* line, unsigned i) {
    uint16_t lane = 0;
    std::memcpy(&lane, line + 2 * i, sizeof lane);
    return lane;
  }
  static uint32_t Equal(const char* a, const char* b) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < 32; ++i) bits |= (Lane(a, i) == Lane(b, i) ? 1u : 0u) << i;
    return bits;
  }
  static uint32_t Missing(const char* a, const char* b) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < 32; ++i) bits |= (Lane(a, i) == 0 || Lane(b, i) == 0 ? 1u : 0u) << i;
    return bits;
  }
  static uint32_t Typos(const char* a, const char* b) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < 32; ++i) {
      if ((kPrefixLanes >> i & 1u) != 0) {
        bits |= (Lane(a, i) != 0 && Lane(a, i) == Lane(b, i) ? 1u : 0u) << i;
        continue;
      }
      if ((kCutLanes >> i & 1u) == 0) continue;
      const unsigned own = i < kLastTypos     ? kFirstTypos
                           : i < kStreetTypos ? kLastTypos
                                              : kStreetTypos;
      const uint16_t in_a = Lane(a, i);
      const uint16_t in_b = Lane(b, i);
      bool typo = in_a != 0 && (in_a == in_b || in_a == Lane(b, own));
      typo |= in_b != 0 && in_b == Lane(a, own);
      if ((kShiftedLanes >> i & 1u) != 0) {
        typo |= in_a != 0 && in_a == Lane(b, i - 1);
        typo |= in_b != 0 && in_b == Lane(a, i - 1);
      }
      bits |= (typo ? 1u : 0u) << i;
    }
    return bits;
  }
  static uint32_t Turned(const char* a, const char* b) {
    const auto met = [&](unsigned i, unsigned j) {
      return Lane(a, i) != 0 && Lane(a, i) == Lane(b, j);
    };
    uint32_t bits = 0;
    for (unsigned i = 0; i < token::kFormalNames; ++i) {
      for (unsigned turn = 1; turn < token::kFormalNames; ++turn) {
        if (met(kFormalNames + i, kFormalNames + (i + turn) % token::kFormalNames))
          bits |= TurnedLanes(kFormalNames + i, 1);
      }
    }
    if (met(kLastParts, kLastParts + 1)) bits |= TurnedLanes(kLastParts, 1);
    if (met(kLastParts + 1, kLastParts)) bits |= TurnedLanes(kLastParts + 1, 1);
    if (met(kMonth, kDay)) bits |= kTurnedMonth;
    if (met(kDay, kMonth)) bits |= kTurnedDay;
    return bits;
  }
  static uint32_t Crossed(const char* a, const char* b) {
    uint32_t names_a[2];
    uint32_t names_b[2];
    std::memcpy(names_a, a, sizeof names_a);
    std::memcpy(names_b, b, sizeof names_b);
    return (names_a[0] != 0 && names_a[0] == names_b[1] ? kCrossedFirst : 0) |
           (names_a[1] != 0 && names_a[1] == names_b[0] ? kCrossedLast : 0);
  }
};

}  // namespace

void CandidatesPortable(const token::Sketch* left, const token::Sketch* right,
                        const Candidate* candidates, size_t count, Pattern* out) {
  Candidates<Portable>(left, right, candidates, count, out);
}

void OnePortable(const token::Sketch& one, const token::Sketch* many, size_t count, Pattern* out) {
  One<Portable>(one, many, count, out);
}

}  // namespace kernel

std::string_view KernelName(Kernel kernel) {
  switch (kernel) {
    case Kernel::kPortable:
      return "portable";
    case Kernel::kAvx2:
      return "avx2";
    case Kernel::kAvx512:
      return "avx512";
  }
  return "";
}

bool IsSupported(Kernel kernel) {
#if defined(__x86_64__)
  switch (kernel) {
    case Kernel::kPortable:
      return true;
    case Kernel::kAvx2:
      return __builtin_cpu_supports("avx2") != 0;
    case Kernel::kAvx512:
      return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  }
  return false;
#else
  return kernel == Kernel::kPortable;
#endif
}

Kernel BestKernel() {
  static const Kernel best = IsSupported(Kernel::kAvx512) ? Kernel::kAvx512
                             : IsSupported(Kernel::kAvx2) ? Kernel::kAvx2
                                                          : Kernel::kPortable;
  return best;
}

void CompareCandidates(const token::Sketch* left, const token::Sketch* right,
                       std::span<const Candidate> candidates, Pattern* out, Kernel kernel) {
  MUSTER_CHECK(IsSupported(kernel));
#if defined(__x86_64__)
  if (kernel == Kernel::kAvx512)
    return kernel::CandidatesAvx512(left, right, candidates.data(), candidates.size(), out);
  if (kernel == Kernel::kAvx2)
    return kernel::CandidatesAvx2(left, right, candidates.data(), candidates.size(), out);
#endif
  kernel::CandidatesPortable(left, right, candidates.data(), candidates.size(), out);
}

void CompareOne(const token::Sketch& one, std::span<const token::Sketch> many, Pattern* out,
                Kernel kernel) {
  MUSTER_CHECK(IsSupported(kernel));
#if defined(__x86_64__)
  if (kernel == Kernel::kAvx512) return kernel::OneAvx512(one, many.data(), many.size(), out);
  if (kernel == Kernel::kAvx2) return kernel::OneAvx2(one, many.data(), many.size(), out);
#endif
  kernel::OnePortable(one, many.data(), many.size(), out);
}

}  // namespace muster::match
