// SPDX-License-Identifier: Apache-2.0
//
// voterfile: a steward loads a state's voter file, and everybody sees which there are.
//
// Rule: a voter file goes the way of a list (uploading.h): sealed here, resumed where it broke off,
// receipts checked. What it may be used for is asked for and goes on the log. Rows that the law
// withholds are read and never sealed.
// Errors: FIELD_REQUIRED, TIME_MALFORMED (--as-of), LAYOUT_UNKNOWN, LAYOUT_MISMATCH, and those of
// uploading.h.
#ifndef MUSTER_CLI_VOTERFILE_H_
#define MUSTER_CLI_VOTERFILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/session.h"
#include "cli/upload_report.h"

namespace muster::cli {

struct VoterFileLoadOptions {
  std::vector<std::string> files;  // voters and their history, in any order
  std::string layout;              // a name, or the path of a TOML file
  std::string as_of;
  std::string permitted_use;
  std::string name;  // empty: layout and day
  bool strict = false;
  bool dry_run = false;
  bool resume = false;
  bool no_wait = false;
};

absl::StatusOr<int> RunVoterFileLoad(const Invocation& invocation,
                                     const VoterFileLoadOptions& options);
absl::StatusOr<int> RunVoterFileList(const Invocation& invocation);

// What `muster voterfile load` tells of an upload with these terms.
Json VoterFileJson(const UploadReport& report, const v1::VoterFileTerms& terms);
std::string VoterFileText(const Console& console, const UploadReport& report,
                          const v1::VoterFileTerms& terms);

}  // namespace muster::cli

#endif  // MUSTER_CLI_VOTERFILE_H_
