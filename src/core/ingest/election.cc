// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/election.h"

#include <algorithm>
#include <array>
#include <functional>

#include "core/contact/identifier.h"
#include "core/crypto/secret_bytes.h"
#include "core/ingest/date_value.h"

namespace muster::ingest {
namespace {

constexpr std::array<std::string_view, 7> kKindNames = {
    "general", "primary", "presidential_primary", "special", "municipal", "runoff", "other"};
constexpr size_t kMethodBytesMax = 24;
// More lines than any field holds: what is beyond it is sorted out at once, so that a file that
// repeats one voter forever takes no more memory.
constexpr size_t kLinesMax = 512;
constexpr size_t kLinesKept = 128;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; }

bool StartsWith(std::string_view word, std::string_view upper) {
  if (word.size() < upper.size()) return false;
  return std::equal(upper.begin(), upper.end(), word.begin(),
                    [](char u, char c) { return Upper(c) == u; });
}
bool Is(std::string_view word, std::string_view upper) {
  return word.size() == upper.size() && StartsWith(word, upper);
}

// The next run of letters; empty at the end.
std::string_view TakeWord(std::string_view& text) {
  while (!text.empty() && !IsLetter(text[0])) text.remove_prefix(1);
  size_t n = 0;
  while (n < text.size() && IsLetter(text[n])) ++n;
  const std::string_view word = text.substr(0, n);
  text.remove_prefix(n);
  return word;
}

int Number(std::string_view digits) {
  int value = 0;
  for (char c : digits) value = value * 10 + (c - '0');
  return value;
}

// The day in a part of New York's cell, or its year alone.
bool FindDay(std::string_view part, std::string& day) {
  static const DateFormat packed = [] {
    DateFormat format;
    DateFormat::Parse("YYYYMMDD", &format);
    return format;
  }();
  std::string_view year;
  for (size_t i = 0; i < part.size(); ++i) {
    if (!IsDigit(part[i])) continue;
    size_t n = 0;
    while (i + n < part.size() && IsDigit(part[i + n])) ++n;
    const std::string_view digits = part.substr(i, n);
    if (n == 8 && packed.Read(digits, 0, day) && day.size() == 10) return true;
    if (n == 4 && year.empty() && Number(digits) >= 1900 && Number(digits) < 2200) year = digits;
    i += n;
  }
  day.assign(year);
  return !day.empty();
}

// "(E)" at the end. New York's letters are told; what else stands there is kept as it is.
std::string_view FindMethod(std::string_view part) {
  const size_t open = part.rfind('(');
  if (open == std::string_view::npos) return {};
  const size_t close = part.find(')', open);
  if (close == std::string_view::npos) return {};
  const std::string_view code = contact::TrimSpace(part.substr(open + 1, close - open - 1));
  struct Method {
    std::string_view code;
    std::string_view word;
  };
  constexpr Method kMethods[] = {
      {"P", "polls"},     {"E", "early"},    {"A", "absentee"},
      {"F", "affidavit"}, {"M", "military"}, {"O", "other"},
  };
  for (const Method& method : kMethods) {
    if (Is(code, method.code)) return method.word;
  }
  return code;
}

}  // namespace

std::string_view ElectionKindName(ElectionKind kind) {
  return kKindNames[static_cast<size_t>(kind)];
}

bool ParseElectionKindName(std::string_view name, ElectionKind* kind) {
  const auto found = std::find(kKindNames.begin(), kKindNames.end(), name);
  if (found == kKindNames.end()) return false;
  *kind = static_cast<ElectionKind>(found - kKindNames.begin());
  return true;
}

std::optional<ElectionKind> FindElectionKind(std::string_view description) {
  bool presidential = false;
  bool primary = false;
  bool special = false;
  bool municipal = false;
  bool general = false;
  std::string_view rest = description;
  for (std::string_view word = TakeWord(rest); !word.empty(); word = TakeWord(rest)) {
    if (StartsWith(word, "RUNOFF") || Is(word, "RUN") || Is(word, "RO")) {
      return ElectionKind::kRunoff;
    }
    if (Is(word, "PP") || Is(word, "PPP") || Is(word, "PPE")) presidential = primary = true;
    if (StartsWith(word, "PRES")) presidential = true;
    if (StartsWith(word, "PRIM") || Is(word, "PRI") || Is(word, "PR") || Is(word, "P")) {
      primary = true;
    }
    if (StartsWith(word, "SPEC") || Is(word, "SP")) special = true;
    if (StartsWith(word, "MUNI") || Is(word, "MUN") || Is(word, "CITY") || Is(word, "TOWN")) {
      municipal = true;
    }
    if (StartsWith(word, "GEN") || Is(word, "GE") || Is(word, "G")) general = true;
  }
  if (presidential && primary) return ElectionKind::kPresidentialPrimary;
  if (special) return ElectionKind::kSpecial;
  if (municipal) return ElectionKind::kMunicipal;
  if (primary) return ElectionKind::kPrimary;
  if (general) return ElectionKind::kGeneral;
  return std::nullopt;
}

bool IsFederalGeneralElection(std::string_view day) {
  if (day.size() != 10 || day.substr(5, 3) != "11-") return false;
  const int year = Number(day.substr(0, 4));
  const int of_month = Number(day.substr(8, 2));
  if (year % 2 != 0) return false;
  // Sakamoto's rule for November: 0 is Sunday.
  const int of_week = (year + year / 4 - year / 100 + year / 400 + 2 + of_month) % 7;
  return of_week == 2 && of_month >= 2 && of_month <= 8;
}

void VoteLines::Clear() {
  for (size_t i = 0; i < count_; ++i) {
    crypto::Wipe(lines_[i].data(), lines_[i].size());
    lines_[i].clear();
  }
  count_ = 0;
  added_ = 0;
}

void VoteLines::Add(std::string_view day, ElectionKind kind, std::string_view method) {
  ++added_;
  if (count_ == kLinesMax) KeepNewest(kLinesKept);
  if (count_ == lines_.size()) lines_.emplace_back();
  std::string& line = lines_[count_++];
  line.assign(day);
  line.push_back(' ');
  line.append(ElectionKindName(kind));
  const size_t before = line.size();
  for (char c : method) {
    if (line.size() - before > kMethodBytesMax) break;
    if (IsDigit(c) || IsLetter(c)) {
      if (line.size() == before) line.push_back(' ');
      line.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c);
    } else if (line.size() > before && line.back() != '-') {
      line.push_back('-');
    }
  }
  while (line.back() == '-') line.pop_back();
}

void VoteLines::KeepNewest(size_t most) {
  const auto end = lines_.begin() + static_cast<ptrdiff_t>(count_);
  std::sort(lines_.begin(), end, std::greater<>());
  const auto unique_end = std::unique(lines_.begin(), end);
  const size_t kept = std::min(most, static_cast<size_t>(unique_end - lines_.begin()));
  for (size_t i = kept; i < count_; ++i) lines_[i].clear();
  count_ = kept;
}

void VoteLines::Format(size_t bytes_max, std::string& out) {
  out.clear();
  KeepNewest(count_);
  for (size_t i = 0; i < count_; ++i) {
    if (out.size() + 1 + lines_[i].size() > bytes_max) break;
    if (!out.empty()) out.push_back('\n');
    out.append(lines_[i]);
  }
}

bool AddVoteList(std::string_view cell, VoteLines& votes) {
  bool all = true;
  std::string day;
  while (true) {
    const size_t end = cell.find(';');
    const std::string_view part = contact::TrimSpace(cell.substr(0, end));
    if (!part.empty()) {
      if (FindDay(part, day)) {
        const std::string_view method = FindMethod(part);
        // The letter of the method is not one of the kind.
        const std::string_view words = part.substr(0, part.rfind('('));
        std::optional<ElectionKind> kind = FindElectionKind(words);
        if (!kind) {
          kind = IsFederalGeneralElection(day) ? ElectionKind::kGeneral : ElectionKind::kOther;
        }
        votes.Add(day, *kind, method);
      } else {
        all = false;
      }
    }
    if (end == std::string_view::npos) return all;
    cell.remove_prefix(end + 1);
  }
}

}  // namespace muster::ingest
