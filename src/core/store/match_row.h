// SPDX-License-Identifier: Apache-2.0
//
// Match rows: what a match run found. Rows of a run begin with its number and count while the run
// is the newest of its source ("match_runs", vault_store.h), so that a run takes effect in one
// write.
//
//   "match_rows"      run (8) | contact (16) | row (8)
//                     -> voters that come into question for one of the contact's sketches
//   "matches"         run (8) | contact (16)
//                     -> what became of the contact
//
// A row is known by a hash of its sketch: a later run links only rows that are not there yet.
// Rule: voters are kept with the probability they have before several people's claims to one voter
// are settled, which is done again in every run.
// Errors: DATA_LOSS (STORE_CORRUPT).
// Threads: pure.
// Source: docs/formats/store-keys.md.
#ifndef MUSTER_CORE_STORE_MATCH_ROW_H_
#define MUSTER_CORE_STORE_MATCH_ROW_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/token/sketch.h"
#include "core/token/token.h"

namespace muster::store {

// 8 bytes, drawn for every run.
using MatchRunKey = Bytes8;

struct MatchRowKey {
  MatchRunKey run{};
  token::Token contact;
  Bytes8 row{};
  auto operator<=>(const MatchRowKey&) const = default;
};
// What a sketch is known by.
Bytes8 RowOfSketch(const token::Sketch& sketch);
void AppendMatchRowKey(const MatchRowKey& key, std::string& out);
absl::StatusOr<MatchRowKey> DecodeMatchRowKey(std::string_view bytes);

struct MatchRow {
  struct Voter {
    token::Token voter;
    uint32_t pattern = 0;
    float probability = 0;
  };
  std::vector<Voter> voters;  // the likeliest first; of equal ones by token
  // What speaks for the first, piece by piece as match::Explain gives it, in 1/16 bits.
  std::vector<int16_t> evidence;
};
inline constexpr size_t kMatchRowVotersMax = 255;
std::string EncodeMatchRow(const MatchRow& row);
absl::StatusOr<MatchRow> DecodeMatchRow(std::string_view bytes);

struct ContactMatch {
  Bytes8 person{};      // the same for all contacts of one person, and from run to run
  uint8_t outcome = 0;  // match::Outcome
  uint8_t doubt = 0;    // match::Doubt
  token::Token voter;   // of a match, or the likeliest; else zeros
  float probability = 0;
};
std::string ContactMatchKey(const MatchRunKey& run, const token::Token& contact);
std::string EncodeContactMatch(const ContactMatch& match);
absl::StatusOr<ContactMatch> DecodeContactMatch(std::string_view bytes);

}  // namespace muster::store

#endif  // MUSTER_CORE_STORE_MATCH_ROW_H_
