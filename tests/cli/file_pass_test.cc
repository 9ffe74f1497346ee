// SPDX-License-Identifier: Apache-2.0
#include "cli/file_pass.h"

#include <sys/stat.h>

#include <fstream>

#include "core/contact/contact.h"
#include "core/crypto/hash.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;

std::string Rows(int count, const std::string& prefix = "p") {
  std::string text = "email,first_name\n";
  for (int i = 0; i < count; ++i) text += prefix + std::to_string(i) + "@example.org,Ada\n";
  return text;
}

struct Block {
  uint32_t sequence;
  uint32_t first_row;
  uint32_t last_row;
  size_t size;
  bool operator==(const Block&) const = default;
};

absl::StatusOr<PassFigures> Pass(FilePassOptions options, std::vector<Block>* blocks = nullptr) {
  FilePass pass(std::move(options));
  return pass.Run(
      [&](uint32_t sequence, seal::RecordBlock block) -> absl::StatusOr<seal::RecordBlock> {
        if (blocks != nullptr)
          blocks->push_back({sequence, block.first_row(), block.last_row(), block.size()});
        block.Clear();
        return block;
      },
      nullptr);
}

TEST_CASE("A file's hash is what b2sum -l 256 prints", "[cli]") {
  const test::TempDir folder;
  test::Spit(folder / "a.csv", "email\nada@example.org\n");
  const v1::UploadFile file = Must(HashFile(folder / "a.csv"));
  CHECK(file.file_name() == "a.csv");
  CHECK(file.byte_count() == 22);
  CHECK(file.blake2b() == ToString(crypto::Blake2b256("email\nada@example.org\n")));
}

TEST_CASE("What is no file to read twice is refused before anything else", "[cli]") {
  const test::TempDir folder;
  REQUIRE_REASON(HashFile(folder.path()), v1::FILE_IS_DIRECTORY);
  REQUIRE_REASON(HashFile(folder / "none.csv"), v1::FILE_NOT_FOUND);
  test::Spit(folder / "empty.csv", "");
  REQUIRE_REASON(HashFile(folder / "empty.csv"), v1::FILE_EMPTY);
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_FALSE(HashFile(folder / "pipe").ok());
  test::Spit(folder / "bad\xFF\ntab.csv", "email\n");
  CHECK(Must(HashFile(folder / "bad\xFF\ntab.csv")).file_name() == "(name not in UTF-8)");
}

TEST_CASE("Blocks are full but for the last, cut alike each time, rows counted through all files",
          "[cli]") {
  const test::TempDir folder;
  test::Spit(folder / "a.csv", Rows(5000, "a"));
  test::Spit(folder / "b.csv", Rows(4000, "b"));
  FilePassOptions options;
  options.files = {folder / "a.csv", folder / "b.csv"};
  std::vector<Block> blocks;
  const PassFigures figures = Must(Pass(options, &blocks));
  CHECK(blocks ==
        std::vector<Block>{{0, 1, 4096, 4096}, {1, 4097, 8192, 4096}, {2, 8193, 9000, 808}});
  CHECK(figures.rows() == 9000);
  CHECK(figures.records() == 9000);
  CHECK(figures.files[1].rows == 4000);
  std::vector<Block> again;
  REQUIRE_OK(Pass(options, &again));
  CHECK(again == blocks);
}

TEST_CASE("A file that was changed after it was hashed is refused", "[cli]") {
  const test::TempDir folder;
  test::Spit(folder / "a.csv", Rows(10));
  FilePassOptions options;
  options.files = {folder / "a.csv"};
  options.expected = {Must(HashFile(folder / "a.csv"))};
  REQUIRE_OK(Pass(options));
  test::Spit(folder / "a.csv", Rows(11));
  REQUIRE_REASON(Pass(options), v1::FILE_CHANGED);
}

TEST_CASE("Rejects are counted by reason and written beside the input, or only counted", "[cli]") {
  const test::TempDir folder;
  test::Spit(folder / "a.csv",
             "email,zip\nada@example.org,1\n,2\nno address,3\nb@example.org,4,5\n");
  FilePassOptions options;
  options.files = {folder / "a.csv"};
  options.write_rejects = false;
  PassFigures figures = Must(Pass(options));
  CHECK(figures.rejected() == 3);
  CHECK(figures.rejects["EMAIL_MISSING"] == 1);
  CHECK(figures.rejects["CSV_RAGGED_ROW"] == 1);
  CHECK(figures.files[0].reject_file.empty());
  CHECK_FALSE(std::filesystem::exists(ingest::RejectFile::PathFor(folder / "a.csv")));
  options.write_rejects = true;
  figures = Must(Pass(options));
  CHECK(figures.files[0].reject_file == ingest::RejectFile::PathFor(folder / "a.csv").string());
  CHECK(std::filesystem::exists(figures.files[0].reject_file));
}

TEST_CASE("A row not to be shared is in no block, with none of its addresses, and is counted",
          "[cli]") {
  const test::TempDir folder;
  test::Spit(folder / "a.csv",
             "email,email 2,do_not_trade\n"
             "ada@example.org,,\n"
             "bea@example.org,bea@example.net,1\n"
             "cyd@example.org,cyd@example.net,0\n"
             "nobody,,1\n"
             "dot@example.org,,yes\n");
  FilePassOptions options;
  options.files = {folder / "a.csv"};
  std::vector<Block> blocks;
  const PassFigures figures = Must(Pass(options, &blocks));
  CHECK(figures.rows() == 5);
  CHECK(figures.rejected() == 1);
  CHECK(figures.withheld() == 2);
  CHECK(figures.records() == 3);
  CHECK(blocks == std::vector<Block>{{0, 1, 3, 3}});
  // A dry run counts alike.
  FilePass dry(options);
  CHECK(Must(dry.Run(nullptr, nullptr)).records() == 3);
  CHECK(Must(FilePass(options).Run(nullptr, nullptr)).withheld() == 2);
}

TEST_CASE("One of several files may have no rows; the only one may not", "[cli]") {
  const test::TempDir folder;
  test::Spit(folder / "a.csv", Rows(3));
  test::Spit(folder / "cleaned.csv", "email\n");
  FilePassOptions options;
  options.files = {folder / "a.csv", folder / "cleaned.csv"};
  options.expected = {Must(HashFile(options.files[0])), Must(HashFile(options.files[1]))};
  CHECK(Must(Pass(options)).rows() == 3);
  options.files = {folder / "cleaned.csv"};
  options.expected = {options.expected[1]};
  REQUIRE_REASON(Pass(options), v1::CSV_NO_ROWS);
}

TEST_CASE("With several files an error names the file", "[cli]") {
  const test::TempDir folder;
  test::Spit(folder / "a.csv", Rows(3));
  test::Spit(folder / "b.csv", "first_name\nAda\n");
  FilePassOptions options;
  options.files = {folder / "a.csv", folder / "b.csv"};
  const auto figures = Pass(options);
  REQUIRE_REASON(figures, v1::COLUMN_NO_EMAIL);
  CHECK(std::string(figures.status().message()).find("b.csv") != std::string::npos);
}

}  // namespace
}  // namespace muster::cli
