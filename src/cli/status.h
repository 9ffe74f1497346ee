// SPDX-License-Identifier: Apache-2.0
//
// status, lists: what a person sees of the consortium and of their own member's names; exact for
// one's own, nothing about anybody else's.
#ifndef MUSTER_CLI_STATUS_H_
#define MUSTER_CLI_STATUS_H_

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

absl::StatusOr<int> RunStatus(const Invocation& invocation);
absl::StatusOr<int> RunLists(const Invocation& invocation);

}  // namespace muster::cli

#endif  // MUSTER_CLI_STATUS_H_
