// SPDX-License-Identifier: Apache-2.0
//
// Gossip: a signed checkpoint as one line that people can send each other by mail, chat or
// telephone, and compare. Two lines that the log signed and that do not extend each other convict
// it.
//
//   muster-log <origin> <size> <base64 root> <base64 (key id | signature)>
//
// Rule: the signature is the log's own over the checkpoint, so nobody can make a line up.
// Errors: INVALID_ARGUMENT (CHECKPOINT_MALFORMED; those of checkpoint.h).
// Threads: pure.
#ifndef MUSTER_CORE_TLOG_GOSSIP_H_
#define MUSTER_CORE_TLOG_GOSSIP_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/tlog/checkpoint.h"

namespace muster::tlog {

// Of a checkpoint note that `log_key` signed; cosignatures are left out. No newline.
absl::StatusOr<std::string> FormatGossip(std::string_view note, const NoteKey& log_key);

// The note again, verified. Space around the line, as mail programs leave it, is ignored.
absl::StatusOr<std::string> ParseGossip(std::string_view line, const NoteKey& log_key);

}  // namespace muster::tlog

#endif  // MUSTER_CORE_TLOG_GOSSIP_H_
