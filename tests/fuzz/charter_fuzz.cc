// SPDX-License-Identifier: Apache-2.0
//
// The input is read as a charter's TOML. Terms that are taken are in range, and are written and
// read back the same.
#include <cstdint>

#include "core/base/check.h"
#include "core/governance/charter.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster::governance;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto terms = ParseTerms(text, DefaultTerms());
  if (!terms.ok()) return 0;
  MUSTER_CHECK(CheckTerms(*terms).ok());
  const auto again = ParseTerms(FormatTerms(*terms), DefaultTerms());
  MUSTER_CHECK(again.ok() && CompareTerms(*terms, *again).empty());
  return 0;
}
