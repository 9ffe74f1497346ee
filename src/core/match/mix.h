// SPDX-License-Identifier: Apache-2.0
//
// Mix: spreads the bits of a number whose bits are already secret hashes, for tables and join keys.
//
// Threads: pure.
// Source: Steele, Lea and Flood, Fast splittable pseudorandom number generators (2014): the
// finisher.
#ifndef MUSTER_CORE_MATCH_MIX_H_
#define MUSTER_CORE_MATCH_MIX_H_

#include <cstdint>

namespace muster::match {

constexpr uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace muster::match

#endif  // MUSTER_CORE_MATCH_MIX_H_
