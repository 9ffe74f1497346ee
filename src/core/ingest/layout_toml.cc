// SPDX-License-Identifier: Apache-2.0
//
// The TOML of a layout. The only user of toml++, header-only and without exceptions.
//
// toml++ 3.3 asserts that no closing brace stands where an array's next value should, and then
// tells it as a mistake all the same; with NDEBUG it would assume so instead. Neither is wanted of
// a text that a person wrote. It also looks for blanks that are not ASCII by a table with holes,
// and takes tables apart by recursion, however deep a dotted key made them: CheckText lets neither
// come to it.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <span>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/ingest/field_value.h"
#include "core/ingest/voter_layout.h"

namespace muster::ingest {
namespace {

using contact::Field;

constexpr size_t kTomlBytesMax = kLayoutBytesMax;
constexpr size_t kColumnsMax = 2000;
constexpr size_t kNamesMax = 32;  // that a column was called by over the years
constexpr uint32_t kFixedWidthMax = 1 << 16;
// Each is tried on every cell that may be a date.
constexpr size_t kDatesMax = 16;
constexpr size_t kPlaceholderDatesMax = 64;
constexpr size_t kDotsMax = 32;  // in one line, outside of texts: how deep a key may be dotted

constexpr Field kVoterFields[] = {
    Field::kEmail,           Field::kPrefix,      Field::kFirstName,
    Field::kMiddleName,      Field::kLastName,    Field::kSuffix,
    Field::kNickname,        Field::kPhone,       Field::kMobile,
    Field::kAddress1,        Field::kAddress2,    Field::kCity,
    Field::kState,           Field::kZip,         Field::kCountry,
    Field::kCounty,          Field::kBirthDate,   Field::kSex,
    Field::kLanguage,        Field::kVoterFileId, Field::kHouseNumber,
    Field::kPreDirectional,  Field::kStreetName,  Field::kStreetType,
    Field::kPostDirectional, Field::kUnitType,    Field::kUnitNumber,
    Field::kParty,           Field::kVoterStatus, Field::kRegistrationDate,
    Field::kPrecinct};

constexpr std::string_view kDistrictKinds[] = {"congressional",
                                               "state_senate",
                                               "state_house",
                                               "county_commission",
                                               "county_district",
                                               "school",
                                               "school_board",
                                               "ward",
                                               "municipality",
                                               "municipal_district",
                                               "township",
                                               "village",
                                               "judicial",
                                               "court",
                                               "fire",
                                               "water",
                                               "sewer",
                                               "sanitary",
                                               "rescue",
                                               "library",
                                               "park",
                                               "hospital",
                                               "soil_water",
                                               "college",
                                               "education",
                                               "precinct_part",
                                               "voting_district",
                                               "other"};

std::string Names(std::span<const std::string_view> names) {
  std::string all;
  for (std::string_view name : names) all.append(all.empty() ? "" : ", ").append(name);
  return all;
}

// What stands outside of comments and of texts in one line must be ASCII, with few dots to a line.
// Empty when it is, else what is wrong; `line` is where.
std::string_view CheckText(std::string_view text, size_t* line) {
  enum class In : uint8_t { kNothing, kComment, kText, kLongText };
  In in = In::kNothing;
  char quote = '"';
  size_t dots = 0;
  *line = 1;
  for (size_t i = text.substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++*line;
      dots = 0;
      if (in != In::kLongText) in = In::kNothing;
      continue;
    }
    if (in == In::kComment) continue;
    if (static_cast<uint8_t>(c) >= 0x80 && in != In::kText) {
      return "has a letter that is not ASCII outside of a text in one line; correct it, or put it "
             "in quotes";
    }
    const bool tripled = text.substr(i, 3).find_first_not_of(quote) == std::string_view::npos &&
                         text.size() - i >= 3;
    if (in == In::kNothing) {
      if (c == '#') in = In::kComment;
      if (c == '.' && ++dots > kDotsMax) return "has more dots than a key can want";
      if (c != '"' && c != '\'') continue;
      quote = c;
      if (text.substr(i, 3) == std::string(3, c)) {
        in = In::kLongText;
        i += 2;
      } else {
        in = In::kText;
      }
    } else if (c == '\\' && quote == '"') {
      // The escaped one closes nothing; a line's end still counts.
      if (i + 1 < text.size() && text[i + 1] != '\n') ++i;
    } else if (c == quote && (in == In::kText || tripled)) {
      if (in == In::kLongText) {
        i += 2;
        // Up to two more are the text's own.
        for (int own = 0; own < 2 && i + 1 < text.size() && text[i + 1] == quote; ++own) ++i;
      }
      in = In::kNothing;
    }
  }
  return {};
}

bool HasControl(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<uint8_t>(text[i]);
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return true;
    // U+0080 to U+009F
    if (c == 0xc2 && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

// Reads one text; the first mistake is kept and everything after it is skipped.
class LayoutParser {
 public:
  explicit LayoutParser(std::string_view file_name) : file_name_(file_name) {}

  absl::StatusOr<VoterLayout> Parse(std::string_view text) {
    if (text.size() > kTomlBytesMax) {
      return MakeError(v1::LAYOUT_MALFORMED,
                       file_name_ + " is larger than a layout can be; check that it is one");
    }
    if (!contact::IsUtf8(text)) {
      return MakeError(v1::LAYOUT_MALFORMED, file_name_ + " is not UTF-8 text; save it as such");
    }
    size_t bad_line = 0;
    if (const std::string_view what = CheckText(text, &bad_line); !what.empty()) {
      const std::string line = std::to_string(bad_line);
      return MakeError(v1::LAYOUT_MALFORMED,
                       file_name_ + ": line " + line + " " + std::string(what), {{"line", line}});
    }
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      return MakeError(v1::LAYOUT_MALFORMED,
                       file_name_ + ": line " + std::to_string(error.source().begin.line) +
                           " is not TOML: " + std::string(error.description()) +
                           "; see docs/formats/voter-layout.md",
                       {{"line", std::to_string(error.source().begin.line)}});
    }
    const toml::table& root = parsed.table();
    CheckTexts(root);
    MUSTER_RETURN_IF_ERROR(failure_);
    VoterLayout layout;
    layout.toml.assign(text);
    CheckKeys(root, "", {"name",        "title",       "state",   "source",
                         "notes",       "official",    "history", "delimiter",
                         "header",      "encoding",    "quotes",  "columns",
                         "columns_min", "columns_max", "dates",   "placeholder_dates",
                         "vote_rows",   "fields",      "values",  "withheld",
                         "districts",   "votes"});
    layout.name = Required(root, "name");
    CheckName(root, layout.name);
    layout.title = Text(root, "title");
    if (layout.title.empty()) layout.title = layout.name;
    layout.state = Required(root, "state");
    if (failure_.ok() &&
        (layout.state.size() != 2 || !std::all_of(layout.state.begin(), layout.state.end(),
                                                  [](char c) { return c >= 'A' && c <= 'Z'; }))) {
      Fail(*root.get("state"), "state", "is not the two letters of a state, as in \"NC\"");
    }
    layout.source = Text(root, "source");
    layout.notes = Text(root, "notes");
    layout.official = Bool(root, "official", false);
    ReadFile(root, "", layout.voters);
    if (const toml::table* history = Table(root, "history")) {
      CheckKeys(*history, "history",
                {"delimiter", "header", "encoding", "quotes", "columns", "columns_min",
                 "columns_max", "dates", "fields", "values", "withheld", "votes"});
      layout.history.emplace();
      ReadFile(*history, "history.", *layout.history);
      CheckHistory(*history, *layout.history);
    }
    CheckVoters(root, layout.voters);
    MUSTER_RETURN_IF_ERROR(failure_);
    return layout;
  }

 private:
  void Fail(const toml::node& node, std::string_view key, std::string_view what) {
    if (!failure_.ok()) return;
    const std::string line = std::to_string(node.source().begin.line);
    failure_ =
        MakeError(v1::LAYOUT_MALFORMED,
                  file_name_ + ": line " + line + ": " + std::string(key) + " " + std::string(what),
                  {{"line", line}, {"key", std::string(key)}});
  }

  // Texts are printed: escape sequences would speak to the terminal.
  void CheckTexts(const toml::node& node) {
    const auto check = [&](std::string_view text, const toml::node& at) {
      if (HasControl(text)) Fail(at, "a text", "has control characters in it; leave them out");
    };
    if (const toml::table* table = node.as_table()) {
      for (const auto& [key, value] : *table) {
        check(key.str(), value);
        CheckTexts(value);
      }
    } else if (const toml::array* array = node.as_array()) {
      for (const toml::node& one : *array) CheckTexts(one);
    } else if (node.is_string()) {
      check(**node.as_string(), node);
    }
  }

  void CheckKeys(const toml::table& table, std::string_view where,
                 std::initializer_list<std::string_view> keys) {
    for (const auto& [key, node] : table) {
      if (std::find(keys.begin(), keys.end(), key.str()) != keys.end()) continue;
      Fail(node, std::string(key.str()),
           "is no key " + std::string(where.empty() ? "of a layout" : "of " + std::string(where)) +
               "; there are: " + Names({keys.begin(), keys.size()}));
    }
  }

  std::string Text(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    if (!node->is_string()) {
      Fail(*node, key, "is not a text; put it in quotes");
      return {};
    }
    return std::string(contact::TrimSpace(**node->as_string()));
  }

  std::string Required(const toml::table& table, std::string_view key) {
    std::string text = Text(table, key);
    if (text.empty()) Fail(table, key, "is missing; a layout must say it");
    return text;
  }

  bool Bool(const toml::table& table, std::string_view key, bool otherwise) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return otherwise;
    if (!node->is_boolean()) {
      Fail(*node, key, "is neither true nor false");
      return otherwise;
    }
    return **node->as_boolean();
  }

  size_t Count(const toml::table& table, std::string_view key, size_t otherwise) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return otherwise;
    const int64_t value = node->is_integer() ? **node->as_integer() : -1;
    if (value < 1 || value > static_cast<int64_t>(kColumnsMax)) {
      Fail(*node, key, "is not a number of columns");
      return otherwise;
    }
    return static_cast<size_t>(value);
  }

  const toml::table* Table(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) {
      Fail(*node, key, "is not a table; write [" + std::string(key) + "] and its keys below");
      return nullptr;
    }
    return node->as_table();
  }

  // The entries of a table in the order in which they stand in the text.
  static std::vector<std::pair<std::string, const toml::node*>> InOrder(const toml::table& table) {
    std::vector<std::pair<std::string, const toml::node*>> entries;
    for (const auto& [key, node] : table) entries.emplace_back(std::string(key.str()), &node);
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      const toml::source_position& x = a.second->source().begin;
      const toml::source_position& y = b.second->source().begin;
      return x.line != y.line ? x.line < y.line : x.column < y.column;
    });
    return entries;
  }

  // A text, or several in an array.
  std::vector<std::pair<std::string, const toml::node*>> Texts(const toml::node& node,
                                                               std::string_view key) {
    std::vector<std::pair<std::string, const toml::node*>> texts;
    const auto add = [&](const toml::node& one) {
      if (!one.is_string()) {
        Fail(one, key, "holds something that is not a text; put it in quotes");
        return;
      }
      texts.emplace_back(**one.as_string(), &one);
    };
    if (const toml::array* array = node.as_array()) {
      for (const toml::node& one : *array) add(one);
    } else {
      add(node);
    }
    return texts;
  }

  void CheckName(const toml::table& root, const std::string& name) {
    const bool good =
        !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        });
    if (!good && root.get("name") != nullptr) {
      Fail(*root.get("name"), "name",
           "is not a name for a layout: up to 40 lowercase letters, digits and dashes, as in "
           "\"nc-2012\"");
    }
  }

  void ReadFile(const toml::table& table, const std::string& where, FileLayout& file) {
    column_by_key_.clear();
    ReadForm(table, where, file);
    ReadColumns(table, where, file);
    ReadDates(table, where, file);
    file.vote_rows = Bool(table, "vote_rows", false);
    ReadFields(table, where, file);
    ReadValues(table, where, file);
    ReadWithheld(table, where, file);
    ReadDistricts(table, where, file);
    ReadVotes(table, where, file);
    CheckColumns(table, where, file);
  }

  void ReadForm(const toml::table& table, const std::string& where, FileLayout& file) {
    const std::string delimiter = Text(table, "delimiter");
    struct Delimiter {
      std::string_view word;
      char delimiter;
    };
    constexpr Delimiter kDelimiters[] = {
        {"tab", '\t'}, {"comma", ','}, {"pipe", '|'}, {"semicolon", ';'}, {"fixed", '\0'}};
    const auto found =
        std::find_if(std::begin(kDelimiters), std::end(kDelimiters),
                     [&](const Delimiter& known) { return known.word == delimiter; });
    if (found == std::end(kDelimiters)) {
      const toml::node* node = table.get("delimiter");
      Fail(node == nullptr ? table : *node, where + "delimiter",
           "is missing or unknown; write one of \"tab\", \"comma\", \"pipe\", \"semicolon\" and "
           "\"fixed\"");
      return;
    }
    file.delimiter = found->delimiter;
    file.fixed_width = delimiter == "fixed";
    file.quotes = Bool(table, "quotes", !file.fixed_width);
    std::string header = Text(table, "header");
    if (header.empty()) header = file.fixed_width ? "no" : "yes";
    if (header == "yes") {
      file.header = FileLayout::HeaderRow::kYes;
    } else if (header == "no") {
      file.header = FileLayout::HeaderRow::kNo;
    } else if (header == "either") {
      file.header = FileLayout::HeaderRow::kEither;
    } else {
      Fail(*table.get("header"), where + "header", "is none of \"yes\", \"no\" and \"either\"");
    }
    if (file.fixed_width && header != "no") {
      Fail(*table.get("header"), where + "header", "must be \"no\" in a file of fixed width");
    }
    if (file.fixed_width && file.quotes) {
      Fail(*table.get("quotes"), where + "quotes", "must be false in a file of fixed width");
    }
    if (const std::string encoding = Text(table, "encoding"); !encoding.empty()) {
      absl::StatusOr<Encoding> parsed = ParseEncoding(encoding);
      if (!parsed.ok()) {
        Fail(*table.get("encoding"), where + "encoding",
             "is unknown; write \"utf-8\" or \"windows-1252\", or leave it out");
        return;
      }
      file.encoding = *parsed;
    }
  }

  // "NAME|OTHER NAME?", and for a fixed width "NAME:WIDTH" or "NAME@START:WIDTH".
  bool ReadColumn(const toml::node& node, std::string_view text, const std::string& key,
                  FileLayout& file) {
    if (file.columns.size() == kColumnsMax) {
      Fail(node, key, "has more columns than any file");
      return false;
    }
    LayoutColumn column;
    if (file.fixed_width) {
      const size_t colon = text.rfind(':');
      const size_t at = text.rfind('@');
      const auto number = [](std::string_view digits, uint32_t* value) {
        uint64_t sum = 0;
        if (digits.empty() || digits.size() > 6) return false;
        for (char c : digits) {
          if (c < '0' || c > '9') return false;
          sum = sum * 10 + static_cast<uint64_t>(c - '0');
        }
        *value = static_cast<uint32_t>(sum);
        return sum > 0 && sum <= kFixedWidthMax;
      };
      uint32_t start = file.width + 1;
      const bool good = colon != std::string_view::npos &&
                        number(text.substr(colon + 1), &column.width) &&
                        (at == std::string_view::npos ||
                         (at < colon && number(text.substr(at + 1, colon - at - 1), &start)));
      if (!good) {
        Fail(node, key,
             "needs a width behind the name, as in \"last_name:35\", or start and width, as in "
             "\"last_name@1:35\"");
        return false;
      }
      if (start <= file.width) {
        Fail(node, key,
             "starts at " + std::to_string(start) +
                 ", inside the column before it, which ends at " + std::to_string(file.width) +
                 "; list the columns in order, without overlaps");
        return false;
      }
      column.offset = start - 1;
      if (column.offset + column.width > kFixedWidthMax) {
        Fail(node, key, "ends beyond the longest line that there may be");
        return false;
      }
      file.width = column.offset + column.width;
      text = text.substr(0, std::min(at, colon));
    }
    if (!text.empty() && text.back() == '?') {
      column.optional = true;
      text.remove_suffix(1);
    }
    while (true) {
      const size_t bar = text.find('|');
      const std::string_view name = contact::TrimSpace(text.substr(0, bar));
      const std::string name_key = WordKey(name);
      if (name_key.empty()) {
        Fail(node, key, "has a column without a name");
        return false;
      }
      if (column.names.size() == kNamesMax) {
        Fail(node, key, "has more names for one column than it can ever have had");
        return false;
      }
      const auto index = static_cast<uint16_t>(file.columns.size());
      if (column_by_key_.emplace(name_key, index).first->second != index) {
        Fail(node, key, "\"" + std::string(name) + "\" occurs twice; every column needs its own");
        return false;
      }
      column.names.emplace_back(name);
      if (bar == std::string_view::npos) break;
      text.remove_prefix(bar + 1);
    }
    file.columns.push_back(std::move(column));
    return true;
  }

  // "{1-40}" in a name is a range. Its bounds, or nullopt when there is none.
  struct Range {
    size_t begin = 0;
    size_t end = 0;
    int first = 0;
    int last = 0;
  };
  static std::optional<Range> FindRange(std::string_view text) {
    Range range;
    range.begin = text.find('{');
    if (range.begin == std::string_view::npos) return std::nullopt;
    range.end = text.find('}', range.begin);
    if (range.end == std::string_view::npos) return std::nullopt;
    int values[2] = {0, 0};
    int which = 0;
    int digits = 0;
    for (size_t i = range.begin + 1; i < range.end; ++i) {
      const char c = text[i];
      if (c == '-' && which == 0 && digits > 0) {
        which = 1;
        digits = 0;
      } else if (c >= '0' && c <= '9' && digits < 4) {
        values[which] = values[which] * 10 + (c - '0');
        ++digits;
      } else {
        return std::nullopt;
      }
    }
    if (which != 1 || digits == 0) return std::nullopt;
    range.first = values[0];
    range.last = values[1];
    return range;
  }

  // Columns side by side that repeat: each name's range runs with the others'.
  void ReadGroup(const std::vector<std::pair<std::string, const toml::node*>>& group,
                 const std::string& key, FileLayout& file) {
    std::vector<std::optional<Range>> ranges;
    for (const auto& [text, node] : group) {
      ranges.push_back(FindRange(text));
      if (!ranges.back() || ranges.back()->first > ranges.back()->last ||
          ranges.back()->last - ranges.back()->first !=
              ranges.front()->last - ranges.front()->first) {
        Fail(*node, key,
             "needs ranges of one length in names that repeat together, as in "
             "[\"date_{1-10}\", \"method_{1-10}\"]");
        return;
      }
    }
    if (group.empty()) return;
    for (int i = 0; i <= ranges.front()->last - ranges.front()->first; ++i) {
      for (size_t k = 0; k < group.size(); ++k) {
        const auto& [text, node] = group[k];
        const Range& range = *ranges[k];
        const std::string name = text.substr(0, range.begin) + std::to_string(range.first + i) +
                                 text.substr(range.end + 1);
        if (!ReadColumn(*node, name, key, file)) return;
      }
    }
  }

  void ReadColumns(const toml::table& table, const std::string& where, FileLayout& file) {
    const std::string key = where + "columns";
    const toml::node* node = table.get("columns");
    if (node == nullptr) {
      if (file.fixed_width || file.header != FileLayout::HeaderRow::kYes) {
        Fail(table, key, "is missing; without a header the file's columns must be listed in order");
      }
      named_columns_ = true;
      return;
    }
    named_columns_ = false;
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      Fail(*node, key, "is not a list; write the columns' names in brackets");
      return;
    }
    for (const toml::node& one : *array) {
      if (!failure_.ok()) return;
      if (one.is_array()) {
        ReadGroup(Texts(one, key), key, file);
      } else if (one.is_string() && FindRange(**one.as_string())) {
        ReadGroup(Texts(one, key), key, file);
      } else if (one.is_string()) {
        ReadColumn(one, **one.as_string(), key, file);
      } else {
        Fail(one, key, "holds something that is not a name; put names in quotes");
      }
    }
    if (file.columns.empty()) Fail(*node, key, "is empty; list the file's columns in order");
    file.columns_min = Count(table, "columns_min", file.columns.size());
    file.columns_max = Count(table, "columns_max", file.columns.size());
    if (failure_.ok() &&
        (file.columns_min > file.columns.size() || file.columns_max < file.columns.size())) {
      Fail(*node, where + "columns_min",
           "and columns_max must have the number of columns between them");
    }
  }

  // The column that a rule names. A header layout without `columns` gathers them from its rules.
  uint16_t ColumnOf(const toml::node& node, std::string_view name, const std::string& key,
                    FileLayout& file) {
    const std::string_view first = contact::TrimSpace(name.substr(0, name.find_first_of("|?")));
    const auto known = column_by_key_.find(WordKey(first));
    if (known != column_by_key_.end()) return known->second;
    if (named_columns_) {
      if (!ReadColumn(node, name, key, file)) return 0;
      return static_cast<uint16_t>(file.columns.size() - 1);
    }
    Fail(node, key,
         "names the column \"" + std::string(name) +
             "\", which is not among `columns`; correct it, or add it there");
    return 0;
  }

  void ReadDates(const toml::table& table, const std::string& where, FileLayout& file) {
    const std::string key = where + "dates";
    const auto add = [&](const std::string& text) {
      DateFormat format;
      if (!DateFormat::Parse(text, &format)) return false;
      file.dates.push_back(std::move(format));
      return true;
    };
    const toml::node* node = table.get("dates");
    if (node == nullptr) {
      for (const char* usual : {"YYYY-MM-DD", "MM/DD/YYYY", "YYYYMMDD", "YYYY"}) add(usual);
    } else {
      for (const auto& [text, one] : Texts(*node, key)) {
        if (!add(text)) {
          Fail(*one, key,
               "holds \"" + text +
                   "\", which is no way of writing dates; use YYYY or YY, MM, DD and - / . or a "
                   "blank between them");
        }
      }
      if (file.dates.empty()) Fail(*node, key, "is empty; leave it out for the usual ones");
      if (file.dates.size() > kDatesMax) Fail(*node, key, "has more than any file is written in");
    }
    if (const toml::node* placeholders = table.get("placeholder_dates")) {
      for (const auto& [text, one] : Texts(*placeholders, where + "placeholder_dates")) {
        std::string date;
        DateFormat format;
        DateFormat::Parse("YYYY-MM-DD", &format);
        if (!format.Read(text, 0, date)) {
          Fail(*one, where + "placeholder_dates", "holds what is no date as in \"1901-01-01\"");
        }
        file.placeholder_dates.push_back(text);
      }
      if (file.placeholder_dates.size() > kPlaceholderDatesMax) {
        Fail(*placeholders, where + "placeholder_dates", "has more days than an office makes up");
      }
    }
  }

  void ReadFields(const toml::table& table, const std::string& where, FileLayout& file) {
    const toml::table* fields = Table(table, "fields");
    if (fields == nullptr) {
      Fail(table, where + "fields", "is missing; say there which column is which field");
      return;
    }
    for (const auto& [name, node] : InOrder(*fields)) {
      const std::string key = where + "fields." + name;
      FieldRule rule;
      if (!contact::ParseFieldName(name, &rule.field) ||
          std::find(std::begin(kVoterFields), std::end(kVoterFields), rule.field) ==
              std::end(kVoterFields)) {
        std::vector<std::string_view> names;
        for (Field field : kVoterFields) names.push_back(contact::FieldName(field));
        Fail(*node, key, "is no field of voters; there are: " + Names(names));
        return;
      }
      const toml::node* columns = node;
      if (const toml::table* details = node->as_table()) {
        CheckKeys(*details, key, {"columns", "join"});
        columns = details->get("columns");
        if (const toml::node* join = details->get("join")) {
          if (join->is_string() && (**join->as_string()).size() <= 4) {
            rule.join = **join->as_string();
          } else {
            Fail(*join, key, "has a join that is no text of up to four bytes");
          }
        }
        if (columns == nullptr) {
          Fail(*node, key, "names no columns");
          return;
        }
      }
      for (const auto& [column, one] : Texts(*columns, key)) {
        rule.columns.push_back(ColumnOf(*one, column, key, file));
      }
      if (rule.columns.empty()) Fail(*node, key, "names no column");
      file.fields.push_back(std::move(rule));
    }
  }

  ValueMap ReadMap(const toml::table& table, const std::string& key) {
    ValueMap map;
    for (const auto& [word, node] : InOrder(table)) {
      if (!node->is_string()) {
        Fail(*node, key + "." + word, "is not a text; put it in quotes");
        continue;
      }
      const std::string meaning = **node->as_string();
      if (word == "*") {
        map.other = meaning;
      } else {
        map.words.emplace_back(contact::TrimSpace(word), meaning);
      }
    }
    return map;
  }

  void ReadValues(const toml::table& table, const std::string& where, FileLayout& file) {
    const toml::table* values = Table(table, "values");
    if (values == nullptr) return;
    for (const auto& [name, node] : InOrder(*values)) {
      const std::string key = where + "values." + name;
      Field field = Field::kEmail;
      const auto rule = contact::ParseFieldName(name, &field)
                            ? std::find_if(file.fields.begin(), file.fields.end(),
                                           [&](const FieldRule& r) { return r.field == field; })
                            : file.fields.end();
      if (rule == file.fields.end()) {
        Fail(*node, key, "is for a field that [fields] has no column for");
        continue;
      }
      if (!node->is_table()) {
        Fail(*node, key, "is not a table of words and their meanings");
        continue;
      }
      if (field == Field::kVoterFileId) {
        Fail(*node, key, "is not possible: the voter's number stands as the file has it");
        continue;
      }
      rule->values = ReadMap(*node->as_table(), key);
      if (field != Field::kVoterStatus) continue;
      for (const auto& [word, meaning] : rule->values.words) {
        if (!std::all_of(meaning.begin(), meaning.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || c == '_' || c == ' ' || c == '-';
            })) {
          Fail(*node, key,
               "gives \"" + meaning +
                   "\"; a status is in lowercase letters: active, inactive, pending, ..., or "
                   "not_registered");
        }
      }
    }
  }

  void ReadWithheld(const toml::table& table, const std::string& where, FileLayout& file) {
    const toml::table* withheld = Table(table, "withheld");
    if (withheld == nullptr) return;
    for (const auto& [column, node] : InOrder(*withheld)) {
      const std::string key = where + "withheld." + column;
      WithheldRule rule;
      rule.column = ColumnOf(*node, column, key, file);
      const toml::node* values = node;
      if (const toml::table* details = node->as_table()) {
        CheckKeys(*details, key, {"unless"});
        rule.unless = true;
        values = details->get("unless");
      }
      if (values == nullptr || (!values->is_array() && !values->is_string())) {
        Fail(*node, key,
             "must list the words that withhold a row, as in [\"Y\"], or those that do not, as in "
             "{ unless = [\"N\"] }");
        continue;
      }
      for (const auto& [text, one] : Texts(*values, key)) {
        if (text.empty()) Fail(*one, key, "holds an empty word; nothing withholds nothing anyway");
        rule.values.push_back(text);
      }
      if (rule.values.empty() && !rule.unless) Fail(*node, key, "lists no word");
      file.withheld.push_back(std::move(rule));
    }
  }

  void ReadDistricts(const toml::table& table, const std::string& where, FileLayout& file) {
    const toml::table* districts = Table(table, "districts");
    if (districts == nullptr) return;
    for (const auto& [kind, node] : InOrder(*districts)) {
      const std::string key = where + "districts." + kind;
      if (std::find(std::begin(kDistrictKinds), std::end(kDistrictKinds), kind) ==
          std::end(kDistrictKinds)) {
        Fail(*node, key, "is no kind of district; there are: " + Names(kDistrictKinds));
        return;
      }
      for (const auto& [column, one] : Texts(*node, key)) {
        file.districts.push_back({kind, ColumnOf(*one, column, key, file)});
      }
    }
  }

  void ReadVotes(const toml::table& table, const std::string& where, FileLayout& file) {
    const toml::node* votes = table.get("votes");
    if (votes == nullptr) return;
    const toml::array* array = votes->as_array();
    if (array == nullptr) {
      Fail(*votes, where + "votes", "is not a list of tables; write [[" + where + "votes]]");
      return;
    }
    for (const toml::node& one : *array) {
      if (!one.is_table()) {
        Fail(one, where + "votes", "holds something that is not a table");
        return;
      }
      ReadVote(*one.as_table(), where + "votes", file);
    }
  }

  void ReadVote(const toml::table& table, const std::string& key, FileLayout& file) {
    CheckKeys(table, key,
              {"header", "list", "date", "kind", "method", "voted", "on", "type", "cell", "kinds",
               "methods"});
    VoteRule rule;
    const auto column = [&](const char* name) -> std::optional<uint16_t> {
      const std::string text = Text(table, name);
      if (text.empty()) return std::nullopt;
      return ColumnOf(*table.get(name), text, key + "." + name, file);
    };
    rule.pattern = Text(table, "header");
    rule.column = column("list");
    rule.date = column("date");
    rule.kind = column("kind");
    rule.method = column("method");
    rule.voted = column("voted");
    rule.on = Text(table, "on");
    if (const std::string type = Text(table, "type"); !type.empty()) {
      ElectionKind kind = ElectionKind::kOther;
      if (!ParseElectionKindName(type, &kind)) {
        Fail(*table.get("type"), key + ".type",
             "is no kind of election; there are: general, primary, presidential_primary, special, "
             "municipal, runoff, other");
      }
      rule.type = kind;
    }
    if (const std::string cell = Text(table, "cell"); !cell.empty()) {
      rule.cell_is_method = cell == "method";
      if (cell != "method" && cell != "voted") {
        Fail(*table.get("cell"), key + ".cell", "is neither \"method\" nor \"voted\"");
      }
    }
    if (const toml::table* kinds = Table(table, "kinds")) {
      rule.kinds = ReadMap(*kinds, key + ".kinds");
      for (const auto& [word, meaning] : rule.kinds.words) {
        ElectionKind kind = ElectionKind::kOther;
        if (!ParseElectionKindName(meaning, &kind)) {
          Fail(*kinds, key + ".kinds", "gives \"" + meaning + "\", which is no kind of election");
        }
      }
    }
    if (const toml::table* methods = Table(table, "methods")) {
      rule.methods = ReadMap(*methods, key + ".methods");
    }
    if (!rule.pattern.empty()) {
      rule.form = VoteRule::Form::kHeader;
      if (rule.pattern.find("{date}") == std::string::npos ||
          rule.pattern.find("{date}{kind}") != std::string::npos ||
          rule.pattern.find("{kind}{date}") != std::string::npos) {
        Fail(*table.get("header"), key + ".header",
             "must have {date} in it, and something between it and {kind}: \"{kind}-{date}\"");
      }
      if (file.fixed_width || file.header == FileLayout::HeaderRow::kNo) {
        Fail(*table.get("header"), key + ".header", "is for files with a header");
      }
    } else if (rule.column) {
      rule.form = VoteRule::Form::kList;
    } else if (!rule.date && rule.on.empty()) {
      Fail(table, key,
           "says of no election when it was: write header, list, date (a column) or on (a day)");
    } else if (!rule.on.empty()) {
      DateFormat format;
      std::string day;
      DateFormat::Parse(rule.on.size() == 4 ? "YYYY" : "YYYY-MM-DD", &format);
      if (!format.Read(rule.on, 0, day) || !rule.voted) {
        Fail(table, key,
             "with a fixed day needs it as \"2024-11-05\" or \"2024\", and `voted`, the column "
             "that tells");
      }
    }
    file.votes.push_back(std::move(rule));
  }

  void CheckColumns(const toml::table& table, const std::string& where, FileLayout& file) {
    if (!failure_.ok()) return;
    if (file.RuleFor(Field::kVoterFileId) == nullptr) {
      Fail(table, where + "fields.voter_file_id",
           "is missing; a voter without the state's number cannot be told from the next");
    }
    for (size_t i = 0; i < file.fields.size(); ++i) {
      for (size_t k = i + 1; k < file.fields.size(); ++k) {
        if (file.fields[i].field == file.fields[k].field) {
          Fail(table, where + "fields", "has a field twice");
        }
      }
    }
  }

  void CheckVoters(const toml::table& root, const FileLayout& file) {
    if (!failure_.ok()) return;
    if (file.RuleFor(Field::kLastName) == nullptr && file.RuleFor(Field::kFirstName) == nullptr) {
      Fail(root, "fields.last_name", "is missing; nobody is found without a name");
    }
  }

  void CheckHistory(const toml::table& table, const FileLayout& file) {
    if (!failure_.ok()) return;
    if (file.votes.empty()) {
      Fail(table, "history.votes", "is missing; say where the elections stand");
    }
    if (file.fields.size() != 1) {
      Fail(table, "history.fields", "may have voter_file_id alone; people are in the other file");
    }
  }

  std::string file_name_;
  absl::Status failure_;
  bool named_columns_ = false;                               // `columns` is left out
  std::unordered_map<std::string, uint16_t> column_by_key_;  // of the file being read, by WordKey
};

}  // namespace

std::span<const std::string_view> DistrictKinds() { return kDistrictKinds; }

absl::StatusOr<VoterLayout> ParseVoterLayout(std::string_view toml, std::string_view file_name) {
  return LayoutParser(file_name).Parse(toml);
}

}  // namespace muster::ingest
