// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/entry.h"

#include "core/crypto/hash.h"

namespace muster::tlog {

Bytes32 EntryCommitment(const Bytes32& salt, std::string_view body) {
  return crypto::Sha256({"muster/entry/v1\n", AsText(salt), body});
}

Bytes32 EntryLeaf(const Bytes32& salt, std::string_view body) {
  const Bytes32 commitment = EntryCommitment(salt, body);
  return crypto::MerkleLeaf(AsText(commitment));
}

}  // namespace muster::tlog
