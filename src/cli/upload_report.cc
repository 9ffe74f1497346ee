// SPDX-License-Identifier: Apache-2.0
#include "cli/upload_report.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cli/table.h"

namespace muster::cli {
namespace {

constexpr size_t kLineWidth = 100;
constexpr size_t kUnusedShown = 12;

// Breaks at the ", " and "; " of a list.
std::string Wrapped(const std::string& first, const std::vector<std::string>& pieces,
                    std::string_view indent) {
  std::string out;
  std::string line = first;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::string piece = pieces[i] + (i + 1 < pieces.size() ? "," : "");
    if (line.size() + 1 + piece.size() > kLineWidth) {
      out += line + "\n";
      line = std::string(indent) + piece;
    } else {
      line += " " + piece;
    }
  }
  return out + line;
}

Json MappingJson(const ingest::Mapping& mapping) {
  Json columns = Json::Array();
  for (const ingest::ColumnMapping& column : mapping.columns) {
    Json item = Json::Object();
    item.Set("field", column.Target());
    item.Set("column", column.column);
    if (!column.note.empty()) item.Set("note", column.note);
    columns.Append(std::move(item));
  }
  return columns;
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json();
}

}  // namespace

std::string ReportLine(std::string_view label, const std::string& text) {
  std::string padded(label);
  padded.resize(14, ' ');
  return "  " + padded + text + "\n";
}

std::string RejectsText(const UploadReport& report) {
  const PassFigures& figures = report.figures;
  std::string text;
  for (const auto& [reason, count] : figures.rejects)
    text += ReportLine("", WithCommas(count) + " " + reason);
  if (figures.kept_without() > 0) {
    text += ReportLine("", WithCommas(figures.kept_without()) +
                               " values could not be used; their rows were kept without them");
  }
  for (const FileFigures& file : figures.files) {
    if (!file.reject_file.empty())
      text += ReportLine("rejects", Visible(file.reject_file) + " says why, row by row");
  }
  return text;
}

std::string RefusedText(const UploadReport& report) {
  if (!report.intake.has_value() || report.intake->refused_count() == 0) return "";
  std::string text =
      WithCommas(report.intake->refused_count()) + " records the vault could not use";
  if (report.refused_rows.has_value() && !report.refused_rows->rows().empty()) {
    text += ": rows ";
    const int shown = std::min(report.refused_rows->rows_size(), 10);
    for (int i = 0; i < shown; ++i)
      text += (i > 0 ? ", " : "") + std::to_string(report.refused_rows->rows(i));
    if (report.refused_rows->rows_size() > shown) text += ", ...";
  }
  return ReportLine("refused", text);
}

std::string ProofText(const UploadReport& report) {
  std::string text;
  if (report.log_index.has_value()) {
    std::string proof = "entry " + std::to_string(*report.log_index) + " of the log";
    if (report.intake_log_index.has_value())
      proof += ", confirmed by the vault in entry " + std::to_string(*report.intake_log_index);
    text += ReportLine("proof", proof + "; checked here");
  }
  const int64_t rate =
      report.seconds > 0 ? std::llround(static_cast<double>(report.rows()) / report.seconds) : 0;
  return text + ReportLine("time", ForPeople(report.seconds) + ", " + WithCommas(rate) + " rows/s");
}

std::string DescribeMapping(const FileFigures& file) {
  const ingest::Mapping& mapping = file.mapping;
  std::vector<std::pair<std::string, std::vector<std::string>>> targets;
  for (const ingest::ColumnMapping& column : mapping.columns) {
    const std::string target = column.Target();
    const auto same = std::find_if(targets.begin(), targets.end(),
                                   [&](const auto& t) { return t.first == target; });
    if (same == targets.end()) {
      targets.push_back({target, {Visible(column.column)}});
    } else {
      same->second.push_back(Visible(column.column));
    }
  }
  std::vector<std::string> used;
  for (const auto& [target, columns] : targets) {
    std::string text = target + " <- " + columns.front();
    if (columns.size() == 2) text += " or " + columns.back();
    if (columns.size() > 2) text += " or " + std::to_string(columns.size() - 1) + " others";
    used.push_back(std::move(text));
  }
  const std::string name = Visible(file.path.filename().string());
  std::string text = Wrapped(name + ": " + mapping.format_name + " export:", used, "    ");
  if (!mapping.unmapped.empty()) {
    std::vector<std::string> unused;
    for (const ingest::UnmappedColumn& column : mapping.unmapped) {
      if (unused.size() == kUnusedShown) break;
      unused.push_back(Visible(column.column));
    }
    if (mapping.unmapped.size() > unused.size()) {
      unused.push_back("and " + std::to_string(mapping.unmapped.size() - unused.size()) + " more");
    }
    text += "\n" + Wrapped("  not used:", unused, "    ");
  }
  if (mapping.encoding != ingest::Encoding::kUtf8) {
    text += "\n  read as " + std::string(ingest::EncodingName(mapping.encoding));
  }
  for (const std::string& note : mapping.notes) text += "\n  note: " + Visible(note);
  return text;
}

Json UploadReport::ToJson() const {
  Json json = Json::Object();
  json.Set("upload", upload.empty() ? Json() : Json(upload));
  json.Set("list", list);
  json.Set("mode", replace ? "replace" : "append");
  json.Set("rows", rows());
  json.Set("accepted", rows() - rejected() - withheld());
  json.Set("rejected", rejected());
  json.Set("withheld", withheld());
  const auto intake_figure = [&](int64_t (v1::IntakeStatement::*get)() const) {
    return intake.has_value() ? Json(((*intake).*get)()) : Json();
  };
  json.Set("duplicates_in_file", intake_figure(&v1::IntakeStatement::duplicate_count));
  json.Set("suppressions", intake_figure(&v1::IntakeStatement::suppression_count));
  json.Set("exclusions", intake_figure(&v1::IntakeStatement::exclusion_count));
  json.Set("refused", intake_figure(&v1::IntakeStatement::refused_count));
  json.Set("contacts", intake_figure(&v1::IntakeStatement::contact_count));
  json.Set("replaced", intake_figure(&v1::IntakeStatement::replaced_count));
  json.Set("records", statement.has_value() ? statement->record_count() : figures.records());
  Json reject_file;
  Json files = Json::Array();
  for (const FileFigures& file : figures.files) {
    if (!file.reject_file.empty() && reject_file.Dump() == "null")
      reject_file = Json(file.reject_file);
    Json item = Json::Object();
    item.Set("file", file.path.string());
    item.Set("format", file.format);
    item.Set("rows", file.rows);
    item.Set("rejected", file.rejected);
    item.Set("withheld", file.withheld);
    item.Set("kept_without", file.kept_without);
    item.Set("reject_file", file.reject_file.empty() ? Json() : Json(file.reject_file));
    item.Set("mapping", MappingJson(file.mapping));
    files.Append(std::move(item));
  }
  json.Set("reject_file", std::move(reject_file));
  Json rejects = Json::Object();
  for (const auto& [reason, count] : figures.rejects) rejects.Set(reason, count);
  json.Set("rejects", std::move(rejects));
  json.Set("log_index", OrNull(log_index));
  json.Set("intake_log_index", OrNull(intake_log_index));
  json.Set("canaries", canaries);
  json.Set("receipt", receipt_file.empty() ? Json() : Json(receipt_file));
  if (!figures.files.empty()) {
    json.Set("format", figures.files.front().format);
    json.Set("mapping", MappingJson(figures.files.front().mapping));
  } else {
    json.Set("format", statement.has_value() && !statement->files().empty()
                           ? Json(statement->files(0).format())
                           : Json());
    json.Set("mapping", Json());
  }
  json.Set("files", std::move(files));
  json.Set("seconds", seconds);
  json.Set("rows_per_second",
           seconds > 0 ? std::llround(static_cast<double>(rows()) / seconds) : 0);
  return json;
}

std::string UploadReport::ToText(const Console& console) const {
  std::string text;
  if (upload.empty()) {
    text += console.Bold("Read, and nothing sent (--dry-run):") + "\n";
  } else {
    text += console.Bold("Uploaded to the list \"" + Visible(list) + "\" as " + upload) + "\n";
  }
  if (canaries > 0) {
    text += ReportLine("canaries", WithCommas(canaries) +
                                       " of your own seeds are among the rows, counted with them");
  }
  text += ReportLine("rows", WithCommas(rows()) + " read, " +
                                 WithCommas(rows() - rejected() - withheld()) + " accepted, " +
                                 WithCommas(rejected()) + " rejected");
  text += RejectsText(*this);
  if (withheld() > 0) {
    text += ReportLine("withheld", WithCommas(withheld()) +
                                       " of people who are not to be shared; nothing of them left "
                                       "this machine");
  }
  if (intake.has_value()) {
    text += ReportLine("contacts", console.Good(WithCommas(intake->contact_count())) +
                                       " addresses in the pool stand on this upload");
    if (intake->duplicate_count() > 0)
      text += ReportLine("duplicates", WithCommas(intake->duplicate_count()) +
                                           " rows named an address that was there before");
    if (intake->suppression_count() > 0)
      text += ReportLine("opt-outs", WithCommas(intake->suppression_count()) +
                                         " addresses are kept as opt-outs and will not be mailed");
    if (intake->exclusion_count() > 0)
      text += ReportLine("left out",
                         WithCommas(intake->exclusion_count()) + " bouncing, cleaned or deceased");
    if (intake->replaced_count() > 0)
      text += ReportLine("replaced", WithCommas(intake->replaced_count()) +
                                         " sources of earlier uploads left the list");
    text += RefusedText(*this);
  } else if (log_index.has_value()) {
    text +=
        ReportLine("intake", "the vault is still reading; `muster lists` shows when it is done");
  }
  text += ProofText(*this);
  text.pop_back();
  return text;
}

}  // namespace muster::cli
