// SPDX-License-Identifier: Apache-2.0
#include "cli/audit.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "core/report/provenance.h"
#include "tests/core/report/report_fixture.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

struct Desk {
  test::TempDir folder;
  report::Consortium consortium;
  report::Organization parks{"Parks Alliance"};
  report::Someone auditor{"Auditor"};
  std::string coalition = folder / "coalition.report";
  std::string report = folder / "parks.report";
  std::string bundle = folder / "pool.bundle";
  std::string html;

  Desk() {
    consortium.Join(parks);
    consortium.JoinAuditor(auditor);
    v1::UploadProvenance upload = consortium.Upload(parks, 5, 2);
    consortium.Intake(upload);
    test::Spit(report,
               report::EncodeReport(consortium.MakeReport(parks, {upload}), parks.person.sign));
    test::Spit(coalition, consortium.EncodeCoalition(auditor));
    test::Spit(bundle, report::EncodeBundle(consortium.MakeBundle()));
  }

  int Verify(const std::vector<std::string>& files, nlohmann::json& json, std::string& text) const {
    std::ostringstream out, err;
    ConsoleOptions options;
    options.json = true;
    Console console(options, out, err);
    const auto code = RunAuditVerify(console, {files, bundle, html});
    REQUIRE(code.ok());
    json = nlohmann::json::parse(out.str());
    text = err.str();
    return *code;
  }
};

TEST_CASE("A report that holds is told as a table that says what it proves and what not", "[cli]") {
  const Desk desk;
  nlohmann::json json;
  std::string text;
  CHECK(desk.Verify({desk.report}, json, text) == 0);
  CHECK(json["ok"] == true);
  CHECK(json["entries"] == 5);
  CHECK(json["failures"].empty());
  const auto& upload = json["reports"][0]["uploads"][0];
  CHECK(upload["rows"] == 6);
  CHECK(upload["records"] == 5);
  CHECK(upload["batches"] == 3);
  CHECK(upload["intake"]["contacts"] == 5);
  CHECK(upload["consent"] == "newsletter form");
  std::string hash;
  for (int i = 0; i < 32; ++i) hash += "66";
  CHECK(upload["files"][0]["blake2b"] == hash);
  CHECK(text.find("every proof holds") != std::string::npos);
  CHECK(text.find("It does not prove that anybody gave consent") != std::string::npos);
}

TEST_CASE(
    "A report that does not hold is a result, with its file and first reason, beside those that do",
    "[cli]") {
  const Desk desk;
  std::string broken = test::Slurp(desk.report);
  broken[broken.size() / 2] ^= 1;
  test::Spit(desk.folder / "broken.report", broken);
  const std::string broken_file = desk.folder / "broken.report";
  const std::string missing_file = desk.folder / "missing.report";
  nlohmann::json json;
  std::string text;
  CHECK(desk.Verify({broken_file, missing_file, desk.report}, json, text) == 1);
  CHECK(json["ok"] == false);
  REQUIRE(json["failures"].size() == 2);
  CHECK(json["failures"][0]["file"] == broken_file);
  CHECK_FALSE(json["failures"][0]["reason"].get<std::string>().empty());
  CHECK(json["failures"][1]["reason"] == "FILE_NOT_FOUND");
  CHECK(json["reports"].size() == 1);
  CHECK(text.find("does not hold") != std::string::npos);
  CHECK(text.find("It does not prove that anybody gave consent") == std::string::npos);
}

TEST_CASE("A bundle that does not hold fails everything", "[cli]") {
  const Desk desk;
  test::Spit(desk.bundle, "MUSTER-BUNDLE-1\nnot really");
  nlohmann::json json;
  std::string text;
  CHECK(desk.Verify({desk.report}, json, text) == 1);
  CHECK(json["ok"] == false);
  CHECK(json["failures"][0]["file"] == desk.bundle);
  CHECK(json["failures"][0]["reason"] == "BUNDLE_MALFORMED");
}

TEST_CASE("A report on another tree than the bundle's says so", "[cli]") {
  Desk desk;
  desk.consortium.Upload(desk.parks, 1, 1);
  test::Spit(desk.bundle, report::EncodeBundle(desk.consortium.MakeBundle()));
  nlohmann::json json;
  std::string text;
  CHECK(desk.Verify({desk.report}, json, text) == 0);
  CHECK(json["reports"][0]["same_tree"] == false);
  CHECK(text.find("for its witnesses to say") != std::string::npos);
}

TEST_CASE("A coalition report is told by member, with what it proves and what not", "[cli]") {
  const Desk desk;
  nlohmann::json json;
  std::string text;
  CHECK(desk.Verify({desk.coalition, desk.report}, json, text) == 0);
  CHECK(json["entries"] == 7 + 5);
  REQUIRE(json["reports"].size() == 2);
  const auto& report = json["reports"][0];
  CHECK(report["kind"] == "coalition");
  CHECK(report["entries"] == 7);
  CHECK(report["extends_bundle"] == true);
  REQUIRE(report["members"].size() == 1);
  CHECK(report["members"][0]["member_name"] == "Parks Alliance");
  CHECK(report["members"][0]["contacts"] == 5);
  CHECK(report["total"]["records"] == 5);
  CHECK(report["sample"].size() == 3);
  CHECK(report["events"].size() == 7);
  CHECK(report["not_understood"].empty());
  CHECK_FALSE(report["proves"].empty());
  CHECK_FALSE(report["does_not_prove"].empty());
  CHECK(json["reports"][1]["kind"] == "member");
  CHECK(text.find("all 7 entries of the log are here") != std::string::npos);
  CHECK(text.find("It does not prove that anybody gave consent") != std::string::npos);
}

}  // namespace
}  // namespace muster::cli
