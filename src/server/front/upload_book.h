// SPDX-License-Identifier: Apache-2.0
//
// UploadBook: what the front desk knows of every upload: its record (in the front store), which
// batches are stored (its folder), how many the vault has read durably; and of withdrawals that are
// still to be done.
//
// Rule: the log decides. A record that the log has overtaken (a crash between the two writes) is
// brought up to date at Open. A sequence is written by one thread at a time and never again once
// stored.
// Errors: UPLOAD_NOT_FOUND, UPLOAD_EXISTS, UPLOAD_FINISHED, UPLOAD_FAILED, FILE_ALREADY_UPLOADED,
// BATCH_REPLAYED, SERVER_BUSY, and the store's.
// Threads: safe from anywhere; callbacks run on the thread that makes the change, or on the one
// that calls Tick.
#ifndef MUSTER_SERVER_FRONT_UPLOAD_BOOK_H_
#define MUSTER_SERVER_FRONT_UPLOAD_BOOK_H_

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/id.h"
#include "core/store/database.h"
#include "muster/v1/front_store.pb.h"
#include "server/front/batch_folder.h"
#include "server/front/journal.h"

namespace muster::front {

inline const std::vector<std::string> kFrontFamilies = {"uploads", "withdrawals", "callers",
                                                        "erasures", "cosignatures"};
inline constexpr store::Family kUploadsFamily = 0;
inline constexpr store::Family kWithdrawalsFamily = 1;
inline constexpr store::Family kCallersFamily = 2;
inline constexpr store::Family kErasuresFamily = 3;
inline constexpr store::Family kCosignaturesFamily = 4;

// An uploader with this many unfinished uploads has forgotten them.
inline constexpr int kOpenUploadsPerMemberMax = 100;

struct UploadView {
  UploadId id;
  MemberId member;
  v1::StoredUpload record;
  int64_t received_count = 0;
  // Batches [0, contiguous_count) are stored.
  int64_t contiguous_count = 0;
  // Batches the vault has read durably.
  int64_t durable_count = 0;
  // Its statement is being checked and logged.
  bool committing = false;

  bool unfinished() const {
    return record.state() == v1::Upload::OPEN || record.state() == v1::Upload::INTAKE;
  }
  // The vault is done with it, its files are not. Nobody will ever ask for a voter's record again:
  // the batches of a voter file go as soon as it was read.
  bool wraps_left() const {
    return record.state() == v1::Upload::DONE && !record.has_voterfile() && !record.wraps_erased();
  }
  bool batches_left() const {
    return !unfinished() && !record.batches_removed() &&
           (record.state() != v1::Upload::DONE || record.has_voterfile());
  }
  bool active() const { return unfinished() || wraps_left() || batches_left(); }
};

class UploadBook {
 public:
  // All outlive the book. `folder`: where each upload has its own.
  static absl::StatusOr<std::unique_ptr<UploadBook>> Open(store::Store* store,
                                                          std::filesystem::path folder,
                                                          const Journal* journal);

  BatchFolder FolderOf(const UploadId& id) const {
    return BatchFolder(folder_ / id.Name().substr(8));
  }

  absl::StatusOr<UploadView> Find(const UploadId& id) const;
  // One of `member`'s; others' do not exist for it.
  absl::StatusOr<UploadView> FindOf(const UploadId& id, const MemberId& member) const;
  // Those with something left to do: batches to be read, files to be cleared.
  std::vector<UploadView> Active() const;
  std::vector<UploadView> ListOf(const MemberId& member) const;  // newest first
  std::vector<UploadView> VoterFiles() const;                    // everybody's, newest first
  std::vector<v1::SequenceRange> Received(const UploadId& id) const;

  // FILE_ALREADY_UPLOADED when one of these files is already on the list (REPLACE takes it); of a
  // voter file when all of them came in one upload of voters, whoever made it.
  absl::Status CheckFiles(const v1::StoredUpload& upload) const;
  absl::Status Add(v1::StoredUpload record);
  // Changes the record durably, then tells who waits.
  absl::Status Update(const UploadId& id, const std::function<void(v1::StoredUpload&)>& change);
  void SetDurableCount(const UploadId& id, int64_t count);
  absl::Status Remove(const UploadId& id);

  // True: the caller is to store the batch and then say EndPut. False: the sequence is there
  // already.
  absl::StatusOr<bool> BeginPut(const UploadId& id, uint32_t sequence);
  void EndPut(const UploadId& id, uint32_t sequence, bool stored);

  // While an upload is being committed no new batch is taken; EndCommit lets them in again when the
  // upload is still open.
  absl::Status BeginCommit(const UploadId& id);
  void EndCommit(const UploadId& id);

  absl::Status PutWithdrawal(const v1::StoredWithdrawal& withdrawal);
  absl::Status DeleteWithdrawal(const WithdrawalId& id);
  std::vector<v1::StoredWithdrawal> PendingWithdrawals() const;

  // Calls `done` once: when the upload's state or durable count is no longer as given, or at
  // `deadline`, or when waiting ends.
  void Wait(const UploadId& id, v1::Upload::State state, int64_t durable_count, absl::Time deadline,
            std::function<void()> done);
  void Tick(absl::Time now);  // deadlines
  void EndWaiting();          // all now, and from now on at once

  // Called on every change; set once, before use.
  void OnChange(std::function<void()> listener) { listener_ = std::move(listener); }

 private:
  struct Slot {
    UploadView view;
    std::vector<bool> received;
    std::set<uint32_t> writing;
  };
  struct Waiter {
    UploadId id;
    v1::Upload::State state;
    int64_t durable_count;
    absl::Time deadline;
    std::function<void()> done;
  };
  UploadBook(store::Store* store, std::filesystem::path folder, const Journal* journal)
      : store_(store), folder_(std::move(folder)), journal_(journal) {}
  absl::Status Load();
  template <typename Wanted>
  std::vector<UploadView> NewestFirst(Wanted&& wanted) const;
  absl::Status CheckVoterFiles(const v1::StoredUpload& upload) const;
  // Takes the log's word into `record`; true when that changed it.
  bool Reconcile(const UploadId& id, v1::StoredUpload& record) const;
  absl::Status Persist(const UploadId& id, const v1::StoredUpload& record) const;
  static void Mark(Slot& slot, uint32_t sequence);
  void NoteActive(const UploadView& view) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const Slot* FindSlot(const UploadId& id) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool Over(const Waiter& waiter, absl::Time now) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void AnswerWaiters(absl::Time now);
  void Notify();

  store::Store* const store_;
  const std::filesystem::path folder_;
  const Journal* const journal_;
  std::function<void()> listener_;

  mutable std::mutex mutex_;
  std::map<UploadId, Slot> slots_ ABSL_GUARDED_BY(mutex_);
  std::set<UploadId> active_
      ABSL_GUARDED_BY(mutex_);  // kept apart: the driver asks often, and the finished grow for ever
  std::map<WithdrawalId, v1::StoredWithdrawal> withdrawals_ ABSL_GUARDED_BY(mutex_);
  std::vector<Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
  bool waiting_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_UPLOAD_BOOK_H_
