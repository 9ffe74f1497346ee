// SPDX-License-Identifier: Apache-2.0
//
// SealLine: the sealing and sending half of an upload. Blocks go in; sealing threads seal, sending
// threads send; little is in flight at a time.
//
// Rule: a sealed batch is recorded (on disk) before it is sent. The first error stops the line;
// Push and Finish then return it.
// Units: memory is bounded by the threads: about a block of plaintext for each sealer, an envelope
// for each sender, and two of each waiting.
// Threads: Push and Finish from one; the two callbacks are called from many at once.
#ifndef MUSTER_CLI_SEAL_LINE_H_
#define MUSTER_CLI_SEAL_LINE_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/work_queue.h"
#include "core/seal/sealer.h"

namespace muster::cli {

class SealLine {
 public:
  using Step =
      std::function<absl::Status(uint32_t sequence, uint32_t records, seal::SealedBatch& batch)>;
  // `sealer` outlives the line.
  SealLine(const seal::Sealer* sealer, int sealing_threads, int sending_threads, Step record,
           Step send);
  ~SealLine();
  SealLine(const SealLine&) = delete;
  SealLine& operator=(const SealLine&) = delete;

  // Takes a block; gives back an empty one.
  absl::StatusOr<seal::RecordBlock> Push(uint32_t sequence, seal::RecordBlock block);
  // Waits until all is sent.
  absl::Status Finish();
  int64_t records_sent() const { return records_sent_.load(std::memory_order_relaxed); }

 private:
  struct Block {
    uint32_t sequence = 0;
    seal::RecordBlock records;
  };
  struct Sealed {
    uint32_t sequence = 0;
    uint32_t records = 0;
    seal::SealedBatch batch;
  };
  void SealBlocks();
  void SendBatches();
  void Fail(const absl::Status& status);
  absl::Status status() const;
  void Join();

  const seal::Sealer* const sealer_;
  const Step record_;
  const Step send_;
  WorkQueue<Block> blocks_{2};
  WorkQueue<Sealed> sealed_{2};
  std::vector<std::thread> sealing_;
  std::vector<std::thread> sending_;
  std::atomic<int64_t> records_sent_{0};
  mutable std::mutex mutex_;
  absl::Status status_;
  std::vector<seal::RecordBlock> empty_;  // wiped, with their capacity
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_SEAL_LINE_H_
