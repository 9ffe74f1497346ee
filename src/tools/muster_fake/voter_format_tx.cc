// SPDX-License-Identifier: Apache-2.0
//
// Texas: lines of 685 characters without a header, the address in parts; history in lines of the
// same form with an election in them.
#include "tools/muster_fake/noise.h"
#include "tools/muster_fake/voter_format.h"

namespace muster::fake {
namespace {

constexpr size_t kLineBytes = 685;
constexpr size_t kElectionBytes = 19;  // the last four columns

void AppendId(uint64_t voter, std::string& out) { AppendNumber(1'000'000'000 + voter, 10, out); }

// Cut off, or filled up with blanks.
void Put(std::string_view text, size_t width, std::string& out) {
  text = text.substr(0, width);
  out.append(text).append(width - text.size(), ' ');
}

std::string_view KindCode(Election::Kind kind) {
  switch (kind) {
    case Election::Kind::kGeneral:
    case Election::Kind::kMunicipal:
      return "GE";
    default:
      return "PR";
  }
}

void Append(const Population& population, VoterRows& rows) {
  const VoterRecord& voter = rows.voter;
  const Address& home = voter.home;
  const Place& place = *home.place;
  const uint16_t county = place.county_number;
  rows.id.clear();
  AppendId(voter.number, rows.id);
  std::string& line = rows.text;
  line.clear();
  const auto put = [&](std::string_view text, size_t width) {
    const size_t begin = line.size();
    Put(text, width, line);
    for (size_t i = begin; i < line.size(); ++i) {
      if (line[i] >= 'a' && line[i] <= 'z') line[i] = static_cast<char>(line[i] - 'a' + 'A');
    }
  };
  AppendNumber(county, 3, line);
  put(std::to_string(PrecinctCell(home) % 40 + 100), 10);
  put(rows.id, 10);
  put(voter.last, 50);
  put(voter.first, 50);
  put(voter.middle, 50);
  put("", 50);
  put(voter.suffix, 4);
  put(voter.sex, 1);
  AppendPackedDate(voter.birth, line);
  put(std::to_string(home.number), 9);
  put("", 12);
  put(DirectionAbbreviation(home), 2);
  put(StreetName(home), 50);
  put(StreetTypeAbbreviation(home), 12);
  put("", 2);
  put(home.unit_kind == 0 ? std::string_view() : home.unit, 12);
  put(UnitKind(home), 12);
  put(place.city, 50);
  put(place.zip, 9);
  put("", 250);  // the mailing address
  AppendPackedDate(DateOfDay(voter.registered_day), line);
  put(voter.status == "I" ? "S" : "V", 1);
  put(voter.person.last->spanish ? "Y" : "N", 1);
  rows.voters[0].append(line).append(kElectionBytes, ' ').append("\n");

  Rng votes(KeyOf(population.seed(), Stream::kHistory, voter.person.id));
  for (const Election& election : kElections) {
    if (!DrawVote(voter, election, votes)) continue;
    std::string& out = rows.history[0];
    out += line;
    AppendPackedDate(DateOfDay(election.day), out);
    Put(KindCode(election.kind), 2, out);
    Put(IsPrimary(election) ? (voter.party == "DEM" ? "DEM" : "REP") : "", 3, out);
    constexpr std::array<std::string_view, 4> kMethods = {"EV", "ED", "EV", "AB"};
    Put(votes.Pick(kMethods), 6, out);
    out += '\n';
    ++rows.votes;
  }
}
static_assert(kLineBytes - kElectionBytes == 666);

}  // namespace

const VoterFormat kTexasFormat = {
    "tx",
    "Texas: lines of fixed width, one file and one of history",
    "TX",
    "VUID",
    AppendId,
    [] { return std::vector<std::string>{"voters/texas_voters.txt"}; },
    [] { return std::vector<std::string>{"history/texas_history.txt"}; },
    [] { return std::string(); },
    [] { return std::string(); },
    Append};

}  // namespace muster::fake
