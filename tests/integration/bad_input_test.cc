// SPDX-License-Identifier: Apache-2.0
//
// Bad files at the real command line: each is told with its reason and what to do, by row where it
// is a row's, and nothing of it gets into the pool that should not. What every reader says to every
// malformation is in core/ingest's tests.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "tests/integration/pool.h"

namespace muster::test {
namespace {

struct BadFile {
  std::string name;
  std::string text;
  std::vector<std::string> more;  // arguments
  std::string reason;
  std::string says;  // a piece of the remedy
};

std::string Utf16(const std::string& ascii) {
  std::string text = "\xFF\xFE";
  for (const char c : ascii) {
    text.push_back(c);
    text.push_back('\0');
  }
  return text;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("A file that cannot be used is told with reason and remedy, and nothing is uploaded",
          "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  const std::vector<BadFile> files = {
      {"empty.csv", "", {}, "FILE_EMPTY", "export the list again"},
      {"blank.csv", "\n\r\n \n", {}, "CSV_NO_HEADER", "export it again"},
      {"header.csv", "email,name\n", {}, "CSV_NO_ROWS", "export it again"},
      {"noheader.csv", "ada@example.org,Ada\nbea@example.org,Bea\n", {}, "CSV_NO_HEADER", "header"},
      {"noemail.csv", "name,phone\nAda,1\n", {}, "COLUMN_NO_EMAIL", "--map"},
      {"twice.csv", "email,city,city\nada@example.org,U,V\n", {}, "COLUMN_MAPPED_TWICE", "--map"},
      {"maptwice.csv",
       "email,a,b\nada@example.org,U,V\n",
       {"--map", "city=a", "--map", "city=b"},
       "COLUMN_MAPPED_TWICE",
       "keep one of them"},
      {"nofield.csv",
       "email,a\nada@example.org,U\n",
       {"--map", "shoe_size=a"},
       "FIELD_UNKNOWN",
       "shoe_size"},
      {"nocolumn.csv",
       "email\nada@example.org\n",
       {"--map", "city=Town"},
       "COLUMN_UNKNOWN",
       "Town"},
      {"latin1.csv", "email,n\xE4me\nada@example.org,A\n", {}, "ENCODING_MALFORMED", "--encoding"},
      {"sheet.xlsx", "PK\x03\x04 and so on", {}, "ENCODING_MALFORMED", "CSV"},
      {"quote.csv", "email,\"name\nada@example.org,Ada\n", {}, "CSV_UNCLOSED_QUOTE", "quote"},
      {"rejects.csv", "email\nnobody\nnor me\n", {}, "ROWS_REJECTED", "says why, row by row"},
  };
  for (const BadFile& file : files) {
    INFO(file.name);
    Spit(pool.dir() / file.name, file.text);
    std::vector<std::string> arguments = {"upload", (pool.dir() / file.name).string()};
    arguments.insert(arguments.end(), file.more.begin(), file.more.end());
    const Json error = pool.ErrorAs("parks", arguments);
    INFO(error.dump(2));
    CHECK(error["reason"] == file.reason);
    CHECK(error["exit_code"] == 1);
    CHECK(error["message"].get<std::string>().find(file.says) != std::string::npos);
    // No message repeats what stands in a cell.
    CHECK(error.dump().find("example.org") == std::string::npos);
  }
  CHECK(pool.ErrorAs("parks", {"upload", pool.dir().path().string()})["reason"] ==
        "FILE_IS_DIRECTORY");
  CHECK(pool.ErrorAs("parks", {"upload", (pool.dir() / "none.csv").string()})["reason"] ==
        "FILE_NOT_FOUND");
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == 0);
  CHECK(pool.JsonAs("parks", {"lists"})["lists"].empty());
}

TEST_CASE("A file that its owner may not read is told as that", "[integration][fault]") {
  if (::geteuid() == 0) {
    // Root reads everything; what a mode forbids to others is the same call with the same errno,
    // so the command runs as nobody, from a folder that nobody may enter.
    const TempDir folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    Spit(folder / "list.csv", "email\nada@example.org\n");
    std::filesystem::permissions(folder / "list.csv", std::filesystem::perms(0600));
    const RunResult result =
        Run({"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Bin("muster"),
             "upload", "--dry-run", (folder / "list.csv").string(), "--json"},
            {{"HOME", folder.path().string()}});
    INFO(result.out << result.err);
    CHECK(result.exit_code == 1);
    CHECK(Json::parse(result.out, nullptr, false)["error"]["reason"] == "FILE_UNREADABLE");
    return;
  }
  const TempDir folder;
  Spit(folder / "list.csv", "email\nada@example.org\n");
  std::filesystem::permissions(folder / "list.csv", std::filesystem::perms(0));
  const RunResult result =
      Run({Bin("muster"), "upload", "--dry-run", (folder / "list.csv").string(), "--json"});
  CHECK(result.exit_code == 1);
  CHECK(Json::parse(result.out, nullptr, false)["error"]["reason"] == "FILE_UNREADABLE");
}

TEST_CASE("Of a file with every kind of bad row the good ones are pooled, the others told by row",
          "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  const std::string local65(65, 'l');
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"ada@example.org,Ada,Ulm", ""},
      {"bea@example.org,Bea", "CSV_RAGGED_ROW"},
      {"cyd@example.org,Cyd,Ulm,more", "CSV_RAGGED_ROW"},
      {"dot@example.org,\"Dot,Ulm", "CSV_UNCLOSED_QUOTE"},
      {"eve@example.org,\"Eve\" x,Ulm", "CSV_STRAY_QUOTE"},
      {",Fay,Ulm", "EMAIL_MISSING"},
      {"gus@@example.org,Gus,Ulm", "EMAIL_MALFORMED"},
      {"hal@exam_ple.org,Hal,Ulm", "EMAIL_DOMAIN_MALFORMED"},
      {"ida\xFF@example.org,Ida,Ulm", "ENCODING_MALFORMED"},
      {local65 + "@example.org,Joe,Ulm", "EMAIL_TOO_LONG"},
      {"kim@b\xC3\xBC"
       "cher.example,Kim,Ulm",
       ""},
      {"KIM@xn--bcher-kva.example,Kim,Ulm", ""},  // the same one
      {"ADA@Example.org,Ada,Ulm", ""},            // again
  };
  std::string csv =
      "\xEF\xBB\xBF"
      "email,name,city\r\n";
  for (const auto& [row, reason] : rows) csv += row + "\r\n";
  Spit(pool.dir() / "list.csv", csv);
  const Json done = pool.JsonAs("parks", {"upload", (pool.dir() / "list.csv").string()});
  INFO(done.dump(2));
  CHECK(done["rows"] == rows.size());
  CHECK(done["rejected"] == 9);
  CHECK(done["accepted"] == 4);
  CHECK(done["duplicates_in_file"] == 2);
  CHECK(done["contacts"] == 2);
  CHECK(done["rejects"]["CSV_RAGGED_ROW"] == 2);
  const std::filesystem::path reject_file = done["reject_file"].get<std::string>();
  CHECK(reject_file.parent_path() == pool.dir().path());
  const std::vector<std::string> told = Lines(Slurp(reject_file));
  REQUIRE(told.size() == 1 + 9);
  size_t line = 1;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].second.empty()) continue;
    INFO(told[line]);
    const std::string begin =
        std::to_string(i + 1) + "," + std::to_string(i + 2) + "," + rows[i].second + ",";
    CHECK(told[line].substr(0, begin.size()) == begin);
    ++line;
  }
  // The same rows as a spreadsheet's UTF-16: the same people.
  std::string plain = "email\tname\r\nada@example.org\tAda\r\nlou@example.org\tLou\r\n";
  Spit(pool.dir() / "utf16.csv", Utf16(plain));
  CHECK(pool.JsonAs("parks", {"upload", (pool.dir() / "utf16.csv").string()})["contacts"] == 2);
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == 3);
}

TEST_CASE("A gigabyte without a line end is refused at once, in little memory",
          "[integration][fault]") {
  const TempDir folder;
  const std::filesystem::path file = folder / "big.csv";
  Spit(file, "email\nada@example.org\n");
  // Behind two good lines a third that never ends; sparse, so that no disk is filled.
  std::filesystem::resize_file(file, (uint64_t{1} << 30) + 22);
  const RunResult result = Run({Bin("muster"), "upload", "--dry-run", file.string(), "--json"});
  INFO(result.out << result.err);
  CHECK(result.exit_code == 1);
  const Json error = Json::parse(result.out, nullptr, false)["error"];
  CHECK(error["reason"] == "CSV_LINE_TOO_LONG");
  CHECK(error["message"].get<std::string>().find("line 3") != std::string::npos);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  rusage children{};
  REQUIRE(::getrusage(RUSAGE_CHILDREN, &children) == 0);
  CHECK(children.ru_maxrss < 300 * 1024);  // the largest of all that this program has run
#endif
}

}  // namespace muster::test
