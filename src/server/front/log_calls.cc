// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
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

// Of a member's own entries, whether this person of it may read them: who may not see lists sees
// what is about its voter files.
bool MayRead(const v1::Statement& statement, const governance::PersonRecord& person,
             const governance::Registry& registry) {
  const std::optional<MemberId> owner = governance::Registry::OwnerOf(statement);
  if (!owner.has_value() || owner != person.member) return false;
  if (MaySeeLists(person)) return true;
  std::string list = statement.withdrawal().list();
  if (statement.has_withdrawn()) {
    const auto id = WithdrawalId::Parse(statement.withdrawn().withdrawal());
    const governance::WithdrawalRecord* withdrawal =
        id.ok() ? registry.FindWithdrawal(*id) : nullptr;
    if (withdrawal != nullptr) list = withdrawal->list;
  }
  return !list.empty() && registry.IsVoterFileName(*owner, list).value_or(false);
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
    const bool readable = governance::Registry::IsPublic(verified.statement) ||
                          desk.journal->WithRegistry([&](const governance::Registry& registry) {
                            return MayRead(verified.statement, caller.person, registry);
                          });
    if (!readable) continue;
    shown.set_salt(ToString(entry.salt));
    shown.set_body(entry.body);
    bytes += entry.body.size();
  }
  response.set_next_index(index);
  return response;
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
    // Whoever opens the bundle has the founding charter alone to hold it to.
    witness_count = std::max(registry.charter().witness_count(), registry.terms().witness_count());
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
  dispatcher.Register<v1::GetBundleRequest, v1::Bundle>(
      "/muster.v1.ReportService/GetBundle",
      [desk](const Caller&, const v1::GetBundleRequest&) { return GetBundle(desk); });
}

}  // namespace muster::front
