// SPDX-License-Identifier: Apache-2.0
#include "server/front/vault_feed.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/entry.h"

namespace muster::front {
namespace {

constexpr uint64_t kEntriesPerCall = 500;
constexpr size_t kBytesPerCall = size_t{2} << 20;
constexpr absl::Duration kHeartbeat = absl::Seconds(2);
constexpr absl::Duration kRetry = absl::Milliseconds(100);
constexpr absl::Duration kRetryRefused = absl::Seconds(5);

}  // namespace

bool VaultFeed::IsMismatch(const absl::Status& status) {
  const Reason reason = ReasonOf(status);
  return reason == v1::HOME_MALFORMED || reason == v1::LOG_FORKED || reason == v1::LOG_REWOUND;
}

VaultFeed::VaultFeed(Journal* journal, const crypto::SigningKey& log_key, std::string origin,
                     Vault* vault)
    : journal_(journal),
      log_key_(log_key.Clone()),
      origin_(std::move(origin)),
      vault_(vault),
      error_(VaultUnavailable("it has not answered yet")) {}

VaultFeed::~VaultFeed() { Stop(); }

void VaultFeed::Start() {
  thread_ = std::thread([this] { Run(); });
}

void VaultFeed::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void VaultFeed::Poke() {
  const std::lock_guard lock(mutex_);
  poked_ = true;
  changed_.notify_all();
}

absl::Status VaultFeed::CheckKeys(const v1::VaultState& state) const {
  return journal_->WithRegistry([&](const governance::Registry& registry) -> absl::Status {
    const v1::VaultKeys& ours = registry.charter().vault();
    if (state.keys().sign_key() == ours.sign_key() && state.keys().box_key() == ours.box_key() &&
        state.keys().holding_key() == ours.holding_key()) {
      return absl::OkStatus();
    }
    return MakeError(v1::HOME_MALFORMED,
                     "the vault that answers is not the one of this consortium's charter; start "
                     "musterd with the right --vault");
  });
}

absl::Status VaultFeed::Feed(uint64_t first, uint64_t end) {
  v1::ObserveEntriesRequest request;
  request.set_first_index(static_cast<int64_t>(first));
  size_t bytes = 0;
  uint64_t next = first;
  for (; next < end && next - first < kEntriesPerCall && bytes < kBytesPerCall; ++next) {
    MUSTER_ASSIGN_OR_RETURN(const tlog::Entry entry, journal_->ReadEntry(next));
    const Bytes32 commitment = tlog::EntryCommitment(entry.salt, entry.body);
    v1::LogEntry& shown = *request.add_entries();
    shown.set_index(static_cast<int64_t>(next));
    shown.set_commitment(ToString(commitment));
    shown.set_salt(ToString(entry.salt));
    shown.set_body(entry.body);
    bytes += entry.body.size();
  }
  MUSTER_ASSIGN_OR_RETURN(const Bytes32 root, journal_->RootAt(next));
  request.set_checkpoint(tlog::SignCheckpoint({origin_, next, root}, log_key_));
  const absl::StatusOr<v1::ObserveEntriesResponse> observed = vault_->ObserveEntries(request);
  if (!observed.ok()) {
    // It has read another log under this key: whatever is signed next would fork it further.
    const Reason reason = ReasonOf(observed.status());
    if (reason == v1::LOG_FORKED || reason == v1::LOG_REWOUND)
      journal_->RefuseAppends(observed.status());
    return observed.status();
  }
  const v1::ObserveEntriesResponse& response = *observed;
  const std::lock_guard lock(mutex_);
  if (state_.has_value()) state_->set_log_size(response.log_size());
  error_ = absl::OkStatus();
  changed_.notify_all();
  return absl::OkStatus();
}

absl::StatusOr<bool> VaultFeed::PutOnLog(const v1::VaultState& state) {
  bool news = false;
  for (const v1::SignedStatement& statement : state.statements()) {
    const Bytes32 hash = governance::StatementHash(statement);
    const auto find = [&] {
      return journal_->WithRegistry(
          [&](const governance::Registry& registry) { return registry.FindDecided(hash); });
    };
    std::optional<uint64_t> index = find();
    if (!index.has_value()) {
      // One that the log's rules refuse (a split whose ceremony another has overtaken) is the
      // vault's to say anew.
      const absl::StatusOr<uint64_t> appended = journal_->Append(statement);
      if (!appended.ok()) {
        spdlog::warn("the vault's word is not taken: {}", std::string(appended.status().message()));
        continue;
      }
      index = *appended;
      news = true;
    }
    v1::Statement said;
    if (!said.ParseFromString(statement.statement()) || !said.vault_key().has_split()) continue;
    v1::CommitSplitRequest commit;
    MUSTER_ASSIGN_OR_RETURN(const Journal::Extension extension, journal_->ProveExtension(0));
    MUSTER_ASSIGN_OR_RETURN(*commit.mutable_split(), journal_->Prove(*index, extension.size));
    commit.set_checkpoint(extension.proof.checkpoint());
    MUSTER_RETURN_IF_ERROR(vault_->CommitSplit(commit));
    spdlog::info("the vault's root is split anew, as entry {} of the log says", *index);
    news = true;
  }
  return news;
}

absl::StatusOr<bool> VaultFeed::Step() {
  // Asked anew each time: a vault that was started again may have read less.
  MUSTER_ASSIGN_OR_RETURN(v1::VaultState state, vault_->GetState());
  MUSTER_RETURN_IF_ERROR(CheckKeys(state));
  const auto observed = static_cast<uint64_t>(state.log_size());
  if (state.unsealed() && observed > journal_->size()) {
    const absl::Status rewound =
        MakeError(v1::LOG_REWOUND, "the vault has read " + std::to_string(observed) +
                                       " entries of the log and there are only " +
                                       std::to_string(journal_->size()) +
                                       "; restore the log from a newer backup");
    // Whatever was signed next would fork it.
    journal_->RefuseAppends(rewound);
    return rewound;
  }
  MUSTER_ASSIGN_OR_RETURN(const bool news, PutOnLog(state));
  if (!state.unsealed()) {
    const std::lock_guard lock(mutex_);
    error_ = VaultSealed(state.key());
    state_ = std::move(state);
    changed_.notify_all();
    return news;
  }
  const uint64_t size = journal_->size();
  {
    const std::lock_guard lock(mutex_);
    state_ = std::move(state);
    error_ = absl::OkStatus();
    changed_.notify_all();
  }
  if (observed < size) MUSTER_RETURN_IF_ERROR(Feed(observed, size));
  const std::lock_guard lock(mutex_);
  return news || static_cast<uint64_t>(state_->log_size()) < journal_->size();
}

void VaultFeed::Run() {
  Reason last = v1::ERROR_REASON_UNSPECIFIED;
  while (true) {
    absl::StatusOr<bool> more = Step();
    const Reason reason = ReasonOf(more.status());
    if (!more.ok() && reason != last)
      spdlog::warn("vault: {}", std::string(more.status().message()));
    if (more.ok() && last != v1::ERROR_REASON_UNSPECIFIED) spdlog::info("vault: reachable");
    last = reason;

    std::unique_lock lock(mutex_);
    if (!more.ok()) {
      error_ = more.status();
      changed_.notify_all();
      if (reason == v1::VAULT_UNAVAILABLE || IsMismatch(more.status())) state_.reset();
    }
    if (stopping_) return;
    if (more.ok() && *more) continue;
    const absl::Duration pause = more.ok()                         ? kHeartbeat
                                 : reason == v1::VAULT_UNAVAILABLE ? kRetry
                                                                   : kRetryRefused;
    // Only new entries end the pause early, and only while the vault is well.
    const bool well = more.ok();
    changed_.wait_for(lock, absl::ToChronoNanoseconds(pause),
                      [&] { return stopping_ || (well && poked_); });
    poked_ = false;
    if (stopping_) return;
  }
}

absl::StatusOr<v1::VaultState> VaultFeed::State() const {
  const std::lock_guard lock(mutex_);
  if (!error_.ok() && ReasonOf(error_) != v1::VAULT_SEALED) return error_;
  return *state_;
}

absl::Status VaultFeed::WaitObserved(uint64_t index, absl::Duration time) const {
  std::unique_lock lock(mutex_);
  const auto observed = [this, index] {
    return state_.has_value() && state_->unsealed() &&
           static_cast<uint64_t>(state_->log_size()) > index;
  };
  changed_.wait_for(lock, absl::ToChronoNanoseconds(time), [&] {
    return stopping_ || observed() || IsMismatch(error_) || ReasonOf(error_) == v1::VAULT_SEALED;
  });
  if (stopping_)
    return MakeError(v1::SERVER_DRAINING, "the server is stopping; try again when it is back");
  if (ReasonOf(error_) == v1::VAULT_SEALED) return error_;
  if (observed()) return absl::OkStatus();
  if (!error_.ok()) return error_;
  return VaultUnavailable("it is still reading the log");
}

absl::Status VaultFeed::WaitCaughtUp(absl::Duration time) const {
  const uint64_t size = journal_->size();
  return size == 0 ? absl::OkStatus() : WaitObserved(size - 1, time);
}

}  // namespace muster::front
