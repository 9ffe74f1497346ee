// SPDX-License-Identifier: Apache-2.0
//
// Token: the keyed, one-way stand-in for an identifier. Equal identifiers have equal tokens;
// without the key a token says nothing, and nobody can make one.
//
// token = first 16 bytes of keyed BLAKE2b-256(TokenKey, domain | 0x00 | normalized text). Domains:
// "email", "phone", "suppression/email", "voter". Keys exist in the vault alone.
// Rule: the text comes from normalize.h (or contact::ParsePhone), never from a file.
// Threads: pure.
// Source: docs/formats/tokens.md.
#ifndef MUSTER_CORE_TOKEN_TOKEN_H_
#define MUSTER_CORE_TOKEN_TOKEN_H_

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/crypto/secret_bytes.h"

namespace muster::token {

struct Token {
  Bytes16 bytes{};
  auto operator<=>(const Token&) const = default;
  std::string_view View() const { return AsText(bytes); }
  template <typename H>
  friend H AbslHashValue(H h, const Token& t) {
    return H::combine(std::move(h), t.bytes);
  }
};

class TokenKey {
 public:
  // 32 bytes.
  explicit TokenKey(crypto::SecretBytes raw32) : raw_(std::move(raw32)) {}
  // `normalized` comes from normalize.h.
  Token EmailToken(std::string_view normalized) const { return Make("email", normalized); }
  Token PhoneToken(std::string_view e164) const { return Make("phone", e164); }
  // A domain of its own, so that suppressions can outlive what they suppress without linking to it.
  Token SuppressionToken(std::string_view normalized_email) const {
    return Make("suppression/email", normalized_email);
  }
  // Of a voter: their state's USPS code and their number in its file, as NormalizeVoterNumber has
  // it.
  Token VoterToken(std::string_view state, std::string_view number) const;

 private:
  Token Make(std::string_view domain, std::string_view text) const;
  crypto::SecretBytes raw_;
};

}  // namespace muster::token

#endif  // MUSTER_CORE_TOKEN_TOKEN_H_
