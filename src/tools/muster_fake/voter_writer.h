// SPDX-License-Identifier: Apache-2.0
//
// WriteVoters: a state's voter files and history files, in one of the formats.
//
// Rule: the same whatever the number of threads. Memory does not grow with the voters.
// Errors: those of OutputFile.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_VOTER_WRITER_H_
#define MUSTER_TOOLS_MUSTER_FAKE_VOTER_WRITER_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "tools/muster_fake/population.h"
#include "tools/muster_fake/voter_format.h"

namespace muster::fake {

// The number of votes in the history.
absl::StatusOr<uint64_t> WriteVoters(const Population& population, const VoterFormat& format,
                                     const std::filesystem::path& out, unsigned threads);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_VOTER_WRITER_H_
