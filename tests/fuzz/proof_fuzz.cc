// SPDX-License-Identifier: Apache-2.0
//
// The input is read as a tlog-proof text, as an EntryProof message, and as the hashes of a Merkle
// proof. Texts have one form; no proof that a stranger wrote leads to a root that nobody knows the
// preimage of.
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/tlog/proof.h"

namespace muster::tlog {
namespace {

void ReadText(std::string_view text) {
  const auto proof = ParseTlogProof(text);
  if (proof.ok()) MUSTER_CHECK(FormatTlogProof(*proof) == text);
}

void ReadMessage(const std::string& bytes) {
  v1::EntryProof proof;
  if (!proof.ParseFromString(bytes)) return;
  MUSTER_CHECK(!VerifyEntryProof(proof, {"o", uint64_t{1} << 40, Bytes32{}}).ok());
  // A tree of one entry: the entry itself is all that can stand in it.
  const auto salt = ToArray<32>(proof.salt());
  if (!salt || proof.body().size() > kEntryBodyBytesMax) return;
  const bool plain = proof.index() == 0 && proof.hashes().empty();
  MUSTER_CHECK(VerifyEntryProof(proof, {"o", 1, EntryLeaf(*salt, proof.body())}).ok() == plain);
}

void ReadHashes(std::string_view bytes) {
  ByteReader reader(bytes);
  const uint64_t a = reader.U64();
  const uint64_t b = reader.U64();
  std::vector<Bytes32> hashes;
  while (reader.remaining() >= 32) hashes.push_back(reader.Array<32>());
  MUSTER_CHECK(!crypto::VerifyInclusion(a, b, crypto::MerkleLeaf("leaf"), hashes, Bytes32{}).ok());
  Bytes32 other{};
  other[0] = 1;
  MUSTER_CHECK(!crypto::VerifyConsistency(a, b, hashes, Bytes32{}, other).ok());
  const bool same = crypto::VerifyConsistency(a, b, hashes, other, other).ok();
  MUSTER_CHECK(same == (a == b && a > 0 && hashes.empty()));
}

}  // namespace
}  // namespace muster::tlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  muster::tlog::ReadText(input);
  muster::tlog::ReadMessage(input);
  muster::tlog::ReadHashes(input);
  return 0;
}
