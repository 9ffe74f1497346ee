// SPDX-License-Identifier: Apache-2.0
//
// A person's rights and a member's canaries with real processes: what is erased stays out, whatever
// dies meanwhile; what a person is told; which batch a mail came from.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "tests/integration/pool.h"

namespace muster::test {
namespace {

constexpr char kAda[] = "ada.lark@lists.example.org";

std::string WriteList(const Pool& pool, const std::string& name, int rows,
                      const std::string& also = "") {
  const std::filesystem::path path = pool.dir() / name;
  std::ofstream out(path);
  out << "email,first_name,last_name,zip_code\n";
  for (int i = 0; i < rows; ++i) {
    out << name[0] << i << "@lists.example.org,First" << i << ",Last" << i % 7 << ",60"
        << 100 + i % 900 << "\n";
  }
  if (!also.empty()) out << also << ",Ada,Lark,60601\n";
  out.close();
  return path.string();
}

// Kinds of entries on the log, as the profile sees them.
std::map<std::string, int> Kinds(const Pool& pool, const std::string& profile) {
  std::map<std::string, int> kinds;
  const Json log = pool.JsonAs(profile, {"log", "show"});
  for (const Json& entry : log["entries"]) {
    if (entry.contains("kind") && entry["kind"].is_string())
      ++kinds[entry["kind"].get<std::string>()];
  }
  return kinds;
}

bool InFiles(const std::filesystem::path& folder, const std::string& needle) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && Slurp(entry.path()).find(needle) != std::string::npos)
      return true;
  }
  return false;
}

}  // namespace

TEST_CASE("A person is erased at one member, gone from all, and stays out",
          "[integration][erase]") {
  Pool pool;
  for (const char* name : {"parks", "transit", "other"}) pool.AddMember(name);
  const std::string parks = WriteList(pool, "parks.csv", 30, kAda);
  const std::string transit = WriteList(pool, "transit.csv", 20, kAda);
  pool.JsonAs("parks", {"upload", parks, "--list", "l"});
  pool.JsonAs("transit", {"upload", transit, "--list", "l"});
  pool.JsonAs("other", {"upload", WriteList(pool, "other.csv", 5), "--list", "l"});

  // Not brought: nothing is erased, and nobody can tell who else has her.
  const Json refused = pool.ErrorAs("other", {"erase", "--email", kAda, "--yes"});
  CHECK(refused["reason"] == "CONTACT_NOT_FOUND");
  const Json nobody = pool.ErrorAs("other", {"erase", "--email", "no.body@x.org", "--yes"});
  CHECK(refused["message"] == nobody["message"]);

  const std::string receipt = (pool.dir() / "ada.receipt").string();
  const Json erased = pool.JsonAs("parks", {"erase", "--email", kAda, "--out", receipt, "--yes"});
  CHECK(erased["sources"] == 1);
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == 30);
  CHECK(pool.JsonAs("transit", {"status"})["mine"]["contacts"] == 21);
  struct stat info {};
  REQUIRE(::stat(receipt.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);

  // The person checks the receipt without anybody's server.
  const std::string bundle = (pool.dir() / "bundle").string();
  pool.JsonAs("parks", {"log", "bundle", "--out", bundle});
  const Environment nowhere = {{"MUSTER_HOME", "/nonexistent"}};
  const RunResult checked =
      Run({Bin("muster"), "audit", "verify", receipt, "--bundle", bundle, "--json"}, nowhere);
  INFO(checked.out << checked.err);
  CHECK(checked.exit_code == 0);
  CHECK(Json::parse(checked.out)["evidence"][0]["address"] == kAda);
  std::string bent = Slurp(receipt);
  bent[bent.size() / 2] = static_cast<char>(bent[bent.size() / 2] ^ 1);
  Spit(receipt, bent);
  CHECK(Run({Bin("muster"), "audit", "verify", receipt, "--bundle", bundle}, nowhere).exit_code ==
        1);

  // Uploaded again: by who asked a suppression, by another an address like any other; by nobody a
  // contact.
  const Json again = pool.JsonAs("parks", {"upload", parks, "--list", "l", "--replace"});
  CHECK(again["contacts"] == 30);
  CHECK(again["suppressions"] == 1);
  const Json others = pool.JsonAs("transit", {"upload", transit, "--list", "l", "--replace"});
  CHECK(others["contacts"] == 21);
  CHECK(others["suppressions"] == 0);
  CHECK(pool.ErrorAs("transit", {"report", "person", "--email", kAda})["reason"] ==
        "CONTACT_NOT_FOUND");

  // Survives a restart, and the address is nowhere on the server.
  REQUIRE(pool.Stop() == 0);
  CHECK(!InFiles(pool.home(), kAda));
  CHECK(Slurp(pool.ServerLog()).find(kAda) == std::string::npos);
  pool.Start();
  CHECK(pool.JsonAs("parks", {"erase", "--email", kAda, "--yes"})["sources"] == 0);
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == 30);
}

TEST_CASE("An erasure that a kill cut short is done when the server is back",
          "[integration][erase][fault]") {
  Pool pool;
  pool.AddMember("parks");
  pool.AddMember("transit");
  std::string text = "email,first_name\n";
  for (int i = 0; i < 12; ++i) text += "gone" + std::to_string(i) + "@lists.example.org,Ada\n";
  Spit(pool.dir() / "parks.csv", text);
  const std::string file = (pool.dir() / "parks.csv").string();
  pool.JsonAs("parks", {"upload", file, "--list", "l"});
  pool.JsonAs("transit", {"upload", file, "--list", "l"});
  int logged = 0;
  for (int i = 0; i < 8; ++i) {
    INFO("round " << i);
    const std::string name = "erase" + std::to_string(i);
    auto erase = pool.StartAs(
        "parks",
        {"erase", "--email", "gone" + std::to_string(i) + "@lists.example.org", "--yes", "--json"},
        name);
    // From before the request has arrived until after it was done.
    ::usleep(static_cast<useconds_t>(20'000 + 25'000 * i));
    if (i % 2 == 0) {
      pool.Kill();
      pool.Start();
    } else {
      ::kill(pool.VaultPid(), SIGKILL);
    }
    erase->Wait(std::chrono::seconds(120));
  }
  // Whatever is on the log as asked for is answered on it, without being asked again.
  REQUIRE(Eventually(
      [&] {
        const auto kinds = Kinds(pool, "parks");
        const auto asked = kinds.find("erase");
        const auto done = kinds.find("erased");
        logged = asked == kinds.end() ? 0 : asked->second;
        return logged == (done == kinds.end() ? 0 : done->second);
      },
      std::chrono::seconds(60)));
  // The vault that was killed last is started again.
  REQUIRE(
      Eventually([&] { return pool.JsonAs("parks", {"status"})["mine"]["contacts"].is_number(); }));
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == 12 - logged);
  // And what was not asked for in time can be asked for again, as can what was.
  for (int i = 0; i < 8; ++i) {
    pool.JsonAs("parks",
                {"erase", "--email", "gone" + std::to_string(i) + "@lists.example.org", "--yes"});
  }
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == 4);
  CHECK(pool.JsonAs("transit", {"status"})["mine"]["contacts"] == 12);
  const Json again = pool.JsonAs("parks", {"upload", file, "--list", "l", "--replace"});
  CHECK(again["contacts"] == 4);
  CHECK(again["suppressions"] == 8);
}

TEST_CASE("A person reads what the pool has of them; the member reads its own part",
          "[integration][person]") {
  Pool pool;
  pool.AddMember("parks");
  pool.AddMember("transit");
  pool.JsonAs("parks", {"upload", WriteList(pool, "parks.csv", 10, kAda), "--list", "members",
                        "--consent", "newsletter form"});
  pool.JsonAs("transit", {"upload", WriteList(pool, "transit.csv", 10, kAda), "--list", "riders",
                          "--consent", "ticket sale"});
  const std::string key = (pool.dir() / "ada.key").string();
  const Environment nowhere = {{"MUSTER_HOME", "/nonexistent"}};
  REQUIRE(Run({Bin("muster"), "report", "person-key", "--out", key}, nowhere).exit_code == 0);

  const std::string sealed = (pool.dir() / "ada.sealed").string();
  const RunResult asked = pool.RunAs("parks", {"report", "person", "--email", kAda, "--for-key",
                                               key + ".pub", "--out", sealed, "--json"});
  INFO(asked.out << asked.err);
  REQUIRE(asked.exit_code == 0);
  // Nothing of the other member in what this one gets to see.
  CHECK(asked.out.find("transit") == std::string::npos);
  CHECK(asked.out.find("ticket sale") == std::string::npos);
  CHECK(Slurp(sealed).find("ticket sale") == std::string::npos);
  const Json own = Json::parse(asked.out);
  REQUIRE(own["sources"].size() == 1);
  CHECK(own["sources"][0]["consent"] == "newsletter form");

  const std::string bundle = (pool.dir() / "bundle").string();
  pool.JsonAs("parks", {"log", "bundle", "--out", bundle});
  const RunResult opened =
      Run({Bin("muster"), "report", "open", sealed, "--key", key, "--bundle", bundle, "--json"},
          nowhere);
  INFO(opened.out << opened.err);
  REQUIRE(opened.exit_code == 0);
  const Json full = Json::parse(opened.out);
  REQUIRE(full["sources"].size() == 2);
  CHECK(full["sources"][1]["member_name"] == "transit");
  CHECK(full["sources"][1]["consent"] == "ticket sale");
  CHECK(full["sources"][1]["files"][0] == "transit.csv");
  CHECK(full["sends"] == 0);
  CHECK(full["vault_checked"] == true);
  // That it was asked for is on the log, with no address.
  CHECK(Kinds(pool, "parks")["person_report"] == 1);
  CHECK(Kinds(pool, "transit").count("person_report") == 0);
  CHECK(!InFiles(pool.home(), kAda));
}

TEST_CASE("A canary's mail leads to its batch, and the proof convinces others",
          "[integration][canary]") {
  Pool pool;
  pool.AddMember("parks");
  pool.AddMember("transit");
  const std::string file = WriteList(pool, "parks.csv", 9000);
  Spit(pool.dir() / "seeds.txt",
       "seed1@seeds.example\nseed2@seeds.example\nseed3@seeds.example\nseed4@seeds.example\n");
  const std::string seeds = (pool.dir() / "seeds.txt").string();
  CHECK(pool.JsonAs("parks", {"canary", "add", seeds})["added"] == 4);
  CHECK(pool.JsonAs("parks", {"canary", "add", seeds, "--per-upload", "2"})["added"] == 0);
  const Json uploaded = pool.JsonAs("parks", {"upload", file, "--list", "members"});
  CHECK(uploaded["canaries"] == 2);
  CHECK(uploaded["rows"] == 9002);
  CHECK(uploaded["contacts"] == 9002);
  // The same file again is the same file.
  CHECK(pool.ErrorAs("parks", {"upload", file, "--list", "members"})["reason"] ==
        "FILE_ALREADY_UPLOADED");
  pool.JsonAs("parks", {"upload", file, "--list", "second"});

  // Each upload was given two of its own.
  std::map<std::string, std::string> given;
  const Json list_of = pool.JsonAs("parks", {"canary", "list"});
  for (const Json& canary : list_of["canaries"]) {
    REQUIRE(canary["given"].size() == 1);
    given[canary["address"]] = canary["given"][0]["list"];
  }
  REQUIRE(given.size() == 4);
  CHECK(!InFiles(pool.home(), "seeds.example"));

  const std::string bundle = (pool.dir() / "bundle").string();
  pool.JsonAs("transit", {"log", "bundle", "--out", bundle});
  for (const auto& [address, list] : given) {
    Spit(pool.dir() / "hit.eml", "Delivered-To: " + address +
                                     "\nFrom: Somebody <x@spam.example>\nTo: you\n"
                                     "Message-ID: <1@spam.example>\n\nBuy!\n");
    const std::string mail = (pool.dir() / "hit.eml").string();
    const std::string proof = (pool.dir() / (address + ".proof")).string();
    const Json hit = pool.JsonAs("parks", {"canary", "hit", mail, "--out", proof});
    CHECK(hit["address"] == address);
    CHECK(hit["hits"].size() == 1);
    CHECK(hit["proven"]["list"] == list);
    CHECK(hit["accounted"] == false);
    CHECK(hit["entries_read"].get<int>() > 0);
    CHECK(hit["log_size"].get<int>() >= hit["entries_read"].get<int>());
    const RunResult checked =
        Run({Bin("muster"), "audit", "verify", proof, "--bundle", bundle, "--json"},
            {{"MUSTER_HOME", "/nonexistent"}});
    INFO(checked.out << checked.err);
    REQUIRE(checked.exit_code == 0);
    CHECK(Json::parse(checked.out)["evidence"][0]["upload"] == hit["proven"]["upload"]);
    // Nobody else's canary.
    CHECK(pool.ErrorAs("transit", {"canary", "hit", mail})["reason"] == "CANARY_NOT_FOUND");
  }
  Spit(pool.dir() / "other.eml", "Delivered-To: c1@lists.example.org\n\nhello\n");
  CHECK(pool.ErrorAs("parks", {"canary", "hit", (pool.dir() / "other.eml").string()})["reason"] ==
        "CANARY_NOT_FOUND");
  Spit(pool.dir() / "none.eml", "no mail at all\n");
  CHECK(pool.ErrorAs("parks", {"canary", "hit", (pool.dir() / "none.eml").string()})["reason"] ==
        "MAIL_MALFORMED");
}

TEST_CASE("An upload that was killed goes on with the canaries that it had",
          "[integration][canary][fault]") {
  Pool pool;
  pool.AddMember("parks");
  const std::string file = WriteList(pool, "parks.csv", 60'000);
  Spit(pool.dir() / "seeds.txt", "seed1@seeds.example\nseed2@seeds.example\n");
  pool.JsonAs("parks", {"canary", "add", (pool.dir() / "seeds.txt").string()});
  auto upload = pool.StartAs("parks", {"upload", file, "--list", "l", "--json"}, "upload");
  REQUIRE(Eventually([&] {
    std::error_code error;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(pool.home(), error)) {
      if (entry.path().extension() == ".batch") return true;
    }
    return false;
  }));
  upload->Signal(SIGKILL);
  upload->Wait();
  const Json done = pool.JsonAs("parks", {"upload", file, "--list", "l", "--resume"});
  CHECK(done["canaries"] == 2);
  CHECK(done["contacts"] == 60'002);
  Spit(pool.dir() / "hit.eml", "X-Original-To: seed2@seeds.example\n\n");
  const Json hit = pool.JsonAs("parks", {"canary", "hit", (pool.dir() / "hit.eml").string()});
  CHECK(hit["proven"]["upload"] == done["upload"]);
}

}  // namespace muster::test
