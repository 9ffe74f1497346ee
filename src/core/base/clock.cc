// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.h"

#include "core/base/bytes.h"
#include "core/base/error.h"

namespace muster {
namespace {

class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace

const Clock& Clock::System() {
  static const SystemClock clock;
  return clock;
}

std::string FormatRfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string FormatRfc3339(int64_t unix_seconds) {
  return FormatRfc3339(absl::FromUnixSeconds(unix_seconds));
}

absl::StatusOr<absl::Time> ParseRfc3339(std::string_view text) {
  absl::Time time;
  std::string error;
  const bool shape = text.size() >= 20 && text[10] == 'T' &&
                     (text.back() == 'Z' || (text.size() >= 25 && text[text.size() - 3] == ':'));
  if (!shape || !absl::ParseTime(absl::RFC3339_full, Av(text), &time, &error)) {
    return MakeError(v1::TIME_MALFORMED, "expected a time like 2026-11-22T02:41:00Z (RFC 3339)");
  }
  return time;
}

}  // namespace muster
