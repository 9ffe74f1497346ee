// SPDX-License-Identifier: Apache-2.0
//
// The TOML of a layout: read, or refused as malformed; never a crash.
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/ingest/voter_layout.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;  // NOLINT: one function, no header
  const std::string toml(reinterpret_cast<const char*>(data), size);
  const auto layout = ingest::ParseVoterLayout(toml, "fuzz.toml");
  if (!layout.ok()) {
    MUSTER_CHECK(ReasonOf(layout.status()) == v1::LAYOUT_MALFORMED);
    return 0;
  }
  const ingest::FileLayout& file = layout->voters;
  MUSTER_CHECK(file.RuleFor(contact::Field::kVoterFileId) != nullptr);
  for (const ingest::FieldRule& rule : file.fields) {
    for (const uint16_t column : rule.columns) MUSTER_CHECK(column < file.columns.size());
  }
  return 0;
}
