// SPDX-License-Identifier: Apache-2.0
//
// Merkle trees as RFC 6962 hashes them: roots, proofs, and the frontier from which a growing tree's
// root follows.
//
// Hashes: leaf = SHA-256(0x00 | entry), node = SHA-256(0x01 | left | right), empty tree =
// SHA-256(""). Used over a batch's ciphertexts, an upload's batches and the log's entries alike.
// Errors: verifiers return INVALID_ARGUMENT (PROOF_INVALID). VerifyConsistency refuses old size 0:
// callers for whom "nothing yet" is fine ask before.
// Threads: pure; a frontier belongs to one thread.
// Source: RFC 6962 §2.1, RFC 9162 §2.1.3-2.1.4.
#ifndef MUSTER_CORE_CRYPTO_MERKLE_H_
#define MUSTER_CORE_CRYPTO_MERKLE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/bytes.h"

namespace muster::crypto {

Bytes32 MerkleLeaf(std::string_view entry);
Bytes32 MerkleNode(const Bytes32& left, const Bytes32& right);
Bytes32 MerkleEmptyRoot();

// Root over leaf hashes, all in memory.
Bytes32 MerkleRoot(std::span<const Bytes32> leaf_hashes);

// The hashes of the complete subtrees of a tree of `size` leaves, largest first: all that is needed
// to go on appending.
class MerkleFrontier {
 public:
  MerkleFrontier() = default;
  // INVALID_ARGUMENT (PROOF_INVALID) unless there is exactly one hash per set bit of size.
  static absl::StatusOr<MerkleFrontier> Restore(uint64_t size, std::vector<Bytes32> hashes);
  void Append(const Bytes32& leaf_hash);
  uint64_t size() const { return size_; }
  const std::vector<Bytes32>& hashes() const { return hashes_; }
  Bytes32 Root() const;

 private:
  uint64_t size_ = 0;
  std::vector<Bytes32> hashes_;
};

// Hash of the complete subtree of 2^level leaves at `index` (leaves [index << level, (index + 1) <<
// level)).
using SubtreeHash = std::function<absl::StatusOr<Bytes32>(int level, uint64_t index)>;

// Proofs for a tree of `size` leaves whose complete subtrees `hash` knows; O(log^2) reads at most.
absl::StatusOr<std::vector<Bytes32>> InclusionProof(uint64_t index, uint64_t size,
                                                    const SubtreeHash& hash);
absl::StatusOr<std::vector<Bytes32>> ConsistencyProof(uint64_t old_size, uint64_t size,
                                                      const SubtreeHash& hash);
absl::StatusOr<Bytes32> RootAt(uint64_t size, const SubtreeHash& hash);

absl::Status VerifyInclusion(uint64_t index, uint64_t size, const Bytes32& leaf_hash,
                             std::span<const Bytes32> proof, const Bytes32& root);
absl::Status VerifyConsistency(uint64_t old_size, uint64_t size, std::span<const Bytes32> proof,
                               const Bytes32& old_root, const Bytes32& root);

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_MERKLE_H_
