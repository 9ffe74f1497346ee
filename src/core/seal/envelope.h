// SPDX-License-Identifier: Apache-2.0
//
// Envelope: one sealed batch of at most 4,096 records, as it travels and as it is kept.
//
//   "MSTRBAT1" | header (fixed size) | holding wrap (80) | root (32) | signature (64) |
//   intake wrap (u16 length, 0 when erased; else 80) |
//   records: record_count times { u16 length | ciphertext }
//
// Signed part: header | holding wrap | root; signature Ed25519 "muster/batch/v1\n" || signed part,
// by the uploader. Root: RFC 6962 over the ciphertexts in order. Leaf of a batch in the upload's
// batches_root: the signed part. AAD of record i: BLAKE2b-256(header) | LE32(i). Nonce of record i:
// LE64(i) || 0^16. Parsing is strict: sizes exact, no trailing bytes, counts in bounds; views point
// into the input.
// Errors: INVALID_ARGUMENT (BATCH_MALFORMED, SIGNATURE_INVALID, BATCH_TAMPERED).
// Threads: pure.
// Source: docs/formats/envelope.md.
#ifndef MUSTER_CORE_SEAL_ENVELOPE_H_
#define MUSTER_CORE_SEAL_ENVELOPE_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/crypto/signature.h"
#include "core/seal/key_wrap.h"

namespace muster::seal {

inline constexpr std::string_view kEnvelopeMagic = "MSTRBAT1";
inline constexpr uint8_t kEnvelopeVersion = 2;
// What the uploader's signature is made for.
inline constexpr std::string_view kBatchPurpose = "muster/batch/v1\n";
inline constexpr uint32_t kBatchRecordsMax = 4096;
inline constexpr uint32_t kBatchesMax = 65'536;  // 268 million records an upload
inline constexpr size_t kHeaderBytes = 226;
inline constexpr size_t kSignedPartBytes = kHeaderBytes + kHoldingWrapBytes + 32;
inline constexpr size_t kSignatureBytes = 64;
// Plaintext is padded (0x80 0x00...) to the smallest of these; a ciphertext is 16 bytes longer.
inline constexpr uint16_t kSizeClasses[] = {128, 192, 256, 384, 512, 1024, 2048, 4096};

// The class of a plaintext, padding mark counted in; 0 when it is larger than every class.
size_t SizeClass(size_t plaintext_bytes);

struct BatchHeader {
  uint8_t version = kEnvelopeVersion;
  uint8_t record_version = 1;  // the highest of its records
  Bytes16 consortium{};
  MemberId member;
  UploadId upload;
  PersonId uploader;
  uint32_t sequence = 0;   // of the batch in its upload, from 0
  uint32_t first_row = 0;  // lowest and highest row of the records; rows between may be missing
  uint32_t last_row = 0;
  uint32_t record_count = 0;
  int64_t create_time = 0;  // Unix seconds
  Bytes32 dek_hash{};       // BLAKE2b-256("muster/dek/v1" | DEK)
  Bytes32 intake_key{};     // X25519 key that the intake wrap is for
  Bytes32 vault_key{};      // V
  Bytes32 member_key{};     // M
  Bytes32 canary{};         // seal/canary.h; random where nothing is committed to
};

std::string EncodeHeader(const BatchHeader& header);
// Keys are taken as they are: whoever uses one parses it.
absl::StatusOr<BatchHeader> DecodeHeader(std::string_view bytes);

struct Envelope {
  BatchHeader header;
  std::string_view header_bytes;
  std::string_view holding_wrap;
  Bytes32 root{};
  std::string_view signature;
  std::string_view intake_wrap;  // empty when erased
  std::vector<std::string_view> records;

  std::string SignedPart() const;
};

absl::StatusOr<Envelope> ParseEnvelope(std::string_view bytes);

// Signature only (the front desk's check), and root only; the vault asks for both. Whether
// `uploader` is the key of header.uploader is the caller's to know.
absl::Status VerifyEnvelopeSignature(const Envelope& envelope, const crypto::VerifyKey& uploader);
absl::Status VerifyEnvelopeRoot(const Envelope& envelope);

// The same bytes without the intake wrap: what is kept once intake is done.
absl::StatusOr<std::string> EraseIntakeWrap(std::string_view envelope);

// The associated data of a batch's records: one small buffer, filled anew for each index.
class RecordAad {
 public:
  explicit RecordAad(std::string_view header_bytes);
  // Valid until the next call.
  std::string_view Of(uint32_t index);

 private:
  std::array<uint8_t, 36> bytes_{};
};

}  // namespace muster::seal

#endif  // MUSTER_CORE_SEAL_ENVELOPE_H_
