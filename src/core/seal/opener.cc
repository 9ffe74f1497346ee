// SPDX-License-Identifier: Apache-2.0
#include "core/seal/opener.h"

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/aead.h"
#include "core/crypto/hash.h"

namespace muster::seal {

Opener::Opener(const Envelope& envelope, const crypto::SecretBytes& dek)
    : envelope_(envelope), dek_(dek), aad_(envelope.header_bytes) {}

absl::Status Opener::Open(uint32_t index, contact::ContactRecord& record) {
  absl::Status status = OpenRecord(index, record);
  if (status.ok()) return status;
  buffer_.Clear();
  record.Clear();
  return Annotate(status, "batch " + std::to_string(envelope_.header.sequence) + ", record " +
                              std::to_string(index));
}

absl::Status Opener::OpenRecord(uint32_t index, contact::ContactRecord& record) {
  if (index >= envelope_.records.size()) {
    return MakeError(v1::BATCH_MALFORMED, "the batch holds no record of this index");
  }
  MUSTER_RETURN_IF_ERROR(
      crypto::AeadOpenCounter(dek_, index, aad_.Of(index), envelope_.records[index], buffer_));
  std::string& text = buffer_.str();
  const size_t padded = text.size();
  const size_t mark = text.find_last_not_of('\0');
  if (mark == std::string::npos || text[mark] != '\x80' || SizeClass(mark) != padded) {
    return MakeError(v1::BATCH_MALFORMED, "the padding is not ours");
  }
  text.resize(mark);
  MUSTER_RETURN_IF_ERROR(contact::DecodeRecord(text, record));
  if (record.row < envelope_.header.first_row || record.row > envelope_.header.last_row) {
    return MakeError(v1::RECORD_MALFORMED, "its row is not among those that the header names");
  }
  return absl::OkStatus();
}

}  // namespace muster::seal
