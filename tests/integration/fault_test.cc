// SPDX-License-Identifier: Apache-2.0
//
// Real kills at real moments: whatever dies, nothing is lost and nothing is counted twice.
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "tests/integration/pool.h"

namespace muster::test {
namespace {

constexpr int kBigRows = 120'000;

// `rows` rows, every tenth address twice, every hundredth row without an address.
void WriteList(const std::filesystem::path& path, int rows, const std::string& seed) {
  std::ofstream out(path);
  out << "email,first_name,last_name,zip_code\n";
  for (int i = 0; i < rows; ++i) {
    if (i % 100 == 99) {
      out << ",No,Address,60601\n";
    } else {
      out << seed << (i % 10 == 9 ? i - 1 : i) << "@example.org,First" << i << ",Last" << i << ",60"
          << 100 + i % 900 << "\n";
    }
  }
}

void CheckFigures(const Json& done, int rows) {
  INFO(done.dump(2));
  const int rejected = rows / 100;
  const int duplicates = rows / 10 - rows / 100;
  CHECK(done["rows"] == rows);
  CHECK(done["rejected"] == rejected);
  CHECK(done["accepted"] == rows - rejected);
  CHECK(done["duplicates_in_file"] == duplicates);
  CHECK(done["contacts"] == rows - rejected - duplicates);
}

size_t StoredBatches(const Pool& pool) {
  size_t count = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(pool.home(), error)) {
    if (entry.path().extension() == ".batch") ++count;
  }
  return count;
}

Json ResultOf(const Pool& pool, Process& process, const std::string& name) {
  const int code = process.Wait(std::chrono::seconds(240));
  INFO(Slurp(pool.dir() / (name + ".err")));
  REQUIRE(code == 0);
  return Json::parse(Slurp(pool.dir() / (name + ".out")), nullptr, false);
}

}  // namespace

TEST_CASE("A server killed in mid-upload loses nothing: the upload resumes and counts the same",
          "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  WriteList(pool.dir() / "list.csv", kBigRows, "k");
  const std::string file = (pool.dir() / "list.csv").string();
  {
    auto upload = pool.StartAs("parks", {"upload", file, "--list", "l", "--json"}, "upload");
    REQUIRE(Eventually([&] { return StoredBatches(pool) >= 3; }));
    pool.Kill();
    pool.Start();
    // The command may have waited for the server to come back, or given up as it says it would.
    if (upload->Wait(std::chrono::seconds(240)) == 0) {
      CheckFigures(Json::parse(Slurp(pool.dir() / "upload.out")), kBigRows);
    } else {
      CheckFigures(pool.JsonAs("parks", {"upload", file, "--list", "l", "--resume"}), kBigRows);
    }
  }
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == kBigRows - kBigRows / 10);
}

TEST_CASE("A client killed in mid-upload resumes without sending anything twice",
          "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  WriteList(pool.dir() / "list.csv", kBigRows, "c");
  const std::string file = (pool.dir() / "list.csv").string();
  {
    auto upload = pool.StartAs("parks", {"upload", file, "--list", "l", "--json"}, "upload");
    REQUIRE(Eventually([&] { return StoredBatches(pool) >= 2; }));
    upload->Signal(SIGKILL);
    upload->Wait();
  }
  const size_t before = StoredBatches(pool);
  CheckFigures(pool.JsonAs("parks", {"upload", file, "--list", "l", "--resume"}), kBigRows);
  CHECK(StoredBatches(pool) >= before);
  CHECK(StoredBatches(pool) == (kBigRows - kBigRows / 100 + 4095) / 4096);
  CHECK(pool.JsonAs("parks", {"lists"})["lists"][0]["uploads"] == 1);
}

TEST_CASE("A vault killed in mid-intake is started again and intake goes on",
          "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  WriteList(pool.dir() / "list.csv", kBigRows, "v");
  auto upload = pool.StartAs(
      "parks", {"upload", (pool.dir() / "list.csv").string(), "--list", "l", "--json"}, "upload");
  REQUIRE(Eventually([&] { return StoredBatches(pool) >= 3; }));
  const pid_t first = pool.VaultPid();
  REQUIRE(first > 0);
  REQUIRE(::kill(first, SIGKILL) == 0);
  pid_t second = -1;
  REQUIRE(Eventually([&] {
    const pid_t now = pool.VaultPid();
    if (now > 0 && now != first) second = now;
    return second > 0;
  }));
  ::usleep(300'000);
  REQUIRE(second > 0);  // never kill(-1)
  ::kill(second, SIGKILL);
  CheckFigures(ResultOf(pool, *upload, "upload"), kBigRows);
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == kBigRows - kBigRows / 10);
}

TEST_CASE("Two members upload at once and neither sees the other in its figures",
          "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  pool.AddMember("transit");
  WriteList(pool.dir() / "a.csv", 40'000, "s");
  WriteList(pool.dir() / "b.csv", 40'000, "s");
  auto a = pool.StartAs("parks", {"upload", (pool.dir() / "a.csv").string(), "--json"}, "a");
  auto b = pool.StartAs("transit", {"upload", (pool.dir() / "b.csv").string(), "--json"}, "b");
  CheckFigures(ResultOf(pool, *a, "a"), 40'000);
  CheckFigures(ResultOf(pool, *b, "b"), 40'000);
}

TEST_CASE("The same file again is refused with what to do; --replace takes it",
          "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  WriteList(pool.dir() / "list.csv", 1'000, "t");
  const std::string file = (pool.dir() / "list.csv").string();
  CheckFigures(pool.JsonAs("parks", {"upload", file, "--list", "l"}), 1'000);
  const Json error = pool.ErrorAs("parks", {"upload", file, "--list", "l"});
  CHECK(error["reason"] == "FILE_ALREADY_UPLOADED");
  CHECK(error["exit_code"] == 1);
  CHECK(error["message"].get<std::string>().find("--replace") != std::string::npos);
  CheckFigures(pool.JsonAs("parks", {"upload", file, "--list", "l", "--replace"}), 1'000);
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == 900);
}

TEST_CASE(
    "A full disk at the server stops the upload with a clear error, and it resumes when there is "
    "room",
    "[integration][fault]") {
  TempDir mount_dir;
  const std::filesystem::path mount_point = mount_dir / "home";
  std::filesystem::create_directory(mount_point);
  if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=24m") != 0) {
    WARN("left out: mounting a small file system needs root");
    return;
  }
  struct Unmount {
    std::filesystem::path path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{mount_point};
  Pool pool(mount_point / "home");
  pool.AddMember("parks");
  WriteList(pool.dir() / "list.csv", kBigRows, "d");
  const std::string file = (pool.dir() / "list.csv").string();
  const Json error = pool.ErrorAs("parks", {"upload", file, "--list", "l"});
  CHECK(error["reason"] == "DISK_FULL");
  REQUIRE(::mount("tmpfs", mount_point.c_str(), "tmpfs", MS_REMOUNT, "size=600m") == 0);
  if (!pool.server().Running()) pool.Start();
  CheckFigures(pool.JsonAs("parks", {"upload", file, "--list", "l", "--resume"}), kBigRows);
  CHECK(pool.JsonAs("parks", {"status"})["mine"]["contacts"] == kBigRows - kBigRows / 10);
  pool.Kill();
}

TEST_CASE("A full disk at the member stops the upload before anything unrecorded is sent",
          "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  WriteList(pool.dir() / "list.csv", kBigRows, "f");
  const std::filesystem::path profiles = pool.dir() / "profiles";
  const std::filesystem::path uploads = profiles / "parks" / "uploads";
  std::filesystem::create_directories(uploads);
  if (::mount("tmpfs", uploads.c_str(), "tmpfs", 0, "size=4k") != 0) {
    WARN("left out: mounting a small file system needs root");
    return;
  }
  struct Unmount {
    std::filesystem::path path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{uploads};
  const std::string file = (pool.dir() / "list.csv").string();
  const Json error = pool.ErrorAs("parks", {"upload", file, "--list", "l"});
  CHECK(error["reason"] == "DISK_FULL");
  REQUIRE(::mount("tmpfs", uploads.c_str(), "tmpfs", MS_REMOUNT, "size=8m") == 0);
  RunResult resumed = pool.RunAs("parks", {"upload", file, "--list", "l", "--resume", "--json"});
  if (resumed.exit_code != 0)
    resumed = pool.RunAs("parks", {"upload", file, "--list", "l", "--json"});
  INFO(resumed.out << resumed.err);
  REQUIRE(resumed.exit_code == 0);
  CheckFigures(Json::parse(resumed.out), kBigRows);
}

TEST_CASE("The vault keeps to itself: no dump, no network, its parent's fate",
          "[integration][fault]") {
  Pool pool;
  const pid_t vault = pool.VaultPid();
  REQUIRE(vault > 0);
  const std::string proc = "/proc/" + std::to_string(vault);
  std::istringstream limits(Slurp(proc + "/limits"));
  std::string core = "no such line";
  for (std::string line; std::getline(limits, line);) {
    if (line.rfind("Max core file size", 0) == 0) core = line.substr(18);
  }
  std::istringstream values(core);
  std::string soft, hard;
  values >> soft >> hard;
  CHECK(soft == "0");
  CHECK(hard == "0");
  // A process that is not dumpable has its files in /proc owned by root whoever runs it; as root,
  // its maps still tell.
  CHECK(Slurp(proc + "/net/tcp").size() > 0);
  std::error_code error;
  int sockets_listening = 0;
  const std::string tcp = Slurp(proc + "/net/tcp") + Slurp(proc + "/net/tcp6");
  for (const auto& entry : std::filesystem::directory_iterator(proc + "/fd", error)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (target.rfind("socket:[", 0) != 0) continue;
    const std::string inode = target.substr(8, target.size() - 9);
    if (tcp.find(" " + inode + " ") != std::string::npos) ++sockets_listening;
  }
  CHECK(sockets_listening == 0);
  pool.Kill();
  CHECK(Eventually(
      [&] {
        return !std::filesystem::exists(proc) ||
               Slurp(proc + "/stat").find(") Z ") != std::string::npos;
      },
      std::chrono::seconds(20)));
}

TEST_CASE("Without a server a command says so with exit code 4", "[integration][fault]") {
  Pool pool;
  pool.AddMember("parks");
  pool.Stop();
  const Json error = pool.ErrorAs("parks", {"status"});
  CHECK(error["exit_code"] == 4);
}

TEST_CASE("Who may not is told so with exit code 5", "[integration]") {
  Pool pool;
  pool.AddMember("parks", "approver");
  Spit(pool.dir() / "list.csv", "email\na@example.org\n");
  const Json error = pool.ErrorAs("parks", {"upload", (pool.dir() / "list.csv").string()});
  CHECK(error["exit_code"] == 5);
  CHECK(error["reason"] == "ROLE_NOT_ALLOWED");
  CHECK(pool.ErrorAs("parks", {"member", "add", "Another"})["exit_code"] == 5);
}

}  // namespace muster::test
