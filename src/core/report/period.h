// SPDX-License-Identifier: Apache-2.0
//
// Period: of which time a report is, and when an entry of the log was made.
//
// Rule: an entry's time is what its signer's clock said, as far as the log's order bears it out:
// whoever dates a statement more than a day before one that stands ahead of it is counted where
// the log has it, and named. A date more than a day after the report was made is named as well and
// moves nothing.
// Units: Unix seconds.
// Threads: a clock belongs to one thread.
#ifndef MUSTER_CORE_REPORT_PERIOD_H_
#define MUSTER_CORE_REPORT_PERIOD_H_

#include <algorithm>
#include <cstdint>

#include "muster/v1/report.pb.h"

namespace muster::report {

inline bool IsWithin(int64_t time, const v1::Period& period) {
  return time >= period.from_time() && (period.to_time() == 0 || time < period.to_time());
}

inline constexpr int64_t kClockSlackSeconds = 24 * 60 * 60;

class LogClock {
 public:
  // `now`: when the report was made.
  explicit LogClock(int64_t now) : now_(now) {}
  struct Reading {
    int64_t time = 0;
    bool back_dated = false;
    bool post_dated = false;
  };
  // Entries in the log's order.
  Reading Read(int64_t create_time) {
    if (create_time > now_ + kClockSlackSeconds) return {std::max(latest_, now_), false, true};
    if (create_time + kClockSlackSeconds < latest_) return {latest_, true, false};
    latest_ = std::max(latest_, create_time);
    return {create_time, false, false};
  }

 private:
  int64_t now_ = 0;
  int64_t latest_ = 0;
};

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_PERIOD_H_
