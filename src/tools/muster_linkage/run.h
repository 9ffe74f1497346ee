// SPDX-License-Identifier: Apache-2.0
//
// Run: files in, pairs out.
//
// The sketch key is a constant: plain files hold no secret from whoever runs this, and equal files
// must give equal pairs.
// Errors: those of ReadTable, match::Link and WritePairs; MODEL_MALFORMED for a model file;
// ID_UNKNOWN when a row to explain is in no file.
// Threads: one call at a time.
#ifndef MUSTER_TOOLS_MUSTER_LINKAGE_RUN_H_
#define MUSTER_TOOLS_MUSTER_LINKAGE_RUN_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace muster::linkage {

struct Options {
  std::filesystem::path left;
  std::filesystem::path right;  // empty: pairs within `left`
  std::filesystem::path out;    // empty: none is written
  std::filesystem::path model_in;
  std::filesystem::path model_out;
  double min_probability = 0.01;
  unsigned threads = 0;  // 0: as many as there are cores
  bool one_to_one = false;
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

struct Report {
  FileReport left;
  FileReport right;  // empty path: none
  uint64_t pairs_compared = 0;
  uint64_t pairs_written = 0;
  uint64_t pairs_ambiguous = 0;  // of --one-to-one
  double read_seconds = 0, sketch_seconds = 0, block_seconds = 0, score_seconds = 0, em_seconds = 0,
         write_seconds = 0, total_seconds = 0;
  uint64_t peak_rss_bytes = 0;
  std::vector<EvidenceReport> evidence;  // of --explain
  double explained_probability = 0;
};

// What is being done, and how far: "reading voters.csv", 0.4.
using Progress = std::function<void(std::string_view what, double share, uint64_t rows)>;

absl::StatusOr<Report> RunLinkage(const Options& options, const Progress& progress);

// One JSON object on one line.
std::string ReportJson(const Report& report);

}  // namespace muster::linkage

#endif  // MUSTER_TOOLS_MUSTER_LINKAGE_RUN_H_
