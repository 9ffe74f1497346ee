// SPDX-License-Identifier: Apache-2.0
//
// Checkpoint: origin, size and root of the log, as a signed note.
//
// Text: "origin\nsize\nbase64(root)\n"; extension lines are refused (we write none), and sizes from
// 2^63 on.
// Errors: INVALID_ARGUMENT (CHECKPOINT_MALFORMED, CHECKPOINT_UNSIGNED and those of note.h);
// DATA_LOSS (LOG_REWOUND, LOG_FORKED).
// Threads: pure.
// Source: C2SP tlog-checkpoint v1.0.0.
#ifndef MUSTER_CORE_TLOG_CHECKPOINT_H_
#define MUSTER_CORE_TLOG_CHECKPOINT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/merkle.h"
#include "core/tlog/note.h"

namespace muster::tlog {

struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  Bytes32 root{};
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

std::string FormatCheckpoint(const Checkpoint& checkpoint);
absl::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text);

// A signed note by the log. `origin` of the checkpoint is the key's name.
std::string SignCheckpoint(const Checkpoint& checkpoint, const crypto::SigningKey& log_key);

// Opens a note: the log's signature must be there and good, the origin must be the log's name.
absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, const NoteKey& log_key);

// Opens `note` and proves that it extends `old` (size 0: anything does, and the proof is empty).
// LOG_REWOUND when it is smaller, LOG_FORKED when the proof fails or an equal size has another
// root.
absl::StatusOr<Checkpoint> OpenExtension(std::string_view note, const NoteKey& log_key,
                                         const Checkpoint& old,
                                         std::span<const Bytes32> consistency);

}  // namespace muster::tlog

#endif  // MUSTER_CORE_TLOG_CHECKPOINT_H_
