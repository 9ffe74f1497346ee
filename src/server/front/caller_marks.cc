// SPDX-License-Identifier: Apache-2.0
#include "server/front/caller_marks.h"

#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "server/front/upload_book.h"

namespace muster::front {
namespace {

absl::Time WholeSecond(absl::Time time) { return absl::FromUnixSeconds(absl::ToUnixSeconds(time)); }

}  // namespace

absl::StatusOr<std::unique_ptr<CallerMarks>> CallerMarks::Open(store::Store* store,
                                                               absl::Time started) {
  std::unique_ptr<CallerMarks> marks(new CallerMarks(store, WholeSecond(started)));
  MUSTER_RETURN_IF_ERROR(marks->Load());
  return marks;
}

absl::Status CallerMarks::Load() {
  std::vector<PersonId> past;
  auto cursor = store_->Scan(kCallersFamily, {}, {});
  for (; cursor->valid(); cursor->Next()) {
    const auto person = PersonId::FromBytes(cursor->key());
    ByteReader value(cursor->value());
    const absl::Time issued = absl::FromUnixSeconds(static_cast<int64_t>(value.U64()));
    if (!person.has_value() || !value.Done()) {
      return MakeError(v1::STORE_CORRUPT,
                       "the front store holds a caller's mark that cannot be read; restore it from "
                       "a backup");
    }
    if (issued < started_) {
      past.push_back(*person);
    } else {
      before_.emplace(*person, issued);
    }
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  for (const PersonId& person : past) {
    MUSTER_RETURN_IF_ERROR(store_->Delete(kCallersFamily, person.View(), store::Sync::kNo));
  }
  const std::lock_guard lock(mutex_);
  noted_ = before_;
  return absl::OkStatus();
}

absl::Time CallerMarks::FloorOf(const PersonId& person) const {
  const auto mark = before_.find(person);
  return mark == before_.end() ? started_ : mark->second + absl::Seconds(1);
}

absl::Status CallerMarks::Note(const PersonId& person, absl::Time issued, absl::Time now) {
  // A server that starts after `now` takes nothing issued in this second or before it.
  if (issued <= WholeSecond(now)) return absl::OkStatus();
  // Held while it is written: whoever finds the mark there may rely on it.
  const std::lock_guard lock(mutex_);
  const auto noted = noted_.find(person);
  if (noted != noted_.end() && issued <= noted->second) return absl::OkStatus();
  std::string value;
  PutU64(value, static_cast<uint64_t>(absl::ToUnixSeconds(issued)));
  MUSTER_RETURN_IF_ERROR(store_->Put(kCallersFamily, person.View(), value, store::Sync::kYes));
  noted_[person] = issued;
  return absl::OkStatus();
}

}  // namespace muster::front
