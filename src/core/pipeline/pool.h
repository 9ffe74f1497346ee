// SPDX-License-Identifier: Apache-2.0
//
// Pool: which uploads count, and for each member exactly how many addresses it has brought. The
// one place where rows that were read begin to count, and where they stop: contacts and voters.
//
// Rules: an upload counts from one synced write on (LIVE), together with the statement about it
// and the member's figures, and stops counting in one too (GONE); its rows are settled before and
// removed after, in steps that can be repeated. Within an upload the first row of an address
// stands, and a suppression among its rows wins over every contact. Where several statements
// touch a list, the log's order decides, not the order in which they are carried out. Figures are
// about the member's own sources only; an address that somebody had erased at another member stays
// in them, though not in the pool (held_back.h). Of each source of voters the extract of the latest
// day counts, whichever was read last; what an extract that gave way or came too late has of vote
// history goes on counting.
// Errors: FAILED_PRECONDITION (UPLOAD_FINISHED, BATCH_MISSING, LOG_BEHIND, STATEMENT_REFUSED),
// NOT_FOUND (UPLOAD_NOT_FOUND), INVALID_ARGUMENT (BATCH_TAMPERED, DECRYPTION_FAILED,
// REQUEST_MALFORMED); those of store/database.h and keyring/keyring.h.
// Threads: safe from anywhere; one change at a time.
#ifndef MUSTER_CORE_PIPELINE_POOL_H_
#define MUSTER_CORE_PIPELINE_POOL_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/governance/statement.h"
#include "core/keyring/keyring.h"
#include "core/pipeline/erasure_list.h"
#include "core/pipeline/held_back.h"
#include "core/pipeline/log_observer.h"
#include "core/store/vault_store.h"
#include "muster/v1/vault_service.pb.h"

namespace muster::pipeline {

class Pool {
 public:
  // All outlive the pool.
  Pool(store::VaultStore* store, const keyring::Keyring* keyring, const LogObserver* observer,
       ErasureList* erasures, const Clock* clock)
      : store_(store), keyring_(keyring), observer_(observer), erasures_(erasures), clock_(clock) {}

  // Makes (or returns) the signed intake key of an upload.
  // `voterfile`: not set for a list.
  absl::StatusOr<v1::IntakeKey> Open(const UploadId& upload, const MemberId& member,
                                     std::string_view list, const v1::VoterFileTerms& voterfile);
  // The upload's rows take effect; its intake key is destroyed. The same statement on every call.
  absl::StatusOr<v1::FinishIntakeResponse> Finish(const UploadId& upload, uint64_t statement_index);
  // Forgets an upload that never took effect.
  absl::Status Cancel(const UploadId& upload);
  // `sealed_addresses` as the statement's hash says; empty for a list.
  absl::StatusOr<v1::SignedStatement> Withdraw(uint64_t statement_index,
                                               std::string_view sealed_addresses);
  // `sealed_order` as the statement's hash says.
  absl::StatusOr<v1::SignedStatement> Erase(uint64_t statement_index,
                                            std::string_view sealed_order);
  absl::StatusOr<v1::MemberFigures> Figures(const MemberId& member) const;

  // Finishes what a crash left half done, forgets intakes whose key has expired, and erases again
  // whom a restored store has brought back. Call at start.
  absl::Status Recover();

  // Whether rows were removed whose bytes may still be in old files, and the rewriting that ends it
  // (slow; see store.Compact).
  absl::StatusOr<bool> CompactionDue() const;
  absl::Status Compact();

 private:
  using Uploads = std::vector<std::pair<UploadId, v1::UploadRecord>>;
  struct Settled {
    int64_t contact_count = 0;
    int64_t suppression_count = 0;
    bool held_back = false;
  };

  absl::StatusOr<v1::FinishIntakeResponse> FinishLocked(const UploadId& upload,
                                                        uint64_t statement_index,
                                                        std::optional<int64_t> voter_count)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckComplete(const v1::UploadStatement& statement, const v1::UploadRecord& record,
                             const v1::IntakeRecord& intake) const;
  // Rows of addresses that were erased stand under their stand-ins from here on. Whether there were
  // any whose bytes may still be in old files.
  absl::StatusOr<bool> HoldBackRows(const UploadId& upload, const MemberId& member) const;
  // Of the upload's texts of consent those that only erased addresses have.
  absl::StatusOr<std::set<Bytes8>> HeldBackConsents(const UploadId& upload, const MemberId& member,
                                                    const HeldBack& held_back) const;
  // Leaves one row an address, and writes the suppressions.
  absl::StatusOr<Settled> Settle(const UploadId& upload, const MemberId& member);
  // What taking the rows in changes beside the upload's own record: figures and other uploads, into
  // `batch`, `uploads` and `words`; and the state that the upload gets.
  absl::StatusOr<v1::UploadRecord::State> TakeInContacts(
      const UploadId& upload, const v1::UploadRecord& record, const v1::IntakeRecord& intake,
      const v1::UploadStatement& statement, Uploads& uploads, v1::IntakeStatement& words,
      store::Batch& batch);
  absl::StatusOr<v1::UploadRecord::State> TakeInVoters(const UploadId& upload,
                                                       const v1::UploadRecord& record,
                                                       const v1::IntakeRecord& intake,
                                                       Uploads& uploads, v1::IntakeStatement& words,
                                                       store::Batch& batch);
  // Leaves one row a voter; how many there are.
  absl::StatusOr<int64_t> SettleVoters(const UploadId& upload) const;
  // Whether a later statement on the log has already taken the upload back.
  absl::StatusOr<bool> IsSuperseded(const UploadId& upload, const Uploads& uploads) const;
  absl::StatusOr<std::string> SealRefused(const v1::IntakeRecord& intake,
                                          const governance::VerifiedStatement& statement) const;
  // What follows once the upload's state is written: keys and rows that are to go.
  absl::Status CleanUp(const UploadId& upload, const v1::UploadRecord& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CleanUpAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // All rows of these families that begin with the upload.
  void RemoveRange(std::initializer_list<store::Family> families, const UploadId& upload,
                   store::Batch& batch) const;
  absl::Status Purge(const UploadId& upload, v1::UploadRecord record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status PurgeVoters(const UploadId& upload, v1::UploadRecord record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status RemoveUnread(const UploadId& upload, const MemberId& member)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Status WithdrawList(const MemberId& member, const std::string& list,
                            uint64_t statement_index, v1::WithdrawnStatement& withdrawn,
                            store::Batch& batch) const;
  // Counts voters of extracts that were current.
  absl::StatusOr<int64_t> WithdrawVoters(const MemberId& member, const std::string& name,
                                         uint64_t statement_index, store::Batch& batch) const;
  absl::Status WithdrawAddresses(const MemberId& member, uint64_t statement_index,
                                 std::string_view sealed_addresses,
                                 v1::WithdrawnStatement& withdrawn, store::Batch& batch) const;
  // Adds the removal of the member's sources of these addresses to `batch`, from uploads that
  // `included` takes. Counts sources and addresses met; what is held back counts as a source. With
  // `or_stand_ins`, a token may be one.
  struct Removed {
    int64_t sources = 0;
    int64_t addresses = 0;
  };
  absl::StatusOr<Removed> RemoveAddresses(const MemberId& member,
                                          const std::vector<token::Token>& tokens,
                                          const std::function<bool(const UploadId&)>& included,
                                          bool or_stand_ins, store::Batch& batch) const;

  // The list beside the store and the one in it become the same.
  absl::Status RecoverErasures() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status EraseAgain(const token::Token& contact, const v1::HeldBackRecord& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Uploads> UploadsOf(const MemberId& member) const;
  v1::SignedStatement Sign(v1::Statement statement) const;
  int64_t Now() const;

  store::VaultStore* const store_;
  const keyring::Keyring* const keyring_;
  const LogObserver* const observer_;
  ErasureList* const erasures_;
  const Clock* const clock_;
  mutable std::mutex mutex_;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_POOL_H_
