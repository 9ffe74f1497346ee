// SPDX-License-Identifier: Apache-2.0
//
// Vault: the back room as a whole, without its socket: one home, its keys and store, the log it has
// read, the uploads that are being read, the pool.
//
//   HOME/root.key, keys.sealed, keys.public, intake/   keyring/keyring.h
//   HOME/store/                                        store/vault_store.h
//   HOME/erased.list                                   pipeline/erasure_list.h
//   HOME/log.vkey                                      the log's verifier key, pinned at founding
//
// Errors: those of the parts; FAILED_PRECONDITION (HOME_MALFORMED) when the home lacks something;
// RESOURCE_EXHAUSTED (SERVER_BUSY) when an upload's earlier run does not end.
// Threads: safe from anywhere; a Reading belongs to one thread.
#ifndef MUSTER_CORE_PIPELINE_VAULT_H_
#define MUSTER_CORE_PIPELINE_VAULT_H_

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/keyring/keyring.h"
#include "core/pipeline/intake_run.h"
#include "core/pipeline/log_observer.h"
#include "core/pipeline/match_run.h"
#include "core/pipeline/pool.h"
#include "core/store/vault_store.h"
#include "muster/v1/vault_service.pb.h"

namespace muster::pipeline {

struct VaultOptions {
  std::filesystem::path home;
  std::filesystem::path log_vkey_file;  // empty: HOME/log.vkey
  IntakeOptions intake;
};

// The log's verifier key, as `muster found` left it. HOME_MALFORMED.
absl::StatusOr<tlog::NoteKey> ReadLogKey(const std::filesystem::path& path);

class Vault {
 public:
  // A home whose root is a key file.
  static absl::StatusOr<std::unique_ptr<Vault>> Open(const VaultOptions& options,
                                                     const Clock& clock = Clock::System());
  static absl::StatusOr<std::unique_ptr<Vault>> Open(const VaultOptions& options,
                                                     std::unique_ptr<keyring::Keyring> keyring,
                                                     const Clock& clock = Clock::System());
  ~Vault();

  // Ends all readings and starts no more; what is not durable yet is read again later.
  void Drain();

  // What an open vault can say; custody.h adds what opened it.
  v1::VaultState State() const;
  absl::StatusOr<uint64_t> Observe(const v1::ObserveEntriesRequest& request);
  // `voterfile`: not set for a list.
  absl::StatusOr<v1::IntakeKey> OpenIntake(std::string_view upload, std::string_view member,
                                           std::string_view list,
                                           const v1::VoterFileTerms& voterfile = {});

  // An intake run that its upload knows of: at most one at a time, an older one is ended by a
  // newer.
  class Reading {
   public:
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    IntakeRun& run() { return *run_; }

   private:
    friend class Vault;
    Reading(Vault* vault, const UploadId& upload) : vault_(vault), upload_(upload) {}
    Vault* const vault_;
    const UploadId upload_;
    std::unique_ptr<IntakeRun> run_;
  };
  absl::StatusOr<std::unique_ptr<Reading>> Read(std::string_view upload,
                                                IntakeRun::OnProgress on_progress);

  absl::StatusOr<v1::FinishIntakeResponse> FinishIntake(std::string_view upload,
                                                        int64_t statement_index);
  absl::Status CancelIntake(std::string_view upload);
  absl::StatusOr<v1::MemberFigures> Figures(std::string_view member) const;
  absl::StatusOr<v1::SignedStatement> ApplyWithdrawal(int64_t statement_index,
                                                      std::string_view sealed_addresses);

  // SERVER_BUSY while a match run is under way: it would write of the address what it has read.
  absl::StatusOr<v1::SignedStatement> ApplyErasure(int64_t statement_index,
                                                   std::string_view sealed_order);
  absl::StatusOr<v1::VaultReportPersonResponse> ReportPerson(
      const v1::VaultReportPersonRequest& request) const;

  // One run at a time (SERVER_BUSY); ends with the statements that the log has not shown yet.
  absl::StatusOr<std::vector<v1::SignedStatement>> Match(const v1::VaultRunMatchRequest& request,
                                                         const MatchRun::OnProgress& on_progress);
  // Sealed to the person who asks.
  absl::StatusOr<std::string> Explain(const v1::VaultExplainMatchRequest& request) const;

  // For tests and benchmarks.
  store::VaultStore& store() { return *store_; }
  const keyring::Keyring& keyring() const { return *keyring_; }
  const LogObserver& observer() const { return *observer_; }
  Pool& pool() { return *pool_; }

 private:
  Vault(const VaultOptions& options, const Clock& clock) : options_(options), clock_(clock) {}
  absl::StatusOr<IntakePlan> PlanOf(const UploadId& upload) const;
  // Ends the upload's reading and keeps others from starting until released.
  absl::Status Claim(const UploadId& upload);
  void Release(const UploadId& upload);
  void Maintain();

  const VaultOptions options_;
  const Clock& clock_;
  std::unique_ptr<keyring::Keyring> keyring_;
  std::optional<token::SketchKey> sketch_key_;
  std::unique_ptr<store::VaultStore> store_;
  std::unique_ptr<LogObserver> observer_;
  std::unique_ptr<ErasureList> erasures_;
  std::unique_ptr<Pool> pool_;
  std::unique_ptr<MatchRun> match_run_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Null: claimed, without a run (yet).
  std::map<UploadId, IntakeRun*> claims_ ABSL_GUARDED_BY(mutex_);
  bool matching_ ABSL_GUARDED_BY(mutex_) = false;
  int erasing_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread maintenance_;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_VAULT_H_
