// SPDX-License-Identifier: Apache-2.0
//
// Clock: where code that must be testable asks for the time. Times are UTC; RFC 3339 on the
// outside.
//
// Threads: Now() may be called from anywhere.
#ifndef MUSTER_CORE_BASE_CLOCK_H_
#define MUSTER_CORE_BASE_CLOCK_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace muster {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
  static const Clock& System();
};

// "2026-11-22T02:41:00Z", always UTC and whole seconds.
std::string FormatRfc3339(absl::Time time);
std::string FormatRfc3339(int64_t unix_seconds);
// Strict: uppercase T, and Z or an offset. INVALID_ARGUMENT (TIME_MALFORMED).
absl::StatusOr<absl::Time> ParseRfc3339(std::string_view text);

}  // namespace muster

#endif  // MUSTER_CORE_BASE_CLOCK_H_
