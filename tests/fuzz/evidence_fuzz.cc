// SPDX-License-Identifier: Apache-2.0
//
// The input is read as a proof about a canary and as a receipt of an erasure; what is taken is
// written back the same and never passes, since no fuzzer has the keys. And as a list of changes
// {u16 offset, u8 xor} to a good receipt, which nobody signs as a whole: what changed never passes.
#include <google/protobuf/stubs/logging.h>

#include <cstdint>

#include "core/base/check.h"
#include "core/governance/person_order.h"
#include "core/report/canary_proof.h"
#include "core/report/erasure_receipt.h"
#include "tests/core/report/report_fixture.h"

namespace muster::report {
namespace {

struct Erased {
  Consortium consortium;
  Organization parks{"Parks Alliance"};
  std::string file;
  AuditRoot root;
  Erased() {
    google::protobuf::SetLogHandler(nullptr);
    consortium.Join(parks);
    v1::ErasureReceipt receipt;
    receipt.set_address("ada@example.org");
    receipt.set_salt(std::string(32, 's'));
    v1::Statement asked = consortium.NewStatement(parks.person.id.Name());
    v1::EraseStatement& erase = *asked.mutable_erase();
    erase.set_erasure(ErasureId{Bytes8{1}}.Name());
    erase.set_member(parks.id.Name());
    erase.set_sealed_hash(std::string(32, 'h'));
    erase.set_commitment(
        ToString(governance::ErasureCommitment(receipt.salt(), receipt.address())));
    const uint64_t erase_index = consortium.Append(asked, {&parks.person.sign});
    v1::Statement said = consortium.NewStatement("vault");
    said.mutable_erased()->set_erasure(erase.erasure());
    said.mutable_erased()->set_member(erase.member());
    said.mutable_erased()->set_commitment(erase.commitment());
    said.mutable_erased()->set_done(true);
    const uint64_t erased_index = consortium.Append(said, {&consortium.vault_sign});
    const uint64_t size = consortium.size();
    receipt.set_consortium(ToString(consortium.id));
    receipt.set_checkpoint(consortium.Checkpoint());
    *receipt.mutable_charter() = consortium.Prove(0, size);
    *receipt.add_people() = consortium.Prove(parks.admission_index, size);
    *receipt.add_people() = consortium.Prove(parks.join_index, size);
    *receipt.mutable_erase() = consortium.Prove(erase_index, size);
    *receipt.mutable_erased() = consortium.Prove(erased_index, size);
    file = EncodeErasureReceipt(receipt);
    root = consortium.Root();
    MUSTER_CHECK(VerifyErasureReceipt(file, root).ok());
  }
};

void ReadChanges(const Erased& erased, std::string_view changes) {
  std::string bent = erased.file;
  for (; changes.size() >= 3; changes.remove_prefix(3)) {
    const size_t offset = static_cast<uint8_t>(changes[0]) |
                          static_cast<size_t>(static_cast<uint8_t>(changes[1])) << 8;
    char& byte = bent[offset % bent.size()];
    byte = static_cast<char>(byte ^ changes[2]);
  }
  MUSTER_CHECK(VerifyErasureReceipt(bent, erased.root).ok() == (bent == erased.file));
}

}  // namespace
}  // namespace muster::report

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster::report;
  static const Erased erased;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto receipt = DecodeErasureReceipt(text); receipt.ok()) {
    MUSTER_CHECK(EncodeErasureReceipt(*receipt) == text);
    MUSTER_CHECK(VerifyErasureReceipt(text, erased.root).ok() == (text == erased.file));
  }
  if (const auto proof = DecodeCanaryProof(text); proof.ok()) {
    MUSTER_CHECK(!VerifyCanaryProof(text, erased.root).ok());
  }
  ReadChanges(erased, text);
  return 0;
}
