// SPDX-License-Identifier: Apache-2.0
#include "server/front/upload_book.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/seal/envelope.h"

namespace muster::front {
namespace {

// Memory that waiting calls may hold.
constexpr size_t kWaitersMax = 1000;

absl::Status NotFound(const UploadId& id) {
  return MakeError(
      v1::UPLOAD_NOT_FOUND,
      "there is no " + id.Name() + " of this member; see `muster lists`, or upload the file anew");
}

bool OnList(const v1::StoredUpload& record) {
  return record.state() == v1::Upload::INTAKE || record.state() == v1::Upload::DONE;
}

absl::Status Damaged(std::string_view what) {
  return MakeError(v1::STORE_CORRUPT, "the front store holds " + std::string(what) +
                                          " that cannot be read; restore it from a backup");
}

}  // namespace

absl::StatusOr<std::unique_ptr<UploadBook>> UploadBook::Open(store::Store* store,
                                                             std::filesystem::path folder,
                                                             const Journal* journal) {
  MUSTER_RETURN_IF_ERROR(MakeDirectories(folder));
  std::unique_ptr<UploadBook> book(new UploadBook(store, std::move(folder), journal));
  MUSTER_RETURN_IF_ERROR(book->Load());
  return book;
}

bool UploadBook::Reconcile(const UploadId& id, v1::StoredUpload& record) const {
  if (record.state() != v1::Upload::OPEN) return false;
  return journal_->WithRegistry([&](const governance::Registry& registry) {
    const governance::UploadRecord* logged = registry.FindUpload(id);
    if (logged == nullptr) return false;
    record.set_state(v1::Upload::INTAKE);
    record.set_statement_index(static_cast<int64_t>(logged->index));
    record.set_commit_time(record.create_time());
    return true;
  });
}

absl::Status UploadBook::Load() {
  const std::lock_guard lock(mutex_);
  auto cursor = store_->Scan(kUploadsFamily, {}, {});
  for (; cursor->valid(); cursor->Next()) {
    const auto id = UploadId::FromBytes(cursor->key());
    Slot slot;
    if (!id.has_value() || !slot.view.record.ParseFromString(std::string(cursor->value())))
      return Damaged("an upload");
    MUSTER_ASSIGN_OR_RETURN(slot.view.member, MemberId::Parse(slot.view.record.member()));
    slot.view.id = *id;
    if (Reconcile(*id, slot.view.record)) MUSTER_RETURN_IF_ERROR(Persist(*id, slot.view.record));
    const v1::StoredUpload& record = slot.view.record;
    if (record.state() == v1::Upload::OPEN || record.state() == v1::Upload::INTAKE) {
      MUSTER_ASSIGN_OR_RETURN(const std::vector<uint32_t> sequences, FolderOf(*id).Scan());
      for (const uint32_t sequence : sequences) Mark(slot, sequence);
      // Committed, the folder holds exactly the batches of the statement.
      if (record.state() == v1::Upload::INTAKE)
        slot.view.record.set_batch_count(slot.view.contiguous_count);
    } else {
      slot.view.received_count = slot.view.contiguous_count = record.batch_count();
      slot.view.durable_count = record.intake_index() > 0 ? record.batch_count() : 0;
    }
    NoteActive(slot.view);
    slots_.emplace(*id, std::move(slot));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());

  cursor = store_->Scan(kWithdrawalsFamily, {}, {});
  for (; cursor->valid(); cursor->Next()) {
    const auto id = WithdrawalId::FromBytes(cursor->key());
    v1::StoredWithdrawal withdrawal;
    if (!id.has_value() || !withdrawal.ParseFromString(std::string(cursor->value())))
      return Damaged("a withdrawal");
    // Stored before it was logged: only the log makes it one.
    const auto logged = journal_->WithRegistry([&](const governance::Registry& registry) {
      const governance::WithdrawalRecord* record = registry.FindWithdrawal(*id);
      return record == nullptr ? std::nullopt : std::optional<uint64_t>(record->index);
    });
    if (!logged.has_value()) {
      MUSTER_RETURN_IF_ERROR(store_->Delete(kWithdrawalsFamily, id->View(), store::Sync::kYes));
      continue;
    }
    withdrawal.set_statement_index(static_cast<int64_t>(*logged));
    withdrawals_.emplace(*id, std::move(withdrawal));
  }
  return cursor->status();
}

absl::Status UploadBook::Persist(const UploadId& id, const v1::StoredUpload& record) const {
  return store_->Put(kUploadsFamily, id.View(), record.SerializeAsString(), store::Sync::kYes);
}

void UploadBook::Mark(Slot& slot, uint32_t sequence) {
  if (slot.received.size() <= sequence) slot.received.resize(sequence + 1, false);
  if (slot.received[sequence]) return;
  slot.received[sequence] = true;
  ++slot.view.received_count;
  auto& contiguous = slot.view.contiguous_count;
  while (static_cast<size_t>(contiguous) < slot.received.size() &&
         slot.received[static_cast<size_t>(contiguous)])
    ++contiguous;
}

void UploadBook::NoteActive(const UploadView& view) {
  if (view.active()) {
    active_.insert(view.id);
  } else {
    active_.erase(view.id);
  }
}

const UploadBook::Slot* UploadBook::FindSlot(const UploadId& id) const {
  const auto it = slots_.find(id);
  return it == slots_.end() ? nullptr : &it->second;
}

absl::StatusOr<UploadView> UploadBook::Find(const UploadId& id) const {
  const std::lock_guard lock(mutex_);
  const Slot* slot = FindSlot(id);
  if (slot == nullptr) return NotFound(id);
  return slot->view;
}

absl::StatusOr<UploadView> UploadBook::FindOf(const UploadId& id, const MemberId& member) const {
  absl::StatusOr<UploadView> view = Find(id);
  if (view.ok() && view->member != member) return NotFound(id);
  return view;
}

std::vector<UploadView> UploadBook::Active() const {
  const std::lock_guard lock(mutex_);
  std::vector<UploadView> views;
  for (const UploadId& id : active_) views.push_back(slots_.at(id).view);
  return views;
}

template <typename Wanted>
std::vector<UploadView> UploadBook::NewestFirst(Wanted&& wanted) const {
  std::vector<UploadView> views;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, slot] : slots_) {
      if (wanted(slot.view)) views.push_back(slot.view);
    }
  }
  std::sort(views.begin(), views.end(), [](const UploadView& a, const UploadView& b) {
    return std::pair(b.record.create_time(), b.id) < std::pair(a.record.create_time(), a.id);
  });
  return views;
}

std::vector<UploadView> UploadBook::ListOf(const MemberId& member) const {
  return NewestFirst([&](const UploadView& view) { return view.member == member; });
}

std::vector<UploadView> UploadBook::VoterFiles() const {
  return NewestFirst([](const UploadView& view) { return view.record.has_voterfile(); });
}

std::vector<v1::SequenceRange> UploadBook::Received(const UploadId& id) const {
  const std::lock_guard lock(mutex_);
  std::vector<v1::SequenceRange> ranges;
  const Slot* slot = FindSlot(id);
  if (slot == nullptr) return ranges;
  if (slot->received.empty() && slot->view.received_count > 0) {
    ranges.emplace_back().set_last(slot->view.received_count - 1);
    return ranges;
  }
  for (size_t i = 0; i < slot->received.size(); ++i) {
    if (!slot->received[i]) continue;
    const auto sequence = static_cast<int64_t>(i);
    if (!ranges.empty() && ranges.back().last() == sequence - 1) {
      ranges.back().set_last(sequence);
    } else {
      ranges.emplace_back().set_first(sequence);
      ranges.back().set_last(sequence);
    }
  }
  return ranges;
}

absl::Status UploadBook::CheckVoterFiles(const v1::StoredUpload& upload) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, slot] : slots_) {
    const v1::StoredUpload& other = slot.view.record;
    if (other.upload() == upload.upload() || !other.has_voterfile()) continue;
    if (!OnList(other) && !slot.view.committing) continue;
    const bool all = std::all_of(
        upload.file_blake2b().begin(), upload.file_blake2b().end(), [&](const std::string& hash) {
          return std::find(other.file_blake2b().begin(), other.file_blake2b().end(), hash) !=
                 other.file_blake2b().end();
        });
    if (!all) continue;
    return MakeError(v1::FILE_ALREADY_UPLOADED,
                     "these very files were loaded already as \"" + other.list() + "\" (" +
                         other.upload() + ", as of " + other.voterfile().as_of() +
                         "); nothing needs to be done",
                     {{"upload", other.upload()}, {"voterfile", other.list()}});
  }
  return absl::OkStatus();
}

absl::Status UploadBook::CheckFiles(const v1::StoredUpload& upload) const {
  if (upload.has_voterfile()) return CheckVoterFiles(upload);
  if (upload.mode() == v1::UploadStatement::REPLACE) return absl::OkStatus();
  const std::lock_guard lock(mutex_);
  for (const auto& [id, slot] : slots_) {
    const v1::StoredUpload& other = slot.view.record;
    if (other.upload() == upload.upload() || other.member() != upload.member() ||
        other.list() != upload.list())
      continue;
    if (!OnList(other) && !slot.view.committing) continue;
    for (const std::string& hash : upload.file_blake2b()) {
      if (std::find(other.file_blake2b().begin(), other.file_blake2b().end(), hash) ==
          other.file_blake2b().end())
        continue;
      return MakeError(v1::FILE_ALREADY_UPLOADED,
                       "this file was already uploaded to this list as " + other.upload() +
                           "; nothing needs to be done. To load it anew use --replace, for another "
                           "list --list NAME",
                       {{"upload", other.upload()}});
    }
  }
  return absl::OkStatus();
}

absl::Status UploadBook::Add(v1::StoredUpload record) {
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(record.upload()));
  Slot slot;
  MUSTER_ASSIGN_OR_RETURN(slot.view.member, MemberId::Parse(record.member()));
  MUSTER_RETURN_IF_ERROR(FolderOf(id).Create());
  const std::lock_guard lock(mutex_);
  int open = 0;
  for (const auto& [other, existing] : slots_) {
    open += existing.view.member == slot.view.member &&
            existing.view.record.state() == v1::Upload::OPEN;
  }
  if (open >= kOpenUploadsPerMemberMax) {
    return MakeError(
        v1::SERVER_BUSY,
        "this member has " + std::to_string(open) +
            " uploads that were begun and not finished; resume them with --resume, or wait "
            "until they are given up after a week");
  }
  if (slots_.contains(id))
    return MakeError(v1::UPLOAD_EXISTS, id.Name() + " exists already; draw another id");
  MUSTER_RETURN_IF_ERROR(Persist(id, record));
  slot.view.id = id;
  slot.view.record = std::move(record);
  NoteActive(slot.view);
  slots_.emplace(id, std::move(slot));
  return absl::OkStatus();
}

absl::Status UploadBook::Update(const UploadId& id,
                                const std::function<void(v1::StoredUpload&)>& change) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = slots_.find(id);
    if (it == slots_.end()) return NotFound(id);
    v1::StoredUpload record = it->second.view.record;
    change(record);
    MUSTER_RETURN_IF_ERROR(Persist(id, record));
    it->second.view.record = std::move(record);
    NoteActive(it->second.view);
  }
  Notify();
  return absl::OkStatus();
}

void UploadBook::SetDurableCount(const UploadId& id, int64_t count) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = slots_.find(id);
    if (it == slots_.end() || it->second.view.durable_count == count) return;
    it->second.view.durable_count = count;
  }
  Notify();
}

absl::Status UploadBook::Remove(const UploadId& id) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = slots_.find(id);
    if (it == slots_.end()) return absl::OkStatus();
    // A batch that is just being written would outlive its folder.
    if (!it->second.writing.empty()) return MakeError(v1::SERVER_BUSY, "a batch is being stored");
    MUSTER_RETURN_IF_ERROR(FolderOf(id).RemoveAll());
    MUSTER_RETURN_IF_ERROR(store_->Delete(kUploadsFamily, id.View(), store::Sync::kYes));
    active_.erase(id);
    slots_.erase(it);
  }
  Notify();
  return absl::OkStatus();
}

absl::StatusOr<bool> UploadBook::BeginPut(const UploadId& id, uint32_t sequence) {
  const std::lock_guard lock(mutex_);
  const auto it = slots_.find(id);
  if (it == slots_.end()) return NotFound(id);
  Slot& slot = it->second;
  const v1::StoredUpload& record = slot.view.record;
  if (record.state() == v1::Upload::FAILED) {
    return MakeError(v1::UPLOAD_FAILED, id.Name() + " has failed: " + record.failure_message(),
                     {{"reason", record.failure_reason()}});
  }
  if (sequence < slot.received.size() && slot.received[sequence]) return false;
  if (record.state() != v1::Upload::OPEN || slot.view.committing) {
    return MakeError(v1::UPLOAD_FINISHED,
                     id.Name() + " is committed and takes no more batches; start a new upload");
  }
  if (!slot.writing.insert(sequence).second) {
    return MakeError(v1::SERVER_BUSY, "batch " + std::to_string(sequence) +
                                          " is just being stored; ask again in a moment");
  }
  return true;
}

void UploadBook::EndPut(const UploadId& id, uint32_t sequence, bool stored) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = slots_.find(id);
    MUSTER_CHECK(it != slots_.end());  // Remove waits for writers
    it->second.writing.erase(sequence);
    if (stored) Mark(it->second, sequence);
  }
  if (stored) Notify();
}

absl::Status UploadBook::BeginCommit(const UploadId& id) {
  const std::lock_guard lock(mutex_);
  const auto it = slots_.find(id);
  if (it == slots_.end()) return NotFound(id);
  Slot& slot = it->second;
  if (slot.view.record.state() == v1::Upload::FAILED) {
    return MakeError(v1::UPLOAD_FAILED,
                     id.Name() + " has failed: " + slot.view.record.failure_message(),
                     {{"reason", slot.view.record.failure_reason()}});
  }
  if (slot.view.record.state() != v1::Upload::OPEN) {
    return MakeError(
        v1::UPLOAD_FINISHED,
        id.Name() + " is committed already, with another statement; start a new upload");
  }
  if (slot.view.committing || !slot.writing.empty()) {
    return MakeError(v1::SERVER_BUSY,
                     id.Name() + " is just being written to; commit again in a moment");
  }
  slot.view.committing = true;
  return absl::OkStatus();
}

void UploadBook::EndCommit(const UploadId& id) {
  const std::lock_guard lock(mutex_);
  const auto it = slots_.find(id);
  if (it != slots_.end()) it->second.view.committing = false;
}

absl::Status UploadBook::PutWithdrawal(const v1::StoredWithdrawal& withdrawal) {
  MUSTER_ASSIGN_OR_RETURN(const WithdrawalId id, WithdrawalId::Parse(withdrawal.withdrawal()));
  const std::lock_guard lock(mutex_);
  MUSTER_RETURN_IF_ERROR(store_->Put(kWithdrawalsFamily, id.View(), withdrawal.SerializeAsString(),
                                     store::Sync::kYes));
  withdrawals_[id] = withdrawal;
  return absl::OkStatus();
}

absl::Status UploadBook::DeleteWithdrawal(const WithdrawalId& id) {
  const std::lock_guard lock(mutex_);
  MUSTER_RETURN_IF_ERROR(store_->Delete(kWithdrawalsFamily, id.View(), store::Sync::kYes));
  withdrawals_.erase(id);
  return absl::OkStatus();
}

std::vector<v1::StoredWithdrawal> UploadBook::PendingWithdrawals() const {
  const std::lock_guard lock(mutex_);
  std::vector<v1::StoredWithdrawal> pending;
  for (const auto& [id, withdrawal] : withdrawals_) pending.push_back(withdrawal);
  std::sort(pending.begin(), pending.end(),
            [](const auto& a, const auto& b) { return a.statement_index() < b.statement_index(); });
  return pending;
}

bool UploadBook::Over(const Waiter& waiter, absl::Time now) const {
  const Slot* slot = FindSlot(waiter.id);
  return waiting_ended_ || now >= waiter.deadline || slot == nullptr ||
         slot->view.record.state() != waiter.state ||
         slot->view.durable_count != waiter.durable_count;
}

void UploadBook::Wait(const UploadId& id, v1::Upload::State state, int64_t durable_count,
                      absl::Time deadline, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    Waiter waiter{id, state, durable_count, deadline, std::move(done)};
    if (!Over(waiter, absl::InfinitePast()) && waiters_.size() < kWaitersMax) {
      waiters_.push_back(std::move(waiter));
      return;
    }
    done = std::move(waiter.done);
  }
  done();
}

void UploadBook::AnswerWaiters(absl::Time now) {
  std::vector<std::function<void()>> over;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(waiters_, [&](Waiter& waiter) {
      if (!Over(waiter, now)) return false;
      over.push_back(std::move(waiter.done));
      return true;
    });
  }
  for (const auto& done : over) done();
}

void UploadBook::Notify() {
  AnswerWaiters(absl::InfinitePast());
  if (listener_) listener_();
}

void UploadBook::Tick(absl::Time now) { AnswerWaiters(now); }

void UploadBook::EndWaiting() {
  {
    const std::lock_guard lock(mutex_);
    waiting_ended_ = true;
  }
  AnswerWaiters(absl::InfinitePast());
}

}  // namespace muster::front
