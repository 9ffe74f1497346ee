// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/checkpoint.h"

#include <charconv>

#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::tlog {
namespace {

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::CHECKPOINT_MALFORMED, "not a checkpoint: " + std::string(what));
}

// Up to the newline, which is taken off too; nothing when there is none.
std::optional<std::string_view> TakeLine(std::string_view& rest) {
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::string FormatCheckpoint(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         Base64Encode(checkpoint.root) + "\n";
}

absl::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text) {
  const auto origin = TakeLine(text);
  const auto size = TakeLine(text);
  const auto root = TakeLine(text);
  if (!root || !text.empty()) return Malformed("expected origin, size and root, a line each");
  Checkpoint checkpoint;
  checkpoint.origin = std::string(*origin);
  if (checkpoint.origin.empty()) return Malformed("the origin is empty");
  const char* const end = size->data() + size->size();
  const auto [rest, error] = std::from_chars(size->data(), end, checkpoint.size);
  if (error != std::errc() || rest != end || std::to_string(checkpoint.size) != *size ||
      checkpoint.size > uint64_t{INT64_MAX}) {
    return Malformed("the size is no decimal number");
  }
  const auto hash = ToArray<32>(Base64Decode(*root).value_or(""));
  if (!hash) return Malformed("the root is not 32 bytes in base64");
  checkpoint.root = *hash;
  if (checkpoint.size == 0 && checkpoint.root != crypto::MerkleEmptyRoot()) {
    return Malformed("an empty tree has one root only");
  }
  return checkpoint;
}

std::string SignCheckpoint(const Checkpoint& checkpoint, const crypto::SigningKey& log_key) {
  Note note;
  note.text = FormatCheckpoint(checkpoint);
  note.signatures.push_back(SignNoteText(note.text, checkpoint.origin, log_key));
  return FormatNote(note);
}

absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, const NoteKey& log_key) {
  if (log_key.algorithm != kAlgorithmEd25519) {
    return MakeError(v1::KEY_MALFORMED, "a log's key is an Ed25519 key (1), not a cosigner's");
  }
  MUSTER_ASSIGN_OR_RETURN(const Note opened, OpenNote(note, {&log_key, 1}));
  MUSTER_ASSIGN_OR_RETURN(Checkpoint checkpoint, ParseCheckpoint(opened.text));
  if (checkpoint.origin != log_key.name) return Malformed("its origin is another log");
  return checkpoint;
}

absl::StatusOr<Checkpoint> OpenExtension(std::string_view note, const NoteKey& log_key,
                                         const Checkpoint& old,
                                         std::span<const Bytes32> consistency) {
  MUSTER_ASSIGN_OR_RETURN(Checkpoint checkpoint, OpenCheckpoint(note, log_key));
  if (old.size == 0) {
    if (consistency.empty()) return checkpoint;
    return MakeError(v1::PROOF_INVALID, "nothing is proven about an empty tree");
  }
  if (old.origin != checkpoint.origin) return Malformed("the one seen before is another log's");
  if (checkpoint.size < old.size) {
    return MakeError(v1::LOG_REWOUND,
                     "the log has " + std::to_string(checkpoint.size) + " entries and had " +
                         std::to_string(old.size) +
                         " before: it was restored from a backup or cheats; keep both checkpoints");
  }
  const absl::Status consistent =
      crypto::VerifyConsistency(old.size, checkpoint.size, consistency, old.root, checkpoint.root);
  if (!consistent.ok()) {
    return MakeError(v1::LOG_FORKED, "the log of " + std::to_string(checkpoint.size) +
                                         " entries does not extend the one of " +
                                         std::to_string(old.size) +
                                         " seen before; keep both checkpoints");
  }
  return checkpoint;
}

}  // namespace muster::tlog
