// SPDX-License-Identifier: Apache-2.0
//
// What is done once or more for every record, signature or token. The argument is a size in bytes,
// or a number of leaves.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "core/crypto/aead.h"
#include "core/crypto/hash.h"
#include "core/crypto/merkle.h"
#include "core/crypto/signature.h"
#include "core/crypto/signature_batch.h"

namespace muster::crypto {
namespace {

void Rate(benchmark::State& state, const char* what, double each = 1) {
  state.counters[what] = benchmark::Counter(static_cast<double>(state.iterations()) * each,
                                            benchmark::Counter::kIsRate);
}

std::string Bytes(const benchmark::State& state) {
  return std::string(static_cast<size_t>(state.range(0)), 'x');
}

void BM_MerkleLeaf(benchmark::State& state) {
  const std::string entry = Bytes(state);
  for (auto _ : state) benchmark::DoNotOptimize(MerkleLeaf(entry));
  Rate(state, "leaves/s");
}
BENCHMARK(BM_MerkleLeaf)->Arg(32)->Arg(272);

void BM_MerkleRoot(benchmark::State& state) {
  const std::vector<Bytes32> leaves(static_cast<size_t>(state.range(0)), MerkleLeaf("leaf"));
  for (auto _ : state) benchmark::DoNotOptimize(MerkleRoot(leaves));
  Rate(state, "leaves/s", static_cast<double>(state.range(0)));
}
BENCHMARK(BM_MerkleRoot)->Arg(4096);

void BM_AeadSealCounter(benchmark::State& state) {
  const SecretBytes key = SecretBytes::Random(kAeadKeyBytes);
  const std::string aad(36, 'a');
  const std::string text = Bytes(state);
  std::string out;
  uint64_t index = 0;
  for (auto _ : state) {
    out.clear();
    AeadSealCounter(key, index++, aad, text, out);
    benchmark::DoNotOptimize(out.data());
  }
  Rate(state, "records/s");
}
BENCHMARK(BM_AeadSealCounter)->Arg(256);

void BM_AeadOpenCounter(benchmark::State& state) {
  const SecretBytes key = SecretBytes::Random(kAeadKeyBytes);
  const std::string aad(36, 'a');
  std::string sealed;
  AeadSealCounter(key, 7, aad, Bytes(state), sealed);
  WipedString out;
  for (auto _ : state) benchmark::DoNotOptimize(AeadOpenCounter(key, 7, aad, sealed, out).ok());
  Rate(state, "records/s");
}
BENCHMARK(BM_AeadOpenCounter)->Arg(256);

void BM_KeyedHash256(benchmark::State& state) {
  const SecretBytes key = SecretBytes::Random(32);
  const std::string text = Bytes(state);
  for (auto _ : state) benchmark::DoNotOptimize(KeyedHash256(key, {text}));
  Rate(state, "hashes/s");
}
BENCHMARK(BM_KeyedHash256)->Arg(24);

void BM_Sign(benchmark::State& state) {
  const SigningKey key = SigningKey::Generate();
  for (auto _ : state) benchmark::DoNotOptimize(key.Sign("muster/bench/v1\n", "message"));
  Rate(state, "signatures/s");
}
BENCHMARK(BM_Sign);

void BM_Verify(benchmark::State& state) {
  const SigningKey key = SigningKey::Generate();
  const std::string signature = key.Sign("muster/bench/v1\n", "message");
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        Verify(key.verify_key(), "muster/bench/v1\n", "message", signature).ok());
  }
  Rate(state, "signatures/s");
}
BENCHMARK(BM_Verify);

// Entries of a log: statements of 400 bytes by a handful of people.
void BM_VerifyBatch(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<SigningKey> keys;
  for (int i = 0; i < 8; ++i) keys.push_back(SigningKey::Generate());
  const std::string message(400, 'm');
  std::vector<std::string> signatures;
  for (size_t i = 0; i < count; ++i)
    signatures.push_back(keys[i % keys.size()].Sign("muster/bench/v1\n", message));
  for (auto _ : state) {
    SignatureBatch batch;
    for (size_t i = 0; i < count; ++i)
      batch.Add(keys[i % keys.size()].verify_key(), "muster/bench/v1\n", message, signatures[i]);
    if (!batch.Verify()) state.SkipWithError("a good batch does not hold");
  }
  Rate(state, "signatures/s", static_cast<double>(count));
}
BENCHMARK(BM_VerifyBatch)->Arg(64)->Arg(1024)->Arg(4096);

}  // namespace
}  // namespace muster::crypto
