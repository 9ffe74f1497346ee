// SPDX-License-Identifier: Apache-2.0
//
// vault init, status, confirm, unseal, seal: the ceremony around the key that opens the vault.
//
// Rule: a share leaves this machine only for an opening that stands on the log, is of the split in
// force and is signed by that split's key; all of it is read off the log, recomputed from its
// beginning. One's own share is checked against the commitments before it is handed in.
// Errors: NOT_A_HOLDER, SHARE_WRONG, OPENING_STALE, VAULT_NOT_SPLIT, VAULT_SEALED, and of the
// session.
#ifndef MUSTER_CLI_VAULT_H_
#define MUSTER_CLI_VAULT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/session.h"
#include "core/governance/vault_key.h"
#include "muster/v1/vault_key_service.pb.h"

namespace muster::cli {

struct VaultInitOptions {
  int threshold = 0;
  int holders = 0;
  std::vector<std::string> named;  // people/..., or a member's name; empty: the first to join
};
struct VaultUnsealOptions {
  std::string lease;  // "8h"; empty: as the others and the charter say
};
struct VaultSealOptions {
  std::string reason;
};

absl::StatusOr<int> RunVaultInit(const Invocation& invocation, const VaultInitOptions& options);
absl::StatusOr<int> RunVaultStatus(const Invocation& invocation);
absl::StatusOr<int> RunVaultConfirm(const Invocation& invocation);
absl::StatusOr<int> RunVaultUnseal(const Invocation& invocation, const VaultUnsealOptions& options);
absl::StatusOr<int> RunVaultSeal(const Invocation& invocation, const VaultSealOptions& options);

// "" is none; otherwise whole seconds, 1 or more. TIME_MALFORMED.
absl::StatusOr<int64_t> ParseLease(const std::string& text);
// This person's share of the split, opened and checked.
absl::StatusOr<crypto::Share> OpenOwnShare(Session& session, const governance::SplitRecord& split);
// That share for this opening, signed.
absl::StatusOr<v1::DeliverShareRequest> SealDelivery(const Session& session,
                                                     const governance::OpeningRecord& opening,
                                                     const crypto::Share& share,
                                                     int64_t lease_seconds);

}  // namespace muster::cli

#endif  // MUSTER_CLI_VAULT_H_
