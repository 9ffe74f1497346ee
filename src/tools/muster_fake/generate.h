// SPDX-License-Identifier: Apache-2.0
//
// Generate: the whole of muster-fake behind its command line.
//
// Rule: the same options give the same bytes, whatever the machine or the number of threads.
// Errors: INVALID_ARGUMENT for options out of range; FAILED_PRECONDITION when --out holds CSV files
// that are not ours; those of OutputFile.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_GENERATE_H_
#define MUSTER_TOOLS_MUSTER_FAKE_GENERATE_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace muster::fake {

struct Options {
  uint64_t contacts = 0;  // distinct people over all lists
  uint64_t voters = 0;
  std::string voter_layout = "nc";  // a VoterFormat's name
  uint64_t seed = 1;
  double overlap = 0.25;  // share of the people who are on more than one list
  uint32_t members = 3;
  bool linkage = false;
  unsigned threads = 0;  // 0: one for each core
  std::filesystem::path out;
};

// The JSON object of truth/summary.json (with --linkage: of the counts).
absl::StatusOr<std::string> Generate(const Options& options);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_GENERATE_H_
