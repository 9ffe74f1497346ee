// SPDX-License-Identifier: Apache-2.0
//
// BatchSender: brings the batches of one upload to the server and knows, for each, which sealing of
// it the server holds.
//
// Each batch of a list commits to the canaries among its records, or to none (seal/canary.h).
// Rule: nothing is sealed for a key that the vault did not sign. A batch is recorded on disk before
// it is sent; one that the server holds already is neither sealed nor sent again. What the server
// holds is always one of the sealings that were recorded here.
// Errors: SIGNATURE_INVALID and BATCH_WRONG_KEY (the intake key), FILE_CHANGED, BATCH_MISSING,
// those of reading and of the session.
// Threads: Send from one; it starts its own.
#ifndef MUSTER_CLI_BATCH_SENDER_H_
#define MUSTER_CLI_BATCH_SENDER_H_

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/file_pass.h"
#include "cli/session.h"
#include "cli/upload_state.h"
#include "core/seal/canary.h"
#include "muster/v1/canary.pb.h"
#include "muster/v1/upload_service.pb.h"

namespace muster::cli {

// As many as the machine has cores.
int SealingThreads();

class BatchSender {
 public:
  // All outlive the sender. `opened`: what the server said when the upload was opened. `canaries`:
  // what the records have among them; null for a voter file.
  BatchSender(Session* session, UploadState* state, const v1::Upload& opened,
              const v1::CanaryUpload* canaries)
      : session_(*session), state_(*state), opened_(opened), canaries_(canaries) {}

  absl::StatusOr<PassFigures> Send(const FilePassOptions& options, const crypto::Point& member_key);

  struct Batches {
    int64_t count = 0;
    Bytes32 root{};
  };
  // The RFC 6962 root over the signed parts of all batches from 0 on.
  absl::StatusOr<Batches> Settled() const;
  // Of the batches that hold canaries, once all are settled: what proves later where each was.
  absl::StatusOr<std::vector<v1::CanaryBatch>> CanaryEvidence() const;

 private:
  absl::Status CheckIntakeKey() const;
  absl::Status ReadReceived();
  absl::StatusOr<bool> AlreadySent(uint32_t sequence, const seal::RecordBlock& block);
  absl::Status Commit(uint32_t sequence, seal::RecordBlock& block);
  absl::Status RecordBatch(const seal::SealedBatch& batch);
  absl::Status PutBatch(uint32_t sequence, seal::SealedBatch& batch);
  absl::Status TakeStoredVersion(uint32_t sequence, const absl::Status& refusal);
  void Settle(uint32_t sequence, std::string_view signed_part);
  const std::string& name() const { return state_.plan().upload(); }

  Session& session_;
  UploadState& state_;
  const v1::Upload& opened_;
  const v1::CanaryUpload* const canaries_;
  std::map<uint32_t, std::vector<seal::PlacedCanary>> placed_;  // by sequence
  std::vector<bool> received_;
  mutable std::mutex mutex_;
  std::map<uint32_t, Bytes32> leaves_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_BATCH_SENDER_H_
