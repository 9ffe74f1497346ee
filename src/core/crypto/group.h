// SPDX-License-Identifier: Apache-2.0
//
// ristretto255: the prime-order group in which a batch's DEK is held for the vault and the member
// together.
//
// Rule: points from outside enter through ParsePoint, which refuses non-canonical encodings and the
// identity (libsodium's own check accepts the identity). Scalars are secrets.
// Errors: INVALID_ARGUMENT (KEY_MALFORMED, KEY_LOW_ORDER).
// Threads: pure.
// Source: RFC 9496.
#ifndef MUSTER_CORE_CRYPTO_GROUP_H_
#define MUSTER_CORE_CRYPTO_GROUP_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/secret_bytes.h"

namespace muster::crypto {

struct Point {
  Bytes32 bytes{};
  auto operator<=>(const Point&) const = default;
};

absl::StatusOr<Point> ParsePoint(std::string_view raw32);

class Scalar {
 public:
  static Scalar Random();
  static absl::StatusOr<Scalar> FromBytes(const SecretBytes& raw32);  // canonical and not zero
  const SecretBytes& raw() const { return raw_; }
  Point TimesBase() const;
  // Refuses (KEY_LOW_ORDER) when the product is the identity.
  absl::StatusOr<Point> Times(const Point& point) const;

 private:
  Scalar() = default;
  SecretBytes raw_;
};

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_GROUP_H_
