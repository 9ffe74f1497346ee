// SPDX-License-Identifier: Apache-2.0
//
// WitnessBook: cosignatures of the log's checkpoints, one of each person, the newest. They come
// with members' commands and are served with the checkpoint that they are of.
//
// Rules: a cosignature is taken when the person's own cosign key made it, over a checkpoint that
// this log signed and that its tree still has. What a person brought is durable before it is
// answered, and its size never falls. A checkpoint that this log signed and that its tree does not
// have proves that the log was set back: it is kept, and from then on the log appends nothing
// (LOG_REWOUND, LOG_FORKED), also after a restart, until a copy is restored that has it.
// Errors: those of tlog/note.h and tlog/checkpoint.h; LOG_REWOUND, LOG_FORKED; FAILED_PRECONDITION
// (LOG_BEHIND) when the person has cosigned a larger tree; the store's.
// Threads: safe from anywhere.
#ifndef MUSTER_SERVER_FRONT_WITNESS_BOOK_H_
#define MUSTER_SERVER_FRONT_WITNESS_BOOK_H_

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/governance/registry.h"
#include "core/store/database.h"
#include "core/tlog/note.h"
#include "server/front/journal.h"

namespace muster::front {

class WitnessBook {
 public:
  // `store` has the front desk's families (upload_book.h); both outlive the book.
  static absl::StatusOr<std::unique_ptr<WitnessBook>> Open(store::Store* store, Journal* journal,
                                                           tlog::NoteKey log_key);

  // `note`: a checkpoint with the log's signature and this person's cosignature.
  absl::Status Add(const governance::PersonRecord& person, std::string_view note);

  // `checkpoint` with every cosignature of that very tree added.
  std::string Cosigned(const std::string& checkpoint) const;
  // The newest tree that `count` people have cosigned, as such a note; nothing when there is none.
  std::optional<std::string> NewestWitnessed(size_t count) const;

 private:
  struct Held {
    tlog::Checkpoint checkpoint;
    tlog::NoteSignature cosignature;
    std::string note;  // the log's signature and this one, nothing else
  };
  WitnessBook(store::Store* store, Journal* journal, tlog::NoteKey log_key)
      : store_(store), journal_(journal), log_key_(std::move(log_key)) {}
  // Whether the log's tree has it; if not, why.
  absl::Status CheckInTree(const tlog::Checkpoint& checkpoint) const;
  absl::StatusOr<Held> Open(const tlog::NoteKey& cosigner, std::string_view note) const;
  void Refuse(const absl::Status& why);

  store::Store* const store_;
  Journal* const journal_;
  const tlog::NoteKey log_key_;
  mutable std::mutex mutex_;
  std::map<PersonId, Held> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_WITNESS_BOOK_H_
