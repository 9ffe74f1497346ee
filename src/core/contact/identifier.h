// SPDX-License-Identifier: Apache-2.0
//
// Identifier syntax: what counts as an email address or a phone number, before anything is keyed
// or sealed.
//
// Rule: one place decides, so that the member's machine and the vault never disagree on a row.
// ParseEmail trims, NFC-normalizes, lowercases the domain and turns it into A-labels (IDNA 2008,
// UTS 46 mapping); the local part keeps its case and its Unicode: it is what mail is sent to.
// Provider rules (dots, plus) belong to token/normalize, for matching only.
// Units: UTF-8 bytes; at most kEmailBytesMax in the result, 64 in the local part, 253 in the
// domain.
// Errors: INVALID_ARGUMENT (EMAIL_MISSING, EMAIL_MALFORMED, EMAIL_TOO_LONG,
// EMAIL_DOMAIN_MALFORMED, ENCODING_MALFORMED, PHONE_MALFORMED); messages never quote the text.
// Refused: quoted local parts, address literals, comments, single-label domains, control
// characters.
// Threads: pure.
// Source: RFC 5321, RFC 6531, RFC 5891, UTS 46.
#ifndef MUSTER_CORE_CONTACT_IDENTIFIER_H_
#define MUSTER_CORE_CONTACT_IDENTIFIER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace muster::contact {

inline constexpr size_t kEmailBytesMax = 254;  // RFC 5321 path limit less the angle brackets

struct Email {
  std::string local;   // as written, NFC
  std::string domain;  // lowercase A-labels
  std::string Text() const { return local + "@" + domain; }
};

absl::StatusOr<Email> ParseEmail(std::string_view text);

// The same, as text in `out` (replaced): what millions of rows go through, without an allocation
// once `out` has grown.
absl::Status ParseEmailInto(std::string_view text, std::string& out);

// E.164 ("+13125550123"). Numbers without a country code are read as of `region` (ISO 3166
// alpha-2). A fast path takes plain North American numbers; libphonenumber takes the rest.
absl::StatusOr<std::string> ParsePhone(std::string_view text, std::string_view region = "US");

// Valid UTF-8 without NUL.
bool IsUtf8(std::string_view text);
// NFC of valid UTF-8; ASCII passes untouched and fast.
std::string ToNfc(std::string_view text);
void ToNfcInto(std::string_view text, std::string& out);  // replaces `out`
// Without the white space, control and zero-width characters at both ends, ASCII or not: what
// exports and copying leave there.
std::string_view TrimSpace(std::string_view text);
bool IsAscii(std::string_view text);

}  // namespace muster::contact

#endif  // MUSTER_CORE_CONTACT_IDENTIFIER_H_
