// SPDX-License-Identifier: Apache-2.0
//
// Canary proof: that an address which got a mail was among those that a member gave in one batch
// of one upload, and was committed to before the upload was on the log.
//
// File: "MUSTER-CANARY-1\n" | CanaryProof | signature (64) by the reporter over
// "muster/canary/v1\n" and all bytes before it. It proves that the member's uploader, when sealing
// that batch, committed to the address as a canary in it: nobody could claim so later. It does not
// prove that the record behind the commitment holds the address (the batch is sealed), nor that the
// mail was really received, nor that the log has no send that accounts for it: those are the
// reporter's word, signed.
// Errors: the first thing that does not hold: CANARY_MALFORMED, SIGNATURE_INVALID, and those of
// evidence.h.
// Threads: pure.
// Source: docs/formats/canary.md.
#ifndef MUSTER_CORE_REPORT_CANARY_PROOF_H_
#define MUSTER_CORE_REPORT_CANARY_PROOF_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/crypto/signature.h"
#include "core/report/verify.h"
#include "core/seal/canary.h"
#include "core/tlog/checkpoint.h"
#include "muster/v1/canary.pb.h"

namespace muster::report {

inline constexpr std::string_view kCanaryProofMagic = "MUSTER-CANARY-1\n";
inline constexpr std::string_view kCanaryProofPurpose = "muster/canary/v1\n";
inline constexpr size_t kCanaryProofBytesMax = size_t{64} << 20;

struct CanaryFinding {
  std::string address;
  std::string member;
  std::string member_name;
  std::string reporter_name;
  std::string upload;
  std::string list;
  std::string uploader_name;
  uint32_t sequence = 0;    // of the batch
  uint32_t index = 0;       // of the record in it
  int64_t seal_time = 0;    // Unix seconds, by the uploader's clock
  int64_t upload_time = 0;  // of the statement
  uint64_t upload_index = 0;
  v1::CanaryMail mail;
  // What the reporter says of the log.
  int64_t log_size = 0;
  int64_t read_entry_count = 0;
  std::vector<int64_t> send_indices;
  tlog::Checkpoint checkpoint;
  bool same_tree = false;
};

v1::CanaryOpening ToProto(const seal::CanaryOpening& opening);
// Sets reporter_key to `key`'s and signs.
std::string EncodeCanaryProof(v1::CanaryProof proof, const crypto::SigningKey& key);
// Checks the signature by the key that the file itself names.
absl::StatusOr<v1::CanaryProof> DecodeCanaryProof(std::string_view file);
absl::StatusOr<CanaryFinding> VerifyCanaryProof(std::string_view file, const AuditRoot& root);

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_CANARY_PROOF_H_
