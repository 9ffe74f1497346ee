// SPDX-License-Identifier: Apache-2.0
#include "cli/voterfile_layouts.h"

#include <memory>
#include <vector>

#include "cli/table.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/ingest/layout_fit.h"
#include "core/ingest/text_source.h"
#include "core/ingest/voter_layout.h"

namespace muster::cli {
namespace {

std::string FormName(const ingest::FileLayout& file) {
  if (file.fixed_width) return "fixed width";
  switch (file.delimiter) {
    case ',':
      return "comma";
    case '|':
      return "pipe";
    case ';':
      return "semicolon";
    default:
      return "tab";
  }
}

std::string HeaderName(const ingest::FileLayout& file) {
  switch (file.header) {
    case ingest::FileLayout::HeaderRow::kYes:
      return "yes";
    case ingest::FileLayout::HeaderRow::kNo:
      return "no";
    case ingest::FileLayout::HeaderRow::kEither:
      return "either";
  }
  return "";
}

// Where a voter's history comes from.
std::string HistoryName(const ingest::VoterLayout& layout) {
  if (layout.history) return "file of its own";
  if (layout.voters.vote_rows) return "rows of its own";
  return layout.voters.votes.empty() ? "none" : "columns";
}

std::vector<std::string> WithheldColumns(const ingest::VoterLayout& layout) {
  std::vector<std::string> names;
  for (const ingest::WithheldRule& rule : layout.voters.withheld) {
    names.push_back(layout.voters.columns[rule.column].names.front());
  }
  return names;
}

int ListLayouts(Console& console) {
  Table table({{"layout"}, {"files"}, {"form"}, {"header"}, {"history"}, {"never used"}});
  Json list = Json::Array();
  for (const ingest::VoterLayout& layout : ingest::BuiltInLayouts()) {
    const std::vector<std::string> withheld = WithheldColumns(layout);
    std::string never;
    for (const std::string& name : withheld) never += (never.empty() ? "" : ", ") + name;
    table.Row({layout.name, layout.title, FormName(layout.voters), HeaderName(layout.voters),
               HistoryName(layout), never});
    list.Append(Json::Object()
                    .Set("layout", layout.name)
                    .Set("title", layout.title)
                    .Set("state", layout.state)
                    .Set("form", FormName(layout.voters))
                    .Set("header", HeaderName(layout.voters))
                    .Set("columns", layout.voters.columns.size())
                    .Set("history", HistoryName(layout))
                    .Set("withheld", Json::Array(withheld))
                    .Set("official", layout.official)
                    .Set("source", layout.source)
                    .Set("notes", layout.notes));
  }
  console.Print(table.Format());
  console.Note("`muster voterfile layouts --show NAME > mine.toml` is where one's own starts.");
  console.Result(Json::Object().Set("layouts", std::move(list)));
  return kExitDone;
}

absl::StatusOr<int> ShowLayout(Console& console, const std::string& name) {
  MUSTER_ASSIGN_OR_RETURN(const ingest::VoterLayout layout, ingest::LoadVoterLayout(name));
  std::string toml = layout.toml;
  while (!toml.empty() && toml.back() == '\n') toml.pop_back();
  console.Bare(toml);
  console.Result(Json::Object().Set("layout", layout.name).Set("toml", layout.toml));
  return kExitDone;
}

absl::StatusOr<int> Recognize(Console& console, const std::string& file) {
  // What cannot be read fits nothing; say which of the two it is.
  MUSTER_RETURN_IF_ERROR(ingest::TextSource::Open(file).status());
  const std::vector<ingest::RecognizedLayout> found = ingest::RecognizeVoterFile(file);
  if (found.empty()) {
    return MakeError(v1::LAYOUT_MISMATCH,
                     file +
                         " fits no layout that comes with the program; describe it in a TOML file "
                         "(docs/formats/voter-layout.md)");
  }
  Table table({{"layout"}, {"files"}, {"what"}});
  Json list = Json::Array();
  for (const ingest::RecognizedLayout& one : found) {
    const char* const what = one.is_history ? "history" : "voters";
    table.Row({one.layout->name, one.layout->title, what});
    list.Append(
        Json::Object().Set("layout", one.layout->name).Set("what", what).Set("score", one.score));
  }
  console.Print(table.Format());
  console.Result(Json::Object().Set("file", file).Set("fits", std::move(list)));
  return kExitDone;
}

}  // namespace

absl::StatusOr<int> RunVoterFileLayouts(Console& console, const LayoutsOptions& options) {
  if (!options.show.empty()) return ShowLayout(console, options.show);
  if (!options.recognize.empty()) return Recognize(console, options.recognize);
  return ListLayouts(console);
}

}  // namespace muster::cli
