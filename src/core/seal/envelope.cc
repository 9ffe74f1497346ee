// SPDX-License-Identifier: Apache-2.0
#include "core/seal/envelope.h"

#include <algorithm>
#include <iterator>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/contact.h"
#include "core/crypto/aead.h"
#include "core/crypto/hash.h"
#include "core/crypto/merkle.h"

namespace muster::seal {
namespace {

constexpr size_t kRootBytes = 32;
constexpr size_t kLengthBytes = 2;
// Where the intake wrap's length stands.
constexpr size_t kIntakeOffset =
    kEnvelopeMagic.size() + kHeaderBytes + kHoldingWrapBytes + kRootBytes + kSignatureBytes;

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::BATCH_MALFORMED,
                   "batch: " + std::string(what) + "; seal and send the batch anew");
}

bool IsSealedSize(size_t bytes) {
  return std::any_of(std::begin(kSizeClasses), std::end(kSizeClasses),
                     [bytes](size_t size) { return bytes == size + crypto::kAeadTagBytes; });
}

}  // namespace

size_t SizeClass(size_t plaintext_bytes) {
  for (const size_t size : kSizeClasses) {
    if (plaintext_bytes < size) return size;
  }
  return 0;
}

std::string EncodeHeader(const BatchHeader& header) {
  std::string out;
  out.reserve(kHeaderBytes);
  PutU8(out, header.version);
  PutU8(out, header.record_version);
  PutBytes(out, header.consortium);
  PutBytes(out, header.member.bytes);
  PutBytes(out, header.upload.bytes);
  PutBytes(out, header.uploader.bytes);
  PutU32(out, header.sequence);
  PutU32(out, header.first_row);
  PutU32(out, header.last_row);
  PutU32(out, header.record_count);
  PutU64(out, static_cast<uint64_t>(header.create_time));
  PutBytes(out, header.dek_hash);
  PutBytes(out, header.intake_key);
  PutBytes(out, header.vault_key);
  PutBytes(out, header.member_key);
  PutBytes(out, header.canary);
  return out;
}

absl::StatusOr<BatchHeader> DecodeHeader(std::string_view bytes) {
  ByteReader reader(bytes);
  BatchHeader header;
  header.version = reader.U8();
  header.record_version = reader.U8();
  header.consortium = reader.Array<16>();
  header.member.bytes = reader.Array<8>();
  header.upload.bytes = reader.Array<8>();
  header.uploader.bytes = reader.Array<8>();
  header.sequence = reader.U32();
  header.first_row = reader.U32();
  header.last_row = reader.U32();
  header.record_count = reader.U32();
  header.create_time = static_cast<int64_t>(reader.U64());
  header.dek_hash = reader.Array<32>();
  header.intake_key = reader.Array<32>();
  header.vault_key = reader.Array<32>();
  header.member_key = reader.Array<32>();
  header.canary = reader.Array<32>();
  if (!reader.Done()) return Malformed("its header has another size");
  if (header.version != kEnvelopeVersion || header.record_version < contact::kListRecordVersion ||
      header.record_version > contact::kRecordVersion) {
    return MakeError(
        v1::BATCH_MALFORMED,
        "batch: of a version that this program does not know; use programs of one release");
  }
  if (header.record_count == 0 || header.record_count > kBatchRecordsMax) {
    return Malformed("it must hold 1 to " + std::to_string(kBatchRecordsMax) + " records");
  }
  if (header.sequence >= kBatchesMax)
    return Malformed("its sequence is beyond the last of an upload");
  if (header.first_row == 0 || header.first_row > header.last_row) {
    return Malformed("its rows are out of order");
  }
  if (header.create_time < 0) return Malformed("it was made before 1970");
  return header;
}

std::string Envelope::SignedPart() const {
  std::string out;
  out.reserve(kSignedPartBytes);
  out.append(header_bytes).append(holding_wrap).append(AsText(root));
  return out;
}

absl::StatusOr<Envelope> ParseEnvelope(std::string_view bytes) {
  ByteReader reader(bytes);
  Envelope envelope;
  if (reader.Take(kEnvelopeMagic.size()) != kEnvelopeMagic) return Malformed("not a batch of ours");
  envelope.header_bytes = reader.Take(kHeaderBytes);
  envelope.holding_wrap = reader.Take(kHoldingWrapBytes);
  envelope.root = reader.Array<kRootBytes>();
  envelope.signature = reader.Take(kSignatureBytes);
  const size_t intake_bytes = reader.U16();
  if (intake_bytes != 0 && intake_bytes != kIntakeWrapBytes) {
    return Malformed("its intake wrap has another size");
  }
  envelope.intake_wrap = reader.Take(intake_bytes);
  if (reader.failed()) return Malformed("it is cut off");
  MUSTER_ASSIGN_OR_RETURN(envelope.header, DecodeHeader(envelope.header_bytes));

  const size_t count = envelope.header.record_count;
  const size_t record_bytes_min = kLengthBytes + kSizeClasses[0] + crypto::kAeadTagBytes;
  if (reader.remaining() < count * record_bytes_min) return Malformed("it is cut off");
  envelope.records.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t size = reader.U16();
    const std::string_view record = reader.Take(size);
    if (reader.failed()) return Malformed("it is cut off");
    if (!IsSealedSize(size)) return Malformed("a record has a size of no class");
    envelope.records.push_back(record);
  }
  if (!reader.Done()) return Malformed("bytes follow its last record");
  return envelope;
}

absl::Status VerifyEnvelopeSignature(const Envelope& envelope, const crypto::VerifyKey& uploader) {
  return Annotate(
      crypto::Verify(uploader, kBatchPurpose, envelope.SignedPart(), envelope.signature),
      "batch " + std::to_string(envelope.header.sequence));
}

absl::Status VerifyEnvelopeRoot(const Envelope& envelope) {
  crypto::MerkleFrontier tree;
  for (const std::string_view record : envelope.records) tree.Append(crypto::MerkleLeaf(record));
  if (tree.Root() != envelope.root) {
    return MakeError(v1::BATCH_TAMPERED,
                     "batch " + std::to_string(envelope.header.sequence) +
                         ": its records are not those that were signed; send the batch again");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> EraseIntakeWrap(std::string_view envelope) {
  MUSTER_ASSIGN_OR_RETURN(const Envelope parsed, ParseEnvelope(envelope));
  std::string out;
  out.reserve(envelope.size() - parsed.intake_wrap.size());
  out.append(envelope.substr(0, kIntakeOffset));
  PutU16(out, 0);
  out.append(envelope.substr(kIntakeOffset + kLengthBytes + parsed.intake_wrap.size()));
  return out;
}

RecordAad::RecordAad(std::string_view header_bytes) {
  const Bytes32 hash = crypto::Blake2b256(header_bytes);
  std::copy(hash.begin(), hash.end(), bytes_.begin());
}

std::string_view RecordAad::Of(uint32_t index) {
  for (size_t i = 0; i < 4; ++i) bytes_[32 + i] = static_cast<uint8_t>(index >> (8 * i));
  return AsText(bytes_);
}

}  // namespace muster::seal
