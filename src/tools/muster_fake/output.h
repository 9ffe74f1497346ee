// SPDX-License-Identifier: Apache-2.0
//
// OutputFile, and RunOrdered: chunks made on all threads, written in order, so that a file does not
// depend on their number.
//
// Errors: INTERNAL, PERMISSION_DENIED or RESOURCE_EXHAUSTED, naming the path and what the system
// said.
// Threads: an OutputFile belongs to one thread at a time.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_OUTPUT_H_
#define MUSTER_TOOLS_MUSTER_FAKE_OUTPUT_H_

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"

namespace muster::fake {

class OutputFile {
 public:
  OutputFile() = default;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  // Makes the folder and the file, or empties it.
  absl::Status Open(const std::filesystem::path& path);
  absl::Status Append(std::string_view bytes);
  // The last word on whether everything was written.
  absl::Status Close();

 private:
  absl::Status Flush();

  std::filesystem::path path_;
  std::string buffer_;
  int fd_ = -1;
};

// For chunk = 0, 1, ... `chunks`-1: produce(chunk, scratch) on any thread, then consume(scratch) ->
// absl::Status, one at a time and in order. Stops at the first error. Each thread reuses one
// Scratch.
template <typename Scratch, typename Produce, typename Consume>
absl::Status RunOrdered(unsigned threads, uint64_t chunks, Produce produce, Consume consume) {
  std::mutex mutex;
  std::condition_variable moved;
  uint64_t next = 0, turn = 0;
  absl::Status status;
  const auto work = [&] {
    Scratch scratch;
    std::unique_lock lock(mutex);
    while (status.ok() && next < chunks) {
      const uint64_t chunk = next++;
      lock.unlock();
      produce(chunk, scratch);
      lock.lock();
      moved.wait(lock, [&] { return turn == chunk || !status.ok(); });
      if (!status.ok()) break;
      // Nobody else has this turn, so the others may go on making their chunks meanwhile.
      lock.unlock();
      absl::Status consumed = consume(scratch);
      lock.lock();
      if (!consumed.ok()) status = consumed;
      ++turn;
      moved.notify_all();
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 1; i < threads; ++i) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return status;
}

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_OUTPUT_H_
