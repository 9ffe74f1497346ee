// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/edwards.h"

namespace muster::crypto::edwards {
namespace {

uint64_t Load64(const Bytes32& bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = 8; i-- > 0;) value = value << 8 | bytes[at + i];
  return value;
}

// x^((p - 5) / 8) = x^(2^252 - 3).
Field RootPower(const Field& x) {
  const Field x2 = Square(x);
  const Field x9 = Squares(x2, 2) * x;
  const Field x11 = x9 * x2;
  const Field e5 = Square(x11) * x9;  // x^(2^5 - 1)
  const Field e10 = Squares(e5, 5) * e5;
  const Field e20 = Squares(e10, 10) * e10;
  const Field e40 = Squares(e20, 20) * e20;
  const Field e50 = Squares(e40, 10) * e10;
  const Field e100 = Squares(e50, 50) * e50;
  const Field e200 = Squares(e100, 100) * e100;
  const Field e250 = Squares(e200, 50) * e50;
  return Squares(e250, 2) * x;
}

}  // namespace

Field Squares(Field x, int times) {
  for (int i = 0; i < times; ++i) x = Square(x);
  return x;
}

Bytes32 Encode(const Field& x) {
  // A product's form first, then the one value below p: q is 1 when the value is p or more.
  auto limb = (x * kOne).limb;
  uint64_t q = (limb[0] + 19) >> 51;
  for (size_t i = 1; i < 5; ++i) q = (limb[i] + q) >> 51;
  limb[0] += 19 * q;
  for (size_t i = 0; i < 4; ++i) {
    limb[i + 1] += limb[i] >> 51;
    limb[i] &= kLimbMask;
  }
  limb[4] &= kLimbMask;
  const uint64_t words[4] = {limb[0] | limb[1] << 51, limb[1] >> 13 | limb[2] << 38,
                             limb[2] >> 26 | limb[3] << 25, limb[3] >> 39 | limb[4] << 12};
  Bytes32 out;
  for (size_t i = 0; i < 32; ++i) out[i] = static_cast<uint8_t>(words[i / 8] >> (i % 8 * 8));
  return out;
}

bool Equal(const Field& x, const Field& y) { return Encode(x) == Encode(y); }

Point Base() {
  const Field x{
      {0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5}};
  const Field y{
      {0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333, 0x6666666666666}};
  return {x, y, kOne, x * y};
}

std::optional<Point> Decode(const Bytes32& bytes) {
  Bytes32 y_bytes = bytes;
  y_bytes[31] &= 0x7F;
  const bool odd = (bytes[31] & 0x80) != 0;
  const uint64_t w0 = Load64(y_bytes, 0), w1 = Load64(y_bytes, 8), w2 = Load64(y_bytes, 16),
                 w3 = Load64(y_bytes, 24);
  const Field y{{w0 & kLimbMask, (w0 >> 51 | w1 << 13) & kLimbMask,
                 (w1 >> 38 | w2 << 26) & kLimbMask, (w2 >> 25 | w3 << 39) & kLimbMask, w3 >> 12}};
  if (Encode(y) != y_bytes) return std::nullopt;
  const Field y2 = Square(y);
  const Field u = (y2 - kOne) * kOne;
  const Field v = y2 * kD + kOne;
  const Field v3 = Square(v) * v;
  Field x = RootPower(u * (Square(v3) * v)) * v3 * u;
  const Field check = Square(x) * v;
  if (!Equal(check, u)) {
    if (!Equal(check, kZero - u)) return std::nullopt;
    x = x * kRootOfMinusOne;
  }
  const Bytes32 x_bytes = Encode(x);
  if (((x_bytes[0] & 1) != 0) != odd) {
    if (x_bytes == Bytes32{}) return std::nullopt;  // -0 is no encoding
    x = (kZero - x) * kOne;
  }
  return Point{x, y, kOne, x * y};
}

bool HasSmallOrder(const Point& point) {
  // Of order 1 and 2: x = 0. Of order 4: y = 0. Of order 8: x^2 = -y^2.
  const Bytes32 zero{};
  return Encode(point.t) == zero || Encode(Square(point.x) + Square(point.y)) == zero;
}

Addend AddendOf(const Point& point) {
  return {point.y + point.x, point.y - point.x, point.t * k2D};
}

Point Negated(const Point& p) { return {(kZero - p.x) * kOne, p.y, p.z, (kZero - p.t) * kOne}; }

Point Add(const Point& p, const Point& q) {
  const Field a = (p.y - p.x) * (q.y - q.x);
  const Field b = (p.y + p.x) * (q.y + q.x);
  const Field c = p.t * k2D * q.t;
  const Field d = p.z * (q.z + q.z);
  const Field e = b - a, f = d - c, g = d + c, h = b + a;
  return {e * f, g * h, f * g, e * h};
}

Point Double(const Point& p) {
  const Field a = Square(p.x);
  const Field b = Square(p.y);
  const Field zz = Square(p.z);
  const Field e = Square(p.x + p.y) - (a + b);
  const Field g = b - a;
  const Field f = (g - (zz + zz)) * kOne;
  const Field h = kZero - (a + b);
  return {e * f, g * h, f * g, e * h};
}

Point Times(const Point& p, const Bytes32& scalar) {
  std::array<Point, 16> multiples;
  for (size_t i = 1; i < 16; ++i) multiples[i] = Add(multiples[i - 1], p);
  Point sum;
  for (size_t i = 64; i-- > 0;) {
    for (int k = 0; k < 4; ++k) sum = Double(sum);
    const unsigned digit = (scalar[i / 2] >> (i % 2 * 4)) & 15;
    if (digit != 0) sum = Add(sum, multiples[digit]);
  }
  return sum;
}

bool IsIdentity(const Point& p) { return Encode(p.x) == Bytes32{} && Equal(p.y, p.z); }

}  // namespace muster::crypto::edwards
