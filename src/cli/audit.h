// SPDX-License-Identifier: Apache-2.0
//
// audit verify: checks provenance reports against a bundle. No network, no profile: core/report and
// what it links, and nothing else.
//
// A report that does not hold is a result, not an error: {"ok": false, "failures": [...]} and exit
// code 1.
#ifndef MUSTER_CLI_AUDIT_H_
#define MUSTER_CLI_AUDIT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/console.h"
#include "core/report/verify.h"

namespace muster::cli {

struct AuditOptions {
  std::vector<std::string> files;
  std::string bundle;
};

absl::StatusOr<int> RunAuditVerify(Console& console, const AuditOptions& options);

// A small table a person can read; and its uploads for scripts.
std::string DescribeFindings(const Console& console, const report::ReportFindings& findings);
Json FindingsJson(const report::ReportFindings& findings);

}  // namespace muster::cli

#endif  // MUSTER_CLI_AUDIT_H_
