// SPDX-License-Identifier: Apache-2.0
//
// ParseAddress and NormalizeStreet: any bytes give uppercase ASCII parts of bounded size.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/token/address.h"

namespace {

void Expect(bool holds) {
  if (!holds) std::abort();
}

void ExpectPlain(const std::string& part) {
  Expect(part.size() <= 3 * muster::token::kAddressLineBytesMax);
  for (const char c : part) {
    Expect((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" -/.#").find(c) != std::string_view::npos);
  }
}

void ExpectPlain(const muster::token::AddressParts& parts) {
  ExpectPlain(parts.house_number);
  ExpectPlain(parts.fraction);
  ExpectPlain(parts.pre_directional);
  ExpectPlain(parts.street);
  ExpectPlain(parts.street_type);
  ExpectPlain(parts.post_directional);
  ExpectPlain(parts.unit_type);
  ExpectPlain(parts.unit);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t cut = text.find('|');
  const std::string_view line1 = text.substr(0, cut);
  const std::string_view line2 =
      cut == std::string_view::npos ? std::string_view() : text.substr(cut + 1);
  muster::token::AddressParts parts;
  muster::token::ParseAddress(line1, line2, parts);
  ExpectPlain(parts);
  muster::token::AddressParts again;
  muster::token::ParseAddress(line1, line2, again);
  Expect(parts == again);
  muster::token::NormalizeStreet(text, parts);
  ExpectPlain(parts);
  return 0;
}
