// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"

namespace muster::cli {
namespace {

constexpr size_t kPassphraseBytesMax = 1024;

// Reads one line from the controlling terminal with echo off, byte by byte, into memory that is
// wiped.
absl::StatusOr<crypto::SecretBytes> ReadHidden(std::string_view prompt) {
  const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    return MakeError(
        v1::FIELD_REQUIRED,
        "there is no terminal to ask for the passphrase on; give --passphrase-file FILE or set "
        "MUSTER_PASSPHRASE, or make keys with --no-passphrase");
  }
  termios shown{};
  const bool is_terminal = ::tcgetattr(fd, &shown) == 0;
  if (is_terminal) {
    termios hidden = shown;
    hidden.c_lflag &= static_cast<tcflag_t>(~ECHO);
    ::tcsetattr(fd, TCSAFLUSH, &hidden);
  }
  (void)!::write(fd, prompt.data(), prompt.size());
  crypto::SecretBytes line = crypto::SecretBytes::Zeroed(kPassphraseBytesMax);
  size_t size = 0;
  bool too_long = false;
  while (true) {
    uint8_t byte = 0;
    const ssize_t n = ::read(fd, &byte, 1);
    if (n <= 0 || byte == '\n' || byte == '\r') break;
    if (size == kPassphraseBytesMax) {
      too_long = true;
      continue;
    }
    line.MutableExposeSecret()[size++] = byte;
  }
  if (is_terminal) ::tcsetattr(fd, TCSAFLUSH, &shown);
  (void)!::write(fd, "\n", 1);
  ::close(fd);
  if (too_long)
    return MakeError(v1::FIELD_TOO_LONG,
                     "the passphrase is longer than 1024 bytes; choose a shorter one");
  return crypto::SecretBytes::CopyOf(line.ExposeSecret().first(size));
}

bool IsOf(Reason reason, std::initializer_list<Reason> reasons) {
  for (const Reason r : reasons) {
    if (r == reason) return true;
  }
  return false;
}

}  // namespace

int ExitCodeOf(const absl::Status& status) {
  // It is there, and out of reach until its holders have opened it.
  if (ReasonOf(status) == v1::VAULT_SEALED) return kExitUnreachable;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitDone;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      // These are the file system's and our own refusals, not the consortium's.
      return IsOf(ReasonOf(status), {v1::FILE_UNREADABLE, v1::CERTIFICATE_MISMATCH})
                 ? kExitFailed
                 : kExitNotAllowed;
    default:
      return kExitFailed;
  }
}

namespace {

// The bytes of a control at the beginning of `text`; 0 when there is none. Besides C0, DEL and C1
// (C2 80 to C2 9F in UTF-8; terminals obey them as well): what ends a line or turns the direction
// of writing, and so can make a text read otherwise than it stands.
size_t ControlBytes(std::string_view text) {
  const auto byte = [text](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  const uint8_t first = byte(0), second = byte(1), third = byte(2);
  if (first < 0x20 || first == 0x7F) return 1;
  if (first == 0xC2 && second >= 0x80 && second < 0xA0) return 2;
  if (first == 0xD8 && second == 0x9C) return 2;  // U+061C
  if (first != 0xE2) return 0;
  const bool turns = (second == 0x80 && (third == 0x8E || third == 0x8F)) ||  // U+200E, U+200F
                     (second == 0x80 && third >= 0xA8 && third <= 0xAE) ||    // U+2028 to U+202E
                     (second == 0x81 && third >= 0xA6 && third <= 0xA9);      // U+2066 to U+2069
  return turns ? 3 : 0;
}

}  // namespace

std::string Visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t control = ControlBytes(text);
    out.push_back(control > 0 ? '?' : text[0]);
    text.remove_prefix(std::max<size_t>(control, 1));
  }
  return out;
}

ConsoleOptions Console::Detect() {
  ConsoleOptions options;
  options.in_terminal = ::isatty(STDIN_FILENO) == 1;
  options.out_terminal = ::isatty(STDOUT_FILENO) == 1;
  options.err_terminal = ::isatty(STDERR_FILENO) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  options.color = (no_color == nullptr || *no_color == '\0') &&
                  (term == nullptr || std::string_view(term) != "dumb");
  return options;
}

void Console::Print(std::string_view text) {
  if (options_.json && options_.quiet) return;
  const std::lock_guard lock(mutex_);
  (options_.json ? err_ : out_) << text << '\n' << std::flush;
}

void Console::Note(std::string_view text) {
  if (options_.quiet) return;
  const std::lock_guard lock(mutex_);
  // A progress bar may stand on this line.
  if (shows_progress()) err_ << "\r\033[K";
  err_ << text << '\n' << std::flush;
}

void Console::Result(const Json& object) {
  if (!options_.json) return;
  const std::lock_guard lock(mutex_);
  out_ << object.Dump() << '\n' << std::flush;
}

void Console::Bare(std::string_view text) {
  if (options_.json) return;
  const std::lock_guard lock(mutex_);
  out_ << text << '\n' << std::flush;
}

int Console::Fail(const absl::Status& status) {
  const std::string message(status.message());
  if (options_.json) {
    Json details = Json::Object();
    for (const auto& [key, value] : DetailsOf(status)) details.Set(key, value);
    Json error = Json::Object();
    error.Set("code", absl::StatusCodeToString(status.code()));
    error.Set("reason", ReasonName(ReasonOf(status)));
    error.Set("message", message);
    error.Set("details", std::move(details));
    Result(Json::Object().Set("error", std::move(error)));
  }
  // What, and below it what to do: our messages put the remedy last, after a semicolon.
  std::string what = message;
  std::string remedy;
  if (const size_t at = message.rfind("; "); at != std::string::npos) {
    what = message.substr(0, at);
    remedy = message.substr(at + 2);
  }
  const std::lock_guard lock(mutex_);
  const bool styled = options_.color && options_.err_terminal;
  err_ << (styled ? "\033[31;1mmuster:\033[0m " : "muster: ") << what << '\n';
  if (!remedy.empty()) err_ << "  " << remedy << '\n';
  err_ << std::flush;
  return ExitCodeOf(status);
}

absl::Status Console::Confirm(std::string_view question) {
  if (options_.yes) return absl::OkStatus();
  if (!options_.in_terminal || !options_.err_terminal) {
    return MakeError(v1::FIELD_REQUIRED,
                     std::string(question) + " Nothing was done; say --yes to do it");
  }
  err_ << question << " Type \"yes\" to go on: " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "yes") return absl::OkStatus();
  return absl::CancelledError("nothing was done");
}

absl::StatusOr<crypto::SecretBytes> Console::AskSecret(std::string_view prompt) {
  return ReadHidden(prompt);
}

void Console::Progress(std::string_view line) {
  if (!shows_progress()) return;
  const std::lock_guard lock(mutex_);
  err_ << "\r\033[K" << line << std::flush;
}

std::string Console::Styled(std::string_view code, std::string_view text) const {
  const bool terminal = options_.json ? options_.err_terminal : options_.out_terminal;
  if (!options_.color || !terminal) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

bool Console::Flush() {
  out_.flush();
  return out_.good();
}

}  // namespace muster::cli
