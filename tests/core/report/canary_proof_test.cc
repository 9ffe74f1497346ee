// SPDX-License-Identifier: Apache-2.0
#include "core/report/canary_proof.h"

#include <google/protobuf/stubs/logging.h>

#include "core/crypto/merkle.h"
#include "core/seal/envelope.h"
#include "core/tlog/proof.h"
#include "tests/core/report/report_fixture.h"
#include "tests/support/status.h"

namespace muster::report {
namespace {

using testing::Must;

[[maybe_unused]] const bool kQuiet = (google::protobuf::SetLogHandler(nullptr), true);

constexpr char kCanary[] = "person3@example.org";

// Parks uploads five records in batches of two; the third is a canary, in batch 1.
struct Hit {
  Consortium consortium;
  Organization parks{"Parks Alliance"};
  Organization transit{"Transit Riders"};
  v1::UploadProvenance upload;
  v1::CanaryProof proof;

  Hit() {
    consortium.Join(parks);
    consortium.Join(transit);
    const crypto::SecretBytes seed = crypto::SecretBytes::Random(32);
    std::optional<seal::CanaryTree> tree;
    consortium.on_block = [&](uint32_t sequence, seal::RecordBlock& block) {
      std::vector<seal::PlacedCanary> placed;
      if (sequence == 1) placed.push_back({kCanary, 0});
      seal::CanaryTree made = Must(seal::CanaryTree::Make(seed, sequence, placed));
      block.set_canary(made.commitment());
      if (sequence == 1) tree = std::move(made);
    };
    upload = consortium.Upload(parks, 5, 2);
    consortium.Upload(transit, 1, 1);
    const uint64_t size = consortium.size();
    proof.set_consortium(ToString(consortium.id));
    proof.set_member(parks.id.Name());
    proof.set_member_name(parks.name);
    proof.set_reporter(parks.person.id.Name());
    proof.set_create_time(1);
    proof.set_checkpoint(consortium.Checkpoint());
    *proof.mutable_charter() = consortium.Prove(0, size);
    for (const Organization* organization : {&parks, &transit}) {
      *proof.add_people() = consortium.Prove(organization->admission_index, size);
      *proof.add_people() = consortium.Prove(organization->join_index, size);
    }
    *proof.mutable_upload() =
        consortium.Prove(static_cast<uint64_t>(upload.upload().index()), size);
    SetBatch(1);
    *proof.mutable_opening() = ToProto(tree->Open(0));
    proof.mutable_mail()->set_from("someone@example.net");
    proof.set_log_size(static_cast<int64_t>(size));
    proof.set_read_entry_count(3);
  }
  void SetBatch(int sequence) {
    std::vector<Bytes32> leaves;
    for (const v1::BatchRecord& batch : upload.batches())
      leaves.push_back(crypto::MerkleLeaf(batch.header() + batch.holding_wrap() + batch.root()));
    *proof.mutable_batch() = upload.batches(sequence);
    const auto path = Must(crypto::InclusionProof(
        static_cast<uint64_t>(sequence), leaves.size(),
        [&](int level, uint64_t at) -> absl::StatusOr<Bytes32> {
          const size_t width = size_t{1} << level;
          return crypto::MerkleRoot(std::span(leaves).subspan(at * width, width));
        }));
    proof.clear_batch_path();
    tlog::PutHashes(path, proof.mutable_batch_path());
  }
  absl::StatusOr<CanaryFinding> Verify() const { return VerifyAs(parks.person); }
  absl::StatusOr<CanaryFinding> VerifyAs(const Someone& reporter) const {
    return VerifyCanaryProof(EncodeCanaryProof(proof, reporter.sign), consortium.Root());
  }
};

}  // namespace

TEST_CASE("Canary proof: says where an address was given, and what the reporter says of the log",
          "[report][canary]") {
  const Hit hit;
  const CanaryFinding finding = Must(hit.Verify());
  CHECK(finding.address == kCanary);
  CHECK(finding.member_name == "Parks Alliance");
  CHECK(finding.list == "members");
  CHECK(finding.sequence == 1);
  CHECK(finding.index == 0);
  CHECK(finding.upload_index == static_cast<uint64_t>(hit.upload.upload().index()));
  CHECK(finding.same_tree);
  CHECK(finding.read_entry_count == 3);
  CHECK(finding.send_indices.empty());
}

TEST_CASE("Canary proof: no bit of it can be changed", "[report][canary]") {
  const Hit hit;
  const std::string file = EncodeCanaryProof(hit.proof, hit.parks.person.sign);
  const AuditRoot root = hit.consortium.Root();
  for (size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bent = file;
      bent[at] = static_cast<char>(bent[at] ^ (1 << bit));
      if (!VerifyCanaryProof(bent, root).ok()) continue;
      FAIL("byte " << at << ", bit " << bit);
    }
  }
  for (size_t size = 0; size < file.size(); size += 7)
    REQUIRE(!VerifyCanaryProof(std::string_view(file).substr(0, size), root).ok());
  REQUIRE(!VerifyCanaryProof(file + "x", root).ok());
}

TEST_CASE("Canary proof: a liar who signs anew is refused for each lie", "[report][canary]") {
  Hit hit;
  const v1::CanaryProof good = hit.proof;
  const auto lie = [&](auto bend) {
    hit.proof = good;
    bend(hit.proof);
    return hit.Verify().status();
  };
  REQUIRE_REASON(lie([](auto& p) { p.mutable_opening()->set_address("other@example.org"); }),
                 v1::CANARY_MALFORMED);
  REQUIRE_REASON(lie([](auto& p) { p.mutable_opening()->set_index(1); }), v1::CANARY_MALFORMED);
  REQUIRE_REASON(lie([](auto& p) { p.mutable_opening()->set_index(-1); }), v1::CANARY_MALFORMED);
  REQUIRE_REASON(lie([](auto& p) { p.mutable_opening()->set_slot(200); }), v1::CANARY_MALFORMED);
  REQUIRE_REASON(lie([](auto& p) { p.mutable_opening()->set_salt("short"); }),
                 v1::CANARY_MALFORMED);
  // Another batch of the same upload.
  REQUIRE_REASON(lie([&](auto&) { hit.SetBatch(0); }), v1::CANARY_MALFORMED);
  REQUIRE_REASON(lie([&](auto& p) { p.clear_batch_path(); }), v1::PROOF_INVALID);
  REQUIRE_REASON(lie([&](auto& p) { p.mutable_batch()->set_root(std::string(32, 'r')); }),
                 v1::SIGNATURE_INVALID);
  REQUIRE_REASON(lie([](auto& p) { p.set_log_size(p.log_size() + 1); }), v1::CANARY_MALFORMED);
  REQUIRE_REASON(lie([](auto& p) { p.set_read_entry_count(p.log_size() + 1); }),
                 v1::CANARY_MALFORMED);
  REQUIRE_REASON(lie([&](auto& p) { p.set_member(hit.transit.id.Name()); }), v1::CANARY_MALFORMED);
  REQUIRE_REASON(lie([](auto& p) { p.set_member_name("Somebody"); }), v1::CANARY_MALFORMED);
  REQUIRE_REASON(lie([](auto& p) { *p.mutable_upload() = p.people(1); }), v1::REPORT_MALFORMED);
  // Without who joined, nobody has said anything; others' joins may be left out.
  REQUIRE_REASON(lie([](auto& p) { p.clear_people(); }), v1::STATEMENT_REFUSED);
  REQUIRE_OK(lie([](auto& p) { p.mutable_people()->RemoveLast(); }));
}

TEST_CASE("Canary proof: another reporter, consortium, member or log is not taken",
          "[report][canary]") {
  Hit hit;
  REQUIRE_REASON(hit.VerifyAs(hit.transit.person), v1::CANARY_MALFORMED);
  const Hit other;
  REQUIRE(!VerifyCanaryProof(EncodeCanaryProof(hit.proof, hit.parks.person.sign),
                             other.consortium.Root())
               .ok());
  // A log that signs another tree of the same size.
  AuditRoot forked = hit.consortium.Root();
  forked.checkpoint.root[0] ^= 1;
  REQUIRE_REASON(VerifyCanaryProof(EncodeCanaryProof(hit.proof, hit.parks.person.sign), forked),
                 v1::LOG_FORKED);
  // A batch of another member's upload, under this member's statement.
  Hit mixed;
  const v1::BatchRecord foreign = other.upload.batches(1);
  *mixed.proof.mutable_batch() = foreign;
  REQUIRE_REASON(mixed.Verify(), v1::SIGNATURE_INVALID);
}

}  // namespace muster::report
