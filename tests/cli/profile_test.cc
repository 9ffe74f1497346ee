// SPDX-License-Identifier: Apache-2.0
#include "cli/profile.h"

#include <sys/stat.h>

#include "core/base/file.h"
#include "tests/core/report/report_fixture.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;

Profile MakeProfile(const std::filesystem::path& home, const std::string& name,
                    const report::Consortium& consortium) {
  Profile profile;
  profile.name = name;
  profile.folder = home / name;
  profile.server = "127.0.0.1:8443";
  profile.certificate_pem = "-----BEGIN CERTIFICATE-----\n";
  profile.consortium = consortium.id;
  profile.consortium_name = "River \"County\" Coalition";
  profile.charter_hash = crypto::RandomArray<32>();
  profile.log_key = Must(tlog::NoteKey::Parse(consortium.log_vkey));
  profile.vault_sign_key = consortium.vault_sign.verify_key();
  profile.vault_box_key = consortium.vault_box.public_key();
  profile.vault_holding_key = consortium.v.TimesBase();
  profile.member = MemberId{crypto::RandomArray<8>()};
  profile.member_name = "Parks Alliance";
  profile.person = {crypto::RandomArray<8>()};
  profile.person_name = "Zo\xC3\xAB";
  profile.roles = {v1::ROLE_APPROVER, v1::ROLE_UPLOADER};
  return profile;
}

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat info = {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

TEST_CASE("A profile comes back as it was written, for its owner alone", "[cli]") {
  const test::TempDir home;
  const report::Consortium consortium;
  Profile profile = MakeProfile(home.path(), "parks", consortium);
  REQUIRE_OK(WriteNewProfile(profile));
  CHECK(ModeOf(home / "parks") == 0700);
  CHECK(ModeOf(home / "parks/profile.json") == 0600);
  REQUIRE_REASON(WriteNewProfile(profile), v1::FILE_EXISTS);

  const ProfileStore store(home.path());
  const Profile read = Must(store.Load("parks"));
  CHECK(read.server == profile.server);
  CHECK(read.consortium == profile.consortium);
  CHECK(read.consortium_name == profile.consortium_name);
  CHECK(read.charter_hash == profile.charter_hash);
  CHECK(read.log_key.Format() == profile.log_key.Format());
  CHECK(read.vault_sign_key == profile.vault_sign_key);
  CHECK(read.vault_box_key == profile.vault_box_key);
  CHECK(read.vault_holding_key == profile.vault_holding_key);
  CHECK(read.member == profile.member);
  CHECK(read.person == profile.person);
  CHECK(read.person_name == profile.person_name);
  CHECK(read.roles == profile.roles);
  CHECK_FALSE(read.member_key.has_value());

  profile.member_key = crypto::Scalar::Random().TimesBase();
  REQUIRE_OK(UpdateProfile(profile));
  CHECK(Must(store.Load("parks")).member_key == profile.member_key);
}

TEST_CASE("The only profile needs no name; several do", "[cli]") {
  const test::TempDir home;
  const report::Consortium consortium;
  const ProfileStore store(home.path());
  REQUIRE_REASON(store.Load(""), v1::PROFILE_NOT_FOUND);
  REQUIRE_OK(WriteNewProfile(MakeProfile(home.path(), "parks", consortium)));
  CHECK(Must(store.Load("")).name == "parks");
  REQUIRE_OK(WriteNewProfile(MakeProfile(home.path(), "transit", consortium)));
  const auto several = store.Load("");
  REQUIRE_REASON(several, v1::PROFILE_NOT_FOUND);
  CHECK(std::string(several.status().message()).find("parks, transit") != std::string::npos);
  REQUIRE_REASON(store.Load("library"), v1::PROFILE_NOT_FOUND);
  REQUIRE_REASON(store.Load("../parks"), v1::NAME_MALFORMED);
  // A folder without a profile is no profile.
  std::filesystem::create_directory(home / "half");
  CHECK(store.Names().size() == 2);
}

TEST_CASE("A damaged profile says which field, and a join that broke off says how to go on",
          "[cli]") {
  const test::TempDir home;
  const report::Consortium consortium;
  REQUIRE_OK(WriteNewProfile(MakeProfile(home.path(), "parks", consortium)));
  const ProfileStore store(home.path());
  const std::string text = test::Slurp(home / "parks/profile.json");
  for (const char* field : {"server", "consortium", "charter_hash", "log_vkey", "vault_sign_key",
                            "vault_box_key", "vault_holding_key", "person", "roles"}) {
    std::string bent = text;
    bent.replace(bent.find("\"" + std::string(field) + "\""), 2, "\"_");
    test::Spit(home / "parks/profile.json", bent);
    const auto profile = store.Load("parks");
    REQUIRE_REASON(profile, v1::HOME_MALFORMED);
    CHECK(std::string(profile.status().message()).find(field) != std::string::npos);
  }
  test::Spit(home / "parks/profile.json", "");
  REQUIRE_REASON(store.Load("parks"), v1::HOME_MALFORMED);
  std::filesystem::create_directory(home / "begun");
  test::Spit(home / "begun/join.pending", "");
  const auto begun = store.Load("begun");
  REQUIRE_REASON(begun, v1::PROFILE_NOT_FOUND);
  CHECK(std::string(begun.status().message()).find("muster join") != std::string::npos);
}

TEST_CASE("Profile names are plain, and made of display names", "[cli]") {
  for (const char* good : {"parks", "Parks-2", "a.b_c"}) REQUIRE_OK(CheckProfileName(good));
  for (const char* bad : {"", ".hidden", "a/b", "a b", "caf\xC3\xA9", "a\n"})
    REQUIRE_REASON(CheckProfileName(bad), v1::NAME_MALFORMED);
  CHECK(ProfileNameFrom("Parks Alliance") == "parks-alliance");
  CHECK(ProfileNameFrom("  Ada & Zo\xC3\xAB!") == "ada-zo");
  CHECK(ProfileNameFrom("\xE2\x98\x83") == "profile");
  REQUIRE_OK(CheckProfileName(ProfileNameFrom(std::string(500, 'x'))));
}

TEST_CASE("The tree seen last only moves on from the tree that was proven to be its beginning",
          "[cli]") {
  const test::TempDir home;
  report::Consortium consortium;
  const Profile profile = MakeProfile(home.path(), "parks", consortium);
  REQUIRE_OK(MakeDirectories(profile.folder, 0700));
  CHECK_FALSE(Must(ReadSeenCheckpoint(profile)).has_value());
  report::Organization parks("Parks Alliance");
  consortium.Join(parks);
  const auto open = [&](uint64_t size) {
    return Must(tlog::OpenCheckpoint(consortium.Checkpoint(size), profile.log_key));
  };

  REQUIRE_OK(WriteSeenCheckpoint(profile, std::nullopt, consortium.Checkpoint(1)));
  CHECK(Must(ReadSeenCheckpoint(profile))->size == 1);
  CHECK(ModeOf(profile.folder / "checkpoint") == 0600);
  REQUIRE_OK(WriteSeenCheckpoint(profile, open(1), consortium.Checkpoint(3)));
  CHECK(Must(ReadSeenCheckpoint(profile))->size == 3);
  // A slower command of the same profile, which had seen less, changes nothing.
  REQUIRE_OK(WriteSeenCheckpoint(profile, open(1), consortium.Checkpoint(2)));
  CHECK(Must(ReadSeenCheckpoint(profile))->size == 3);
  REQUIRE_OK(WriteSeenCheckpoint(profile, open(2), consortium.Checkpoint(3)));
  // The same size with another root is a fork between two commands.
  consortium.entries().back().salt[0] ^= 1;
  REQUIRE_REASON(WriteSeenCheckpoint(profile, open(1), consortium.Checkpoint(3)), v1::LOG_FORKED);
  // Another log's word is nobody's.
  REQUIRE_REASON(WriteSeenCheckpoint(profile, open(3), report::Consortium().Checkpoint(1)),
                 v1::CHECKPOINT_UNSIGNED);
  test::Spit(profile.folder / "checkpoint", "garbage");
  REQUIRE_REASON(ReadSeenCheckpoint(profile), v1::HOME_MALFORMED);
}

}  // namespace
}  // namespace muster::cli
