// SPDX-License-Identifier: Apache-2.0
//
// muster-linkage: the match engine on plain files.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/error.h"
#include "tools/muster_linkage/columns.h"
#include "tools/muster_linkage/run.h"

namespace {

using muster::linkage::FileReport;
using muster::linkage::Options;
using muster::linkage::Report;
using Json = nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  muster-linkage --left list.csv --right voters.csv --out pairs.csv
      who on the list is which voter
  muster-linkage --left list.csv --out pairs.csv --min-probability 0.5
      the same person twice within one file
  muster-linkage --left list.csv --right voters.csv --out pairs.csv --one-to-one
      each row at most once; of equally good candidates none
  muster-linkage --left march.csv --right voters.csv --model-out model.json --out march_pairs.csv
  muster-linkage --left april.csv --right voters.csv --model-in model.json --out april_pairs.csv
      weights are estimated once and used again
  muster-linkage --left list.csv --right voters.csv --out pairs.csv --later new.csv new_pairs.csv
      the voter file stands ready after the first list; more lists take seconds
  muster-linkage --left list.csv --right voters.csv --explain 17,NC4711
      what speaks for and against one pair

Files are CSV (or tab, semicolon or pipe separated) with a header. Columns, in any order and
case, all but id optional:
  )";
constexpr const char* kMore = R"(
address is the whole line, "123 N Oak St Apt 4"; or give house_number and street (and unit).
birth_date is YYYY-MM-DD, YYYYMMDD, M/D/YYYY or YYYY. Other columns are passed over.
Writes left_id,right_id,probability and prints one JSON object on one line.
Exit code: 0 done (also with rejected rows), 1 failed, 2 wrong usage.)";

// One line on a terminal, ten times a second at most.
class Line {
 public:
  explicit Line(bool shown) : shown_(shown), start_(Clock::now()) {}
  ~Line() { Clear(); }
  void Show(std::string_view what, double share, uint64_t count) {
    if (!shown_) return;
    const std::lock_guard lock(mutex_);
    const Clock::time_point now = Clock::now();
    if (what != what_) {
      what_ = what;
      start_ = now;
    } else if (now - last_ < std::chrono::milliseconds(100)) {
      return;
    }
    last_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double left = share > 0.01 ? seconds * (1 - share) / share : 0;
    const double rate = seconds > 0.2 ? static_cast<double>(count) / seconds : 0;
    std::fprintf(stderr, "\r\x1b[K%-28s %3.0f%%  %llu  %.0f/s  %.0f s left", what_.c_str(),
                 100 * share, static_cast<unsigned long long>(count), rate, left);
    std::fflush(stderr);
    drawn_ = true;
  }
  void Clear() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
    drawn_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const bool shown_;
  bool drawn_ = false;
  std::mutex mutex_;
  std::string what_;
  Clock::time_point start_;
  Clock::time_point last_;
};

int Fail(const absl::Status& status) {
  Json details = Json::object();
  for (const auto& [key, value] : muster::DetailsOf(status)) details[key] = value;
  Json json;
  json["error"] = {{"code", absl::StatusCodeToString(status.code())},
                   {"reason", muster::ReasonName(muster::ReasonOf(status))},
                   {"message", std::string(status.message())},
                   {"details", details}};
  std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  std::cerr << "muster-linkage: " << status.message() << "\n";
  return 1;
}

int WrongUsage(const std::string& message) {
  std::cerr << "muster-linkage: " << message << "; see --help\n";
  return 2;
}

void PrintNotes(const FileReport& file) {
  for (const std::string& note : file.notes)
    std::cerr << "muster-linkage: " << file.path << ": " << note << "\n";
}

void PrintSummary(const Report& report) {
  PrintNotes(report.left);
  if (!report.right.path.empty()) PrintNotes(report.right);
  for (const auto& later : report.later) PrintNotes(later.left);
  for (const auto& each : report.evidence) {
    std::fprintf(stderr, "%-14s %-16s %+8.2f bits\n", each.comparator.c_str(), each.level.c_str(),
                 each.bits);
  }
  if (!report.evidence.empty())
    std::fprintf(stderr, "probability %.6f\n", report.explained_probability);
  std::fprintf(stderr, "%llu pairs of %llu that were compared, in %.1f s\n",
               static_cast<unsigned long long>(report.pairs_written),
               static_cast<unsigned long long>(report.pairs_compared), report.total_seconds);
  if (report.blocking.has_value()) {
    std::fprintf(stderr, "%llu of %llu true pairs were compared\n",
                 static_cast<unsigned long long>(report.blocking->reached),
                 static_cast<unsigned long long>(report.blocking->true_pairs));
  }
  for (const auto& later : report.later) {
    std::fprintf(stderr, "%s: %llu pairs of %llu that were compared, in %.1f s\n",
                 later.left.path.c_str(), static_cast<unsigned long long>(later.pairs_written),
                 static_cast<unsigned long long>(later.pairs_compared), later.total_seconds);
  }
  if (report.pairs_ambiguous > 0) {
    std::fprintf(stderr, "%llu pairs are as good as another and were left out\n",
                 static_cast<unsigned long long>(report.pairs_ambiguous));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  std::string explain;
  bool quiet = false;
  bool json = false;
  CLI::App app("muster-linkage: which rows of two files, or of one, are the same person");
  app.footer(kExamples + muster::linkage::ColumnNames() + kMore);
  app.add_option("--left", options.left, "the list")->required()->type_name("FILE");
  app.add_option("--right", options.right,
                 "the file to link to, such as a voter file; without it pairs within --left")
      ->type_name("FILE");
  app.add_option("--out", options.out, "where the pairs go")->type_name("FILE");
  app.add_option("--min-probability", options.min_probability, "pairs below this are not written")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("P");
  app.add_option("--threads", options.threads, "0: one for each core")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  app.add_flag("--one-to-one", options.one_to_one, "each row in one pair at most");
  app.add_option("--model-out", options.model_out, "keep the estimated weights")->type_name("FILE");
  app.add_option("--model-in", options.model_in, "use weights that --model-out kept")
      ->type_name("FILE");
  app.add_option("--explain", explain, "say what speaks for and against one pair")
      ->type_name("LEFT_ID,RIGHT_ID");
  std::vector<std::string> later;
  app.add_option("--later", later,
                 "one more list for the same --right, and where its pairs go; may be repeated")
      ->type_name("FILE PAIRS")
      ->type_size(2)
      ->expected(-1);
  app.add_flag("--blocked", options.blocked,
               "compare what blocking gives even where the files are small enough for all pairs");
  app.add_option(
         "--rule", options.rules,
         "block by this rule and others that are named so, without a limit; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--truth", options.truth,
                 "left_id,right_id of pairs that are one person: say how many were compared")
      ->type_name("FILE");
  app.add_flag("--json", json, "accepted; the summary is always one JSON object");
  app.add_flag("--quiet", quiet, "no progress and no notes, errors alone");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (app.count("--explain") > 0) {
    const size_t comma = explain.find(',');
    if (comma == std::string::npos || comma == 0 || comma + 1 == explain.size())
      return WrongUsage("--explain takes two ids, LEFT_ID,RIGHT_ID");
    options.explain = true;
    options.explain_left = explain.substr(0, comma);
    options.explain_right = explain.substr(comma + 1);
  } else if (options.out.empty()) {
    return WrongUsage("--out is missing; name the file for the pairs");
  }

  for (size_t i = 0; i + 1 < later.size(); i += 2)
    options.later.push_back({later[i], later[i + 1]});
  if (!options.later.empty() && options.right.empty())
    return WrongUsage("--later needs --right, the file that stands ready");

  absl::StatusOr<Report> report = absl::UnknownError("");
  {
    Line line(!quiet && ::isatty(STDERR_FILENO) == 1);
    report = muster::linkage::RunLinkage(
        options, [&line](std::string_view what, double share, uint64_t count) {
          line.Show(what, share, count);
        });
  }
  if (!report.ok()) return Fail(report.status());
  if (!quiet) PrintSummary(*report);
  std::cout << muster::linkage::ReportJson(*report) << "\n";
  return 0;
}
