// SPDX-License-Identifier: Apache-2.0
//
// What people say about the charter and the vault's key: proposals, signatures, ceremonies, seals,
// shares.
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/governance/statement.h"
#include "muster/v1/charter_service.pb.h"
#include "muster/v1/vault_key_service.pb.h"
#include "server/front/desk.h"

namespace muster::front {
namespace {

// Puts the caller's statement of this kind on the log, or finds it there; `index` is its place.
absl::StatusOr<uint64_t> Say(const Desk& desk, const Caller& caller,
                             const v1::SignedStatement& statement, v1::Statement::BodyCase kind) {
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          governance::VerifyStatement(statement));
  if (verified.statement.body_case() != kind)
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: this call is for another kind");
  if (verified.statement.signer() != caller.person.id.Name())
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: its signer is not who calls");
  const std::optional<uint64_t> index = desk.journal->WithRegistry(
      [&](const governance::Registry& registry) { return registry.FindDecided(verified.hash); });
  if (index.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(const bool same, IsEntry(*desk.journal, *index, statement));
    if (same) return *index;
  }
  return desk.journal->Append(statement);
}

absl::StatusOr<v1::ProposeCharterResponse> ProposeCharter(
    const Desk& desk, const Caller& caller, const v1::ProposeCharterRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t index,
                          Say(desk, caller, request.proposal(), v1::Statement::kCharterProposal));
  v1::ProposeCharterResponse response;
  MUSTER_RETURN_IF_ERROR(ProveEntry(*desk.journal, index, request.known_size(),
                                    response.mutable_proposal(), response.mutable_checkpoint()));
  return response;
}

absl::StatusOr<v1::EndorseResponse> Endorse(const Desk& desk, const Caller& caller,
                                            const v1::EndorseRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t index,
                          Say(desk, caller, request.endorsement(), v1::Statement::kEndorsement));
  v1::EndorseResponse response;
  MUSTER_RETURN_IF_ERROR(ProveEntry(*desk.journal, index, request.known_size(),
                                    response.mutable_endorsement(), response.mutable_checkpoint()));
  return response;
}

absl::StatusOr<v1::StartCeremonyResponse> StartCeremony(const Desk& desk, const Caller& caller,
                                                        const v1::StartCeremonyRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t index,
                          Say(desk, caller, request.ceremony(), v1::Statement::kCeremony));
  v1::StartCeremonyResponse response;
  MUSTER_RETURN_IF_ERROR(ProveEntry(*desk.journal, index, request.known_size(),
                                    response.mutable_ceremony(), response.mutable_checkpoint()));
  return response;
}

absl::StatusOr<v1::GetVaultKeysResponse> GetVaultKeys(const Desk& desk) {
  v1::GetVaultKeysResponse response;
  // Not what the feed remembers: a vault that has just started anew takes shares under another key.
  const absl::StatusOr<v1::VaultState> state = desk.vault->GetState();
  if (!state.ok()) {
    response.set_state(v1::GetVaultKeysResponse::UNREACHABLE);
    return response;
  }
  response.set_state(state->unsealed() ? v1::GetVaultKeysResponse::UNSEALED
                                       : v1::GetVaultKeysResponse::SEALED);
  response.set_root_kind(state->root_kind());
  *response.mutable_key() = state->key();
  response.set_charter_version(state->charter_version());
  response.set_charter_hash(state->charter_hash());
  return response;
}

absl::StatusOr<v1::DeliverShareResponse> DeliverShare(const Desk& desk, const Caller& caller,
                                                      const v1::DeliverShareRequest& request) {
  v1::ShareDelivery delivery;
  if (!delivery.ParseFromString(request.delivery()))
    return MakeError(v1::REQUEST_MALFORMED, "the delivery cannot be parsed");
  if (delivery.person() != caller.person.id.Name()) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "the delivery is in another's name; each holder hands in their own share");
  }
  absl::StatusOr<v1::DeliverShareResponse> response = desk.vault->DeliverShare(request);
  desk.feed->Poke();
  return response;
}

absl::StatusOr<v1::SealVaultResponse> SealVault(const Desk& desk, const Caller& caller,
                                                const v1::SealVaultRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t index,
                          Say(desk, caller, request.seal(), v1::Statement::kSeal));
  v1::SealVaultResponse response;
  MUSTER_RETURN_IF_ERROR(ProveEntry(*desk.journal, index, request.known_size(),
                                    response.mutable_seal(), response.mutable_checkpoint()));
  return response;
}

}  // namespace

void RegisterCharterCalls(Dispatcher& dispatcher, const Desk& desk) {
  dispatcher.Register<v1::ProposeCharterRequest, v1::ProposeCharterResponse>(
      "/muster.v1.CharterService/ProposeCharter",
      [desk](const Caller& caller, const v1::ProposeCharterRequest& request) {
        return ProposeCharter(desk, caller, request);
      });
  dispatcher.Register<v1::EndorseRequest, v1::EndorseResponse>(
      "/muster.v1.CharterService/Endorse",
      [desk](const Caller& caller, const v1::EndorseRequest& request) {
        return Endorse(desk, caller, request);
      });
  dispatcher.Register<v1::StartCeremonyRequest, v1::StartCeremonyResponse>(
      "/muster.v1.VaultKeyService/StartCeremony",
      [desk](const Caller& caller, const v1::StartCeremonyRequest& request) {
        return StartCeremony(desk, caller, request);
      });
  dispatcher.Register<v1::GetVaultKeysRequest, v1::GetVaultKeysResponse>(
      "/muster.v1.VaultKeyService/GetVaultKeys",
      [desk](const Caller&, const v1::GetVaultKeysRequest&) { return GetVaultKeys(desk); });
  dispatcher.Register<v1::DeliverShareRequest, v1::DeliverShareResponse>(
      "/muster.v1.VaultKeyService/DeliverShare",
      [desk](const Caller& caller, const v1::DeliverShareRequest& request) {
        return DeliverShare(desk, caller, request);
      });
  dispatcher.Register<v1::SealVaultRequest, v1::SealVaultResponse>(
      "/muster.v1.VaultKeyService/SealVault",
      [desk](const Caller& caller, const v1::SealVaultRequest& request) {
        return SealVault(desk, caller, request);
      });
}

}  // namespace muster::front
