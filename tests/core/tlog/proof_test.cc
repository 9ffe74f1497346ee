// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/proof.h"

#include "core/crypto/hash.h"
#include "tests/support/vectors.h"

namespace muster::tlog {
namespace {

using testing::Flipped;
using testing::Must;

std::string SomeCheckpoint() {
  return SignCheckpoint({"example.com/log", 109482, crypto::MerkleLeaf("root")},
                        crypto::SigningKey::Generate());
}

TEST_CASE("A tlog-proof has the specification's lines", "[tlog][vector]") {
  TlogProof proof;
  proof.index = 73894;
  proof.hashes = {crypto::MerkleLeaf("a"), crypto::MerkleLeaf("b")};
  proof.checkpoint = SomeCheckpoint();
  proof.extra = "age-v1.2.1";
  CHECK(FormatTlogProof(proof) == "c2sp.org/tlog-proof@v1\nextra YWdlLXYxLjIuMQ==\nindex 73894\n" +
                                      Base64Encode(proof.hashes[0]) + "\n" +
                                      Base64Encode(proof.hashes[1]) + "\n\n" + proof.checkpoint);
}

TEST_CASE("A tlog-proof is read back from its text", "[tlog]") {
  const size_t hashes = GENERATE(size_t{0}, size_t{1}, size_t{64});
  const std::string extra = GENERATE("", "x", "some\nmore");
  TlogProof proof;
  proof.index = hashes * 1000;
  proof.hashes.assign(hashes, crypto::MerkleLeaf("a"));
  proof.extra = extra;
  proof.checkpoint = SomeCheckpoint();
  const TlogProof read = Must(ParseTlogProof(FormatTlogProof(proof)));
  CHECK(read.index == proof.index);
  CHECK(read.hashes == proof.hashes);
  CHECK(read.extra == proof.extra);
  CHECK(read.checkpoint == proof.checkpoint);
}

TEST_CASE("Texts that are no tlog-proof are refused", "[tlog]") {
  const std::string hash = Base64Encode(crypto::MerkleLeaf("a")) + "\n";
  const std::string head = "c2sp.org/tlog-proof@v1\n";
  const std::string tail = "\n" + SomeCheckpoint();
  REQUIRE_OK(ParseTlogProof(head + "index 1\n" + hash + tail));
  std::string many;
  for (int i = 0; i < 65; ++i) many += hash;
  const std::vector<std::string> bad = {"",
                                        head,
                                        head + "index 1",
                                        head + "index 1\n",
                                        head + "index 1\n" + hash,
                                        head + "index 1\n" + hash + "\n",
                                        "c2sp.org/tlog-proof@v2\nindex 1\n" + hash + tail,
                                        "index 1\n" + hash + tail,
                                        head + hash + tail,
                                        head + "index 01\n" + hash + tail,
                                        head + "index -1\n" + hash + tail,
                                        head + "index \n" + hash + tail,
                                        head + "index 1 \n" + hash + tail,
                                        head + "index  1\n" + hash + tail,
                                        head + "index 18446744073709551616\n" + hash + tail,
                                        head + "index 1\nindex 1\n" + hash + tail,
                                        head + "extra \nindex 1\n" + hash + tail,
                                        head + "extra ?\nindex 1\n" + hash + tail,
                                        head + "extra YQ\nindex 1\n" + hash + tail,
                                        head + "index 1\nextra YQ==\n" + hash + tail,
                                        head + "index 1\n" + hash.substr(4) + tail,
                                        head + "index 1\n" + many + tail,
                                        head + "index 1\n" + hash + tail + "x",
                                        head + "index 1\n" + hash + "\n" + "not a note\n"};
  for (const std::string& text : bad) {
    CAPTURE(text);
    REQUIRE_REASON(ParseTlogProof(text), v1::PROOF_INVALID);
  }
  REQUIRE_REASON(ParseTlogProof(head + std::string(2 * kNoteBytesMax, 'x')), v1::PROOF_INVALID);
}

TEST_CASE("An entry's commitment is salted and framed", "[tlog]") {
  Bytes32 salt{};
  salt[31] = 7;
  const std::string body = "what was done";
  CHECK(EntryCommitment(salt, body) ==
        crypto::Sha256({"muster/entry/v1\n" + ToString(salt) + body}));
  const Bytes32 commitment = EntryCommitment(salt, body);
  CHECK(EntryLeaf(salt, body) == crypto::MerkleLeaf(AsText(commitment)));
  CHECK(EntryCommitment(Bytes32{}, body) != EntryCommitment(salt, body));
}

struct Tree {
  std::vector<Bytes32> leaves;
  std::vector<v1::EntryProof> proofs;
  Checkpoint checkpoint{"example.com/log", 0, {}};
};

Tree MakeTree(uint64_t size) {
  Tree tree;
  for (uint64_t i = 0; i < size; ++i) {
    const auto salt = crypto::RandomArray<32>();
    v1::EntryProof proof;
    proof.set_index(static_cast<int64_t>(i));
    proof.set_salt(ToString(salt));
    proof.set_body("body " + std::to_string(i));
    tree.leaves.push_back(EntryLeaf(salt, proof.body()));
    tree.proofs.push_back(std::move(proof));
  }
  const auto subtree = [&](int level, uint64_t index) -> absl::StatusOr<Bytes32> {
    const size_t width = size_t{1} << level;
    return crypto::MerkleRoot(std::span(tree.leaves).subspan(index * width, width));
  };
  for (uint64_t i = 0; i < size; ++i) {
    PutHashes(Must(crypto::InclusionProof(i, size, subtree)), tree.proofs[i].mutable_hashes());
  }
  tree.checkpoint.size = size;
  tree.checkpoint.root = crypto::MerkleRoot(tree.leaves);
  return tree;
}

TEST_CASE("Every entry of a tree is proven to stand in it", "[tlog]") {
  const Tree tree = MakeTree(13);
  for (const v1::EntryProof& proof : tree.proofs)
    REQUIRE_OK(VerifyEntryProof(proof, tree.checkpoint));
}

TEST_CASE("A changed entry proof proves nothing", "[tlog]") {
  const Tree tree = MakeTree(13);
  const v1::EntryProof& good = tree.proofs[5];
  v1::EntryProof bad = good;
  bad.set_body("body 6");
  REQUIRE_REASON(VerifyEntryProof(bad, tree.checkpoint), v1::PROOF_INVALID);
  for (size_t i = 0; i < 32; ++i) {
    bad = good;
    bad.set_salt(Flipped(good.salt(), i));
    REQUIRE_REASON(VerifyEntryProof(bad, tree.checkpoint), v1::PROOF_INVALID);
  }
  for (int64_t index : {int64_t{-1}, int64_t{4}, int64_t{6}, int64_t{13}, INT64_MIN, INT64_MAX}) {
    bad = good;
    bad.set_index(index);
    REQUIRE_REASON(VerifyEntryProof(bad, tree.checkpoint), v1::PROOF_INVALID);
  }
  for (int i = 0; i < good.hashes_size(); ++i) {
    bad = good;
    bad.set_hashes(i, Flipped(good.hashes(i), 3));
    REQUIRE_REASON(VerifyEntryProof(bad, tree.checkpoint), v1::PROOF_INVALID);
    bad.set_hashes(i, good.hashes(i).substr(1));
    REQUIRE_REASON(VerifyEntryProof(bad, tree.checkpoint), v1::PROOF_INVALID);
  }
  bad = good;
  bad.add_hashes(good.hashes(0));
  REQUIRE_REASON(VerifyEntryProof(bad, tree.checkpoint), v1::PROOF_INVALID);
  bad = good;
  bad.mutable_hashes()->RemoveLast();
  REQUIRE_REASON(VerifyEntryProof(bad, tree.checkpoint), v1::PROOF_INVALID);
  bad = good;
  bad.set_salt("");  // an erased entry
  REQUIRE_REASON(VerifyEntryProof(bad, tree.checkpoint), v1::ENTRY_MALFORMED);
  bad = good;
  bad.set_body(std::string(kEntryBodyBytesMax + 1, 'x'));
  REQUIRE_REASON(VerifyEntryProof(bad, tree.checkpoint), v1::ENTRY_MALFORMED);
  Checkpoint other = tree.checkpoint;
  other.size = 7;  // a lower tree; one of equal height with this root is no other claim
  REQUIRE_REASON(VerifyEntryProof(good, other), v1::PROOF_INVALID);
}

TEST_CASE("A list of hashes has at most 64 of 32 bytes", "[tlog]") {
  v1::EntryProof proof;
  for (int i = 0; i < 64; ++i) proof.add_hashes(std::string(32, static_cast<char>(i)));
  const auto hashes = Must(ParseHashes(proof.hashes()));
  v1::EntryProof again;
  PutHashes(hashes, again.mutable_hashes());
  CHECK(again.SerializeAsString() == proof.SerializeAsString());
  proof.add_hashes(std::string(32, 'x'));
  REQUIRE_REASON(ParseHashes(proof.hashes()), v1::PROOF_INVALID);
}

}  // namespace
}  // namespace muster::tlog
