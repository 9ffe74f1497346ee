// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/field_value.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/contact/identifier.h"

namespace muster::ingest {
namespace {

using contact::Field;
using contact::Status;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }

bool EqualIgnoringCase(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) { return Lower(x) == y; });
}

constexpr std::string_view kNothings[] = {
    "-",    "--",     "---",   ".",   "?",     "n/a",    "#n/a",      "n.a.",    "na",  "null", "(null)",
    "<null>", "none", "(none)", "nil", "nan", "\\n", "undefined", "unknown", "n.a", "(blank)", "not available"};
constexpr size_t kNothingBytesMax = 13;

bool SaysNothing(std::string_view text) {
  if (text.size() > kNothingBytesMax) return false;
  for (std::string_view nothing : kNothings) {
    if (EqualIgnoringCase(text, nothing)) return true;
  }
  return false;
}

// Nothing for SetText to change.
bool IsPlain(std::string_view text) {
  for (char c : text) {
    if (static_cast<uint8_t>(c) < 0x20 || static_cast<uint8_t>(c) >= 0x7f) return false;
  }
  return true;
}

std::string_view Unwrap(std::string_view cell) {
  std::string_view text = contact::TrimSpace(cell);
  if (text.size() >= 3 && text[0] == '=' && text[1] == '"' && text.back() == '"') {
    text = contact::TrimSpace(text.substr(2, text.size() - 3));
  }
  return text;
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
  if (date.year < 1850 || date.year > 2199) return false;
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
    date->day = in.Number(&digits);  // 1970-05-00 and 1970-00-00 are how databases write what they know of it
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

// Days since 1970-01-01 in the Gregorian calendar, and back: shifting the year to start in March puts the leap day last.
int64_t DaysSinceEpoch(const Date& date) {
  const int64_t y = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = y / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

Date DateOfDay(int64_t days) {
  days += 719468;
  const int64_t era = days / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  Date date;
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = static_cast<int>(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
  return date;
}

// Minutes east of UTC. The zones of the continental United States are the only names that exports use.
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
  constexpr Zone kZones[] = {{"z", 0},
                                            {"utc", 0},
                                            {"gmt", 0},
                                            {"est", -300},
                                            {"edt", -240},
                                            {"cst", -360},
                                            {"cdt", -300},
                                            {"mst", -420},
                                            {"mdt", -360},
                                            {"pst", -480},
                                            {"pdt", -420}};
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

bool IsOneOf(std::string_view word, std::string_view words) {
  // `words` are lowercase, a blank before and after each.
  while (!word.empty() && word.back() == '.') word.remove_suffix(1);
  if (word.empty() || word.size() > 8) return false;
  std::string padded = " ";
  for (char c : word) padded.push_back(Lower(c));
  padded.push_back(' ');
  return words.find(padded) != std::string_view::npos;
}

std::string_view TakeFirstWord(std::string_view& text) {
  const size_t n = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, n);
  text = contact::TrimSpace(text.substr(n));
  return word;
}

std::string_view TakeLastWord(std::string_view& text) {
  const size_t blank = text.rfind(' ');
  const size_t start = blank == std::string_view::npos ? 0 : blank + 1;
  const std::string_view word = text.substr(start);
  text = contact::TrimSpace(text.substr(0, start));
  return word;
}

}  // namespace

std::string_view CleanCell(std::string_view cell) {
  const std::string_view text = Unwrap(cell);
  return SaysNothing(text) ? std::string_view() : text;
}

std::string_view CleanName(std::string_view cell) {
  const std::string_view text = Unwrap(cell);
  if (!SaysNothing(text)) return text;
  const bool capitalized = text[0] >= 'A' && text[0] <= 'Z' && text.size() > 1 && text[1] >= 'a' && text[1] <= 'z';
  for (std::string_view name : {"null", "none", "nil", "nan", "na"}) {
    if (capitalized && EqualIgnoringCase(text, name)) return text;
  }
  return {};
}

void SetText(std::string_view cell, std::string& out) {
  contact::ToNfcInto(cell, out);
  for (char& c : out) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) c = ' ';
  }
}

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

bool IsUnitedStates(std::string_view country) {
  for (std::string_view name : {"", "us", "usa", "u.s.", "u.s.a.", "united states", "united states of america",
                                "pr", "puerto rico", "gu", "vi", "as", "mp"}) {
    if (EqualIgnoringCase(country, name)) return true;
  }
  return false;
}

void SetZip(std::string_view zip, std::string_view plus4, bool is_us, std::string& out) {
  out.clear();
  // 2139.0 is a spreadsheet's or a data frame's idea of a ZIP.
  if (zip.size() > 2 && zip.substr(zip.size() - 2) == ".0") zip.remove_suffix(2);
  char digits[9];
  size_t count = 0;
  size_t dash = std::string_view::npos;  // digits before it
  bool plain = is_us;
  for (char c : zip) {
    if (IsDigit(c) && count < 9) {
      digits[count++] = c;
    } else if ((c == '-' || c == ' ') && dash == std::string_view::npos) {
      dash = count;
    } else {
      plain = false;
    }
  }
  size_t five = 0;  // how many of the digits belong to the first five
  if (plain && dash != std::string_view::npos && count - dash == 4 && dash >= 3 && dash <= 5) {
    five = dash;
  } else if (plain && dash != std::string_view::npos && count == dash && dash >= 3 && dash <= 5) {
    five = dash;  // "12345-"
  } else if (plain && dash == std::string_view::npos && count >= 3) {
    if (count <= 5) five = count;
    if (count >= 7) five = count - 4;
  }
  if (five == 0) {
    for (char c : zip) out.push_back(Upper(static_cast<uint8_t>(c) < 0x20 ? ' ' : c));
    return;
  }
  out.append(5 - five, '0');
  out.append(digits, five);
  std::string_view four(digits + five, count - five);
  if (four.empty() && plus4.size() <= 4 && !plus4.empty() &&
      std::all_of(plus4.begin(), plus4.end(), IsDigit)) {
    four = plus4;
  }
  if (four.empty()) return;
  out.push_back('-');
  out.append(4 - four.size(), '0');
  out.append(four);
}

void SetTags(std::string_view cell, TagStyle style, std::string& out) {
  out.clear();
  std::string text;
  if (!IsPlain(cell)) {
    SetText(cell, text);
    cell = text;
  }
  const auto put = [&](std::string_view tag) {
    tag = contact::TrimSpace(tag);
    if (tag.empty()) return;
    if (!out.empty()) out.push_back('\n');
    out.append(tag);
  };
  std::string_view rest = cell;
  if (style == TagStyle::kQuotedList && rest.find('"') != std::string_view::npos) {
    // "VIP","Blog, weekly": quotes stand around each tag.
    while (true) {
      const size_t open = rest.find('"');
      if (open == std::string_view::npos) return;
      const size_t close = rest.find('"', open + 1);
      put(rest.substr(open + 1, close == std::string_view::npos ? close : close - open - 1));
      if (close == std::string_view::npos) return;
      rest.remove_prefix(close + 1);
    }
  }
  const std::string_view separator = style == TagStyle::kCommaSpace ? ", " : ",";
  while (true) {
    const size_t end = rest.find(separator);
    put(rest.substr(0, end));
    if (end == std::string_view::npos) return;
    rest.remove_prefix(end + separator.size());
  }
}

void SplitFullName(std::string_view cell, contact::ContactRecord& record) {
  constexpr std::string_view kPrefixes = " mr mrs ms miss mx dr rev hon prof ";
  constexpr std::string_view kSuffixes = " jr sr ii iii iv md phd esq ";
  std::string text;
  if (!IsPlain(cell)) {
    SetText(cell, text);
    cell = text;
  }
  std::string_view rest = contact::TrimSpace(cell);
  std::string_view first;
  std::string_view middle;
  std::string_view last;
  std::string_view suffix;
  std::string_view prefix;
  if (const size_t comma = rest.find(','); comma != std::string_view::npos) {
    std::string_view after = contact::TrimSpace(rest.substr(comma + 1));
    std::string_view before = contact::TrimSpace(rest.substr(0, comma));
    if (after.find(' ') == std::string_view::npos && IsOneOf(after, kSuffixes)) {
      suffix = after;
      rest = before;
    } else {
      last = before;
      rest = after;
    }
  }
  if (rest.find(' ') != std::string_view::npos) {
    std::string_view ahead = rest;
    if (const std::string_view word = TakeFirstWord(ahead); IsOneOf(word, kPrefixes)) {
      prefix = word;
      rest = ahead;
    }
  }
  if (suffix.empty() && rest.find(' ') != std::string_view::npos) {
    std::string_view ahead = rest;
    if (const std::string_view word = TakeLastWord(ahead); IsOneOf(word, kSuffixes)) {
      suffix = word;
      rest = ahead;
    }
  }
  if (last.empty() && rest.find(' ') != std::string_view::npos) last = TakeLastWord(rest);
  first = TakeFirstWord(rest);
  middle = rest;
  const auto fill = [&](Field field, std::string_view part) {
    if (record[field].empty()) record[field].assign(part);
  };
  fill(Field::kPrefix, prefix);
  fill(Field::kFirstName, first);
  fill(Field::kMiddleName, middle);
  fill(Field::kLastName, last);
  fill(Field::kSuffix, suffix);
}

bool SplitMailchimpAddress(std::string_view cell, contact::ContactRecord& record) {
  // street, [second line,] city, state, ZIP, country
  constexpr size_t kAddressBytesMax = 300;
  if (cell.size() > kAddressBytesMax) return false;
  std::array<std::string_view, 6> parts;
  size_t count = 0;
  while (true) {
    const size_t end = cell.find("  ");
    const std::string_view part = contact::TrimSpace(cell.substr(0, end));
    if (!part.empty()) {
      if (count == parts.size()) return false;
      parts[count++] = part;
    }
    if (end == std::string_view::npos) break;
    cell.remove_prefix(end + 2);
  }
  if (count < 5 || parts[count - 1].size() != 2 || !IsDigit(parts[count - 2].back())) return false;
  SetText(parts[0], record[Field::kAddress1]);
  if (count == 6) SetText(parts[1], record[Field::kAddress2]);
  SetText(parts[count - 4], record[Field::kCity]);
  SetText(parts[count - 3], record[Field::kState]);
  SetZip(parts[count - 2], {}, IsUnitedStates(parts[count - 1]), record[Field::kZip]);
  SetText(parts[count - 1], record[Field::kCountry]);
  return true;
}

std::optional<bool> ParseYesNo(std::string_view cell) {
  if (cell.size() > 8) return std::nullopt;
  for (std::string_view yes : {"true", "1", "yes", "y", "t", "x", "on", "checked", "1.0"}) {
    if (EqualIgnoringCase(cell, yes)) return true;
  }
  for (std::string_view no : {"", "false", "0", "no", "n", "f", "off", "0.0"}) {
    if (EqualIgnoringCase(cell, no)) return false;
  }
  return std::nullopt;
}

std::string WordKey(std::string_view text) {
  std::string key;
  for (char c : text) {
    if (IsDigit(c) || IsLetter(c) || static_cast<uint8_t>(c) >= 0x80) key.push_back(Lower(c));
  }
  return key;
}

std::optional<Status> ParseStatusWord(std::string_view cell) {
  struct Word {
    std::string_view key;
    Status status;
  };
  constexpr Word kWords[] = {
      {"subscribed", Status::kSubscribed},
      {"subscribe", Status::kSubscribed},
      {"resubscribed", Status::kSubscribed},
      {"active", Status::kSubscribed},
      {"confirmed", Status::kSubscribed},
      {"enabled", Status::kSubscribed},
      {"optin", Status::kSubscribed},
      {"optedin", Status::kSubscribed},
      {"doubleoptin", Status::kSubscribed},
      {"yes", Status::kSubscribed},
      {"true", Status::kSubscribed},
      {"y", Status::kSubscribed},
      {"1", Status::kSubscribed},
      {"unsubscribed", Status::kUnsubscribed},
      {"unsubscribe", Status::kUnsubscribed},
      {"unsub", Status::kUnsubscribed},
      {"optout", Status::kUnsubscribed},
      {"optedout", Status::kUnsubscribed},
      {"useroptout", Status::kUnsubscribed},
      {"onholdoptout", Status::kUnsubscribed},
      {"no", Status::kUnsubscribed},
      {"false", Status::kUnsubscribed},
      {"n", Status::kUnsubscribed},
      {"0", Status::kUnsubscribed},
      {"complaint", Status::kComplained},
      {"complained", Status::kComplained},
      {"spam", Status::kComplained},
      {"spamcomplaint", Status::kComplained},
      {"previousspamcomplaint", Status::kComplained},
      {"spamreport", Status::kComplained},
      {"markedasspam", Status::kComplained},
      {"abuse", Status::kComplained},
      {"bouncing", Status::kBouncing},
      {"bounced", Status::kBouncing},
      {"bounce", Status::kBouncing},
      {"hardbounce", Status::kBouncing},
      {"hardbounced", Status::kBouncing},
      {"softbounce", Status::kBouncing},
      {"previousbounce", Status::kBouncing},
      {"onholdbounce", Status::kBouncing},
      {"onhold", Status::kBouncing},
      {"bad", Status::kBouncing},
      {"bademail", Status::kBouncing},
      {"invalid", Status::kBouncing},
      {"undeliverable", Status::kBouncing},
      {"cleaned", Status::kCleaned},
      {"disabled", Status::kDoNotEmail},
      {"donotemail", Status::kDoNotEmail},
      {"donotcontact", Status::kDoNotEmail},
      {"noemail", Status::kDoNotEmail},
      {"suppressed", Status::kDoNotEmail},
      {"blocked", Status::kDoNotEmail},
      {"blocklisted", Status::kDoNotEmail},
      {"blacklisted", Status::kDoNotEmail},
      {"inactive", Status::kDoNotEmail},
      {"notsubscribed", Status::kDoNotEmail},
      {"nonsubscribed", Status::kDoNotEmail},
      {"neversubscribed", Status::kDoNotEmail},
      {"never", Status::kDoNotEmail},
      {"pending", Status::kDoNotEmail},
      {"unconfirmed", Status::kDoNotEmail},
      {"transactional", Status::kDoNotEmail},
      {"archived", Status::kDoNotEmail},
      {"donotshare", Status::kDoNotShare},
      {"donottrade", Status::kDoNotShare},
      {"deceased", Status::kDeceased},
      {"dead", Status::kDeceased},
  };
  if (cell.size() > 40) return std::nullopt;
  const std::string key = WordKey(cell);
  for (const Word& word : kWords) {
    if (word.key == key) return word.status;
  }
  return std::nullopt;
}

}  // namespace muster::ingest
