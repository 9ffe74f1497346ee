// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/noise.h"

#include <algorithm>
#include <array>

namespace muster::fake {
namespace {

// The key to the right of each letter (to the left at the end of a row).
constexpr std::string_view kNeighbors = "snvfrghjoklknmpowtdyibecux";

void AppendPadded(uint32_t number, int digits, std::string& out) {
  for (uint32_t divisor = digits == 4 ? 1000 : 10; divisor > 0; divisor /= 10) {
    out += static_cast<char>('0' + number / divisor % 10);
  }
}

}  // namespace

void Slip(std::string& word, Rng& rng) {
  const bool ascii = std::none_of(
      word.begin(), word.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; });
  if (!ascii || word.size() < 4) return;
  const size_t i = 1 + rng.Below(static_cast<uint32_t>(word.size() - 2));
  switch (rng.Below(4)) {
    case 0:
      std::swap(word[i], word[i + 1]);
      break;
    case 1:
      word.erase(i, 1);
      break;
    case 2:
      word.insert(i, 1, word[i]);
      break;
    default:
      if (word[i] >= 'a' && word[i] <= 'z') {
        word[i] = kNeighbors[static_cast<size_t>(word[i] - 'a')];
      } else if (word[i] >= 'A' && word[i] <= 'Z') {
        word[i] = static_cast<char>(kNeighbors[static_cast<size_t>(word[i] - 'A')] - 'a' + 'A');
      }
  }
}

void MakeUpper(std::string& text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
}

void MakeLower(std::string& text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

std::string WritePhone(std::string_view digits, Rng& rng) {
  const std::string_view area = digits.substr(0, 3), exchange = digits.substr(3, 3),
                         line = digits.substr(6);
  std::string out;
  out.reserve(16);
  switch (rng.Below(6)) {
    case 0:
      out.append("(").append(area).append(") ").append(exchange).append("-").append(line);
      break;
    case 1:
      out.append(area).append("-").append(exchange).append("-").append(line);
      break;
    case 2:
      out.append("+1").append(digits);
      break;
    case 3:
      out.append(area).append(".").append(exchange).append(".").append(line);
      break;
    case 4:
      out.append("1-").append(area).append("-").append(exchange).append("-").append(line);
      break;
    default:
      out = digits;
  }
  return out;
}

std::string WriteStreet(const Address& address, bool with_unit, Rng& rng) {
  std::string out = std::to_string(address.number);
  const bool full = rng.Chance(4000);
  if (address.direction != 0) {
    out += ' ';
    out += full ? DirectionFull(address) : DirectionAbbreviation(address);
    if (!full && rng.Chance(2000)) out += '.';
  }
  out += ' ';
  out += StreetName(address);
  out += ' ';
  out += full ? StreetTypeFull(address) : StreetTypeAbbreviation(address);
  if (!full && rng.Chance(2500)) out += '.';
  if (with_unit && address.unit_kind != 0) {
    out += rng.Chance(4000) ? ", " : " ";
    out += WriteUnit(address);
  }
  return out;
}

std::string WriteUnit(const Address& address) {
  if (address.unit_kind == 0) return {};
  std::string out(UnitKind(address));
  if (out != "#") out += ' ';
  return out += address.unit;
}

std::string_view FillerName(Rng& rng) {
  constexpr std::array<std::string_view, 6> kNames = {"N/A",  "Unknown", "-",
                                                      "NULL", "none",    "Friend"};
  return rng.Pick(kNames);
}

std::string_view FillerPhone(Rng& rng) {
  constexpr std::array<std::string_view, 5> kPhones = {"000-000-0000", "555-555-5555",
                                                       "(000) 000-0000", "0", "n/a"};
  return rng.Pick(kPhones);
}

Date DateOfDay(int32_t day) {
  // Days to civil date, counting years from March (Hinnant, "chrono-Compatible Low-Level Date
  // Algorithms").
  const int32_t shifted = day + 719'468;
  const int32_t era = shifted / 146'097;
  const auto in_era = static_cast<uint32_t>(shifted - era * 146'097);
  const uint32_t year_in_era = (in_era - in_era / 1'460 + in_era / 36'524 - in_era / 146'096) / 365;
  const uint32_t in_year = in_era - (365 * year_in_era + year_in_era / 4 - year_in_era / 100);
  const uint32_t shifted_month = (5 * in_year + 2) / 153;
  const uint32_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const int year = static_cast<int>(year_in_era) + era * 400 + (month <= 2 ? 1 : 0);
  return {year, static_cast<int>(month),
          static_cast<int>(in_year - (153 * shifted_month + 2) / 5 + 1)};
}

std::string WriteDay(int32_t day) { return WriteDate(DateOfDay(day)); }

std::string WriteClock(uint32_t seconds) {
  std::string out;
  AppendPadded(seconds / 3600, 2, out);
  out += ':';
  AppendPadded(seconds / 60 % 60, 2, out);
  out += ':';
  AppendPadded(seconds % 60, 2, out);
  return out;
}

std::string WriteDate(const Date& date) {
  std::string out;
  AppendPadded(static_cast<uint32_t>(date.year), 4, out);
  out += '-';
  AppendPadded(static_cast<uint32_t>(date.month), 2, out);
  out += '-';
  AppendPadded(static_cast<uint32_t>(date.day), 2, out);
  return out;
}

}  // namespace muster::fake
