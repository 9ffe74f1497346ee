// SPDX-License-Identifier: Apache-2.0
#include "server/front/worker_pool.h"

#include <utility>

namespace muster::front {

WorkerPool::WorkerPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerPool::~WorkerPool() { Stop(); }

bool WorkerPool::Post(std::function<void()> task, size_t bytes) {
  const std::lock_guard lock(mutex_);
  // A single task larger than the bound is still taken when it is alone.
  if (stopping_ || tasks_.size() >= kTasksMax || (!tasks_.empty() && bytes_ + bytes > kBytesMax))
    return false;
  tasks_.push_back({std::move(task), bytes});
  bytes_ += bytes;
  changed_.notify_one();
  return true;
}

void WorkerPool::Work() {
  while (true) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task.run();
    task.run = nullptr;  // what it held is gone before it counts as gone
    const std::lock_guard lock(mutex_);
    bytes_ -= task.bytes;
  }
}

void WorkerPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace muster::front
