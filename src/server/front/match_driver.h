// SPDX-License-Identifier: Apache-2.0
//
// MatchDriver: sees runs of matching through: the vault's work, and its statements onto the log.
//
// Rules: one run at a time; who asks for the same meanwhile gets it. A run goes on without whoever
// asked for it. The vault gives its statements until it has read them on the log, so a crash of
// either process loses none: the next run brings them, and each goes onto the log once. What the
// vault refuses fails the run with the vault's reason, and so does a vault lost once it has begun;
// one that was lost before a word of it (the last breath of one that is being started again) is
// waited for and asked again. Jobs are remembered until the process ends, the last kJobsMax of
// them. How far a stage is leaves here in hundredths only.
// Errors: SERVER_BUSY (another run is under way), SERVER_DRAINING, MATCH_NOT_FOUND.
// Threads: safe from anywhere; a thread of its own for each run.
#ifndef MUSTER_SERVER_FRONT_MATCH_DRIVER_H_
#define MUSTER_SERVER_FRONT_MATCH_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "muster/v1/match_service.pb.h"
#include "server/front/journal.h"
#include "server/front/vault_feed.h"
#include "server/front/vault_link.h"

namespace muster::front {

class MatchDriver {
 public:
  static constexpr size_t kJobsMax = 100;

  // All outlive the driver.
  MatchDriver(Journal* journal, const VaultFeed* feed, Vault* vault, const Clock* clock);
  ~MatchDriver();

  // A job without its proof, and where its statement stands in the log once it is done.
  struct View {
    v1::MatchJob job;
    std::optional<uint64_t> statement_index;
  };

  absl::StatusOr<View> Start(const v1::StartMatchRequest& request);
  absl::StatusOr<View> Find(std::string_view job) const;
  // Breaks off the run that is under way: nothing of it counts.
  void Stop();

 private:
  struct Job {
    View view;
    v1::StartMatchRequest request;
  };

  absl::Status AwaitVault() const;
  // The index of the run's statement.
  absl::StatusOr<uint64_t> Run(const v1::VaultRunMatchRequest& request);
  // `begun` tells whether the vault said anything of the run.
  absl::StatusOr<uint64_t> RunOnce(const v1::VaultRunMatchRequest& request, bool& begun);
  absl::StatusOr<uint64_t> Record(const v1::VaultRunMatchRequest& request,
                                  const v1::VaultMatchProgress& last);
  absl::StatusOr<uint64_t> AppendOnce(const v1::SignedStatement& statement, const MatchId& match);
  void End(const absl::StatusOr<uint64_t>& index);
  bool Running() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool Stopping() const;

  Journal* const journal_;
  const VaultFeed* const feed_;
  Vault* const vault_;
  const Clock* const clock_;

  mutable std::mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);  // the newest last
  MatchStream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::thread thread_ ABSL_GUARDED_BY(mutex_);  // of the newest job
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_MATCH_DRIVER_H_
