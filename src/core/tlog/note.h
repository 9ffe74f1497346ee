// SPDX-License-Identifier: Apache-2.0
//
// Signed notes: a text, a blank line, and signature lines "— name base64(key id | signature)".
//
// Rule: OpenNote ignores signatures of keys it does not know, and refuses the whole note when a
// known key's signature is bad. At most kNoteSignaturesMax lines, kNoteBytesMax bytes; no control
// characters but newline.
// Errors: INVALID_ARGUMENT (NOTE_MALFORMED, SIGNATURE_INVALID, CHECKPOINT_UNSIGNED, KEY_MALFORMED,
// KEY_LOW_ORDER).
// Threads: pure.
// Source: C2SP signed-note v1.0.0, tlog-cosignature v1.0.1.
#ifndef MUSTER_CORE_TLOG_NOTE_H_
#define MUSTER_CORE_TLOG_NOTE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/crypto/signature.h"

namespace muster::tlog {

inline constexpr size_t kNoteBytesMax = 1 << 20;
inline constexpr size_t kNoteSignaturesMax = 100;

inline constexpr uint8_t kAlgorithmEd25519 = 0x01;
inline constexpr uint8_t kAlgorithmCosignature = 0x04;

// A verifier key: "name+8 hex digits of the key id+base64(algorithm byte | public key)".
struct NoteKey {
  std::string name;
  uint8_t algorithm = kAlgorithmEd25519;
  crypto::VerifyKey key;
  uint32_t Id() const;
  std::string Format() const;
  static absl::StatusOr<NoteKey> Parse(std::string_view vkey);
};

// Not empty, UTF-8, without spaces, control characters or plus.
bool IsNoteKeyName(std::string_view name);

struct NoteSignature {
  std::string name;
  uint32_t key_id = 0;
  std::string bytes;  // what follows the key id
};

struct Note {
  std::string text;  // ends in a newline
  std::vector<NoteSignature> signatures;
};

absl::StatusOr<Note> ParseNote(std::string_view note);
std::string FormatNote(const Note& note);

// Parses, and checks the signatures of `known` keys. Returns the note with only the verified
// signatures left, one of each key at most; none is an error (CHECKPOINT_UNSIGNED).
absl::StatusOr<Note> OpenNote(std::string_view note, std::span<const NoteKey> known);

// Ed25519 note signature line over `text`.
NoteSignature SignNoteText(std::string_view text, const std::string& name,
                           const crypto::SigningKey& key);
// cosignature/v1 over `text` at `unix_seconds`.
NoteSignature CosignNoteText(std::string_view text, int64_t unix_seconds, const std::string& name,
                             const crypto::SigningKey& key);
// When a cosigner signed, in Unix seconds. Of a verified cosignature only does it mean anything.
absl::StatusOr<int64_t> CosignatureTime(const NoteSignature& signature);

}  // namespace muster::tlog

#endif  // MUSTER_CORE_TLOG_NOTE_H_
