// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/fixed_width.h"

#include <algorithm>

namespace muster::ingest {
namespace {

// Whether a character of UTF-8 goes on in this byte.
bool GoesOn(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

size_t LineCharacters(std::string_view line, bool is_ascii, bool is_utf8) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  if (is_ascii || !is_utf8) return line.size();
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return !GoesOn(c); }));
}

bool CutFixedWidth(std::string_view line, bool is_ascii, bool is_utf8, const FileLayout& layout,
                   std::vector<std::string_view>& cells) {
  cells.resize(layout.columns.size());
  const bool by_bytes = is_ascii || !is_utf8 || line.size() == layout.width;
  if (by_bytes) {
    for (size_t i = 0; i < layout.columns.size(); ++i) {
      const LayoutColumn& column = layout.columns[i];
      const size_t begin = std::min<size_t>(column.offset, line.size());
      const size_t end = std::min<size_t>(begin + column.width, line.size());
      if (is_utf8 && !is_ascii &&
          ((begin < line.size() && GoesOn(line[begin])) ||
           (end < line.size() && GoesOn(line[end])))) {
        return false;
      }
      cells[i] = line.substr(begin, end - begin);
    }
    return true;
  }
  // Columns stand in the line's order, so one walk finds them all.
  size_t at = 0;
  size_t character = 0;
  const auto walk_to = [&](size_t wanted) {
    while (character < wanted && at < line.size()) {
      ++at;
      while (at < line.size() && GoesOn(line[at])) ++at;
      ++character;
    }
    return at;
  };
  for (size_t i = 0; i < layout.columns.size(); ++i) {
    const LayoutColumn& column = layout.columns[i];
    const size_t begin = walk_to(column.offset);
    const size_t end = walk_to(size_t{column.offset} + column.width);
    cells[i] = line.substr(begin, end - begin);
  }
  return true;
}

}  // namespace muster::ingest
