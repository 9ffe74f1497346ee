// SPDX-License-Identifier: Apache-2.0
//
// Voter files end to end: real states' layouts loaded by a steward, refused to everybody else, seen
// by all, killed in the middle, loaded twice and out of order.
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <utility>

#include "tests/integration/pool.h"

namespace muster::test {
namespace {

const char kUse[] = "elections only, as the office's form says";

std::string Sample(const std::string& name) {
  return std::string(MUSTER_TESTDATA) + "/voter_layouts/" + name + ".csv";
}

std::vector<std::string> LoadArguments(std::vector<std::string> files, const std::string& layout,
                                       const std::string& as_of,
                                       std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"voterfile", "load"};
  arguments.insert(arguments.end(), files.begin(), files.end());
  for (const char* text :
       {"--layout", layout.c_str(), "--as-of", as_of.c_str(), "--permitted-use", kUse})
    arguments.emplace_back(text);
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// The Secretary of State's form of 685 characters a line, written without the product's own tables:
// {width, value} one after the other.
std::string TexasLine(const std::string& number, const std::string& last, const std::string& first,
                      const std::string& house, const std::string& street,
                      const std::string& status, const std::string& vote_day) {
  const std::array<std::pair<size_t, std::string>, 32> cells = {{
      {3, "227"},     {10, "101"},
      {10, number},   {50, last},
      {50, first},    {50, ""},
      {50, ""},       {4, ""},
      {1, "F"},       {8, "19700131"},
      {9, house},     {12, ""},
      {2, "N"},       {50, street},
      {12, "ST"},     {2, ""},
      {12, ""},       {12, ""},
      {50, "AUSTIN"}, {9, "78701"},
      {110, ""},      {50, ""},
      {50, ""},       {20, ""},
      {20, ""},       {8, "20100405"},
      {1, status},    {1, "N"},
      {8, vote_day},  {2, vote_day.empty() ? "" : "GE"},
      {3, ""},        {6, vote_day.empty() ? "" : "EV"},
  }};
  std::string line;
  for (const auto& [width, value] : cells) line += value + std::string(width - value.size(), ' ');
  return line + "\r\n";
}

size_t StoredBatches(const Pool& pool) {
  size_t count = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(pool.home(), error)) {
    if (entry.path().extension() == ".batch") ++count;
  }
  return count;
}

const Json* Find(const Json& list, const std::string& name) {
  for (const Json& item : list["voterfiles"]) {
    if (item["voterfile"] == name) return &item;
  }
  return nullptr;
}

// A state's file of made-up voters and its history.
struct MadeUp {
  std::string voters;
  std::string history;
};
MadeUp MakeVoters(const Pool& pool, const std::string& name, int voters, int seed) {
  const std::filesystem::path folder = pool.dir() / name;
  const RunResult made =
      Run({Bin("muster-fake"), "--contacts", "10", "--voters", std::to_string(voters), "--seed",
           std::to_string(seed), "--out", folder.string()},
          {});
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  return {(folder / "voters" / "ncvoter_Statewide.txt").string(),
          (folder / "history" / "ncvhis_Statewide.txt").string()};
}

int64_t Lines(const std::string& file) {
  std::ifstream in(file);
  int64_t lines = 0;
  for (std::string line; std::getline(in, line);) ++lines;
  return lines;
}

void CheckAddsUp(const Json& done) {
  INFO(done.dump(2));
  CHECK(done["rows"].get<int64_t>() ==
        done["accepted"].get<int64_t>() + done["rejected"].get<int64_t>() +
            done["withheld"].get<int64_t>() + done["not_registered"].get<int64_t>());
  CHECK(done["records"].get<int64_t>() ==
        done["voters"].get<int64_t>() + done["history_records"].get<int64_t>() +
            done["duplicates_in_file"].get<int64_t>() + done["refused"].get<int64_t>());
}

}  // namespace

TEST_CASE("A steward loads the files of three states; everybody sees which, nobody else may",
          "[integration][voterfile]") {
  Pool pool;
  pool.AddMember("county", "approver,steward");
  pool.AddMember("parks");

  // Comma-separated with a header, elections in columns.
  const Json ohio = pool.JsonAs("county", LoadArguments({Sample("oh")}, "oh", "2026-09-01"));
  CheckAddsUp(ohio);
  CHECK(ohio["voterfile"] == "oh-2026-09-01");
  CHECK(ohio["state"] == "OH");
  CHECK(ohio["rows"] == 100);
  CHECK(ohio["accepted"] == 100);
  CHECK(ohio["voters"] == 100);
  CHECK(ohio["current"] == true);
  CHECK(ohio["permitted_use"] == kUse);
  CHECK(ohio["log_index"].get<int64_t>() > 0);
  CHECK(ohio["intake_log_index"].get<int64_t>() > ohio["log_index"].get<int64_t>());

  // Without a header, and most of its people withheld by law.
  const Json florida = pool.JsonAs("county", LoadArguments({Sample("fl")}, "fl", "2026-09-01"));
  CheckAddsUp(florida);
  CHECK(florida["withheld"] == 55);
  CHECK(florida["accepted"] == 45);
  CHECK(florida["voters"] == 45);

  // Fixed width; voters, and their history in a file of its own, named in either order.
  std::string voters, history;
  for (int i = 0; i < 60; ++i) {
    const std::string number = std::to_string(1000000000 + i);
    const std::string last = "LAST" + std::string(1, static_cast<char>('A' + i % 26));
    voters += TexasLine(number, last, "MARY", std::to_string(100 + i), "GUADALUPE",
                        i % 20 == 19 ? "C" : "V", "");
    if (i % 2 == 0) {
      history +=
          TexasLine(number, last, "MARY", std::to_string(100 + i), "GUADALUPE", "V", "20241105");
      history +=
          TexasLine(number, last, "MARY", std::to_string(100 + i), "GUADALUPE", "V", "20221108");
    }
  }
  Spit(pool.dir() / "tx_voters.txt", voters);
  Spit(pool.dir() / "tx_history.txt", history);
  const Json texas = pool.JsonAs("county", LoadArguments({(pool.dir() / "tx_history.txt").string(),
                                                          (pool.dir() / "tx_voters.txt").string()},
                                                         "tx", "2026-09-01", {"--name", "texas"}));
  CheckAddsUp(texas);
  CHECK(texas["voterfile"] == "texas");
  CHECK(texas["rows"] == 120);
  CHECK(texas["not_registered"] == 3);
  CHECK(texas["voters"] == 57);
  CHECK(texas["history_records"] == 30);  // two rows of one voter are one record

  // A layout that does not fit is told before anything is sent, with the one that would.
  const Json misfit = pool.ErrorAs("county", LoadArguments({Sample("wa")}, "oh", "2026-09-01"));
  CHECK(misfit["reason"] == "LAYOUT_MISMATCH");
  CHECK(misfit["message"].get<std::string>().find("--layout wa") != std::string::npos);

  // Who may not: a member's uploader may not load voters, nor a steward bring or see lists.
  CHECK(pool.ErrorAs("parks", LoadArguments({Sample("oh")}, "oh", "2026-09-02"))["reason"] ==
        "ROLE_NOT_ALLOWED");
  Spit(pool.dir() / "list.csv", "email,first_name\nada@example.org,Ada\n");
  const std::string list = (pool.dir() / "list.csv").string();
  CHECK(pool.ErrorAs("county", {"upload", list, "--list", "l"})["reason"] == "ROLE_NOT_ALLOWED");
  const Json uploaded = pool.JsonAs("parks", {"upload", list, "--list", "l", "--consent", "c"});
  CHECK(uploaded["contacts"] == 1);

  // Everybody sees which files there are and what they may be used for.
  for (const char* profile : {"county", "parks", "operator"}) {
    const Json files = pool.JsonAs(profile, {"voterfile", "list"});
    INFO(profile << " " << files.dump(2));
    REQUIRE(files["voterfiles"].size() == 3);
    const Json* found = Find(files, "texas");
    REQUIRE(found != nullptr);
    CHECK((*found)["voters"] == 57);
    CHECK((*found)["current"] == true);
    CHECK((*found)["permitted_use"] == kUse);
    CHECK((*found)["member_name"] == "county");
    CHECK((*found)["log_index"] == texas["log_index"]);
  }
  // Another member may read the terms on the log itself.
  const RunResult log = pool.RunAs("parks", {"log", "show", "--json"});
  CHECK(log.out.find(kUse) != std::string::npos);

  // Nobody will need these records again: their sealed batches go once they were read.
  CHECK(Eventually([&] { return StoredBatches(pool) == 1; }));
  // The auditor needs none of them.
  const std::string bundle = (pool.dir() / "coalition.bundle").string();
  const std::string report = (pool.dir() / "county.report").string();
  pool.JsonAs("operator", {"log", "bundle", "--out", bundle});
  pool.JsonAs("county", {"report", "provenance", "--out", report});
  const RunResult verified =
      Run({Bin("muster"), "audit", "verify", report, "--bundle", bundle, "--json"},
          {{"MUSTER_HOME", "/nonexistent"}});
  INFO(verified.out << verified.err);
  CHECK(verified.exit_code == 0);
  const Json json = Json::parse(verified.out, nullptr, false);
  CHECK(json["ok"] == true);
  REQUIRE(json["reports"].size() == 1);
  REQUIRE(json["reports"][0]["uploads"].size() == 3);
  CHECK(json["reports"][0]["uploads"][1]["withheld"] == 55);
  CHECK(json["reports"][0]["uploads"][2]["intake"]["voters"] == 57);

  // Contacts know nothing of it: the figures of a member that has voters alone are empty.
  const Json status = pool.JsonAs("county", {"status"});
  CHECK(status["mine"]["contacts"] == 0);
  CHECK(status["mine"]["lists"] == 0);
  CHECK(pool.JsonAs("county", {"lists"})["lists"].empty());
}

TEST_CASE("Voters killed in mid-load, loaded twice and out of order are what they are in one go",
          "[integration][voterfile][fault]") {
  Pool pool;
  pool.AddMember("county", "approver,steward");
  const MadeUp october = MakeVoters(pool, "october", 60'000, 10);
  const std::vector<std::string> files = {october.voters, october.history};
  const auto arguments = [&](std::vector<std::string> more) {
    return LoadArguments(files, "nc", "2026-10-01", std::move(more));
  };
  const Json dry = pool.JsonAs("county", arguments({"--dry-run"}));
  CHECK(dry["rows"] == Lines(october.voters) + Lines(october.history) - 2);

  // The client dies, then the vault, then the server.
  {
    auto load = pool.StartAs("county", arguments({}), "load");
    REQUIRE(Eventually([&] { return StoredBatches(pool) >= 2; }));
    load->Signal(SIGKILL);
    load->Wait();
  }
  {
    auto load = pool.StartAs("county", arguments({"--resume"}), "load");
    const size_t before = StoredBatches(pool);
    REQUIRE(Eventually([&] { return StoredBatches(pool) > before || !load->Running(); }));
    const pid_t vault = pool.VaultPid();
    if (vault > 0) ::kill(vault, SIGKILL);
    pool.Kill();
    pool.Start();
    load->Wait(std::chrono::seconds(240));
  }
  const RunResult resumed = pool.RunAs("county", arguments({"--resume", "--json"}));
  INFO(resumed.out << resumed.err);
  // The second run may have outlived all of it.
  const bool finished_before = resumed.exit_code != 0;
  if (finished_before) CHECK(resumed.out.find("NOTHING_TO_RESUME") != std::string::npos);

  Json listed = pool.JsonAs("county", {"voterfile", "list"});
  REQUIRE(listed["voterfiles"].size() == 1);
  CHECK(listed["voterfiles"][0]["status"] == "done");
  CHECK(listed["voterfiles"][0]["current"] == true);
  const int64_t voters = listed["voterfiles"][0]["voters"].get<int64_t>();
  CHECK(voters > 50'000);
  if (!finished_before) {
    const Json done = Json::parse(resumed.out);
    CheckAddsUp(done);
    CHECK(done["accepted"] == dry["accepted"]);
    CHECK(done["voters"] == voters);
  }

  // In one go, somewhere else, it is the same.
  {
    Pool other;
    other.AddMember("county", "approver,steward");
    const Json done = other.JsonAs("county", arguments({}));
    CheckAddsUp(done);
    CHECK(done["voters"] == voters);
    CHECK(done["refused"] == 0);
  }

  // The same again changes nothing, whatever it is called.
  const Json again = pool.ErrorAs("county", arguments({"--name", "again"}));
  CHECK(again["reason"] == "FILE_ALREADY_UPLOADED");

  // An older extract comes late: its votes count, its voters do not.
  const MadeUp september = MakeVoters(pool, "september", 3'000, 9);
  const Json late = pool.JsonAs("county", LoadArguments({september.voters}, "nc", "2026-09-01"));
  CheckAddsUp(late);
  CHECK(late["current"] == false);
  // History alone, of a later day, takes nobody's place.
  const Json votes = pool.JsonAs("county", LoadArguments({september.history}, "nc", "2026-11-01"));
  CHECK(votes["voters"] == 0);
  CHECK(votes["current"] == false);
  // A later extract does, and the old one's voters go.
  const MadeUp november = MakeVoters(pool, "november", 5'000, 11);
  const Json newer =
      pool.JsonAs("county", LoadArguments({november.voters, november.history}, "nc", "2026-11-10"));
  CheckAddsUp(newer);
  CHECK(newer["current"] == true);
  listed = pool.JsonAs("county", {"voterfile", "list"});
  REQUIRE(listed["voterfiles"].size() == 4);
  for (const Json& file : listed["voterfiles"]) {
    INFO(file.dump());
    CHECK(file["current"] == (file["voterfile"] == "nc-2026-11-10"));
  }

  // Taken back as a list is.
  pool.JsonAs("county", {"withdraw", "--list", "nc-2026-11-10", "--yes"});
  listed = pool.JsonAs("county", {"voterfile", "list"});
  for (const Json& file : listed["voterfiles"]) CHECK(file["current"] == false);
}

}  // namespace muster::test
