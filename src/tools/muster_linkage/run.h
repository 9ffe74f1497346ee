// SPDX-License-Identifier: Apache-2.0
//
// Run: files in, pairs out.
//
// The sketch key is a constant: plain files hold no secret from whoever runs this, and equal files
// must give equal pairs.
// Errors: those of ReadTable, match::Link, CountReached and WritePairs; MODEL_MALFORMED for a model
// file; ID_UNKNOWN when a row to explain is in no file; RULE_UNKNOWN.
// Threads: one call at a time.
#ifndef MUSTER_TOOLS_MUSTER_LINKAGE_RUN_H_
#define MUSTER_TOOLS_MUSTER_LINKAGE_RUN_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/v1/match_model.pb.h"
#include "tools/muster_linkage/blocking_recall.h"

namespace muster::linkage {

// One more list for the same right file, once that stands ready.
struct Later {
  std::filesystem::path left;
  std::filesystem::path out;
};

struct Options {
  std::filesystem::path left;
  std::filesystem::path right;  // empty: pairs within `left`
  std::filesystem::path out;    // empty: none is written
  std::filesystem::path model_in;
  std::filesystem::path model_out;
  std::filesystem::path truth;  // pairs that are one person; empty: none are known
  std::vector<Later> later;
  double min_probability = 0.01;
  unsigned threads = 0;  // 0: as many as there are cores
  bool one_to_one = false;
  bool blocked = false;            // even where all pairs could be compared
  std::vector<std::string> rules;  // blocking rules that may be taken, by name; empty: any
  bool explain = false;
  std::string explain_left;  // ids
  std::string explain_right;
};

struct FileReport {
  std::string path;
  uint64_t rows = 0;
  std::vector<std::string> notes;  // for people: what was passed over, and why
  uint64_t rejected = 0;
  std::vector<std::pair<std::string, uint64_t>> rejected_by_reason;
};

struct EvidenceReport {
  std::string comparator;
  std::string level;
  double bits = 0;
};

struct LaterReport {
  FileReport left;
  uint64_t pairs_compared = 0;
  uint64_t pairs_written = 0;
  double read_seconds = 0, sketch_seconds = 0, score_seconds = 0, write_seconds = 0,
         total_seconds = 0, cpu_seconds = 0;
};

struct Report {
  FileReport left;
  FileReport right;  // empty path: none
  uint64_t pairs_compared = 0;
  uint64_t pairs_written = 0;
  uint64_t pairs_ambiguous = 0;  // of --one-to-one
  double read_seconds = 0, sketch_seconds = 0, block_seconds = 0, score_seconds = 0, em_seconds = 0,
         write_seconds = 0, total_seconds = 0, cpu_seconds = 0;
  uint64_t peak_rss_bytes = 0;
  std::vector<EvidenceReport> evidence;  // of --explain
  double explained_probability = 0;
  std::vector<v1::BlockingRule> rules;     // that were taken; empty when all pairs were compared
  std::optional<BlockingRecall> blocking;  // of --truth
  double standing_seconds = 0;             // to make the right file ready for `later`
  std::vector<LaterReport> later;
};

// What is being done, and how far: "reading voters.csv", 0.4.
using Progress = std::function<void(std::string_view what, double share, uint64_t rows)>;

absl::StatusOr<Report> RunLinkage(const Options& options, const Progress& progress);

// One JSON object on one line.
std::string ReportJson(const Report& report);

}  // namespace muster::linkage

#endif  // MUSTER_TOOLS_MUSTER_LINKAGE_RUN_H_
