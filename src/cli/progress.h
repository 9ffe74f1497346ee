// SPDX-License-Identifier: Apache-2.0
//
// Progress: a bar on a terminal with rate and time left; nothing anywhere else.
//
// Threads: the bar has a thread of its own and asks `state`, which must be safe to call from it.
#ifndef MUSTER_CLI_PROGRESS_H_
#define MUSTER_CLI_PROGRESS_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "cli/console.h"

namespace muster::cli {

struct ProgressState {
  double share = 0;      // done, 0 to 1
  int64_t contacts = 0;  // done so far: the rate's unit
};

// "sending  [#####.....]  48%  480,000 contacts  310,000/s  2 s left"
std::string ProgressLine(const std::string& label, const ProgressState& state, double seconds);

class Progress {
 public:
  Progress(Console& console, std::string label, std::function<ProgressState()> state);
  ~Progress();  // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void Show();
  Console& console_;
  const std::string label_;
  const std::function<ProgressState()> state_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_PROGRESS_H_
