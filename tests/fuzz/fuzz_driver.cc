// SPDX-License-Identifier: Apache-2.0
//
// fuzz_targets TARGET [CORPUS] [--seconds N] [--seed N]: runs a fuzz target without libFuzzer, as
// every build and every sanitizer can: first over the corpus as it is, then over changed and
// spliced units of it for a bounded time. Without TARGET: the names there are.
//
// The seed is drawn anew each time and printed; --seed gives the same inputs in the same order.
// What an input breaks is told with the seed, and the input is written to TARGET.crash in the
// working directory. An input that takes longer than kInputSecondsMax is a failure like any other.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/file.h"
#include "core/crypto/secret_bytes.h"
#include "tests/fuzz/fuzz_targets.h"

// There when the program is linked with a sanitizer that ends it in its own way.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace muster::fuzz {
namespace {

constexpr size_t kInputBytesMax = 64 << 10;
constexpr unsigned kInputSecondsMax = 20;
constexpr int kChangesMax = 6;

// What runs now, for the handlers, which may allocate nothing.
struct Running {
  const char* target = "";
  const char* data = nullptr;
  size_t size = 0;
  uint64_t seed = 0;
  uint64_t count = 0;
  char crash_file[256] = {};
} running;

void Tell() {
  if (running.data == nullptr) return;
  const int file = ::open(running.crash_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file >= 0) {
    (void)!::write(file, running.data, running.size);
    ::close(file);
  }
  char line[512];
  const int length =
      std::snprintf(line, sizeof line,
                    "%s: input %" PRIu64 " of seed %" PRIu64 " (%zu bytes) fails; it is in %s\n",
                    running.target, running.count, running.seed, running.size, running.crash_file);
  if (length > 0) (void)!::write(STDERR_FILENO, line, static_cast<size_t>(length));
  running.data = nullptr;
}

void OnSignal(int signal) {
  if (signal == SIGALRM) {
    constexpr std::string_view kSlow = "an input takes too long\n";
    (void)!::write(STDERR_FILENO, kSlow.data(), kSlow.size());
  }
  Tell();
  ::signal(SIGABRT, SIG_DFL);
  ::abort();
}

void Run(const Target& target, std::string_view input) {
  // A copy of its very size, so that a read past its end is one past an allocation.
  std::vector<char> bytes(input.begin(), input.end());
  running.data = bytes.data();
  running.size = bytes.size();
  ++running.count;
  ::alarm(kInputSecondsMax);
  (void)target.run(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  ::alarm(0);
  running.data = nullptr;
}

class Mutator {
 public:
  Mutator(std::vector<std::string> corpus, uint64_t seed)
      : corpus_(std::move(corpus)), random_(seed) {}

  std::string Next() {
    std::string input = Pick();
    const auto changes = 1 + Below(kChangesMax);
    for (uint64_t i = 0; i < changes; ++i) Change(input);
    if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
    return input;
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  const std::string& Pick() { return corpus_[Below(corpus_.size())]; }

  void Change(std::string& input) {
    // Edges of the integers, and what texts are made of.
    static constexpr std::string_view kBytes("\x00\x01\x7f\x80\xff\n\r\t ,\"+-/=09Az", 20);
    if (input.empty()) input.push_back(kBytes[Below(kBytes.size())]);
    const size_t at = Below(input.size());
    const size_t length = 1 + Below(std::min<size_t>(input.size() - at, 16));
    switch (Below(9)) {
      case 0:
        input[at] = static_cast<char>(input[at] ^ (1 << Below(8)));
        break;
      case 1:
        input[at] = static_cast<char>(Below(256));
        break;
      case 2:
        input[at] = kBytes[Below(kBytes.size())];
        break;
      case 3:
        input.insert(at, 1, kBytes[Below(kBytes.size())]);
        break;
      case 4:
        input.erase(at, length);
        break;
      case 5:  // a piece once more
        input.insert(at, input.substr(at, length));
        break;
      case 6: {  // a piece of another unit
        const std::string& other = Pick();
        if (other.empty()) break;
        const size_t from = Below(other.size());
        input.insert(at, other.substr(from, 1 + Below(64)));
        break;
      }
      case 7:  // the head of this, the tail of another
        input.resize(at);
        if (const std::string& other = Pick(); !other.empty()) {
          input += other.substr(Below(other.size()));
        }
        break;
      default:
        input.resize(at);
    }
  }

  const std::vector<std::string> corpus_;
  std::mt19937_64 random_;
};

std::vector<std::string> ReadCorpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> units;
  for (const auto& path : paths) {
    auto bytes = ReadFile(path);
    if (!bytes.ok()) {
      std::fprintf(stderr, "%s cannot be read\n", path.c_str());
      std::exit(2);
    }
    units.push_back(*std::move(bytes));
  }
  return units;
}

int Usage() {
  std::fprintf(stderr, "fuzz_targets TARGET [CORPUS] [--seconds N] [--seed N]\ntargets:");
  for (const Target& target : kTargets) std::fprintf(stderr, " %s", target.name);
  std::fprintf(stderr, "\n");
  return 2;
}

int Main(const std::vector<std::string_view>& arguments) {
  std::vector<std::string_view> names;
  uint64_t seconds = 1;
  uint64_t seed = std::random_device()();
  for (size_t i = 0; i < arguments.size(); ++i) {
    uint64_t* const number = arguments[i] == "--seconds" ? &seconds
                             : arguments[i] == "--seed"  ? &seed
                                                         : nullptr;
    if (number == nullptr) {
      names.push_back(arguments[i]);
      continue;
    }
    if (++i == arguments.size()) return Usage();
    const std::string_view text = arguments[i];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    if (error != std::errc() || end != text.data() + text.size()) return Usage();
  }
  if (names.empty() || names.size() > 2) return Usage();
  const auto target = std::find_if(std::begin(kTargets), std::end(kTargets),
                                   [&](const Target& t) { return t.name == names[0]; });
  if (target == std::end(kTargets)) return Usage();

  crypto::Init();
  std::vector<std::string> corpus;
  if (names.size() == 2) corpus = ReadCorpus(names[1]);
  std::printf("%s: %zu units, seed %" PRIu64 "\n", target->name, corpus.size(), seed);
  std::fflush(stdout);
  running.target = target->name;
  running.seed = seed;
  std::snprintf(running.crash_file, sizeof running.crash_file, "%s.crash", target->name);
  for (const int signal : {SIGABRT, SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    // A sanitizer has handlers of its own for faults, and calls back.
    if (__sanitizer_set_death_callback == nullptr || signal == SIGALRM || signal == SIGABRT) {
      ::signal(signal, OnSignal);
    }
  }
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(Tell);

  Run(*target, {});
  for (const std::string& unit : corpus) Run(*target, unit);
  if (corpus.empty()) corpus.emplace_back();
  Mutator mutator(std::move(corpus), seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < end) Run(*target, mutator.Next());
  std::printf("%s: %" PRIu64 " inputs\n", target->name, running.count);
  return 0;
}

}  // namespace
}  // namespace muster::fuzz

int main(int argc, char** argv) {
  return muster::fuzz::Main(std::vector<std::string_view>(argv + 1, argv + argc));
}
