// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/error.h"

namespace muster::cli {
namespace {

struct Screen {
  std::ostringstream out, err;
  Console console;
  explicit Screen(const ConsoleOptions& options = {}) : console(options, out, err) {}
};

ConsoleOptions Json_() {
  ConsoleOptions options;
  options.json = true;
  return options;
}

TEST_CASE("Exit codes say what a script can do", "[cli]") {
  CHECK(ExitCodeOf(absl::OkStatus()) == 0);
  CHECK(ExitCodeOf(MakeError(v1::CSV_NO_ROWS, "")) == 1);
  CHECK(ExitCodeOf(MakeError(v1::FILE_UNREADABLE, "")) == 1);
  CHECK(ExitCodeOf(MakeError(v1::CERTIFICATE_MISMATCH, "")) == 1);
  CHECK(ExitCodeOf(MakeError(v1::LOG_FORKED, "")) == 1);
  CHECK(ExitCodeOf(MakeError(v1::SERVER_UNAVAILABLE, "")) == 4);
  CHECK(ExitCodeOf(MakeError(v1::VAULT_UNAVAILABLE, "")) == 4);
  CHECK(ExitCodeOf(MakeError(absl::StatusCode::kDeadlineExceeded, v1::SERVER_UNAVAILABLE, "")) ==
        4);
  CHECK(ExitCodeOf(MakeError(v1::ROLE_NOT_ALLOWED, "")) == 5);
  CHECK(ExitCodeOf(MakeError(v1::INVITE_UNKNOWN, "")) == 5);
  CHECK(ExitCodeOf(MakeError(v1::TOKEN_EXPIRED, "")) == 5);
  CHECK(ExitCodeOf(MakeError(v1::PASSPHRASE_WRONG, "")) == 5);
  CHECK(ExitCodeOf(absl::UnknownError("")) == 1);
}

TEST_CASE("An error says what, and below it what to do", "[cli]") {
  Screen screen;
  CHECK(screen.console.Fail(
            MakeError(v1::CSV_NO_ROWS, "list.csv has a header and no rows; export it again")) == 1);
  CHECK(screen.out.str().empty());
  CHECK(screen.err.str() == "muster: list.csv has a header and no rows\n  export it again\n");
}

TEST_CASE("With --json an error is one object on stdout", "[cli]") {
  Screen screen(Json_());
  CHECK(screen.console.Fail(
            MakeError(v1::ROLE_NOT_ALLOWED, "not you; ask", {{"roles", "uploader"}})) == 5);
  const auto json = nlohmann::json::parse(screen.out.str());
  CHECK(json["error"]["code"] == "PERMISSION_DENIED");
  CHECK(json["error"]["reason"] == "ROLE_NOT_ALLOWED");
  CHECK(json["error"]["message"] == "not you; ask");
  CHECK(json["error"]["details"]["roles"] == "uploader");
  CHECK(screen.err.str().find("muster: not you") == 0);
}

TEST_CASE("People's text goes to stdout, and to stderr with --json", "[cli]") {
  Screen plain;
  plain.console.Print("for people");
  plain.console.Note("on the way");
  plain.console.Bare("invite");
  plain.console.Result(Json::Object());
  CHECK(plain.out.str() == "for people\ninvite\n");
  CHECK(plain.err.str() == "on the way\n");

  Screen json(Json_());
  json.console.Print("for people");
  json.console.Note("on the way");
  json.console.Bare("invite");
  json.console.Result(Json::Object().Set("a", 1));
  CHECK(json.out.str() == "{\"a\":1}\n");
  CHECK(json.err.str() == "for people\non the way\n");
}

TEST_CASE("--quiet leaves results and errors", "[cli]") {
  ConsoleOptions options;
  options.quiet = true;
  Screen screen(options);
  screen.console.Print("result");
  screen.console.Note("on the way");
  screen.console.Progress("50%");
  CHECK(screen.out.str() == "result\n");
  CHECK(screen.err.str().empty());
}

TEST_CASE("Without a terminal there is no progress and no color", "[cli]") {
  ConsoleOptions options;
  options.color = true;
  Screen screen(options);
  screen.console.Progress("50%");
  CHECK(screen.err.str().empty());
  CHECK(screen.console.Bold("x") == "x");
  options.out_terminal = options.err_terminal = true;
  Screen terminal(options);
  CHECK(terminal.console.Bold("x") == "\033[1mx\033[0m");
  terminal.console.Progress("50%");
  CHECK(terminal.err.str() == "\r\033[K50%");
  options.color = false;
  CHECK(Screen(options).console.Bad("x") == "x");
}

TEST_CASE("What destroys asks: --yes, or a terminal", "[cli]") {
  Screen screen;
  const absl::Status status = screen.console.Confirm("This is for good.");
  CHECK(ExitCodeOf(status) == 1);
  CHECK(std::string(status.message()).find("--yes") != std::string::npos);
  ConsoleOptions options;
  options.yes = true;
  CHECK(Screen(options).console.Confirm("This is for good.").ok());
}

TEST_CASE("Text from elsewhere moves no cursor", "[cli]") {
  CHECK(Visible("plain, caf\xC3\xA9") == "plain, caf\xC3\xA9");
  CHECK(Visible("a\033[2Jb\r\nc\x7F") == "a?[2Jb??c?");
  // What turns the direction of writing, or ends a line.
  CHECK(Visible("a\xE2\x80\xAE"
                "b\xE2\x80\x8F"
                "c\xE2\x81\xA6"
                "d\xE2\x80\xA8"
                "e\xD8\x9C") == "a?b?c?d?e?");
  CHECK(Visible("\xE2\x80\x93 \xE2\x82\xAC \xE2\x80") == "\xE2\x80\x93 \xE2\x82\xAC \xE2\x80");
  CHECK(Visible("a\xC2\x9B"
                "2Jb") == "a?2Jb");
}

}  // namespace
}  // namespace muster::cli
