// SPDX-License-Identifier: Apache-2.0
#include "cli/status.h"

#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/status.h"
#include "muster/v1/member_service.pb.h"
#include "muster/v1/upload_service.pb.h"

namespace muster::cli {
namespace {

std::string VaultStateName(v1::GetStatusResponse::VaultState state) {
  switch (state) {
    case v1::GetStatusResponse::SEALED:
      return "sealed";
    case v1::GetStatusResponse::UNSEALED:
      return "unsealed";
    default:
      return "unreachable";
  }
}

Json RolesJson(const governance::RoleSet& roles) {
  Json json = Json::Array();
  for (const v1::Role role : roles.List()) json.Append(governance::RoleName(role));
  return json;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + Visible(name);
  return out;
}

}  // namespace

absl::StatusOr<int> RunStatus(const Invocation& invocation) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  const Profile& profile = session->profile();
  v1::GetStatusRequest request;
  request.set_known_size(session->known_size());
  v1::GetStatusResponse status;
  MUSTER_RETURN_IF_ERROR(session->Call("MemberService/GetStatus", request, status));
  MUSTER_RETURN_IF_ERROR(session->Accept(status.checkpoint()));
  v1::ListMembersResponse members;
  MUSTER_RETURN_IF_ERROR(
      session->Call("MemberService/ListMembers", v1::ListMembersRequest(), members));
  std::vector<std::string> names;
  for (const v1::Member& member : members.members()) names.push_back(member.display_name());
  governance::RoleSet roles;
  for (const int role : status.person().roles()) roles.Add(static_cast<v1::Role>(role));
  const bool counted = profile.member.has_value() && status.contact_count() >= 0;
  const std::string vault = VaultStateName(status.vault_state());

  Table table({{""}, {""}});
  table.Row({"consortium", status.consortium_name()});
  table.Row({"member", profile.member.has_value()
                           ? profile.member_name + " (" + profile.member->Name() + ")"
                           : "none; for the consortium"});
  table.Row({"person", profile.person_name + " (" + governance::FormatRoles(roles) + ")"});
  table.Row(
      {"members", std::to_string(names.size()) + (names.empty() ? "" : ": " + Joined(names))});
  table.Row({"vault",
             vault + (status.root_kind() == "keyfile"
                          ? ", its root key is a file beside it: right for a trial on one machine"
                          : "")});
  table.Row({"log", WithCommas(static_cast<int64_t>(session->seen().size)) + " entries, root " +
                        Base64Encode(session->seen().root) +
                        ", extends all that was seen here before"});
  if (counted) {
    table.Row({"mine", WithCommas(status.contact_count()) + " addresses in " +
                           WithCommas(status.list_count()) +
                           (status.list_count() == 1 ? " list" : " lists")});
  } else if (profile.member.has_value()) {
    table.Row({"mine", vault == "sealed" ? "not known while the vault is sealed"
                                         : "not known while the vault cannot be reached"});
  }
  console.Print(table.Format());

  Json mine = Json::Object();
  mine.Set("contacts", counted ? Json(status.contact_count()) : Json());
  mine.Set("lists", counted ? Json(status.list_count()) : Json());
  Json json = Json::Object();
  json.Set("consortium", status.consortium_name())
      .Set("consortium_id", HexEncode(profile.consortium));
  json.Set("member", profile.member.has_value() ? Json(profile.member->Name()) : Json());
  json.Set("member_name", profile.member.has_value() ? Json(profile.member_name) : Json());
  json.Set("person", profile.person.Name())
      .Set("person_name", profile.person_name)
      .Set("profile", profile.name);
  json.Set("roles", RolesJson(roles));
  json.Set("members", names.size()).Set("member_names", Json::Array(names));
  json.Set("vault", Json::Object().Set("state", vault).Set("root", status.root_kind()));
  json.Set("log", Json::Object()
                      .Set("size", session->seen().size)
                      .Set("root", Base64Encode(session->seen().root)));
  json.Set("mine", std::move(mine));
  console.Result(json);
  return kExitDone;
}

absl::StatusOr<int> RunLists(const Invocation& invocation) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(session->RequireMember().status());
  v1::ListListsResponse lists;
  MUSTER_RETURN_IF_ERROR(session->Call("UploadService/ListLists", v1::ListListsRequest(), lists));

  using Align = Table::Align;
  Table table({{"list"}, {"uploads", Align::kRight}, {"contacts", Align::kRight}, {"last upload"}});
  Json array = Json::Array();
  for (const v1::MemberList& list : lists.lists()) {
    const bool uploaded = list.upload_time() > 0;
    table.Row({list.list(), WithCommas(list.upload_count()), WithCommas(list.contact_count()),
               uploaded ? TimeForPeople(list.upload_time()) : "-"});
    Json item = Json::Object();
    item.Set("list", list.list())
        .Set("uploads", list.upload_count())
        .Set("contacts", list.contact_count());
    item.Set("uploaded_time", uploaded ? Json(FormatRfc3339(list.upload_time())) : Json());
    array.Append(std::move(item));
  }
  console.Print(lists.lists().empty() ? "No lists yet; bring one with `muster upload FILE`."
                                      : table.Format());
  console.Result(Json::Object().Set("lists", std::move(array)));
  return kExitDone;
}

}  // namespace muster::cli
