// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_linkage/run.h"

#include <google/protobuf/util/json_util.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/huge_pages.h"
#include "core/base/status.h"
#include "core/crypto/secret_bytes.h"
#include "core/match/blocks.h"
#include "core/match/compare.h"
#include "core/match/link.h"
#include "core/match/model.h"
#include "core/token/sketch.h"
#include "tools/muster_linkage/pairs_writer.h"
#include "tools/muster_linkage/table.h"

namespace muster::linkage {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

token::SketchKey PlainKey() {
  constexpr size_t kKeyBytes = 32;
  crypto::SecretBytes raw = crypto::SecretBytes::Zeroed(kKeyBytes);
  uint8_t next = 0;
  for (uint8_t& byte : raw.MutableExposeSecret()) byte = next++;
  return token::SketchKey(std::move(raw));
}

uint64_t PeakBytes() {
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

// Of all threads: on a shared machine the program's own measure.
double CpuSeconds() {
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void Describe(const Table& table, FileReport& report) {
  report.rows = table.size();
  report.rejected = table.RejectedRows();
  if (!table.unknown_columns.empty()) {
    std::string note = "passed over columns with other names:";
    for (const std::string& name : table.unknown_columns)
      note += (note.back() == ':' ? " " : ", ") + (name.empty() ? "(no name)" : name);
    report.notes.push_back(std::move(note));
  }
  for (size_t i = 0; i < kRejectionCount; ++i) {
    const Rejected& rejected = table.rejected[i];
    if (rejected.rows == 0) continue;
    const auto reason = static_cast<Rejection>(i);
    report.rejected_by_reason.emplace_back(RejectionName(reason), rejected.rows);
    report.notes.push_back("passed over " + std::to_string(rejected.rows) +
                           (rejected.rows == 1 ? " row" : " rows") + " (the first in line " +
                           std::to_string(rejected.first_line) + ") that " +
                           std::string(RejectionText(reason)));
  }
  if (table.rows_windows1252 > 0) {
    report.notes.push_back("read " + std::to_string(table.rows_windows1252) +
                           " rows that are no UTF-8 as Windows-1252");
  }
  if (table.size() == 0) report.notes.push_back("has no rows");
}

// `Totals` has read_seconds and sketch_seconds.
template <typename Totals>
absl::StatusOr<Table> ReadSide(const std::filesystem::path& path, const token::SketchKey& key,
                               unsigned threads, const Progress& progress, Totals& totals,
                               FileReport& report) {
  const Clock::time_point start = Clock::now();
  ReadOptions options;
  options.threads = threads;
  const std::string what = "reading " + path.filename().string();
  if (progress) {
    options.progress = [&](uint64_t bytes, uint64_t all, uint64_t rows) {
      progress(what, static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(all, 1)),
               rows);
    };
  }
  MUSTER_ASSIGN_OR_RETURN(Table table, ReadTable(path, key, options));
  report.path = path.string();
  Describe(table, report);
  // Both went on side by side: the time that passed is shared out as the threads spent it.
  const double passed = SecondsSince(start);
  const double spent = table.read_seconds + table.sketch_seconds;
  const double sketch = spent > 0 ? passed * table.sketch_seconds / spent : 0;
  totals.sketch_seconds += sketch;
  totals.read_seconds += passed - sketch;
  return table;
}

absl::StatusOr<match::Model> ReadModel(const std::filesystem::path& path) {
  constexpr size_t kModelBytesMax = size_t{16} << 20;
  MUSTER_ASSIGN_OR_RETURN(const std::string json, ReadFile(path, kModelBytesMax));
  v1::MatchModel proto;
  if (!google::protobuf::util::JsonStringToMessage(json, &proto).ok()) {
    return MakeError(v1::MODEL_MALFORMED,
                     path.string() + " is no model; give a file that --model-out wrote");
  }
  absl::StatusOr<match::Model> model = match::FromProto(proto);
  if (!model.ok()) return Annotate(model.status(), path.string());
  return model;
}

absl::Status WriteModel(const std::filesystem::path& path, const match::Model& model) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  MUSTER_CHECK(
      google::protobuf::util::MessageToJsonString(match::ToProto(model), &json, options).ok());
  return WriteFileDurably(path, json + "\n", 0644);
}

absl::StatusOr<uint32_t> RowOf(const IdColumn& ids, std::string_view id, std::string_view side) {
  for (size_t row = 0; row < ids.size(); ++row) {
    if (ids[row] == id) return static_cast<uint32_t>(row);
  }
  return MakeError(v1::ID_UNKNOWN, "--explain: the " + std::string(side) +
                                       " id is in no row of its file; give ids as the files have "
                                       "them");
}

absl::Status ExplainPair(const Options& options, const Table& left, const Table& right,
                         const match::LinkResult& result, Report& report) {
  MUSTER_ASSIGN_OR_RETURN(uint32_t a, RowOf(left.ids, options.explain_left, "left"));
  MUSTER_ASSIGN_OR_RETURN(uint32_t b, RowOf(right.ids, options.explain_right, "right"));
  if (&left == &right && b < a) std::swap(a, b);
  const token::Sketch& one = left.sketches[a];
  const token::Sketch& other = right.sketches[b];
  match::Pattern pattern = 0;
  match::CompareOne(one, {&other, 1}, &pattern);
  for (const match::Evidence& evidence :
       match::Explain(result.model, pattern, one, other, result.frequencies)) {
    report.evidence.push_back(
        {std::string(evidence.comparator), std::string(evidence.level), evidence.bits});
  }
  const auto found =
      std::lower_bound(result.pairs.begin(), result.pairs.end(), std::pair(a, b),
                       [](const match::LinkedPair& pair, const std::pair<uint32_t, uint32_t>& key) {
                         return std::pair(pair.left, pair.right) < key;
                       });
  if (found != result.pairs.end() && found->left == a && found->right == b)
    report.explained_probability = static_cast<double>(found->probability);
  return absl::OkStatus();
}

std::string_view PhaseText(match::Phase phase) {
  constexpr std::array<std::string_view, 4> kTexts = {"blocking", "comparing", "estimating",
                                                      "scoring"};
  return kTexts[static_cast<size_t>(phase)];
}

absl::StatusOr<LaterReport> RunLater(const Later& later, const match::StandingTable& standing,
                                     const IdColumn& right_ids, const token::SketchKey& key,
                                     const match::LinkOptions& link, bool one_to_one,
                                     const Progress& progress) {
  const Clock::time_point start = Clock::now();
  const double cpu = CpuSeconds();
  LaterReport report;
  MUSTER_ASSIGN_OR_RETURN(const Table left,
                          ReadSide(later.left, key, link.threads, progress, report, report.left));
  const Clock::time_point score = Clock::now();
  MUSTER_ASSIGN_OR_RETURN(const match::LinkResult result,
                          standing.Link(left.sketches.values(), link));
  report.pairs_compared = result.pairs_compared;
  report.score_seconds = SecondsSince(score);
  const Clock::time_point write = Clock::now();
  std::vector<Pair> pairs = OrderedPairs(result.pairs, left.ids, right_ids, link.threads);
  if (one_to_one) KeepOneToOne(false, pairs);
  MUSTER_RETURN_IF_ERROR(WritePairs(later.out, pairs, left.ids, right_ids));
  report.pairs_written = pairs.size();
  report.write_seconds = SecondsSince(write);
  report.total_seconds = SecondsSince(start);
  report.cpu_seconds = CpuSeconds() - cpu;
  return report;
}

}  // namespace

absl::StatusOr<Report> RunLinkage(const Options& options, const Progress& progress) {
  const Clock::time_point start = Clock::now();
  const unsigned threads =
      options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  Report report;
  match::LinkOptions link;
  link.threads = threads;
  link.min_probability = options.min_probability;
  if (options.blocked) link.all_pairs_max = 0;
  for (const std::string& rule : options.rules) {
    if (!match::IsRule(rule)) {
      return MakeError(v1::RULE_UNKNOWN,
                       "--rule: no blocking rule has this name; docs/matching.md lists them");
    }
    // Those alone, and whole.
    link.pair_budget = uint64_t{1} << 60;
    link.rules.push_back(rule);
  }
  if (!options.model_in.empty()) {
    MUSTER_ASSIGN_OR_RETURN(link.model, ReadModel(options.model_in));
  }
  if (progress) {
    link.progress = [&](match::Phase phase, uint64_t done, uint64_t all) {
      progress(PhaseText(phase),
               static_cast<double>(done) / static_cast<double>(std::max<uint64_t>(all, 1)), done);
    };
  }
  const token::SketchKey key = PlainKey();
  MUSTER_ASSIGN_OR_RETURN(const Table left,
                          ReadSide(options.left, key, threads, progress, report, report.left));
  Table right_table;
  const bool one_table = options.right.empty();
  if (!one_table) {
    MUSTER_ASSIGN_OR_RETURN(right_table,
                            ReadSide(options.right, key, threads, progress, report, report.right));
  }
  const Table& right = one_table ? left : right_table;

  absl::StatusOr<match::LinkResult> result =
      one_table
          ? match::Dedupe(left.sketches.values(), link)
          : match::Link(left.sketches.values(), match::SketchSpan(right.sketches.values()), link);
  if (!result.ok()) return result.status();
  report.pairs_compared = result->pairs_compared;
  report.rules = result->model.rules;
  report.block_seconds = result->seconds.block;
  report.score_seconds = result->seconds.score;
  report.em_seconds = result->seconds.em;
  if (!options.model_out.empty())
    MUSTER_RETURN_IF_ERROR(WriteModel(options.model_out, result->model));
  if (options.explain) MUSTER_RETURN_IF_ERROR(ExplainPair(options, left, right, *result, report));

  const Clock::time_point write = Clock::now();
  std::vector<Pair> pairs = OrderedPairs(result->pairs, left.ids, right.ids, threads);
  if (options.one_to_one) report.pairs_ambiguous = KeepOneToOne(one_table, pairs);
  if (!options.out.empty()) {
    MUSTER_RETURN_IF_ERROR(WritePairs(options.out, pairs, left.ids, right.ids));
    report.pairs_written = pairs.size();
  }
  report.write_seconds = SecondsSince(write);
  report.total_seconds = SecondsSince(start);
  report.cpu_seconds = CpuSeconds();
  report.peak_rss_bytes = PeakBytes();
  if (!options.truth.empty()) {
    MUSTER_ASSIGN_OR_RETURN(report.blocking,
                            CountReached(options.truth, left, right, result->model, threads));
  }
  if (options.later.empty()) return report;

  const Clock::time_point stand = Clock::now();
  if (progress) progress("making " + options.right.filename().string() + " ready", 0, 0);
  const std::span<const token::Sketch> rows = right_table.sketches.values();
  std::vector<token::Sketch> kept;
  ReserveHuge(rows.size(), kept);
  kept.assign(rows.begin(), rows.end());
  right_table.sketches = GrowingArray<token::Sketch>();
  MUSTER_ASSIGN_OR_RETURN(
      const match::StandingTable standing,
      match::StandingTable::Make(std::move(kept), std::move(result->model), threads));
  report.standing_seconds = SecondsSince(stand);
  for (const Later& later : options.later) {
    MUSTER_ASSIGN_OR_RETURN(LaterReport one, RunLater(later, standing, right_table.ids, key, link,
                                                      options.one_to_one, progress));
    report.later.push_back(std::move(one));
  }
  return report;
}

std::string ReportJson(const Report& report) {
  const auto rounded = [](double seconds) { return std::round(seconds * 1e6) / 1e6; };
  Json json;
  json["left"] = report.left.rows;
  json["right"] = report.right.path.empty() ? 0 : report.right.rows;
  json["pairs_compared"] = report.pairs_compared;
  json["pairs_written"] = report.pairs_written;
  if (report.pairs_ambiguous > 0) json["pairs_ambiguous"] = report.pairs_ambiguous;
  json["seconds"] = {
      {"read", rounded(report.read_seconds)},   {"sketch", rounded(report.sketch_seconds)},
      {"block", rounded(report.block_seconds)}, {"score", rounded(report.score_seconds)},
      {"em", rounded(report.em_seconds)},       {"write", rounded(report.write_seconds)},
      {"total", rounded(report.total_seconds)}};
  json["cpu_seconds"] = rounded(report.cpu_seconds);
  json["peak_rss_bytes"] = report.peak_rss_bytes;
  Json& rejected = json["rejected"] = Json::object();
  for (const auto& [side, file] :
       {std::pair<std::string, const FileReport&>("left", report.left),
        std::pair<std::string, const FileReport&>("right", report.right)}) {
    if (file.path.empty()) continue;
    Json& reasons = rejected[side] = Json::object();
    for (const auto& [reason, rows] : file.rejected_by_reason) reasons[reason] = rows;
  }
  if (!report.rules.empty()) {
    Json& rules = json["rules"] = Json::array();
    for (const v1::BlockingRule& rule : report.rules) {
      rules.push_back({{"rule", rule.name()},
                       {"pairs", rule.pair_count()},
                       {"skipped_keys", rule.skipped_key_count()},
                       {"skipped_pairs", rule.skipped_pair_count()}});
    }
  }
  if (report.blocking.has_value()) {
    json["blocking"] = {{"true_pairs", report.blocking->true_pairs},
                        {"reached", report.blocking->reached}};
  }
  if (!report.later.empty()) {
    json["standing_seconds"] = rounded(report.standing_seconds);
    Json& later = json["later"] = Json::array();
    for (const LaterReport& each : report.later) {
      later.push_back({{"left", each.left.rows},
                       {"pairs_compared", each.pairs_compared},
                       {"pairs_written", each.pairs_written},
                       {"rejected", each.left.rejected},
                       {"cpu_seconds", rounded(each.cpu_seconds)},
                       {"seconds",
                        {{"read", rounded(each.read_seconds)},
                         {"sketch", rounded(each.sketch_seconds)},
                         {"score", rounded(each.score_seconds)},
                         {"write", rounded(each.write_seconds)},
                         {"total", rounded(each.total_seconds)}}}});
    }
  }
  if (!report.evidence.empty()) {
    Json& explain = json["explain"] = Json::object();
    explain["probability"] = report.explained_probability;
    Json& evidence = explain["evidence"] = Json::array();
    for (const EvidenceReport& each : report.evidence) {
      evidence.push_back({{"comparator", each.comparator},
                          {"level", each.level},
                          {"bits", std::round(each.bits * 1e3) / 1e3}});
    }
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace muster::linkage
