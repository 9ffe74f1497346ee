// SPDX-License-Identifier: Apache-2.0
//
// CallerMarks: how far ahead of the server's clock each caller's tokens were dated, kept across
// restarts.
//
// Rule: the memory of used tokens ends with the process, and tokens issued before a start are
// refused. A caller whose clock is fast makes tokens dated after a start that is still to come;
// the latest such date of each person is durable here before the call is answered, and after the
// start that person's tokens must be newer. Nobody else is held up, and a clock that stays fast
// goes past its mark by itself.
// Units: whole seconds, as tokens have them; one row for a person with a fast clock, gone at the
// first start after its date.
// Errors: those of the store (DISK_FULL, STORE_CORRUPT).
// Threads: safe from anywhere.
#ifndef MUSTER_SERVER_FRONT_CALLER_MARKS_H_
#define MUSTER_SERVER_FRONT_CALLER_MARKS_H_

#include <map>
#include <memory>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/id.h"
#include "core/store/database.h"

namespace muster::front {

class CallerMarks {
 public:
  // `store` has the front desk's families (upload_book.h) and outlives the marks. `started`: as
  // Dispatcher has it.
  static absl::StatusOr<std::unique_ptr<CallerMarks>> Open(store::Store* store, absl::Time started);

  // From when on this person's tokens must have been issued: the start, or later.
  absl::Time FloorOf(const PersonId& person) const;

  // Call when a token was admitted at `now`. Durable when it returns; a token that no restart could
  // bring back costs nothing.
  absl::Status Note(const PersonId& person, absl::Time issued, absl::Time now);

 private:
  CallerMarks(store::Store* store, absl::Time started) : store_(store), started_(started) {}
  absl::Status Load();

  store::Store* const store_;
  const absl::Time started_;
  std::map<PersonId, absl::Time> before_;  // of earlier runs; not changed after Load

  std::mutex mutex_;
  std::map<PersonId, absl::Time> noted_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_CALLER_MARKS_H_
