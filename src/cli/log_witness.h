// SPDX-License-Identifier: Apache-2.0
//
// log witness, log gossip: what keeps the log honest from outside. The witness cosigns each tree
// that extends what its profile saw, and watches for entries about its own member; gossip compares
// trees by any other channel.
//
// Rule: a log that was rewritten ends the command with exit code 1 and both trees, whether it
// follows or not. An alarm ends a single look with exit code 1, and never ends following.
#ifndef MUSTER_CLI_LOG_WITNESS_H_
#define MUSTER_CLI_LOG_WITNESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct LogWitnessOptions {
  bool follow = false;
  int every_seconds = 30;
};
absl::StatusOr<int> RunLogWitness(const Invocation& invocation, const LogWitnessOptions& options);

// `words`: a line of somebody else's, whole or in pieces; empty: print one's own.
absl::StatusOr<int> RunLogGossip(const Invocation& invocation,
                                 const std::vector<std::string>& words);

}  // namespace muster::cli

#endif  // MUSTER_CLI_LOG_WITNESS_H_
