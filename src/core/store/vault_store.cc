// SPDX-License-Identifier: Apache-2.0
#include "core/store/vault_store.h"

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::store {
namespace {

constexpr std::string_view kHeadKey = "head";
constexpr std::string_view kEntryPrefix = "entry/";
std::string_view CompactionKey(VaultStore::Rows rows) {
  return rows == VaultStore::Rows::kOfContacts ? "compaction" : "compaction/voters";
}

absl::Status Corrupt(std::string_view what) {
  return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed " + std::string(what) +
                                          "; restore it from a backup");
}

template <typename Message>
absl::StatusOr<std::optional<Message>> ReadMessage(const Store& store, Family family,
                                                   std::string_view key, std::string_view what) {
  MUSTER_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, store.Get(family, key));
  if (!bytes) return std::optional<Message>();
  Message message;
  if (!message.ParseFromString(*bytes)) return Corrupt(what);
  return std::optional<Message>(std::move(message));
}

template <typename Message>
absl::StatusOr<Message> ReadOrNew(const Store& store, Family family, std::string_view key,
                                  std::string_view what) {
  MUSTER_ASSIGN_OR_RETURN(std::optional<Message> message,
                          ReadMessage<Message>(store, family, key, what));
  return std::move(message).value_or(Message());
}

std::string ListKey(const MemberId& member, std::string_view list) {
  return std::string(member.View()) + std::string(list);
}

std::string IndexKey(uint64_t index, std::string_view prefix = {}) {
  std::string key(prefix);
  PutBe64(key, index);
  return key;
}

absl::StatusOr<ObservedEntry> DecodeEntry(std::string_view bytes) {
  if (bytes.size() < 64) return Corrupt("log entry");
  ObservedEntry entry;
  entry.commitment = *ToArray<32>(bytes.substr(0, 32));
  entry.salt = *ToArray<32>(bytes.substr(32, 32));
  entry.body = std::string(bytes.substr(64));
  return entry;
}

}  // namespace

absl::StatusOr<std::unique_ptr<VaultStore>> VaultStore::Open(const std::filesystem::path& path,
                                                             const crypto::SecretBytes& store_key) {
  DatabaseOptions options;
  options.families = {"sources",        "upload_contacts",  "suppressions", "consents",
                      "uploads",        "intakes",          "lists",        "members",
                      "withdrawals",    "unread_withdrawn", "log",          "voters",
                      "voter_sketches", "voter_history",    "match_runs",   "match_rows",
                      "matches",        "erasures",         "held_back"};
  options.key = &store_key;
  options.cache_bytes = size_t{64} << 20;
  MUSTER_ASSIGN_OR_RETURN(auto store, OpenDatabase(path, options));
  return std::unique_ptr<VaultStore>(new VaultStore(std::move(store)));
}

absl::StatusOr<std::optional<v1::UploadRecord>> VaultStore::ReadUpload(
    const UploadId& upload) const {
  return ReadMessage<v1::UploadRecord>(*store_, kUploads, upload.View(), "upload record");
}

absl::StatusOr<std::vector<std::pair<UploadId, v1::UploadRecord>>> VaultStore::ReadUploads() const {
  std::vector<std::pair<UploadId, v1::UploadRecord>> out;
  auto cursor = store_->Scan(kUploads, "", "");
  for (; cursor->valid(); cursor->Next()) {
    const std::optional<UploadId> upload = UploadId::FromBytes(cursor->key());
    v1::UploadRecord record;
    if (!upload || !record.ParseFromString(std::string(cursor->value())))
      return Corrupt("upload record");
    out.emplace_back(*upload, std::move(record));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  return out;
}

void VaultStore::PutUpload(const UploadId& upload, const v1::UploadRecord& record, Batch& batch) {
  batch.Put(kUploads, upload.View(), record.SerializeAsString());
}

absl::StatusOr<v1::IntakeRecord> VaultStore::ReadIntake(const UploadId& upload) const {
  return ReadOrNew<v1::IntakeRecord>(*store_, kIntakes, upload.View(), "intake record");
}

std::string VaultStore::EncodeIntake(const v1::IntakeRecord& record) {
  return record.SerializeAsString();
}

absl::StatusOr<v1::ListRecord> VaultStore::ReadList(const MemberId& member,
                                                    std::string_view list) const {
  return ReadOrNew<v1::ListRecord>(*store_, kLists, ListKey(member, list), "list record");
}

absl::StatusOr<std::vector<std::pair<std::string, v1::ListRecord>>> VaultStore::ReadLists(
    const MemberId& member) const {
  std::vector<std::pair<std::string, v1::ListRecord>> out;
  auto cursor = store_->ScanPrefix(kLists, member.View());
  for (; cursor->valid(); cursor->Next()) {
    v1::ListRecord record;
    if (!record.ParseFromString(std::string(cursor->value()))) return Corrupt("list record");
    out.emplace_back(std::string(cursor->key().substr(member.View().size())), std::move(record));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  return out;
}

void VaultStore::PutList(const MemberId& member, std::string_view list,
                         const v1::ListRecord& record, Batch& batch) {
  batch.Put(kLists, ListKey(member, list), record.SerializeAsString());
}

absl::StatusOr<v1::MemberTotals> VaultStore::ReadMember(const MemberId& member) const {
  return ReadOrNew<v1::MemberTotals>(*store_, kMembers, member.View(), "member record");
}

void VaultStore::PutMember(const MemberId& member, const v1::MemberTotals& totals, Batch& batch) {
  batch.Put(kMembers, member.View(), totals.SerializeAsString());
}

absl::StatusOr<std::optional<v1::WithdrawalRecord>> VaultStore::ReadWithdrawal(
    uint64_t statement_index) const {
  return ReadMessage<v1::WithdrawalRecord>(*store_, kWithdrawals, IndexKey(statement_index),
                                           "withdrawal record");
}

void VaultStore::PutWithdrawal(uint64_t statement_index, const v1::WithdrawalRecord& record,
                               Batch& batch) {
  batch.Put(kWithdrawals, IndexKey(statement_index), record.SerializeAsString());
}

absl::StatusOr<std::optional<v1::ErasureRecord>> VaultStore::ReadErasure(
    uint64_t statement_index) const {
  return ReadMessage<v1::ErasureRecord>(*store_, kErasures, IndexKey(statement_index),
                                        "erasure record");
}

void VaultStore::PutErasure(uint64_t statement_index, const v1::ErasureRecord& record,
                            Batch& batch) {
  batch.Put(kErasures, IndexKey(statement_index), record.SerializeAsString());
}

absl::StatusOr<std::optional<v1::HeldBackRecord>> VaultStore::ReadHeldBack(
    std::string_view key) const {
  return ReadMessage<v1::HeldBackRecord>(*store_, kHeldBackList, key,
                                         "record of an erased address");
}

absl::StatusOr<std::vector<std::pair<std::string, v1::HeldBackRecord>>>
VaultStore::ReadAllHeldBack() const {
  std::vector<std::pair<std::string, v1::HeldBackRecord>> out;
  const auto cursor = store_->Scan(kHeldBackList, "", "");
  for (; cursor->valid(); cursor->Next()) {
    v1::HeldBackRecord record;
    if (!record.ParseFromString(std::string(cursor->value())))
      return Corrupt("record of an erased address");
    out.emplace_back(cursor->key(), std::move(record));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  return out;
}

void VaultStore::PutHeldBack(std::string_view key, const v1::HeldBackRecord& record, Batch& batch) {
  batch.Put(kHeldBackList, key, record.SerializeAsString());
}

absl::StatusOr<std::optional<v1::MatchRunRecord>> VaultStore::ReadMatchRun(
    std::string_view source) const {
  return ReadMessage<v1::MatchRunRecord>(*store_, kMatchRuns, source, "match run");
}

absl::StatusOr<std::vector<std::pair<std::string, v1::MatchRunRecord>>> VaultStore::ReadMatchRuns()
    const {
  std::vector<std::pair<std::string, v1::MatchRunRecord>> runs;
  const auto cursor = store_->Scan(kMatchRuns, "", "");
  for (; cursor->valid(); cursor->Next()) {
    v1::MatchRunRecord record;
    if (!record.ParseFromArray(cursor->value().data(), static_cast<int>(cursor->value().size())))
      return Corrupt("match run");
    runs.emplace_back(cursor->key(), std::move(record));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  return runs;
}

void VaultStore::PutMatchRun(std::string_view source, const v1::MatchRunRecord& record,
                             Batch& batch) {
  batch.Put(kMatchRuns, source, record.SerializeAsString());
}

absl::StatusOr<v1::LogHead> VaultStore::ReadLogHead() const {
  return ReadOrNew<v1::LogHead>(*store_, kLog, kHeadKey, "log head");
}

void VaultStore::PutLogHead(const v1::LogHead& head, Batch& batch) {
  batch.Put(kLog, kHeadKey, head.SerializeAsString());
}

absl::StatusOr<ObservedEntry> VaultStore::ReadEntry(uint64_t index) const {
  MUSTER_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                          store_->Get(kLog, IndexKey(index, kEntryPrefix)));
  if (!bytes)
    return absl::NotFoundError("the vault has not read log entry " + std::to_string(index));
  return DecodeEntry(*bytes);
}

absl::Status VaultStore::ForEachEntry(
    uint64_t first, absl::FunctionRef<absl::Status(uint64_t, const ObservedEntry&)> visit) const {
  auto cursor = store_->Scan(kLog, IndexKey(first, kEntryPrefix), PrefixEnd(kEntryPrefix));
  for (uint64_t index = first; cursor->valid(); cursor->Next(), ++index) {
    if (cursor->key() != IndexKey(index, kEntryPrefix)) return Corrupt("row of log entries");
    MUSTER_ASSIGN_OR_RETURN(const ObservedEntry entry, DecodeEntry(cursor->value()));
    MUSTER_RETURN_IF_ERROR(visit(index, entry));
  }
  return cursor->status();
}

void VaultStore::PutEntry(uint64_t index, const ObservedEntry& entry, Batch& batch) {
  batch.Put(kLog, IndexKey(index, kEntryPrefix),
            ToString(entry.commitment) + ToString(entry.salt) + entry.body);
}

absl::StatusOr<std::string> VaultStore::ReadCompactionMark(Rows rows) const {
  MUSTER_ASSIGN_OR_RETURN(std::optional<std::string> mark, store_->Get(kLog, CompactionKey(rows)));
  return std::move(mark).value_or("");
}

void VaultStore::PutCompactionMark(Rows rows, Batch& batch) {
  batch.Put(kLog, CompactionKey(rows), AsText(crypto::RandomArray<8>()));
}

void VaultStore::ClearCompactionMark(Rows rows, Batch& batch) {
  batch.Delete(kLog, CompactionKey(rows));
}

}  // namespace muster::store
