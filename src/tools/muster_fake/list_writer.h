// SPDX-License-Identifier: Apache-2.0
//
// WriteList: one file of a member in its layout, with the truth about it.
//
// Besides a row for every person of the list there are rows that repeat one some pages later, and
// rows that cannot be used.
// Memory: a few megabytes a thread and 16 bytes an address.
// Errors: those of OutputFile.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_LIST_WRITER_H_
#define MUSTER_TOOLS_MUSTER_FAKE_LIST_WRITER_H_

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "tools/muster_fake/export_layout.h"
#include "tools/muster_fake/population.h"
#include "tools/muster_fake/truth.h"

namespace muster::fake {

enum class ListKind : uint8_t { kList, kUnsubscribed, kCleaned };

struct ListPlan {
  uint32_t member = 0;
  ListKind kind = ListKind::kList;
  const ExportLayout* layout = nullptr;
  std::string file;  // relative to `out`
};

// Also adds to `pool` the people whose first list this is.
absl::StatusOr<FileTruth> WriteList(const Population& population, const ListPlan& plan,
                                    const std::filesystem::path& out, unsigned threads,
                                    TruthWriter& truth, PoolTruth& pool);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_LIST_WRITER_H_
