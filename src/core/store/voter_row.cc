// SPDX-License-Identifier: Apache-2.0
#include "core/store/voter_row.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/crypto/hash.h"

namespace muster::store {
namespace {

absl::Status Corrupt(std::string_view what) {
  return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed " + std::string(what) +
                                          "; restore it from a backup");
}

}  // namespace

VoterSource VoterSourceOf(const v1::VoterFileTerms& terms) {
  const Bytes32 hash = crypto::Blake2b256(
      {"muster/voter-source/v1", terms.state(), std::string_view("\0", 1), terms.layout()});
  VoterSource source;
  std::copy_n(hash.begin(), source.bytes.size(), source.bytes.begin());
  return source;
}

std::string_view VoterRow::Get(contact::Field field) const {
  ByteReader reader(fields);
  while (reader.remaining() > 0) {
    const auto here = static_cast<contact::Field>(reader.U8());
    const std::string_view text = reader.Take(reader.U16());
    if (here == field) return text;
  }
  return {};
}

void AppendVoterRow(const contact::ContactRecord& record, std::string& out) {
  PutU8(out, kVoterRowVersion);
  PutU32(out, record.row);
  for (const contact::Field field : kVoterFields) {
    const std::string& text = record[field];
    if (text.empty()) continue;
    PutU8(out, static_cast<uint8_t>(field));
    PutU16(out, static_cast<uint16_t>(text.size()));
    out.append(text);
  }
}

absl::StatusOr<VoterRow> DecodeVoterRow(std::string_view bytes) {
  ByteReader reader(bytes);
  const uint8_t version = reader.U8();
  VoterRow row;
  row.row = reader.U32();
  if (reader.failed()) return Corrupt("voter row");
  if (version != kVoterRowVersion) {
    return MakeError(v1::STORE_CORRUPT, "the vault's store has a voter row of version " +
                                            std::to_string(version) +
                                            "; use the version of muster-vault that wrote it");
  }
  row.fields = std::string(reader.Take(reader.remaining()));
  ByteReader fields(row.fields);
  int last = 0;
  while (fields.remaining() > 0) {
    const int field = fields.U8();
    fields.Take(fields.U16());
    if (fields.failed() || field <= last) return Corrupt("voter row");
    last = field;
  }
  return row;
}

void AppendVoterHistoryKey(const VoterHistoryKey& key, std::string& out) {
  out.append(key.source.View()).append(key.voter.View()).append(key.upload.View());
  AppendPlace(key.place, out);
}

absl::StatusOr<VoterHistoryKey> DecodeVoterHistoryKey(std::string_view bytes) {
  ByteReader reader(bytes);
  VoterHistoryKey key;
  key.source.bytes = reader.Array<8>();
  key.voter.bytes = reader.Array<16>();
  key.upload.bytes = reader.Array<8>();
  key.place = ReadPlace(reader);
  if (!reader.Done()) return Corrupt("voter history key");
  return key;
}

}  // namespace muster::store
