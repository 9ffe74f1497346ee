// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/gossip.h"

#include <vector>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::tlog {
namespace {

constexpr std::string_view kWord = "muster-log";
constexpr size_t kLineBytesMax = 4096;
constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

absl::StatusOr<std::string> FormatGossip(std::string_view note, const NoteKey& log_key) {
  MUSTER_ASSIGN_OR_RETURN(const Checkpoint checkpoint, OpenCheckpoint(note, log_key));
  MUSTER_ASSIGN_OR_RETURN(const Note opened, OpenNote(note, {&log_key, 1}));
  std::string signature;
  PutBe32(signature, opened.signatures.front().key_id);
  signature += opened.signatures.front().bytes;
  return std::string(kWord) + " " + checkpoint.origin + " " + std::to_string(checkpoint.size) +
         " " + Base64Encode(checkpoint.root) + " " + Base64Encode(AsBytes(signature));
}

absl::StatusOr<std::string> ParseGossip(std::string_view line, const NoteKey& log_key) {
  const auto malformed = [] {
    return MakeError(
        v1::CHECKPOINT_MALFORMED,
        "not a line of `muster log gossip`: muster-log, origin, size, root, signature");
  };
  if (line.size() > kLineBytesMax) return malformed();
  std::vector<std::string_view> items;
  while (true) {
    const size_t begin = line.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) break;
    line.remove_prefix(begin);
    const size_t end = std::min(line.find_first_of(kSpace), line.size());
    items.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  if (items.size() != 5 || items[0] != kWord) return malformed();
  std::string note;
  for (size_t i = 1; i < 4; ++i) note.append(items[i]).append("\n");
  note.append("\n\u2014 ").append(items[1]).append(" ").append(items[4]).append("\n");
  MUSTER_RETURN_IF_ERROR(OpenCheckpoint(note, log_key).status());
  return note;
}

}  // namespace muster::tlog
