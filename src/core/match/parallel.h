// SPDX-License-Identifier: Apache-2.0
//
// RunParts: numbered parts of one job over a few threads. Which thread takes which part is chance;
// what comes of it must not be: results are kept by part, or added where the order is no matter.
//
// Threads: `act(part, thread)` runs on several at once; RunParts returns when all parts are done.
#ifndef MUSTER_CORE_MATCH_PARALLEL_H_
#define MUSTER_CORE_MATCH_PARALLEL_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace muster::match {

template <typename Act>
void RunParts(unsigned threads, size_t parts, Act act) {
  const auto workers = static_cast<unsigned>(std::min<size_t>(std::max(threads, 1u), parts));
  if (workers <= 1) {
    for (size_t part = 0; part < parts; ++part) act(part, 0u);
    return;
  }
  std::atomic<size_t> next{0};
  const auto work = [&](unsigned thread) {
    for (size_t part = next++; part < parts; part = next++) act(part, thread);
  };
  std::vector<std::thread> others;
  for (unsigned thread = 1; thread < workers; ++thread) others.emplace_back(work, thread);
  work(0);
  for (std::thread& other : others) other.join();
}

}  // namespace muster::match

#endif  // MUSTER_CORE_MATCH_PARALLEL_H_
