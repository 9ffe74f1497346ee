// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/muster_fake/generate.h"

namespace {

using Json = nlohmann::ordered_json;

constexpr char kExamples[] = R"(Examples:
  muster-fake --contacts 60000 --seed 7 --out lists
      three lists over 60,000 people, a quarter of them on more than one: Action Network,
      NationBuilder and Mailchimp exports in lists/*.csv, what is true of them in lists/truth
  muster-fake --contacts 1000000 --voters 7500000 --members 7 --overlap 0.4 --out coalition
      every layout once, and North Carolina's voter and history files in subfolders
  muster-fake --contacts 1000 --voters 500000 --voter-layout fl --out florida
      a voter file and a history file for each of Florida's counties
  muster-fake --linkage --contacts 100000 --voters 1000000 --out pairs
      left.csv, right.csv and truth.csv for muster-linkage

The same options give the same bytes. Everybody is made up. A folder that an earlier run wrote is
written anew. Exit code: 0 done, 1 failed, 2 wrong usage.)";

// Both go where --json's reader looks.
int Fail(const absl::Status& status, bool as_json) {
  const bool usage = absl::IsInvalidArgument(status);
  if (as_json) {
    Json json;
    json["error"] = {{"code", absl::StatusCodeToString(status.code())},
                     {"reason", usage ? "OPTION_OUT_OF_RANGE" : "FILE_IO"},
                     {"message", std::string(status.message())},
                     {"details", Json::object()}};
    std::cout << json.dump() << "\n";
  }
  std::cerr << "muster-fake: " << status.message() << "\n";
  return usage ? 2 : 1;
}

void PrintSummary(const Json& summary, double seconds, const std::string& out) {
  if (summary.contains("true_pairs")) {
    std::printf(
        "%lld contacts in left.csv, %lld voters in right.csv, %lld true pairs in truth.csv\n",
        summary["left"].get<long long>(), summary["right"].get<long long>(),
        summary["true_pairs"].get<long long>());
  } else {
    std::printf("%-32s %-15s %10s %8s %10s %10s\n", "list", "layout", "rows", "bad", "addresses",
                "distinct");
    for (const Json& list : summary["lists"]) {
      std::printf("%-32s %-15s %10lld %8lld %10lld %10lld\n",
                  list["file"].get<std::string>().c_str(),
                  list["layout"].get<std::string>().c_str(), list["rows"].get<long long>(),
                  list["bad_rows"].get<long long>(), list["addresses"].get<long long>(),
                  list["distinct_addresses"].get<long long>());
    }
    const Json& pool = summary["pool"];
    std::printf("together: %lld people (%lld on more than one list), %lld distinct addresses\n",
                pool["people"].get<long long>(),
                pool["people_on_more_than_one_list"].get<long long>(),
                pool["distinct_addresses"].get<long long>());
    if (summary.contains("voter_file")) {
      const Json& voters = summary["voter_file"];
      std::printf("voter file: %lld voters, %lld of the people among them, %lld votes\n",
                  voters["voters"].get<long long>(), voters["registered_contacts"].get<long long>(),
                  voters["history_rows"].get<long long>());
    }
  }
  std::printf("written to %s in %.1f s\n", out.c_str(), seconds);
}

}  // namespace

int main(int argc, char** argv) {
  muster::fake::Options options;
  bool as_json = false;
  CLI::App app(
      "muster-fake: member lists, a voter file and what is true of them, made up from a seed");
  app.footer(kExamples);
  app.add_option("--contacts", options.contacts, "distinct people over all lists")
      ->required()
      ->type_name("N");
  app.add_option("--voters", options.voters, "people in the voter file (none by default)")
      ->type_name("M");
  app.add_option("--voter-layout", options.voter_layout,
                 "whose voter file: nc, fl, oh or tx; its people live there")
      ->capture_default_str()
      ->type_name("NAME");
  app.add_option("--seed", options.seed, "which population; any number")
      ->capture_default_str()
      ->type_name("S");
  app.add_option("--out", options.out, "the folder to write to")->required()->type_name("DIR");
  app.add_option("--overlap", options.overlap, "share of the people who are on more than one list")
      ->capture_default_str()
      ->type_name("F");
  app.add_option("--members", options.members, "lists, one of each layout in turn")
      ->capture_default_str()
      ->type_name("K");
  app.add_flag("--linkage", options.linkage,
               "left.csv, right.csv, truth.csv in muster-linkage's columns instead");
  app.add_option("--threads", options.threads, "0: one for each core")
      ->capture_default_str()
      ->type_name("T");
  app.add_flag("--json", as_json, "print the summary as one JSON object");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  const auto start = std::chrono::steady_clock::now();
  const auto made = muster::fake::Generate(options);
  if (!made.ok()) return Fail(made.status(), as_json);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Json summary = Json::parse(*made);
  if (as_json) {
    summary["out"] = options.out.string();
    summary["seconds"] = seconds;
    std::cout << summary.dump() << "\n";
  } else {
    PrintSummary(summary, seconds, options.out.string());
  }
  return 0;
}
