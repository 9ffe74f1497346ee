// SPDX-License-Identifier: Apache-2.0
//
// From a field's text to its normal form and token, as intake does for every record.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/token/address.h"
#include "core/token/normalize.h"
#include "core/token/token.h"

namespace muster {
namespace {

constexpr size_t kTexts = 1024;  // a power of two: more than a few cache lines, less than a cache

template <typename Make>
std::vector<std::string> Texts(Make make) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < kTexts; ++i) texts.push_back(make(std::to_string(i)));
  return texts;
}

template <typename Act>
void Run(benchmark::State& state, const std::vector<std::string>& texts, Act act) {
  size_t i = 0;
  for (auto _ : state) act(texts[i++ % kTexts]);
  state.counters["records/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  state.counters["bytes/record"] = static_cast<double>(bytes) / kTexts;
}

void Normalize(const std::string& text) {
  const auto normal = token::NormalizeEmail(text);
  MUSTER_CHECK(normal.ok());
  benchmark::DoNotOptimize(normal->data());
}

void BM_NormalizeEmail(benchmark::State& state) {
  Run(state, Texts([](const std::string& n) { return "Jane.Doe" + n + "@Example.org"; }),
      Normalize);
}

void BM_NormalizeEmailGmail(benchmark::State& state) {
  Run(state, Texts([](const std::string& n) { return "Jane.Doe" + n + "+news@GMail.com"; }),
      Normalize);
}

void BM_NormalizeEmailUnicode(benchmark::State& state) {
  Run(state, Texts([](const std::string& n) { return "Jos\xc3\x89" + n + "@b\xc3\xbc.example"; }),
      Normalize);
}

void BM_EmailToken(benchmark::State& state) {
  const token::TokenKey key(crypto::SecretBytes::Random(32));
  Run(state, Texts([](const std::string& n) { return "jane.doe" + n + "@example.org"; }),
      [&key](const std::string& text) { benchmark::DoNotOptimize(key.EmailToken(text)); });
}

void BM_NormalizeAndToken(benchmark::State& state) {
  const token::TokenKey key(crypto::SecretBytes::Random(32));
  Run(state, Texts([](const std::string& n) { return "Jane.Doe" + n + "@Example.org"; }),
      [&key](const std::string& text) {
        benchmark::DoNotOptimize(key.EmailToken(*token::NormalizeEmail(text)));
      });
}

void BM_NormalizeName(benchmark::State& state) {
  Run(state, Texts([](const std::string& n) { return "Mary-Ann O'Brien " + n; }),
      [](const std::string& text) { benchmark::DoNotOptimize(token::NormalizeName(text)); });
}

void BM_ParseAddress(benchmark::State& state) {
  token::AddressParts parts;
  Run(state, Texts([](const std::string& n) { return n + " N Saint James Street Apt 3B"; }),
      [&parts](const std::string& text) {
        token::ParseAddress(text, {}, parts);
        benchmark::DoNotOptimize(parts.street.data());
      });
}

void BM_ParseAddressHighway(benchmark::State& state) {
  token::AddressParts parts;
  Run(state, Texts([](const std::string& n) { return n + " County Road 12"; }),
      [&parts](const std::string& text) {
        token::ParseAddress(text, {}, parts);
        benchmark::DoNotOptimize(parts.street.data());
      });
}

void BM_NormalizeStreet(benchmark::State& state) {
  token::AddressParts parts;
  Run(state, Texts([](const std::string& n) { return "Northbourne" + n + " Avenue"; }),
      [&parts](const std::string& text) {
        token::NormalizeStreet(text, parts);
        benchmark::DoNotOptimize(parts.street.data());
      });
}

void BM_NormalizeNameUnicode(benchmark::State& state) {
  Run(state, Texts([](const std::string& n) { return "Jos\xc3\xa9 Mu\xc3\xb1oz " + n; }),
      [](const std::string& text) { benchmark::DoNotOptimize(token::NormalizeName(text)); });
}

void BM_NormalizeState(benchmark::State& state) {
  const std::vector<std::string> some = {"IL", "Illinois", "N. Car.", "washington", "Ontario"};
  Run(state, Texts([&some](const std::string& n) { return some[n.back() % some.size()]; }),
      [](const std::string& text) { benchmark::DoNotOptimize(token::NormalizeState(text)); });
}

BENCHMARK(BM_NormalizeEmail);
BENCHMARK(BM_NormalizeEmailGmail);
BENCHMARK(BM_NormalizeEmailUnicode);
BENCHMARK(BM_EmailToken);
BENCHMARK(BM_NormalizeAndToken);
BENCHMARK(BM_NormalizeName);
BENCHMARK(BM_NormalizeNameUnicode);
BENCHMARK(BM_ParseAddress);
BENCHMARK(BM_ParseAddressHighway);
BENCHMARK(BM_NormalizeStreet);
BENCHMARK(BM_NormalizeState);

}  // namespace
}  // namespace muster
