// SPDX-License-Identifier: Apache-2.0
#include "core/token/nickname.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/base/embed.h"

MUSTER_EMBED(muster_token_nicknames, MUSTER_DATA "/nicknames/names.csv")
MUSTER_EMBED(muster_token_female, MUSTER_DATA "/census_names/female_first_1990.csv")
MUSTER_EMBED(muster_token_male, MUSTER_DATA "/census_names/male_first_1990.csv")

namespace muster::token {
namespace {

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  return out;
}

// Calls `act` with the cells of every line but the first.
template <typename Act>
void ForEachLine(std::string_view text, Act act) {
  bool header = true;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!std::exchange(header, false) && !line.empty()) {
      std::vector<std::string_view> cells;
      for (size_t at = 0; at <= line.size();) {
        const size_t comma = std::min(line.find(',', at), line.size());
        cells.push_back(line.substr(at, comma - at));
        at = comma + 1;
      }
      act(cells);
    }
  }
}

using Names = std::map<std::string, std::vector<std::string>, std::less<>>;

Names Read() {
  // The tables are sorted by frequency, so that the line says how common a name is.
  std::map<std::string, size_t, std::less<>> rank;
  for (const std::string_view table : {EmbeddedText(muster_token_female, muster_token_female_end),
                                       EmbeddedText(muster_token_male, muster_token_male_end)}) {
    size_t line = 0;
    ForEachLine(table, [&](const std::vector<std::string_view>& cells) {
      const auto [at, added] = rank.try_emplace(Upper(cells[0]), line);
      if (!added) at->second = std::min(at->second, line);
      ++line;
    });
  }
  const auto rank_of = [&rank](const std::string& name) {
    const auto at = rank.find(name);
    return at == rank.end() ? rank.size() : at->second;
  };
  std::set<std::pair<std::string, std::string>> stands_for;  // nickname, formal name
  ForEachLine(EmbeddedText(muster_token_nicknames, muster_token_nicknames_end),
              [&](const std::vector<std::string_view>& cells) {
                if (cells.size() >= 3 && cells[0] != cells[2])
                  stands_for.emplace(Upper(cells[2]), Upper(cells[0]));
              });
  Names formal;
  for (const auto& [name, stands] : stands_for) {
    // Some pairs are in the table both ways round: the commoner name is the formal one.
    if (stands_for.contains({stands, name}) && rank_of(stands) >= rank_of(name)) continue;
    formal[name].push_back(stands);
  }
  for (auto& [name, names] : formal) {
    std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
      const size_t rank_a = rank_of(a);
      const size_t rank_b = rank_of(b);
      return rank_a != rank_b ? rank_a < rank_b : a < b;
    });
  }
  return formal;
}

}  // namespace

std::span<const std::string> FormalNames(std::string_view name) {
  static const auto* names = new Names(Read());
  const auto at = names->find(name);
  if (at == names->end()) return {};
  return at->second;
}

}  // namespace muster::token
