// SPDX-License-Identifier: Apache-2.0
//
// VoterLayout: what a state's voter file looks like and what its columns mean, as data. The layouts
// that come with the program and those that a steward writes are TOML texts, read by one parser.
//
// Rule: a layout says what it does not use as well: a column that no rule names is never read. The
// columns that the law withholds are named, and a header file without one of them does not fit.
// Units: columns and their positions from 0 in here, from 1 in TOML and in messages.
// Errors: LAYOUT_MALFORMED (INVALID_ARGUMENT; file, line, key, remedy), LAYOUT_UNKNOWN (NOT_FOUND;
// the names there are); those of reading a file.
// Threads: values; the built-in ones are parsed once, on first use.
// Source: docs/formats/voter-layout.md; each layout names its own.
#ifndef MUSTER_CORE_INGEST_VOTER_LAYOUT_H_
#define MUSTER_CORE_INGEST_VOTER_LAYOUT_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/contact/contact.h"
#include "core/ingest/date_value.h"
#include "core/ingest/election.h"
#include "core/ingest/text_source.h"

namespace muster::ingest {

inline constexpr size_t kLayoutBytesMax = size_t{1} << 20;  // of its TOML

struct LayoutColumn {
  // The first is told; the others are what it was called in other years.
  std::vector<std::string> names;
  // Of fixed-width files, in characters.
  uint32_t offset = 0;
  uint32_t width = 0;
  bool optional = false;  // a header that lacks it fits all the same
};

// What the file's words mean. Compared without case; a word that is not there stands as it is,
// unless there is an `other`.
struct ValueMap {
  std::vector<std::pair<std::string, std::string>> words;
  std::optional<std::string> other;
};

// Columns, joined with `join` between those that have something in them, become a field.
struct FieldRule {
  contact::Field field = contact::Field::kVoterFileId;
  std::vector<uint16_t> columns;  // of FileLayout::columns
  std::string join = " ";
  ValueMap values;
};

// A row whose column says one of `values`, or with `unless` anything but them, is withheld by law:
// it is counted and forgotten. Nothing in the column withholds nothing.
struct WithheldRule {
  uint16_t column = 0;
  bool unless = false;
  std::vector<std::string> values;
};

struct DistrictRule {
  std::string kind;  // "congressional"
  uint16_t column = 0;
};

// Where the elections that a voter voted in stand.
struct VoteRule {
  enum class Form : uint8_t {
    kHeader,  // a column per election; its name, as `pattern` says, tells which
    kList,    // one cell with all of them (New York)
    kCell,    // columns for the date, the kind and the way of voting of one election
  };
  Form form = Form::kCell;
  std::string pattern;             // kHeader: "{kind}-{date}"
  std::optional<uint16_t> column;  // kList
  std::optional<uint16_t> date;    // kCell, and the next two
  std::optional<uint16_t> kind;
  std::optional<uint16_t> method;
  std::optional<uint16_t> voted;  // kCell: counts unless this says no
  // When no column says so: the day ("2014-11-04") and the kind.
  std::string on;
  std::optional<ElectionKind> type;
  bool cell_is_method =
      false;  // kHeader: the cells tell the way of voting; else that there was one
  ValueMap kinds;
  ValueMap methods;
};

// One of a state's files: its voters, or their history.
struct FileLayout {
  enum class HeaderRow : uint8_t { kYes, kNo, kEither };
  bool fixed_width = false;
  char delimiter = '\t';
  bool quotes = true;  // cells may stand in quotes
  HeaderRow header = HeaderRow::kYes;
  std::optional<Encoding> encoding;  // none: row by row, UTF-8 or else Windows-1252
  std::vector<LayoutColumn> columns;
  // Rows without a header have this many cells.
  size_t columns_min = 0;
  size_t columns_max = 0;
  uint32_t width = 0;  // of a fixed-width line

  std::vector<FieldRule> fields;
  std::vector<WithheldRule> withheld;
  std::vector<DistrictRule> districts;
  std::vector<VoteRule> votes;
  // A row with a vote in it is a row of the history: it brings that and the voter's number alone.
  bool vote_rows = false;
  std::vector<DateFormat> dates;
  std::vector<std::string> placeholder_dates;  // "1901-01-01": not a date of birth

  const FieldRule* RuleFor(contact::Field field) const;
};

struct VoterLayout {
  std::string name;    // "nc"
  std::string title;   // "North Carolina, ncvoter files since February 2022"
  std::string state;   // USPS code
  std::string source;  // where the facts come from
  std::string notes;   // what a steward should know
  // Whether the columns come from the state's own description, and not from what others wrote down.
  bool official = false;
  FileLayout voters;
  std::optional<FileLayout> history;
  std::string toml;  // the text it was read from
};

// Every kind of district that a layout may name.
std::span<const std::string_view> DistrictKinds();

// `file_name` is what messages call the text.
absl::StatusOr<VoterLayout> ParseVoterLayout(std::string_view toml, std::string_view file_name);

// Those that come with the program, by name.
const std::vector<VoterLayout>& BuiltInLayouts();
// What --layout takes: the name of a built-in one, or the path of a TOML file (it ends in .toml or
// has a slash in it). A file's layout must not bear a built-in one's name: the log would say that
// the files were read by that.
absl::StatusOr<VoterLayout> LoadVoterLayout(std::string_view name_or_file);

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_VOTER_LAYOUT_H_
