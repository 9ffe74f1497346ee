// SPDX-License-Identifier: Apache-2.0
#include "core/report/verify.h"

#include <map>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/id.h"
#include "core/base/status.h"
#include "core/crypto/signature.h"
#include "core/governance/registry.h"
#include "core/governance/statement.h"
#include "core/report/figures.h"
#include "core/report/period.h"
#include "core/report/provenance.h"
#include "core/tlog/proof.h"

namespace muster::report {
namespace {

absl::Status BadBundle(std::string_view what) {
  return MakeError(v1::BUNDLE_MALFORMED, "the bundle does not hold: " + std::string(what) +
                                             "; get one from somebody else and compare them");
}

// The entries of a report by their place in the log, each proven and parsed once however often it
// occurs.
class Entries {
 public:
  explicit Entries(const tlog::Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  absl::Status Add(const v1::EntryProof& proof) {
    const std::string where = "entry " + std::to_string(proof.index());
    if (const auto it = bodies_.find(proof.index()); it != bodies_.end()) {
      if (it->second == std::pair(proof.salt(), proof.body())) return absl::OkStatus();
      return BadReport(where + " occurs twice with other content");
    }
    MUSTER_RETURN_IF_ERROR(Annotate(tlog::VerifyEntryProof(proof, checkpoint_), where));
    auto statement = governance::VerifyStatementBytes(proof.body());
    if (!statement.ok()) {
      const auto later = governance::LaterKindOf(proof.body());
      if (!later.has_value()) return Annotate(statement.status(), where);
      return MakeError(v1::REPORT_NOT_UNDERSTOOD,
                       where + " is of a kind that this program does not know (" + *later +
                           "); get a newer muster-audit");
    }
    const auto index = static_cast<uint64_t>(proof.index());
    statements_.emplace(index, *std::move(statement));
    bodies_.emplace(proof.index(), std::pair(proof.salt(), proof.body()));
    return absl::OkStatus();
  }

  const governance::VerifiedStatement& At(const v1::EntryProof& proof) const {
    return statements_.at(static_cast<uint64_t>(proof.index()));
  }
  const std::map<uint64_t, governance::VerifiedStatement>& all() const { return statements_; }

 private:
  const tlog::Checkpoint& checkpoint_;
  std::map<int64_t, std::pair<std::string, std::string>> bodies_;
  std::map<uint64_t, governance::VerifiedStatement> statements_;
};

absl::StatusOr<std::string> DescribeSince(const governance::VerifiedStatement& verified,
                                          uint64_t index, const UploadFinding& upload) {
  const v1::Statement& later = verified.statement;
  const std::string entry = " (entry " + std::to_string(index) + ")";
  if (index <= upload.index)
    return BadReport("entry " + std::to_string(index) + " is older than the upload");
  switch (later.body_case()) {
    case v1::Statement::kWithdrawal:
      if (later.withdrawal().member() != upload.statement.member()) break;
      if (later.withdrawal().list().empty()) return "single addresses were withdrawn" + entry;
      if (later.withdrawal().list() != upload.statement.list()) break;
      return "the list was withdrawn" + entry;
    case v1::Statement::kWithdrawn:
      if (later.withdrawn().member() != upload.statement.member()) break;
      return "the vault removed " + std::to_string(later.withdrawn().source_count()) + " sources" +
             entry;
    case v1::Statement::kUpload:
      if (later.upload().member() != upload.statement.member() ||
          later.upload().list() != upload.statement.list() ||
          later.upload().mode() != v1::UploadStatement::REPLACE) {
        break;
      }
      return "the list was replaced by " + later.upload().upload() + entry;
    case v1::Statement::kIntake:
      if (later.intake().member() != upload.statement.member()) break;
      return "the vault replaced " + std::to_string(later.intake().replaced_count()) + " sources" +
             entry;
    case v1::Statement::kMatch:  // takes nothing in and nothing out
    default:
      break;
  }
  return BadReport("entry " + std::to_string(index) + " says nothing about this upload");
}

absl::StatusOr<UploadFinding> VerifyUpload(const v1::UploadProvenance& upload,
                                           const Entries& entries,
                                           const governance::Registry& registry,
                                           std::string_view member) {
  const governance::VerifiedStatement& verified = entries.At(upload.upload());
  if (!verified.statement.has_upload()) {
    return BadReport("entry " + std::to_string(upload.upload().index()) +
                     " is no upload statement");
  }
  UploadFinding finding;
  finding.statement = verified.statement.upload();
  finding.index = static_cast<uint64_t>(upload.upload().index());
  finding.time = verified.statement.create_time();
  const std::string& name = finding.statement.upload();
  if (finding.statement.member() != member) return BadReport(name + " is another member's");
  MUSTER_RETURN_IF_ERROR(Annotate(CheckFiles(finding.statement), name));

  // The replay has found that the signer may upload this for the member when it was said.
  MUSTER_ASSIGN_OR_RETURN(const PersonId signer, PersonId::Parse(verified.statement.signer()));
  const governance::PersonRecord& uploader = *registry.FindPerson(signer);
  finding.uploader = uploader.name;
  MUSTER_RETURN_IF_ERROR(
      Annotate(CheckBatches(upload, finding.statement, uploader, registry), name));

  if (upload.has_intake()) {
    const v1::Statement& intake = entries.At(upload.intake()).statement;
    if (!intake.has_intake()) {
      return BadReport("entry " + std::to_string(upload.intake().index()) +
                       " is no intake statement");
    }
    MUSTER_RETURN_IF_ERROR(Annotate(CheckIntake(intake.intake(), finding.statement), name));
    finding.intake = intake.intake();
    finding.intake_index = static_cast<uint64_t>(upload.intake().index());
  }
  for (const v1::EntryProof& proof : upload.withdrawals()) {
    auto since = DescribeSince(entries.At(proof), static_cast<uint64_t>(proof.index()), finding);
    if (!since.ok()) return Annotate(since.status(), name);
    finding.since.push_back(*std::move(since));
  }
  return finding;
}

// Entries that stand once each, in the log's order.
absl::Status AddInOrder(const google::protobuf::RepeatedPtrField<v1::EntryProof>& proofs,
                        std::string_view what, Entries& entries) {
  int64_t last = -1;
  for (const v1::EntryProof& proof : proofs) {
    if (proof.index() <= last)
      return BadReport(std::string(what) + " are not in the log's order, once each");
    last = proof.index();
    MUSTER_RETURN_IF_ERROR(entries.Add(proof));
  }
  return absl::OkStatus();
}

// Something done with the member's names, by the member or to the whole pool.
absl::StatusOr<Event> VerifyAct(const v1::Statement& statement, const MemberId& member,
                                const governance::Registry& registry, const v1::Period& period,
                                LogClock& clock) {
  if (statement.has_upload() || statement.has_intake())
    return BadReport("an upload stands among the acts");
  const auto owner = governance::Registry::OwnerOf(statement);
  if (owner.has_value() ? *owner != member : !statement.has_match())
    return BadReport("it does not concern this member's names");
  if (!IsWithin(statement.create_time(), period))
    return BadReport("it is not of the report's period");
  const LogClock::Reading reading = clock.Read(statement.create_time(), statement.signer());
  Event event = DescribeEvent(statement, registry);
  event.time = statement.create_time();
  event.back_dated = reading.back_dated;
  event.post_dated = reading.post_dated;
  return event;
}

}  // namespace

absl::StatusOr<AuditRoot> OpenBundle(const v1::Bundle& bundle) {
  AuditRoot root;
  const auto consortium = ToArray<16>(bundle.consortium());
  if (!consortium.has_value()) return BadBundle("it names no consortium");
  root.consortium = *consortium;
  root.consortium_name = bundle.consortium_name();
  MUSTER_ASSIGN_OR_RETURN(root.log_key, tlog::NoteKey::Parse(bundle.log_vkey()));
  auto checkpoint = tlog::OpenCheckpoint(bundle.checkpoint(), root.log_key);
  if (!checkpoint.ok()) return Annotate(checkpoint.status(), "the bundle's checkpoint");
  root.checkpoint = *std::move(checkpoint);

  if (bundle.charter().index() != 0) return BadBundle("its charter is not entry 0 of the log");
  MUSTER_RETURN_IF_ERROR(
      Annotate(tlog::VerifyEntryProof(bundle.charter(), root.checkpoint), "the bundle's charter"));
  auto verified = governance::VerifyStatementBytes(bundle.charter().body());
  if (!verified.ok()) return Annotate(verified.status(), "the bundle's charter");
  governance::Registry registry;
  MUSTER_RETURN_IF_ERROR(Annotate(registry.Apply(0, *verified), "the bundle's charter"));
  const v1::CharterStatement& charter = registry.charter();
  if (registry.consortium() != root.consortium || charter.name() != bundle.consortium_name()) {
    return BadBundle("its charter is another consortium's");
  }
  if (charter.log_vkey() != bundle.log_vkey() ||
      charter.vault().sign_key() != bundle.vault().sign_key() ||
      charter.vault().box_key() != bundle.vault().box_key() ||
      charter.vault().holding_key() != bundle.vault().holding_key()) {
    return BadBundle("its keys are not those of the charter");
  }
  root.charter_hash = registry.charter_hash();
  return root;
}

absl::StatusOr<ReportFindings> VerifyReport(std::string_view file, const AuditRoot& root) {
  MUSTER_ASSIGN_OR_RETURN(const v1::ProvenanceReport report, DecodeReport(file));
  if (report.consortium() != AsText(root.consortium)) {
    return BadReport("it is of another consortium than the bundle; get that consortium's bundle");
  }
  ReportFindings findings;
  findings.member = report.member();
  findings.member_name = report.member_name();
  findings.create_time = report.create_time();
  findings.version = report.version();
  findings.period = report.period();
  if (!IsTime(report.create_time()) || !IsTime(report.period().from_time()) ||
      !IsTime(report.period().to_time())) {
    return BadReport("its time or its period is none");
  }
  if (report.version() != 0 && report.version() != kReportVersion) {
    return MakeError(v1::REPORT_NOT_UNDERSTOOD,
                     "the report is of version " + std::to_string(report.version()) +
                         "; get the muster-audit of the release that made it");
  }
  auto checkpoint = tlog::OpenCheckpoint(report.checkpoint(), root.log_key);
  if (!checkpoint.ok()) return Annotate(checkpoint.status(), "the report's checkpoint");
  findings.checkpoint = *std::move(checkpoint);
  findings.same_tree = findings.checkpoint == root.checkpoint;
  if (findings.checkpoint.size == root.checkpoint.size && !findings.same_tree) {
    return MakeError(v1::LOG_FORKED, "the log signed two trees of " +
                                         std::to_string(root.checkpoint.size) +
                                         " entries, one for the report and one for the bundle: "
                                         "keep both files, they are the evidence");
  }

  Entries entries(findings.checkpoint);
  if (report.charter().index() != 0) return BadReport("its charter is not entry 0 of the log");
  MUSTER_RETURN_IF_ERROR(entries.Add(report.charter()));
  if (entries.At(report.charter()).hash != root.charter_hash) {
    return BadReport("its charter is not the bundle's");
  }
  for (const v1::EntryProof& proof : report.people()) {
    MUSTER_RETURN_IF_ERROR(entries.Add(proof));
    const v1::Statement& statement = entries.At(proof).statement;
    if (!statement.has_admission() && !statement.has_join() && !statement.has_charter_proposal() &&
        !statement.has_endorsement()) {
      return BadReport("entry " + std::to_string(proof.index()) +
                       " is neither an admission nor a join, nor how one came into effect");
    }
  }
  for (const v1::UploadProvenance& upload : report.uploads()) {
    MUSTER_RETURN_IF_ERROR(entries.Add(upload.upload()));
    if (upload.has_intake()) MUSTER_RETURN_IF_ERROR(entries.Add(upload.intake()));
    for (const v1::EntryProof& proof : upload.withdrawals())
      MUSTER_RETURN_IF_ERROR(entries.Add(proof));
  }
  MUSTER_RETURN_IF_ERROR(AddInOrder(report.acts(), "its acts", entries));
  MUSTER_RETURN_IF_ERROR(AddInOrder(report.context(), "what it stands on", entries));
  findings.entry_count = static_cast<int64_t>(entries.all().size());

  // In the log's order, so that whoever speaks must have joined before.
  governance::Registry registry;
  for (const auto& [index, statement] : entries.all()) {
    MUSTER_RETURN_IF_ERROR(
        Annotate(registry.Apply(index, statement), "entry " + std::to_string(index)));
  }

  MUSTER_ASSIGN_OR_RETURN(const MemberId member_id, MemberId::Parse(report.member()));
  const governance::MemberRecord* member = registry.FindMember(member_id);
  if (member == nullptr) return BadReport("its member has not joined");
  if (member->name != report.member_name())
    return BadReport("its member joined under another name");
  MUSTER_ASSIGN_OR_RETURN(const crypto::VerifyKey reporter_key,
                          crypto::ParseVerifyKey(report.reporter_key()));
  const governance::PersonRecord* reporter = registry.FindPersonBySignKey(reporter_key);
  if (reporter == nullptr || reporter->id.Name() != report.reporter() ||
      reporter->member != member_id) {
    return BadReport("whoever signed the file has not joined for this member");
  }
  findings.reporter_name = reporter->name;

  std::set<std::string> seen;
  for (const v1::UploadProvenance& upload : report.uploads()) {
    MUSTER_ASSIGN_OR_RETURN(UploadFinding finding,
                            VerifyUpload(upload, entries, registry, report.member()));
    if (!seen.insert(finding.statement.upload()).second) {
      return BadReport(finding.statement.upload() + " occurs twice");
    }
    if (!IsWithin(finding.time, report.period())) {
      return BadReport(finding.statement.upload() + " is not of the report's period");
    }
    findings.uploads.push_back(std::move(finding));
  }
  LogClock clock(report.create_time());
  for (const v1::EntryProof& proof : report.acts()) {
    auto act = VerifyAct(entries.At(proof).statement, member_id, registry, report.period(), clock);
    if (!act.ok()) return Annotate(act.status(), "entry " + std::to_string(proof.index()));
    act->index = static_cast<uint64_t>(proof.index());
    findings.acts.push_back(*std::move(act));
  }
  return findings;
}

}  // namespace muster::report
