// SPDX-License-Identifier: Apache-2.0
#include "core/report/erasure_receipt.h"

#include <google/protobuf/stubs/logging.h>

#include "core/governance/person_order.h"
#include "tests/core/report/report_fixture.h"
#include "tests/support/status.h"

namespace muster::report {
namespace {

using testing::Must;

[[maybe_unused]] const bool kQuiet = (google::protobuf::SetLogHandler(nullptr), true);

struct Erased {
  Consortium consortium;
  Organization parks{"Parks Alliance"};
  v1::ErasureReceipt receipt;

  explicit Erased(bool done = true, const crypto::SigningKey* vault = nullptr) {
    consortium.Join(parks);
    receipt.set_address("ada@example.org");
    receipt.set_salt(ToString(crypto::RandomArray<32>()));
    v1::Statement asked = consortium.NewStatement(parks.person.id.Name());
    v1::EraseStatement& erase = *asked.mutable_erase();
    erase.set_erasure(ErasureId{crypto::RandomArray<8>()}.Name());
    erase.set_member(parks.id.Name());
    erase.set_sealed_hash(std::string(32, 'h'));
    erase.set_commitment(
        ToString(governance::ErasureCommitment(receipt.salt(), receipt.address())));
    const uint64_t erase_index = consortium.Append(asked, {&parks.person.sign});
    v1::Statement said = consortium.NewStatement("vault");
    v1::ErasedStatement& erased = *said.mutable_erased();
    erased.set_erasure(erase.erasure());
    erased.set_member(erase.member());
    erased.set_commitment(erase.commitment());
    erased.set_done(done);
    erased.set_source_count(done ? 2 : 0);
    const uint64_t erased_index =
        consortium.Append(said, {vault == nullptr ? &consortium.vault_sign : vault});
    const uint64_t size = consortium.size();
    receipt.set_consortium(ToString(consortium.id));
    receipt.set_checkpoint(consortium.Checkpoint());
    *receipt.mutable_charter() = consortium.Prove(0, size);
    *receipt.add_people() = consortium.Prove(parks.admission_index, size);
    *receipt.add_people() = consortium.Prove(parks.join_index, size);
    *receipt.mutable_erase() = consortium.Prove(erase_index, size);
    *receipt.mutable_erased() = consortium.Prove(erased_index, size);
  }
  absl::StatusOr<ErasureFinding> Verify() const {
    return VerifyErasureReceipt(EncodeErasureReceipt(receipt), consortium.Root());
  }
};

}  // namespace

TEST_CASE("Erasure receipt: says who asked, for which address, and what the vault did",
          "[report][erase]") {
  const Erased erased;
  const ErasureFinding finding = Must(erased.Verify());
  CHECK(finding.address == "ada@example.org");
  CHECK(finding.member_name == "Parks Alliance");
  CHECK(finding.signer_name == erased.parks.person.name);
  CHECK(finding.source_count == 2);
  CHECK(finding.same_tree);
}

TEST_CASE("Erasure receipt: no bit of it can be changed", "[report][erase]") {
  const Erased erased;
  const std::string file = EncodeErasureReceipt(erased.receipt);
  const AuditRoot root = erased.consortium.Root();
  for (size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bent = file;
      bent[at] = static_cast<char>(bent[at] ^ (1 << bit));
      if (!VerifyErasureReceipt(bent, root).ok()) continue;
      FAIL("byte " << at << ", bit " << bit);
    }
  }
}

TEST_CASE("Erasure receipt: what does not belong together is refused", "[report][erase]") {
  Erased erased;
  const v1::ErasureReceipt good = erased.receipt;
  const auto bend = [&](auto how) {
    erased.receipt = good;
    how(erased.receipt);
    return erased.Verify().status();
  };
  REQUIRE_REASON(bend([](auto& r) { r.set_address("bo@example.org"); }), v1::RECEIPT_MALFORMED);
  REQUIRE_REASON(bend([](auto& r) { r.set_salt(std::string(32, 's')); }), v1::RECEIPT_MALFORMED);
  REQUIRE_REASON(bend([](auto& r) { r.mutable_erase()->Swap(r.mutable_erased()); }),
                 v1::RECEIPT_MALFORMED);
  REQUIRE_REASON(bend([](auto& r) { *r.mutable_erased() = r.erase(); }), v1::REPORT_MALFORMED);
  REQUIRE_REASON(bend([](auto& r) { r.clear_people(); }), v1::STATEMENT_REFUSED);
  REQUIRE_REASON(Erased(false).Verify(), v1::RECEIPT_MALFORMED);
  const crypto::SigningKey operators = crypto::SigningKey::Generate();
  REQUIRE_REASON(Erased(true, &operators).Verify(), v1::STATEMENT_REFUSED);
  const Erased other;
  REQUIRE(!VerifyErasureReceipt(EncodeErasureReceipt(good), other.consortium.Root()).ok());
}

}  // namespace muster::report
