// SPDX-License-Identifier: Apache-2.0
//
// New York's cell of votes: its lines are in order, each once, and fit a field.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/ingest/election.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;  // NOLINT: one function, no header
  ingest::VoteLines votes;
  ingest::AddVoteList({reinterpret_cast<const char*>(data), size}, votes);
  std::string text;
  votes.Format(1024, text);
  MUSTER_CHECK(text.size() <= 1024);
  std::string_view rest = text;
  std::string_view before;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    MUSTER_CHECK(line[0] >= '1' && line[0] <= '2' && line.find(' ') != std::string_view::npos);
    MUSTER_CHECK(before.empty() || line < before);
    before = line;
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return 0;
}
