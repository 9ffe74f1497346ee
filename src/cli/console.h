// SPDX-License-Identifier: Apache-2.0
//
// Console: what a command says, to a person and to a script.
//
// Rule: with --json, stdout gets exactly one object, the result or
// {"error":{"code","reason","message","details"}}; people's text and progress go to stderr then.
// --quiet silences everything but results and errors. Text from files and servers is shown through
// Visible(), so that it cannot move a cursor.
// Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 4 server or vault out of reach; 5 not
// allowed.
// Threads: Note and Print may be called from any; the rest from one.
#ifndef MUSTER_CLI_CONSOLE_H_
#define MUSTER_CLI_CONSOLE_H_

#include <mutex>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/json.h"
#include "core/crypto/secret_bytes.h"

namespace muster::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 4;
inline constexpr int kExitNotAllowed = 5;

int ExitCodeOf(const absl::Status& status);

// Control characters become "?".
std::string Visible(std::string_view text);

struct ConsoleOptions {
  bool json = false;
  bool quiet = false;
  bool yes = false;           // --yes
  bool out_terminal = false;  // stdout is a terminal
  bool err_terminal = false;
  bool in_terminal = false;
  bool color = false;  // NO_COLOR is not set
};

class Console {
 public:
  Console(const ConsoleOptions& options, std::ostream& out, std::ostream& err)
      : options_(options), out_(out), err_(err) {}
  // The process's own streams.
  static ConsoleOptions Detect();

  const ConsoleOptions& options() const { return options_; }
  void set_options(const ConsoleOptions& options) { options_ = options; }

  // The result in words: stdout, or stderr with --json. A newline follows.
  void Print(std::string_view text);
  // What happens on the way: stderr.
  void Note(std::string_view text);
  // The result for scripts; says nothing without --json.
  void Result(const Json& object);
  // stdout without --json: a string to be piped on (an invite).
  void Bare(std::string_view text);
  // Says what went wrong in both forms; returns the exit code.
  int Fail(const absl::Status& status);

  // Before something is destroyed. OK with --yes, or when the person types "yes".
  absl::Status Confirm(std::string_view question);
  // Reads a line from the terminal without showing it. FIELD_REQUIRED when there is no terminal.
  absl::StatusOr<crypto::SecretBytes> AskSecret(std::string_view prompt);

  bool shows_progress() const { return options_.err_terminal && !options_.quiet; }
  // Overwrites the line on stderr; empty text clears it.
  void Progress(std::string_view line);

  std::string Bold(std::string_view text) const { return Styled("1", text); }
  std::string Dim(std::string_view text) const { return Styled("2", text); }
  std::string Good(std::string_view text) const { return Styled("32", text); }
  std::string Bad(std::string_view text) const { return Styled("31;1", text); }

  // False when stdout could not take all that was written (a full disk, a closed pipe).
  bool Flush();

 private:
  std::string Styled(std::string_view code, std::string_view text) const;

  ConsoleOptions options_;
  std::ostream& out_;
  std::ostream& err_;
  std::mutex mutex_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_CONSOLE_H_
