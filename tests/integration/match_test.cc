// SPDX-License-Identifier: Apache-2.0
//
// Matching end to end on a made-up population whose truth is known: two members' lists, a state's
// voter file, a run, and what each of those who take part may learn of it.
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "tests/integration/pool.h"

namespace muster::test {
namespace {

// Files of muster-fake's truth quote nothing.
std::vector<std::vector<std::string>> ReadTruth(const std::filesystem::path& path) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == ',') {
        cells.emplace_back();
      } else {
        cells.back().push_back(c);
      }
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

// Of an address: who brought it in how many rows, and whether one of them is a voter.
struct Address {
  std::map<std::string, int> rows;  // by member: "m1"
  bool voter = false;
};

// A pool of two members with lists, a third without one, and a voter file of the same people.
class Matched {
 public:
  Matched(int contacts, int voters) {
    const std::filesystem::path lists = pool.dir() / "lists";
    const RunResult made = Run({Bin("muster-fake"), "--contacts", std::to_string(contacts),
                                "--voters", std::to_string(voters), "--members", "2", "--seed",
                                "11", "--overlap", "0.3", "--out", lists.string()},
                               {});
    INFO(made.err);
    REQUIRE(made.exit_code == 0);
    std::set<std::pair<std::string, std::string>> voter_rows;  // member, row
    for (const auto& row : ReadTruth(lists / "truth" / "matches.csv"))
      voter_rows.insert({row.at(0), row.at(2)});
    for (const auto& row : ReadTruth(lists / "truth" / "sources.csv")) {
      if (row.at(4) != "subscribed") continue;
      Address& address = addresses[row[0]];
      address.rows[row.at(1)]++;
      address.voter = address.voter || voter_rows.contains({row[1], row.at(3)});
    }

    pool.AddMember("county", "approver,steward");
    pool.AddMember("parks");
    pool.AddMember("transit", "approver,uploader,lead");
    pool.AddMember("library");
    pool.JsonAs("parks", {"upload", (lists / "01_action_network.csv").string(), "--list", "l"});
    pool.JsonAs("transit", {"upload", (lists / "02_nationbuilder.csv").string(), "--list", "l"});
    const Json loaded = pool.JsonAs(
        "county", {"voterfile", "load", (lists / "voters" / "ncvoter_Statewide.txt").string(),
                   "--layout", "nc", "--as-of", "2026-09-01", "--permitted-use", "elections only"});
    voterfile = loaded["voterfile"];
  }

  // `count` addresses spread over all that only `member` brought, in one row.
  std::vector<std::string> OnlyOf(const std::string& member, size_t count) const {
    std::vector<std::string> own;
    for (const auto& [text, address] : addresses) {
      if (address.rows.size() == 1 && address.rows.contains(member) && address.rows.at(member) == 1)
        own.push_back(text);
    }
    REQUIRE(own.size() >= count);
    std::vector<std::string> some;
    for (size_t i = 0; i < count; ++i) some.push_back(own[i * own.size() / count]);
    return some;
  }
  Json Explain(const std::string& profile, const std::string& address) const {
    return pool.JsonAs(profile, {"match", "explain", "--email", address});
  }

  Pool pool;
  std::map<std::string, Address> addresses;
  std::string voterfile;
};

double SumOf(const Json& evidence) {
  double sum = 0;
  for (const Json& piece : evidence) sum += piece["bits"].get<double>();
  return sum;
}

}  // namespace

TEST_CASE("The pool is matched with a voter file; each learns what is theirs to know, and rightly",
          "[integration][match]") {
  Matched m(3000, 6000);
  CHECK(m.pool.ErrorAs("county", {"match", "report"})["reason"] == "NOTHING_TO_MATCH");
  const std::vector<std::string> own = m.OnlyOf("m1", 60);
  CHECK(m.pool.ErrorAs("parks", {"match", "explain", "--email", own[0]})["reason"] ==
        "NOTHING_TO_MATCH");

  const Json first = m.pool.JsonAs("county", {"match", "run"});
  INFO(first.dump(2));
  CHECK(first["state"] == "done");
  CHECK(first["voterfile"] == m.voterfile);
  CHECK(first["estimated"] == true);
  CHECK(first["log_index"].get<int64_t>() > 0);

  // Who is not let in.
  CHECK(m.pool.ErrorAs("parks", {"match", "run"})["exit_code"] == 5);
  CHECK(m.pool.ErrorAs("county", {"match", "run", "--voterfile", "oh"})["reason"] ==
        "VOTERFILE_NOT_FOUND");

  // The log says it to everybody, and the shares add up to the pool, but for the noise.
  const Json log = m.pool.JsonAs("library", {"log", "show"});
  CHECK(log["entries"][first["log_index"].get<size_t>()]["kind"] == "match");
  const Json report = m.pool.JsonAs("library", {"match", "report"});
  REQUIRE(report["matches"].size() == 1);
  const Json& match = report["matches"][0];
  CHECK(match["job"] == first["job"]);
  CHECK(match["as_of"] == "2026-09-01");
  CHECK(match["comparators"].size() >= 10);
  REQUIRE(match["bands"].is_array());
  int64_t sum = 0;
  int64_t noise = 0;
  for (const Json& band : match["bands"]) {
    sum += band["noisy_count"].get<int64_t>();
    noise += 10 * band["plus_minus"].get<int64_t>();
  }
  CHECK(std::llabs(sum - static_cast<int64_t>(m.addresses.size())) <
        noise + static_cast<int64_t>(m.addresses.size()) / 10);

  // Of its own contacts a member learns all of it, and it is true.
  int matched = 0;
  int right = 0;
  int voters = 0;
  std::map<std::string, Json> before;
  for (const std::string& address : own) {
    const RunResult said =
        m.pool.RunAs("parks", {"match", "explain", "--email", address, "--json"});
    const Json explained = Json::parse(said.out, nullptr, false);
    before[address] = explained;
    voters += m.addresses[address].voter ? 1 : 0;
    if (said.exit_code != 0) {  // rows without a name
      CHECK(explained["error"]["reason"] == "CONTACT_NOT_FOUND");
      continue;
    }
    const double probability = explained["probability"];
    if (probability > 0.05 && probability < 0.95) {
      const double bits = std::log2(probability / (1 - probability));
      // Up to thirteen rounded pieces. A voter who fits as well takes a share of what they say.
      CHECK(SumOf(explained["evidence"]) > bits - 3.5);
      if (explained["runner_up_probability"].get<double>() < 0.01)
        CHECK(SumOf(explained["evidence"]) < bits + 3.5);
    }
    if (explained["outcome"] != "matched") continue;
    ++matched;
    right += m.addresses[address].voter ? 1 : 0;
    CHECK(explained["probability"].get<double>() >= 0.75);
  }
  WARN("of " << own.size() << " addresses " << voters << " are voters; matched " << matched
             << ", of these rightly " << right);
  CHECK(right >= 0.95 * matched);
  CHECK(matched >= 0.5 * voters);

  // Of others' contacts nothing, whether they are in the pool or not.
  const Json theirs = m.pool.ErrorAs("transit", {"match", "explain", "--email", own[0]});
  const Json nobodys =
      m.pool.ErrorAs("transit", {"match", "explain", "--email", "nobody.at.all@example.org"});
  CHECK(theirs["exit_code"] == 1);
  CHECK(theirs["reason"] == "CONTACT_NOT_FOUND");
  CHECK(theirs == nobodys);
  CHECK(m.pool.ErrorAs("library", {"match", "explain", "--email", own[0]})["reason"] ==
        "CONTACT_NOT_FOUND");

  // Again: other words on the log, the same in them, and the same for everybody.
  const Json second = m.pool.JsonAs("county", {"match", "run", "--voterfile", m.voterfile});
  CHECK(second["job"] != first["job"]);
  CHECK(second["estimated"] == false);
  const Json again = m.pool.JsonAs("transit", {"match", "report"});
  REQUIRE(again["matches"].size() == 1);
  CHECK(again["matches"][0]["bands"] == match["bands"]);
  CHECK(again["matches"][0]["comparators"] == match["comparators"]);
  std::string shown;
  for (const std::string& address : own) {
    if (before[address].contains("error")) continue;
    if (shown.empty() && before[address]["outcome"] == "matched") shown = address;
    CHECK(m.Explain("parks", address) == before[address]);
  }

  const RunResult text = m.pool.RunAs("parks", {"match", "explain", "--email", shown});
  CHECK(text.exit_code == 0);
  CHECK(text.out.find("before looking") != std::string::npos);
  CHECK(text.out.find("first name") != std::string::npos);
}

TEST_CASE(
    "A vault killed in the middle of matching leaves nothing half done; the next run is whole",
    "[integration][match][fault]") {
  Matched m(12'000, 24'000);
  const auto lost = [&] {
    return Slurp(m.pool.ServerLog()).find("failed (VAULT_UNAVAILABLE)") != std::string::npos;
  };
  // A run may be over before it can be killed.
  for (int i = 0; i < 10 && !lost(); ++i) {
    pid_t vault = -1;
    REQUIRE(Eventually([&] { return (vault = m.pool.VaultPid()) > 0; }));
    const RunResult started = m.pool.RunAs("county", {"match", "run", "--new-model", "--no-wait"});
    if (started.exit_code != 0) continue;
    ::usleep(20'000 * static_cast<unsigned>(i));
    REQUIRE(::kill(vault, SIGKILL) == 0);
    Eventually(lost, std::chrono::seconds(5));
  }
  REQUIRE(lost());

  Json done;
  REQUIRE(Eventually(
      [&] {
        const RunResult run = m.pool.RunAs("county", {"match", "run", "--json"});
        if (run.exit_code != 0) return false;
        done = Json::parse(run.out, nullptr, false);
        return true;
      },
      std::chrono::seconds(120)));
  CHECK(done["state"] == "done");
  // Every run that counts stands on the log once.
  const Json log = m.pool.JsonAs("county", {"log", "show"});
  std::set<std::string> texts;
  int statements = 0;
  for (const Json& entry : log["entries"]) {
    if (entry["kind"] != "match") continue;
    ++statements;
    const std::string text = entry["text"];
    texts.insert(text.substr(text.find("matches/")));
  }
  CHECK(statements >= 1);
  CHECK(texts.size() == static_cast<size_t>(statements));
  CHECK(texts.contains(done["job"].get<std::string>()));

  // A server killed in the middle of one: the command waits for it, and brings the run to its end.
  auto run = m.pool.StartAs("county", {"match", "run", "--new-model", "--json"}, "run");
  ::usleep(300'000);
  m.pool.Kill();
  m.pool.Start();
  const int code = run->Wait(std::chrono::seconds(120));
  INFO(Slurp(m.pool.dir() / "run.err") << Slurp(m.pool.dir() / "run.out"));
  CHECK(code == 0);
  CHECK(m.pool.Stop() == 0);
}

}  // namespace muster::test
