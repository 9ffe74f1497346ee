// SPDX-License-Identifier: Apache-2.0
#include "core/keyring/keyring.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "core/base/file.h"
#include "muster/v1/vault_record.pb.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::keyring {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using testing::Must;

void Replace(const fs::path& path, const std::string& bytes) {
  REQUIRE_OK(WriteFileDurably(path, bytes));
}

UploadId SomeUpload(uint8_t n) {
  UploadId upload;
  upload.bytes.fill(n);
  return upload;
}

}  // namespace

TEST_CASE("Keyring: what was created opens, with the same keys", "[keyring]") {
  TempDir home;
  const v1::VaultKeys keys = Must(Keyring::Create(home / "vault"));
  const auto ring = Must(Keyring::Open(home / "vault"));
  REQUIRE(ring->public_keys().SerializeAsString() == keys.SerializeAsString());
  REQUIRE(ToString(ring->sign_key().verify_key().bytes) == keys.sign_key());
  REQUIRE(ToString(ring->box_key().public_key().bytes) == keys.box_key());
  REQUIRE(ToString(ring->holding_key().TimesBase().bytes) == keys.holding_key());
  const auto again = Must(Keyring::Open(home / "vault"));
  REQUIRE(again->store_key() == ring->store_key());
  REQUIRE(again->row_key() == ring->row_key());
  REQUIRE(again->token_key().EmailToken("x@example.com") ==
          ring->token_key().EmailToken("x@example.com"));
}

TEST_CASE("Keyring: no two homes share a key", "[keyring]") {
  TempDir home;
  const v1::VaultKeys a = Must(Keyring::Create(home / "a"));
  const v1::VaultKeys b = Must(Keyring::Create(home / "b"));
  REQUIRE(a.sign_key() != b.sign_key());
  REQUIRE(a.box_key() != b.box_key());
  REQUIRE(a.holding_key() != b.holding_key());
  const auto ring_a = Must(Keyring::Open(home / "a"));
  const auto ring_b = Must(Keyring::Open(home / "b"));
  REQUIRE(!(ring_a->store_key() == ring_b->store_key()));
  REQUIRE(ring_a->token_key().EmailToken("x@example.com") !=
          ring_b->token_key().EmailToken("x@example.com"));
}

TEST_CASE("Keyring: keys are never overwritten and nobody else may read them", "[keyring]") {
  TempDir home;
  (void)Must(Keyring::Create(home / "vault"));
  REQUIRE_REASON(Keyring::Create(home / "vault"), v1::HOME_EXISTS);
  const auto ring = Must(Keyring::Open(home / "vault"));
  (void)Must(ring->MakeIntakeKey(SomeUpload(1)));
  size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(home / "vault")) {
    struct stat info {};
    REQUIRE(::stat(entry.path().c_str(), &info) == 0);
    INFO(entry.path());
    REQUIRE((info.st_mode & 0077) == 0);
    if (entry.is_regular_file()) ++files;
  }
  REQUIRE(files == 4);
  fs::remove(home / "vault" / "root.key");
  REQUIRE_REASON(Keyring::Create(home / "vault"), v1::HOME_EXISTS);
}

TEST_CASE("Keyring: another root, or any changed byte of the key files, is refused", "[keyring]") {
  TempDir home;
  const fs::path vault = home / "vault";
  (void)Must(Keyring::Create(vault));
  (void)Must(Keyring::Create(home / "other"));
  for (const char* name : {"root.key", "keys.sealed", "keys.public"}) {
    const std::string good = Must(ReadFile(vault / name));
    Replace(vault / name, Must(ReadFile(home / "other" / name)));
    REQUIRE_REASON(Keyring::Open(vault), v1::HOME_MALFORMED);
    for (size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 1);
      Replace(vault / name, bad);
      INFO(name << " byte " << i);
      REQUIRE_REASON(Keyring::Open(vault), v1::HOME_MALFORMED);
    }
    for (const size_t size : {size_t{0}, size_t{1}, good.size() / 2, good.size() - 1}) {
      Replace(vault / name, good.substr(0, size));
      REQUIRE_REASON(Keyring::Open(vault), v1::HOME_MALFORMED);
    }
    fs::remove(vault / name);
    REQUIRE_REASON(Keyring::Open(vault), v1::HOME_MALFORMED);
    Replace(vault / name, good);
    REQUIRE_OK(Keyring::Open(vault));
  }
}

TEST_CASE("Keyring: wrapped keys cannot change places", "[keyring]") {
  TempDir home;
  const fs::path vault = home / "vault";
  (void)Must(Keyring::Create(vault));
  v1::SealedKeys sealed;
  REQUIRE(sealed.ParseFromString(Must(ReadFile(vault / "keys.sealed"))));
  std::swap(*sealed.mutable_keys(0)->mutable_sealed(), *sealed.mutable_keys(1)->mutable_sealed());
  Replace(vault / "keys.sealed", sealed.SerializeAsString());
  REQUIRE_REASON(Keyring::Open(vault), v1::HOME_MALFORMED);
}

TEST_CASE("Keyring: a home from before there were sketches gets a key for them, once",
          "[keyring]") {
  TempDir home;
  const fs::path vault = home / "vault";
  (void)Must(Keyring::Create(vault));
  v1::SealedKeys sealed;
  REQUIRE(sealed.ParseFromString(Must(ReadFile(vault / "keys.sealed"))));
  REQUIRE(sealed.keys_size() == 6);
  // Of this version, the key may not be missing: another would make all sketches strangers.
  v1::SealedKeys lacking = sealed;
  lacking.mutable_keys()->RemoveLast();
  Replace(vault / "keys.sealed", lacking.SerializeAsString());
  REQUIRE_REASON(Keyring::Open(vault), v1::HOME_MALFORMED);

  lacking.set_version(1);
  Replace(vault / "keys.sealed", lacking.SerializeAsString());
  const auto ring = Must(Keyring::Open(vault));
  const auto sibling = Must(Keyring::Open(vault));  // opened before the key was there
  REQUIRE_OK(ring->AddMissing());
  REQUIRE_OK(ring->AddMissing());
  REQUIRE_OK(sibling->AddMissing());
  const auto again = Must(Keyring::Open(vault));
  REQUIRE_OK(again->AddMissing());
  REQUIRE(again->sketch_key() == ring->sketch_key());
  REQUIRE(sibling->sketch_key() == ring->sketch_key());
  REQUIRE(again->token_key().EmailToken("x@example.com") ==
          ring->token_key().EmailToken("x@example.com"));
  REQUIRE(!(again->sketch_key() == again->store_key()));
}

TEST_CASE("Keyring: an intake key belongs to its upload and is gone once destroyed", "[keyring]") {
  TempDir home;
  const fs::path vault = home / "vault";
  (void)Must(Keyring::Create(vault));
  const auto ring = Must(Keyring::Open(vault));
  REQUIRE_REASON(ring->ReadIntakeKey(SomeUpload(1)), v1::FILE_NOT_FOUND);
  const crypto::BoxSecretKey one = Must(ring->MakeIntakeKey(SomeUpload(1)));
  const crypto::BoxSecretKey two = Must(ring->MakeIntakeKey(SomeUpload(2)));
  REQUIRE(one.public_key() != two.public_key());
  REQUIRE_REASON(ring->MakeIntakeKey(SomeUpload(1)), v1::FILE_EXISTS);
  REQUIRE(Must(Must(Keyring::Open(vault))->ReadIntakeKey(SomeUpload(1))).public_key() ==
          one.public_key());
  REQUIRE(Must(ring->ListIntakeKeys()).size() == 2);

  const fs::path folder = vault / "intake";
  fs::copy_file(folder / (Base32Encode(SomeUpload(1).bytes) + ".key"),
                folder / (Base32Encode(SomeUpload(3).bytes) + ".key"));
  REQUIRE_REASON(ring->ReadIntakeKey(SomeUpload(3)), v1::HOME_MALFORMED);
  REQUIRE_OK(ring->DestroyIntakeKey(SomeUpload(3)));

  REQUIRE_OK(ring->DestroyIntakeKey(SomeUpload(1)));
  REQUIRE_OK(ring->DestroyIntakeKey(SomeUpload(1)));
  REQUIRE_REASON(ring->ReadIntakeKey(SomeUpload(1)), v1::FILE_NOT_FOUND);
  REQUIRE(Must(ring->ListIntakeKeys()) == std::vector<UploadId>{SomeUpload(2)});
}

}  // namespace muster::keyring
