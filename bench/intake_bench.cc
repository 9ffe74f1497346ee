// SPDX-License-Identifier: Apache-2.0
//
// Intake in the vault, in process: sealed batches of 4,096 records into durable rows (Intake), the
// step after which they count (Finish), and what one worker does with a batch (ReadBatch). The
// argument is the number of batches of an upload; 256 are a million records. Besides the rate there
// is the CPU time a record took over all threads, which other work on the machine does not blur.
#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/pipeline/vault.h"
#include "core/seal/sealer.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/entry.h"
#include "core/token/sketch.h"
#include "tests/support/consortium.h"

namespace muster {
namespace {

using contact::Field;

template <typename T>
T Value(absl::StatusOr<T> result) {
  MUSTER_CHECK(result.ok());
  return *std::move(result);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// What a row of a large CRM's export holds; a few addresses occur twice.
contact::ContactRecord RecordOf(uint32_t row) {
  contact::ContactRecord record;
  record.row = row;
  record.status = contact::Status::kSubscribed;
  const std::string n = std::to_string(row % 1000 == 0 ? row - 1 : row);
  record[Field::kEmail] = "Firstname.Lastname" + n + "@Mail.example.org";
  record[Field::kFirstName] = "Firstname";
  record[Field::kLastName] = "Lastname" + n;
  record[Field::kMobile] = "+1312" + std::to_string(2'000'000 + row % 7'999'999);
  record[Field::kAddress1] = std::to_string(row % 9000) + " North Main Street";
  record[Field::kCity] = "Springfield";
  record[Field::kState] = "IL";
  record[Field::kZip] = "62704";
  record[Field::kTags] = "volunteer, petition 2024";
  record[Field::kSubscribedTime] = "2021-03-04T05:06:07Z";
  record[Field::kActivityTime] = "2024-09-10T11:12:13Z";
  return record;
}

struct SealedUpload {
  UploadId id = test::DrawId<UploadId>();
  std::vector<std::string> batches;
  uint64_t statement_index = 0;
};

class BenchVault {
 public:
  BenchVault() {
    std::string pattern = (std::filesystem::temp_directory_path() / "muster-bench-XXXXXX").string();
    MUSTER_CHECK(::mkdtemp(pattern.data()) != nullptr);
    home_ = pattern;
    (void)Value(keyring::Keyring::Create(home_));
    const auto keys = Value(keyring::Keyring::Open(home_));
    consortium_.vault_sign = keys->sign_key().Clone();
    consortium_.vault_box = Value(crypto::BoxSecretKey::FromBytes(keys->box_key().raw()));
    consortium_.v = Value(crypto::Scalar::FromBytes(keys->holding_key().raw()));
    MUSTER_CHECK(WriteFileDurably(home_ / "log.vkey", consortium_.note_key().Format() + "\n").ok());
    pipeline::VaultOptions options;
    options.home = home_;
    vault_ = Value(pipeline::Vault::Open(options));
    sketch_key_.emplace(vault_->keyring().sketch_key());
    person_.member = test::DrawId<MemberId>();
    person_.m = crypto::Scalar::Random();
    const test::TestInvite invite;
    Append(consortium_.SignedCharter());
    Append(test::TestConsortium::SignBy(
        consortium_.founder, consortium_.Admission(consortium_.founder, invite, person_, "Member",
                                                   true, {v1::ROLE_UPLOADER, v1::ROLE_APPROVER})));
    Append(test::TestConsortium::SignJoin(consortium_.Join(invite, person_), invite, person_));
  }
  ~BenchVault() {
    vault_.reset();
    std::filesystem::remove_all(home_);
  }

  SealedUpload Seal(size_t batch_count, uint32_t first_row) {
    SealedUpload upload;
    seal::SealContext context;
    context.consortium = consortium_.id;
    context.member = *person_.member;
    context.upload = upload.id;
    context.uploader = person_.id;
    const v1::IntakeKey key =
        Value(vault_->OpenIntake(upload.id.Name(), person_.member->Name(), "everyone"));
    context.intake_key = Value(crypto::ParseBoxPublicKey(key.public_key()));
    context.vault_key = consortium_.v.TimesBase();
    context.member_key = person_.m->TimesBase();
    const seal::Sealer sealer(context, &person_.sign);
    std::vector<Bytes32> leaves;
    seal::RecordBlock block;
    uint32_t row = first_row;
    for (uint32_t n = 0; n < batch_count; ++n) {
      block.Clear();
      while (!block.full()) MUSTER_CHECK(block.Add(RecordOf(row++)).ok());
      seal::SealedBatch batch = Value(sealer.Seal(n, block, test::kTestTime));
      leaves.push_back(crypto::MerkleLeaf(batch.signed_part));
      upload.batches.push_back(std::move(batch.envelope));
    }
    v1::Statement statement = consortium_.Upload(person_, upload.id);
    v1::UploadStatement& said = *statement.mutable_upload();
    const auto records = static_cast<int64_t>(batch_count * seal::kBatchRecordsMax);
    said.set_row_count(records);
    said.set_record_count(records);
    said.mutable_files(0)->set_row_count(records);
    said.set_batch_count(static_cast<int64_t>(batch_count));
    said.set_batches_root(ToString(crypto::MerkleRoot(leaves)));
    upload.statement_index = Append(test::TestConsortium::SignBy(person_, statement));
    return upload;
  }

  void Read(const SealedUpload& upload) {
    const auto reading = Value(vault_->Read(upload.id.Name(), nullptr));
    for (size_t n = 0; n < upload.batches.size(); ++n) {
      MUSTER_CHECK(reading->run().Put(static_cast<int64_t>(n), upload.batches[n]).ok());
    }
    MUSTER_CHECK(reading->run().Flush().ok());
  }

  void Finish(const SealedUpload& upload) {
    MUSTER_CHECK(
        vault_->FinishIntake(upload.id.Name(), static_cast<int64_t>(upload.statement_index)).ok());
  }

  pipeline::IntakePlan Plan(const SealedUpload& upload) {
    return {consortium_.id,
            *person_.member,
            upload.id,
            Value(vault_->keyring().ReadIntakeKey(upload.id)),
            consortium_.v.TimesBase(),
            person_.m->TimesBase(),
            &vault_->keyring().token_key(),
            &vault_->keyring().row_key(),
            &*sketch_key_,
            std::nullopt,
            {}};
  }
  const governance::Registry& registry() const { return registry_; }

 private:
  uint64_t Append(const v1::SignedStatement& statement) {
    tlog::Entry entry{crypto::RandomArray<32>(), statement.SerializeAsString()};
    tree_.Append(tlog::EntryLeaf(entry.salt, entry.body));
    const uint64_t index = tree_.size() - 1;
    v1::ObserveEntriesRequest request;
    request.set_first_index(static_cast<int64_t>(index));
    v1::LogEntry& shown = *request.add_entries();
    shown.set_index(static_cast<int64_t>(index));
    shown.set_commitment(ToString(tlog::EntryCommitment(entry.salt, entry.body)));
    shown.set_salt(ToString(entry.salt));
    shown.set_body(entry.body);
    request.set_checkpoint(tlog::SignCheckpoint(
        {consortium_.log_name(), tree_.size(), tree_.Root()}, consortium_.log_key));
    MUSTER_CHECK(vault_->Observe(request).ok());
    MUSTER_CHECK(registry_.Apply(index, Value(governance::VerifyStatement(statement))).ok());
    return index;
  }

  std::filesystem::path home_;
  test::TestConsortium consortium_;
  test::TestPerson person_;
  crypto::MerkleFrontier tree_;
  governance::Registry registry_;
  std::unique_ptr<pipeline::Vault> vault_;
  std::optional<token::SketchKey> sketch_key_;
};

void Count(benchmark::State& state, double cpu_seconds, size_t records) {
  const auto all = static_cast<double>(state.iterations()) * static_cast<double>(records);
  state.counters["contacts/s"] = benchmark::Counter(all, benchmark::Counter::kIsRate);
  state.counters["cpu_us/contact"] = cpu_seconds * 1e6 / all;
}

void BM_ReadBatch(benchmark::State& state) {
  BenchVault vault;
  const SealedUpload upload = vault.Seal(1, 1);
  const pipeline::IntakePlan plan = vault.Plan(upload);
  pipeline::BatchReader reader(&plan);
  const double before = CpuSeconds();
  for (auto _ : state) {
    benchmark::DoNotOptimize(Value(reader.Read(0, upload.batches[0], vault.registry())));
  }
  Count(state, CpuSeconds() - before, seal::kBatchRecordsMax);
}
BENCHMARK(BM_ReadBatch)->Unit(benchmark::kMillisecond);

void BM_Intake(benchmark::State& state) {
  BenchVault vault;
  const auto batches = static_cast<size_t>(state.range(0));
  double cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const SealedUpload upload = vault.Seal(batches, 1);
    state.ResumeTiming();
    const double before = CpuSeconds();
    vault.Read(upload);
    cpu += CpuSeconds() - before;
  }
  Count(state, cpu, batches * seal::kBatchRecordsMax);
}
BENCHMARK(BM_Intake)->Arg(16)->Arg(256)->Iterations(1)->UseRealTime()->Unit(
    benchmark::kMillisecond);

// The second upload of a member: its addresses are merged with those of the first, half of which
// are the same.
void BM_Finish(benchmark::State& state) {
  BenchVault vault;
  const auto batches = static_cast<size_t>(state.range(0));
  const auto records = static_cast<uint32_t>(batches * seal::kBatchRecordsMax);
  const SealedUpload first = vault.Seal(batches, 1);
  vault.Read(first);
  vault.Finish(first);
  double cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const SealedUpload upload = vault.Seal(batches, 1 + records / 2);
    vault.Read(upload);
    state.ResumeTiming();
    const double before = CpuSeconds();
    vault.Finish(upload);
    cpu += CpuSeconds() - before;
  }
  Count(state, cpu, records);
}
BENCHMARK(BM_Finish)->Arg(16)->Arg(256)->Iterations(1)->UseRealTime()->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace muster
