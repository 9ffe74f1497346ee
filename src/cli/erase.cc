// SPDX-License-Identifier: Apache-2.0
#include "cli/erase.h"

#include <utility>

#include "cli/log_evidence.h"
#include "cli/table.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/hash.h"
#include "core/governance/person_order.h"
#include "core/report/erasure_receipt.h"
#include "muster/v1/person_service.pb.h"

namespace muster::cli {
namespace {

constexpr absl::Duration kEraseTime = absl::Minutes(3);

absl::Status WriteReceipt(Session& session, const v1::PersonOrder& order, int64_t erase_index,
                          int64_t erased_index, const std::filesystem::path& out) {
  MUSTER_ASSIGN_OR_RETURN(const LogView view, session.ReadLog());
  const LogEvidence evidence(&view);
  const Profile& profile = session.profile();
  v1::ErasureReceipt receipt;
  receipt.set_consortium(ToString(profile.consortium));
  receipt.set_address(order.address());
  receipt.set_salt(order.salt());
  receipt.set_checkpoint(session.seen_note());
  MUSTER_ASSIGN_OR_RETURN(*receipt.mutable_charter(), evidence.Prove(0));
  MUSTER_RETURN_IF_ERROR(evidence.AddPeople(receipt.mutable_people()));
  MUSTER_ASSIGN_OR_RETURN(*receipt.mutable_erase(),
                          evidence.Prove(static_cast<uint64_t>(erase_index)));
  MUSTER_ASSIGN_OR_RETURN(*receipt.mutable_erased(),
                          evidence.Prove(static_cast<uint64_t>(erased_index)));
  const std::string file = report::EncodeErasureReceipt(receipt);
  // As whoever is handed it would, with what this profile has pinned in the place of a bundle.
  report::AuditRoot root;
  root.consortium = profile.consortium;
  root.consortium_name = profile.consortium_name;
  root.log_key = profile.log_key;
  root.charter_hash = profile.charter_hash;
  root.checkpoint = session.seen();
  MUSTER_RETURN_IF_ERROR(
      Annotate(report::VerifyErasureReceipt(file, root).status(),
               "the address is erased, but the receipt does not hold and none was written"));
  return WriteFileDurably(out, file, 0600);
}

}  // namespace

absl::StatusOr<int> RunErase(const Invocation& invocation, const EraseOptions& options) {
  Console& console = *invocation.console;
  const auto email = contact::ParseEmail(options.email);
  if (!email.ok()) return Annotate(email.status(), "--email");
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(session->RequireRole({v1::ROLE_UPLOADER, v1::ROLE_APPROVER}, "erase"));
  MUSTER_ASSIGN_OR_RETURN(const MemberId member, session->RequireMember());
  if (!options.out.empty()) {
    std::error_code error;
    if (std::filesystem::exists(options.out, error))
      MUSTER_RETURN_IF_ERROR(console.Confirm(options.out + " exists and would be replaced."));
  }
  MUSTER_RETURN_IF_ERROR(console.Confirm(
      "This erases all that the pool has of this address, whoever brought it, for good."));

  const Profile& profile = session->profile();
  v1::PersonOrder order;
  order.set_address(email->Text());
  order.set_salt(ToString(crypto::RandomArray<governance::kErasureSaltBytes>()));
  v1::EraseRequest request;
  MUSTER_ASSIGN_OR_RETURN(
      *request.mutable_sealed_order(),
      governance::SealPersonOrder(governance::PersonOrderKind::kErase, profile.vault_box_key,
                                  profile.consortium, profile.person.Name(), order));
  v1::Statement statement = session->NewStatement();
  v1::EraseStatement& said = *statement.mutable_erase();
  said.set_erasure(ErasureId{crypto::RandomArray<8>()}.Name());
  said.set_member(member.Name());
  said.set_sealed_hash(ToString(crypto::Blake2b256(request.sealed_order())));
  said.set_commitment(ToString(governance::ErasureCommitment(order.salt(), order.address())));
  *request.mutable_statement() = session->Sign(statement);
  request.set_known_size(session->known_size());
  v1::EraseResponse response;
  MUSTER_RETURN_IF_ERROR(session->Call("PersonService/Erase", request, response, kEraseTime));
  MUSTER_RETURN_IF_ERROR(session->Accept(response.checkpoint()));
  MUSTER_RETURN_IF_ERROR(
      Annotate(session->OpenEntry(response.erase()).status(), "the server's receipt"));
  if (response.erase().body() != request.statement().SerializeAsString()) {
    return MakeError(v1::PROOF_INVALID,
                     "the server's receipt is for another statement than the one that was sent; "
                     "tell the operator");
  }
  const auto done = session->OpenVaultEntry(response.erased());
  if (!done.ok()) return Annotate(done.status(), "the vault's statement");
  const v1::ErasedStatement& erased = done->statement.erased();
  if (!done->statement.has_erased() || erased.erasure() != said.erasure() ||
      erased.member() != said.member() || erased.commitment() != said.commitment()) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "the vault speaks of another erasure; tell the operator");
  }
  if (!erased.done()) {
    return MakeError(v1::CONTACT_NOT_FOUND,
                     profile.member_name +
                         " has not brought this address, so it is not for it to answer, and "
                         "nothing was erased; the member that wrote to the person is to be asked",
                     {{"log_index", std::to_string(response.erase().index())}});
  }
  if (!options.out.empty()) {
    MUSTER_RETURN_IF_ERROR(WriteReceipt(*session, order, response.erase().index(),
                                        response.erased().index(), options.out));
  }
  std::string text =
      console.Bold("Erased") + ": all that the pool had of this address; " +
      WithCommas(erased.source_count()) + (erased.source_count() == 1 ? " source" : " sources") +
      " of " + Visible(profile.member_name) + "; entry " +
      std::to_string(response.erased().index()) +
      " of the log, signed by the vault\n  It stays out: whoever uploads it again brings no "
      "contact. Take it out of your own system, too.";
  text += options.out.empty()
              ? "\n  No receipt was kept; --out keeps one for the person"
              : "\n  receipt       " + Visible(options.out) + ", for the person: it names them";
  console.Print(text);
  Json json = Json::Object();
  json.Set("erasure", said.erasure())
      .Set("sources", erased.source_count())
      .Set("log_index", response.erase().index())
      .Set("erased_log_index", response.erased().index());
  json.Set("receipt_file", options.out.empty() ? Json() : Json(options.out));
  console.Result(json);
  return kExitDone;
}

}  // namespace muster::cli
