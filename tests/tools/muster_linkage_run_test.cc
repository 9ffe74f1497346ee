// SPDX-License-Identifier: Apache-2.0
//
// muster-linkage from files to pairs: what must hold whatever the files are like.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "tests/support/process.h"
#include "tests/support/status.h"
#include "tools/muster_linkage/run.h"

namespace muster::linkage {
namespace {

using test::Slurp;
using test::Spit;
using test::TempDir;
using testing::Must;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class RunTest {
 public:
  std::filesystem::path Write(const std::string& name, const std::string& text) {
    Spit(dir_ / name, text);
    return dir_ / name;
  }
  absl::StatusOr<Report> Run(Options options) {
    if (options.out.empty()) options.out = dir_ / "pairs.csv";
    if (options.threads == 0) options.threads = 2;
    return RunLinkage(options, nullptr);
  }
  // left_id + right_id -> probability
  std::map<std::string, double> Pairs(const std::string& name = "pairs.csv") {
    std::map<std::string, double> pairs;
    const std::vector<std::string> lines = Lines(Slurp(dir_ / name));
    REQUIRE(lines.at(0) == "left_id,right_id,probability");
    for (size_t i = 1; i < lines.size(); ++i) {
      const size_t comma = lines[i].rfind(',');
      pairs[lines[i].substr(0, comma)] = std::stod(lines[i].substr(comma + 1));
    }
    return pairs;
  }
  const TempDir& dir() const { return dir_; }

 private:
  TempDir dir_;
};

// People who differ in all they have, as far as `count` allows.
struct People {
  explicit People(size_t count, uint64_t seed = 1) {
    static const std::vector<std::string> kSyllables = {
        "ba", "den", "ro", "mi", "lo", "ker", "san", "tu", "fel", "gra", "no", "wil", "ha"};
    std::mt19937_64 random(seed);
    const auto word = [&](size_t syllables) {
      std::string text;
      while (syllables-- > 0) text += kSyllables[random() % kSyllables.size()];
      return text;
    };
    for (size_t i = 0; i < count; ++i) {
      Person& person = people.emplace_back();
      person.first = word(2);
      person.last = word(3);
      person.year = std::to_string(1930 + random() % 75);
      person.month = std::to_string(10 + random() % 3);
      person.day = std::to_string(10 + random() % 18);
      person.zip = std::to_string(27000 + random() % 900);
    }
  }
  struct Person {
    std::string first, last, year, month, day, zip;
  };
  std::vector<Person> people;
};

constexpr const char* kHeader = "id,first_name,last_name,birth_date,zip\n";

std::string RowOf(const std::string& id, const People::Person& person) {
  return id + "," + person.first + "," + person.last + "," + person.year + "-" + person.month +
         "-" + person.day + "," + person.zip + "\n";
}

std::string TableOf(const People& people, char side) {
  std::string text = kHeader;
  for (size_t i = 0; i < people.people.size(); ++i)
    text += RowOf(side + std::to_string(i), people.people[i]);
  return text;
}

TEST_CASE_METHOD(RunTest, "muster-linkage: finds the same people in two files", "[linkage]") {
  const People people(400);
  Options options;
  options.left = Write("left.csv", TableOf(people, 'l'));
  options.right = Write("right.csv", TableOf(people, 'r'));
  const Report report = Must(Run(options));
  REQUIRE(report.left.rows == 400);
  REQUIRE(report.right.rows == 400);
  REQUIRE(report.pairs_compared == 160'000);
  const std::map<std::string, double> pairs = Pairs();
  REQUIRE(report.pairs_written == pairs.size());
  for (size_t i = 0; i < people.people.size(); ++i) {
    const std::string number = std::to_string(i);
    REQUIRE(pairs.at("l" + number + ",r" + number) > 0.9);
  }
}

TEST_CASE_METHOD(RunTest, "muster-linkage: neither threads nor the order of rows show in the pairs",
                 "[linkage]") {
  const People people(3'000);
  std::vector<std::string> left = Lines(TableOf(people, 'l'));
  std::vector<std::string> right = Lines(TableOf(People(people), 'r'));
  std::mt19937_64 random(2);
  // Some have moved, some are written otherwise, so that not all is certain.
  for (size_t i = 1; i < right.size(); ++i) {
    if (random() % 4 == 0) right[i].back() = static_cast<char>('0' + random() % 10);
    if (random() % 6 == 0) right[i][right[i].find(',') + 2] = 'x';
  }
  const auto text_of = [](const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  };
  std::string wanted;
  for (const bool blocked : {false, true}) {
    wanted.clear();
    for (const unsigned threads : {1u, 2u, 5u}) {
      Options options;
      options.left = Write("left.csv", text_of(left));
      options.right = Write("right.csv", text_of(right));
      options.threads = threads;
      options.blocked = blocked;
      REQUIRE_OK(Run(options));
      const std::string got = Slurp(dir() / "pairs.csv");
      if (wanted.empty()) wanted = got;
      REQUIRE(got == wanted);
      std::shuffle(left.begin() + 1, left.end(), random);
      std::shuffle(right.begin() + 1, right.end(), random);
    }
  }
}

TEST_CASE_METHOD(RunTest, "muster-linkage: three ways to write a date are one date", "[linkage]") {
  const People people(200);
  std::string left = kHeader;
  std::string right = kHeader;
  for (size_t i = 0; i < people.people.size(); ++i) {
    const People::Person& person = people.people[i];
    const std::string number = std::to_string(i);
    left += RowOf("l" + number, person);
    const std::string date = i % 3 == 0   ? person.year + person.month + person.day
                             : i % 3 == 1 ? person.month + "/" + person.day + "/" + person.year
                                          : person.year + "-" + person.month + "-" + person.day;
    right += "r" + number + "," + person.first + "," + person.last + "," + date + ",\n";
  }
  Options options;
  options.left = Write("left.csv", left);
  options.right = Write("right.csv", right);
  REQUIRE_OK(Run(options));
  const std::map<std::string, double> pairs = Pairs();
  for (size_t i = 0; i < people.people.size(); ++i) {
    const std::string number = std::to_string(i);
    INFO(number);
    REQUIRE(pairs.at("l" + number + ",r" + number) > 0.9);
  }
}

TEST_CASE_METHOD(RunTest, "muster-linkage: rows with nothing in them match nobody", "[linkage]") {
  const People people(50);
  std::string left = TableOf(people, 'l');
  std::string right = TableOf(people, 'r');
  for (int i = 0; i < 500; ++i) {
    left += "le" + std::to_string(i) + ",,,,\n";
    right += "re" + std::to_string(i) + ",N/A,UNKNOWN,1900-01-01,00000\n";
  }
  Options options;
  options.left = Write("left.csv", left);
  options.right = Write("right.csv", right);
  options.min_probability = 0.1;
  for (const bool blocked : {false, true}) {
    options.blocked = blocked;
    REQUIRE_OK(Run(options));
    const std::map<std::string, double> pairs = Pairs();
    REQUIRE(pairs.size() == 50);
    for (const auto& [ids, probability] : pairs) REQUIRE(ids.find('e') == std::string::npos);
  }
  // And of one file with nothing else.
  std::string empty = kHeader;
  for (int i = 0; i < 300; ++i) empty += std::to_string(i) + ",,,,\n";
  options.left = Write("empty.csv", empty);
  options.right.clear();
  REQUIRE(Must(Run(options)).pairs_written == 0);
}

TEST_CASE_METHOD(RunTest, "muster-linkage: ten thousand people at one address are not one person",
                 "[linkage]") {
  const People people(10'000);
  std::string left = "id,first_name,last_name,address,zip\n";
  std::string right = left;
  for (size_t i = 0; i < people.people.size(); ++i) {
    const People::Person& person = people.people[i];
    const std::string rest = "," + person.first + "," + person.last + ",1 Campus Drive,27514\n";
    if (i % 10 == 0) left += "l" + std::to_string(i) + rest;
    right += "r" + std::to_string(i) + rest;
  }
  Options options;
  options.left = Write("left.csv", left);
  options.right = Write("right.csv", right);
  options.blocked = true;
  options.min_probability = 0.5;
  const Report report = Must(Run(options));
  // A block of all of them would be ten million pairs.
  REQUIRE(report.pairs_compared < 2'000'000);
  size_t right_ones = 0;
  for (const auto& [ids, probability] : Pairs()) {
    const size_t comma = ids.find(',');
    const bool same = ids.substr(1, comma - 1) == ids.substr(comma + 2);
    // Two of one name at one address cannot be told apart.
    if (same) ++right_ones;
  }
  REQUIRE(right_ones > 600);
  REQUIRE(report.pairs_written < right_ones + 100);
}

TEST_CASE_METHOD(RunTest, "muster-linkage: bad rows are counted by reason and cost nobody else",
                 "[linkage]") {
  const People people(100);
  Options options;
  options.left = Write("left.csv", TableOf(people, 'l') + "x1,too,few\nx2,one,two,three,4,five\n" +
                                       ",no,id,,\nx3,\"op\"en,x,,\n");
  options.right = Write("right.csv", TableOf(people, 'r'));
  const Report report = Must(Run(options));
  REQUIRE(report.left.rows == 100);
  REQUIRE(report.left.rejected == 4);
  const nlohmann::json json = nlohmann::json::parse(ReportJson(report));
  REQUIRE(json["rejected"]["left"]["number_of_cells"] == 2);
  REQUIRE(json["rejected"]["left"]["no_id"] == 1);
  REQUIRE(json["rejected"]["left"]["stray_quote"] == 1);
  REQUIRE(json["rejected"]["right"].empty());
  REQUIRE(Pairs().size() >= 100);
}

TEST_CASE_METHOD(RunTest, "muster-linkage: a failed run leaves the pairs of the one before",
                 "[linkage]") {
  Options options;
  options.left = Write("left.csv", TableOf(People(20), 'l'));
  options.right = Write("right.csv", TableOf(People(20), 'r'));
  REQUIRE_OK(Run(options));
  const std::string before = Slurp(dir() / "pairs.csv");
  options.right = Write("twice.csv", std::string(kHeader) + "a,x,y,,\na,x,y,,\n");
  REQUIRE(ReasonOf(Run(options).status()) == v1::ID_TWICE);
  options.right = dir() / "none.csv";
  REQUIRE(ReasonOf(Run(options).status()) == v1::FILE_NOT_FOUND);
  REQUIRE(Slurp(dir() / "pairs.csv") == before);
}

TEST_CASE_METHOD(RunTest, "muster-linkage: with a saved model the same files give the same pairs",
                 "[linkage]") {
  const People people(2'000);
  Options options;
  options.left = Write("left.csv", TableOf(people, 'l'));
  options.right = Write("right.csv", TableOf(people, 'r'));
  options.blocked = true;
  options.model_out = dir() / "model.json";
  REQUIRE_OK(Run(options));
  const std::string wanted = Slurp(dir() / "pairs.csv");
  options.model_in = options.model_out;
  options.model_out.clear();
  REQUIRE_OK(Run(options));
  REQUIRE(Slurp(dir() / "pairs.csv") == wanted);
  options.model_in = Write("other.json", "{\"pattern_version\": 99}");
  REQUIRE(ReasonOf(Run(options).status()) == v1::MODEL_MALFORMED);
  options.model_in = Write("other.json", "weights");
  REQUIRE(ReasonOf(Run(options).status()) == v1::MODEL_MALFORMED);
}

TEST_CASE_METHOD(RunTest,
                 "muster-linkage: a later list gets from the standing file what a run of "
                 "its own with that model gives",
                 "[linkage]") {
  const People people(2'000);
  const People others(300, 7);
  std::string later = kHeader;
  for (size_t i = 0; i < 300; ++i) {
    later += RowOf("n" + std::to_string(i), people.people[3 * i]);
    later += RowOf("o" + std::to_string(i), others.people[i]);
  }
  for (const bool blocked : {false, true}) {
    Options options;
    options.left = Write("left.csv", TableOf(people, 'l'));
    options.right = Write("right.csv", TableOf(people, 'r'));
    options.blocked = blocked;
    options.model_out = dir() / "model.json";
    options.later = {{Write("later.csv", later), dir() / "later_pairs.csv"}};
    const Report report = Must(Run(options));
    REQUIRE(report.later.size() == 1);
    REQUIRE(report.later[0].left.rows == 600);
    REQUIRE(report.later[0].pairs_written >= 300);
    Options alone = options;
    alone.left = dir() / "later.csv";
    alone.later.clear();
    alone.model_out.clear();
    alone.model_in = dir() / "model.json";
    REQUIRE_OK(Run(alone));
    REQUIRE(Slurp(dir() / "later_pairs.csv") == Slurp(dir() / "pairs.csv"));
  }
}

TEST_CASE_METHOD(RunTest, "muster-linkage: says how many true pairs blocking reached",
                 "[linkage]") {
  const People people(500);
  std::string truth = "left_id,right_id\n";
  for (int i = 0; i < 500; ++i) truth += "l" + std::to_string(i) + ",r" + std::to_string(i) + "\n";
  truth += "l0,r1\n";  // nothing in common
  Options options;
  options.left = Write("left.csv", TableOf(people, 'l'));
  options.right = Write("right.csv", TableOf(people, 'r'));
  options.truth = Write("truth.csv", truth);
  options.blocked = true;
  Report report = Must(Run(options));
  REQUIRE(report.blocking->true_pairs == 501);
  REQUIRE(report.blocking->reached == 500);
  options.blocked = false;
  report = Must(Run(options));
  REQUIRE(report.blocking->reached == 501);
  options.truth = Write("truth.csv", "left_id,right_id\nl0,nobody\n");
  REQUIRE(ReasonOf(Run(options).status()) == v1::ID_UNKNOWN);
  options.truth = Write("truth.csv", "left_id,right_id\nl0\n");
  const absl::Status ragged = Run(options).status();
  REQUIRE(ReasonOf(ragged) == v1::CSV_RAGGED_ROW);
  REQUIRE(ragged.message().find("line 2") != std::string::npos);
  options.truth = Write("truth.csv", "a,b\nl0,r0\n");
  REQUIRE(ReasonOf(Run(options).status()) == v1::COLUMN_UNKNOWN);
}

TEST_CASE_METHOD(RunTest, "muster-linkage: evidence for a pair adds up to its odds", "[linkage]") {
  const People people(500);
  Options options;
  options.left = Write("left.csv", TableOf(people, 'l'));
  options.right = Write("right.csv", TableOf(people, 'r'));
  options.explain = true;
  options.explain_left = "l7";
  options.explain_right = "r7";
  const Report report = Must(Run(options));
  REQUIRE(report.explained_probability > 0.9);
  double bits = 0;
  std::set<std::string> comparators;
  for (const EvidenceReport& each : report.evidence) {
    bits += each.bits;
    comparators.insert(each.comparator);
  }
  REQUIRE(bits > 3);
  REQUIRE(comparators.count("last_name") == 1);
  options.explain_right = "r500";
  REQUIRE(ReasonOf(Run(options).status()) == v1::ID_UNKNOWN);
}

TEST_CASE_METHOD(RunTest, "muster-linkage: the program keeps its contract", "[linkage]") {
  const std::filesystem::path left = Write("left.csv", TableOf(People(60), 'l'));
  const std::filesystem::path right = Write("right.csv", TableOf(People(60), 'r'));
  const std::string binary = std::string(MUSTER_BIN) + "/muster-linkage";
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), binary);
    return test::Run(arguments);
  };
  const std::string out = dir() / "pairs.csv";
  test::RunResult result = run({"--left", left, "--right", right, "--out", out, "--min-probability",
                                "0.5", "--threads", "2"});
  REQUIRE(result.exit_code == 0);
  REQUIRE(std::count(result.out.begin(), result.out.end(), '\n') == 1);
  const nlohmann::json json = nlohmann::json::parse(result.out);
  REQUIRE(json["left"] == 60);
  REQUIRE(json["right"] == 60);
  REQUIRE(json["pairs_compared"] == 3600);
  REQUIRE(json["pairs_written"] == Pairs().size());
  REQUIRE(json["peak_rss_bytes"].get<uint64_t>() > 1'000'000);
  for (const char* stage : {"read", "sketch", "block", "score", "em", "total"}) {
    INFO(stage);
    REQUIRE(json["seconds"][stage].is_number());
  }
  result = run({"--left", left, "--out", out});
  REQUIRE(result.exit_code == 0);
  REQUIRE(nlohmann::json::parse(result.out)["right"] == 0);
  // Wrong usage, and files that are not there.
  REQUIRE(run({"--left", left}).exit_code == 2);
  REQUIRE(run({"--out", out}).exit_code == 2);
  REQUIRE(run({"--left", left, "--out", out, "--min-probability", "2"}).exit_code == 2);
  REQUIRE(run({"--left", left, "--out", out, "--later", left, out}).exit_code == 2);
  result = run({"--left", dir() / "none.csv", "--out", out});
  REQUIRE(result.exit_code == 1);
  REQUIRE(nlohmann::json::parse(result.out)["error"]["reason"] == "FILE_NOT_FOUND");
  REQUIRE(result.err.find("none.csv") != std::string::npos);
}

}  // namespace
}  // namespace muster::linkage
