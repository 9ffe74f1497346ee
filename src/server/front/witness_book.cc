// SPDX-License-Identifier: Apache-2.0
#include "server/front/witness_book.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/witness.h"
#include "server/front/upload_book.h"

namespace muster::front {
namespace {

constexpr std::string_view kSetBackKey = "set-back";

}  // namespace

absl::StatusOr<std::unique_ptr<WitnessBook>> WitnessBook::Open(store::Store* store,
                                                               Journal* journal,
                                                               tlog::NoteKey log_key) {
  std::unique_ptr<WitnessBook> book(new WitnessBook(store, journal, std::move(log_key)));
  auto cursor = store->Scan(kCosignaturesFamily, {}, {});
  for (; cursor->valid(); cursor->Next()) {
    if (cursor->key() == kSetBackKey) {
      MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint lost,
                              tlog::OpenCheckpoint(cursor->value(), book->log_key_));
      const absl::Status there = book->CheckInTree(lost);
      if (there.ok()) {
        MUSTER_RETURN_IF_ERROR(store->Delete(kCosignaturesFamily, kSetBackKey, store::Sync::kYes));
      } else {
        book->Refuse(there);
      }
      continue;
    }
    const auto person = PersonId::Parse(cursor->key());
    if (!person.ok()) return MakeError(v1::STORE_CORRUPT, "a cosignature is of nobody");
    // The log's own signature stands in it, whoever cosigned: of a tree that it has lost, a person
    // whom it does not know any more may be the only witness.
    const auto signed_before = tlog::OpenCheckpoint(cursor->value(), book->log_key_);
    if (!signed_before.ok()) return Annotate(signed_before.status(), "a stored cosignature");
    if (const absl::Status there = book->CheckInTree(*signed_before); !there.ok())
      book->Refuse(there);
    const auto record = journal->WithRegistry([&](const governance::Registry& registry) {
      const governance::PersonRecord* found = registry.FindPerson(*person);
      return found == nullptr ? std::nullopt : std::optional(*found);
    });
    if (!record.has_value()) continue;
    auto held = book->Open({tlog::WitnessName(book->log_key_.name, person->Name()),
                            tlog::kAlgorithmCosignature, record->cosign_key},
                           cursor->value());
    if (!held.ok()) return Annotate(held.status(), "a stored cosignature");
    const std::lock_guard lock(book->mutex_);
    book->held_.emplace(*person, *std::move(held));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  return book;
}

void WitnessBook::Refuse(const absl::Status& why) {
  spdlog::error("the log appends nothing from now on: {}", std::string(why.message()));
  journal_->RefuseAppends(why);
}

absl::Status WitnessBook::CheckInTree(const tlog::Checkpoint& checkpoint) const {
  const uint64_t size = journal_->size();
  if (checkpoint.size > size) {
    return MakeError(v1::LOG_REWOUND,
                     "this log has " + std::to_string(size) + " entries and has signed " +
                         std::to_string(checkpoint.size) +
                         " before; restore the newest copy of it, and do not go on with this one");
  }
  MUSTER_ASSIGN_OR_RETURN(const Bytes32 root, journal_->RootAt(checkpoint.size));
  if (root == checkpoint.root) return absl::OkStatus();
  return MakeError(v1::LOG_FORKED,
                   "this log has signed another tree of " + std::to_string(checkpoint.size) +
                       " entries than the one it has; restore the copy that everybody saw");
}

absl::StatusOr<WitnessBook::Held> WitnessBook::Open(const tlog::NoteKey& cosigner,
                                                    std::string_view note) const {
  MUSTER_ASSIGN_OR_RETURN(tlog::Checkpoint checkpoint, tlog::OpenCheckpoint(note, log_key_));
  MUSTER_ASSIGN_OR_RETURN(const tlog::Note by_person, tlog::OpenNote(note, {&cosigner, 1}));
  MUSTER_ASSIGN_OR_RETURN(tlog::Note kept, tlog::OpenNote(note, {&log_key_, 1}));
  kept.signatures.push_back(by_person.signatures.front());
  return Held{std::move(checkpoint), by_person.signatures.front(), tlog::FormatNote(kept)};
}

absl::Status WitnessBook::Add(const governance::PersonRecord& person, std::string_view note) {
  MUSTER_ASSIGN_OR_RETURN(Held held, Open({tlog::WitnessName(log_key_.name, person.id.Name()),
                                           tlog::kAlgorithmCosignature, person.cosign_key},
                                          note));
  const std::lock_guard lock(mutex_);
  if (const absl::Status there = CheckInTree(held.checkpoint); !there.ok()) {
    const Reason reason = ReasonOf(there);
    if (reason != v1::LOG_REWOUND && reason != v1::LOG_FORKED) return there;
    Refuse(there);
    MUSTER_RETURN_IF_ERROR(
        store_->Put(kCosignaturesFamily, kSetBackKey, held.note, store::Sync::kYes));
    return there;
  }
  const auto before = held_.find(person.id);
  if (before != held_.end() && before->second.checkpoint.size > held.checkpoint.size) {
    return MakeError(v1::LOG_BEHIND, "you have cosigned a larger tree already",
                     {{"size", std::to_string(before->second.checkpoint.size)}});
  }
  MUSTER_RETURN_IF_ERROR(
      store_->Put(kCosignaturesFamily, person.id.Name(), held.note, store::Sync::kYes));
  held_.insert_or_assign(person.id, std::move(held));
  return absl::OkStatus();
}

std::string WitnessBook::Cosigned(const std::string& checkpoint) const {
  const auto opened = tlog::OpenCheckpoint(checkpoint, log_key_);
  auto note = tlog::ParseNote(checkpoint);
  if (!opened.ok() || !note.ok()) return checkpoint;
  const std::lock_guard lock(mutex_);
  for (const auto& [person, held] : held_) {
    // A note has at most a hundred signatures, the log's among them.
    if (note->signatures.size() == tlog::kNoteSignaturesMax) break;
    if (held.checkpoint == *opened) note->signatures.push_back(held.cosignature);
  }
  return tlog::FormatNote(*note);
}

std::optional<std::string> WitnessBook::NewestWitnessed(size_t count) const {
  std::string newest;
  {
    const std::lock_guard lock(mutex_);
    std::map<uint64_t, size_t> people;  // of one size there is one tree in this log
    for (const auto& [person, held] : held_) ++people[held.checkpoint.size];
    const auto size = std::find_if(people.rbegin(), people.rend(),
                                   [&](const auto& tree) { return tree.second >= count; });
    if (size == people.rend()) return std::nullopt;
    for (const auto& [person, held] : held_) {
      if (held.checkpoint.size == size->first) newest = held.note;
    }
  }
  const auto by_log = tlog::OpenNote(newest, {&log_key_, 1});
  if (!by_log.ok()) return std::nullopt;
  return Cosigned(tlog::FormatNote(*by_log));
}

}  // namespace muster::front
