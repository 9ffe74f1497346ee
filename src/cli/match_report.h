// SPDX-License-Identifier: Apache-2.0
//
// match report: what the log says of the matching: extract, thresholds, weights, and the published
// shares of contacts by probability band.
//
// Rule: read from the vault's statements on the log and from nothing else, of each voter file the
// newest. A table is drawn at most once in four weeks and is the same in every run until then.
// Units: weights in bits, rounded to halves; counts carry noise (MatchTable).
// Errors: VOTERFILE_NOT_FOUND, NOTHING_TO_MATCH (nothing was matched yet), and of the session.
#ifndef MUSTER_CLI_MATCH_REPORT_H_
#define MUSTER_CLI_MATCH_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct MatchReportOptions {
  std::string voterfile;  // empty: all
};

// The newest run with one extract.
struct MatchFinding {
  v1::MatchStatement statement;
  v1::VoterFileTerms terms;  // of its voter file
  int64_t time = 0;
  int64_t log_index = 0;
  std::optional<v1::MatchTable> table;
};

// Of each extract that was matched, in the order in which they first were.
absl::StatusOr<std::vector<MatchFinding>> FindMatches(const LogView& view);

// What of a count is noise, in 19 of 20 counts.
int64_t NoiseBound(double noise_scale);

Json MatchFindingJson(const MatchFinding& finding);
std::string MatchFindingText(const Console& console, const MatchFinding& finding);

absl::StatusOr<int> RunMatchReport(const Invocation& invocation, const MatchReportOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_MATCH_REPORT_H_
