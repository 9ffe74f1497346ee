// SPDX-License-Identifier: Apache-2.0
//
// Sealing and opening batches of 4,096 records, as an upload and its intake do. The argument is the
// size of an encoded record in bytes.
#include <benchmark/benchmark.h>

#include <string>

#include "core/base/check.h"
#include "core/seal/key_wrap.h"
#include "core/seal/opener.h"
#include "core/seal/sealer.h"

namespace muster {
namespace {

contact::ContactRecord RecordOf(uint32_t row, size_t bytes) {
  contact::ContactRecord record;
  record.row = row;
  record.status = contact::Status::kSubscribed;
  record[contact::Field::kEmail] = "person" + std::to_string(row) + "@example.org";
  const size_t taken = 7 + 3 + record[contact::Field::kEmail].size() + 3;
  record[contact::Field::kTags].assign(bytes - taken, 't');
  return record;
}

struct Batch {
  explicit Batch(size_t record_bytes) {
    for (uint32_t row = 1; !block.full(); ++row) {
      MUSTER_CHECK(block.Add(RecordOf(row, record_bytes)).ok());
    }
    context.intake_key = intake.public_key();
    context.vault_key = crypto::Scalar::Random().TimesBase();
    context.member_key = crypto::Scalar::Random().TimesBase();
  }
  std::string Seal() const { return seal::Sealer(context, &key).Seal(0, block, 1)->envelope; }

  crypto::SigningKey key = crypto::SigningKey::Generate();
  crypto::BoxSecretKey intake = crypto::BoxSecretKey::Generate();
  seal::SealContext context;
  seal::RecordBlock block;
};

void Count(benchmark::State& state, size_t envelope_bytes) {
  const auto records = static_cast<double>(state.iterations()) * seal::kBatchRecordsMax;
  state.counters["records/s"] = benchmark::Counter(records, benchmark::Counter::kIsRate);
  state.counters["bytes/record"] =
      benchmark::Counter(static_cast<double>(envelope_bytes) / seal::kBatchRecordsMax,
                         benchmark::Counter::kAvgThreads);
}

void BM_AddRecords(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const contact::ContactRecord record = RecordOf(1, bytes);
  seal::RecordBlock block;
  for (auto _ : state) {
    block.Clear();
    while (!block.full()) benchmark::DoNotOptimize(block.Add(record));
  }
  Count(state, bytes * seal::kBatchRecordsMax);
}

void BM_Seal(benchmark::State& state) {
  const Batch batch(static_cast<size_t>(state.range(0)));
  size_t envelope_bytes = 0;
  for (auto _ : state) envelope_bytes = batch.Seal().size();
  Count(state, envelope_bytes);
}

void BM_ParseAndVerify(benchmark::State& state) {
  const Batch batch(static_cast<size_t>(state.range(0)));
  const std::string bytes = batch.Seal();
  for (auto _ : state) {
    const seal::Envelope envelope = *seal::ParseEnvelope(bytes);
    MUSTER_CHECK(seal::VerifyEnvelopeSignature(envelope, batch.key.verify_key()).ok());
    MUSTER_CHECK(seal::VerifyEnvelopeRoot(envelope).ok());
  }
  Count(state, bytes.size());
}

void BM_Open(benchmark::State& state) {
  const Batch batch(static_cast<size_t>(state.range(0)));
  const std::string bytes = batch.Seal();
  const seal::Envelope envelope = *seal::ParseEnvelope(bytes);
  contact::ContactRecord record;
  for (auto _ : state) {
    const crypto::SecretBytes dek = *seal::UnwrapForIntake(
        envelope.intake_wrap, batch.intake, envelope.header_bytes, envelope.header.dek_hash);
    seal::Opener opener(envelope, dek);
    for (uint32_t i = 0; i < envelope.header.record_count; ++i) {
      MUSTER_CHECK(opener.Open(i, record).ok());
    }
  }
  Count(state, bytes.size());
}

void BM_EraseIntakeWrap(benchmark::State& state) {
  const Batch batch(static_cast<size_t>(state.range(0)));
  const std::string bytes = batch.Seal();
  for (auto _ : state) benchmark::DoNotOptimize(seal::EraseIntakeWrap(bytes));
  Count(state, bytes.size());
}

BENCHMARK(BM_AddRecords)->Arg(160);
BENCHMARK(BM_Seal)->Arg(100)->Arg(160)->Arg(250)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Seal)
    ->Name("BM_Seal/two_threads")
    ->Arg(160)
    ->Threads(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ParseAndVerify)->Arg(160)->Arg(250)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Open)->Arg(160)->Arg(250)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_EraseIntakeWrap)->Arg(160)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster
