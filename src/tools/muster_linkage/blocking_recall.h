// SPDX-License-Identifier: Apache-2.0
//
// BlockingRecall: how many pairs that are known to be one person were compared at all.
//
// The truth is a file of pairs, left_id,right_id. A pair is reached when its rows share a key of
// one of the model's rules that not too many right rows have. Errors: base/file.h's; COLUMN_UNKNOWN
// without the two columns, CSV_RAGGED_ROW for a row that is no pair, ID_UNKNOWN for an id that is
// in no table. Messages name file and line. Threads: uses `threads` of its own.
#ifndef MUSTER_TOOLS_MUSTER_LINKAGE_BLOCKING_RECALL_H_
#define MUSTER_TOOLS_MUSTER_LINKAGE_BLOCKING_RECALL_H_

#include <cstdint>
#include <filesystem>

#include "absl/status/statusor.h"
#include "core/match/model.h"
#include "tools/muster_linkage/table.h"

namespace muster::linkage {

struct BlockingRecall {
  uint64_t true_pairs = 0;
  uint64_t reached = 0;
};

// `right` is `left` for one table with itself.
absl::StatusOr<BlockingRecall> CountReached(const std::filesystem::path& truth, const Table& left,
                                            const Table& right, const match::Model& model,
                                            unsigned threads);

}  // namespace muster::linkage

#endif  // MUSTER_TOOLS_MUSTER_LINKAGE_BLOCKING_RECALL_H_
