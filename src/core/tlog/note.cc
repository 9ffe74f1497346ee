// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/note.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"

namespace muster::tlog {
namespace {

constexpr std::string_view kSignaturePrefix = "\u2014 ";  // em dash, space
constexpr size_t kKeyIdBytes = 4;
constexpr size_t kTimestampBytes = 8;
constexpr size_t kEd25519Bytes = 64;

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::NOTE_MALFORMED, "not a signed note: " + std::string(what));
}

absl::Status MalformedKey(std::string_view what) {
  return MakeError(v1::KEY_MALFORMED, "not a verifier key: " + std::string(what));
}

// Takes one code point off `rest`; nothing when it does not begin with well-formed UTF-8 (Unicode
// 15, table 3-7).
std::optional<uint32_t> TakeCodePoint(std::string_view& rest) {
  const auto lead = static_cast<uint8_t>(rest.front());
  if (lead < 0x80) {
    rest.remove_prefix(1);
    return lead;
  }
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || rest.size() < size) return std::nullopt;
  uint32_t point = lead & (0x7fU >> size);
  for (size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<uint8_t>(rest[i]);
    if ((byte & 0xc0) != 0x80) return std::nullopt;
    point = (point << 6) | (byte & 0x3f);
  }
  const bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
  if (overlong || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return std::nullopt;
  rest.remove_prefix(size);
  return point;
}

// Unicode's White_Space property.
bool IsSpace(uint32_t point) {
  return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 || point == 0xa0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200a) || point == 0x2028 ||
         point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000;
}

bool IsNoteText(std::string_view text) {
  while (!text.empty()) {
    const auto point = TakeCodePoint(text);
    if (!point || (*point < 0x20 && *point != '\n')) return false;
  }
  return true;
}

absl::StatusOr<NoteSignature> ParseSignature(std::string_view line) {
  if (line.substr(0, kSignaturePrefix.size()) != kSignaturePrefix) {
    return Malformed("a signature line begins with an em dash and a space");
  }
  line.remove_prefix(kSignaturePrefix.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !IsNoteKeyName(line.substr(0, space))) {
    return Malformed("a signature line has no key name");
  }
  const auto bytes = Base64Decode(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdBytes) return Malformed("a signature is not base64");
  ByteReader reader(*bytes);
  NoteSignature signature;
  signature.name = std::string(line.substr(0, space));
  signature.key_id = reader.Be32();
  signature.bytes = std::string(reader.Take(reader.remaining()));
  return signature;
}

std::string CosignaturePurpose(uint64_t unix_seconds) {
  return "cosignature/v1\ntime " + std::to_string(unix_seconds) + "\n";
}

absl::Status VerifySignature(const NoteKey& key, std::string_view text,
                             const NoteSignature& signature) {
  if (key.algorithm == kAlgorithmEd25519) {
    return crypto::Verify(key.key, "", text, signature.bytes);
  }
  MUSTER_CHECK(key.algorithm == kAlgorithmCosignature);
  const auto unix_seconds = CosignatureTime(signature);
  if (!unix_seconds.ok()) return unix_seconds.status();
  return crypto::Verify(key.key, CosignaturePurpose(static_cast<uint64_t>(*unix_seconds)), text,
                        std::string_view(signature.bytes).substr(kTimestampBytes));
}

NoteSignature Unsigned(const std::string& name, uint8_t algorithm, const crypto::VerifyKey& key) {
  return {name, NoteKey{name, algorithm, key}.Id(), ""};
}

}  // namespace

bool IsNoteKeyName(std::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    const auto point = TakeCodePoint(name);
    if (!point || *point < 0x20 || *point == '+' || IsSpace(*point)) return false;
  }
  return true;
}

uint32_t NoteKey::Id() const {
  const char newline_and_algorithm[] = {'\n', static_cast<char>(algorithm)};
  const Bytes32 hash =
      crypto::Sha256({name, std::string_view(newline_and_algorithm, 2), AsText(key.bytes)});
  return ByteReader(AsText(hash)).Be32();
}

std::string NoteKey::Format() const {
  std::string id;
  PutBe32(id, Id());
  std::string material(1, static_cast<char>(algorithm));
  PutBytes(material, key.bytes);
  return name + "+" + HexEncode(AsBytes(id)) + "+" + Base64Encode(AsBytes(material));
}

absl::StatusOr<NoteKey> NoteKey::Parse(std::string_view vkey) {
  const size_t first = vkey.find('+');
  const size_t second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (second == std::string_view::npos) return MalformedKey("expected name+id+key");
  const auto material = Base64Decode(vkey.substr(second + 1));
  if (!material || material->size() != 1 + 32)
    return MalformedKey("the key is not 33 bytes in base64");
  NoteKey key;
  key.name = std::string(vkey.substr(0, first));
  if (!IsNoteKeyName(key.name)) return MalformedKey("the name is empty or has a space in it");
  key.algorithm = static_cast<uint8_t>(material->front());
  if (key.algorithm != kAlgorithmEd25519 && key.algorithm != kAlgorithmCosignature) {
    return MalformedKey("neither an Ed25519 key (1) nor a cosigner's (4)");
  }
  MUSTER_ASSIGN_OR_RETURN(key.key, crypto::ParseVerifyKey(std::string_view(*material).substr(1)));
  if (key.Format() != vkey) return MalformedKey("the id is not the one of this name and key");
  return key;
}

absl::StatusOr<Note> ParseNote(std::string_view note) {
  if (note.size() > kNoteBytesMax) return Malformed("longer than 1 MiB");
  if (!IsNoteText(note)) return Malformed("not UTF-8 text without control characters");
  const size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) return Malformed("no blank line before the signatures");
  Note parsed;
  parsed.text = std::string(note.substr(0, blank + 1));
  std::string_view rest = note.substr(blank + 2);
  if (rest.empty()) return Malformed("no signatures");
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return Malformed("the last line does not end");
    if (parsed.signatures.size() == kNoteSignaturesMax)
      return Malformed("more than 100 signatures");
    MUSTER_ASSIGN_OR_RETURN(NoteSignature signature, ParseSignature(rest.substr(0, end)));
    parsed.signatures.push_back(std::move(signature));
    rest.remove_prefix(end + 1);
  }
  return parsed;
}

std::string FormatNote(const Note& note) {
  std::string out = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) {
    std::string bytes;
    PutBe32(bytes, signature.key_id);
    bytes += signature.bytes;
    out.append(kSignaturePrefix).append(signature.name).append(" ");
    out.append(Base64Encode(AsBytes(bytes))).append("\n");
  }
  return out;
}

absl::StatusOr<Note> OpenNote(std::string_view note, std::span<const NoteKey> known) {
  MUSTER_ASSIGN_OR_RETURN(Note parsed, ParseNote(note));
  std::vector<uint32_t> ids;
  for (const NoteKey& key : known) ids.push_back(key.Id());
  std::vector<bool> seen(known.size(), false);
  Note opened;
  opened.text = std::move(parsed.text);
  for (NoteSignature& signature : parsed.signatures) {
    for (size_t i = 0; i < known.size(); ++i) {
      if (signature.key_id != ids[i] || signature.name != known[i].name) continue;
      MUSTER_RETURN_IF_ERROR(Annotate(VerifySignature(known[i], opened.text, signature),
                                      "the note by " + known[i].name));
      // One key counts once, however often it signed.
      if (!seen[i]) opened.signatures.push_back(std::move(signature));
      seen[i] = true;
      break;
    }
  }
  if (opened.signatures.empty()) {
    return MakeError(v1::CHECKPOINT_UNSIGNED, "nobody known has signed this note");
  }
  return opened;
}

NoteSignature SignNoteText(std::string_view text, const std::string& name,
                           const crypto::SigningKey& key) {
  MUSTER_CHECK(!text.empty() && text.back() == '\n');
  NoteSignature signature = Unsigned(name, kAlgorithmEd25519, key.verify_key());
  signature.bytes = key.Sign("", text);
  return signature;
}

NoteSignature CosignNoteText(std::string_view text, int64_t unix_seconds, const std::string& name,
                             const crypto::SigningKey& key) {
  MUSTER_CHECK(!text.empty() && text.back() == '\n' && unix_seconds >= 0);
  const auto timestamp = static_cast<uint64_t>(unix_seconds);
  NoteSignature signature = Unsigned(name, kAlgorithmCosignature, key.verify_key());
  PutBe64(signature.bytes, timestamp);
  signature.bytes += key.Sign(CosignaturePurpose(timestamp), text);
  return signature;
}

absl::StatusOr<int64_t> CosignatureTime(const NoteSignature& signature) {
  if (signature.bytes.size() == kTimestampBytes + kEd25519Bytes) {
    const uint64_t unix_seconds = ByteReader(signature.bytes).Be64();
    if (unix_seconds <= uint64_t{INT64_MAX}) return static_cast<int64_t>(unix_seconds);
  }
  return MakeError(v1::SIGNATURE_INVALID, "not a time and an Ed25519 signature");
}

}  // namespace muster::tlog
