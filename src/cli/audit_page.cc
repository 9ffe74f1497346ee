// SPDX-License-Identifier: Apache-2.0
#include "cli/audit_page.h"

#include <algorithm>
#include <map>
#include <span>
#include <sstream>
#include <vector>

#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/report/proves.h"

namespace muster::cli {
namespace {

// A page with more rows than this is for nobody; the JSON has the rest.
constexpr size_t kRowsShown = 1'000;
constexpr int64_t kSecondsPerDay = 24 * 60 * 60;
constexpr size_t kColumnsMax = 60;

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--paper:#f6f5f1;--card:#fff;--ink:#1d232b;--soft:#5b6572;
--line:#dfddd5;
--good:#1a6b45;--good-soft:#e3f1e9;--bad:#a52a22;--bad-soft:#fbe9e7;--mind:#7a5200;
--mind-soft:#fbf1db;
--c-upload:#2563a8;--c-vault:#7d54a8;--c-voters:#0f7f86;--c-back:#b4531b;--c-people:#7b8390;
--c-match:#b08a00;--c-other:#c04a7a}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--card:#1d2127;--ink:#e8eaed;
--soft:#a3acb8;--line:#343a43;
--good:#7fd3a6;--good-soft:#17362a;--bad:#ff9d94;--bad-soft:#43201d;--mind:#f0c46a;
--mind-soft:#3a2f16;
--c-upload:#6ba6ea;--c-vault:#bd98e6;--c-voters:#4fc3ca;--c-back:#f0905a;--c-people:#98a1ae;
--c-match:#e0bc42;--c-other:#ee86b0}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:1200px;margin:0 auto;padding:40px 24px 64px}
h1,h2,h3{line-height:1.2;text-wrap:balance;overflow-wrap:anywhere}
h1{font-size:clamp(1.7rem,5vw,2.4rem);letter-spacing:-.02em;margin:.1em 0 .3em}
h2{font-size:1.4rem;letter-spacing:-.01em;margin:0 0 .2em}
h3{font-size:1rem;margin:32px 0 10px}
p{margin:.4em 0}
.eyebrow{font-size:.78rem;letter-spacing:.09em;text-transform:uppercase;color:var(--soft);margin:0;
font-weight:600}
.soft{color:var(--soft)}
.num{font-variant-numeric:tabular-nums}
code{font:.86em/1.4 ui-monospace,"SF Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
.verdict{display:flex;gap:14px;align-items:flex-start;border-radius:12px;padding:16px 18px;
margin:20px 0 28px;border:1px solid}
.verdict.good{background:var(--good-soft);border-color:var(--good);color:var(--good)}
.verdict.bad{background:var(--bad-soft);border-color:var(--bad);color:var(--bad)}
.verdict .mark{font-size:1.5rem;line-height:1.1;font-weight:700}
.verdict strong{display:block;font-size:1.15rem;line-height:1.3}
.verdict .soft{color:inherit}
section.report{background:var(--card);border:1px solid var(--line);border-radius:16px;padding:28px;
margin:0 0 28px}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:1px;background:var(--line);
border:1px solid var(--line);
border-radius:12px;overflow:hidden;margin:20px 0 8px}
.tiles.three{grid-template-columns:repeat(3,1fr)}
.tiles div{background:var(--card);padding:14px 16px}
.tiles dt{font-size:.82rem;color:var(--soft)}
.tiles dd{margin:0;font-size:1.45rem;font-weight:650;letter-spacing:-.01em;
font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:12px}
.scroll:focus-visible{outline:3px solid var(--c-upload);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:9px 12px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{font-size:.8rem;color:var(--soft);font-weight:600;white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
tfoot>tr>*{border-top:2px solid var(--line);border-bottom:0;font-weight:650}
td.r,th.r{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tbody th{font-weight:600;min-width:170px;overflow-wrap:break-word}
td code,.nw{white-space:nowrap}
td.text{min-width:220px}
.bar{display:block;height:5px;border-radius:3px;background:var(--c-upload);margin-top:5px;
min-width:2px}
.chart{display:flex;align-items:flex-end;gap:3px;height:150px;border-bottom:1px solid var(--line);
padding-top:8px}
.chart span{flex:1 1 0;max-width:34px;min-width:2px;height:100%;display:flex;flex-direction:column;
justify-content:flex-end}
.chart i{display:block;min-height:2px}
.chart i:first-child{border-radius:3px 3px 0 0}
.axis{display:flex;justify-content:space-between;font-size:.82rem;color:var(--soft);margin-top:6px}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;font-size:.86rem;padding:0;margin:12px 0 0;
list-style:none}
.legend li::before{content:"";display:inline-block;width:10px;height:10px;border-radius:3px;
background:var(--k);margin-right:7px}
.k-upload{--k:var(--c-upload)}.k-vault{--k:var(--c-vault)}.k-voters{--k:var(--c-voters)}.k-back{
--k:var(--c-back)}
.k-people{--k:var(--c-people)}.k-match{--k:var(--c-match)}.k-other{--k:var(--c-other)}
.chart i{background:var(--k)}
ol.time{list-style:none;margin:0;padding:0 0 0 22px;position:relative}
ol.time::before{content:"";position:absolute;left:5px;top:10px;bottom:10px;width:2px;
background:var(--line)}
ol.time li{position:relative;padding:7px 0}
ol.time li::before{content:"";position:absolute;left:-22px;top:14px;width:12px;height:12px;
border-radius:50%;background:var(--k);
border:2px solid var(--card)}
ol.time .when{font-size:.82rem;color:var(--soft);font-variant-numeric:tabular-nums}
ol.time .kind{font-weight:650}
ol.time .what{overflow-wrap:anywhere}
.mind{background:var(--mind-soft);color:var(--mind);border-radius:12px;padding:12px 16px 12px 34px;
margin:16px 0}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:20px;
margin-top:28px}
.two>div{border:1px solid var(--line);border-radius:12px;padding:4px 20px 14px}
.two h3{margin:14px 0 6px}
.two ul{margin:0;padding-left:20px}
.two li{margin:6px 0}
footer{color:var(--soft);font-size:.88rem}
@media (max-width:600px){main{padding:22px 14px 40px}section.report{padding:18px 16px;
border-radius:14px}.tiles,.tiles.three{grid-template-columns:1fr 1fr}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb}
body{font-size:10.5pt}main{max-width:none;padding:0}section.report{border:0;padding:0}
.scroll{overflow:visible}thead{display:table-header-group}tr,li,.tiles,.two>div{break-inside:avoid}
h2,h3{break-after:avoid}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";

std::string Tag(std::string_view tag, std::string_view text) {
  return "<" + std::string(tag) + ">" + HtmlEscaped(text) + "</" + std::string(tag) + ">";
}

// A time that is not broken over two lines.
std::string When(int64_t time) {
  return "<span class=\"nw\">" + HtmlEscaped(TimeForPeople(time)) + "</span>";
}

std::string Day(int64_t time) { return FormatRfc3339(time).substr(0, 10); }

// Kinds that a reader takes together, each with a color of its own.
struct Group {
  std::string_view css;
  std::string_view name;
};
constexpr Group kGroups[] = {
    {"upload", "lists brought"}, {"voters", "voter files"}, {"vault", "read, removed by the vault"},
    {"match", "match runs"},     {"back", "taken back"},    {"people", "people and rules"},
    {"other", "other"}};

size_t GroupOf(std::string_view kind) {
  const auto is = [kind](std::initializer_list<std::string_view> kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  if (is({"upload"})) return 0;
  if (is({"voterfile", "voterfile_intake"})) return 1;
  if (is({"intake", "withdrawn"})) return 2;
  if (is({"match"})) return 3;
  if (is({"withdrawal"})) return 4;
  if (is({"charter", "admission", "join"})) return 5;
  return 6;
}

class TableText {
 public:
  TableText(std::string_view caption, const std::vector<std::string>& heads) {
    text_ = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
            HtmlEscaped(caption) + "\"><table><caption>" + HtmlEscaped(caption) +
            "</caption><thead><tr>";
    for (const std::string& head : heads) {
      // A head that begins with ">" is of a column of figures, with "*" of one of sentences.
      right_.push_back(head.starts_with('>'));
      wide_.push_back(head.starts_with('*'));
      text_ += right_.back()  ? "<th scope=\"col\" class=\"r\">" + HtmlEscaped(head.substr(1))
               : wide_.back() ? "<th scope=\"col\">" + HtmlEscaped(head.substr(1))
                              : "<th scope=\"col\">" + HtmlEscaped(head);
      text_ += "</th>";
    }
    text_ += "</tr></thead><tbody>";
  }
  // Cells are HTML; the first one heads its row.
  void Row(const std::vector<std::string>& cells) {
    text_ += "<tr>";
    for (size_t i = 0; i < cells.size(); ++i) {
      text_ += i == 0      ? "<th scope=\"row\">" + cells[i] + "</th>"
               : right_[i] ? "<td class=\"r\">" + cells[i] + "</td>"
               : wide_[i]  ? "<td class=\"text\">" + cells[i] + "</td>"
                           : "<td>" + cells[i] + "</td>";
    }
    text_ += "</tr>";
  }
  void Foot() {
    text_ += "</tbody><tfoot>";
    foot_ = true;
  }
  std::string Text() const { return text_ + (foot_ ? "</tfoot>" : "</tbody>") + "</table></div>"; }

 private:
  std::string text_;
  std::vector<bool> right_;
  std::vector<bool> wide_;
  bool foot_ = false;
};

std::string Tiles(const std::vector<std::pair<std::string, std::string>>& tiles) {
  std::string text = tiles.size() % 4 == 0 ? "<dl class=\"tiles\">" : "<dl class=\"tiles three\">";
  for (const auto& [name, value] : tiles)
    text += "<div>" + Tag("dt", name) + Tag("dd", value) + "</div>";
  return text + "</dl>";
}

std::string Chart(const std::map<int64_t, std::map<std::string, int64_t>>& days) {
  if (days.size() < 2) return "";
  const int64_t first = days.begin()->first;
  const int64_t span = days.rbegin()->first - first + 1;
  const int64_t per_column =
      (span + static_cast<int64_t>(kColumnsMax) - 1) / static_cast<int64_t>(kColumnsMax);
  std::map<int64_t, std::vector<int64_t>> columns;
  for (int64_t at = 0; at < span; at += per_column)
    columns[at / per_column].assign(std::size(kGroups), 0);
  std::vector<int64_t> totals(std::size(kGroups));
  for (const auto& [day, kinds] : days) {
    for (const auto& [kind, count] : kinds) {
      columns[(day - first) / per_column][GroupOf(kind)] += count;
      totals[GroupOf(kind)] += count;
    }
  }
  int64_t highest = 1;
  for (const auto& [at, counts] : columns) {
    int64_t sum = 0;
    for (const int64_t count : counts) sum += count;
    highest = std::max(highest, sum);
  }
  const std::string from = Day(first * kSecondsPerDay);
  const std::string to = Day((first + span - 1) * kSecondsPerDay);
  std::string text =
      "<h3>When</h3><div class=\"chart\" role=\"img\" aria-label=\"Entries of the log from " +
      from + " to " + to + ", at most " + WithCommas(highest) + " in " +
      (per_column == 1 ? std::string("a day") : std::to_string(per_column) + " days") + "\">";
  for (const auto& [at, counts] : columns) {
    std::string title = Day((first + at * per_column) * kSecondsPerDay);
    std::string bars;
    for (size_t group = 0; group < counts.size(); ++group) {
      if (counts[group] == 0) continue;
      char height[32];
      std::snprintf(height, sizeof(height), "%.2f%%",
                    100.0 * static_cast<double>(counts[group]) / static_cast<double>(highest));
      bars += "<i class=\"k-" + std::string(kGroups[group].css) + "\" style=\"height:" + height +
              "\"></i>";
      title += ", " + WithCommas(counts[group]) + " " + std::string(kGroups[group].name);
    }
    text += "<span title=\"" + HtmlEscaped(title) + "\">" + bars + "</span>";
  }
  text += "</div><div class=\"axis\"><span>" + from + "</span><span>" + to +
          "</span></div><ul class=\"legend\">";
  for (size_t group = 0; group < totals.size(); ++group) {
    if (totals[group] == 0) continue;
    text += "<li class=\"k-" + std::string(kGroups[group].css) + "\">" +
            HtmlEscaped(kGroups[group].name) + " <span class=\"num soft\">" +
            WithCommas(totals[group]) + "</span></li>";
  }
  return text + "</ul>";
}

std::string Timeline(const std::vector<report::Event>& events, int64_t left_out) {
  if (events.empty()) return "<p class=\"soft\">Nothing in this period.</p>";
  std::string text = "<ol class=\"time\">";
  const size_t shown = std::min(events.size(), kRowsShown);
  for (size_t i = 0; i < shown; ++i) {
    const report::Event& event = events[i];
    text += "<li class=\"k-" + std::string(kGroups[GroupOf(event.kind)].css) +
            "\"><span class=\"when\">" + HtmlEscaped(TimeForPeople(event.time)) +
            " &middot; entry " + WithCommas(static_cast<int64_t>(event.index)) +
            "</span><br><span class=\"kind\">" + HtmlEscaped(event.kind) + "</span>" +
            (event.member.empty() ? "" : " &middot; " + HtmlEscaped(event.member)) +
            " <span class=\"soft\">by " + HtmlEscaped(event.by) +
            "</span><br><span class=\"what\">" + HtmlEscaped(event.text) + "</span>";
    if (event.back_dated || event.post_dated)
      text += "<br><strong>Its date is not borne out by the log's order.</strong>";
    text += "</li>";
  }
  text += "</ol>";
  left_out += static_cast<int64_t>(events.size() - shown);
  if (left_out > 0)
    text += "<p class=\"soft\">And " + WithCommas(left_out) + " more, all of them checked.</p>";
  return text;
}

std::string List(std::span<const std::string_view> sentences) {
  std::string text = "<ul>";
  for (const std::string_view sentence : sentences) text += Tag("li", sentence);
  return text + "</ul>";
}

std::string Proves(std::span<const std::string_view> proves,
                   std::span<const std::string_view> does_not) {
  return "<div class=\"two\"><div><h3>What this proves</h3>" + List(proves) +
         "</div><div><h3>What it does not</h3>" + List(does_not) + "</div></div>";
}

std::string Minds(const std::vector<std::string>& minds) {
  if (minds.empty()) return "";
  std::string text = "<ul class=\"mind\">";
  for (size_t i = 0; i < std::min(minds.size(), kRowsShown); ++i) text += Tag("li", minds[i]);
  return text + "</ul>";
}

std::string Bar(int64_t value, int64_t highest) {
  char style[64];
  std::snprintf(
      style, sizeof(style), "<span class=\"bar\" style=\"width:%.1f%%\"></span>",
      highest == 0 ? 0.0 : 100.0 * static_cast<double>(value) / static_cast<double>(highest));
  return WithCommas(value) + style;
}

std::string Section(const report::CoalitionFindings& findings, const report::AuditRoot& root) {
  const report::MemberFigures& total = findings.total;
  std::string text = "<p class=\"eyebrow\">Coalition report, " +
                     HtmlEscaped(PeriodForPeople(findings.period)) + "</p>" +
                     Tag("h2", findings.consortium) + "<p class=\"soft\">Made by " +
                     HtmlEscaped(findings.reporter_name) + " on " +
                     HtmlEscaped(TimeForPeople(findings.create_time)) + ". All " +
                     WithCommas(findings.entry_count) + " entries of the log are in it; " +
                     WithCommas(findings.period_count) + " are of the period.</p>";
  std::vector<std::string> minds;
  if (findings.link == report::BundleLink::kBehind) {
    minds.push_back("The bundle's tree has " +
                    WithCommas(static_cast<int64_t>(root.checkpoint.size)) +
                    " entries, more than the report's. That it grew out of the report's is for the "
                    "log's witnesses to say.");
  }
  for (const report::KindCount& kind : findings.kinds) {
    if (!kind.understood) {
      minds.push_back(WithCommas(kind.count) + " entries of the kind \"" + kind.kind +
                      "\" were checked by the rules and not understood.");
    }
  }
  if (findings.unread_count > 0) {
    minds.push_back(WithCommas(findings.unread_count) +
                    " uploads have not been read by the vault, or it has not said so: " +
                    findings.unread.front() + (findings.unread_count > 1 ? " and others." : "."));
  }
  for (const std::string& remark : findings.remarks) minds.push_back(remark);
  text += Minds(minds);
  text += Tiles({{"members", WithCommas(static_cast<int64_t>(findings.members.size()))},
                 {"lists brought", WithCommas(total.uploads)},
                 {"records sealed", WithCommas(total.records)},
                 {"contacts", WithCommas(total.contacts)},
                 {"opt-outs", WithCommas(total.suppressions)},
                 {"voter files", WithCommas(total.voter_files)},
                 {"match runs", WithCommas(static_cast<int64_t>(findings.matches.size()))},
                 {"withdrawals", WithCommas(total.withdrawals)}});
  text += Chart(findings.days);

  int64_t highest = 0;
  for (const report::MemberFigures& member : findings.members)
    highest = std::max(highest, member.records);
  text += "<h3>Member by member</h3>";
  TableText members("Figures by member",
                    {"member", ">people", ">lists", ">rows", ">rejected", ">records sealed",
                     ">contacts", ">opt-outs", ">voter files", ">withdrawals", ">entries"});
  const auto row = [&](const report::MemberFigures& of, const std::string& name, bool bar) {
    members.Row({name, WithCommas(of.people), WithCommas(of.uploads), WithCommas(of.rows),
                 WithCommas(of.rejected), bar ? Bar(of.records, highest) : WithCommas(of.records),
                 WithCommas(of.contacts), WithCommas(of.suppressions), WithCommas(of.voter_files),
                 WithCommas(of.withdrawals), WithCommas(of.entries)});
  };
  for (const report::MemberFigures& member : findings.members)
    row(member, HtmlEscaped(member.name), true);
  members.Foot();
  row(total, "all", false);
  text += members.Text();

  if (!findings.voter_files.empty()) {
    text += "<h3>Voter files, and what they may be used for</h3>";
    TableText files("Voter files", {"voter file", "state", "as of", "brought by", ">rows",
                                    ">withheld", ">voters", "*permitted use", ">entry"});
    for (const report::VoterFileFinding& file : findings.voter_files) {
      files.Row({HtmlEscaped(file.name), HtmlEscaped(file.terms.state()),
                 HtmlEscaped(file.terms.as_of()), HtmlEscaped(file.member), WithCommas(file.rows),
                 WithCommas(file.withheld),
                 file.voters.has_value() ? WithCommas(*file.voters) : "not read",
                 HtmlEscaped(file.terms.permitted_use()), std::to_string(file.index)});
    }
    text += files.Text();
  }
  if (!findings.matches.empty()) {
    text += "<h3>Match runs and published tables</h3>";
    TableText matches("Match runs",
                      {"voter file", "when", "weights", "*published counts, noisy", ">entry"});
    for (const report::MatchFinding& match : findings.matches) {
      std::string bands;
      for (const v1::MatchBand& band : match.statement.table().bands()) {
        bands += (bands.empty() ? "" : ", ") + band.band() + " " + WithCommas(band.noisy_count());
      }
      matches.Row({HtmlEscaped(match.statement.voterfile()), When(match.time),
                   match.statement.estimated() ? "estimated" : "of an earlier run",
                   HtmlEscaped(bands.empty() ? "none" : bands), std::to_string(match.index)});
    }
    text += matches.Text();
  }
  text += "<h3>Who takes part</h3>";
  TableText people("People", {"name", "member", "roles", "joined", ">entry"});
  for (size_t i = 0; i < std::min(findings.people.size(), kRowsShown); ++i) {
    const report::PersonFinding& person = findings.people[i];
    people.Row(
        {HtmlEscaped(person.name), person.member.empty() ? "of none" : HtmlEscaped(person.member),
         HtmlEscaped(person.roles), When(person.join_time), std::to_string(person.join_index)});
  }
  text += people.Text();
  text += "<h3>The sample</h3><p>" + WithCommas(static_cast<int64_t>(findings.sample.size())) +
          " of " + WithCommas(findings.sample_population) +
          " sealed batches, drawn by lot, opened without an address.</p>";
  if (!findings.sample.empty()) {
    TableText sample("Sampled batches",
                     {"member", "list", ">batch", ">of", ">rows", ">records", "upload"});
    for (const report::SampledBatch& batch : findings.sample) {
      sample.Row({HtmlEscaped(batch.member), HtmlEscaped(batch.list),
                  WithCommas(batch.sequence + 1), WithCommas(batch.batch_count),
                  WithCommas(batch.first_row) + "&ndash;" + WithCommas(batch.last_row),
                  WithCommas(batch.records), "<code>" + HtmlEscaped(batch.upload) + "</code>"});
    }
    text += sample.Text();
  }
  text += "<h3>What was done, in the log's order</h3>" +
          Timeline(findings.events, findings.events_left_out);
  return text + Proves(report::kCoalitionProves, report::kCoalitionDoesNotProve);
}

std::string Section(const report::ReportFindings& findings, const report::AuditRoot& root) {
  std::string text =
      "<p class=\"eyebrow\">Member's report, " + HtmlEscaped(PeriodForPeople(findings.period)) +
      "</p>" + Tag("h2", findings.member_name) + "<p class=\"soft\">Made by " +
      HtmlEscaped(findings.reporter_name) + " on " +
      HtmlEscaped(TimeForPeople(findings.create_time)) + ". " + WithCommas(findings.entry_count) +
      " entries of a log of " + WithCommas(static_cast<int64_t>(findings.checkpoint.size)) +
      " were checked.</p>";
  std::vector<std::string> minds;
  if (!findings.same_tree) {
    minds.push_back("The report stands on a tree of " +
                    WithCommas(static_cast<int64_t>(findings.checkpoint.size)) +
                    " entries and the bundle on one of " +
                    WithCommas(static_cast<int64_t>(root.checkpoint.size)) +
                    ". That one grew out of the other is for the log's witnesses to say.");
  }
  for (const report::Event& act : findings.acts) {
    if (!act.understood) {
      minds.push_back("Entry " + std::to_string(act.index) + " (" + act.kind +
                      ") was checked by the rules and not understood.");
    }
  }
  text += Minds(minds);
  int64_t records = 0, contacts = 0, rejected = 0, voter_files = 0;
  for (const report::UploadFinding& upload : findings.uploads) {
    if (upload.statement.has_voterfile()) {
      ++voter_files;
      continue;
    }
    records += upload.statement.record_count();
    rejected += upload.statement.rejected_row_count();
    if (upload.intake.has_value()) contacts += upload.intake->contact_count();
  }
  text += Tiles(
      {{"lists brought", WithCommas(static_cast<int64_t>(findings.uploads.size()) - voter_files)},
       {"records sealed", WithCommas(records)},
       {"rows rejected", WithCommas(rejected)},
       {"contacts", WithCommas(contacts)},
       {"voter files", WithCommas(voter_files)},
       {"acts since", WithCommas(static_cast<int64_t>(findings.acts.size()))}});
  std::map<int64_t, std::map<std::string, int64_t>> days;
  for (const report::UploadFinding& upload : findings.uploads)
    ++days[upload.time / kSecondsPerDay][upload.statement.has_voterfile() ? "voterfile" : "upload"];
  for (const report::Event& act : findings.acts) ++days[act.time / kSecondsPerDay][act.kind];
  text += Chart(days);
  text += "<h3>What was brought</h3>";
  if (findings.uploads.empty()) text += "<p class=\"soft\">Nothing in this period.</p>";
  if (!findings.uploads.empty()) {
    TableText uploads("Uploads", {"list", "when", "by", ">rows", ">rejected", ">records sealed",
                                  ">contacts", "*on what ground", "*since", ">entry"});
    for (const report::UploadFinding& upload : findings.uploads) {
      const v1::UploadStatement& said = upload.statement;
      std::string files;
      for (const v1::UploadFile& file : said.files())
        files += "<br><span class=\"soft\">" + HtmlEscaped(file.file_name()) + "</span>";
      std::string since;
      for (const std::string& one : upload.since)
        since += (since.empty() ? "" : "<br>") + HtmlEscaped(one);
      const std::string ground = said.has_voterfile()
                                     ? "permitted use: " + said.voterfile().permitted_use()
                                 : said.consent().empty() ? "no words were given"
                                                          : said.consent();
      uploads.Row({HtmlEscaped(said.list()) + files, When(upload.time),
                   HtmlEscaped(upload.uploader), WithCommas(said.row_count()),
                   WithCommas(said.rejected_row_count()), WithCommas(said.record_count()),
                   !upload.intake.has_value()       ? "not read"
                   : upload.intake->has_voterfile() ? "&ndash;"
                                                    : WithCommas(upload.intake->contact_count()),
                   HtmlEscaped(ground), since.empty() ? "&ndash;" : since,
                   std::to_string(upload.index)});
    }
    text += uploads.Text();
  }
  text += "<h3>What was done with it</h3>" + Timeline(findings.acts, 0);
  return text + Proves(report::kMemberProves, report::kMemberDoesNotProve);
}

std::string Section(const AuditedFile& file, const report::AuditRoot& root) {
  if (!file.status.ok()) {
    return "<p class=\"eyebrow\">Does not hold</p>" + Tag("h2", file.file) +
           "<div class=\"verdict bad\"><span class=\"mark\" "
           "aria-hidden=\"true\">&#10007;</span><div>" +
           Tag("strong", ReasonName(ReasonOf(file.status))) +
           Tag("span", std::string(file.status.message())) + "</div></div>";
  }
  if (const auto* member = std::get_if<report::ReportFindings>(&file.findings))
    return Section(*member, root);
  if (const auto* small = std::get_if<EvidenceFinding>(&file.findings)) {
    std::string text = "<p class=\"eyebrow\">Evidence</p>" + Tag("h2", small->title);
    std::istringstream lines(small->text);
    for (std::string line; std::getline(lines, line);)
      text += Tag("p", line.substr(std::min(line.size(), line.find_first_not_of(' '))));
    if (!small->same_tree) {
      text += Minds({std::string(kOtherTreeOfEvidence)});
    }
    return text;
  }
  return Section(std::get<report::CoalitionFindings>(file.findings), root);
}

}  // namespace

std::string HtmlEscaped(std::string_view text) {
  std::string out;
  for (const char c : Visible(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string AuditPage(const AuditOutcome& outcome) {
  const bool opened = outcome.root.checkpoint.size > 0;
  const std::string name = opened ? outcome.root.consortium_name : "a bundle that does not hold";
  const auto bad = std::count_if(outcome.files.begin(), outcome.files.end(),
                                 [](const AuditedFile& file) { return !file.status.ok(); });
  std::string text =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"><meta name=\"referrer\" content=\"no-referrer\">" +
      Tag("title", "Audit of " + name) + "<style>" + std::string(kStyle) +
      "</style></head>\n<body><main><header><p class=\"eyebrow\">Audit</p>" + Tag("h1", name);
  text += "<p class=\"soft\">Checked on " + HtmlEscaped(TimeForPeople(outcome.verify_time)) +
          " without network or profile";
  if (opened) {
    text += ", against a bundle whose log has " +
            WithCommas(static_cast<int64_t>(outcome.root.checkpoint.size)) +
            " entries and whose charter is <code>" + HexEncode(outcome.root.charter_hash) +
            "</code>";
  }
  text += ".</p>";
  text +=
      bad == 0
          ? "<div class=\"verdict good\"><span class=\"mark\" aria-hidden=\"true\">&#10003;</span>"
            "<div><strong>Every proof holds</strong><span>What that proves, and what it does "
            "not, stands at the end of each report.</span></div></div>"
          : "<div class=\"verdict bad\"><span class=\"mark\" aria-hidden=\"true\">&#10007;</span>"
            "<div><strong>" +
                WithCommas(bad) + " of " + WithCommas(static_cast<int64_t>(outcome.files.size())) +
                " files do not hold</strong><span>The first thing that does not is named with "
                "each.</span></div></div>";
  text += "</header>\n";
  std::vector<const AuditedFile*> ordered;
  for (const AuditedFile& file : outcome.files) ordered.push_back(&file);
  std::stable_partition(ordered.begin(), ordered.end(),
                        [](const AuditedFile* file) { return !file->status.ok(); });
  for (const AuditedFile* of : ordered) {
    const AuditedFile& file = *of;
    text += "<section class=\"report\">" + Section(file, outcome.root) +
            "<p class=\"soft\">File: " + HtmlEscaped(file.file) + "</p></section>\n";
  }
  return text +
         "<footer><p>Made by <code>muster audit verify</code>, which trusts the bundle and nobody "
         "else. This page is a reading aid: the evidence is the report's file.</p></footer>"
         "</main></body></html>\n";
}

}  // namespace muster::cli
