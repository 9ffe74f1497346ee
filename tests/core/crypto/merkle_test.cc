// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/merkle.h"

#include <bit>
#include <filesystem>
#include <string>
#include <vector>

#include "core/crypto/hash.h"
#include "tests/support/vectors.h"

namespace muster::crypto {
namespace {

using testing::Must;
using testing::ReadJson;
using testing::Unhex;
using testing::Unhex32;

using Hashes = std::vector<Bytes32>;

constexpr uint64_t kSizeMax = 70;

Hashes Leaves(uint64_t size) {
  Hashes leaves;
  for (uint64_t i = 0; i < size; ++i) leaves.push_back(MerkleLeaf("entry " + std::to_string(i)));
  return leaves;
}

// The definitions of RFC 6962 §2.1, word for word.
Bytes32 NaiveRoot(std::span<const Bytes32> d) {
  if (d.empty()) return Sha256({""});
  if (d.size() == 1) return d[0];
  size_t k = 1;
  while (k * 2 < d.size()) k *= 2;
  const Bytes32 left = NaiveRoot(d.first(k));
  const Bytes32 right = NaiveRoot(d.subspan(k));
  return Sha256({std::string_view("\x01", 1), AsText(left), AsText(right)});
}

Hashes NaivePath(size_t m, std::span<const Bytes32> d) {
  if (d.size() == 1) return {};
  size_t k = 1;
  while (k * 2 < d.size()) k *= 2;
  Hashes path = m < k ? NaivePath(m, d.first(k)) : NaivePath(m - k, d.subspan(k));
  path.push_back(m < k ? NaiveRoot(d.subspan(k)) : NaiveRoot(d.first(k)));
  return path;
}

Hashes NaiveSubproof(size_t m, std::span<const Bytes32> d, bool complete) {
  if (m == d.size()) return complete ? Hashes{} : Hashes{NaiveRoot(d)};
  size_t k = 1;
  while (k * 2 < d.size()) k *= 2;
  Hashes proof =
      m <= k ? NaiveSubproof(m, d.first(k), complete) : NaiveSubproof(m - k, d.subspan(k), false);
  proof.push_back(m <= k ? NaiveRoot(d.subspan(k)) : NaiveRoot(d.first(k)));
  return proof;
}

// Complete subtrees of `leaves`; anything else is asked for by mistake.
SubtreeHash SubtreesOf(const Hashes& leaves) {
  return [&leaves](int level, uint64_t index) -> absl::StatusOr<Bytes32> {
    const uint64_t width = uint64_t{1} << level;
    if ((index + 1) * width > leaves.size()) return absl::InternalError("no such subtree");
    return NaiveRoot(std::span(leaves).subspan(index * width, width));
  };
}

// Some vectors write a word where the hash does not matter; its own hash stands for it, so that
// equal words stay equal.
Bytes32 HashOf(const nlohmann::json& text) {
  const std::string bytes = *Base64Decode(text.get<std::string>());
  return ToArray<32>(bytes).value_or(Sha256({bytes}));
}

Hashes ProofOf(const nlohmann::json& proof) {
  Hashes hashes;
  if (proof.is_null()) return hashes;
  for (const auto& hash : proof) hashes.push_back(HashOf(hash));
  return hashes;
}

TEST_CASE("Leaves, nodes and roots are the reference's", "[crypto][vector]") {
  const auto reference = testing::ReadVectors("merkle-transparency-dev/rfc6962-reference.json");
  const auto& hashes = reference["hashes"];
  CHECK(MerkleEmptyRoot() == Unhex32(hashes["empty_root"].get<std::string>()));
  CHECK(MerkleLeaf("") == Unhex32(hashes["empty_leaf"].get<std::string>()));
  CHECK(MerkleLeaf("L123456") == Unhex32(hashes["leaf_L123456"].get<std::string>()));
  // The reference's node is over two short strings; ours takes hashes alone.
  CHECK(Sha256({std::string_view("\x01", 1), "N123", "N456"}) ==
        Unhex32(hashes["node_N123_N456"].get<std::string>()));
  Hashes leaves;
  MerkleFrontier frontier;
  const auto& roots = reference["root_by_size_hex"];
  CHECK(MerkleRoot(leaves) == Unhex32(roots[0].get<std::string>()));
  for (size_t i = 0; i < reference["leaf_inputs_hex"].size(); ++i) {
    leaves.push_back(MerkleLeaf(Unhex(reference["leaf_inputs_hex"][i].get<std::string>())));
    frontier.Append(leaves.back());
    CHECK(MerkleRoot(leaves) == Unhex32(roots[i + 1].get<std::string>()));
    CHECK(frontier.Root() == Unhex32(roots[i + 1].get<std::string>()));
  }
}

TEST_CASE("Every published inclusion and consistency proof is judged rightly", "[crypto][vector]") {
  int good = 0;
  int bad = 0;
  for (const std::string kind : {"inclusion", "consistency"}) {
    const auto folder = testing::VectorsPath("merkle-transparency-dev/testdata") / kind;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
      if (!file.is_regular_file()) continue;
      CAPTURE(file.path().string());
      const auto test = ReadJson(file.path());
      const Hashes proof = ProofOf(test["proof"]);
      bool accepted = false;
      if (kind == "inclusion") {
        // An empty root or leaf hash does not fit the type.
        accepted =
            test["root"] != "" && test["leafHash"] != "" &&
            VerifyInclusion(test["leafIdx"].get<uint64_t>(), test["treeSize"].get<uint64_t>(),
                            HashOf(test["leafHash"]), proof, HashOf(test["root"]))
                .ok();
      } else {
        accepted = VerifyConsistency(test["size1"].get<uint64_t>(), test["size2"].get<uint64_t>(),
                                     proof, HashOf(test["root1"]), HashOf(test["root2"]))
                       .ok();
      }
      CHECK(accepted != test["wantErr"].get<bool>());
      ++(accepted ? good : bad);
    }
  }
  CHECK(good == 12);
  CHECK(bad == 184);
}

TEST_CASE("Roots agree with the definition at every size", "[crypto][oracle]") {
  const Hashes leaves = Leaves(kSizeMax);
  MerkleFrontier frontier;
  for (uint64_t size = 0; size <= kSizeMax; ++size) {
    const auto part = std::span(leaves).first(size);
    const Bytes32 expected = NaiveRoot(part);
    CHECK(MerkleRoot(part) == expected);
    CHECK(frontier.Root() == expected);
    CHECK(frontier.size() == size);
    CHECK(Must(RootAt(size, SubtreesOf(leaves))) == expected);
    MerkleFrontier restored = Must(MerkleFrontier::Restore(size, frontier.hashes()));
    CHECK(restored.Root() == expected);
    if (size == kSizeMax) break;
    restored.Append(leaves[size]);
    frontier.Append(leaves[size]);
    CHECK(restored.hashes() == frontier.hashes());
  }
}

TEST_CASE("A frontier is restored with one hash per set bit only", "[crypto]") {
  REQUIRE_REASON(MerkleFrontier::Restore(0, Hashes(1)), v1::PROOF_INVALID);
  REQUIRE_REASON(MerkleFrontier::Restore(5, Hashes(1)), v1::PROOF_INVALID);
  REQUIRE_REASON(MerkleFrontier::Restore(5, Hashes(3)), v1::PROOF_INVALID);
  REQUIRE_OK(MerkleFrontier::Restore(5, Hashes(2)));
}

TEST_CASE("Every inclusion proof is the definition's and verifies", "[crypto][oracle]") {
  const Hashes leaves = Leaves(kSizeMax);
  for (uint64_t size = 1; size <= kSizeMax; ++size) {
    const auto part = std::span(leaves).first(size);
    const Bytes32 root = NaiveRoot(part);
    const Hashes own(part.begin(), part.end());
    for (uint64_t index = 0; index < size; ++index) {
      const Hashes proof = Must(InclusionProof(index, size, SubtreesOf(own)));
      REQUIRE(proof == NaivePath(index, part));
      REQUIRE(VerifyInclusion(index, size, leaves[index], proof, root).ok());
    }
    REQUIRE_REASON(InclusionProof(size, size, SubtreesOf(own)), v1::PROOF_INVALID);
  }
  REQUIRE_REASON(InclusionProof(0, 0, SubtreesOf(leaves)), v1::PROOF_INVALID);
}

TEST_CASE("Every consistency proof is the definition's and verifies", "[crypto][oracle]") {
  const Hashes leaves = Leaves(kSizeMax);
  for (uint64_t size = 1; size <= kSizeMax; ++size) {
    const auto part = std::span(leaves).first(size);
    const Bytes32 root = NaiveRoot(part);
    const Hashes own(part.begin(), part.end());
    for (uint64_t old_size = 1; old_size <= size; ++old_size) {
      const Hashes proof = Must(ConsistencyProof(old_size, size, SubtreesOf(own)));
      REQUIRE(proof == NaiveSubproof(old_size, part, true));
      REQUIRE(VerifyConsistency(old_size, size, proof, NaiveRoot(part.first(old_size)), root).ok());
    }
    REQUIRE_REASON(ConsistencyProof(0, size, SubtreesOf(own)), v1::PROOF_INVALID);
    REQUIRE_REASON(ConsistencyProof(size + 1, size, SubtreesOf(own)), v1::PROOF_INVALID);
  }
}

TEST_CASE("No changed inclusion proof verifies", "[crypto][oracle]") {
  const Hashes leaves = Leaves(40);
  for (uint64_t size = 1; size <= leaves.size(); ++size) {
    const auto part = std::span(leaves).first(size);
    const Bytes32 root = NaiveRoot(part);
    for (uint64_t index = 0; index < size; ++index) {
      const Hashes proof = NaivePath(index, part);
      const Bytes32& leaf = leaves[index];
      // Of sizes and places, only those that make the very same walk up the tree may verify.
      for (uint64_t other = 0; other <= size + 1; ++other) {
        if (other != index && VerifyInclusion(other, size, leaf, proof, root).ok())
          FAIL("another index verifies");
      }
      Bytes32 wrong = root;
      wrong[5] ^= 4;
      REQUIRE_FALSE(VerifyInclusion(index, size, leaf, proof, wrong).ok());
      wrong = leaf;
      wrong[31] ^= 128;
      REQUIRE_FALSE(VerifyInclusion(index, size, wrong, proof, root).ok());
      for (size_t i = 0; i < proof.size(); ++i) {
        Hashes changed = proof;
        changed[i][i % 32] ^= 1;
        REQUIRE_FALSE(VerifyInclusion(index, size, leaf, changed, root).ok());
        changed = proof;
        changed.erase(changed.begin() + static_cast<ptrdiff_t>(i));
        REQUIRE_FALSE(VerifyInclusion(index, size, leaf, changed, root).ok());
        changed = proof;
        changed.insert(changed.begin() + static_cast<ptrdiff_t>(i), root);
        REQUIRE_FALSE(VerifyInclusion(index, size, leaf, changed, root).ok());
      }
      Hashes longer = proof;
      longer.push_back(root);
      REQUIRE_FALSE(VerifyInclusion(index, size, leaf, longer, root).ok());
    }
  }
}

TEST_CASE("No changed consistency proof verifies", "[crypto][oracle]") {
  const Hashes leaves = Leaves(40);
  for (uint64_t size = 1; size <= leaves.size(); ++size) {
    const auto part = std::span(leaves).first(size);
    const Bytes32 root = NaiveRoot(part);
    for (uint64_t old_size = 1; old_size <= size; ++old_size) {
      const Hashes proof = NaiveSubproof(old_size, part, true);
      const Bytes32 old_root = NaiveRoot(part.first(old_size));
      for (uint64_t other = 0; other <= size + 1; ++other) {
        if (other == old_size) continue;
        REQUIRE_FALSE(VerifyConsistency(other, size, proof, old_root, root).ok());
      }
      Bytes32 wrong = root;
      wrong[5] ^= 4;
      REQUIRE_FALSE(VerifyConsistency(old_size, size, proof, old_root, wrong).ok());
      wrong = old_root;
      wrong[31] ^= 128;
      REQUIRE_FALSE(VerifyConsistency(old_size, size, proof, wrong, root).ok());
      for (size_t i = 0; i < proof.size(); ++i) {
        Hashes changed = proof;
        changed[i][i % 32] ^= 1;
        REQUIRE_FALSE(VerifyConsistency(old_size, size, changed, old_root, root).ok());
        changed = proof;
        changed.erase(changed.begin() + static_cast<ptrdiff_t>(i));
        REQUIRE_FALSE(VerifyConsistency(old_size, size, changed, old_root, root).ok());
        changed = proof;
        changed.insert(changed.begin() + static_cast<ptrdiff_t>(i), root);
        REQUIRE_FALSE(VerifyConsistency(old_size, size, changed, old_root, root).ok());
      }
      Hashes longer = proof;
      longer.push_back(root);
      REQUIRE_FALSE(VerifyConsistency(old_size, size, longer, old_root, root).ok());
    }
  }
}

TEST_CASE("Nothing verifies against an empty tree", "[crypto]") {
  const Bytes32 root = MerkleEmptyRoot();
  REQUIRE_REASON(VerifyInclusion(0, 0, root, {}, root), v1::PROOF_INVALID);
  REQUIRE_REASON(VerifyConsistency(0, 0, {}, root, root), v1::PROOF_INVALID);
  REQUIRE_REASON(VerifyConsistency(0, 1, {}, root, MerkleLeaf("")), v1::PROOF_INVALID);
}

TEST_CASE("Proofs at the largest sizes end, and ask for complete subtrees only", "[crypto]") {
  constexpr uint64_t kSize = ~uint64_t{0};
  int asked = 0;
  const SubtreeHash hash = [&asked](int level, uint64_t index) -> absl::StatusOr<Bytes32> {
    ++asked;
    if (level < 0 || level > 63 || (level > 0 && (index + 1) > (kSize >> level)))
      return absl::InternalError("no");
    return Sha256({std::to_string(level), "/", std::to_string(index)});
  };
  const Bytes32 root = Must(RootAt(kSize, hash));
  CHECK(asked == 64);
  asked = 0;
  for (uint64_t index : {uint64_t{0}, uint64_t{12345}, kSize / 2, kSize - 1}) {
    const Hashes proof = Must(InclusionProof(index, kSize, hash));
    CHECK(proof.size() <= 64);
    (void)VerifyInclusion(index, kSize, root, proof, root);
    CHECK(Must(ConsistencyProof(index + 1, kSize, hash)).size() <= 65);
  }
  CHECK(asked < 8 * 200);
}

TEST_CASE("An error while reading a subtree is passed up", "[crypto][fault]") {
  const SubtreeHash broken = [](int, uint64_t) -> absl::StatusOr<Bytes32> {
    return MakeError(v1::STORE_IO, "cannot read the tile");
  };
  REQUIRE_REASON(RootAt(5, broken), v1::STORE_IO);
  REQUIRE_REASON(InclusionProof(1, 5, broken), v1::STORE_IO);
  REQUIRE_REASON(ConsistencyProof(3, 5, broken), v1::STORE_IO);
  CHECK(Must(RootAt(0, broken)) == MerkleEmptyRoot());
}

}  // namespace
}  // namespace muster::crypto
