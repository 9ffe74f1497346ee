// SPDX-License-Identifier: Apache-2.0
//
// CanaryBook: the seed addresses of a profile, and what each upload was given, in canaries/ of the
// profile's folder: `book` and one ID.upload for every upload of a list, with canaries or without.
//
// Rule: 0600, written durably before anything that depends on it is sent. Nothing of it leaves this
// machine but what `canary hit` opens. Who loses it cannot prove a hit; who reads it knows the
// canaries.
// Errors: HOME_MALFORMED, CANARY_EXISTS, those of base/file.h.
// Threads: values; two processes may use one book (changes are made under a lock).
#ifndef MUSTER_CLI_CANARY_BOOK_H_
#define MUSTER_CLI_CANARY_BOOK_H_

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "muster/v1/canary.pb.h"

namespace muster::cli {

// What an upload is given when the book says nothing.
inline constexpr int kCanariesPerUpload = 2;
inline constexpr int kCanariesPerUploadMax = 32;
inline constexpr int kCanariesMax = 10'000;

class CanaryBook {
 public:
  explicit CanaryBook(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Empty when there is none yet.
  absl::StatusOr<v1::CanaryBook> Read() const;
  absl::Status Change(const std::function<absl::Status(v1::CanaryBook&)>& change) const;

  absl::StatusOr<std::optional<v1::CanaryUpload>> ReadUpload(const UploadId& upload) const;
  absl::Status WriteUpload(const v1::CanaryUpload& upload) const;
  absl::Status RemoveUpload(const UploadId& upload) const;
  // Oldest first.
  absl::StatusOr<std::vector<v1::CanaryUpload>> ReadUploads() const;

 private:
  std::filesystem::path PathOf(const UploadId& upload) const;
  std::filesystem::path folder_;
};

// The seed addresses in a file: one on each line, or an export whose other columns say more of
// each. EMAIL_MALFORMED and others, naming the line.
absl::StatusOr<std::vector<v1::Canary>> ReadCanaries(const std::filesystem::path& file);

}  // namespace muster::cli

#endif  // MUSTER_CLI_CANARY_BOOK_H_
