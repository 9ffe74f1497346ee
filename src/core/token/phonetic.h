// SPDX-License-Identifier: Apache-2.0
//
// Soundex: a letter and three digits, equal for names that sound alike in English (ROBERT and
// RUPERT are R163).
//
// Units: `name` is uppercase ASCII letters, at least one; other characters are passed over.
// Threads: pure.
// Source: U.S. National Archives, the Soundex indexing system (H and W do not part equal codes).
#ifndef MUSTER_CORE_TOKEN_PHONETIC_H_
#define MUSTER_CORE_TOKEN_PHONETIC_H_

#include <array>
#include <string_view>

namespace muster::token {

std::array<char, 4> Soundex(std::string_view name);

}  // namespace muster::token

#endif  // MUSTER_CORE_TOKEN_PHONETIC_H_
