// SPDX-License-Identifier: Apache-2.0
//
// Reading voter files into encoded records on one thread, as `muster voterfile load` does before it
// seals: with tabs, with commas and elections in the header, with elections in one cell, of fixed
// width, and a history file whose rows are joined. rows/s counts the file's rows.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "core/base/check.h"
#include "core/contact/contact.h"
#include "core/ingest/voter_layout.h"
#include "core/ingest/voter_reader.h"

namespace muster {
namespace {

constexpr int kRows = 100'000;

using ingest::FileLayout;
using ingest::VoterLayout;
using Cells = std::map<std::string, std::string>;

const VoterLayout& LayoutOf(std::string_view name) {
  for (const VoterLayout& layout : ingest::BuiltInLayouts()) {
    if (layout.name == name) return layout;
  }
  MUSTER_CHECK(false);
  return ingest::BuiltInLayouts().front();
}

// Cells that the layout has no column for stand at the end: Ohio's elections.
std::string RowOf(const FileLayout& file, const Cells& cells, std::string_view behind) {
  std::string row;
  for (const ingest::LayoutColumn& column : file.columns) {
    const auto cell = cells.find(column.names.front());
    std::string text = cell == cells.end() ? "" : cell->second;
    if (file.fixed_width) {
      text.resize(column.width, ' ');
    } else if (&column != &file.columns.front()) {
      row.push_back(file.delimiter);
    }
    row += text;
  }
  return row.append(behind) + "\n";
}

Cells VoterOf(std::string_view layout, int n) {
  const std::string id = std::to_string(1'000'000 + n);
  const std::string zip = std::to_string(27'000 + n % 900);
  const std::string house = std::to_string(1 + n % 9'000);
  const std::string last = "LOPEZ" + id.substr(3);
  if (layout == "nc") {
    return {{"county_desc", "WAKE"},
            {"ncid", "EH" + id},
            {"last_name", last},
            {"first_name", "MARIA"},
            {"middle_name", "ELENA"},
            {"status_cd", "A"},
            {"voter_status_desc", "ACTIVE"},
            {"res_street_address", house + " N ELM ST  #12"},
            {"res_city_desc", "SPRINGFIELD"},
            {"state_cd", "NC"},
            {"zip_code", zip},
            {"mail_addr1", house + " N ELM ST  #12"},
            {"full_phone_number", "9195550123"},
            {"confidential_ind", n % 500 == 0 ? "Y" : "N"},
            {"registr_dt", "02/11/2012"},
            {"party_cd", "UNA"},
            {"gender_code", "F"},
            {"birth_year", "1970"},
            {"precinct_abbrv", "01-07"},
            {"cong_dist_abbrv", "4"},
            {"nc_senate_abbrv", "14"},
            {"nc_house_abbrv", "34"}};
  }
  if (layout == "oh") {
    return {{"SOS_VOTERID", "OH00" + id},
            {"COUNTY_NUMBER", "25"},
            {"LAST_NAME", last},
            {"FIRST_NAME", "MARIA"},
            {"MIDDLE_NAME", "ELENA"},
            {"DATE_OF_BIRTH", "1970-03-04"},
            {"REGISTRATION_DATE", "2012-02-11"},
            {"VOTER_STATUS", "ACTIVE"},
            {"RESIDENTIAL_ADDRESS1", house + " N ELM ST"},
            {"RESIDENTIAL_CITY", "SPRINGFIELD"},
            {"RESIDENTIAL_STATE", "OH"},
            {"RESIDENTIAL_ZIP", zip},
            {"CONGRESSIONAL_DISTRICT", "03"},
            {"STATE_SENATE_DISTRICT", "15"},
            {"STATE_REPRESENTATIVE_DISTRICT", "01"},
            {"PRECINCT_CODE", "25AAA"}};
  }
  if (layout == "ny") {
    return {{"sboeid", "NY000000000" + id},
            {"lastname", last},
            {"firstname", "MARIA"},
            {"raddnumber", house},
            {"rstreetname", "ELM STREET"},
            {"rcity", "SPRINGFIELD"},
            {"rzip5", zip},
            {"dob", "19700304"},
            {"gender", "F"},
            {"enrollment", "DEM"},
            {"status", "A"},
            {"regdate", "20120211"},
            {"cd", "12"},
            {"voterhistory", "20241105 GE(P);20240625 PE(E);20221108 GE(P);GE 20201103;GE 2016"}};
  }
  return {{"County_Code", "101"},
          {"VUID", "1" + id + "00"},
          {"Last_Name", last},
          {"First_Name", "MARIA"},
          {"Gender", "F"},
          {"Date_of_Birth", "19700304"},
          {"Permanent_House_Number", house},
          {"Permanent_Street_Name", "ELM"},
          {"Permanent_Street_Type", "ST"},
          {"Permanent_City", "SPRINGFIELD"},
          {"Permanent_Zipcode", zip},
          {"Effective_Date_of_Registration", "20120211"},
          {"Status_Code", "V"}};
}

// A file that goes with the program.
class VoterFile {
 public:
  VoterFile(std::string_view name, bool history) {
    std::string folder =
        (std::filesystem::temp_directory_path() / "muster_voter_bench.XXXXXX").string();
    MUSTER_CHECK(::mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    path_ = folder_ / "voters.txt";
    const VoterLayout& layout = LayoutOf(name);
    const FileLayout& file = history ? *layout.history : layout.voters;
    std::ofstream out(path_, std::ios::binary);
    const bool ohio = name == "oh";
    if (file.header == FileLayout::HeaderRow::kYes) {
      Cells names;
      for (const ingest::LayoutColumn& column : file.columns) {
        names[column.names.front()] = column.names.front();
      }
      std::string elections;
      for (int year = 2000; ohio && year < 2025; ++year) {
        elections +=
            ",PRIMARY-05/03/" + std::to_string(year) + ",GENERAL-11/05/" + std::to_string(year);
      }
      out << RowOf(file, names, elections);
    }
    std::string votes;
    for (int i = 0; ohio && i < 50; ++i) votes += i % 3 == 0 ? ",X" : ",";
    for (int n = 0; n < kRows; ++n) {
      if (history) {
        // Four rows a voter, as counties sort them.
        out << RowOf(file,
                     {{"ncid", "EH" + std::to_string(1'000'000 + n / 4)},
                      {"county_desc", "WAKE"},
                      {"election_lbl", "11/05/" + std::to_string(2012 + 4 * (n % 4))},
                      {"election_desc", "11/05/2024 GENERAL"},
                      {"voting_method", "ABSENTEE ONESTOP"}},
                     "");
      } else {
        out << RowOf(file, VoterOf(name, n), votes);
      }
    }
  }
  ~VoterFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

void BM_ReadVoters(benchmark::State& state, const char* name, bool history) {
  const VoterFile file(name, history);
  const VoterLayout& layout = LayoutOf(name);
  contact::ContactRecord record;
  std::string encoded;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  for (auto _ : state) {
    auto reader = ingest::VoterReader::Open(file.path(), layout, {});
    MUSTER_CHECK(reader.ok() && (*reader)->is_history() == history);
    while (true) {
      const auto more = (*reader)->Next(record);
      MUSTER_CHECK(more.ok());
      if (!*more) break;
      encoded.clear();
      MUSTER_CHECK(contact::EncodeRecord(record, encoded).ok());
      benchmark::DoNotOptimize(encoded.data());
    }
    MUSTER_CHECK((*reader)->rejected() == 0);
    rows += (*reader)->rows();
    bytes += (*reader)->bytes_read();
  }
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
  state.counters["bytes/row"] = static_cast<double>(bytes) / static_cast<double>(rows);
}
BENCHMARK_CAPTURE(BM_ReadVoters, tabs, "nc", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_ReadVoters, elections_in_header, "oh", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_ReadVoters, elections_in_a_cell, "ny", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_ReadVoters, fixed_width, "tx", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_ReadVoters, history, "nc", true)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster
