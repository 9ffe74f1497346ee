// SPDX-License-Identifier: Apache-2.0
//
// Canary: a batch's commitment to the member's own seed addresses among its records. It stands in
// the header of every batch, so that a batch with canaries looks like one without.
//
//   salt i     = keyed BLAKE2b-256(seed, "muster/canary/salt/v1\n" | LE32 sequence | u8 i)
//   leaf i     = MerkleLeaf(salt i | LE16 index | address) in the slot of a canary, else
//                MerkleLeaf(salt i)
//   commitment = BLAKE2b-256("muster/canary/v1\n" | MerkleRoot(leaves 0 to 63))
//
// Which canary has which of the 64 slots follows from the seed too, so that an opening tells
// nothing of the batch's other canaries, not even how many there are.
// Rule: the seed (32 random bytes an upload) and the addresses stay on the member's machine; a
// batch that is sealed anew commits to the same again.
// Errors: INVALID_ARGUMENT (CANARY_MALFORMED).
// Threads: values.
// Source: docs/formats/canary.md.
#ifndef MUSTER_CORE_SEAL_CANARY_H_
#define MUSTER_CORE_SEAL_CANARY_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/crypto/secret_bytes.h"

namespace muster::seal {

inline constexpr size_t kCanarySlots = 64;
inline constexpr size_t kCanaryPathHashes = 6;

struct PlacedCanary {
  std::string address;
  uint16_t index = 0;  // of its record in the batch
};

struct CanaryOpening {
  std::string address;
  uint16_t index = 0;
  Bytes32 salt{};
  uint8_t slot = 0;
  std::vector<Bytes32> path;
};

class CanaryTree {
 public:
  // `canaries`: at most kCanarySlots, in the order of their records; may be empty.
  static absl::StatusOr<CanaryTree> Make(const crypto::SecretBytes& seed, uint32_t sequence,
                                         std::vector<PlacedCanary> canaries);
  const Bytes32& commitment() const { return commitment_; }
  // Of canary number `i` as they were given.
  CanaryOpening Open(size_t i) const;

 private:
  CanaryTree() = default;
  std::vector<PlacedCanary> canaries_;
  std::vector<uint8_t> slots_;  // of each canary
  std::array<Bytes32, kCanarySlots> salts_{};
  std::array<Bytes32, kCanarySlots> leaves_{};
  Bytes32 commitment_{};
};

// That `commitment` was made with this address in this place.
absl::Status VerifyCanaryOpening(const CanaryOpening& opening, const Bytes32& commitment);

}  // namespace muster::seal

#endif  // MUSTER_CORE_SEAL_CANARY_H_
