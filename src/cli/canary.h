// SPDX-License-Identifier: Apache-2.0
//
// canary add, list, hit: a member's own seed addresses among its uploads, and what it means when
// one of them gets a mail.
//
// hit reads the mail's head, finds the canary and the uploads that it was given in, reads the whole
// log (as far as it is open to this member), opens the batch's commitment and checks it as anybody
// else would; and says whether an entry of the log accounts for a send to it.
// Rule: a mail whose canary was given in several uploads has come from one of them; which one, the
// mail does not say. Nothing of the book leaves this machine but the one opening in the proof.
// Errors: CANARY_NOT_FOUND, CANARY_EXISTS, MAIL_MALFORMED, HOME_MALFORMED, those of reading files
// and of the session.
#ifndef MUSTER_CLI_CANARY_H_
#define MUSTER_CLI_CANARY_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct CanaryAddOptions {
  std::string file;
  int per_upload = 0;  // 0: as it was
};

struct CanaryHitOptions {
  std::string mail;
  std::string upload;  // empty: the newest that the canary was given in
  std::string out;     // of the proof; empty: none is written
};

// Both need no server.
absl::StatusOr<int> RunCanaryAdd(const Invocation& invocation, const CanaryAddOptions& options);
absl::StatusOr<int> RunCanaryList(const Invocation& invocation);
absl::StatusOr<int> RunCanaryHit(const Invocation& invocation, const CanaryHitOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_CANARY_H_
