// SPDX-License-Identifier: Apache-2.0
//
// Custody: the vault and what opens it. With a key file it is open from the start. With a split
// root it starts sealed: it draws an opening key for this start alone, signs it with the split's
// opening key, takes holders' shares under it, and opens with the one that completes the threshold.
//
// Rules: a share is checked against the commitments when it comes, so that a wrong one has its
// holder's name and signature beside it. Unsealed, the vault works only once the log shows whose
// shares opened it; only what reads or feeds the log is answered before. It is sealed again by
// starting the process anew, which leaves nothing of its memory: whoever runs it is told when
// (somebody's statement on the log, or the lease's end). A ceremony on the log is followed by
// itself: the new root is prepared, and takes the old one's place when the split is proven to stand
// on the log.
// Errors: FAILED_PRECONDITION (VAULT_SEALED, VAULT_NOT_SEALED), SHARE_WRONG, OPENING_STALE,
// NOT_A_HOLDER, SIGNATURE_INVALID, REQUEST_MALFORMED; those of keyring and of vault.h;
// RESTART_REFUSED when another process has the home.
// Threads: safe from anywhere.
#ifndef MUSTER_CORE_PIPELINE_CUSTODY_H_
#define MUSTER_CORE_PIPELINE_CUSTODY_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/keyring/root_split.h"
#include "core/pipeline/vault.h"
#include "core/tlog/note.h"
#include "muster/v1/vault_key_service.pb.h"
#include "muster/v1/vault_service.pb.h"

namespace muster::pipeline {

class Custody {
 public:
  // `seal`: the process is to start anew; called at most once, from any thread.
  static absl::StatusOr<std::unique_ptr<Custody>> Open(const VaultOptions& options,
                                                       std::function<void()> seal,
                                                       const Clock& clock = Clock::System());
  ~Custody();
  Custody(const Custody&) = delete;
  Custody& operator=(const Custody&) = delete;

  v1::VaultState State() const;
  // VAULT_SEALED; VAULT_UNAVAILABLE for as long as the log does not show how it was opened.
  absl::StatusOr<Vault*> Use() const;
  absl::StatusOr<uint64_t> Observe(const v1::ObserveEntriesRequest& request);
  absl::StatusOr<v1::DeliverShareResponse> Deliver(const v1::DeliverShareRequest& request);
  absl::Status Commit(const v1::CommitSplitRequest& request);
  void Drain();

 private:
  struct Delivered {
    crypto::Share share;
    int64_t lease_seconds = 0;
  };
  // A key for this start, announced for the split in force.
  struct Opening {
    keyring::SealedRoot root;
    crypto::BoxSecretKey box_key;
    v1::SignedStatement statement;
    Bytes32 hash{};
    std::map<PersonId, Delivered> delivered;
    std::set<PersonId> refused;
  };

  Custody(const VaultOptions& options, std::function<void()> seal, const Clock& clock)
      : options_(options), seal_(std::move(seal)), clock_(clock) {}
  absl::Status Lock();
  absl::Status StartSealed(keyring::SealedRoot root);
  // Opens by the shares that are there. Deliveries wait meanwhile.
  absl::Status Unseal();
  absl::StatusOr<Delivered> CheckDelivery(const v1::DeliverShareRequest& request, PersonId& holder);
  // Follows the ceremony that the log has decided on.
  absl::Status FollowCeremony();
  void LookForSeal();
  // Once the log shows that enough shares open, the key file goes.
  absl::Status LookForConfirmed();
  void SealOnce();
  void KeepLease();
  absl::Status Sealed() const;

  const VaultOptions options_;
  const std::function<void()> seal_;
  const Clock& clock_;
  int lock_fd_ = -1;
  tlog::NoteKey log_key_;
  v1::VaultKeys public_keys_;

  std::mutex deliver_mutex_;  // one delivery, commit or ceremony at a time

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Opening> opening_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Vault> vault_ ABSL_GUARDED_BY(mutex_);  // once set, stays
  std::optional<v1::SignedStatement> prepared_ ABSL_GUARDED_BY(mutex_);
  // What the vault has said of its being open; the log must show the first before it works.
  std::optional<v1::SignedStatement> unsealed_ ABSL_GUARDED_BY(mutex_);
  std::set<Bytes32> open_by_ ABSL_GUARDED_BY(mutex_);
  bool works_ ABSL_GUARDED_BY(mutex_) = false;
  bool sealing_ ABSL_GUARDED_BY(mutex_) = false;
  bool proven_ ABSL_GUARDED_BY(mutex_) = false;
  v1::VaultKeyState split_in_force_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::chrono::steady_clock::time_point> lease_end_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread lease_;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_CUSTODY_H_
