// SPDX-License-Identifier: Apache-2.0
//
// Columns: which cell of a row holds which field, by the header's names.
//
// Names are compared without case; spaces and hyphens count as underscores. Every column but the
// id may be missing; columns with other names are passed over.
// Errors: COLUMN_UNKNOWN without an id column or without any other that is known,
// COLUMN_MAPPED_TWICE when two columns have one name. Messages name the column and the remedy.
// Threads: values.
#ifndef MUSTER_TOOLS_MUSTER_LINKAGE_COLUMNS_H_
#define MUSTER_TOOLS_MUSTER_LINKAGE_COLUMNS_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/token/sketch.h"

namespace muster::linkage {

struct Columns {
  struct Field {
    size_t cell = 0;
    std::string_view token::PersonText::*field = nullptr;
  };
  size_t count = 0;  // of cells in a row
  size_t id = 0;
  std::vector<Field> fields;
  std::vector<std::string> unknown;  // as they stand in the header
};

absl::StatusOr<Columns> ReadColumns(std::span<const std::string_view> header);
// How many of the header's names are known; what a delimiter is chosen by.
size_t KnownColumns(std::span<const std::string_view> header);
// "id, first_name, ...", for messages and --help.
std::string ColumnNames();

}  // namespace muster::linkage

#endif  // MUSTER_TOOLS_MUSTER_LINKAGE_COLUMNS_H_
