// SPDX-License-Identifier: Apache-2.0
//
// Elections as voter files name them, and the lines that contact::Field::kVoteHistory holds.
//
// Rule: what is not known is not guessed: an election of a kind that no word tells is `other`,
// unless its day is that of a federal general election. A line is "DAY KIND" or "DAY KIND METHOD":
// DAY is "YYYY-MM-DD" or "YYYY", METHOD one word of lowercase letters, digits and dashes.
// Units: UTF-8.
// Errors: none; a function says whether it could read.
// Threads: pure; a VoteLines is a value.
// Source: docs/formats/record.md; the states' own lists of codes.
#ifndef MUSTER_CORE_INGEST_ELECTION_H_
#define MUSTER_CORE_INGEST_ELECTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::ingest {

enum class ElectionKind : uint8_t {
  kGeneral,
  kPrimary,
  kPresidentialPrimary,
  kSpecial,
  kMunicipal,
  kRunoff,
  kOther,
};
std::string_view ElectionKindName(ElectionKind kind);  // "presidential_primary"
bool ParseElectionKindName(std::string_view name, ElectionKind* kind);

// The kind that a description in words tells ("11/03/2020 GENERAL", "Pres Pref Primary", "GE");
// none when no word does.
std::optional<ElectionKind> FindElectionKind(std::string_view description);

// The Tuesday after the first Monday of November in an even year.
bool IsFederalGeneralElection(std::string_view day);

// The votes of one voter, as they come; then as the field's text, newest first, each once.
class VoteLines {
 public:
  void Clear();
  bool empty() const { return count_ == 0; }
  uint64_t added() const { return added_; }  // since Clear
  // `day` "YYYY-MM-DD" or "YYYY"; `method` in the file's words, empty when not known.
  void Add(std::string_view day, ElectionKind kind, std::string_view method);
  // As many of the newest as take no more than `bytes_max`. Replaces `out`.
  void Format(size_t bytes_max, std::string& out);

 private:
  void KeepNewest(size_t most);  // sorted, each once

  std::vector<std::string> lines_;  // the first count_ of them
  size_t count_ = 0;
  uint64_t added_ = 0;
};

// New York's voterhistory cell: elections parted by semicolons, each county in its own words:
// "20201103 GE(E)", "GE 20181106", "General Election, 2016". False when a part tells no year; the
// other parts are added all the same.
bool AddVoteList(std::string_view cell, VoteLines& votes);

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_ELECTION_H_
