// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/governance/statement.h"
#include "muster/v1/enrollment_service.pb.h"
#include "muster/v1/member_service.pb.h"
#include "server/front/desk.h"

namespace muster::front {
namespace {

absl::StatusOr<v1::GetServerInfoResponse> GetServerInfo(const Desk& desk) {
  v1::GetServerInfoResponse response;
  desk.journal->WithRegistry([&](const governance::Registry& registry) {
    response.set_consortium(ToString(registry.consortium()));
    response.set_consortium_name(registry.charter().name());
  });
  response.set_server_time(absl::ToUnixSeconds(desk.clock->Now()));
  response.set_version(desk.version);
  return response;
}

absl::StatusOr<v1::EnrollResponse> Enroll(const Desk& desk, const v1::EnrollRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          governance::VerifyStatement(request.join()));
  if (!verified.statement.has_join())
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: it is not a join");
  MUSTER_ASSIGN_OR_RETURN(const PersonId person_id,
                          PersonId::Parse(verified.statement.join().person()));

  std::optional<uint64_t> joined;
  desk.journal->WithRegistry([&](const governance::Registry& registry) {
    if (const auto* person = registry.FindPerson(person_id); person != nullptr)
      joined = person->join_index;
  });
  // The same join again, since its answer was lost: the answer again.
  bool again = false;
  if (joined.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(again, IsEntry(*desk.journal, *joined, request.join()));
  }
  if (!again) {
    MUSTER_ASSIGN_OR_RETURN(joined, desk.journal->Append(request.join()));
  }
  v1::EnrollResponse response;
  MUSTER_ASSIGN_OR_RETURN(Journal::Extension extension,
                          desk.journal->ProveExtension(request.known_size()));
  MUSTER_ASSIGN_OR_RETURN(*response.mutable_join(), desk.journal->Prove(*joined, extension.size));
  MUSTER_ASSIGN_OR_RETURN(*response.mutable_charter(), desk.journal->Prove(0, extension.size));
  *response.mutable_checkpoint() = std::move(extension.proof);
  return response;
}

absl::StatusOr<v1::AdmitResponse> Admit(const Desk& desk, const Caller& caller,
                                        const v1::AdmitRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          governance::VerifyStatement(request.admission()));
  if (!verified.statement.has_admission())
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: it is not an admission");
  if (verified.statement.signer() != caller.person.id.Name()) {
    return MakeError(v1::STATEMENT_REFUSED, "statement refused: its signer is not who calls");
  }
  // The table lets operators and approvers in; which of them may admit whom is the statement's own
  // matter, and "not allowed" to the caller.
  const bool by_operators = verified.statement.admission().new_member() ||
                            verified.statement.admission().member().empty();
  const v1::Role needed = by_operators ? v1::ROLE_OPERATOR : v1::ROLE_APPROVER;
  if (!caller.person.roles.Has(needed)) {
    return MakeError(v1::ROLE_NOT_ALLOWED,
                     by_operators
                         ? "only an operator admits a member; ask the consortium's operator"
                         : "only an approver of the member invites a colleague");
  }
  MUSTER_ASSIGN_OR_RETURN(const InviteId invite_id,
                          InviteId::Parse(verified.statement.admission().invite()));
  std::optional<uint64_t> index =
      desk.journal->WithRegistry([&](const governance::Registry& registry) {
        const auto* found = registry.FindInvite(invite_id);
        return found == nullptr ? std::nullopt : std::optional<uint64_t>(found->index);
      });
  bool again = false;
  if (index.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(again, IsEntry(*desk.journal, *index, request.admission()));
  }
  if (!again) {
    MUSTER_ASSIGN_OR_RETURN(index, desk.journal->Append(request.admission()));
  }
  v1::AdmitResponse response;
  MUSTER_RETURN_IF_ERROR(ProveEntry(*desk.journal, *index, request.known_size(),
                                    response.mutable_admission(), response.mutable_checkpoint()));
  return response;
}

v1::Person PersonOf(const governance::PersonRecord& record) {
  v1::Person person;
  person.set_name(record.id.Name());
  person.set_display_name(record.name);
  for (const v1::Role role : record.roles.List()) person.add_roles(role);
  person.set_sign_key(ToString(record.sign_key.bytes));
  person.set_cosign_key(ToString(record.cosign_key.bytes));
  person.set_box_key(ToString(record.box_key.bytes));
  person.set_join_time(record.join_time);
  return person;
}

v1::Member MemberOf(const governance::MemberRecord& record) {
  v1::Member member;
  member.set_name(record.id.Name());
  member.set_display_name(record.name);
  if (record.member_key.has_value()) member.set_member_key(ToString(record.member_key->bytes));
  return member;
}

absl::StatusOr<v1::ListMembersResponse> ListMembers(const Desk& desk) {
  v1::ListMembersResponse response;
  desk.journal->WithRegistry([&](const governance::Registry& registry) {
    for (const auto& [id, record] : registry.members()) {
      v1::Member& member = *response.add_members();
      member = MemberOf(record);
      for (const PersonId& person : record.people)
        *member.add_people() = PersonOf(*registry.FindPerson(person));
    }
  });
  return response;
}

absl::StatusOr<v1::GetStatusResponse> GetStatus(const Desk& desk, const Caller& caller,
                                                const v1::GetStatusRequest& request) {
  v1::GetStatusResponse response;
  desk.journal->WithRegistry([&](const governance::Registry& registry) {
    response.set_consortium(ToString(registry.consortium()));
    response.set_consortium_name(registry.charter().name());
    if (!caller.person.member.has_value()) return;
    if (const auto* member = registry.FindMember(caller.member()); member != nullptr)
      *response.mutable_member() = MemberOf(*member);
    *response.mutable_member()->add_people() = PersonOf(caller.person);
  });
  *response.mutable_person() = PersonOf(caller.person);

  absl::StatusOr<v1::VaultState> state = desk.feed->State();
  // As it is now: the feed looks every few seconds.
  if (state.ok()) state = desk.vault->GetState();
  response.set_vault_state(!state.ok()         ? v1::GetStatusResponse::UNREACHABLE
                           : state->unsealed() ? v1::GetStatusResponse::UNSEALED
                                               : v1::GetStatusResponse::SEALED);
  if (state.ok()) response.set_root_kind(state->root_kind());
  // Counts are for those who may see their own member's figures.
  const governance::RoleSet counts = {v1::ROLE_UPLOADER, v1::ROLE_APPROVER, v1::ROLE_AUDITOR};
  if (caller.person.member.has_value() && caller.person.roles.Intersects(counts)) {
    v1::GetMemberFiguresRequest ask;
    ask.set_member(caller.member().Name());
    absl::StatusOr<v1::MemberFigures> figures = desk.vault->GetMemberFigures(ask);
    if (figures.ok()) {
      response.set_contact_count(figures->contact_count());
      response.set_list_count(figures->lists_size());
    } else {
      response.set_contact_count(-1);
      std::set<std::string> lists;
      for (const UploadView& upload : desk.uploads->ListOf(caller.member())) {
        if (upload.record.state() == v1::Upload::DONE && !upload.record.has_voterfile())
          lists.insert(upload.record.list());
      }
      response.set_list_count(static_cast<int64_t>(lists.size()));
    }
  }
  MUSTER_ASSIGN_OR_RETURN(Journal::Extension extension,
                          desk.journal->ProveExtension(request.known_size()));
  *response.mutable_checkpoint() = std::move(extension.proof);
  return response;
}

}  // namespace

absl::StatusOr<bool> IsEntry(const Journal& journal, uint64_t index,
                             const v1::SignedStatement& statement) {
  MUSTER_ASSIGN_OR_RETURN(const tlog::Entry entry, journal.ReadEntry(index));
  return entry.body == statement.SerializeAsString();
}

absl::Status ProveEntry(const Journal& journal, uint64_t index, int64_t known_size,
                        v1::EntryProof* entry, v1::CheckpointProof* checkpoint) {
  MUSTER_ASSIGN_OR_RETURN(Journal::Extension extension, journal.ProveExtension(known_size));
  MUSTER_ASSIGN_OR_RETURN(*entry, journal.Prove(index, extension.size));
  *checkpoint = std::move(extension.proof);
  return absl::OkStatus();
}

void RegisterPeopleCalls(Dispatcher& dispatcher, const Desk& desk) {
  dispatcher.Register<v1::GetServerInfoRequest, v1::GetServerInfoResponse>(
      "/muster.v1.EnrollmentService/GetServerInfo",
      [desk](const Caller&, const v1::GetServerInfoRequest&) { return GetServerInfo(desk); });
  dispatcher.Register<v1::EnrollRequest, v1::EnrollResponse>(
      "/muster.v1.EnrollmentService/Enroll",
      [desk](const Caller&, const v1::EnrollRequest& request) { return Enroll(desk, request); });
  dispatcher.Register<v1::AdmitRequest, v1::AdmitResponse>(
      "/muster.v1.MemberService/Admit",
      [desk](const Caller& caller, const v1::AdmitRequest& request) {
        return Admit(desk, caller, request);
      });
  dispatcher.Register<v1::ListMembersRequest, v1::ListMembersResponse>(
      "/muster.v1.MemberService/ListMembers",
      [desk](const Caller&, const v1::ListMembersRequest&) { return ListMembers(desk); });
  dispatcher.Register<v1::GetStatusRequest, v1::GetStatusResponse>(
      "/muster.v1.MemberService/GetStatus",
      [desk](const Caller& caller, const v1::GetStatusRequest& request) {
        return GetStatus(desk, caller, request);
      });
}

}  // namespace muster::front
