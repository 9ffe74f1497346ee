// SPDX-License-Identifier: Apache-2.0
#include "cli/canary_book.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "absl/time/time.h"
#include "cli/withdraw.h"
#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/ingest/contact_reader.h"

namespace muster::cli {
namespace {

constexpr std::string_view kMagic = "MUSTER-CANARIES-1\n";
constexpr size_t kFileBytesMax = size_t{64} << 20;
constexpr size_t kHeadBytes = 4096;

template <typename Message>
absl::StatusOr<std::optional<Message>> ReadMessage(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::optional<Message>();
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kFileBytesMax));
  Message message;
  if (!bytes.starts_with(kMagic) ||
      !message.ParseFromArray(bytes.data() + kMagic.size(),
                              static_cast<int>(bytes.size() - kMagic.size()))) {
    return MakeError(v1::HOME_MALFORMED, path.string() + " is damaged; restore it from a copy");
  }
  return std::optional<Message>(std::move(message));
}

template <typename Message>
absl::Status WriteMessage(const std::filesystem::path& path, const Message& message) {
  return WriteFileDurably(path, std::string(kMagic) + message.SerializeAsString(), 0600);
}

class Lock {
 public:
  explicit Lock(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (fd_ >= 0) ::flock(fd_, LOCK_EX);
  }
  ~Lock() {
    if (fd_ >= 0) ::close(fd_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  bool held() const { return fd_ >= 0; }

 private:
  int fd_;
};

class RefuseAll : public ingest::RejectSink {
 public:
  absl::Status Begin(std::span<const std::string>) override { return absl::OkStatus(); }
  absl::Status Add(const ingest::Reject& reject) override {
    if (reject.kept) return absl::OkStatus();
    return MakeError(reject.reason,
                     "line " + std::to_string(reject.line) + ": " + std::string(reject.message));
  }
};

// A file whose first line has no address, or several columns, is an export.
absl::StatusOr<bool> IsExport(const std::filesystem::path& file) {
  MUSTER_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kFileBytesMax));
  std::string_view head = std::string_view(text).substr(0, kHeadBytes);
  while (!head.empty()) {
    const size_t end = std::min(head.find('\n'), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos || line.front() == '#') continue;
    return line.find('@') == std::string_view::npos ||
           line.find_first_of(",;\t|") != std::string_view::npos;
  }
  return false;
}

v1::Canary CanaryOf(const contact::ContactRecord& record) {
  v1::Canary canary;
  canary.set_address(record[contact::Field::kEmail]);
  for (size_t field = 1; field < contact::kFieldCount; ++field) {
    if (field == static_cast<size_t>(contact::Field::kEmail) || record.fields[field].empty())
      continue;
    (*canary.mutable_fields())[static_cast<int32_t>(field)] = record.fields[field];
  }
  return canary;
}

}  // namespace

absl::StatusOr<v1::CanaryBook> CanaryBook::Read() const {
  MUSTER_ASSIGN_OR_RETURN(std::optional<v1::CanaryBook> book,
                          ReadMessage<v1::CanaryBook>(folder_ / "book"));
  return std::move(book).value_or(v1::CanaryBook());
}

absl::Status CanaryBook::Change(const std::function<absl::Status(v1::CanaryBook&)>& change) const {
  MUSTER_RETURN_IF_ERROR(MakeDirectories(folder_, 0700));
  const Lock lock(folder_ / "lock");
  if (!lock.held()) return ErrnoError(errno, "cannot open", folder_ / "lock");
  MUSTER_ASSIGN_OR_RETURN(v1::CanaryBook book, Read());
  MUSTER_RETURN_IF_ERROR(change(book));
  return WriteMessage(folder_ / "book", book);
}

std::filesystem::path CanaryBook::PathOf(const UploadId& upload) const {
  return folder_ / (Base32Encode(upload.bytes) + ".upload");
}

absl::StatusOr<std::optional<v1::CanaryUpload>> CanaryBook::ReadUpload(
    const UploadId& upload) const {
  return ReadMessage<v1::CanaryUpload>(PathOf(upload));
}

absl::Status CanaryBook::WriteUpload(const v1::CanaryUpload& upload) const {
  MUSTER_RETURN_IF_ERROR(MakeDirectories(folder_, 0700));
  MUSTER_ASSIGN_OR_RETURN(const UploadId id, UploadId::Parse(upload.upload()));
  return WriteMessage(PathOf(id), upload);
}

absl::Status CanaryBook::RemoveUpload(const UploadId& upload) const {
  std::error_code error;
  if (!std::filesystem::exists(PathOf(upload), error)) return absl::OkStatus();
  return RemoveDurably(PathOf(upload));
}

absl::StatusOr<std::vector<v1::CanaryUpload>> CanaryBook::ReadUploads() const {
  std::vector<v1::CanaryUpload> uploads;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() != ".upload") continue;
    MUSTER_ASSIGN_OR_RETURN(std::optional<v1::CanaryUpload> upload,
                            ReadMessage<v1::CanaryUpload>(it->path()));
    if (upload) uploads.push_back(*std::move(upload));
  }
  std::sort(
      uploads.begin(), uploads.end(), [](const v1::CanaryUpload& a, const v1::CanaryUpload& b) {
        return std::pair(a.create_time(), a.upload()) < std::pair(b.create_time(), b.upload());
      });
  return uploads;
}

absl::StatusOr<std::vector<v1::Canary>> ReadCanaries(const std::filesystem::path& file) {
  std::vector<v1::Canary> canaries;
  MUSTER_ASSIGN_OR_RETURN(const bool is_export, IsExport(file));
  if (!is_export) {
    MUSTER_ASSIGN_OR_RETURN(const std::vector<std::string> addresses, ReadAddresses(file));
    for (const std::string& address : addresses) canaries.emplace_back().set_address(address);
  } else {
    RefuseAll refuse;
    ingest::ReaderOptions options;
    options.rejects = &refuse;
    MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<ingest::ContactReader> reader,
                            ingest::ContactReader::Open(file, options));
    contact::ContactRecord record;
    while (true) {
      MUSTER_ASSIGN_OR_RETURN(const bool more, reader->Next(record));
      if (!more) break;
      canaries.push_back(CanaryOf(record));
    }
    record.Clear();
  }
  std::set<std::string> seen;
  std::erase_if(canaries, [&seen](const v1::Canary& canary) {
    return !seen.insert(canary.address()).second;
  });
  const int64_t now = absl::ToUnixSeconds(Clock::System().Now());
  for (v1::Canary& canary : canaries) canary.set_add_time(now);
  return canaries;
}

}  // namespace muster::cli
