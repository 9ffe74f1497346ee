// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/fixed_width.h"

#include <catch2/catch.hpp>
#include <random>

#include "core/contact/identifier.h"
#include "tests/support/status.h"

namespace muster::ingest {
namespace {

FileLayout Columns(const std::vector<uint32_t>& widths) {
  FileLayout layout;
  layout.fixed_width = true;
  for (const uint32_t width : widths) {
    LayoutColumn column;
    column.names = {"c" + std::to_string(layout.columns.size())};
    column.offset = layout.width;
    column.width = width;
    layout.width += width;
    layout.columns.push_back(column);
  }
  return layout;
}

std::vector<std::string> Cut(std::string_view line, const FileLayout& layout) {
  std::vector<std::string_view> cells;
  REQUIRE(CutFixedWidth(line, contact::IsAscii(line), contact::IsUtf8(line), layout, cells));
  return {cells.begin(), cells.end()};
}

using Cells = std::vector<std::string>;

TEST_CASE("CutFixedWidth: cells stand where the layout says, blanks and all") {
  const FileLayout layout = Columns({3, 5, 2});
  REQUIRE(Cut("001ANN  PA", layout) == Cells{"001", "ANN  ", "PA"});
  REQUIRE(Cut("001ANN  PA and more", layout) == Cells{"001", "ANN  ", "PA"});
}

TEST_CASE("CutFixedWidth: what a short line lacks is empty") {
  const FileLayout layout = Columns({3, 5, 2});
  REQUIRE(Cut("001ANN", layout) == Cells{"001", "ANN", ""});
  REQUIRE(Cut("0", layout) == Cells{"0", "", ""});
  REQUIRE(Cut("", layout) == Cells{"", "", ""});
}

TEST_CASE("CutFixedWidth: columns that nobody names are passed over") {
  FileLayout layout = Columns({3, 2});
  layout.columns[1].offset = 8;
  layout.width = 10;
  REQUIRE(Cut("001ANN  PA", layout) == Cells{"001", "PA"});
  REQUIRE(Cut("001\xc3\x84NN  PA", layout) == Cells{"001", "PA"});
}

TEST_CASE("CutFixedWidth: positions count characters, unless the bytes fill the line") {
  const FileLayout layout = Columns({3, 5, 2});
  REQUIRE(Cut("001\xc3\x84NNA PA", layout) == Cells{"001", "\xc3\x84NNA ", "PA"});
  // Ten bytes: the program that wrote it counts bytes.
  REQUIRE(Cut("001\xc3\x84NN PA", layout) == Cells{"001", "\xc3\x84NN ", "PA"});
  // Windows-1252: a byte is a character.
  REQUIRE(Cut("001\xc4NNA PA", layout) == Cells{"001", "\xc4NNA ", "PA"});
}

TEST_CASE("CutFixedWidth: a cut that would split a character is none") {
  const FileLayout layout = Columns({3, 5, 2});
  std::vector<std::string_view> cells;
  const std::string_view line = "00\xc3\x84NNAAPA";
  REQUIRE(line.size() == layout.width);
  REQUIRE_FALSE(CutFixedWidth(line, false, true, layout, cells));
}

TEST_CASE("LineCharacters: blanks at the end do not count") {
  REQUIRE(LineCharacters("abc   ", true, true) == 3);
  REQUIRE(LineCharacters("\xc3\x84 b \r", false, true) == 3);
  REQUIRE(LineCharacters("\xc4 b", false, false) == 3);
  REQUIRE(LineCharacters("   ", true, true) == 0);
}

TEST_CASE("CutFixedWidth: agrees with a naive cut of characters", "[oracle]") {
  std::mt19937 random(5);
  const std::vector<std::string> alphabet = {"a", " ", "\xc3\xa9", "\xe2\x82\xac"};
  for (int run = 0; run < 3000; ++run) {
    std::vector<uint32_t> widths;
    for (auto n = 1 + random() % 6; n > 0; --n)
      widths.push_back(static_cast<uint32_t>(1 + random() % 5));
    const FileLayout layout = Columns(widths);
    std::vector<std::string> characters;
    std::string line;
    for (auto n = random() % (layout.width + 3); n > 0; --n) {
      characters.push_back(alphabet[random() % alphabet.size()]);
      line += characters.back();
    }
    if (line.size() == layout.width) continue;  // by bytes, then
    size_t at = 0;
    Cells expected;
    for (const uint32_t width : widths) {
      std::string cell;
      for (uint32_t i = 0; i < width && at < characters.size(); ++i) cell += characters[at++];
      expected.push_back(cell);
    }
    REQUIRE(Cut(line, layout) == expected);
  }
}

}  // namespace
}  // namespace muster::ingest
