// SPDX-License-Identifier: Apache-2.0
//
// WorkQueue: hands work from one stage of an upload to the next, never more than `limit` pieces at
// a time, so memory stays flat.
//
// Close: nothing more comes; what is queued is still handed out. Cancel: nothing is handed out any
// more, and pushing returns false.
// Threads: safe from anywhere.
#ifndef MUSTER_CLI_WORK_QUEUE_H_
#define MUSTER_CLI_WORK_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace muster::cli {

template <typename T>
class WorkQueue {
 public:
  explicit WorkQueue(size_t limit) : limit_(limit) {}

  // Waits for room. False when canceled.
  bool Push(T work) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return canceled_ || queue_.size() < limit_; });
    if (canceled_) return false;
    queue_.push_back(std::move(work));
    changed_.notify_all();
    return true;
  }

  // Waits for work. None when closed and empty, or canceled.
  std::optional<T> Pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return canceled_ || closed_ || !queue_.empty(); });
    if (canceled_ || queue_.empty()) return std::nullopt;
    T work = std::move(queue_.front());
    queue_.pop_front();
    changed_.notify_all();
    return work;
  }

  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  void Cancel() {
    const std::lock_guard lock(mutex_);
    canceled_ = true;
    queue_.clear();
    changed_.notify_all();
  }

 private:
  const size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> queue_;
  bool closed_ = false;
  bool canceled_ = false;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_WORK_QUEUE_H_
