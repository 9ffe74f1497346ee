// SPDX-License-Identifier: Apache-2.0
//
// Intake run: one reading of an upload's batches, from the first that is not durable yet. Worker
// threads open batches; a collector sorts their rows and loads them with the durable count in one
// step, so that a crash anywhere costs work and nothing else.
//
// Rules: batches are put in order without gaps; their rows become durable in order, about
// kChunkRows at a time, or earlier when asked (Flush) or when nothing comes for kIdle. Loading a
// chunk twice gives the same rows. Memory is bounded whatever the upload's size.
// Errors: FAILED_PRECONDITION (BATCH_OUT_OF_ORDER, with "expected" in the details); those of
// batch_reader.h and store/database.h. After an error the run is over; what was durable stays.
// Threads: Put, Flush and the destructor belong to one thread; Abort and durable_count may be
// called from anywhere. `on_progress` is called from the run's own thread.
#ifndef MUSTER_CORE_PIPELINE_INTAKE_RUN_H_
#define MUSTER_CORE_PIPELINE_INTAKE_RUN_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/merkle.h"
#include "core/pipeline/batch_reader.h"
#include "core/pipeline/log_observer.h"
#include "core/store/vault_store.h"

namespace muster::pipeline {

struct IntakeOptions {
  int worker_count = 2;
  // 64 full batches: about 30 MB of rows, and tables large enough to be loaded at their best speed.
  size_t chunk_rows = size_t{64} * seal::kBatchRecordsMax;
  // Below this a synced batch through the write-ahead log is quicker than making tables, and leaves
  // fewer files.
  size_t bulk_rows_min = 16'384;
  std::chrono::milliseconds idle{500};
};

class IntakeRun {
 public:
  using OnProgress = std::function<void(int64_t durable_batch_count)>;

  static absl::StatusOr<std::unique_ptr<IntakeRun>> Start(store::VaultStore* store,
                                                          const LogObserver* observer,
                                                          IntakePlan plan,
                                                          const IntakeOptions& options,
                                                          OnProgress on_progress);
  // Aborts and waits for the threads.
  ~IntakeRun();

  // Waits while the run has its hands full.
  absl::Status Put(int64_t sequence, std::string envelope);
  // Returns once all that was put is durable.
  absl::Status Flush();
  void Abort();
  int64_t durable_count() const;

 private:
  struct Task {
    int64_t sequence = 0;
    std::string envelope;
  };
  IntakeRun(store::VaultStore* store, const LogObserver* observer, IntakePlan plan,
            const IntakeOptions& options, OnProgress on_progress);
  void Work();
  void Collect();
  void Fail(int64_t sequence, const absl::Status& status);
  absl::Status Commit(std::vector<BatchRows> chunk);

  store::VaultStore* const store_;
  const LogObserver* const observer_;
  const IntakePlan plan_;
  const IntakeOptions options_;
  const OnProgress on_progress_;
  // The collector's alone.
  v1::IntakeRecord record_;
  crypto::MerkleFrontier frontier_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // anything below
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, BatchRows> read_ ABSL_GUARDED_BY(mutex_);  // waiting for the collector
  size_t read_rows_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_put_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_collected_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t durable_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t flush_to_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status outcome_ ABSL_GUARDED_BY(mutex_);
  int64_t failed_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::thread> threads_;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_INTAKE_RUN_H_
