// SPDX-License-Identifier: Apache-2.0
//
// Errors with a reason: an absl::Status whose code says what the caller can do and whose Reason
// says what happened.
//
// Rule: a message names field, row and remedy and never quotes contact data; numbers of rows are
// fine. The Reason and its details travel as a Status payload (proto ErrorDetail); server/rpc turns
// it into google.rpc.Status.
// Threads: pure.
// Source: AIP-193.
#ifndef MUSTER_CORE_BASE_ERROR_H_
#define MUSTER_CORE_BASE_ERROR_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "muster/v1/error_reason.pb.h"

namespace muster {

using Reason = v1::ErrorReason;
using ErrorDetails = std::map<std::string, std::string>;

// A status of `code` with `reason`; the canonical code follows from the reason when made by the
// overload without one.
absl::Status MakeError(absl::StatusCode code, Reason reason, std::string_view message,
                       const ErrorDetails& details = {});
absl::Status MakeError(Reason reason, std::string_view message, const ErrorDetails& details = {});

// The canonical code that a reason maps to; one table, so that equal reasons never differ in code.
absl::StatusCode CodeOf(Reason reason);

// The reason carried by `status`, or ERROR_REASON_UNSPECIFIED.
Reason ReasonOf(const absl::Status& status);

// The reason's name without its enum prefix, as users see it: "EMAIL_MALFORMED".
std::string ReasonName(Reason reason);

ErrorDetails DetailsOf(const absl::Status& status);

// `status` with "context: " before its message; code, reason and details are kept.
absl::Status Annotate(const absl::Status& status, std::string_view context);

}  // namespace muster

#endif  // MUSTER_CORE_BASE_ERROR_H_
