// SPDX-License-Identifier: Apache-2.0
//
// The auditor's job with real programs: two members bring lists, one takes it back, an auditor of
// no member reports on all of it, and the check needs no server.
#include <catch2/catch.hpp>

#include "tests/integration/pool.h"

namespace muster::test {
namespace {

void AddAuditor(const Pool& pool) {
  const Json invite = pool.JsonAs("operator", {"person", "add", "Auditor", "--role", "auditor"});
  pool.JsonAs("auditor", {"join", invite["invite"].get<std::string>(), "--no-passphrase"});
}

Json Audit(const std::vector<std::string>& arguments, int exit_code) {
  std::vector<std::string> command = {Bin("muster-audit"), "--json"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const RunResult run = Run(command, {{"MUSTER_HOME", "/nonexistent"}});
  INFO(run.out << run.err);
  REQUIRE(run.exit_code == exit_code);
  return Json::parse(run.out);
}

TEST_CASE("An auditor reports on the whole coalition, and anybody can check it offline",
          "[integration]") {
  Pool pool;
  pool.AddMember("parks");
  pool.AddMember("transit");
  AddAuditor(pool);
  Spit(pool.dir() / "parks.csv", "email,zip\na@example.org,62704\nb@example.org,62704\n");
  Spit(pool.dir() / "transit.csv", "email,zip\nb@example.org,62704\nnot an address,1\n");
  const std::string consent = "sign-up <form> of 2026";
  pool.JsonAs("parks", {"upload", (pool.dir() / "parks.csv").string(), "--list", "members",
                        "--consent", consent});
  pool.JsonAs("transit", {"upload", (pool.dir() / "transit.csv").string(), "--list", "riders",
                          "--consent", consent});
  pool.JsonAs("parks", {"withdraw", "--list", "members", "--yes"});

  const std::string bundle = (pool.dir() / "pool.bundle").string();
  const std::string report = (pool.dir() / "coalition.report").string();
  const std::string member_report = (pool.dir() / "parks.report").string();
  pool.JsonAs("auditor", {"log", "bundle", "--out", bundle});
  const Json made = pool.JsonAs("auditor", {"report", "coalition", "--out", report});
  CHECK(made["members"].size() == 2);
  CHECK(made["total"]["records"] == 3);
  CHECK(made["total"]["withdrawals"] == 1);
  CHECK(made["sample"].size() == 2);
  CHECK_FALSE(std::filesystem::exists(report + ".part"));
  pool.JsonAs("parks", {"report", "provenance", "--out", member_report});
  pool.Stop();

  const std::string page = (pool.dir() / "audit.html").string();
  const Json audit = Audit({report, member_report, "--bundle", bundle, "--html", page}, 0);
  CHECK(audit["ok"] == true);
  REQUIRE(audit["reports"].size() == 2);
  CHECK(audit["reports"][0]["total"] == made["total"]);
  REQUIRE(audit["reports"][1]["acts"].size() == 2);
  CHECK(audit["reports"][1]["acts"][0]["kind"] == "withdrawal");
  const std::string html = Slurp(page);
  CHECK(html.find("sign-up &lt;form&gt; of 2026") != std::string::npos);
  for (const std::string& file : {report, member_report, page})
    CHECK(Slurp(file).find("example.org") == std::string::npos);

  // `muster audit verify` is the same code.
  const RunResult same =
      Run({Bin("muster"), "audit", "verify", report, member_report, "--bundle", bundle, "--json"});
  CHECK(same.exit_code == 0);
  CHECK(Json::parse(same.out)["reports"] == audit["reports"]);

  std::string bent = Slurp(report);
  bent[bent.size() / 2] = static_cast<char>(bent[bent.size() / 2] ^ 1);
  Spit(report + ".bent", bent);
  const Json failed = Audit({report + ".bent", member_report, "--bundle", bundle}, 1);
  CHECK(failed["ok"] == false);
  REQUIRE(failed["failures"].size() == 1);
  CHECK(failed["failures"][0]["file"] == report + ".bent");
  CHECK(Run({Bin("muster-audit"), report}).exit_code == 2);
  CHECK(Run({Bin("muster-audit"), "--help"}).exit_code == 0);
}

TEST_CASE("A coalition report is for an auditor of no member, and of a period that is one",
          "[integration]") {
  Pool pool;
  pool.AddMember("parks");
  AddAuditor(pool);
  const std::string out = (pool.dir() / "c.report").string();
  CHECK(pool.ErrorAs("parks", {"report", "coalition", "--out", out})["exit_code"] == 5);
  const Json invite = pool.JsonAs("parks", {"person", "add", "Own", "--role", "auditor"});
  pool.JsonAs("own", {"join", invite["invite"].get<std::string>(), "--no-passphrase"});
  CHECK(pool.ErrorAs("own", {"report", "coalition", "--out", out})["reason"] == "ROLE_NOT_ALLOWED");
  CHECK_FALSE(std::filesystem::exists(out));
  CHECK(pool.ErrorAs("auditor", {"report", "coalition", "--from", "yesterday"})["reason"] ==
        "TIME_MALFORMED");
  CHECK(pool.ErrorAs("auditor", {"report", "coalition", "--from", "2026-02-01", "--to",
                                 "2026-01-01"})["reason"] == "TIME_MALFORMED");
  const Json past =
      pool.JsonAs("auditor", {"report", "coalition", "--to", "2020-01-01", "--out", out});
  CHECK(past["period_entries"] == 0);
  CHECK(past["entries"].get<int>() > 4);
  CHECK(past["period"]["from"].is_null());
  CHECK(past["period"]["to"] == "2020-01-01T00:00:00Z");
}

}  // namespace
}  // namespace muster::test
