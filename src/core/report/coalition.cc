// SPDX-License-Identifier: Apache-2.0
#include "core/report/coalition.h"

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::report {
namespace {

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::REPORT_MALFORMED,
                   std::string(what) + "; ask whoever made the file for a new copy");
}

}  // namespace

size_t SizeInBlock(const v1::OpenedEntry& entry) {
  return entry.salt().size() + entry.body().size() + entry.commitment().size();
}

absl::Status CoalitionWriter::Frame(char kind, std::string_view payload) {
  std::string head;
  PutU32(head, static_cast<uint32_t>(payload.size()));
  head.push_back(kind);
  hash_.Update(head);
  hash_.Update(payload);
  MUSTER_RETURN_IF_ERROR(sink_(head));
  return sink_(payload);
}

absl::Status CoalitionWriter::Begin(const v1::CoalitionHeader& header) {
  hash_.Update(kCoalitionMagic);
  MUSTER_RETURN_IF_ERROR(sink_(kCoalitionMagic));
  return Frame('H', header.SerializeAsString());
}

absl::Status CoalitionWriter::Add(v1::OpenedEntry entry) {
  block_bytes_ += SizeInBlock(entry);
  *block_.add_entries() = std::move(entry);
  return block_bytes_ >= kBlockBytes ? FlushBlock() : absl::OkStatus();
}

absl::Status CoalitionWriter::FlushBlock() {
  if (block_.entries().empty()) return absl::OkStatus();
  block_.set_first_index(next_index_);
  next_index_ += block_.entries_size();
  const std::string payload = block_.SerializeAsString();
  block_.Clear();
  block_bytes_ = 0;
  return Frame('E', payload);
}

absl::Status CoalitionWriter::Finish(const v1::SampleBlock& sample) {
  MUSTER_RETURN_IF_ERROR(FlushBlock());
  MUSTER_RETURN_IF_ERROR(Frame('S', sample.SerializeAsString()));
  const Bytes32 hash = hash_.Finish();
  const std::string signature = key_->Sign(kCoalitionPurpose, AsText(hash));
  std::string last;
  PutU32(last, static_cast<uint32_t>(signature.size()));
  last.push_back('Z');
  return sink_(last + signature);
}

absl::StatusOr<FrameReader::Frame> FrameReader::Next() {
  if (!begun_) {
    begun_ = true;
    std::string magic(kCoalitionMagic.size(), '\0');
    in_.read(magic.data(), static_cast<std::streamsize>(magic.size()));
    if (!in_ || magic != kCoalitionMagic) {
      return MakeError(v1::REPORT_MALFORMED,
                       "this is no coalition report; make one with `muster report coalition`");
    }
    hash_.Update(magic);
  }
  std::string head(5, '\0');
  in_.read(head.data(), 5);
  if (!in_) return Malformed("the report is cut off");
  ByteReader reader(head);
  const uint32_t length = reader.U32();
  Frame frame;
  frame.kind = head[4];
  if (length > kFrameBytesMax) return Malformed("the report is damaged: a part is too long");
  frame.payload.resize(length);
  in_.read(frame.payload.data(), static_cast<std::streamsize>(length));
  if (!in_) return Malformed("the report is cut off");
  if (frame.kind != 'Z') {
    hash_.Update(head);
    hash_.Update(frame.payload);
  }
  return frame;
}

absl::StatusOr<Bytes32> FrameReader::Finish() {
  if (in_.peek() != std::istream::traits_type::eof())
    return Malformed("something stands behind the report's signature");
  return hash_.Finish();
}

}  // namespace muster::report
