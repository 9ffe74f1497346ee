// SPDX-License-Identifier: Apache-2.0
//
// WriteRoster: local volunteers who agreed that mail to their neighbors bears their name:
// roster/senders.csv.
//
// Errors: those of OutputFile.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_ROSTER_WRITER_H_
#define MUSTER_TOOLS_MUSTER_FAKE_ROSTER_WRITER_H_

#include <filesystem>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/muster_fake/population.h"

namespace muster::fake {

inline constexpr std::string_view kRosterFile = "roster/senders.csv";

// The number of senders: one for every 500 contacts, at least 10.
absl::StatusOr<uint64_t> WriteRoster(const Population& population,
                                     const std::filesystem::path& out);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_ROSTER_WRITER_H_
