// SPDX-License-Identifier: Apache-2.0
//
// Shares: a secret scalar of ristretto255 split so that any k of n holders give it back and fewer
// know nothing, with commitments by which each share is checked by itself.
//
// The secret is f(0) of a random polynomial f of degree k-1; holder i (1 to n) has f(i). Commitment
// j is the coefficient a_j times the base point, so share (i, y) is right when
// y*B = sum of i^j * commitment j. Whoever hands in a wrong share is told by it, before anything is
// combined.
// Encoded share: version 1 (1) | index (1) | scalar (32, canonical, not zero).
//
// Rule: commitments hide the secret only as a key is hidden by its public half: the secret must be
// a random scalar, never a password or a key of another kind.
// Errors: INVALID_ARGUMENT (SHARE_MALFORMED, SHARE_WRONG with the index among its details,
// SPLIT_MALFORMED; KEY_MALFORMED and KEY_LOW_ORDER for commitments); FAILED_PRECONDITION
// (SHARES_MISSING).
// Threads: pure.
// Source: Shamir 1979; Feldman 1987; docs/formats/vault-root.md has vectors.
#ifndef MUSTER_CORE_CRYPTO_SHARES_H_
#define MUSTER_CORE_CRYPTO_SHARES_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/crypto/group.h"
#include "core/crypto/secret_bytes.h"

namespace muster::crypto {

// Far more members than one consortium has, and one byte.
inline constexpr int kShareHoldersMax = 64;
inline constexpr size_t kShareBytes = 34;

struct Share {
  uint8_t index = 0;  // 1 to n
  Scalar value;
};

SecretBytes EncodeShare(const Share& share);
absl::StatusOr<Share> ParseShare(const SecretBytes& bytes);

class ShareCommitments {
 public:
  // The points in order, 1 to kShareHoldersMax of them.
  static absl::StatusOr<ShareCommitments> Parse(std::span<const std::string> points);
  int threshold() const { return static_cast<int>(points_.size()); }
  const std::vector<Point>& points() const { return points_; }
  // The secret times the base point.
  const Point& secret() const { return points_[0]; }
  // SHARE_WRONG.
  absl::Status Check(const Share& share) const;

 private:
  friend struct SplitScalar;
  explicit ShareCommitments(std::vector<Point> points) : points_(std::move(points)) {}
  std::vector<Point> points_;
};

struct SplitScalar {
  ShareCommitments commitments;
  std::vector<Share> shares;  // of holder 1 first

  // 1 <= threshold <= holders <= kShareHoldersMax.
  static SplitScalar Make(const Scalar& secret, int threshold, int holders);
  // For vectors: the polynomial's coefficients, the secret first.
  static SplitScalar OfPolynomial(std::span<const Scalar> coefficients, int holders);
};

// The secret out of at least `threshold` shares of different holders. Checks every one of them.
absl::StatusOr<Scalar> CombineShares(const ShareCommitments& commitments,
                                     std::span<const Share> shares);

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_SHARES_H_
