// SPDX-License-Identifier: Apache-2.0
//
// Sealer: records become a signed envelope, on the member's machine, under a DEK that is drawn for
// this batch and forgotten.
//
// Rule: every call draws a new DEK; a batch that must be sent anew is sealed anew, never patched.
// Units: 1 to kBatchRecordsMax records a batch, kBatchesMax batches an upload.
// Errors: INVALID_ARGUMENT (RECORD_TOO_LARGE, KEY_LOW_ORDER, FILE_TOO_LARGE for a sequence beyond
// kBatchesMax). An empty block or one record too many is a mistake of ours and aborts.
// Threads: Seal is const and may run on many threads at once.
#ifndef MUSTER_CORE_SEAL_SEALER_H_
#define MUSTER_CORE_SEAL_SEALER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/contact/contact.h"
#include "core/crypto/box.h"
#include "core/crypto/group.h"
#include "core/crypto/signature.h"
#include "core/seal/envelope.h"

namespace muster::seal {

// Encoded records waiting to be sealed; plaintext, wiped when it goes.
class RecordBlock {
 public:
  RecordBlock() = default;
  ~RecordBlock();
  RecordBlock(RecordBlock&&) noexcept = default;
  RecordBlock& operator=(RecordBlock&& other) noexcept;
  // Encodes and keeps; FIELD_TOO_LONG, RECORD_TOO_LARGE or RECORD_MALFORMED (row 0) leaves the
  // block as it was. Must not be full.
  absl::Status Add(const contact::ContactRecord& record);
  void Clear();  // wipes, keeps capacity
  size_t size() const { return ends_.size(); }
  bool full() const { return size() == kBatchRecordsMax; }
  std::string_view operator[](size_t i) const;
  // What stands in the batch's header for canaries (seal/canary.h). Not set: 32 random bytes, which
  // look the same.
  void set_canary(const Bytes32& commitment) { canary_ = commitment; }
  const std::optional<Bytes32>& canary() const { return canary_; }
  // Lowest and highest row of the records.
  uint32_t first_row() const { return first_row_; }
  uint32_t last_row() const { return last_row_; }

 private:
  std::string bytes_;
  std::vector<uint32_t> ends_;
  uint32_t first_row_ = 0;
  uint32_t last_row_ = 0;
  std::optional<Bytes32> canary_;
};

struct SealContext {
  Bytes16 consortium{};
  MemberId member;
  UploadId upload;
  PersonId uploader;
  crypto::BoxPublicKey intake_key;
  crypto::Point vault_key;
  crypto::Point member_key;
};

struct SealedBatch {
  std::string envelope;
  std::string signed_part;  // header | holding wrap | root: kept on disk before sending
  std::string signature;
};

class Sealer {
 public:
  Sealer(SealContext context, const crypto::SigningKey* key)
      : context_(std::move(context)), key_(key) {}
  absl::StatusOr<SealedBatch> Seal(uint32_t sequence, const RecordBlock& records,
                                   int64_t create_time) const;

 private:
  SealContext context_;
  const crypto::SigningKey* key_;  // outlives the sealer
};

}  // namespace muster::seal

#endif  // MUSTER_CORE_SEAL_SEALER_H_
