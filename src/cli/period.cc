// SPDX-License-Identifier: Apache-2.0
#include "cli/period.h"

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::cli {
namespace {

absl::StatusOr<int64_t> ParseDate(const std::string& text, const std::string& flag) {
  if (text.empty()) return 0;
  const auto day = ParseRfc3339(text + "T00:00:00Z");
  const auto time = day.ok() ? day : ParseRfc3339(text);
  if (!time.ok() || absl::ToUnixSeconds(*time) <= 0) {
    return MakeError(v1::TIME_MALFORMED,
                     flag + " is no date; write it as 2026-09-01 or 2026-09-01T12:00:00Z");
  }
  return absl::ToUnixSeconds(*time);
}

}  // namespace

absl::StatusOr<v1::Period> ParsePeriod(const std::string& from, const std::string& to) {
  v1::Period period;
  MUSTER_ASSIGN_OR_RETURN(const int64_t from_time, ParseDate(from, "--from"));
  MUSTER_ASSIGN_OR_RETURN(const int64_t to_time, ParseDate(to, "--to"));
  if (to_time != 0 && to_time <= from_time)
    return MakeError(v1::TIME_MALFORMED, "--to is not after --from; give a period that has days");
  period.set_from_time(from_time);
  period.set_to_time(to_time);
  return period;
}

}  // namespace muster::cli
