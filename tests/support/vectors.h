// SPDX-License-Identifier: Apache-2.0
//
// Published vectors: tests/testdata/vectors as JSON, and bytes out of hex and base64.
#ifndef MUSTER_TESTS_SUPPORT_VECTORS_H_
#define MUSTER_TESTS_SUPPORT_VECTORS_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/file.h"
#include "tests/support/status.h"

namespace muster::testing {

inline std::filesystem::path VectorsPath(std::string_view name) {
  return std::filesystem::path(MUSTER_TESTDATA) / "vectors" / name;
}

inline nlohmann::json ReadJson(const std::filesystem::path& path) {
  return nlohmann::json::parse(Must(ReadFile(path)));
}

inline nlohmann::json ReadVectors(std::string_view name) { return ReadJson(VectorsPath(name)); }

inline std::string Unhex(std::string_view hex) {
  auto bytes = HexDecode(hex);
  REQUIRE(bytes.has_value());
  return *bytes;
}

inline Bytes32 Unhex32(std::string_view hex) {
  auto bytes = ToArray<32>(Unhex(hex));
  REQUIRE(bytes.has_value());
  return *bytes;
}

// A copy with one bit of one byte turned over.
inline std::string Flipped(std::string_view bytes, size_t at, int bit = 0) {
  std::string copy(bytes);
  copy.at(at) = static_cast<char>(copy.at(at) ^ (1 << bit));
  return copy;
}

}  // namespace muster::testing

#endif  // MUSTER_TESTS_SUPPORT_VECTORS_H_
