// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/error.h"
#include "core/base/status.h"

namespace muster {
namespace {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status WriteAll(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "cannot write", path);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

std::filesystem::path FolderOf(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

absl::Status WriteBeside(const std::filesystem::path& temporary, std::string_view bytes,
                         mode_t mode) {
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (fd.get() < 0) return ErrnoError(errno, "cannot create", temporary);
  absl::Status status = WriteAll(fd.get(), bytes, temporary);
  if (status.ok() && ::fsync(fd.get()) != 0) status = ErrnoError(errno, "cannot sync", temporary);
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

std::filesystem::path TemporaryFor(const std::filesystem::path& path) {
  static std::atomic<uint64_t> counter{0};
  std::filesystem::path temporary = path;
  temporary += ".tmp." + std::to_string(::getpid()) + "." + std::to_string(counter++);
  return temporary;
}

}  // namespace

absl::Status ErrnoError(int error_number, std::string_view what,
                        const std::filesystem::path& path) {
  Reason reason = v1::FILE_IO;
  std::string remedy;
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      reason = v1::FILE_NOT_FOUND;
      remedy = "; check the path";
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      reason = v1::FILE_UNREADABLE;
      remedy = "; check the file's owner and mode";
      break;
    case EISDIR:
      reason = v1::FILE_IS_DIRECTORY;
      remedy = "; name a file";
      break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      reason = v1::DISK_FULL;
      remedy = "; free some space and run the command again";
      break;
    case EEXIST:
      reason = v1::FILE_EXISTS;
      remedy = "; it is never overwritten, move it away first";
      break;
    default:
      break;
  }
  return MakeError(reason, std::string(what) + " " + path.string() + ": " +
                               std::strerror(error_number) + remedy);
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path, size_t bytes_max) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return ErrnoError(errno, "cannot open", path);
  std::string out;
  char buffer[65536];
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "cannot read", path);
    if (n == 0) return out;
    if (out.size() + static_cast<size_t>(n) > bytes_max) {
      return MakeError(v1::FILE_TOO_LARGE, path.string() + " is larger than the " +
                                               std::to_string(bytes_max) + " bytes allowed here");
    }
    out.append(buffer, static_cast<size_t>(n));
  }
}

absl::Status WriteFileDurably(const std::filesystem::path& path, std::string_view bytes,
                              mode_t mode) {
  const std::filesystem::path temporary = TemporaryFor(path);
  MUSTER_RETURN_IF_ERROR(WriteBeside(temporary, bytes, mode));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error_number = errno;
    ::unlink(temporary.c_str());
    return ErrnoError(error_number, "cannot rename to", path);
  }
  return SyncDirectory(FolderOf(path));
}

absl::Status WriteNewFileDurably(const std::filesystem::path& path, std::string_view bytes,
                                 mode_t mode) {
  const std::filesystem::path temporary = TemporaryFor(path);
  MUSTER_RETURN_IF_ERROR(WriteBeside(temporary, bytes, mode));
  const int linked = ::link(temporary.c_str(), path.c_str());
  const int error_number = errno;
  ::unlink(temporary.c_str());
  if (linked != 0) return ErrnoError(error_number, "cannot create", path);
  return SyncDirectory(FolderOf(path));
}

absl::Status MakeDirectories(const std::filesystem::path& path, mode_t mode) {
  std::error_code ignored;
  if (path.empty() || std::filesystem::is_directory(path, ignored)) return absl::OkStatus();
  if (path.has_parent_path() && path.parent_path() != path) {
    MUSTER_RETURN_IF_ERROR(MakeDirectories(path.parent_path(), mode));
  }
  if (::mkdir(path.c_str(), mode) != 0) {
    const int error_number = errno;  // another may just have made it
    if (error_number != EEXIST || !std::filesystem::is_directory(path, ignored)) {
      return ErrnoError(error_number, "cannot make the folder", path);
    }
  }
  return SyncDirectory(FolderOf(path));
}

absl::Status SyncDirectory(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return ErrnoError(errno, "cannot open the folder", path);
  if (::fsync(fd.get()) != 0) return ErrnoError(errno, "cannot sync the folder", path);
  return absl::OkStatus();
}

absl::Status RemoveDurably(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return ErrnoError(errno, "cannot remove", path);
  }
  return SyncDirectory(FolderOf(path));
}

}  // namespace muster
