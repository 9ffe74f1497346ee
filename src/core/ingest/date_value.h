// SPDX-License-Identifier: Apache-2.0
//
// Dates of birth and times, as people, CRMs and databases write them, in the forms that a
// ContactRecord holds.
//
// Rule: what cannot be read is said to be so, never guessed at: a function returns false and
// leaves `out` empty. A month and day in doubt go by the region; parts that a database writes as
// zeros are not known.
// Units: dates "YYYY-MM-DD", "YYYY-MM" or "YYYY"; times RFC 3339 UTC, zone-less ones taken as UTC.
// Threads: pure.
#ifndef MUSTER_CORE_INGEST_DATE_VALUE_H_
#define MUSTER_CORE_INGEST_DATE_VALUE_H_

#include <string>
#include <string_view>

namespace muster::ingest {

// Which of 03/04/1970 is the month. Dots always mean day first.
enum class DateOrder { kMonthFirst, kDayFirst };
DateOrder DateOrderOf(std::string_view region);

// Two-digit years from kTwoDigitYearPivot on are 19xx. All zeros is no date: true, and `out` empty.
inline constexpr int kTwoDigitYearPivot = 20;
bool SetBirthDate(std::string_view cell, DateOrder order, std::string& out);
bool SetTime(std::string_view cell, DateOrder order, std::string& out);

// A way of writing dates that a file keeps to throughout: "MM/DD/YYYY", "YYYYMMDD", "MM/DD/YY",
// "YYYY". M and D take one digit or two before a separator, two without; a time behind the date is
// passed over; zeros for a day or a month are not known.
class DateFormat {
 public:
  // False unless `text` is made of YYYY or YY, MM, DD and separators (- / . _ and blank), each
  // part once.
  static bool Parse(std::string_view text, DateFormat* format);
  const std::string& text() const { return text_; }
  // Two-digit years from `pivot` on are 19xx. A day before 1850 is how offices write that they do
  // not know one, zeros among them: true, and `out` empty. False leaves `out` empty.
  bool Read(std::string_view cell, int pivot, std::string& out) const;

 private:
  std::string text_;
  std::string parts_;  // 'Y' four digits, 'y' two, 'M', 'D', and the separators
};

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_DATE_VALUE_H_
