// SPDX-License-Identifier: Apache-2.0
//
// Entry: one thing that was done. The log's tree holds salted commitments; who is entitled to an
// entry gets salt and body.
//
// commitment = SHA-256("muster/entry/v1\n" | salt (32 bytes) | body): the 32 bytes that the tree's
// leaf hash is over. Deleting the salt erases the entry and leaves the tree valid. Body: a
// serialized SignedStatement, at most kEntryBodyBytesMax.
// Threads: pure.
#ifndef MUSTER_CORE_TLOG_ENTRY_H_
#define MUSTER_CORE_TLOG_ENTRY_H_

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/crypto/merkle.h"

namespace muster::tlog {

inline constexpr size_t kEntryBodyBytesMax = 1 << 20;

struct Entry {
  Bytes32 salt{};
  std::string body;
};

Bytes32 EntryCommitment(const Bytes32& salt, std::string_view body);
// The leaf hash in the log's tree.
Bytes32 EntryLeaf(const Bytes32& salt, std::string_view body);

}  // namespace muster::tlog

#endif  // MUSTER_CORE_TLOG_ENTRY_H_
