// SPDX-License-Identifier: Apache-2.0
//
// upload: reads exports, seals them here, sends the sealed batches, states what was sent, and
// checks what server and vault say came of it.
//
// Rule: header, root and signature of every batch are on disk before the batch is sent
// (upload_state.h); "done" is said only when the receipt stands in the log's tree and, unless
// --no-wait, the vault's signed statement agrees with one's own. An upload that broke off goes on
// with --resume.
// Errors: those of reading (row and remedy), FILE_ALREADY_UPLOADED, FILE_CHANGED,
// NOTHING_TO_RESUME, ROWS_REJECTED (--strict), UPLOAD_FAILED, and of the session.
#ifndef MUSTER_CLI_UPLOAD_H_
#define MUSTER_CLI_UPLOAD_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct UploadOptions {
  std::vector<std::string> files;
  std::string list;  // empty: the first file's name without its ending
  bool replace = false;
  bool strict = false;
  bool dry_run = false;
  bool resume = false;
  bool no_wait = false;
  bool seal_only = false;  // for measuring: reads and seals, keeps nothing, needs no profile
  std::string consent;
  std::vector<std::string> map;  // FIELD=COLUMN
  std::string encoding;
  std::string region = "US";
};

// Exit code.
absl::StatusOr<int> RunUpload(const Invocation& invocation, const UploadOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_UPLOAD_H_
