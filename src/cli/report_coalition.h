// SPDX-License-Identifier: Apache-2.0
//
// report coalition: the whole log, opened and proven, for the coalition's auditor; a sample of
// sealed batches drawn by lot; verified here as anybody would before it gets its name.
//
// Errors: ROLE_NOT_ALLOWED for anybody but an auditor of no member; TIME_MALFORMED, FILE_EXISTS; of
// verification.
#ifndef MUSTER_CLI_REPORT_COALITION_H_
#define MUSTER_CLI_REPORT_COALITION_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct CoalitionOptions {
  std::string from;  // cli/period.h
  std::string to;
  std::string out;  // empty: coalition.muster-report in the working directory
};

absl::StatusOr<int> RunReportCoalition(const Invocation& invocation,
                                       const CoalitionOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_REPORT_COALITION_H_
