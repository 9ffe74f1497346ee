// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/pool.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <set>
#include <span>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/hash.h"
#include "core/governance/person_order.h"
#include "core/pipeline/eraser.h"
#include "core/pipeline/figures.h"
#include "core/pipeline/held_back.h"
#include "core/pipeline/row_writer.h"
#include "core/store/source_row.h"
#include "core/store/voter_row.h"
#include "core/token/normalize.h"

namespace muster::pipeline {
namespace {

using store::UploadContactKind;

constexpr std::string_view kIntakeKeyPurpose = "muster/intake-key/v1\n";
constexpr std::string_view kRefusedContext = "muster/refused/v1";
constexpr std::string_view kWithdrawContext = "muster/withdraw/v1";
// The front desk gives up an upload that was not committed after a week; a committed one is read as
// soon as the vault is there.
constexpr absl::Duration kIntakeKeyLifetime = absl::Hours(24 * 14);

// What is rewritten together once rows were removed.
struct Compacted {
  store::VaultStore::Rows rows;
  std::span<const store::Family> families;
};
constexpr store::Family kContactFamilies[] = {store::kSources,   store::kUploadContacts,
                                              store::kConsents,  store::kUnreadWithdrawn,
                                              store::kMatchRows, store::kMatches};
constexpr store::Family kVoterFamilies[] = {store::kVoters, store::kVoterSketches,
                                            store::kVoterHistory};
constexpr Compacted kCompacted[] = {{store::VaultStore::Rows::kOfContacts, kContactFamilies},
                                    {store::VaultStore::Rows::kOfVoters, kVoterFamilies}};

absl::Status NotFound(const UploadId& upload) {
  return MakeError(v1::UPLOAD_NOT_FOUND,
                   "the vault has no intake of " + upload.Name() + "; open one first");
}

absl::Status Finished(const UploadId& upload, std::string_view how) {
  return MakeError(v1::UPLOAD_FINISHED,
                   upload.Name() + " " + std::string(how) + "; upload the file under a new id");
}

bool IsLive(const v1::UploadRecord& record) { return record.state() == v1::UploadRecord::LIVE; }

// One row of an upload while it is settled.
struct Candidate {
  store::RecordPlace place;
  store::UploadContact contact;
};

}  // namespace

absl::StatusOr<v1::IntakeKey> Pool::Open(const UploadId& upload, const MemberId& member,
                                         std::string_view list,
                                         const v1::VoterFileTerms& voterfile) {
  std::lock_guard lock(mutex_);
  const auto registry = observer_->registry();
  if (!registry->founded()) {
    return MakeError(v1::LOG_BEHIND,
                     "the vault has not read the charter yet; show it the log first");
  }
  const governance::MemberRecord* taking_part = registry->FindMember(member);
  if (taking_part == nullptr || !taking_part->member_key) {
    return MakeError(
        v1::MEMBER_NOT_FOUND,
        member.Name() + " is not known, or has no approver yet who brought its key half");
  }
  MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::UploadRecord> known, store_->ReadUpload(upload));
  if (known) {
    if (known->member() != member.View() || known->list() != list ||
        !governance::SameTerms(known->voterfile(), voterfile)) {
      return MakeError(v1::UPLOAD_EXISTS, upload.Name() + " is another upload; draw a new id");
    }
    if (known->state() != v1::UploadRecord::OPEN) return Finished(upload, "is finished");
    return known->intake_key();
  }
  // A key without a record is of a call that a crash cut short: nobody has seen it.
  MUSTER_RETURN_IF_ERROR(keyring_->DestroyIntakeKey(upload));
  MUSTER_ASSIGN_OR_RETURN(const crypto::BoxSecretKey key, keyring_->MakeIntakeKey(upload));
  v1::UploadRecord record;
  record.set_member(std::string(member.View()));
  record.set_list(std::string(list));
  record.set_state(v1::UploadRecord::OPEN);
  if (!governance::SameTerms(voterfile, {})) {
    MUSTER_RETURN_IF_ERROR(governance::CheckVoterFileTerms(voterfile));
    *record.mutable_voterfile() = voterfile;
  }
  v1::IntakeKey& intake_key = *record.mutable_intake_key();
  intake_key.set_upload(upload.Name());
  intake_key.set_public_key(ToString(key.public_key().bytes));
  intake_key.set_expire_time(Now() + absl::ToInt64Seconds(kIntakeKeyLifetime));
  intake_key.set_signature(
      keyring_->sign_key().Sign(kIntakeKeyPurpose, intake_key.SerializeAsString()));
  store::Batch batch;
  store::VaultStore::PutUpload(upload, record, batch);
  MUSTER_RETURN_IF_ERROR(store_->rows().Write(batch, store::Sync::kYes));
  return record.intake_key();
}

absl::StatusOr<v1::FinishIntakeResponse> Pool::Finish(const UploadId& upload,
                                                      uint64_t statement_index) {
  // A whole state's voters take a while; what only touches this upload's own rows keeps nobody
  // waiting, and can be repeated.
  std::optional<int64_t> voter_count;
  MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::UploadRecord> record, store_->ReadUpload(upload));
  if (record && record->has_voterfile() && record->state() == v1::UploadRecord::OPEN) {
    MUSTER_ASSIGN_OR_RETURN(voter_count, SettleVoters(upload));
  }
  std::lock_guard lock(mutex_);
  return FinishLocked(upload, statement_index, voter_count);
}

absl::StatusOr<v1::FinishIntakeResponse> Pool::FinishLocked(const UploadId& upload,
                                                            uint64_t statement_index,
                                                            std::optional<int64_t> voter_count) {
  MUSTER_ASSIGN_OR_RETURN(std::optional<v1::UploadRecord> found, store_->ReadUpload(upload));
  if (!found) return NotFound(upload);
  v1::UploadRecord& record = *found;
  v1::FinishIntakeResponse response;
  if (record.state() != v1::UploadRecord::OPEN) {
    if (!record.has_intake()) return Finished(upload, "was given up");
    if (record.statement_index() != static_cast<int64_t>(statement_index))
      return Finished(upload, "was finished for another statement");
    MUSTER_RETURN_IF_ERROR(CleanUpAll());
    *response.mutable_intake() = record.intake();
    response.set_sealed_refused_rows(record.sealed_refused_rows());
    return response;
  }

  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          observer_->ReadStatement(statement_index));
  const v1::UploadStatement& statement = verified.statement.upload();
  const MemberId member = *MemberId::FromBytes(record.member());
  if (!verified.statement.has_upload() || statement.upload() != upload.Name() ||
      statement.member() != member.Name() || statement.list() != record.list() ||
      !governance::SameTerms(statement.voterfile(), record.voterfile())) {
    return MakeError(v1::STATEMENT_REFUSED, "log entry " + std::to_string(statement_index) +
                                                " does not commit " + upload.Name() +
                                                " to the list it was opened for");
  }
  MUSTER_ASSIGN_OR_RETURN(const v1::IntakeRecord intake, store_->ReadIntake(upload));
  MUSTER_RETURN_IF_ERROR(CheckComplete(statement, record, intake));

  v1::Statement said;
  said.set_consortium(ToString(observer_->registry()->consortium()));
  v1::IntakeStatement& words = *said.mutable_intake();
  words.set_upload(upload.Name());
  words.set_member(member.Name());
  words.set_upload_statement_hash(ToString(verified.hash));
  words.set_batches_root(statement.batches_root());
  words.set_record_count(intake.record_count());
  words.set_refused_count(intake.refused_count());
  words.set_normalizer_version(token::kNormalizerVersion);

  record.set_statement_index(static_cast<int64_t>(statement_index));
  record.set_commit_time(verified.statement.create_time());
  record.set_consent(statement.consent());
  store::Batch batch;
  Uploads uploads;
  v1::UploadRecord::State state = v1::UploadRecord::LIVE;
  if (record.has_voterfile()) {
    *record.mutable_voterfile() = statement.voterfile();
    record.set_voter_count(voter_count.value_or(0));
    MUSTER_ASSIGN_OR_RETURN(uploads, store_->ReadUploads());
    MUSTER_ASSIGN_OR_RETURN(state, TakeInVoters(upload, record, intake, uploads, words, batch));
  } else {
    MUSTER_ASSIGN_OR_RETURN(uploads, UploadsOf(member));
    MUSTER_ASSIGN_OR_RETURN(
        state, TakeInContacts(upload, record, intake, statement, uploads, words, batch));
    record.set_contact_count(words.contact_count());
  }
  record.set_state(state);
  record.set_purge_due(state != v1::UploadRecord::LIVE);
  *record.mutable_intake() = Sign(std::move(said));
  MUSTER_ASSIGN_OR_RETURN(*record.mutable_sealed_refused_rows(), SealRefused(intake, verified));
  store::VaultStore::PutUpload(upload, record, batch);
  batch.Delete(store::kIntakes, upload.View());
  MUSTER_RETURN_IF_ERROR(store_->rows().Write(batch, store::Sync::kYes));

  MUSTER_RETURN_IF_ERROR(CleanUp(upload, record));
  for (const auto& [id, other] : uploads) {
    if (other.purge_due()) MUSTER_RETURN_IF_ERROR(CleanUp(id, other));
  }
  *response.mutable_intake() = record.intake();
  response.set_sealed_refused_rows(record.sealed_refused_rows());
  return response;
}

absl::StatusOr<v1::UploadRecord::State> Pool::TakeInContacts(
    const UploadId& upload, const v1::UploadRecord& record, const v1::IntakeRecord& intake,
    const v1::UploadStatement& statement, Uploads& uploads, v1::IntakeStatement& words,
    store::Batch& batch) {
  const MemberId member = *MemberId::FromBytes(record.member());
  MUSTER_ASSIGN_OR_RETURN(const Settled settled, Settle(upload, member));
  if (settled.held_back)
    store::VaultStore::PutCompactionMark(store::VaultStore::Rows::kOfContacts, batch);
  MUSTER_ASSIGN_OR_RETURN(const bool superseded, IsSuperseded(upload, uploads));
  std::vector<UploadId> coming, going, list_staying, other_staying;
  if (!superseded) coming.push_back(upload);
  int64_t replaced_count = 0;
  for (auto& [id, other] : uploads) {
    if (!IsLive(other) || other.has_voterfile()) continue;
    if (other.list() != record.list()) {
      other_staying.push_back(id);
    } else if (statement.mode() == v1::UploadStatement::REPLACE &&
               other.statement_index() < record.statement_index()) {
      going.push_back(id);
      replaced_count += other.contact_count();
      other.set_state(v1::UploadRecord::GONE);
      other.set_purge_due(true);
      store::VaultStore::PutUpload(id, other, batch);
    } else {
      list_staying.push_back(id);
    }
  }
  Change change;
  if (going.empty() && list_staying.empty() && other_staying.empty() && !superseded) {
    change = {settled.contact_count, settled.contact_count};
  } else {
    MUSTER_ASSIGN_OR_RETURN(
        change, CountChange(store_->rows(), coming, going, list_staying, other_staying));
  }
  words.set_contact_count(settled.contact_count);
  words.set_suppression_count(settled.suppression_count);
  words.set_exclusion_count(intake.exclusion_count());
  words.set_duplicate_count(intake.record_count() - intake.exclusion_count() -
                            intake.refused_count() - settled.contact_count -
                            settled.suppression_count);
  words.set_replaced_count(replaced_count);

  MUSTER_ASSIGN_OR_RETURN(v1::ListRecord list, store_->ReadList(member, record.list()));
  list.set_upload_count(static_cast<int64_t>(list_staying.size() + coming.size()));
  list.set_contact_count(list.contact_count() + change.list);
  if (!superseded) list.set_upload_time(std::max(list.upload_time(), record.commit_time()));
  store::VaultStore::PutList(member, record.list(), list, batch);
  MUSTER_ASSIGN_OR_RETURN(v1::MemberTotals totals, store_->ReadMember(member));
  totals.set_contact_count(totals.contact_count() + change.member);
  store::VaultStore::PutMember(member, totals, batch);
  return superseded ? v1::UploadRecord::GONE : v1::UploadRecord::LIVE;
}

absl::StatusOr<v1::UploadRecord::State> Pool::TakeInVoters(
    const UploadId& upload, const v1::UploadRecord& record, const v1::IntakeRecord& intake,
    Uploads& uploads, v1::IntakeStatement& words, store::Batch& batch) {
  MUSTER_ASSIGN_OR_RETURN(const Uploads of_member,
                          UploadsOf(*MemberId::FromBytes(record.member())));
  MUSTER_ASSIGN_OR_RETURN(const bool superseded, IsSuperseded(upload, of_member));
  // Of history alone nobody can be matched; it takes no extract's place.
  const bool extract = !superseded && record.voter_count() > 0;
  bool current = extract;
  for (auto& [id, other] : uploads) {
    if (!IsLive(other) || !other.has_voterfile() ||
        !governance::SameSource(other.voterfile(), record.voterfile())) {
      continue;
    }
    if (governance::IsNewerExtract(other.voterfile(), other.statement_index(), record.voterfile(),
                                   record.statement_index())) {
      current = false;
    } else if (extract) {
      other.set_state(v1::UploadRecord::HISTORY);
      other.set_purge_due(true);
      store::VaultStore::PutUpload(id, other, batch);
    }
  }
  v1::VoterFileIntake& voters = *words.mutable_voterfile();
  voters.set_voter_count(record.voter_count());
  voters.set_history_record_count(intake.history_record_count());
  voters.set_current(current);
  words.set_duplicate_count(intake.record_count() - intake.refused_count() -
                            intake.history_record_count() - record.voter_count());
  if (superseded) return v1::UploadRecord::GONE;
  return current ? v1::UploadRecord::LIVE : v1::UploadRecord::HISTORY;
}

absl::StatusOr<int64_t> Pool::SettleVoters(const UploadId& upload) const {
  int64_t voter_count = 0;
  RowWriter writer(&store_->rows());
  token::Token voter;
  auto cursor = store_->rows().ScanPrefix(store::kVoterSketches, upload.View());
  for (; cursor->valid(); cursor->Next()) {
    MUSTER_ASSIGN_OR_RETURN(const store::UploadContactKey key,
                            store::DecodeUploadContactKey(cursor->key()));
    if (voter_count == 0 || key.token != voter) {
      voter = key.token;
      ++voter_count;
      continue;
    }
    for (const store::Family family : {store::kVoters, store::kVoterSketches})
      MUSTER_RETURN_IF_ERROR(writer.Delete(family, std::string(cursor->key())));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  MUSTER_RETURN_IF_ERROR(writer.Flush());
  return voter_count;
}

absl::Status Pool::CheckComplete(const v1::UploadStatement& statement,
                                 const v1::UploadRecord& record,
                                 const v1::IntakeRecord& intake) const {
  const std::string& name = record.intake_key().upload();
  if (intake.batch_count() < statement.batch_count()) {
    return MakeError(v1::BATCH_MISSING, "the vault has read " +
                                            std::to_string(intake.batch_count()) + " of the " +
                                            std::to_string(statement.batch_count()) +
                                            " batches of " + name + "; send it the rest first");
  }
  std::vector<Bytes32> hashes;
  for (const std::string& hash : intake.frontier())
    hashes.push_back(ToArray<32>(hash).value_or(Bytes32{}));
  const absl::StatusOr<crypto::MerkleFrontier> tree = crypto::MerkleFrontier::Restore(
      static_cast<uint64_t>(intake.batch_count()), std::move(hashes));
  if (!tree.ok())
    return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed intake record");
  if (intake.batch_count() != statement.batch_count() ||
      intake.record_count() != statement.record_count() ||
      AsText(tree->Root()) != statement.batches_root()) {
    return MakeError(v1::BATCH_TAMPERED,
                     "the batches that the vault read are not those that the statement about " +
                         name + " names; upload the file again");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::set<Bytes8>> Pool::HeldBackConsents(const UploadId& upload,
                                                        const MemberId& member,
                                                        const HeldBack& held_back) const {
  std::set<Bytes8> held;
  std::set<Bytes8> others;
  const auto read = [&](bool of_held) -> absl::Status {
    auto cursor = store_->rows().ScanPrefix(store::kUploadContacts, upload.View());
    for (; cursor->valid(); cursor->Next()) {
      MUSTER_ASSIGN_OR_RETURN(const store::UploadContactKey key,
                              store::DecodeUploadContactKey(cursor->key()));
      if ((held_back.Find(key.token) != nullptr) != of_held) continue;
      std::string source;
      store::AppendSourceKey({key.token, member, upload, key.place}, source);
      MUSTER_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                              store_->rows().Get(store::kSources, source));
      if (!bytes) continue;
      MUSTER_ASSIGN_OR_RETURN(const store::SourceRow row, store::DecodeSourceRow(*bytes));
      if (row.consent != Bytes8{}) (of_held ? held : others).insert(row.consent);
    }
    return cursor->status();
  };
  MUSTER_RETURN_IF_ERROR(read(true));
  if (held.empty()) return held;
  MUSTER_RETURN_IF_ERROR(read(false));
  std::erase_if(held, [&others](const Bytes8& consent) { return others.contains(consent); });
  return held;
}

absl::StatusOr<bool> Pool::HoldBackRows(const UploadId& upload, const MemberId& member) const {
  MUSTER_ASSIGN_OR_RETURN(const HeldBack held_back, HeldBack::Read(*store_, &keyring_->row_key()));
  if (held_back.empty()) return false;
  // Texts first: without the rows nothing would lead to them after a crash.
  MUSTER_ASSIGN_OR_RETURN(const std::set<Bytes8> consents,
                          HeldBackConsents(upload, member, held_back));
  store::Batch texts;
  for (const Bytes8& consent : consents)
    texts.Delete(store::kConsents, std::string(upload.View()).append(AsText(consent)));
  MUSTER_RETURN_IF_ERROR(store_->rows().Write(texts, store::Sync::kYes));
  bool any = false;
  RowWriter writer(&store_->rows());
  token::Token token;
  const v1::HeldBackRecord* record = nullptr;
  auto cursor = store_->rows().ScanPrefix(store::kUploadContacts, upload.View());
  for (; cursor->valid(); cursor->Next()) {
    MUSTER_ASSIGN_OR_RETURN(const store::UploadContactKey key,
                            store::DecodeUploadContactKey(cursor->key()));
    if (key.token != token) {
      token = key.token;
      record = held_back.Find(token);
    }
    if (record == nullptr) continue;
    MUSTER_ASSIGN_OR_RETURN(store::UploadContact contact,
                            store::DecodeUploadContact(cursor->value()));
    if (!any) {
      // A crash before all is done must not leave it without one.
      store::Batch mark;
      store::VaultStore::PutCompactionMark(store::VaultStore::Rows::kOfContacts, mark);
      MUSTER_RETURN_IF_ERROR(store_->rows().Write(mark, store::Sync::kYes));
      any = true;
    }
    if (contact.kind == UploadContactKind::kContact) {
      std::string source;
      store::AppendSourceKey({token, member, upload, key.place}, source);
      MUSTER_RETURN_IF_ERROR(writer.Delete(store::kSources, std::move(source)));
      contact.kind = HeldBack::AskedBy(*record, member) ? UploadContactKind::kSuppression
                                                        : UploadContactKind::kHeldBack;
    }
    MUSTER_RETURN_IF_ERROR(writer.Delete(store::kUploadContacts, std::string(cursor->key())));
    std::string stand_in;
    store::AppendUploadContactKey({upload, held_back.StandIn(token, member), key.place}, stand_in);
    std::string value;
    store::AppendUploadContact(contact, value);
    MUSTER_RETURN_IF_ERROR(
        writer.Put(store::kUploadContacts, std::move(stand_in), std::move(value)));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  MUSTER_RETURN_IF_ERROR(writer.Flush());
  return any;
}

absl::StatusOr<Pool::Settled> Pool::Settle(const UploadId& upload, const MemberId& member) {
  Settled settled;
  MUSTER_ASSIGN_OR_RETURN(settled.held_back, HoldBackRows(upload, member));
  RowWriter writer(&store_->rows());
  const auto day = static_cast<uint32_t>(Now() / 86400);
  std::vector<Candidate> rows;  // of one token, in the order of batches and records
  token::Token token;
  const auto settle_token = [&]() -> absl::Status {
    if (rows.empty()) return absl::OkStatus();
    const auto suppression = std::find_if(rows.begin(), rows.end(), [](const Candidate& row) {
      return row.contact.kind == UploadContactKind::kSuppression;
    });
    const auto winner = suppression == rows.end() ? rows.begin() : suppression;
    if (suppression == rows.end()) {
      ++settled.contact_count;
    } else {
      ++settled.suppression_count;
    }
    for (auto row = rows.begin(); row != rows.end(); ++row) {
      std::string key;
      store::AppendUploadContactKey({upload, token, row->place}, key);
      if (row == winner) {
        if (row->contact.suppression == token::Token{}) continue;
        // The suppression outlives its upload under a token of its own, and nothing links the two
        // from here on.
        MUSTER_RETURN_IF_ERROR(writer.Put(
            store::kSuppressions, store::SuppressionKey(row->contact.suppression, member, upload),
            store::SuppressionValue(row->contact.status, day)));
        std::string value;
        store::AppendUploadContact({row->contact.kind, row->contact.status, {}}, value);
        MUSTER_RETURN_IF_ERROR(
            writer.Put(store::kUploadContacts, std::move(key), std::move(value)));
        continue;
      }
      if (row->contact.kind == UploadContactKind::kContact) {
        std::string source;
        store::AppendSourceKey({token, member, upload, row->place}, source);
        MUSTER_RETURN_IF_ERROR(writer.Delete(store::kSources, std::move(source)));
      }
      MUSTER_RETURN_IF_ERROR(writer.Delete(store::kUploadContacts, std::move(key)));
    }
    rows.clear();
    return absl::OkStatus();
  };
  auto cursor = store_->rows().ScanPrefix(store::kUploadContacts, upload.View());
  for (; cursor->valid(); cursor->Next()) {
    MUSTER_ASSIGN_OR_RETURN(const store::UploadContactKey key,
                            store::DecodeUploadContactKey(cursor->key()));
    MUSTER_ASSIGN_OR_RETURN(const store::UploadContact contact,
                            store::DecodeUploadContact(cursor->value()));
    if (key.token != token) {
      MUSTER_RETURN_IF_ERROR(settle_token());
      token = key.token;
    }
    rows.push_back({key.place, contact});
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  MUSTER_RETURN_IF_ERROR(settle_token());
  MUSTER_RETURN_IF_ERROR(writer.Flush());
  return settled;
}

absl::StatusOr<bool> Pool::IsSuperseded(const UploadId& upload, const Uploads& uploads) const {
  const auto registry = observer_->registry();
  const governance::UploadRecord* logged = registry->FindUpload(upload);
  if (logged == nullptr)
    return MakeError(v1::LOG_BEHIND, upload.Name() + " is not on the log that the vault has read");
  for (const auto& [id, withdrawal] : registry->withdrawals()) {
    if (withdrawal.member == logged->member && !withdrawal.list.empty() &&
        withdrawal.list == logged->list && withdrawal.index > logged->index) {
      return true;
    }
  }
  for (const auto& [id, record] : uploads) {
    if (!record.has_intake() || record.list() != logged->list) continue;
    const governance::UploadRecord* other = registry->FindUpload(id);
    if (other != nullptr && other->mode == v1::UploadStatement::REPLACE &&
        other->index > logged->index)
      return true;
  }
  return false;
}

absl::StatusOr<std::string> Pool::SealRefused(
    const v1::IntakeRecord& intake, const governance::VerifiedStatement& statement) const {
  if (intake.refused().rows_size() == 0) return std::string();
  const auto registry = observer_->registry();
  MUSTER_ASSIGN_OR_RETURN(const PersonId signer, PersonId::Parse(statement.statement.signer()));
  const governance::PersonRecord* uploader = registry->FindPerson(signer);
  if (uploader == nullptr) return std::string();
  return crypto::BoxSeal(uploader->box_key, kRefusedContext,
                         AsBytes(intake.refused().SerializeAsString()));
}

absl::Status Pool::Cancel(const UploadId& upload) {
  std::lock_guard lock(mutex_);
  MUSTER_ASSIGN_OR_RETURN(std::optional<v1::UploadRecord> record, store_->ReadUpload(upload));
  if (!record) return absl::OkStatus();
  if (record->has_intake())
    return Finished(upload, "took effect already; withdraw its list instead");
  if (record->state() == v1::UploadRecord::OPEN) {
    record->set_state(v1::UploadRecord::GONE);
    record->set_purge_due(true);
    store::Batch batch;
    store::VaultStore::PutUpload(upload, *record, batch);
    MUSTER_RETURN_IF_ERROR(store_->rows().Write(batch, store::Sync::kYes));
  }
  return CleanUp(upload, *record);
}

absl::Status Pool::CleanUp(const UploadId& upload, const v1::UploadRecord& record) {
  if (record.state() == v1::UploadRecord::OPEN) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(keyring_->DestroyIntakeKey(upload));
  if (record.purge_due())
    return record.has_voterfile() ? PurgeVoters(upload, record) : Purge(upload, record);
  if (IsLive(record) && !record.has_voterfile())
    return RemoveUnread(upload, *MemberId::FromBytes(record.member()));
  return absl::OkStatus();
}

absl::Status Pool::CleanUpAll() {
  MUSTER_ASSIGN_OR_RETURN(const Uploads uploads, store_->ReadUploads());
  for (const auto& [id, record] : uploads) MUSTER_RETURN_IF_ERROR(CleanUp(id, record));
  return absl::OkStatus();
}

void Pool::RemoveRange(std::initializer_list<store::Family> families, const UploadId& upload,
                       store::Batch& batch) const {
  const std::string end = store::PrefixEnd(upload.View());
  for (const store::Family family : families) {
    if (!end.empty()) {
      batch.DeleteRange(family, upload.View(), end);
      continue;
    }
    for (auto rest = store_->rows().ScanPrefix(family, upload.View()); rest->valid(); rest->Next())
      batch.Delete(family, rest->key());
  }
}

absl::Status Pool::Purge(const UploadId& upload, v1::UploadRecord record) {
  const MemberId member = *MemberId::FromBytes(record.member());
  RowWriter writer(&store_->rows());
  auto cursor = store_->rows().ScanPrefix(store::kUploadContacts, upload.View());
  for (; cursor->valid(); cursor->Next()) {
    MUSTER_ASSIGN_OR_RETURN(const store::UploadContactKey key,
                            store::DecodeUploadContactKey(cursor->key()));
    MUSTER_ASSIGN_OR_RETURN(const store::UploadContact contact,
                            store::DecodeUploadContact(cursor->value()));
    if (contact.kind != UploadContactKind::kContact) continue;
    std::string source;
    store::AppendSourceKey({key.token, member, upload, key.place}, source);
    MUSTER_RETURN_IF_ERROR(writer.Delete(store::kSources, std::move(source)));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  MUSTER_RETURN_IF_ERROR(writer.Flush());
  // The upload's own index goes last: it is what tells which source rows are to go.
  store::Batch batch;
  RemoveRange({store::kUploadContacts, store::kConsents, store::kUnreadWithdrawn}, upload, batch);
  batch.Delete(store::kIntakes, upload.View());
  record.set_purge_due(false);
  store::VaultStore::PutUpload(upload, record, batch);
  store::VaultStore::PutCompactionMark(store::VaultStore::Rows::kOfContacts, batch);
  return store_->rows().Write(batch, store::Sync::kYes);
}

absl::Status Pool::PurgeVoters(const UploadId& upload, v1::UploadRecord record) {
  if (record.state() == v1::UploadRecord::GONE) {
    const store::VoterSource source = store::VoterSourceOf(record.voterfile());
    RowWriter writer(&store_->rows());
    auto cursor = store_->rows().ScanPrefix(store::kVoterHistory, source.View());
    for (; cursor->valid(); cursor->Next()) {
      MUSTER_ASSIGN_OR_RETURN(const store::VoterHistoryKey key,
                              store::DecodeVoterHistoryKey(cursor->key()));
      if (key.upload != upload) continue;
      MUSTER_RETURN_IF_ERROR(writer.Delete(store::kVoterHistory, std::string(cursor->key())));
    }
    MUSTER_RETURN_IF_ERROR(cursor->status());
    MUSTER_RETURN_IF_ERROR(writer.Flush());
  }
  store::Batch batch;
  RemoveRange({store::kVoters, store::kVoterSketches}, upload, batch);
  batch.Delete(store::kIntakes, upload.View());
  record.set_purge_due(false);
  store::VaultStore::PutUpload(upload, record, batch);
  store::VaultStore::PutCompactionMark(store::VaultStore::Rows::kOfVoters, batch);
  return store_->rows().Write(batch, store::Sync::kYes);
}

absl::Status Pool::RemoveUnread(const UploadId& upload, const MemberId& member) {
  std::vector<token::Token> tokens;
  store::Batch batch;
  auto cursor = store_->rows().ScanPrefix(store::kUnreadWithdrawn, upload.View());
  for (; cursor->valid(); cursor->Next()) {
    const auto bytes = ToArray<16>(cursor->key().substr(upload.View().size()));
    if (!bytes) return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed withdrawal");
    tokens.push_back({*bytes});
    batch.Delete(store::kUnreadWithdrawn, cursor->key());
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  if (tokens.empty()) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(RemoveAddresses(
                             member, tokens, [&upload](const UploadId& id) { return id == upload; },
                             /*or_stand_ins=*/true, batch)
                             .status());
  store::VaultStore::PutCompactionMark(store::VaultStore::Rows::kOfContacts, batch);
  return store_->rows().Write(batch, store::Sync::kYes);
}

absl::StatusOr<v1::SignedStatement> Pool::Withdraw(uint64_t statement_index,
                                                   std::string_view sealed_addresses) {
  std::lock_guard lock(mutex_);
  MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::WithdrawalRecord> done,
                          store_->ReadWithdrawal(statement_index));
  if (done) {
    MUSTER_RETURN_IF_ERROR(CleanUpAll());
    return done->withdrawn();
  }
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          observer_->ReadStatement(statement_index));
  if (!verified.statement.has_withdrawal()) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "log entry " + std::to_string(statement_index) + " withdraws nothing");
  }
  const v1::WithdrawalStatement& withdrawal = verified.statement.withdrawal();
  MUSTER_ASSIGN_OR_RETURN(const MemberId member, MemberId::Parse(withdrawal.member()));
  v1::Statement said;
  said.set_consortium(verified.statement.consortium());
  v1::WithdrawnStatement& withdrawn = *said.mutable_withdrawn();
  withdrawn.set_withdrawal(withdrawal.withdrawal());
  withdrawn.set_member(withdrawal.member());
  store::Batch batch;
  const bool of_voters =
      observer_->registry()->IsVoterFileName(member, withdrawal.list()).value_or(false);
  if (of_voters) {
    MUSTER_ASSIGN_OR_RETURN(const int64_t voters,
                            WithdrawVoters(member, withdrawal.list(), statement_index, batch));
    withdrawn.set_source_count(voters);
  } else if (!withdrawal.list().empty()) {
    MUSTER_RETURN_IF_ERROR(
        WithdrawList(member, withdrawal.list(), statement_index, withdrawn, batch));
  }
  if (!withdrawal.sealed_hash().empty()) {
    if (AsText(crypto::Blake2b256(sealed_addresses)) != withdrawal.sealed_hash()) {
      return MakeError(
          v1::REQUEST_MALFORMED,
          "the sealed addresses are not those of the statement; send those that were signed");
    }
    MUSTER_RETURN_IF_ERROR(
        WithdrawAddresses(member, statement_index, sealed_addresses, withdrawn, batch));
  }
  v1::WithdrawalRecord record;
  *record.mutable_withdrawn() = Sign(std::move(said));
  store::VaultStore::PutWithdrawal(statement_index, record, batch);
  if (!of_voters) store::VaultStore::PutCompactionMark(store::VaultStore::Rows::kOfContacts, batch);
  MUSTER_RETURN_IF_ERROR(store_->rows().Write(batch, store::Sync::kYes));
  MUSTER_RETURN_IF_ERROR(CleanUpAll());
  return record.withdrawn();
}

absl::StatusOr<int64_t> Pool::WithdrawVoters(const MemberId& member, const std::string& name,
                                             uint64_t statement_index, store::Batch& batch) const {
  MUSTER_ASSIGN_OR_RETURN(Uploads uploads, UploadsOf(member));
  int64_t voters = 0;
  for (auto& [id, record] : uploads) {
    const bool counts = IsLive(record) || record.state() == v1::UploadRecord::HISTORY;
    if (!counts || record.list() != name ||
        record.statement_index() >= static_cast<int64_t>(statement_index)) {
      continue;
    }
    if (IsLive(record)) voters += record.voter_count();
    record.set_state(v1::UploadRecord::GONE);
    record.set_purge_due(true);
    store::VaultStore::PutUpload(id, record, batch);
  }
  return voters;
}

absl::Status Pool::WithdrawList(const MemberId& member, const std::string& list,
                                uint64_t statement_index, v1::WithdrawnStatement& withdrawn,
                                store::Batch& batch) const {
  MUSTER_ASSIGN_OR_RETURN(Uploads uploads, UploadsOf(member));
  std::vector<UploadId> going, list_staying, other_staying;
  int64_t sources = 0;
  for (auto& [id, record] : uploads) {
    if (!IsLive(record)) continue;
    if (record.list() != list) {
      other_staying.push_back(id);
    } else if (record.statement_index() < static_cast<int64_t>(statement_index)) {
      going.push_back(id);
      sources += record.contact_count();
      record.set_state(v1::UploadRecord::GONE);
      record.set_purge_due(true);
      store::VaultStore::PutUpload(id, record, batch);
    } else {
      list_staying.push_back(id);
    }
  }
  withdrawn.set_source_count(sources);
  if (going.empty()) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(const Change change,
                          CountChange(store_->rows(), {}, going, list_staying, other_staying));
  MUSTER_ASSIGN_OR_RETURN(v1::ListRecord record, store_->ReadList(member, list));
  record.set_upload_count(static_cast<int64_t>(list_staying.size()));
  record.set_contact_count(record.contact_count() + change.list);
  store::VaultStore::PutList(member, list, record, batch);
  MUSTER_ASSIGN_OR_RETURN(v1::MemberTotals totals, store_->ReadMember(member));
  totals.set_contact_count(totals.contact_count() + change.member);
  store::VaultStore::PutMember(member, totals, batch);
  return absl::OkStatus();
}

absl::Status Pool::WithdrawAddresses(const MemberId& member, uint64_t statement_index,
                                     std::string_view sealed_addresses,
                                     v1::WithdrawnStatement& withdrawn, store::Batch& batch) const {
  const auto registry = observer_->registry();
  const std::string context = std::string(kWithdrawContext) + ToString(registry->consortium());
  absl::StatusOr<crypto::WipedString> opened = keyring_->box_key().Open(context, sealed_addresses);
  if (!opened.ok())
    return Annotate(opened.status(),
                    "the sealed addresses do not open; seal them to this vault's box key");
  v1::SealedAddresses addresses;
  if (!addresses.ParseFromString(opened->str())) {
    return MakeError(v1::REQUEST_MALFORMED, "what was sealed is no list of addresses");
  }
  std::set<token::Token> tokens;
  int64_t malformed = 0;
  for (std::string& address : *addresses.mutable_addresses()) {
    absl::StatusOr<std::string> normalized = token::NormalizeEmail(address);
    crypto::Wipe(address.data(), address.size());
    if (!normalized.ok()) {
      ++malformed;
      continue;
    }
    tokens.insert(keyring_->token_key().EmailToken(*normalized));
    crypto::Wipe(normalized->data(), normalized->size());
  }
  MUSTER_ASSIGN_OR_RETURN(const Uploads uploads, UploadsOf(member));
  std::set<UploadId> earlier;
  for (const auto& [id, record] : uploads) {
    if (IsLive(record) && record.statement_index() < static_cast<int64_t>(statement_index))
      earlier.insert(id);
    if (record.state() != v1::UploadRecord::OPEN) continue;
    // Committed before this withdrawal and not read yet: the addresses go once it is.
    const governance::UploadRecord* logged = registry->FindUpload(id);
    if (logged == nullptr || logged->index > statement_index) continue;
    for (const token::Token& token : tokens) {
      batch.Put(store::kUnreadWithdrawn, std::string(id.View()) + std::string(token.View()), "");
    }
  }
  MUSTER_ASSIGN_OR_RETURN(const Removed removed,
                          RemoveAddresses(
                              member, {tokens.begin(), tokens.end()},
                              [&earlier](const UploadId& id) { return earlier.contains(id); },
                              /*or_stand_ins=*/false, batch));
  withdrawn.set_source_count(withdrawn.source_count() + removed.sources);
  withdrawn.set_unknown_count(malformed + static_cast<int64_t>(tokens.size()) - removed.addresses);
  return absl::OkStatus();
}

absl::StatusOr<Pool::Removed> Pool::RemoveAddresses(
    const MemberId& member, const std::vector<token::Token>& tokens,
    const std::function<bool(const UploadId&)>& included, bool or_stand_ins,
    store::Batch& batch) const {
  MUSTER_ASSIGN_OR_RETURN(const HeldBack held_back, HeldBack::Read(*store_, &keyring_->row_key()));
  MUSTER_ASSIGN_OR_RETURN(const Uploads uploads, UploadsOf(member));
  std::map<UploadId, v1::UploadRecord> live;
  for (const auto& [id, record] : uploads) {
    if (IsLive(record)) live.emplace(id, record);
  }
  Removed removed;
  std::set<UploadId> touched;
  std::map<std::string, int64_t> lost_by_list;
  int64_t lost_by_member = 0;
  auto cursor = store_->rows().Scan(store::kSources, "", "");
  auto rows = store_->rows().Scan(store::kUploadContacts, "", "");
  for (const token::Token& token : tokens) {
    std::set<std::string> lists_losing;
    std::set<std::string> lists_keeping;
    const std::string prefix = std::string(token.View()) + std::string(member.View());
    for (cursor->Seek(prefix); cursor->valid() && cursor->key().starts_with(prefix);
         cursor->Next()) {
      MUSTER_ASSIGN_OR_RETURN(const store::SourceKey key, store::DecodeSourceKey(cursor->key()));
      const auto upload = live.find(key.upload);
      if (upload == live.end()) continue;
      if (!included(key.upload)) {
        lists_keeping.insert(upload->second.list());
        continue;
      }
      lists_losing.insert(upload->second.list());
      touched.insert(key.upload);
      upload->second.set_contact_count(upload->second.contact_count() - 1);
      ++removed.sources;
      std::string upload_key;
      store::AppendUploadContactKey({key.upload, token, key.place}, upload_key);
      batch.Delete(store::kSources, cursor->key());
      batch.Delete(store::kUploadContacts, upload_key);
    }
    std::vector<token::Token> stand_ins;
    if (or_stand_ins && !held_back.empty()) stand_ins.push_back(token);
    if (held_back.Find(token) != nullptr) stand_ins.push_back(held_back.StandIn(token, member));
    for (const token::Token& stand_in : stand_ins) {
      for (auto& [id, record] : live) {
        const std::string of_upload = std::string(id.View()).append(stand_in.View());
        for (rows->Seek(of_upload); rows->valid() && rows->key().starts_with(of_upload);
             rows->Next()) {
          MUSTER_ASSIGN_OR_RETURN(const store::UploadContact contact,
                                  store::DecodeUploadContact(rows->value()));
          if (contact.kind != UploadContactKind::kHeldBack) continue;
          if (!included(id)) {
            lists_keeping.insert(record.list());
            continue;
          }
          lists_losing.insert(record.list());
          touched.insert(id);
          record.set_contact_count(record.contact_count() - 1);
          ++removed.sources;
          batch.Delete(store::kUploadContacts, rows->key());
        }
      }
    }
    if (lists_losing.empty()) continue;
    ++removed.addresses;
    for (const std::string& list : lists_losing) {
      if (!lists_keeping.contains(list)) ++lost_by_list[list];
    }
    if (lists_keeping.empty()) ++lost_by_member;
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  MUSTER_RETURN_IF_ERROR(rows->status());
  for (const UploadId& upload : touched)
    store::VaultStore::PutUpload(upload, live.at(upload), batch);
  for (const auto& [list, lost] : lost_by_list) {
    MUSTER_ASSIGN_OR_RETURN(v1::ListRecord record, store_->ReadList(member, list));
    record.set_contact_count(record.contact_count() - lost);
    store::VaultStore::PutList(member, list, record, batch);
  }
  MUSTER_ASSIGN_OR_RETURN(v1::MemberTotals totals, store_->ReadMember(member));
  totals.set_contact_count(totals.contact_count() - lost_by_member);
  store::VaultStore::PutMember(member, totals, batch);
  return removed;
}

absl::StatusOr<v1::SignedStatement> Pool::Erase(uint64_t statement_index,
                                                std::string_view sealed_order) {
  std::lock_guard lock(mutex_);
  MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::ErasureRecord> done,
                          store_->ReadErasure(statement_index));
  if (done) return done->erased();
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          observer_->ReadStatement(statement_index));
  const v1::EraseStatement& erase = verified.statement.erase();
  if (!verified.statement.has_erase()) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "log entry " + std::to_string(statement_index) + " erases nothing");
  }
  if (AsText(crypto::Blake2b256(sealed_order)) != erase.sealed_hash()) {
    return MakeError(v1::REQUEST_MALFORMED,
                     "the sealed order is not that of the statement; send the one that was signed");
  }
  const auto registry = observer_->registry();
  MUSTER_ASSIGN_OR_RETURN(v1::PersonOrder sealed,
                          governance::OpenPersonOrder(governance::PersonOrderKind::kErase,
                                                      keyring_->box_key(), registry->consortium(),
                                                      verified.statement.signer(), sealed_order));
  const bool fits =
      AsText(governance::ErasureCommitment(sealed.salt(), sealed.address())) == erase.commitment();
  absl::StatusOr<std::string> normalized = token::NormalizeEmail(sealed.address());
  crypto::Wipe(sealed.mutable_address()->data(), sealed.address().size());
  if (!fits || !normalized.ok()) {
    return MakeError(v1::REQUEST_MALFORMED,
                     "the address in the order is not the one that the statement commits to");
  }
  Eraser::Order order;
  order.contact = keyring_->token_key().EmailToken(*normalized);
  order.suppression = keyring_->token_key().SuppressionToken(*normalized);
  crypto::Wipe(normalized->data(), normalized->size());
  MUSTER_ASSIGN_OR_RETURN(order.member, MemberId::Parse(erase.member()));
  order.now = Now();
  MUSTER_ASSIGN_OR_RETURN(const HeldBack held_back, HeldBack::Read(*store_, &keyring_->row_key()));
  store::Batch batch;
  MUSTER_ASSIGN_OR_RETURN(const Eraser::Result result,
                          Eraser(store_, &held_back).Erase(order, batch));

  v1::Statement said;
  said.set_consortium(verified.statement.consortium());
  v1::ErasedStatement& erased = *said.mutable_erased();
  erased.set_erasure(erase.erasure());
  erased.set_member(erase.member());
  erased.set_commitment(erase.commitment());
  erased.set_done(result.done);
  erased.set_source_count(result.source_count);
  v1::ErasureRecord record;
  *record.mutable_erased() = Sign(std::move(said));
  store::VaultStore::PutErasure(statement_index, record, batch);
  if (result.done)
    store::VaultStore::PutCompactionMark(store::VaultStore::Rows::kOfContacts, batch);
  MUSTER_RETURN_IF_ERROR(store_->rows().Write(batch, store::Sync::kYes));
  if (result.done) {
    // A crash before this is made up for at the next start.
    const std::string key = held_back.KeyOf(order.contact);
    MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::HeldBackRecord> listed,
                            store_->ReadHeldBack(key));
    if (listed) MUSTER_RETURN_IF_ERROR(erasures_->Put({{key, *listed}}));
  }
  return record.erased();
}

absl::Status Pool::EraseAgain(const token::Token& contact, const v1::HeldBackRecord& record) {
  const auto suppression = ToArray<16>(record.suppression());
  if (!suppression)
    return MakeError(v1::STORE_CORRUPT, "the vault's list of erased addresses is malformed");
  for (const std::string& member : record.members()) {
    MUSTER_ASSIGN_OR_RETURN(const HeldBack held_back,
                            HeldBack::Read(*store_, &keyring_->row_key()));
    Eraser::Order order;
    order.contact = contact;
    order.suppression = {*suppression};
    order.member = MemberId::FromBytes(member).value_or(MemberId{});
    order.now = int64_t{record.day()} * 86'400;
    order.again = true;
    store::Batch batch;
    MUSTER_RETURN_IF_ERROR(Eraser(store_, &held_back).Erase(order, batch).status());
    store::VaultStore::PutCompactionMark(store::VaultStore::Rows::kOfContacts, batch);
    MUSTER_RETURN_IF_ERROR(store_->rows().Write(batch, store::Sync::kYes));
  }
  return absl::OkStatus();
}

absl::Status Pool::RecoverErasures() {
  MUSTER_ASSIGN_OR_RETURN(const HeldBack held_back, HeldBack::Read(*store_, &keyring_->row_key()));
  std::map<std::string, v1::HeldBackRecord> unlisted;
  std::map<std::string, v1::HeldBackRecord> undone;
  for (const auto& [key, record] : held_back.records()) {
    const auto listed = erasures_->records().find(key);
    if (listed == erasures_->records().end() ||
        listed->second.members_size() < record.members_size())
      unlisted.emplace(key, record);
  }
  for (const auto& [key, record] : erasures_->records()) {
    const auto stored = held_back.records().find(key);
    if (stored == held_back.records().end() ||
        stored->second.members_size() < record.members_size())
      undone.emplace(key, record);
  }
  if (!unlisted.empty()) MUSTER_RETURN_IF_ERROR(erasures_->Put(unlisted));
  if (undone.empty()) return absl::OkStatus();
  // The list knows no tokens: every address that the store has is looked at once.
  token::Token token;
  std::vector<std::pair<token::Token, std::string>> back;
  auto cursor = store_->rows().Scan(store::kUploadContacts, "", "");
  for (; cursor->valid(); cursor->Next()) {
    MUSTER_ASSIGN_OR_RETURN(const store::UploadContactKey key,
                            store::DecodeUploadContactKey(cursor->key()));
    if (key.token == token) continue;
    token = key.token;
    std::string list_key = held_back.KeyOf(token);
    if (undone.contains(list_key)) back.emplace_back(token, std::move(list_key));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  for (const auto& [contact, key] : back)
    MUSTER_RETURN_IF_ERROR(EraseAgain(contact, undone.at(key)));
  store::Batch batch;
  for (const auto& [key, record] : undone) {
    store::VaultStore::PutHeldBack(key, record, batch);
    const auto suppression = ToArray<16>(record.suppression());
    if (!suppression) continue;
    batch.Put(
        store::kSuppressions, store::SuppressionKey({*suppression}, MemberId{}, UploadId{}),
        store::SuppressionValue(contact::Status::kDoNotEmail, static_cast<uint32_t>(record.day())));
  }
  return store_->rows().Write(batch, store::Sync::kYes);
}

absl::StatusOr<v1::MemberFigures> Pool::Figures(const MemberId& member) const {
  std::lock_guard lock(mutex_);
  v1::MemberFigures figures;
  MUSTER_ASSIGN_OR_RETURN(const v1::MemberTotals totals, store_->ReadMember(member));
  figures.set_contact_count(totals.contact_count());
  MUSTER_ASSIGN_OR_RETURN(const auto lists, store_->ReadLists(member));
  for (const auto& [name, record] : lists) {
    if (record.upload_count() == 0) continue;
    v1::MemberList& list = *figures.add_lists();
    list.set_list(name);
    list.set_upload_count(record.upload_count());
    list.set_contact_count(record.contact_count());
    list.set_upload_time(record.upload_time());
  }
  return figures;
}

absl::Status Pool::Recover() {
  std::lock_guard lock(mutex_);
  MUSTER_ASSIGN_OR_RETURN(const Uploads uploads, store_->ReadUploads());
  std::set<UploadId> open;
  for (const auto& [id, found] : uploads) {
    v1::UploadRecord record = found;
    if (record.state() == v1::UploadRecord::OPEN) {
      if (record.intake_key().expire_time() >= Now()) {
        open.insert(id);
        continue;
      }
      record.set_state(v1::UploadRecord::GONE);
      record.set_purge_due(true);
      store::Batch batch;
      store::VaultStore::PutUpload(id, record, batch);
      MUSTER_RETURN_IF_ERROR(store_->rows().Write(batch, store::Sync::kYes));
    }
    if (record.purge_due() || IsLive(record)) MUSTER_RETURN_IF_ERROR(CleanUp(id, record));
  }
  MUSTER_ASSIGN_OR_RETURN(const std::vector<UploadId> keys, keyring_->ListIntakeKeys());
  for (const UploadId& upload : keys) {
    if (!open.contains(upload)) MUSTER_RETURN_IF_ERROR(keyring_->DestroyIntakeKey(upload));
  }
  return RecoverErasures();
}

absl::StatusOr<bool> Pool::CompactionDue() const {
  for (const auto& [rows, families] : kCompacted) {
    MUSTER_ASSIGN_OR_RETURN(const std::string mark, store_->ReadCompactionMark(rows));
    if (!mark.empty()) return true;
  }
  return false;
}

absl::Status Pool::Compact() {
  for (const auto& [rows, families] : kCompacted) {
    MUSTER_ASSIGN_OR_RETURN(const std::string mark, store_->ReadCompactionMark(rows));
    if (mark.empty()) continue;
    for (const store::Family family : families)
      MUSTER_RETURN_IF_ERROR(store_->rows().Compact(family));
    std::lock_guard lock(mutex_);
    MUSTER_ASSIGN_OR_RETURN(const std::string now, store_->ReadCompactionMark(rows));
    if (now != mark) continue;  // more was removed meanwhile
    store::Batch batch;
    store::VaultStore::ClearCompactionMark(rows, batch);
    MUSTER_RETURN_IF_ERROR(store_->rows().Write(batch, store::Sync::kYes));
  }
  return absl::OkStatus();
}

absl::StatusOr<Pool::Uploads> Pool::UploadsOf(const MemberId& member) const {
  MUSTER_ASSIGN_OR_RETURN(Uploads uploads, store_->ReadUploads());
  std::erase_if(uploads,
                [&member](const auto& upload) { return upload.second.member() != member.View(); });
  return uploads;
}

v1::SignedStatement Pool::Sign(v1::Statement statement) const {
  statement.set_create_time(Now());
  statement.set_signer("vault");
  const std::array<const crypto::SigningKey*, 1> keys = {&keyring_->sign_key()};
  return governance::SignStatement(statement, keys);
}

int64_t Pool::Now() const { return absl::ToUnixSeconds(clock_->Now()); }

}  // namespace muster::pipeline
