// SPDX-License-Identifier: Apache-2.0
//
// erase: passes a person's request to be erased on to the vault, and keeps what proves it.
//
// Rule: the address goes sealed to the vault; the log has a commitment to it, whose salt is in the
// receipt and nowhere else. The receipt is made from the log as this profile reads and checks it.
// Errors: EMAIL_MALFORMED, CONTACT_NOT_FOUND when one's own member has not brought the address,
// PROOF_INVALID, STATEMENT_REFUSED, and of the session.
#ifndef MUSTER_CLI_ERASE_H_
#define MUSTER_CLI_ERASE_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct EraseOptions {
  std::string email;
  std::string out;  // of the receipt; empty: none is kept
};

absl::StatusOr<int> RunErase(const Invocation& invocation, const EraseOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_ERASE_H_
