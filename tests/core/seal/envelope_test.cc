// SPDX-License-Identifier: Apache-2.0
#include "core/seal/envelope.h"

#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "tests/core/seal/sealed_batch.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using seal::BatchHeader;
using testing::BlockOf;
using testing::Must;
using testing::OpenWhole;
using testing::Parties;
using testing::Parts;

std::string SmallEnvelope(const Parties& parties, uint32_t sequence = 0) {
  return Must(parties.Sealer().Seal(sequence, BlockOf({40, 150, 60}), 1'800'000'000)).envelope;
}

TEST_CASE("Header: what is encoded is decoded", "[seal]") {
  const Parties parties;
  const auto dek = crypto::SecretBytes::Random(32);
  BatchHeader header = testing::HeaderFor(parties, dek, 4096);
  header.sequence = seal::kBatchesMax - 1;
  header.first_row = 0x01020304;
  header.last_row = 0xfffffffe;
  const std::string bytes = seal::EncodeHeader(header);
  REQUIRE(bytes.size() == seal::kHeaderBytes);
  const BatchHeader read = Must(seal::DecodeHeader(bytes));
  REQUIRE(seal::EncodeHeader(read) == bytes);
  REQUIRE(read.member == header.member);
  REQUIRE(read.upload == header.upload);
  REQUIRE(read.uploader == header.uploader);
  REQUIRE(read.first_row == header.first_row);
  REQUIRE(read.last_row == header.last_row);
  REQUIRE(read.create_time == header.create_time);
  REQUIRE(read.member_key == header.member_key);
}

TEST_CASE("Header: other sizes and numbers out of bounds are refused", "[seal]") {
  const Parties parties;
  const BatchHeader good = testing::HeaderFor(parties, crypto::SecretBytes::Random(32), 5);
  const std::string bytes = seal::EncodeHeader(good);
  REQUIRE_OK(seal::DecodeHeader(bytes));
  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_REASON(seal::DecodeHeader(std::string_view(bytes).substr(0, size)),
                   v1::BATCH_MALFORMED);
  }
  REQUIRE_REASON(seal::DecodeHeader(bytes + '\0'), v1::BATCH_MALFORMED);

  const std::function<void(BatchHeader&)> mistakes[] = {
      [](BatchHeader& h) { h.version = 0; },
      [](BatchHeader& h) { h.version = 1; },
      [](BatchHeader& h) { h.version = 3; },
      [](BatchHeader& h) { h.record_version = 0; },
      [](BatchHeader& h) { h.record_version = contact::kRecordVersion + 1; },
      [](BatchHeader& h) { h.record_count = 0; },
      [](BatchHeader& h) { h.record_count = seal::kBatchRecordsMax + 1; },
      [](BatchHeader& h) { h.record_count = 0xffffffff; },
      [](BatchHeader& h) { h.sequence = seal::kBatchesMax; },
      [](BatchHeader& h) { h.first_row = 0; },
      [](BatchHeader& h) { h.first_row = h.last_row + 1; },
      [](BatchHeader& h) { h.create_time = -1; },
  };
  for (const auto& mistake : mistakes) {
    BatchHeader bad = good;
    mistake(bad);
    REQUIRE_REASON(seal::DecodeHeader(seal::EncodeHeader(bad)), v1::BATCH_MALFORMED);
  }
}

TEST_CASE("SizeClass: the smallest class that holds text and mark", "[seal][oracle]") {
  REQUIRE(seal::SizeClass(0) == 128);
  REQUIRE(seal::SizeClass(127) == 128);
  REQUIRE(seal::SizeClass(128) == 192);
  REQUIRE(seal::SizeClass(4095) == 4096);
  REQUIRE(seal::SizeClass(4096) == 0);
  REQUIRE(seal::SizeClass(contact::kRecordBytesMax) == 4096);
  for (size_t bytes = 0; bytes < 4096; ++bytes) {
    const size_t size = seal::SizeClass(bytes);
    REQUIRE(size > bytes);
    for (const size_t other : seal::kSizeClasses) REQUIRE((other <= bytes || other >= size));
  }
}

TEST_CASE("Envelope: parsing yields the parts, and the parts make the envelope", "[seal][oracle]") {
  const Parties parties;
  const std::string bytes = SmallEnvelope(parties);
  const seal::Envelope envelope = Must(seal::ParseEnvelope(bytes));
  REQUIRE(envelope.records.size() == 3);
  REQUIRE(envelope.records[0].size() == 128 + 16);
  REQUIRE(envelope.records[1].size() == 192 + 16);
  REQUIRE(Parts::Of(bytes).Bytes() == bytes);
  REQUIRE(Parts::Of(bytes).SignAnew(parties.uploader).Bytes() == bytes);
  REQUIRE(envelope.SignedPart() == bytes.substr(8, seal::kSignedPartBytes));
}

TEST_CASE("Envelope: every changed byte is refused somewhere", "[seal]") {
  const Parties parties;
  const std::string bytes = SmallEnvelope(parties);
  REQUIRE_OK(OpenWhole(bytes, parties));
  const std::set<Reason> expected = {v1::BATCH_MALFORMED, v1::SIGNATURE_INVALID, v1::BATCH_TAMPERED,
                                     v1::DECRYPTION_FAILED, v1::KEY_LOW_ORDER};
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      const absl::Status status = OpenWhole(changed, parties);
      INFO("byte " << at << " ^ " << mask << ": " << testing::Said(status));
      REQUIRE(expected.count(ReasonOf(status)) == 1);
    }
  }
}

TEST_CASE("Envelope: every truncation and every longer one is malformed", "[seal]") {
  const Parties parties;
  const std::string bytes = SmallEnvelope(parties);
  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_REASON(seal::ParseEnvelope(std::string_view(bytes).substr(0, size)),
                   v1::BATCH_MALFORMED);
  }
  REQUIRE_REASON(seal::ParseEnvelope(bytes + '\0'), v1::BATCH_MALFORMED);
  REQUIRE_REASON(seal::ParseEnvelope(bytes + bytes), v1::BATCH_MALFORMED);
  REQUIRE_REASON(seal::ParseEnvelope(bytes.substr(1)), v1::BATCH_MALFORMED);
}

TEST_CASE("Envelope: records of no size class and wraps of another size are malformed", "[seal]") {
  const Parties parties;
  const Parts good = Parts::Of(SmallEnvelope(parties));
  for (const size_t size : {0, 1, 16, 143, 145, 160, 4111, 4113, 65535}) {
    Parts bad = good;
    bad.records[1].assign(size, 'x');
    REQUIRE_REASON(seal::ParseEnvelope(bad.SignAnew(parties.uploader).Bytes()),
                   v1::BATCH_MALFORMED);
  }
  for (const size_t size : {1, 79, 81, 160}) {
    Parts bad = good;
    bad.intake_wrap.assign(size, 'x');
    REQUIRE_REASON(seal::ParseEnvelope(bad.Bytes()), v1::BATCH_MALFORMED);
  }
  // A length of 0 whose wrap is still there.
  std::string left_behind = good.Bytes();
  left_behind[8 + seal::kSignedPartBytes + 64] = 0;
  REQUIRE_REASON(seal::ParseEnvelope(left_behind), v1::BATCH_MALFORMED);
}

TEST_CASE("Envelope: more or fewer records than the header says are malformed", "[seal]") {
  const Parties parties;
  const Parts good = Parts::Of(SmallEnvelope(parties));
  Parts fewer = good;
  fewer.records.pop_back();
  REQUIRE_REASON(seal::ParseEnvelope(fewer.SignAnew(parties.uploader).Bytes()),
                 v1::BATCH_MALFORMED);
  Parts more = good;
  more.records.push_back(more.records[0]);
  REQUIRE_REASON(seal::ParseEnvelope(more.SignAnew(parties.uploader).Bytes()), v1::BATCH_MALFORMED);
}

TEST_CASE("Envelope: a header that claims much must bring it before memory is taken", "[seal]") {
  const Parties parties;
  Parts claims = Parts::Of(SmallEnvelope(parties));
  BatchHeader header = Must(seal::DecodeHeader(claims.header));
  header.record_count = seal::kBatchRecordsMax;
  claims.header = seal::EncodeHeader(header);
  REQUIRE_REASON(seal::ParseEnvelope(claims.Bytes()), v1::BATCH_MALFORMED);
}

TEST_CASE("Envelope: reordered records do not match the root", "[seal]") {
  const Parties parties;
  Parts swapped = Parts::Of(SmallEnvelope(parties));
  std::swap(swapped.records[0], swapped.records[2]);
  REQUIRE_REASON(OpenWhole(swapped.Bytes(), parties), v1::BATCH_TAMPERED);
  // An uploader who signs the new order still cannot make the vault read it.
  REQUIRE_REASON(OpenWhole(swapped.SignAnew(parties.uploader).Bytes(), parties),
                 v1::DECRYPTION_FAILED);
}

TEST_CASE("Envelope: a record of another batch is refused", "[seal]") {
  const Parties parties;
  Parts mixed = Parts::Of(SmallEnvelope(parties, 0));
  mixed.records[0] = Parts::Of(SmallEnvelope(parties, 1)).records[0];
  REQUIRE_REASON(OpenWhole(mixed.Bytes(), parties), v1::BATCH_TAMPERED);
  REQUIRE_REASON(OpenWhole(mixed.SignAnew(parties.uploader).Bytes(), parties),
                 v1::DECRYPTION_FAILED);
}

TEST_CASE("Envelope: even under one DEK a record does not move to another batch", "[seal]") {
  const Parties parties;
  const auto dek = crypto::SecretBytes::Random(32);
  std::string text = "\x80";
  text.resize(128, '\0');
  BatchHeader header = testing::HeaderFor(parties, dek, 1);
  const Parts first = testing::SealRaw(parties, header, dek, {text});
  header.sequence = 1;
  Parts second = testing::SealRaw(parties, header, dek, {text});
  second.records[0] = first.records[0];
  REQUIRE_REASON(OpenWhole(second.SignAnew(parties.uploader).Bytes(), parties),
                 v1::DECRYPTION_FAILED);
}

TEST_CASE("Envelope: another member, upload, sequence or uploader breaks the signature", "[seal]") {
  const Parties parties;
  const Parts good = Parts::Of(SmallEnvelope(parties));
  const std::function<void(BatchHeader&)> claims[] = {
      [](BatchHeader& h) { h.member.bytes[0] ^= 1; },
      [](BatchHeader& h) { h.upload.bytes[7] ^= 1; },
      [](BatchHeader& h) { h.uploader.bytes[3] ^= 1; },
      [](BatchHeader& h) { h.consortium[15] ^= 1; },
      [](BatchHeader& h) { h.sequence += 1; },
      [](BatchHeader& h) { h.last_row += 1; },
      [](BatchHeader& h) { h.create_time += 1; },
      [](BatchHeader& h) { h.intake_key[0] ^= 1; },
      [](BatchHeader& h) { h.vault_key[0] ^= 1; },
      [](BatchHeader& h) { h.member_key[0] ^= 1; },
      [](BatchHeader& h) { h.dek_hash[0] ^= 1; },
  };
  for (const auto& claim : claims) {
    BatchHeader header = Must(seal::DecodeHeader(good.header));
    claim(header);
    Parts claimed = good;
    claimed.header = seal::EncodeHeader(header);
    REQUIRE_REASON(OpenWhole(claimed.Bytes(), parties), v1::SIGNATURE_INVALID);
    // Signed anew, the wraps no longer fit the header that they were made for.
    REQUIRE_REASON(OpenWhole(claimed.SignAnew(parties.uploader).Bytes(), parties),
                   v1::DECRYPTION_FAILED);
  }
}

TEST_CASE("Envelope: the signature is the uploader's and made for batches", "[seal]") {
  const Parties parties;
  const std::string bytes = SmallEnvelope(parties);
  const seal::Envelope envelope = Must(seal::ParseEnvelope(bytes));
  REQUIRE_OK(seal::VerifyEnvelopeSignature(envelope, parties.uploader.verify_key()));
  REQUIRE_REASON(
      seal::VerifyEnvelopeSignature(envelope, crypto::SigningKey::Generate().verify_key()),
      v1::SIGNATURE_INVALID);
  Parts other_purpose = Parts::Of(bytes);
  other_purpose.signature = parties.uploader.Sign("muster/statement/v1\n", envelope.SignedPart());
  REQUIRE_REASON(OpenWhole(other_purpose.Bytes(), parties), v1::SIGNATURE_INVALID);
}

TEST_CASE("Envelope: errors name the batch", "[seal]") {
  const Parties parties;
  Parts bad = Parts::Of(SmallEnvelope(parties, 41));
  bad.records[0][0] = static_cast<char>(bad.records[0][0] ^ 1);
  const absl::Status status = OpenWhole(bad.Bytes(), parties);
  REQUIRE(std::string(status.message()).find("batch 41") != std::string::npos);
}

TEST_CASE("EraseIntakeWrap: signature and root stay valid, and holding still opens", "[seal]") {
  const Parties parties;
  const std::string bytes = SmallEnvelope(parties);
  const std::string erased = Must(seal::EraseIntakeWrap(bytes));
  REQUIRE(erased.size() == bytes.size() - seal::kIntakeWrapBytes);
  const std::string wrap = Parts::Of(bytes).intake_wrap;
  REQUIRE(erased.find(wrap) == std::string::npos);

  const seal::Envelope envelope = Must(seal::ParseEnvelope(erased));
  REQUIRE(envelope.intake_wrap.empty());
  REQUIRE_OK(seal::VerifyEnvelopeSignature(envelope, parties.uploader.verify_key()));
  REQUIRE_OK(seal::VerifyEnvelopeRoot(envelope));
  Parts expected = Parts::Of(bytes);
  expected.intake_wrap.clear();
  REQUIRE(erased == expected.Bytes());

  REQUIRE_REASON(OpenWhole(erased, parties), v1::DECRYPTION_FAILED);
  const auto partial = Must(seal::HoldingPartial(envelope.holding_wrap, parties.m));
  const auto dek =
      Must(seal::UnwrapForHolding(envelope.holding_wrap, parties.v, partial, parties.m.TimesBase(),
                                  envelope.header_bytes, envelope.header.dek_hash));
  seal::Opener opener(envelope, dek);
  contact::ContactRecord record;
  REQUIRE_OK(opener.Open(2, record));
  REQUIRE(record.row == 3);

  REQUIRE(Must(seal::EraseIntakeWrap(erased)) == erased);
  REQUIRE_REASON(seal::EraseIntakeWrap(bytes.substr(0, bytes.size() - 1)), v1::BATCH_MALFORMED);
}

}  // namespace
}  // namespace muster
