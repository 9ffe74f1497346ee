// SPDX-License-Identifier: Apache-2.0
//
// Florida: a file for each county without a header, 38 columns and tabs, and one of history with 5.
// A voter with a public records exemption has stars for what is exempt.
#include "tools/muster_fake/csv_row.h"
#include "tools/muster_fake/noise.h"
#include "tools/muster_fake/voter_format.h"

namespace muster::fake {
namespace {

constexpr CsvStyle kTabs = {.delimiter = '\t'};

std::vector<std::string> Files(std::string_view folder, std::string_view middle) {
  std::vector<std::string> files;
  for (uint16_t county = 1; county <= kFloridaCounties; ++county) {
    files.push_back(std::string(folder).append(FloridaCountyCode(county)).append(middle) +
                    "20260530.txt");
  }
  return files;
}

void AppendId(uint64_t voter, std::string& out) { AppendNumber(100'000'000 + voter, 9, out); }

std::string_view KindCode(Election::Kind kind) {
  switch (kind) {
    case Election::Kind::kGeneral:
      return "GEN";
    case Election::Kind::kPrimary:
      return "PRI";
    case Election::Kind::kPresidentialPrimary:
      return "PPP";
    case Election::Kind::kMunicipal:
      return "OTH";
  }
  return "OTH";
}

void Append(const Population& population, VoterRows& rows) {
  const VoterRecord& voter = rows.voter;
  Rng rng(KeyOf(population.seed(), Stream::kVoter, voter.person.id, 1));
  const Address& home = voter.home;
  const Place& place = *home.place;
  const uint16_t county = place.county_number;
  const std::string_view code = FloridaCountyCode(county);
  std::string& text = rows.text;
  rows.id.clear();
  AppendId(voter.number, rows.id);
  const uint64_t cell = PrecinctCell(home);

  CsvRow row(rows.voters[county - 1], kTabs);
  row.Cell(code);
  row.Cell(rows.id);
  row.Cell(voter.last);
  row.Cell(voter.suffix);
  row.Cell(voter.first);
  row.Cell(voter.middle);
  row.Cell(voter.confidential ? "Y" : "N");
  std::string city(place.city);
  MakeUpper(city);
  if (voter.confidential) {
    for (int i = 0; i < 5; ++i) row.Cell("*");
    for (int i = 0; i < 7; ++i) row.Empty();
  } else {
    SetStreetLine(home, false, text);
    row.Cell(text);
    text = WriteUnit(home);
    MakeUpper(text);
    row.Cell(text);
    row.Cell(city);
    row.Cell("FL");
    row.Cell(place.zip);
    if (rng.Chance(600)) {
      row.Cell("PO BOX " + std::to_string(home.number));
      row.Empty();
      row.Empty();
      row.Cell(city);
      row.Cell("FL");
      row.Cell(place.zip);
      row.Empty();
    } else {
      for (int i = 0; i < 7; ++i) row.Empty();
    }
  }
  row.Cell(voter.sex);
  row.Cell(uint64_t{1} + rng.Below(9));
  text.clear();
  AppendUsDate(voter.birth, text);
  row.Cell(voter.confidential ? "*" : text);
  text.clear();
  AppendUsDate(DateOfDay(voter.registered_day), text);
  row.Cell(text);
  row.Cell(voter.party == "UNA" ? "NPA" : voter.party == "LIB" ? "LPF" : voter.party);
  row.Cell(cell % 40 + 1);
  row.Empty();
  row.Empty();
  row.Empty();
  row.Cell(voter.status == "I" ? "INA" : "ACT");
  row.Cell(county * 28u / 68 + 1);
  row.Cell(county * 120u / 68 + 1);
  row.Cell(county * 40u / 68 + 1);
  row.Cell(cell % 5 + 1);
  row.Cell(cell / 8 % 7 + 1);
  if (voter.phone.empty() || voter.confidential) {
    row.Empty();
    row.Empty();
  } else {
    row.Cell(std::string_view(voter.phone).substr(0, 3));
    row.Cell(std::string_view(voter.phone).substr(3));
  }
  row.Empty();
  row.Empty();
  row.End();

  Rng votes(KeyOf(population.seed(), Stream::kHistory, voter.person.id));
  for (const Election& election : kElections) {
    if (!DrawVote(voter, election, votes)) continue;
    // Every letter is in the files, those of ballots that did not count as well.
    constexpr std::array<std::string_view, 20> kCodes = {"Y", "A", "E", "Y", "A", "E", "Y",
                                                         "A", "E", "Y", "A", "E", "Y", "A",
                                                         "E", "Y", "A", "E", "Z", "B"};
    CsvRow vote(rows.history[county - 1], kTabs);
    vote.Cell(code);
    vote.Cell(rows.id);
    text.clear();
    AppendUsDate(DateOfDay(election.day), text);
    vote.Cell(text);
    vote.Cell(KindCode(election.kind));
    vote.Cell(votes.Pick(kCodes));
    vote.End();
    ++rows.votes;
  }
}

}  // namespace

const VoterFormat kFloridaFormat = {
    "fl",
    "Florida: tabs without a header, a file and one of history for each county",
    "FL",
    "Voter_ID",
    AppendId,
    [] { return Files("voters/", "_"); },
    [] { return Files("history/", "_H_"); },
    [] { return std::string(); },
    [] { return std::string(); },
    Append};

}  // namespace muster::fake
