// SPDX-License-Identifier: Apache-2.0
#include "server/front/journal.h"

#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/password.h"

namespace muster::front {

Journal::Journal(tlog::TileStore* store, crypto::SigningKey log_key, std::string origin,
                 const Clock* clock)
    : store_(store), log_key_(std::move(log_key)), origin_(std::move(origin)), clock_(clock) {}

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(tlog::TileStore* store,
                                                       const crypto::SigningKey& log_key,
                                                       const std::string& origin,
                                                       const Clock* clock) {
  std::unique_ptr<Journal> journal(new Journal(store, log_key.Clone(), origin, clock));
  const std::lock_guard lock(journal->append_mutex_);
  MUSTER_RETURN_IF_ERROR(journal->Reopen());
  return journal;
}

absl::Status Journal::Reopen() {
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<tlog::Log> opened,
                          tlog::Log::Open(store_, log_key_.Clone(), origin_));
  std::shared_ptr<tlog::Log> log = std::move(opened);
  if (log->size() < applied_) {
    return MakeError(
        v1::STORE_CORRUPT,
        "the log has fewer entries than before; restore it from a backup of its newest state");
  }
  for (; applied_ < log->size(); ++applied_) {
    MUSTER_ASSIGN_OR_RETURN(const tlog::Entry entry, log->ReadEntry(applied_));
    absl::StatusOr<governance::VerifiedStatement> statement =
        governance::VerifyStatementBytes(entry.body);
    absl::Status status = statement.status();
    if (status.ok()) TakeEffect(applied_, *statement, status);
    if (!status.ok()) {
      return MakeError(v1::STORE_CORRUPT,
                       "entry " + std::to_string(applied_) + " of the log does not hold (" +
                           std::string(status.message()) + "); restore the log from a backup");
    }
  }
  log_failed_ = false;
  const std::lock_guard lock(log_mutex_);
  log_ = std::move(log);
  return absl::OkStatus();
}

void Journal::TakeEffect(uint64_t index, const governance::VerifiedStatement& statement,
                         absl::Status& status) {
  const std::lock_guard lock(registry_mutex_);
  status = registry_.Apply(index, statement);
  if (!status.ok()) return;
  const v1::Statement& said = statement.statement;
  if (!said.has_charter() && !said.has_join()) return;
  const auto id = PersonId::Parse(said.signer());
  const governance::PersonRecord* person = id.ok() ? registry_.FindPerson(*id) : nullptr;
  MUSTER_CHECK(person != nullptr);  // whoever joins is their statement's signer
  by_key_id_[crypto::PaserkPublicId(person->sign_key)] = person->id;
}

absl::StatusOr<uint64_t> Journal::Append(const v1::SignedStatement& statement) {
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          governance::VerifyStatement(statement));
  uint64_t index = 0;
  {
    const std::lock_guard lock(append_mutex_);
    if (log_failed_) MUSTER_RETURN_IF_ERROR(Reopen());
    // Nobody else writes the registry while the append lock is held.
    MUSTER_RETURN_IF_ERROR(WithRegistry([&](const governance::Registry& registry) {
      return registry.Check(verified, absl::ToUnixSeconds(clock_->Now()));
    }));
    if (verified.statement.has_charter() && applied_ != 0) {
      return MakeError(v1::STATEMENT_REFUSED, "the charter is the log's first entry");
    }
    tlog::Entry entry;
    entry.salt = crypto::RandomArray<32>();
    entry.body = statement.SerializeAsString();
    std::vector<tlog::Entry> entries;
    entries.push_back(std::move(entry));
    absl::StatusOr<uint64_t> appended = log()->Append(std::move(entries));
    if (!appended.ok()) {
      // It may be there all the same. Look now, so that a caller who tries again meets the truth;
      // when that fails too, the next append looks.
      log_failed_ = true;
      (void)Reopen();
      return appended.status();
    }
    index = *appended;
    MUSTER_CHECK(index == applied_);
    absl::Status status;
    TakeEffect(index, verified, status);
    MUSTER_CHECK(status.ok());
    ++applied_;
  }
  if (listener_) listener_();
  return index;
}

bool Journal::founded() const {
  return WithRegistry([](const governance::Registry& registry) { return registry.founded(); });
}

Bytes16 Journal::consortium() const {
  return WithRegistry([](const governance::Registry& registry) { return registry.consortium(); });
}

std::optional<governance::PersonRecord> Journal::FindByKeyId(std::string_view key_id) const {
  const std::shared_lock lock(registry_mutex_);
  const auto it = by_key_id_.find(key_id);
  if (it == by_key_id_.end()) return std::nullopt;
  return *registry_.FindPerson(it->second);
}

std::shared_ptr<tlog::Log> Journal::log() const {
  const std::lock_guard lock(log_mutex_);
  return log_;
}

uint64_t Journal::size() const { return log()->size(); }
std::string Journal::checkpoint() const { return log()->checkpoint(); }
absl::StatusOr<tlog::Entry> Journal::ReadEntry(uint64_t index) const {
  return log()->ReadEntry(index);
}

absl::StatusOr<Journal::Extension> Journal::ProveExtension(int64_t known_size) const {
  if (known_size < 0) return MakeError(v1::REQUEST_MALFORMED, "known_size is negative");
  const std::shared_ptr<tlog::Log> current = log();
  Extension extension;
  MUSTER_ASSIGN_OR_RETURN(extension.proof,
                          current->ProveExtension(static_cast<uint64_t>(known_size)));
  MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint,
                          tlog::OpenCheckpoint(extension.proof.checkpoint(), current->note_key()));
  extension.size = checkpoint.size;
  return extension;
}

absl::StatusOr<v1::EntryProof> Journal::Prove(uint64_t index, uint64_t size) const {
  return log()->Prove(index, size);
}

}  // namespace muster::front
