// SPDX-License-Identifier: Apache-2.0
//
// Witness: cosigns what the log signs, as long as it only grows. Keeps the newest checkpoint that
// it cosigned, and never cosigns anything that does not extend it.
//
// Rules: the new checkpoint is durable before it is cosigned. Comparing with the stored one and
// replacing it are one step of the store, so that of two requests that race, in one process or in
// two, the stored size never falls. The caller says from which size its proof starts; another size
// is answered with the stored one (LOG_BEHIND, detail "size").
// Errors: INVALID_ARGUMENT (REQUEST_MALFORMED, CHECKPOINT_MALFORMED, CHECKPOINT_UNSIGNED,
// SIGNATURE_INVALID, PROOF_INVALID); NOT_FOUND (CHECKPOINT_MALFORMED) for another log's;
// FAILED_PRECONDITION (LOG_BEHIND); DATA_LOSS (LOG_FORKED); the store's.
// Threads: safe from anywhere when the store is.
// Source: C2SP tlog-witness v1.0.0.
#ifndef MUSTER_CORE_TLOG_WITNESS_H_
#define MUSTER_CORE_TLOG_WITNESS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/crypto/signature.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/note.h"

namespace muster::tlog {

inline constexpr size_t kConsistencyHashesMax = 63;

// An add-checkpoint request: "old <size>", a line for each hash, an empty line, the note.
struct AddCheckpointRequest {
  uint64_t old_size = 0;
  std::vector<Bytes32> consistency;
  std::string checkpoint;
};
std::string FormatAddCheckpoint(const AddCheckpointRequest& request);
absl::StatusOr<AddCheckpointRequest> ParseAddCheckpoint(std::string_view body);

// What a witness remembers of one log.
class WitnessStore {
 public:
  virtual ~WitnessStore() = default;
  // The note stored last; empty when there is none.
  virtual absl::StatusOr<std::string> Read() = 0;
  // Stores `note` durably if `expected` is what is stored; false, and nothing is changed, if not.
  virtual absl::StatusOr<bool> Replace(const std::string& expected, const std::string& note) = 0;
};

// "<log's origin>/people/<person>": the name under which a person of the consortium cosigns.
std::string WitnessName(std::string_view origin, std::string_view person);

class Witness {
 public:
  // `store` and `clock` outlive the witness. `name`: the cosigner's key name.
  Witness(NoteKey log_key, std::string name, crypto::SigningKey key, WitnessStore* store,
          const Clock* clock)
      : log_key_(std::move(log_key)),
        name_(std::move(name)),
        key_(std::move(key)),
        store_(store),
        clock_(clock) {}

  NoteKey note_key() const { return {name_, kAlgorithmCosignature, key_.verify_key()}; }

  absl::StatusOr<NoteSignature> Add(const AddCheckpointRequest& request);

  // The same as it travels over HTTP.
  struct Answer {
    int http_status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
  };
  Answer Handle(std::string_view body);

 private:
  const NoteKey log_key_;
  const std::string name_;
  const crypto::SigningKey key_;
  WitnessStore* const store_;
  const Clock* const clock_;
};

}  // namespace muster::tlog

#endif  // MUSTER_CORE_TLOG_WITNESS_H_
