// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/short_hash.h"

#include <catch2/catch.hpp>
#include <string>

namespace muster {
namespace {

crypto::SecretBytes Counting() {
  crypto::SecretBytes key = crypto::SecretBytes::Zeroed(crypto::kShortHashKeyBytes);
  for (size_t i = 0; i < crypto::kShortHashKeyBytes; ++i)
    key.MutableExposeSecret()[i] = static_cast<uint8_t>(i);
  return key;
}

TEST_CASE("ShortHash: gives the values of the SipHash-2-4 paper and reference code", "[crypto]") {
  // Key 00 01 .. 0f, message 00 01 .. of the given length.
  const struct {
    size_t size;
    uint64_t hash;
  } kVectors[] = {
      {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {2, 0x0d6c8009d9a94f5a},
      {3, 0x85676696d7fb7e2d}, {15, 0xa129ca6149be45e5},
  };
  const crypto::SecretBytes key = Counting();
  for (const auto& vector : kVectors) {
    std::string message;
    for (size_t i = 0; i < vector.size; ++i) message.push_back(static_cast<char>(i));
    INFO(vector.size);
    CHECK(crypto::ShortHash(key, message) == vector.hash);
  }
}

TEST_CASE("ShortHash: another key, another hash", "[crypto]") {
  CHECK(crypto::ShortHash(Counting(), "ADA") !=
        crypto::ShortHash(crypto::SecretBytes::Zeroed(crypto::kShortHashKeyBytes), "ADA"));
}

}  // namespace
}  // namespace muster
