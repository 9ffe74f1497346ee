// SPDX-License-Identifier: Apache-2.0
//
// North Carolina: the state's layouts of February 2022 (67 columns) and of the history file (15),
// tab-separated with a header. A confidential voter's row has no address.
#include "tools/muster_fake/csv_row.h"
#include "tools/muster_fake/noise.h"
#include "tools/muster_fake/voter_format.h"

namespace muster::fake {
namespace {

constexpr CsvStyle kTabs = {.delimiter = '\t'};

constexpr std::string_view kVoterHeader =
    "county_id\tcounty_desc\tvoter_reg_num\tncid\tlast_name\tfirst_name\tmiddle_name\tname_suffix_"
    "lbl\tstatus_cd\t"
    "voter_status_desc\treason_cd\tvoter_status_reason_desc\tres_street_address\tres_city_"
    "desc\tstate_cd\tzip_code\tmail_addr1\t"
    "mail_addr2\tmail_addr3\tmail_addr4\tmail_city\tmail_state\tmail_zipcode\tfull_phone_"
    "number\tconfidential_ind\tregistr_dt\t"
    "race_code\tethnic_code\tparty_cd\tgender_code\tbirth_year\tage_at_year_end\tbirth_"
    "state\tdrivers_lic\tprecinct_abbrv\t"
    "precinct_desc\tmunicipality_abbrv\tmunicipality_desc\tward_abbrv\tward_desc\tcong_dist_"
    "abbrv\tsuper_court_abbrv\t"
    "judic_dist_abbrv\tnc_senate_abbrv\tnc_house_abbrv\tcounty_commiss_abbrv\tcounty_commiss_"
    "desc\ttownship_abbrv\t"
    "township_desc\tschool_dist_abbrv\tschool_dist_desc\tfire_dist_abbrv\tfire_dist_desc\twater_"
    "dist_abbrv\twater_dist_desc\t"
    "sewer_dist_abbrv\tsewer_dist_desc\tsanit_dist_abbrv\tsanit_dist_desc\trescue_dist_"
    "abbrv\trescue_dist_desc\t"
    "munic_dist_abbrv\tmunic_dist_desc\tdist_1_abbrv\tdist_1_desc\tvtd_abbrv\tvtd_desc\n";
constexpr std::string_view kHistoryHeader =
    "county_id\tcounty_desc\tvoter_reg_num\telection_lbl\telection_desc\tvoting_method\tvoted_"
    "party_cd\tvoted_party_desc\t"
    "pct_label\tpct_description\tncid\tvoted_county_id\tvoted_county_desc\tvtd_label\tvtd_"
    "description\n";

std::string_view PartyName(std::string_view party) {
  return party == "DEM"   ? "DEMOCRATIC"
         : party == "REP" ? "REPUBLICAN"
         : party == "LIB" ? "LIBERTARIAN"
                          : "UNAFFILIATED";
}
std::string_view StatusText(std::string_view status) {
  return status == "A"   ? "ACTIVE"
         : status == "I" ? "INACTIVE"
         : status == "R" ? "REMOVED"
                         : "DENIED";
}
std::string_view ReasonCode(std::string_view status) {
  return status == "A" ? "AV" : status == "I" ? "IN" : status == "R" ? "RM" : "DU";
}
std::string_view ReasonText(std::string_view status) {
  return status == "A"   ? "VERIFIED"
         : status == "I" ? "CONFIRMATION NOT RETURNED"
         : status == "R" ? "MOVED FROM COUNTY"
                         : "VERIFICATION RETURNED UNDELIVERABLE";
}

std::string_view KindName(Election::Kind kind) {
  switch (kind) {
    case Election::Kind::kGeneral:
      return "GENERAL";
    case Election::Kind::kMunicipal:
      return "MUNICIPAL";
    default:
      return "PRIMARY";
  }
}

// Two letters and six digits, as of ncid.
void AppendId(uint64_t voter, std::string& out) {
  const uint64_t series = voter / 1'000'000;
  out += static_cast<char>('A' + series / 26 % 26);
  out += static_cast<char>('A' + series % 26);
  AppendNumber(voter % 1'000'000, 6, out);
}

void Append(const Population& population, VoterRows& rows) {
  const VoterRecord& voter = rows.voter;
  Rng rng(KeyOf(population.seed(), Stream::kVoter, voter.person.id, 1));
  const Address& home = voter.home;
  const Place& place = *home.place;
  rows.county = place.county;
  std::string& text = rows.text;

  rows.number.clear();
  AppendNumber(voter.number, 12, rows.number);
  rows.id.clear();
  AppendId(voter.number, rows.id);
  const uint64_t cell = PrecinctCell(home);
  rows.precinct.clear();
  AppendNumber(cell % 40 + 1, 2, rows.precinct);

  CsvRow row(rows.voters[0], kTabs);
  row.Cell(place.county_number);
  row.Cell(rows.county);
  row.Cell(rows.number);
  row.Cell(rows.id);
  row.Cell(voter.last);
  row.Cell(voter.first);
  row.Cell(voter.middle);
  row.Cell(voter.suffix);
  row.Cell(voter.status);
  row.Cell(StatusText(voter.status));
  row.Cell(ReasonCode(voter.status));
  row.Cell(ReasonText(voter.status));
  if (voter.confidential) {
    for (int i = 0; i < 12; ++i) row.Empty();
  } else {
    SetStreetLine(home, true, text);
    row.Cell(text);
    std::string city(place.city);
    MakeUpper(city);
    row.Cell(city);
    row.Cell(PlaceTables::Get().StateOf(place).code);
    row.Cell(place.zip);
    if (rng.Chance(600)) {
      row.Cell("PO BOX " + std::to_string(home.number));
    } else {
      row.Cell(text);
    }
    for (int i = 0; i < 3; ++i) row.Empty();
    row.Cell(city);
    row.Cell(PlaceTables::Get().StateOf(place).code);
    row.Cell(place.zip);
    row.Cell(voter.phone);
  }
  row.Cell(voter.confidential ? "Y" : "N");
  text.clear();
  AppendUsDate(DateOfDay(voter.registered_day), text);
  row.Cell(text);
  constexpr std::array<std::string_view, 10> kRaces = {"W", "W", "W", "W", "W",
                                                       "B", "B", "U", "A", "O"};
  row.Cell(rng.Pick(kRaces));
  row.Cell(voter.person.last->spanish ? "HL" : rng.Chance(6000) ? "NL" : "UN");
  row.Cell(voter.party);
  row.Cell(voter.sex);
  row.Cell(static_cast<uint64_t>(voter.birth.year));
  row.Cell(static_cast<uint64_t>(2026 - voter.birth.year));
  row.Cell(rng.Chance(5500) ? "NC" : rng.Chance(5000) ? "" : "OC");
  row.Cell(rng.Chance(8500) ? "Y" : "N");
  row.Cell(rows.precinct);
  row.Cell("PRECINCT " + rows.precinct);
  const uint64_t municipality = cell / 64 % 3;
  if (municipality == 0) {
    row.Empty();
    row.Empty();
  } else {
    std::string city(place.city);
    MakeUpper(city);
    row.Cell(city.substr(0, 3));
    row.Cell(city);
  }
  row.Empty();
  row.Empty();
  row.Cell(uint64_t{place.county_number} * 14 / 101 + 1 -
           (home.number % 2 == 0 && place.county_number > 14 ? 1 : 0));
  row.Cell(std::to_string(place.county_number % 30 + 1) + "A");
  row.Cell(place.county_number % 40 + 1);
  row.Cell(place.county_number / 2 + 1);
  row.Cell((place.county_number * 6u / 5 + home.number / 3000) % 120 + 1);
  row.Cell(cell % 5 + 1);
  row.Cell("COMMISSIONER DISTRICT " + std::to_string(cell % 5 + 1));
  row.Empty();
  row.Empty();
  row.Cell(cell / 8 % 7 + 1);
  row.Cell("SCHOOL DISTRICT " + std::to_string(cell / 8 % 7 + 1));
  for (int i = 0; i < 14; ++i) row.Empty();
  row.Cell(rows.precinct);
  row.Cell("PRECINCT " + rows.precinct);
  row.End();

  Rng votes(KeyOf(population.seed(), Stream::kHistory, voter.person.id));
  for (const Election& election : kElections) {
    if (!DrawVote(voter, election, votes)) continue;
    constexpr std::array<std::string_view, 5> kMethods = {
        "IN-PERSON", "ABSENTEE ONESTOP", "ABSENTEE ONESTOP", "ABSENTEE BY MAIL", "IN-PERSON"};
    const std::string_view party = !IsPrimary(election) || voter.party != "UNA" ? voter.party
                                   : votes.Chance(5000)                         ? "DEM"
                                                                                : "REP";
    CsvRow vote(rows.history[0], kTabs);
    vote.Cell(place.county_number);
    vote.Cell(rows.county);
    vote.Cell(rows.number);
    text.clear();
    AppendUsDate(DateOfDay(election.day), text);
    vote.Cell(text);
    text.append(" ").append(KindName(election.kind));
    vote.Cell(text);
    vote.Cell(votes.Pick(kMethods));
    vote.Cell(party);
    vote.Cell(PartyName(party));
    vote.Cell(rows.precinct);
    text.assign("PRECINCT ").append(rows.precinct);
    vote.Cell(text);
    vote.Cell(rows.id);
    vote.Cell(place.county_number);
    vote.Cell(rows.county);
    vote.Cell(rows.precinct);
    vote.Cell(text);
    vote.End();
    ++rows.votes;
  }
}

}  // namespace

const VoterFormat kNorthCarolinaFormat = {
    "nc",
    "North Carolina: tabs, one file and one of history",
    "NC",
    "ncid",
    AppendId,
    [] { return std::vector<std::string>{"voters/ncvoter_Statewide.txt"}; },
    [] { return std::vector<std::string>{"history/ncvhis_Statewide.txt"}; },
    [] { return std::string(kVoterHeader); },
    [] { return std::string(kHistoryHeader); },
    Append};

}  // namespace muster::fake
