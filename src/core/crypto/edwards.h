// SPDX-License-Identifier: Apache-2.0
//
// Edwards: arithmetic on the curve of Ed25519 with public points and scalars, for checking many
// signatures at once (signature_batch.h says why that is our own, and is the only user). It signs
// nothing and must not: time depends on the values.
//
// Field elements are five limbs of 51 bits; a product's limbs are below 2^52, sums and differences
// of two products may go into the next product as they are, without a carry.
// Threads: pure.
// Source: RFC 8032 §5.1; Hisil, Wong, Carter, Dawson, Twisted Edwards curves revisited (2008).
#ifndef MUSTER_CORE_CRYPTO_EDWARDS_H_
#define MUSTER_CORE_CRYPTO_EDWARDS_H_

#include <array>
#include <cstdint>
#include <optional>

#include "core/base/bytes.h"

namespace muster::crypto::edwards {

__extension__ typedef unsigned __int128 Wide;

inline constexpr uint64_t kLimbMask = (uint64_t{1} << 51) - 1;

struct Field {
  std::array<uint64_t, 5> limb{};
};

inline constexpr Field kZero{{0, 0, 0, 0, 0}};
inline constexpr Field kOne{{1, 0, 0, 0, 0}};
inline constexpr Field kD{
    {0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb, 0x52036cee2b6ff}};
inline constexpr Field k2D{
    {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff}};
inline constexpr Field kRootOfMinusOne{
    {0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e, 0x2b8324804fc1d}};

inline Field operator+(const Field& a, const Field& b) {
  Field out;
  for (size_t i = 0; i < 5; ++i) out.limb[i] = a.limb[i] + b.limb[i];
  return out;
}

// Four times p is added, so that limbs of b up to 2^53 leave nothing negative.
inline Field operator-(const Field& a, const Field& b) {
  constexpr uint64_t k4PLow = 4 * (kLimbMask - 18);
  constexpr uint64_t k4P = 4 * kLimbMask;
  Field out;
  out.limb[0] = a.limb[0] + k4PLow - b.limb[0];
  for (size_t i = 1; i < 5; ++i) out.limb[i] = a.limb[i] + k4P - b.limb[i];
  return out;
}

[[gnu::always_inline]] inline Field Carry(Wide r0, Wide r1, Wide r2, Wide r3, Wide r4) {
  r1 += r0 >> 51;
  r2 += r1 >> 51;
  r3 += r2 >> 51;
  r4 += r3 >> 51;
  const Wide low = static_cast<Wide>(static_cast<uint64_t>(r0) & kLimbMask) + (r4 >> 51) * 19;
  return {{static_cast<uint64_t>(low) & kLimbMask,
           (static_cast<uint64_t>(r1) & kLimbMask) + static_cast<uint64_t>(low >> 51),
           static_cast<uint64_t>(r2) & kLimbMask, static_cast<uint64_t>(r3) & kLimbMask,
           static_cast<uint64_t>(r4) & kLimbMask}};
}

// Limbs up to 2^54.5.
[[gnu::always_inline]] inline Field operator*(const Field& x, const Field& y) {
  const auto& a = x.limb;
  const auto& b = y.limb;
  const uint64_t b1 = b[1] * 19, b2 = b[2] * 19, b3 = b[3] * 19, b4 = b[4] * 19;
  const auto mul = [](uint64_t u, uint64_t v) { return static_cast<Wide>(u) * v; };
  return Carry(
      mul(a[0], b[0]) + mul(a[1], b4) + mul(a[2], b3) + mul(a[3], b2) + mul(a[4], b1),
      mul(a[0], b[1]) + mul(a[1], b[0]) + mul(a[2], b4) + mul(a[3], b3) + mul(a[4], b2),
      mul(a[0], b[2]) + mul(a[1], b[1]) + mul(a[2], b[0]) + mul(a[3], b4) + mul(a[4], b3),
      mul(a[0], b[3]) + mul(a[1], b[2]) + mul(a[2], b[1]) + mul(a[3], b[0]) + mul(a[4], b4),
      mul(a[0], b[4]) + mul(a[1], b[3]) + mul(a[2], b[2]) + mul(a[3], b[1]) + mul(a[4], b[0]));
}

[[gnu::always_inline]] inline Field Square(const Field& x) {
  const auto& a = x.limb;
  const uint64_t a0 = a[0] * 2, a1 = a[1] * 2, a3 = a[3] * 19, a4 = a[4] * 19;
  const auto mul = [](uint64_t u, uint64_t v) { return static_cast<Wide>(u) * v; };
  return Carry(mul(a[0], a[0]) + mul(a1, a4) + mul(a[2] * 2, a3),
               mul(a0, a[1]) + mul(a[2] * 2, a4) + mul(a[3], a3),
               mul(a0, a[2]) + mul(a[1], a[1]) + mul(a[3] * 2, a4),
               mul(a0, a[3]) + mul(a1, a[2]) + mul(a[4], a4),
               mul(a0, a[4]) + mul(a1, a[3]) + mul(a[2], a[2]));
}

Field Squares(Field x, int times);
// The one encoding: 32 bytes, less than p.
Bytes32 Encode(const Field& x);
bool Equal(const Field& x, const Field& y);

// (X : Y : Z : T) with x = X/Z, y = Y/Z, xy = T/Z.
struct Point {
  Field x = kZero;
  Field y = kOne;
  Field z = kOne;
  Field t = kZero;
};

// A point with Z = 1 as additions like it.
struct Addend {
  Field y_plus_x;
  Field y_minus_x;
  Field xy2d;
};

Point Base();
// None unless the bytes are the one encoding of a point on the curve.
std::optional<Point> Decode(const Bytes32& bytes);
// Of a point with Z = 1.
bool HasSmallOrder(const Point& point);
Addend AddendOf(const Point& point);  // with Z = 1
inline Addend Negated(const Addend& a) { return {a.y_minus_x, a.y_plus_x, kZero - a.xy2d}; }
Point Negated(const Point& p);

inline Point Add(const Point& p, const Addend& q) {
  const Field a = (p.y - p.x) * q.y_minus_x;
  const Field b = (p.y + p.x) * q.y_plus_x;
  const Field c = p.t * q.xy2d;
  const Field d = p.z + p.z;
  const Field e = b - a, f = d - c, g = d + c, h = b + a;
  return {e * f, g * h, f * g, e * h};
}
Point Add(const Point& p, const Point& q);
Point Double(const Point& p);
// `scalar`: little-endian.
Point Times(const Point& p, const Bytes32& scalar);
bool IsIdentity(const Point& p);

}  // namespace muster::crypto::edwards

#endif  // MUSTER_CORE_CRYPTO_EDWARDS_H_
