// SPDX-License-Identifier: Apache-2.0
//
// FakeVault: a back room in this process, with the real rules for the log and for batches but no
// rows. It can be away, crash in the middle of an intake, be slow, be full, or refuse.
#ifndef MUSTER_TESTS_SERVER_FRONT_FAKE_VAULT_H_
#define MUSTER_TESTS_SERVER_FRONT_FAKE_VAULT_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/merkle.h"
#include "core/governance/registry.h"
#include "core/seal/envelope.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/entry.h"
#include "server/front/vault_link.h"
#include "tests/support/consortium.h"

namespace muster::test {

class FakeVault : public front::Vault {
 public:
  explicit FakeVault(const TestConsortium* pool) : pool_(pool) {}

  // Knobs.
  void SetAway(bool away) {
    const std::lock_guard lock(mutex_);
    away_ = away;
    if (away) ++crashes_;
  }
  // Ends every stream; what was not made durable is gone.
  void Crash() {
    const std::lock_guard lock(mutex_);
    ++crashes_;
    for (auto& [name, upload] : uploads_) upload.read.resize(upload.durable);
  }
  // Crashes by itself after each so many batches; 0: never.
  void CrashEvery(int batches) {
    const std::lock_guard lock(mutex_);
    crash_every_ = batches;
  }
  void Refuse(absl::Status status) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(status);
  }
  // Reads nothing, and says so.
  void Seal(std::optional<v1::VaultKeyState> sealed) {
    const std::lock_guard lock(mutex_);
    sealed_ = std::move(sealed);
  }
  // What it says of its key and has not seen on the log.
  void Say(std::vector<v1::SignedStatement> statements) {
    const std::lock_guard lock(mutex_);
    statements_ = std::move(statements);
  }
  std::optional<v1::CommitSplitRequest> committed() const {
    const std::lock_guard lock(mutex_);
    return committed_;
  }
  // Durable only at flushes, or after each batch.
  void DurableAtOnce(bool at_once) {
    const std::lock_guard lock(mutex_);
    durable_at_once_ = at_once;
  }

  // What happened.
  int64_t ReadCount(const std::string& upload) const {
    const std::lock_guard lock(mutex_);
    const auto it = uploads_.find(upload);
    return it == uploads_.end() ? 0 : static_cast<int64_t>(it->second.durable);
  }
  std::vector<std::string> Read(const std::string& upload) const {
    const std::lock_guard lock(mutex_);
    return uploads_.at(upload).read;
  }
  bool Cancelled(const std::string& upload) const {
    const std::lock_guard lock(mutex_);
    return cancelled_.contains(upload);
  }
  // Runs of matching stay in their first stage while they are held.
  void HoldMatches(bool hold) {
    const std::lock_guard lock(mutex_);
    hold_matches_ = hold;
  }
  // The next run takes effect, and the stream breaks before the front desk hears of it.
  void LoseNextMatch() {
    const std::lock_guard lock(mutex_);
    lose_match_ = true;
  }
  // The next run is lost before a word of it, as by a vault that was dying when it was asked.
  void LoseNextMatchUnbegun(absl::Status status) {
    const std::lock_guard lock(mutex_);
    lose_match_unbegun_ = std::move(status);
  }
  std::vector<v1::VaultRunMatchRequest> match_requests() const {
    const std::lock_guard lock(mutex_);
    return match_requests_;
  }
  v1::VaultExplainMatchRequest explained() const {
    const std::lock_guard lock(mutex_);
    return explained_;
  }
  std::string erase_order() const {
    const std::lock_guard lock(mutex_);
    return erase_order_;
  }
  v1::VaultReportPersonRequest reported() const {
    const std::lock_guard lock(mutex_);
    return reported_;
  }
  std::string withdrawn_addresses() const {
    const std::lock_guard lock(mutex_);
    return withdrawn_addresses_;
  }
  int64_t log_size() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int64_t>(frontier_.size());
  }
  const crypto::BoxSecretKey& IntakeKeyOf(const std::string& upload) const {
    const std::lock_guard lock(mutex_);
    return uploads_.at(upload).key;
  }

  absl::StatusOr<v1::VaultState> GetState() override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    v1::VaultState state;
    state.set_unsealed(!sealed_.has_value());
    state.set_root_kind(sealed_.has_value() ? "shares" : "keyfile");
    if (sealed_.has_value()) *state.mutable_key() = *sealed_;
    for (const v1::SignedStatement& statement : statements_) *state.add_statements() = statement;
    *state.mutable_keys() = pool_->VaultKeys();
    state.set_log_size(static_cast<int64_t>(frontier_.size()));
    return state;
  }

  absl::StatusOr<v1::ObserveEntriesResponse> ObserveEntries(
      const v1::ObserveEntriesRequest& request) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    if (static_cast<uint64_t>(request.first_index()) != frontier_.size())
      return MakeError(v1::LOG_FORKED, "entries do not follow");
    MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint,
                            tlog::OpenCheckpoint(request.checkpoint(), pool_->note_key()));
    crypto::MerkleFrontier frontier = frontier_;
    governance::Registry registry = registry_;
    std::vector<v1::Statement> observed = observed_;
    for (const v1::LogEntry& entry : request.entries()) {
      const auto salt = ToArray<32>(entry.salt());
      if (!salt.has_value() ||
          AsText(tlog::EntryCommitment(*salt, entry.body())) != entry.commitment()) {
        return MakeError(v1::LOG_FORKED, "a commitment does not hold");
      }
      MUSTER_ASSIGN_OR_RETURN(const auto statement, governance::VerifyStatementBytes(entry.body()));
      MUSTER_RETURN_IF_ERROR(registry.Apply(frontier.size(), statement));
      observed.push_back(statement.statement);
      frontier.Append(tlog::EntryLeaf(*salt, entry.body()));
    }
    if (frontier.size() != checkpoint.size || frontier.Root() != checkpoint.root)
      return MakeError(v1::LOG_FORKED, "the root does not hold");
    frontier_ = std::move(frontier);
    registry_ = std::move(registry);
    observed_ = std::move(observed);
    v1::ObserveEntriesResponse response;
    response.set_log_size(static_cast<int64_t>(frontier_.size()));
    return response;
  }

  absl::StatusOr<v1::IntakeKey> OpenIntake(const v1::OpenIntakeRequest& request) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    Upload& upload = uploads_[request.upload()];
    upload.voterfile = request.has_voterfile();
    v1::IntakeKey key;
    key.set_upload(request.upload());
    key.set_public_key(ToString(upload.key.public_key().bytes));
    key.set_expire_time(pool_->now + 14 * 24 * 3600);
    key.set_signature(pool_->vault_sign.Sign("muster/intake-key/v1\n", key.SerializeAsString()));
    return key;
  }

  std::unique_ptr<front::IntakeRun> StartIntake() override { return std::make_unique<Run>(this); }

  absl::StatusOr<v1::FinishIntakeResponse> FinishIntake(
      const v1::FinishIntakeRequest& request) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    const auto id = UploadId::Parse(request.upload());
    const governance::UploadRecord* logged = id.ok() ? registry_.FindUpload(*id) : nullptr;
    if (logged == nullptr || static_cast<int64_t>(logged->index) != request.statement_index()) {
      return MakeError(v1::LOG_BEHIND, "the statement was not observed");
    }
    Upload& upload = uploads_[request.upload()];
    crypto::MerkleFrontier tree;
    for (const std::string& part : upload.read) tree.Append(crypto::MerkleLeaf(part));
    if (upload.durable != upload.read.size() || tree.Root() != logged->batches_root) {
      return MakeError(v1::BATCH_MISSING, "not all batches were read");
    }
    if (!upload.intake.has_value()) {
      v1::Statement statement = pool_->Base("vault");
      v1::IntakeStatement& intake = *statement.mutable_intake();
      intake.set_upload(request.upload());
      intake.set_member(logged->member.Name());
      intake.set_upload_statement_hash(ToString(logged->statement_hash));
      intake.set_batches_root(ToString(logged->batches_root));
      intake.set_record_count(logged->record_count);
      if (upload.voterfile) {
        intake.mutable_voterfile()->set_voter_count(logged->record_count);
        intake.mutable_voterfile()->set_current(true);
      } else {
        intake.set_contact_count(logged->record_count);
      }
      intake.set_normalizer_version(1);
      upload.intake = pool_->SignByVault(statement);
    }
    v1::FinishIntakeResponse response;
    *response.mutable_intake() = *upload.intake;
    response.set_sealed_refused_rows("sealed");
    return response;
  }

  absl::Status CancelIntake(const v1::CancelIntakeRequest& request) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    cancelled_.insert(request.upload());
    return absl::OkStatus();
  }

  absl::StatusOr<v1::MemberFigures> GetMemberFigures(const v1::GetMemberFiguresRequest&) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    v1::MemberFigures figures;
    figures.set_contact_count(7);
    figures.add_lists()->set_list("everyone");
    return figures;
  }

  absl::StatusOr<v1::ApplyWithdrawalResponse> ApplyWithdrawal(
      const v1::ApplyWithdrawalRequest& request) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    if (!refusal_.ok()) return refusal_;
    for (const auto& [id, withdrawal] : registry_.withdrawals()) {
      if (static_cast<int64_t>(withdrawal.index) != request.statement_index()) continue;
      withdrawn_addresses_ = request.sealed_addresses();
      v1::Statement statement = pool_->Base("vault");
      statement.mutable_withdrawn()->set_withdrawal(id.Name());
      statement.mutable_withdrawn()->set_member(withdrawal.member.Name());
      statement.mutable_withdrawn()->set_source_count(3);
      v1::ApplyWithdrawalResponse response;
      *response.mutable_withdrawn() = pool_->SignByVault(statement);
      return response;
    }
    return MakeError(v1::LOG_BEHIND, "the withdrawal was not observed");
  }

  absl::StatusOr<v1::ApplyErasureResponse> ApplyErasure(
      const v1::ApplyErasureRequest& request) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    if (!refusal_.ok()) return refusal_;
    for (uint64_t index = 0; index < observed_.size(); ++index) {
      if (static_cast<int64_t>(index) != request.statement_index() || !observed_[index].has_erase())
        continue;
      erase_order_ = request.sealed_order();
      v1::Statement statement = pool_->Base("vault");
      v1::ErasedStatement& erased = *statement.mutable_erased();
      erased.set_erasure(observed_[index].erase().erasure());
      erased.set_member(observed_[index].erase().member());
      erased.set_commitment(observed_[index].erase().commitment());
      erased.set_done(true);
      v1::ApplyErasureResponse response;
      *response.mutable_erased() = pool_->SignByVault(statement);
      return response;
    }
    return MakeError(v1::LOG_BEHIND, "the erasure was not observed");
  }

  absl::StatusOr<v1::VaultReportPersonResponse> ReportPerson(
      const v1::VaultReportPersonRequest& request) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    if (!refusal_.ok()) return refusal_;
    reported_ = request;
    v1::VaultReportPersonResponse response;
    response.set_sealed_own("sealed own part");
    response.set_sealed_full("sealed for the person");
    return response;
  }

  std::unique_ptr<front::MatchStream> RunMatch(const v1::VaultRunMatchRequest& request) override {
    return std::make_unique<Matching>(this, request);
  }

  absl::StatusOr<v1::DeliverShareResponse> DeliverShare(const v1::DeliverShareRequest&) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    return MakeError(v1::VAULT_NOT_SEALED, "the vault is unsealed already");
  }
  absl::Status CommitSplit(const v1::CommitSplitRequest& request) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    committed_ = request;
    return absl::OkStatus();
  }
  absl::StatusOr<v1::VaultExplainMatchResponse> ExplainMatch(
      const v1::VaultExplainMatchRequest& request) override {
    const std::lock_guard lock(mutex_);
    MUSTER_RETURN_IF_ERROR(Here());
    if (!refusal_.ok()) return refusal_;
    explained_ = request;
    v1::VaultExplainMatchResponse response;
    response.set_sealed_explanation("sealed explanation");
    return response;
  }

 private:
  struct Upload {
    crypto::BoxSecretKey key = crypto::BoxSecretKey::Generate();
    bool voterfile = false;
    std::vector<std::string> read;  // signed parts
    size_t durable = 0;
    std::optional<v1::SignedStatement> intake;
  };

  class Run : public front::IntakeRun {
   public:
    explicit Run(FakeVault* vault) : vault_(vault) {
      const std::lock_guard lock(vault_->mutex_);
      crashes_ = vault_->crashes_;
      if (vault_->away_) ended_ = true;
    }
    bool Write(const v1::IntakeRequest& request) override {
      const std::lock_guard lock(vault_->mutex_);
      if (Broken()) return false;
      if (!vault_->refusal_.ok()) {
        status_ = vault_->refusal_;
        ended_ = true;
        return false;
      }
      Upload& upload = vault_->uploads_[request.upload()];
      if (!request.envelope().empty()) {
        const auto envelope = seal::ParseEnvelope(request.envelope());
        absl::Status good = envelope.status();
        if (good.ok()) good = seal::VerifyEnvelopeRoot(*envelope);
        if (good.ok() && static_cast<size_t>(request.sequence()) != upload.read.size()) {
          good = MakeError(v1::BATCH_OUT_OF_ORDER, "out of order");
        }
        if (!good.ok()) {
          status_ = good;
          ended_ = true;
          return false;
        }
        upload.read.push_back(envelope->SignedPart());
        if (vault_->crash_every_ > 0 && ++vault_->since_crash_ >= vault_->crash_every_) {
          vault_->since_crash_ = 0;
          ++vault_->crashes_;
          for (auto& [name, other] : vault_->uploads_) other.read.resize(other.durable);
          return false;
        }
      }
      if (request.flush() || vault_->durable_at_once_) {
        upload.durable = upload.read.size();
        v1::IntakeProgress progress;
        progress.set_durable_batch_count(static_cast<int64_t>(upload.durable));
        answers_.push_back(progress);
      }
      return true;
    }
    bool WritesDone() override {
      const std::lock_guard lock(vault_->mutex_);
      done_ = true;
      return !Broken();
    }
    bool Read(v1::IntakeProgress& progress) override {
      std::unique_lock lock(vault_->mutex_);
      while (answers_.empty() && !done_ && !Broken()) {
        vault_->changed_.wait_for(lock, std::chrono::milliseconds(2));
      }
      if (answers_.empty()) return false;
      progress = answers_.front();
      answers_.pop_front();
      return true;
    }
    void Cancel() override {
      const std::lock_guard lock(vault_->mutex_);
      ended_ = true;
      status_ = front::VaultUnavailable("cancelled");
    }
    absl::Status Finish() override {
      const std::lock_guard lock(vault_->mutex_);
      if (!status_.ok()) return status_;
      return Broken() ? front::VaultUnavailable("it crashed") : absl::OkStatus();
    }

   private:
    bool Broken() const { return ended_ || crashes_ != vault_->crashes_; }
    FakeVault* const vault_;
    int64_t crashes_ = 0;
    bool ended_ = false;
    bool done_ = false;
    absl::Status status_;
    std::deque<v1::IntakeProgress> answers_;
  };

  class Matching : public front::MatchStream {
   public:
    Matching(FakeVault* vault, const v1::VaultRunMatchRequest& request)
        : vault_(vault), request_(request) {
      const std::lock_guard lock(vault_->mutex_);
      vault_->match_requests_.push_back(request);
      crashes_ = vault_->crashes_;
      status_ = vault_->Here();
      if (status_.ok()) status_ = vault_->refusal_;
      status_.Update(std::exchange(vault_->lose_match_unbegun_, absl::OkStatus()));
    }
    bool Read(v1::VaultMatchProgress& progress) override {
      std::unique_lock lock(vault_->mutex_);
      if (++reads_ == 1 && status_.ok()) {
        progress.set_stage("reading");
        progress.set_done_count(123);
        progress.set_total_count(1230);
        return true;
      }
      while (status_.ok() && vault_->hold_matches_) {
        if (crashes_ != vault_->crashes_) status_ = front::VaultUnavailable("it crashed");
        vault_->changed_.wait_for(lock, std::chrono::milliseconds(2));
      }
      if (!status_.ok() || reads_ > 2) return false;
      status_ = vault_->Match(request_);
      if (!status_.ok()) return false;
      if (vault_->lose_match_) {
        vault_->lose_match_ = false;
        status_ = front::VaultUnavailable("it crashed");
        return false;
      }
      progress.set_stage("writing");
      for (const auto& [id, statement] : vault_->matches_) {
        if (!vault_->registry_.FindMatch(*MatchId::Parse(id)).has_value())
          *progress.add_statements() = statement;
      }
      return true;
    }
    void Cancel() override {
      const std::lock_guard lock(vault_->mutex_);
      status_ = front::VaultUnavailable("cancelled");
    }
    absl::Status Finish() override {
      const std::lock_guard lock(vault_->mutex_);
      return status_;
    }

   private:
    FakeVault* const vault_;
    const v1::VaultRunMatchRequest request_;
    int64_t crashes_ = 0;
    int reads_ = 0;
    absl::Status status_;
  };

  // With a voter file that the log says was read.
  absl::Status Match(const v1::VaultRunMatchRequest& request) {
    for (const auto& [id, upload] : registry_.uploads()) {
      if (!upload.intake_index.has_value() || !upload.voterfile.has_value()) continue;
      if (!request.voterfile().empty() && request.voterfile() != upload.list) continue;
      matches_.emplace_back(request.match(),
                            pool_->SignByVault(pool_->Match(*MatchId::Parse(request.match()), id,
                                                            upload.list, upload.index)));
      return absl::OkStatus();
    }
    return MakeError(v1::UPLOAD_NOT_FOUND, "there is no such voter file");
  }

  absl::Status Here() const {
    return away_ ? front::VaultUnavailable("it is away") : absl::OkStatus();
  }

  const TestConsortium* const pool_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool away_ = false;
  bool durable_at_once_ = false;
  int crash_every_ = 0;
  int since_crash_ = 0;
  int64_t crashes_ = 0;
  absl::Status refusal_;
  std::optional<v1::VaultKeyState> sealed_;
  std::vector<v1::SignedStatement> statements_;
  std::optional<v1::CommitSplitRequest> committed_;
  std::map<std::string, Upload> uploads_;
  std::set<std::string> cancelled_;
  std::vector<v1::Statement> observed_;
  std::string erase_order_;
  v1::VaultReportPersonRequest reported_;
  std::string withdrawn_addresses_;
  bool hold_matches_ = false;
  bool lose_match_ = false;
  absl::Status lose_match_unbegun_;
  std::vector<v1::VaultRunMatchRequest> match_requests_;
  std::vector<std::pair<std::string, v1::SignedStatement>> matches_;
  v1::VaultExplainMatchRequest explained_;
  crypto::MerkleFrontier frontier_;
  governance::Registry registry_;
};

}  // namespace muster::test

#endif  // MUSTER_TESTS_SERVER_FRONT_FAKE_VAULT_H_
