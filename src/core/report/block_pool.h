// SPDX-License-Identifier: Apache-2.0
//
// BlockPool: entries of a coalition report, hashed, parsed and their signatures checked on several
// threads, and handed back in the order in which their blocks were put in.
//
// Threads: Put and Take from one; the pool's own end with it.
#ifndef MUSTER_CORE_REPORT_BLOCK_POOL_H_
#define MUSTER_CORE_REPORT_BLOCK_POOL_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "core/base/bytes.h"
#include "core/governance/statement.h"

namespace muster::report {

struct ReadEntry {
  Bytes32 leaf{};
  governance::VerifiedStatement statement;
  // Not empty: a later version's kind, and `statement` is not set.
  std::string later_kind;
  // The report has only the entry's commitment.
  bool closed = false;
};

struct ReadBlock {
  int64_t first_index = 0;
  // Salts, bodies and commitments, and those of the last entry alone.
  size_t bytes = 0;
  size_t last_bytes = 0;
  std::vector<ReadEntry> entries;
  // Of the first entry that does not hold, which would stand behind `entries`.
  absl::Status status;
};

class BlockPool {
 public:
  explicit BlockPool(int threads);
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  void Put(std::string payload);
  // The oldest block that was not taken yet; waits for it.
  ReadBlock Take();
  size_t waiting() const { return order_.size(); }
  // More than this waiting keeps nobody busier.
  size_t capacity() const { return threads_.size() + 1; }

 private:
  struct Job {
    std::string payload;
    ReadBlock block;
    bool done = false;
  };
  void Run();

  std::mutex mutex_;
  std::condition_variable turn_;
  std::deque<Job*> to_do_;
  bool ending_ = false;
  std::deque<std::unique_ptr<Job>> order_;  // the caller's thread only
  std::vector<std::thread> threads_;
};

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_BLOCK_POOL_H_
