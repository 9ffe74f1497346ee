// SPDX-License-Identifier: Apache-2.0
#include "cli/admit.h"

#include "absl/time/time.h"
#include "cli/certificate.h"
#include "cli/invite.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/governance/roles.h"
#include "muster/v1/member_service.pb.h"

namespace muster::cli {
namespace {

struct Admission {
  v1::AdmissionStatement statement;
  bool make_member_key = false;
};

absl::StatusOr<int> Admit(const Invocation& invocation, Session& session, Admission admission,
                          const AdmitOptions& options) {
  Console& console = *invocation.console;
  const Profile& profile = session.profile();
  absl::Duration lifetime;
  if (!absl::ParseDuration(options.expires_in, &lifetime) || lifetime <= absl::ZeroDuration()) {
    return MakeError(v1::TIME_MALFORMED, "--expires-in takes hours and minutes, as in 72h");
  }
  MUSTER_ASSIGN_OR_RETURN(const governance::RoleSet roles, governance::ParseRoles(options.roles));
  const crypto::SigningKey invite_key = crypto::SigningKey::Generate();

  v1::Statement statement = session.NewStatement();
  v1::AdmissionStatement& said = *statement.mutable_admission();
  said = admission.statement;
  said.set_invite(InviteId{crypto::RandomArray<8>()}.Name());
  said.set_invite_key(ToString(invite_key.verify_key().bytes));
  said.set_person(PersonId{crypto::RandomArray<8>()}.Name());
  said.set_person_name(options.name);
  for (const v1::Role role : roles.List()) said.add_roles(role);
  said.set_expire_time(absl::ToUnixSeconds(Clock::System().Now() + lifetime));

  v1::AdmitRequest request;
  *request.mutable_admission() = session.Sign(statement);
  MUSTER_RETURN_IF_ERROR(governance::VerifyStatement(request.admission()).status());
  request.set_known_size(session.known_size());
  v1::AdmitResponse response;
  MUSTER_RETURN_IF_ERROR(session.Call("MemberService/Admit", request, response));
  MUSTER_RETURN_IF_ERROR(session.Accept(response.checkpoint()));
  MUSTER_RETURN_IF_ERROR(session.OpenEntry(response.admission()).status());
  if (response.admission().body() != request.admission().SerializeAsString()) {
    return MakeError(v1::PROOF_INVALID,
                     "the server put another admission on the log than the one that was sent; tell "
                     "the other members");
  }

  v1::Invite invite;
  invite.set_server(profile.server);
  MUSTER_ASSIGN_OR_RETURN(const std::string sha256, CertificateSha256(profile.certificate_pem));
  invite.set_certificate_sha256(sha256);
  invite.set_consortium(ToString(profile.consortium));
  invite.set_consortium_name(profile.consortium_name);
  invite.set_charter_hash(ToString(profile.charter_hash));
  invite.set_log_vkey(profile.log_key.Format());
  invite.set_vault_sign_key(ToString(profile.vault_sign_key.bytes));
  invite.set_vault_holding_key(ToString(profile.vault_holding_key.bytes));
  invite.set_checkpoint(session.seen_note());
  invite.set_invite(said.invite());
  invite.set_secret(ToString(invite_key.seed().ExposeSecret()));
  invite.set_member(said.member());
  invite.set_member_name(said.member_name());
  invite.set_person(said.person());
  invite.set_person_name(said.person_name());
  for (const int role : said.roles()) invite.add_roles(role);
  invite.set_expire_time(said.expire_time());
  invite.set_make_member_key(admission.make_member_key);
  const std::string text = FormatInvite(invite);
  MUSTER_RETURN_IF_ERROR(ParseInvite(text).status());

  console.Note("Invited " + Visible(said.person_name()) +
               (said.member_name().empty() || said.new_member()
                    ? ""
                    : " of " + Visible(said.member_name())) +
               " (" + governance::FormatRoles(roles) + "); entry " +
               std::to_string(response.admission().index()) + " of the log. Good until " +
               FormatRfc3339(said.expire_time()) +
               ", and once.\nSend this string over a channel that you trust; it is used with "
               "`muster join`:");
  console.Bare(text);
  Json json = Json::Object();
  json.Set("invite", text);
  json.Set("member", said.member().empty() ? Json() : Json(said.member()));
  json.Set("person", said.person()).Set("name", said.person_name());
  Json role_names = Json::Array();
  for (const v1::Role role : roles.List()) role_names.Append(governance::RoleName(role));
  json.Set("roles", std::move(role_names));
  json.Set("expire_time", FormatRfc3339(said.expire_time()))
      .Set("log_index", response.admission().index());
  console.Result(json);
  return kExitDone;
}

}  // namespace

absl::StatusOr<int> RunMemberAdd(const Invocation& invocation, const AdmitOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(const governance::RoleSet roles, governance::ParseRoles(options.roles));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(session->RequireRole({v1::ROLE_OPERATOR}, "add a member"));
  Admission admission;
  admission.statement.set_member(MemberId{crypto::RandomArray<8>()}.Name());
  admission.statement.set_member_name(options.name);
  admission.statement.set_new_member(true);
  admission.make_member_key = roles.Has(v1::ROLE_APPROVER);
  if (!admission.make_member_key) {
    invocation.console->Note(
        "Mind: only an approver makes the member's half of the key, and only an approver invites "
        "colleagues. "
        "Without one this member cannot upload; --role approver,uploader gives both.");
  }
  return Admit(invocation, *session, std::move(admission), options);
}

absl::StatusOr<int> RunPersonAdd(const Invocation& invocation, const AdmitOptions& options) {
  MUSTER_RETURN_IF_ERROR(governance::ParseRoles(options.roles).status());
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(
      session->RequireRole({v1::ROLE_APPROVER, v1::ROLE_OPERATOR}, "add a person"));
  Admission admission;
  if (session->profile().member.has_value()) {
    // An approver has joined, so the member has its half of the key.
    admission.statement.set_member(session->profile().member->Name());
    admission.statement.set_member_name(session->profile().member_name);
  }
  return Admit(invocation, *session, std::move(admission), options);
}

}  // namespace muster::cli
