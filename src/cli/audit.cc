// SPDX-License-Identifier: Apache-2.0
#include "cli/audit.h"

#include "cli/audit_evidence.h"
#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/report/provenance.h"
#include "core/report/witnesses.h"

namespace muster::cli {
namespace {

constexpr std::string_view kWhatItProves =
    "This proves that the member asserted these uploads, with this wording of consent, when the "
    "log says; that the sealed\n"
    "batches are the ones it signed; and that the vault read exactly those. It does not prove that "
    "anybody gave consent:\n"
    "the member asserted it.";

std::string Figure(const std::optional<v1::IntakeStatement>& intake,
                   int64_t (v1::IntakeStatement::*get)() const) {
  return intake.has_value() && !intake->has_voterfile() ? WithCommas(((*intake).*get)()) : "-";
}

Json TermsJson(const v1::VoterFileTerms& terms) {
  return Json::Object()
      .Set("layout", terms.layout())
      .Set("state", terms.state())
      .Set("as_of", terms.as_of())
      .Set("permitted_use", terms.permitted_use())
      .Set("not_registered", terms.not_registered_row_count());
}

Json FailureJson(const std::string& file, const absl::Status& status) {
  Json json = Json::Object();
  json.Set("file", file)
      .Set("reason", ReasonName(ReasonOf(status)))
      .Set("message", std::string(status.message()));
  return json;
}

}  // namespace

std::string DescribeFindings(const Console& console, const report::ReportFindings& findings) {
  using Align = Table::Align;
  Table table({{"upload"},
               {"list"},
               {"when"},
               {"rows", Align::kRight},
               {"rejected", Align::kRight},
               {"batches", Align::kRight},
               {"contacts", Align::kRight},
               {"opt-outs", Align::kRight},
               {"entry", Align::kRight}});
  std::string more;
  for (const report::UploadFinding& upload : findings.uploads) {
    const v1::UploadStatement& said = upload.statement;
    table.Row({said.upload(), said.list(), TimeForPeople(upload.time), WithCommas(said.row_count()),
               WithCommas(said.rejected_row_count()), WithCommas(said.batch_count()),
               Figure(upload.intake, &v1::IntakeStatement::contact_count),
               Figure(upload.intake, &v1::IntakeStatement::suppression_count),
               std::to_string(upload.index)});
    more += "\n  " + said.upload() + " by " + Visible(upload.uploader);
    for (const v1::UploadFile& file : said.files()) {
      more += "\n    file     " + Visible(file.file_name()) + " (" + Visible(file.format()) +
              "), BLAKE2b-256 " + HexEncode(AsBytes(file.blake2b()));
    }
    if (said.has_voterfile()) {
      more += "\n    voters   of " + said.voterfile().state() + " as of " +
              said.voterfile().as_of() + ", layout " + Visible(said.voterfile().layout());
      more += "\n    use      \"" + Visible(said.voterfile().permitted_use()) + "\"";
    } else {
      more += "\n    consent  " + (said.consent().empty() ? "no words were given"
                                                          : "\"" + Visible(said.consent()) + "\"");
    }
    if (said.withheld_row_count() > 0) {
      more += "\n    withheld " + WithCommas(said.withheld_row_count()) +
              (said.has_voterfile() ? " rows that the law withholds"
                                    : " rows of people who are not to be shared");
    }
    more +=
        "\n    vault    " +
        (upload.intake.has_value()
             ? "read all " + WithCommas(upload.intake->record_count()) + " records" +
                   (said.has_voterfile()
                        ? " of " + WithCommas(upload.intake->voterfile().voter_count()) + " voters"
                        : "") +
                   " (entry " + std::to_string(upload.intake_index) + ")"
             : std::string("has not said yet that it read them"));
    for (const std::string& since : upload.since) more += "\n    since    " + Visible(since);
  }
  std::string text = console.Bold(Visible(findings.member_name)) + ", reported by " +
                     Visible(findings.reporter_name) + " on " +
                     TimeForPeople(findings.create_time) + ": " +
                     console.Good("every proof holds") + " (" + WithCommas(findings.entry_count) +
                     " entries of a log of " +
                     WithCommas(static_cast<int64_t>(findings.checkpoint.size)) + ")\n\n";
  text += findings.uploads.empty() ? "  no uploads" : table.Format("  ");
  return text + (more.empty() ? "" : "\n" + more);
}

Json FindingsJson(const report::ReportFindings& findings) {
  Json uploads = Json::Array();
  for (const report::UploadFinding& upload : findings.uploads) {
    const v1::UploadStatement& said = upload.statement;
    Json files = Json::Array();
    for (const v1::UploadFile& file : said.files()) {
      Json item = Json::Object();
      item.Set("file_name", file.file_name())
          .Set("bytes", file.byte_count())
          .Set("blake2b", HexEncode(AsBytes(file.blake2b())));
      item.Set("rows", file.row_count())
          .Set("rejected", file.rejected_row_count())
          .Set("withheld", file.withheld_row_count())
          .Set("format", file.format());
      files.Append(std::move(item));
    }
    Json item = Json::Object();
    item.Set("upload", said.upload()).Set("list", said.list());
    item.Set("mode", said.mode() == v1::UploadStatement::REPLACE ? "replace" : "append");
    item.Set("time", FormatRfc3339(upload.time))
        .Set("uploader", upload.uploader)
        .Set("consent", said.consent());
    item.Set("rows", said.row_count())
        .Set("rejected", said.rejected_row_count())
        .Set("withheld", said.withheld_row_count())
        .Set("records", said.record_count());
    item.Set("batches", said.batch_count())
        .Set("batches_root", HexEncode(AsBytes(said.batches_root())));
    item.Set("log_index", upload.index).Set("files", std::move(files));
    if (said.has_voterfile()) item.Set("voterfile", TermsJson(said.voterfile()));
    if (upload.intake.has_value()) {
      const v1::IntakeStatement& intake = *upload.intake;
      Json read = Json::Object();
      read.Set("contacts", intake.contact_count()).Set("duplicates", intake.duplicate_count());
      read.Set("suppressions", intake.suppression_count())
          .Set("exclusions", intake.exclusion_count());
      read.Set("refused", intake.refused_count())
          .Set("replaced", intake.replaced_count())
          .Set("log_index", upload.intake_index);
      if (intake.has_voterfile()) {
        read.Set("voters", intake.voterfile().voter_count())
            .Set("history_records", intake.voterfile().history_record_count())
            .Set("current", intake.voterfile().current());
      }
      item.Set("intake", std::move(read));
    } else {
      item.Set("intake", Json());
    }
    item.Set("since", Json::Array(upload.since));
    uploads.Append(std::move(item));
  }
  return uploads;
}

absl::StatusOr<int> RunAuditVerify(Console& console, const AuditOptions& options) {
  Json failures = Json::Array();
  Json reports = Json::Array();
  Json evidence = Json::Array();
  bool any_report = false;
  int64_t entries = 0;
  bool ok = true;
  const auto fail = [&](const std::string& file, const absl::Status& status) {
    ok = false;
    failures.Append(FailureJson(file, status));
    console.Print(console.Bad("does not hold") + "  " + Visible(file) + "\n  " +
                  ReasonName(ReasonOf(status)) + ": " + Visible(std::string(status.message())) +
                  "\n");
  };

  report::AuditRoot root;
  absl::Status opened;
  if (const auto bytes = ReadFile(options.bundle, report::kBundleBytesMax); !bytes.ok()) {
    opened = bytes.status();
  } else if (const auto bundle = report::DecodeBundle(*bytes); !bundle.ok()) {
    opened = bundle.status();
  } else if (auto checked = report::OpenBundle(*bundle); !checked.ok()) {
    opened = checked.status();
  } else if (const auto witnessed = report::CheckWitnesses(*bundle); !witnessed.ok()) {
    opened = witnessed.status();
  } else {
    root = *std::move(checked);
  }
  if (!opened.ok()) {
    fail(options.bundle, opened);
  } else {
    console.Print(console.Bold(Visible(root.consortium_name)) + "  log of " +
                  WithCommas(static_cast<int64_t>(root.checkpoint.size)) + " entries, charter " +
                  HexEncode(ByteView(root.charter_hash).first(8)) + "...\n");
  }
  for (const std::string& file : options.files) {
    if (!opened.ok()) break;
    const auto bytes = ReadFile(file, report::kReportBytesMax);
    if (!bytes.ok()) {
      fail(file, bytes.status());
      continue;
    }
    if (IsEvidence(*bytes)) {
      auto finding = VerifyEvidence(console, *bytes, root);
      if (!finding.ok()) {
        fail(file, finding.status());
        continue;
      }
      console.Print(finding->text + "\n");
      evidence.Append(finding->json.Set("file", file).Set("same_tree", finding->same_tree));
      continue;
    }
    const auto findings = report::VerifyReport(*bytes, root);
    if (!findings.ok()) {
      fail(file, findings.status());
      continue;
    }
    any_report = true;
    entries += findings->entry_count;
    std::string text = DescribeFindings(console, *findings);
    if (!findings->same_tree) {
      text += "\n\n  Mind: the report stands on a tree of " +
              WithCommas(static_cast<int64_t>(findings->checkpoint.size)) +
              " entries and the bundle on one of " +
              WithCommas(static_cast<int64_t>(root.checkpoint.size)) +
              ".\n  Both are signed by the log; that one grew out of the other is for its "
              "witnesses to say.";
    }
    console.Print(text + "\n");
    Json report = Json::Object();
    report.Set("file", file)
        .Set("member", findings->member)
        .Set("member_name", findings->member_name);
    report.Set("reporter", findings->reporter_name)
        .Set("create_time", FormatRfc3339(findings->create_time));
    report.Set("entries", findings->entry_count).Set("log_size", findings->checkpoint.size);
    report.Set("same_tree", findings->same_tree).Set("uploads", FindingsJson(*findings));
    reports.Append(std::move(report));
  }
  if (ok && any_report) console.Print(std::string(kWhatItProves));

  Json json = Json::Object();
  json.Set("ok", ok)
      .Set("entries", entries)
      .Set("failures", std::move(failures))
      .Set("reports", std::move(reports))
      .Set("evidence", std::move(evidence));
  console.Result(json);
  return ok ? kExitDone : kExitFailed;
}

}  // namespace muster::cli
