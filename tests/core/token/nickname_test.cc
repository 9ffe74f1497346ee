// SPDX-License-Identifier: Apache-2.0
#include "core/token/nickname.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <string>

namespace muster {
namespace {

bool MayBe(std::string_view name, std::string_view formal) {
  const auto names = token::FormalNames(name);
  return std::find(names.begin(), names.end(), formal) != names.end();
}

TEST_CASE("FormalNames: common nicknames lead to their names", "[token]") {
  CHECK(MayBe("BILL", "WILLIAM"));
  CHECK(MayBe("BOB", "ROBERT"));
  CHECK(MayBe("PEGGY", "MARGARET"));
  CHECK(MayBe("LIZ", "ELIZABETH"));
  CHECK(MayBe("JIM", "JAMES"));
  CHECK_FALSE(MayBe("BILL", "JAMES"));
}

TEST_CASE("FormalNames: one step only, never from nickname to nickname to name", "[token]") {
  CHECK(MayBe("AL", "ALBERT"));
  CHECK(MayBe("AL", "ALAN"));
  CHECK_FALSE(MayBe("ALBERT", "ALAN"));
  CHECK_FALSE(MayBe("ALAN", "ALBERT"));
}

TEST_CASE("FormalNames: a name is not among its own, and unknown ones have none", "[token]") {
  for (const char* name : {"BILL", "ROBERT", "LIZ", "ALEX", "PAT"}) CHECK_FALSE(MayBe(name, name));
  CHECK(token::FormalNames("XQZW").empty());
  CHECK(token::FormalNames("").empty());
}

TEST_CASE("FormalNames: every name of the table is uppercase ASCII and there once", "[token]") {
  std::ifstream file(std::string(MUSTER_SOURCE) + "/data/nicknames/names.csv");
  REQUIRE(file.good());
  std::string word;
  size_t with_names = 0;
  std::string line;
  while (std::getline(file, line)) {
    for (char& c : line) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    size_t begin = 0;
    while (begin <= line.size()) {
      const size_t end = std::min(line.find(',', begin), line.size());
      const auto names = token::FormalNames(std::string_view(line).substr(begin, end - begin));
      with_names += names.empty() ? 0u : 1u;
      CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
      for (const std::string& name : names) {
        CHECK(!name.empty());
        CHECK(std::all_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
      }
      begin = end + 1;
    }
  }
  CHECK(with_names > 500);
}

}  // namespace
}  // namespace muster
