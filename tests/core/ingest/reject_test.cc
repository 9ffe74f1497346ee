// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/reject.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/export_file.h"

namespace muster::ingest {
namespace {

using testing::TestFolder;

Reject Some(std::span<const std::string_view> cells) {
  return {7, 9, v1::EMAIL_MALFORMED, "E, mail", "no @ in it; correct it", false, cells};
}

TEST_CASE("AppendCsvCell: quotes what has to be") {
  const auto cell = [](std::string_view text) {
    std::string out;
    AppendCsvCell(text, out);
    return out;
  };
  REQUIRE(cell("a b") == "a b");
  REQUIRE(cell("") == "");
  REQUIRE(cell("a,b") == "\"a,b\"");
  REQUIRE(cell("a\"b") == "\"a\"\"b\"");
  REQUIRE(cell(" a") == "\" a\"");
  REQUIRE(cell("a\nb") == "\"a\nb\"");
}

TEST_CASE("RejectFile: makes nothing unless there is a reject") {
  TestFolder folder;
  const auto input = folder.Write("in.csv", "email\n");
  {
    RejectFile rejects(input);
    REQUIRE_OK(rejects.Begin(std::vector<std::string>{"email"}));
    REQUIRE_OK(rejects.Close());
    REQUIRE(rejects.count() == 0);
  }
  REQUIRE(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("RejectFile: writes the reason in front of the row, for its owner alone") {
  TestFolder folder;
  const auto input = folder.Write("in.csv", "email\n");
  RejectFile rejects(input);
  REQUIRE_OK(rejects.Begin(std::vector<std::string>{"E, mail", "name"}));
  const std::vector<std::string_view> cells = {"ada", "Quill, \"A\""};
  REQUIRE_OK(rejects.Add(Some(cells)));
  Reject kept = Some(cells);
  kept.kept = true;
  REQUIRE_OK(rejects.Add(kept));
  REQUIRE_FALSE(std::filesystem::exists(rejects.path()));  // not before it is whole
  REQUIRE_OK(rejects.Close());
  REQUIRE_OK(rejects.Close());
  REQUIRE(rejects.count() == 2);
  REQUIRE(rejects.path() == RejectFile::PathFor(input));
  REQUIRE(TestFolder::Read(rejects.path()) ==
          "row,line,reason,field,message,\"E, mail\",name\n"
          "7,9,EMAIL_MALFORMED,\"E, mail\",\"no @ in it; correct it\",ada,\"Quill, \"\"A\"\"\"\n"
          "7,9,EMAIL_MALFORMED,\"E, mail\",\"no @ in it; correct it (kept without "
          "it)\",ada,\"Quill, \"\"A\"\"\"\n");
  struct stat status = {};
  REQUIRE(::stat(rejects.path().c_str(), &status) == 0);
  REQUIRE((status.st_mode & 0777) == 0600);
}

TEST_CASE("RejectFile: the one of an earlier run is kept") {
  TestFolder folder;
  const auto input = folder.Write("in.csv", "email\n");
  folder.Write("in.csv.rejects.csv", "being corrected");
  const std::vector<std::string_view> cells = {"ada"};
  {
    RejectFile rejects(input);
    REQUIRE_OK(rejects.Begin(std::vector<std::string>{"email"}));
    REQUIRE_OK(rejects.Add(Some(cells)));
  }  // closes by itself
  REQUIRE(TestFolder::Read(folder.path() / "in.csv.old.rejects.csv") == "being corrected");
  REQUIRE(TestFolder::Read(folder.path() / "in.csv.rejects.csv").find("EMAIL_MALFORMED") !=
          std::string::npos);
  REQUIRE_FALSE(std::filesystem::exists(folder.path() / "in.csv.part.rejects.csv"));
}

TEST_CASE("RejectFile: never writes through a link", "[fault]") {
  TestFolder folder;
  const auto input = folder.Write("in.csv", "email\n");
  const auto victim = folder.Write("victim", "precious");
  std::filesystem::create_symlink(victim, folder.path() / "in.csv.part.rejects.csv");
  std::filesystem::create_symlink(victim, folder.path() / "in.csv.rejects.csv");
  const std::vector<std::string_view> cells = {"ada"};
  RejectFile rejects(input);
  REQUIRE_OK(rejects.Add(Some(cells)));
  REQUIRE_OK(rejects.Close());
  REQUIRE(TestFolder::Read(victim) == "precious");
  REQUIRE(std::filesystem::is_regular_file(std::filesystem::symlink_status(rejects.path())));
}

TEST_CASE("RejectFile: a folder that takes no file is a clear error", "[fault]") {
  TestFolder folder;
  const auto input = folder.Write("in.csv", "email\n");
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  const bool root = ::geteuid() == 0;
  if (root) REQUIRE(::seteuid(65534) == 0);
  const std::vector<std::string_view> cells = {"ada"};
  absl::Status status;
  {
    RejectFile rejects(input);
    status = rejects.Add(Some(cells));
  }
  if (root) REQUIRE(::seteuid(0) == 0);
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  REQUIRE_REASON(status, v1::FILE_UNREADABLE);
  REQUIRE(status.message().find("beside the input") != absl::string_view::npos);
}

TEST_CASE("RejectFile: a disk that is full is a clear error, not a short file", "[fault]") {
  TestFolder folder;
  const auto input = folder.Write("in.csv", "email\n");
  struct rlimit before = {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small = {100000, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::vector<std::string_view> cells = {"ada"};
  absl::Status status;
  {
    RejectFile rejects(input);
    for (int i = 0; i < 10000 && status.ok(); ++i) status = rejects.Add(Some(cells));
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  }
  ::signal(SIGXFSZ, old_handler);
  REQUIRE_REASON(status, v1::DISK_FULL);
}

}  // namespace
}  // namespace muster::ingest
