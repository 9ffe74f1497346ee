// SPDX-License-Identifier: Apache-2.0
//
// Eraser: takes one address out of all that the vault has: source rows and features of every
// member, their consent texts when nobody else's row has them, matches; and puts it on the list of
// what is held back.
//
// Rule: everything goes into one batch, with the figures of the member that asked. Figures of other
// members stay as they are (held_back.h). Voters are public records and are not touched.
// Errors: those of store/vault_store.h.
// Threads: one; the pool's lock is held.
#ifndef MUSTER_CORE_PIPELINE_ERASER_H_
#define MUSTER_CORE_PIPELINE_ERASER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "core/pipeline/held_back.h"
#include "core/store/source_row.h"
#include "core/store/vault_store.h"

namespace muster::pipeline {

class Eraser {
 public:
  struct Order {
    token::Token contact;
    token::Token suppression;
    MemberId member;  // that asks
    int64_t now = 0;  // Unix seconds
    // Done before, and undone by a restore: the member need not have brought the address.
    bool again = false;
  };
  struct Result {
    // The member has brought the address, or had it erased before. Otherwise nothing is done.
    bool done = false;
    int64_t source_count = 0;  // of the member
  };

  // Both outlive the eraser.
  Eraser(const store::VaultStore* store, const HeldBack* held_back)
      : store_(*store), held_back_(*held_back) {}

  absl::StatusOr<Result> Erase(const Order& order, store::Batch& batch);

 private:
  using Uploads = std::vector<std::pair<UploadId, v1::UploadRecord>>;
  struct Found {
    UploadId upload;
    token::Token token;
    store::RecordPlace place;
    store::UploadContact contact;
  };

  absl::StatusOr<std::vector<Found>> FindRows(const Order& order, const Uploads& uploads) const;
  // Takes the row out; what its upload's figures need stands in for it.
  absl::Status TakeOut(const Order& order, const v1::UploadRecord& upload, const Found& row,
                       store::Batch& batch) const;
  absl::Status TakeOutConsent(const Order& order, const Found& row, const MemberId& member,
                              store::Batch& batch) const;
  absl::Status TakeOutMatches(const Order& order, store::Batch& batch) const;
  absl::StatusOr<int64_t> CountOut(const Order& order, const std::vector<Found>& rows,
                                   Uploads& uploads, store::Batch& batch) const;

  const store::VaultStore& store_;
  const HeldBack& held_back_;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_ERASER_H_
