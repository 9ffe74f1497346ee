// SPDX-License-Identifier: Apache-2.0
#include "cli/log.h"

#include <algorithm>

#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/report/provenance.h"
#include "core/report/verify.h"
#include "core/report/witnesses.h"
#include "core/tlog/witness.h"
#include "muster/v1/report_service.pb.h"

namespace muster::cli {
namespace {

std::string NameOf(const governance::Registry& registry, const std::string& resource) {
  if (const auto member = MemberId::Parse(resource); member.ok()) {
    const governance::MemberRecord* record = registry.FindMember(*member);
    if (record != nullptr) return record->name;
  }
  if (const auto person = PersonId::Parse(resource); person.ok()) {
    const governance::PersonRecord* record = registry.FindPerson(*person);
    if (record != nullptr) return record->name;
  }
  return resource;
}

}  // namespace

EntryLine DescribeEntry(const v1::Statement& statement, const governance::Registry& registry) {
  switch (statement.body_case()) {
    case v1::Statement::kCharter:
      return {"charter",
              statement.charter().name() + ", founded by " + statement.charter().founder_name()};
    case v1::Statement::kAdmission: {
      const v1::AdmissionStatement& admission = statement.admission();
      governance::RoleSet roles;
      for (const int role : admission.roles()) roles.Add(static_cast<v1::Role>(role));
      return {
          "admission",
          (admission.new_member()
               ? "member " + admission.member_name()
               : admission.person_name() +
                     (admission.member_name().empty() ? "" : " of " + admission.member_name())) +
              " (" + governance::FormatRoles(roles) + ")"};
    }
    case v1::Statement::kJoin: {
      const std::string person = NameOf(registry, statement.join().person());
      const std::string member = NameOf(registry, statement.join().member());
      return {"join", member.empty() || member == person ? person : person + " of " + member};
    }
    case v1::Statement::kUpload: {
      const v1::UploadStatement& upload = statement.upload();
      if (upload.has_voterfile()) {
        return {"upload",
                "voters of " + upload.voterfile().state() + " as of " + upload.voterfile().as_of() +
                    ", " + WithCommas(upload.record_count()) + " records, for \"" +
                    Visible(upload.voterfile().permitted_use()) + "\", " + upload.upload()};
      }
      return {"upload", WithCommas(upload.record_count()) + " records to \"" + upload.list() +
                            "\", " + upload.upload()};
    }
    case v1::Statement::kIntake: {
      const v1::IntakeStatement& intake = statement.intake();
      if (intake.has_voterfile()) {
        return {"intake",
                WithCommas(intake.voterfile().voter_count()) + " voters of " + intake.upload()};
      }
      return {"intake", WithCommas(intake.contact_count()) + " contacts of " + intake.upload()};
    }
    case v1::Statement::kWithdrawal:
      return {"withdrawal", statement.withdrawal().list().empty()
                                ? "single addresses"
                                : "the list \"" + statement.withdrawal().list() + "\""};
    case v1::Statement::kWithdrawn:
      return {"withdrawn", WithCommas(statement.withdrawn().source_count()) + " sources"};
    case v1::Statement::kMatch: {
      const v1::MatchStatement& match = statement.match();
      return {"match", "the pool with \"" + match.voterfile() + "\", " +
                           (match.estimated() ? "weights estimated" : "weights of an earlier run") +
                           (match.has_table() ? ", shares published, " : ", ") + match.match()};
    }
    case v1::Statement::kErase:
      return {"erase", "a person's request, passed on"};
    case v1::Statement::kErased:
      return {"erased", statement.erased().done() ? "done" : "not brought by this member"};
    case v1::Statement::kPersonReport:
      return {"person_report", statement.person_report().person_key().empty()
                                   ? "what this member brought"
                                   : "all of it, sealed to the person's key"};
    case v1::Statement::kCharterProposal:
      return {"charter proposal",
              "version " + std::to_string(statement.charter_proposal().version()) +
                  (statement.charter_proposal().reason().empty()
                       ? ""
                       : ": " + Visible(statement.charter_proposal().reason()))};
    case v1::Statement::kEndorsement:
      return {"signature",
              "by " + NameOf(registry, statement.signer()) + ", of " +
                  HexEncode(AsBytes(statement.endorsement().statement_hash()).first(6))};
    case v1::Statement::kCeremony:
      return {"ceremony", "the vault's root anew, " +
                              std::to_string(statement.ceremony().threshold()) + " of " +
                              std::to_string(statement.ceremony().holders_size())};
    case v1::Statement::kVaultKey: {
      const v1::VaultKeyStatement& said = statement.vault_key();
      if (said.has_split())
        return {"root split", "epoch " + std::to_string(said.split().epoch()) + ", " +
                                  std::to_string(said.split().commitments_size()) + " of " +
                                  std::to_string(said.split().holders_size())};
      if (said.has_opening()) return {"vault sealed", "and takes shares"};
      std::string holders;
      for (const std::string& holder : said.unsealed().holders())
        holders += (holders.empty() ? "by " : ", ") + NameOf(registry, holder);
      return {"vault unsealed", holders};
    }
    case v1::Statement::kSeal:
      return {"seal", "asked for by " + NameOf(registry, statement.signer())};
    case v1::Statement::BODY_NOT_SET:
      break;
  }
  return {"unknown", ""};
}

absl::StatusOr<int> RunLogCheckpoint(const Invocation& invocation) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  const int64_t known_size = session->known_size();
  v1::GetCheckpointRequest request;
  request.set_known_size(known_size);
  v1::CheckpointProof proof;
  MUSTER_RETURN_IF_ERROR(session->Call("LogService/GetCheckpoint", request, proof));
  MUSTER_RETURN_IF_ERROR(session->Accept(proof));
  std::string note = session->seen_note();
  while (!note.empty() && note.back() == '\n') note.pop_back();
  console.Print(note);
  console.Note("Signed by the log, and extends the " + WithCommas(known_size) +
               " entries seen here before.");
  Json json = Json::Object();
  json.Set("origin", session->seen().origin)
      .Set("size", session->seen().size)
      .Set("root", Base64Encode(session->seen().root));
  json.Set("checkpoint", session->seen_note()).Set("extends", known_size);
  console.Result(json);
  return kExitDone;
}

absl::StatusOr<int> RunLogShow(const Invocation& invocation, const LogShowOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_ASSIGN_OR_RETURN(const LogView view, session->ReadLog());
  Table table({{"entry", Table::Align::kRight}, {"when"}, {"what"}, {""}});
  Json entries = Json::Array();
  for (const v1::LogEntry& entry : view.entries) {
    if (entry.index() < options.from) continue;
    Json item = Json::Object();
    item.Set("index", entry.index()).Set("commitment", HexEncode(AsBytes(entry.commitment())));
    if (entry.body().empty()) {
      table.Row({std::to_string(entry.index()), "", "sealed",
                 HexEncode(AsBytes(entry.commitment()).first(8)) + "..., not shown to you"});
      item.Set("kind", Json());
    } else {
      MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                              governance::VerifyStatementBytes(entry.body()));
      const EntryLine line = DescribeEntry(verified.statement, view.registry);
      table.Row({std::to_string(entry.index()), TimeForPeople(verified.statement.create_time()),
                 line.kind, line.text});
      item.Set("kind", line.kind).Set("text", line.text).Set("signer", verified.statement.signer());
      item.Set("create_time", FormatRfc3339(verified.statement.create_time()));
    }
    entries.Append(std::move(item));
  }
  console.Print(table.Format());
  console.Note(
      "All " + WithCommas(static_cast<int64_t>(view.entries.size())) +
      " entries hash to the root that the log signed: " + Base64Encode(session->seen().root));
  Json json = Json::Object();
  json.Set("entries", std::move(entries))
      .Set("size", session->seen().size)
      .Set("root", Base64Encode(session->seen().root));
  console.Result(json);
  return kExitDone;
}

absl::StatusOr<int> RunLogBundle(const Invocation& invocation, const LogBundleOptions& options) {
  Console& console = *invocation.console;
  std::error_code error;
  if (std::filesystem::exists(options.out, error))
    MUSTER_RETURN_IF_ERROR(console.Confirm(options.out + " exists and would be replaced."));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  v1::Bundle bundle;
  MUSTER_RETURN_IF_ERROR(session->Call("ReportService/GetBundle", v1::GetBundleRequest(), bundle));
  MUSTER_ASSIGN_OR_RETURN(const report::AuditRoot root, report::OpenBundle(bundle));
  const Profile& profile = session->profile();
  if (root.consortium != profile.consortium || root.charter_hash != profile.charter_hash ||
      bundle.log_vkey() != profile.log_key.Format()) {
    return MakeError(
        v1::BUNDLE_MALFORMED,
        "the server's bundle is of another consortium than this profile's; tell the other members");
  }
  MUSTER_RETURN_IF_ERROR(session->Reconcile(bundle.checkpoint()));
  const auto witnessed = report::CheckWitnesses(bundle);
  if (!witnessed.ok()) {
    return Annotate(
        witnessed.status(),
        "this bundle would convince no auditor yet, until more members have run `muster "
        "log witness`");
  }
  // Whose keys those are the server says; the joins on the log say it too.
  MUSTER_ASSIGN_OR_RETURN(const std::vector<tlog::NoteKey> witnesses, report::WitnessKeys(bundle));
  MUSTER_ASSIGN_OR_RETURN(const LogView view, session->ReadLog());
  int64_t joined = 0;
  for (const auto& [id, person] : view.registry.people()) {
    const std::string name = tlog::WitnessName(profile.log_key.name, id.Name());
    joined += std::count_if(witnesses.begin(), witnesses.end(), [&](const tlog::NoteKey& witness) {
      return witness.name == name && witness.key == person.cosign_key;
    });
  }
  if (joined < view.registry.terms().witness_count() || joined < std::ssize(witnesses)) {
    return MakeError(
        v1::BUNDLE_MALFORMED,
        "of the " + std::to_string(witnesses.size()) + " who cosigned the server's bundle " +
            std::to_string(joined) + " take part, and the charter asks for " +
            std::to_string(view.registry.terms().witness_count()) + "; tell the other members");
  }
  bundle.set_create_time(absl::ToUnixSeconds(Clock::System().Now()));
  MUSTER_RETURN_IF_ERROR(WriteFileDurably(options.out, report::EncodeBundle(bundle), 0644));
  console.Print(console.Bold("Bundle of " + Visible(root.consortium_name)) + " written to " +
                options.out + "\n  charter  " + HexEncode(root.charter_hash) + "\n  log      " +
                WithCommas(static_cast<int64_t>(root.checkpoint.size)) + " entries, " +
                bundle.log_vkey() + "\n  witnesses " +
                WithCommas(static_cast<int64_t>(witnessed->cosignatures.size())) +
                " have cosigned it\n\nGive it to the auditor by hand, or let them compare the "
                "charter's hash with "
                "somebody else's.");
  Json json = Json::Object();
  json.Set("file", options.out)
      .Set("consortium", root.consortium_name)
      .Set("consortium_id", HexEncode(root.consortium));
  json.Set("charter_hash", HexEncode(root.charter_hash)).Set("log_vkey", bundle.log_vkey());
  json.Set("size", root.checkpoint.size).Set("root", Base64Encode(root.checkpoint.root));
  json.Set("witnesses", static_cast<int64_t>(witnessed->cosignatures.size()));
  console.Result(json);
  return kExitDone;
}

}  // namespace muster::cli
