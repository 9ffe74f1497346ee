// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "cli/table.h"

namespace muster::cli {
namespace {

std::string TimeLeft(double seconds) {
  if (seconds < 60) return std::to_string(static_cast<int>(std::ceil(seconds))) + " s left";
  return ForPeople(seconds) + " left";
}

}  // namespace

std::string ProgressLine(const std::string& label, const ProgressState& state, double seconds) {
  constexpr int kWidth = 24;
  const double share = std::clamp(state.share, 0.0, 1.0);
  const int filled = static_cast<int>(share * kWidth);
  std::string line = label + "  [" + std::string(static_cast<size_t>(filled), '#') +
                     std::string(static_cast<size_t>(kWidth - filled), '.') + "] " +
                     std::to_string(static_cast<int>(share * 100)) + "%";
  if (state.contacts > 0) line += "  " + WithCommas(state.contacts) + " contacts";
  // The first moments say nothing about the rest.
  if (seconds < 0.5 || share <= 0.001) return line;
  if (state.contacts > 0)
    line += "  " + WithCommas(std::llround(static_cast<double>(state.contacts) / seconds)) + "/s";
  if (share < 1) line += "  " + TimeLeft(seconds * (1 - share) / share);
  return line;
}

Progress::Progress(Console& console, std::string label, std::function<ProgressState()> state)
    : console_(console), label_(std::move(label)), state_(std::move(state)) {
  if (console_.shows_progress()) thread_ = std::thread([this] { Show(); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
  console_.Progress("");
}

void Progress::Show() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, std::chrono::milliseconds(100), [&] { return over_; })) {
    const std::chrono::duration<double> seconds = Clock::now() - begin;
    console_.Progress(ProgressLine(label_, state_(), seconds.count()));
  }
}

}  // namespace muster::cli
