// SPDX-License-Identifier: Apache-2.0
#include "server/front/journal.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"
#include "core/crypto/password.h"
#include "core/governance/snapshot.h"

namespace muster::front {
namespace {

// The file: this line, BLAKE2b-256 of the rest, the rest. The hash finds what a torn write or a
// failing disk leaves; who can write this disk has the log's key beside it.
constexpr std::string_view kSnapshotLine = "muster/registry-snapshot/v1\n";
// Whoever dated a statement far ahead would put in doubt the dates of all that come after it
// (report/period.h).
constexpr int64_t kDateSlackSeconds = 24 * 60 * 60;

absl::StatusOr<governance::Snapshot> ReadSnapshot(const std::filesystem::path& path) {
  MUSTER_ASSIGN_OR_RETURN(const std::string file, ReadFile(path));
  ByteReader reader(file);
  const std::string_view line = reader.Take(kSnapshotLine.size());
  const Bytes32 hash = reader.Array<32>();
  const std::string_view bytes = reader.Take(reader.remaining());
  if (reader.failed() || line != kSnapshotLine || crypto::Blake2b256(bytes) != hash) {
    return MakeError(v1::STORE_CORRUPT, path.string() + " is damaged");
  }
  return governance::DecodeSnapshot(bytes);
}

}  // namespace

Journal::Journal(tlog::TileStore* store, crypto::SigningKey log_key, std::string origin,
                 const Clock* clock, std::filesystem::path snapshot_file)
    : store_(store),
      log_key_(std::move(log_key)),
      origin_(std::move(origin)),
      clock_(clock),
      snapshot_file_(std::move(snapshot_file)) {}

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(tlog::TileStore* store,
                                                       const crypto::SigningKey& log_key,
                                                       const std::string& origin,
                                                       const Clock* clock,
                                                       std::filesystem::path snapshot_file) {
  std::unique_ptr<Journal> journal(
      new Journal(store, log_key.Clone(), origin, clock, std::move(snapshot_file)));
  MUSTER_RETURN_IF_ERROR(journal->Reopen());
  journal->WriteSnapshotWhenDue();
  return journal;
}

void Journal::LoadSnapshot(const tlog::Log& log) {
  if (snapshot_file_.empty()) return;
  const auto read = [&log](uint64_t index) -> absl::StatusOr<governance::VerifiedStatement> {
    MUSTER_ASSIGN_OR_RETURN(const tlog::Entry entry, log.ReadEntry(index));
    return governance::VerifyStatementBytes(entry.body);
  };
  const absl::StatusOr<governance::Snapshot> snapshot = ReadSnapshot(snapshot_file_);
  if (snapshot.status().code() == absl::StatusCode::kNotFound) return;
  // Of another log, or of this one in another state: the charter tells. An empty log has none, and
  // whatever is founded in its place would be a second tree under the same key.
  const auto is_of_this_log = [&] {
    if (log.size() == 0) return true;
    const auto charter = read(0);
    return charter.ok() && charter->hash == snapshot->charter_hash;
  };
  if (snapshot.ok() && snapshot->tree.size() > log.size()) {
    if (is_of_this_log()) {
      RefuseAppends(
          MakeError(v1::LOG_REWOUND,
                    "this log has " + std::to_string(log.size()) + " entries and had " +
                        std::to_string(snapshot->tree.size()) +
                        " before; restore the newest copy of it, and do not go on with this one"));
    }
  } else if (snapshot.ok()) {
    const absl::StatusOr<Bytes32> root = log.RootAt(snapshot->tree.size());
    if (root.ok() && *root == snapshot->tree.Root()) {
      absl::StatusOr<governance::Registry> registry = governance::RestoreRegistry(*snapshot, read);
      if (registry.ok()) {
        const std::lock_guard lock(registry_mutex_);
        registry_ = *std::move(registry);
        for (const auto& [id, person] : registry_.people()) NotePerson(person);
        applied_ = snapshot_size_ = snapshot_tried_ = snapshot->tree.size();
        return;
      }
    } else if (root.ok() && is_of_this_log()) {
      RefuseAppends(MakeError(
          v1::LOG_FORKED, "the first " + std::to_string(snapshot->tree.size()) +
                              " entries of this log are others than they were before; restore the "
                              "copy that everybody saw, and do not go on with this one"));
    }
  }
  spdlog::warn("{} is not of this log as it stands; the whole log is read",
               snapshot_file_.string());
}

absl::Status Journal::WriteSnapshot() {
  if (snapshot_file_.empty() || snapshot_size_ == applied_) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(const crypto::MerkleFrontier tree, log()->FrontierAt(applied_));
  const std::string bytes = WithRegistry([&](const governance::Registry& registry) {
    return governance::EncodeSnapshot(tree, registry);
  });
  std::string file(kSnapshotLine);
  PutBytes(file, crypto::Blake2b256(bytes));
  file += bytes;
  MUSTER_RETURN_IF_ERROR(WriteFileDurably(snapshot_file_, file, 0600));
  snapshot_size_ = applied_;
  return absl::OkStatus();
}

void Journal::WriteSnapshotWhenDue() {
  if (!governance::IsSnapshotDue(snapshot_tried_, applied_)) return;
  {
    // What is there says that this log was set back: it must not be written over.
    const std::lock_guard lock(append_mutex_);
    if (!refusal_.ok()) return;
  }
  // When it fails, the next try is when the next one is due.
  snapshot_tried_ = applied_;
  if (const absl::Status written = WriteSnapshot(); !written.ok()) {
    spdlog::warn("the snapshot is not written: {}", std::string(written.message()));
  }
}

absl::Status Journal::SaveSnapshot() {
  std::unique_lock lock(append_mutex_);
  turn_.wait(lock, [this] { return !committing_; });
  // A log that could not be written, or was set back, has nothing to be kept of it.
  if (log_failed_ || !refusal_.ok()) return absl::OkStatus();
  return WriteSnapshot();
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
  if (this->log() == nullptr) LoadSnapshot(*log);
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
  ahead_.reset();
  const std::lock_guard lock(log_mutex_);
  log_ = std::move(log);
  return absl::OkStatus();
}

void Journal::NotePerson(const governance::PersonRecord& person) {
  by_key_id_[crypto::PaserkPublicId(person.sign_key)] = person.id;
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
  NotePerson(*person);
}

absl::StatusOr<uint64_t> Journal::Append(const v1::SignedStatement& statement) {
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          governance::VerifyStatement(statement));
  Pending own;
  own.verified = &verified;
  own.body = statement.SerializeAsString();
  {
    std::unique_lock lock(append_mutex_);
    waiting_.push_back(&own);
    // Whoever finds nobody committing commits for all who wait; the others wait for the outcome.
    turn_.wait(lock, [&] { return own.done || !committing_; });
    if (!own.done) {
      std::vector<Pending*> batch;
      batch.swap(waiting_);
      if (refusal_.ok()) {
        committing_ = true;
        lock.unlock();
        Commit(batch);
        lock.lock();
        committing_ = false;
      } else {
        for (Pending* pending : batch) pending->status = refusal_;
      }
      for (Pending* pending : batch) pending->done = true;
      turn_.notify_all();
    }
  }
  MUSTER_RETURN_IF_ERROR(own.status);
  if (listener_) listener_();
  return own.index;
}

std::vector<Journal::Pending*> Journal::CheckInOrder(const std::vector<Pending*>& batch) {
  // Nobody else writes the registry, so reading it needs no lock.
  if (batch.size() > 1 && !ahead_.has_value()) ahead_ = registry_;
  std::vector<Pending*> accepted;
  const int64_t now = absl::ToUnixSeconds(clock_->Now());
  for (Pending* pending : batch) {
    const uint64_t index = applied_ + accepted.size();
    pending->status = (ahead_.has_value() ? *ahead_ : registry_).Check(*pending->verified, now);
    if (pending->status.ok() &&
        pending->verified->statement.create_time() > now + kDateSlackSeconds) {
      pending->status =
          MakeError(v1::STATEMENT_REFUSED,
                    "the statement is dated more than a day ahead of the server's clock; set the "
                    "clock of the machine that signed it");
    }
    if (pending->status.ok() && pending->verified->statement.has_charter() && index != 0) {
      pending->status = MakeError(v1::STATEMENT_REFUSED, "the charter is the log's first entry");
    }
    if (!pending->status.ok()) continue;
    if (ahead_.has_value()) MUSTER_CHECK(ahead_->Apply(index, *pending->verified).ok());
    pending->index = index;
    accepted.push_back(pending);
  }
  return accepted;
}

void Journal::Commit(const std::vector<Pending*>& batch) {
  if (log_failed_) {
    if (const absl::Status reopened = Reopen(); !reopened.ok()) {
      for (Pending* pending : batch) pending->status = reopened;
      return;
    }
  }
  const std::vector<Pending*> accepted = CheckInOrder(batch);
  if (accepted.empty()) return;
  std::vector<tlog::Entry> entries;
  for (Pending* pending : accepted) {
    tlog::Entry& entry = entries.emplace_back();
    entry.salt = crypto::RandomArray<32>();
    entry.body = std::move(pending->body);
  }
  const absl::StatusOr<uint64_t> appended = log()->Append(std::move(entries));
  if (!appended.ok()) {
    // They may be there all the same. Look now, so that a caller who tries again meets the truth;
    // when that fails too, the next append looks.
    log_failed_ = true;
    ahead_.reset();
    (void)Reopen();
    for (Pending* pending : accepted) pending->status = appended.status();
    return;
  }
  MUSTER_CHECK(*appended == applied_);
  for (Pending* pending : accepted) {
    absl::Status status;
    TakeEffect(pending->index, *pending->verified, status);
    MUSTER_CHECK(status.ok());
    ++applied_;
  }
  WriteSnapshotWhenDue();
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

absl::StatusOr<std::string> Journal::ReadTile(const tlog::TileRequest& request) const {
  return log()->ReadTile(request);
}
absl::StatusOr<Bytes32> Journal::RootAt(uint64_t size) const { return log()->RootAt(size); }

void Journal::RefuseAppends(absl::Status why) {
  std::unique_lock lock(append_mutex_);
  refusal_ = std::move(why);
  turn_.wait(lock, [this] { return !committing_; });
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
