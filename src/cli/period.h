// SPDX-License-Identifier: Apache-2.0
//
// ParsePeriod: `--from DATE --to DATE` of reports.
//
// A date is YYYY-MM-DD (midnight UTC) or RFC 3339; from is in the period, to is not; empty leaves a
// side open.
// Errors: INVALID_ARGUMENT (TIME_MALFORMED) naming the flag.
// Threads: pure.
#ifndef MUSTER_CLI_PERIOD_H_
#define MUSTER_CLI_PERIOD_H_

#include <string>

#include "absl/status/statusor.h"
#include "muster/v1/report.pb.h"

namespace muster::cli {

absl::StatusOr<v1::Period> ParsePeriod(const std::string& from, const std::string& to);

}  // namespace muster::cli

#endif  // MUSTER_CLI_PERIOD_H_
