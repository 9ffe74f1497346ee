// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/core/seal/sealed_batch.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using testing::Must;
using testing::Unhex;
using testing::Unhex32;

crypto::SecretBytes Secret(const nlohmann::json& hex) {
  return crypto::SecretBytes::CopyOf(AsBytes(Unhex(hex.get<std::string>())));
}

template <size_t N>
std::array<uint8_t, N> Array(const nlohmann::json& hex) {
  return ToArray<N>(Unhex(hex.get<std::string>())).value();
}

struct KnownAnswer {
  nlohmann::json json =
      testing::ReadJson(std::filesystem::path(MUSTER_TESTDATA) / "envelope" / "known_answer.json");
  crypto::SecretBytes dek = Secret(json["keys"]["dek"]);
  crypto::Scalar v = Must(crypto::Scalar::FromBytes(Secret(json["keys"]["v"])));
  crypto::Scalar m = Must(crypto::Scalar::FromBytes(Secret(json["keys"]["m"])));
  crypto::Scalar r = Must(crypto::Scalar::FromBytes(Secret(json["keys"]["r"])));
  crypto::BoxSecretKey intake =
      Must(crypto::BoxSecretKey::FromBytes(Secret(json["keys"]["intake"])));
  crypto::SigningKey uploader =
      Must(crypto::SigningKey::FromSeed(Secret(json["keys"]["uploader_seed"])));
  std::string Bytes(const char* name) const { return Unhex(json[name].get<std::string>()); }

  seal::BatchHeader Header() const {
    seal::BatchHeader header;
    header.consortium = Array<16>(json["ids"]["consortium"]);
    header.member.bytes = Array<8>(json["ids"]["member"]);
    header.upload.bytes = Array<8>(json["ids"]["upload"]);
    header.uploader.bytes = Array<8>(json["ids"]["uploader_id"]);
    header.sequence = json["numbers"]["sequence"];
    header.first_row = json["numbers"]["first_row"];
    header.last_row = json["numbers"]["last_row"];
    header.record_count = json["numbers"]["record_count"];
    header.create_time = json["numbers"]["create_time"];
    header.dek_hash = seal::DekHash(dek);
    header.intake_key = intake.public_key().bytes;
    header.vault_key = v.TimesBase().bytes;
    header.member_key = m.TimesBase().bytes;
    header.canary = Array<32>(json["canary"]);
    return header;
  }
};

TEST_CASE("Known envelope: we write the same header", "[seal][vector]") {
  const KnownAnswer known;
  REQUIRE(HexEncode(AsBytes(seal::EncodeHeader(known.Header()))) == known.json["header"]);
}

TEST_CASE("Known envelope: we write the same holding wrap", "[seal][vector]") {
  const KnownAnswer known;
  const std::string wrap = Must(seal::WrapForHoldingWithScalar(
      known.dek, known.v.TimesBase(), known.m.TimesBase(), known.Bytes("header"), known.r));
  REQUIRE(HexEncode(AsBytes(wrap)) == known.json["holding_wrap"]);
  const auto partial = Must(seal::HoldingPartial(wrap, known.m));
  REQUIRE(HexEncode(partial.bytes) == known.json["holding_partial"]);
}

TEST_CASE("Known envelope: we seal the same bytes", "[seal][vector]") {
  const KnownAnswer known;
  testing::Parties parties;
  parties.uploader = known.uploader.Clone();
  seal::RecordBlock block;
  std::vector<std::string> padded;
  for (const auto& hex : known.json["records"]) {
    const std::string text = Unhex(hex.get<std::string>());
    contact::ContactRecord record;
    REQUIRE_OK(contact::DecodeRecord(text, record));
    REQUIRE_OK(block.Add(record));
    REQUIRE(block[block.size() - 1] == text);
    padded.push_back(text + '\x80');
    padded.back().resize(seal::SizeClass(text.size()), '\0');
  }
  testing::Parts parts = testing::SealRaw(parties, known.Header(), known.dek, padded);
  parts.holding_wrap = known.Bytes("holding_wrap");
  parts.intake_wrap = known.Bytes("intake_wrap");
  parts.SignAnew(known.uploader);
  REQUIRE(HexEncode(AsBytes(parts.root)) == known.json["root"]);
  REQUIRE(HexEncode(AsBytes(parts.signature)) == known.json["signature"]);
  REQUIRE(HexEncode(AsBytes(parts.Bytes())) == known.json["envelope"]);
}

TEST_CASE("Known envelope: we read it, through intake and through holding", "[seal][vector]") {
  const KnownAnswer known;
  const std::string bytes = known.Bytes("envelope");
  const seal::Envelope envelope = Must(seal::ParseEnvelope(bytes));
  const auto uploader =
      Must(crypto::ParseVerifyKey(Unhex(known.json["keys"]["uploader"].get<std::string>())));
  REQUIRE_OK(seal::VerifyEnvelopeSignature(envelope, uploader));
  REQUIRE_OK(seal::VerifyEnvelopeRoot(envelope));
  const auto dek = Must(seal::UnwrapForIntake(envelope.intake_wrap, known.intake,
                                              envelope.header_bytes, envelope.header.dek_hash));
  REQUIRE(dek == known.dek);
  const crypto::Point partial{Unhex32(known.json["holding_partial"].get<std::string>())};
  REQUIRE(Must(seal::UnwrapForHolding(envelope.holding_wrap, known.v, partial, known.m.TimesBase(),
                                      envelope.header_bytes, envelope.header.dek_hash)) ==
          known.dek);
  seal::Opener opener(envelope, dek);
  contact::ContactRecord record;
  for (uint32_t i = 0; i < envelope.header.record_count; ++i) {
    REQUIRE_OK(opener.Open(i, record));
    REQUIRE(HexEncode(AsBytes(opener.plaintext())) == known.json["records"][i]);
  }
}

}  // namespace
}  // namespace muster
