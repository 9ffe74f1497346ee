// SPDX-License-Identifier: Apache-2.0
#include "core/token/token.h"

#include <algorithm>

#include "core/crypto/hash.h"

namespace muster::token {

Token TokenKey::Make(std::string_view domain, std::string_view text) const {
  const Bytes32 hash = crypto::KeyedHash256(raw_, {domain, std::string_view("\0", 1), text});
  Token token;
  std::copy_n(hash.begin(), token.bytes.size(), token.bytes.begin());
  return token;
}

Token TokenKey::VoterToken(std::string_view state, std::string_view number) const {
  return Make("voter", std::string(state).append("|").append(number));
}

}  // namespace muster::token
