// SPDX-License-Identifier: Apache-2.0
//
// match explain: what speaks for one's own contact being a voter, piece by piece.
//
// Rule: the address goes sealed to the vault and the answer comes back sealed to this person, so
// the server sees neither. The answer is about what one's own member brought of the contact; of an
// address that it did not bring nothing is said, whoever else did.
// Units: bits; their sum is log2 of the odds.
// Errors: EMAIL_MALFORMED, CONTACT_NOT_FOUND, DECRYPTION_FAILED, the vault's (VOTERFILE_NOT_FOUND,
// VOTERFILE_AMBIGUOUS, NOTHING_TO_MATCH), and of the session.
#ifndef MUSTER_CLI_MATCH_EXPLAIN_H_
#define MUSTER_CLI_MATCH_EXPLAIN_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"
#include "muster/v1/match_service.pb.h"

namespace muster::cli {

struct MatchExplainOptions {
  std::string email;
  std::string voterfile;  // may be empty while one is current
};

Json ExplanationJson(const v1::MatchExplanation& explanation);
// A waterfall: each piece is drawn from where the one before it ended; "+" speaks for, "-" against.
std::string ExplanationText(const Console& console, const v1::MatchExplanation& explanation);

absl::StatusOr<int> RunMatchExplain(const Invocation& invocation,
                                    const MatchExplainOptions& options);

}  // namespace muster::cli

#endif  // MUSTER_CLI_MATCH_EXPLAIN_H_
