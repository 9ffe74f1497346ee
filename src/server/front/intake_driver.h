// SPDX-License-Identifier: Apache-2.0
//
// IntakeDriver: sees every upload through: batches to the vault in order while they still arrive,
// the vault's statement onto the log, intake wraps out of the stored files; and withdrawals.
// Whatever breaks, it waits for the vault and goes on from what is durable there.
//
// Rules: at most kIntakeThreads uploads at a time, each by one thread; batches are read from disk
// one by one, so memory does not grow with an upload. The vault's statement goes onto the log once.
// A list's uploads are finished in the log's order, so that REPLACE replaces what came before it.
// An upload that the vault refuses for good is FAILED, with the batch and the remedy; everything
// else is tried again.
// Threads: safe from anywhere; threads of its own.
#ifndef MUSTER_SERVER_FRONT_INTAKE_DRIVER_H_
#define MUSTER_SERVER_FRONT_INTAKE_DRIVER_H_

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "server/front/upload_book.h"
#include "server/front/vault_feed.h"
#include "server/front/vault_link.h"

namespace muster::front {

inline constexpr int kIntakeThreads = 2;
// A member whose upload stands open for longer has given it up.
inline constexpr absl::Duration kUncommittedUploadLifetime = absl::Hours(24 * 7);

class IntakeDriver {
 public:
  // All outlive the driver.
  IntakeDriver(UploadBook* book, Journal* journal, VaultFeed* feed, Vault* vault,
               const Clock* clock);
  ~IntakeDriver();

  void Start();
  void Stop();
  void Poke();

  // Has the vault carry out a withdrawal that is on the log and pending in the book; answers with
  // the index of the vault's statement. Idempotent. When the vault is away it is done later,
  // without being asked again.
  absl::StatusOr<uint64_t> ApplyWithdrawal(const WithdrawalId& id);

 private:
  struct Pace {
    absl::Time not_before = absl::InfinitePast();
    absl::Duration pause = absl::ZeroDuration();
    uint64_t last_turn = 0;
  };
  enum class Outcome { kProgress, kWait };

  void Work();
  void Housekeep();
  std::optional<UploadView> NextUpload() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Stopping() const;
  // Waits a little for batch `next` or the commit; false when neither came.
  bool AwaitBatch(const UploadId& id, int64_t next) const;

  absl::StatusOr<Outcome> Run(const UploadView& upload);
  absl::StatusOr<Outcome> SendBatches(const UploadView& upload);
  absl::StatusOr<Outcome> Finish(const UploadView& upload);
  absl::Status EraseWraps(const UploadView& upload);
  absl::Status RemoveBatches(const UploadView& upload);
  void Fail(const UploadView& upload, const absl::Status& why);
  // False when some could not be given up just now.
  bool CancelForgotten();
  void RetryWithdrawals();
  // The list's earlier uploads no longer count: `before` is the log index of what took them out.
  absl::Status MarkWithdrawn(const MemberId& member, const std::string& list, uint64_t before);

  UploadBook* const book_;
  Journal* const journal_;
  VaultFeed* const feed_;
  Vault* const vault_;
  const Clock* const clock_;
  std::vector<std::thread> threads_;

  std::mutex withdrawal_mutex_;  // one at a time
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t turns_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<UploadId> running_ ABSL_GUARDED_BY(mutex_);
  std::set<IntakeRun*> runs_ ABSL_GUARDED_BY(mutex_);
  std::map<UploadId, Pace> paces_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_INTAKE_DRIVER_H_
