// SPDX-License-Identifier: Apache-2.0
//
// WriteLinkage: left.csv (contacts), right.csv (voters) and truth.csv (left_id,right_id) in
// muster-linkage's columns.
//
// A contact has a name and a ZIP; half of them a year of birth too, as lists do. A voter has what
// the voter file has.
// Errors: those of OutputFile.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_LINKAGE_WRITER_H_
#define MUSTER_TOOLS_MUSTER_FAKE_LINKAGE_WRITER_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "tools/muster_fake/population.h"

namespace muster::fake {

// The number of true pairs.
absl::StatusOr<uint64_t> WriteLinkage(const Population& population,
                                      const std::filesystem::path& out, unsigned threads);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_LINKAGE_WRITER_H_
