// SPDX-License-Identifier: Apache-2.0
//
// How muster-linkage reads tables and orders pairs: against ingest::CsvReader, and against itself
// with other threads, other pieces and other orders.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/contact/identifier.h"
#include "core/ingest/csv_reader.h"
#include "core/ingest/text_source.h"
#include "tests/support/process.h"
#include "tests/support/status.h"
#include "tools/muster_linkage/columns.h"
#include "tools/muster_linkage/growing_array.h"
#include "tools/muster_linkage/pairs_writer.h"
#include "tools/muster_linkage/row_scanner.h"
#include "tools/muster_linkage/table.h"
#include "tools/muster_linkage/windows1252.h"

namespace muster::linkage {
namespace {

using test::Slurp;
using test::Spit;
using test::TempDir;
using testing::Must;

struct ScannedRow {
  bool whole = false;
  Reason reason = v1::ERROR_REASON_UNSPECIFIED;
  uint64_t line = 0;
  std::vector<std::string> cells;
  bool operator==(const ScannedRow&) const = default;
};

std::ostream& operator<<(std::ostream& out, const ScannedRow& row) {
  out << row.line << (row.whole ? " whole" : " broken " + ReasonName(row.reason));
  for (const std::string& cell : row.cells) out << " [" << cell << "]";
  return out;
}

std::vector<ScannedRow> ByCsvReader(const std::filesystem::path& path, size_t expected) {
  ingest::CsvReader reader(Must(ingest::TextSource::Open(path)));
  reader.set_delimiter(',');
  reader.set_expected_cells(expected);
  std::vector<ScannedRow> rows;
  while (true) {
    const ingest::CsvReader::Outcome outcome = Must(reader.Next());
    if (outcome == ingest::CsvReader::Outcome::kEnd) return rows;
    ScannedRow& row = rows.emplace_back();
    row.whole = outcome == ingest::CsvReader::Outcome::kRow;
    row.line = row.whole ? reader.line() : reader.broken_line();
    if (!row.whole) {
      row.reason = reader.broken_reason();
    } else {
      row.cells.assign(reader.cells().begin(), reader.cells().end());
    }
  }
}

// As a thread reads its part: what is in sight grows by `step` whenever a row goes on behind it.
std::vector<ScannedRow> ByRowScanner(const std::string& text, size_t expected, size_t step) {
  RowScanner scanner(',', '\n', expected);
  std::vector<ScannedRow> rows;
  size_t begin = 0;
  size_t size = std::min(step, text.size());
  uint64_t lines = 0;
  std::vector<char> window;
  const auto show = [&] {
    window.assign(text.begin() + static_cast<std::ptrdiff_t>(begin),
                  text.begin() + static_cast<std::ptrdiff_t>(begin + size));
    window.push_back('\0');
    scanner.SetText(window.data(), window.data() + size, begin + size == text.size());
  };
  show();
  while (true) {
    const RowScanner::Outcome outcome = scanner.Next();
    if (outcome == RowScanner::Outcome::kEnd) return rows;
    if (outcome == RowScanner::Outcome::kMore) {
      lines += scanner.lines();
      const auto passed = static_cast<size_t>(scanner.position() - window.data());
      begin += passed;
      size = std::min(size - passed + step, text.size() - begin);
      show();
      continue;
    }
    ScannedRow& row = rows.emplace_back();
    row.line = 1 + lines + scanner.row_line();
    switch (outcome) {
      case RowScanner::Outcome::kRow:
        row.whole = true;
        row.cells.assign(scanner.cells().begin(), scanner.cells().end());
        break;
      case RowScanner::Outcome::kRagged:
        row.reason = v1::CSV_RAGGED_ROW;
        break;
      case RowScanner::Outcome::kStrayQuote:
        row.reason = v1::CSV_STRAY_QUOTE;
        break;
      default:
        REQUIRE(outcome == RowScanner::Outcome::kUnclosedQuote);
        row.reason = v1::CSV_UNCLOSED_QUOTE;
    }
  }
}

std::string RandomCsv(std::mt19937_64& random) {
  static const std::vector<std::string> kPieces = {
      "a", "b",  ",",        ",",     ",",        "\n",         "\n",  "\r\n",  "\"",      "\"",
      " ", "\t", "\xc3\xa9", "\"x\"", "\"x\ny\"", "\"x\"\"y\"", ",\"", "\",\"", "1,2,3\n", "\n\n"};
  std::string text;
  for (size_t n = random() % 40; n > 0; --n) text += kPieces[random() % kPieces.size()];
  return text;
}

TEST_CASE("RowScanner: gives the rows that CsvReader gives, however much is in sight",
          "[linkage][oracle]") {
  const TempDir dir;
  const std::filesystem::path path = dir / "rows.csv";
  std::mt19937_64 random(1);
  for (int i = 0; i < 3'000; ++i) {
    const std::string text = RandomCsv(random);
    if (text.empty()) continue;
    Spit(path, text);
    const size_t expected = random() % 5;
    const std::vector<ScannedRow> wanted = ByCsvReader(path, expected);
    for (const size_t step : {size_t{1}, size_t{3}, size_t{16}, size_t{1000}}) {
      INFO(text << "\n-- " << expected << " cells, " << step << " bytes a step");
      REQUIRE(ByRowScanner(text, expected, step) == wanted);
    }
  }
}

TEST_CASE("RowScanner: a row beyond the limit is told, not waited for", "[linkage]") {
  std::string text = "a,\"" + std::string(kRowBytesMax + 10, 'x');
  text += "\nb,c\n";
  std::vector<char> window(text.begin(), text.end());
  window.push_back('\0');
  RowScanner scanner(',', '\n', 2);
  scanner.SetText(window.data(), window.data() + text.size(), true);
  REQUIRE(scanner.Next() == RowScanner::Outcome::kUnclosedQuote);
  REQUIRE(scanner.Next() == RowScanner::Outcome::kRow);
  REQUIRE(scanner.Next() == RowScanner::Outcome::kEnd);

  text = std::string(kRowBytesMax + 10, 'x') + ",y\n";
  window.assign(text.begin(), text.end());
  window.push_back('\0');
  scanner.SetText(window.data(), window.data() + text.size(), true);
  REQUIRE(scanner.Next() == RowScanner::Outcome::kTooLong);
}

TEST_CASE("RowScanner: lines that end in a carriage return", "[linkage]") {
  std::string text = "a,b\r\rc,\"d\re\"\r";
  std::vector<char> window(text.begin(), text.end());
  window.push_back('\0');
  RowScanner scanner(',', '\r', 2);
  scanner.SetText(window.data(), window.data() + text.size(), true);
  REQUIRE(scanner.Next() == RowScanner::Outcome::kRow);
  REQUIRE(scanner.cells()[1] == "b");
  REQUIRE(scanner.Next() == RowScanner::Outcome::kRow);
  REQUIRE(scanner.cells()[1] == "d\re");
  REQUIRE(scanner.row_line() == 2);
  REQUIRE(scanner.Next() == RowScanner::Outcome::kEnd);
}

TEST_CASE("FromWindows1252: letters, punctuation, and every byte as UTF-8", "[linkage]") {
  REQUIRE(FromWindows1252("Jos\xe9") == "Jos\xc3\xa9");
  REQUIRE(FromWindows1252("\x80 \x92") == "\xe2\x82\xac \xe2\x80\x99");
  std::string all;
  for (int c = 1; c < 256; ++c) all.push_back(static_cast<char>(c));
  REQUIRE(contact::IsUtf8(FromWindows1252(all)));
}

TEST_CASE("ReadColumns: names in any case and order, others passed over", "[linkage]") {
  const std::vector<std::string_view> header = {"ZIP", "note", " Id ", "First Name", "birth-date"};
  const Columns columns = Must(ReadColumns(header));
  REQUIRE(columns.id == 2);
  REQUIRE(columns.count == 5);
  REQUIRE(columns.unknown == std::vector<std::string>{"note"});
  REQUIRE(columns.fields.size() == 3);
  REQUIRE(columns.fields[0].cell == 0);
  REQUIRE(columns.fields[0].field == &token::PersonText::zip);
}

TEST_CASE("ReadColumns: says which column is missing or there twice", "[linkage]") {
  const std::vector<std::string_view> no_id = {"first_name", "zip"};
  REQUIRE(ReasonOf(ReadColumns(no_id).status()) == v1::COLUMN_UNKNOWN);
  const std::vector<std::string_view> only_id = {"id", "shoe size"};
  REQUIRE(ReasonOf(ReadColumns(only_id).status()) == v1::COLUMN_UNKNOWN);
  const std::vector<std::string_view> twice = {"id", "zip", "ZIP"};
  const absl::Status status = ReadColumns(twice).status();
  REQUIRE(ReasonOf(status) == v1::COLUMN_MAPPED_TWICE);
  REQUIRE(status.message().find("zip") != std::string::npos);
}

TEST_CASE("GrowingArray: keeps its values while it grows", "[linkage]") {
  GrowingArray<uint32_t> array;
  std::vector<uint32_t> wanted;
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    std::vector<uint32_t> more(random() % 20'000);
    std::iota(more.begin(), more.end(), static_cast<uint32_t>(random()));
    array.Append(more);
    wanted.insert(wanted.end(), more.begin(), more.end());
  }
  REQUIRE(std::equal(wanted.begin(), wanted.end(), array.values().begin(), array.values().end()));
  const GrowingArray<uint32_t> moved = std::move(array);
  REQUIRE(moved.size() == wanted.size());
}

TEST_CASE("IdColumn: gives back what was appended in parts", "[linkage]") {
  IdColumn ids;
  std::vector<std::string> wanted;
  std::mt19937_64 random(4);
  for (int part = 0; part < 40; ++part) {
    std::string text;
    std::vector<uint32_t> ends;
    for (size_t n = random() % 1'000; n > 0; --n) {
      const std::string id = std::to_string(random() % (random() % 2 == 0 ? 100 : 1'000'000'000));
      wanted.push_back(id);
      text += id;
      ends.push_back(static_cast<uint32_t>(text.size()));
    }
    ids.Append(text, ends);
  }
  REQUIRE(ids.size() == wanted.size());
  for (size_t row = 0; row < wanted.size(); ++row) REQUIRE(ids[row] == wanted[row]);
}

class TableTest {
 public:
  TableTest() : key_(crypto::SecretBytes::Zeroed(32)) {}
  std::filesystem::path Write(const std::string& text) {
    const std::filesystem::path path = dir_ / ("t" + std::to_string(++files_) + ".csv");
    Spit(path, text);
    return path;
  }
  absl::StatusOr<Table> Read(const std::string& text, unsigned threads = 1,
                             size_t piece_bytes = size_t{4} << 20) {
    ReadOptions options;
    options.threads = threads;
    options.piece_bytes = piece_bytes;
    return ReadTable(Write(text), key_, options);
  }
  const token::SketchKey& key() const { return key_; }

 private:
  TempDir dir_;
  token::SketchKey key_;
  int files_ = 0;
};

std::vector<std::string> Ids(const Table& table) {
  std::vector<std::string> ids;
  for (size_t row = 0; row < table.size(); ++row) ids.emplace_back(table.ids[row]);
  return ids;
}

TEST_CASE_METHOD(TableTest, "ReadTable: rows become ids and sketches", "[linkage]") {
  const Table table = Must(Read("id,first_name,last_name,zip\n1,Jane,Doe,62704\n2,,,\n"));
  REQUIRE(Ids(table) == std::vector<std::string>{"1", "2"});
  REQUIRE(table.sketches.size() == 2);
  REQUIRE(table.sketches[0].first != 0);
  REQUIRE(table.sketches[0].zip != 0);
  REQUIRE(table.sketches[1] == token::Sketch());
  REQUIRE(table.RejectedRows() == 0);
}

TEST_CASE_METHOD(TableTest, "ReadTable: delimiters, byte order marks and line ends do not matter",
                 "[linkage]") {
  const Table wanted = Must(Read("id,first_name,zip\n7,Jane,62704\n8,Max,10001\n"));
  std::string utf16 = "\xff\xfe";
  for (const char c : std::string("id\tfirst_name\tzip\r\n7\tJane\t62704\r\n8\tMax\t10001\r\n")) {
    utf16.push_back(c);
    utf16.push_back('\0');
  }
  for (const std::string& text :
       {std::string("id\tfirst_name\tzip\n7\tJane\t62704\n8\tMax\t10001\n"),
        std::string("id;first_name;zip\r\n7;Jane;62704\r\n8;Max;10001"),
        std::string("id|first_name|zip\n7|Jane|62704\n8|Max|10001\n\n\n"),
        std::string("\xef\xbb\xbf"
                    "ID,First Name,Zip\r\n7,Jane,62704\r\n\r\n8,Max,10001\r\n"),
        std::string("id,first_name,zip\r7,Jane,62704\r8,Max,10001\r"),
        std::string("\"id\",\"first_name\",\"zip\"\n\"7\",\"Jane\",\"62704\"\n8,Max,\"10001\"\n"),
        std::string("sep=;\nid;first_name;zip\n7;Jane;62704\n8;Max;10001\n"),
        std::string("zip,note,id,first_name\n62704,x,7,Jane\n10001,\"y,\nz\",8,Max\n"), utf16}) {
    INFO(text);
    const Table table = Must(Read(text));
    REQUIRE(Ids(table) == Ids(wanted));
    REQUIRE(table.RejectedRows() == 0);
    for (size_t row = 0; row < table.size(); ++row)
      REQUIRE(table.sketches[row] == wanted.sketches[row]);
  }
}

TEST_CASE_METHOD(TableTest, "ReadTable: rows that are no UTF-8 are read as Windows-1252",
                 "[linkage]") {
  const Table utf8 = Must(Read("id,first_name\n1,Jos\xc3\xa9\n2,Zo\xc3\xab\n"));
  const Table mixed = Must(Read("id,first_name\n1,Jos\xc3\xa9\n2,Zo\xeb\n"));
  REQUIRE(mixed.rows_windows1252 == 1);
  REQUIRE(mixed.sketches[0] == utf8.sketches[0]);
  REQUIRE(mixed.sketches[1] == utf8.sketches[1]);
}

TEST_CASE_METHOD(TableTest, "ReadTable: rows that cannot be used are counted with their lines",
                 "[linkage]") {
  const Table table =
      Must(Read("id,first_name,zip\n"       // 1
                "1,Jane,62704\n"            // 2
                "2,Jane\n"                  // 3
                "\n"                        // 4
                ",Jane,62704\n"             // 5
                "3,\"Ja\"ne,62704\n"        // 6
                "4,\"Max\ntwo lines\",1\n"  // 7
                "5,\"Jane,62704\n"          // 9
                "6,Jane,62704,x\n"          // 10
                "7,Jane,62704\n"));         // 11
  REQUIRE(Ids(table) == std::vector<std::string>{"1", "4", "7"});
  const auto of = [&table](Rejection rejection) {
    return table.rejected[static_cast<size_t>(rejection)];
  };
  REQUIRE(of(Rejection::kCells).rows == 2);
  REQUIRE(of(Rejection::kCells).first_line == 3);
  REQUIRE(of(Rejection::kNoId).rows == 1);
  REQUIRE(of(Rejection::kNoId).first_line == 5);
  REQUIRE(of(Rejection::kStrayQuote).rows == 1);
  REQUIRE(of(Rejection::kStrayQuote).first_line == 6);
  REQUIRE(of(Rejection::kUnclosedQuote).rows == 1);
  REQUIRE(of(Rejection::kUnclosedQuote).first_line == 9);
}

TEST_CASE_METHOD(TableTest, "ReadTable: an id that stands twice is an error with both lines",
                 "[linkage]") {
  std::string text = "id,first_name\n";
  for (int i = 0; i < 5'000; ++i) text += "\n" + std::to_string(i) + ",\"Ja\nne\"\n";
  const auto line = std::count(text.begin(), text.end(), '\n') + 1;
  text += "17,Max\n";
  for (const size_t piece : {size_t{100}, size_t{4} << 20}) {
    const absl::Status status = Read(text, 2, piece).status();
    REQUIRE(ReasonOf(status) == v1::ID_TWICE);
    REQUIRE(DetailsOf(status).at("line") == std::to_string(line));
    REQUIRE(DetailsOf(status).at("first_line") == std::to_string(2 + 17 * 3 + 1));
  }
}

TEST_CASE_METHOD(TableTest, "ReadTable: what is no table is refused with the remedy", "[linkage]") {
  const std::pair<std::string, Reason> files[] = {
      {"", v1::FILE_EMPTY},
      {"\n\n", v1::CSV_NO_HEADER},
      {"first_name,zip\nJane,62704\n", v1::COLUMN_UNKNOWN},
      {"id,\"first_name\n1,Jane\n", v1::CSV_UNCLOSED_QUOTE},
      {"id,\"first\"name\n1,Jane\n", v1::CSV_STRAY_QUOTE},
      {"PK\x03\x04 workbook", v1::ENCODING_MALFORMED},
      {"id,first_name\n1," + std::string(kRowBytesMax + 10, 'x') + "\n", v1::CSV_LINE_TOO_LONG},
      {"id,id,zip\n1,2,3\n", v1::COLUMN_MAPPED_TWICE}};
  for (const auto& [text, reason] : files) {
    INFO(text.substr(0, 60));
    const absl::Status status = Read(text).status();
    REQUIRE(ReasonName(ReasonOf(status)) == ReasonName(reason));
    REQUIRE(status.message().find(".csv") != std::string::npos);
  }
  REQUIRE(ReasonOf(ReadTable("/nowhere/x.csv", key(), {}).status()) == v1::FILE_NOT_FOUND);
  REQUIRE(Must(Read("id,zip\n")).size() == 0);
}

TEST_CASE_METHOD(TableTest, "ReadTable: neither threads nor pieces show, whatever the text",
                 "[linkage]") {
  std::mt19937_64 random(9);
  for (int i = 0; i < 60; ++i) {
    std::string text = "id,first_name,zip\n";
    for (size_t n = random() % 200; n > 0; --n) {
      switch (random() % 12) {
        case 0:
          text += RandomCsv(random);
          break;
        case 1:
          text += std::to_string(random()) + ",\"Ja\nne\n\n\",62704\r\n";
          break;
        case 2:
          text += std::to_string(random()) + ",\"5\"\" Jane, x\",\n";
          break;
        default:
          text += std::to_string(random()) + ",Jane" + std::to_string(random() % 9) + ",62704\n";
      }
    }
    if (random() % 2 == 0) text += std::to_string(random()) + ",Jane,1";
    INFO(text);
    const absl::StatusOr<Table> wanted = Read(text);
    for (const unsigned threads : {1u, 3u}) {
      for (const size_t piece : {size_t{1}, size_t{7}, size_t{64}, size_t{1000}}) {
        const absl::StatusOr<Table> table = Read(text, threads, piece);
        REQUIRE(table.ok() == wanted.ok());
        if (!wanted.ok()) continue;  // an id that stands twice
        REQUIRE(Ids(*table) == Ids(*wanted));
        REQUIRE(std::equal(table->sketches.values().begin(), table->sketches.values().end(),
                           wanted->sketches.values().begin(), wanted->sketches.values().end()));
        for (size_t k = 0; k < kRejectionCount; ++k) {
          REQUIRE(table->rejected[k].rows == wanted->rejected[k].rows);
          REQUIRE(table->rejected[k].first_line == wanted->rejected[k].first_line);
        }
      }
    }
  }
}

IdColumn ColumnOf(const std::vector<std::string>& ids) {
  IdColumn column;
  for (const std::string& id : ids) {
    const uint32_t end = static_cast<uint32_t>(id.size());
    column.Append(id, {&end, 1});
  }
  return column;
}

TEST_CASE("OrderedPairs: by left id, falling probability, right id", "[linkage]") {
  const IdColumn left = ColumnOf({"b", "a"});
  const IdColumn right = ColumnOf({"y", "x", "z"});
  const std::vector<match::LinkedPair> linked = {
      {0, 0, 0, 0.5f}, {0, 1, 0, 0.5f}, {0, 2, 0, 0.75f}, {1, 0, 0, 1.0f}};
  for (const unsigned threads : {1u, 2u}) {
    std::string shown;
    for (const Pair& pair : OrderedPairs(linked, left, right, threads)) {
      shown += std::string(left[pair.left]) + std::string(right[pair.right]) +
               std::to_string(pair.millionths) + " ";
    }
    REQUIRE(shown == "ay1000000 bz750000 bx500000 by500000 ");
  }
}

TEST_CASE("OrderedPairs: of one table the smaller id is the left one", "[linkage]") {
  const IdColumn ids = ColumnOf({"c", "a", "b"});
  const std::vector<match::LinkedPair> linked = {{0, 1, 0, 0.5f}, {0, 2, 0, 0.9f}};
  const std::vector<Pair> pairs = OrderedPairs(linked, ids, ids, 1);
  REQUIRE(ids[pairs[0].left] == "a");
  REQUIRE(ids[pairs[0].right] == "c");
  REQUIRE(ids[pairs[1].left] == "b");
  REQUIRE(ids[pairs[1].right] == "c");
}

TEST_CASE("KeepOneToOne: the most probable first, of equals none", "[linkage]") {
  std::vector<Pair> pairs = {{0, 0, 900'000}, {0, 1, 800'000}, {1, 1, 700'000},
                             {2, 2, 500'000}, {2, 3, 500'000}, {3, 3, 400'000}};
  REQUIRE(KeepOneToOne(false, pairs) == 2);
  REQUIRE(pairs.size() == 2);
  REQUIRE(pairs[0].right == 0);
  REQUIRE(pairs[1].left == 1);
  REQUIRE(pairs[1].right == 1);
  // Of one table a row is one row, whichever side it stands on.
  pairs = {{0, 1, 900'000}, {1, 2, 800'000}, {2, 3, 700'000}};
  REQUIRE(KeepOneToOne(true, pairs) == 0);
  REQUIRE(pairs.size() == 2);
}

TEST_CASE("KeepOneToOne: keeps no row twice, and does not depend on the order", "[linkage]") {
  std::mt19937_64 random(5);
  for (int i = 0; i < 300; ++i) {
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> all;
    for (int n = 0; n < 40; ++n) {
      all[{static_cast<uint32_t>(random() % 12), static_cast<uint32_t>(random() % 12)}] =
          static_cast<uint32_t>(random() % 6) * 100'000;
    }
    std::vector<Pair> pairs;
    for (const auto& [rows, p] : all) pairs.push_back({rows.first, rows.second, p});
    std::vector<Pair> shuffled = pairs;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    REQUIRE(KeepOneToOne(false, pairs) == KeepOneToOne(false, shuffled));
    std::set<std::pair<uint32_t, uint32_t>> one, other;
    std::set<uint32_t> lefts, rights;
    for (const Pair& pair : pairs) {
      one.emplace(pair.left, pair.right);
      REQUIRE(lefts.insert(pair.left).second);
      REQUIRE(rights.insert(pair.right).second);
    }
    for (const Pair& pair : shuffled) other.emplace(pair.left, pair.right);
    REQUIRE(one == other);
  }
}

TEST_CASE("WritePairs: quotes ids that need it, and leaves nothing half done", "[linkage]") {
  const TempDir dir;
  const IdColumn ids = ColumnOf({"a,b", "say \"x\"", "plain"});
  const std::vector<Pair> pairs = {{0, 1, 1'000'000}, {2, 0, 1}, {2, 1, 123'456}};
  REQUIRE_OK(WritePairs(dir / "pairs.csv", pairs, ids, ids));
  REQUIRE(Slurp(dir / "pairs.csv") ==
          "left_id,right_id,probability\n\"a,b\",\"say \"\"x\"\"\",1.000000\n"
          "plain,\"a,b\",0.000001\nplain,\"say \"\"x\"\"\",0.123456\n");
  REQUIRE_FALSE(WritePairs(dir / "no" / "pairs.csv", pairs, ids, ids).ok());
  REQUIRE_FALSE(std::filesystem::exists(dir / "pairs.csv.partial"));
}

}  // namespace
}  // namespace muster::linkage
