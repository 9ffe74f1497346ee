// SPDX-License-Identifier: Apache-2.0
//
// Table: aligned columns for people, and the figures in them.
//
// Units: widths are counted in code points. Cells go through Visible().
// Threads: a value.
#ifndef MUSTER_CLI_TABLE_H_
#define MUSTER_CLI_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

// "1,234,567".
std::string WithCommas(int64_t number);
// "8.4 s", "3 min 5 s".
std::string ForPeople(double seconds);
// "2026-11-22 02:41 UTC".
std::string TimeForPeople(int64_t unix_seconds);

class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  // Columns without titles make a table without a head.
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void Row(std::vector<std::string> cells);
  // Every line starts with `indent`; no newline at the end.
  std::string Format(std::string_view indent = "") const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_TABLE_H_
