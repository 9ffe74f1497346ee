// SPDX-License-Identifier: Apache-2.0
#include "cli/match_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::cli {
namespace {

constexpr size_t kLineWidth = 100;

constexpr std::string_view kWhyNoise =
    "  Counts carry noise that the vault draws once in four weeks: asking again, or running "
    "again,\n"
    "  shows the same table. Exact counts are shown to nobody: whoever uploads a few names would\n"
    "  learn from them who is on the list already.";

std::string Spaced(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return Visible(text);
}

std::string Decimals(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string BandName(const std::string& band, const v1::MatchStatement& statement) {
  const std::string matched = Decimals("%.2f", statement.matched_probability());
  if (band == "matched_95") return "matched, probability 0.95 or more";
  if (band == "matched") return "matched, from " + matched + " to 0.95";
  if (band == "ambiguous") return "ambiguous: to match would be a guess";
  if (band == "unmatched") return "unmatched";
  return Spaced(band);
}

double BitsOf(const v1::LevelWeight& level) { return level.half_bits() / 2.0; }

// "first name   exact +9.5; nickname +6.0; ..." with the levels wrapped.
std::string WeightsText(const v1::MatchStatement& statement) {
  size_t width = 0;
  for (const v1::ComparatorWeights& comparator : statement.comparators())
    width = std::max(width, Spaced(comparator.comparator()).size());
  std::string text;
  for (const v1::ComparatorWeights& comparator : statement.comparators()) {
    std::string line = "  " + Spaced(comparator.comparator());
    const std::string indent(width + 4, ' ');
    line.resize(indent.size(), ' ');
    for (int i = 0; i < comparator.levels_size(); ++i) {
      const v1::LevelWeight& level = comparator.levels(i);
      const std::string piece = Spaced(level.level()) + Decimals(" %+.1f", BitsOf(level)) +
                                (i + 1 < comparator.levels_size() ? "; " : "");
      if (line.size() + piece.size() > kLineWidth && line.size() > indent.size()) {
        line.erase(line.find_last_not_of(' ') + 1);
        text += "\n" + line;
        line = indent;
      }
      line += piece;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += "\n" + line;
  }
  return text;
}

int64_t TotalOf(const v1::MatchTable& table) {
  int64_t total = 0;
  for (const v1::MatchBand& band : table.bands()) total += std::max<int64_t>(band.noisy_count(), 0);
  return total;
}

double ShareOf(int64_t count, int64_t total) {
  return total == 0 ? 0
                    : static_cast<double>(std::max<int64_t>(count, 0)) / static_cast<double>(total);
}

}  // namespace

int64_t NoiseBound(double noise_scale) {
  // Discrete Laplace: P(|noise| >= k) = 2 p^k / (1 + p), p = exp(-1 / scale).
  const double p = std::exp(-1 / noise_scale);
  const double k = std::log(0.05 * (1 + p) / 2) / std::log(p);
  return std::max<int64_t>(static_cast<int64_t>(std::ceil(k)) - 1, 0);
}

absl::StatusOr<std::vector<MatchFinding>> FindMatches(const LogView& view) {
  std::vector<MatchFinding> findings;
  for (const v1::LogEntry& entry : view.entries) {
    if (entry.body().empty()) continue;
    // ReadLog has found that it is the vault's word, about a voter file that was read.
    MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                            governance::VerifyStatementBytes(entry.body()));
    if (!verified.statement.has_match()) continue;
    const v1::MatchStatement& said = verified.statement.match();
    auto found = std::find_if(findings.begin(), findings.end(), [&](const MatchFinding& f) {
      return f.statement.upload() == said.upload();
    });
    if (found == findings.end()) found = findings.emplace(findings.end());
    MUSTER_ASSIGN_OR_RETURN(const UploadId upload, UploadId::Parse(said.upload()));
    found->statement = said;
    found->terms = *view.registry.FindUpload(upload)->voterfile;
    found->time = verified.statement.create_time();
    found->log_index = entry.index();
    if (said.has_table()) found->table = said.table();
  }
  return findings;
}

Json MatchFindingJson(const MatchFinding& finding) {
  const v1::MatchStatement& said = finding.statement;
  Json json = Json::Object();
  json.Set("voterfile", said.voterfile()).Set("upload", said.upload());
  json.Set("state", finding.terms.state())
      .Set("layout", finding.terms.layout())
      .Set("as_of", finding.terms.as_of());
  json.Set("job", said.match())
      .Set("matched_time", FormatRfc3339(finding.time))
      .Set("log_index", finding.log_index);
  json.Set("matched_probability", said.matched_probability())
      .Set("ambiguous_probability", said.ambiguous_probability());
  json.Set("estimated", said.estimated())
      .Set("sketch_version", said.sketch_version())
      .Set("pattern_version", said.pattern_version())
      .Set("model_hash", HexEncode(AsBytes(said.model_hash())));
  Json comparators = Json::Array();
  for (const v1::ComparatorWeights& comparator : said.comparators()) {
    Json levels = Json::Array();
    for (const v1::LevelWeight& level : comparator.levels())
      levels.Append(Json::Object().Set("level", level.level()).Set("bits", BitsOf(level)));
    comparators.Append(
        Json::Object().Set("comparator", comparator.comparator()).Set("levels", std::move(levels)));
  }
  json.Set("comparators", std::move(comparators));
  if (!finding.table.has_value()) return json.Set("noise_scale", Json()).Set("bands", Json());
  const int64_t total = TotalOf(*finding.table);
  const int64_t bound = NoiseBound(finding.table->noise_scale());
  Json bands = Json::Array();
  for (const v1::MatchBand& band : finding.table->bands()) {
    bands.Append(Json::Object()
                     .Set("band", band.band())
                     .Set("noisy_count", band.noisy_count())
                     .Set("plus_minus", bound)
                     .Set("share", ShareOf(band.noisy_count(), total)));
  }
  return json.Set("noise_scale", finding.table->noise_scale()).Set("bands", std::move(bands));
}

std::string MatchFindingText(const Console& console, const MatchFinding& finding) {
  const v1::MatchStatement& said = finding.statement;
  std::string text =
      console.Bold("The pool and \"" + Visible(said.voterfile()) + "\", the voters of " +
                   Visible(finding.terms.state()) + " as of " + Visible(finding.terms.as_of())) +
      "\n  matched " + TimeForPeople(finding.time) + " as " + said.match() + "; entry " +
      std::to_string(finding.log_index) +
      " of the log, signed by the vault; checked here\n  a match from probability " +
      Decimals("%.2f", said.matched_probability()) + " on; below " +
      Decimals("%.2f", said.ambiguous_probability()) + " a voter does not come into question";
  text += "\n\n" + console.Bold("Contacts, by what came of them") + "\n";
  if (finding.table.has_value()) {
    const int64_t total = TotalOf(*finding.table);
    const std::string noise = "+- " + WithCommas(NoiseBound(finding.table->noise_scale()));
    Table table({{"band"},
                 {"contacts, about", Table::Align::kRight},
                 {"noise"},
                 {"share", Table::Align::kRight}});
    for (const v1::MatchBand& band : finding.table->bands()) {
      table.Row({BandName(band.band(), said), WithCommas(std::max<int64_t>(band.noisy_count(), 0)),
                 noise, Decimals("%.1f %%", 100 * ShareOf(band.noisy_count(), total))});
    }
    text += table.Format("  ") + "\n\n" + std::string(kWhyNoise) +
            "\n  (Noise: discrete Laplace of scale " +
            Decimals("%g", finding.table->noise_scale()) + "; 19 of 20 counts are within " + noise +
            ".)";
  } else {
    text +=
        "  The pool was too small for a table: with so few contacts the noise that protects one\n"
        "  person would drown the count. Exact counts are shown to nobody.";
  }
  text +=
      "\n\n" +
      console.Bold(
          "What speaks for a voter, in bits (" +
          std::string(said.estimated() ? "estimated in this run" : "weights of an earlier run") +
          ")") +
      WeightsText(said) +
      "\n  Ten bits more make a pair a thousand times likelier; names and streets weigh more the "
      "rarer\n  they are. model " +
      HexEncode(AsBytes(said.model_hash()).first(8)) + "...";
  return text;
}

absl::StatusOr<int> RunMatchReport(const Invocation& invocation,
                                   const MatchReportOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_ASSIGN_OR_RETURN(const LogView view, session->ReadLog());
  MUSTER_ASSIGN_OR_RETURN(std::vector<MatchFinding> findings, FindMatches(view));
  if (findings.empty()) {
    return MakeError(v1::NOTHING_TO_MATCH,
                     "the pool was not matched with any voter file yet; a steward, lead or "
                     "operator does it with `muster match run`");
  }
  if (!options.voterfile.empty()) {
    std::erase_if(findings, [&](const MatchFinding& finding) {
      return finding.statement.voterfile() != options.voterfile;
    });
  }
  if (findings.empty()) {
    return MakeError(v1::VOTERFILE_NOT_FOUND,
                     "the pool was not matched with a voter file of this name; `muster voterfile "
                     "list` names those there are");
  }
  std::string text;
  Json array = Json::Array();
  for (const MatchFinding& finding : findings) {
    text += (text.empty() ? "" : "\n\n") + MatchFindingText(console, finding);
    array.Append(MatchFindingJson(finding));
  }
  console.Print(text);
  console.Result(Json::Object().Set("matches", std::move(array)));
  return kExitDone;
}

}  // namespace muster::cli
