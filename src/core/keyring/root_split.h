// SPDX-License-Identifier: Apache-2.0
//
// Root split: a vault's home whose root is split among holders, as its files tell, and the step
// from one root to the next.
//
//   HOME/keys.sealed         SealedKeys of kind "shares": the split's statement, and the keys
//   wrapped
//                            under the root, each with the statement's hash in its AAD
//   HOME/opening-HASH.key    seed of the split's opening key (Ed25519, 32 bytes): signs what the
//                            sealed vault has to say; HASH begins the statement's hash, in hex
//   HOME/keys.next           a split that is prepared and not in force: what keys.sealed will be
//
//   HOME/root.key,           of a root that was a key file: kept until the shares have proven
//   HOME/keys.before         themselves, so that a ceremony that went wrong loses nothing
//
// Rules: the one rename of keys.next over keys.sealed is the step; before it the old root opens the
//   HOME/root.key,           of a root that was a key file: kept until the shares have proven
//   HOME/keys.before         themselves, so that a ceremony that went wrong loses nothing
//
// Rules: the one rename of keys.next over keys.sealed is the step; before it the old root opens the
// vault, after it the new one. Old opening keys go after it; root.key and keys.before (the key
// file's keys.sealed, another name for it until the rename) once as many holders as it takes have
// confirmed that their shares open, or have opened it.
// Errors: FAILED_PRECONDITION (HOME_MALFORMED) for missing, torn or foreign files; those of
// base/file.h.
// Threads: one at a time for a home.
#ifndef MUSTER_CORE_KEYRING_ROOT_SPLIT_H_
#define MUSTER_CORE_KEYRING_ROOT_SPLIT_H_

#include <filesystem>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "core/crypto/box.h"
#include "core/crypto/shares.h"
#include "core/crypto/signature.h"
#include "muster/v1/statement.pb.h"

namespace muster::keyring {

// What a sealed home knows.
struct SealedRoot {
  v1::SignedStatement statement;
  v1::Statement said;  // the same, parsed and verified
  Bytes32 hash{};
  crypto::ShareCommitments commitments;
  crypto::SigningKey opening_key;

  const v1::RootSplit& split() const { return said.vault_key().split(); }
};
// None: the root is a key file.
absl::StatusOr<std::optional<SealedRoot>> ReadSealedRoot(const std::filesystem::path& home);

struct SplitHolder {
  PersonId person;
  crypto::VerifyKey sign_key;
  crypto::BoxPublicKey box_key;
};
struct SplitPlan {
  Bytes16 consortium{};
  int64_t create_time = 0;
  Bytes32 ceremony_hash{};
  int epoch = 0;
  int threshold = 0;
  std::vector<SplitHolder> holders;
};

// The split that is prepared, when there is one.
absl::StatusOr<std::optional<v1::SignedStatement>> ReadPreparedSplit(
    const std::filesystem::path& home);
// Makes the prepared split with this hash the one in force. Fine when it is already.
absl::Status CommitPreparedSplit(const std::filesystem::path& home, const Bytes32& hash);
// What a step has left: opening keys of other splits; and a root.key beside a split root, once the
// shares of that have proven themselves.
enum class Proven { kNo, kYes };
absl::Status RemoveOldRoots(const std::filesystem::path& home, Proven proven);

// HOME/opening-....key
std::filesystem::path OpeningKeyPath(const std::filesystem::path& home, const Bytes32& hash);

}  // namespace muster::keyring

#endif  // MUSTER_CORE_KEYRING_ROOT_SPLIT_H_
