// SPDX-License-Identifier: Apache-2.0
//
// Files that survive a power cut: whole files written beside their name, synced, renamed over it,
// the folder synced.
//
// Errors: NOT_FOUND (FILE_NOT_FOUND), PERMISSION_DENIED (FILE_UNREADABLE), RESOURCE_EXHAUSTED
// (DISK_FULL), FAILED_PRECONDITION (FILE_IS_DIRECTORY), INTERNAL (FILE_IO). Messages name the path
// and what the system said.
// Threads: pure over the file system.
#ifndef MUSTER_CORE_BASE_FILE_H_
#define MUSTER_CORE_BASE_FILE_H_

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster {

absl::Status ErrnoError(int error_number, std::string_view what, const std::filesystem::path& path);

// The whole file; refuses more than `bytes_max`.
absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path,
                                     size_t bytes_max = size_t{1} << 30);

// Replaces `path` atomically and durably. `mode` as for open(2).
absl::Status WriteFileDurably(const std::filesystem::path& path, std::string_view bytes,
                              mode_t mode = 0600);

// As above, but refuses when `path` exists (ALREADY_EXISTS, FILE_EXISTS): keys are never
// overwritten.
absl::Status WriteNewFileDurably(const std::filesystem::path& path, std::string_view bytes,
                                 mode_t mode = 0600);

// Makes the folder and its parents with `mode` for each one made.
absl::Status MakeDirectories(const std::filesystem::path& path, mode_t mode = 0700);

// Syncs the entries of a folder (after a rename or unlink).
absl::Status SyncDirectory(const std::filesystem::path& path);

// Unlinks and syncs the folder; fine when already gone.
absl::Status RemoveDurably(const std::filesystem::path& path);

}  // namespace muster

#endif  // MUSTER_CORE_BASE_FILE_H_
