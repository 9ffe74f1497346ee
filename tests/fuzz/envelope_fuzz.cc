// SPDX-License-Identifier: Apache-2.0
//
// The input is read twice: as an envelope from outside, and as the padded text of a record that
// somebody with the right key sealed.
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/crypto/aead.h"
#include "core/crypto/merkle.h"
#include "core/seal/envelope.h"
#include "core/seal/key_wrap.h"
#include "core/seal/opener.h"

namespace muster {
namespace {

void ReadEnvelope(std::string_view bytes) {
  const auto envelope = seal::ParseEnvelope(bytes);
  const auto erased = seal::EraseIntakeWrap(bytes);
  MUSTER_CHECK(envelope.ok() == erased.ok());
  if (!envelope.ok()) return;
  // One batch has one form.
  MUSTER_CHECK(seal::EncodeHeader(envelope->header) == envelope->header_bytes);
  MUSTER_CHECK(bytes.substr(seal::kEnvelopeMagic.size(), seal::kSignedPartBytes) ==
               envelope->SignedPart());
  MUSTER_CHECK(envelope->records.size() == envelope->header.record_count);
  MUSTER_CHECK(erased->size() + envelope->intake_wrap.size() == bytes.size());
  const auto again = seal::ParseEnvelope(*erased);
  MUSTER_CHECK(again.ok() && again->intake_wrap.empty());
  MUSTER_CHECK(again->records == envelope->records && again->root == envelope->root);
  MUSTER_CHECK(seal::VerifyEnvelopeRoot(*envelope) == seal::VerifyEnvelopeRoot(*again));

  static const crypto::SigningKey uploader = crypto::SigningKey::Generate();
  static const crypto::Scalar scalar = crypto::Scalar::Random();
  static const crypto::BoxSecretKey intake = crypto::BoxSecretKey::Generate();
  MUSTER_CHECK(!seal::VerifyEnvelopeSignature(*envelope, uploader.verify_key()).ok());
  MUSTER_CHECK(!seal::UnwrapForIntake(envelope->intake_wrap, intake, envelope->header_bytes,
                                      envelope->header.dek_hash)
                    .ok());
  if (const auto partial = seal::HoldingPartial(envelope->holding_wrap, scalar); partial.ok()) {
    MUSTER_CHECK(!seal::UnwrapForHolding(envelope->holding_wrap, scalar, *partial,
                                         scalar.TimesBase(), envelope->header_bytes,
                                         envelope->header.dek_hash)
                      .ok());
  }
}

void ReadRecord(std::string_view padded) {
  static const crypto::SecretBytes dek = crypto::SecretBytes::Random(32);
  seal::Envelope envelope;
  envelope.header.first_row = 1;
  envelope.header.last_row = 1'000'000;
  seal::RecordAad aad(envelope.header_bytes);
  std::string sealed;
  crypto::AeadSealCounter(dek, 0, aad.Of(0), padded, sealed);
  envelope.records = {sealed};

  seal::Opener opener(envelope, dek);
  contact::ContactRecord record;
  if (!opener.Open(0, record).ok()) {
    MUSTER_CHECK(opener.plaintext().empty() && record.row == 0);
    return;
  }
  std::string encoded;
  MUSTER_CHECK(contact::EncodeRecord(record, encoded).ok());
  MUSTER_CHECK(encoded == opener.plaintext());
  encoded.push_back('\x80');
  encoded.resize(seal::SizeClass(opener.plaintext().size()), '\0');
  MUSTER_CHECK(encoded == padded);
}

}  // namespace
}  // namespace muster

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  muster::ReadEnvelope(bytes);
  muster::ReadRecord(bytes);
  return 0;
}
