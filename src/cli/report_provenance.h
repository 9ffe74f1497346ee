// SPDX-License-Identifier: Apache-2.0
//
// report provenance: what one's own member brought and what was done with it, with proofs; verified
// here as an auditor would before it is signed and written.
//
// Errors: MEMBER_NOT_FOUND for another member's report, UPLOAD_NOT_FOUND, FILE_EXISTS, and of
// verification.
#ifndef MUSTER_CLI_REPORT_PROVENANCE_H_
#define MUSTER_CLI_REPORT_PROVENANCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct ReportOptions {
  std::string member;  // only one's own, by name or resource name
  std::string upload;  // empty: all
  std::string out;     // empty: <member>.muster-report in the working directory
  std::string from;    // cli/period.h
  std::string to;
};

absl::StatusOr<int> RunReportProvenance(const Invocation& invocation, const ReportOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_REPORT_PROVENANCE_H_
