// SPDX-License-Identifier: Apache-2.0
#include "core/seal/canary.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"
#include "core/crypto/merkle.h"

namespace muster::seal {
namespace {

constexpr std::string_view kCommitmentDomain = "muster/canary/v1\n";
constexpr std::string_view kSaltDomain = "muster/canary/salt/v1\n";
constexpr std::string_view kSlotDomain = "muster/canary/slot/v1\n";
constexpr size_t kAddressBytesMax = 320;

Bytes32 Derived(const crypto::SecretBytes& seed, std::string_view domain, uint32_t sequence,
                size_t slot) {
  std::string place;
  PutU32(place, sequence);
  PutU8(place, static_cast<uint8_t>(slot));
  return crypto::KeyedHash256(seed, {domain, place});
}

Bytes32 LeafOf(const Bytes32& salt, uint16_t index, std::string_view address) {
  std::string entry = ToString(salt);
  PutU16(entry, index);
  entry.append(address);
  return crypto::MerkleLeaf(entry);
}

Bytes32 Commit(const Bytes32& root) {
  return crypto::Blake2b256({kCommitmentDomain, AsText(root)});
}

}  // namespace

absl::StatusOr<CanaryTree> CanaryTree::Make(const crypto::SecretBytes& seed, uint32_t sequence,
                                            std::vector<PlacedCanary> canaries) {
  if (canaries.size() > kCanarySlots) {
    return MakeError(v1::CANARY_MALFORMED, "a batch holds at most " + std::to_string(kCanarySlots) +
                                               " canaries; take some out of the book");
  }
  CanaryTree tree;
  std::array<Bytes32, kCanarySlots> order;
  for (size_t slot = 0; slot < kCanarySlots; ++slot) {
    tree.salts_[slot] = Derived(seed, kSaltDomain, sequence, slot);
    tree.leaves_[slot] = crypto::MerkleLeaf(AsText(tree.salts_[slot]));
    order[slot] = Derived(seed, kSlotDomain, sequence, slot);
  }
  std::array<uint8_t, kCanarySlots> slots;
  std::iota(slots.begin(), slots.end(), uint8_t{0});
  std::sort(slots.begin(), slots.end(),
            [&order](uint8_t a, uint8_t b) { return order[a] < order[b]; });
  for (size_t i = 0; i < canaries.size(); ++i) {
    if (canaries[i].address.empty() || canaries[i].address.size() > kAddressBytesMax)
      return MakeError(v1::CANARY_MALFORMED, "a canary without an address, or with a long one");
    tree.slots_.push_back(slots[i]);
    tree.leaves_[slots[i]] = LeafOf(tree.salts_[slots[i]], canaries[i].index, canaries[i].address);
  }
  tree.canaries_ = std::move(canaries);
  tree.commitment_ = Commit(crypto::MerkleRoot(tree.leaves_));
  return tree;
}

CanaryOpening CanaryTree::Open(size_t i) const {
  MUSTER_CHECK(i < canaries_.size());
  CanaryOpening opening;
  opening.address = canaries_[i].address;
  opening.index = canaries_[i].index;
  opening.slot = slots_[i];
  opening.salt = salts_[opening.slot];
  std::vector<Bytes32> level(leaves_.begin(), leaves_.end());
  for (size_t at = opening.slot; level.size() > 1; at /= 2) {
    opening.path.push_back(level[at ^ 1]);
    for (size_t k = 0; k < level.size() / 2; ++k)
      level[k] = crypto::MerkleNode(level[2 * k], level[2 * k + 1]);
    level.resize(level.size() / 2);
  }
  return opening;
}

absl::Status VerifyCanaryOpening(const CanaryOpening& opening, const Bytes32& commitment) {
  if (opening.address.empty() || opening.address.size() > kAddressBytesMax ||
      opening.slot >= kCanarySlots || opening.path.size() != kCanaryPathHashes) {
    return MakeError(v1::CANARY_MALFORMED, "the opening has not the form of one");
  }
  Bytes32 hash = LeafOf(opening.salt, opening.index, opening.address);
  size_t at = opening.slot;
  for (const Bytes32& sibling : opening.path) {
    hash = at % 2 == 0 ? crypto::MerkleNode(hash, sibling) : crypto::MerkleNode(sibling, hash);
    at /= 2;
  }
  if (Commit(hash) == commitment) return absl::OkStatus();
  return MakeError(v1::CANARY_MALFORMED,
                   "the batch was sealed without this address among its canaries");
}

}  // namespace muster::seal
