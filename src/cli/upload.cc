// SPDX-License-Identifier: Apache-2.0
#include "cli/upload.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "cli/batch_sender.h"
#include "cli/file_pass.h"
#include "cli/progress.h"
#include "cli/seal_line.h"
#include "cli/table.h"
#include "cli/upload_report.h"
#include "cli/uploading.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"

namespace muster::cli {
namespace {

constexpr size_t kConsentBytesMax = 4096;

absl::StatusOr<FilePassOptions> PassOptions(const UploadOptions& options) {
  auto format = std::make_shared<ListFormat>();
  for (const std::string& correction : options.map) {
    const size_t equals = correction.find('=');
    if (equals == std::string::npos || equals == 0) {
      return MakeError(v1::FIELD_UNKNOWN,
                       "--map takes FIELD=COLUMN, as in --map email=\"E-mail address\"");
    }
    format->map.emplace_back(correction.substr(0, equals), correction.substr(equals + 1));
  }
  if (!options.encoding.empty()) {
    MUSTER_ASSIGN_OR_RETURN(format->encoding, ingest::ParseEncoding(options.encoding));
  }
  format->region = options.region;
  FilePassOptions pass;
  pass.files.assign(options.files.begin(), options.files.end());
  pass.format = std::move(format);
  return pass;
}

absl::Status CheckTexts(const UploadOptions& options) {
  MUSTER_RETURN_IF_ERROR(CheckUploadName(options.list, "--list"));
  if (options.consent.size() > kConsentBytesMax || !contact::IsUtf8(options.consent)) {
    return MakeError(v1::FIELD_TOO_LONG,
                     "--consent takes at most 4096 bytes of UTF-8; say it shorter",
                     {{"field", "consent"}});
  }
  return absl::OkStatus();
}

// Reads and reports only.
absl::StatusOr<int> DryRun(const Invocation& invocation, const UploadOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(FilePassOptions pass_options, PassOptions(options));
  MUSTER_ASSIGN_OR_RETURN(pass_options.expected, HashFiles(options.files));
  MUSTER_ASSIGN_OR_RETURN(UploadReport report, ReadOnly(*invocation.console, pass_options));
  report.list = options.list;
  report.replace = options.replace;
  if (options.strict && report.figures.rejected() > 0) return StrictRefusal(report.figures, true);
  invocation.console->Print(report.ToText(*invocation.console));
  invocation.console->Result(report.ToJson());
  return kExitDone;
}

// Reads and seals under keys that nobody keeps; the envelopes are thrown away.
absl::StatusOr<int> SealOnly(const Invocation& invocation, const UploadOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(FilePassOptions pass_options, PassOptions(options));
  pass_options.write_rejects = false;
  const crypto::SigningKey key = crypto::SigningKey::Generate();
  seal::SealContext context;
  context.consortium = crypto::RandomArray<16>();
  context.member = {crypto::RandomArray<8>()};
  context.upload = {crypto::RandomArray<8>()};
  context.uploader = {crypto::RandomArray<8>()};
  context.intake_key = crypto::BoxSecretKey::Generate().public_key();
  context.vault_key = crypto::Scalar::Random().TimesBase();
  context.member_key = crypto::Scalar::Random().TimesBase();
  const seal::Sealer sealer(context, &key);
  const absl::Time begin = absl::Now();
  FilePass pass(std::move(pass_options));
  const auto nothing = [](uint32_t, uint32_t, seal::SealedBatch&) { return absl::OkStatus(); };
  SealLine line(&sealer, SealingThreads(), 1, nothing, nothing);
  MUSTER_ASSIGN_OR_RETURN(
      const PassFigures figures,
      pass.Run([&](uint32_t sequence,
                   seal::RecordBlock block) { return line.Push(sequence, std::move(block)); },
               nullptr));
  MUSTER_RETURN_IF_ERROR(line.Finish());
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  const auto rate =
      static_cast<int64_t>(static_cast<double>(figures.records()) / std::max(seconds, 1e-9));
  invocation.console->Print(WithCommas(figures.records()) + " contacts sealed in " +
                            ForPeople(seconds) + ", " + WithCommas(rate) + "/s");
  Json json = Json::Object();
  json.Set("contacts", figures.records()).Set("seconds", seconds).Set("contacts_per_second", rate);
  invocation.console->Result(json);
  return kExitDone;
}

}  // namespace

absl::StatusOr<int> RunUpload(const Invocation& invocation, const UploadOptions& given) {
  UploadOptions options = given;
  if (options.list.empty())
    options.list = std::filesystem::path(options.files.front()).stem().string();
  MUSTER_RETURN_IF_ERROR(CheckTexts(options));
  if (options.dry_run) return DryRun(invocation, options);
  if (options.seal_only) return SealOnly(invocation, options);

  // What is wrong with the files is said before anybody is asked for a passphrase.
  MUSTER_ASSIGN_OR_RETURN(FilePassOptions pass_options, PassOptions(options));
  MUSTER_ASSIGN_OR_RETURN(pass_options.expected, HashFiles(options.files));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(session->RequireRole({v1::ROLE_UPLOADER}, "upload"));
  UploadTask task;
  task.plan.set_list(options.list);
  task.plan.set_mode(options.replace ? v1::UploadStatement::REPLACE : v1::UploadStatement::APPEND);
  task.plan.set_consent(options.consent);
  task.strict = options.strict;
  task.resume = options.resume;
  task.no_wait = options.no_wait;
  Uploading uploading(*session, task, std::move(pass_options));
  MUSTER_RETURN_IF_ERROR(uploading.Run());
  invocation.console->Print(uploading.report().ToText(*invocation.console));
  invocation.console->Result(uploading.report().ToJson());
  return kExitDone;
}

}  // namespace muster::cli
