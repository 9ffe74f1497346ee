// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/shares.h"

#include <catch2/catch.hpp>
#include <vector>

#include "core/crypto/hash.h"
#include "tests/support/status.h"
#include "tests/support/vectors.h"

namespace muster::crypto {
namespace {

using testing::Must;
using testing::Unhex;

Scalar FromHex(std::string_view hex) {
  const std::string raw = Unhex(hex);
  return Must(Scalar::FromBytes(SecretBytes::CopyOf(AsBytes(raw))));
}

Share CopyOf(const Share& share) { return {share.index, share.value.Clone()}; }

std::vector<Share> Chosen(const SplitScalar& split, const std::vector<size_t>& which) {
  std::vector<Share> out;
  for (const size_t i : which) out.push_back(CopyOf(split.shares[i]));
  return out;
}

// Every set of `size` of the numbers below `n`.
std::vector<std::vector<size_t>> Subsets(size_t n, size_t size) {
  std::vector<std::vector<size_t>> out;
  for (uint32_t bits = 0; bits < (1u << n); ++bits) {
    std::vector<size_t> set;
    for (size_t i = 0; i < n; ++i) {
      if ((bits >> i & 1u) != 0) set.push_back(i);
    }
    if (set.size() == size) out.push_back(set);
  }
  return out;
}

std::vector<std::string> PointsOf(const ShareCommitments& commitments) {
  std::vector<std::string> out;
  for (const Point& point : commitments.points()) out.push_back(ToString(point.bytes));
  return out;
}

}  // namespace

// Computed with whole numbers in another language; docs/formats/vault-root.md.
TEST_CASE("Shares: a split of known coefficients is the written one", "[crypto][vector]") {
  std::vector<Scalar> coefficients;
  coefficients.push_back(
      FromHex("f5a64e4d5a20465d2dcd665cf8ac85f15aa24184a0d8ffc83370e207e0617306"));
  coefficients.push_back(
      FromHex("95e26d5dbee3226af104394c745b22f2c90d97dda3c36795aa9b02e16f735b0d"));
  coefficients.push_back(
      FromHex("4f22b9eb69602d6fd3149e3bdcc397fb54e0c7ad629f4129bd4d2f0696380c05"));
  const SplitScalar split = SplitScalar::OfPolynomial(coefficients, 5);
  const std::vector<std::string> commitments = {
      "fea5b61570eef5b67d65d6fb63f59e11762526838b288d54f1a72aa193608863",
      "886bf59b2096b0e50b18b22461b1cdaa8131865410185f851708f446cd997146",
      "a2edd1cc08e0cca707f1927e69f0a8160bfefc387ca97b5d8c8b69fe5affe034"};
  REQUIRE(split.commitments.threshold() == 3);
  for (size_t i = 0; i < 3; ++i)
    CHECK(HexEncode(split.commitments.points()[i].bytes) == commitments[i]);
  const std::vector<std::string> shares = {
      "ecd77f39680184de1b4a46416ad260ca7990a00fa73ba9879b5914efe50ddb08",
      "94792da02f400ae6da536afab5858c85423f8ff672ddd5987ddea4e2172b5b05",
      "da5f4ddeca3febcb4087ca2abac0e737b5ae0d3904be85fcd9fe93e275b9f30b",
      "d1b6e9961f9d143877476f2f988993ccd1de1bd75addb8b2b0bae1eeffb8a40c",
      "797e02ca2d58862a7e94580850e08f4398cfb9d0763b6fbb01128e07b6296e07"};
  for (size_t i = 0; i < 5; ++i) {
    CHECK(split.shares[i].index == i + 1);
    CHECK(HexEncode(split.shares[i].value.raw().ExposeSecret()) == shares[i]);
    CHECK(HexEncode(EncodeShare(split.shares[i]).ExposeSecret()) ==
          "010" + std::to_string(i + 1) + shares[i]);
  }
  const Scalar secret = Must(CombineShares(split.commitments, Chosen(split, {4, 0, 2})));
  CHECK(secret.raw() == coefficients[0].raw());
  CHECK(HexEncode(DeriveKey(secret.raw(), "muster/vault-root/v1").ExposeSecret()) ==
        "56ffc509b91f8daa3a0ccbf5d609616a4cd08d6274413ef95c9805c260d9cc9f");
}

TEST_CASE("Shares: every set of k gives the secret, and no smaller one is taken", "[crypto]") {
  for (int holders = 1; holders <= 6; ++holders) {
    for (int threshold = 1; threshold <= holders; ++threshold) {
      const Scalar secret = Scalar::Random();
      const SplitScalar split = SplitScalar::Make(secret, threshold, holders);
      INFO(threshold << " of " << holders);
      REQUIRE(split.commitments.threshold() == threshold);
      REQUIRE(split.commitments.secret() == secret.TimesBase());
      for (size_t size = 1; size <= static_cast<size_t>(holders); ++size) {
        for (const std::vector<size_t>& which : Subsets(static_cast<size_t>(holders), size)) {
          const auto combined = CombineShares(split.commitments, Chosen(split, which));
          if (size < static_cast<size_t>(threshold)) {
            REQUIRE_REASON(combined, v1::SHARES_MISSING);
          } else {
            REQUIRE_OK(combined);
            REQUIRE(combined->raw() == secret.raw());
          }
        }
      }
    }
  }
  REQUIRE_REASON(CombineShares(SplitScalar::Make(Scalar::Random(), 1, 1).commitments, {}),
                 v1::SHARES_MISSING);
}

TEST_CASE("Shares: k-1 of them fit any secret at all", "[crypto]") {
  // For each other secret there is a polynomial through it and through what k-1 holders have.
  const Scalar secret = Scalar::Random();
  const SplitScalar split = SplitScalar::Make(secret, 3, 5);
  for (const std::vector<size_t>& which : Subsets(5, 2)) {
    const Share& a = split.shares[which[0]];
    const Share& b = split.shares[which[1]];
    for (int trial = 0; trial < 4; ++trial) {
      const Scalar other = Scalar::Random();
      // f(x) = other + c x + d x^2 through a and b: c + d x_i = (y_i - other) / x_i.
      const Scalar xa = Scalar::Of(a.index);
      const Scalar xb = Scalar::Of(b.index);
      const Scalar sa = a.value.Minus(other).Times(xa.Inverse());
      const Scalar sb = b.value.Minus(other).Times(xb.Inverse());
      const Scalar d = sb.Minus(sa).Times(xb.Minus(xa).Inverse());
      std::vector<Scalar> coefficients;
      coefficients.push_back(other.Clone());
      coefficients.push_back(sa.Minus(d.Times(xa)));
      coefficients.push_back(d.Clone());
      const SplitScalar imagined = SplitScalar::OfPolynomial(coefficients, 5);
      REQUIRE(imagined.shares[which[0]].value.raw() == a.value.raw());
      REQUIRE(imagined.shares[which[1]].value.raw() == b.value.raw());
      const Scalar opened = Must(CombineShares(imagined.commitments, imagined.shares));
      REQUIRE(opened.raw() == other.raw());
    }
  }
}

TEST_CASE("Shares: a wrong share is named, wherever it stands", "[crypto]") {
  const SplitScalar split = SplitScalar::Make(Scalar::Random(), 3, 5);
  const SplitScalar foreign = SplitScalar::Make(Scalar::Random(), 3, 5);
  const auto index_of = [](const absl::Status& status) { return DetailsOf(status)["index"]; };
  for (size_t at = 0; at < 5; ++at) {
    std::vector<Share> shares = Chosen(split, {0, 1, 2, 3, 4});
    // Of another split; of another holder; off by one.
    for (int kind = 0; kind < 3; ++kind) {
      shares[at].value = kind == 0   ? foreign.shares[at].value.Clone()
                         : kind == 1 ? split.shares[(at + 1) % 5].value.Clone()
                                     : split.shares[at].value.Plus(Scalar::Of(1));
      REQUIRE_REASON(split.commitments.Check(shares[at]), v1::SHARE_WRONG);
      const auto combined = CombineShares(split.commitments, shares);
      REQUIRE_REASON(combined, v1::SHARE_WRONG);
      CHECK(index_of(combined.status()) == std::to_string(at + 1));
    }
  }
  // One holder twice is one holder.
  const std::vector<Share> twice = Chosen(split, {0, 1, 1});
  REQUIRE_REASON(CombineShares(split.commitments, twice), v1::SHARE_WRONG);
  // A share of an index that nobody has.
  Share stray{9, split.shares[0].value.Clone()};
  REQUIRE_REASON(split.commitments.Check(stray), v1::SHARE_WRONG);
  stray.index = 0;
  REQUIRE_REASON(split.commitments.Check(stray), v1::SHARE_WRONG);
}

TEST_CASE("Shares: only the one form of a share is read", "[crypto]") {
  const Share share{3, Scalar::Random()};
  const SecretBytes good = EncodeShare(share);
  REQUIRE(good.size() == kShareBytes);
  const Share read = Must(ParseShare(good));
  CHECK(read.index == 3);
  CHECK(read.value.raw() == share.value.raw());
  const auto refused = [&](size_t at, uint8_t byte) {
    SecretBytes bad = good.Clone();
    bad.MutableExposeSecret()[at] = byte;
    return ReasonOf(ParseShare(bad).status()) == v1::SHARE_MALFORMED;
  };
  CHECK(refused(0, 0));
  CHECK(refused(0, 2));
  CHECK(refused(1, 0));
  CHECK(refused(1, kShareHoldersMax + 1));
  CHECK(refused(33, 0xff));  // above the group's order
  SecretBytes zero = good.Clone();
  for (size_t i = 2; i < kShareBytes; ++i) zero.MutableExposeSecret()[i] = 0;
  REQUIRE_REASON(ParseShare(zero), v1::SHARE_MALFORMED);
  REQUIRE_REASON(ParseShare(SecretBytes()), v1::SHARE_MALFORMED);
  REQUIRE_REASON(ParseShare(SecretBytes::CopyOf(good.ExposeSecret().first(kShareBytes - 1))),
                 v1::SHARE_MALFORMED);
}

TEST_CASE("Shares: commitments are canonical points, none the identity, at least one", "[crypto]") {
  const SplitScalar split = SplitScalar::Make(Scalar::Random(), 3, 3);
  const std::vector<std::string> good = PointsOf(split.commitments);
  REQUIRE(Must(ShareCommitments::Parse(good)).points() == split.commitments.points());
  for (size_t at = 0; at < good.size(); ++at) {
    std::vector<std::string> bad = good;
    bad[at] = std::string(32, '\0');
    REQUIRE_REASON(ShareCommitments::Parse(bad), v1::KEY_LOW_ORDER);
    bad[at] = Unhex("01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    REQUIRE_REASON(ShareCommitments::Parse(bad), v1::KEY_MALFORMED);
    bad[at] = good[at].substr(1);
    REQUIRE_REASON(ShareCommitments::Parse(bad), v1::KEY_MALFORMED);
  }
  REQUIRE_REASON(ShareCommitments::Parse({}), v1::SPLIT_MALFORMED);
  const std::vector<std::string> many(kShareHoldersMax + 1, good[0]);
  REQUIRE_REASON(ShareCommitments::Parse(many), v1::SPLIT_MALFORMED);
  // Commitments that cancel out on the way are refused with the share, not met with a crash.
  const Point a = split.commitments.points()[0];
  const Scalar minus = Scalar::Of(1).Minus(Scalar::Of(2));
  const std::vector<std::string> cancelling = {good[0], ToString(Must(minus.Times(a)).bytes)};
  REQUIRE_REASON(Must(ShareCommitments::Parse(cancelling)).Check({1, Scalar::Random()}),
                 v1::SHARE_WRONG);
}

}  // namespace muster::crypto
