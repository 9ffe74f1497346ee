// SPDX-License-Identifier: Apache-2.0
#include "cli/voterfile.h"

#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/clock.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Said;

std::string Sample(const std::string& name) {
  return std::string(MUSTER_TESTDATA) + "/voter_layouts/" + name + ".csv";
}

// `muster voterfile load` as far as it goes without a server.
struct Steward {
  test::TempDir home;
  std::string text;
  nlohmann::json json;

  Steward() { ::setenv("MUSTER_HOME", (home / "profiles").c_str(), 1); }
  ~Steward() { ::unsetenv("MUSTER_HOME"); }

  absl::Status Load(const std::function<void(VoterFileLoadOptions&)>& set, bool as_json = true) {
    std::ostringstream out, err;
    ConsoleOptions console_options;
    console_options.json = as_json;
    Console console(console_options, out, err);
    Invocation invocation;
    invocation.console = &console;
    VoterFileLoadOptions options;
    options.files = {Sample("oh")};
    options.layout = "oh";
    options.as_of = "2026-09-01";
    options.permitted_use = "elections only";
    options.dry_run = true;
    set(options);
    const auto code = RunVoterFileLoad(invocation, options);
    text = out.str() + err.str();
    if (!code.ok()) return code.status();
    if (as_json) json = nlohmann::json::parse(out.str());
    return *code == kExitDone ? absl::OkStatus() : absl::UnknownError("exit code");
  }
};

TEST_CASE("voterfile load --dry-run: reads all of it and needs nobody", "[cli]") {
  Steward steward;
  REQUIRE_OK(steward.Load([](VoterFileLoadOptions& options) { options.permitted_use.clear(); }));
  CHECK(steward.json["voterfile"] == "oh-2026-09-01");
  CHECK(steward.json["state"] == "OH");
  CHECK(steward.json["rows"] == 100);
  CHECK(steward.json["accepted"] == 100);
  CHECK(steward.json["rejected"] == 0);
  CHECK(steward.json["upload"].is_null());
  CHECK(steward.json["voters"].is_null());
  CHECK(steward.json["files"][0]["kind"] == "voters");
  CHECK_FALSE(std::filesystem::exists(Sample("oh") + ".rejects.csv"));
}

TEST_CASE("voterfile load: what the law withholds is counted and said", "[cli]") {
  Steward steward;
  const auto florida = [](VoterFileLoadOptions& options) {
    options.files = {Sample("fl")};
    options.layout = "fl";
  };
  REQUIRE_OK(steward.Load(florida));
  CHECK(steward.json["rows"] == 100);
  CHECK(steward.json["withheld"] == 55);
  CHECK(steward.json["accepted"] == 45);
  CHECK(steward.json["records"] == 45);
  REQUIRE_OK(steward.Load(florida, false));
  CHECK(steward.text.find("55 are withheld by law") != std::string::npos);
  CHECK(steward.text.find("nothing sent") != std::string::npos);
}

TEST_CASE("voterfile load: what was typed wrong is said before anything is read or asked",
          "[cli]") {
  Steward steward;
  for (const char* day : {"2026-13-01", "September", "2026-9-1", ""}) {
    REQUIRE_REASON(steward.Load([&](VoterFileLoadOptions& options) { options.as_of = day; }),
                   v1::TIME_MALFORMED);
  }
  const std::string next_year =
      FormatRfc3339(Clock::System().Now() + absl::Hours(24 * 365)).substr(0, 10);
  REQUIRE_REASON(steward.Load([&](VoterFileLoadOptions& options) { options.as_of = next_year; }),
                 v1::TIME_MALFORMED);
  const absl::Status use = steward.Load([](VoterFileLoadOptions& options) {
    options.permitted_use.clear();
    options.dry_run = false;
  });
  REQUIRE_REASON(use, v1::FIELD_REQUIRED);
  CHECK(Said(use).find("--permitted-use") != std::string::npos);
  REQUIRE_REASON(steward.Load([](VoterFileLoadOptions& options) {
    options.permitted_use = std::string(5000, 'x');
  }),
                 v1::FIELD_TOO_LONG);
  const absl::Status name =
      steward.Load([](VoterFileLoadOptions& options) { options.name = "two\nlines"; });
  REQUIRE_REASON(name, v1::LIST_NAME_MALFORMED);
  CHECK(Said(name).find("--name") != std::string::npos);
  REQUIRE_REASON(steward.Load([](VoterFileLoadOptions& options) { options.layout = "zz"; }),
                 v1::LAYOUT_UNKNOWN);
  REQUIRE_REASON(steward.Load([](VoterFileLoadOptions& options) {
    options.files.push_back(options.files.front());
  }),
                 v1::FILE_ALREADY_UPLOADED);
}

TEST_CASE("voterfile load: a layout that does not fit is told with the one that does", "[cli]") {
  Steward steward;
  const absl::Status status =
      steward.Load([](VoterFileLoadOptions& options) { options.layout = "wa"; });
  REQUIRE_REASON(status, v1::LAYOUT_MISMATCH);
  CHECK(Said(status).find("--layout oh") != std::string::npos);
}

TEST_CASE("voterfile load: without a profile it says so, and nothing is left behind", "[cli]") {
  Steward steward;
  REQUIRE_REASON(steward.Load([](VoterFileLoadOptions& options) { options.dry_run = false; }),
                 v1::PROFILE_NOT_FOUND);
  CHECK_FALSE(std::filesystem::exists(steward.home / "profiles"));
}

}  // namespace
}  // namespace muster::cli
