// SPDX-License-Identifier: Apache-2.0
//
// ForEachRow: reads the embedded tables, which have a header and no quotes. Not a reader for files
// of others: see core/ingest.
//
// Threads: pure.
#ifndef MUSTER_TOOLS_MUSTER_FAKE_CSV_CELLS_H_
#define MUSTER_TOOLS_MUSTER_FAKE_CSV_CELLS_H_

#include <string_view>
#include <vector>

namespace muster::fake {

template <typename OnRow>
void ForEachRow(std::string_view csv, OnRow on_row) {
  std::vector<std::string_view> cells;
  bool header = true;
  while (!csv.empty()) {
    const size_t end = csv.find('\n');
    std::string_view line = csv.substr(0, end);
    csv = end == std::string_view::npos ? std::string_view() : csv.substr(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (header || line.empty()) {
      header = false;
      continue;
    }
    cells.clear();
    for (size_t comma; (comma = line.find(',')) != std::string_view::npos;
         line.remove_prefix(comma + 1)) {
      cells.push_back(line.substr(0, comma));
    }
    cells.push_back(line);
    on_row(cells);
  }
}

}  // namespace muster::fake

#endif  // MUSTER_TOOLS_MUSTER_FAKE_CSV_CELLS_H_
