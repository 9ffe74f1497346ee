// SPDX-License-Identifier: Apache-2.0
//
// Normalize: the one text form of an identifier, so that equal people give equal tokens. Used in the vault alone; versioned.
//
// Email: local part and domain lowercased (Unicode simple case folding after NFC), domain in A-labels; for providers that ignore them, dots and "+tag" in the local part
// are dropped and the provider's other domain names are folded into one (gmail.com/googlemail.com: dots and plus; plus only for a short documented list).
// Never what mail is sent to. Phone: E.164.
// Also: ZIP (5 digits), state (USPS code), names (uppercase ASCII folding) for the features that intake keeps.
// Errors: those of contact/identifier.h. Threads: pure. Source: UID2 normalization (tests/testdata/vectors/uid2), provider documentation.
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
// "62704" from "62704", "62704-1234", "627041234"; 0 when it is no US ZIP.
uint32_t NormalizeZip(std::string_view text);
// "IL" from "il", "Ill.", "Illinois"; empty when unknown.
std::string NormalizeState(std::string_view text);
// Uppercase, diacritics folded to ASCII, punctuation out, spaces single.
std::string NormalizeName(std::string_view text);
// Days since 1970-01-01 of "YYYY-MM-DD..." ; 0 when absent or not a date.
uint32_t NormalizeDay(std::string_view text);

}  // namespace muster::token

#endif  // MUSTER_CORE_TOKEN_NORMALIZE_H_
