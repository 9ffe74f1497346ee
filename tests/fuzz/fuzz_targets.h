// SPDX-License-Identifier: Apache-2.0
//
// The fuzz targets of this program, by name: a table that the build writes out of the targets that
// CMakeLists.txt lists.
#ifndef MUSTER_TESTS_FUZZ_FUZZ_TARGETS_H_
#define MUSTER_TESTS_FUZZ_FUZZ_TARGETS_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace muster::fuzz {

struct Target {
  const char* name;
  int (*run)(const uint8_t* data, size_t size);  // as libFuzzer calls it
};

extern const std::span<const Target> kTargets;

}  // namespace muster::fuzz

#endif  // MUSTER_TESTS_FUZZ_FUZZ_TARGETS_H_
