// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"
#include "core/governance/statement.h"
#include "muster/v1/person_service.pb.h"
#include "server/front/desk.h"

namespace muster::front {
namespace {

constexpr absl::Duration kFeedWait = absl::Seconds(5);

// The caller's own statement about this very order.
absl::StatusOr<governance::VerifiedStatement> CheckStatement(const Caller& caller,
                                                             const v1::SignedStatement& statement,
                                                             const std::string& sealed_order) {
  MUSTER_ASSIGN_OR_RETURN(governance::VerifiedStatement verified,
                          governance::VerifyStatement(statement));
  const v1::Statement& said = verified.statement;
  if (said.signer() != caller.person.id.Name())
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: its signer is not who calls");
  const std::string& hash =
      said.has_erase() ? said.erase().sealed_hash() : said.person_report().sealed_hash();
  if (AsText(crypto::Blake2b256(sealed_order)) != hash) {
    return MakeError(v1::REQUEST_MALFORMED, "sealed_order is not that of the statement");
  }
  return verified;
}

absl::Status CheckNothingUnread(const Desk& desk, const Caller& caller) {
  for (const UploadView& upload : desk.uploads->ListOf(caller.member())) {
    if (upload.record.state() != v1::Upload::INTAKE && !upload.committing) continue;
    return MakeError(
        v1::STATEMENT_REFUSED,
        upload.id.Name() + " is still being read; ask for the erasure when its intake is done");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::EraseResponse> Erase(const Desk& desk, const Caller& caller,
                                        const v1::EraseRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          CheckStatement(caller, request.statement(), request.sealed_order()));
  if (!verified.statement.has_erase())
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: it is not an erasure");
  MUSTER_ASSIGN_OR_RETURN(const ErasureId id,
                          ErasureId::Parse(verified.statement.erase().erasure()));
  std::optional<uint64_t> index =
      desk.journal->WithRegistry([&](const governance::Registry& registry) {
        const governance::ErasureRecord* logged = registry.FindErasure(id);
        return logged == nullptr ? std::nullopt : std::optional<uint64_t>(logged->index);
      });
  v1::StoredErasure pending;
  pending.set_erasure(id.Name());
  pending.set_member(caller.member().Name());
  pending.set_sealed_order(request.sealed_order());
  if (index.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(const bool again, IsEntry(*desk.journal, *index, request.statement()));
    if (!again) {
      return MakeError(
          v1::REQUEST_ID_REUSED,
          "this erasure is already on the log with another statement; draw another id");
    }
  } else {
    // Nothing is promised on the log that the vault is not there to do.
    MUSTER_RETURN_IF_ERROR(desk.vault->GetState().status());
    MUSTER_RETURN_IF_ERROR(CheckNothingUnread(desk, caller));
    MUSTER_RETURN_IF_ERROR(desk.erasures->Put(pending));
    const absl::StatusOr<uint64_t> appended = desk.journal->Append(request.statement());
    if (!appended.ok()) {
      // The same request may have come twice at once: then the order is the other's, and needed.
      const bool logged = desk.journal->WithRegistry([&](const governance::Registry& registry) {
        return registry.FindErasure(id) != nullptr;
      });
      if (!logged) MUSTER_RETURN_IF_ERROR(desk.erasures->Forget(id));
      return appended.status();
    }
    index = *appended;
  }
  const bool undone = desk.journal->WithRegistry([&](const governance::Registry& registry) {
    return !registry.FindErasure(id)->erased_index.has_value();
  });
  pending.set_statement_index(static_cast<int64_t>(*index));
  if (undone) MUSTER_RETURN_IF_ERROR(desk.erasures->Put(pending));
  const absl::StatusOr<uint64_t> done = desk.erasures->Apply(id);
  if (ReasonOf(done.status()) == v1::VAULT_UNAVAILABLE ||
      ReasonOf(done.status()) == v1::SERVER_BUSY) {
    return Annotate(
        done.status(),
        "the request is on the log and will be carried out as soon as the vault can do it");
  }
  MUSTER_RETURN_IF_ERROR(done.status());
  v1::EraseResponse response;
  MUSTER_ASSIGN_OR_RETURN(Journal::Extension extension,
                          desk.journal->ProveExtension(request.known_size()));
  MUSTER_ASSIGN_OR_RETURN(*response.mutable_erase(), desk.journal->Prove(*index, extension.size));
  MUSTER_ASSIGN_OR_RETURN(*response.mutable_erased(), desk.journal->Prove(*done, extension.size));
  *response.mutable_checkpoint() = std::move(extension.proof);
  return response;
}

absl::StatusOr<v1::ReportPersonResponse> ReportPerson(const Desk& desk, const Caller& caller,
                                                      const v1::ReportPersonRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          CheckStatement(caller, request.statement(), request.sealed_order()));
  if (!verified.statement.has_person_report()) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "statement refused: it does not ask for a report to a person");
  }
  MUSTER_ASSIGN_OR_RETURN(const PersonReportId id,
                          PersonReportId::Parse(verified.statement.person_report().report()));
  std::optional<uint64_t> index = desk.journal->WithRegistry(
      [&](const governance::Registry& registry) { return registry.FindPersonReport(id); });
  if (index.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(const bool again, IsEntry(*desk.journal, *index, request.statement()));
    if (!again) {
      return MakeError(v1::REQUEST_ID_REUSED,
                       "this report is already on the log with another statement; draw another id");
    }
  } else {
    MUSTER_RETURN_IF_ERROR(desk.vault->GetState().status());
    MUSTER_ASSIGN_OR_RETURN(index, desk.journal->Append(request.statement()));
  }
  MUSTER_RETURN_IF_ERROR(desk.feed->WaitObserved(*index, kFeedWait));
  v1::VaultReportPersonRequest ask;
  ask.set_statement_index(static_cast<int64_t>(*index));
  ask.set_sealed_order(request.sealed_order());
  MUSTER_ASSIGN_OR_RETURN(v1::VaultReportPersonResponse said, desk.vault->ReportPerson(ask));
  v1::ReportPersonResponse response;
  MUSTER_ASSIGN_OR_RETURN(Journal::Extension extension,
                          desk.journal->ProveExtension(request.known_size()));
  MUSTER_ASSIGN_OR_RETURN(*response.mutable_statement(),
                          desk.journal->Prove(*index, extension.size));
  *response.mutable_checkpoint() = std::move(extension.proof);
  response.set_sealed_own(std::move(*said.mutable_sealed_own()));
  response.set_sealed_full(std::move(*said.mutable_sealed_full()));
  return response;
}

}  // namespace

void RegisterPersonCalls(Dispatcher& dispatcher, const Desk& desk) {
  dispatcher.Register<v1::EraseRequest, v1::EraseResponse>(
      "/muster.v1.PersonService/Erase",
      [desk](const Caller& caller, const v1::EraseRequest& request) {
        return Erase(desk, caller, request);
      });
  dispatcher.Register<v1::ReportPersonRequest, v1::ReportPersonResponse>(
      "/muster.v1.PersonService/ReportPerson",
      [desk](const Caller& caller, const v1::ReportPersonRequest& request) {
        return ReportPerson(desk, caller, request);
      });
}

}  // namespace muster::front
