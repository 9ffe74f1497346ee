// SPDX-License-Identifier: Apache-2.0
//
// VaultFeed: shows the vault every entry of the log, in order, and knows how far it has read. The
// vault may be away for a while: it catches up.
//
// Also puts on the log what the vault says of its key (that it takes shares, that it was opened,
// how its root is split), and proves a split to it.
//
// Rule: the vault at the other end must hold the charter's keys; another one is never fed.
// Errors: VAULT_UNAVAILABLE while it is not there; VAULT_SEALED while it reads nothing; what the
// vault said when it refuses the log (LOG_FORKED).
// Threads: safe from anywhere; one thread of its own.
#ifndef MUSTER_SERVER_FRONT_VAULT_FEED_H_
#define MUSTER_SERVER_FRONT_VAULT_FEED_H_

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "core/crypto/signature.h"
#include "server/front/journal.h"
#include "server/front/vault_link.h"

namespace muster::front {

class VaultFeed {
 public:
  // All outlive the feed. `log_key` signs the checkpoints of the pieces that a long catching-up is
  // made in.
  VaultFeed(Journal* journal, const crypto::SigningKey& log_key, std::string origin, Vault* vault);
  ~VaultFeed();

  void Start();
  void Stop();
  // There are new entries.
  void Poke();

  // Whether the error says that vault and log do not belong together, which no waiting mends.
  static bool IsMismatch(const absl::Status& status);

  // The vault's state as of a second or two ago, sealed or not; why not, otherwise.
  absl::StatusOr<v1::VaultState> State() const;
  // Waits until the vault has read entry `index`.
  absl::Status WaitObserved(uint64_t index, absl::Duration time) const;
  // Waits until it is there and has read all there is.
  absl::Status WaitCaughtUp(absl::Duration time) const;

 private:
  void Run();
  // One step; true when there may be more to do at once.
  absl::StatusOr<bool> Step();
  absl::Status CheckKeys(const v1::VaultState& state) const;
  absl::Status Feed(uint64_t first, uint64_t end);
  // True when something was new.
  absl::StatusOr<bool> PutOnLog(const v1::VaultState& state);

  Journal* const journal_;
  const crypto::SigningKey log_key_;
  const std::string origin_;
  Vault* const vault_;
  std::thread thread_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool poked_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::VaultState> state_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_VAULT_FEED_H_
