// SPDX-License-Identifier: Apache-2.0
//
// UploadState: what this machine knows of one upload, on disk before any of it is sent, so that an
// upload that broke off goes on where it was.
//
// uploads/<id>.state in the profile's folder: "MUSTER-UPLOAD-1\n", then frames { u32 length | u8
// kind | payload | first 8 bytes of BLAKE2b-256(kind | payload) }: the plan ('P', an
// UploadStatement with what is known before reading), how the files are read ('R', text), a batch
// ('B', a BatchRecord), the signed statement ('S'). A frame cut off by a crash is cut away. No
// contact data: headers, roots and signatures.
// Rule: AddBatch returns only when the frame is synced. A sequence may have several versions: each
// sealing anew draws a new DEK.
// Errors: those of base/file.h (DISK_FULL); HOME_MALFORMED; UPLOAD_EXISTS when another command is
// at this upload.
// Threads: AddBatch and Versions are safe from many; the rest from one. The file is locked while
// open.
#ifndef MUSTER_CLI_UPLOAD_STATE_H_
#define MUSTER_CLI_UPLOAD_STATE_H_

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "muster/v1/report.pb.h"
#include "muster/v1/statement.pb.h"

namespace muster::cli {

class UploadState {
 public:
  static absl::StatusOr<std::unique_ptr<UploadState>> Create(const std::filesystem::path& folder,
                                                             const v1::UploadStatement& plan,
                                                             const std::string& reading);
  static absl::StatusOr<std::unique_ptr<UploadState>> Open(const std::filesystem::path& file);
  // State files in `folder`, newest first.
  static std::vector<std::filesystem::path> List(const std::filesystem::path& folder);
  ~UploadState();
  UploadState(const UploadState&) = delete;
  UploadState& operator=(const UploadState&) = delete;

  const v1::UploadStatement& plan() const { return plan_; }
  const std::string& reading() const { return reading_; }
  const std::filesystem::path& path() const { return path_; }

  absl::Status AddBatch(const v1::BatchRecord& batch);
  // Oldest first; empty for a batch that was never sealed.
  std::vector<v1::BatchRecord> Versions(uint32_t sequence) const;
  size_t batch_count() const { return batches_.size(); }

  absl::Status SetStatement(const v1::SignedStatement& statement);
  const std::optional<v1::SignedStatement>& statement() const { return statement_; }

  // The upload is over: the file goes.
  absl::Status Remove();

 private:
  explicit UploadState(std::filesystem::path path) : path_(std::move(path)) {}
  absl::Status Append(char kind, const std::string& payload);
  absl::Status Load();
  absl::Status Take(char kind, std::string_view payload);

  std::filesystem::path path_;
  int fd_ = -1;
  v1::UploadStatement plan_;
  std::string reading_;
  std::map<uint32_t, std::vector<v1::BatchRecord>> batches_;
  std::optional<v1::SignedStatement> statement_;
  mutable std::mutex mutex_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_UPLOAD_STATE_H_
