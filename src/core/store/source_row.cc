// SPDX-License-Identifier: Apache-2.0
#include "core/store/source_row.h"

#include "core/base/error.h"
#include "core/token/sketch.h"

namespace muster::store {
namespace {

constexpr size_t kSourceRowBytesMin = 1 + 1 + 1 + 4 + 8 + 4 + 4 + 4 + 2 + 16 + 8;

absl::Status Corrupt(std::string_view what) {
  return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed " + std::string(what) +
                                          "; restore it from a backup");
}

bool KnownStatus(uint8_t value) {
  return value <= static_cast<uint8_t>(contact::Status::kDeceased);
}

bool FeaturesAscend(std::string_view features) {
  ByteReader reader(features);
  int last = -1;
  while (reader.remaining() > 0) {
    const int tag = reader.U8();
    reader.Take(reader.U16());
    if (reader.failed() || tag <= last) return false;
    last = tag;
  }
  return true;
}

}  // namespace

void AppendPlace(const RecordPlace& place, std::string& out) {
  PutBe32(out, place.sequence);
  PutU8(out, static_cast<uint8_t>(place.index >> 8));
  PutU8(out, static_cast<uint8_t>(place.index & 0xff));
}

RecordPlace ReadPlace(ByteReader& reader) {
  RecordPlace place;
  place.sequence = reader.Be32();
  const uint8_t high = reader.U8();
  place.index = static_cast<uint16_t>(high << 8 | reader.U8());
  return place;
}

void AppendSourceKey(const SourceKey& key, std::string& out) {
  out.append(key.token.View()).append(key.member.View()).append(key.upload.View());
  AppendPlace(key.place, out);
}

absl::StatusOr<SourceKey> DecodeSourceKey(std::string_view bytes) {
  ByteReader reader(bytes);
  SourceKey key;
  key.token.bytes = reader.Array<16>();
  key.member.bytes = reader.Array<8>();
  key.upload.bytes = reader.Array<8>();
  key.place = ReadPlace(reader);
  if (!reader.Done()) return Corrupt("source key");
  return key;
}

void AppendSourceRow(const SourceRow& row, std::string& out) {
  PutU8(out, kSourceRowVersion);
  PutU8(out, static_cast<uint8_t>(row.status));
  PutU8(out, row.ordinal);
  PutU32(out, row.row);
  PutBytes(out, row.consent);
  PutU32(out, row.subscribed_day);
  PutU32(out, row.activity_day);
  PutU32(out, row.zip5);
  out.append(row.state.data(), row.state.size());
  out.append(row.phone.View());
  PutBytes(out, row.mail_domain);
  out.append(row.features);
}

absl::StatusOr<SourceRow> DecodeSourceRow(std::string_view bytes) {
  if (bytes.size() < kSourceRowBytesMin) return Corrupt("source row");
  ByteReader reader(bytes);
  SourceRow row;
  const uint8_t version = reader.U8();
  if (version != kSourceRowVersion) {
    return MakeError(v1::STORE_CORRUPT, "the vault's store has a source row of version " +
                                            std::to_string(version) +
                                            "; use the version of muster-vault that wrote it");
  }
  const uint8_t status = reader.U8();
  row.status = static_cast<contact::Status>(status);
  row.ordinal = reader.U8();
  row.row = reader.U32();
  row.consent = reader.Array<8>();
  row.subscribed_day = reader.U32();
  row.activity_day = reader.U32();
  row.zip5 = reader.U32();
  const std::string_view state = reader.Take(2);
  row.state = {state[0], state[1]};
  row.phone.bytes = reader.Array<16>();
  row.mail_domain = reader.Array<8>();
  row.features = std::string(reader.Take(reader.remaining()));
  if (!reader.Done() || !KnownStatus(status) || !FeaturesAscend(row.features))
    return Corrupt("source row");
  return row;
}

absl::StatusOr<std::string_view> SketchOfSourceRow(std::string_view bytes) {
  if (bytes.size() < kSourceRowBytesMin) return Corrupt("source row");
  ByteReader reader(bytes.substr(kSourceRowBytesMin));
  while (reader.remaining() > 0) {
    const uint8_t tag = reader.U8();
    const std::string_view value = reader.Take(reader.U16());
    if (tag != kSketchFeature) continue;
    if (value.size() != token::kSketchBytes) return Corrupt("sketch");
    return value;
  }
  return std::string_view();
}

void AppendUploadContactKey(const UploadContactKey& key, std::string& out) {
  out.append(key.upload.View()).append(key.token.View());
  AppendPlace(key.place, out);
}

absl::StatusOr<UploadContactKey> DecodeUploadContactKey(std::string_view bytes) {
  ByteReader reader(bytes);
  UploadContactKey key;
  key.upload.bytes = reader.Array<8>();
  key.token.bytes = reader.Array<16>();
  key.place = ReadPlace(reader);
  if (!reader.Done()) return Corrupt("upload contact key");
  return key;
}

void AppendUploadContact(const UploadContact& contact, std::string& out) {
  PutU8(out, static_cast<uint8_t>(contact.kind));
  PutU8(out, static_cast<uint8_t>(contact.status));
  if (contact.suppression != token::Token{}) out.append(contact.suppression.View());
}

absl::StatusOr<UploadContact> DecodeUploadContact(std::string_view bytes) {
  ByteReader reader(bytes);
  UploadContact contact;
  const uint8_t kind = reader.U8();
  const uint8_t status = reader.U8();
  contact.kind = static_cast<UploadContactKind>(kind);
  contact.status = static_cast<contact::Status>(status);
  if (reader.remaining() > 0) contact.suppression.bytes = reader.Array<16>();
  if (!reader.Done() || kind > static_cast<uint8_t>(UploadContactKind::kHeldBack) ||
      !KnownStatus(status)) {
    return Corrupt("upload contact");
  }
  return contact;
}

std::string SuppressionKey(const token::Token& suppression, const MemberId& member,
                           const UploadId& upload) {
  std::string key;
  key.append(suppression.View()).append(member.View()).append(upload.View());
  return key;
}

std::string SuppressionValue(contact::Status status, uint32_t day) {
  std::string value;
  PutU8(value, static_cast<uint8_t>(status));
  PutU32(value, day);
  return value;
}

}  // namespace muster::store
