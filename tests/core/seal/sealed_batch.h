// SPDX-License-Identifier: Apache-2.0
//
// Batches for tests: the parties to one, records of any size, and an envelope writer of its own
// that also writes what an honest sealer never would.
#ifndef MUSTER_TESTS_CORE_SEAL_SEALED_BATCH_H_
#define MUSTER_TESTS_CORE_SEAL_SEALED_BATCH_H_

#include <string>
#include <vector>

#include "core/crypto/aead.h"
#include "core/crypto/hash.h"
#include "core/crypto/merkle.h"
#include "core/seal/envelope.h"
#include "core/seal/key_wrap.h"
#include "core/seal/opener.h"
#include "core/seal/sealer.h"
#include "tests/support/status.h"

namespace muster::testing {

struct Parties {
  crypto::SigningKey uploader = crypto::SigningKey::Generate();
  crypto::BoxSecretKey intake = crypto::BoxSecretKey::Generate();
  crypto::Scalar v = crypto::Scalar::Random();
  crypto::Scalar m = crypto::Scalar::Random();

  seal::SealContext Context() const {
    seal::SealContext context;
    context.consortium = Filled<16>(0xc0);
    context.member.bytes = Filled<8>(0x11);
    context.upload.bytes = Filled<8>(0x22);
    context.uploader.bytes = Filled<8>(0x33);
    context.intake_key = intake.public_key();
    context.vault_key = v.TimesBase();
    context.member_key = m.TimesBase();
    return context;
  }
  seal::Sealer Sealer() const { return seal::Sealer(Context(), &uploader); }

  template <size_t N>
  static std::array<uint8_t, N> Filled(uint8_t value) {
    std::array<uint8_t, N> out;
    out.fill(value);
    return out;
  }
};

constexpr size_t kRecordBytesMin = 7 + 3 + 1;

// A record whose encoding has exactly `bytes` bytes.
inline contact::ContactRecord RecordOf(uint32_t row, size_t bytes) {
  contact::ContactRecord record;
  record.row = row;
  record.status = contact::Status::kSubscribed;
  size_t left = bytes - 7;
  for (size_t field = 1; left > 0; ++field) {
    size_t length = std::min(left - 3, contact::kFieldBytesMax);
    if (const size_t rest = left - 3 - length; rest > 0 && rest < 4) length -= 4;
    record.fields[field].assign(length, static_cast<char>('a' + row % 26));
    left -= 3 + length;
  }
  return record;
}

inline seal::RecordBlock BlockOf(const std::vector<size_t>& sizes, uint32_t first_row = 1) {
  seal::RecordBlock block;
  for (size_t i = 0; i < sizes.size(); ++i) {
    REQUIRE_OK(block.Add(RecordOf(first_row + static_cast<uint32_t>(i), sizes[i])));
  }
  return block;
}

// The parts of an envelope, to be put together as they are.
struct Parts {
  std::string header;
  std::string holding_wrap;
  std::string root;
  std::string signature;
  std::string intake_wrap;
  std::vector<std::string> records;

  static Parts Of(std::string_view envelope) {
    const seal::Envelope parsed = Must(seal::ParseEnvelope(envelope));
    Parts parts{
        std::string(parsed.header_bytes), std::string(parsed.holding_wrap), ToString(parsed.root),
        std::string(parsed.signature),    std::string(parsed.intake_wrap),  {}};
    for (const std::string_view record : parsed.records) parts.records.emplace_back(record);
    return parts;
  }
  // Root and signature over what is there now: what a dishonest uploader could do.
  Parts& SignAnew(const crypto::SigningKey& key) {
    std::vector<Bytes32> leaves;
    for (const std::string& record : records) leaves.push_back(crypto::MerkleLeaf(record));
    root = ToString(crypto::MerkleRoot(leaves));
    signature = key.Sign("muster/batch/v1\n", header + holding_wrap + root);
    return *this;
  }
  std::string Bytes() const {
    std::string out = "MSTRBAT1" + header + holding_wrap + root + signature;
    PutU16(out, static_cast<uint16_t>(intake_wrap.size()));
    out += intake_wrap;
    for (const std::string& record : records) {
      PutU16(out, static_cast<uint16_t>(record.size()));
      out += record;
    }
    return out;
  }
};

inline crypto::SecretBytes NamedSecret(std::string_view name) {
  return crypto::SecretBytes::CopyOf(crypto::Blake2b256(name));
}

// Seals `padded` texts as they are under `dek`, whatever the header says.
inline Parts SealRaw(const Parties& parties, const seal::BatchHeader& header,
                     const crypto::SecretBytes& dek, const std::vector<std::string>& padded) {
  Parts parts;
  parts.header = seal::EncodeHeader(header);
  const seal::SealContext context = parties.Context();
  parts.holding_wrap =
      Must(seal::WrapForHolding(dek, context.vault_key, context.member_key, parts.header));
  parts.intake_wrap = Must(seal::WrapForIntake(dek, context.intake_key, parts.header));
  for (size_t i = 0; i < padded.size(); ++i) {
    std::string aad = ToString(crypto::Blake2b256(parts.header));
    PutU32(aad, static_cast<uint32_t>(i));
    std::string sealed;
    crypto::AeadSealCounter(dek, i, aad, padded[i], sealed);
    parts.records.push_back(sealed);
  }
  parts.SignAnew(parties.uploader);
  return parts;
}

inline seal::BatchHeader HeaderFor(const Parties& parties, const crypto::SecretBytes& dek,
                                   uint32_t record_count) {
  const seal::SealContext context = parties.Context();
  seal::BatchHeader header;
  header.consortium = context.consortium;
  header.member = context.member;
  header.upload = context.upload;
  header.uploader = context.uploader;
  header.first_row = 1;
  header.last_row = record_count;
  header.record_count = record_count;
  header.create_time = 1'800'000'000;
  header.dek_hash = seal::DekHash(dek);
  header.intake_key = context.intake_key.bytes;
  header.vault_key = context.vault_key.bytes;
  header.member_key = context.member_key.bytes;
  return header;
}

// Everything that the vault asks of a batch at intake, and of the same batch at a send.
inline absl::Status OpenWhole(std::string_view bytes, const Parties& parties,
                              std::vector<std::string>* plaintexts = nullptr) {
  MUSTER_ASSIGN_OR_RETURN(const seal::Envelope envelope, seal::ParseEnvelope(bytes));
  MUSTER_RETURN_IF_ERROR(seal::VerifyEnvelopeSignature(envelope, parties.uploader.verify_key()));
  MUSTER_RETURN_IF_ERROR(seal::VerifyEnvelopeRoot(envelope));
  MUSTER_ASSIGN_OR_RETURN(const crypto::SecretBytes dek,
                          seal::UnwrapForIntake(envelope.intake_wrap, parties.intake,
                                                envelope.header_bytes, envelope.header.dek_hash));
  MUSTER_ASSIGN_OR_RETURN(const crypto::Point partial,
                          seal::HoldingPartial(envelope.holding_wrap, parties.m));
  MUSTER_ASSIGN_OR_RETURN(
      const crypto::SecretBytes held,
      seal::UnwrapForHolding(envelope.holding_wrap, parties.v, partial, parties.m.TimesBase(),
                             envelope.header_bytes, envelope.header.dek_hash));
  REQUIRE(held == dek);
  seal::Opener opener(envelope, dek);
  contact::ContactRecord record;
  for (uint32_t i = 0; i < envelope.header.record_count; ++i) {
    MUSTER_RETURN_IF_ERROR(opener.Open(i, record));
    if (plaintexts != nullptr) plaintexts->emplace_back(opener.plaintext());
  }
  return absl::OkStatus();
}

}  // namespace muster::testing

#endif  // MUSTER_TESTS_CORE_SEAL_SEALED_BATCH_H_
