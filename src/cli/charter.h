// SPDX-License-Identifier: Apache-2.0
//
// charter show, propose, sign, history: the consortium's terms, read off the log and never from
// what a server says of it; and signing what waits for the members: changes of the charter,
// admissions, ceremonies.
//
// Errors: CHARTER_MALFORMED, CHARTER_STALE, NOTHING_TO_SIGN, ALREADY_SIGNED, STATEMENT_REFUSED, and
// of the session.
#ifndef MUSTER_CLI_CHARTER_H_
#define MUSTER_CLI_CHARTER_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct CharterShowOptions {
  int version = 0;  // 0: the one in effect
};
struct CharterProposeOptions {
  std::string file;
  std::string reason;
};
struct CharterSignOptions {
  std::string id;  // begins the decision's hash, in hex; empty: the only one
  bool all = false;
};

absl::StatusOr<int> RunCharterShow(const Invocation& invocation, const CharterShowOptions& options);
absl::StatusOr<int> RunCharterPropose(const Invocation& invocation,
                                      const CharterProposeOptions& options);
absl::StatusOr<int> RunCharterSign(const Invocation& invocation, const CharterSignOptions& options);
absl::StatusOr<int> RunCharterHistory(const Invocation& invocation);

// "Ada of Parks Alliance", for people.
std::string WhoIs(const governance::Registry& registry, const PersonId& id);
// How a decision is named on the command line: the beginning of its hash.
std::string DecisionId(const Bytes32& hash);
// "2 of 3 members", or that it is in effect.
std::string Standing(const governance::Registry& registry, const governance::Decision& decision);
Json DecisionJson(const governance::Registry& registry, const governance::Decision& decision);

}  // namespace muster::cli

#endif  // MUSTER_CLI_CHARTER_H_
