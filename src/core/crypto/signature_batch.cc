// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/signature_batch.h"

// As in merkle.cc: the calls with the state on the stack.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <sodium.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/check.h"
#include "core/crypto/edwards.h"

namespace muster::crypto {
namespace {

using edwards::Addend;
using edwards::Point;

constexpr Bytes32 kOrder = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                            0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                            0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
constexpr int kFactorBits = 127;
constexpr int kWindowBitsMax = 12;
// Of so many points, each is looked at by itself whether it has a part of small order.
constexpr size_t kSinglyMax = 64;
// Of more, a point that has one is missed with a chance of 2^-kDoubtBits at most.
constexpr int kDoubtBits = 64;

bool IsBelowOrder(const Bytes32& s) {
  return std::lexicographical_compare(s.rbegin(), s.rend(), kOrder.rbegin(), kOrder.rend());
}

Bytes32 Product(const Bytes32& a, const Bytes32& b) {
  Bytes32 out;
  crypto_core_ed25519_scalar_mul(out.data(), a.data(), b.data());
  return out;
}

void AddTo(Bytes32& sum, const Bytes32& b) {
  Bytes32 out;
  crypto_core_ed25519_scalar_add(out.data(), sum.data(), b.data());
  sum = out;
}

// Factor i in signed digits of `bits` bits, least first: digit d stands for -2^(bits-1) <= d <=
// 2^(bits-1).
class Digits {
 public:
  Digits(const std::vector<Bytes32>& factors, int bits)
      : count_(static_cast<size_t>((kFactorBits + bits) / bits)), digits_(factors.size() * count_) {
    const int half = 1 << (bits - 1);
    for (size_t i = 0; i < factors.size(); ++i) {
      uint64_t words[3] = {};
      std::memcpy(words, factors[i].data(), 16);
      int carry = 0;
      for (size_t w = 0; w < count_; ++w) {
        const size_t at = w * static_cast<size_t>(bits);
        uint64_t chunk = 0;
        if (at < 128) {
          chunk = words[at / 64] >> (at % 64);
          if (at % 64 != 0) chunk |= words[at / 64 + 1] << (64 - at % 64);
        }
        int digit = static_cast<int>(chunk & ((uint64_t{1} << bits) - 1)) + carry;
        carry = digit > half ? 1 : 0;
        digits_[i * count_ + w] = static_cast<int16_t>(digit - carry * (1 << bits));
      }
    }
  }
  size_t count() const { return count_; }
  int Of(size_t factor, size_t window) const { return digits_[factor * count_ + window]; }

 private:
  size_t count_;
  std::vector<int16_t> digits_;
};

// What SumOfMultiples adds up on its way: sum() is the whole, and each of parts() the sum of a part
// of the points, drawn at random with random signs, as the factors are.
struct Sums {
  Point sum;
  std::vector<Point> parts;
};

// sum(factors[i] * points[i]), after Pippenger: in each window of the factors, points with one
// digit are summed first; then those whose digit has a bit, bit by bit. The sums of the lowest
// windows are kept: as many as leave, for any one point, a chance of 2^-kDoubtBits at most that it
// tells on none of them.
Sums SumOfMultiples(const std::vector<Addend>& points, const std::vector<Bytes32>& factors) {
  const int bits =
      std::clamp(static_cast<int>(std::bit_width(points.size())) - 3, 3, kWindowBitsMax);
  const Digits digits(factors, bits);
  // A digit of a full window is any of 2^bits with the same chance, whatever the lower windows are;
  // what it adds to each bit's sum tells its amount, which two of them share.
  const auto kept = static_cast<size_t>((kDoubtBits + bits - 2) / (bits - 1));
  MUSTER_CHECK(kept < digits.count());
  const size_t half = size_t{1} << (bits - 1);
  std::vector<Point> buckets(half + 1);  // by amount; 0 is not used
  Sums out;
  for (size_t window = digits.count(); window-- > 0;) {
    std::fill(buckets.begin(), buckets.end(), Point());
    for (size_t i = 0; i < points.size(); ++i) {
      const int digit = digits.Of(i, window);
      if (digit == 0) continue;
      Point& bucket = buckets[static_cast<size_t>(digit < 0 ? -digit : digit)];
      bucket = edwards::Add(bucket, digit < 0 ? edwards::Negated(points[i]) : points[i]);
    }
    const auto take = [&](const Point& of_bit) {
      out.sum = edwards::Add(edwards::Double(out.sum), of_bit);
      if (window < kept) out.parts.push_back(of_bit);
    };
    // From the highest bit down: sum those that have it, then count them with those that are the
    // same but for it.
    take(buckets[half]);
    for (size_t bit = half / 2; bit > 0; bit /= 2) {
      Point of_bit = buckets[bit];
      for (size_t k = bit + 1; k < 2 * bit; ++k) {
        of_bit = edwards::Add(of_bit, buckets[k]);
        buckets[k - bit] = edwards::Add(buckets[k - bit], buckets[k]);
      }
      take(of_bit);
    }
  }
  return out;
}

// Whether the group's order takes it to the identity: it has no part of small order.
bool IsOfPrimeOrder(const Point& point) {
  return edwards::IsIdentity(edwards::Times(point, kOrder));
}

}  // namespace

void SignatureBatch::Add(const VerifyKey& key, std::string_view purpose, std::string_view message,
                         std::string_view signature64) {
  const auto signature = ToArray<64>(signature64);
  if (!signature.has_value()) {
    malformed_ = true;
    return;
  }
  Item item;
  std::copy_n(signature->begin(), 32, item.r.begin());
  std::copy_n(signature->begin() + 32, 32, item.s.begin());
  malformed_ = malformed_ || !IsBelowOrder(item.s);
  const auto [it, added] = key_numbers_.try_emplace(key, keys_.size());
  if (added) keys_.push_back(key);
  item.key = it->second;
  SHA512_CTX state;
  SHA512_Init(&state);
  SHA512_Update(&state, item.r.data(), item.r.size());
  SHA512_Update(&state, key.bytes.data(), key.bytes.size());
  SHA512_Update(&state, purpose.data(), purpose.size());
  SHA512_Update(&state, message.data(), message.size());
  Bytes64 hash;
  SHA512_Final(hash.data(), &state);
  crypto_core_ed25519_scalar_reduce(item.h.data(), hash.data());
  items_.push_back(item);
}

bool SignatureBatch::Verify() const {
  if (malformed_) return false;
  if (items_.empty()) return true;
  Init();
  std::vector<Bytes32> factors(items_.size());
  std::string random(items_.size() * 16, '\0');
  randombytes_buf(random.data(), random.size());
  std::vector<Addend> points;
  points.reserve(items_.size());
  const bool singly = items_.size() <= kSinglyMax;
  std::vector<Bytes32> of_keys(keys_.size());
  Bytes32 of_base{};
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    std::memcpy(factors[i].data(), random.data() + i * 16, 16);
    factors[i][15] &= 0x7F;
    const auto r = edwards::Decode(item.r);
    if (!r.has_value() || edwards::HasSmallOrder(*r)) return false;
    if (singly && !IsOfPrimeOrder(*r)) return false;
    points.push_back(edwards::AddendOf(*r));
    AddTo(of_base, Product(factors[i], item.s));
    AddTo(of_keys[item.key], Product(factors[i], item.h));
  }
  const Sums sums = SumOfMultiples(points, factors);
  if (!singly && !std::all_of(sums.parts.begin(), sums.parts.end(), IsOfPrimeOrder)) return false;
  Point sum = sums.sum;
  for (size_t i = 0; i < keys_.size(); ++i) {
    const auto key = edwards::Decode(keys_[i].bytes);
    if (!key.has_value()) return false;
    sum = edwards::Add(sum, edwards::Times(*key, of_keys[i]));
  }
  sum = edwards::Add(sum, edwards::Times(edwards::Negated(edwards::Base()), of_base));
  return edwards::IsIdentity(sum);
}

}  // namespace muster::crypto
