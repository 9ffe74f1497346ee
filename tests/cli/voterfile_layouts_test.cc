// SPDX-License-Identifier: Apache-2.0
#include "cli/voterfile_layouts.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/ingest/voter_layout.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

struct Run {
  absl::StatusOr<int> code = kExitDone;
  std::string out;
  std::string err;
};

Run Layouts(const LayoutsOptions& options, bool json) {
  std::ostringstream out, err;
  ConsoleOptions console_options;
  console_options.json = json;
  Console console(console_options, out, err);
  Run run;
  run.code = RunVoterFileLayouts(console, options);
  run.out = out.str();
  run.err = err.str();
  return run;
}

std::string Sample(const std::string& name) {
  return std::string(MUSTER_TESTDATA) + "/voter_layouts/" + name + ".csv";
}

TEST_CASE("voterfile layouts: tells all of them, to people and to scripts", "[cli]") {
  const Run people = Layouts({}, false);
  REQUIRE_OK(people.code);
  const Run scripts = Layouts({}, true);
  REQUIRE_OK(scripts.code);
  const auto json = nlohmann::json::parse(scripts.out);
  REQUIRE(json["layouts"].size() == ingest::BuiltInLayouts().size());
  for (const auto& layout : json["layouts"]) {
    const std::string name = layout["layout"];
    CHECK(people.out.find("\n" + name + " ") != std::string::npos);
    CHECK_FALSE(layout["source"].get<std::string>().empty());
    CHECK(layout["state"].get<std::string>().size() == 2);
  }
  CHECK(people.out.find("confidential_ind") != std::string::npos);
}

TEST_CASE("voterfile layouts --show: the text is a layout again", "[cli]") {
  for (const ingest::VoterLayout& layout : ingest::BuiltInLayouts()) {
    LayoutsOptions options;
    options.show = layout.name;
    const Run run = Layouts(options, false);
    REQUIRE_OK(run.code);
    const auto again = ingest::ParseVoterLayout(run.out, "shown.toml");
    REQUIRE_OK(again);
    CHECK(again->name == layout.name);
    CHECK(again->voters.columns.size() == layout.voters.columns.size());
    const Run scripts = Layouts(options, true);
    CHECK(nlohmann::json::parse(scripts.out)["toml"] == layout.toml);
  }
  LayoutsOptions options;
  options.show = "zz";
  REQUIRE_REASON(Layouts(options, false).code, v1::LAYOUT_UNKNOWN);
  options.show = "/nowhere/mine.toml";
  REQUIRE_REASON(Layouts(options, false).code, v1::FILE_NOT_FOUND);
}

TEST_CASE("voterfile layouts --recognize: the best fit stands first", "[cli]") {
  LayoutsOptions options;
  options.recognize = Sample("oh");
  const Run run = Layouts(options, true);
  REQUIRE_OK(run.code);
  const auto json = nlohmann::json::parse(run.out);
  CHECK(json["fits"][0]["layout"] == "oh");
  CHECK(json["fits"][0]["what"] == "voters");
  CHECK(Layouts(options, false).out.find("Ohio") != std::string::npos);

  options.recognize = std::string(MUSTER_TESTDATA) + "/voter_layouts/LICENSE.txt";
  REQUIRE_REASON(Layouts(options, false).code, v1::LAYOUT_MISMATCH);
  options.recognize = "/nowhere/voters.txt";
  REQUIRE_REASON(Layouts(options, false).code, v1::FILE_NOT_FOUND);
}

}  // namespace
}  // namespace muster::cli
