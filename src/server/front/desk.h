// SPDX-License-Identifier: Apache-2.0
//
// Desk: what the handlers of all calls work with, and where they enter the dispatcher. One file of
// handlers for each pair of services: people_calls.cc (enrollment, members), upload_calls.cc,
// match_calls.cc, person_calls.cc, charter_calls.cc (charter, the vault's key), log_calls.cc (log,
// bundle), report_calls.cc. What each call promises stands in its proto.
//
// Threads: handlers run on the worker pool, many at a time.
#ifndef MUSTER_SERVER_FRONT_DESK_H_
#define MUSTER_SERVER_FRONT_DESK_H_

#include <string>

#include "core/base/clock.h"
#include "server/front/dispatch.h"
#include "server/front/erasure_driver.h"
#include "server/front/intake_driver.h"
#include "server/front/journal.h"
#include "server/front/match_driver.h"
#include "server/front/upload_book.h"
#include "server/front/vault_feed.h"
#include "server/front/vault_link.h"
#include "server/front/witness_book.h"
#include "server/front/worker_pool.h"

namespace muster::front {

// None is owned; all outlive the dispatcher.
struct Desk {
  Journal* journal = nullptr;
  UploadBook* uploads = nullptr;
  IntakeDriver* driver = nullptr;
  MatchDriver* matches = nullptr;
  ErasureDriver* erasures = nullptr;
  VaultFeed* feed = nullptr;
  Vault* vault = nullptr;
  WorkerPool* pool = nullptr;
  const Clock* clock = nullptr;
  std::string log_vkey;
  std::string version;
  WitnessBook* witnesses = nullptr;
};

void RegisterPeopleCalls(Dispatcher& dispatcher, const Desk& desk);
void RegisterUploadCalls(Dispatcher& dispatcher, const Desk& desk);
void RegisterMatchCalls(Dispatcher& dispatcher, const Desk& desk);
void RegisterPersonCalls(Dispatcher& dispatcher, const Desk& desk);
void RegisterCharterCalls(Dispatcher& dispatcher, const Desk& desk);
void RegisterLogCalls(Dispatcher& dispatcher, const Desk& desk);
void RegisterReportCalls(Dispatcher& dispatcher, const Desk& desk);

// The signed statement's bytes as they stand in the entry, when entry `index` is that very
// statement.
absl::StatusOr<bool> IsEntry(const Journal& journal, uint64_t index,
                             const v1::SignedStatement& statement);

// Fills `entry` and `checkpoint` for the newest tree.
absl::Status ProveEntry(const Journal& journal, uint64_t index, int64_t known_size,
                        v1::EntryProof* entry, v1::CheckpointProof* checkpoint);

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_DESK_H_
