// SPDX-License-Identifier: Apache-2.0
//
// FilePass: the reading half of an upload: files become blocks of records; what was read and what
// was rejected is counted.
//
// Rule: blocks are cut the same way each time, so that a resumed upload meets the batches that it
// sealed before. A row whose person is not to be shared (do not share, do not trade) goes into no
// block: it is counted as withheld and forgotten. A file that is not the one that was hashed
// beforehand is refused (FILE_CHANGED).
// Units: rows count through all files, from 1. Memory is flat.
// Errors: those of ingest, annotated with the file's name.
// Threads: one; BytesRead and RecordsRead may be asked from any.
#ifndef MUSTER_CLI_FILE_PASS_H_
#define MUSTER_CLI_FILE_PASS_H_

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/record_format.h"
#include "core/seal/sealer.h"
#include "muster/v1/statement.pb.h"

namespace muster::cli {

// Name, size and BLAKE2b-256, by one quick reading. FILE_IS_DIRECTORY, FILE_EMPTY, FILE_UNREADABLE
// for what is no regular file.
absl::StatusOr<v1::UploadFile> HashFile(const std::filesystem::path& path);

struct FilePassOptions {
  std::vector<std::filesystem::path> files;
  std::shared_ptr<const RecordFormat> format = std::make_shared<ListFormat>();
  bool write_rejects = true;
  // What HashFile said of each; empty: not checked.
  std::vector<v1::UploadFile> expected;
};

struct PassFigures {
  std::vector<FileFigures> files;
  std::map<std::string, int64_t> rejects;  // rejected rows by reason
  int64_t rows() const;
  int64_t rejected() const;
  int64_t withheld() const;
  int64_t not_registered() const;
  int64_t records() const;
  int64_t kept_without() const;
};

class FilePass {
 public:
  explicit FilePass(FilePassOptions options) : options_(std::move(options)) {}

  // Takes a full block, or the last one; gives back an empty one to fill. Not set: records are only
  // counted.
  using BlockSink =
      std::function<absl::StatusOr<seal::RecordBlock>(uint32_t sequence, seal::RecordBlock block)>;
  // `opened` is told of each file's mapping before its rows are read; may be empty.
  using OpenedSink = std::function<void(const FileFigures& file)>;
  absl::StatusOr<PassFigures> Run(const BlockSink& sink, const OpenedSink& opened);

  int64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }
  int64_t records_read() const { return records_read_.load(std::memory_order_relaxed); }
  // How much of the expected files was read, 0 to 1.
  double share() const;

 private:
  absl::Status RunFile(size_t index, const BlockSink& sink, const OpenedSink& opened);

  FilePassOptions options_;
  PassFigures figures_;
  seal::RecordBlock block_;
  uint32_t next_sequence_ = 0;
  std::atomic<int64_t> bytes_read_{0};
  std::atomic<int64_t> records_read_{0};
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_FILE_PASS_H_
