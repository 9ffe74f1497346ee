// SPDX-License-Identifier: Apache-2.0
#include "cli/seal_line.h"

#include <map>
#include <set>

#include "core/base/error.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;

struct Line {
  crypto::SigningKey key = crypto::SigningKey::Generate();
  seal::Sealer sealer{[] {
                        seal::SealContext context;
                        context.intake_key = crypto::BoxSecretKey::Generate().public_key();
                        context.vault_key = crypto::Scalar::Random().TimesBase();
                        context.member_key = crypto::Scalar::Random().TimesBase();
                        return context;
                      }(),
                      &key};
  std::mutex mutex;
  std::map<uint32_t, std::string> recorded;
  std::map<uint32_t, std::string> sent;
  bool recorded_first = true;

  SealLine::Step Record() {
    return [this](uint32_t sequence, uint32_t, seal::SealedBatch& batch) {
      const std::lock_guard lock(mutex);
      recorded[sequence] = batch.signed_part;
      return absl::OkStatus();
    };
  }
  SealLine::Step Send() {
    return [this](uint32_t sequence, uint32_t, seal::SealedBatch& batch) {
      const std::lock_guard lock(mutex);
      if (recorded[sequence] != batch.signed_part) recorded_first = false;
      sent[sequence] = batch.envelope;
      return absl::OkStatus();
    };
  }
};

seal::RecordBlock Fill(seal::RecordBlock block, uint32_t first_row, int records) {
  CHECK(block.size() == 0);
  for (int i = 0; i < records; ++i) {
    contact::ContactRecord record;
    record.row = first_row + static_cast<uint32_t>(i);
    record[contact::Field::kEmail] = "p" + std::to_string(record.row) + "@example.org";
    REQUIRE_OK(block.Add(record));
  }
  return block;
}

TEST_CASE("Every block is sealed, recorded, then sent, once", "[cli]") {
  Line made;
  SealLine line(&made.sealer, 3, 2, made.Record(), made.Send());
  seal::RecordBlock block;
  for (uint32_t sequence = 0; sequence < 40; ++sequence) {
    block = Must(line.Push(sequence, Fill(std::move(block), sequence * 10 + 1, 10)));
  }
  REQUIRE_OK(line.Finish());
  CHECK(line.records_sent() == 400);
  CHECK(made.recorded_first);
  REQUIRE(made.sent.size() == 40);
  for (const auto& [sequence, bytes] : made.sent) {
    const seal::Envelope envelope = Must(seal::ParseEnvelope(bytes));
    CHECK(envelope.header.sequence == sequence);
    CHECK(envelope.header.first_row == sequence * 10 + 1);
    REQUIRE_OK(seal::VerifyEnvelopeSignature(envelope, made.key.verify_key()));
  }
}

TEST_CASE("The first failure stops the line, whichever step it is, and is what is told",
          "[cli][fault]") {
  Line made;
  const bool in_record = GENERATE(true, false);
  const SealLine::Step fail = [](uint32_t sequence, uint32_t, seal::SealedBatch&) {
    return sequence < 5 ? absl::OkStatus() : MakeError(v1::DISK_FULL, "full");
  };
  SealLine line(&made.sealer, 2, 2, in_record ? fail : made.Record(),
                in_record ? made.Send() : fail);
  absl::Status status;
  for (uint32_t sequence = 0; sequence < 1000 && status.ok(); ++sequence) {
    status = line.Push(sequence, Fill({}, sequence + 1, 1)).status();
  }
  CHECK(ReasonOf(status) == v1::DISK_FULL);
  REQUIRE_REASON(line.Finish(), v1::DISK_FULL);
  CHECK(made.sent.size() < 1000);
}

TEST_CASE("A line that is given up ends its threads", "[cli]") {
  Line made;
  SealLine line(&made.sealer, 2, 2, made.Record(), made.Send());
  (void)line.Push(0, Fill({}, 1, 1)).ok();
}

}  // namespace
}  // namespace muster::cli
