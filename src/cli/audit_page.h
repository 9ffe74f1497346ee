// SPDX-License-Identifier: Apache-2.0
//
// AuditPage: the outcome of an audit as one HTML page, to read, print and hand on.
//
// Rule: self-contained: no script, no font, no picture, nothing that is fetched, and a content
// security policy that says so. Every text that comes out of a report is escaped. It says what is
// proven and what is not, and names what does not hold.
// Threads: pure.
#ifndef MUSTER_CLI_AUDIT_PAGE_H_
#define MUSTER_CLI_AUDIT_PAGE_H_

#include <string>
#include <string_view>

#include "cli/audit.h"

namespace muster::cli {

std::string AuditPage(const AuditOutcome& outcome);

// `text` for element content and quoted attributes; control characters become "?".
std::string HtmlEscaped(std::string_view text);

}  // namespace muster::cli

#endif  // MUSTER_CLI_AUDIT_PAGE_H_
