// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>
#include <vector>

#include "tests/support/status.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::Must;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "muster_file_test.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(std::string_view name) const { return path_ / name; }
  const fs::path& path() const { return path_; }
  size_t Count() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  fs::path path_;
};

mode_t ModeOf(const fs::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

TEST_CASE("A file written durably is read back, with its mode and nothing beside it", "[base]") {
  const Folder folder;
  std::string bytes(200'000, 'x');
  bytes[100] = '\0';
  REQUIRE_OK(WriteFileDurably(folder / "a", bytes));
  CHECK(Must(ReadFile(folder / "a")) == bytes);
  CHECK(ModeOf(folder / "a") == 0600);
  REQUIRE_OK(WriteFileDurably(folder / "b", "", 0644));
  CHECK(Must(ReadFile(folder / "b")).empty());
  CHECK(ModeOf(folder / "b") == 0644);
  CHECK(folder.Count() == 2);
}

TEST_CASE("Writing a file again replaces all of it", "[base]") {
  const Folder folder;
  REQUIRE_OK(WriteFileDurably(folder / "a", "a long first content"));
  REQUIRE_OK(WriteFileDurably(folder / "a", "short"));
  CHECK(Must(ReadFile(folder / "a")) == "short");
  CHECK(folder.Count() == 1);
}

TEST_CASE("A link in the way is replaced, not followed", "[base]") {
  const Folder folder;
  REQUIRE_OK(WriteFileDurably(folder / "target", "kept"));
  fs::create_symlink(folder / "target", folder / "a");
  REQUIRE_OK(WriteFileDurably(folder / "a", "new"));
  CHECK(Must(ReadFile(folder / "target")) == "kept");
  CHECK(Must(ReadFile(folder / "a")) == "new");
}

TEST_CASE("A new file is never written over an old one", "[base]") {
  const Folder folder;
  REQUIRE_OK(WriteNewFileDurably(folder / "key", "first"));
  REQUIRE_REASON(WriteNewFileDurably(folder / "key", "second"), v1::FILE_EXISTS);
  CHECK(Must(ReadFile(folder / "key")) == "first");
  CHECK(folder.Count() == 1);
}

TEST_CASE("Of many writers of one new file exactly one wins", "[base]") {
  const Folder folder;
  std::atomic<int> won{0};
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&, i] {
      if (WriteNewFileDurably(folder / "key", std::to_string(i)).ok()) ++won;
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(won == 1);
  CHECK(folder.Count() == 1);
}

TEST_CASE("A write that fails leaves the old content and no litter", "[base][fault]") {
  const Folder folder;
  REQUIRE_OK(WriteFileDurably(folder / "a", "old"));
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 4096;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const absl::Status replaced = WriteFileDurably(folder / "a", std::string(10'000, 'n'));
  const absl::Status created = WriteNewFileDurably(folder / "b", std::string(10'000, 'n'));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, old_handler);
  REQUIRE_REASON(replaced, v1::DISK_FULL);
  REQUIRE_REASON(created, v1::DISK_FULL);
  CHECK(Must(ReadFile(folder / "a")) == "old");
  CHECK(folder.Count() == 1);
}

TEST_CASE("A folder in the file's place is refused and leaves no litter", "[base][fault]") {
  const Folder folder;
  REQUIRE_OK(MakeDirectories(folder / "a"));
  REQUIRE_REASON(WriteFileDurably(folder / "a", "x"), v1::FILE_IS_DIRECTORY);
  REQUIRE_REASON(WriteNewFileDurably(folder / "a", "x"), v1::FILE_EXISTS);
  REQUIRE_REASON(ReadFile(folder / "a"), v1::FILE_IS_DIRECTORY);
  CHECK(folder.Count() == 1);
}

TEST_CASE("What is not there is said to be not there", "[base]") {
  const Folder folder;
  REQUIRE_REASON(ReadFile(folder / "none"), v1::FILE_NOT_FOUND);
  REQUIRE_REASON(WriteFileDurably(folder / "none/a", "x"), v1::FILE_NOT_FOUND);
  REQUIRE_REASON(SyncDirectory(folder / "none"), v1::FILE_NOT_FOUND);
  const absl::Status status = ReadFile(folder / "none").status();
  CHECK(std::string(status.message()).find((folder / "none").string()) != std::string::npos);
}

TEST_CASE("A file larger than allowed is refused, one of the size allowed is not", "[base]") {
  const Folder folder;
  REQUIRE_OK(WriteFileDurably(folder / "a", std::string(1000, 'x')));
  CHECK(Must(ReadFile(folder / "a", 1000)).size() == 1000);
  REQUIRE_REASON(ReadFile(folder / "a", 999), v1::FILE_TOO_LARGE);
}

TEST_CASE("Errors of the system become reasons that say what to do", "[base]") {
  const auto [number, reason] = GENERATE(table<int, Reason>({{ENOENT, v1::FILE_NOT_FOUND},
                                                             {ENOTDIR, v1::FILE_NOT_FOUND},
                                                             {EACCES, v1::FILE_UNREADABLE},
                                                             {EROFS, v1::FILE_UNREADABLE},
                                                             {EISDIR, v1::FILE_IS_DIRECTORY},
                                                             {ENOSPC, v1::DISK_FULL},
                                                             {EDQUOT, v1::DISK_FULL},
                                                             {EEXIST, v1::FILE_EXISTS},
                                                             {EIO, v1::FILE_IO}}));
  REQUIRE_REASON(ErrnoError(number, "cannot read", "/a/b"), reason);
}

TEST_CASE("Folders are made with their parents, each with the mode", "[base]") {
  const Folder folder;
  REQUIRE_OK(MakeDirectories(folder / "a/b/c"));
  CHECK(ModeOf(folder / "a") == 0700);
  CHECK(ModeOf(folder / "a/b/c") == 0700);
  REQUIRE_OK(MakeDirectories(folder / "a/b/c"));
  REQUIRE_OK(WriteFileDurably(folder / "file", "x"));
  REQUIRE_REASON(MakeDirectories(folder / "file"), v1::FILE_EXISTS);
  REQUIRE_REASON(MakeDirectories(folder / "file/below"), v1::FILE_EXISTS);
}

TEST_CASE("Removing is done once and fine the second time", "[base]") {
  const Folder folder;
  REQUIRE_OK(WriteFileDurably(folder / "a", "x"));
  REQUIRE_OK(RemoveDurably(folder / "a"));
  REQUIRE_REASON(ReadFile(folder / "a"), v1::FILE_NOT_FOUND);
  REQUIRE_OK(RemoveDurably(folder / "a"));
}

}  // namespace
}  // namespace muster
