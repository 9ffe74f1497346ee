// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/eraser.h"

#include <map>
#include <optional>
#include <set>

#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::pipeline {
namespace {

using store::UploadContactKind;

constexpr int64_t kSecondsPerDay = 86'400;

MemberId MemberOf(const v1::UploadRecord& record) {
  return MemberId::FromBytes(record.member()).value_or(MemberId{});
}

bool IsLive(const v1::UploadRecord& record) { return record.state() == v1::UploadRecord::LIVE; }

std::string UploadKey(const UploadId& upload, const token::Token& token,
                      const store::RecordPlace& place) {
  std::string key;
  store::AppendUploadContactKey({upload, token, place}, key);
  return key;
}

std::string SourceKeyOf(const token::Token& token, const MemberId& member, const UploadId& upload,
                        const store::RecordPlace& place) {
  std::string key;
  store::AppendSourceKey({token, member, upload, place}, key);
  return key;
}

}  // namespace

absl::StatusOr<Eraser::Result> Eraser::Erase(const Order& order, store::Batch& batch) {
  MUSTER_ASSIGN_OR_RETURN(Uploads uploads, store_.ReadUploads());
  std::erase_if(uploads, [](const auto& upload) { return upload.second.has_voterfile(); });
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Found> rows, FindRows(order, uploads));
  std::map<UploadId, const v1::UploadRecord*> records;
  for (const auto& [id, record] : uploads) records.emplace(id, &record);

  const v1::HeldBackRecord* before = held_back_.Find(order.contact);
  Result result;
  result.done = order.again || (before != nullptr && HeldBack::AskedBy(*before, order.member));
  for (const Found& row : rows) {
    const v1::UploadRecord& upload = *records.at(row.upload);
    if (IsLive(upload) && MemberOf(upload) == order.member) result.done = true;
  }
  if (!result.done) return result;

  for (const Found& row : rows)
    MUSTER_RETURN_IF_ERROR(TakeOut(order, *records.at(row.upload), row, batch));
  for (const auto& [id, record] : uploads) {
    // A withdrawal that waits for its upload to be read goes on under the stand-in.
    const std::string waiting = std::string(id.View()).append(order.contact.View());
    MUSTER_ASSIGN_OR_RETURN(const std::optional<std::string> found,
                            store_.rows().Get(store::kUnreadWithdrawn, waiting));
    if (!found) continue;
    batch.Delete(store::kUnreadWithdrawn, waiting);
    batch.Put(
        store::kUnreadWithdrawn,
        std::string(id.View()).append(held_back_.StandIn(order.contact, MemberOf(record)).View()),
        "");
  }
  MUSTER_RETURN_IF_ERROR(TakeOutMatches(order, batch));
  MUSTER_ASSIGN_OR_RETURN(result.source_count, CountOut(order, rows, uploads, batch));

  v1::HeldBackRecord record = before == nullptr ? v1::HeldBackRecord() : *before;
  if (before == nullptr || !HeldBack::AskedBy(record, order.member))
    record.add_members(std::string(order.member.View()));
  const int64_t day = order.now / kSecondsPerDay;
  record.set_day(static_cast<int32_t>(day));
  record.set_suppression(std::string(order.suppression.View()));
  store::VaultStore::PutHeldBack(held_back_.KeyOf(order.contact), record, batch);
  // Of no member: it holds for all.
  batch.Put(store::kSuppressions, store::SuppressionKey(order.suppression, MemberId{}, UploadId{}),
            store::SuppressionValue(contact::Status::kDoNotEmail, static_cast<uint32_t>(day)));
  return result;
}

absl::StatusOr<std::vector<Eraser::Found>> Eraser::FindRows(const Order& order,
                                                            const Uploads& uploads) const {
  std::vector<Found> rows;
  const auto cursor = store_.rows().Scan(store::kUploadContacts, "", "");
  for (const auto& [id, record] : uploads) {
    const token::Token stand_in = held_back_.StandIn(order.contact, MemberOf(record));
    for (const token::Token& token : {order.contact, stand_in}) {
      const std::string prefix = std::string(id.View()).append(token.View());
      for (cursor->Seek(prefix); cursor->valid() && cursor->key().starts_with(prefix);
           cursor->Next()) {
        MUSTER_ASSIGN_OR_RETURN(const store::UploadContactKey key,
                                store::DecodeUploadContactKey(cursor->key()));
        MUSTER_ASSIGN_OR_RETURN(const store::UploadContact contact,
                                store::DecodeUploadContact(cursor->value()));
        rows.push_back({id, token, key.place, contact});
      }
    }
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  return rows;
}

absl::Status Eraser::TakeOut(const Order& order, const v1::UploadRecord& upload, const Found& row,
                             store::Batch& batch) const {
  const MemberId member = MemberOf(upload);
  if (row.token == order.contact && row.contact.kind == UploadContactKind::kContact) {
    MUSTER_RETURN_IF_ERROR(TakeOutConsent(order, row, member, batch));
    batch.Delete(store::kSources, SourceKeyOf(row.token, member, row.upload, row.place));
  }
  batch.Delete(store::kUploadContacts, UploadKey(row.upload, row.token, row.place));
  const bool own = member == order.member;
  // The statement about an upload that is still being read counts every record.
  const bool unread = upload.state() == v1::UploadRecord::OPEN;
  if (!unread && (own || !IsLive(upload))) return absl::OkStatus();
  store::UploadContact left = row.contact;
  if (left.kind != UploadContactKind::kSuppression) {
    left = {own ? UploadContactKind::kSuppression : UploadContactKind::kHeldBack, left.status, {}};
  }
  std::string value;
  store::AppendUploadContact(left, value);
  batch.Put(store::kUploadContacts,
            UploadKey(row.upload, held_back_.StandIn(order.contact, member), row.place), value);
  return absl::OkStatus();
}

absl::Status Eraser::TakeOutConsent(const Order& order, const Found& row, const MemberId& member,
                                    store::Batch& batch) const {
  MUSTER_ASSIGN_OR_RETURN(
      const std::optional<std::string> bytes,
      store_.rows().Get(store::kSources, SourceKeyOf(row.token, member, row.upload, row.place)));
  if (!bytes) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(const store::SourceRow source, store::DecodeSourceRow(*bytes));
  if (source.consent == Bytes8{}) return absl::OkStatus();
  for (auto cursor = store_.rows().ScanPrefix(store::kUploadContacts, row.upload.View());
       cursor->valid(); cursor->Next()) {
    MUSTER_ASSIGN_OR_RETURN(const store::UploadContactKey key,
                            store::DecodeUploadContactKey(cursor->key()));
    if (key.token == order.contact) continue;
    MUSTER_ASSIGN_OR_RETURN(
        const std::optional<std::string> other,
        store_.rows().Get(store::kSources, SourceKeyOf(key.token, member, key.upload, key.place)));
    if (!other) continue;
    MUSTER_ASSIGN_OR_RETURN(const store::SourceRow other_row, store::DecodeSourceRow(*other));
    if (other_row.consent == source.consent) return absl::OkStatus();
  }
  batch.Delete(store::kConsents, std::string(row.upload.View()).append(AsText(source.consent)));
  return absl::OkStatus();
}

absl::Status Eraser::TakeOutMatches(const Order& order, store::Batch& batch) const {
  MUSTER_ASSIGN_OR_RETURN(const auto runs, store_.ReadMatchRuns());
  for (const auto& [source, run] : runs) {
    const std::string prefix = run.run() + std::string(order.contact.View());
    for (const store::Family family : {store::kMatchRows, store::kMatches}) {
      auto cursor = store_.rows().ScanPrefix(family, prefix);
      for (; cursor->valid(); cursor->Next()) batch.Delete(family, cursor->key());
      MUSTER_RETURN_IF_ERROR(cursor->status());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Eraser::CountOut(const Order& order, const std::vector<Found>& rows,
                                         Uploads& uploads, store::Batch& batch) const {
  int64_t source_count = 0;
  std::set<std::string> lists;
  for (auto& [id, record] : uploads) {
    if (!IsLive(record) || MemberOf(record) != order.member) continue;
    int64_t lost = 0;
    for (const Found& row : rows) {
      if (row.upload == id && row.contact.kind != UploadContactKind::kSuppression) ++lost;
    }
    if (lost == 0) continue;
    source_count += lost;
    lists.insert(record.list());
    record.set_contact_count(record.contact_count() - lost);
    store::VaultStore::PutUpload(id, record, batch);
  }
  if (lists.empty()) return source_count;
  for (const std::string& name : lists) {
    MUSTER_ASSIGN_OR_RETURN(v1::ListRecord list, store_.ReadList(order.member, name));
    list.set_contact_count(list.contact_count() - 1);
    store::VaultStore::PutList(order.member, name, list, batch);
  }
  MUSTER_ASSIGN_OR_RETURN(v1::MemberTotals totals, store_.ReadMember(order.member));
  totals.set_contact_count(totals.contact_count() - 1);
  store::VaultStore::PutMember(order.member, totals, batch);
  return source_count;
}

}  // namespace muster::pipeline
