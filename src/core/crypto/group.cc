// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/group.h"

#include <sodium.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/error.h"

namespace muster::crypto {

absl::StatusOr<Point> ParsePoint(std::string_view raw32) {
  Init();
  const auto bytes = ToArray<32>(raw32);
  if (!bytes || crypto_core_ristretto255_is_valid_point(bytes->data()) != 1) {
    return MakeError(v1::KEY_MALFORMED, "not the canonical encoding of a ristretto255 element");
  }
  if (sodium_is_zero(bytes->data(), bytes->size()) == 1) {
    return MakeError(v1::KEY_LOW_ORDER, "the identity is no ristretto255 key");
  }
  return Point{*bytes};
}

absl::StatusOr<Point> Add(const Point& a, const Point& b) {
  Init();
  Point sum;
  if (crypto_core_ristretto255_add(sum.bytes.data(), a.bytes.data(), b.bytes.data()) != 0)
    return MakeError(v1::KEY_MALFORMED, "not the canonical encoding of a ristretto255 element");
  if (sodium_is_zero(sum.bytes.data(), sum.bytes.size()) == 1)
    return MakeError(v1::KEY_LOW_ORDER, "the sum is the identity");
  return sum;
}

Scalar Scalar::Random() {
  Init();
  Scalar scalar;
  scalar.raw_ = SecretBytes::Zeroed(crypto_core_ristretto255_SCALARBYTES);
  crypto_core_ristretto255_scalar_random(scalar.raw_.MutableExposeSecret().data());  // never zero
  return scalar;
}

absl::StatusOr<Scalar> Scalar::FromBytes(const SecretBytes& raw32) {
  Init();
  bool canonical = raw32.size() == crypto_core_ristretto255_SCALARBYTES;
  if (canonical) {
    SecretBytes wide = SecretBytes::Zeroed(crypto_core_ristretto255_NONREDUCEDSCALARBYTES);
    SecretBytes reduced = SecretBytes::Zeroed(crypto_core_ristretto255_SCALARBYTES);
    std::copy(raw32.ExposeSecret().begin(), raw32.ExposeSecret().end(),
              wide.MutableExposeSecret().begin());
    crypto_core_ristretto255_scalar_reduce(reduced.MutableExposeSecret().data(),
                                           wide.ExposeSecret().data());
    canonical = reduced == raw32 && sodium_is_zero(raw32.ExposeSecret().data(), raw32.size()) == 0;
  }
  if (!canonical) {
    return MakeError(v1::KEY_MALFORMED, "not a canonical ristretto255 scalar other than zero");
  }
  Scalar scalar;
  scalar.raw_ = raw32.Clone();
  return scalar;
}

Scalar Scalar::Of(uint8_t number) {
  Init();
  MUSTER_CHECK(number != 0);
  Scalar scalar;
  scalar.raw_ = SecretBytes::Zeroed(crypto_core_ristretto255_SCALARBYTES);
  scalar.raw_.MutableExposeSecret()[0] = number;
  return scalar;
}

Scalar Scalar::Clone() const {
  Scalar scalar;
  scalar.raw_ = raw_.Clone();
  return scalar;
}

Scalar Scalar::Plus(const Scalar& other) const {
  Scalar sum = Clone();
  crypto_core_ristretto255_scalar_add(sum.raw_.MutableExposeSecret().data(),
                                      raw_.ExposeSecret().data(), other.raw_.ExposeSecret().data());
  return sum;
}

Scalar Scalar::Minus(const Scalar& other) const {
  Scalar difference = Clone();
  crypto_core_ristretto255_scalar_sub(difference.raw_.MutableExposeSecret().data(),
                                      raw_.ExposeSecret().data(), other.raw_.ExposeSecret().data());
  return difference;
}

Scalar Scalar::Times(const Scalar& other) const {
  Scalar product = Clone();
  crypto_core_ristretto255_scalar_mul(product.raw_.MutableExposeSecret().data(),
                                      raw_.ExposeSecret().data(), other.raw_.ExposeSecret().data());
  return product;
}

Scalar Scalar::Inverse() const {
  Scalar inverse = Clone();
  MUSTER_CHECK(crypto_core_ristretto255_scalar_invert(inverse.raw_.MutableExposeSecret().data(),
                                                      raw_.ExposeSecret().data()) == 0);
  return inverse;
}

Point Scalar::TimesBase() const {
  Point product;
  MUSTER_CHECK(
      crypto_scalarmult_ristretto255_base(product.bytes.data(), raw_.ExposeSecret().data()) == 0);
  return product;
}

absl::StatusOr<Point> Scalar::Times(const Point& point) const {
  Point product;
  if (crypto_scalarmult_ristretto255(product.bytes.data(), raw_.ExposeSecret().data(),
                                     point.bytes.data()) != 0) {
    return MakeError(v1::KEY_LOW_ORDER, "not a ristretto255 element of which a secret can be made");
  }
  return product;
}

}  // namespace muster::crypto
