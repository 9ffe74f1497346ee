// SPDX-License-Identifier: Apache-2.0
//
// The voter files and how hard they are: the product's own layouts read them, and what goes wrong
// goes wrong as often as rates.h says.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/contact/contact.h"
#include "core/ingest/voter_reader.h"
#include "tools/muster_fake/generate.h"
#include "tools/muster_fake/noise.h"
#include "tools/muster_fake/rates.h"
#include "tools/muster_fake/record.h"
#include "tools/muster_fake/voter_format.h"
#include "tools/muster_fake/voter_record.h"

namespace muster::fake {
namespace {

namespace fs = std::filesystem;
using contact::Field;
using Json = nlohmann::json;

class TempDir {
 public:
  TempDir() {
    std::string path = (fs::temp_directory_path() / "muster-fake-XXXXXX").string();
    REQUIRE(mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~TempDir() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

class KeptRejects : public ingest::RejectSink {
 public:
  absl::Status Begin(std::span<const std::string>) override { return absl::OkStatus(); }
  absl::Status Add(const ingest::Reject& reject) override {
    told += std::to_string(reject.line) + " " + std::string(reject.field) + " " +
            std::string(reject.message) + "\n";
    return absl::OkStatus();
  }
  std::string told;
};

// The voters' numbers in the last cell of truth/matches.csv.
std::set<std::string> MatchedNumbers(const fs::path& out, const std::string& column) {
  std::ifstream in(out / "truth/matches.csv");
  std::string line;
  std::getline(in, line);
  REQUIRE(line == "member,file,row," + column);
  std::set<std::string> numbers;
  while (std::getline(in, line)) numbers.insert(line.substr(line.rfind(',') + 1));
  return numbers;
}

// A share of `n` that should be `per_myriad`: off by five standard deviations once in 1.7 million
// seeds, and the seeds are fixed.
void CheckShare(const std::string& what, uint64_t count, uint64_t n, double per_myriad) {
  const double share = per_myriad / 10'000;
  const double expected = share * static_cast<double>(n);
  const double deviation = std::sqrt(expected * (1 - share)) + 1;
  INFO(what << ": " << count << " of " << n << ", expected " << expected);
  CHECK(std::abs(static_cast<double>(count) - expected) < 5 * deviation);
}

PopulationPlan Plan(uint64_t contacts, uint64_t voters) {
  PopulationPlan plan;
  plan.seed = 99;
  plan.contacts = contacts;
  plan.voters = voters;
  return plan;
}

}  // namespace

TEST_CASE("Voter files: the product reads every state's whole, and nobody is rejected",
          "[fake][oracle]") {
  const std::string name = GENERATE("nc", "fl", "oh", "tx");
  CAPTURE(name);
  const TempDir dir;
  Options options;
  options.out = dir.path();
  options.contacts = 3'000;
  options.voters = 30'000;
  options.voter_layout = name;
  options.seed = 5;
  const auto made = Generate(options);
  INFO(made.status());
  REQUIRE(made.ok());
  const Json summary = Json::parse(*made);
  CHECK(summary["voter_file"]["layout"] == name);
  const VoterFormat& format = *FindVoterFormat(name);
  const auto layout = ingest::LoadVoterLayout(name);
  REQUIRE(layout.ok());

  uint64_t voters = 0, votes = 0, withheld = 0, gone = 0;
  std::map<std::string, uint64_t> filled;
  std::set<std::string> numbers, voted;
  const auto read = [&](const std::string& file, bool history) {
    CAPTURE(file);
    if (fs::file_size(dir.path() / file) == 0) return;  // a small county
    KeptRejects rejects;
    ingest::VoterReaderOptions reading;
    reading.rejects = &rejects;
    const auto reader = ingest::VoterReader::Open(dir.path() / file, *layout, reading);
    INFO(reader.status());
    REQUIRE(reader.ok());
    // Texas's rows tell one by one.
    if (name != "tx") REQUIRE((*reader)->is_history() == history);
    contact::ContactRecord record;
    while (true) {
      const auto more = (*reader)->Next(record);
      INFO(more.status());
      REQUIRE(more.ok());
      if (!*more) break;
      const std::string& number = record[Field::kVoterFileId];
      if (history) {
        REQUIRE(record[Field::kLastName].empty());
        REQUIRE_FALSE(record[Field::kVoteHistory].empty());
        voted.insert(number);
        continue;
      }
      REQUIRE(numbers.insert(number).second);
      REQUIRE(record[Field::kState] == format.state);
      for (Field field : {Field::kLastName, Field::kFirstName, Field::kBirthDate, Field::kZip,
                          Field::kCity, Field::kVoterStatus, Field::kRegistrationDate,
                          Field::kPrecinct, Field::kDistricts, Field::kVoteHistory}) {
        filled[std::string(contact::FieldName(field))] += !record[field].empty();
      }
      filled["street"] += !record[Field::kAddress1].empty() || !record[Field::kStreetName].empty();
      for (const char c : record[Field::kVoteHistory]) votes += c == '\n';
      votes += !record[Field::kVoteHistory].empty();
    }
    CHECK(rejects.told == "");
    REQUIRE((*reader)->rejected() == 0);
    REQUIRE((*reader)->missing_columns().empty());
    (history ? votes : voters) += (*reader)->rows();
    withheld += (*reader)->withheld();
    gone += (*reader)->not_registered();
  };
  for (const std::string& file : format.voter_files()) read(file, false);
  for (const std::string& file : format.history_files()) read(file, true);

  CHECK(voters == options.voters);
  CHECK(voters == numbers.size() + withheld + gone);
  CHECK(votes == summary["voter_file"]["history_rows"]);
  if (name == "nc" || name == "fl") {
    CheckShare("withheld", withheld, voters, rates::kVoterConfidential);
  } else {
    CHECK(withheld == 0);
  }
  if (name == "nc") {
    CheckShare("removed and denied", gone, voters, 450);
  } else {
    CHECK(gone == 0);
  }
  for (const auto& [field, count] : filled) {
    if (field == "vote_history" || (name == "tx" && field == "districts")) continue;
    INFO(field);
    CHECK(count == numbers.size());
  }
  // Who is withheld or gone may be in the history and among the matches, and nobody else.
  uint64_t unknown = 0;
  for (const std::string& number : voted) unknown += numbers.count(number) == 0;
  CHECK(unknown <= withheld + gone);
  uint64_t matched_unknown = 0;
  const std::set<std::string> matched = MatchedNumbers(dir.path(), std::string(format.id_column));
  REQUIRE(matched.size() > 2'000);
  for (const std::string& number : matched) matched_unknown += numbers.count(number) == 0;
  CHECK(matched_unknown <= withheld + gone);
}

TEST_CASE("Voter files: the same bytes on any number of threads, whichever the state", "[fake]") {
  const std::string name = GENERATE("fl", "oh", "tx");
  CAPTURE(name);
  const TempDir one, many;
  Options options;
  options.contacts = 10;
  options.voters = 40'000;
  options.voter_layout = name;
  options.threads = 1;
  options.out = one.path();
  REQUIRE(Generate(options).ok());
  options.threads = 5;
  options.out = many.path();
  REQUIRE(Generate(options).ok());
  const auto bytes = [](const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const VoterFormat& format = *FindVoterFormat(name);
  for (const auto& files : {format.voter_files(), format.history_files()}) {
    for (const std::string& file : files) {
      INFO(file);
      REQUIRE(fs::exists(one.path() / file));
      REQUIRE(bytes(one.path() / file) == bytes(many.path() / file));
    }
  }
}

TEST_CASE("Voter files: a layout that nobody writes is refused by name", "[fake]") {
  const TempDir dir;
  Options options;
  options.out = dir.path() / "out";
  options.contacts = 10;
  options.voters = 10;
  options.voter_layout = "zz";
  const auto made = Generate(options);
  REQUIRE(made.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(made.status().message()).find("nc, fl, oh, tx") != std::string::npos);
}

TEST_CASE("People: households, twins, juniors and names are as frequent as told", "[fake][stat]") {
  const Population population(Plan(10, 350'000));
  std::map<uint64_t, std::vector<Person>> households;
  uint64_t with_middle = 0, people = 0, smiths = 0, marys = 0, women = 0;
  for (uint64_t id = 0; id < 300'000; ++id) {
    Person person;
    population.MakePerson(id, person);
    ++people;
    with_middle += person.middle != nullptr;
    women += person.female;
    marys += person.female && person.first->plain == "Mary";
    smiths += person.last->plain == "Smith";
    households[person.household].push_back(std::move(person));
  }
  CheckShare("middle names", with_middle, people, rates::kMiddleName);
  // The Census's 2.629 % of women, who are 90 % of them in the table, and 1.006 % of people; the
  // rarest surnames of the table stand for those that are not in it.
  CHECK(std::abs(static_cast<double>(marys) / static_cast<double>(women) - 0.02629 / 0.90) < 0.003);
  CHECK(std::abs(static_cast<double>(smiths) / static_cast<double>(people) - 0.01006) < 0.0015);

  uint64_t juniors = 0, same_middle = 0, fathers_with_middle = 0, twins = 0, alike = 0;
  std::map<size_t, uint64_t> sizes;
  for (const auto& [head, members] : households) {
    ++sizes[members.size()];
    for (size_t i = 1; i < members.size(); ++i) {
      const Person& person = members[i];
      CHECK(person.home.number == members[0].home.number);
      if (i >= 2 && (person.suffix == "Jr" || person.suffix == "II") &&
          person.first == members[0].first && person.last == members[0].last) {
        ++juniors;
        CHECK(person.birth.year - members[0].birth.year >= 18);
        if (members[0].middle == nullptr) continue;
        ++fathers_with_middle;
        same_middle += person.middle == members[0].middle;
      }
    }
    if (members.size() == 4) {
      const Person& a = members[2];
      const Person& b = members[3];
      const bool one_day = a.birth.year == b.birth.year && a.birth.month == b.birth.month &&
                           a.birth.day == b.birth.day;
      if (one_day && a.last == b.last) {
        ++twins;
        alike += a.female == b.female;
        CHECK(a.first != b.first);
      }
    }
  }
  for (size_t size : {1u, 2u, 3u, 4u}) CHECK(sizes[size] > people / 100);
  CHECK(sizes.size() == 4);
  CHECK(juniors > people / 500);
  // A few more agree by chance.
  CheckShare("juniors with the father's middle name", same_middle, fathers_with_middle,
             rates::kJuniorSameMiddle + 20);
  CHECK(twins > people / 200);
  CheckShare("twins of one sex", alike, twins, rates::kTwinsOneSex);
}

TEST_CASE("People: some hundreds share one house", "[fake][stat]") {
  const Population population(Plan(10, 700'000));
  std::map<std::string, std::set<uint64_t>> houses;  // households by address without the unit
  for (uint64_t id = 0; id < 700'000; ++id) {
    Person person;
    population.MakePerson(id, person);
    const Address& home = person.home;
    houses[std::string(home.place->zip) + " " + std::to_string(home.number) + " " +
           std::to_string(home.direction) + " " + std::to_string(home.street) + " " +
           std::to_string(home.type)]
        .insert(person.household);
  }
  size_t most = 0;
  for (const auto& [address, households] : houses) most = std::max(most, households.size());
  CHECK(most >= 20);
}

TEST_CASE("Lists: what goes wrong goes wrong as often as told", "[fake][stat]") {
  const Population population(Plan(400'000, 400'000));
  RecordTraits traits;
  uint64_t rows = 0, zips = 0, missing_zip = 0, filler = 0, moved_expected = 0, wrong_zip = 0;
  uint64_t middle_first = 0, with_middle = 0, suffixes = 0, suffixed = 0;
  uint64_t hyphenated = 0, bear_both = 0, doubles = 0, doubled = 0, split = 0;
  uint64_t births = 0, fillers = 0;
  std::map<bool, std::pair<uint64_t, uint64_t>> by_age;  // old rows or new: in another place, of
  Person person;
  Record record;
  for (uint64_t c = 0; c < 200'000; ++c) {
    const uint64_t id = population.ContactPerson(c);
    population.MakePerson(id, person);
    Rng rng(KeyOf(7, Stream::kRow, id));
    MakeRecord(population, person, traits, rng, record);
    ++rows;
    const std::string zip = record.zip.substr(0, 5);
    if (zip.empty()) {
      ++missing_zip;
    } else if (zip == "00000" || zip == "99999") {
      ++filler;
    } else {
      ++zips;
      const bool old = record.joined_day < 17'532;  // 2018
      auto& [other, of] = by_age[old];
      ++of;
      other += zip != person.home.place->zip;
      wrong_zip += zip != person.home.place->zip;
    }
    moved_expected += static_cast<uint64_t>(20'603 - record.joined_day) / 365;
    if (person.middle != nullptr) {
      ++with_middle;
      std::string first = record.first;
      MakeLower(first);
      std::string middle(person.middle->plain);
      MakeLower(middle);
      middle_first += first == middle && person.first != person.middle;
    }
    if (!person.suffix.empty()) {
      ++suffixes;
      suffixed += !record.suffix.empty();
    }
    std::string last = record.last, own(person.last->plain);
    MakeLower(last);
    MakeLower(own);
    if (person.surname == Person::Surname::kHyphenated) {
      ++bear_both;
      hyphenated += last.find('-') != std::string::npos;
    }
    if (person.surname == Person::Surname::kDouble) {
      ++doubles;
      doubled += last.find(' ', 1) != std::string::npos && last.back() != ' ';
      std::string middle = record.middle;
      MakeLower(middle);
      split += middle == own;
    }
    if (!record.birth.empty()) {
      ++births;
      fillers += record.birth == "1900-01-01";
    }
  }
  CheckShare("no ZIP", missing_zip, rows, rates::kListZipMissing);
  CheckShare("ZIPs 00000 and 99999", filler, rows - missing_zip, rates::kListZipFiller);
  CheckShare("suffixes kept", suffixed, suffixes, rates::kListSuffix);
  CheckShare("born in 1900", fillers, births, rates::kListBirthFiller);
  // Of those with a middle name; capitals and slips take some away again.
  CHECK(middle_first * 10'000 > with_middle * rates::kListMiddleAsFirst * 8 / 10);
  CHECK(middle_first * 10'000 < with_middle * rates::kListMiddleAsFirst * 12 / 10);
  REQUIRE(bear_both > 1'000);
  const double with_hyphen =
      rates::kListHyphenated * (10'000.0 - rates::kListHyphenLost) / 10'000 / 10'000;
  CHECK(std::abs(static_cast<double>(hyphenated) / static_cast<double>(bear_both) - with_hyphen) <
        0.05);
  REQUIRE(doubles > 1'000);
  CHECK(std::abs(static_cast<double>(doubled) / static_cast<double>(doubles) -
                 rates::kListDouble / 10'000.0) < 0.06);
  CHECK(split * 10'000 > doubles * rates::kListDoubleSplit / 2);
  // The wrong ZIPs: moved since, a neighbor's, slips; near moves may end in the same ZIP.
  const double years = static_cast<double>(moved_expected) / static_cast<double>(rows);
  const double expected = (years * rates::kListMovedPerYear + rates::kListZipNear +
                           rates::kListZipSwapped + rates::kListZipSlip) /
                          10'000;
  const double wrong = static_cast<double>(wrong_zip) / static_cast<double>(zips);
  INFO("wrong ZIPs " << wrong << ", expected " << expected);
  CHECK(wrong < expected * 1.05);
  CHECK(wrong > expected * 0.85);
  // Lists decay.
  const double old_share =
      static_cast<double>(by_age[true].first) / static_cast<double>(by_age[true].second);
  const double new_share =
      static_cast<double>(by_age[false].first) / static_cast<double>(by_age[false].second);
  CHECK(old_share > 1.5 * new_share);
}

TEST_CASE("Voter records: what goes wrong goes wrong as often as told", "[fake][stat]") {
  const Population population(Plan(10, 300'000));
  uint64_t suffixes = 0, suffixed = 0, years_off = 0, confidential = 0, inactive = 0;
  uint64_t inactive_moved = 0, others = 0, others_moved = 0, bear_both = 0, both = 0;
  VoterRecord voter;
  for (uint64_t v = 0; v < 200'000; ++v) {
    MakeVoter(population, v, voter);
    const Person& person = voter.person;
    if (!person.suffix.empty()) {
      ++suffixes;
      suffixed += !voter.suffix.empty();
    }
    years_off += voter.birth.year != person.birth.year;
    confidential += voter.confidential;
    REQUIRE(PlaceTables::Get().StateOf(*voter.home.place).code == "NC");
    const bool moved =
        voter.home.place != person.home.place || voter.home.number != person.home.number;
    if (voter.status == "I") {
      ++inactive;
      inactive_moved += moved;
    } else {
      ++others;
      others_moved += moved;
    }
    if (person.surname == Person::Surname::kHyphenated) {
      ++bear_both;
      both += voter.last.find('-') != std::string::npos;
    }
  }
  CheckShare("suffixes", suffixed, suffixes, rates::kVoterSuffix);
  CheckShare("birth years off", years_off, 200'000, rates::kVoterBirthYearOff);
  CheckShare("confidential", confidential, 200'000, rates::kVoterConfidential);
  CheckShare("inactive", inactive, 200'000, 850);
  CheckShare("inactive and moved", inactive_moved, inactive, rates::kVoterInactiveMoved);
  CheckShare("others who moved", others_moved, others, rates::kVoterMoved);
  // A slip may take the hyphen out.
  CHECK(std::abs(static_cast<double>(both) / static_cast<double>(bear_both) -
                 rates::kVoterHyphenated / 10'000.0) < 0.03);
}

}  // namespace muster::fake
