// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/csv_reader.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/ingest/reject.h"
#include "tests/support/export_file.h"

namespace muster::ingest {
namespace {

using testing::Must;
using testing::TestFolder;
using Row = std::vector<std::string>;

struct Read {
  std::vector<Row> rows;
  std::vector<uint64_t> lines;
  std::vector<std::pair<Reason, uint64_t>> broken;  // reason and line to look at
  std::vector<Row> broken_cells;
  absl::Status status;
};

Read ReadCsvFile(const std::filesystem::path& path, char delimiter = ',', size_t expected = 0) {
  Read read;
  CsvReader csv(Must(TextSource::Open(path)));
  csv.set_delimiter(delimiter);
  csv.set_expected_cells(expected);
  while (true) {
    const auto outcome = csv.Next();
    read.status = outcome.status();
    if (!outcome.ok() || *outcome == CsvReader::Outcome::kEnd) return read;
    Row row(csv.cells().begin(), csv.cells().end());
    if (*outcome == CsvReader::Outcome::kRow) {
      read.rows.push_back(row);
      read.lines.push_back(csv.line());
    } else {
      read.broken.emplace_back(csv.broken_reason(), csv.broken_line());
      read.broken_cells.push_back(row);
    }
  }
}

Read ReadCsv(const std::string& text, char delimiter = ',', size_t expected = 0) {
  TestFolder folder;
  return ReadCsvFile(folder.Write("f.csv", text), delimiter, expected);
}

// RFC 4180 letter by letter; nullopt when the text is not of it. Blank lines are passed over.
std::optional<std::vector<Row>> Naive(const std::string& text) {
  std::vector<Row> rows;
  Row row;
  std::string cell;
  enum { kStart, kPlain, kQuoted, kClosed } state = kStart;
  const auto end_row = [&] {
    while (state != kClosed && !cell.empty() && cell.back() == '\r') cell.pop_back();
    row.push_back(cell);
    if (row.size() > 1 || row[0].find_first_not_of(" \r\n\t") != std::string::npos)
      rows.push_back(row);
    row.clear();
    cell.clear();
    state = kStart;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (state == kQuoted) {
      if (c != '"') {
        cell.push_back(c);
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell.push_back('"');
        ++i;
      } else {
        state = kClosed;
      }
    } else if (c == ',') {
      row.push_back(cell);
      cell.clear();
      state = kStart;
    } else if (c == '\n') {
      end_row();
    } else if (state == kClosed) {
      if (c != ' ' && c != '\r') return std::nullopt;
    } else if (c == '"' && state == kStart) {
      state = kQuoted;
    } else {
      cell.push_back(c);
      state = kPlain;
    }
  }
  if (state == kQuoted) return std::nullopt;
  if (!row.empty() || !cell.empty() || state != kStart) end_row();
  return rows;
}

TEST_CASE("CsvReader: agrees with the naive reader on every short text", "[oracle]") {
  TestFolder folder;
  const std::string alphabet = "a,\"\n ";
  size_t compared = 0;
  for (size_t size = 1; size <= 6; ++size) {
    size_t texts = 1;
    for (size_t i = 0; i < size; ++i) texts *= alphabet.size();
    for (size_t n = 0; n < texts; ++n) {
      std::string text;
      for (size_t i = 0, rest = n; i < size; ++i, rest /= alphabet.size())
        text.push_back(alphabet[rest % alphabet.size()]);
      const auto naive = Naive(text);
      const Read read = ReadCsvFile(folder.Write("f.csv", text));
      CAPTURE(text);
      REQUIRE_OK(read.status);
      REQUIRE(read.broken.empty() == naive.has_value());
      if (naive) REQUIRE(read.rows == *naive);
      ++compared;
    }
  }
  REQUIRE(compared == 19530);
}

TEST_CASE("CsvReader: reads back whatever was written, over every edge of its buffers",
          "[oracle]") {
  TestFolder folder;
  std::mt19937 random(11);
  const std::vector<std::string> pieces = {"a",
                                           "bc",
                                           ",",
                                           "\"",
                                           "\"\"",
                                           "\n",
                                           "\r\n",
                                           "\r",
                                           " ",
                                           "\t",
                                           ";",
                                           "\xc3\xab",
                                           "long text without anything in it ",
                                           "'"};
  for (const std::string line_end : {"\n", "\r\n"}) {
    std::vector<Row> rows;
    std::string text;
    while (text.size() < 1500000) {
      Row row;
      for (int i = 0; i < 5; ++i) {
        std::string cell;
        for (auto n = random() % 8; n > 0; --n) cell += pieces[random() % pieces.size()];
        if (random() % 5000 == 0) cell.append(200000, 'x');
        row.push_back(cell);
      }
      for (size_t i = 0; i < row.size(); ++i) {
        if (i > 0) text.push_back(',');
        AppendCsvCell(row[i], text);
      }
      text += line_end;
      rows.push_back(std::move(row));
    }
    const Read read = ReadCsvFile(folder.Write("f.csv", text), ',', 5);
    REQUIRE_OK(read.status);
    REQUIRE(read.broken.empty());
    REQUIRE(read.rows == rows);
    REQUIRE(Naive(text) == rows);
  }
}

TEST_CASE("CsvReader: line ends of every kind, last line with and without one") {
  const std::vector<Row> rows = {{"a", "b"}, {"c", "d"}};
  for (const std::string text :
       {"a,b\nc,d\n", "a,b\nc,d", "a,b\r\nc,d\r\n", "a,b\r\nc,d", "a,b\rc,d\r", "a,b\rc,d",
        "\n\na,b\n\r\n \nc,d\n\n", "a,b\r\r\nc,d\r\r\n", "\r\ra,b\r\rc,d\r"}) {
    CAPTURE(text);
    const Read read = ReadCsv(text);
    REQUIRE(read.rows == rows);
  }
  REQUIRE(ReadCsv("a,b\r\nc,\"d\re\"\r\n").rows == std::vector<Row>{{"a", "b"}, {"c", "d\re"}});
  REQUIRE(ReadCsv("a,b\nc,d\re\nf,g\n").rows ==
          std::vector<Row>{{"a", "b"}, {"c", "d\re"}, {"f", "g"}});
}

TEST_CASE("CsvReader: lines are counted through quotes and blank lines") {
  const Read read = ReadCsv("a,b\n\n\"c\nc\",d\ne,\"f\r\nf\r\nf\"\ng,h\n");
  REQUIRE(read.lines == std::vector<uint64_t>{1, 3, 5, 8});
  REQUIRE(ReadCsv("a,b\r\r\"c\rc\",d\re,f\r").lines == std::vector<uint64_t>{1, 3, 5});
}

TEST_CASE("CsvReader: other delimiters") {
  REQUIRE(ReadCsv("a\t\"b\tc\"\t\n", '\t').rows == std::vector<Row>{{"a", "b\tc", ""}});
  REQUIRE(ReadCsv("a;b,c|d\n", ';').rows == std::vector<Row>{{"a", "b,c|d"}});
}

TEST_CASE(
    "CsvReader: a quote in an unquoted cell is a letter; blanks after a closing quote are "
    "nothing") {
  REQUIRE(ReadCsv("5\" pipe,6\"\n").rows == std::vector<Row>{{"5\" pipe", "6\""}});
  REQUIRE(ReadCsv("\"a\" ,\"b\"\t\n").rows == std::vector<Row>{{"a", "b"}});
}

TEST_CASE("CsvReader: text after a closing quote costs its line") {
  const Read read = ReadCsv("h,i\n\"He said \"hi\" there\",x\ny,z\n", ',', 2);
  REQUIRE(read.rows == std::vector<Row>{{"h", "i"}, {"y", "z"}});
  REQUIRE(read.broken == std::vector<std::pair<Reason, uint64_t>>{{v1::CSV_STRAY_QUOTE, 2}});
  REQUIRE(read.broken_cells == std::vector<Row>{{"\"He said \"hi\" there\",x"}});
}

TEST_CASE("CsvReader: a quote that is never closed costs its line, not the file") {
  SECTION("to the end of the file") {
    const Read read = ReadCsv("h,i\na,\"b\nc,d\ne,f\n", ',', 2);
    REQUIRE(read.rows == std::vector<Row>{{"h", "i"}, {"c", "d"}, {"e", "f"}});
    REQUIRE(read.lines == std::vector<uint64_t>{1, 3, 4});
    REQUIRE(read.broken == std::vector<std::pair<Reason, uint64_t>>{{v1::CSV_UNCLOSED_QUOTE, 2}});
    REQUIRE(read.broken_cells == std::vector<Row>{{"a,\"b"}});
  }
  SECTION("in the last line") {
    const Read read = ReadCsv("h,i\na,\"b", ',', 2);
    REQUIRE(read.rows.size() == 1);
    REQUIRE(read.broken == std::vector<std::pair<Reason, uint64_t>>{{v1::CSV_UNCLOSED_QUOTE, 2}});
  }
  SECTION("up to another row's quotes") {
    const Read read = ReadCsv("h,i\na,\"b\nc,d\n\"e\",f\ng,h\n", ',', 2);
    REQUIRE(read.rows == std::vector<Row>{{"h", "i"}, {"c", "d"}, {"e", "f"}, {"g", "h"}});
    REQUIRE(read.broken == std::vector<std::pair<Reason, uint64_t>>{{v1::CSV_UNCLOSED_QUOTE, 2}});
  }
  SECTION("closed by a quote at the end of another row, into the wrong number of cells") {
    const Read read = ReadCsv("h,i,j\na,\"b,c\nd,e,f\nk,l,5\"\nm,n,o\n", ',', 3);
    REQUIRE(read.rows ==
            std::vector<Row>{{"h", "i", "j"}, {"d", "e", "f"}, {"k", "l", "5\""}, {"m", "n", "o"}});
    REQUIRE(read.broken == std::vector<std::pair<Reason, uint64_t>>{{v1::CSV_UNCLOSED_QUOTE, 2}});
  }
  SECTION("after a cell that runs over lines as it should") {
    const Read read = ReadCsv("h,i\n\"a\nb\",\"c\nd,e\n", ',', 2);
    REQUIRE(read.broken.front() == std::pair<Reason, uint64_t>{v1::CSV_UNCLOSED_QUOTE, 2});
    REQUIRE(read.rows.back() == Row{"d", "e"});
  }
  SECTION("with more behind it than a line may have") {
    std::string text = "h,i\na,\"b\n";
    std::vector<Row> rows = {{"h", "i"}};
    for (int i = 0; text.size() < 3 * kLineBytesMax; ++i) {
      rows.push_back({"row", std::to_string(i)});
      text += "row," + std::to_string(i) + "\n";
    }
    const Read read = ReadCsv(text, ',', 2);
    REQUIRE_OK(read.status);
    REQUIRE(read.rows == rows);
    REQUIRE(read.lines.back() == rows.size() + 1);
    REQUIRE(read.broken == std::vector<std::pair<Reason, uint64_t>>{{v1::CSV_UNCLOSED_QUOTE, 2}});
  }
}

TEST_CASE("CsvReader: rows with too few or too many cells come back whole") {
  const Read read = ReadCsv("a,b,c\n1,2\n1,\"2 \"\" 2\",3,4\n1,2,3\n", ',', 3);
  REQUIRE(read.rows.size() == 2);
  REQUIRE(read.broken == std::vector<std::pair<Reason, uint64_t>>{{v1::CSV_RAGGED_ROW, 2},
                                                                  {v1::CSV_RAGGED_ROW, 3}});
  REQUIRE(read.broken_cells == std::vector<Row>{{"1", "2"}, {"1", "2 \" 2", "3", "4"}});
}

TEST_CASE("CsvReader: a line that is too long is a clear error, in flat memory", "[fault]") {
  TestFolder folder;
  SECTION("in the middle") {
    const Read read = ReadCsv("a,b\nc,d\n" + std::string(2 * kLineBytesMax, 'x') + "\ne,f\n");
    REQUIRE_REASON(read.status, v1::CSV_LINE_TOO_LONG);
    REQUIRE(read.status.message().find("line 3") != absl::string_view::npos);
    REQUIRE(read.rows.size() == 2);
  }
  SECTION("a gigabyte of it, and nothing else") {
    const auto path = folder.Write("big.csv", "x");
    REQUIRE(::truncate(path.c_str(), 1 << 30) == 0);
    const Read read = ReadCsvFile(path);
    REQUIRE_REASON(read.status, v1::CSV_LINE_TOO_LONG);
    REQUIRE(read.status.message().find("line 1") != absl::string_view::npos);
  }
  SECTION("inside a quote without a line end") {
    const Read read = ReadCsv("a,b\n\"" + std::string(2 * kLineBytesMax, 'x') + "\"\n");
    REQUIRE_REASON(read.status, v1::CSV_LINE_TOO_LONG);
  }
  SECTION("just short enough") {
    const std::string cell(kLineBytesMax - 10, 'x');
    REQUIRE(ReadCsv("a,b\n" + cell + ",\"" + "d\"\ne,f\n").rows ==
            std::vector<Row>{{"a", "b"}, {cell, "d"}, {"e", "f"}});
  }
}

// Each line looks as if a quote opened in it that the next line's closes, on to the end of the
// file: without a bound on such looks this would take an hour.
TEST_CASE("CsvReader: lines that open a quote each are given back one by one", "[fault]") {
  constexpr size_t kLines = 400'000;
  std::string text;
  for (size_t i = 0; i < kLines; ++i) text += "a\",\",\n";
  SECTION("to the end of the file") {
    const Read read = ReadCsv(text, ',', 3);
    REQUIRE_OK(read.status);
    REQUIRE(read.broken.size() + read.rows.size() == kLines);
    REQUIRE(read.broken.front() == std::pair<Reason, uint64_t>{v1::CSV_UNCLOSED_QUOTE, 1});
  }
  SECTION("and the rows after them are read as ever") {
    text += "plain,\"of, two\nlines\",c\n";
    const Read read = ReadCsv(text, ',', 3);
    REQUIRE_OK(read.status);
    REQUIRE(read.rows.back() == Row{"plain", "of, two\nlines", "c"});
  }
}

TEST_CASE("CsvReader: says which rows are text") {
  TestFolder folder;
  const std::string text = std::string("plain,row\nz\xc3\xab,b\nren\xe9,b\nnul") + '\0' + ",b\n";
  CsvReader csv(Must(TextSource::Open(folder.Write("f", text))));
  std::vector<std::pair<bool, bool>> flags;
  while (Must(csv.Next()) == CsvReader::Outcome::kRow)
    flags.emplace_back(csv.is_ascii(), csv.is_utf8());
  REQUIRE(flags == std::vector<std::pair<bool, bool>>{
                       {true, true}, {false, true}, {false, false}, {false, false}});
}

TEST_CASE("CsvReader: the header can be looked at with any delimiter before it is read") {
  TestFolder folder;
  CsvReader csv(Must(TextSource::Open(folder.Write("f", "\n\n\"a \"\"b\"\"\";c,d;e\nf;g;h\n"))));
  REQUIRE_REASON(csv.PeekHeader(','), v1::CSV_STRAY_QUOTE);
  REQUIRE(Must(csv.PeekHeader(';')) == Row{"a \"b\"", "c,d", "e"});
  REQUIRE(Must(csv.PeekHeader(';')) == Row{"a \"b\"", "c,d", "e"});
  csv.set_delimiter(';');
  REQUIRE(Must(csv.Next()) == CsvReader::Outcome::kRow);
  REQUIRE(csv.line() == 3);
  REQUIRE(csv.cells()[0] == "a \"b\"");
  REQUIRE(Must(csv.Next()) == CsvReader::Outcome::kRow);
  REQUIRE(csv.cells()[2] == "h");
  REQUIRE(Must(csv.Next()) == CsvReader::Outcome::kEnd);
  REQUIRE(Must(csv.Next()) == CsvReader::Outcome::kEnd);
}

}  // namespace
}  // namespace muster::ingest
