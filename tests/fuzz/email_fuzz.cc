// SPDX-License-Identifier: Apache-2.0
//
// The text of an address, and of a telephone number: what is accepted comes out in a form that is
// accepted unchanged.
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/contact/identifier.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;  // NOLINT: one function, no header
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto email = contact::ParseEmail(text);
  if (email.ok()) {
    const std::string form = email->Text();
    MUSTER_CHECK(form.size() <= contact::kEmailBytesMax && email->local.size() <= 64);
    MUSTER_CHECK(contact::IsAscii(email->domain) && contact::IsUtf8(form));
    MUSTER_CHECK(contact::TrimSpace(form) == form);
    const auto again = contact::ParseEmail(form);
    MUSTER_CHECK(again.ok() && again->Text() == form);
  } else {
    MUSTER_CHECK(ReasonOf(email.status()) != v1::ERROR_REASON_UNSPECIFIED);
  }
  for (const char* region : {"US", "GB"}) {
    const auto phone = contact::ParsePhone(text, region);
    if (!phone.ok()) continue;
    MUSTER_CHECK(phone->size() >= 5 && phone->size() <= 16 && phone->front() == '+');
    const auto again = contact::ParsePhone(*phone, region);
    MUSTER_CHECK(again.ok() && *again == *phone);
  }
  if (contact::IsUtf8(text)) {
    const std::string nfc = contact::ToNfc(text);
    MUSTER_CHECK(contact::ToNfc(nfc) == nfc);
  }
  return 0;
}
