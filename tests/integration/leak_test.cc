// SPDX-License-Identifier: Apache-2.0
//
// A thief's reading: every file of both stores and logs, all of musterd's memory and a forced core
// of it, for a thousand uploaded addresses in every form that needs no key.
#include <openssl/evp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cinttypes>
#include <fstream>
#include <sstream>

#include "tests/integration/pool.h"
#include "tests/support/needle_scan.h"

namespace muster::test {
namespace {

// A sanitizer's processes make no useful cores: their memory is read alone.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::string Digest(const EVP_MD* md, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), out, &size, md, nullptr);
  return std::string(reinterpret_cast<char*>(out), size);
}

std::string Hex(std::string_view bytes) {
  static const char* digits = "0123456789abcdef";
  std::string out;
  for (unsigned char c : bytes) {
    out.push_back(digits[c >> 4]);
    out.push_back(digits[c & 15]);
  }
  return out;
}

std::string Base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(bytes.data()),
                                static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(n));
  return out;
}

// An address in all the forms that anybody could make without a key.
void AddForms(NeedleScan& scan, const std::string& address) {
  scan.Add(address, "plain");
  std::string upper = address;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  scan.Add(upper, "upper case");
  std::string utf16;
  for (char c : address) {
    utf16.push_back(c);
    utf16.push_back('\0');
  }
  scan.Add(utf16, "UTF-16");
  scan.Add(std::string(address.rbegin(), address.rend()), "reversed");
  scan.Add(Hex(address), "hex");
  for (size_t shift = 0; shift < 3; ++shift) {
    // Base64 of the address wherever it stands in a longer text; the characters shared with its
    // neighbours are cut off.
    const std::string encoded = Base64(std::string(shift, 'x') + address);
    const size_t front = shift == 0 ? 0 : shift + 1;
    scan.Add(encoded.substr(front, encoded.size() - front - 4), "base64");
  }
  const EVP_MD* digests[] = {EVP_md5(),    EVP_sha1(),       EVP_sha256(),
                             EVP_sha512(), EVP_blake2b512(), EVP_blake2s256()};
  for (const EVP_MD* md : digests) {
    const std::string digest = Digest(md, address);
    scan.Add(digest.substr(0, 16), "digest");
    scan.Add(Hex(digest).substr(0, 32), "hex digest");
    scan.Add(Base64(digest).substr(0, 20), "base64 digest");
  }
}

// All readable memory of a process, piece by piece: what a forced core would hold.
std::string FirstInMemory(const NeedleScan& scan, pid_t pid, uint64_t& bytes_read) {
  const std::string proc = "/proc/" + std::to_string(pid);
  std::ifstream memory(proc + "/mem", std::ios::binary);
  std::istringstream maps(Slurp(proc + "/maps"));
  bytes_read = 0;
  for (std::string line; std::getline(maps, line);) {
    uint64_t begin = 0, end = 0;
    char readable = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %c", &begin, &end, &readable) != 3 ||
        readable != 'r')
      continue;
    if (line.find("[vvar]") != std::string::npos) continue;
    // A sanitizer's shadow, in its builds alone: a state for each byte of memory, none of the
    // bytes. The thread sanitizer's lies below all that a program has mapped.
    if (kSanitized && end - begin >= uint64_t{1} << 40) continue;
#if defined(__SANITIZE_THREAD__)
    if (begin < 0x5000'0000'0000) continue;
#endif
    constexpr uint64_t kPiece = 64 << 20;
    for (uint64_t at = begin; at < end; at += kPiece) {
      std::string piece(std::min(kPiece + 512, end - at), '\0');
      memory.clear();
      memory.seekg(static_cast<std::streamoff>(at));
      memory.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      piece.resize(static_cast<size_t>(memory.gcount()));
      bytes_read += piece.size();
      if (const std::string found = scan.FirstIn(piece); !found.empty())
        return found + " in " + line;
    }
  }
  return "";
}

// Makes the server die with a core of everything that it has mapped, and returns the file; empty
// where the system hands cores to a program instead.
std::filesystem::path ForceCore(Pool& pool) {
  const std::string pattern = Slurp("/proc/sys/kernel/core_pattern");
  if (pattern.empty() || pattern[0] == '|' || pattern.find('/') != std::string::npos) return {};
  const pid_t pid = pool.server().pid();
  const std::string proc = "/proc/" + std::to_string(pid);
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  REQUIRE(::prlimit(pid, RLIMIT_CORE, &all, nullptr) == 0);
  Spit(proc + "/coredump_filter", "0x7f");
  const std::filesystem::path folder = std::filesystem::read_symlink(proc + "/cwd");
  pool.server().Signal(SIGABRT);
  CHECK(pool.server().Wait() == 128 + SIGABRT);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().rfind("core", 0) == 0) return entry.path();
  }
  return {};
}

// The same scan over a file too large to hold.
std::string FirstInFile(const NeedleScan& scan, const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  constexpr size_t kPiece = 64 << 20;
  constexpr size_t kOverlap = 512;
  std::string piece;
  std::string tail;
  while (file) {
    piece = tail;
    piece.resize(tail.size() + kPiece);
    file.read(piece.data() + tail.size(), kPiece);
    piece.resize(tail.size() + static_cast<size_t>(file.gcount()));
    if (const std::string found = scan.FirstIn(piece); !found.empty()) return found;
    tail = piece.substr(piece.size() - std::min(piece.size(), kOverlap));
  }
  return "";
}

}  // namespace

TEST_CASE("A thousand uploaded addresses are nowhere: no store, no log, not in musterd's memory",
          "[integration][leak]") {
  Pool pool;
  pool.AddMember("parks");
  NeedleScan scan;
  std::string csv = "email,first_name,last_name,phone,street_address,city,zip_code\n";
  for (int i = 0; i < 1000; ++i) {
    const std::string address = "qzw" + std::to_string(i * 7919 % 10007) + "vexil@hjelm" +
                                std::to_string(i) + ".example.org";
    AddForms(scan, address);
    const std::string name = "Wrzosek" + std::to_string(i) + "owicz";
    scan.Add(name, "last name");
    csv += address + ",Ada," + name + ",+1312555" + std::to_string(1000 + i % 9000) + "," +
           std::to_string(100 + i) + " Qwystrasse Blvd,Springfield,62704\n";
  }
  scan.Add("Qwystrasse", "street");
  Spit(pool.dir() / "list.csv", csv);

  SECTION("the scan itself finds what is there") {
    CHECK(!scan.FirstIn(csv).empty());
    CHECK(!scan.FirstIn("xx" + Base64("a" + csv.substr(csv.find('\n') + 1, 300))).empty());
    uint64_t bytes_read = 0;
    CHECK(!FirstInMemory(scan, ::getpid(), bytes_read).empty());
  }
  SECTION("and nothing in the pool") {
    pool.JsonAs("parks", {"upload", (pool.dir() / "list.csv").string(), "--list", "l"});
    // What may print or log an address: an error about it, a lookup of it.
    Spit(pool.dir() / "bad.csv", csv + "qzw1vexil@@hjelm1.example.org,Ada,Wrzosek1owicz,,,,\n");
    pool.JsonAs("parks", {"upload", (pool.dir() / "bad.csv").string(), "--list", "m"});
    Spit(pool.dir() / "back.csv", csv.substr(0, csv.size() / 2));
    pool.RunAs("parks", {"match", "explain", "--email", "qzw0vexil@hjelm0.example.org"});
    pool.RunAs("parks", {"withdraw", "--emails", (pool.dir() / "back.csv").string(), "--yes"});
    pool.JsonAs("parks", {"report", "provenance", "--out", (pool.dir() / "parks.report").string()});

    uint64_t bytes_read = 0;
    CHECK(FirstInMemory(scan, pool.server().pid(), bytes_read) == "");
    CHECK(bytes_read > (1 << 20));
    if (kSanitized) {
      REQUIRE(pool.Stop() == 0);
    } else if (const std::filesystem::path core = ForceCore(pool); core.empty()) {
      WARN("left out: cores go to a program here; the memory itself was read");
    } else {
      INFO(core);
      CHECK(std::filesystem::file_size(core) > (1 << 20));
      // It is the server's own: what every call was told is in it.
      NeedleScan there;
      there.Add(pool.home().string(), "the home's path");
      CHECK(FirstInFile(there, core) != "");
      CHECK(FirstInFile(scan, core) == "");
    }

    int files = 0;
    for (const auto& root : {pool.home(), pool.dir() / "profiles"}) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        if (!entry.is_regular_file()) continue;
        ++files;
        INFO(entry.path());
        CHECK(scan.FirstIn(Slurp(entry.path())) == "");
      }
    }
    CHECK(files > 10);
    CHECK(scan.FirstIn(Slurp(pool.ServerLog())) == "");
    CHECK(scan.FirstIn(Slurp(pool.dir() / "parks.report")) == "");
  }
}

}  // namespace muster::test
