// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_fake/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/base/status.h"

namespace muster::fake {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

absl::Status SystemError(int error, const std::filesystem::path& path, std::string_view what) {
  const std::string message = std::string(what) + " " + path.string() + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT)
    return absl::ResourceExhaustedError(message + "; free some space or choose another --out");
  if (error == EACCES || error == EPERM || error == EROFS) {
    return absl::PermissionDeniedError(message + "; choose an --out that you may write to");
  }
  return absl::InternalError(message);
}

}  // namespace

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status OutputFile::Open(const std::filesystem::path& path) {
  path_ = path;
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return SystemError(error.value(), path.parent_path(), "cannot make the folder");
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) return SystemError(errno, path, "cannot write");
  buffer_.reserve(kBufferBytes);
  return absl::OkStatus();
}

absl::Status OutputFile::Append(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) MUSTER_RETURN_IF_ERROR(Flush());
  if (bytes.size() < kBufferBytes) {
    buffer_ += bytes;
    return absl::OkStatus();
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError(errno, path_, "cannot write");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status OutputFile::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError(errno, path_, "cannot write");
    rest.remove_prefix(static_cast<size_t>(written));
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status OutputFile::Close() {
  MUSTER_RETURN_IF_ERROR(Flush());
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0) return SystemError(errno, path_, "cannot write");
  return absl::OkStatus();
}

}  // namespace muster::fake
