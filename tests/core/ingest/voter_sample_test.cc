// SPDX-License-Identifier: Apache-2.0
//
// The built-in layouts on files of made-up people in them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "core/ingest/layout_fit.h"
#include "tests/support/voter_file.h"

namespace muster::ingest {
namespace {

using testing::BuiltIn;
using testing::ReadVoters;
using testing::Shown;
using testing::TestFolder;
using testing::VoterReading;

std::filesystem::path Sample(std::string_view name) {
  return std::filesystem::path(MUSTER_TESTDATA) / "voter_layouts" / (std::string(name) + ".csv");
}

struct Expected {
  std::string layout;
  std::string file;
  uint32_t rows = 0;
  uint64_t withheld = 0;
  uint64_t not_registered = 0;
  std::string first;  // record
};

std::vector<Expected> Samples() {
  return {
      {"co", "co", 100, 0, 0,
       "first_name=Scott|middle_name=Joyce|last_name=Adams|address1=1162 SCHILLER ROAD|"
       "city=COLORADO SPRINGS|state=AL|zip=64698-4207|county=Tuscaloosa|birth_date=1957|sex=F|"
       "voter_file_id=30762053|house_number=351|street_name=SUTHERLAND|street_type=JUNCTION|"
       "unit_type=#|unit_number=APT|party=DEM|voter_status=inactive|registration_date=1998-03-24|"
       "precinct=5765885944|districts=congressional=Congressional 6/state_senate=State Senate 30/"
       "state_house=State House 44/precinct_part=03-1690"},
      {"de", "de", 100, 0, 0,
       "first_name=Paul|middle_name=q|last_name=Myers|suffix=II|city=Lake Jason|state=DE|county=K|"
       "birth_date=1914|voter_file_id=9473764|house_number=19770|street_name=Nicolas Underpass|"
       "unit_number=Suite 247|party=R|voter_status=inactive|registration_date=1996-03|"
       "precinct=09-63|districts=state_senate=72/state_house=63/school=SX/county_commission=71|"
       "vote_history=2016 primary/2014 primary/2014 presidential_primary/2010 general/"
       "2008 general/2006 general/2004 presidential_primary/2004 general"},
      {"fl", "fl", 100, 55, 0,
       "email=WILCOXPAUL@page.net|first_name=ANTHONY|middle_name=DAVID|last_name=GROSS|suffix=MD|"
       "address1=3784 JARED BROOKS|city=PORT EMILYVIEW|state=FL|zip=32019|county=ALA|"
       "birth_date=2009-11-13|voter_file_id=8143586746|voter_status=inactive|"
       "registration_date=1974-12-06|precinct=16|districts=congressional=4/state_senate=29/"
       "state_house=120/county_commission=21/school_board=100"},
      {"mi", "mi", 100, 0, 40,
       "first_name=TAYLOR|middle_name=JESUS|last_name=ALLEN|city=STEPHENBURY|state=NY|zip=95446|"
       "county=73|birth_date=2009|voter_file_id=5506443037202|house_number=8588|"
       "street_name=DIAZ GROVE|street_type=BRIDGE|voter_status=inactive|"
       "registration_date=1981-06-24|precinct=5274|districts=congressional=4/state_senate=87/"
       "state_house=02/school=36/municipality=2442"},
      {"nc-2012", "nc", 100, 0, 0,
       "first_name=MASON|middle_name=JASON|last_name=LANDRY|suffix=MD|"
       "address1=795 JOHNSON CLUB APT. 394|city=NORTH FELICIA|state=NC|zip=46984|county=JONESTOWN|"
       "sex=M|voter_file_id=DU994065|party=LIB|voter_status=inactive|registration_date=1977-02-26|"
       "precinct=1/7|districts=congressional=6/state_house=89/county_commission=CM03/"
       "municipality=ME/municipal_district=WI/ward=5/judicial=13/court=23B/fire=NEFD"},
      {"nj-26", "nj", 100, 0, 0,
       "first_name=Valerie|middle_name=Donna|last_name=Steele|city=Bradleyfurt|state=NJ|zip=94504|"
       "county=WARREN|birth_date=1979-01-13|voter_file_id=430243410|house_number=62882 NE SW|"
       "street_name=Marcus Prairie|unit_number=A|party=LIB|precinct=04-01|"
       "districts=congressional=4/state_senate=2/state_house=2/county_commission=19/"
       "municipality=East James/ward=04/school=54.4262/school=87.8156/fire=74.3428"},
      {"ny-45", "ny", 100, 0, 14,
       "first_name=Christopher|middle_name=Taylor|last_name=White|suffix=DVM|city=Cobbmouth|"
       "state=NY|zip=36651-2560|county=43|birth_date=2000-05-24|sex=F|"
       "voter_file_id=NY000000000516239749|house_number=5500|pre_directional=N|"
       "street_name=Julie Greens|party=WEP|voter_status=preregistered|"
       "registration_date=1987-03-19|precinct=19|districts=congressional=23/state_senate=71/"
       "state_house=85/municipality=Annfort/ward=23/county_district=65|vote_history=2012 other"},
      {"oh", "oh", 100, 0, 0,
       "first_name=AMANDA|middle_name=GLENN|last_name=MILLER|address1=40689 BEASLEY PASSAGE|"
       "address2=SUITE 704|city=SOUTH KELSEYVILLE|state=OH|zip=48498-8717|county=84|"
       "birth_date=2008-06-22|voter_file_id=OH0000241161|party=C|voter_status=active|"
       "registration_date=1977-03-22|precinct=30-XDY|districts=congressional=84/state_senate=47/"
       "state_house=46/school=DERRICKSHIRE/education=33/municipality=BRIANFORT/"
       "township=RODRIGUEZTON/ward=JULIELAND/court=30/court=56|"
       "vote_history=2015-11-03 general"},
      {"ok", "ok", 2, 0, 0,
       "first_name=FAKE|middle_name=TEST|last_name=TESTING|city=TESTCITY|state=OK|zip=12345|"
       "birth_date=1988-03-28|voter_file_id=700000000|house_number=1234|street_name=MAIN|"
       "street_type=ST|party=DEM|voter_status=active|registration_date=2008-08-02|"
       "precinct=770102|districts=county_commission=3/municipality=TEST CITY AT LARGE/"
       "school=TEST SCHOOLS AT LARGE/college=TEST CENTER AT LARGE"},
      {"pa", "pa", 100, 0, 0,
       "prefix=Mrs.|last_name=HARRIS|suffix=DVM|address2=SUITE 915|city=ROBBINSMOUTH|state=NV|"
       "county=WILKINSTON|birth_date=1978-04-19|sex=F|voter_file_id=441568|"
       "street_name=CRYSTAL CENTERS|unit_number=785|party=D|voter_status=active|"
       "registration_date=1971-10-06|precinct=804982|districts=congressional=SN8887/"
       "state_senate=SAN-48766/state_house=LG98732"},
      {"ut", "ut", 100, 0, 0, ""},
      {"vt", "vt", 100, 0, 0,
       "first_name=ANA|middle_name=TAYLOR|last_name=COOK|suffix=DVM|phone=+13428678090|"
       "address1=64470 WELLS VALLEY|address2=APT. 451|city=ROBERTTON|state=VT|zip=94251|"
       "county=WINDHAM|birth_date=1970|voter_file_id=000719889|voter_status=active|"
       "registration_date=2011-01-20|precinct=BtC-9-2|districts=state_senate=QVE/"
       "state_house=BtC-9-2/fire=LORIVILLE|vote_history=2014-11-04 general"},
      {"wa", "wa", 100, 0, 0,
       "prefix=Mrs|first_name=Anne|last_name=Chapman|suffix=Jr|city=Syracuse|state=WA|zip=13224|"
       "county=CR|birth_date=1923-12-24|sex=F|voter_file_id=WA0001|house_number=80|"
       "street_name=Waywood|street_type=Alley|voter_status=active|registration_date=1965-04-02|"
       "precinct=61|districts=congressional=17/state_senate=19/state_house=19/precinct_part=65|"
       "vote_history=2016-07-15 other"},
  };
}

TEST_CASE("Voter samples: each is recognized as what it is", "[layouts]") {
  for (const Expected& expected : Samples()) {
    INFO(expected.layout);
    const std::vector<RecognizedLayout> found = RecognizeVoterFile(Sample(expected.file));
    REQUIRE_FALSE(found.empty());
    REQUIRE(found.front().layout->name == expected.layout);
    REQUIRE_FALSE(found.front().is_history);
  }
}

TEST_CASE("Voter samples: each is read whole, and its first row is what it should be",
          "[layouts]") {
  for (const Expected& expected : Samples()) {
    INFO(expected.layout);
    const VoterReading reading = ReadVoters(Sample(expected.file), BuiltIn(expected.layout));
    REQUIRE_OK(reading.status);
    REQUIRE(reading.rows == expected.rows);
    REQUIRE(reading.rejected == 0);
    REQUIRE(reading.withheld == expected.withheld);
    REQUIRE(reading.not_registered == expected.not_registered);
    if (!expected.first.empty()) REQUIRE(Shown(reading.records.front()) == expected.first);
    for (const contact::ContactRecord& record : reading.records) {
      REQUIRE(record.ordinal == 0);
      REQUIRE_FALSE(record[contact::Field::kVoterFileId].empty());
    }
  }
}

// The samples were saved with commas; the states part their columns in other ways.
TEST_CASE("Voter samples: the state's own delimiter gives the same records", "[layouts]") {
  const TestFolder folder;
  for (const Expected& expected : Samples()) {
    INFO(expected.layout);
    const VoterLayout& layout = BuiltIn(expected.layout);
    std::string text = TestFolder::Read(Sample(expected.file));
    if (layout.voters.delimiter == ',' || text.find('"') != std::string::npos) continue;
    std::replace(text.begin(), text.end(), ',', layout.voters.delimiter);
    const VoterReading as_saved = ReadVoters(Sample(expected.file), layout);
    const VoterReading as_given = ReadVoters(folder.Write(expected.file, text), layout);
    REQUIRE_OK(as_given.status);
    REQUIRE(as_given.records.size() == as_saved.records.size());
    for (size_t i = 0; i < as_given.records.size(); ++i) {
      REQUIRE(Shown(as_given.records[i]) == Shown(as_saved.records[i]));
    }
  }
}

TEST_CASE("Voter samples: a file without a header may have one", "[layouts]") {
  const TestFolder folder;
  for (const char* name : {"fl", "ny-45", "pa", "nj-26"}) {
    INFO(name);
    const VoterLayout& layout = BuiltIn(name);
    const std::string file(std::string_view(name).substr(0, 2));
    const std::string text = TestFolder::Read(Sample(file));
    std::string header;
    for (const LayoutColumn& column : layout.voters.columns) {
      header += (header.empty() ? "" : ",") + column.names.front();
    }
    const VoterReading without = ReadVoters(Sample(file), layout);
    const VoterReading with = ReadVoters(folder.Write(file, header + "\r\n" + text), layout);
    REQUIRE_OK(with.status);
    REQUIRE(with.rows == without.rows);
    REQUIRE(with.header == without.header);
    REQUIRE(with.records.size() == without.records.size());
    for (size_t i = 0; i < with.records.size(); ++i) {
      REQUIRE(Shown(with.records[i]) == Shown(without.records[i]));
      REQUIRE(with.records[i].row == without.records[i].row);
    }
  }
}

TEST_CASE("Voter samples: any other layout is refused, and the right one is named", "[layouts]") {
  for (const Expected& expected : Samples()) {
    for (const VoterLayout& layout : BuiltInLayouts()) {
      if (layout.name == expected.layout) continue;
      // The middle names of North Carolina's columns are those of both.
      if (layout.state == "NC" && expected.file == "nc") continue;
      INFO(expected.file << " as " << layout.name);
      const VoterReading reading = ReadVoters(Sample(expected.file), layout);
      REQUIRE_REASON(reading.status, v1::LAYOUT_MISMATCH);
      const std::string message(reading.status.message());
      REQUIRE(message.find(": line ") != std::string::npos);
      REQUIRE(message.find("--layout " + expected.layout) != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace muster::ingest
