// SPDX-License-Identifier: Apache-2.0
//
// VaultProcess: the muster-vault that musterd runs as its child. Starts it, starts it again with
// growing pauses when it ends, and ends it with musterd.
//
// Rule: never two at a time. The child dies with the thread that started it (it asks the kernel for
// that), so one thread starts, waits and starts again.
// Errors: FILE_NOT_FOUND when there is no such program.
// Threads: safe from anywhere; one thread of its own.
#ifndef MUSTER_SERVER_FRONT_VAULT_PROCESS_H_
#define MUSTER_SERVER_FRONT_VAULT_PROCESS_H_

#include <sys/types.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster::front {

// Beside this program, else on the PATH.
absl::StatusOr<std::filesystem::path> FindProgram(std::string_view name);

// Starts `command` with default signal handling and nothing blocked; stdout goes to `out_fd` when
// it is not negative.
absl::StatusOr<pid_t> StartProgram(const std::vector<std::string>& command, int out_fd = -1);

class VaultProcess {
 public:
  explicit VaultProcess(std::vector<std::string> command) : command_(std::move(command)) {}
  ~VaultProcess();
  void Start();
  // SIGTERM, and after kKillAfter SIGKILL; returns when it is gone.
  void Stop();

  static constexpr absl::Duration kKillAfter = absl::Seconds(20);

 private:
  void Run();
  // Waits for the child to end, or for Stop and then the end.
  void WaitFor(pid_t child);

  const std::vector<std::string> command_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_VAULT_PROCESS_H_
