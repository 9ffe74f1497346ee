// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a record: what decodes has one encoding, which is these bytes.
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/contact/contact.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;  // NOLINT: one function, no header
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  contact::ContactRecord record;
  const absl::Status status = contact::DecodeRecord(bytes, record);
  std::string again;
  if (!status.ok()) {
    MUSTER_CHECK(ReasonOf(status) == v1::RECORD_MALFORMED ||
                 ReasonOf(status) == v1::RECORD_TOO_LARGE);
    // Nothing of it is left behind.
    std::string empty;
    MUSTER_CHECK(contact::EncodeRecord(record, again).ok());
    MUSTER_CHECK(contact::EncodeRecord(contact::ContactRecord(), empty).ok());
    MUSTER_CHECK(again == empty);
    return 0;
  }
  MUSTER_CHECK(contact::EncodeRecord(record, again).ok());
  MUSTER_CHECK(again == bytes);
  return 0;
}
