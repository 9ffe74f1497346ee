// SPDX-License-Identifier: Apache-2.0
//
// log checkpoint, log show, log bundle: the transparency log as this person may see it, each time
// checked against what was seen before.
#ifndef MUSTER_CLI_LOG_H_
#define MUSTER_CLI_LOG_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

// What an entry says, in a word and a line.
struct EntryLine {
  std::string kind;
  std::string text;
};
EntryLine DescribeEntry(const v1::Statement& statement, const governance::Registry& registry);

absl::StatusOr<int> RunLogCheckpoint(const Invocation& invocation);

struct LogShowOptions {
  int64_t from = 0;
};
absl::StatusOr<int> RunLogShow(const Invocation& invocation, const LogShowOptions& options);

struct LogBundleOptions {
  std::string out;
};
absl::StatusOr<int> RunLogBundle(const Invocation& invocation, const LogBundleOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_LOG_H_
