// SPDX-License-Identifier: Apache-2.0
#include "server/front/vault_process.h"

#include <signal.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "core/base/error.h"
#include "core/base/file.h"

extern char** environ;

namespace muster::front {
namespace {

constexpr absl::Duration kPauseMin = absl::Milliseconds(100);
constexpr absl::Duration kPauseMax = absl::Seconds(10);
// A vault that ran this long has started well: the next pause is short again.
constexpr absl::Duration kRanWell = absl::Seconds(30);
constexpr absl::Duration kLook = absl::Milliseconds(50);

std::string Ending(int status) {
  if (WIFSIGNALED(status)) return "was killed by signal " + std::to_string(WTERMSIG(status));
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

absl::StatusOr<std::filesystem::path> FindProgram(std::string_view name) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const std::filesystem::path beside = self.parent_path() / name;
    if (::access(beside.c_str(), X_OK) == 0) return beside;
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    const std::filesystem::path candidate = std::filesystem::path(rest.substr(0, colon)) / name;
    if (candidate.is_absolute() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  return MakeError(v1::FILE_NOT_FOUND,
                   "there is no " + std::string(name) +
                       " beside this program or on the PATH; install it beside musterd");
}

absl::StatusOr<pid_t> StartProgram(const std::vector<std::string>& command, int out_fd) {
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t reset;
  sigemptyset(&reset);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) sigaddset(&reset, signal);
  posix_spawnattr_setsigdefault(&attributes, &reset);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  if (out_fd >= 0) posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
  pid_t child = -1;
  const int error =
      ::posix_spawn(&child, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return ErrnoError(error, "cannot start", command[0]);
  return child;
}

VaultProcess::~VaultProcess() { Stop(); }

void VaultProcess::Start() {
  thread_ = std::thread([this] { Run(); });
}

void VaultProcess::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void VaultProcess::WaitFor(pid_t child) {
  absl::Time asked = absl::InfiniteFuture();
  bool killed = false;
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) {
      if (asked == absl::InfiniteFuture()) {
        spdlog::error("muster-vault {}", Ending(status));
      } else {
        spdlog::info("muster-vault {}", Ending(status));
      }
      return;
    }
    if (ended < 0 && errno != EINTR) return;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, absl::ToChronoNanoseconds(kLook), [this] { return stopping_; });
      if (!stopping_) continue;
    }
    if (asked == absl::InfiniteFuture()) {
      asked = absl::Now();
      ::kill(child, SIGTERM);
    } else if (!killed && absl::Now() - asked > kKillAfter) {
      killed = true;
      ::kill(child, SIGKILL);
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
}

void VaultProcess::Run() {
  absl::Duration pause = kPauseMin;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    const absl::Time started = absl::Now();
    const absl::StatusOr<pid_t> child = StartProgram(command_);
    if (child.ok()) {
      WaitFor(*child);
    } else {
      spdlog::error("{}", std::string(child.status().message()));
    }
    if (absl::Now() - started > kRanWell) pause = kPauseMin;
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, absl::ToChronoNanoseconds(pause), [this] { return stopping_; }))
      return;
    pause = std::min(2 * pause, kPauseMax);
  }
}

}  // namespace muster::front
