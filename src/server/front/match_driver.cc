// SPDX-License-Identifier: Apache-2.0
#include "server/front/match_driver.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/secret_bytes.h"
#include "core/governance/statement.h"

namespace muster::front {
namespace {

// A vault that is being started again opens a store of millions of rows.
constexpr absl::Duration kCatchUpWait = absl::Seconds(30);
constexpr absl::Duration kBusyWait = absl::Minutes(10);
constexpr absl::Duration kLook = absl::Milliseconds(500);
constexpr absl::Duration kObserveWait = absl::Seconds(5);

int32_t Percent(int64_t done, int64_t total) {
  if (done <= 0 || total <= 0) return 0;
  const double share = static_cast<double>(done) / static_cast<double>(total);
  return static_cast<int32_t>(100 * std::min(share, 1.0));
}

absl::Status Draining() {
  return MakeError(v1::SERVER_DRAINING,
                   "the server is stopping, and the run was broken off: nothing of it counts; run "
                   "it again when the server is back");
}

absl::Status NoStatement() {
  return MakeError(v1::INTERNAL_ERROR,
                   "the vault ended the run without its statement; use programs of one release");
}

}  // namespace

MatchDriver::MatchDriver(Journal* journal, const VaultFeed* feed, Vault* vault, const Clock* clock)
    : journal_(journal), feed_(feed), vault_(vault), clock_(clock) {}

MatchDriver::~MatchDriver() { Stop(); }

bool MatchDriver::Running() const {
  return !jobs_.empty() && jobs_.back().view.job.state() == v1::MatchJob::RUNNING;
}

bool MatchDriver::Stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

absl::StatusOr<MatchDriver::View> MatchDriver::Start(const v1::StartMatchRequest& request) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return Draining();
  if (Running()) {
    const v1::StartMatchRequest& under_way = jobs_.back().request;
    // No name is the only current one's, whichever that is.
    const bool same_file = request.voterfile().empty() || under_way.voterfile().empty() ||
                           request.voterfile() == under_way.voterfile();
    if (same_file && (under_way.new_model() || !request.new_model())) return jobs_.back().view;
    return MakeError(v1::SERVER_BUSY,
                     "another run of matching is under way, and there is one at a time; run this "
                     "one when it is done");
  }
  if (thread_.joinable()) thread_.join();  // it has said its last word
  if (jobs_.size() == kJobsMax) jobs_.pop_front();
  Job& job = jobs_.emplace_back();
  job.request = request;
  job.view.job.set_job(MatchId{crypto::RandomArray<8>()}.Name());
  job.view.job.set_state(v1::MatchJob::RUNNING);
  job.view.job.set_start_time(absl::ToUnixSeconds(clock_->Now()));
  v1::VaultRunMatchRequest ask;
  ask.set_match(job.view.job.job());
  ask.set_voterfile(request.voterfile());
  ask.set_new_model(request.new_model());
  thread_ = std::thread([this, ask] { End(Run(ask)); });
  return job.view;
}

absl::StatusOr<MatchDriver::View> MatchDriver::Find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  for (const Job& job : jobs_) {
    if (job.view.job.job() == name) return job.view;
  }
  return MakeError(v1::MATCH_NOT_FOUND,
                   "the server knows no such run, perhaps since it was started anew; run `muster "
                   "match run` again, what was found already need not be found anew");
}

void MatchDriver::Stop() {
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (stream_ != nullptr) stream_->Cancel();
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
}

// What was uploaded a moment ago takes part.
absl::Status MatchDriver::AwaitVault() const {
  const absl::Time deadline = absl::Now() + kCatchUpWait;
  while (true) {
    const absl::Status status = feed_->WaitCaughtUp(kLook);
    if (status.ok() || VaultFeed::IsMismatch(status)) return status;
    if (Stopping()) return Draining();
    if (absl::Now() >= deadline) return status;
  }
}

absl::StatusOr<uint64_t> MatchDriver::Run(const v1::VaultRunMatchRequest& request) {
  const absl::Time busy_deadline = absl::Now() + kBusyWait;
  absl::Time lost_deadline = absl::Now() + kCatchUpWait;
  while (true) {
    MUSTER_RETURN_IF_ERROR(AwaitVault());
    bool begun = false;
    absl::StatusOr<uint64_t> index = RunOnce(request, begun);
    const Reason reason = ReasonOf(index.status());
    // It is still at a run that a server before this one asked for; what that finds comes with
    // ours.
    const bool busy = reason == v1::SERVER_BUSY && absl::Now() < busy_deadline;
    // The one that answered was on its way out: it ends with the server before this one, and until
    // then still says how much of the log it has read.
    const bool lost = (reason == v1::VAULT_UNAVAILABLE || reason == v1::SERVER_DRAINING) &&
                      !begun && absl::Now() < lost_deadline;
    if (!busy && !lost) return index;
    if (Stopping()) return Draining();
    if (busy) lost_deadline = absl::Now() + kCatchUpWait;
    absl::SleepFor(kLook);
  }
}

absl::StatusOr<uint64_t> MatchDriver::RunOnce(const v1::VaultRunMatchRequest& request,
                                              bool& begun) {
  const std::unique_ptr<MatchStream> stream = vault_->RunMatch(request);
  {
    const std::lock_guard lock(mutex_);
    stream_ = stream.get();
    if (stopping_) stream_->Cancel();
  }
  v1::VaultMatchProgress progress;
  v1::VaultMatchProgress last;
  while (stream->Read(progress)) {
    begun = true;
    if (!progress.statements().empty()) last = progress;
    const std::lock_guard lock(mutex_);
    v1::MatchJob& job = jobs_.back().view.job;
    if (!progress.stage().empty()) job.set_stage(progress.stage());
    job.set_percent(Percent(progress.done_count(), progress.total_count()));
  }
  {
    const std::lock_guard lock(mutex_);
    stream_ = nullptr;
  }
  const absl::Status ended = stream->Finish();
  // What the vault has signed counts there, whatever became of the stream since.
  if (!last.statements().empty()) return Record(request, last);
  if (Stopping()) return Draining();
  MUSTER_RETURN_IF_ERROR(ended);
  return NoStatement();
}

absl::StatusOr<uint64_t> MatchDriver::Record(const v1::VaultRunMatchRequest& request,
                                             const v1::VaultMatchProgress& last) {
  std::optional<uint64_t> own;
  for (const v1::SignedStatement& statement : last.statements()) {
    MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                            governance::VerifyStatement(statement));
    if (!verified.statement.has_match()) return NoStatement();
    MUSTER_ASSIGN_OR_RETURN(const MatchId match,
                            MatchId::Parse(verified.statement.match().match()));
    MUSTER_ASSIGN_OR_RETURN(const uint64_t index, AppendOnce(statement, match));
    if (match.Name() == request.match()) own = index;
  }
  if (!own.has_value()) return NoStatement();
  // It stops giving out what it has read.
  if (const absl::Status seen = feed_->WaitObserved(*own, kObserveWait); !seen.ok())
    spdlog::warn("{}: {}", request.match(), std::string(seen.message()));
  return *own;
}

absl::StatusOr<uint64_t> MatchDriver::AppendOnce(const v1::SignedStatement& statement,
                                                 const MatchId& match) {
  const auto logged = [&] {
    return journal_->WithRegistry(
        [&](const governance::Registry& registry) { return registry.FindMatch(match); });
  };
  if (const std::optional<uint64_t> index = logged(); index.has_value()) return *index;
  absl::StatusOr<uint64_t> appended = journal_->Append(statement);
  if (appended.ok()) return appended;
  // After a write that failed it may be there all the same.
  if (const std::optional<uint64_t> index = logged(); index.has_value()) return *index;
  return appended.status();
}

void MatchDriver::End(const absl::StatusOr<uint64_t>& index) {
  const std::lock_guard lock(mutex_);
  View& view = jobs_.back().view;
  v1::MatchJob& job = view.job;
  job.set_end_time(absl::ToUnixSeconds(clock_->Now()));
  if (index.ok()) {
    view.statement_index = *index;
    job.set_state(v1::MatchJob::DONE);
    job.set_percent(100);
    spdlog::info("{}: matched; entry {} of the log", job.job(), *index);
    return;
  }
  job.set_state(v1::MatchJob::FAILED);
  job.set_error_reason(ReasonName(ReasonOf(index.status())));
  job.set_error_message(std::string(index.status().message()));
  spdlog::warn("{}: failed ({}): {}", job.job(), job.error_reason(), job.error_message());
}

}  // namespace muster::front
