// SPDX-License-Identifier: Apache-2.0
//
// Journal: the one place where statements enter the log. Checks a statement against the registry,
// appends it durably, lets it take effect, and tells whoever listens.
//
// Rules: what the registry knows is what the log holds, in the log's order. Open takes it from a
// snapshot whose tree is the log's and replays what came after, or replays everything; a log that
// has fewer entries than its own snapshot, or others, was set back, nothing is appended to it, and
// the snapshot stays as it is. A statement dated more than a day ahead is refused. Appends that
// come at the same time are checked in order, each against what those before it will have done, and
// share one durable write; nobody else sees them before it. After a write that failed, the log is
// opened anew and compared, so that an entry is never half there.
// Errors: those of governance/registry.h, tlog/log.h and the store; DATA_LOSS (STORE_CORRUPT) when
// stored entries break the registry's rules, (LOG_REWOUND, LOG_FORKED) from Append when it was set
// back.
// Threads: safe from anywhere. Appends wait for one another; reads do not wait for disk.
#ifndef MUSTER_SERVER_FRONT_JOURNAL_H_
#define MUSTER_SERVER_FRONT_JOURNAL_H_

#include <condition_variable>
#include <filesystem>
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
  // `store` and `clock` outlive the journal. `origin`: the log's name. `snapshot_file`: where what
  // follows from the log is kept from one start to the next; empty: nowhere.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(tlog::TileStore* store,
                                                       const crypto::SigningKey& log_key,
                                                       const std::string& origin,
                                                       const Clock* clock,
                                                       std::filesystem::path snapshot_file = {});

  // Returns the entry's index. The very statement that is already there is appended again only when
  // the registry's rules allow it; callers that must be idempotent look first.
  absl::StatusOr<uint64_t> Append(const v1::SignedStatement& statement);

  // Writes the snapshot, so that the next start reads no entry. Also done now and then by itself.
  absl::Status SaveSnapshot();

  // Called after appends, from one of their threads. Set once, before the first Append.
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
  absl::StatusOr<std::string> ReadTile(const tlog::TileRequest& request) const;
  absl::StatusOr<Bytes32> RootAt(uint64_t size) const;

  // From now on every append is refused with `why`: somebody showed that this log signed what it
  // no longer holds, and whatever it signed next would fork it. Lasts until the process ends.
  void RefuseAppends(absl::Status why);

  // The newest checkpoint with its consistency, and the size that goes with it for entry proofs.
  struct Extension {
    v1::CheckpointProof proof;
    uint64_t size = 0;
  };
  absl::StatusOr<Extension> ProveExtension(int64_t known_size) const;
  absl::StatusOr<v1::EntryProof> Prove(uint64_t index, uint64_t size) const;

 private:
  // One caller's statement on its way in.
  struct Pending {
    const governance::VerifiedStatement* verified;
    std::string body;
    uint64_t index = 0;
    absl::Status status;
    bool done = false;
  };

  Journal(tlog::TileStore* store, crypto::SigningKey log_key, std::string origin,
          const Clock* clock, std::filesystem::path snapshot_file);
  // These run in one thread at a time: in Open, or in the one that set `committing_`.
  // Opens the log and lets every entry beyond those already applied take effect.
  absl::Status Reopen();
  void LoadSnapshot(const tlog::Log& log);
  absl::Status WriteSnapshot();
  void WriteSnapshotWhenDue();
  void Commit(const std::vector<Pending*>& batch);
  // Those of `batch` that the registry's rules allow one after the other, with the places they get.
  std::vector<Pending*> CheckInOrder(const std::vector<Pending*>& batch);

  void TakeEffect(uint64_t index, const governance::VerifiedStatement& statement,
                  absl::Status& status);
  void NotePerson(const governance::PersonRecord& person);
  std::shared_ptr<tlog::Log> log() const;

  tlog::TileStore* const store_;
  const crypto::SigningKey log_key_;
  const std::string origin_;
  const Clock* const clock_;
  const std::filesystem::path snapshot_file_;
  std::function<void()> listener_;

  std::mutex append_mutex_;
  std::condition_variable turn_;
  std::vector<Pending*> waiting_ ABSL_GUARDED_BY(append_mutex_);
  bool committing_ ABSL_GUARDED_BY(append_mutex_) = false;
  absl::Status refusal_ ABSL_GUARDED_BY(append_mutex_);

  // Of the thread that commits.
  uint64_t applied_ = 0;
  uint64_t snapshot_size_ = 0;
  uint64_t snapshot_tried_ = 0;
  bool log_failed_ = true;
  // The registry as it will be once all that is on its way is durable. There as soon as two
  // statements came at the same time.
  std::optional<governance::Registry> ahead_;

  mutable std::mutex log_mutex_;
  std::shared_ptr<tlog::Log> log_ ABSL_GUARDED_BY(log_mutex_);

  mutable std::shared_mutex registry_mutex_;
  // Written under the mutex and by the thread that commits, so a reader that is either may look.
  governance::Registry registry_;
  std::map<std::string, PersonId, std::less<>> by_key_id_;
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_JOURNAL_H_
