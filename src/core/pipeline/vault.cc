// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/vault.h"

#include <chrono>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/box.h"
#include "core/crypto/hash.h"
#include "core/pipeline/person_report.h"
#include "core/token/normalize.h"

namespace muster::pipeline {
namespace {

// A run that is told to end does so after the chunk it is loading.
constexpr std::chrono::seconds kClaimWait{60};
constexpr std::chrono::seconds kMaintenanceBeat{1};
// Removed rows leave the files once nothing is being read, and after this long in any case.
constexpr absl::Duration kCompactionWait = absl::Minutes(1);

// What is sealed for these calls: an address with the consortium and the person who asks, so that
// nobody else can ask with it; the answer with the consortium.
constexpr std::string_view kExplainContext = "muster/match/explain/v1\n";
constexpr size_t kExplanationBytes = 4096;
constexpr std::string_view kExplanationContext = "muster/match/explanation/v1\n";

absl::StatusOr<uint64_t> ParseIndex(int64_t index) {
  if (index < 0) return MakeError(v1::REQUEST_MALFORMED, "a log index is 0 or more");
  return static_cast<uint64_t>(index);
}

}  // namespace

absl::StatusOr<tlog::NoteKey> ReadLogKey(const std::filesystem::path& path) {
  absl::StatusOr<std::string> text = ReadFile(path, 4096);
  if (!text.ok()) {
    return MakeError(v1::HOME_MALFORMED,
                     path.string() +
                         " with the log's key cannot be read; restore it from a backup, "
                         "`muster found` wrote it");
  }
  while (!text->empty() && text->back() == '\n') text->pop_back();
  absl::StatusOr<tlog::NoteKey> key = tlog::NoteKey::Parse(*text);
  if (!key.ok()) return Annotate(key.status(), path.string());
  return key;
}

absl::StatusOr<std::unique_ptr<Vault>> Vault::Open(const VaultOptions& options,
                                                   const Clock& clock) {
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<keyring::Keyring> keyring,
                          keyring::Keyring::Open(options.home));
  return Open(options, std::move(keyring), clock);
}

absl::StatusOr<std::unique_ptr<Vault>> Vault::Open(const VaultOptions& options,
                                                   std::unique_ptr<keyring::Keyring> keyring,
                                                   const Clock& clock) {
  std::unique_ptr<Vault> vault(new Vault(options, clock));
  vault->keyring_ = std::move(keyring);
  MUSTER_ASSIGN_OR_RETURN(tlog::NoteKey log_key,
                          ReadLogKey(options.log_vkey_file.empty() ? options.home / "log.vkey"
                                                                   : options.log_vkey_file));
  MUSTER_ASSIGN_OR_RETURN(
      vault->store_, store::VaultStore::Open(options.home / "store", vault->keyring_->store_key()));
  MUSTER_RETURN_IF_ERROR(vault->keyring_->AddMissing());
  vault->sketch_key_.emplace(vault->keyring_->sketch_key());
  MUSTER_ASSIGN_OR_RETURN(
      vault->observer_,
      LogObserver::Open(
          vault->store_.get(), std::move(log_key), vault->keyring_->public_keys(),
          LogObserver::SnapshotPlace{options.home / "registry.sealed",
                                     crypto::DeriveKey(vault->keyring_->store_key(),
                                                       "muster/registry-snapshot-file/v1")}));
  MUSTER_ASSIGN_OR_RETURN(vault->erasures_, ErasureList::Open(options.home / "erased.list",
                                                              vault->keyring_->store_key()));
  vault->pool_ = std::make_unique<Pool>(vault->store_.get(), vault->keyring_.get(),
                                        vault->observer_.get(), vault->erasures_.get(), &clock);
  MUSTER_RETURN_IF_ERROR(vault->pool_->Recover());
  vault->match_run_ = std::make_unique<MatchRun>(vault->store_.get(), vault->keyring_.get(),
                                                 vault->observer_.get(), &clock);
  MUSTER_RETURN_IF_ERROR(vault->match_run_->Recover());
  vault->maintenance_ = std::thread([v = vault.get()] { v->Maintain(); });
  return vault;
}

Vault::~Vault() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (maintenance_.joinable()) maintenance_.join();
  // Without one the next start reads more of the log, and that is all.
  if (observer_ != nullptr) (void)observer_->SaveSnapshot();
}

void Vault::Drain() {
  std::lock_guard lock(mutex_);
  draining_ = true;
  match_run_->Abort();
  for (const auto& [upload, run] : claims_) {
    if (run != nullptr) run->Abort();
  }
}

v1::VaultState Vault::State() const {
  v1::VaultState state;
  state.set_unsealed(true);
  *state.mutable_keys() = keyring_->public_keys();
  state.set_log_size(static_cast<int64_t>(observer_->size()));
  const auto registry = observer_->registry();
  if (registry->founded()) {
    state.set_charter_version(registry->charter_versions().back().version);
    state.set_charter_hash(ToString(registry->charter_versions().back().hash));
  }
  return state;
}

absl::StatusOr<uint64_t> Vault::Observe(const v1::ObserveEntriesRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t first, ParseIndex(request.first_index()));
  std::vector<const v1::LogEntry*> entries;
  for (const v1::LogEntry& entry : request.entries()) entries.push_back(&entry);
  MUSTER_RETURN_IF_ERROR(observer_->Observe(first, entries, request.checkpoint()));
  return observer_->size();
}

absl::StatusOr<v1::IntakeKey> Vault::OpenIntake(std::string_view upload, std::string_view member,
                                                std::string_view list,
                                                const v1::VoterFileTerms& voterfile) {
  MUSTER_ASSIGN_OR_RETURN(const UploadId upload_id, UploadId::Parse(upload));
  MUSTER_ASSIGN_OR_RETURN(const MemberId member_id, MemberId::Parse(member));
  if (list.empty()) return MakeError(v1::LIST_NAME_MALFORMED, "an upload is to a list; name it");
  return pool_->Open(upload_id, member_id, list, voterfile);
}

absl::StatusOr<IntakePlan> Vault::PlanOf(const UploadId& upload) const {
  MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::UploadRecord> record, store_->ReadUpload(upload));
  if (!record)
    return MakeError(v1::UPLOAD_NOT_FOUND,
                     "the vault has no intake of " + upload.Name() + "; open one first");
  if (record->state() != v1::UploadRecord::OPEN) {
    return MakeError(v1::UPLOAD_FINISHED,
                     upload.Name() + " is finished: there is nothing left to read");
  }
  if (record->intake_key().expire_time() < absl::ToUnixSeconds(clock_.Now())) {
    return MakeError(v1::BATCH_WRONG_KEY,
                     "the intake key of " + upload.Name() + " has expired; upload the file again");
  }
  MUSTER_ASSIGN_OR_RETURN(crypto::BoxSecretKey intake_key, keyring_->ReadIntakeKey(upload));
  const MemberId member = *MemberId::FromBytes(record->member());
  const auto registry = observer_->registry();
  const governance::MemberRecord* taking_part = registry->FindMember(member);
  if (taking_part == nullptr || !taking_part->member_key) {
    return MakeError(v1::MEMBER_NOT_FOUND, member.Name() + " is not known");
  }
  IntakePlan plan{registry->consortium(),
                  member,
                  upload,
                  std::move(intake_key),
                  keyring_->holding_key().TimesBase(),
                  *taking_part->member_key,
                  &keyring_->token_key(),
                  &keyring_->row_key(),
                  &*sketch_key_,
                  std::nullopt,
                  {}};
  if (record->has_voterfile()) {
    plan.voterfile = record->voterfile();
    plan.source = store::VoterSourceOf(record->voterfile());
  }
  return plan;
}

absl::Status Vault::Claim(const UploadId& upload) {
  std::unique_lock lock(mutex_);
  if (const auto found = claims_.find(upload); found != claims_.end() && found->second != nullptr)
    found->second->Abort();
  if (!changed_.wait_for(lock, kClaimWait, [&] { return !claims_.contains(upload); })) {
    return MakeError(v1::SERVER_BUSY,
                     upload.Name() + " is being worked on by another call; try again");
  }
  claims_.emplace(upload, nullptr);
  return absl::OkStatus();
}

void Vault::Release(const UploadId& upload) {
  std::lock_guard lock(mutex_);
  claims_.erase(upload);
  changed_.notify_all();
}

Vault::Reading::~Reading() {
  {
    std::lock_guard lock(vault_->mutex_);
    vault_->claims_[upload_] = nullptr;
  }
  run_.reset();
  vault_->Release(upload_);
}

absl::StatusOr<std::unique_ptr<Vault::Reading>> Vault::Read(std::string_view upload,
                                                            IntakeRun::OnProgress on_progress) {
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(upload));
  MUSTER_RETURN_IF_ERROR(Claim(id));
  std::unique_ptr<Reading> reading(new Reading(this, id));
  MUSTER_ASSIGN_OR_RETURN(IntakePlan plan, PlanOf(id));
  MUSTER_ASSIGN_OR_RETURN(reading->run_,
                          IntakeRun::Start(store_.get(), observer_.get(), std::move(plan),
                                           options_.intake, std::move(on_progress)));
  {
    std::lock_guard lock(mutex_);
    claims_[id] = reading->run_.get();
    if (draining_) reading->run_->Abort();
  }
  return reading;
}

absl::StatusOr<v1::FinishIntakeResponse> Vault::FinishIntake(std::string_view upload,
                                                             int64_t statement_index) {
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(upload));
  MUSTER_ASSIGN_OR_RETURN(const uint64_t index, ParseIndex(statement_index));
  MUSTER_RETURN_IF_ERROR(Claim(id));
  auto response = pool_->Finish(id, index);
  Release(id);
  return response;
}

absl::Status Vault::CancelIntake(std::string_view upload) {
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(upload));
  MUSTER_RETURN_IF_ERROR(Claim(id));
  const absl::Status status = pool_->Cancel(id);
  Release(id);
  return status;
}

absl::StatusOr<v1::MemberFigures> Vault::Figures(std::string_view member) const {
  MUSTER_ASSIGN_OR_RETURN(const MemberId id, MemberId::Parse(member));
  return pool_->Figures(id);
}

absl::StatusOr<v1::SignedStatement> Vault::ApplyWithdrawal(int64_t statement_index,
                                                           std::string_view sealed_addresses) {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t index, ParseIndex(statement_index));
  return pool_->Withdraw(index, sealed_addresses);
}

absl::StatusOr<v1::SignedStatement> Vault::ApplyErasure(int64_t statement_index,
                                                        std::string_view sealed_order) {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t index, ParseIndex(statement_index));
  {
    std::lock_guard lock(mutex_);
    if (matching_) {
      return MakeError(v1::SERVER_BUSY,
                       "a match run is under way; the erasure is done as soon as it has ended");
    }
    ++erasing_;
  }
  auto erased = pool_->Erase(index, sealed_order);
  std::lock_guard lock(mutex_);
  --erasing_;
  return erased;
}

absl::StatusOr<v1::VaultReportPersonResponse> Vault::ReportPerson(
    const v1::VaultReportPersonRequest& request) const {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t index, ParseIndex(request.statement_index()));
  return PersonReporter(store_.get(), keyring_.get(), observer_.get(), &clock_)
      .Report(index, request.sealed_order());
}

absl::StatusOr<std::vector<v1::SignedStatement>> Vault::Match(
    const v1::VaultRunMatchRequest& request, const MatchRun::OnProgress& on_progress) {
  MatchPlan plan;
  MUSTER_ASSIGN_OR_RETURN(plan.match, MatchId::Parse(request.match()));
  plan.voterfile = request.voterfile();
  plan.new_model = request.new_model();
  if (observer_->registry()->FindMatch(plan.match).has_value()) return match_run_->Unlogged();
  {
    std::lock_guard lock(mutex_);
    if (matching_ || draining_) {
      return MakeError(
          draining_ ? v1::SERVER_DRAINING : v1::SERVER_BUSY,
          draining_ ? "the vault stops; try again" : "a match run is under way; wait for it");
    }
    if (erasing_ > 0) {
      return MakeError(v1::SERVER_BUSY, "an address is just being erased; try again");
    }
    matching_ = true;
  }
  absl::Status status = match_run_->Do(plan, on_progress);
  {
    std::lock_guard lock(mutex_);
    matching_ = false;
  }
  if (absl::IsCancelled(status))
    status = MakeError(v1::SERVER_DRAINING, "the vault stopped during the run; run it again");
  MUSTER_RETURN_IF_ERROR(status);
  return match_run_->Unlogged();
}

absl::StatusOr<std::string> Vault::Explain(const v1::VaultExplainMatchRequest& request) const {
  MUSTER_ASSIGN_OR_RETURN(const PersonId person_id, PersonId::Parse(request.person()));
  const auto registry = observer_->registry();
  const governance::PersonRecord* person = registry->FindPerson(person_id);
  if (person == nullptr || !person->member)
    return MakeError(v1::MEMBER_NOT_FOUND, request.person() + " is of no member");
  const std::string consortium = ToString(registry->consortium());
  absl::StatusOr<crypto::WipedString> opened = keyring_->box_key().Open(
      std::string(kExplainContext) + consortium + person_id.Name(), request.sealed_address());
  if (!opened.ok()) {
    return Annotate(opened.status(),
                    "the sealed address does not open; seal it to this vault's box key");
  }
  v1::SealedAddresses addresses;
  if (!addresses.ParseFromString(opened->str()) || addresses.addresses_size() != 1)
    return MakeError(v1::REQUEST_MALFORMED, "what was sealed is not one address");
  std::string& address = *addresses.mutable_addresses(0);
  absl::StatusOr<std::string> normalized = token::NormalizeEmail(address);
  crypto::Wipe(address.data(), address.size());
  // What is no address is one that nobody brought.
  token::Token contact;
  if (normalized.ok()) {
    contact = keyring_->token_key().EmailToken(*normalized);
    crypto::Wipe(normalized->data(), normalized->size());
  }
  MUSTER_ASSIGN_OR_RETURN(
      v1::MatchExplanation explanation,
      ExplainMatch(*store_, *registry, contact, *person->member, request.voterfile()));
  // All answers are of one size: whoever passes them on cannot tell one that knows the address.
  constexpr size_t kPaddingFrameBytes = 3;
  const size_t size = explanation.ByteSizeLong() + kPaddingFrameBytes;
  if (size < kExplanationBytes)
    explanation.set_padding(std::string(kExplanationBytes - size, '\0'));
  return crypto::BoxSeal(person->box_key, std::string(kExplanationContext) + consortium,
                         AsBytes(explanation.SerializeAsString()));
}

void Vault::Maintain() {
  absl::Time due = absl::InfiniteFuture();
  while (true) {
    bool quiet = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kMaintenanceBeat, [this] { return stopping_; });
      if (stopping_) return;
      quiet = claims_.empty();
    }
    const absl::StatusOr<bool> wanted = pool_->CompactionDue();
    if (!wanted.ok() || !*wanted) {
      due = absl::InfiniteFuture();
      continue;
    }
    if (due == absl::InfiniteFuture()) due = absl::Now() + kCompactionWait;
    if (!quiet && absl::Now() < due) continue;
    (void)pool_->Compact();  // what fails is tried again at the next beat: the mark stays
    due = absl::InfiniteFuture();
  }
}

}  // namespace muster::pipeline
