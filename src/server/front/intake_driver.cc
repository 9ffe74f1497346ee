// SPDX-License-Identifier: Apache-2.0
#include "server/front/intake_driver.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/governance/statement.h"

namespace muster::front {
namespace {

// A run gives way to other uploads after so many batches (half a million records).
constexpr int64_t kBatchesPerTurn = 128;
// How long a run waits for a batch that is still on its way before it makes what it has durable and
// gives way.
constexpr absl::Duration kBatchWait = absl::Milliseconds(400);
constexpr absl::Duration kPauseMin = absl::Milliseconds(200);
constexpr absl::Duration kPauseMax = absl::Seconds(10);
constexpr absl::Duration kObserveWait = absl::Seconds(30);
// A caller is told soon that it is done later.
constexpr absl::Duration kWithdrawalObserveWait = absl::Seconds(5);
constexpr absl::Duration kTick = absl::Milliseconds(250);
constexpr absl::Duration kRetryEvery = absl::Seconds(1);
constexpr absl::Duration kLookEvery = absl::Minutes(1);

// Whether trying again would be refused again. A vault that is away, full, sealed or behind is none
// of these.
bool IsFinal(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case v1::BATCH_MALFORMED:
    case v1::BATCH_TAMPERED:
    case v1::BATCH_NOT_YOURS:
    case v1::BATCH_WRONG_KEY:
    case v1::BATCH_REPLAYED:
    case v1::BATCH_MISSING:
    case v1::SIGNATURE_INVALID:
    case v1::DECRYPTION_FAILED:
    case v1::RECORD_MALFORMED:
    case v1::KEY_LOW_ORDER:
    case v1::KEY_MALFORMED:
    case v1::STATEMENT_MALFORMED:
    case v1::STATEMENT_REFUSED:
    case v1::UPLOAD_FAILED:
    case v1::UPLOAD_NOT_FOUND:
    case v1::FILE_NOT_FOUND:
    case v1::REQUEST_MALFORMED:
      return true;
    default:
      return false;
  }
}

// What the vault has answered, seen by the writer.
class Progress {
 public:
  void Set(int64_t count) {
    const std::lock_guard lock(mutex_);
    count_ = count;
    ++answers_;
    changed_.notify_all();
  }
  void End() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  bool ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }
  int64_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  // True when there is an answer of at least `count`; false when the stream has ended or the time
  // is over.
  bool Await(int64_t count, absl::Duration time) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(time),
                      [&] { return ended_ || (answers_ > 0 && count_ >= count); });
    return answers_ > 0 && count_ >= count;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  int64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t answers_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

IntakeDriver::IntakeDriver(UploadBook* book, Journal* journal, VaultFeed* feed, Vault* vault,
                           const Clock* clock)
    : book_(book), journal_(journal), feed_(feed), vault_(vault), clock_(clock) {}

IntakeDriver::~IntakeDriver() { Stop(); }

void IntakeDriver::Start() {
  for (int i = 0; i < kIntakeThreads; ++i) threads_.emplace_back([this] { Work(); });
  threads_.emplace_back([this] { Housekeep(); });
}

void IntakeDriver::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (IntakeRun* run : runs_) run->Cancel();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void IntakeDriver::Poke() {
  const std::lock_guard lock(mutex_);
  ++changes_;
  changed_.notify_all();
}

bool IntakeDriver::Stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool IntakeDriver::AwaitBatch(const UploadId& id, int64_t next) const {
  const absl::Time deadline = absl::Now() + kBatchWait;
  while (true) {
    uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      seen = changes_;
    }
    const absl::StatusOr<UploadView> now = book_->Find(id);
    if (!now.ok() || now->contiguous_count > next || now->record.state() != v1::Upload::OPEN)
      return now.ok();
    std::unique_lock lock(mutex_);
    const bool news = changed_.wait_until(lock, absl::ToChronoTime(deadline),
                                          [&] { return stopping_ || changes_ != seen; });
    if (!news || stopping_) return false;
  }
}

std::optional<UploadView> IntakeDriver::NextUpload() {
  const absl::Time now = absl::Now();
  std::optional<UploadView> best;
  uint64_t best_turn = 0;
  for (UploadView& view : book_->Active()) {
    if (running_.contains(view.id)) continue;
    if (view.record.state() == v1::Upload::OPEN && view.contiguous_count <= view.durable_count)
      continue;
    const auto pace = paces_.find(view.id);
    if (pace != paces_.end() && now < pace->second.not_before) continue;
    const uint64_t turn = pace == paces_.end() ? 0 : pace->second.last_turn;
    if (best.has_value() && turn >= best_turn) continue;
    best = std::move(view);
    best_turn = turn;
  }
  return best;
}

void IntakeDriver::Work() {
  while (true) {
    std::optional<UploadView> upload;
    {
      std::unique_lock lock(mutex_);
      if (stopping_) return;
      upload = NextUpload();
      if (upload.has_value()) {
        running_.insert(upload->id);
        paces_[upload->id].last_turn = ++turns_;
      } else {
        const uint64_t seen = changes_;
        changed_.wait_for(lock, absl::ToChronoNanoseconds(kPauseMin),
                          [&] { return stopping_ || changes_ != seen; });
        continue;
      }
    }
    const absl::StatusOr<Outcome> outcome = Run(*upload);
    bool failed = false;
    if (!outcome.ok() && IsFinal(outcome.status()) && upload->unfinished()) {
      Fail(*upload, outcome.status());
      failed = true;
    }
    const std::lock_guard lock(mutex_);
    running_.erase(upload->id);
    ++changes_;
    changed_.notify_all();
    Pace& pace = paces_[upload->id];
    if (failed || (outcome.ok() && *outcome == Outcome::kProgress)) {
      pace.pause = absl::ZeroDuration();
      pace.not_before = absl::InfinitePast();
      const absl::StatusOr<UploadView> now = book_->Find(upload->id);
      if (!now.ok() || !now->active()) paces_.erase(upload->id);
      continue;
    }
    const bool first = pace.pause == absl::ZeroDuration();
    pace.pause = std::clamp(2 * pace.pause, kPauseMin, outcome.ok() ? kPauseMin : kPauseMax);
    pace.not_before = absl::Now() + pace.pause;
    if (!outcome.ok() && first && !stopping_) {
      spdlog::warn("{}: will go on later: {}", upload->id.Name(),
                   std::string(outcome.status().message()));
    }
  }
}

absl::StatusOr<IntakeDriver::Outcome> IntakeDriver::Run(const UploadView& upload) {
  if (upload.wraps_left()) {
    MUSTER_RETURN_IF_ERROR(EraseWraps(upload));
    return Outcome::kProgress;
  }
  if (upload.batches_left()) {
    MUSTER_RETURN_IF_ERROR(RemoveBatches(upload));
    return Outcome::kProgress;
  }
  MUSTER_RETURN_IF_ERROR(feed_->State().status());
  const bool stated = journal_->WithRegistry([&](const governance::Registry& registry) {
    const governance::UploadRecord* logged = registry.FindUpload(upload.id);
    return logged != nullptr && logged->intake_index.has_value();
  });
  if (!stated) {
    MUSTER_ASSIGN_OR_RETURN(const Outcome sent, SendBatches(upload));
    if (sent == Outcome::kWait) return sent;
  }
  MUSTER_ASSIGN_OR_RETURN(const UploadView now, book_->Find(upload.id));
  if (now.record.state() != v1::Upload::INTAKE) return Outcome::kProgress;
  if (!stated && now.durable_count < now.record.batch_count()) return Outcome::kProgress;
  return Finish(now);
}

absl::StatusOr<IntakeDriver::Outcome> IntakeDriver::SendBatches(const UploadView& upload) {
  const BatchFolder folder = book_->FolderOf(upload.id);
  std::unique_ptr<IntakeRun> run = vault_->StartIntake();
  {
    const std::lock_guard lock(mutex_);
    runs_.insert(run.get());
    if (stopping_) run->Cancel();
  }
  Progress progress;
  std::thread reader([&] {
    v1::IntakeProgress answer;
    while (run->Read(answer)) {
      progress.Set(answer.durable_batch_count());
      book_->SetDurableCount(upload.id, answer.durable_batch_count());
    }
    progress.End();
  });

  v1::IntakeRequest request;
  request.set_upload(upload.id.Name());
  const auto flush = [&](int64_t count) {
    request.set_sequence(count);
    request.clear_envelope();
    request.set_flush(true);
    if (!run->Write(request)) return false;
    while (!progress.Await(count, absl::Milliseconds(200))) {
      if (progress.ended() || Stopping()) return false;
    }
    return true;
  };

  // Where does the vault stand? It knows best.
  bool alive = flush(0);
  int64_t next = progress.count();
  const int64_t turn_end = next + kBatchesPerTurn;
  absl::Status read_error;
  while (alive && next < turn_end && !Stopping() && !progress.ended()) {
    const absl::StatusOr<UploadView> now = book_->Find(upload.id);
    if (!now.ok() || !now->unfinished()) break;
    if (next >= now->contiguous_count) {
      if (now->record.state() == v1::Upload::INTAKE) break;  // committed: there are no more
      if (!AwaitBatch(upload.id, next)) break;
      continue;
    }
    absl::StatusOr<std::string> envelope = folder.Read(static_cast<uint32_t>(next));
    if (!envelope.ok()) {
      read_error = envelope.status();
      break;
    }
    request.set_sequence(next);
    request.set_envelope(*std::move(envelope));
    request.set_flush(false);
    alive = run->Write(request);
    if (alive) ++next;
  }
  const bool done = alive && flush(next);
  run->WritesDone();
  reader.join();
  {
    const std::lock_guard lock(mutex_);
    runs_.erase(run.get());
  }
  const absl::Status ended = run->Finish();
  if (!read_error.ok()) return read_error;
  if (done) return Outcome::kProgress;
  // The vault has finished this upload before a crash of ours: nothing is left to send.
  if (ReasonOf(ended) == v1::UPLOAD_FINISHED) {
    book_->SetDurableCount(upload.id, upload.contiguous_count);
    return Outcome::kProgress;
  }
  if (!ended.ok()) return ended;
  return Outcome::kWait;
}

absl::StatusOr<IntakeDriver::Outcome> IntakeDriver::Finish(const UploadView& upload) {
  for (const UploadView& other : book_->Active()) {
    if (other.record.state() == v1::Upload::INTAKE && other.member == upload.member &&
        other.record.list() == upload.record.list() &&
        other.record.statement_index() < upload.record.statement_index()) {
      return Outcome::kWait;
    }
  }
  const auto statement_index = static_cast<uint64_t>(upload.record.statement_index());
  MUSTER_RETURN_IF_ERROR(feed_->WaitObserved(statement_index, kObserveWait));
  v1::FinishIntakeRequest request;
  request.set_upload(upload.id.Name());
  request.set_statement_index(upload.record.statement_index());
  MUSTER_ASSIGN_OR_RETURN(const v1::FinishIntakeResponse response, vault_->FinishIntake(request));
  const auto stated_index = [&] {
    return journal_->WithRegistry([&](const governance::Registry& registry) {
      const governance::UploadRecord* logged = registry.FindUpload(upload.id);
      return logged == nullptr ? std::nullopt : logged->intake_index;
    });
  };
  std::optional<uint64_t> intake_index = stated_index();
  if (!intake_index.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(intake_index, journal_->Append(response.intake()));
  }
  if (upload.record.mode() == v1::UploadStatement::REPLACE) {
    MUSTER_RETURN_IF_ERROR(MarkWithdrawn(upload.member, upload.record.list(), statement_index));
  }
  MUSTER_RETURN_IF_ERROR(book_->Update(upload.id, [&](v1::StoredUpload& record) {
    record.set_intake_index(static_cast<int64_t>(*intake_index));
    record.set_sealed_refused_rows(response.sealed_refused_rows());
    record.set_state(v1::Upload::DONE);
  }));
  spdlog::info("{}: intake is done, {} batches", upload.id.Name(), upload.record.batch_count());
  return Outcome::kProgress;
}

absl::Status IntakeDriver::MarkWithdrawn(const MemberId& member, const std::string& list,
                                         uint64_t before) {
  for (const UploadView& other : book_->ListOf(member)) {
    if (other.record.state() != v1::Upload::DONE || other.record.list() != list) continue;
    if (static_cast<uint64_t>(other.record.statement_index()) >= before) continue;
    MUSTER_RETURN_IF_ERROR(book_->Update(other.id, [](v1::StoredUpload& record) {
      // A thread that is still erasing its wraps may be at work: what is removed need not be
      // erased.
      record.set_state(v1::Upload::WITHDRAWN);
    }));
  }
  return absl::OkStatus();
}

absl::Status IntakeDriver::EraseWraps(const UploadView& upload) {
  const BatchFolder folder = book_->FolderOf(upload.id);
  for (int64_t sequence = 0; sequence < upload.record.batch_count(); ++sequence) {
    if (Stopping()) return MakeError(v1::SERVER_DRAINING, "the server is stopping");
    MUSTER_RETURN_IF_ERROR(folder.EraseIntakeWrap(static_cast<uint32_t>(sequence)));
  }
  return book_->Update(upload.id, [](v1::StoredUpload& record) { record.set_wraps_erased(true); });
}

absl::Status IntakeDriver::RemoveBatches(const UploadView& upload) {
  MUSTER_RETURN_IF_ERROR(book_->FolderOf(upload.id).RemoveBatches());
  return book_->Update(upload.id,
                       [](v1::StoredUpload& record) { record.set_batches_removed(true); });
}

void IntakeDriver::Fail(const UploadView& upload, const absl::Status& why) {
  const std::string message = std::string(why.message());
  spdlog::error("{}: intake failed ({}): {}", upload.id.Name(), ReasonName(ReasonOf(why)), message);
  v1::CancelIntakeRequest cancel;
  cancel.set_upload(upload.id.Name());
  if (const absl::Status status = vault_->CancelIntake(cancel); !status.ok()) {
    spdlog::warn("{}: the vault could not forget it: {}", upload.id.Name(),
                 std::string(status.message()));
  }
  const absl::Status status = book_->Update(upload.id, [&](v1::StoredUpload& record) {
    record.set_state(v1::Upload::FAILED);
    record.set_failure_reason(ReasonName(ReasonOf(why)));
    record.set_failure_message(message + "; nothing of this upload counts, upload the file again");
  });
  if (!status.ok()) spdlog::error("{}: {}", upload.id.Name(), std::string(status.message()));
}

absl::StatusOr<uint64_t> IntakeDriver::ApplyWithdrawal(const WithdrawalId& id) {
  const std::lock_guard lock(withdrawal_mutex_);
  const std::optional<governance::WithdrawalRecord> logged =
      journal_->WithRegistry([&](const governance::Registry& registry) {
        const governance::WithdrawalRecord* record = registry.FindWithdrawal(id);
        return record == nullptr ? std::nullopt : std::optional(*record);
      });
  if (!logged.has_value())
    return MakeError(v1::REQUEST_MALFORMED, "this withdrawal is not on the log");
  std::optional<uint64_t> done = logged->withdrawn_index;
  if (!done.has_value()) {
    v1::ApplyWithdrawalRequest request;
    request.set_statement_index(static_cast<int64_t>(logged->index));
    for (const v1::StoredWithdrawal& pending : book_->PendingWithdrawals()) {
      if (pending.withdrawal() == id.Name())
        request.set_sealed_addresses(pending.sealed_addresses());
    }
    MUSTER_RETURN_IF_ERROR(feed_->WaitObserved(logged->index, kWithdrawalObserveWait));
    absl::StatusOr<v1::ApplyWithdrawalResponse> response = vault_->ApplyWithdrawal(request);
    if (!response.ok()) {
      // What the vault will never do must not stand in the way of what comes after it.
      if (IsFinal(response.status())) MUSTER_RETURN_IF_ERROR(book_->DeleteWithdrawal(id));
      return response.status();
    }
    MUSTER_ASSIGN_OR_RETURN(done, journal_->Append(response->withdrawn()));
  }
  if (!logged->list.empty())
    MUSTER_RETURN_IF_ERROR(MarkWithdrawn(logged->member, logged->list, logged->index));
  MUSTER_RETURN_IF_ERROR(book_->DeleteWithdrawal(id));
  return *done;
}

void IntakeDriver::RetryWithdrawals() {
  for (const v1::StoredWithdrawal& pending : book_->PendingWithdrawals()) {
    const auto id = WithdrawalId::Parse(pending.withdrawal());
    // Without an index it is just being logged by the call that brought it.
    if (!id.ok() || pending.statement_index() == 0 || !feed_->State().ok()) continue;
    const absl::StatusOr<uint64_t> done = ApplyWithdrawal(*id);
    if (!done.ok())
      spdlog::warn("{}: {}", pending.withdrawal(), std::string(done.status().message()));
  }
}

bool IntakeDriver::CancelForgotten() {
  bool all = true;
  for (const UploadView& upload : book_->Active()) {
    if (upload.record.state() != v1::Upload::OPEN) continue;
    if (clock_->Now() - absl::FromUnixSeconds(upload.record.create_time()) <
        kUncommittedUploadLifetime)
      continue;
    {
      const std::lock_guard lock(mutex_);
      if (!running_.insert(upload.id).second) {
        all = false;
        continue;
      }
    }
    v1::CancelIntakeRequest cancel;
    cancel.set_upload(upload.id.Name());
    absl::Status status = book_->BeginCommit(upload.id);  // from here on it takes no more batches
    if (status.ok()) {
      status = vault_->CancelIntake(cancel);
      if (status.ok()) status = book_->Remove(upload.id);
      book_->EndCommit(upload.id);
    }
    if (status.ok()) {
      spdlog::info("{}: given up, it was never committed", upload.id.Name());
    } else {
      spdlog::warn("{}: cannot be given up yet: {}", upload.id.Name(),
                   std::string(status.message()));
    }
    all = all && status.ok();
    const std::lock_guard lock(mutex_);
    running_.erase(upload.id);
    if (status.ok()) paces_.erase(upload.id);
  }
  return all;
}

void IntakeDriver::Housekeep() {
  absl::Time next_retry = absl::InfinitePast();
  absl::Time next_look = absl::InfinitePast();
  while (!Stopping()) {
    const absl::Time now = absl::Now();
    book_->Tick(now);
    const bool vault_is_there = feed_->State().ok();
    if (vault_is_there && now >= next_retry) {
      RetryWithdrawals();
      next_retry = now + kRetryEvery;
    }
    if (vault_is_there && now >= next_look) {
      next_look = now + (CancelForgotten() ? kLookEvery : kRetryEvery);
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoNanoseconds(kTick), [this] { return stopping_; });
  }
}

}  // namespace muster::front
