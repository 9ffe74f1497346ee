// SPDX-License-Identifier: Apache-2.0
//
// audit verify: checks reports, canaries' proofs and receipts of erasures against a bundle. No
// network, no profile: core/report and what it links, and nothing else; `muster-audit` is this
// command alone.
//
// A report that does not hold is a result, not an error: {"ok": false, "failures": [...]} and exit
// code 1. With --html the outcome is also a page (cli/audit_page.h).
// Errors: of writing the page.
#ifndef MUSTER_CLI_AUDIT_H_
#define MUSTER_CLI_AUDIT_H_

#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/audit_evidence.h"
#include "cli/console.h"
#include "core/report/verify.h"
#include "core/report/verify_coalition.h"

namespace muster::cli {

struct AuditOptions {
  std::vector<std::string> files;
  std::string bundle;
  std::string html;  // empty: no page
};

// One file and what came of it.
struct AuditedFile {
  std::string file;
  absl::Status status;
  std::variant<std::monostate, report::ReportFindings, report::CoalitionFindings, EvidenceFinding>
      findings;
};

struct AuditOutcome {
  // What the bundle says; size 0 when it does not hold.
  report::AuditRoot root;
  std::vector<AuditedFile> files;  // the bundle first, when it does not hold
  int64_t verify_time = 0;
  bool ok() const;
};

AuditOutcome VerifyFiles(const AuditOptions& options);
absl::StatusOr<int> RunAuditVerify(Console& console, const AuditOptions& options);

// Tables a person can read; and the same for scripts.
std::string DescribeFindings(const Console& console, const report::ReportFindings& findings);
std::string DescribeFindings(const Console& console, const report::CoalitionFindings& findings);
Json FindingsJson(const report::ReportFindings& findings);  // its uploads
Json ActsJson(const report::ReportFindings& findings);
void PutMemberJson(const report::ReportFindings& findings, Json& json);
void PutCoalitionJson(const report::CoalitionFindings& findings, Json& json);
// "2026-09-01 to 2026-10-01", "all time".
std::string PeriodForPeople(const v1::Period& period);

}  // namespace muster::cli

#endif  // MUSTER_CLI_AUDIT_H_
