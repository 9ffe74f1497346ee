// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/short_hash.h"

#include <sodium.h>

#include "core/base/check.h"

namespace muster::crypto {

static_assert(crypto_shorthash_KEYBYTES == kShortHashKeyBytes);

uint64_t ShortHash(const SecretBytes& key16, std::string_view bytes) {
  MUSTER_CHECK(key16.size() == kShortHashKeyBytes);
  uint8_t out[crypto_shorthash_BYTES];
  crypto_shorthash(out, AsBytes(bytes).data(), bytes.size(), key16.ExposeSecret().data());
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof out; ++i) value |= uint64_t{out[i]} << (8 * i);
  return value;
}

}  // namespace muster::crypto
