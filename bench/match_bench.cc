// SPDX-License-Identifier: Apache-2.0
//
// The match engine's stages: fields to sketch, sketches to patterns, patterns to odds.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/crypto/secret_bytes.h"
#include "core/match/compare.h"
#include "core/match/link.h"
#include "core/match/model.h"
#include "core/token/sketch.h"

namespace muster {
namespace {

// Made-up people over a few thousand names; the same on every run.
struct People {
  explicit People(size_t count) {
    std::mt19937_64 random(7);
    const auto number = [&random](uint64_t below) { return random() % below; };
    const auto word = [&](uint64_t of, size_t size) {
      std::mt19937_64 letters(number(of) * number(of) / of + size * 1000003);
      std::string text;
      for (size_t i = 0; i < size; ++i) text.push_back(static_cast<char>('A' + letters() % 26));
      return text;
    };
    for (size_t i = 0; i < count; ++i) {
      texts.push_back({word(2000, 4 + number(4)), word(2000, 1), word(20000, 5 + number(5)),
                       std::to_string(1930 + number(75)) + "-0" + std::to_string(1 + number(9)) +
                           "-1" + std::to_string(number(10)),
                       std::to_string(1 + number(9999)) + " " + word(300, 7) + " Street",
                       "City" + word(50, 4), std::to_string(27000 + number(900))});
    }
  }
  std::vector<std::array<std::string, 7>> texts;
};

token::PersonText TextOf(const std::array<std::string, 7>& t) {
  token::PersonText person;
  person.first = t[0];
  person.middle = t[1];
  person.last = t[2];
  person.birth_date = t[3];
  person.address1 = t[4];
  person.city = t[5];
  person.zip = t[6];
  return person;
}

const token::SketchKey& Key() {
  static const auto* key = new token::SketchKey(crypto::SecretBytes::Zeroed(32));
  return *key;
}

std::vector<token::Sketch> Rows(size_t count) {
  const People people(count);
  token::Sketcher sketcher(&Key());
  std::vector<token::Sketch> rows(count);
  for (size_t i = 0; i < count; ++i) sketcher.Make(TextOf(people.texts[i]), rows[i]);
  return rows;
}

void Rate(benchmark::State& state, const char* what, double count) {
  state.counters[what] = benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate);
}

void BM_Sketch(benchmark::State& state) {
  const People people(8192);
  token::Sketcher sketcher(&Key());
  token::Sketch row;
  for (auto _ : state) {
    for (const auto& text : people.texts) {
      sketcher.Make(TextOf(text), row);
      benchmark::DoNotOptimize(row);
    }
  }
  Rate(state, "rows/s", static_cast<double>(people.texts.size()));
}
BENCHMARK(BM_Sketch);

// Rows that lie in the cache, each beside each.
void BM_CompareBlock(benchmark::State& state) {
  const auto kernel = static_cast<match::Kernel>(state.range(0));
  if (!match::IsSupported(kernel)) return state.SkipWithError("not on this processor");
  const std::vector<token::Sketch> rows = Rows(512);
  std::vector<match::Pattern> patterns(rows.size());
  for (auto _ : state) {
    for (const token::Sketch& row : rows) {
      match::CompareOne(row, rows, patterns.data(), kernel);
      benchmark::DoNotOptimize(patterns.data());
    }
  }
  state.SetLabel(std::string(match::KernelName(kernel)));
  Rate(state, "pairs/s", static_cast<double>(rows.size() * rows.size()));
}
BENCHMARK(BM_CompareBlock)->DenseRange(0, 2);

// Candidates all over a table that no cache holds.
void BM_CompareCandidates(benchmark::State& state) {
  const auto kernel = static_cast<match::Kernel>(state.range(0));
  if (!match::IsSupported(kernel)) return state.SkipWithError("not on this processor");
  const std::vector<token::Sketch> few = Rows(4096);
  std::vector<token::Sketch> left(size_t{1} << 20);
  for (size_t i = 0; i < left.size(); ++i) left[i] = few[i % few.size()];
  std::mt19937_64 random(11);
  std::vector<match::Candidate> candidates(size_t{1} << 16);
  for (match::Candidate& candidate : candidates) {
    candidate.left = static_cast<uint32_t>(random() % left.size());
    candidate.right = static_cast<uint32_t>(random() % few.size());
  }
  std::vector<match::Pattern> patterns(candidates.size());
  for (auto _ : state) {
    match::CompareCandidates(left.data(), few.data(), candidates, patterns.data(), kernel);
    benchmark::DoNotOptimize(patterns.data());
  }
  state.SetLabel(std::string(match::KernelName(kernel)));
  Rate(state, "pairs/s", static_cast<double>(candidates.size()));
}
BENCHMARK(BM_CompareCandidates)->DenseRange(0, 2);

void BM_Link(benchmark::State& state) {
  const std::vector<token::Sketch> right = Rows(static_cast<size_t>(state.range(0)));
  const std::vector<token::Sketch> left(
      right.begin(), right.begin() + static_cast<std::ptrdiff_t>(right.size() / 10));
  match::LinkOptions options;
  options.threads = 1;
  options.all_pairs_max = 0;
  double pairs = 0;
  for (auto _ : state) {
    const auto result = match::Link(left, match::SketchSpan(right), options);
    pairs = static_cast<double>(result->pairs_compared);
    benchmark::DoNotOptimize(result);
  }
  Rate(state, "right rows/s", static_cast<double>(right.size()));
  Rate(state, "pairs/s", pairs);
}
BENCHMARK(BM_Link)->Arg(20000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster
