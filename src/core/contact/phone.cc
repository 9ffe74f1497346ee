// SPDX-License-Identifier: Apache-2.0
#include <phonenumbers/phonenumberutil.h>

#include <array>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/contact/identifier.h"

namespace muster::contact {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

constexpr size_t kPhoneBytesMax =
    64;  // with extension and all punctuation; libphonenumber gets no more to chew on
constexpr size_t kE164BytesMax = 16;  // the plus and fifteen digits
constexpr size_t kDigitsMin = 7;
constexpr size_t kDigitsMax = 24;

// Countries that share +1: a bare ten-digit number means the same in each.
constexpr std::array<std::string_view, 25> kPlusOneRegions = {
    "US", "CA", "PR", "AG", "AI", "AS", "BB", "BM", "BS", "DM", "DO", "GD", "GU",
    "JM", "KN", "KY", "LC", "MP", "MS", "SX", "TC", "TT", "VC", "VG", "VI"};

bool IsPlusOneRegion(std::string_view region) {
  for (std::string_view one : kPlusOneRegions) {
    if (one == region) return true;
  }
  return false;
}

// NXX-NXX-XXXX of the North American plan: no area code N11, N9X, 37X, 96X (reserved) or 555, no
// exchange N11, and not one digit ten times, which is how people fill in a field that they were
// made to fill in.
bool IsPlusOneNumber(std::string_view ten) {
  const auto n = [&](size_t i) { return ten[i] >= '2' && ten[i] <= '9'; };
  if (ten.size() != 10 || !n(0) || !n(3)) return false;
  const std::string_view area = ten.substr(0, 3);
  if (area.substr(1) == "11" || area[1] == '9' || area == "555") return false;
  if (area.substr(0, 2) == "37" || area.substr(0, 2) == "96") return false;
  if (ten.substr(4, 2) == "11") return false;
  return ten.find_first_not_of(ten[0]) != std::string_view::npos;
}

// Without "x45", "ext. 45" or "#45" at the end: E.164 has no extensions.
std::string_view WithoutExtension(std::string_view text) {
  size_t digits = text.size();
  while (digits > 0 && text[digits - 1] >= '0' && text[digits - 1] <= '9') --digits;
  if (digits == text.size() || text.size() - digits > 6 || digits < 10) return text;
  size_t mark = digits;
  while (mark > 0 && (text[mark - 1] == ' ' || text[mark - 1] == '.')) --mark;
  for (std::string_view word : {"extension", "ext", "x", "#"}) {
    if (mark < word.size() + 10) continue;
    const size_t start = mark - word.size();
    bool same = true;
    for (size_t i = 0; i < word.size(); ++i)
      same = same && (text[start + i] | 0x20) == (word[i] | 0x20);
    if (same) return text.substr(0, start);
  }
  return text;
}

absl::Status Malformed() {
  return MakeError(v1::PHONE_MALFORMED, "phone: not a number that can be dialed; correct it");
}

std::string PlusOne(std::string_view ten) {
  std::string e164 = "+1";
  e164.append(ten);
  return e164;
}

// libphonenumber is exact and slow, some ten microseconds a number: it sees what punctuation alone
// does not explain.
absl::StatusOr<std::string> ParseWorldwide(std::string_view text, std::string_view region) {
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (util.Parse(std::string(text), std::string(region), &number) !=
      PhoneNumberUtil::NO_PARSING_ERROR) {
    return Malformed();
  }
  std::string e164;
  util.Format(number, PhoneNumberUtil::E164, &e164);
  // One rule for +1, whichever way it came, so that a number is never good in one spelling and bad
  // in another.
  const bool good = number.country_code() == 1 ? IsPlusOneNumber(std::string_view(e164).substr(2))
                                               : util.IsValidNumber(number);
  // libphonenumber lets some countries have more digits than E.164 has.
  if (!good || e164.size() > kE164BytesMax) return Malformed();
  return e164;
}

}  // namespace

absl::StatusOr<std::string> ParsePhone(std::string_view text, std::string_view region) {
  text = TrimSpace(text);
  if (text.size() > kPhoneBytesMax) return Malformed();
  if (IsPlusOneRegion(region)) text = TrimSpace(WithoutExtension(text));
  char digits[kPhoneBytesMax];
  size_t count = 0;
  size_t letters = 0;
  bool plain = true;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      digits[count++] = c;
    } else if (c == '+') {
      if (i != 0) plain = false;
    } else if (c != ' ' && c != '-' && c != '(' && c != ')' && c != '.' && c != '/') {
      plain = false;
      ++letters;
    }
  }
  if (count + letters < kDigitsMin || count < 3 || count > kDigitsMax) return Malformed();
  const std::string_view all(digits, count);
  const bool plus = text[0] == '+';
  if (plain && (plus || IsPlusOneRegion(region))) {
    if (!plus && count == 10) {
      if (!IsPlusOneNumber(all)) return Malformed();
      return PlusOne(all);
    }
    if (count == 11 && all[0] == '1') {
      if (!IsPlusOneNumber(all.substr(1))) return Malformed();
      return PlusOne(all.substr(1));
    }
  }
  if (!IsUtf8(text)) return Malformed();
  return ParseWorldwide(text, region);
}

}  // namespace muster::contact
