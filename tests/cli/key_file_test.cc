// SPDX-License-Identifier: Apache-2.0
#include "cli/key_file.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "core/crypto/group.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;

struct Screen {
  std::ostringstream out, err;
  Console console{{}, out, err};
};

std::string FirstLine(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat info = {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

TEST_CASE("Keys are written one file a purpose, for their owner alone, and read back", "[cli]") {
  const test::TempDir folder;
  test::Spit(folder / "passphrase", "correct horse\nsecond line\n");
  const bool with_passphrase = GENERATE(true, false);
  Screen screen;
  const NewKeys keys = NewKeys::Generate(true);
  const crypto::SecretBytes words = crypto::SecretBytes::CopyOf(AsBytes("correct horse"));
  REQUIRE_OK(WriteKeys(folder.path(), keys, with_passphrase ? &words : nullptr));
  for (const char* file : {"sign.key", "cosign.key", "box.key", "member.key"}) {
    CHECK(ModeOf(folder / file) == 0600);
    const std::string kind = std::string(file) == "box.key" || std::string(file) == "member.key"
                                 ? "k4.local"
                                 : "k4.secret";
    CHECK(FirstLine(folder / file).find(kind + (with_passphrase ? "-pw." : ".")) == 0);
  }
  Passphrase passphrase(&screen.console,
                        with_passphrase ? folder / "passphrase" : std::filesystem::path());
  CHECK(Must(ReadSigningKey(folder / "sign.key", passphrase)).verify_key() ==
        keys.sign.verify_key());
  CHECK(Must(ReadSigningKey(folder / "cosign.key", passphrase)).verify_key() ==
        keys.cosign.verify_key());
  CHECK(Must(ReadBoxKey(folder / "box.key", passphrase)).public_key() == keys.box.public_key());
  CHECK(keys.Public().member_key() == ToString(keys.member->TimesBase().bytes));
}

TEST_CASE("A person who is no first approver has no half of a member's key", "[cli]") {
  const test::TempDir folder;
  const NewKeys keys = NewKeys::Generate(false);
  REQUIRE_OK(WriteKeys(folder.path(), keys, nullptr));
  CHECK_FALSE(std::filesystem::exists(folder / "member.key"));
  CHECK(keys.Public().member_key().empty());
}

TEST_CASE("Keys are never overwritten", "[cli]") {
  const test::TempDir folder;
  REQUIRE_OK(WriteKeys(folder.path(), NewKeys::Generate(false), nullptr));
  const std::string before = test::Slurp(folder / "sign.key");
  REQUIRE_REASON(WriteKeys(folder.path(), NewKeys::Generate(false), nullptr), v1::FILE_EXISTS);
  CHECK(test::Slurp(folder / "sign.key") == before);
}

TEST_CASE("A wrong passphrase, an open file, a damaged and a missing one are told apart", "[cli]") {
  const test::TempDir folder;
  Screen screen;
  const crypto::SecretBytes words = crypto::SecretBytes::CopyOf(AsBytes("right"));
  REQUIRE_OK(WriteKeys(folder.path(), NewKeys::Generate(false), &words));
  test::Spit(folder / "wrong", "wrong\n");
  Passphrase wrong(&screen.console, folder / "wrong");
  REQUIRE_REASON(ReadSigningKey(folder / "sign.key", wrong), v1::PASSPHRASE_WRONG);
  test::Spit(folder / "right", "right");
  Passphrase right(&screen.console, folder / "right");
  REQUIRE_OK(ReadSigningKey(folder / "sign.key", right));

  ::chmod((folder / "sign.key").c_str(), 0640);
  REQUIRE_REASON(ReadSigningKey(folder / "sign.key", right), v1::FILE_UNREADABLE);
  ::chmod((folder / "sign.key").c_str(), 0600);
  std::string text = test::Slurp(folder / "sign.key");
  text[40] = text[40] == 'A' ? 'B' : 'A';
  test::Spit(folder / "sign.key", text);
  CHECK_FALSE(ReadSigningKey(folder / "sign.key", right).ok());
  REQUIRE_REASON(ReadSigningKey(folder / "box.key", right), v1::KEY_MALFORMED);
  REQUIRE_REASON(ReadSigningKey(folder / "none.key", right), v1::FILE_NOT_FOUND);
}

TEST_CASE("MUSTER_PASSPHRASE serves when no file is named; an empty one makes no keys", "[cli]") {
  const test::TempDir folder;
  Screen screen;
  ::setenv("MUSTER_PASSPHRASE", "from the environment", 1);
  Passphrase from_environment(&screen.console, {});
  CHECK(ToString(Must(from_environment.ForMaking())->ExposeSecret()) == "from the environment");
  ::unsetenv("MUSTER_PASSPHRASE");
  test::Spit(folder / "empty", "\n");
  Passphrase empty(&screen.console, folder / "empty");
  REQUIRE_REASON(empty.ForMaking(), v1::FIELD_REQUIRED);
}

}  // namespace
}  // namespace muster::cli
