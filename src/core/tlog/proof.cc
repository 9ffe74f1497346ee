// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/proof.h"

#include <charconv>

#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::tlog {
namespace {

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1\n";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr int kHashesMax = 64;  // one for each level of the largest tree

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::PROOF_INVALID, "not a tlog-proof: " + std::string(what));
}

bool TakePrefix(std::string_view& rest, std::string_view prefix) {
  if (rest.substr(0, prefix.size()) != prefix) return false;
  rest.remove_prefix(prefix.size());
  return true;
}

// The line and its newline; the rest, when no newline is left.
std::string_view TakeLine(std::string_view& rest) {
  const size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

}  // namespace

std::string FormatTlogProof(const TlogProof& proof) {
  std::string out(kHeader);
  if (!proof.extra.empty()) out.append(kExtra).append(Base64Encode(AsBytes(proof.extra)) + "\n");
  out.append(kIndex).append(std::to_string(proof.index) + "\n");
  for (const Bytes32& hash : proof.hashes) out.append(Base64Encode(hash) + "\n");
  return out + "\n" + proof.checkpoint;
}

absl::StatusOr<TlogProof> ParseTlogProof(std::string_view text) {
  if (text.size() > 2 * kNoteBytesMax) return Malformed("longer than 2 MiB");
  TlogProof proof;
  if (!TakePrefix(text, kHeader)) return Malformed("the first line is c2sp.org/tlog-proof@v1");
  if (TakePrefix(text, kExtra)) {
    proof.extra = Base64Decode(TakeLine(text)).value_or("");
    if (proof.extra.empty()) return Malformed("the extra data is not base64");
  }
  if (!TakePrefix(text, kIndex)) return Malformed("no index");
  const std::string_view index = TakeLine(text);
  const char* const end = index.data() + index.size();
  const auto [rest, error] = std::from_chars(index.data(), end, proof.index);
  if (error != std::errc() || rest != end || std::to_string(proof.index) != index) {
    return Malformed("the index is no decimal number");
  }
  while (true) {
    if (text.empty()) return Malformed("no blank line before the checkpoint");
    const std::string_view line = TakeLine(text);
    if (line.empty()) break;
    const auto hash = ToArray<32>(Base64Decode(line).value_or(""));
    if (!hash) return Malformed("a hash is not 32 bytes in base64");
    if (proof.hashes.size() == kHashesMax) return Malformed("more than 64 hashes");
    proof.hashes.push_back(*hash);
  }
  if (!ParseNote(text).ok()) return Malformed("the checkpoint is not a signed note");
  proof.checkpoint = std::string(text);
  return proof;
}

absl::Status VerifyEntryProof(const v1::EntryProof& proof, const Checkpoint& checkpoint) {
  const auto salt = ToArray<32>(proof.salt());
  if (!salt) return MakeError(v1::ENTRY_MALFORMED, "an entry's salt has 32 bytes");
  if (proof.body().size() > kEntryBodyBytesMax) {
    return MakeError(v1::ENTRY_MALFORMED, "an entry's body has at most 1 MiB");
  }
  if (proof.index() < 0) return MakeError(v1::PROOF_INVALID, "an entry's index is not negative");
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Bytes32> hashes, ParseHashes(proof.hashes()));
  return crypto::VerifyInclusion(static_cast<uint64_t>(proof.index()), checkpoint.size,
                                 EntryLeaf(*salt, proof.body()), hashes, checkpoint.root);
}

absl::StatusOr<std::vector<Bytes32>> ParseHashes(
    const google::protobuf::RepeatedPtrField<std::string>& hashes) {
  if (hashes.size() > kHashesMax) {
    return MakeError(v1::PROOF_INVALID, "a proof has at most 64 hashes");
  }
  std::vector<Bytes32> parsed;
  for (const std::string& text : hashes) {
    const auto hash = ToArray<32>(text);
    if (!hash) return MakeError(v1::PROOF_INVALID, "a proof's hash has 32 bytes");
    parsed.push_back(*hash);
  }
  return parsed;
}

void PutHashes(std::span<const Bytes32> hashes,
               google::protobuf::RepeatedPtrField<std::string>* out) {
  for (const Bytes32& hash : hashes) *out->Add() = ToString(hash);
}

}  // namespace muster::tlog
