// SPDX-License-Identifier: Apache-2.0
//
// ColumnNames: what the layouts call their columns, and what those names mean. Tables, and looking
// things up in them; ExportFormat makes a Mapping of it.
//
// Rule: a layout's own names go before those that mean the same everywhere. Keys are as WordKey
// makes them: without case, blanks and punctuation.
// Threads: pure.
// Source: docs/formats/exports.md.
#ifndef MUSTER_CORE_INGEST_COLUMN_NAMES_H_
#define MUSTER_CORE_INGEST_COLUMN_NAMES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ingest/export_format.h"

namespace muster::ingest {

// The group of Mailchimp's guess at a place from where mail was opened.
inline constexpr uint8_t kByIpGroup = 9;

// What a column is for; the members are ColumnMapping's.
struct ColumnTarget {
  Role role = Role::kField;
  contact::Field field = contact::Field::kEmail;
  contact::Status flag = contact::Status::kUnknown;
  uint8_t group = 0;
  uint8_t rank = 0;
};

std::optional<ColumnTarget> FindColumnTarget(ExportFormat format, std::string_view key);

// Of a FIELD that a person named, and the other way round; and all of their names.
std::optional<ColumnTarget> FindFieldTarget(std::string_view name);
std::string TargetName(const ColumnTarget& target);
std::vector<std::string> TargetNames();

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_COLUMN_NAMES_H_
