// SPDX-License-Identifier: Apache-2.0
//
// Batch reader: opens one sealed batch and makes rows of it: verifies, unwraps, decrypts,
// normalizes, keys, sketches, and forgets the plaintext.
//
// Rule: a batch is taken whole or not at all. It must be this upload's, under its sequence,
// signed by an uploader of this member (of a voter file: a steward), for these keys of vault,
// member and intake, and its root must fit its records. A record that opens but cannot be used
// (no address, a voter without a number, malformed) is refused by row number; a record that does
// not open fails the batch.
// Errors: naming the batch and the remedy: PERMISSION_DENIED (BATCH_NOT_YOURS), INVALID_ARGUMENT
// (BATCH_MALFORMED, BATCH_TAMPERED, BATCH_WRONG_KEY, SIGNATURE_INVALID, DECRYPTION_FAILED).
// Threads: one thread an object; the plan may be shared.
#ifndef MUSTER_CORE_PIPELINE_BATCH_READER_H_
#define MUSTER_CORE_PIPELINE_BATCH_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "core/contact/contact.h"
#include "core/crypto/box.h"
#include "core/crypto/group.h"
#include "core/crypto/secret_bytes.h"
#include "core/governance/registry.h"
#include "core/seal/envelope.h"
#include "core/store/source_row.h"
#include "core/store/voter_row.h"
#include "core/token/sketch.h"
#include "core/token/token.h"

namespace muster::pipeline {

// What every batch of one upload is held against. Keys outlive the plan's readers.
struct IntakePlan {
  Bytes16 consortium{};
  MemberId member;
  UploadId upload;
  crypto::BoxSecretKey intake_key;
  crypto::Point vault_key;   // V
  crypto::Point member_key;  // M
  const token::TokenKey* token_key = nullptr;
  const crypto::SecretBytes* row_key = nullptr;
  const token::SketchKey* sketch_key = nullptr;
  // Set for a voter file.
  std::optional<v1::VoterFileTerms> voterfile;
  store::VoterSource source;  // of a voter file
};

// One record on its way into the store. Of a voter file: its token is the voter's, its value a
// sketch and a voter row (none when the record brings history alone), and behind it the vote
// history.
struct IntakeRow {
  token::Token token;
  uint16_t index = 0;  // in the batch
  store::UploadContactKind kind = store::UploadContactKind::kContact;
  contact::Status status = contact::Status::kUnknown;
  uint32_t offset =
      0;  // of its value in BatchRows::values: an encoded source row, or a suppression token
  uint32_t size = 0;
  uint32_t history_size = 0;
};

struct RefusedRow {
  uint32_t row = 0;  // 0 when not even that could be read
  Reason reason = v1::ERROR_REASON_UNSPECIFIED;
};

struct BatchRows {
  uint32_t sequence = 0;
  uint32_t record_count = 0;
  Bytes32 leaf{};  // of the signed part, for the upload's batches_root
  std::vector<IntakeRow> rows;
  std::string values;
  std::vector<std::pair<Bytes8, std::string>> consents;
  std::vector<RefusedRow> refused;
  uint32_t exclusion_count = 0;
  uint32_t history_record_count = 0;  // records that bring vote history alone

  std::string_view Value(const IntakeRow& row) const {
    return std::string_view(values).substr(row.offset, row.size);
  }
  std::string_view History(const IntakeRow& row) const {
    return std::string_view(values).substr(row.offset + row.size, row.history_size);
  }
};

class BatchReader {
 public:
  explicit BatchReader(const IntakePlan* plan) : plan_(*plan), sketcher_(plan->sketch_key) {}
  absl::StatusOr<BatchRows> Read(uint32_t sequence, std::string_view envelope,
                                 const governance::Registry& registry);

 private:
  absl::Status CheckHeader(uint32_t sequence, const seal::Envelope& envelope,
                           const governance::Registry& registry) const;
  // The reason when the record is refused.
  Reason AddContact(uint16_t index, BatchRows& out);
  Reason AddVoter(uint16_t index, BatchRows& out);
  void AppendSketch(std::string& out);
  Bytes8 RowHash(std::string_view domain, std::string_view text) const;

  const IntakePlan& plan_;
  contact::ContactRecord record_;
  token::Sketcher sketcher_;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_BATCH_READER_H_
