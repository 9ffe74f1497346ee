// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/merkle.h"
#include "core/governance/statement.h"
#include "core/report/period.h"
#include "core/report/provenance.h"
#include "core/tlog/proof.h"
#include "muster/v1/report_service.pb.h"
#include "server/front/authorization.h"
#include "server/front/desk.h"

namespace muster::front {
namespace {

constexpr int64_t kOpenedPerPageDefault = 1000;
constexpr int64_t kOpenedPerPageMax = 10'000;
// A page ends early rather than grow beyond what clients take in one message.
constexpr size_t kPageBytesMax = size_t{2} << 20;
constexpr int kBatchesPerCallMax = 100;
// Acts beyond this make a report that nobody reads; the auditor's covers all.
constexpr size_t kActsMax = 100'000;

// A charter that asks for so many members follows the rules only where so many have somebody who
// could sign: for each such charter, as many as it asks for, of those who took part then.
std::vector<PersonId> WhoCouldSign(const governance::Registry& registry) {
  std::vector<PersonId> people;
  for (const governance::CharterVersion& version : registry.charter_versions()) {
    const governance::Decision* decision = registry.decisions().Find(version.hash);
    if (decision == nullptr) continue;  // the founding
    std::set<MemberId> members;
    for (const auto& [id, person] : registry.people()) {
      if (std::ssize(members) >= version.terms.quorum()) break;
      if (person.member.has_value() && person.roles.Has(v1::ROLE_APPROVER) &&
          person.join_index < decision->index && members.insert(*person.member).second) {
        people.push_back(id);
      }
    }
  }
  return people;
}

// The entries that enroll `people`, and those that enroll who admitted them, and so on up to the
// founder, who stands in the charter; and what else the rules for these stand on.
absl::StatusOr<std::set<uint64_t>> EnrollingEntries(const Journal& journal,
                                                    std::vector<PersonId> people) {
  std::set<uint64_t> entries;
  // Charters since the founding decide how many must sign.
  std::vector<uint64_t> charters = journal.WithRegistry([&](const governance::Registry& registry) {
    const std::vector<PersonId> could = WhoCouldSign(registry);
    people.insert(people.end(), could.begin(), could.end());
    return registry.CharterEntries();
  });
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

// The journal holds only what it has checked; whoever gets the report checks it again.
absl::StatusOr<v1::Statement> ReadStatement(const Journal& journal, uint64_t index) {
  MUSTER_ASSIGN_OR_RETURN(const tlog::Entry entry, journal.ReadEntry(index));
  v1::SignedStatement signed_statement;
  v1::Statement statement;
  if (!signed_statement.ParseFromString(entry.body) ||
      !statement.ParseFromString(signed_statement.statement())) {
    return MakeError(v1::STORE_CORRUPT, "entry " + std::to_string(index) + " cannot be parsed");
  }
  return statement;
}

// What takes rows of a member's uploads out, by the list that it is about: withdrawals, and what
// replaced the list. Gathered once for a report, while the registry is held.
class Removals {
 public:
  Removals(const governance::Registry& registry, const MemberId& member) {
    for (const auto& [id, withdrawal] : registry.withdrawals()) {
      if (withdrawal.member != member) continue;
      std::vector<Removal>& at = withdrawal.list.empty() ? singles_ : lists_[withdrawal.list];
      at.push_back({withdrawal.index, withdrawal.withdrawn_index});
    }
    for (const auto& [id, upload] : registry.uploads()) {
      if (upload.member != member || upload.mode != v1::UploadStatement::REPLACE ||
          !upload.intake_index.has_value()) {
        continue;
      }
      lists_[upload.list].push_back({upload.index, upload.intake_index});
    }
  }

  // Of `upload`, since it was brought: the entries in the log's order.
  std::vector<uint64_t> Since(const governance::UploadRecord& upload) const {
    std::set<uint64_t> entries;
    const auto take = [&](const std::vector<Removal>& removals) {
      for (const Removal& removal : removals) {
        if (removal.asked <= upload.index) continue;
        entries.insert(removal.asked);
        if (removal.done.has_value()) entries.insert(*removal.done);
      }
    };
    if (const auto it = lists_.find(upload.list); it != lists_.end()) take(it->second);
    // Single addresses are of contacts, and never of a voter file.
    if (!upload.voterfile.has_value()) take(singles_);
    return {entries.begin(), entries.end()};
  }

 private:
  struct Removal {
    uint64_t asked = 0;
    std::optional<uint64_t> done;
  };
  std::map<std::string, std::vector<Removal>> lists_;
  std::vector<Removal> singles_;
};

// Uploads and intakes are reported as such; of everything else on the log, what is the member's own
// and what is done to the whole pool.
bool IsAct(const v1::Statement& statement, const Caller& caller,
           const governance::Registry& registry) {
  if (statement.has_match()) return true;
  if (statement.has_upload() || statement.has_intake()) return false;
  if (governance::Registry::OwnerOf(statement) != caller.person.member) return false;
  if (MaySeeLists(caller.person)) return true;
  // A steward sees what is about voter files.
  return statement.has_withdrawal() &&
         registry.IsVoterFileName(caller.member(), statement.withdrawal().list()).value_or(false);
}

// That a name is a voter file's, which a steward may take back, its first upload says.
void AddVoterFile(const governance::Registry& registry, const MemberId& member,
                  std::string_view name, std::set<uint64_t>& context) {
  if (!registry.IsVoterFileName(member, name).value_or(false)) return;
  std::optional<uint64_t> first;
  for (const auto& [id, upload] : registry.uploads()) {
    if (upload.member == member && upload.list == name) {
      first = std::min(first.value_or(upload.index), upload.index);
    }
  }
  if (first.has_value()) context.insert(*first);
}

// What the report stands on beyond its uploads, by index.
struct Around {
  std::set<uint64_t> acts;
  std::set<uint64_t> context;
  std::set<std::string> signers;
};

absl::StatusOr<Around> ReadActs(const Desk& desk, const Caller& caller, const v1::Period& period,
                                uint64_t size) {
  Around around;
  for (uint64_t index = 0; index < size; ++index) {
    MUSTER_ASSIGN_OR_RETURN(const v1::Statement statement, ReadStatement(*desk.journal, index));
    if (!report::IsWithin(statement.create_time(), period)) continue;
    const bool act = desk.journal->WithRegistry([&](const governance::Registry& registry) {
      if (!IsAct(statement, caller, registry)) return false;
      around.acts.insert(index);
      around.signers.insert(statement.signer());
      if (statement.has_withdrawal())
        AddVoterFile(registry, caller.member(), statement.withdrawal().list(), around.context);
      if (statement.has_withdrawn()) {
        const auto id = WithdrawalId::Parse(statement.withdrawn().withdrawal());
        if (id.ok()) {
          const governance::WithdrawalRecord& withdrawal = *registry.FindWithdrawal(*id);
          around.context.insert(withdrawal.index);
          AddVoterFile(registry, caller.member(), withdrawal.list, around.context);
        }
      }
      if (statement.has_erased()) {
        const auto id = ErasureId::Parse(statement.erased().erasure());
        if (id.ok()) around.context.insert(registry.FindErasure(*id)->index);
      }
      if (statement.has_match()) {
        const auto id = UploadId::Parse(statement.match().upload());
        const governance::UploadRecord* upload = id.ok() ? registry.FindUpload(*id) : nullptr;
        if (upload == nullptr) return true;
        around.context.insert(upload->index);
        if (upload->intake_index.has_value()) around.context.insert(*upload->intake_index);
      }
      return true;
    });
    if (act && around.acts.size() > kActsMax) {
      return MakeError(v1::REQUEST_MALFORMED,
                       "the log says more about this member than one report holds; report a "
                       "shorter period with --from and --to");
    }
  }
  return around;
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
  report.set_version(report::kReportVersion);
  if (request.has_period()) *report.mutable_period() = request.period();
  MUSTER_ASSIGN_OR_RETURN(const Journal::Extension extension, desk.journal->ProveExtension(0));
  desk.journal->WithRegistry([&](const governance::Registry& registry) {
    report.set_consortium(ToString(registry.consortium()));
    report.set_member(caller.member().Name());
    report.set_member_name(registry.FindMember(caller.member())->name);
    const Removals removals(registry, caller.member());
    for (const auto& [id, upload] : registry.uploads()) {
      if (upload.member != caller.member() || (only.has_value() && id != *only)) continue;
      if (upload.index >= extension.size || !report::IsWithin(upload.create_time, request.period()))
        continue;
      if (!upload.voterfile.has_value() && !MaySeeLists(caller.person)) continue;
      found.push_back({upload, removals.Since(upload)});
    }
  });
  if (only.has_value() && found.empty()) {
    return MakeError(
        v1::UPLOAD_NOT_FOUND,
        only->Name() + " is not committed yet, or not of this period; there is nothing to report");
  }
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.upload.index < b.upload.index; });
  report.set_reporter(caller.person.id.Name());
  report.set_reporter_key(ToString(caller.person.sign_key.bytes));
  report.set_create_time(absl::ToUnixSeconds(desk.clock->Now()));
  report.set_checkpoint(extension.proof.checkpoint());
  const auto prove = [&](uint64_t index) { return desk.journal->Prove(index, extension.size); };
  MUSTER_ASSIGN_OR_RETURN(*report.mutable_charter(), prove(0));

  Around around;
  // One upload's report is about that upload.
  if (!only.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(around, ReadActs(desk, caller, request.period(), extension.size));
  }
  std::set<uint64_t> spoken;  // entries whose signers are people
  std::set<uint64_t> shown;
  for (const Found& item : found) {
    v1::UploadProvenance& upload = *report.add_uploads();
    MUSTER_ASSIGN_OR_RETURN(*upload.mutable_upload(), prove(item.upload.index));
    spoken.insert(item.upload.index);
    shown.insert(item.upload.index);
    if (item.upload.intake_index.has_value() && *item.upload.intake_index < extension.size) {
      MUSTER_ASSIGN_OR_RETURN(*upload.mutable_intake(), prove(*item.upload.intake_index));
      shown.insert(*item.upload.intake_index);
    }
    MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::BatchRecord> records,
                            desk.uploads->FolderOf(item.upload.id).ReadRecords());
    for (const v1::BatchRecord& record : records) *upload.add_batches() = record;
    for (const uint64_t index : item.since) {
      if (index >= extension.size) continue;
      MUSTER_ASSIGN_OR_RETURN(*upload.add_withdrawals(), prove(index));
      spoken.insert(index);
      shown.insert(index);
    }
  }
  for (const uint64_t index : around.acts) {
    MUSTER_ASSIGN_OR_RETURN(*report.add_acts(), prove(index));
    shown.insert(index);
  }
  for (const uint64_t index : around.context) {
    if (shown.contains(index) || index >= extension.size) continue;
    MUSTER_ASSIGN_OR_RETURN(*report.add_context(), prove(index));
    spoken.insert(index);
  }

  std::vector<PersonId> signers = {caller.person.id};
  for (const uint64_t index : spoken) {
    MUSTER_ASSIGN_OR_RETURN(const v1::Statement statement, ReadStatement(*desk.journal, index));
    around.signers.insert(statement.signer());
  }
  for (const std::string& signer : around.signers) {
    if (const auto id = PersonId::Parse(signer); id.ok()) signers.push_back(*id);
  }
  MUSTER_ASSIGN_OR_RETURN(const std::set<uint64_t> people,
                          EnrollingEntries(*desk.journal, std::move(signers)));
  for (const uint64_t index : people) {
    if (index >= extension.size) continue;
    MUSTER_ASSIGN_OR_RETURN(*report.add_people(), prove(index));
  }
  return report;
}

absl::StatusOr<v1::ListOpenedEntriesResponse> ListOpenedEntries(
    const Desk& desk, const v1::ListOpenedEntriesRequest& request) {
  if (request.first_index() < 0 || request.page_size() < 0) {
    return MakeError(v1::REQUEST_MALFORMED, "first_index and page_size are not negative");
  }
  const auto size = static_cast<int64_t>(desk.journal->size());
  const int64_t page = request.page_size() == 0
                           ? kOpenedPerPageDefault
                           : std::min<int64_t>(request.page_size(), kOpenedPerPageMax);
  v1::ListOpenedEntriesResponse response;
  response.set_size(size);
  int64_t index = request.first_index();
  size_t bytes = 0;
  for (; index < size && response.entries_size() < page && bytes < kPageBytesMax; ++index) {
    MUSTER_ASSIGN_OR_RETURN(tlog::Entry entry,
                            desk.journal->ReadEntry(static_cast<uint64_t>(index)));
    v1::OpenedEntry& opened = *response.add_entries();
    opened.set_salt(ToString(entry.salt));
    bytes += entry.body.size();
    opened.set_body(std::move(entry.body));
  }
  response.set_next_index(index);
  return response;
}

// The signed parts of an upload's batches and the tree over them.
struct BatchTree {
  std::vector<v1::BatchRecord> records;
  std::vector<Bytes32> leaves;
};

absl::StatusOr<v1::OpenBatchesResponse> OpenBatches(const Desk& desk,
                                                    const v1::OpenBatchesRequest& request) {
  if (request.batches().empty() || request.batches_size() > kBatchesPerCallMax)
    return MakeError(v1::REQUEST_MALFORMED, "batches must be 1 to 100");
  std::map<UploadId, BatchTree> trees;
  v1::OpenBatchesResponse response;
  for (const v1::OpenBatchesRequest::Batch& asked : request.batches()) {
    MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(asked.upload()));
    const bool committed = desk.journal->WithRegistry(
        [&](const governance::Registry& registry) { return registry.FindUpload(id) != nullptr; });
    if (!committed) return MakeError(v1::UPLOAD_NOT_FOUND, id.Name() + " is not on the log");
    auto [it, added] = trees.try_emplace(id);
    BatchTree& tree = it->second;
    if (added) {
      MUSTER_ASSIGN_OR_RETURN(tree.records, desk.uploads->FolderOf(id).ReadRecords());
      for (const v1::BatchRecord& record : tree.records) {
        tree.leaves.push_back(
            crypto::MerkleLeaf(record.header() + record.holding_wrap() + record.root()));
      }
    }
    if (asked.sequence() < 0 || asked.sequence() >= static_cast<int64_t>(tree.records.size()))
      return MakeError(v1::BATCH_MISSING, id.Name() + " has no batch of this number");
    const auto sequence = static_cast<uint64_t>(asked.sequence());
    v1::BatchOpening& opening = *response.add_batches();
    opening.set_upload(id.Name());
    opening.set_sequence(asked.sequence());
    *opening.mutable_record() = tree.records[sequence];
    MUSTER_ASSIGN_OR_RETURN(
        const std::vector<Bytes32> hashes,
        crypto::InclusionProof(
            sequence, tree.leaves.size(),
            [&tree](int level, uint64_t index) -> absl::StatusOr<Bytes32> {
              return crypto::MerkleRoot(
                  std::span(tree.leaves).subspan(index << level, size_t{1} << level));
            }));
    tlog::PutHashes(hashes, opening.mutable_hashes());
  }
  return response;
}

}  // namespace

void RegisterReportCalls(Dispatcher& dispatcher, const Desk& desk) {
  dispatcher.Register<v1::GetProvenanceRequest, v1::ProvenanceReport>(
      "/muster.v1.ReportService/GetProvenance",
      [desk](const Caller& caller, const v1::GetProvenanceRequest& request) {
        return GetProvenance(desk, caller, request);
      });
  dispatcher.Register<v1::ListOpenedEntriesRequest, v1::ListOpenedEntriesResponse>(
      "/muster.v1.ReportService/ListOpenedEntries",
      [desk](const Caller&, const v1::ListOpenedEntriesRequest& request) {
        return ListOpenedEntries(desk, request);
      });
  dispatcher.Register<v1::OpenBatchesRequest, v1::OpenBatchesResponse>(
      "/muster.v1.ReportService/OpenBatches",
      [desk](const Caller&, const v1::OpenBatchesRequest& request) {
        return OpenBatches(desk, request);
      });
}

}  // namespace muster::front
