// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/custody.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "core/base/file.h"
#include "core/governance/vault_key.h"
#include "core/tlog/checkpoint.h"
#include "tests/core/pipeline/vault_fixture.h"

namespace muster::pipeline {
namespace {

using test::TestConsortium;
using test::TestPerson;
using test::TestVault;
using testing::Must;

// Three members and a front desk that does its part: shows the vault the log, and puts on it what
// the vault says.
struct Keepers {
  Keepers()
      : parks(vault.AddMember("Parks")),
        transit(vault.AddMember("Transit")),
        library(vault.AddMember("Library")) {
    vault.Upload(parks, "friends", {{"a@example.org"}, {"b@example.org"}, {"c@example.org"}});
    vault.Close();
    Start();
  }
  ~Keepers() { custody.reset(); }

  void Start() {
    custody.reset();
    seals = 0;
    VaultOptions options;
    options.home = vault.home();
    custody = Must(Custody::Open(
        options, [this] { ++seals; }, vault.clock));
  }
  uint64_t size() { return vault.entries().size(); }
  void Log(const v1::SignedStatement& statement) {
    vault.entries().push_back({crypto::RandomArray<32>(), statement.SerializeAsString()});
  }
  bool OnLog(const v1::SignedStatement& statement) {
    for (const tlog::Entry& entry : vault.entries())
      if (entry.body == statement.SerializeAsString()) return true;
    return false;
  }
  v1::CommitSplitRequest Proof(uint64_t index) {
    v1::CommitSplitRequest request;
    std::vector<Bytes32> leaves;
    crypto::MerkleFrontier tree;
    for (const tlog::Entry& entry : vault.entries()) {
      leaves.push_back(tlog::EntryLeaf(entry.salt, entry.body));
      tree.Append(leaves.back());
    }
    const tlog::Entry& entry = vault.entries()[index];
    request.mutable_split()->set_index(static_cast<int64_t>(index));
    request.mutable_split()->set_salt(ToString(entry.salt));
    request.mutable_split()->set_body(entry.body);
    // The newest entry: its proof is the frontier before it.
    for (const Bytes32& hash : ProofOfLast(leaves))
      request.mutable_split()->add_hashes(ToString(hash));
    request.set_checkpoint(
        tlog::SignCheckpoint({vault.consortium.log_name(), vault.entries().size(), tree.Root()},
                             vault.consortium.log_key));
    return request;
  }
  static std::vector<Bytes32> ProofOfLast(const std::vector<Bytes32>& leaves) {
    crypto::MerkleFrontier before;
    for (size_t i = 0; i + 1 < leaves.size(); ++i) before.Append(leaves[i]);
    std::vector<Bytes32> proof(before.hashes().begin(), before.hashes().end());
    // The frontier's largest tree comes first, a proof's last.
    std::reverse(proof.begin(), proof.end());
    return proof;
  }
  absl::Status Show() {
    const auto first = static_cast<uint64_t>(custody->State().log_size());
    if (first == size()) return absl::OkStatus();
    return custody->Observe(vault.Entries(first, size())).status();
  }
  // As musterd's feed, until nothing is new.
  void Feed() {
    for (int round = 0; round < 6; ++round) {
      const v1::VaultState state = custody->State();
      for (const v1::SignedStatement& statement : state.statements()) {
        if (OnLog(statement)) continue;
        // What the log's rules refuse, a front desk does not put there.
        if (!Read().Check(Must(governance::VerifyStatement(statement))).ok()) continue;
        Log(statement);
        v1::Statement said;
        said.ParseFromString(statement.statement());
        if (said.vault_key().has_split()) REQUIRE_OK(custody->Commit(Proof(size() - 1)));
      }
      if (custody->State().unsealed()) REQUIRE_OK(Show());
    }
  }
  v1::SignedStatement Ceremony(int epoch, int threshold,
                               const std::vector<const TestPerson*>& holders) {
    v1::Statement statement = vault.consortium.Base(vault.consortium.founder.id.Name());
    statement.mutable_ceremony()->set_epoch(epoch);
    statement.mutable_ceremony()->set_threshold(threshold);
    for (const TestPerson* holder : holders)
      statement.mutable_ceremony()->add_holders(holder->id.Name());
    return TestConsortium::SignBy(vault.consortium.founder, statement);
  }
  void Split(int epoch = 1, int threshold = 2) {
    Log(Ceremony(epoch, threshold, {&parks, &transit, &library}));
    Feed();
    REQUIRE(custody->State().key().epoch() == epoch);
  }
  // What the log says of the split in force, and of the newest opening.
  governance::Registry Read() {
    governance::Registry registry;
    for (uint64_t i = 0; i < size(); ++i)
      REQUIRE_OK(
          registry.Apply(i, Must(governance::VerifyStatementBytes(vault.entries()[i].body))));
    return registry;
  }
  crypto::Share ShareOf(const TestPerson& person) {
    const governance::SplitRecord split = *Read().vault_key().split();
    const int index = *split.IndexOf(person.id);
    const auto opened = Must(person.box.OpenSecret(
        governance::ShareContext(vault.consortium.id, *ToArray<32>(split.split.ceremony_hash()),
                                 person.id),
        split.split.holders(index - 1).sealed_share()));
    return Must(crypto::ParseShare(opened));
  }
  v1::DeliverShareRequest Delivery(const TestPerson& person, const crypto::Share& share,
                                   int64_t lease = 0) {
    const governance::OpeningRecord opening = *Read().vault_key().opening();
    v1::ShareDelivery delivery;
    delivery.set_consortium(ToString(vault.consortium.id));
    delivery.set_opening_hash(ToString(opening.hash));
    delivery.set_person(person.id.Name());
    delivery.set_sealed_share(Must(crypto::BoxSeal(
        opening.box_key, governance::DeliveryContext(vault.consortium.id, opening.hash, person.id),
        crypto::EncodeShare(share).ExposeSecret())));
    delivery.set_lease_seconds(lease);
    return Signed(person, delivery);
  }
  static v1::DeliverShareRequest Signed(const TestPerson& person,
                                        const v1::ShareDelivery& delivery) {
    v1::DeliverShareRequest request;
    request.set_delivery(delivery.SerializeAsString());
    request.set_signature(person.sign.Sign(governance::kDeliveryPurpose, request.delivery()));
    return request;
  }
  absl::StatusOr<v1::DeliverShareResponse> Deliver(const TestPerson& person, int64_t lease = 0) {
    return custody->Deliver(Delivery(person, ShareOf(person), lease));
  }
  void Unseal() {
    REQUIRE_OK(Deliver(parks));
    REQUIRE(Must(Deliver(library)).unsealed());
    Feed();
    REQUIRE_OK(custody->Use());
  }

  TestVault vault;
  TestPerson& parks;
  TestPerson& transit;
  TestPerson& library;
  std::unique_ptr<Custody> custody;
  std::atomic<int> seals = 0;
};

}  // namespace

TEST_CASE("Custody: with a key file it is open, and a ceremony on the log splits the root",
          "[custody]") {
  Keepers keepers;
  CHECK(keepers.custody->State().root_kind() == "keyfile");
  REQUIRE_OK(keepers.custody->Use());
  keepers.Split();
  CHECK(keepers.custody->State().root_kind() == "shares");
  CHECK(keepers.custody->State().unsealed());
  REQUIRE_OK(keepers.custody->Use());  // still open, by the keys in its memory
  // The key file stays until shares have proven themselves.
  CHECK(std::filesystem::exists(keepers.vault.home() / "root.key"));
  REQUIRE(keepers.Read().vault_key().split().has_value());

  keepers.Start();
  CHECK_FALSE(keepers.custody->State().unsealed());
  REQUIRE_REASON(keepers.custody->Use(), v1::VAULT_SEALED);
  REQUIRE_REASON(keepers.custody->Observe(keepers.vault.Entries(0, 1)), v1::VAULT_SEALED);
  keepers.Feed();
  keepers.Unseal();
  CHECK_FALSE(std::filesystem::exists(keepers.vault.home() / "root.key"));
  CHECK_FALSE(std::filesystem::exists(keepers.vault.home() / "keys.before"));
  const auto figures = Must(Must(keepers.custody->Use())->Figures(keepers.parks.member->Name()));
  CHECK(figures.contact_count() == 3);
  REQUIRE_REASON(keepers.custody->Deliver({}), v1::NAME_MALFORMED);
}

TEST_CASE("Custody: it works only once the log shows whose shares opened it", "[custody]") {
  Keepers keepers;
  keepers.Split();
  keepers.Start();
  keepers.Feed();
  REQUIRE_OK(keepers.Deliver(keepers.transit));
  REQUIRE(Must(keepers.Deliver(keepers.library)).unsealed());
  REQUIRE_REASON(keepers.custody->Use(), v1::VAULT_UNAVAILABLE);
  REQUIRE_OK(keepers.Show());  // everything, but what the vault has to say
  REQUIRE_REASON(keepers.custody->Use(), v1::VAULT_UNAVAILABLE);
  keepers.Feed();
  REQUIRE_OK(keepers.custody->Use());
  const governance::Registry registry = keepers.Read();
  const v1::VaultUnsealed& unsealed = *registry.vault_key().unsealed();
  CHECK(unsealed.holders_size() == 2);
}

TEST_CASE("Custody: what does not open the vault", "[custody][refusal]") {
  Keepers keepers;
  keepers.Split();
  keepers.Start();
  keepers.Feed();
  const auto named = [](const absl::Status& status) { return DetailsOf(status)["holder"]; };

  // k-1 shares, however often they come.
  CHECK_FALSE(Must(keepers.Deliver(keepers.parks)).unsealed());
  CHECK_FALSE(Must(keepers.Deliver(keepers.parks)).unsealed());
  CHECK(keepers.custody->State().key().delivered_size() == 1);

  // A wrong share, signed by who hands it in, is theirs by name; the right ones stay.
  crypto::Share wrong = keepers.ShareOf(keepers.transit);
  wrong.value = wrong.value.Plus(crypto::Scalar::Of(1));
  const auto refused = keepers.custody->Deliver(keepers.Delivery(keepers.transit, wrong));
  REQUIRE_REASON(refused, v1::SHARE_WRONG);
  CHECK(named(refused.status()) == keepers.transit.id.Name());
  CHECK(std::string(refused.status().message()).find(keepers.transit.id.Name()) !=
        std::string::npos);
  CHECK(keepers.custody->State().key().refused(0) == keepers.transit.id.Name());
  CHECK(keepers.custody->State().key().delivered_size() == 1);

  // Another holder's share, in one's own name.
  const auto lent =
      keepers.custody->Deliver(keepers.Delivery(keepers.transit, keepers.ShareOf(keepers.parks)));
  REQUIRE_REASON(lent, v1::SHARE_WRONG);
  // In another's name: the signature is not theirs.
  v1::DeliverShareRequest forged =
      keepers.Delivery(keepers.library, keepers.ShareOf(keepers.library));
  forged.set_signature(keepers.transit.sign.Sign(governance::kDeliveryPurpose, forged.delivery()));
  REQUIRE_REASON(keepers.custody->Deliver(forged), v1::SIGNATURE_INVALID);
  // By somebody who holds none.
  const TestPerson& founder = keepers.vault.consortium.founder;
  REQUIRE_REASON(
      keepers.custody->Deliver(keepers.Delivery(founder, keepers.ShareOf(keepers.library))),
      v1::NOT_A_HOLDER);
  // For an opening before this one, and with what cannot be read.
  const v1::DeliverShareRequest stale =
      keepers.Delivery(keepers.library, keepers.ShareOf(keepers.library));
  v1::DeliverShareRequest padded = stale;
  padded.set_delivery(padded.delivery() + std::string("\x30\x00", 2));
  REQUIRE_REASON(keepers.custody->Deliver(padded), v1::REQUEST_MALFORMED);
  CHECK_FALSE(keepers.custody->State().unsealed());
  keepers.Start();
  keepers.Feed();
  REQUIRE_REASON(keepers.custody->Deliver(stale), v1::OPENING_STALE);
  // The restart forgot the share that was there: a new key takes them all anew.
  CHECK(keepers.custody->State().key().delivered_size() == 0);
  keepers.Unseal();
  REQUIRE_REASON(keepers.custody->Deliver(stale), v1::VAULT_NOT_SEALED);
}

TEST_CASE("Custody: somebody's word on the log seals it, and an old word does not", "[custody]") {
  Keepers keepers;
  keepers.Split();
  keepers.Start();
  keepers.Feed();
  keepers.Unseal();
  v1::Statement seal = keepers.vault.consortium.Base(keepers.transit.id.Name());
  const Bytes32 open = *keepers.Read().vault_key().open_hash();
  seal.mutable_seal()->set_unsealed_hash(ToString(open));
  keepers.Log(TestConsortium::SignBy(keepers.transit, seal));
  CHECK(keepers.seals == 0);
  REQUIRE_OK(keepers.Show());
  CHECK(keepers.seals == 1);
  REQUIRE_REASON(keepers.custody->Use(), v1::VAULT_UNAVAILABLE);
  keepers.Start();
  keepers.Feed();
  keepers.Unseal();  // reads the old word on its way
  CHECK(keepers.seals == 0);
}

TEST_CASE("Custody: it seals itself when the shortest lease ends", "[custody]") {
  Keepers keepers;
  keepers.Split();
  keepers.Start();
  keepers.Feed();
  REQUIRE_OK(keepers.Deliver(keepers.parks, 3600));
  REQUIRE(Must(keepers.Deliver(keepers.library, 1)).unsealed());
  keepers.Feed();
  CHECK(keepers.custody->State().key().lease_end_time() > 0);
  for (int i = 0; i < 100 && keepers.seals == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(keepers.seals == 1);
}

TEST_CASE("Custody: a new root while it is open, and a death at any step of it",
          "[custody][fault]") {
  Keepers keepers;
  keepers.Split();
  keepers.Start();
  keepers.Feed();
  keepers.Unseal();
  const crypto::Share old_share = keepers.ShareOf(keepers.parks);
  SECTION("all goes well") { keepers.Split(2, 3); }
  SECTION("it dies before the log has the split") {
    keepers.Log(keepers.Ceremony(2, 3, {&keepers.parks, &keepers.transit, &keepers.library}));
    REQUIRE_OK(keepers.Show());  // prepared, not said yet
    keepers.Start();
    CHECK(keepers.custody->State().key().epoch() == 1);
    keepers.Feed();  // what it had prepared is said now, and takes effect
    CHECK(keepers.custody->State().key().epoch() == 2);
  }
  SECTION("it dies when the log has the split and the vault has not seen it") {
    keepers.Log(keepers.Ceremony(2, 3, {&keepers.parks, &keepers.transit, &keepers.library}));
    REQUIRE_OK(keepers.Show());
    keepers.Log(keepers.custody->State().statements(0));
    keepers.Start();
    CHECK(keepers.custody->State().key().epoch() == 1);
    REQUIRE_OK(keepers.custody->Commit(keepers.Proof(keepers.size() - 1)));
    CHECK(keepers.custody->State().key().epoch() == 2);
    REQUIRE_OK(keepers.custody->Commit(keepers.Proof(keepers.size() - 1)));
  }
  keepers.Start();
  keepers.Feed();
  CHECK(keepers.Read().vault_key().epoch() == 2);
  REQUIRE_REASON(keepers.custody->Deliver(keepers.Delivery(keepers.parks, old_share)),
                 v1::SHARE_WRONG);
  REQUIRE_OK(keepers.Deliver(keepers.parks));
  REQUIRE_OK(keepers.Deliver(keepers.transit));
  REQUIRE(Must(keepers.Deliver(keepers.library)).unsealed());
  keepers.Feed();
  CHECK(Must(Must(keepers.custody->Use())->Figures(keepers.parks.member->Name())).contact_count() ==
        3);
}

TEST_CASE("Custody: a split that the log does not have is not put in force", "[custody][refusal]") {
  Keepers keepers;
  keepers.Log(keepers.Ceremony(1, 2, {&keepers.parks, &keepers.transit, &keepers.library}));
  REQUIRE_OK(keepers.Show());
  const v1::SignedStatement split = keepers.custody->State().statements(0);
  // Proven by another log's key; of another entry; of a split that this vault did not prepare.
  keepers.Log(split);
  v1::CommitSplitRequest request = keepers.Proof(keepers.size() - 1);
  const crypto::SigningKey stranger = crypto::SigningKey::Generate();
  request.set_checkpoint(tlog::SignCheckpoint(
      {keepers.vault.consortium.log_name(), keepers.size(), Bytes32{1}}, stranger));
  CHECK_FALSE(keepers.custody->Commit(request).ok());
  request = keepers.Proof(keepers.size() - 1);
  request.mutable_split()->set_body(keepers.vault.entries()[0].body);
  REQUIRE_REASON(keepers.custody->Commit(request), v1::PROOF_INVALID);
  CHECK(keepers.custody->State().root_kind() == "keyfile");
  CHECK(std::filesystem::exists(keepers.vault.home() / "root.key"));
  REQUIRE_OK(keepers.custody->Commit(keepers.Proof(keepers.size() - 1)));
  CHECK(keepers.custody->State().root_kind() == "shares");
}

TEST_CASE("Custody: a charter that too few signed is refused by the vault, whatever it is shown",
          "[custody][refusal]") {
  Keepers keepers;
  const auto propose = [&](const TestPerson& by, int version, const Bytes32& predecessor,
                           int quorum) {
    v1::Statement statement = keepers.vault.consortium.Base(by.id.Name());
    v1::CharterProposalStatement& proposal = *statement.mutable_charter_proposal();
    proposal.set_version(version);
    proposal.set_predecessor_hash(ToString(predecessor));
    *proposal.mutable_terms() = keepers.Read().terms();
    proposal.mutable_terms()->set_quorum(quorum);
    return TestConsortium::SignBy(by, statement);
  };
  keepers.Log(propose(keepers.parks, 2, keepers.Read().charter_hash(), 2));
  REQUIRE_OK(keepers.Show());
  CHECK(keepers.custody->State().charter_version() == 2);
  const Bytes32 second = keepers.Read().charter_versions().back().hash;
  // One member would lower it to 1, and go on as if it were: the log shows it, signed by the log.
  const v1::SignedStatement lower = propose(keepers.parks, 3, second, 1);
  keepers.Log(lower);
  REQUIRE_OK(keepers.Show());
  CHECK(keepers.custody->State().charter_version() == 2);
  keepers.Log(propose(keepers.parks, 4, governance::StatementHash(lower), 1));
  REQUIRE_REASON(keepers.Show(), v1::CHARTER_STALE);
  CHECK(keepers.custody->State().charter_version() == 2);
  CHECK(keepers.custody->State().charter_hash() == AsText(second));
}

TEST_CASE("Custody: enough confirmed shares end the key file; before, a ceremony can be undone",
          "[custody]") {
  Keepers keepers;
  keepers.Split();
  const std::filesystem::path home = keepers.vault.home();
  const auto confirm = [&](const TestPerson& holder) {
    v1::Statement statement = keepers.vault.consortium.Base(holder.id.Name());
    statement.mutable_endorsement()->set_statement_hash(
        ToString(keepers.Read().vault_key().split()->hash));
    keepers.Log(TestConsortium::SignBy(holder, statement));
    REQUIRE_OK(keepers.Show());
  };
  confirm(keepers.parks);
  CHECK(std::filesystem::exists(home / "root.key"));
  SECTION("by hand, when the holders cannot open it") {
    keepers.custody.reset();
    std::filesystem::rename(home / "keys.before", home / "keys.sealed");
    keepers.Start();
    CHECK(keepers.custody->State().root_kind() == "keyfile");
    REQUIRE_OK(keepers.custody->Use());
    keepers.Split(2, 2);  // and once more
    return;
  }
  confirm(keepers.library);
  CHECK_FALSE(std::filesystem::exists(home / "root.key"));
  CHECK_FALSE(std::filesystem::exists(home / "keys.before"));
}

TEST_CASE("Custody: a split that is on the log and not read yet is not made twice", "[custody]") {
  Keepers keepers;
  keepers.Log(keepers.Ceremony(1, 2, {&keepers.parks, &keepers.transit, &keepers.library}));
  REQUIRE_OK(keepers.Show());
  const v1::SignedStatement split = keepers.custody->State().statements(0);
  keepers.Log(split);
  REQUIRE_OK(keepers.custody->Commit(keepers.Proof(keepers.size() - 1)));
  // A page of the log that stops before the split.
  REQUIRE_OK(
      keepers.custody->Observe(keepers.vault.Entries(keepers.size() - 2, keepers.size() - 1)));
  CHECK(keepers.custody->State().statements().empty());
  keepers.Start();
  keepers.Feed();
  keepers.Unseal();
}

TEST_CASE("Custody: two processes do not share a home", "[custody]") {
  Keepers keepers;
  VaultOptions options;
  options.home = keepers.vault.home();
  REQUIRE_REASON(Custody::Open(
                     options, [] {}, keepers.vault.clock),
                 v1::RESTART_REFUSED);
}

}  // namespace muster::pipeline
