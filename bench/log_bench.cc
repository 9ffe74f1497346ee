// SPDX-License-Identifier: Apache-2.0
//
// Appending to the log as musterd does: entries of 300 bytes, each append durable (synced) and
// under a signed checkpoint before it returns. Threads append at the same time and share commits;
// the argument is the number of entries that each brings at once. And opening logs of different
// lengths.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "core/base/check.h"
#include "core/crypto/password.h"
#include "core/store/log_store.h"

namespace muster {
namespace {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "log-bench-XXXXXX").string();
    MUSTER_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::vector<tlog::Entry> Entries(size_t count) {
  std::vector<tlog::Entry> entries(count);
  for (tlog::Entry& entry : entries) {
    entry.salt = crypto::RandomArray<32>();
    entry.body.assign(300, 'e');
  }
  return entries;
}

struct OpenLog {
  explicit OpenLog(const std::filesystem::path& path, crypto::SigningKey key) {
    store = *store::LogStore::Open(path);
    log = *tlog::Log::Open(store.get(), std::move(key), "example.com/log");
  }
  std::unique_ptr<store::LogStore> store;
  std::unique_ptr<tlog::Log> log;
};

std::unique_ptr<Folder> shared_folder;
std::unique_ptr<OpenLog> shared_log;

void BM_Append(benchmark::State& state) {
  if (state.thread_index() == 0) {
    shared_folder = std::make_unique<Folder>();
    shared_log = std::make_unique<OpenLog>(shared_folder->path(), crypto::SigningKey::Generate());
  }
  const auto count = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    MUSTER_CHECK(shared_log->log->Append(Entries(count)).ok());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  if (state.thread_index() == 0) {
    shared_log.reset();
    shared_folder.reset();
  }
}
BENCHMARK(BM_Append)->Arg(1)->Threads(1)->UseRealTime();
BENCHMARK(BM_Append)->Arg(1)->Threads(12)->UseRealTime();
BENCHMARK(BM_Append)->Arg(100)->Threads(1)->UseRealTime();
BENCHMARK(BM_Append)->Arg(1000)->Threads(1)->UseRealTime();
BENCHMARK(BM_Append)->Arg(1000)->Threads(2)->UseRealTime();

void BM_Open(benchmark::State& state) {
  const Folder folder;
  const crypto::SigningKey key = crypto::SigningKey::Generate();
  {
    OpenLog open(folder.path(), key.Clone());
    for (int64_t size = 0; size < state.range(0); size += 1000) {
      MUSTER_CHECK(open.log->Append(Entries(1000)).ok());
    }
  }
  const auto store = *store::LogStore::Open(folder.path());
  for (auto _ : state) {
    auto log = tlog::Log::Open(store.get(), key.Clone(), "example.com/log");
    MUSTER_CHECK(log.ok());
    benchmark::DoNotOptimize(log);
  }
}
BENCHMARK(BM_Open)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace muster
