// SPDX-License-Identifier: Apache-2.0
//
// CommandLine: what was typed, as plain structs; the one place that knows CLI11. Also writes the
// completion scripts, from the same declarations.
//
// Global flags stand anywhere on the line. Wrong usage is told with what to type instead.
#ifndef MUSTER_CLI_COMMAND_LINE_H_
#define MUSTER_CLI_COMMAND_LINE_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "cli/admit.h"
#include "cli/audit.h"
#include "cli/canary.h"
#include "cli/charter.h"
#include "cli/erase.h"
#include "cli/found.h"
#include "cli/join.h"
#include "cli/log.h"
#include "cli/log_witness.h"
#include "cli/match.h"
#include "cli/match_explain.h"
#include "cli/match_report.h"
#include "cli/report_coalition.h"
#include "cli/report_person.h"
#include "cli/report_provenance.h"
#include "cli/session.h"
#include "cli/upload.h"
#include "cli/vault.h"
#include "cli/voterfile.h"
#include "cli/voterfile_layouts.h"
#include "cli/withdraw.h"

namespace muster::cli {

struct GlobalFlags {
  std::string profile;
  std::string server;
  std::string passphrase_file;
  bool json = false;
  bool quiet = false;
  bool yes = false;
};

struct ParsedLine {
  GlobalFlags global;
  // Runs the command that was named. Not set: `text` is to be printed and `exit_code` returned
  // (help, version, wrong usage).
  std::function<absl::StatusOr<int>(const Invocation&)> run;
  std::string text;
  bool is_help = false;
  int exit_code = 0;
};

ParsedLine ParseCommandLine(int argc, const char* const* argv);

}  // namespace muster::cli

#endif  // MUSTER_CLI_COMMAND_LINE_H_
