// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/shares.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::crypto {
namespace {

constexpr uint8_t kVersion = 1;

absl::Status WrongShare(uint8_t index) {
  return MakeError(v1::SHARE_WRONG,
                   "share " + std::to_string(index) +
                       " is not the one that was committed to; its holder has another key, or "
                       "handed in something else",
                   {{"index", std::to_string(index)}});
}

// By Horner's rule; public numbers, but of one operation a step whatever they are.
Scalar ValueAt(std::span<const Scalar> coefficients, uint8_t index) {
  const Scalar x = Scalar::Of(index);
  Scalar value = coefficients.back().Clone();
  for (size_t j = coefficients.size() - 1; j-- > 0;) value = value.Times(x).Plus(coefficients[j]);
  return value;
}

// What the share at `index` is multiplied by: the product of j / (j - index) over the others.
Scalar WeightOf(uint8_t index, std::span<const Share> shares) {
  Scalar above = Scalar::Of(1);
  Scalar below = Scalar::Of(1);
  const Scalar own = Scalar::Of(index);
  for (const Share& other : shares) {
    if (other.index == index) continue;
    const Scalar x = Scalar::Of(other.index);
    above = above.Times(x);
    below = below.Times(x.Minus(own));
  }
  return above.Times(below.Inverse());
}

}  // namespace

SecretBytes EncodeShare(const Share& share) {
  SecretBytes bytes = SecretBytes::Zeroed(kShareBytes);
  const std::span<uint8_t> out = bytes.MutableExposeSecret();
  out[0] = kVersion;
  out[1] = share.index;
  const ByteView value = share.value.raw().ExposeSecret();
  std::copy(value.begin(), value.end(), out.begin() + 2);
  return bytes;
}

absl::StatusOr<Share> ParseShare(const SecretBytes& bytes) {
  const ByteView raw = bytes.ExposeSecret();
  if (raw.size() != kShareBytes || raw[0] != kVersion || raw[1] == 0 || raw[1] > kShareHoldersMax)
    return MakeError(v1::SHARE_MALFORMED, "not a share of this version");
  absl::StatusOr<Scalar> value = Scalar::FromBytes(SecretBytes::CopyOf(raw.subspan(2)));
  if (!value.ok()) return MakeError(v1::SHARE_MALFORMED, "a share that holds no canonical scalar");
  return Share{raw[1], *std::move(value)};
}

absl::StatusOr<ShareCommitments> ShareCommitments::Parse(std::span<const std::string> points) {
  if (points.empty() || points.size() > kShareHoldersMax) {
    return MakeError(v1::SPLIT_MALFORMED, "a split has 1 to " + std::to_string(kShareHoldersMax) +
                                              " commitments, as many as shares open it");
  }
  std::vector<Point> parsed;
  for (const std::string& point : points) {
    MUSTER_ASSIGN_OR_RETURN(const Point one, ParsePoint(point));
    parsed.push_back(one);
  }
  return ShareCommitments(std::move(parsed));
}

absl::Status ShareCommitments::Check(const Share& share) const {
  if (share.index == 0 || share.index > kShareHoldersMax) return WrongShare(share.index);
  const Scalar x = Scalar::Of(share.index);
  Point expected = points_.back();
  for (size_t j = points_.size() - 1; j-- > 0;) {
    absl::StatusOr<Point> next = x.Times(expected);
    if (next.ok()) next = Add(*next, points_[j]);
    // Commitments that meet the identity on the way were not made from a random polynomial.
    if (!next.ok()) return WrongShare(share.index);
    expected = *next;
  }
  return share.value.TimesBase() == expected ? absl::OkStatus() : WrongShare(share.index);
}

SplitScalar SplitScalar::Make(const Scalar& secret, int threshold, int holders) {
  MUSTER_CHECK(threshold >= 1 && threshold <= holders && holders <= kShareHoldersMax);
  std::vector<Scalar> coefficients;
  coefficients.push_back(secret.Clone());
  while (std::ssize(coefficients) < threshold) coefficients.push_back(Scalar::Random());
  return OfPolynomial(coefficients, holders);
}

SplitScalar SplitScalar::OfPolynomial(std::span<const Scalar> coefficients, int holders) {
  MUSTER_CHECK(!coefficients.empty() && std::ssize(coefficients) <= holders &&
               holders <= kShareHoldersMax);
  std::vector<Point> points;
  for (const Scalar& coefficient : coefficients) points.push_back(coefficient.TimesBase());
  SplitScalar split{ShareCommitments(std::move(points)), {}};
  for (int i = 1; i <= holders; ++i) {
    const auto index = static_cast<uint8_t>(i);
    split.shares.push_back({index, ValueAt(coefficients, index)});
  }
  return split;
}

absl::StatusOr<Scalar> CombineShares(const ShareCommitments& commitments,
                                     std::span<const Share> shares) {
  std::set<uint8_t> seen;
  for (const Share& share : shares) {
    MUSTER_RETURN_IF_ERROR(commitments.Check(share));
    if (!seen.insert(share.index).second) {
      return MakeError(v1::SHARE_WRONG, "share " + std::to_string(share.index) + " is there twice",
                       {{"index", std::to_string(share.index)}});
    }
  }
  const auto threshold = static_cast<size_t>(commitments.threshold());
  if (shares.size() < threshold) {
    return MakeError(v1::SHARES_MISSING, "there are " + std::to_string(shares.size()) +
                                             " shares, and it takes " + std::to_string(threshold));
  }
  const std::span<const Share> used = shares.first(threshold);
  Scalar secret = WeightOf(used[0].index, used).Times(used[0].value);
  for (const Share& share : used.subspan(1))
    secret = secret.Plus(WeightOf(share.index, used).Times(share.value));
  // Shares that hold against the commitments lie on the one polynomial.
  MUSTER_CHECK(secret.TimesBase() == commitments.secret());
  return secret;
}

}  // namespace muster::crypto
