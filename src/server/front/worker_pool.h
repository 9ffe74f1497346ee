// SPDX-License-Identifier: Apache-2.0
//
// WorkerPool: our own threads for work that blocks (fsync, proofs, the vault), so that gRPC's
// threads never do.
//
// Rule: bounded in tasks and in bytes that the tasks hold; beyond that Post refuses, and the caller
// says SERVER_BUSY.
// Threads: safe from anywhere. Stop runs what is queued, then joins.
#ifndef MUSTER_SERVER_FRONT_WORKER_POOL_H_
#define MUSTER_SERVER_FRONT_WORKER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"

namespace muster::front {

class WorkerPool {
 public:
  static constexpr size_t kTasksMax = 1024;
  static constexpr size_t kBytesMax = size_t{96} << 20;

  explicit WorkerPool(int threads);
  ~WorkerPool();
  // False when the pool is full or stopped; the task was not taken then. `bytes`: what it holds
  // while it waits.
  [[nodiscard]] bool Post(std::function<void()> task, size_t bytes = 0);
  void Stop();

 private:
  struct Task {
    std::function<void()> run;
    size_t bytes;
  };
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_WORKER_POOL_H_
