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
// KEY_LOW_ORDER when the sum is the identity.
absl::StatusOr<Point> Add(const Point& a, const Point& b);

class Scalar {
 public:
  static Scalar Random();
  // A small public number, 1 or more.
  static Scalar Of(uint8_t number);
  static absl::StatusOr<Scalar> FromBytes(const SecretBytes& raw32);  // canonical and not zero
  const SecretBytes& raw() const { return raw_; }
  Point TimesBase() const;
  // Refuses (KEY_LOW_ORDER) when the product is the identity.
  absl::StatusOr<Point> Times(const Point& point) const;
  // Modulo the group's order, in constant time. Of random scalars the result is zero once in 2^252
  // times; nothing here meets that case.
  Scalar Plus(const Scalar& other) const;
  Scalar Minus(const Scalar& other) const;
  Scalar Times(const Scalar& other) const;
  Scalar Inverse() const;
  Scalar Clone() const;

 private:
  Scalar() = default;
  SecretBytes raw_;
};

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_GROUP_H_
