// SPDX-License-Identifier: Apache-2.0
#include "tools/muster_linkage/columns.h"

#include <algorithm>
#include <iterator>

#include "core/base/error.h"
#include "core/contact/identifier.h"

namespace muster::linkage {
namespace {

using token::PersonText;

struct Name {
  std::string_view name;
  std::string_view PersonText::*field;  // null: the id
};
constexpr Name kNames[] = {
    {"id", nullptr},
    {"first_name", &PersonText::first},
    {"middle_name", &PersonText::middle},
    {"last_name", &PersonText::last},
    {"suffix", &PersonText::suffix},
    {"nickname", &PersonText::nickname},
    {"sex", &PersonText::sex},
    {"birth_date", &PersonText::birth_date},
    {"house_number", &PersonText::house_number},
    {"pre_directional", &PersonText::pre_directional},
    {"street", &PersonText::street},
    {"street_type", &PersonText::street_type},
    {"post_directional", &PersonText::post_directional},
    {"unit", &PersonText::unit},
    {"address", &PersonText::address1},
    {"address2", &PersonText::address2},
    {"city", &PersonText::city},
    {"state", &PersonText::state},
    {"zip", &PersonText::zip},
    {"phone", &PersonText::phone},
    {"email", &PersonText::email},
};

std::string Normal(std::string_view text) {
  std::string out(contact::TrimSpace(text));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (c == ' ' || c == '-') c = '_';
  }
  return out;
}

const Name* Find(std::string_view cell) {
  const std::string name = Normal(cell);
  const auto* const found = std::find_if(std::begin(kNames), std::end(kNames),
                                         [&name](const Name& n) { return n.name == name; });
  return found == std::end(kNames) ? nullptr : found;
}

}  // namespace

size_t KnownColumns(std::span<const std::string_view> header) {
  return static_cast<size_t>(std::count_if(
      header.begin(), header.end(), [](std::string_view cell) { return Find(cell) != nullptr; }));
}

std::string ColumnNames() {
  std::string out;
  for (const Name& name : kNames) {
    if (!out.empty()) out += ", ";
    out += name.name;
  }
  return out;
}

absl::StatusOr<Columns> ReadColumns(std::span<const std::string_view> header) {
  Columns columns;
  columns.count = header.size();
  std::vector<const Name*> seen;
  bool has_id = false;
  for (size_t i = 0; i < header.size(); ++i) {
    const Name* const name = Find(header[i]);
    if (name == nullptr) {
      columns.unknown.emplace_back(contact::TrimSpace(header[i]));
      continue;
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return MakeError(v1::COLUMN_MAPPED_TWICE,
                       "line 1: two columns are named " + std::string(name->name) +
                           "; rename or remove one of them",
                       {{"column", std::to_string(i + 1)}});
    }
    seen.push_back(name);
    if (name->field == nullptr) {
      columns.id = i;
      has_id = true;
    } else {
      columns.fields.push_back({i, name->field});
    }
  }
  if (!has_id) {
    return MakeError(v1::COLUMN_UNKNOWN,
                     "line 1: no column is named id; name the column with each row's own key so "
                     "(known names: " +
                         ColumnNames() + ")");
  }
  if (columns.fields.empty()) {
    return MakeError(v1::COLUMN_UNKNOWN,
                     "line 1: beside id no column's name is known, so there is nothing to compare; "
                     "name the columns as in: " +
                         ColumnNames());
  }
  return columns;
}

}  // namespace muster::linkage
