// SPDX-License-Identifier: Apache-2.0
//
// ErasureDriver: sees every erasure through that stands on the log: the vault carries it out, the
// vault's statement goes onto the log, the sealed order is forgotten. What a crash or an absent
// vault cut short is done later, without being asked again.
//
// Rule: an order is on disk before its statement is on the log, and until the vault's is. The log
// decides: an order whose statement is not there at start was never given. One that is on the log
// and whose order is gone (a front store restored from an older backup) can only be asked for
// again; a start says which.
// Errors: VAULT_UNAVAILABLE, SERVER_BUSY (the vault is matching), those of the vault and the store.
// Threads: safe from anywhere; one of its own.
#ifndef MUSTER_SERVER_FRONT_ERASURE_DRIVER_H_
#define MUSTER_SERVER_FRONT_ERASURE_DRIVER_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "core/store/database.h"
#include "muster/v1/front_store.pb.h"
#include "server/front/journal.h"
#include "server/front/vault_feed.h"
#include "server/front/vault_link.h"

namespace muster::front {

class ErasureDriver {
 public:
  // All outlive the driver.
  static absl::StatusOr<std::unique_ptr<ErasureDriver>> Open(store::Store* store, Journal* journal,
                                                             VaultFeed* feed, Vault* vault);
  ~ErasureDriver();
  void Start();
  void Stop();

  // REQUEST_ID_REUSED when another order waits under this id.
  absl::Status Put(const v1::StoredErasure& erasure);
  absl::Status Forget(const ErasureId& id);
  std::vector<v1::StoredErasure> Pending() const;
  // Has the vault carry it out; answers with the index of the vault's statement. Idempotent.
  absl::StatusOr<uint64_t> Apply(const ErasureId& id);

 private:
  ErasureDriver(store::Store* store, Journal* journal, VaultFeed* feed, Vault* vault)
      : store_(store), journal_(journal), feed_(feed), vault_(vault) {}
  absl::Status Load();
  void Work();

  store::Store* const store_;
  Journal* const journal_;
  VaultFeed* const feed_;
  Vault* const vault_;

  std::mutex apply_mutex_;  // one at a time
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<ErasureId, v1::StoredErasure> pending_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_ERASURE_DRIVER_H_
