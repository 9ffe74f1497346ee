// SPDX-License-Identifier: Apache-2.0
#include "core/governance/charter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include "absl/strings/str_format.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::governance {
namespace {

constexpr int64_t kQuorumMax = 64;  // signatures that a statement's decision can collect
constexpr int64_t kMinutesPerDay = 24 * 60;
constexpr int64_t kDaysMax = 36'500;
constexpr int64_t kHoursMax = 24 * 365;
constexpr int64_t kMailsMax = 1000;
constexpr int64_t kPeopleMax = 100'000'000;
constexpr int64_t kBudgetMilliMax = 100'000;
constexpr int64_t kSecondsPerHour = 3600;

// One line of the document: where it stands, and how it is read and written. Every value is a whole
// number inside; `kind` says how people see it.
enum class Kind { kNumber, kHours, kMilli, kMinute, kProbability };

struct Term {
  std::string_view table;
  std::string_view key;
  std::string_view about;
  Kind kind;
  int64_t least;
  int64_t most;
  std::function<int64_t(const v1::CharterTerms&)> get;
  std::function<void(v1::CharterTerms&, int64_t)> set;
};

// Probabilities in millionths, so that all terms are whole numbers here.
constexpr double kMillion = 1e6;
int64_t Millionths(double probability) { return std::llround(probability * kMillion); }
double OfMillionths(int64_t value) { return static_cast<double>(value) / kMillion; }

#define MUSTER_TERM(table, key, about, kind, least, most, field)              \
  Term {                                                                      \
    table, key, about, kind, least, most,                                     \
        [](const v1::CharterTerms& terms) { return int64_t{terms.field()}; }, \
        [](v1::CharterTerms& terms, int64_t value) {                          \
          terms.set_##field(static_cast<decltype(terms.field())>(value));     \
        }                                                                     \
  }

const std::vector<Term>& Terms() {
  static const auto* all = new std::vector<Term>{
      MUSTER_TERM("decisions", "quorum",
                  "members that must sign admissions, charters and ceremonies; 1 is a trial",
                  Kind::kNumber, 1, kQuorumMax, quorum),
      MUSTER_TERM("witness", "count", "cosignatures that a checkpoint needs", Kind::kNumber, 1,
                  kQuorumMax, witness_count),
      MUSTER_TERM("witness", "age_hours_max", "and how old the newest may be", Kind::kHours, 1,
                  kHoursMax, witness_age_seconds_max),
      Term{"matching", "matched", "from this probability on a person is the voter",
           Kind::kProbability, 500'001, 1'000'000,
           [](const v1::CharterTerms& t) {
             return Millionths(t.match_thresholds().matched_probability());
           },
           [](v1::CharterTerms& t, int64_t value) {
             t.mutable_match_thresholds()->set_matched_probability(OfMillionths(value));
           }},
      Term{"matching", "ambiguous", "below this one no voter comes into question",
           Kind::kProbability, 0, 999'999,
           [](const v1::CharterTerms& t) {
             return Millionths(t.match_thresholds().ambiguous_probability());
           },
           [](v1::CharterTerms& t, int64_t value) {
             t.mutable_match_thresholds()->set_ambiguous_probability(OfMillionths(value));
           }},
      MUSTER_TERM("mail", "per_person_per_week_max", "over all campaigns and members",
                  Kind::kNumber, 0, kMailsMax, mails_per_person_per_week_max),
      MUSTER_TERM("mail", "per_person_per_month_max", "", Kind::kNumber, 0, kMailsMax,
                  mails_per_person_per_month_max),
      MUSTER_TERM("mail", "quiet_from", "nothing is sent from here", Kind::kMinute, 0,
                  kMinutesPerDay - 1, quiet_begin_minute),
      MUSTER_TERM("mail", "quiet_until", "to here, by the person's own clock", Kind::kMinute, 0,
                  kMinutesPerDay - 1, quiet_end_minute),
      MUSTER_TERM("mail", "audience_min", "a send to fewer people is refused", Kind::kNumber, 1,
                  kPeopleMax, audience_min),
      MUSTER_TERM("published", "noise_budget",
                  "what published tables may tell of one person, ever (epsilon)", Kind::kMilli, 1,
                  kBudgetMilliMax, noise_budget_milli),
      MUSTER_TERM("retention", "backup_days", "", Kind::kNumber, 1, kDaysMax, backup_days),
      MUSTER_TERM("retention", "voterfile_days", "an extract that was replaced", Kind::kNumber, 1,
                  kDaysMax, voterfile_days),
      MUSTER_TERM("retention", "ledger_days", "who was mailed what", Kind::kNumber, 1, kDaysMax,
                  ledger_days),
      MUSTER_TERM("vault", "lease_hours_max",
                  "an unsealed vault seals itself after this long; 0: it does not", Kind::kHours, 0,
                  kHoursMax, lease_seconds_max),
  };
  return *all;
}

#undef MUSTER_TERM

std::string Written(const Term& term, const v1::CharterTerms& terms) {
  const int64_t value = term.get(terms);
  switch (term.kind) {
    case Kind::kHours:
      return std::to_string(value / kSecondsPerHour);
    case Kind::kMilli:
      return absl::StrFormat("%d.%03d", value / 1000, value % 1000);
    case Kind::kMinute:
      return absl::StrFormat("\"%02d:%02d\"", value / 60, value % 60);
    case Kind::kProbability:
      return absl::StrFormat("%.6f", OfMillionths(value));
    case Kind::kNumber:
      break;
  }
  return std::to_string(value);
}

std::string NameOf(const Term& term) {
  return std::string(term.table) + "." + std::string(term.key);
}

absl::Status Malformed(const std::string& key, const std::string& what) {
  return MakeError(v1::CHARTER_MALFORMED, "the charter's " + key + " " + what, {{"key", key}});
}

// Hours and days are written whole; what is kept is in their smallest unit.
int64_t UnitOf(Kind kind) { return kind == Kind::kHours ? kSecondsPerHour : 1; }

std::optional<int64_t> ReadMinute(const std::string& text) {
  const auto digit = [&](size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
    return std::nullopt;
  const int64_t hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int64_t minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

// Digits, at most one point with digits on both sides; thousands may be parted by "_".
std::optional<double> ReadNumber(std::string_view text, bool whole) {
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool inside = i > 0 && i + 1 < text.size();
    if (text[i] == '_' && inside && text[i - 1] != '_') continue;
    if (text[i] == '.' && (whole || !inside || digits.find('.') != std::string::npos))
      return std::nullopt;
    if (text[i] != '.' && (text[i] < '0' || text[i] > '9')) return std::nullopt;
    digits.push_back(text[i]);
  }
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number > kPeopleMax)
    return std::nullopt;
  return number;
}

absl::StatusOr<int64_t> ReadValue(const Term& term, std::string_view text) {
  const std::string name = NameOf(term);
  if (term.kind == Kind::kMinute) {
    const bool quoted = text.size() == 7 && text.front() == '"' && text.back() == '"';
    const std::optional<int64_t> minute =
        quoted ? ReadMinute(std::string(text.substr(1, 5))) : std::nullopt;
    if (!minute.has_value()) return Malformed(name, "is no time of day; write it as \"21:00\"");
    return *minute;
  }
  const bool whole = term.kind == Kind::kNumber || term.kind == Kind::kHours;
  const std::optional<double> number = ReadNumber(text, whole);
  if (!number.has_value()) return Malformed(name, whole ? "is no whole number" : "is no number");
  const double scale = term.kind == Kind::kMilli         ? 1000
                       : term.kind == Kind::kProbability ? kMillion
                                                         : static_cast<double>(UnitOf(term.kind));
  return std::llround(*number * scale);
}

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

const Term* Find(std::string_view table, std::string_view key) {
  for (const Term& term : Terms()) {
    if (term.table == table && term.key == key) return &term;
  }
  return nullptr;
}

bool IsTable(std::string_view name) {
  for (const Term& term : Terms()) {
    if (term.table == name) return true;
  }
  return false;
}

absl::Status CheckRange(const Term& term, int64_t value) {
  if (value >= term.least * UnitOf(term.kind) && value <= term.most * UnitOf(term.kind) &&
      value % UnitOf(term.kind) == 0) {
    return absl::OkStatus();
  }
  return Malformed(NameOf(term), "is out of range");
}

absl::Status CheckTogether(const v1::CharterTerms& terms) {
  if (!(terms.match_thresholds().ambiguous_probability() <
        terms.match_thresholds().matched_probability())) {
    return Malformed("matching.ambiguous", "must be less than matching.matched");
  }
  if (terms.mails_per_person_per_week_max() > terms.mails_per_person_per_month_max())
    return Malformed("mail.per_person_per_week_max", "is more than what a month allows");
  return absl::OkStatus();
}

}  // namespace

v1::CharterTerms DefaultTerms() {
  v1::CharterTerms terms;
  terms.set_quorum(1);
  terms.set_witness_count(1);
  terms.set_witness_age_seconds_max(24 * kSecondsPerHour);
  terms.mutable_match_thresholds()->set_matched_probability(0.75);
  terms.mutable_match_thresholds()->set_ambiguous_probability(0.2);
  terms.set_mails_per_person_per_week_max(2);
  terms.set_mails_per_person_per_month_max(5);
  terms.set_quiet_begin_minute(21 * 60);
  terms.set_quiet_end_minute(9 * 60);
  terms.set_audience_min(100);
  terms.set_noise_budget_milli(1000);
  terms.set_backup_days(90);
  terms.set_voterfile_days(730);
  terms.set_ledger_days(730);
  return terms;
}

v1::CharterTerms TermsOf(const v1::CharterStatement& charter) {
  v1::CharterTerms terms = charter.has_terms() ? charter.terms() : DefaultTerms();
  terms.set_quorum(charter.quorum());
  terms.set_witness_count(charter.witness_count());
  *terms.mutable_match_thresholds() = charter.has_match_thresholds()
                                          ? charter.match_thresholds()
                                          : DefaultTerms().match_thresholds();
  return terms;
}

absl::Status CheckTerms(const v1::CharterTerms& terms) {
  absl::Status status = CheckTogether(terms);
  for (const Term& term : Terms()) {
    if (status.ok()) status = CheckRange(term, term.get(terms));
  }
  if (status.ok()) return status;
  return MakeError(v1::STATEMENT_MALFORMED, "statement: " + std::string(status.message()));
}

std::string FormatTerms(const v1::CharterTerms& terms) {
  std::string out;
  std::string_view table;
  for (const Term& term : Terms()) {
    if (term.table != table) {
      out += (table.empty() ? "[" : "\n[") + std::string(term.table) + "]\n";
      table = term.table;
    }
    std::string line = std::string(term.key) + " = " + Written(term, terms);
    if (!term.about.empty()) {
      if (line.size() < 34) line.resize(34, ' ');
      line += "  # " + std::string(term.about);
    }
    out += line + "\n";
  }
  return out;
}

absl::StatusOr<v1::CharterTerms> ParseTerms(std::string_view text, const v1::CharterTerms& before) {
  if (text.size() > kTermsTomlBytesMax)
    return MakeError(v1::CHARTER_MALFORMED, "the charter is longer than 64 KiB");
  v1::CharterTerms terms = before;
  std::string table;
  std::set<std::string> seen;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = std::min(text.find('\n'), text.size());
    // No value of ours holds a "#".
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = Trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::string where = "line " + std::to_string(number);
    if (line.front() == '[') {
      if (line.back() != ']') return Malformed(where, "is no [table]");
      table = std::string(Trimmed(line.substr(1, line.size() - 2)));
      if (!IsTable(table))
        return Malformed(where, "names a table that is not known; `muster charter show` has all");
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos)
      return Malformed(where, "is neither table nor key = value");
    const Term* term = Find(table, Trimmed(line.substr(0, equals)));
    if (term == nullptr)
      return Malformed(where, "has a key that is not known; `muster charter show` has all");
    if (!seen.insert(NameOf(*term)).second) return Malformed(NameOf(*term), "is there twice");
    MUSTER_ASSIGN_OR_RETURN(const int64_t value,
                            ReadValue(*term, Trimmed(line.substr(equals + 1))));
    MUSTER_RETURN_IF_ERROR(CheckRange(*term, value));
    term->set(terms, value);
  }
  MUSTER_RETURN_IF_ERROR(CheckTogether(terms));
  return terms;
}

std::vector<TermValue> ListTerms(const v1::CharterTerms& terms) {
  std::vector<TermValue> values;
  for (const Term& term : Terms())
    values.push_back({std::string(term.table), std::string(term.key), Written(term, terms)});
  return values;
}

std::vector<TermChange> CompareTerms(const v1::CharterTerms& before,
                                     const v1::CharterTerms& after) {
  std::vector<TermChange> changes;
  for (const Term& term : Terms()) {
    if (term.get(before) == term.get(after)) continue;
    changes.push_back({NameOf(term), Written(term, before), Written(term, after)});
  }
  return changes;
}

}  // namespace muster::governance
