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
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(),
                                                [](char x, char y) { return Lower(x) == y; });
}

constexpr std::string_view kNothings[] = {
    "-",   "--",        "---",     ".",      "?",       "n/a",          "#n/a", "n.a.",
    "na",  "null",      "(null)",  "<null>", "none",    "(none)",       "nil",  "nan",
    "\\n", "undefined", "unknown", "n.a",    "(blank)", "not available"};
constexpr size_t kNothingBytesMax = 13;

bool SaysNothing(std::string_view text) {
  if (text.empty() || text.size() > kNothingBytesMax) return false;
  constexpr std::string_view kStarts = "-.?#(<\\nNuU";
  if (kStarts.find(text[0]) == std::string_view::npos) return false;
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
  const bool capitalized =
      text[0] >= 'A' && text[0] <= 'Z' && text.size() > 1 && text[1] >= 'a' && text[1] <= 'z';
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

bool IsUnitedStates(std::string_view country) {
  for (std::string_view name :
       {"", "us", "usa", "u.s.", "u.s.a.", "united states", "united states of america", "pr",
        "puerto rico", "gu", "vi", "as", "mp"}) {
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
  if (plain && dash != std::string_view::npos) {
    const bool whole = count == dash || count - dash == 4;  // "12345-" is one as well
    if (whole && dash >= 3 && dash <= 5) five = dash;
  } else if (plain && dash == std::string_view::npos && count >= 3) {
    if (count <= 5) five = count;
    if (count >= 7) five = count - 4;
  }
  if (five == 0) {
    SetText(zip, out);
    for (char& c : out) c = Upper(c);
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
