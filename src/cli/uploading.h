// SPDX-License-Identifier: Apache-2.0
//
// Uploading: one upload from its plan to its receipt and the vault's word; or from wherever it
// broke off.
//
// Order: plan on disk, upload opened, canaries planned (canary_mixer.h; lists only), batches
// (batch_sender.h), the signed statement on disk,
// commit, receipt checked and kept, the vault's statement checked. What was done before a break is
// not done again: ids, batches and statement are those on disk.
// Errors: NOTHING_TO_RESUME, FILE_ALREADY_UPLOADED, ROWS_REJECTED, PROOF_INVALID,
// STATEMENT_REFUSED, UPLOAD_FAILED, and those of the parts.
// Threads: one.
#ifndef MUSTER_CLI_UPLOADING_H_
#define MUSTER_CLI_UPLOADING_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/canary_book.h"
#include "cli/file_pass.h"
#include "cli/session.h"
#include "cli/upload_report.h"
#include "cli/upload_state.h"
#include "muster/v1/upload_service.pb.h"

namespace muster::cli {

struct UploadTask {
  // What is known before reading: list, mode, consent or a voter file's terms.
  v1::UploadStatement plan;
  bool strict = false;
  bool resume = false;
  bool no_wait = false;
};

// 1 to 200 bytes of UTF-8 without control characters; `flag` gives another.
absl::Status CheckUploadName(const std::string& name, std::string_view flag);

// Name, size and hash of each. FILE_ALREADY_UPLOADED when one is named twice.
absl::StatusOr<std::vector<v1::UploadFile>> HashFiles(const std::vector<std::string>& files);

// Reads the files and tells how, as an upload would; writes and sends nothing.
absl::StatusOr<UploadReport> ReadOnly(Console& console, FilePassOptions pass_options);

// That --strict takes none of these rows.
absl::Status StrictRefusal(const PassFigures& figures, bool sent_nothing);

class Uploading {
 public:
  // `session` outlives it. `pass_options` names the files and what they hash to.
  Uploading(Session& session, const UploadTask& task, FilePassOptions pass_options)
      : session_(session), task_(task), pass_options_(std::move(pass_options)), plan_(task.plan) {}

  absl::Status Run();
  const UploadReport& report() const { return report_; }

 private:
  absl::Status MakePlan();
  absl::Status FindState();
  absl::Status ReadStrictly();
  absl::Status OpenUpload();
  absl::Status PlanCanaries();
  absl::Status SendAndSign(const crypto::Point& member_key);
  absl::Status Commit();
  absl::Status WriteReceipt(const v1::EntryProof& proof);
  absl::Status AwaitIntake();
  absl::Status CheckIntake(const v1::Upload& upload);
  void ForgetStates();
  absl::Status Resumable(const absl::Status& status) const;
  CanaryBook Canaries() const { return CanaryBook(session_.profile().folder / "canaries"); }
  std::filesystem::path StateFolder() const { return session_.profile().folder / "uploads"; }
  const std::string& name() const { return state_->plan().upload(); }

  Session& session_;
  const UploadTask task_;
  FilePassOptions pass_options_;
  v1::UploadStatement plan_;
  std::unique_ptr<UploadState> state_;
  std::optional<v1::CanaryUpload> canaries_;  // of a list
  v1::Upload upload_;
  UploadReport report_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_UPLOADING_H_
