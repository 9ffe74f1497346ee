// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_linkage/table_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/ingest/text_source.h"

namespace muster::linkage {

TableFile::~TableFile() {
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<std::unique_ptr<TableFile>> TableFile::Open(const std::filesystem::path& path) {
  // Knows encodings, and files that are none.
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<ingest::TextSource> source,
                          ingest::TextSource::Open(path));
  std::unique_ptr<TableFile> file(new TableFile(path));
  struct stat found = {};
  const bool in_place = source->encoding() == ingest::Encoding::kUtf8 &&
                        ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode);
  if (!in_place) {
    constexpr size_t kBlock = size_t{1} << 20;
    while (!source->at_end()) {
      const size_t used = file->text_.size();
      file->text_.resize(used + kBlock);
      MUSTER_ASSIGN_OR_RETURN(const size_t n, source->Read({file->text_.data() + used, kBlock}));
      file->text_.resize(used + n);
    }
    file->size_ = file->text_.size();
    return file;
  }
  file->fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file->fd_ < 0) return ErrnoError(errno, "cannot read", path);
  if (::fstat(file->fd_, &file->opened_) != 0) return ErrnoError(errno, "cannot read", path);
  file->size_ = static_cast<uint64_t>(file->opened_.st_size);
  std::array<char, 3> mark = {};
  if (file->size_ >= mark.size()) {
    MUSTER_RETURN_IF_ERROR(file->Read(0, mark));
    if (std::memcmp(mark.data(), "\xef\xbb\xbf", mark.size()) == 0) {
      file->begin_ = mark.size();
      file->size_ -= mark.size();
    }
  }
  ::posix_fadvise(file->fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  return file;
}

absl::Status TableFile::Changed() const {
  return MakeError(v1::FILE_CHANGED,
                   path_.string() + " was written to while it was read; run again when it is done");
}

absl::Status TableFile::Read(uint64_t offset, std::span<char> out) const {
  if (fd_ < 0) {
    std::memcpy(out.data(), text_.data() + offset, out.size());
    return absl::OkStatus();
  }
  offset += begin_;
  while (!out.empty()) {
    const ssize_t n = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "cannot read", path_);
    if (n == 0) return Changed();
    out = out.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return absl::OkStatus();
}

absl::Status TableFile::CheckUnchanged() const {
  if (fd_ < 0) return absl::OkStatus();
  struct stat now = {};
  if (::fstat(fd_, &now) != 0) return ErrnoError(errno, "cannot read", path_);
  const bool same = now.st_size == opened_.st_size &&
                    now.st_mtim.tv_sec == opened_.st_mtim.tv_sec &&
                    now.st_mtim.tv_nsec == opened_.st_mtim.tv_nsec;
  return same ? absl::OkStatus() : Changed();
}

}  // namespace muster::linkage
