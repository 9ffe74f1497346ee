// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/date_value.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace muster::ingest {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool EqualIgnoringCase(std::string_view a, std::string_view lower) {
  const auto same = [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x | 0x20 : x) == y; };
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(), same);
}

// What is left of a text being read from the left.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_[0]; }
  char Take() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }
  bool Skip(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void SkipBlanks() {
    while (Skip(' ')) {
    }
  }
  // Digits as a number; their count in `*digits`, 0 when there are none or more than 8.
  int Number(int* digits) {
    int value = 0;
    int n = 0;
    while (n < 9 && IsDigit(peek())) {
      value = value * 10 + (Take() - '0');
      ++n;
    }
    *digits = n > 8 ? 0 : n;
    return n > 8 ? 0 : value;
  }
  std::string_view Letters() {
    size_t n = 0;
    while (n < rest_.size() && IsLetter(rest_[n])) ++n;
    const std::string_view word = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return word;
  }

 private:
  std::string_view rest_;
};

constexpr int kFirstYear = 1850;

struct Date {
  int year = 0;
  int month = 0;  // 0 when only the year is known
  int day = 0;    // 0 when only year and month are known
};

int DaysIn(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<size_t>(month - 1)];
}

bool IsDate(const Date& date) {
  if (date.year < kFirstYear || date.year > 2199) return false;
  if (date.month == 0) return date.day == 0;
  if (date.month < 0 || date.month > 12) return false;
  return date.day >= 0 && date.day <= DaysIn(date.year, date.month);
}

// 1 to 12 for "jan" or "january", 0 for another word.
int MonthOf(std::string_view word) {
  constexpr std::array<std::string_view, 12> kMonths = {
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  if (word.size() < 3) return 0;
  for (size_t i = 0; i < kMonths.size(); ++i) {
    const std::string_view month = kMonths[i];
    if (EqualIgnoringCase(word, month) || EqualIgnoringCase(word, month.substr(0, 3))) {
      return static_cast<int>(i) + 1;
    }
    if (EqualIgnoringCase(word, "sept")) return 9;
  }
  return 0;
}

int WholeYear(int value, int digits) {
  if (digits != 2) return value;
  return value >= kTwoDigitYearPivot ? 1900 + value : 2000 + value;
}

bool ScanMonthName(Scanner& in, int day, Date* date) {
  date->month = MonthOf(in.Letters());
  if (date->month == 0) return false;
  const auto skip_separators = [&] {
    while (in.peek() == ' ' || in.peek() == ',' || in.peek() == '.' || in.peek() == '-') in.Take();
  };
  skip_separators();
  int digits = 0;
  int value = in.Number(&digits);
  if (day == 0) {
    // "January 5, 1970", or "January 1970".
    if (digits == 4) {
      date->year = value;
      return true;
    }
    day = value;
    if (digits == 0 || day == 0) return false;
    const std::string_view ordinal = in.Letters();
    if (!ordinal.empty() && ordinal.size() != 2) return false;
    skip_separators();
    value = in.Number(&digits);
  }
  if (digits != 4 && digits != 2) return false;
  date->day = day;
  date->year = WholeYear(value, digits);
  return true;
}

bool ScanDate(Scanner& in, DateOrder order, Date* date) {
  if (IsLetter(in.peek())) return ScanMonthName(in, 0, date);
  int digits = 0;
  const int first = in.Number(&digits);
  if (digits == 0) return false;
  if (digits == 8) {
    *date = {first / 10000, first / 100 % 100, first % 100};
    return true;
  }
  const char separator = in.peek();
  if (digits == 4) {
    date->year = first;
    if (separator != '-' && separator != '/' && separator != '.') return true;
    in.Take();
    date->month = in.Number(&digits);
    if (digits != 1 && digits != 2) return false;
    if (!in.Skip(separator)) return true;
    date->day = in.Number(
        &digits);  // 1970-05-00 and 1970-00-00 are how databases write what they know of it
    return digits == 1 || digits == 2;
  }
  if (digits > 2) return false;
  if (separator == ' ' || separator == '-') {
    Scanner ahead = in;
    ahead.Take();
    if (IsLetter(ahead.peek())) {
      in = ahead;
      return first != 0 && ScanMonthName(in, first, date);
    }
  }
  if (separator != '/' && separator != '-' && separator != '.') return false;
  in.Take();
  const int second = in.Number(&digits);
  if (digits == 4) {  // 05/1970
    *date = {second, first, 0};
    return first != 0 || second == 0;
  }
  if (digits != 1 && digits != 2) return false;
  if (!in.Skip(separator)) return false;
  const int year = in.Number(&digits);
  if (digits != 4 && digits != 2) return false;
  date->year = digits == 2 && first + second == 0 ? year : WholeYear(year, digits);
  const bool day_first = separator == '.' || order == DateOrder::kDayFirst;
  date->day = day_first ? first : second;
  date->month = day_first ? second : first;
  // 25/12/1970 has one reading only, whatever the country.
  if (date->month > 12 && date->day <= 12 && separator != '.') std::swap(date->month, date->day);
  return (date->day != 0 && date->month != 0) || (first == 0 && second == 0 && year == 0);
}

bool IsAllZeros(const Date& date) { return date.year == 0 && date.month == 0 && date.day == 0; }

void PutDigits(int value, int width, std::string& out) {
  char text[4];
  for (int i = width - 1; i >= 0; --i, value /= 10) text[i] = static_cast<char>('0' + value % 10);
  out.append(text, static_cast<size_t>(width));
}

// Days since 1970-01-01 in the Gregorian calendar, and back: shifting the year to start in March
// puts the leap day last.
int64_t DaysSinceEpoch(const Date& date) {
  const int64_t y = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = y / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year =
      (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

Date DateOfDay(int64_t days) {
  days += 719468;
  const int64_t era = days / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  Date date;
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = static_cast<int>(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
  return date;
}

// Minutes east of UTC. The zones of the continental United States are the only names that exports
// use.
bool ScanZone(Scanner& in, int* minutes) {
  *minutes = 0;
  in.SkipBlanks();
  if (in.empty()) return true;
  if (in.peek() == '+' || in.peek() == '-') {
    const int sign = in.Take() == '-' ? -1 : 1;
    int digits = 0;
    int value = in.Number(&digits);
    if (digits == 4) {
      value = value / 100 * 60 + value % 100;
    } else if (digits == 2) {
      value *= 60;
      if (in.Skip(':')) {
        const int rest = in.Number(&digits);
        if (digits != 2 || rest > 59) return false;
        value += rest;
      }
    } else {
      return false;
    }
    *minutes = sign * value;
    return value <= 14 * 60 && in.empty();
  }
  const std::string_view zone = in.Letters();
  if (!in.empty()) return false;
  struct Zone {
    std::string_view name;
    int minutes;
  };
  constexpr Zone kZones[] = {{"z", 0},      {"utc", 0},    {"gmt", 0},    {"est", -300},
                             {"edt", -240}, {"cst", -360}, {"cdt", -300}, {"mst", -420},
                             {"mdt", -360}, {"pst", -480}, {"pdt", -420}};
  for (const Zone& known : kZones) {
    if (EqualIgnoringCase(zone, known.name)) {
      *minutes = known.minutes;
      return true;
    }
  }
  return false;
}

// "05:06", "05:06:07", "05:06:07.123", "5:06 PM"; seconds of the day.
bool ScanTimeOfDay(Scanner& in, int* seconds) {
  int digits = 0;
  int hour = in.Number(&digits);
  if (digits == 0 || digits > 2 || !in.Skip(':')) return false;
  const int minute = in.Number(&digits);
  if (digits != 2) return false;
  int second = 0;
  if (in.Skip(':')) {
    second = in.Number(&digits);
    if (digits != 2) return false;
    if (in.Skip('.') || in.Skip(',')) {
      if (!IsDigit(in.peek())) return false;
      while (IsDigit(in.peek())) in.Take();
    }
  }
  Scanner ahead = in;
  ahead.SkipBlanks();
  const std::string_view half = ahead.Letters();
  const bool pm = EqualIgnoringCase(half, "pm");
  if (pm || EqualIgnoringCase(half, "am")) {
    if (hour < 1 || hour > 12) return false;
    hour = hour % 12 + (pm ? 12 : 0);
    in = ahead;
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  *seconds = hour * 3600 + minute * 60 + std::min(second, 59);
  return true;
}

void PutTime(const Date& date, int seconds, std::string& out) {
  PutDigits(date.year, 4, out);
  out.push_back('-');
  PutDigits(date.month, 2, out);
  out.push_back('-');
  PutDigits(date.day, 2, out);
  out.push_back('T');
  PutDigits(seconds / 3600, 2, out);
  out.push_back(':');
  PutDigits(seconds / 60 % 60, 2, out);
  out.push_back(':');
  PutDigits(seconds % 60, 2, out);
  out.push_back('Z');
}

}  // namespace

DateOrder DateOrderOf(std::string_view region) {
  for (std::string_view month_first : {"US", "PR", "GU", "VI", "AS", "MP", "PH"}) {
    if (region == month_first) return DateOrder::kMonthFirst;
  }
  return DateOrder::kDayFirst;
}

bool SetBirthDate(std::string_view cell, DateOrder order, std::string& out) {
  out.clear();
  Scanner in(cell);
  Date date;
  if (!ScanDate(in, order, &date)) return false;
  if (!in.empty()) {
    // A time of day behind it is a database's midnight.
    if (!in.Skip('T')) {
      if (in.peek() != ' ') return false;
      in.SkipBlanks();
    }
    int seconds = 0;
    int minutes = 0;
    if (!ScanTimeOfDay(in, &seconds) || !ScanZone(in, &minutes)) return false;
  }
  if (IsAllZeros(date)) return true;
  if (!IsDate(date)) return false;
  PutDigits(date.year, 4, out);
  if (date.month == 0) return true;
  out.push_back('-');
  PutDigits(date.month, 2, out);
  if (date.day == 0) return true;
  out.push_back('-');
  PutDigits(date.day, 2, out);
  return true;
}

bool SetTime(std::string_view cell, DateOrder order, std::string& out) {
  out.clear();
  Scanner in(cell);
  Date date;
  if (!ScanDate(in, order, &date)) return false;
  int seconds = 0;
  int minutes = 0;
  if (!in.empty()) {
    if (!in.Skip('T')) {
      if (in.peek() != ' ' && in.peek() != ',') return false;
      in.Skip(',');
      in.SkipBlanks();
    }
    if (!ScanTimeOfDay(in, &seconds) || !ScanZone(in, &minutes)) return false;
  }
  if (IsAllZeros(date)) return true;
  if (!IsDate(date) || date.day == 0) return false;
  if (minutes != 0) {
    int64_t at = DaysSinceEpoch(date) * 86400 + seconds - int64_t{minutes} * 60;
    // Dates before 1970 make it negative; the calendar's day 0 is far below any.
    at += int64_t{719468} * 86400;
    date = DateOfDay(at / 86400 - 719468);
    seconds = static_cast<int>(at % 86400);
  }
  PutTime(date, seconds, out);
  return true;
}

bool DateFormat::Parse(std::string_view text, DateFormat* format) {
  format->text_.assign(text);
  format->parts_.clear();
  std::string seen;
  while (!text.empty()) {
    struct Token {
      std::string_view word;
      char part;
    };
    constexpr Token kTokens[] = {{"YYYY", 'Y'}, {"YY", 'y'}, {"MM", 'M'}, {"DD", 'D'}};
    const auto token = std::find_if(std::begin(kTokens), std::end(kTokens), [&](const Token& t) {
      return text.substr(0, t.word.size()) == t.word;
    });
    if (token != std::end(kTokens)) {
      const char part = token->part == 'y' ? 'Y' : token->part;
      if (seen.find(part) != std::string::npos) return false;
      seen.push_back(part);
      format->parts_.push_back(token->part);
      text.remove_prefix(token->word.size());
      continue;
    }
    constexpr std::string_view kSeparators = "-/._ ";
    if (kSeparators.find(text[0]) == std::string_view::npos) return false;
    format->parts_.push_back(text[0]);
    text.remove_prefix(1);
  }
  const bool has_month = seen.find('M') != std::string::npos;
  return seen.find('Y') != std::string::npos && (has_month || seen.find('D') == std::string::npos);
}

bool DateFormat::Read(std::string_view cell, int pivot, std::string& out) const {
  out.clear();
  Date date;
  size_t at = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    const char part = parts_[i];
    if (part != 'Y' && part != 'y' && part != 'M' && part != 'D') {
      if (at == cell.size() || cell[at] != part) return false;
      ++at;
      continue;
    }
    const bool is_year = part == 'Y' || part == 'y';
    const size_t most = part == 'Y' ? 4 : 2;
    const bool fixed = is_year || (i + 1 < parts_.size() && IsLetter(parts_[i + 1])) ||
                       (i > 0 && IsLetter(parts_[i - 1]));
    int value = 0;
    size_t digits = 0;
    while (digits < most && at < cell.size() && IsDigit(cell[at])) {
      value = value * 10 + (cell[at++] - '0');
      ++digits;
    }
    if (digits == 0 || (fixed && digits != most)) return false;
    if (part == 'M') {
      date.month = value;
    } else if (part == 'D') {
      date.day = value;
    } else if (part == 'Y') {
      date.year = value;
    } else {
      date.year = value >= pivot ? 1900 + value : 2000 + value;
    }
  }
  if (at < cell.size()) {
    // A time of day behind it is a database's midnight.
    if (cell[at] != ' ' && cell[at] != 'T') return false;
    Scanner in(cell.substr(at + 1));
    in.SkipBlanks();
    int seconds = 0;
    int minutes = 0;
    if (!ScanTimeOfDay(in, &seconds) || !ScanZone(in, &minutes)) return false;
  }
  const bool before_anybody = date.year < kFirstYear;
  if (before_anybody) date.year = kFirstYear;
  if (!IsDate(date)) return false;
  if (before_anybody) return true;
  PutDigits(date.year, 4, out);
  if (date.month == 0) return true;
  out.push_back('-');
  PutDigits(date.month, 2, out);
  if (date.day == 0) return true;
  out.push_back('-');
  PutDigits(date.day, 2, out);
  return true;
}

}  // namespace muster::ingest
