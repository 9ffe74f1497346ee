// SPDX-License-Identifier: Apache-2.0
//
// WriteVoters: North Carolina's voter file and history file, tab-separated with a header.
//
// Source: the state's layouts of February 2022 (67 columns) and of the history file (15 columns).
// Errors: those of OutputFile.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_VOTER_WRITER_H_
#define MUSTER_TOOLS_MUSTER_FAKE_VOTER_WRITER_H_

#include <filesystem>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/muster_fake/population.h"

namespace muster::fake {

inline constexpr std::string_view kVoterFile = "voters/ncvoter_Statewide.txt";
inline constexpr std::string_view kHistoryFile = "history/ncvhis_Statewide.txt";

// The number of history rows.
absl::StatusOr<uint64_t> WriteVoters(const Population& population, const std::filesystem::path& out,
                                     unsigned threads);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_VOTER_WRITER_H_
