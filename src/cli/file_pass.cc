// SPDX-License-Identifier: Apache-2.0
#include "cli/file_pass.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <numeric>
#include <optional>

#include "cli/console.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/hash.h"
#include "core/ingest/reject.h"

namespace muster::cli {
namespace {

constexpr uint64_t kRecordsBetweenNews = 1024;

// Counts rejected rows by reason, and writes them down when there is a file for them.
class CountingRejects : public ingest::RejectSink {
 public:
  CountingRejects(std::map<std::string, int64_t>& counts, ingest::RejectFile* file)
      : counts_(counts), file_(file) {}
  absl::Status Begin(std::span<const std::string> header) override {
    return file_ == nullptr ? absl::OkStatus() : file_->Begin(header);
  }
  absl::Status Add(const ingest::Reject& reject) override {
    if (!reject.kept) ++counts_[ReasonName(reject.reason)];
    return file_ == nullptr ? absl::OkStatus() : file_->Add(reject);
  }

 private:
  std::map<std::string, int64_t>& counts_;
  ingest::RejectFile* file_;
};

template <typename Member>
int64_t Sum(const std::vector<FileFigures>& files, Member member) {
  return std::accumulate(files.begin(), files.end(), int64_t{0},
                         [&](int64_t sum, const FileFigures& file) { return sum + file.*member; });
}

}  // namespace

int64_t PassFigures::rows() const { return Sum(files, &FileFigures::rows); }
int64_t PassFigures::rejected() const { return Sum(files, &FileFigures::rejected); }
int64_t PassFigures::withheld() const { return Sum(files, &FileFigures::withheld); }
int64_t PassFigures::not_registered() const { return Sum(files, &FileFigures::not_registered); }
int64_t PassFigures::records() const { return Sum(files, &FileFigures::records); }
int64_t PassFigures::kept_without() const { return Sum(files, &FileFigures::kept_without); }

double FilePass::share() const {
  int64_t bytes = 0;
  for (const v1::UploadFile& file : options_.expected) bytes += file.byte_count();
  return bytes == 0 ? 0 : static_cast<double>(bytes_read()) / static_cast<double>(bytes);
}

absl::StatusOr<v1::UploadFile> HashFile(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return ErrnoError(errno, "cannot open", path);
  struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
  } closer{fd};
  struct stat info = {};
  if (::fstat(fd, &info) != 0) return ErrnoError(errno, "cannot look at", path);
  if (S_ISDIR(info.st_mode)) return ErrnoError(EISDIR, "cannot read", path);
  if (!S_ISREG(info.st_mode)) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, v1::FILE_UNREADABLE,
        path.string() +
            " is not a regular file, and an upload reads its file twice; save it to a file first");
  }
  if (info.st_size == 0)
    return MakeError(v1::FILE_EMPTY, path.string() + " is empty; export the list again");
  v1::UploadFile file;
  // Statements hold UTF-8 without control characters; file systems hold anything.
  const std::string name = Visible(path.filename().string());
  file.set_file_name(contact::IsUtf8(name) ? name : "(name not in UTF-8)");
  crypto::Blake2bStream hash;
  std::string buffer(size_t{1} << 20, '\0');
  int64_t bytes = 0;
  while (true) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error_number = errno;
      crypto::Wipe(buffer.data(), buffer.size());
      return ErrnoError(error_number, "cannot read", path);
    }
    if (n == 0) break;
    hash.Update(std::string_view(buffer).substr(0, static_cast<size_t>(n)));
    bytes += n;
  }
  crypto::Wipe(buffer.data(), buffer.size());
  file.set_byte_count(bytes);
  file.set_blake2b(ToString(hash.Finish()));
  return file;
}

absl::StatusOr<PassFigures> FilePass::Run(const BlockSink& sink, const OpenedSink& opened) {
  for (size_t i = 0; i < options_.files.size(); ++i) {
    absl::Status status = RunFile(i, sink, opened);
    // The reader's messages name line and column; with several files they must name the file as
    // well.
    if (!status.ok() && options_.files.size() > 1 &&
        status.message().find(options_.files[i].filename().string()) == absl::string_view::npos) {
      status = Annotate(status, options_.files[i].string());
    }
    MUSTER_RETURN_IF_ERROR(status);
  }
  if (sink && block_.size() > 0) {
    MUSTER_RETURN_IF_ERROR(sink(next_sequence_, std::move(block_)).status());
    ++next_sequence_;
  }
  return std::move(figures_);
}

absl::Status FilePass::RunFile(size_t index, const BlockSink& sink, const OpenedSink& opened) {
  const std::filesystem::path& path = options_.files[index];
  std::optional<ingest::RejectFile> reject_file;
  if (options_.write_rejects) reject_file.emplace(path);
  CountingRejects rejects(figures_.rejects, reject_file.has_value() ? &*reject_file : nullptr);

  FileFigures file;
  file.path = path;
  MUSTER_ASSIGN_OR_RETURN(
      const std::unique_ptr<ingest::RecordReader> reader,
      options_.format->Open(index, path, static_cast<uint32_t>(figures_.rows() + 1), &rejects,
                            file));
  if (opened) opened(file);

  const int64_t bytes_before = bytes_read_.load(std::memory_order_relaxed);
  const int64_t records_before = records_read_.load(std::memory_order_relaxed);
  contact::ContactRecord record;
  int64_t withheld_records = 0;
  bool has_rows = true;
  while (true) {
    const absl::StatusOr<bool> more = reader->Next(record);
    // Mailchimp exports three files whether or not there is anything in each.
    has_rows = ReasonOf(more.status()) != v1::CSV_NO_ROWS || options_.files.size() == 1;
    if (!has_rows) break;
    MUSTER_RETURN_IF_ERROR(more.status());
    if (!*more) break;
    if (record.status == contact::Status::kDoNotShare) {
      // The row says so, and with it every address in it.
      if (record.ordinal == 0) ++file.withheld;
      ++withheld_records;
    } else if (sink) {
      if (absl::Status status = block_.Add(record); !status.ok()) {
        return Annotate(status, "row " + std::to_string(record.row));
      }
      if (block_.full()) {
        MUSTER_ASSIGN_OR_RETURN(block_, sink(next_sequence_, std::move(block_)));
        ++next_sequence_;
      }
    }
    if (reader->records() % kRecordsBetweenNews == 0) {
      bytes_read_.store(bytes_before + static_cast<int64_t>(reader->bytes_read()),
                        std::memory_order_relaxed);
      records_read_.store(records_before + static_cast<int64_t>(reader->records()),
                          std::memory_order_relaxed);
    }
  }
  record.Clear();
  bytes_read_.store(bytes_before + static_cast<int64_t>(reader->bytes_read()),
                    std::memory_order_relaxed);
  records_read_.store(records_before + static_cast<int64_t>(reader->records()),
                      std::memory_order_relaxed);
  if (has_rows && index < options_.expected.size() &&
      AsText(reader->file_hash()) != options_.expected[index].blake2b()) {
    return MakeError(v1::FILE_CHANGED, path.string() +
                                           " was changed while it was read; wait until whatever "
                                           "writes it is done and upload again");
  }
  if (reject_file.has_value()) {
    MUSTER_RETURN_IF_ERROR(reject_file->Close());
    if (reject_file->count() > 0) file.reject_file = reject_file->path().string();
  }
  file.rows = reader->rows();
  file.rejected = reader->rejected();
  file.records = static_cast<int64_t>(reader->records()) - withheld_records;
  file.kept_without = static_cast<int64_t>(reader->kept_without());
  options_.format->Count(*reader, file);
  figures_.files.push_back(std::move(file));
  return absl::OkStatus();
}

}  // namespace muster::cli
