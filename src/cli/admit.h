// SPDX-License-Identifier: Apache-2.0
//
// member add, person add: an admission on the log, and the one string that lets somebody join on
// it.
//
// The invite's key is drawn here: its public half goes into the admission, its secret half into the
// string alone.
// Errors: MEMBER_EXISTS, ROLE_NOT_ALLOWED, NAME_MALFORMED, and of the session.
#ifndef MUSTER_CLI_ADMIT_H_
#define MUSTER_CLI_ADMIT_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct AdmitOptions {
  std::string name;
  std::string roles;
  std::string expires_in = "336h";  // two weeks
};

absl::StatusOr<int> RunMemberAdd(const Invocation& invocation, const AdmitOptions& options);
absl::StatusOr<int> RunPersonAdd(const Invocation& invocation, const AdmitOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_ADMIT_H_
