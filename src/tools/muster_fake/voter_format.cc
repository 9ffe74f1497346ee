// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/voter_format.h"

#include <algorithm>

#include "tools/muster_fake/noise.h"

namespace muster::fake {

std::span<const VoterFormat> VoterFormats() {
  static const std::array<VoterFormat, 4> formats = {kNorthCarolinaFormat, kFloridaFormat,
                                                     kOhioFormat, kTexasFormat};
  return formats;
}

const VoterFormat* FindVoterFormat(std::string_view name) {
  for (const VoterFormat& format : VoterFormats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

bool DrawVote(const VoterRecord& voter, const Election& election, Rng& rng) {
  if (election.day < voter.registered_day + 25) return false;
  return rng.Chance(static_cast<uint32_t>(uint64_t{voter.propensity} * election.turnout / 10'000));
}

uint64_t PrecinctCell(const Address& home) {
  const std::string_view zip = home.place->zip;
  return Mix(static_cast<uint64_t>(zip[3] * 100 + zip[4]) + home.street / 16 * 1000u +
             home.number / 2500);
}

void AppendNumber(uint64_t number, int digits, std::string& out) {
  const size_t begin = out.size();
  out.append(static_cast<size_t>(digits), '0');
  for (size_t i = out.size(); i > begin && number > 0; number /= 10) {
    out[--i] = static_cast<char>('0' + number % 10);
  }
}

void AppendUsDate(const Date& date, std::string& out) {
  AppendNumber(static_cast<uint64_t>(date.month), 2, out);
  out += '/';
  AppendNumber(static_cast<uint64_t>(date.day), 2, out);
  out += '/';
  AppendNumber(static_cast<uint64_t>(date.year), 4, out);
}

void AppendPackedDate(const Date& date, std::string& out) {
  AppendNumber(static_cast<uint64_t>(date.year), 4, out);
  AppendNumber(static_cast<uint64_t>(date.month), 2, out);
  AppendNumber(static_cast<uint64_t>(date.day), 2, out);
}

void SetStreetLine(const Address& home, bool unit, std::string& out) {
  out = std::to_string(home.number);
  for (std::string_view part :
       {DirectionAbbreviation(home), StreetName(home), StreetTypeAbbreviation(home)}) {
    if (!part.empty()) out.append(" ").append(part);
  }
  if (unit && home.unit_kind != 0) out.append("  ").append(WriteUnit(home));
  MakeUpper(out);
}

}  // namespace muster::fake
