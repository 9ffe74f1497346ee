// SPDX-License-Identifier: Apache-2.0
//
// The charter's terms: what the members have agreed on and may change (docs/formats/charter.md).
//
// As TOML for people to read and edit, as CharterTerms in a statement. Of TOML it reads what it
// writes: tables, keys with a number or a time of day, comments. A file may leave out what stays as
// it is; what stands on the log is always the whole.
// Errors: INVALID_ARGUMENT (CHARTER_MALFORMED) naming the key; STATEMENT_MALFORMED for terms in a
// statement.
// Threads: pure.
#ifndef MUSTER_CORE_GOVERNANCE_CHARTER_H_
#define MUSTER_CORE_GOVERNANCE_CHARTER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/v1/statement.pb.h"

namespace muster::governance {

// A trial's: quorum 1, one witness.
v1::CharterTerms DefaultTerms();
// Of the founding charter, in full.
v1::CharterTerms TermsOf(const v1::CharterStatement& charter);

// Every field in its range. STATEMENT_MALFORMED.
absl::Status CheckTerms(const v1::CharterTerms& terms);

inline constexpr size_t kTermsTomlBytesMax = size_t{64} << 10;
std::string FormatTerms(const v1::CharterTerms& terms);
// Keys that are not there keep what `before` says; unknown ones are refused.
absl::StatusOr<v1::CharterTerms> ParseTerms(std::string_view toml, const v1::CharterTerms& before);

struct TermValue {
  std::string table;
  std::string key;
  std::string written;  // as in TOML: 2, 0.500, "21:00"
};
std::vector<TermValue> ListTerms(const v1::CharterTerms& terms);

struct TermChange {
  std::string key;  // "decisions.quorum"
  std::string before;
  std::string after;
};
// In the order of the TOML.
std::vector<TermChange> CompareTerms(const v1::CharterTerms& before, const v1::CharterTerms& after);

}  // namespace muster::governance

#endif  // MUSTER_CORE_GOVERNANCE_CHARTER_H_
