// SPDX-License-Identifier: Apache-2.0
#include "core/keyring/root_split.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "core/base/file.h"
#include "core/governance/statement.h"
#include "core/governance/vault_key.h"
#include "core/keyring/keyring.h"
#include "muster/v1/vault_record.pb.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::keyring {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using testing::Must;

struct Holder {
  PersonId id{crypto::RandomArray<8>()};
  crypto::SigningKey sign = crypto::SigningKey::Generate();
  crypto::BoxSecretKey box = crypto::BoxSecretKey::Generate();
};

struct Home {
  Home() { keys = Must(Keyring::Create(path())); }
  fs::path path() const { return folder / "vault"; }
  SplitPlan Plan(int epoch, int threshold) const {
    SplitPlan plan;
    plan.consortium.fill(7);
    plan.create_time = 1'780'000'000;
    plan.ceremony_hash.fill(static_cast<uint8_t>(epoch));
    plan.epoch = epoch;
    plan.threshold = threshold;
    for (const Holder& holder : holders)
      plan.holders.push_back({holder.id, holder.sign.verify_key(), holder.box.public_key()});
    return plan;
  }
  crypto::Share ShareOf(size_t i, const v1::RootSplit& split) const {
    Bytes16 consortium;
    consortium.fill(7);
    const auto opened = Must(holders[i].box.OpenSecret(
        governance::ShareContext(consortium, *ToArray<32>(split.ceremony_hash()), holders[i].id),
        split.holders(static_cast<int>(i)).sealed_share()));
    return Must(crypto::ParseShare(opened));
  }
  // The root by the shares of these holders.
  crypto::Scalar RootBy(const std::vector<size_t>& which) const {
    const SealedRoot root = *Must(ReadSealedRoot(path()));
    std::vector<crypto::Share> shares;
    for (const size_t i : which) shares.push_back(ShareOf(i, root.split()));
    return Must(crypto::CombineShares(root.commitments, shares));
  }
  bool Has(const std::string& name) const { return fs::exists(path() / name); }
  size_t OpeningKeys() const {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(path()))
      count += entry.path().filename().string().starts_with("opening-") ? 1 : 0;
    return count;
  }

  TempDir folder;
  v1::VaultKeys keys;
  std::vector<Holder> holders{3};
};

}  // namespace

TEST_CASE("Root split: any k holders open the same keys, and the key file is gone", "[keyring]") {
  Home home;
  const auto before = Must(Keyring::Open(home.path()));
  UploadId upload;
  upload.bytes.fill(1);
  const auto intake = Must(before->MakeIntakeKey(upload));
  const v1::SignedStatement said = Must(before->PrepareSplit(home.Plan(1, 2)));
  REQUIRE_OK(governance::VerifyStatement(said));
  REQUIRE(Must(ReadPreparedSplit(home.path())).has_value());
  REQUIRE_FALSE(Must(ReadSealedRoot(home.path())).has_value());

  REQUIRE_OK(CommitPreparedSplit(home.path(), governance::StatementHash(said)));
  REQUIRE_OK(CommitPreparedSplit(home.path(), governance::StatementHash(said)));  // once more
  CHECK(home.Has("root.key"));  // until the shares have proven themselves
  CHECK(home.Has("keys.before"));
  CHECK_FALSE(home.Has("keys.next"));
  REQUIRE_REASON(Keyring::Open(home.path()), v1::VAULT_SEALED);
  const std::vector<std::vector<size_t>> pairs = {{0, 1}, {0, 2}, {1, 2}, {2, 0}};
  for (const std::vector<size_t>& pair : pairs) {
    const auto ring = Must(Keyring::Open(home.path(), home.RootBy(pair)));
    CHECK(ring->public_keys().SerializeAsString() == home.keys.SerializeAsString());
    CHECK(ring->store_key() == before->store_key());
    CHECK(ring->sketch_key() == before->sketch_key());
    CHECK(ring->row_key() == before->row_key());
    // What is being read goes on: the intake files have the key they had.
    CHECK(Must(ring->ReadIntakeKey(upload)).public_key() == intake.public_key());
  }
  REQUIRE_REASON(Keyring::Open(home.path(), crypto::Scalar::Random()), v1::HOME_MALFORMED);
}

TEST_CASE("Root split: a new one changes the key, and old shares open nothing", "[keyring]") {
  Home home;
  const auto first = Must(Keyring::Open(home.path()));
  const auto one = Must(first->PrepareSplit(home.Plan(1, 2)));
  REQUIRE_OK(CommitPreparedSplit(home.path(), governance::StatementHash(one)));
  const crypto::Scalar old_root = home.RootBy({0, 1});
  const auto ring = Must(Keyring::Open(home.path(), old_root));
  const auto two = Must(ring->PrepareSplit(home.Plan(2, 3)));
  // Prepared is not in force.
  REQUIRE_OK(Keyring::Open(home.path(), home.RootBy({0, 1})));
  REQUIRE(home.OpeningKeys() == 2);
  REQUIRE_OK(CommitPreparedSplit(home.path(), governance::StatementHash(two)));
  REQUIRE(home.OpeningKeys() == 1);
  REQUIRE_REASON(Keyring::Open(home.path(), old_root), v1::HOME_MALFORMED);
  const crypto::Scalar new_root = home.RootBy({0, 1, 2});
  CHECK_FALSE(new_root.raw() == old_root.raw());
  CHECK(Must(Keyring::Open(home.path(), new_root))->store_key() == first->store_key());
  REQUIRE_REASON(CommitPreparedSplit(home.path(), governance::StatementHash(one)),
                 v1::SPLIT_MALFORMED);
}

TEST_CASE("Root split: a death at any step leaves the old root or the new one",
          "[keyring][fault]") {
  Home home;
  const auto ring = Must(Keyring::Open(home.path()));
  const auto overtaken = Must(ring->PrepareSplit(home.Plan(1, 1)));
  const auto said = Must(ring->PrepareSplit(home.Plan(1, 2)));
  REQUIRE_REASON(CommitPreparedSplit(home.path(), governance::StatementHash(overtaken)),
                 v1::SPLIT_MALFORMED);
  REQUIRE_OK(Keyring::Open(home.path()));
  // Died after the rename, before what is old was removed.
  const std::string root = Must(ReadFile(home.path() / "root.key"));
  REQUIRE_OK(CommitPreparedSplit(home.path(), governance::StatementHash(said)));
  REQUIRE_OK(WriteFileDurably(home.path() / "root.key", root));
  REQUIRE_OK(WriteFileDurably(home.path() / "opening-0011223344556677.key", std::string(32, 'k')));
  REQUIRE_REASON(Keyring::Open(home.path()), v1::VAULT_SEALED);
  REQUIRE_OK(RemoveOldRoots(home.path(), Proven::kNo));
  CHECK(home.Has("root.key"));
  CHECK(home.OpeningKeys() == 1);
  REQUIRE_OK(RemoveOldRoots(home.path(), Proven::kYes));
  CHECK_FALSE(home.Has("root.key"));
  CHECK_FALSE(home.Has("keys.before"));
  CHECK(home.OpeningKeys() == 1);
  REQUIRE_OK(Keyring::Open(home.path(), home.RootBy({1, 2})));
}

TEST_CASE("Root split: files that are changed, missing or of another split are refused",
          "[keyring]") {
  Home home;
  const auto ring = Must(Keyring::Open(home.path()));
  const auto said = Must(ring->PrepareSplit(home.Plan(1, 2)));
  REQUIRE_OK(CommitPreparedSplit(home.path(), governance::StatementHash(said)));
  const crypto::Scalar root = home.RootBy({0, 1});
  const fs::path path = home.path() / "keys.sealed";
  const std::string good = Must(ReadFile(path));
  v1::SealedKeys sealed;
  REQUIRE(sealed.ParseFromString(good));
  // Another split's statement beside these keys: a false list of holders opens nothing.
  Home other;
  const auto foreign = Must(Must(Keyring::Open(other.path()))->PrepareSplit(other.Plan(1, 2)));
  *sealed.mutable_split() = foreign;
  REQUIRE_OK(WriteFileDurably(path, sealed.SerializeAsString()));
  REQUIRE_REASON(ReadSealedRoot(home.path()), v1::HOME_MALFORMED);
  REQUIRE_REASON(Keyring::Open(home.path(), root), v1::HOME_MALFORMED);
  for (size_t i = 0; i < good.size(); i += 7) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    REQUIRE_OK(WriteFileDurably(path, bad));
    INFO("byte " << i);
    CHECK_FALSE((ReadSealedRoot(home.path()).ok() && Keyring::Open(home.path(), root).ok()));
  }
  REQUIRE_OK(WriteFileDurably(path, good));
  REQUIRE_OK(ReadSealedRoot(home.path()));
  fs::remove(OpeningKeyPath(home.path(), governance::StatementHash(said)));
  REQUIRE_REASON(ReadSealedRoot(home.path()), v1::HOME_MALFORMED);
}

}  // namespace muster::keyring
