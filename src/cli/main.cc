// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/stubs/logging.h>
#include <sys/stat.h>

#include <csignal>
#include <iostream>
#include <string_view>

#include "cli/command_line.h"
#include "core/base/error.h"
#include "core/crypto/secret_bytes.h"

namespace muster::cli {
namespace {

// Also when the line could not be parsed.
bool Has(int argc, const char* const* argv, std::string_view flag) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i] == flag) return true;
  }
  return false;
}

int Main(int argc, const char* const* argv) {
  // A pipe that nobody reads is an error to report, not a reason to die; what is written is for its
  // owner.
  std::signal(SIGPIPE, SIG_IGN);
  ::umask(077);
  // protobuf would print its own lines over ours when a damaged file is read.
  google::protobuf::SetLogHandler(nullptr);
  crypto::Init();
  const ParsedLine line = ParseCommandLine(argc, argv);
  ConsoleOptions options = Console::Detect();
  options.json = line.global.json || Has(argc, argv, "--json");
  options.quiet = line.global.quiet;
  options.yes = line.global.yes;
  Console console(options, std::cout, std::cerr);

  int exit_code = line.exit_code;
  if (line.run) {
    Invocation invocation;
    invocation.console = &console;
    invocation.profile = line.global.profile;
    invocation.server = line.global.server;
    invocation.passphrase_file = line.global.passphrase_file;
    invocation.witness = true;
    const absl::StatusOr<int> done = line.run(invocation);
    exit_code = done.ok() ? *done : console.Fail(done.status());
  } else if (!line.is_help) {
    (void)console.Fail(MakeError(v1::REQUEST_MALFORMED, line.text));
  } else if (exit_code == kExitUsage) {
    std::cerr << line.text;
  } else {
    console.Bare(line.text);
    console.Result(Json::Object().Set("text", line.text));
  }
  if (!console.Flush() && exit_code == kExitDone) {
    std::cerr
        << "muster: cannot write the result to stdout\n  is the disk full, or the pipe closed?\n";
    return kExitFailed;
  }
  return exit_code;
}

}  // namespace
}  // namespace muster::cli

int main(int argc, char** argv) { return muster::cli::Main(argc, argv); }
