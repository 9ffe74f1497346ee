// SPDX-License-Identifier: Apache-2.0
#include "core/seal/sealer.h"

#include <catch2/catch.hpp>
#include <thread>

#include "tests/core/seal/sealed_batch.h"

namespace muster {
namespace {

using seal::RecordBlock;
using testing::BlockOf;
using testing::Must;
using testing::OpenWhole;
using testing::Parties;
using testing::RecordOf;

TEST_CASE("Sealer: what is sealed opens to the same records, in every size class", "[seal]") {
  const Parties parties;
  std::vector<size_t> sizes = {testing::kRecordBytesMin, contact::kRecordBytesMax};
  for (const size_t size : seal::kSizeClasses) {
    for (const size_t bytes : {size - 2, size - 1, size, size + 1}) {
      if (bytes <= contact::kRecordBytesMax) sizes.push_back(bytes);
    }
  }
  const RecordBlock block = BlockOf(sizes, 100);
  const seal::SealedBatch batch = Must(parties.Sealer().Seal(3, block, 1'800'000'000));
  std::vector<std::string> plaintexts;
  REQUIRE_OK(OpenWhole(batch.envelope, parties, &plaintexts));
  REQUIRE(plaintexts.size() == block.size());
  for (size_t i = 0; i < block.size(); ++i) REQUIRE(plaintexts[i] == block[i]);

  const seal::Envelope envelope = Must(seal::ParseEnvelope(batch.envelope));
  for (size_t i = 0; i < block.size(); ++i) {
    REQUIRE(envelope.records[i].size() == seal::SizeClass(sizes[i]) + 16);
  }
}

TEST_CASE("Sealer: every number of records from one to the most makes the trip", "[seal]") {
  const Parties parties;
  for (const size_t count : {1, 2, 4095, 4096}) {
    std::vector<size_t> sizes;
    for (size_t i = 0; i < count; ++i) sizes.push_back(60 + i % 150);
    const RecordBlock block = BlockOf(sizes);
    REQUIRE(block.full() == (count == 4096));
    const seal::SealedBatch batch = Must(parties.Sealer().Seal(0, block, 0));
    std::vector<std::string> plaintexts;
    REQUIRE_OK(OpenWhole(batch.envelope, parties, &plaintexts));
    bool same = plaintexts.size() == count;
    for (size_t i = 0; same && i < count; ++i) same = plaintexts[i] == block[i];
    REQUIRE(same);
  }
}

TEST_CASE("Sealer: the header says who, what and for whom", "[seal]") {
  const Parties parties;
  const seal::SealContext context = parties.Context();
  const RecordBlock block = BlockOf({50, 60, 70}, 1000);
  const seal::SealedBatch batch = Must(parties.Sealer().Seal(17, block, 1'800'000'001));
  const seal::Envelope envelope = Must(seal::ParseEnvelope(batch.envelope));
  const seal::BatchHeader& header = envelope.header;
  REQUIRE(header.consortium == context.consortium);
  REQUIRE(header.member == context.member);
  REQUIRE(header.upload == context.upload);
  REQUIRE(header.uploader == context.uploader);
  REQUIRE(header.sequence == 17);
  REQUIRE(header.first_row == 1000);
  REQUIRE(header.last_row == 1002);
  REQUIRE(header.record_count == 3);
  REQUIRE(header.create_time == 1'800'000'001);
  REQUIRE(header.intake_key == context.intake_key.bytes);
  REQUIRE(header.vault_key == context.vault_key.bytes);
  REQUIRE(header.member_key == context.member_key.bytes);
  REQUIRE(batch.signed_part == envelope.SignedPart());
  REQUIRE(batch.signature == envelope.signature);
}

TEST_CASE("Sealer: the header has the highest version of its records", "[seal]") {
  const Parties parties;
  RecordBlock block;
  contact::ContactRecord record = RecordOf(1, 60);
  REQUIRE_OK(block.Add(record));
  const auto version = [&] {
    const seal::SealedBatch batch = Must(parties.Sealer().Seal(0, block, 0));
    return Must(seal::ParseEnvelope(batch.envelope)).header.record_version;
  };
  REQUIRE(version() == 1);
  record[contact::Field::kVoterStatus] = "active";
  REQUIRE_OK(block.Add(record));
  REQUIRE_OK(block.Add(RecordOf(2, 60)));
  REQUIRE(version() == 2);
}

TEST_CASE("Sealer: sealing the same batch again shares nothing with the first time", "[seal]") {
  const Parties parties;
  const RecordBlock block = BlockOf({50, 60});
  const std::string first = Must(parties.Sealer().Seal(0, block, 5)).envelope;
  const std::string second = Must(parties.Sealer().Seal(0, block, 5)).envelope;
  const seal::Envelope a = Must(seal::ParseEnvelope(first));
  const seal::Envelope b = Must(seal::ParseEnvelope(second));
  REQUIRE(a.header.dek_hash != b.header.dek_hash);
  REQUIRE(a.holding_wrap.substr(0, 32) != b.holding_wrap.substr(0, 32));
  REQUIRE(a.intake_wrap.substr(0, 32) != b.intake_wrap.substr(0, 32));
  for (size_t i = 0; i < a.records.size(); ++i) REQUIRE(a.records[i] != b.records[i]);
}

TEST_CASE("Sealer: equal records look different and nothing of them shows", "[seal]") {
  const Parties parties;
  RecordBlock block;
  contact::ContactRecord record;
  record.row = 1;
  record[contact::Field::kEmail] = "someone.with.a.long.name@example.org";
  REQUIRE_OK(block.Add(record));
  REQUIRE_OK(block.Add(record));
  const std::string bytes = Must(parties.Sealer().Seal(0, block, 5)).envelope;
  const seal::Envelope envelope = Must(seal::ParseEnvelope(bytes));
  REQUIRE(envelope.records[0] != envelope.records[1]);
  REQUIRE(bytes.find("someone") == std::string::npos);
  REQUIRE(bytes.find("example.org") == std::string::npos);
}

TEST_CASE("Sealer: keys of low order and a sequence too many are refused", "[seal]") {
  const Parties parties;
  const RecordBlock block = BlockOf({50});
  const auto seal_with = [&](const seal::SealContext& context, uint32_t sequence) {
    return seal::Sealer(context, &parties.uploader).Seal(sequence, block, 5);
  };
  seal::SealContext context = parties.Context();
  context.intake_key = {};
  REQUIRE_REASON(seal_with(context, 0), v1::KEY_LOW_ORDER);
  context = parties.Context();
  context.vault_key = {};
  REQUIRE_REASON(seal_with(context, 0), v1::KEY_LOW_ORDER);
  context = parties.Context();
  context.member_key = {};
  REQUIRE_REASON(seal_with(context, 0), v1::KEY_LOW_ORDER);
  context = parties.Context();
  REQUIRE_OK(seal_with(context, seal::kBatchesMax - 1));
  REQUIRE_REASON(seal_with(context, seal::kBatchesMax), v1::FILE_TOO_LARGE);
}

TEST_CASE("Sealer: threads share one sealer", "[seal]") {
  const Parties parties;
  const seal::Sealer sealer = parties.Sealer();
  std::vector<std::string> envelopes(4);
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < envelopes.size(); ++t) {
    threads.emplace_back([&, t] {
      RecordBlock block;
      for (uint32_t i = 1; i <= 100; ++i) {
        if (!block.Add(RecordOf(1000 * t + i, 40 + i)).ok()) return;
      }
      auto batch = sealer.Seal(t, block, 5);
      if (batch.ok()) envelopes[t] = std::move(batch->envelope);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& bytes : envelopes) REQUIRE_OK(OpenWhole(bytes, parties));
}

TEST_CASE("RecordBlock: keeps encodings and the range of rows", "[seal]") {
  RecordBlock block;
  REQUIRE(block.size() == 0);
  REQUIRE_FALSE(block.full());
  for (const uint32_t row : {7u, 12u, 5u, 7u}) REQUIRE_OK(block.Add(RecordOf(row, 100)));
  REQUIRE(block.size() == 4);
  REQUIRE(block.first_row() == 5);
  REQUIRE(block.last_row() == 12);
  std::string expected;
  REQUIRE_OK(contact::EncodeRecord(RecordOf(5, 100), expected));
  REQUIRE(block[2] == expected);

  block.Clear();
  REQUIRE(block.size() == 0);
  REQUIRE(block.first_row() == 0);
  REQUIRE_OK(block.Add(RecordOf(3, 50)));
  REQUIRE(block.first_row() == 3);
  REQUIRE(block.last_row() == 3);
  REQUIRE(block[0].size() == 50);
}

TEST_CASE("RecordBlock: what does not fit leaves it as it was", "[seal]") {
  RecordBlock block = BlockOf({50, 60});
  contact::ContactRecord bad = RecordOf(3, 100);
  bad.fields[5].assign(contact::kFieldBytesMax + 1, 'x');
  REQUIRE_REASON(block.Add(bad), v1::FIELD_TOO_LONG);
  for (size_t i = 1; i <= 5; ++i) bad.fields[i].assign(contact::kFieldBytesMax, 'x');
  REQUIRE_REASON(block.Add(bad), v1::RECORD_TOO_LARGE);
  REQUIRE_REASON(block.Add(RecordOf(0, 50)), v1::RECORD_MALFORMED);
  REQUIRE(block.size() == 2);
  REQUIRE(block.last_row() == 2);
  REQUIRE(block[1].size() == 60);
  REQUIRE_OK(block.Add(RecordOf(3, 70)));
  REQUIRE(block[2].size() == 70);
}

TEST_CASE("RecordBlock: grows and moves without losing a record", "[seal]") {
  RecordBlock block;
  for (uint32_t row = 1; row <= 500; ++row) {
    REQUIRE_OK(block.Add(RecordOf(row, 11 + (row * 37) % 3000)));
  }
  RecordBlock moved = std::move(block);
  RecordBlock assigned = BlockOf({50});
  assigned = std::move(moved);
  REQUIRE(assigned.size() == 500);
  REQUIRE(assigned.last_row() == 500);
  for (uint32_t row = 1; row <= 500; ++row) {
    std::string expected;
    REQUIRE_OK(contact::EncodeRecord(RecordOf(row, 11 + (row * 37) % 3000), expected));
    REQUIRE(assigned[row - 1] == expected);
  }
}

}  // namespace
}  // namespace muster
