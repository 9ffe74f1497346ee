// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/governance/statement.h"
#include "core/report/witnesses.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/witness.h"
#include "muster/v1/log_service.pb.h"
#include "muster/v1/report_service.pb.h"
#include "server/front/authorization.h"
#include "server/front/desk.h"

namespace muster::front {
namespace {

constexpr int64_t kEntriesPerPageDefault = 100;
constexpr int64_t kEntriesPerPageMax = 1000;
// A page ends early rather than grow beyond what clients take in one message.
constexpr size_t kPageBytesMax = size_t{2} << 20;

absl::StatusOr<v1::CheckpointProof> GetCheckpoint(const Desk& desk,
                                                  const v1::GetCheckpointRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(Journal::Extension extension,
                          desk.journal->ProveExtension(request.known_size()));
  extension.proof.set_checkpoint(desk.witnesses->Cosigned(extension.proof.checkpoint()));
  return std::move(extension.proof);
}

absl::StatusOr<v1::ListEntriesResponse> ListEntries(const Desk& desk, const Caller& caller,
                                                    const v1::ListEntriesRequest& request) {
  if (request.first_index() < 0 || request.page_size() < 0) {
    return MakeError(v1::REQUEST_MALFORMED, "first_index and page_size are not negative");
  }
  const auto size = static_cast<int64_t>(desk.journal->size());
  const int64_t page = request.page_size() == 0
                           ? kEntriesPerPageDefault
                           : std::min<int64_t>(request.page_size(), kEntriesPerPageMax);
  v1::ListEntriesResponse response;
  response.set_size(size);
  int64_t index = request.first_index();
  size_t bytes = 0;
  for (; index < size && response.entries_size() < page && bytes < kPageBytesMax; ++index) {
    MUSTER_ASSIGN_OR_RETURN(const tlog::Entry entry,
                            desk.journal->ReadEntry(static_cast<uint64_t>(index)));
    v1::LogEntry& shown = *response.add_entries();
    shown.set_index(index);
    shown.set_commitment(ToString(tlog::EntryCommitment(entry.salt, entry.body)));
    MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                            governance::VerifyStatementBytes(entry.body));
    const std::optional<MemberId> owner = governance::Registry::OwnerOf(verified.statement);
    const bool own = owner.has_value() && owner == caller.person.member;
    if (!own && !governance::Registry::IsPublic(verified.statement)) continue;
    shown.set_salt(ToString(entry.salt));
    shown.set_body(entry.body);
    bytes += entry.body.size();
  }
  response.set_next_index(index);
  return response;
}

// The entries that enroll `people`, and those that enroll who admitted them, and so on up to the
// founder, who stands in the charter.
absl::StatusOr<std::set<uint64_t>> EnrollingEntries(const Journal& journal,
                                                    std::vector<PersonId> people) {
  std::set<uint64_t> entries;
  // Charters since the founding decide how many must sign.
  std::vector<uint64_t> charters =
      journal.WithRegistry([](const governance::Registry& r) { return r.CharterEntries(); });
  entries.insert(charters.begin(), charters.end());
  while (!people.empty() || !charters.empty()) {
    std::vector<uint64_t> admissions = std::exchange(charters, {});
    journal.WithRegistry([&](const governance::Registry& registry) {
      for (const PersonId& id : people) {
        const governance::PersonRecord* person = registry.FindPerson(id);
        if (person == nullptr || person->join_index == 0 ||
            !entries.insert(person->join_index).second)
          continue;
        if (entries.insert(person->admission_index).second)
          admissions.push_back(person->admission_index);
        // Signed by a quorum of members: each signature, and who signed.
        for (const uint64_t index : registry.DecidingEntries(person->admission_index)) {
          if (entries.insert(index).second) admissions.push_back(index);
        }
      }
    });
    people.clear();
    for (const uint64_t index : admissions) {
      MUSTER_ASSIGN_OR_RETURN(const tlog::Entry entry, journal.ReadEntry(index));
      MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                              governance::VerifyStatementBytes(entry.body));
      journal.WithRegistry([&](const governance::Registry& registry) {
        for (const crypto::VerifyKey& key : verified.signers) {
          if (const auto* person = registry.FindPersonBySignKey(key); person != nullptr)
            people.push_back(person->id);
        }
      });
    }
  }
  return entries;
}

absl::StatusOr<v1::Statement> ReadStatement(const Journal& journal, uint64_t index) {
  MUSTER_ASSIGN_OR_RETURN(const tlog::Entry entry, journal.ReadEntry(index));
  MUSTER_ASSIGN_OR_RETURN(governance::VerifiedStatement verified,
                          governance::VerifyStatementBytes(entry.body));
  return std::move(verified.statement);
}

// What has since taken rows of `upload` out: withdrawals of its list, of single addresses, and what
// replaced it; in the log's order.
std::vector<uint64_t> Since(const governance::Registry& registry,
                            const governance::UploadRecord& upload) {
  std::set<uint64_t> entries;
  for (const auto& [id, withdrawal] : registry.withdrawals()) {
    if (withdrawal.member != upload.member || withdrawal.index < upload.index) continue;
    // Single addresses are of contacts, and never of a voter file.
    if (withdrawal.list.empty() ? upload.voterfile.has_value() : withdrawal.list != upload.list)
      continue;
    entries.insert(withdrawal.index);
    if (withdrawal.withdrawn_index.has_value()) entries.insert(*withdrawal.withdrawn_index);
  }
  for (const auto& [id, other] : registry.uploads()) {
    if (other.member != upload.member || other.list != upload.list || other.index <= upload.index)
      continue;
    if (other.mode != v1::UploadStatement::REPLACE || !other.intake_index.has_value()) continue;
    entries.insert(other.index);
    entries.insert(*other.intake_index);
  }
  return {entries.begin(), entries.end()};
}

absl::StatusOr<v1::ProvenanceReport> GetProvenance(const Desk& desk, const Caller& caller,
                                                   const v1::GetProvenanceRequest& request) {
  std::optional<UploadId> only;
  if (!request.upload().empty()) {
    MUSTER_ASSIGN_OR_RETURN(only, UploadId::Parse(request.upload()));
    MUSTER_RETURN_IF_ERROR(desk.uploads->FindOf(*only, caller.member()).status());
  }
  struct Found {
    governance::UploadRecord upload;
    std::vector<uint64_t> since;
  };
  std::vector<Found> found;
  v1::ProvenanceReport report;
  desk.journal->WithRegistry([&](const governance::Registry& registry) {
    report.set_consortium(ToString(registry.consortium()));
    report.set_member(caller.member().Name());
    report.set_member_name(registry.FindMember(caller.member())->name);
    for (const auto& [id, upload] : registry.uploads()) {
      if (upload.member != caller.member() || (only.has_value() && id != *only)) continue;
      if (!upload.voterfile.has_value() && !MaySeeLists(caller.person)) continue;
      found.push_back({upload, Since(registry, upload)});
    }
  });
  if (only.has_value() && found.empty()) {
    return MakeError(
        v1::UPLOAD_NOT_FOUND,
        only->Name() + " is not committed yet; there is nothing to report before it is");
  }
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.upload.index < b.upload.index; });
  report.set_reporter(caller.person.id.Name());
  report.set_reporter_key(ToString(caller.person.sign_key.bytes));
  report.set_create_time(absl::ToUnixSeconds(desk.clock->Now()));

  MUSTER_ASSIGN_OR_RETURN(const Journal::Extension extension, desk.journal->ProveExtension(0));
  report.set_checkpoint(extension.proof.checkpoint());
  MUSTER_ASSIGN_OR_RETURN(*report.mutable_charter(), desk.journal->Prove(0, extension.size));
  std::set<uint64_t> spoken;  // entries whose signers are people
  for (const Found& item : found) {
    v1::UploadProvenance& upload = *report.add_uploads();
    MUSTER_ASSIGN_OR_RETURN(*upload.mutable_upload(),
                            desk.journal->Prove(item.upload.index, extension.size));
    spoken.insert(item.upload.index);
    if (item.upload.intake_index.has_value()) {
      MUSTER_ASSIGN_OR_RETURN(*upload.mutable_intake(),
                              desk.journal->Prove(*item.upload.intake_index, extension.size));
    }
    MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::BatchRecord> records,
                            desk.uploads->FolderOf(item.upload.id).ReadRecords());
    for (const v1::BatchRecord& record : records) *upload.add_batches() = record;
    for (const uint64_t index : item.since) {
      if (index >= extension.size) continue;
      MUSTER_ASSIGN_OR_RETURN(*upload.add_withdrawals(),
                              desk.journal->Prove(index, extension.size));
      spoken.insert(index);
    }
  }

  std::vector<PersonId> signers = {caller.person.id};
  for (const uint64_t index : spoken) {
    MUSTER_ASSIGN_OR_RETURN(const v1::Statement statement, ReadStatement(*desk.journal, index));
    if (const auto id = PersonId::Parse(statement.signer()); id.ok()) signers.push_back(*id);
  }
  MUSTER_ASSIGN_OR_RETURN(const std::set<uint64_t> people,
                          EnrollingEntries(*desk.journal, std::move(signers)));
  for (const uint64_t index : people) {
    MUSTER_ASSIGN_OR_RETURN(*report.add_people(), desk.journal->Prove(index, extension.size));
  }
  return report;
}

absl::StatusOr<v1::Bundle> GetBundle(const Desk& desk) {
  v1::Bundle bundle;
  desk.journal->WithRegistry([&](const governance::Registry& registry) {
    bundle.set_consortium(ToString(registry.consortium()));
    bundle.set_consortium_name(registry.charter().name());
    const v1::VaultKeys& vault = registry.charter().vault();
    bundle.mutable_vault()->set_sign_key(vault.sign_key());
    bundle.mutable_vault()->set_box_key(vault.box_key());
    bundle.mutable_vault()->set_holding_key(vault.holding_key());
  });
  bundle.set_log_vkey(desk.log_vkey);
  // The newest tree that as many as the charter asks for have cosigned; when there is none, the
  // newest there is, and whoever opens the bundle learns how many are missing.
  MUSTER_ASSIGN_OR_RETURN(const tlog::NoteKey log_key, tlog::NoteKey::Parse(desk.log_vkey));
  int witness_count = 0;
  std::vector<tlog::NoteKey> witnesses;
  desk.journal->WithRegistry([&](const governance::Registry& registry) {
    witness_count = registry.charter().witness_count();
    for (const auto& [id, person] : registry.people()) {
      witnesses.push_back({tlog::WitnessName(log_key.name, id.Name()), tlog::kAlgorithmCosignature,
                           person.cosign_key});
    }
  });
  bundle.set_policy(report::WitnessPolicy(log_key, witnesses, witness_count));
  std::optional<std::string> note =
      desk.witnesses->NewestWitnessed(static_cast<size_t>(witness_count));
  if (!note.has_value()) note = desk.witnesses->Cosigned(desk.journal->checkpoint());
  MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint, tlog::OpenCheckpoint(*note, log_key));
  bundle.set_checkpoint(*std::move(note));
  MUSTER_ASSIGN_OR_RETURN(*bundle.mutable_charter(), desk.journal->Prove(0, checkpoint.size));
  bundle.set_create_time(absl::ToUnixSeconds(desk.clock->Now()));
  return bundle;
}

}  // namespace

void RegisterLogCalls(Dispatcher& dispatcher, const Desk& desk) {
  dispatcher.Register<v1::GetCheckpointRequest, v1::CheckpointProof>(
      "/muster.v1.LogService/GetCheckpoint",
      [desk](const Caller&, const v1::GetCheckpointRequest& request) {
        return GetCheckpoint(desk, request);
      });
  dispatcher.Register<v1::ListEntriesRequest, v1::ListEntriesResponse>(
      "/muster.v1.LogService/ListEntries",
      [desk](const Caller& caller, const v1::ListEntriesRequest& request) {
        return ListEntries(desk, caller, request);
      });
  dispatcher.Register<v1::AddCosignatureRequest, v1::AddCosignatureResponse>(
      "/muster.v1.LogService/AddCosignature",
      [desk](const Caller& caller, const v1::AddCosignatureRequest& request)
          -> absl::StatusOr<v1::AddCosignatureResponse> {
        MUSTER_RETURN_IF_ERROR(desk.witnesses->Add(caller.person, request.checkpoint()));
        return v1::AddCosignatureResponse();
      });
  dispatcher.Register<v1::GetProvenanceRequest, v1::ProvenanceReport>(
      "/muster.v1.ReportService/GetProvenance",
      [desk](const Caller& caller, const v1::GetProvenanceRequest& request) {
        return GetProvenance(desk, caller, request);
      });
  dispatcher.Register<v1::GetBundleRequest, v1::Bundle>(
      "/muster.v1.ReportService/GetBundle",
      [desk](const Caller&, const v1::GetBundleRequest&) { return GetBundle(desk); });
}

}  // namespace muster::front
