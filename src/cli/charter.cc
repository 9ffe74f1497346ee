// SPDX-License-Identifier: Apache-2.0
#include "cli/charter.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/governance/charter.h"
#include "muster/v1/charter_service.pb.h"

namespace muster::cli {
namespace {

using governance::CharterVersion;
using governance::Decision;
using governance::Registry;

constexpr size_t kIdBytes = 6;

std::string KindName(Decision::Kind kind) {
  switch (kind) {
    case Decision::Kind::kAdmission:
      return "admission";
    case Decision::Kind::kCharter:
      return "charter";
    case Decision::Kind::kCeremony:
      break;
  }
  return "ceremony";
}

Json ValueJson(const std::string& written) {
  if (written.front() == '"') return Json(written.substr(1, written.size() - 2));
  if (written.find('.') != std::string::npos) return Json(std::strtod(written.c_str(), nullptr));
  return Json(static_cast<int64_t>(std::strtoll(written.c_str(), nullptr, 10)));
}

Json TermsJson(const v1::CharterTerms& terms) {
  Json json = Json::Object();
  Json table = Json::Object();
  std::string name;
  for (const governance::TermValue& value : governance::ListTerms(terms)) {
    if (value.table != name && !name.empty()) {
      json.Set(name, std::move(table));
      table = Json::Object();
    }
    name = value.table;
    table.Set(value.key, ValueJson(value.written));
  }
  return json.Set(name, std::move(table));
}

Json ChangesJson(const std::vector<governance::TermChange>& changes) {
  Json array = Json::Array();
  for (const governance::TermChange& change : changes) {
    array.Append(Json::Object()
                     .Set("key", change.key)
                     .Set("before", ValueJson(change.before))
                     .Set("after", ValueJson(change.after)));
  }
  return array;
}

std::string ChangesText(const std::vector<governance::TermChange>& changes) {
  std::string text;
  for (const governance::TermChange& change : changes)
    text += "\n    " + change.key + ": " + change.before + " -> " + change.after;
  return text;
}

// Whose signatures brought a version; of the founding, the founder's.
std::vector<PersonId> SignersOf(const Registry& registry, const CharterVersion& version) {
  const Decision* decision = registry.decisions().Find(version.hash);
  if (decision != nullptr) return decision->signers;
  const auto founder = PersonId::Parse(registry.charter().founder());
  return founder.ok() ? std::vector<PersonId>{*founder} : std::vector<PersonId>{};
}

Json NamesJson(const Registry& registry, const std::vector<PersonId>& people) {
  Json array = Json::Array();
  for (const PersonId& id : people) {
    array.Append(Json::Object().Set("person", id.Name()).Set("name", WhoIs(registry, id)));
  }
  return array;
}

std::string NamesText(const Registry& registry, const std::vector<PersonId>& people) {
  std::string text;
  for (const PersonId& id : people) text += (text.empty() ? "" : ", ") + WhoIs(registry, id);
  return text.empty() ? "nobody yet" : text;
}

// What is decided, in a few lines.
std::string Describe(const Registry& registry, const Decision& decision) {
  const v1::Statement& said = decision.statement;
  switch (decision.kind) {
    case Decision::Kind::kAdmission: {
      std::string roles;
      for (const int role : said.admission().roles()) {
        roles += (roles.empty() ? "" : ",") +
                 std::string(governance::RoleName(static_cast<v1::Role>(role)));
      }
      return (said.admission().new_member()
                  ? "admit the member " + Visible(said.admission().member_name())
                  : "admit " + Visible(said.admission().person_name()) + ", of no member") +
             " (" + roles + "); the invite is good until " +
             FormatRfc3339(said.admission().expire_time());
    }
    case Decision::Kind::kCharter: {
      const v1::CharterProposalStatement& proposal = said.charter_proposal();
      return "charter version " + std::to_string(proposal.version()) +
             (proposal.reason().empty() ? "" : ": " + Visible(proposal.reason())) +
             ChangesText(governance::CompareTerms(registry.terms(), proposal.terms()));
    }
    case Decision::Kind::kCeremony: {
      std::string holders;
      for (const std::string& name : said.ceremony().holders()) {
        const auto id = PersonId::Parse(name);
        if (id.ok()) holders += "\n    " + WhoIs(registry, *id);
      }
      return "make the vault's root anew, for any " + std::to_string(said.ceremony().threshold()) +
             " of" + holders;
    }
  }
  return "";
}

absl::Status SignOne(Session& session, const Decision& decision) {
  v1::Statement statement = session.NewStatement();
  statement.mutable_endorsement()->set_statement_hash(ToString(decision.hash));
  v1::EndorseRequest request;
  *request.mutable_endorsement() = session.Sign(statement);
  request.set_known_size(session.known_size());
  v1::EndorseResponse response;
  MUSTER_RETURN_IF_ERROR(session.Call("CharterService/Endorse", request, response));
  MUSTER_RETURN_IF_ERROR(session.Accept(response.checkpoint()));
  MUSTER_RETURN_IF_ERROR(session.OpenEntry(response.endorsement()).status());
  if (response.endorsement().body() == request.endorsement().SerializeAsString())
    return absl::OkStatus();
  return MakeError(v1::PROOF_INVALID,
                   "the server put another signature on the log than the one that was sent; tell "
                   "the other members");
}

absl::StatusOr<std::vector<Bytes32>> Choose(const Registry& registry, const Profile& profile,
                                            const CharterSignOptions& options) {
  std::vector<Bytes32> chosen;
  std::string list;
  for (const Decision* decision : registry.decisions().Pending()) {
    const std::string id = DecisionId(decision->hash);
    if (!options.id.empty() && !HexEncode(decision->hash).starts_with(options.id)) continue;
    const bool signed_already =
        profile.member.has_value() && decision->members.contains(*profile.member);
    if (signed_already && options.id.empty()) continue;
    chosen.push_back(decision->hash);
    list += "\n  " + id + "  " + KindName(decision->kind);
  }
  if (chosen.empty()) {
    return MakeError(v1::NOTHING_TO_SIGN,
                     options.id.empty() ? "nothing waits for this profile's signature"
                                        : "nothing that waits begins with " + options.id +
                                              "; `muster charter sign` alone lists what there is");
  }
  if (chosen.size() > 1 && !options.all) {
    return MakeError(v1::FIELD_REQUIRED,
                     "several things wait for a signature; name one, or --all:" + list);
  }
  return chosen;
}

}  // namespace

std::string WhoIs(const Registry& registry, const PersonId& id) {
  const governance::PersonRecord* person = registry.FindPerson(id);
  if (person == nullptr) return id.Name();
  const governance::MemberRecord* member =
      person->member.has_value() ? registry.FindMember(*person->member) : nullptr;
  return Visible(person->name) + (member == nullptr ? "" : " of " + Visible(member->name));
}

std::string DecisionId(const Bytes32& hash) { return HexEncode(ByteView(hash).first(kIdBytes)); }

std::string Standing(const Registry& registry, const Decision& decision) {
  if (decision.is_void) return "void";
  if (decision.effect_index.has_value())
    return "in effect since entry " + std::to_string(*decision.effect_index);
  return std::to_string(decision.members.size()) + " of " +
         std::to_string(registry.terms().quorum()) + " members have signed";
}

Json DecisionJson(const Registry& registry, const Decision& decision) {
  Json json = Json::Object();
  json.Set("id", DecisionId(decision.hash)).Set("kind", KindName(decision.kind));
  json.Set("log_index", decision.index)
      .Set("in_effect", decision.effect_index.has_value())
      .Set("signatures", decision.members.size())
      .Set("quorum", registry.terms().quorum());
  return json.Set("signed_by", NamesJson(registry, decision.signers));
}

absl::StatusOr<int> RunCharterShow(const Invocation& invocation,
                                   const CharterShowOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_ASSIGN_OR_RETURN(const LogView view, session->ReadLog());
  const Registry& registry = view.registry;
  const std::vector<CharterVersion>& versions = registry.charter_versions();
  if (options.version < 0 || options.version > versions.back().version) {
    return MakeError(v1::REQUEST_MALFORMED, "the charter has the versions 1 to " +
                                                std::to_string(versions.back().version));
  }
  const CharterVersion& version =
      options.version == 0 ? versions.back() : versions[static_cast<size_t>(options.version - 1)];

  std::string text = "# Charter of " + Visible(registry.charter().name()) + ", version " +
                     std::to_string(version.version) + "\n# in effect since entry " +
                     std::to_string(version.index) + " of the log; signed by " +
                     NamesText(registry, SignersOf(registry, version)) + "\n# hash " +
                     HexEncode(version.hash) + "\n# members:";
  Json members = Json::Array();
  for (const auto& [id, member] : registry.members()) {
    text += "\n#   " + Visible(member.name);
    Json people = Json::Array();
    for (const PersonId& person_id : member.people) {
      const governance::PersonRecord& person = *registry.FindPerson(person_id);
      text +=
          "\n#     " + Visible(person.name) + " (" + governance::FormatRoles(person.roles) + ")";
      Json roles = Json::Array();
      for (const v1::Role role : person.roles.List()) roles.Append(governance::RoleName(role));
      people.Append(Json::Object()
                        .Set("person", person.id.Name())
                        .Set("name", person.name)
                        .Set("roles", std::move(roles)));
    }
    members.Append(Json::Object()
                       .Set("member", id.Name())
                       .Set("name", member.name)
                       .Set("people", std::move(people)));
  }
  if (registry.members().empty()) text += " none yet";
  Json pending = Json::Array();
  for (const Decision* decision : registry.decisions().Pending()) {
    text += "\n# waits: " + DecisionId(decision->hash) + ", " + KindName(decision->kind) + ", " +
            Standing(registry, *decision);
    pending.Append(DecisionJson(registry, *decision));
  }
  console.Print(text + "\n\n" + governance::FormatTerms(version.terms));
  Json json = Json::Object();
  json.Set("consortium", registry.charter().name()).Set("version", version.version);
  json.Set("hash", HexEncode(version.hash)).Set("log_index", version.index);
  json.Set("signed_by", NamesJson(registry, SignersOf(registry, version)));
  json.Set("terms", TermsJson(version.terms)).Set("toml", governance::FormatTerms(version.terms));
  json.Set("members", std::move(members)).Set("pending", std::move(pending));
  console.Result(json);
  return kExitDone;
}

absl::StatusOr<int> RunCharterPropose(const Invocation& invocation,
                                      const CharterProposeOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::string toml,
                          ReadFile(options.file, governance::kTermsTomlBytesMax));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(
      session->RequireRole({v1::ROLE_APPROVER, v1::ROLE_OPERATOR}, "propose a charter"));
  MUSTER_ASSIGN_OR_RETURN(LogView view, session->ReadLog());
  const CharterVersion& current = view.registry.charter_versions().back();
  absl::StatusOr<v1::CharterTerms> terms = governance::ParseTerms(toml, current.terms);
  if (!terms.ok()) return Annotate(terms.status(), options.file);
  const std::vector<governance::TermChange> changes =
      governance::CompareTerms(current.terms, *terms);
  if (changes.empty()) {
    return MakeError(v1::CHARTER_MALFORMED,
                     options.file + " says what the charter says already; nothing was proposed");
  }
  v1::Statement statement = session->NewStatement();
  v1::CharterProposalStatement& proposal = *statement.mutable_charter_proposal();
  proposal.set_version(current.version + 1);
  proposal.set_predecessor_hash(ToString(current.hash));
  *proposal.mutable_terms() = *std::move(terms);
  proposal.set_reason(options.reason);
  v1::ProposeCharterRequest request;
  *request.mutable_proposal() = session->Sign(statement);
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          governance::VerifyStatement(request.proposal()));
  request.set_known_size(session->known_size());
  v1::ProposeCharterResponse response;
  MUSTER_RETURN_IF_ERROR(session->Call("CharterService/ProposeCharter", request, response));
  MUSTER_RETURN_IF_ERROR(session->Accept(response.checkpoint()));
  MUSTER_RETURN_IF_ERROR(session->OpenEntry(response.proposal()).status());
  if (response.proposal().body() != request.proposal().SerializeAsString()) {
    return MakeError(v1::PROOF_INVALID,
                     "the server put another proposal on the log than the one that was sent; tell "
                     "the other members");
  }
  MUSTER_ASSIGN_OR_RETURN(view, session->ReadLog());
  const Decision* decision = view.registry.decisions().Find(verified.hash);
  if (decision == nullptr)
    return MakeError(v1::PROOF_INVALID, "the proposal is proven and not in the log that is listed");
  console.Print(console.Bold("Proposed charter version " + std::to_string(proposal.version())) +
                ", " + DecisionId(decision->hash) + ": " + Standing(view.registry, *decision) +
                ChangesText(changes) +
                (decision->pending() ? "\nThe members' approvers sign with `muster charter sign " +
                                           DecisionId(decision->hash) + "`"
                                     : ""));
  Json json = DecisionJson(view.registry, *decision);
  json.Set("version", proposal.version()).Set("changes", ChangesJson(changes));
  console.Result(json);
  return kExitDone;
}

absl::StatusOr<int> RunCharterSign(const Invocation& invocation,
                                   const CharterSignOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(
      session->RequireRole({v1::ROLE_APPROVER, v1::ROLE_OPERATOR}, "sign what the members decide"));
  MUSTER_ASSIGN_OR_RETURN(LogView view, session->ReadLog());
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Bytes32> chosen,
                          Choose(view.registry, session->profile(), options));
  Json array = Json::Array();
  for (const Bytes32& hash : chosen) {
    // What is shown is what is signed: both follow from the log that was read here.
    const Decision before = *view.registry.decisions().Find(hash);
    console.Note(Describe(view.registry, before));
    MUSTER_RETURN_IF_ERROR(SignOne(*session, before));
    MUSTER_ASSIGN_OR_RETURN(view, session->ReadLog());
    const Decision& after = *view.registry.decisions().Find(hash);
    console.Print(console.Bold("Signed ") + DecisionId(hash) + ": " +
                  Standing(view.registry, after));
    array.Append(DecisionJson(view.registry, after));
  }
  console.Result(Json::Object().Set("signed", std::move(array)));
  return kExitDone;
}

absl::StatusOr<int> RunCharterHistory(const Invocation& invocation) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_ASSIGN_OR_RETURN(const LogView view, session->ReadLog());
  const Registry& registry = view.registry;
  std::string text;
  Json array = Json::Array();
  const CharterVersion* before = nullptr;
  for (const CharterVersion& version : registry.charter_versions()) {
    const std::vector<governance::TermChange> changes =
        before == nullptr ? std::vector<governance::TermChange>{}
                          : governance::CompareTerms(before->terms, version.terms);
    const Decision* decision = registry.decisions().Find(version.hash);
    const std::string reason =
        decision == nullptr ? "" : decision->statement.charter_proposal().reason();
    const std::vector<PersonId> signers = SignersOf(registry, version);
    text += (text.empty() ? "" : "\n") +
            console.Bold("version " + std::to_string(version.version)) +
            ", in effect since entry " + std::to_string(version.index) + ", signed by " +
            NamesText(registry, signers) + (reason.empty() ? "" : "\n    " + Visible(reason)) +
            (before == nullptr ? "\n    the founding" : ChangesText(changes));
    array.Append(Json::Object()
                     .Set("version", version.version)
                     .Set("hash", HexEncode(version.hash))
                     .Set("log_index", version.index)
                     .Set("reason", reason)
                     .Set("signed_by", NamesJson(registry, signers))
                     .Set("changes", ChangesJson(changes)));
    before = &version;
  }
  Json pending = Json::Array();
  for (const Decision* decision : registry.decisions().Pending()) {
    text += "\n" + console.Bold("waits") + " " + DecisionId(decision->hash) + ", " +
            Standing(registry, *decision) + "\n    " + Describe(registry, *decision);
    pending.Append(DecisionJson(registry, *decision));
  }
  console.Print(text);
  console.Result(
      Json::Object().Set("versions", std::move(array)).Set("pending", std::move(pending)));
  return kExitDone;
}

}  // namespace muster::cli
