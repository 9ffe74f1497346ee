// SPDX-License-Identifier: Apache-2.0
//
// BatchFolder: the sealed batches of one upload, as files <sequence>.batch in a folder of their
// own; and, once committed, their signed parts in one file.
//
// Rule: a batch that Store has taken survives a power cut, whole, under its name or not at all; the
// folder is the only record of which are there. Reading signed parts never reads ciphertexts.
// Errors: those of base/file.h; DATA_LOSS (STORE_CORRUPT) when a file is not what was stored.
// Threads: files of different sequences are independent; the caller sees that a sequence is written
// by one thread.
#ifndef MUSTER_SERVER_FRONT_BATCH_FOLDER_H_
#define MUSTER_SERVER_FRONT_BATCH_FOLDER_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/v1/report.pb.h"

namespace muster::front {

class BatchFolder {
 public:
  explicit BatchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  const std::filesystem::path& path() const { return path_; }

  absl::Status Create() const;
  // Sequences that are there, ascending; what a crash left half-written is removed.
  absl::StatusOr<std::vector<uint32_t>> Scan() const;
  // Keeps kDiskReserveBytes of the disk free for the log and for what must still be said
  // (DISK_FULL).
  absl::Status Store(uint32_t sequence, std::string_view envelope) const;
  absl::StatusOr<std::string> Read(uint32_t sequence) const;
  absl::StatusOr<v1::BatchRecord> ReadRecord(uint32_t sequence) const;
  // Takes the intake wrap out of the batch's file; fine when it is out already.
  absl::Status EraseIntakeWrap(uint32_t sequence) const;

  absl::Status WriteRecords(const std::vector<v1::BatchRecord>& records) const;
  absl::StatusOr<std::vector<v1::BatchRecord>> ReadRecords() const;

  // The ciphertexts go; records stay.
  absl::Status RemoveBatches() const;
  // The folder goes.
  absl::Status RemoveAll() const;

 private:
  std::filesystem::path FileOf(uint32_t sequence) const;
  std::filesystem::path path_;
};

inline constexpr uint64_t kDiskReserveBytes = uint64_t{8} << 20;

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_BATCH_FOLDER_H_
