// SPDX-License-Identifier: Apache-2.0
#include "server/front/batch_folder.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/seal/envelope.h"
#include "server/front/authorization.h"

namespace muster::front {
namespace {

constexpr std::string_view kExtension = ".batch";
constexpr char kRecordsName[] = "signed_parts";
// Everything of an envelope before its intake wrap.
constexpr size_t kHeadBytes =
    seal::kEnvelopeMagic.size() + seal::kSignedPartBytes + seal::kSignatureBytes;
constexpr size_t kRecordBytes = seal::kSignedPartBytes + seal::kSignatureBytes;
constexpr size_t kRootBytes = 32;

v1::BatchRecord RecordOf(std::string_view signed_part_and_signature) {
  const size_t wrap_bytes = seal::kSignedPartBytes - seal::kHeaderBytes - kRootBytes;
  v1::BatchRecord record;
  ByteReader reader(signed_part_and_signature);
  record.set_header(std::string(reader.Take(seal::kHeaderBytes)));
  record.set_holding_wrap(std::string(reader.Take(wrap_bytes)));
  record.set_root(std::string(reader.Take(kRootBytes)));
  record.set_signature(std::string(reader.Take(seal::kSignatureBytes)));
  return record;
}

absl::Status Full() {
  return MakeError(v1::DISK_FULL, "the server's disk is full; ask its operator to free some space");
}

absl::Status Corrupt(const std::filesystem::path& path) {
  return MakeError(v1::STORE_CORRUPT,
                   path.string() + " is not what was stored; restore it from a backup");
}

}  // namespace

std::filesystem::path BatchFolder::FileOf(uint32_t sequence) const {
  char name[32];
  std::snprintf(name, sizeof(name), "%08u.batch", sequence);
  return path_ / name;
}

absl::Status BatchFolder::Create() const {
  MUSTER_RETURN_IF_ERROR(MakeDirectories(path_));
  return SyncDirectory(path_.parent_path());
}

absl::StatusOr<std::vector<uint32_t>> BatchFolder::Scan() const {
  std::vector<uint32_t> sequences;
  std::error_code error;
  std::vector<std::filesystem::path> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".tmp.") != std::string::npos) leftovers.push_back(entry.path());
    if (!name.ends_with(kExtension)) continue;
    uint32_t sequence = 0;
    const char* end = name.data() + name.size() - kExtension.size();
    const auto [rest, code] = std::from_chars(name.data(), end, sequence);
    if (code == std::errc() && rest == end) sequences.push_back(sequence);
  }
  if (error) return ErrnoError(error.value(), "cannot list", path_);
  for (const std::filesystem::path& path : leftovers) MUSTER_RETURN_IF_ERROR(RemoveDurably(path));
  std::sort(sequences.begin(), sequences.end());
  return sequences;
}

absl::Status BatchFolder::Store(uint32_t sequence, std::string_view envelope) const {
  struct statvfs disk {};
  if (::statvfs(path_.c_str(), &disk) == 0) {
    const uint64_t free_bytes = uint64_t{disk.f_bavail} * disk.f_frsize;
    if (free_bytes < kDiskReserveBytes + envelope.size()) return Full();
  }
  absl::Status status = WriteFileDurably(FileOf(sequence), envelope);
  if (ReasonOf(status) == v1::DISK_FULL) return Full();
  return status;
}

absl::StatusOr<std::string> BatchFolder::Read(uint32_t sequence) const {
  return ReadFile(FileOf(sequence), kRequestBytesMax);
}

absl::StatusOr<v1::BatchRecord> BatchFolder::ReadRecord(uint32_t sequence) const {
  const std::filesystem::path path = FileOf(sequence);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, "cannot open", path);
  char head[kHeadBytes];
  const ssize_t n = ::pread(fd, head, sizeof(head), 0);
  ::close(fd);
  if (n != static_cast<ssize_t>(sizeof(head))) return Corrupt(path);
  const std::string_view text(head, sizeof(head));
  if (!text.starts_with(seal::kEnvelopeMagic)) return Corrupt(path);
  return RecordOf(text.substr(seal::kEnvelopeMagic.size()));
}

absl::Status BatchFolder::EraseIntakeWrap(uint32_t sequence) const {
  MUSTER_ASSIGN_OR_RETURN(const std::string envelope, Read(sequence));
  MUSTER_ASSIGN_OR_RETURN(const std::string erased, seal::EraseIntakeWrap(envelope));
  if (erased.size() == envelope.size()) return absl::OkStatus();
  return WriteFileDurably(FileOf(sequence), erased);
}

absl::Status BatchFolder::WriteRecords(const std::vector<v1::BatchRecord>& records) const {
  std::string bytes;
  bytes.reserve(records.size() * kRecordBytes);
  for (const v1::BatchRecord& record : records) {
    bytes.append(record.header())
        .append(record.holding_wrap())
        .append(record.root())
        .append(record.signature());
  }
  return WriteFileDurably(path_ / kRecordsName, bytes);
}

absl::StatusOr<std::vector<v1::BatchRecord>> BatchFolder::ReadRecords() const {
  const std::filesystem::path path = path_ / kRecordsName;
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  if (bytes.empty() || bytes.size() % kRecordBytes != 0) return Corrupt(path);
  std::vector<v1::BatchRecord> records;
  for (size_t at = 0; at < bytes.size(); at += kRecordBytes) {
    records.push_back(RecordOf(std::string_view(bytes).substr(at, kRecordBytes)));
  }
  return records;
}

absl::Status BatchFolder::RemoveBatches() const {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<uint32_t> sequences, Scan());
  for (const uint32_t sequence : sequences) {
    const std::filesystem::path path = FileOf(sequence);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return ErrnoError(errno, "cannot remove", path);
  }
  return SyncDirectory(path_);
}

absl::Status BatchFolder::RemoveAll() const {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  if (error) return ErrnoError(error.value(), "cannot remove", path_);
  return SyncDirectory(path_.parent_path());
}

}  // namespace muster::front
