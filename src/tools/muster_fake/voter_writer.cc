// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/voter_writer.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/base/status.h"
#include "tools/muster_fake/csv_row.h"
#include "tools/muster_fake/noise.h"
#include "tools/muster_fake/output.h"
#include "tools/muster_fake/voter_record.h"

namespace muster::fake {
namespace {

constexpr uint64_t kVotersPerChunk = 8192;
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

struct Election {
  std::string_view label;
  std::string_view kind;
  int32_t day;       // since 1970-01-01
  uint32_t turnout;  // against the voter's propensity, in 10,000
  bool primary;
};
constexpr std::array<Election, 8> kElections = {{
    {"11/05/2024", "GENERAL", 20'032, 12'500, false},
    {"03/05/2024", "PRIMARY", 19'787, 4'000, true},
    {"11/08/2022", "GENERAL", 19'304, 8'500, false},
    {"05/17/2022", "PRIMARY", 19'129, 3'000, true},
    {"11/02/2021", "MUNICIPAL", 18'933, 2'000, false},
    {"11/03/2020", "GENERAL", 18'569, 12'500, false},
    {"11/06/2018", "GENERAL", 17'841, 8'500, false},
    {"11/08/2016", "GENERAL", 17'113, 11'500, false},
}};

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

// "05/30/2026"
void AppendUsDate(int32_t day, std::string& out) {
  const std::string iso = WriteDay(day);
  out.append(iso, 5, 2).append("/").append(iso, 8, 2).append("/").append(iso, 0, 4);
}

struct Chunk {
  std::string voters, history;
  uint64_t history_rows = 0;
  VoterRecord voter;
  // Kept for their memory.
  std::string text, registration, id, precinct, county;
};

void AppendVoter(const Population& population, uint64_t number, Chunk& chunk) {
  VoterRecord& voter = chunk.voter;
  MakeVoter(population, number, voter);
  Rng rng(KeyOf(population.seed(), Stream::kVoter, voter.person.id, 1));
  const Address& home = voter.home;
  const Place& place = *home.place;
  chunk.county = place.county;
  std::string& text = chunk.text;

  chunk.registration = std::to_string(number);
  chunk.registration.insert(0, 12 - std::min<size_t>(12, chunk.registration.size()), '0');
  chunk.id.clear();
  AppendVoterId(number, chunk.id);
  // Precincts follow street numbers within a ZIP; districts cut through them.
  const uint64_t cell = Mix(static_cast<uint64_t>(place.zip[3] * 100 + place.zip[4]) +
                            home.street / 16 * 1000u + home.number / 2500);
  chunk.precinct = std::to_string(cell % 40 + 1);
  chunk.precinct.insert(0, 2 - std::min<size_t>(2, chunk.precinct.size()), '0');

  CsvRow row(chunk.voters, kTabs);
  row.Cell(place.county_number);
  row.Cell(chunk.county);
  row.Cell(chunk.registration);
  row.Cell(chunk.id);
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
    text = std::to_string(home.number);
    for (std::string_view part :
         {DirectionAbbreviation(home), StreetName(home), StreetTypeAbbreviation(home)}) {
      if (!part.empty()) text.append(" ").append(part);
    }
    if (home.unit_kind != 0) text.append("  ").append(WriteUnit(home));
    MakeUpper(text);
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
  AppendUsDate(voter.registered_day, text);
  row.Cell(text);
  constexpr std::array<std::string_view, 10> kRaces = {"W", "W", "W", "W", "W",
                                                       "B", "B", "U", "A", "O"};
  row.Cell(rng.Pick(kRaces));
  row.Cell(voter.person.last->spanish ? "HL" : rng.Chance(6000) ? "NL" : "UN");
  row.Cell(voter.party);
  row.Cell(voter.sex);
  row.Cell(static_cast<uint64_t>(voter.birth_year));
  row.Cell(static_cast<uint64_t>(2026 - voter.birth_year));
  row.Cell(rng.Chance(5500) ? kVoterState : rng.Chance(5000) ? "" : "OC");
  row.Cell(rng.Chance(8500) ? "Y" : "N");
  row.Cell(chunk.precinct);
  row.Cell("PRECINCT " + chunk.precinct);
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
  row.Cell(chunk.precinct);
  row.Cell("PRECINCT " + chunk.precinct);
  row.End();

  Rng votes(KeyOf(population.seed(), Stream::kHistory, voter.person.id));
  for (const Election& election : kElections) {
    if (election.day < voter.registered_day + 25) continue;
    if (!votes.Chance(
            static_cast<uint32_t>(uint64_t{voter.propensity} * election.turnout / 10'000)))
      continue;
    constexpr std::array<std::string_view, 5> kMethods = {
        "IN-PERSON", "ABSENTEE ONESTOP", "ABSENTEE ONESTOP", "ABSENTEE BY MAIL", "IN-PERSON"};
    const std::string_view party = !election.primary || voter.party != "UNA" ? voter.party
                                   : votes.Chance(5000)                      ? "DEM"
                                                                             : "REP";
    CsvRow vote(chunk.history, kTabs);
    vote.Cell(place.county_number);
    vote.Cell(chunk.county);
    vote.Cell(chunk.registration);
    vote.Cell(election.label);
    text.assign(election.label).append(" ").append(election.kind);
    vote.Cell(text);
    vote.Cell(votes.Pick(kMethods));
    vote.Cell(party);
    vote.Cell(PartyName(party));
    vote.Cell(chunk.precinct);
    text.assign("PRECINCT ").append(chunk.precinct);
    vote.Cell(text);
    vote.Cell(chunk.id);
    vote.Cell(place.county_number);
    vote.Cell(chunk.county);
    vote.Cell(chunk.precinct);
    vote.Cell(text);
    vote.End();
    ++chunk.history_rows;
  }
}

}  // namespace

absl::StatusOr<uint64_t> WriteVoters(const Population& population, const std::filesystem::path& out,
                                     unsigned threads) {
  OutputFile voters, history;
  MUSTER_RETURN_IF_ERROR(voters.Open(out / kVoterFile));
  MUSTER_RETURN_IF_ERROR(voters.Append(kVoterHeader));
  MUSTER_RETURN_IF_ERROR(history.Open(out / kHistoryFile));
  MUSTER_RETURN_IF_ERROR(history.Append(kHistoryHeader));

  const uint64_t count = population.plan().voters;
  const Scatter order(count, KeyOf(population.seed(), Stream::kVoter, 0, 2));
  const auto produce = [&](uint64_t n, Chunk& chunk) {
    chunk.voters.clear();
    chunk.history.clear();
    chunk.history_rows = 0;
    for (uint64_t i = n * kVotersPerChunk; i < std::min((n + 1) * kVotersPerChunk, count); ++i) {
      AppendVoter(population, order(i), chunk);
    }
  };
  uint64_t history_rows = 0;
  const auto consume = [&](Chunk& chunk) -> absl::Status {
    history_rows += chunk.history_rows;
    MUSTER_RETURN_IF_ERROR(voters.Append(chunk.voters));
    return history.Append(chunk.history);
  };
  MUSTER_RETURN_IF_ERROR(RunOrdered<Chunk>(threads, (count + kVotersPerChunk - 1) / kVotersPerChunk,
                                           produce, consume));
  MUSTER_RETURN_IF_ERROR(voters.Close());
  MUSTER_RETURN_IF_ERROR(history.Close());
  return history_rows;
}

}  // namespace muster::fake
