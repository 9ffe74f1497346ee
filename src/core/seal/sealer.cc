// SPDX-License-Identifier: Apache-2.0
#include "core/seal/sealer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/aead.h"
#include "core/crypto/hash.h"
#include "core/crypto/merkle.h"
#include "core/seal/key_wrap.h"

namespace muster::seal {
namespace {

constexpr size_t kBlockBytesMin = size_t{64} << 10;

}  // namespace

RecordBlock::~RecordBlock() { Clear(); }

RecordBlock& RecordBlock::operator=(RecordBlock&& other) noexcept {
  if (this != &other) {
    Clear();
    bytes_ = std::move(other.bytes_);
    ends_ = std::move(other.ends_);
    first_row_ = other.first_row_;
    last_row_ = other.last_row_;
    canary_ = other.canary_;
    other.Clear();
  }
  return *this;
}

absl::Status RecordBlock::Add(const contact::ContactRecord& record) {
  MUSTER_CHECK(!full());
  if (record.row == 0) {
    return MakeError(v1::RECORD_MALFORMED, "row numbers count from 1");
  }
  // Letting the string grow by itself would leave a copy of the plaintext behind.
  if (bytes_.capacity() - bytes_.size() < contact::kRecordBytesMax) {
    std::string larger;
    larger.reserve(std::max(2 * bytes_.capacity(), kBlockBytesMin));
    larger.append(bytes_);
    crypto::Wipe(bytes_.data(), bytes_.size());
    bytes_ = std::move(larger);
  }
  const size_t start = bytes_.size();
  if (absl::Status status = contact::EncodeRecord(record, bytes_); !status.ok()) {
    crypto::Wipe(bytes_.data() + start, bytes_.size() - start);
    bytes_.resize(start);
    return status;
  }
  first_row_ = ends_.empty() ? record.row : std::min(first_row_, record.row);
  last_row_ = ends_.empty() ? record.row : std::max(last_row_, record.row);
  ends_.push_back(static_cast<uint32_t>(bytes_.size()));
  return absl::OkStatus();
}

void RecordBlock::Clear() {
  crypto::Wipe(bytes_.data(), bytes_.size());
  bytes_.clear();
  ends_.clear();
  first_row_ = 0;
  last_row_ = 0;
  canary_.reset();
}

std::string_view RecordBlock::operator[](size_t i) const {
  const size_t start = i == 0 ? 0 : ends_[i - 1];
  return std::string_view(bytes_).substr(start, ends_[i] - start);
}

absl::StatusOr<SealedBatch> Sealer::Seal(uint32_t sequence, const RecordBlock& records,
                                         int64_t create_time) const {
  MUSTER_CHECK(records.size() > 0);
  if (sequence >= kBatchesMax) {
    return MakeError(v1::FILE_TOO_LARGE, "an upload holds at most " + std::to_string(kBatchesMax) +
                                             " batches of " + std::to_string(kBatchRecordsMax) +
                                             " records; split the file");
  }
  size_t records_bytes = 0;
  uint8_t record_version = contact::kListRecordVersion;
  for (size_t i = 0; i < records.size(); ++i) {
    const size_t size = SizeClass(records[i].size());
    if (size == 0) {
      return MakeError(v1::RECORD_TOO_LARGE, "record " + std::to_string(i) + " of batch " +
                                                 std::to_string(sequence) +
                                                 " is larger than the largest size class");
    }
    records_bytes += sizeof(uint16_t) + size + crypto::kAeadTagBytes;
    record_version = std::max(record_version, static_cast<uint8_t>(records[i].front()));
  }

  const crypto::SecretBytes dek = crypto::SecretBytes::Random(crypto::kAeadKeyBytes);
  BatchHeader header;
  header.record_version = record_version;
  header.consortium = context_.consortium;
  header.member = context_.member;
  header.upload = context_.upload;
  header.uploader = context_.uploader;
  header.sequence = sequence;
  header.first_row = records.first_row();
  header.last_row = records.last_row();
  header.record_count = static_cast<uint32_t>(records.size());
  header.create_time = create_time;
  header.dek_hash = DekHash(dek);
  header.intake_key = context_.intake_key.bytes;
  header.vault_key = context_.vault_key.bytes;
  header.member_key = context_.member_key.bytes;
  header.canary = records.canary() ? *records.canary() : crypto::RandomArray<32>();
  const std::string header_bytes = EncodeHeader(header);
  MUSTER_ASSIGN_OR_RETURN(const std::string intake_wrap,
                          WrapForIntake(dek, context_.intake_key, header_bytes));
  MUSTER_ASSIGN_OR_RETURN(
      const std::string holding_wrap,
      WrapForHolding(dek, context_.vault_key, context_.member_key, header_bytes));

  SealedBatch batch;
  std::string& out = batch.envelope;
  out.reserve(kEnvelopeMagic.size() + kSignedPartBytes + kSignatureBytes + sizeof(uint16_t) +
              intake_wrap.size() + records_bytes);
  out.append(kEnvelopeMagic).append(header_bytes).append(holding_wrap);
  // Root and signature are known only once the records behind them are sealed.
  const size_t root_offset = out.size();
  out.append(sizeof(Bytes32) + kSignatureBytes, '\0');
  PutU16(out, static_cast<uint16_t>(intake_wrap.size()));
  out.append(intake_wrap);

  RecordAad aad(header_bytes);
  crypto::MerkleFrontier tree;
  crypto::WipedString padded(std::string(std::end(kSizeClasses)[-1], '\0'));
  for (uint32_t i = 0; i < header.record_count; ++i) {
    const std::string_view record = records[i];
    const size_t size = SizeClass(record.size());
    char* text = padded.str().data();
    std::memcpy(text, record.data(), record.size());
    text[record.size()] = '\x80';
    std::memset(text + record.size() + 1, 0, size - record.size() - 1);
    PutU16(out, static_cast<uint16_t>(size + crypto::kAeadTagBytes));
    const size_t start = out.size();
    crypto::AeadSealCounter(dek, i, aad.Of(i), std::string_view(text, size), out);
    tree.Append(crypto::MerkleLeaf(std::string_view(out).substr(start)));
  }

  const Bytes32 root = tree.Root();
  batch.signed_part.reserve(kSignedPartBytes);
  batch.signed_part.append(header_bytes).append(holding_wrap).append(AsText(root));
  batch.signature = key_->Sign(kBatchPurpose, batch.signed_part);
  out.replace(root_offset, root.size(), AsText(root));
  out.replace(root_offset + root.size(), kSignatureBytes, batch.signature);
  return batch;
}

}  // namespace muster::seal
