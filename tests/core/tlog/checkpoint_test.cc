// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/checkpoint.h"

#include "tests/support/vectors.h"

namespace muster::tlog {
namespace {

using testing::Must;

std::vector<Bytes32> Leaves(uint64_t size) {
  std::vector<Bytes32> leaves;
  for (uint64_t i = 0; i < size; ++i) leaves.push_back(crypto::MerkleLeaf(std::to_string(i)));
  return leaves;
}

Bytes32 RootOf(uint64_t size) { return crypto::MerkleRoot(Leaves(size)); }

std::vector<Bytes32> Consistency(uint64_t old_size, uint64_t size) {
  const auto leaves = Leaves(size);
  return Must(crypto::ConsistencyProof(
      old_size, size, [&](int level, uint64_t index) -> absl::StatusOr<Bytes32> {
        const size_t width = size_t{1} << level;
        return crypto::MerkleRoot(std::span(leaves).subspan(index * width, width));
      }));
}

struct Signer {
  crypto::SigningKey key = crypto::SigningKey::Generate();
  NoteKey note_key{"example.com/log", kAlgorithmEd25519, key.verify_key()};
  Checkpoint At(uint64_t size) const { return {"example.com/log", size, RootOf(size)}; }
  std::string NoteAt(uint64_t size) const { return SignCheckpoint(At(size), key); }
};

TEST_CASE("A checkpoint is three lines and is read back from them", "[tlog]") {
  const Checkpoint checkpoint{"example.com/log", 20852163, RootOf(3)};
  const std::string text = FormatCheckpoint(checkpoint);
  CHECK(text == "example.com/log\n20852163\n" + Base64Encode(checkpoint.root) + "\n");
  CHECK(Must(ParseCheckpoint(text)) == checkpoint);
  const Checkpoint empty{"o", 0, crypto::MerkleEmptyRoot()};
  CHECK(Must(ParseCheckpoint(FormatCheckpoint(empty))) == empty);
}

TEST_CASE("Checkpoints not in the one form are refused", "[tlog]") {
  const std::string root = Base64Encode(RootOf(1));
  const std::vector<std::string> bad = {"",
                                        "\n",
                                        "o\n",
                                        "o\n1\n",
                                        "o\n1\n" + root,
                                        "\n1\n" + root + "\n",
                                        "o\n01\n" + root + "\n",
                                        "o\n+1\n" + root + "\n",
                                        "o\n-1\n" + root + "\n",
                                        "o\n1 \n" + root + "\n",
                                        "o\n 1\n" + root + "\n",
                                        "o\n\n" + root + "\n",
                                        "o\n0x1\n" + root + "\n",
                                        "o\n1.0\n" + root + "\n",
                                        "o\n18446744073709551616\n" + root + "\n",
                                        "o\n9223372036854775808\n" + root + "\n",
                                        "o\n1\n" + root.substr(4) + "\n",
                                        "o\n1\n" + root.substr(0, 43) + "\n",
                                        "o\n1\nAAAA" + root + "\n",
                                        "o\n1\n" + root + "\nextension\n",
                                        "o\n1\n" + root + "\n\n",
                                        "o\n1\n" + root + "\nx",
                                        "o\n0\n" + root + "\n",
                                        "o\n1\n\n"};
  for (const std::string& text : bad) {
    CAPTURE(text);
    REQUIRE_REASON(ParseCheckpoint(text), v1::CHECKPOINT_MALFORMED);
  }
  REQUIRE_OK(ParseCheckpoint("o\n9223372036854775807\n" + root + "\n"));
}

TEST_CASE("A signed checkpoint opens with its log's key alone", "[tlog]") {
  const Signer log;
  CHECK(Must(OpenCheckpoint(log.NoteAt(5), log.note_key)) == log.At(5));
  const Signer other;
  REQUIRE_REASON(OpenCheckpoint(log.NoteAt(5), other.note_key), v1::CHECKPOINT_UNSIGNED);
  NoteKey cosigner = log.note_key;
  cosigner.algorithm = kAlgorithmCosignature;
  REQUIRE_REASON(OpenCheckpoint(log.NoteAt(5), cosigner), v1::KEY_MALFORMED);
}

TEST_CASE("A checkpoint of another origin is refused though the key signed it", "[tlog]") {
  const Signer log;
  Note note;
  note.text = FormatCheckpoint({"example.com/other", 5, RootOf(5)});
  note.signatures = {SignNoteText(note.text, "example.com/log", log.key)};
  REQUIRE_REASON(OpenCheckpoint(FormatNote(note), log.note_key), v1::CHECKPOINT_MALFORMED);
}

TEST_CASE("Every pair of sizes is an extension with its proof and no other way", "[tlog][oracle]") {
  const Signer log;
  for (uint64_t size = 0; size <= 20; ++size) {
    const std::string note = log.NoteAt(size);
    for (uint64_t old_size = 0; old_size <= 20; ++old_size) {
      const Checkpoint old = log.At(old_size);
      if (old_size > size) {
        REQUIRE_REASON(OpenExtension(note, log.note_key, old, {}), v1::LOG_REWOUND);
        continue;
      }
      auto proof = old_size == 0 ? std::vector<Bytes32>() : Consistency(old_size, size);
      CHECK(Must(OpenExtension(note, log.note_key, old, proof)) == log.At(size));
      if (old_size > 0) {
        Checkpoint forked = old;
        forked.root[0] ^= 1;
        REQUIRE_REASON(OpenExtension(note, log.note_key, forked, proof), v1::LOG_FORKED);
      }
      proof.push_back({});
      REQUIRE_REASON(OpenExtension(note, log.note_key, old, proof),
                     old_size == 0 ? v1::PROOF_INVALID : v1::LOG_FORKED);
    }
  }
}

TEST_CASE("What was seen of another log is not extended", "[tlog]") {
  const Signer log;
  Checkpoint old = log.At(5);
  old.origin = "example.com/other";
  REQUIRE_REASON(OpenExtension(log.NoteAt(8), log.note_key, old, Consistency(5, 8)),
                 v1::CHECKPOINT_MALFORMED);
}

TEST_CASE("The witness's log of monkeys grows from 5 to 8", "[tlog][vector]") {
  const auto vectors = testing::ReadVectors("c2sp/notes.json");
  const auto& witness = vectors["witness"];
  const NoteKey key = Must(NoteKey::Parse(witness["log_vkey"].get<std::string>()));
  const std::string next = witness["next"].get<std::string>();
  const Checkpoint five = Must(OpenCheckpoint(witness["init"].get<std::string>(), key));
  CHECK(five.size == 5);
  std::vector<Bytes32> proof;
  for (const auto& hash : witness["consistency_5_8_hex"])
    proof.push_back(testing::Unhex32(hash.get<std::string>()));
  CHECK(Must(OpenExtension(next, key, five, proof)).size == 8);
  CHECK(Must(OpenExtension(witness["init"].get<std::string>(), key, five, {})) == five);
  proof[1][1] ^= 1;
  REQUIRE_REASON(OpenExtension(next, key, five, proof), v1::LOG_FORKED);
  REQUIRE_REASON(OpenExtension(next, key, five, {}), v1::LOG_FORKED);
  const Checkpoint eight = Must(OpenCheckpoint(next, key));
  REQUIRE_REASON(OpenExtension(witness["init"].get<std::string>(), key, eight, proof),
                 v1::LOG_REWOUND);
}

}  // namespace
}  // namespace muster::tlog
