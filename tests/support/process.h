// SPDX-License-Identifier: Apache-2.0
//
// Real processes for tests: run a command to its end, or keep a server and end it by any signal.
//
// Rule: only processes started here are ever signalled. Output goes to files, so nothing blocks on
// a full pipe.
#ifndef MUSTER_TESTS_SUPPORT_PROCESS_H_
#define MUSTER_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace muster::test {

// A folder that goes away with its owner.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

struct RunResult {
  int exit_code = -1;  // 128 + signal when it was killed
  std::string out;
  std::string err;
};

using Environment = std::map<std::string, std::string>;

// A started process; ended by SIGKILL when still running at destruction.
class Process {
 public:
  Process(const std::vector<std::string>& command, const Environment& environment,
          const std::filesystem::path& out_file, const std::filesystem::path& err_file,
          const std::filesystem::path& working_directory = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  pid_t pid() const { return pid_; }
  void Signal(int signal);
  bool Running();
  // Exit code; 128 + signal when killed; -1 when it still runs after the time.
  int Wait(std::chrono::seconds time = std::chrono::seconds(60));

 private:
  pid_t pid_ = -1;
  bool done_ = false;
  int code_ = -1;
};

RunResult Run(const std::vector<std::string>& command, const Environment& environment = {},
              const std::filesystem::path& working_directory = {},
              std::chrono::seconds time = std::chrono::seconds(300));

// Asks every 20 ms until true or the time is over.
bool Eventually(const std::function<bool()>& condition,
                std::chrono::seconds time = std::chrono::seconds(60));

std::string Slurp(const std::filesystem::path& path);
void Spit(const std::filesystem::path& path, const std::string& text);

// Process ids of the direct children of `parent`.
std::vector<pid_t> ChildrenOf(pid_t parent);

}  // namespace muster::test

#endif  // MUSTER_TESTS_SUPPORT_PROCESS_H_
