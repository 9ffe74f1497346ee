// SPDX-License-Identifier: Apache-2.0
//
// Opener: reads the records of an envelope with its DEK, one at a time, through one buffer that is
// wiped.
//
// Rule: only the one plaintext that the sealer would make passes: canonical padding, the smallest
// size class, a row that the header names. After an error both record and plaintext are empty.
// Errors: INVALID_ARGUMENT (DECRYPTION_FAILED, BATCH_MALFORMED for bad padding, RECORD_MALFORMED),
// naming batch and record.
// Threads: one thread an object.
#ifndef MUSTER_CORE_SEAL_OPENER_H_
#define MUSTER_CORE_SEAL_OPENER_H_

#include "absl/status/status.h"
#include "core/contact/contact.h"
#include "core/crypto/secret_bytes.h"
#include "core/seal/envelope.h"

namespace muster::seal {

class Opener {
 public:
  // `envelope` (already verified) and `dek` outlive the opener.
  Opener(const Envelope& envelope, const crypto::SecretBytes& dek);
  // Record `index` into `record`; its encoded bytes stay readable in plaintext() until the next
  // call.
  absl::Status Open(uint32_t index, contact::ContactRecord& record);
  std::string_view plaintext() const { return buffer_.str(); }

 private:
  absl::Status OpenRecord(uint32_t index, contact::ContactRecord& record);

  const Envelope& envelope_;
  const crypto::SecretBytes& dek_;
  RecordAad aad_;
  crypto::WipedString buffer_;
};

}  // namespace muster::seal

#endif  // MUSTER_CORE_SEAL_OPENER_H_
