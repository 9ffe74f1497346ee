// SPDX-License-Identifier: Apache-2.0
//
// Period: of which time a report is, and when an entry of the log was made.
//
// Rule: an entry's time is what its signer's clock said, as far as the log's order bears it out:
// whoever dates a statement more than a day before one that stands ahead of it is counted where
// the log has it, and named. One signer's date alone moves nobody else's: a leap of more than a day
// counts against others once somebody else's date bears it out. A date more than a day after the
// report was made is named as well and moves nothing.
// Units: Unix seconds.
// Threads: a clock belongs to one thread.
#ifndef MUSTER_CORE_REPORT_PERIOD_H_
#define MUSTER_CORE_REPORT_PERIOD_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "muster/v1/report.pb.h"

namespace muster::report {

inline bool IsWithin(int64_t time, const v1::Period& period) {
  return time >= period.from_time() && (period.to_time() == 0 || time < period.to_time());
}

inline constexpr int64_t kClockSlackSeconds = 24 * 60 * 60;
inline constexpr int64_t kTimeMax = 253'402'300'799;  // the end of the year 9999
inline bool IsTime(int64_t seconds) { return seconds >= 0 && seconds <= kTimeMax; }

class LogClock {
 public:
  // `now`: when the report was made; IsTime.
  explicit LogClock(int64_t now) : now_(std::clamp<int64_t>(now, 0, kTimeMax)) {}
  struct Reading {
    int64_t time = 0;
    bool back_dated = false;
    bool post_dated = false;
  };
  // Entries in the log's order, with who signed each.
  Reading Read(int64_t create_time, std::string_view signer) {
    if (create_time > now_ + kClockSlackSeconds) return {std::max(latest_, now_), false, true};
    const int64_t time = std::max<int64_t>(create_time, 0);
    if (time + kClockSlackSeconds < latest_) return {latest_, true, false};
    if (latest_ == 0 || time <= latest_ + kClockSlackSeconds) {
      latest_ = std::max(latest_, time);
    } else if (leap_ != 0 && signer != leaper_ && time + kClockSlackSeconds >= leap_) {
      latest_ = std::max(latest_, std::min(time, leap_));
      if (time > leap_) Leap(time, signer);
    } else if (leap_ == 0 || signer == leaper_ || time < leap_) {
      Leap(time, signer);
    }
    return {time, false, false};
  }

 private:
  void Leap(int64_t time, std::string_view signer) {
    leap_ = time;
    leaper_ = signer;
  }
  int64_t now_ = 0;
  int64_t latest_ = 0;  // borne out by two, or by the first
  int64_t leap_ = 0;    // further ahead, and borne out by nobody else yet
  std::string leaper_;
};

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_PERIOD_H_
