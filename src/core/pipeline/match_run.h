// SPDX-License-Identifier: Apache-2.0
//
// Match run: who in the pool is which voter of an extract. It reads the sketches of both out of the
// store, links them, groups addresses of one person, decides, and writes what it found.
//
// A left row of the engine is one distinct sketch of a contact: members that brought the same
// address may have brought it with other particulars. The rows of a contact that turn out to be two
// people (a couple with one email) make it ambiguous.
// Rules: the first run on an extract estimates the weights; later ones use them again, link only
// rows that are not there yet and settle everything else anew, which gives what a full run with
// these weights would give (probabilities to a few millionths: what counts for less is left out by
// what is known at the time). A run takes effect in one synced write together with its statement,
// or not at all; whatever a broken run left is removed by the next and at start. A person keeps
// their number from run to run as long as most of their addresses do.
// Units: about 170 bytes of memory for each row of the pool and 16 for each voter; voters' sketches
// stream.
// Errors: NOT_FOUND (VOTERFILE_NOT_FOUND), FAILED_PRECONDITION (NOTHING_TO_MATCH,
// VOTERFILE_AMBIGUOUS when several are current and none is named), ABORTED (VOTERFILE_CHANGED when
// the extract was replaced meanwhile); CANCELLED when told to end; those of match/link.h and
// store/database.h.
// Threads: one call at a time; Abort from anywhere.
#ifndef MUSTER_CORE_PIPELINE_MATCH_RUN_H_
#define MUSTER_CORE_PIPELINE_MATCH_RUN_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/keyring/keyring.h"
#include "core/match/decide.h"
#include "core/pipeline/log_observer.h"
#include "core/pipeline/match_rows.h"
#include "core/store/vault_store.h"
#include "muster/v1/match_service.pb.h"
#include "muster/v1/statement.pb.h"

namespace muster::pipeline {

// Noise of published counts: a contact moves from one band to another, so each count changes by one
// for at most two of them.
inline constexpr uint32_t kMatchNoiseScale = 4;
// Smaller pools publish no table.
inline constexpr int64_t kMatchTableContactsMin = 1000;

// A table stands this long before another is drawn.
inline constexpr int64_t kMatchTableSeconds = int64_t{28} * 24 * 60 * 60;

struct MatchPlan {
  MatchId match;
  std::string voterfile;  // may be empty while one is current
  bool new_model = false;
  unsigned threads = 0;  // 0: as many as there are cores
};

// The extract of this name, or the only one.
absl::StatusOr<VoterFile> FindVoterFile(const store::VaultStore& store, std::string_view name);

class MatchRun {
 public:
  // In parts of a hundred (`all`), never in rows: how many distinct addresses a pool has tells
  // whoever adds one whether it was there. Called when the stage or the part changes.
  using OnProgress = std::function<void(std::string_view stage, uint64_t done, uint64_t all)>;
  // All outlive the run.
  MatchRun(store::VaultStore* store, const keyring::Keyring* keyring, const LogObserver* observer,
           const Clock* clock)
      : store_(store), keyring_(keyring), observer_(observer), clock_(clock) {}

  // Ends with the run's rows and its statement in the store.
  absl::Status Do(const MatchPlan& plan, const OnProgress& on_progress);
  void Abort() { aborted_ = true; }

  // Statements of runs that the log has not shown yet, oldest first.
  absl::StatusOr<std::vector<v1::SignedStatement>> Unlogged() const;
  // Removes what broken and earlier runs left. At start, and before a run.
  absl::Status Recover();

 private:
  store::VaultStore* const store_;
  const keyring::Keyring* const keyring_;
  const LogObserver* const observer_;
  const Clock* const clock_;
  std::atomic<bool> aborted_{false};
};

// What speaks for the likeliest voter of a contact by what `member` alone brought of it.
absl::StatusOr<v1::MatchExplanation> ExplainMatch(const store::VaultStore& store,
                                                  const governance::Registry& registry,
                                                  const token::Token& contact,
                                                  const MemberId& member,
                                                  std::string_view voterfile);

// The charter's, or what stands for them.
match::Thresholds ThresholdsOf(const v1::CharterTerms& terms);

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_MATCH_RUN_H_
