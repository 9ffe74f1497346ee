// SPDX-License-Identifier: Apache-2.0
//
// Coalition report: the file of an auditor, written and read as a stream, so that a log of any
// length fits.
//
//   "MUSTER-COALITION-1\n" | frames
//   frame: u32 length | u8 kind | payload (length bytes)
//
// Frames, in this order: 'H' a CoalitionHeader; 'E' EntryBlocks, every entry of the tree from 0 to
// the checkpoint's size, in order; 'S' a SampleBlock; 'Z' the reporter's signature (64 bytes) over
// "muster/coalition/v1\n" | BLAKE2b-256 of all bytes before the frame. A block ends with the entry
// that brings its salts, bodies and commitments to kBlockBytes, and nowhere else but at the end of
// the log: one log has one form. Layout: docs/formats/report.md.
// Errors: REPORT_MALFORMED, SIGNATURE_INVALID; what the sink says.
// Threads: writer and reader belong to one.
#ifndef MUSTER_CORE_REPORT_COALITION_H_
#define MUSTER_CORE_REPORT_COALITION_H_

#include <functional>
#include <istream>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/hash.h"
#include "core/crypto/signature.h"
#include "muster/v1/report.pb.h"

namespace muster::report {

inline constexpr std::string_view kCoalitionMagic = "MUSTER-COALITION-1\n";
inline constexpr std::string_view kCoalitionPurpose = "muster/coalition/v1\n";
inline constexpr int kCoalitionVersion = 1;
inline constexpr size_t kBlockBytes = size_t{2} << 20;
// A block of kBlockBytes but for its last entry, which has 1 MiB at most, and what frames them.
inline constexpr size_t kFrameBytesMax = size_t{4} << 20;

// What an entry counts for in its block.
size_t SizeInBlock(const v1::OpenedEntry& entry);

class CoalitionWriter {
 public:
  using Sink = std::function<absl::Status(std::string_view)>;
  // `key`: the one that the header names as reporter_key; outlives the writer.
  CoalitionWriter(Sink sink, const crypto::SigningKey* key) : sink_(std::move(sink)), key_(key) {}

  absl::Status Begin(const v1::CoalitionHeader& header);
  absl::Status Add(v1::OpenedEntry entry);
  absl::Status Finish(const v1::SampleBlock& sample);

 private:
  absl::Status Frame(char kind, std::string_view payload);
  absl::Status FlushBlock();

  Sink sink_;
  const crypto::SigningKey* key_;
  crypto::Blake2bStream hash_;
  v1::EntryBlock block_;
  size_t block_bytes_ = 0;
  int64_t next_index_ = 0;
};

class FrameReader {
 public:
  // Reads the magic with the first frame.
  explicit FrameReader(std::istream& in) : in_(in) {}
  struct Frame {
    char kind = 0;
    std::string payload;
  };
  absl::StatusOr<Frame> Next();
  // Of all bytes before the 'Z' frame, once that was read and nothing stands behind it.
  absl::StatusOr<Bytes32> Finish();

 private:
  std::istream& in_;
  crypto::Blake2bStream hash_;
  bool begun_ = false;
};

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_COALITION_H_
