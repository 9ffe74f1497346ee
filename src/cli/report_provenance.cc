// SPDX-License-Identifier: Apache-2.0
#include "cli/report_provenance.h"

#include "cli/audit.h"
#include "cli/period.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/report/provenance.h"
#include "core/report/verify.h"
#include "muster/v1/report_service.pb.h"

namespace muster::cli {

absl::StatusOr<int> RunReportProvenance(const Invocation& invocation,
                                        const ReportOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_ASSIGN_OR_RETURN(const MemberId member, session->RequireMember());
  const Profile& profile = session->profile();
  if (!options.member.empty() && options.member != profile.member_name &&
      options.member != member.Name()) {
    return MakeError(v1::MEMBER_NOT_FOUND,
                     "a report is made by the member itself, and this profile is of " +
                         profile.member_name + "; ask the other member for its report");
  }
  if (!options.upload.empty())
    MUSTER_RETURN_IF_ERROR(Annotate(UploadId::Parse(options.upload).status(), "--upload"));
  const std::filesystem::path out =
      options.out.empty()
          ? std::filesystem::path(ProfileNameFrom(profile.member_name) + ".muster-report")
          : std::filesystem::path(options.out);
  std::error_code error;
  if (std::filesystem::exists(out, error))
    MUSTER_RETURN_IF_ERROR(console.Confirm(out.string() + " exists and would be replaced."));

  v1::GetProvenanceRequest request;
  request.set_upload(options.upload);
  MUSTER_ASSIGN_OR_RETURN(const v1::Period period, ParsePeriod(options.from, options.to));
  if (period.from_time() != 0 || period.to_time() != 0) *request.mutable_period() = period;
  v1::ProvenanceReport report;
  MUSTER_RETURN_IF_ERROR(
      session->Call("ReportService/GetProvenance", request, report, absl::Seconds(120)));
  MUSTER_RETURN_IF_ERROR(session->Reconcile(report.checkpoint()));
  report.set_reporter(profile.person.Name());
  report.set_create_time(absl::ToUnixSeconds(Clock::System().Now()));
  const std::string file = report::EncodeReport(std::move(report), session->sign_key());

  // As an auditor would, with what this profile has pinned in the place of a bundle.
  report::AuditRoot root;
  root.consortium = profile.consortium;
  root.consortium_name = profile.consortium_name;
  root.log_key = profile.log_key;
  root.charter_hash = profile.charter_hash;
  root.checkpoint = session->seen();
  const auto findings = report::VerifyReport(file, root);
  if (!findings.ok()) {
    return Annotate(findings.status(),
                    "what the server gave for the report does not hold, so none was written");
  }
  MUSTER_RETURN_IF_ERROR(WriteFileDurably(out, file, 0644));

  console.Print(DescribeFindings(console, *findings) + "\n\nWritten to " + out.string() +
                "; an auditor checks it with `muster audit verify " + out.string() +
                " --bundle BUNDLE`");
  Json json = Json::Object();
  json.Set("file", out.string())
      .Set("bytes", file.size())
      .Set("member", findings->member)
      .Set("member_name", findings->member_name);
  json.Set("entries", findings->entry_count)
      .Set("log_size", findings->checkpoint.size)
      .Set("uploads", FindingsJson(*findings))
      .Set("acts", ActsJson(*findings));
  console.Result(json);
  return kExitDone;
}

}  // namespace muster::cli
