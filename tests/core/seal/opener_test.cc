// SPDX-License-Identifier: Apache-2.0
#include "core/seal/opener.h"

#include <catch2/catch.hpp>

#include "tests/core/seal/sealed_batch.h"

namespace muster {
namespace {

using testing::Must;
using testing::Parties;
using testing::Parts;
using testing::RecordOf;

std::string Encoded(uint32_t row, size_t bytes) {
  std::string out;
  REQUIRE_OK(contact::EncodeRecord(RecordOf(row, bytes), out));
  REQUIRE(out.size() == bytes);
  return out;
}

std::string Padded(std::string text, size_t size, std::string_view mark = "\x80") {
  text.append(mark);
  text.resize(size, '\0');
  return text;
}

// What Open says of the one record whose padded text is `text`, signed and sealed as it is.
absl::Status OpenText(const std::string& text) {
  const Parties parties;
  const auto dek = crypto::SecretBytes::Random(32);
  const std::string bytes =
      testing::SealRaw(parties, testing::HeaderFor(parties, dek, 1), dek, {text}).Bytes();
  const seal::Envelope envelope = Must(seal::ParseEnvelope(bytes));
  seal::Opener opener(envelope, dek);
  contact::ContactRecord record = RecordOf(9, 50);
  const absl::Status status = opener.Open(0, record);
  if (!status.ok()) {
    REQUIRE(opener.plaintext().empty());
    REQUIRE(record.row == 0);
    for (const std::string& field : record.fields) REQUIRE(field.empty());
  }
  return status;
}

TEST_CASE("Opener: reads what a naive writer sealed", "[seal][oracle]") {
  REQUIRE_OK(OpenText(Padded(Encoded(1, 50), 128)));
  REQUIRE_OK(OpenText(Padded(Encoded(1, 127), 128)));
  REQUIRE_OK(OpenText(Padded(Encoded(1, 128), 192)));
  REQUIRE_OK(OpenText(Padded(Encoded(1, contact::kRecordBytesMax), 4096)));
}

TEST_CASE("Opener: padding other than ours is refused", "[seal]") {
  const std::string record = Encoded(1, 50);
  REQUIRE_REASON(OpenText(std::string(128, '\0')), v1::BATCH_MALFORMED);
  REQUIRE_REASON(OpenText(Padded(record, 128, "")), v1::BATCH_MALFORMED);
  REQUIRE_REASON(OpenText(Padded(record, 128, "\x81")), v1::BATCH_MALFORMED);
  REQUIRE_REASON(OpenText(Padded(record, 128, std::string_view("\x80\0\x01", 3))),
                 v1::BATCH_MALFORMED);
  // Good padding around a text that is none of ours.
  REQUIRE_REASON(OpenText(Padded(std::string(127, 'x'), 128)), v1::RECORD_MALFORMED);
}

TEST_CASE("Opener: a class larger than the smallest is refused", "[seal]") {
  REQUIRE_REASON(OpenText(Padded(Encoded(1, 50), 192)), v1::BATCH_MALFORMED);
  REQUIRE_REASON(OpenText(Padded(Encoded(1, 127), 4096)), v1::BATCH_MALFORMED);
}

TEST_CASE("Opener: a text that is no record is refused", "[seal]") {
  REQUIRE_REASON(OpenText(Padded("", 128)), v1::RECORD_MALFORMED);
  REQUIRE_REASON(OpenText(Padded("no record", 128)), v1::RECORD_MALFORMED);
  REQUIRE_REASON(OpenText(Padded(Encoded(1, 50) + "x", 128)), v1::RECORD_MALFORMED);
  REQUIRE_REASON(OpenText(Padded(Encoded(1, 50).substr(0, 49), 128)), v1::RECORD_MALFORMED);
}

TEST_CASE("Opener: a row that the header does not name is refused", "[seal]") {
  REQUIRE_OK(OpenText(Padded(Encoded(1, 50), 128)));
  REQUIRE_REASON(OpenText(Padded(Encoded(2, 50), 128)), v1::RECORD_MALFORMED);
  REQUIRE_REASON(OpenText(Padded(Encoded(0, 50), 128)), v1::RECORD_MALFORMED);
}

TEST_CASE("Opener: opens records in any order, each under its own index", "[seal]") {
  const Parties parties;
  const auto dek = crypto::SecretBytes::Random(32);
  const auto header = testing::HeaderFor(parties, dek, 3);
  const std::vector<std::string> texts = {Encoded(1, 50), Encoded(2, 500), Encoded(3, 60)};
  Parts parts = testing::SealRaw(
      parties, header, dek, {Padded(texts[0], 128), Padded(texts[1], 512), Padded(texts[2], 128)});
  const std::string bytes = parts.Bytes();
  const seal::Envelope envelope = Must(seal::ParseEnvelope(bytes));
  seal::Opener opener(envelope, dek);
  contact::ContactRecord record;
  for (const uint32_t i : {1u, 0u, 2u, 1u, 1u}) {
    REQUIRE_OK(opener.Open(i, record));
    REQUIRE(record.row == i + 1);
    REQUIRE(opener.plaintext() == texts[i]);
  }
  REQUIRE_REASON(opener.Open(3, record), v1::BATCH_MALFORMED);
  REQUIRE(opener.plaintext().empty());

  std::swap(parts.records[0], parts.records[2]);
  const std::string swapped = parts.Bytes();
  const seal::Envelope swapped_envelope = Must(seal::ParseEnvelope(swapped));
  seal::Opener swapped_opener(swapped_envelope, dek);
  const absl::Status status = swapped_opener.Open(2, record);
  REQUIRE_REASON(status, v1::DECRYPTION_FAILED);
  REQUIRE(std::string(status.message()).find("batch 0, record 2") != std::string::npos);
  REQUIRE_OK(swapped_opener.Open(1, record));
}

TEST_CASE("Opener: another batch's key opens nothing", "[seal]") {
  const Parties parties;
  const auto dek = crypto::SecretBytes::Random(32);
  const std::string bytes = testing::SealRaw(parties, testing::HeaderFor(parties, dek, 1), dek,
                                             {Padded(Encoded(1, 50), 128)})
                                .Bytes();
  const seal::Envelope envelope = Must(seal::ParseEnvelope(bytes));
  const auto other = crypto::SecretBytes::Random(32);
  seal::Opener opener(envelope, other);
  contact::ContactRecord record;
  REQUIRE_REASON(opener.Open(0, record), v1::DECRYPTION_FAILED);
}

}  // namespace
}  // namespace muster
