// SPDX-License-Identifier: Apache-2.0
//
// VoterFormat: how one state writes its voter and history files, for WriteVoters.
//
// Rule: what a format writes, the product's layout of the same name reads.
// Source: data/voter_layouts/<name>.toml and what that names.
// Threads: constants; a VoterRows belongs to one thread.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_VOTER_FORMAT_H_
#define MUSTER_TOOLS_MUSTER_FAKE_VOTER_FORMAT_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/muster_fake/voter_record.h"

namespace muster::fake {

// What one thread makes before it is written; kept for its memory.
struct VoterRows {
  std::vector<std::string> voters;   // for each of the format's voter files
  std::vector<std::string> history;  // for each of its history files
  uint64_t votes = 0;
  VoterRecord voter;
  std::string text, id, number, precinct, county;
};

struct VoterFormat {
  std::string_view name;       // "nc": of --voter-layout
  std::string_view title;      // "North Carolina, tabs, one file"
  std::string_view state;      // "NC"
  std::string_view id_column;  // in truth/matches.csv
  void (*append_id)(uint64_t voter, std::string& out);
  // Relative to --out. Those of history may be none.
  std::vector<std::string> (*voter_files)();
  std::vector<std::string> (*history_files)();
  std::string (*voter_header)();
  std::string (*history_header)();
  // Rows for `rows.voter`, with its votes.
  void (*append)(const Population& population, VoterRows& rows);
};

std::span<const VoterFormat> VoterFormats();
const VoterFormat* FindVoterFormat(std::string_view name);  // null: none is called that

extern const VoterFormat kNorthCarolinaFormat;
extern const VoterFormat kFloridaFormat;
extern const VoterFormat kOhioFormat;
extern const VoterFormat kTexasFormat;

// ---- what the formats have in common

struct Election {
  enum class Kind : uint8_t { kGeneral, kPrimary, kPresidentialPrimary, kMunicipal } kind;
  int32_t day;       // since 1970-01-01
  uint32_t turnout;  // against the voter's propensity, in 10,000
};
// Newest first. Every state votes on these days here, which is true of the general ones.
inline constexpr std::array<Election, 8> kElections = {{
    {Election::Kind::kGeneral, 20'032, 12'500},             // 2024-11-05
    {Election::Kind::kPresidentialPrimary, 19'787, 4'000},  // 2024-03-05
    {Election::Kind::kGeneral, 19'304, 8'500},              // 2022-11-08
    {Election::Kind::kPrimary, 19'129, 3'000},              // 2022-05-17
    {Election::Kind::kMunicipal, 18'933, 2'000},            // 2021-11-02
    {Election::Kind::kGeneral, 18'569, 12'500},             // 2020-11-03
    {Election::Kind::kGeneral, 17'841, 8'500},              // 2018-11-06
    {Election::Kind::kGeneral, 17'113, 11'500},             // 2016-11-08
}};
inline bool IsPrimary(const Election& election) {
  return election.kind == Election::Kind::kPrimary ||
         election.kind == Election::Kind::kPresidentialPrimary;
}
// Whether the voter voted in it; `rng` is the voter's own for votes.
bool DrawVote(const VoterRecord& voter, const Election& election, Rng& rng);

// Precincts follow street numbers within a ZIP; districts cut through them.
uint64_t PrecinctCell(const Address& home);

// "5" as "005".
void AppendNumber(uint64_t number, int digits, std::string& out);
void AppendUsDate(const Date& date, std::string& out);      // "05/30/2026"
void AppendPackedDate(const Date& date, std::string& out);  // "20260530"
// "12 N OAK ST" and, with `unit`, "  APT 3".
void SetStreetLine(const Address& home, bool unit, std::string& out);

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_VOTER_FORMAT_H_
