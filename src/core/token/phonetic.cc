// SPDX-License-Identifier: Apache-2.0
#include "core/token/phonetic.h"

#include <cstddef>

namespace muster::token {
namespace {

// By letter: a digit, '.' for a vowel (parts equal codes), '-' for H and W (do not).
constexpr std::string_view kCodes = ".123.12-.22455.12623.1-2.2";

}  // namespace

std::array<char, 4> Soundex(std::string_view name) {
  std::array<char, 4> out{'0', '0', '0', '0'};
  size_t size = 0;
  char last = '.';
  for (const char c : name) {
    if (c < 'A' || c > 'Z') continue;
    const char code = kCodes[static_cast<size_t>(c - 'A')];
    if (size == 0) {
      out[size++] = c;
    } else if (code != '.' && code != '-' && code != last) {
      out[size++] = code;
      if (size == out.size()) break;
    }
    if (code != '-') last = code;
  }
  return out;
}

}  // namespace muster::token
