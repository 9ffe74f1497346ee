// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/voter_layout.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/support/voter_file.h"

namespace muster::ingest {
namespace {

using contact::Field;
using testing::BuiltIn;
using testing::Must;
using testing::TestFolder;

constexpr std::string_view kSmall = R"(name = "zz"
state = "ZZ"
delimiter = "comma"
header = "either"
columns = ["id", "first|given", "last", "status", "secret", "born?"]

[fields]
voter_file_id = "id"
first_name = "given"
last_name = "last"
voter_status = "status"
birth_date = "born"

[values.voter_status]
A = "active"
X = "not_registered"
"*" = "other"

[withheld]
secret = ["Y", "yes"]
)";

std::string With(std::string_view old_text, std::string_view text) {
  std::string toml(kSmall);
  const size_t at = toml.find(old_text);
  REQUIRE(at != std::string::npos);
  return toml.replace(at, old_text.size(), text);
}

TEST_CASE("BuiltInLayouts: each is whole, named once, and says where it comes from") {
  std::set<std::string> names;
  std::set<std::string> states;
  for (const VoterLayout& layout : BuiltInLayouts()) {
    INFO(layout.name);
    REQUIRE(names.insert(layout.name).second);
    states.insert(layout.state);
    REQUIRE(layout.source.size() > 10);
    REQUIRE(layout.title.size() > 5);
    REQUIRE(layout.voters.RuleFor(Field::kVoterFileId) != nullptr);
    REQUIRE(layout.voters.RuleFor(Field::kLastName) != nullptr);
    REQUIRE(layout.voters.RuleFor(Field::kFirstName) != nullptr);
    REQUIRE(layout.voters.RuleFor(Field::kZip) != nullptr);
  }
  for (const char* state : {"NC", "OH", "FL", "NY", "CO", "MI", "PA", "TX", "WA", "NJ"}) {
    REQUIRE(states.count(state) == 1);
  }
}

TEST_CASE("BuiltInLayouts: what the states mark as withheld is marked here") {
  for (const auto& [name, column] :
       {std::pair{"nc", "confidential_ind"}, std::pair{"nc-2012", "Confidential_ind"},
        std::pair{"fl", "Requested_public_records_exemption"}, std::pair{"va", "PROTECTED"}}) {
    const FileLayout& file = BuiltIn(name).voters;
    REQUIRE(file.withheld.size() == 1);
    REQUIRE(file.columns[file.withheld.front().column].names.front() == column);
    // Whatever else than "no" stands there withholds.
    REQUIRE(file.withheld.front().unless);
  }
}

TEST_CASE("BuiltInLayouts: the states' numbers of columns") {
  for (const auto& [name, columns] :
       {std::pair{"nc", 67}, std::pair{"nc-2012", 71}, std::pair{"oh", 46}, std::pair{"fl", 38},
        std::pair{"ny", 47}, std::pair{"ny-45", 45}, std::pair{"co", 51}, std::pair{"pa", 153},
        std::pair{"tx", 32}, std::pair{"nj", 30}, std::pair{"nj-26", 26}, std::pair{"nv", 24},
        std::pair{"va", 47}, std::pair{"mi-fixed", 38}}) {
    INFO(name);
    REQUIRE(BuiltIn(name).voters.columns.size() == static_cast<size_t>(columns));
  }
  REQUIRE(BuiltIn("tx").voters.width == 685);
  REQUIRE(BuiltIn("tx-679").voters.width == 679);
  REQUIRE(BuiltIn("mi-fixed").voters.width == 520);
}

TEST_CASE("ParseVoterLayout: reads a small one, aliases, words and all") {
  const VoterLayout layout = Must(ParseVoterLayout(kSmall, "mine.toml"));
  REQUIRE(layout.name == "zz");
  REQUIRE(layout.title == "zz");
  REQUIRE(layout.toml == kSmall);
  const FileLayout& file = layout.voters;
  REQUIRE(file.delimiter == ',');
  REQUIRE(file.header == FileLayout::HeaderRow::kEither);
  REQUIRE(file.columns.size() == 6);
  REQUIRE(file.columns[1].names == std::vector<std::string>{"first", "given"});
  REQUIRE(file.columns[5].optional);
  REQUIRE(file.RuleFor(Field::kFirstName)->columns == std::vector<uint16_t>{1});
  REQUIRE(file.RuleFor(Field::kVoterStatus)->values.other == "other");
  REQUIRE(file.withheld.front().values == std::vector<std::string>{"Y", "yes"});
  REQUIRE(file.dates.size() == 4);
  REQUIRE_FALSE(layout.history);
}

TEST_CASE("ParseVoterLayout: ranges stand for the columns that they count") {
  const VoterLayout layout = Must(ParseVoterLayout(
      With("\"born?\"]", "\"born\", \"d_{7-9}\", [\"on_{1-2}\", \"how_{1-2}\"]]"), "mine.toml"));
  std::vector<std::string> names;
  for (const LayoutColumn& column : layout.voters.columns) names.push_back(column.names.front());
  REQUIRE(std::vector<std::string>(names.begin() + 6, names.end()) ==
          std::vector<std::string>{"d_7", "d_8", "d_9", "on_1", "how_1", "on_2", "how_2"});
}

TEST_CASE("ParseVoterLayout: a header's columns may be left out; the rules name them") {
  std::string toml = With(
      "columns = [\"id\", \"first|given\", \"last\", \"status\", \"secret\", "
      "\"born?\"]\n",
      "");
  toml.replace(toml.find("either"), 6, "yes");
  const VoterLayout layout = Must(ParseVoterLayout(toml, "mine.toml"));
  REQUIRE(layout.voters.columns.size() == 6);
}

TEST_CASE("ParseVoterLayout: fixed widths, with positions and without") {
  std::string toml =
      With("\"id\", \"first|given\", \"last\", \"status\", \"secret\", \"born?\"",
           "\"id:8\", \"first|given:20\", \"last@41:20\", \"status:1\", \"secret:1\", \"born:8\"");
  toml.replace(toml.find("\"comma\""), 7, "\"fixed\"");
  toml.replace(toml.find("header = \"either\"\n"), 18, "");
  const FileLayout file = Must(ParseVoterLayout(toml, "mine.toml")).voters;
  REQUIRE(file.fixed_width);
  REQUIRE_FALSE(file.quotes);
  REQUIRE(file.columns[1].offset == 8);
  REQUIRE(file.columns[2].offset == 40);
  REQUIRE(file.columns[5].offset == 62);
  REQUIRE(file.width == 70);
}

struct Mistake {
  std::string what;
  std::string toml;
  std::string says;  // a part of the message
};

std::vector<Mistake> Mistakes() {
  return {
      {"no TOML", "name = \"zz", "line 1"},
      {"not UTF-8", "name = \"z\xff\"", "UTF-8"},
      {"nothing", "", "name is missing"},
      {"an unknown key", With("state", "colour = \"red\"\nstate"), "colour is no key"},
      {"a name that is none", With("\"zz\"", "\"Z Z\""), "name is not a name"},
      {"a state in full", With("\"ZZ\"", "\"Zeeland\""), "two letters"},
      {"no state", With("state = \"ZZ\"\n", ""), "state is missing"},
      {"an unknown delimiter", With("\"comma\"", "\"dot\""), "delimiter"},
      {"an unknown header", With("\"either\"", "\"perhaps\""), "header is none of"},
      {"an unknown encoding", With("header", "encoding = \"ebcdic\"\nheader"), "encoding"},
      {"no columns",
       With("columns = [\"id\", \"first|given\", \"last\", \"status\", \"secret\", "
            "\"born?\"]\n",
            ""),
       "columns is missing"},
      {"columns that are no list",
       With("[\"id\", \"first|given\", \"last\", \"status\", "
            "\"secret\", \"born?\"]",
            "\"id\""),
       "is not a list"},
      {"a column twice", With("\"last\", ", "\"last\", \"GIVEN\", "), "\"GIVEN\" occurs twice"},
      {"a column without a name", With("\"last\", ", "\"last\", \"--\", "), "without a name"},
      {"a number for a column", With("\"last\", ", "\"last\", 3, "), "not a name"},
      {"ranges of two lengths", With("\"last\", ", "\"last\", [\"a{1-2}\", \"b{1-3}\"], "),
       "one length"},
      {"a field that does not exist", With("birth_date", "shoe_size"), "shoe_size is no field"},
      {"a field of lists", With("birth_date", "tags"), "tags is no field"},
      {"a column that does not exist", With("birth_date = \"born\"", "birth_date = \"bron\""),
       "\"bron\", which is not among"},
      {"no number", With("voter_file_id = \"id\"\n", ""), "voter_file_id is missing"},
      {"no name", With("first_name = \"given\"\nlast_name = \"last\"\n", ""),
       "last_name is missing"},
      {"no fields", "name = \"zz\"\nstate = \"ZZ\"\ndelimiter = \"tab\"\n", "fields is missing"},
      {"words of no field", With("[values.voter_status]", "[values.party]"), "values.party"},
      {"a status in capitals", With("\"active\"", "\"Active\""), "lowercase"},
      {"a meaning that is no text", With("\"active\"", "1"), "not a text"},
      {"a date of no kind", With("header", "dates = [\"DD. MONTH\"]\nheader"), "writing dates"},
      {"withheld by nothing", With("[\"Y\", \"yes\"]", "[]"), "lists no word"},
      {"withheld by emptiness", With("[\"Y\", \"yes\"]", "[\"\"]"), "empty word"},
      {"withheld by a truth", With("[\"Y\", \"yes\"]", "true"), "must list"},
      {"a kind of district", std::string(kSmall) + "[districts]\nduchy = \"secret\"\n",
       "duchy is no kind"},
      {"votes that never were", std::string(kSmall) + "[[votes]]\nkind = \"status\"\n",
       "when it was"},
      {"votes that are no list", std::string(kSmall) + "[votes]\ndate = \"born\"\n", "[[votes]]"},
      {"a vote of no kind", std::string(kSmall) + "[[votes]]\ndate = \"born\"\ntype = \"duel\"\n",
       "no kind of election"},
      {"a header of dates alone side by side",
       std::string(kSmall) + "[[votes]]\nheader = \"{kind}{date}\"\n", "between it and {kind}"},
      {"a day that is none",
       std::string(kSmall) + "[[votes]]\non = \"November\"\nvoted = \"born\"\n", "fixed day"},
      {"a history with people",
       std::string(kSmall) +
           "[history]\ndelimiter = \"comma\"\n[history.fields]\nvoter_file_id = \"id\"\n"
           "city = \"c\"\n[[history.votes]]\ndate = \"d\"\n",
       "voter_file_id alone"},
      {"a history without votes",
       std::string(kSmall) +
           "[history]\ndelimiter = \"comma\"\n[history.fields]\nvoter_file_id = \"id\"\n",
       "history.votes is missing"},
      {"a key of a thousand tables",
       [] {
         std::string toml = "name = \"zz\"\na";
         for (int i = 0; i < 300'000; ++i) toml += ".a";
         return toml + " = 1\n";
       }(),
       "line 2 has more dots"},
      {"a table of a thousand tables",
       [] {
         std::string toml = "name = \"zz\"\n[a";
         for (int i = 0; i < 200'000; ++i) toml += ".\"a\"";
         return toml + "]\n";
       }(),
       "line 2 has more dots"},
      {"lists in lists", With("header", "x = " + std::string(100'000, '[') + "\nheader"),
       "nested value depth"},
      {"a letter where no letter is", With("header", "\xc2\xa1header"), "line 4 has a letter"},
      {"a blank of another script", With("header = ", "header =\xe2\x80\x8b"), "not ASCII"},
      {"a text of several lines in another script",
       With("header", "title = \"\"\"\\\n\xc3\xa9\"\"\"\nheader"), "line 5 has a letter"},
      {"a column of too many names",
       With("\"last\", ",
            [] {
              std::string names = "\"n";
              for (int i = 0; i < 100; ++i) names += "|n" + std::to_string(i);
              return names + "\", ";
            }()),
       "more names for one column"},
      {"columns without end", With("\"last\", ", "\"last\", [\"a{1-9999}\"], "),
       "more columns than any file"},
      {"columns without end, repeatedly",
       With("\"last\", ", "\"last\", \"a{1-1500}\", \"b{1-1500}\", "),
       "more columns than any file"},
      {"dates without end",
       With("header",
            [] {
              std::string dates = "dates = [";
              for (int i = 0; i < 20; ++i) dates += "\"YYYY\", ";
              return dates + "]\nheader";
            }()),
       "more than any file is written in"},
      {"a text that speaks to the terminal", With("header", "title = \"\\u001b[2J\"\nheader"),
       "line 4: a text has control characters"},
      {"a key that does", With("header", "\"\\u009b2J\" = 1\nheader"), "control characters"},
      {"a column that does", With("\"last\", ", "\"la\\u0007st\", "), "control characters"},
      {"words for the voter's number", With("[values.voter_status]", "[values.voter_file_id]"),
       "stands as the file has it"},
      {"more columns than there are", With("header", "columns_min = 9\nheader"), "columns_min"},
  };
}

TEST_CASE("ParseVoterLayout: a mistake is told with file, line, key and remedy", "[fault]") {
  for (const Mistake& mistake : Mistakes()) {
    INFO(mistake.what);
    const absl::StatusOr<VoterLayout> layout = ParseVoterLayout(mistake.toml, "mine.toml");
    REQUIRE_REASON(layout, v1::LAYOUT_MALFORMED);
    const std::string message(layout.status().message());
    INFO(message);
    REQUIRE(message.rfind("mine.toml", 0) == 0);
    REQUIRE(message.find(mistake.says) != std::string::npos);
    if (mistake.what != "not UTF-8") REQUIRE(message.find("line ") != std::string::npos);
  }
}

TEST_CASE("ParseVoterLayout: the line is the mistake's own", "[fault]") {
  const absl::Status status =
      ParseVoterLayout(With("birth_date = \"born\"", "birth_date = \"bron\""), "mine.toml")
          .status();
  REQUIRE(DetailsOf(status).at("line") == "12");
  REQUIRE(DetailsOf(status).at("key") == "fields.birth_date");
}

TEST_CASE("ParseVoterLayout: columns of a fixed width that overlap are told", "[fault]") {
  std::string toml = With("\"id\", \"first|given\", \"last\", \"status\", \"secret\", \"born?\"",
                          "\"id:8\", \"first|given:20\", \"last@20:20\"");
  toml.replace(toml.find("\"comma\""), 7, "\"fixed\"");
  toml.replace(toml.find("header = \"either\"\n"), 18, "");
  const absl::Status status = ParseVoterLayout(toml, "mine.toml").status();
  REQUIRE_REASON(status, v1::LAYOUT_MALFORMED);
  REQUIRE(status.message().find("inside the column before it") != absl::string_view::npos);
  for (const char* bad : {"last", "last:", "last:x", "last:0", "last@0:3", "last@:3",
                          "last:99999999", "last@65000:9999"}) {
    std::string other = toml;
    other.replace(other.find("last@20:20"), 10, bad);
    INFO(bad);
    REQUIRE_REASON(ParseVoterLayout(other, "mine.toml"), v1::LAYOUT_MALFORMED);
  }
}

TEST_CASE("ParseVoterLayout: any layout cut short or changed is read or refused", "[oracle]") {
  std::mt19937 random(9);
  for (int run = 0; run < 300; ++run) {
    const std::vector<VoterLayout>& all = BuiltInLayouts();
    std::string toml = all[random() % all.size()].toml;
    for (auto n = random() % 4; n > 0; --n) {
      toml[random() % toml.size()] = static_cast<char>("[]{}\"=,0a\n|:@"[random() % 13]);
    }
    if (random() % 3 == 0) toml.resize(random() % toml.size());
    const absl::StatusOr<VoterLayout> layout = ParseVoterLayout(toml, "mine.toml");
    if (!layout.ok()) REQUIRE(ReasonOf(layout.status()) == v1::LAYOUT_MALFORMED);
  }
}

TEST_CASE("ParseVoterLayout: letters of any script stand in texts and comments") {
  const std::string toml = With("header = \"either\"\n",
                                "# Do\xc3\xb1"
                                "a Ana's # \"\nheader = \"either\" # \xe2\x80\x8b\n"
                                "title = 'A\xc3\xb1o \"\\'\nnotes = \"\"\"\n\"one\" "
                                "\\\"\"\"\"\"\nsource = \"\\\"\xc3\xa9\"\n");
  const VoterLayout layout = Must(ParseVoterLayout("\xef\xbb\xbf" + toml, "mine.toml"));
  REQUIRE(layout.title == "A\xc3\xb1o \"\\");
  REQUIRE(layout.notes == "\"one\" \"\"");
  REQUIRE(layout.source == "\"\xc3\xa9");
}

TEST_CASE("LoadVoterLayout: a file's layout cannot pass for one of the program's", "[fault]") {
  const TestFolder folder;
  const std::string toml = BuiltIn("nc").toml;
  REQUIRE(Must(LoadVoterLayout(folder.Write("same.toml", toml).string())).name == "nc");
  const std::string rule = "[withheld]\nconfidential_ind = { unless = [\"N\"] }\n";
  std::string without = toml;
  without.replace(without.find(rule), rule.size(), "");
  const absl::Status status = LoadVoterLayout(folder.Write("mine.toml", without).string()).status();
  REQUIRE_REASON(status, v1::LAYOUT_MALFORMED);
  REQUIRE(status.message().find("choose your own") != absl::string_view::npos);
}

TEST_CASE("LoadVoterLayout: a file without an end is not read to it", "[fault]") {
  const TestFolder folder;
  const auto path = folder.Write("mine.toml", std::string(kLayoutBytesMax + 1, '\n'));
  REQUIRE_REASON(LoadVoterLayout(path.string()), v1::FILE_TOO_LARGE);
  REQUIRE_REASON(LoadVoterLayout("/dev/zero"), v1::FILE_TOO_LARGE);
}

TEST_CASE("LoadVoterLayout: by name, or from a file") {
  REQUIRE(Must(LoadVoterLayout("nc")).name == "nc");
  const absl::Status unknown = LoadVoterLayout("nowhere").status();
  REQUIRE_REASON(unknown, v1::LAYOUT_UNKNOWN);
  REQUIRE(unknown.message().find("mi-fixed") != absl::string_view::npos);
  const TestFolder folder;
  REQUIRE(Must(LoadVoterLayout(folder.Write("mine.toml", kSmall).string())).name == "zz");
  REQUIRE_REASON(LoadVoterLayout("absent.toml"), v1::FILE_NOT_FOUND);
  const auto bad = folder.Write("bad.toml", "name = 3");
  const absl::Status status = LoadVoterLayout(bad.string()).status();
  REQUIRE_REASON(status, v1::LAYOUT_MALFORMED);
  REQUIRE(status.message().find("bad.toml") != absl::string_view::npos);
}

}  // namespace
}  // namespace muster::ingest
