// SPDX-License-Identifier: Apache-2.0
//
// The main job on a list that nobody here made: three members found a pool, upload, see their own,
// prove it, take it back.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "core/keyring/keyring.h"
#include "core/store/source_row.h"
#include "core/store/vault_store.h"
#include "tests/integration/pool.h"
#include "tests/support/status.h"

namespace muster::test {
namespace {

using testing::Must;

// A reader of its own for the public set, which quotes nothing.
std::vector<std::vector<std::string>> ReadPlainCsv(const std::filesystem::path& path) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::vector<std::string> cells(1);
    for (char c : line) {
      if (c == ',') {
        cells.emplace_back();
      } else {
        cells.back().push_back(c);
      }
    }
    rows.push_back(cells);
  }
  return rows;
}

// What an address must look like, said naively; empty when it is none. Enough for this set, which
// is ASCII.
std::string NaiveAddress(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (std::count(text.begin(), text.end(), '@') != 1) return "";
  const size_t at = text.find('@');
  const std::string local = text.substr(0, at);
  const std::string domain = text.substr(at + 1);
  if (local.empty() || local.front() == '.' || local.back() == '.' ||
      local.find("..") != std::string::npos)
    return "";
  std::stringstream labels(domain + ".");
  int count = 0;
  std::string last;
  for (std::string label; std::getline(labels, label, '.'); ++count) {
    if (label.empty() || label.front() == '-' || label.back() == '-') return "";
    last = label;
  }
  // No top-level domain has one letter.
  return count >= 2 && last.size() >= 2 ? text : "";
}

// What the vault has on its disk, read by its own code once its processes have ended.
struct Inside {
  // Whose sources each address has.
  std::map<token::Token, std::vector<MemberId>> sources;
  token::Token TokenOf(const std::string& address) const {
    return keyring->token_key().EmailToken(address);
  }
  std::unique_ptr<keyring::Keyring> keyring;
};

Inside OpenVaultStore(const std::filesystem::path& vault_home) {
  Inside inside;
  inside.keyring = Must(keyring::Keyring::Open(vault_home));
  const auto store =
      Must(store::VaultStore::Open(vault_home / "store", inside.keyring->store_key()));
  auto cursor = store->rows().Scan(store::kSources, {}, {});
  for (; cursor->valid(); cursor->Next()) {
    const store::SourceKey key = Must(store::DecodeSourceKey(cursor->key()));
    REQUIRE_OK(store::DecodeSourceRow(cursor->value()));
    inside.sources[key.token].push_back(key.member);
  }
  REQUIRE_OK(cursor->status());
  return inside;
}

struct Expected {
  MemberId member;
  int64_t rows = 0;
  int64_t rejected = 0;
  int64_t good = 0;
  std::set<std::string> addresses;
};

}  // namespace

TEST_CASE("Three members pool a public list: every figure, receipt and report is exact",
          "[integration]") {
  Pool pool;
  const auto rows = ReadPlainCsv(std::string(MUSTER_TESTDATA) + "/splink_fake/fake_1000.csv");
  const size_t email =
      static_cast<size_t>(std::find(rows[0].begin(), rows[0].end(), "email") - rows[0].begin());
  REQUIRE(email < rows[0].size());

  const std::vector<std::string> members = {"alpha", "beta", "gamma"};
  std::map<std::string, Expected> expected;
  for (size_t m = 0; m < members.size(); ++m) {
    pool.AddMember(members[m]);
    expected[members[m]].member =
        Must(MemberId::Parse(pool.JsonAs(members[m], {"status"})["member"].get<std::string>()));
    std::string csv;
    for (size_t i = 0; i < rows.size(); ++i) {
      // Every third row, so that people with several rows end up on several lists.
      if (i != 0 && i % members.size() != m) continue;
      for (size_t c = 0; c < rows[i].size(); ++c) csv += (c == 0 ? "" : ",") + rows[i][c];
      csv += "\n";
      if (i == 0) continue;
      Expected& e = expected[members[m]];
      e.rows++;
      const std::string address = NaiveAddress(rows[i][email]);
      if (address.empty()) {
        e.rejected++;
      } else {
        e.good++;
        e.addresses.insert(address);
      }
    }
    Spit(pool.dir() / (members[m] + ".csv"), csv);
  }

  for (const std::string& member : members) {
    const Json done = pool.JsonAs(member, {"upload", (pool.dir() / (member + ".csv")).string(),
                                           "--list", "everyone", "--consent", "made-up people"});
    const Expected& e = expected[member];
    const int64_t distinct = static_cast<int64_t>(e.addresses.size());
    INFO(done.dump(2));
    CHECK(done["rows"] == e.rows);
    CHECK(done["rejected"] == e.rejected);
    CHECK(done["accepted"] == e.rows - e.rejected);
    CHECK(done["duplicates_in_file"] == e.good - distinct);
    CHECK(done["suppressions"] == 0);
    CHECK(done["contacts"] == distinct);
    CHECK(done["log_index"].get<int64_t>() > 0);
    CHECK(std::filesystem::exists(done["reject_file"].get<std::string>()));
  }

  // The pool as a whole: no member may learn these figures, so they are read from the vault's disk.
  const auto check_pool = [&](const std::map<std::string, std::set<MemberId>>& want) {
    const Inside inside = OpenVaultStore(pool.home() / "vault");
    REQUIRE(inside.sources.size() == want.size());
    for (const auto& [address, brought_by] : want) {
      const auto found = inside.sources.find(inside.TokenOf(address));
      REQUIRE(found != inside.sources.end());
      // One source for each member that brought it, however many of its rows did.
      CHECK(found->second.size() == brought_by.size());
      CHECK(std::set<MemberId>(found->second.begin(), found->second.end()) == brought_by);
    }
  };
  std::map<std::string, std::set<MemberId>> in_pool;
  size_t source_count = 0;
  for (const auto& [name, e] : expected) {
    for (const std::string& address : e.addresses) in_pool[address].insert(e.member);
    source_count += e.addresses.size();
  }
  // The set has people on several lists, or this would prove little.
  REQUIRE(in_pool.size() + 100 < source_count);
  REQUIRE(pool.Stop() == 0);
  check_pool(in_pool);
  pool.Start();

  // The same sums from each member's own view, whatever the others brought meanwhile.
  std::set<std::string> all;
  for (const std::string& member : members) {
    const int64_t distinct = static_cast<int64_t>(expected[member].addresses.size());
    const Json status = pool.JsonAs(member, {"status"});
    CHECK(status["mine"]["contacts"] == distinct);
    CHECK(status["mine"]["lists"] == 1);
    CHECK(status["vault"]["state"] == "unsealed");
    const Json lists = pool.JsonAs(member, {"lists"});
    REQUIRE(lists["lists"].size() == 1);
    CHECK(lists["lists"][0]["list"] == "everyone");
    CHECK(lists["lists"][0]["contacts"] == distinct);
    CHECK(lists["lists"][0]["uploads"] == 1);
    all.insert(expected[member].addresses.begin(), expected[member].addresses.end());
  }

  const std::string bundle = (pool.dir() / "coalition.bundle").string();
  pool.JsonAs("operator", {"log", "bundle", "--out", bundle});
  for (const std::string& member : members) {
    const std::string report = (pool.dir() / (member + ".report")).string();
    pool.JsonAs(member, {"report", "provenance", "--out", report});
    const RunResult verified =
        Run({Bin("muster"), "audit", "verify", report, "--bundle", bundle, "--json"},
            {{"MUSTER_HOME", "/nonexistent"}});
    INFO(verified.out << verified.err);
    CHECK(verified.exit_code == 0);
    const Json json = Json::parse(verified.out, nullptr, false);
    CHECK(json["ok"] == true);
    CHECK(json["failures"].empty());
    // The report of one says nothing of another's addresses; nor of its own.
    for (const std::string& address : all) CHECK(Slurp(report).find(address) == std::string::npos);

    std::string broken = Slurp(report);
    broken[broken.size() / 2] ^= 1;
    Spit(report + ".broken", broken);
    CHECK(
        Run({Bin("muster"), "audit", "verify", report + ".broken", "--bundle", bundle}).exit_code ==
        1);
  }

  // Taking back single addresses, then the whole list.
  const std::vector<std::string> some(expected["alpha"].addresses.begin(),
                                      std::next(expected["alpha"].addresses.begin(), 5));
  std::string text = "email\n";
  for (const std::string& address : some) text += address + "\n";
  Spit(pool.dir() / "back.csv", text);
  pool.JsonAs("alpha", {"withdraw", "--emails", (pool.dir() / "back.csv").string(), "--yes"});
  CHECK(pool.JsonAs("alpha", {"status"})["mine"]["contacts"] ==
        static_cast<int64_t>(expected["alpha"].addresses.size() - some.size()));
  pool.JsonAs("beta", {"withdraw", "--list", "everyone", "--yes"});
  CHECK(pool.JsonAs("beta", {"status"})["mine"]["contacts"] == 0);
  CHECK(pool.JsonAs("gamma", {"status"})["mine"]["contacts"] ==
        static_cast<int64_t>(expected["gamma"].addresses.size()));

  // All of it survives a restart.
  REQUIRE(pool.Stop() == 0);
  pool.Start();
  CHECK(pool.JsonAs("gamma", {"status"})["mine"]["contacts"] ==
        static_cast<int64_t>(expected["gamma"].addresses.size()));
  CHECK(pool.JsonAs("beta", {"status"})["mine"]["contacts"] == 0);

  // What was taken back is gone, to the last source, and nothing else.
  REQUIRE(pool.Stop() == 0);
  for (const std::string& address : some) in_pool[address].erase(expected["alpha"].member);
  for (const std::string& address : expected["beta"].addresses)
    in_pool[address].erase(expected["beta"].member);
  std::erase_if(in_pool, [](const auto& contact) { return contact.second.empty(); });
  check_pool(in_pool);
}

TEST_CASE("What another member brings changes no figure of one's own", "[integration]") {
  Pool pool;
  pool.AddMember("first");
  pool.AddMember("second");
  Spit(pool.dir() / "list.csv", "email,first_name\nruby@example.org,Ruby\nsam@example.org,Sam\n");
  pool.JsonAs("first", {"upload", (pool.dir() / "list.csv").string(), "--list", "a"});
  const Json status = pool.JsonAs("first", {"status"})["mine"];
  const Json lists = pool.JsonAs("first", {"lists"});
  Spit(pool.dir() / "other.csv",
       "email,status\nRuby@Example.ORG,unsubscribed\nsam@example.org,subscribed\n");
  const Json second =
      pool.JsonAs("second", {"upload", (pool.dir() / "other.csv").string(), "--list", "b"});
  CHECK(second["contacts"] == 1);
  CHECK(second["suppressions"] == 1);
  CHECK(second["duplicates_in_file"] == 0);
  CHECK(pool.JsonAs("first", {"status"})["mine"] == status);
  CHECK(pool.JsonAs("first", {"lists"}) == lists);
}

}  // namespace muster::test
