// SPDX-License-Identifier: Apache-2.0
#include "core/store/match_row.h"

#include <bit>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/crypto/hash.h"

namespace muster::store {
namespace {

constexpr uint8_t kVersion = 1;

absl::Status Corrupt(std::string_view what) {
  return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed " + std::string(what) +
                                          "; restore it from a backup");
}

bool IsProbability(float value) { return value >= 0 && value <= 1; }

}  // namespace

Bytes8 RowOfSketch(const token::Sketch& sketch) {
  const Bytes32 hash = crypto::Blake2b256(token::EncodeSketch(sketch));
  return *ToArray<8>(AsText(hash).substr(0, 8));
}

void AppendMatchRowKey(const MatchRowKey& key, std::string& out) {
  out.append(AsText(key.run)).append(key.contact.View()).append(AsText(key.row));
}

absl::StatusOr<MatchRowKey> DecodeMatchRowKey(std::string_view bytes) {
  ByteReader reader(bytes);
  MatchRowKey key;
  key.run = reader.Array<8>();
  key.contact.bytes = reader.Array<16>();
  key.row = reader.Array<8>();
  if (!reader.Done()) return Corrupt("key of a match row");
  return key;
}

std::string EncodeMatchRow(const MatchRow& row) {
  MUSTER_CHECK(row.voters.size() <= kMatchRowVotersMax && row.evidence.size() <= 255);
  std::string out;
  PutU8(out, kVersion);
  PutU8(out, static_cast<uint8_t>(row.voters.size()));
  for (const MatchRow::Voter& voter : row.voters) {
    out.append(voter.voter.View());
    PutU32(out, voter.pattern);
    PutU32(out, std::bit_cast<uint32_t>(voter.probability));
  }
  PutU8(out, static_cast<uint8_t>(row.evidence.size()));
  for (const int16_t piece : row.evidence) PutU16(out, static_cast<uint16_t>(piece));
  return out;
}

absl::StatusOr<MatchRow> DecodeMatchRow(std::string_view bytes) {
  ByteReader reader(bytes);
  MatchRow row;
  if (reader.U8() != kVersion) return Corrupt("match row");
  row.voters.resize(reader.U8());
  for (MatchRow::Voter& voter : row.voters) {
    voter.voter.bytes = reader.Array<16>();
    voter.pattern = reader.U32();
    voter.probability = std::bit_cast<float>(reader.U32());
    if (!IsProbability(voter.probability)) return Corrupt("match row");
  }
  row.evidence.resize(reader.U8());
  for (int16_t& piece : row.evidence) piece = static_cast<int16_t>(reader.U16());
  if (!reader.Done()) return Corrupt("match row");
  return row;
}

std::string ContactMatchKey(const MatchRunKey& run, const token::Token& contact) {
  return std::string(AsText(run)).append(contact.View());
}

std::string EncodeContactMatch(const ContactMatch& match) {
  std::string out;
  PutU8(out, kVersion);
  out.append(AsText(match.person));
  PutU8(out, match.outcome);
  PutU8(out, match.doubt);
  out.append(match.voter.View());
  PutU32(out, std::bit_cast<uint32_t>(match.probability));
  return out;
}

absl::StatusOr<ContactMatch> DecodeContactMatch(std::string_view bytes) {
  ByteReader reader(bytes);
  ContactMatch match;
  const uint8_t version = reader.U8();
  match.person = reader.Array<8>();
  match.outcome = reader.U8();
  match.doubt = reader.U8();
  match.voter.bytes = reader.Array<16>();
  match.probability = std::bit_cast<float>(reader.U32());
  if (!reader.Done() || version != kVersion || match.outcome > 2 || match.doubt > 5 ||
      !IsProbability(match.probability)) {
    return Corrupt("match");
  }
  return match;
}

}  // namespace muster::store
