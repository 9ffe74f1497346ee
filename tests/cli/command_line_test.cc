// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "cli/completion.h"

namespace muster::cli {
namespace {

ParsedLine Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "muster");
  return ParseCommandLine(static_cast<int>(words.size()), words.data());
}

std::string Said(const ParsedLine& line, const ConsoleOptions& options = {}) {
  std::ostringstream out, err;
  Console console(options, out, err);
  Invocation invocation;
  invocation.console = &console;
  const auto code = line.run(invocation);
  return code.ok() ? out.str() : std::string(code.status().message());
}

TEST_CASE("Global flags stand anywhere on the line", "[cli]") {
  const auto words = GENERATE(values<std::vector<const char*>>({
      {"--profile", "parks", "--json", "upload", "a.csv", "--list", "l"},
      {"upload", "--profile", "parks", "a.csv", "--json", "--list", "l"},
      {"upload", "a.csv", "--list", "l", "--json", "--profile", "parks"},
      {"upload", "a.csv", "--list=l", "--json", "--profile=parks"},
  }));
  const ParsedLine line = Parse(words);
  CHECK(line.run);
  CHECK(line.global.profile == "parks");
  CHECK(line.global.json);
  CHECK_FALSE(line.global.quiet);
}

TEST_CASE("Global flags stand after nested commands, too", "[cli]") {
  const ParsedLine line = Parse({"member", "add", "Parks Alliance", "--role", "approver",
                                 "--profile", "operator", "--yes", "--quiet"});
  CHECK(line.run);
  CHECK(line.global.profile == "operator");
  CHECK(line.global.yes);
  CHECK(line.global.quiet);
}

TEST_CASE("MUSTER_PROFILE names the profile, and the flag wins", "[cli]") {
  ::setenv("MUSTER_PROFILE", "from-environment", 1);
  CHECK(Parse({"status"}).global.profile == "from-environment");
  CHECK(Parse({"status", "--profile", "said"}).global.profile == "said");
  ::unsetenv("MUSTER_PROFILE");
  CHECK(Parse({"status"}).global.profile.empty());
}

TEST_CASE("Wrong usage is exit code 2 and says what is wrong", "[cli]") {
  const auto [words, part] = GENERATE(table<std::vector<const char*>, std::string>({
      {{"upload"}, "file"},
      {{"upload", "a.csv", "--append", "--replace"}, "excludes"},
      {{"upload", "a.csv", "--no-such-flag"}, "--no-such-flag"},
      {{"withdraw"}, "--list"},
      {{"withdraw", "--list", "l", "--emails", "f"}, "excludes"},
      {{"member"}, "subcommand"},
      {{"person", "add", "Ada"}, "--role"},
      {{"audit", "verify", "f"}, "--bundle"},
      {{"log", "show", "--from", "-1"}, "--from"},
      {{"completion", "powershell"}, "shell"},
      {{"nonsense"}, "nonsense"},
      {{"found", "--home", "d"}, "--name"},
  }));
  const ParsedLine line = Parse(words);
  INFO(line.text);
  CHECK_FALSE(line.run);
  CHECK_FALSE(line.is_help);
  CHECK(line.exit_code == kExitUsage);
  CHECK(line.text.find(part) != std::string::npos);
  CHECK(line.text.find("--help") != std::string::npos);
}

TEST_CASE("Help and version are no errors; no command at all shows the help and is one", "[cli]") {
  CHECK(Parse({"--version"}).text == "muster 0.1.0");
  CHECK(Parse({"--version"}).exit_code == 0);
  for (const char* command : {"found", "join", "status", "upload", "lists", "withdraw"}) {
    const ParsedLine line = Parse({command, "--help"});
    CHECK(line.is_help);
    CHECK(line.exit_code == 0);
    CHECK(line.text.find("Examples:\n  muster ") != std::string::npos);
  }
  const ParsedLine nothing = Parse({});
  CHECK(nothing.is_help);
  CHECK(nothing.exit_code == kExitUsage);
  CHECK(nothing.text.find("upload") != std::string::npos);
}

TEST_CASE("--map takes one correction each, so that files may follow", "[cli]") {
  const ParsedLine line = Parse(
      {"upload", "--map", "email=Mail", "/nonexistent/a.csv", "--map", "zip=PLZ", "--dry-run"});
  REQUIRE(line.run);
  CHECK(Said(line).find("/nonexistent/a.csv") != std::string::npos);
}

TEST_CASE("Completion knows every command and flag, and hides what is hidden", "[cli]") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = Said(Parse({"completion", shell}));
    for (const char* word :
         {"upload", "provenance", "checkpoint", "dry-run", "passphrase-file", "bundle", "resume"}) {
      INFO(shell << " " << word);
      CHECK(script.find(word) != std::string::npos);
    }
    CHECK(script.find("seal-only") == std::string::npos);
  }
  CHECK_FALSE(CompletionScript("tcsh", {}).ok());
}

}  // namespace
}  // namespace muster::cli
