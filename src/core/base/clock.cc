// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.h"

#include "absl/strings/ascii.h"
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
  // Abseil forgives spaces and missing digits, so the shape is held against this first.
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  bool shaped = text.size() > kShape.size();
  for (size_t i = 0; shaped && i < kShape.size(); ++i) {
    shaped = kShape[i] == '0' ? absl::ascii_isdigit(static_cast<unsigned char>(text[i]))
                              : text[i] == kShape[i];
  }
  shaped = shaped && (text.back() == 'Z' || (text.size() >= 25 && text[text.size() - 3] == ':'));
  if (!shaped || !absl::ParseTime(absl::RFC3339_full, Av(text), &time, &error)) {
    return MakeError(v1::TIME_MALFORMED, "expected a time like 2026-11-22T02:41:00Z (RFC 3339)");
  }
  return time;
}

}  // namespace muster
