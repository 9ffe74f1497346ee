// SPDX-License-Identifier: Apache-2.0
//
// `muster voterfile layouts`: the layouts of voter files that this program knows, one of them as a
// text to start one's own from, or the ones that a file fits.
//
// Rule: no network and no profile; of a file, only its first rows are read, and nothing of them is
// shown.
// Errors: LAYOUT_UNKNOWN; those of opening the file; LAYOUT_MISMATCH when nothing fits it.
#ifndef MUSTER_CLI_VOTERFILE_LAYOUTS_H_
#define MUSTER_CLI_VOTERFILE_LAYOUTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/console.h"

namespace muster::cli {

struct LayoutsOptions {
  std::string show;       // a layout's name, or a TOML file to check
  std::string recognize;  // a voter file
};

absl::StatusOr<int> RunVoterFileLayouts(Console& console, const LayoutsOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_VOTERFILE_LAYOUTS_H_
