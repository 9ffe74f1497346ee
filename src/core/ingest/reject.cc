// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/reject.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/secret_bytes.h"

namespace muster::ingest {
namespace {

constexpr size_t kPendingBytesMax = size_t{64} << 10;
constexpr std::string_view kOwnColumns[] = {"row", "line", "reason", "field", "message"};

std::filesystem::path Named(const std::filesystem::path& input, std::string_view ending) {
  std::filesystem::path path = input;
  path += ending;
  return path;
}

absl::Status CannotWrite(int error_number, const std::filesystem::path& path) {
  return Annotate(
      ErrnoError(error_number, "cannot write", path),
      "rejected rows are written beside the input, and that folder takes none (copy the input to a "
      "folder that does)");
}

}  // namespace

void AppendCsvCell(std::string_view cell, std::string& out) {
  const bool plain = cell.find_first_of("\",\r\n\t;|") == std::string_view::npos &&
                     (cell.empty() || (cell.front() != ' ' && cell.back() != ' '));
  if (plain) {
    out.append(cell);
    return;
  }
  out.push_back('"');
  for (char c : cell) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

std::filesystem::path RejectFile::PathFor(const std::filesystem::path& input) {
  return Named(input, ".rejects.csv");
}

RejectFile::RejectFile(const std::filesystem::path& input)
    : path_(PathFor(input)),
      part_path_(Named(input, ".part.rejects.csv")),
      old_path_(Named(input, ".old.rejects.csv")) {}

RejectFile::~RejectFile() {
  Close().IgnoreError();
  crypto::Wipe(pending_.data(), pending_.size());
}

absl::Status RejectFile::Begin(std::span<const std::string> header) {
  header_.assign(header.begin(), header.end());
  return absl::OkStatus();
}

absl::Status RejectFile::Make() {
  // Never through somebody's link, and never into a file that others may read.
  if (::unlink(part_path_.c_str()) != 0 && errno != ENOENT) return CannotWrite(errno, part_path_);
  fd_ = ::open(part_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) return CannotWrite(errno, part_path_);
  for (std::string_view name : kOwnColumns) {
    pending_.append(name);
    pending_.push_back(',');
  }
  pending_.pop_back();
  for (const std::string& name : header_) {
    pending_.push_back(',');
    AppendCsvCell(name, pending_);
  }
  pending_.push_back('\n');
  return absl::OkStatus();
}

absl::Status RejectFile::Add(const Reject& reject) {
  if (fd_ < 0) MUSTER_RETURN_IF_ERROR(Make());
  pending_ += std::to_string(reject.row) + "," + std::to_string(reject.line) + "," +
              ReasonName(reject.reason) + ",";
  AppendCsvCell(reject.field, pending_);
  pending_.push_back(',');
  AppendCsvCell(reject.kept ? std::string(reject.message) + " (kept without it)"
                            : std::string(reject.message),
                pending_);
  for (std::string_view cell : reject.cells) {
    pending_.push_back(',');
    AppendCsvCell(cell, pending_);
  }
  pending_.push_back('\n');
  ++count_;
  return pending_.size() < kPendingBytesMax ? absl::OkStatus() : Flush();
}

absl::Status RejectFile::Flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error_number = errno;
      pending_.erase(0, pending_.size() - rest.size());
      return ErrnoError(error_number, "cannot write the rejected rows to", part_path_);
    }
    rest.remove_prefix(static_cast<size_t>(n));
  }
  crypto::Wipe(pending_.data(), pending_.size());
  pending_.clear();
  return absl::OkStatus();
}

absl::Status RejectFile::Close() {
  if (fd_ < 0) return absl::OkStatus();
  absl::Status status = Flush();
  if (status.ok() && ::fsync(fd_) != 0) status = ErrnoError(errno, "cannot sync", part_path_);
  ::close(fd_);
  fd_ = -1;
  MUSTER_RETURN_IF_ERROR(status);
  struct stat there = {};
  if (::lstat(path_.c_str(), &there) == 0 && ::rename(path_.c_str(), old_path_.c_str()) != 0) {
    return CannotWrite(errno, old_path_);
  }
  if (::rename(part_path_.c_str(), path_.c_str()) != 0) return CannotWrite(errno, path_);
  const std::filesystem::path folder = path_.parent_path();
  return SyncDirectory(folder.empty() ? std::filesystem::path(".") : folder);
}

}  // namespace muster::ingest
