// SPDX-License-Identifier: Apache-2.0
#include "core/seal/key_wrap.h"

#include <catch2/catch.hpp>

#include "core/crypto/hash.h"
#include "tests/core/seal/sealed_batch.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using crypto::SecretBytes;
using testing::Must;
using testing::Parties;

constexpr std::string_view kHeader = "the header of one batch";
constexpr std::string_view kOtherHeader = "the header of another batch";

struct Held {
  Parties parties;
  SecretBytes dek = SecretBytes::Random(32);
  crypto::Point vault_key = parties.v.TimesBase();
  crypto::Point member_key = parties.m.TimesBase();
  std::string wrap = Must(seal::WrapForHolding(dek, vault_key, member_key, kHeader));
  crypto::Point partial = Must(seal::HoldingPartial(wrap, parties.m));

  absl::StatusOr<SecretBytes> Open(std::string_view with_wrap, const crypto::Scalar& v,
                                   const crypto::Point& with_partial,
                                   std::string_view header = kHeader) const {
    return seal::UnwrapForHolding(with_wrap, v, with_partial, member_key, header,
                                  seal::DekHash(dek));
  }
};

TEST_CASE("DekHash: names the key and hides it", "[seal]") {
  const SecretBytes dek = testing::NamedSecret("dek");
  REQUIRE(seal::DekHash(dek) == crypto::Blake2b256("muster/dek/v1" + ToString(dek.ExposeSecret())));
  REQUIRE(seal::DekHash(dek) != crypto::Blake2b256(AsText(dek.ExposeSecret())));
}

TEST_CASE("Intake wrap: opens under its key, header and hash alone", "[seal]") {
  const Parties parties;
  const SecretBytes dek = SecretBytes::Random(32);
  const Bytes32 hash = seal::DekHash(dek);
  const std::string wrap = Must(seal::WrapForIntake(dek, parties.intake.public_key(), kHeader));
  REQUIRE(wrap.size() == seal::kIntakeWrapBytes);
  REQUIRE(Must(seal::UnwrapForIntake(wrap, parties.intake, kHeader, hash)) == dek);

  SECTION("another intake key does not open it") {
    REQUIRE_REASON(seal::UnwrapForIntake(wrap, crypto::BoxSecretKey::Generate(), kHeader, hash),
                   v1::DECRYPTION_FAILED);
  }
  SECTION("the wrap of another batch does not open here") {
    REQUIRE_REASON(seal::UnwrapForIntake(wrap, parties.intake, kOtherHeader, hash),
                   v1::DECRYPTION_FAILED);
  }
  SECTION("a key that the header does not name is refused") {
    REQUIRE_REASON(seal::UnwrapForIntake(wrap, parties.intake, kHeader,
                                         seal::DekHash(SecretBytes::Random(32))),
                   v1::BATCH_WRONG_KEY);
  }
  SECTION("every changed byte is refused") {
    for (size_t at = 0; at < wrap.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        // X25519 ignores the top bit of a public key, but the box hashes the key as it came.
        REQUIRE_FALSE(
            seal::UnwrapForIntake(testing::Flipped(wrap, at, bit), parties.intake, kHeader, hash)
                .ok());
      }
    }
  }
  SECTION("other sizes are refused, an erased wrap too") {
    for (const size_t size : {0, 1, 31, 32, 48, 79}) {
      REQUIRE_REASON(seal::UnwrapForIntake(wrap.substr(0, size), parties.intake, kHeader, hash),
                     v1::DECRYPTION_FAILED);
    }
    REQUIRE_REASON(seal::UnwrapForIntake(wrap + '\0', parties.intake, kHeader, hash),
                   v1::DECRYPTION_FAILED);
  }
  SECTION("a box with a key of another size is refused") {
    const SecretBytes longer = SecretBytes::Random(33);
    const std::string other =
        Must(seal::WrapForIntake(longer, parties.intake.public_key(), kHeader));
    REQUIRE_REASON(seal::UnwrapForIntake(other, parties.intake, kHeader, seal::DekHash(longer)),
                   v1::DECRYPTION_FAILED);
  }
}

TEST_CASE("Intake wrap: a low-order key gets nothing", "[seal]") {
  REQUIRE_REASON(seal::WrapForIntake(SecretBytes::Random(32), crypto::BoxPublicKey{}, kHeader),
                 v1::KEY_LOW_ORDER);
}

TEST_CASE("Holding wrap: v and the member's part together open it", "[seal]") {
  const Held held;
  REQUIRE(held.wrap.size() == seal::kHoldingWrapBytes);
  REQUIRE(Must(held.Open(held.wrap, held.parties.v, held.partial)) == held.dek);
}

TEST_CASE("Holding wrap: r is drawn anew each time", "[seal]") {
  const Held held;
  const std::string again =
      Must(seal::WrapForHolding(held.dek, held.vault_key, held.member_key, kHeader));
  REQUIRE(again.substr(0, 32) != held.wrap.substr(0, 32));
  REQUIRE(again.substr(32) != held.wrap.substr(32));
}

TEST_CASE("Holding wrap: v alone does not open it", "[seal]") {
  const Held held;
  const auto ephemeral = Must(crypto::ParsePoint(held.wrap.substr(0, 32)));
  const crypto::Point guesses[] = {
      Must(held.parties.v.Times(ephemeral)),
      Must(held.parties.v.Times(held.member_key)),
      ephemeral,
      held.vault_key,
      held.member_key,
      crypto::Point{},
  };
  for (const crypto::Point& guess : guesses) {
    REQUIRE_REASON(held.Open(held.wrap, held.parties.v, guess), v1::DECRYPTION_FAILED);
  }
}

TEST_CASE("Holding wrap: m alone does not open it", "[seal]") {
  const Held held;
  REQUIRE_REASON(held.Open(held.wrap, held.parties.m, held.partial), v1::DECRYPTION_FAILED);
  REQUIRE_REASON(held.Open(held.wrap, crypto::Scalar::Random(), held.partial),
                 v1::DECRYPTION_FAILED);
}

TEST_CASE("Holding wrap: a wrong part or that of another batch does not open it", "[seal]") {
  const Held held;
  const auto wrong = Must(seal::HoldingPartial(held.wrap, crypto::Scalar::Random()));
  REQUIRE_REASON(held.Open(held.wrap, held.parties.v, wrong), v1::DECRYPTION_FAILED);

  const std::string other =
      Must(seal::WrapForHolding(held.dek, held.vault_key, held.member_key, kOtherHeader));
  const auto other_partial = Must(seal::HoldingPartial(other, held.parties.m));
  REQUIRE_REASON(held.Open(held.wrap, held.parties.v, other_partial), v1::DECRYPTION_FAILED);
  // Nor does the other batch's wrap, whole, open as this batch's.
  REQUIRE_REASON(held.Open(other, held.parties.v, other_partial), v1::DECRYPTION_FAILED);
  REQUIRE_REASON(held.Open(held.wrap, held.parties.v, held.partial, kOtherHeader),
                 v1::DECRYPTION_FAILED);
}

TEST_CASE("Holding wrap: another member's key is not this member's", "[seal]") {
  const Held held;
  REQUIRE_REASON(seal::UnwrapForHolding(held.wrap, held.parties.v, held.partial,
                                        crypto::Scalar::Random().TimesBase(), kHeader,
                                        seal::DekHash(held.dek)),
                 v1::DECRYPTION_FAILED);
}

TEST_CASE("Holding wrap: a key that the header does not name is refused", "[seal]") {
  const Held held;
  REQUIRE_REASON(seal::UnwrapForHolding(held.wrap, held.parties.v, held.partial, held.member_key,
                                        kHeader, seal::DekHash(SecretBytes::Random(32))),
                 v1::BATCH_WRONG_KEY);
}

TEST_CASE("Holding wrap: every changed byte and every other size is refused", "[seal]") {
  const Held held;
  for (size_t at = 0; at < held.wrap.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      const absl::Status status =
          held.Open(testing::Flipped(held.wrap, at, bit), held.parties.v, held.partial).status();
      const Reason reason = ReasonOf(status);
      REQUIRE((reason == v1::DECRYPTION_FAILED || (at < 32 && reason == v1::KEY_MALFORMED)));
    }
  }
  for (const size_t size : {0, 31, 32, 48, 79}) {
    REQUIRE_REASON(held.Open(held.wrap.substr(0, size), held.parties.v, held.partial),
                   v1::DECRYPTION_FAILED);
    REQUIRE_REASON(seal::HoldingPartial(held.wrap.substr(0, size), held.parties.m),
                   v1::DECRYPTION_FAILED);
  }
}

TEST_CASE("Holding wrap: the identity is neither key nor R", "[seal]") {
  const Held held;
  REQUIRE_REASON(seal::WrapForHolding(held.dek, crypto::Point{}, held.member_key, kHeader),
                 v1::KEY_LOW_ORDER);
  REQUIRE_REASON(seal::WrapForHolding(held.dek, held.vault_key, crypto::Point{}, kHeader),
                 v1::KEY_LOW_ORDER);
  const std::string identity = std::string(32, '\0') + held.wrap.substr(32);
  REQUIRE_REASON(held.Open(identity, held.parties.v, held.partial), v1::KEY_LOW_ORDER);
  REQUIRE_REASON(seal::HoldingPartial(identity, held.parties.m), v1::KEY_LOW_ORDER);
}

TEST_CASE("Both wraps: different keys behind one header do not both open", "[seal]") {
  const Parties parties;
  const SecretBytes named = SecretBytes::Random(32);
  const SecretBytes substituted = SecretBytes::Random(32);
  std::string text = "\x80";
  text.resize(128, '\0');
  // Signed by the uploader: the header names one key, the wraps hold another.
  const auto header = testing::HeaderFor(parties, named, 1);
  const std::string bytes = testing::SealRaw(parties, header, substituted, {text}).Bytes();
  const seal::Envelope envelope = Must(seal::ParseEnvelope(bytes));
  REQUIRE_OK(seal::VerifyEnvelopeSignature(envelope, parties.uploader.verify_key()));
  REQUIRE_OK(seal::VerifyEnvelopeRoot(envelope));
  REQUIRE_REASON(seal::UnwrapForIntake(envelope.intake_wrap, parties.intake, envelope.header_bytes,
                                       envelope.header.dek_hash),
                 v1::BATCH_WRONG_KEY);
  const auto partial = Must(seal::HoldingPartial(envelope.holding_wrap, parties.m));
  REQUIRE_REASON(
      seal::UnwrapForHolding(envelope.holding_wrap, parties.v, partial, parties.m.TimesBase(),
                             envelope.header_bytes, envelope.header.dek_hash),
      v1::BATCH_WRONG_KEY);
}

}  // namespace
}  // namespace muster
