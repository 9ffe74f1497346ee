// SPDX-License-Identifier: Apache-2.0
#include "core/governance/vault_key.h"

#include <catch2/catch.hpp>

#include "tests/core/governance/registry_world.h"

namespace muster::governance {
namespace {

using test::TestConsortium;
using test::TestPerson;

// Three members, and the vault's root split among them, 2 of 3.
struct Ceremony : World {
  explicit Ceremony(bool split = true) {
    Found();
    parks = AddMember("Parks");
    transit = AddMember("Transit");
    library = AddMember("Library");
    if (split) split_hash = DoSplit(2, {&parks, &transit, &library});
  }
  Bytes32 DoSplit(int threshold, const std::vector<const TestPerson*>& holders) {
    opening_key = crypto::SigningKey::Generate();
    const v1::Statement order = World::Ceremony(pool.founder, threshold, holders);
    const Bytes32 hash = Propose(pool.founder, order);
    const v1::SignedStatement said = pool.SignByVault(Split(hash, order.ceremony(), opening_key));
    REQUIRE_OK(Say(said));
    return StatementHash(said);
  }
  Bytes32 Open() {
    const v1::SignedStatement said = TestConsortium::SignWith(Opening(split_hash), {&opening_key});
    REQUIRE_OK(Say(said));
    return StatementHash(said);
  }
  Bytes32 Unseal(const Bytes32& opening) {
    const v1::SignedStatement said = pool.SignByVault(Unsealed(opening, {&parks, &library}));
    REQUIRE_OK(Say(said));
    return StatementHash(said);
  }
  TestPerson parks, transit, library;
  crypto::SigningKey opening_key = crypto::SigningKey::Generate();
  Bytes32 split_hash{};
};

}  // namespace

TEST_CASE("Vault key: split, opened, unsealed, sealed, as the log tells it", "[governance]") {
  Ceremony world(false);
  CHECK_FALSE(world.registry.vault_key().split().has_value());
  CHECK(world.Refusal(TestConsortium::SignBy(world.parks, world.Seal(world.parks, {}))) ==
        v1::VAULT_NOT_SPLIT);
  world.split_hash = world.DoSplit(2, {&world.parks, &world.transit, &world.library});
  const VaultKeyRecord& key = world.registry.vault_key();
  REQUIRE(key.split().has_value());
  CHECK(key.epoch() == 1);
  CHECK(key.split()->threshold() == 2);
  CHECK(key.split()->IndexOf(world.library.id) == 3);
  CHECK_FALSE(key.split()->IndexOf(world.pool.founder.id).has_value());
  CHECK(key.open_hash() == world.split_hash);

  REQUIRE_OK(world.Endorse(world.parks, world.split_hash));
  CHECK(key.split()->confirmed.size() == 1);
  CHECK(ReasonOf(world.Endorse(world.parks, world.split_hash)) == v1::ALREADY_SIGNED);
  CHECK(ReasonOf(world.Endorse(world.pool.founder, world.split_hash)) == v1::NOT_A_HOLDER);

  const Bytes32 opening = world.Open();
  CHECK_FALSE(key.open_hash().has_value());
  REQUIRE(key.opening().has_value());
  const Bytes32 unsealed = world.Unseal(opening);
  CHECK(key.open_hash() == unsealed);
  CHECK_FALSE(key.seal_asked());

  // Anybody seals, and names what they seal.
  const TestPerson uploader = world.AddColleague(world.transit, {v1::ROLE_UPLOADER});
  CHECK(world.Refusal(TestConsortium::SignBy(uploader, world.Seal(uploader, opening))) ==
        v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignBy(TestPerson(), world.Seal(uploader, unsealed))) ==
        v1::STATEMENT_REFUSED);
  REQUIRE_OK(world.Say(TestConsortium::SignBy(uploader, world.Seal(uploader, unsealed))));
  CHECK(key.seal_asked());
  CHECK(world.Refusal(TestConsortium::SignBy(world.parks, world.Seal(world.parks, unsealed))) ==
        v1::STATEMENT_REFUSED);
  const Bytes32 again = world.Open();
  CHECK(again != opening);
  CHECK_FALSE(key.seal_asked());
  // An order to seal that is put on the log again seals nothing.
  CHECK(world.Refusal(TestConsortium::SignBy(uploader, world.Seal(uploader, unsealed))) ==
        v1::STATEMENT_REFUSED);
}

TEST_CASE("Vault key: a split is exactly what its ceremony says, by the vault", "[governance]") {
  Ceremony world(false);
  const v1::Statement order =
      world.World::Ceremony(world.pool.founder, 2, {&world.parks, &world.transit, &world.library});
  const Bytes32 hash = world.Propose(world.pool.founder, order);
  const v1::Statement good = world.Split(hash, order.ceremony(), world.opening_key);
  const auto with = [&](auto&& change) {
    v1::Statement changed = good;
    change(*changed.mutable_vault_key()->mutable_split());
    return world.Refusal(world.pool.SignByVault(changed));
  };
  const Reason refused = v1::STATEMENT_REFUSED;
  CHECK(with([](auto& s) { s.set_ceremony_hash(std::string(32, 'x')); }) == refused);
  CHECK(with([](auto& s) { s.set_epoch(2); }) == refused);
  CHECK(with([](auto& s) { s.mutable_commitments()->RemoveLast(); }) == refused);
  CHECK(with([](auto& s) { s.mutable_holders()->RemoveLast(); }) == refused);
  CHECK(with([](auto& s) { s.mutable_holders()->SwapElements(0, 1); }) == refused);
  CHECK(with([&](auto& s) {
          s.mutable_holders(0)->set_sign_key(ToString(world.pool.founder.sign.verify_key().bytes));
        }) == refused);
  CHECK(with([&](auto& s) { s.set_opening_key(ToString(world.parks.sign.verify_key().bytes)); }) ==
        refused);
  CHECK(world.Refusal(TestConsortium::SignBy(world.parks, good)) == refused);
  REQUIRE_OK(world.Say(world.pool.SignByVault(good)));
  CHECK(world.Refusal(world.pool.SignByVault(good)) == refused);  // once
}

TEST_CASE("Vault key: keys of a split that are none are refused with the statement",
          "[governance]") {
  Ceremony world(false);
  const v1::Statement order =
      world.World::Ceremony(world.pool.founder, 2, {&world.parks, &world.transit});
  const v1::Statement good = world.Split({}, order.ceremony(), world.opening_key);
  const auto with = [&](auto&& change) {
    v1::Statement changed = good;
    change(*changed.mutable_vault_key()->mutable_split());
    return ReasonOf(VerifyStatement(world.pool.SignByVault(changed)).status());
  };
  REQUIRE_OK(VerifyStatement(world.pool.SignByVault(good)));
  CHECK(with([](auto& s) { s.set_commitments(1, std::string(32, '\0')); }) == v1::KEY_LOW_ORDER);
  CHECK(with([](auto& s) { s.set_commitments(0, std::string(32, '\xff')); }) == v1::KEY_MALFORMED);
  CHECK(with([](auto& s) { s.set_opening_key(std::string(32, '\0')); }) != Reason());
  CHECK(with([](auto& s) { s.clear_commitments(); }) == v1::SPLIT_MALFORMED);
  CHECK(with([](auto& s) { s.mutable_holders(0)->set_sealed_share("short"); }) ==
        v1::STATEMENT_MALFORMED);
  v1::Statement opening = world.Opening({});
  opening.mutable_vault_key()->mutable_opening()->set_box_key(std::string(32, '\0'));
  CHECK(ReasonOf(VerifyStatement(world.pool.SignByVault(opening)).status()) == v1::KEY_LOW_ORDER);
}

TEST_CASE("Vault key: holders are approvers, each of another member", "[governance]") {
  Ceremony world(false);
  const TestPerson uploader = world.AddColleague(world.parks, {v1::ROLE_UPLOADER});
  const TestPerson second = world.AddColleague(world.parks, {v1::ROLE_APPROVER});
  const auto refusal = [&](const std::vector<const TestPerson*>& holders, int threshold = 1) {
    return world.Refusal(TestConsortium::SignBy(
        world.pool.founder, world.World::Ceremony(world.pool.founder, threshold, holders)));
  };
  CHECK(refusal({&world.parks, &second}) == v1::STATEMENT_REFUSED);
  CHECK(refusal({&world.transit, &uploader}) == v1::STATEMENT_REFUSED);
  CHECK(refusal({&world.transit, &world.pool.founder}) == v1::STATEMENT_REFUSED);
  v1::Statement late = world.World::Ceremony(world.pool.founder, 1, {&world.parks});
  late.mutable_ceremony()->set_epoch(2);
  CHECK(world.Refusal(TestConsortium::SignBy(world.pool.founder, late)) == v1::STATEMENT_REFUSED);
  v1::Statement by_uploader = world.World::Ceremony(uploader, 1, {&world.parks});
  CHECK(world.Refusal(TestConsortium::SignBy(uploader, by_uploader)) == v1::STATEMENT_REFUSED);
}

TEST_CASE("Vault key: a ceremony waits for the quorum, and the vault cannot run ahead of it",
          "[governance]") {
  Ceremony world(false);
  REQUIRE_OK(world.Say(TestConsortium::SignBy(world.parks, world.Proposal(world.parks, 2))));
  const v1::Statement order =
      world.World::Ceremony(world.pool.founder, 1, {&world.parks, &world.transit});
  const Bytes32 hash = world.Propose(world.pool.founder, order);
  const v1::SignedStatement split =
      world.pool.SignByVault(world.Split(hash, order.ceremony(), world.opening_key));
  CHECK(world.Refusal(split) == v1::STATEMENT_REFUSED);
  REQUIRE_OK(world.Endorse(world.parks, hash));
  CHECK(world.Refusal(split) == v1::STATEMENT_REFUSED);
  REQUIRE_OK(world.Endorse(world.library, hash));
  REQUIRE_OK(world.Say(split));
}

TEST_CASE("Vault key: an opening is of the split in force, by its key, and never twice",
          "[governance]") {
  Ceremony world;
  const v1::Statement good = world.Opening(world.split_hash);
  const auto refused = v1::STATEMENT_REFUSED;
  CHECK(world.Refusal(world.pool.SignByVault(good)) == refused);
  CHECK(world.Refusal(TestConsortium::SignBy(world.parks, good)) == refused);
  CHECK(world.Refusal(TestConsortium::SignWith(world.Opening(Bytes32{1}), {&world.opening_key})) ==
        refused);
  const v1::SignedStatement first = TestConsortium::SignWith(good, {&world.opening_key});
  REQUIRE_OK(world.Say(first));
  CHECK(world.Refusal(first) == refused);
  const Bytes32 second = world.Open();
  // An old opening, whose key somebody may have kept, cannot take the newest's place.
  CHECK(world.Refusal(first) == refused);
  CHECK(world.registry.vault_key().opening()->hash == second);
}

TEST_CASE("Vault key: the vault says whose shares opened it, all of them holders", "[governance]") {
  Ceremony world;
  const Bytes32 opening = world.Open();
  const auto refusal = [&](const Bytes32& of, const std::vector<const TestPerson*>& holders) {
    return world.Refusal(world.pool.SignByVault(world.Unsealed(of, holders)));
  };
  const auto refused = v1::STATEMENT_REFUSED;
  CHECK(refusal(opening, {&world.parks}) == refused);
  CHECK(refusal(opening, {&world.parks, &world.parks}) == refused);
  CHECK(refusal(opening, {&world.parks, &world.pool.founder}) == refused);
  CHECK(refusal(opening, {&world.parks, &world.transit, &world.library}) == refused);
  CHECK(refusal(world.split_hash, {&world.parks, &world.transit}) == refused);
  CHECK(world.Refusal(TestConsortium::SignWith(
            world.Unsealed(opening, {&world.parks, &world.transit}), {&world.opening_key})) ==
        refused);
  CHECK(refusal(opening, {&world.parks, &world.transit}) == v1::ERROR_REASON_UNSPECIFIED);
  CHECK(refusal(opening, {&world.parks, &world.transit}) == refused);
}

TEST_CASE("Vault key: a new split takes the old one's place, its opening key too", "[governance]") {
  Ceremony world;
  const Bytes32 opening = world.Open();
  (void)world.Unseal(opening);
  const crypto::SigningKey old_key = world.opening_key.Clone();
  const Bytes32 old_split = world.split_hash;
  world.split_hash = world.DoSplit(1, {&world.transit, &world.library});
  CHECK(world.registry.vault_key().epoch() == 2);
  CHECK(world.registry.vault_key().open_hash() == world.split_hash);
  CHECK(world.Refusal(TestConsortium::SignWith(world.Opening(old_split), {&old_key})) ==
        v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(world.Opening(world.split_hash), {&old_key})) ==
        v1::STATEMENT_REFUSED);
  (void)world.Open();
}

}  // namespace muster::governance
