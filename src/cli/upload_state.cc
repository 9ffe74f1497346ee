// SPDX-License-Identifier: Apache-2.0
#include "cli/upload_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"
#include "core/seal/envelope.h"

namespace muster::cli {
namespace {

constexpr std::string_view kMagic = "MUSTER-UPLOAD-1\n";
constexpr size_t kChecksumBytes = 8;
constexpr size_t kFrameBytesMax = 2 << 20;
constexpr size_t kStateBytesMax = size_t{1} << 30;

absl::Status Malformed(const std::filesystem::path& file) {
  return MakeError(v1::HOME_MALFORMED,
                   file.string() + " is damaged; remove it and upload without --resume");
}

std::string_view Checksum(char kind, std::string_view payload, Bytes32& hash) {
  hash = crypto::Blake2b256({std::string_view(&kind, 1), payload});
  return AsText(ByteView(hash).first(kChecksumBytes));
}

}  // namespace

UploadState::~UploadState() {
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<std::unique_ptr<UploadState>> UploadState::Create(
    const std::filesystem::path& folder, const v1::UploadStatement& plan,
    const std::string& reading) {
  MUSTER_RETURN_IF_ERROR(MakeDirectories(folder, 0700));
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(plan.upload()));
  std::unique_ptr<UploadState> state(new UploadState(folder / (Base32Encode(id.bytes) + ".state")));
  state->fd_ = ::open(state->path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (state->fd_ < 0) return ErrnoError(errno, "cannot create", state->path_);
  ::flock(state->fd_, LOCK_EX | LOCK_NB);
  state->plan_ = plan;
  state->reading_ = reading;
  absl::Status status = absl::OkStatus();
  if (::write(state->fd_, kMagic.data(), kMagic.size()) != static_cast<ssize_t>(kMagic.size())) {
    status = ErrnoError(errno, "cannot write", state->path_);
  }
  if (status.ok()) status = state->Append('P', plan.SerializeAsString());
  if (status.ok()) status = state->Append('R', reading);
  if (status.ok()) status = SyncDirectory(folder);
  if (!status.ok()) {
    ::unlink(state->path_.c_str());
    return status;
  }
  return state;
}

absl::StatusOr<std::unique_ptr<UploadState>> UploadState::Open(const std::filesystem::path& file) {
  std::unique_ptr<UploadState> state(new UploadState(file));
  state->fd_ = ::open(file.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
  if (state->fd_ < 0) return ErrnoError(errno, "cannot open", file);
  if (::flock(state->fd_, LOCK_EX | LOCK_NB) != 0) {
    return MakeError(v1::UPLOAD_EXISTS,
                     "another command is sending this upload right now; wait for it");
  }
  MUSTER_RETURN_IF_ERROR(state->Load());
  return state;
}

std::vector<std::filesystem::path> UploadState::List(const std::filesystem::path& folder) {
  std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() != ".state") continue;
    std::error_code ignored;
    found.emplace_back(std::filesystem::last_write_time(it->path(), ignored), it->path());
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::filesystem::path> files;
  for (auto& [time, path] : found) files.push_back(std::move(path));
  return files;
}

absl::Status UploadState::Load() {
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path_, kStateBytesMax));
  ByteReader reader(bytes);
  if (reader.Take(kMagic.size()) != kMagic) return Malformed(path_);
  size_t good_bytes = kMagic.size();
  bool planned = false;
  while (reader.remaining() > 0) {
    const uint32_t size = reader.U32();
    const char kind = static_cast<char>(reader.U8());
    if (size > kFrameBytesMax) break;
    const std::string_view payload = reader.Take(size);
    const std::string_view checksum = reader.Take(kChecksumBytes);
    Bytes32 hash;
    if (reader.failed() || Checksum(kind, payload, hash) != checksum) break;
    MUSTER_RETURN_IF_ERROR(Take(kind, payload));
    planned = planned || kind == 'P';
    good_bytes = bytes.size() - reader.remaining();
  }
  if (!planned) return Malformed(path_);
  if (good_bytes < bytes.size() && ::ftruncate(fd_, static_cast<off_t>(good_bytes)) != 0) {
    return ErrnoError(errno, "cannot cut the torn end of", path_);
  }
  return absl::OkStatus();
}

absl::Status UploadState::Take(char kind, std::string_view payload) {
  const auto size = static_cast<int>(payload.size());
  switch (kind) {
    case 'P':
      return plan_.ParseFromArray(payload.data(), size) ? absl::OkStatus() : Malformed(path_);
    case 'R':
      reading_ = std::string(payload);
      return absl::OkStatus();
    case 'B': {
      v1::BatchRecord batch;
      if (!batch.ParseFromArray(payload.data(), size)) return Malformed(path_);
      const auto header = seal::DecodeHeader(batch.header());
      if (!header.ok()) return Malformed(path_);
      batches_[header->sequence].push_back(std::move(batch));
      return absl::OkStatus();
    }
    case 'S':
      statement_.emplace();
      return statement_->ParseFromArray(payload.data(), size) ? absl::OkStatus() : Malformed(path_);
    default:
      return Malformed(path_);
  }
}

absl::Status UploadState::Append(char kind, const std::string& payload) {
  std::string frame;
  PutU32(frame, static_cast<uint32_t>(payload.size()));
  frame.push_back(kind);
  frame += payload;
  Bytes32 hash;
  frame += Checksum(kind, payload, hash);
  const off_t start = ::lseek(fd_, 0, SEEK_END);
  std::string_view rest = frame;
  absl::Status status;
  while (status.ok() && !rest.empty()) {
    const ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) status = ErrnoError(errno, "cannot write", path_);
    if (n > 0) rest.remove_prefix(static_cast<size_t>(n));
  }
  if (status.ok() && ::fdatasync(fd_) != 0) status = ErrnoError(errno, "cannot sync", path_);
  // Half a frame must not stand before whole ones.
  if (!status.ok() && ::ftruncate(fd_, start) != 0)
    return Annotate(status, "and cannot cut it off");
  return status;
}

absl::Status UploadState::AddBatch(const v1::BatchRecord& batch) {
  MUSTER_ASSIGN_OR_RETURN(const seal::BatchHeader header, seal::DecodeHeader(batch.header()));
  const std::string payload = batch.SerializeAsString();
  const std::lock_guard lock(mutex_);
  MUSTER_RETURN_IF_ERROR(Append('B', payload));
  batches_[header.sequence].push_back(batch);
  return absl::OkStatus();
}

std::vector<v1::BatchRecord> UploadState::Versions(uint32_t sequence) const {
  const std::lock_guard lock(mutex_);
  const auto it = batches_.find(sequence);
  return it == batches_.end() ? std::vector<v1::BatchRecord>() : it->second;
}

absl::Status UploadState::SetStatement(const v1::SignedStatement& statement) {
  const std::lock_guard lock(mutex_);
  MUSTER_RETURN_IF_ERROR(Append('S', statement.SerializeAsString()));
  statement_ = statement;
  return absl::OkStatus();
}

absl::Status UploadState::Remove() { return RemoveDurably(path_); }

}  // namespace muster::cli
