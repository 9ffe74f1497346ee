// SPDX-License-Identifier: Apache-2.0
//
// join: an invite becomes a profile. Makes keys, enrolls, signs the charter, and believes the
// server nothing that the invite does not say.
//
// Order: the certificate is checked against the invite; keys and the signed join are on disk; the
// call; the join and the charter are proven to stand in a tree that extends the invite's; only then
// profile.json is written. Broken off anywhere, the same command with the same invite goes on.
// Errors: INVITE_*, CERTIFICATE_MISMATCH, PROFILE_EXISTS, STATEMENT_REFUSED, LOG_FORKED, those of
// key_file.
#ifndef MUSTER_CLI_JOIN_H_
#define MUSTER_CLI_JOIN_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct JoinOptions {
  std::string invite;  // "-": from stdin
  bool no_passphrase = false;
};

absl::StatusOr<int> RunJoin(const Invocation& invocation, const JoinOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_JOIN_H_
