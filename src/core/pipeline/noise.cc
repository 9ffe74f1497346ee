// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/noise.h"

#include <limits>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "core/crypto/secret_bytes.h"

namespace muster::pipeline {
namespace {

// Uniform below `end`: what would favour low numbers is drawn again.
uint64_t Below(uint64_t end, const RandomBits& random) {
  const uint64_t whole = std::numeric_limits<uint64_t>::max() / end * end;
  uint64_t drawn = random();
  while (drawn >= whole) drawn = random();
  return drawn % end;
}

bool OneIn(uint64_t part, uint64_t of, const RandomBits& random) {
  return Below(of, random) < part;
}

// True with probability exp(-part / of), part <= of.
bool DrawExp(uint64_t part, uint64_t of, const RandomBits& random) {
  uint64_t k = 1;
  while (OneIn(part, of * k, random)) ++k;
  return k % 2 == 1;
}

}  // namespace

RandomBits SecureRandomBits() {
  return [] {
    uint64_t bits = 0;
    for (const uint8_t byte : crypto::RandomArray<8>()) bits = bits << 8 | byte;
    return bits;
  };
}

int64_t DrawDiscreteLaplace(uint32_t scale, const RandomBits& random) {
  MUSTER_CHECK(scale >= 1);
  while (true) {
    const uint64_t low = Below(scale, random);
    if (!DrawExp(low, scale, random)) continue;
    uint64_t high = 0;
    while (DrawExp(1, 1, random)) ++high;
    const auto size = static_cast<int64_t>(low + scale * high);
    const bool negative = OneIn(1, 2, random);
    if (negative && size == 0) continue;
    return negative ? -size : size;
  }
}

}  // namespace muster::pipeline
