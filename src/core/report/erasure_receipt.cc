// SPDX-License-Identifier: Apache-2.0
#include "core/report/erasure_receipt.h"

#include "core/base/error.h"
#include "core/base/id.h"
#include "core/base/status.h"
#include "core/governance/person_order.h"
#include "core/report/evidence.h"

namespace muster::report {
namespace {

absl::Status Bad(std::string_view what) {
  return MakeError(v1::RECEIPT_MALFORMED, "the receipt does not hold: " + std::string(what));
}

}  // namespace

std::string EncodeErasureReceipt(const v1::ErasureReceipt& receipt) {
  return std::string(kErasureReceiptMagic) + receipt.SerializeAsString();
}

absl::StatusOr<v1::ErasureReceipt> DecodeErasureReceipt(std::string_view file) {
  v1::ErasureReceipt receipt;
  if (!file.starts_with(kErasureReceiptMagic) ||
      !ParseOneForm(file.substr(kErasureReceiptMagic.size()), receipt)) {
    return Bad("it is no receipt of an erasure, or was changed");
  }
  if (receipt.salt().size() != governance::kErasureSaltBytes)
    return Bad("its salt has another size");
  return receipt;
}

absl::StatusOr<ErasureFinding> VerifyErasureReceipt(std::string_view file, const AuditRoot& root) {
  MUSTER_ASSIGN_OR_RETURN(const v1::ErasureReceipt receipt, DecodeErasureReceipt(file));
  MUSTER_ASSIGN_OR_RETURN(
      const Evidence evidence,
      OpenEvidence(root, receipt.consortium(), receipt.checkpoint(), receipt.charter(),
                   receipt.people(), {&receipt.erase(), &receipt.erased()}));
  ErasureFinding finding;
  finding.checkpoint = evidence.checkpoint;
  finding.same_tree = evidence.same_tree;
  finding.erase_index = static_cast<uint64_t>(receipt.erase().index());
  finding.erased_index = static_cast<uint64_t>(receipt.erased().index());
  const v1::Statement& asked = evidence.entries.at(finding.erase_index).statement;
  const v1::Statement& done = evidence.entries.at(finding.erased_index).statement;
  if (!asked.has_erase() || !done.has_erased() ||
      done.erased().erasure() != asked.erase().erasure()) {
    return Bad("its entries are not a request to erase and the vault's answer to it");
  }
  if (!done.erased().done()) return Bad("the vault answered that it erased nothing");
  if (AsText(governance::ErasureCommitment(receipt.salt(), receipt.address())) !=
      asked.erase().commitment()) {
    return Bad("what was erased is another address");
  }
  // The replay has found that the signer may ask for the member.
  MUSTER_ASSIGN_OR_RETURN(const PersonId signer, PersonId::Parse(asked.signer()));
  MUSTER_ASSIGN_OR_RETURN(const MemberId member, MemberId::Parse(asked.erase().member()));
  finding.address = receipt.address();
  finding.signer_name = evidence.registry.FindPerson(signer)->name;
  finding.member_name = evidence.registry.FindMember(member)->name;
  finding.ask_time = asked.create_time();
  finding.erase_time = done.create_time();
  finding.source_count = done.erased().source_count();
  return finding;
}

}  // namespace muster::report
