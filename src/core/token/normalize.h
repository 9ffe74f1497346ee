// SPDX-License-Identifier: Apache-2.0
//
// Normalize: the one text form of an identifier, so that equal people give equal tokens. Used in
// the vault alone; versioned.
//
// Email: local part and domain lowercased (Unicode simple case folding of the canonical
// decomposition, composed again), domain in A-labels. For providers that ignore them, "+tag" and
// dots in the local part are dropped and the provider's other domain name is folded into one
// (gmail.com, googlemail.com); elsewhere they count. The list stands in docs/formats/tokens.md.
// Phone: E.164, from contact::ParsePhone. Also: ZIP (5 digits), state (USPS code), names (uppercase
// ASCII folding), days, for the features that intake keeps.
// Rule: never what mail is sent to. Normalizing twice changes nothing.
// Errors: those of contact/identifier.h; the functions without a status take anything.
// Threads: pure.
// Source: UID2 normalization (tests/testdata/vectors/uid2), the providers' pages.
#ifndef MUSTER_CORE_TOKEN_NORMALIZE_H_
#define MUSTER_CORE_TOKEN_NORMALIZE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/contact/identifier.h"

namespace muster::token {

// Changes whenever equal input could give other output; written into every intake statement.
inline constexpr int32_t kNormalizerVersion = 1;

absl::StatusOr<std::string> NormalizeEmail(std::string_view text);
std::string NormalizeEmail(const contact::Email& email);

// 62704 from "62704", "62704-1234", "62704 1234", "627041234"; 0 when it is no US ZIP.
uint32_t NormalizeZip(std::string_view text);

// "IL" from "il", "Ill.", "Illinois"; empty when unknown. States, DC, territories, freely
// associated states and military mail.
std::string NormalizeState(std::string_view text);

// Uppercase ASCII: diacritics folded, other scripts romanized, hyphens and the like become spaces,
// other punctuation goes; single spaces. Digits stay.
std::string NormalizeName(std::string_view text);

// A voter's number in their state's file, as extract and history are joined by it: white space
// around it goes, ASCII letters are capitals. Leading zeros count.
std::string NormalizeVoterNumber(std::string_view text);

// Days since 1970-01-01 of "YYYY-MM-DD", alone or with a time behind it; 0 when absent, not a date
// or before 1970-01-02.
uint32_t NormalizeDay(std::string_view text);

}  // namespace muster::token

#endif  // MUSTER_CORE_TOKEN_NORMALIZE_H_
