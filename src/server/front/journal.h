// SPDX-License-Identifier: Apache-2.0
//
// Journal: the one place where statements enter the log. Checks a statement against the registry,
// appends it durably, lets it take effect, and tells whoever listens.
//
// Rule: what the registry knows is what the log holds, in the log's order; the registry is rebuilt
// by replaying the whole log at Open. After a write that failed, the log is opened anew and
// compared, so that an entry is never half there.
// Errors: those of governance/registry.h, tlog/log.h and the store; DATA_LOSS (STORE_CORRUPT) when
// stored entries break the registry's rules.
// Threads: safe from anywhere. Appends wait for one another; reads do not wait for disk.
#ifndef MUSTER_SERVER_FRONT_JOURNAL_H_
#define MUSTER_SERVER_FRONT_JOURNAL_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/crypto/signature.h"
#include "core/governance/registry.h"
#include "core/governance/statement.h"
#include "core/tlog/log.h"
#include "server/front/dispatch.h"

namespace muster::front {

class Journal : public Principals {
 public:
  // `store` and `clock` outlive the journal. `origin`: the log's name.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(tlog::TileStore* store,
                                                       const crypto::SigningKey& log_key,
                                                       const std::string& origin,
                                                       const Clock* clock);

  // Returns the entry's index. The very statement that is already there is appended again only when
  // the registry's rules allow it; callers that must be idempotent look first.
  absl::StatusOr<uint64_t> Append(const v1::SignedStatement& statement);

  // Called after every append, from its thread. Set once, before the first Append.
  void OnAppend(std::function<void()> listener) { listener_ = std::move(listener); }

  // `read` sees the registry at rest; pointers into it must not leave.
  template <typename Read>
  auto WithRegistry(Read&& read) const {
    const std::shared_lock lock(registry_mutex_);
    return read(static_cast<const governance::Registry&>(registry_));
  }
  bool founded() const;
  Bytes16 consortium() const override;
  std::optional<governance::PersonRecord> FindByKeyId(std::string_view key_id) const override;

  uint64_t size() const;
  std::string checkpoint() const;
  absl::StatusOr<tlog::Entry> ReadEntry(uint64_t index) const;

  // The newest checkpoint with its consistency, and the size that goes with it for entry proofs.
  struct Extension {
    v1::CheckpointProof proof;
    uint64_t size = 0;
  };
  absl::StatusOr<Extension> ProveExtension(int64_t known_size) const;
  absl::StatusOr<v1::EntryProof> Prove(uint64_t index, uint64_t size) const;

 private:
  Journal(tlog::TileStore* store, crypto::SigningKey log_key, std::string origin,
          const Clock* clock);
  // Opens the log and lets every entry beyond those already applied take effect.
  absl::Status Reopen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_mutex_);
  void TakeEffect(uint64_t index, const governance::VerifiedStatement& statement,
                  absl::Status& status);
  std::shared_ptr<tlog::Log> log() const;

  tlog::TileStore* const store_;
  const crypto::SigningKey log_key_;
  const std::string origin_;
  const Clock* const clock_;
  std::function<void()> listener_;

  std::mutex append_mutex_;
  uint64_t applied_ ABSL_GUARDED_BY(append_mutex_) = 0;
  bool log_failed_ ABSL_GUARDED_BY(append_mutex_) = true;

  mutable std::mutex log_mutex_;
  std::shared_ptr<tlog::Log> log_ ABSL_GUARDED_BY(log_mutex_);

  mutable std::shared_mutex registry_mutex_;
  governance::Registry
      registry_;  // written under both mutexes, so a reader holding either may look
  std::map<std::string, PersonId, std::less<>> by_key_id_;
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_JOURNAL_H_
