// SPDX-License-Identifier: Apache-2.0
#include "cli/report_coalition.h"

#include <algorithm>
#include <fstream>

#include "cli/audit.h"
#include "cli/period.h"
#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/report/coalition.h"
#include "core/report/period.h"
#include "core/report/sample.h"
#include "core/report/verify_coalition.h"
#include "muster/v1/report_service.pb.h"

namespace muster::cli {
namespace {

constexpr int32_t kEntriesPerPage = 10'000;
constexpr int kBatchesPerCall = 32;

// Uploads of the period, as the sample counts their batches.
class Population {
 public:
  Population(const v1::Period& period, int64_t now) : period_(period), clock_(now) {}

  // Whatever is no statement here is found out by the verifier.
  void Add(const v1::OpenedEntry& entry) {
    v1::SignedStatement signed_statement;
    v1::Statement statement;
    if (!signed_statement.ParseFromString(entry.body()) ||
        !statement.ParseFromString(signed_statement.statement()) ||
        statement.body_case() == v1::Statement::BODY_NOT_SET) {
      return;
    }
    const report::LogClock::Reading reading =
        clock_.Read(statement.create_time(), statement.signer());
    if (!statement.has_upload() || !report::IsWithin(reading.time, period_)) return;
    uploads_.push_back({statement.upload().upload(), size_});
    size_ += static_cast<uint64_t>(std::max<int64_t>(statement.upload().batch_count(), 0));
  }
  uint64_t size() const { return size_; }
  v1::OpenBatchesRequest::Batch At(uint64_t number) const {
    const auto after = std::upper_bound(
        uploads_.begin(), uploads_.end(), number,
        [](uint64_t wanted, const Upload& upload) { return wanted < upload.before; });
    const Upload& upload = *std::prev(after);
    v1::OpenBatchesRequest::Batch batch;
    batch.set_upload(upload.name);
    batch.set_sequence(static_cast<int64_t>(number - upload.before));
    return batch;
  }

 private:
  struct Upload {
    std::string name;
    uint64_t before = 0;
  };
  const v1::Period period_;
  report::LogClock clock_;
  std::vector<Upload> uploads_;
  uint64_t size_ = 0;
};

absl::StatusOr<v1::SampleBlock> FetchSample(Session& session, const Population& population,
                                            std::string_view signature) {
  v1::SampleBlock sample;
  v1::OpenBatchesRequest request;
  const auto flush = [&]() -> absl::Status {
    if (request.batches().empty()) return absl::OkStatus();
    v1::OpenBatchesResponse opened;
    MUSTER_RETURN_IF_ERROR(
        session.Call("ReportService/OpenBatches", request, opened, absl::Seconds(120)));
    for (v1::BatchOpening& batch : *opened.mutable_batches())
      *sample.add_batches() = std::move(batch);
    request.clear_batches();
    return absl::OkStatus();
  };
  for (const uint64_t number : report::DrawSample(session.seen(), signature, population.size())) {
    *request.add_batches() = population.At(number);
    if (request.batches_size() == kBatchesPerCall) MUSTER_RETURN_IF_ERROR(flush());
  }
  MUSTER_RETURN_IF_ERROR(flush());
  return sample;
}

absl::Status WriteReport(Session& session, const v1::Period& period,
                         const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  const auto cannot_write = [&] {
    return MakeError(v1::FILE_IO, "cannot write " + path.string() + "; is the disk full?");
  };
  if (!file) return cannot_write();
  report::CoalitionWriter writer(
      [&](std::string_view bytes) -> absl::Status {
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return file ? absl::OkStatus() : cannot_write();
      },
      &session.sign_key());
  v1::CoalitionHeader header;
  header.set_version(report::kCoalitionVersion);
  header.set_consortium(ToString(session.profile().consortium));
  header.set_reporter(session.profile().person.Name());
  header.set_reporter_key(ToString(session.sign_key().verify_key().bytes));
  header.set_create_time(absl::ToUnixSeconds(Clock::System().Now()));
  if (period.from_time() != 0 || period.to_time() != 0) *header.mutable_period() = period;
  header.set_checkpoint(session.seen_note());
  header.set_sample_signature(report::SignSample(session.seen(), session.sign_key()));
  MUSTER_RETURN_IF_ERROR(writer.Begin(header));

  Population population(period, header.create_time());
  const auto size = static_cast<int64_t>(session.seen().size);
  for (int64_t index = 0; index < size;) {
    v1::ListOpenedEntriesRequest request;
    v1::ListOpenedEntriesResponse page;
    request.set_first_index(index);
    request.set_page_size(kEntriesPerPage);
    MUSTER_RETURN_IF_ERROR(
        session.Call("ReportService/ListOpenedEntries", request, page, absl::Seconds(120)));
    if (page.entries().empty()) {
      return MakeError(
          v1::LOG_REWOUND,
          "the server lists fewer entries than its checkpoint has; tell the other members");
    }
    for (v1::OpenedEntry& entry : *page.mutable_entries()) {
      if (index == size) break;
      ++index;
      population.Add(entry);
      MUSTER_RETURN_IF_ERROR(writer.Add(std::move(entry)));
    }
    session.console().Progress(WithCommas(index) + " of " + WithCommas(size) + " entries");
  }
  session.console().Progress("");
  MUSTER_ASSIGN_OR_RETURN(const v1::SampleBlock sample,
                          FetchSample(session, population, header.sample_signature()));
  MUSTER_RETURN_IF_ERROR(writer.Finish(sample));
  file.close();
  return file ? absl::OkStatus() : cannot_write();
}

}  // namespace

absl::StatusOr<int> RunReportCoalition(const Invocation& invocation,
                                       const CoalitionOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const v1::Period period, ParsePeriod(options.from, options.to));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(
      session->RequireRole({v1::ROLE_AUDITOR}, "make a report of the coalition"));
  const std::filesystem::path out = options.out.empty() ? "coalition.muster-report" : options.out;
  std::error_code error;
  if (std::filesystem::exists(out, error))
    MUSTER_RETURN_IF_ERROR(console.Confirm(out.string() + " exists and would be replaced."));

  v1::GetCheckpointRequest request;
  v1::CheckpointProof proof;
  request.set_known_size(session->known_size());
  MUSTER_RETURN_IF_ERROR(session->Call("LogService/GetCheckpoint", request, proof));
  MUSTER_RETURN_IF_ERROR(session->Accept(proof));

  // It gets its name only when it holds, as an auditor would find with what this profile has
  // pinned in the place of a bundle.
  const std::filesystem::path part = out.string() + ".part";
  const absl::Status written = WriteReport(*session, period, part);
  if (!written.ok()) {
    std::filesystem::remove(part, error);
    return written;
  }
  const Profile& profile = session->profile();
  report::AuditRoot root;
  root.consortium = profile.consortium;
  root.consortium_name = profile.consortium_name;
  root.log_key = profile.log_key;
  root.charter_hash = profile.charter_hash;
  root.checkpoint = session->seen();
  std::ifstream stream(part, std::ios::binary);
  const auto findings = report::VerifyCoalition(stream, root);
  if (!findings.ok()) {
    std::filesystem::remove(part, error);
    return Annotate(findings.status(),
                    "what the server gave for the report does not hold, so none was written");
  }
  std::filesystem::rename(part, out, error);
  if (error) return ErrnoError(error.value(), "cannot rename to", out);

  console.Print(DescribeFindings(console, *findings) + "\n\nWritten to " + out.string() +
                "; anybody checks it with `muster audit verify " + out.string() +
                " --bundle BUNDLE`");
  Json json = Json::Object();
  json.Set("file", out.string())
      .Set("bytes", static_cast<int64_t>(std::filesystem::file_size(out, error)));
  PutCoalitionJson(*findings, json);
  console.Result(json);
  return kExitDone;
}

}  // namespace muster::cli
