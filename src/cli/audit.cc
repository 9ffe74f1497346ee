// SPDX-License-Identifier: Apache-2.0
#include "cli/audit.h"

#include <algorithm>
#include <fstream>
#include <span>

#include "cli/audit_page.h"
#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/report/coalition.h"
#include "core/report/provenance.h"
#include "core/report/proves.h"
#include "core/report/witnesses.h"

namespace muster::cli {
namespace {

using Align = Table::Align;

constexpr size_t kEventsShown = 40;
constexpr size_t kMagicBytes = 32;

std::string Sentences(std::span<const std::string_view> sentences) {
  std::string text;
  for (const std::string_view sentence : sentences) text += "\n  " + std::string(sentence);
  return text;
}

Json SentencesJson(std::span<const std::string_view> sentences) {
  Json json = Json::Array();
  for (const std::string_view sentence : sentences) json.Append(Json(sentence));
  return json;
}

std::string Day(int64_t time) { return FormatRfc3339(time).substr(0, 10); }

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

Json PeriodJson(const v1::Period& period) {
  Json json = Json::Object();
  json.Set("from", period.from_time() == 0 ? Json() : Json(FormatRfc3339(period.from_time())));
  json.Set("to", period.to_time() == 0 ? Json() : Json(FormatRfc3339(period.to_time())));
  return json;
}

Json EventsJson(const std::vector<report::Event>& events) {
  Json json = Json::Array();
  for (const report::Event& event : events) {
    Json item = Json::Object();
    item.Set("log_index", event.index)
        .Set("time", FormatRfc3339(event.time))
        .Set("kind", event.kind)
        .Set("member_name", event.member)
        .Set("by", event.by)
        .Set("text", event.text);
    if (event.back_dated) item.Set("back_dated", true);
    if (event.post_dated) item.Set("post_dated", true);
    if (!event.understood) item.Set("understood", false);
    json.Append(std::move(item));
  }
  return json;
}

Json FiguresJson(const report::MemberFigures& of) {
  Json json = Json::Object();
  if (!of.member.empty()) json.Set("member", of.member).Set("member_name", of.name);
  json.Set("people", of.people)
      .Set("uploads", of.uploads)
      .Set("rows", of.rows)
      .Set("rejected", of.rejected)
      .Set("withheld", of.withheld)
      .Set("records", of.records)
      .Set("batches", of.batches)
      .Set("read", of.read)
      .Set("contacts", of.contacts)
      .Set("duplicates", of.duplicates)
      .Set("suppressions", of.suppressions)
      .Set("exclusions", of.exclusions)
      .Set("refused", of.refused)
      .Set("replaced", of.replaced)
      .Set("voter_files", of.voter_files)
      .Set("voters", of.voters)
      .Set("withdrawals", of.withdrawals)
      .Set("withdrawn_sources", of.withdrawn_sources)
      .Set("entries", of.entries);
  return json;
}

absl::StatusOr<report::AuditRoot> OpenBundleFile(const std::string& file) {
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file, report::kBundleBytesMax));
  MUSTER_ASSIGN_OR_RETURN(const v1::Bundle bundle, report::DecodeBundle(bytes));
  MUSTER_ASSIGN_OR_RETURN(report::AuditRoot root, report::OpenBundle(bundle));
  MUSTER_ASSIGN_OR_RETURN(root.witnesses, report::WitnessKeys(bundle));
  return root;
}

std::string OtherTree(const tlog::Checkpoint& report, const tlog::Checkpoint& bundle) {
  return "\n\n  Mind: the report stands on a tree of " +
         WithCommas(static_cast<int64_t>(report.size)) + " entries and the bundle on one of " +
         WithCommas(static_cast<int64_t>(bundle.size)) +
         ".\n  Both are signed by the log; that one grew out of the other is for its "
         "witnesses to say.";
}

std::string WhatItProves(const AuditOutcome& outcome) {
  bool member = false;
  bool coalition = false;
  for (const AuditedFile& file : outcome.files) {
    member = member || std::holds_alternative<report::ReportFindings>(file.findings);
    coalition = coalition || std::holds_alternative<report::CoalitionFindings>(file.findings);
  }
  std::string text;
  if (member) {
    text += "What a member's report proves:" + Sentences(report::kMemberProves) +
            "\nand what not:" + Sentences(report::kMemberDoesNotProve);
  }
  if (coalition) {
    text += std::string(text.empty() ? "" : "\n\n") +
            "What the coalition's report proves:" + Sentences(report::kCoalitionProves) +
            "\nand what not:" + Sentences(report::kCoalitionDoesNotProve);
  }
  return text;
}

std::string EventTable(const std::vector<report::Event>& events) {
  Table table({{"entry", Align::kRight}, {"when"}, {"member"}, {"by"}, {"what"}});
  size_t shown = 0;
  for (const report::Event& event : events) {
    if (shown++ == kEventsShown) break;
    table.Row({std::to_string(event.index), TimeForPeople(event.time), event.member, event.by,
               event.kind + ": " + event.text});
  }
  return table.Format("  ");
}

}  // namespace

std::string PeriodForPeople(const v1::Period& period) {
  if (period.from_time() == 0 && period.to_time() == 0) return "all time";
  if (period.to_time() == 0) return "from " + Day(period.from_time());
  return (period.from_time() == 0 ? "" : "from " + Day(period.from_time()) + " ") + "until " +
         Day(period.to_time());
}

std::string DescribeFindings(const Console& console, const report::ReportFindings& findings) {
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
  std::string text =
      console.Bold(Visible(findings.member_name)) + ", " + PeriodForPeople(findings.period) +
      ", reported by " + Visible(findings.reporter_name) + " on " +
      TimeForPeople(findings.create_time) + ": " + console.Good("every proof holds") + " (" +
      WithCommas(findings.entry_count) + " entries of a log of " +
      WithCommas(static_cast<int64_t>(findings.checkpoint.size)) + ")\n\n";
  text += findings.uploads.empty() ? "  no uploads" : table.Format("  ");
  if (!more.empty()) text += "\n" + more;
  if (!findings.acts.empty()) text += "\n\n  and what was done:\n" + EventTable(findings.acts);
  return text;
}

std::string DescribeFindings(const Console& console, const report::CoalitionFindings& findings) {
  std::string text =
      console.Bold(Visible(findings.consortium)) + ", the whole coalition, " +
      PeriodForPeople(findings.period) + ", reported by " + Visible(findings.reporter_name) +
      " on " + TimeForPeople(findings.create_time) + ": " + console.Good("every proof holds") +
      "\n  all " + WithCommas(findings.entry_count) + " entries of the log are here, " +
      WithCommas(findings.period_count) + " of the period\n\n";
  Table members({{"member"},
                 {"people", Align::kRight},
                 {"uploads", Align::kRight},
                 {"rows", Align::kRight},
                 {"rejected", Align::kRight},
                 {"records", Align::kRight},
                 {"contacts", Align::kRight},
                 {"opt-outs", Align::kRight},
                 {"voter files", Align::kRight},
                 {"withdrawals", Align::kRight},
                 {"entries", Align::kRight}});
  const auto row = [&](const report::MemberFigures& of, const std::string& name) {
    members.Row({name, WithCommas(of.people), WithCommas(of.uploads), WithCommas(of.rows),
                 WithCommas(of.rejected), WithCommas(of.records), WithCommas(of.contacts),
                 WithCommas(of.suppressions), WithCommas(of.voter_files),
                 WithCommas(of.withdrawals), WithCommas(of.entries)});
  };
  for (const report::MemberFigures& member : findings.members) row(member, member.name);
  row(findings.total, "all");
  text += members.Format("  ");

  std::string kinds;
  for (const report::KindCount& kind : findings.kinds) {
    kinds += (kinds.empty() ? "" : ", ") + WithCommas(kind.count) + " " + kind.kind +
             (kind.understood ? "" : " (not understood)");
  }
  text += "\n\n  entries by kind: " + (kinds.empty() ? "none" : Visible(kinds));
  for (const report::VoterFileFinding& file : findings.voter_files) {
    text += "\n  voter file " + Visible(file.name) + " of " + Visible(file.member) + ", " +
            file.terms.state() + " as of " + file.terms.as_of() + ", permitted use \"" +
            Visible(file.terms.permitted_use()) + "\" (entry " + std::to_string(file.index) + ")";
  }
  text += "\n  sample: " + WithCommas(static_cast<int64_t>(findings.sample.size())) + " of " +
          WithCommas(findings.sample_population) +
          " sealed batches were drawn and are as their uploads say";
  if (findings.unread_count > 0) {
    text += "\n  not read by the vault: " + WithCommas(findings.unread_count) + " uploads, " +
            findings.unread.front() + (findings.unread_count > 1 ? " and others" : "");
  }
  for (const std::string& remark : findings.remarks)
    text += "\n  " + console.Bad("mind") + ": " + Visible(remark);
  text += "\n\n" + EventTable(findings.events);
  const int64_t hidden =
      findings.period_count - static_cast<int64_t>(std::min(kEventsShown, findings.events.size()));
  if (hidden > 0) text += "\n  and " + WithCommas(hidden) + " more; --html shows them";
  return text;
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

void PutMemberJson(const report::ReportFindings& findings, Json& json) {
  json.Set("kind", "member")
      .Set("member", findings.member)
      .Set("member_name", findings.member_name)
      .Set("reporter", findings.reporter_name)
      .Set("create_time", FormatRfc3339(findings.create_time))
      .Set("period", PeriodJson(findings.period))
      .Set("entries", findings.entry_count)
      .Set("log_size", findings.checkpoint.size)
      .Set("same_tree", findings.same_tree)
      .Set("uploads", FindingsJson(findings))
      .Set("acts", ActsJson(findings))
      .Set("proves", SentencesJson(report::kMemberProves))
      .Set("does_not_prove", SentencesJson(report::kMemberDoesNotProve));
}

Json ActsJson(const report::ReportFindings& findings) { return EventsJson(findings.acts); }

void PutCoalitionJson(const report::CoalitionFindings& findings, Json& json) {
  json.Set("kind", "coalition")
      .Set("consortium", findings.consortium)
      .Set("reporter", findings.reporter_name)
      .Set("create_time", FormatRfc3339(findings.create_time))
      .Set("period", PeriodJson(findings.period))
      .Set("entries", findings.entry_count)
      .Set("period_entries", findings.period_count)
      .Set("log_size", findings.checkpoint.size)
      .Set("same_tree", findings.link == report::BundleLink::kSame)
      .Set("extends_bundle", findings.link != report::BundleLink::kBehind);
  Json members = Json::Array();
  for (const report::MemberFigures& member : findings.members) members.Append(FiguresJson(member));
  Json kinds = Json::Array();
  Json not_understood = Json::Array();
  for (const report::KindCount& kind : findings.kinds) {
    Json item = Json::Object();
    item.Set("kind", kind.kind).Set("count", kind.count);
    if (!kind.understood) not_understood.Append(item);
    kinds.Append(std::move(item));
  }
  Json files = Json::Array();
  for (const report::VoterFileFinding& file : findings.voter_files) {
    Json item = TermsJson(file.terms);
    item.Set("voterfile", file.name)
        .Set("member_name", file.member)
        .Set("upload", file.upload)
        .Set("time", FormatRfc3339(file.time))
        .Set("rows", file.rows)
        .Set("withheld", file.withheld)
        .Set("voters", file.voters.has_value() ? Json(*file.voters) : Json())
        .Set("log_index", file.index);
    files.Append(std::move(item));
  }
  Json matches = Json::Array();
  for (const report::MatchFinding& match : findings.matches) {
    Json item = Json::Object();
    item.Set("match", match.statement.match())
        .Set("voterfile", match.statement.voterfile())
        .Set("time", FormatRfc3339(match.time))
        .Set("estimated", match.statement.estimated())
        .Set("matched_probability", match.statement.matched_probability())
        .Set("ambiguous_probability", match.statement.ambiguous_probability())
        .Set("log_index", match.index);
    Json bands = Json::Array();
    for (const v1::MatchBand& band : match.statement.table().bands()) {
      Json one = Json::Object();
      one.Set("band", band.band()).Set("noisy_count", band.noisy_count());
      bands.Append(std::move(one));
    }
    item.Set("bands", match.statement.has_table() ? std::move(bands) : Json());
    matches.Append(std::move(item));
  }
  Json people = Json::Array();
  for (const report::PersonFinding& person : findings.people) {
    Json item = Json::Object();
    item.Set("name", person.name)
        .Set("member_name", person.member)
        .Set("roles", person.roles)
        .Set("join_time", FormatRfc3339(person.join_time))
        .Set("log_index", person.join_index);
    people.Append(std::move(item));
  }
  Json sample = Json::Array();
  for (const report::SampledBatch& batch : findings.sample) {
    Json item = Json::Object();
    item.Set("upload", batch.upload)
        .Set("member_name", batch.member)
        .Set("list", batch.list)
        .Set("sequence", batch.sequence)
        .Set("batches", batch.batch_count)
        .Set("records", batch.records);
    sample.Append(std::move(item));
  }
  json.Set("members", std::move(members))
      .Set("total", FiguresJson(findings.total))
      .Set("kinds", std::move(kinds))
      .Set("not_understood", std::move(not_understood))
      .Set("voter_files", std::move(files))
      .Set("matches", std::move(matches))
      .Set("people", std::move(people))
      .Set("unread_uploads", Json::Array(findings.unread))
      .Set("sample_population", findings.sample_population)
      .Set("sample", std::move(sample))
      .Set("remarks", Json::Array(findings.remarks))
      .Set("remark_count", findings.remark_count)
      .Set("events", EventsJson(findings.events))
      .Set("events_left_out", findings.events_left_out)
      .Set("proves", SentencesJson(report::kCoalitionProves))
      .Set("does_not_prove", SentencesJson(report::kCoalitionDoesNotProve));
}

bool AuditOutcome::ok() const {
  return std::all_of(files.begin(), files.end(),
                     [](const AuditedFile& file) { return file.status.ok(); });
}

AuditOutcome VerifyFiles(const AuditOptions& options) {
  AuditOutcome outcome;
  outcome.verify_time = absl::ToUnixSeconds(Clock::System().Now());
  auto root = OpenBundleFile(options.bundle);
  if (!root.ok()) {
    outcome.files.push_back({options.bundle, root.status(), {}});
    return outcome;
  }
  outcome.root = *std::move(root);
  for (const std::string& file : options.files) {
    AuditedFile audited{file, absl::OkStatus(), {}};
    std::ifstream stream(file, std::ios::binary);
    std::string magic(kMagicBytes, '\0');
    stream.read(magic.data(), static_cast<std::streamsize>(magic.size()));
    if (stream && magic.starts_with(report::kCoalitionMagic)) {
      stream.seekg(0);
      auto findings = report::VerifyCoalition(stream, outcome.root);
      audited.status = findings.status();
      if (findings.ok()) audited.findings = *std::move(findings);
    } else if (const auto bytes = ReadFile(file, report::kReportBytesMax); !bytes.ok()) {
      audited.status = bytes.status();
    } else if (IsEvidence(*bytes)) {
      auto finding = VerifyEvidence(*bytes, outcome.root);
      audited.status = finding.status();
      if (finding.ok()) audited.findings = *std::move(finding);
    } else {
      auto findings = report::VerifyReport(*bytes, outcome.root);
      audited.status = findings.status();
      if (findings.ok()) audited.findings = *std::move(findings);
    }
    outcome.files.push_back(std::move(audited));
  }
  return outcome;
}

absl::StatusOr<int> RunAuditVerify(Console& console, const AuditOptions& options) {
  const AuditOutcome outcome = VerifyFiles(options);
  const report::AuditRoot& root = outcome.root;
  if (root.checkpoint.size > 0) {
    console.Print(console.Bold(Visible(root.consortium_name)) + "  log of " +
                  WithCommas(static_cast<int64_t>(root.checkpoint.size)) + " entries, charter " +
                  HexEncode(ByteView(root.charter_hash).first(8)) + "...\n");
  }
  Json failures = Json::Array();
  Json reports = Json::Array();
  Json evidence = Json::Array();
  int64_t entries = 0;
  for (const AuditedFile& file : outcome.files) {
    if (!file.status.ok()) {
      failures.Append(FailureJson(file.file, file.status));
      console.Print(console.Bad("does not hold") + "  " + Visible(file.file) + "\n  " +
                    ReasonName(ReasonOf(file.status)) + ": " +
                    Visible(std::string(file.status.message())) + "\n");
      continue;
    }
    if (const auto* small = std::get_if<EvidenceFinding>(&file.findings)) {
      console.Print(console.Bold(small->title) + "\n" + small->text +
                    (small->same_tree ? "" : "\n\n  Mind: " + std::string(kOtherTreeOfEvidence)) +
                    "\n");
      Json item = small->json;
      evidence.Append(item.Set("file", file.file).Set("same_tree", small->same_tree));
      continue;
    }
    Json report = Json::Object();
    report.Set("file", file.file);
    std::string text;
    std::string other_tree;
    if (const auto* member = std::get_if<report::ReportFindings>(&file.findings)) {
      entries += member->entry_count;
      text = DescribeFindings(console, *member);
      if (!member->same_tree) other_tree = OtherTree(member->checkpoint, root.checkpoint);
      PutMemberJson(*member, report);
    } else if (const auto* all = std::get_if<report::CoalitionFindings>(&file.findings)) {
      entries += all->entry_count;
      text = DescribeFindings(console, *all);
      if (all->link == report::BundleLink::kBehind)
        other_tree = OtherTree(all->checkpoint, root.checkpoint);
      PutCoalitionJson(*all, report);
    }
    console.Print(text + other_tree + "\n");
    reports.Append(std::move(report));
  }
  if (outcome.ok()) console.Print(WhatItProves(outcome));
  if (!options.html.empty()) {
    MUSTER_RETURN_IF_ERROR(WriteFileDurably(options.html, AuditPage(outcome), 0644));
    console.Print("\nThe page is in " + Visible(options.html));
  }
  Json json = Json::Object();
  json.Set("ok", outcome.ok())
      .Set("entries", entries)
      .Set("failures", std::move(failures))
      .Set("reports", std::move(reports))
      .Set("evidence", std::move(evidence));
  if (!options.html.empty()) json.Set("html", options.html);
  console.Result(json);
  return outcome.ok() ? kExitDone : kExitFailed;
}

}  // namespace muster::cli
