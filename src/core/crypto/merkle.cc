// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/merkle.h"

// OpenSSL's SHA-256 uses the processor's instructions for it, libsodium's does not: a quarter of
// the time. The calls with the state on the stack are called deprecated; their successors take an
// allocated context and a lookup for each hash.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"

namespace muster::crypto {
namespace {

// Leaves of the left child of a tree of `size` > 1 leaves: the largest power of two below it.
uint64_t LeftSize(uint64_t size) { return std::bit_floor(size - 1); }

absl::Status Invalid(std::string_view what) {
  return MakeError(v1::PROOF_INVALID, "the proof does not hold: " + std::string(what));
}

// Folds complete subtrees, largest first, into the root over them.
Bytes32 Fold(std::span<const Bytes32> hashes) {
  if (hashes.empty()) return MerkleEmptyRoot();
  Bytes32 root = hashes.back();
  for (size_t i = hashes.size() - 1; i-- > 0;) root = MerkleNode(hashes[i], root);
  return root;
}

// Root over the `count` leaves from `begin`, which a subtree of an RFC 6962 tree covers: begin is a
// multiple of the next power of two.
absl::StatusOr<Bytes32> RangeRoot(uint64_t begin, uint64_t count, const SubtreeHash& hash) {
  std::array<Bytes32, 64> peaks;
  size_t used = 0;
  while (count > 0) {
    const uint64_t whole = std::bit_floor(count);
    const int level = std::countr_zero(whole);
    MUSTER_ASSIGN_OR_RETURN(peaks[used++], hash(level, begin >> level));
    begin += whole;
    count -= whole;
  }
  return Fold(std::span(peaks).first(used));
}

}  // namespace

Bytes32 MerkleLeaf(std::string_view entry) {
  constexpr uint8_t kPrefix = 0x00;
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, &kPrefix, 1);
  SHA256_Update(&state, entry.data(), entry.size());
  Bytes32 out;
  SHA256_Final(out.data(), &state);
  return out;
}

Bytes32 MerkleNode(const Bytes32& left, const Bytes32& right) {
  std::array<uint8_t, 65> bytes;
  bytes[0] = 0x01;
  std::copy(left.begin(), left.end(), bytes.begin() + 1);
  std::copy(right.begin(), right.end(), bytes.begin() + 33);
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, bytes.data(), bytes.size());
  Bytes32 out;
  SHA256_Final(out.data(), &state);
  return out;
}

Bytes32 MerkleEmptyRoot() { return Sha256({}); }

Bytes32 MerkleRoot(std::span<const Bytes32> leaf_hashes) {
  std::array<Bytes32, 64> peaks;
  size_t used = 0;
  for (uint64_t size = 0; size < leaf_hashes.size(); ++size) {
    Bytes32 hash = leaf_hashes[size];
    for (int i = std::countr_one(size); i > 0; --i) hash = MerkleNode(peaks[--used], hash);
    peaks[used++] = hash;
  }
  return Fold(std::span(peaks).first(used));
}

absl::StatusOr<MerkleFrontier> MerkleFrontier::Restore(uint64_t size, std::vector<Bytes32> hashes) {
  if (static_cast<size_t>(std::popcount(size)) != hashes.size()) {
    return MakeError(v1::PROOF_INVALID, "a frontier has one hash for each set bit of its size");
  }
  MerkleFrontier frontier;
  frontier.size_ = size;
  frontier.hashes_ = std::move(hashes);
  return frontier;
}

void MerkleFrontier::Append(const Bytes32& leaf_hash) {
  Bytes32 hash = leaf_hash;
  for (int i = std::countr_one(size_); i > 0; --i) {
    hash = MerkleNode(hashes_.back(), hash);
    hashes_.pop_back();
  }
  hashes_.push_back(hash);
  ++size_;
}

Bytes32 MerkleFrontier::Root() const { return Fold(hashes_); }

absl::StatusOr<std::vector<Bytes32>> InclusionProof(uint64_t index, uint64_t size,
                                                    const SubtreeHash& hash) {
  if (index >= size) return MakeError(v1::PROOF_INVALID, "a tree of this size has no such leaf");
  // RFC 6962 §2.1.1 from the root down; the proof goes from the leaf up.
  std::vector<Bytes32> proof;
  uint64_t begin = 0;
  while (size > 1) {
    const uint64_t left = LeftSize(size);
    if (index - begin < left) {
      MUSTER_ASSIGN_OR_RETURN(Bytes32 sibling, RangeRoot(begin + left, size - left, hash));
      proof.push_back(sibling);
      size = left;
    } else {
      MUSTER_ASSIGN_OR_RETURN(Bytes32 sibling, RangeRoot(begin, left, hash));
      proof.push_back(sibling);
      begin += left;
      size -= left;
    }
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::StatusOr<std::vector<Bytes32>> ConsistencyProof(uint64_t old_size, uint64_t size,
                                                      const SubtreeHash& hash) {
  if (old_size == 0 || old_size > size) {
    return MakeError(v1::PROOF_INVALID,
                     "the older tree must have a leaf and not be the larger one");
  }
  // RFC 6962 §2.1.2. While the range still begins with the tree's first leaf, the verifier knows
  // the old root and needs no hash.
  std::vector<Bytes32> proof;
  uint64_t begin = 0;
  while (old_size != size) {
    const uint64_t left = LeftSize(size);
    if (old_size <= left) {
      MUSTER_ASSIGN_OR_RETURN(Bytes32 right, RangeRoot(begin + left, size - left, hash));
      proof.push_back(right);
      size = left;
    } else {
      MUSTER_ASSIGN_OR_RETURN(Bytes32 whole, RangeRoot(begin, left, hash));
      proof.push_back(whole);
      begin += left;
      old_size -= left;
      size -= left;
    }
  }
  if (begin != 0) {
    MUSTER_ASSIGN_OR_RETURN(Bytes32 seed, RangeRoot(begin, size, hash));
    proof.push_back(seed);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::StatusOr<Bytes32> RootAt(uint64_t size, const SubtreeHash& hash) {
  return RangeRoot(0, size, hash);
}

// RFC 9162 §2.1.3.2.
absl::Status VerifyInclusion(uint64_t index, uint64_t size, const Bytes32& leaf_hash,
                             std::span<const Bytes32> proof, const Bytes32& root) {
  if (index >= size) return Invalid("a tree of this size has no such leaf");
  uint64_t node = index;
  uint64_t last = size - 1;
  Bytes32 hash = leaf_hash;
  for (const Bytes32& sibling : proof) {
    if (last == 0) return Invalid("it has too many hashes");
    if ((node & 1) != 0 || node == last) {
      hash = MerkleNode(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = MerkleNode(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return Invalid("it has too few hashes");
  if (hash != root) return Invalid("it leads to another root");
  return absl::OkStatus();
}

// RFC 9162 §2.1.4.2.
absl::Status VerifyConsistency(uint64_t old_size, uint64_t size, std::span<const Bytes32> proof,
                               const Bytes32& old_root, const Bytes32& root) {
  if (old_size == 0) return Invalid("nothing can be proven about an empty tree");
  if (old_size > size) return Invalid("the older tree is the larger one");
  if (old_size == size) {
    if (!proof.empty()) return Invalid("it has too many hashes");
    if (old_root != root) return Invalid("trees of one size have two roots");
    return absl::OkStatus();
  }
  if (proof.empty()) return Invalid("it has too few hashes");
  uint64_t node = old_size - 1;
  uint64_t last = size - 1;
  while ((node & 1) != 0) {
    node >>= 1;
    last >>= 1;
  }
  // When the old tree is one complete subtree, its root starts both paths and is not repeated in
  // the proof.
  const bool complete = std::has_single_bit(old_size);
  Bytes32 old_hash = complete ? old_root : proof.front();
  Bytes32 hash = old_hash;
  for (const Bytes32& step : complete ? proof : proof.subspan(1)) {
    if (last == 0) return Invalid("it has too many hashes");
    if ((node & 1) != 0 || node == last) {
      old_hash = MerkleNode(step, old_hash);
      hash = MerkleNode(step, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = MerkleNode(hash, step);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return Invalid("it has too few hashes");
  if (old_hash != old_root) return Invalid("it leads to another old root");
  if (hash != root) return Invalid("it leads to another root");
  return absl::OkStatus();
}

}  // namespace muster::crypto
