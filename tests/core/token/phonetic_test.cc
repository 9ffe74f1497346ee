// SPDX-License-Identifier: Apache-2.0
#include "core/token/phonetic.h"

#include <catch2/catch.hpp>
#include <string>

namespace muster {
namespace {

std::string Code(std::string_view name) {
  const auto code = token::Soundex(name);
  return {code.data(), code.size()};
}

TEST_CASE("Soundex: gives the codes of the National Archives' examples", "[token]") {
  CHECK(Code("WASHINGTON") == "W252");
  CHECK(Code("LEE") == "L000");
  CHECK(Code("GUTIERREZ") == "G362");
  CHECK(Code("PFISTER") == "P236");
  CHECK(Code("JACKSON") == "J250");
  CHECK(Code("TYMCZAK") == "T522");
  CHECK(Code("VANDEUSEN") == "V532");
  CHECK(Code("ASHCRAFT") == "A261");
  CHECK(Code("ROBERT") == "R163");
  CHECK(Code("RUPERT") == "R163");
}

TEST_CASE("Soundex: passes over what is no letter", "[token]") {
  CHECK(Code("O BRIEN") == Code("OBRIEN"));
  CHECK(Code("") == "0000");
  CHECK(Code("123") == "0000");
  CHECK(Code("A") == "A000");
}

}  // namespace
}  // namespace muster
