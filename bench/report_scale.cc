// SPDX-License-Identifier: Apache-2.0
//
// report_scale [ENTRIES] [FOLDER]: makes a coalition report over so many entries (1,000,000 unless
// said) of thirty members, has muster-audit verify it in a process of its own, and prints one JSON
// object: size, seconds, processor seconds and the most memory that process held.
//
// Of ten entries four are uploads, four the vault's word on them, one a withdrawal and one the
// vault's word on that; every statement, signature and sampled batch is real.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "core/base/check.h"
#include "core/crypto/hash.h"
#include "core/crypto/merkle.h"
#include "core/governance/statement.h"
#include "core/report/coalition.h"
#include "core/report/provenance.h"
#include "core/report/sample.h"
#include "tests/core/report/report_fixture.h"

namespace muster::report {
namespace {

constexpr size_t kMembers = 30;

struct MadeUpload {
  std::string name;
  size_t member = 0;
  v1::BatchRecord batch;  // unsigned: only what is sampled is signed
};

// One sealed batch of `records` records, as far as a report shows one.
v1::BatchRecord MakeBatch(const Consortium& pool, const Organization& by, const UploadId& upload,
                          uint32_t records) {
  seal::BatchHeader header;
  header.consortium = pool.id;
  header.member = by.id;
  header.upload = upload;
  header.uploader = by.person.id;
  header.first_row = 1;
  header.last_row = records;
  header.record_count = records;
  header.create_time = 1'790'000'000;
  header.dek_hash = crypto::RandomArray<32>();
  header.vault_key = pool.v.TimesBase().bytes;
  header.member_key = by.person.m->TimesBase().bytes;
  v1::BatchRecord batch;
  batch.set_header(seal::EncodeHeader(header));
  batch.set_holding_wrap(std::string(seal::kHoldingWrapBytes, 'w'));
  batch.set_root(ToString(header.dek_hash));
  return batch;
}

std::string SignedPart(const v1::BatchRecord& batch) {
  return batch.header() + batch.holding_wrap() + batch.root();
}

class Maker {
 public:
  explicit Maker(size_t entries) {
    for (size_t i = 0; i < kMembers; ++i) {
      members_.push_back(std::make_unique<Organization>("Member " + std::to_string(i + 1)));
      pool_.Join(*members_.back());
    }
    pool_.JoinAuditor(auditor_);
    for (size_t i = 0; pool_.size() + 10 <= entries; ++i) {
      for (size_t k = 0; k < 4; ++k) Bring((i * 4 + k) % kMembers);
      pool_.Withdraw(*members_[i % kMembers], "list " + std::to_string(i % 50));
    }
    while (pool_.size() + 2 <= entries) Bring(pool_.size() % kMembers);
  }

  void Write(const std::filesystem::path& folder) const {
    std::ofstream(folder / "pool.bundle", std::ios::binary) << EncodeBundle(pool_.MakeBundle());
    std::ofstream file(folder / "coalition.report", std::ios::binary);
    CoalitionWriter writer(
        [&file](std::string_view bytes) {
          file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
          return absl::OkStatus();
        },
        &auditor_.sign);
    const std::string note = pool_.Checkpoint();
    const auto key = tlog::NoteKey::Parse(pool_.log_vkey);
    MUSTER_CHECK(key.ok());
    const auto checkpoint = tlog::OpenCheckpoint(note, *key);
    MUSTER_CHECK(checkpoint.ok());
    v1::CoalitionHeader header;
    header.set_version(kCoalitionVersion);
    header.set_consortium(ToString(pool_.id));
    header.set_reporter(auditor_.id.Name());
    header.set_reporter_key(ToString(auditor_.sign.verify_key().bytes));
    header.set_create_time(1'800'000'000);
    header.set_checkpoint(note);
    header.set_sample_signature(SignSample(*checkpoint, auditor_.sign));
    MUSTER_CHECK(writer.Begin(header).ok());
    for (const tlog::Entry& entry : pool_.entries()) {
      v1::OpenedEntry opened;
      opened.set_salt(ToString(entry.salt));
      opened.set_body(entry.body);
      MUSTER_CHECK(writer.Add(std::move(opened)).ok());
    }
    v1::SampleBlock sample;
    for (const uint64_t number :
         DrawSample(*checkpoint, header.sample_signature(), uploads_.size())) {
      const MadeUpload& upload = uploads_[number];
      v1::BatchOpening& opening = *sample.add_batches();
      opening.set_upload(upload.name);
      *opening.mutable_record() = upload.batch;
      opening.mutable_record()->set_signature(
          members_[upload.member]->person.sign.Sign(seal::kBatchPurpose, SignedPart(upload.batch)));
    }
    MUSTER_CHECK(writer.Finish(sample).ok());
  }

 private:
  void Bring(size_t member) {
    const Organization& by = *members_[member];
    const UploadId id{crypto::RandomArray<8>()};
    const uint32_t records = 500 + static_cast<uint32_t>(uploads_.size() % 3000);
    MadeUpload made{id.Name(), member, MakeBatch(pool_, by, id, records)};
    const std::string root = ToString(crypto::MerkleLeaf(SignedPart(made.batch)));

    v1::Statement statement = pool_.NewStatement(by.person.id.Name());
    v1::UploadStatement& upload = *statement.mutable_upload();
    upload.set_upload(made.name);
    upload.set_member(by.id.Name());
    upload.set_list("list " + std::to_string(uploads_.size() % 50));
    upload.set_mode(v1::UploadStatement::APPEND);
    v1::UploadFile& file = *upload.add_files();
    file.set_file_name("members_export_" + std::to_string(uploads_.size()) + ".csv");
    file.set_byte_count(records * 90);
    file.set_blake2b(std::string(32, 'f'));
    file.set_row_count(records + 3);
    file.set_rejected_row_count(3);
    file.set_format("Mailchimp subscribed");
    upload.set_row_count(records + 3);
    upload.set_rejected_row_count(3);
    upload.set_record_count(records);
    upload.set_batch_count(1);
    upload.set_batches_root(root);
    upload.set_consent("newsletter sign-up form, 2026, with the box for partners ticked");
    const uint64_t index = pool_.Append(statement, {&by.person.sign});

    v1::Statement read = pool_.NewStatement("vault");
    v1::IntakeStatement& intake = *read.mutable_intake();
    intake.set_upload(made.name);
    intake.set_member(by.id.Name());
    v1::SignedStatement said;
    MUSTER_CHECK(said.ParseFromString(pool_.entries()[index].body));
    intake.set_upload_statement_hash(ToString(governance::StatementHash(said)));
    intake.set_batches_root(root);
    intake.set_record_count(records);
    intake.set_contact_count(records - 20);
    intake.set_duplicate_count(20);
    intake.set_normalizer_version(1);
    pool_.Append(read, {&pool_.vault_sign});
    uploads_.push_back(std::move(made));
  }

  mutable Consortium pool_;
  std::vector<std::unique_ptr<Organization>> members_;
  Someone auditor_{"Auditor"};
  std::vector<MadeUpload> uploads_;
};

int Main(int argc, char** argv) {
  const size_t entries = argc > 1 ? static_cast<size_t>(std::atoll(argv[1])) : 1'000'000;
  std::string name = (std::filesystem::temp_directory_path() / "report_scale_XXXXXX").string();
  const bool keep = argc > 2;
  const std::filesystem::path folder = keep ? argv[2] : mkdtemp(name.data());
  const std::string report = folder / "coalition.report";
  const std::string bundle = folder / "pool.bundle";
  std::fprintf(stderr, "making a report over %zu entries\n", entries);
  { Maker(entries).Write(folder); }
  const auto bytes = std::filesystem::file_size(report);

  std::fprintf(stderr, "verifying it\n");
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string program = std::string(MUSTER_BIN) + "/muster-audit";
    (void)!std::freopen("/dev/null", "w", stdout);
    ::execl(program.c_str(), "muster-audit", report.c_str(), "--bundle", bundle.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  const bool holds = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  std::printf(
      "{\"entries\":%zu,\"bytes\":%llu,\"holds\":%s,\"seconds\":%.2f,\"cpu_seconds\":%.2f,"
      "\"peak_rss_mb\":%.0f}\n",
      entries, static_cast<unsigned long long>(bytes), holds ? "true" : "false", seconds,
      of(usage.ru_utime) + of(usage.ru_stime), static_cast<double>(usage.ru_maxrss) / 1024);
  if (!keep) std::filesystem::remove_all(folder);
  return holds ? 0 : 1;
}

}  // namespace
}  // namespace muster::report

int main(int argc, char** argv) { return muster::report::Main(argc, argv); }
