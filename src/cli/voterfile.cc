// SPDX-License-Identifier: Apache-2.0
#include "cli/voterfile.h"

#include <cmath>
#include <memory>
#include <utility>

#include "cli/table.h"
#include "cli/uploading.h"
#include "cli/voter_format.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "muster/v1/upload_service.pb.h"

namespace muster::cli {
namespace {

constexpr size_t kPermittedUseBytesMax = 4096;  // as statements allow

absl::Status CheckOptions(const VoterFileLoadOptions& options) {
  if (!ParseRfc3339(options.as_of + "T00:00:00Z").ok()) {
    return MakeError(v1::TIME_MALFORMED,
                     "--as-of takes the day of the extract, as in --as-of 2026-09-01",
                     {{"field", "as_of"}});
  }
  // Nothing would ever be newer than a day that was mistyped into the future.
  const std::string tomorrow =
      FormatRfc3339(Clock::System().Now() + absl::Hours(24)).substr(0, options.as_of.size());
  if (options.as_of > tomorrow) {
    return MakeError(v1::TIME_MALFORMED,
                     "--as-of is a day that has not come yet; name the extract's",
                     {{"field", "as_of"}});
  }
  if (options.permitted_use.empty() && !options.resume && !options.dry_run) {
    return MakeError(v1::FIELD_REQUIRED,
                     "say with --permitted-use what law and the office's agreement allow this file "
                     "to be used for; it goes on the log",
                     {{"field", "permitted_use"}});
  }
  if (options.permitted_use.size() > kPermittedUseBytesMax ||
      !contact::IsUtf8(options.permitted_use)) {
    return MakeError(v1::FIELD_TOO_LONG,
                     "--permitted-use takes at most 4096 bytes of UTF-8; say it shorter",
                     {{"field", "permitted_use"}});
  }
  return CheckUploadName(options.name, "--name");
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json();
}

// Rows that went into records.
int64_t Accepted(const UploadReport& report, const v1::VoterFileTerms& terms) {
  return report.rows() - report.rejected() - report.withheld() - terms.not_registered_row_count();
}

// Says which extract gives way to this one, or that this one comes too late: a county that is
// loaded by itself would take a whole state's place.
absl::Status NoteWhatGivesWay(Session& session, const v1::VoterFileTerms& terms) {
  v1::ListVoterFilesResponse files;
  MUSTER_RETURN_IF_ERROR(
      session.Call("UploadService/ListVoterFiles", v1::ListVoterFilesRequest(), files));
  for (const v1::VoterFile& file : files.voterfiles()) {
    if (!file.current() || file.terms().state() != terms.state() ||
        file.terms().layout() != terms.layout()) {
      continue;
    }
    const std::string which = "\"" + Visible(file.name()) + "\" (" +
                              WithCommas(file.voter_count()) + " voters as of " +
                              Visible(file.terms().as_of()) + ")";
    session.console().Note(file.terms().as_of() > terms.as_of()
                               ? which + " is later: of this one only vote history will count"
                               : which + " gives way to this one once it was read");
  }
  return absl::OkStatus();
}

std::string StateName(v1::Upload::State state) {
  switch (state) {
    case v1::Upload::OPEN:
      return "begun";
    case v1::Upload::INTAKE:
      return "being read";
    case v1::Upload::DONE:
      return "done";
    case v1::Upload::FAILED:
      return "failed";
    case v1::Upload::WITHDRAWN:
      return "withdrawn";
    default:
      return "unknown";
  }
}

}  // namespace

Json VoterFileJson(const UploadReport& report, const v1::VoterFileTerms& terms) {
  Json json = Json::Object();
  json.Set("voterfile", report.list)
      .Set("upload", report.upload.empty() ? Json() : Json(report.upload));
  json.Set("state", terms.state()).Set("layout", terms.layout()).Set("as_of", terms.as_of());
  json.Set("permitted_use", terms.permitted_use());
  json.Set("rows", report.rows())
      .Set("accepted", Accepted(report, terms))
      .Set("rejected", report.rejected())
      .Set("withheld", report.withheld())
      .Set("not_registered", terms.not_registered_row_count());
  const bool read = report.intake.has_value();
  json.Set("voters", read ? Json(report.intake->voterfile().voter_count()) : Json());
  json.Set("history_records",
           read ? Json(report.intake->voterfile().history_record_count()) : Json());
  json.Set("duplicates_in_file", read ? Json(report.intake->duplicate_count()) : Json());
  json.Set("refused", read ? Json(report.intake->refused_count()) : Json());
  json.Set("current", read ? Json(report.intake->voterfile().current()) : Json());
  json.Set("records", report.statement.has_value() ? report.statement->record_count()
                                                   : report.figures.records());
  Json reject_file;
  Json files = Json::Array();
  for (const FileFigures& file : report.figures.files) {
    if (!file.reject_file.empty() && reject_file.Dump() == "null")
      reject_file = Json(file.reject_file);
    Json item = Json::Object();
    item.Set("file", file.path.string()).Set("kind", file.is_history ? "history" : "voters");
    item.Set("rows", file.rows).Set("rejected", file.rejected);
    item.Set("withheld", file.withheld).Set("not_registered", file.not_registered);
    item.Set("kept_without", file.kept_without);
    item.Set("reject_file", file.reject_file.empty() ? Json() : Json(file.reject_file));
    files.Append(std::move(item));
  }
  json.Set("reject_file", std::move(reject_file));
  Json rejects = Json::Object();
  for (const auto& [reason, count] : report.figures.rejects) rejects.Set(reason, count);
  json.Set("rejects", std::move(rejects));
  json.Set("log_index", OrNull(report.log_index));
  json.Set("intake_log_index", OrNull(report.intake_log_index));
  json.Set("receipt", report.receipt_file.empty() ? Json() : Json(report.receipt_file));
  json.Set("files", std::move(files)).Set("seconds", report.seconds);
  json.Set(
      "rows_per_second",
      report.seconds > 0 ? std::llround(static_cast<double>(report.rows()) / report.seconds) : 0);
  return json;
}

std::string VoterFileText(const Console& console, const UploadReport& report,
                          const v1::VoterFileTerms& terms) {
  std::string text;
  if (report.upload.empty()) {
    text += console.Bold("Read, and nothing sent (--dry-run):") + "\n";
  } else {
    text += console.Bold("Loaded the voter file \"" + Visible(report.list) + "\" of " +
                         terms.state() + " as " + report.upload) +
            "\n";
  }
  text += ReportLine("rows", WithCommas(report.rows()) + " read, " +
                                 WithCommas(Accepted(report, terms)) + " accepted, " +
                                 WithCommas(report.rejected()) + " rejected");
  if (report.withheld() > 0) {
    text += ReportLine(
        "", WithCommas(report.withheld()) + " are withheld by law; they were not sealed");
  }
  if (terms.not_registered_row_count() > 0) {
    text += ReportLine(
        "", WithCommas(terms.not_registered_row_count()) + " are of people who are not registered");
  }
  text += RejectsText(report);
  if (report.intake.has_value()) {
    const v1::VoterFileIntake& voters = report.intake->voterfile();
    text += ReportLine("voters",
                       console.Good(WithCommas(voters.voter_count())) + " as of " + terms.as_of());
    if (report.intake->duplicate_count() > 0)
      text += ReportLine("duplicates", WithCommas(report.intake->duplicate_count()) +
                                           " rows named a voter who was there before");
    if (voters.history_record_count() > 0)
      text +=
          ReportLine("history", WithCommas(voters.history_record_count()) + " records of votes");
    text += RefusedText(report);
    std::string matching = "a later extract is there, and stays what " + terms.state() +
                           " is matched by; vote history counts all the same";
    if (voters.current()) {
      matching = "this is what " + terms.state() + " is matched by from now on";
    } else if (voters.voter_count() == 0) {
      matching = "it brings vote history alone, for the voters of the extract that is there";
    }
    text += ReportLine("matching", matching);
  } else if (report.log_index.has_value()) {
    text += ReportLine("intake",
                       "the vault is still reading; `muster voterfile list` shows when it is done");
  }
  text += ProofText(report);
  text.pop_back();
  return text;
}

absl::StatusOr<int> RunVoterFileLoad(const Invocation& invocation,
                                     const VoterFileLoadOptions& given) {
  VoterFileLoadOptions options = given;
  MUSTER_ASSIGN_OR_RETURN(ingest::VoterLayout layout, ingest::LoadVoterLayout(options.layout));
  if (options.name.empty()) options.name = layout.name + "-" + options.as_of;
  MUSTER_RETURN_IF_ERROR(CheckOptions(options));
  v1::VoterFileTerms terms;
  terms.set_layout(layout.name);
  terms.set_as_of(options.as_of);
  terms.set_permitted_use(options.permitted_use);
  terms.set_state(layout.state);

  // What is wrong with the files is said before anybody is asked for a passphrase.
  FilePassOptions pass_options;
  pass_options.files.assign(options.files.begin(), options.files.end());
  pass_options.format = std::make_shared<VoterFormat>(std::move(layout));
  MUSTER_ASSIGN_OR_RETURN(pass_options.expected, HashFiles(options.files));
  // A file of another layout opens no upload that nobody will go on with.
  for (size_t i = 0; i < pass_options.files.size(); ++i) {
    FileFigures looked_at;
    MUSTER_RETURN_IF_ERROR(
        pass_options.format->Open(i, pass_options.files[i], 1, nullptr, looked_at).status());
  }
  if (options.dry_run) {
    MUSTER_ASSIGN_OR_RETURN(UploadReport report,
                            ReadOnly(*invocation.console, std::move(pass_options)));
    report.list = options.name;
    terms.set_not_registered_row_count(report.figures.not_registered());
    if (options.strict && report.figures.rejected() > 0) return StrictRefusal(report.figures, true);
    invocation.console->Print(VoterFileText(*invocation.console, report, terms));
    invocation.console->Result(VoterFileJson(report, terms));
    return kExitDone;
  }

  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(session->RequireRole({v1::ROLE_STEWARD}, "load a voter file"));
  if (!session->profile().member.has_value()) {
    return MakeError(v1::MEMBER_NOT_FOUND,
                     "what is loaded is sealed for a member, and the profile " +
                         session->profile().name +
                         " belongs to none; an approver of a member invites its steward with "
                         "`muster person add NAME --role steward`");
  }
  if (!options.resume) MUSTER_RETURN_IF_ERROR(NoteWhatGivesWay(*session, terms));
  UploadTask task;
  task.plan.set_list(options.name);
  task.plan.set_mode(v1::UploadStatement::APPEND);
  *task.plan.mutable_voterfile() = terms;
  task.strict = options.strict;
  task.resume = options.resume;
  task.no_wait = options.no_wait;
  Uploading uploading(*session, task, std::move(pass_options));
  MUSTER_RETURN_IF_ERROR(uploading.Run());
  const UploadReport& report = uploading.report();
  const v1::VoterFileTerms& stated = report.statement->voterfile();
  invocation.console->Print(VoterFileText(*invocation.console, report, stated));
  invocation.console->Result(VoterFileJson(report, stated));
  return kExitDone;
}

absl::StatusOr<int> RunVoterFileList(const Invocation& invocation) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  v1::ListVoterFilesResponse files;
  MUSTER_RETURN_IF_ERROR(
      session->Call("UploadService/ListVoterFiles", v1::ListVoterFilesRequest(), files));

  using Align = Table::Align;
  Table table({{"voter file"},
               {"state"},
               {"as of"},
               {"voters", Align::kRight},
               {"matched by"},
               {"loaded by"},
               {"when"},
               {""}});
  Json array = Json::Array();
  for (const v1::VoterFile& file : files.voterfiles()) {
    const bool read = file.voter_count() > 0 || file.state() == v1::Upload::DONE;
    table.Row({file.name(), file.terms().state(), file.terms().as_of(),
               read ? WithCommas(file.voter_count()) : "-", file.current() ? "yes" : "no",
               file.member_name(), TimeForPeople(file.upload_time()), StateName(file.state())});
    Json item = Json::Object();
    item.Set("voterfile", file.name()).Set("upload", file.upload());
    item.Set("state", file.terms().state())
        .Set("layout", file.terms().layout())
        .Set("as_of", file.terms().as_of())
        .Set("permitted_use", file.terms().permitted_use());
    item.Set("member", file.member()).Set("member_name", file.member_name());
    item.Set("status", StateName(file.state())).Set("current", file.current());
    item.Set("rows", read ? Json(file.row_count()) : Json())
        .Set("voters", read ? Json(file.voter_count()) : Json());
    item.Set("loaded_time", FormatRfc3339(file.upload_time()));
    item.Set("log_index", file.log_index() > 0 ? Json(file.log_index()) : Json());
    array.Append(std::move(item));
  }
  console.Print(files.voterfiles().empty()
                    ? "No voter files yet; a steward loads one with `muster voterfile load`."
                    : table.Format());
  console.Result(Json::Object().Set("voterfiles", std::move(array)));
  return kExitDone;
}

}  // namespace muster::cli
