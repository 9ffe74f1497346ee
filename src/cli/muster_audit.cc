// SPDX-License-Identifier: Apache-2.0
//
// muster-audit: `muster audit verify` as a program of its own, that links the verifier and nothing
// else: no network, no store, no profile.
#include <google/protobuf/stubs/logging.h>
#include <sys/stat.h>

#include <csignal>
#include <iostream>
#include <string_view>

#include "cli/audit.h"
#include "core/base/error.h"
#include "core/crypto/secret_bytes.h"

namespace muster::cli {
namespace {

constexpr std::string_view kUsage =
    "usage: muster-audit FILE... --bundle BUNDLE [--html PAGE] [--json] [--quiet]\n"
    "\n"
    "Checks reports of a Muster consortium against a bundle. Uses no network and no profile,\n"
    "and believes nothing but the bundle. Exit codes: 0 everything holds, 1 something does not,\n"
    "2 wrong usage.\n";

int Main(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);
  ::umask(077);
  google::protobuf::SetLogHandler(nullptr);
  crypto::Init();
  ConsoleOptions console_options = Console::Detect();
  AuditOptions options;
  bool usable = true;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h") {
      std::cout << kUsage;
      return kExitDone;
    }
    if (word == "--json") {
      console_options.json = true;
    } else if (word == "--quiet") {
      console_options.quiet = true;
    } else if ((word == "--bundle" || word == "--html") && i + 1 < argc) {
      (word == "--bundle" ? options.bundle : options.html) = argv[++i];
    } else if (word.starts_with("-")) {
      usable = false;
    } else {
      options.files.emplace_back(word);
    }
  }
  if (!usable || options.files.empty() || options.bundle.empty()) {
    std::cerr << kUsage;
    return kExitUsage;
  }
  Console console(console_options, std::cout, std::cerr);
  const absl::StatusOr<int> done = RunAuditVerify(console, options);
  const int exit_code = done.ok() ? *done : console.Fail(done.status());
  return console.Flush() || exit_code != kExitDone ? exit_code : kExitFailed;
}

}  // namespace
}  // namespace muster::cli

int main(int argc, char** argv) { return muster::cli::Main(argc, argv); }
