// SPDX-License-Identifier: Apache-2.0
//
// Ohio: four files by county, commas, quotes and a header; a column per election behind the 46 of
// the voter. No sex and no telephone; the birth date in full.
#include "tools/muster_fake/csv_row.h"
#include "tools/muster_fake/noise.h"
#include "tools/muster_fake/voter_format.h"

namespace muster::fake {
namespace {

constexpr CsvStyle kCommas = {};

constexpr std::string_view kHeader =
    "SOS_VOTERID,COUNTY_NUMBER,COUNTY_ID,LAST_NAME,FIRST_NAME,MIDDLE_NAME,SUFFIX,DATE_OF_BIRTH,"
    "REGISTRATION_DATE,VOTER_STATUS,PARTY_AFFILIATION,RESIDENTIAL_ADDRESS1,"
    "RESIDENTIAL_SECONDARY_ADDR,RESIDENTIAL_CITY,RESIDENTIAL_STATE,RESIDENTIAL_ZIP,"
    "RESIDENTIAL_ZIP_PLUS4,RESIDENTIAL_COUNTRY,RESIDENTIAL_POSTALCODE,MAILING_ADDRESS1,"
    "MAILING_SECONDARY_ADDRESS,MAILING_CITY,MAILING_STATE,MAILING_ZIP,MAILING_ZIP_PLUS4,"
    "MAILING_COUNTRY,MAILING_POSTAL_CODE,CAREER_CENTER,CITY,CITY_SCHOOL_DISTRICT,"
    "COUNTY_COURT_DISTRICT,CONGRESSIONAL_DISTRICT,COURT_OF_APPEALS,EDU_SERVICE_CENTER_DISTRICT,"
    "EXEMPTED_VILL_SCHOOL_DISTRICT,LIBRARY,LOCAL_SCHOOL_DISTRICT,MUNICIPAL_COURT_DISTRICT,"
    "PRECINCT_NAME,PRECINCT_CODE,STATE_BOARD_OF_EDUCATION,STATE_REPRESENTATIVE_DISTRICT,"
    "STATE_SENATE_DISTRICT,TOWNSHIP,VILLAGE,WARD";

constexpr uint16_t kCountiesPerFile = 22;

std::string_view KindName(Election::Kind kind) {
  switch (kind) {
    case Election::Kind::kGeneral:
    case Election::Kind::kMunicipal:
      return "GENERAL";
    default:
      return "PRIMARY";
  }
}

std::string Header() {
  std::string header(kHeader);
  for (auto election = kElections.rbegin(); election != kElections.rend(); ++election) {
    header.append(",").append(KindName(election->kind)).append("-");
    AppendUsDate(DateOfDay(election->day), header);
  }
  return header + "\n";
}

void AppendId(uint64_t voter, std::string& out) {
  out += "OH";
  AppendNumber(10'000'000 + voter, 10, out);
}

void Append(const Population& population, VoterRows& rows) {
  const VoterRecord& voter = rows.voter;
  const Address& home = voter.home;
  const Place& place = *home.place;
  const uint16_t county = place.county_number;
  std::string& text = rows.text;
  rows.id.clear();
  AppendId(voter.number, rows.id);
  const uint64_t cell = PrecinctCell(home);
  rows.number.clear();
  AppendNumber(county, 2, rows.number);
  rows.precinct = rows.number;
  rows.precinct += static_cast<char>('A' + cell % 20);
  rows.precinct += static_cast<char>('A' + cell / 32 % 26);
  rows.precinct += static_cast<char>('A' + cell / 1024 % 26);
  std::string city(place.city);
  MakeUpper(city);

  CsvRow row(rows.voters[(county - 1u) / kCountiesPerFile], kCommas);
  row.Cell(rows.id);
  row.Cell(rows.number);
  row.Cell(voter.number + 1'000);
  row.Cell(voter.last);
  row.Cell(voter.first);
  row.Cell(voter.middle);
  row.Cell(voter.suffix);
  row.Cell(WriteDate(voter.birth));
  row.Cell(WriteDay(voter.registered_day));
  row.Cell(voter.status == "I" ? "CONFIRMATION" : "ACTIVE");
  row.Cell(voter.party == "DEM"   ? "D"
           : voter.party == "REP" ? "R"
           : voter.party == "LIB" ? "L"
                                  : "");
  SetStreetLine(home, false, text);
  row.Cell(text);
  text = WriteUnit(home);
  MakeUpper(text);
  row.Cell(text);
  row.Cell(city);
  row.Cell("OH");
  row.Cell(place.zip);
  for (int i = 0; i < 11; ++i) row.Empty();
  row.Empty();  // CAREER_CENTER
  const bool in_city = cell / 64 % 3 != 0;
  row.Cell(in_city ? city : "");
  row.Cell(in_city ? city + " CITY SD" : "");
  row.Empty();
  row.Cell(county * 15u / 89 + 1);
  row.Cell(county % 12 + 1u);
  row.Empty();
  row.Empty();
  row.Empty();
  row.Cell(in_city ? "" : "LOCAL SD " + std::to_string(cell / 8 % 7 + 1));
  row.Empty();
  row.Cell("PRECINCT " + rows.precinct);
  row.Cell(rows.precinct);
  row.Cell(county % 11 + 1u);
  row.Cell(county * 99u / 89 + 1);
  row.Cell(county * 33u / 89 + 1);
  row.Cell(in_city ? "" : city + " TWP");
  row.Empty();
  row.Empty();
  // What stands in an election's cell is the party whose ballot was taken, or X.
  Rng votes(KeyOf(population.seed(), Stream::kHistory, voter.person.id));
  std::array<std::string_view, kElections.size()> cells;
  for (size_t i = 0; i < kElections.size(); ++i) {
    if (!DrawVote(voter, kElections[i], votes)) continue;
    cells[kElections.size() - 1 - i] = !IsPrimary(kElections[i])                    ? "X"
                                       : voter.party == "UNA" && votes.Chance(5000) ? "D"
                                       : voter.party == "DEM"                       ? "D"
                                                                                    : "R";
    ++rows.votes;
  }
  for (const std::string_view vote : cells) row.Cell(vote);
  row.End();
}

}  // namespace

const VoterFormat kOhioFormat = {"oh",
                                 "Ohio: commas, four files with a column for each election",
                                 "OH",
                                 "SOS_VOTERID",
                                 AppendId,
                                 [] {
                                   return std::vector<std::string>{
                                       "voters/SWVF_1_22.txt", "voters/SWVF_23_44.txt",
                                       "voters/SWVF_45_66.txt", "voters/SWVF_67_88.txt"};
                                 },
                                 [] { return std::vector<std::string>(); },
                                 Header,
                                 [] { return std::string(); },
                                 Append};

}  // namespace muster::fake
