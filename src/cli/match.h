// SPDX-License-Identifier: Apache-2.0
//
// match run: has the vault match the pool with a voter file, and waits for its word.
//
// Rule: the run goes on at the server without this command; the same command again attaches to it.
// What the vault says is taken from the log, proven and signed. How many people were found is not
// said; match_report.h has the published shares.
// Errors: what the vault refused the run for (VOTERFILE_NOT_FOUND, VOTERFILE_AMBIGUOUS,
// NOTHING_TO_MATCH, ...), SERVER_BUSY, PROOF_INVALID, STATEMENT_REFUSED, and of the session.
#ifndef MUSTER_CLI_MATCH_H_
#define MUSTER_CLI_MATCH_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct MatchRunOptions {
  std::string voterfile;  // may be empty while one is current
  bool new_model = false;
  bool no_wait = false;
};

absl::StatusOr<int> RunMatchRun(const Invocation& invocation, const MatchRunOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_MATCH_H_
