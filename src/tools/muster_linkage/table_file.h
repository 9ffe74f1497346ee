// SPDX-License-Identifier: Apache-2.0
//
// TableFile: a file's text, from which several threads read at once.
//
// A plain file in UTF-8 (or Windows-1252, which shows row by row) is read in place; UTF-16 and what
// is no plain file (a pipe) are read into memory first.
// Units: bytes of text, without a byte order mark.
// Errors: base/file.h's; FILE_EMPTY; FILE_CHANGED when it got shorter or was written to meanwhile;
// ENCODING_MALFORMED for archives, workbooks and other files that are no text.
// Threads: Read from anywhere.
#ifndef MUSTER_TOOLS_MUSTER_LINKAGE_TABLE_FILE_H_
#define MUSTER_TOOLS_MUSTER_LINKAGE_TABLE_FILE_H_

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace muster::linkage {

class TableFile {
 public:
  static absl::StatusOr<std::unique_ptr<TableFile>> Open(const std::filesystem::path& path);
  ~TableFile();
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;

  uint64_t size() const { return size_; }
  // Fills `out` from `offset` on; both within size().
  absl::Status Read(uint64_t offset, std::span<char> out) const;
  // Nobody wrote to the file since it was opened.
  absl::Status CheckUnchanged() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TableFile(std::filesystem::path path) : path_(std::move(path)) {}
  absl::Status Changed() const;

  std::filesystem::path path_;
  int fd_ = -1;
  struct stat opened_ = {};
  uint64_t begin_ = 0;  // behind the byte order mark
  uint64_t size_ = 0;
  std::string text_;  // when it is not read in place
};

}  // namespace muster::linkage

#endif  // MUSTER_TOOLS_MUSTER_LINKAGE_TABLE_FILE_H_
