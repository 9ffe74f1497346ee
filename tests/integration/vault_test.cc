// SPDX-License-Identifier: Apache-2.0
//
// The members' ceremony with real processes: split, seal, unseal, rotate, and kills in the middle.
#include <signal.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "cli/client.h"
#include "cli/key_file.h"
#include "cli/profile.h"
#include "core/base/error.h"
#include "core/governance/vault_key.h"
#include "muster/v1/vault_key_service.pb.h"
#include "tests/integration/pool.h"
#include "tests/support/status.h"

namespace muster::test {
namespace {

using testing::Must;

constexpr int kRows = 300;

struct Ceremony : Pool {
  Ceremony() {
    for (const char* member : {"parks", "transit", "library"}) AddMember(member);
    std::ofstream out(dir() / "list.csv");
    out << "email,first_name\n";
    for (int i = 0; i < kRows; ++i) out << "keeper" << i << "@example.org,First" << i << "\n";
    out.close();
    CHECK(JsonAs("parks", {"upload", List(), "--list", "l"})["contacts"] == kRows);
  }
  std::string List() const { return (dir() / "list.csv").string(); }
  Json Status() const { return JsonAs("operator", {"vault", "status"}); }
  bool AwaitState(const std::string& state) const {
    return Eventually([&] { return Status()["state"] == state; });
  }
  void KillVault() {
    const pid_t pid = VaultPid();
    REQUIRE(pid > 0);
    REQUIRE(::kill(pid, SIGKILL) == 0);
    REQUIRE(Eventually([&] { return VaultPid() > 0 && VaultPid() != pid; }));
    REQUIRE(AwaitState("sealed"));
  }
  void Unseal(const std::string& a, const std::string& b) {
    CHECK(JsonAs(a, {"vault", "unseal"})["state"] == "sealed");
    CHECK(JsonAs(b, {"vault", "unseal"})["state"] == "unsealed");
  }
  void CheckAllThere() { CHECK(JsonAs("parks", {"status"})["mine"]["contacts"] == kRows); }
};

}  // namespace

TEST_CASE("Three members keep the key: any two open the vault, whatever dies in between",
          "[integration][vault][fault]") {
  Ceremony pool;
  CHECK(pool.Status()["root"] == "keyfile");
  CHECK(pool.ErrorAs("parks", {"vault", "seal"})["reason"] == "VAULT_NOT_SPLIT");
  CHECK(pool.ErrorAs("operator", {"vault", "init", "--threshold", "2", "--holders",
                                  "4"})["reason"] == "NOT_A_HOLDER");

  const Json split =
      pool.JsonAs("operator", {"vault", "init", "--threshold", "2", "--holders", "3"});
  CHECK(split["state"] == "done");
  CHECK(split["holders"].size() == 3);
  CHECK(std::filesystem::exists(pool.home() / "vault" / "root.key"));
  for (const char* member : {"parks", "transit", "library"})
    CHECK(pool.JsonAs(member, {"vault", "confirm"})["confirmed"] == true);
  // As many as it takes have shown that their shares open.
  REQUIRE(Eventually([&] { return !std::filesystem::exists(pool.home() / "vault" / "root.key"); }));
  CHECK_FALSE(std::filesystem::exists(pool.home() / "vault" / "keys.before"));
  CHECK(pool.ErrorAs("operator", {"vault", "confirm"})["reason"] == "NOT_A_HOLDER");
  pool.CheckAllThere();

  // Anybody seals it; nobody works with it then, and they are told what to do.
  CHECK(pool.JsonAs("library", {"vault", "seal", "--reason", "a drill"})["state"] == "sealed");
  const Json refused = pool.ErrorAs("parks", {"upload", pool.List(), "--list", "m"});
  CHECK(refused["reason"] == "VAULT_SEALED");
  CHECK(refused["exit_code"] == 4);
  CHECK(refused["message"].get<std::string>().find("muster vault unseal") != std::string::npos);
  CHECK(pool.JsonAs("parks", {"status"})["vault"]["state"] == "sealed");

  // One share is not enough, twice neither; a vault that dies forgets it.
  CHECK(pool.JsonAs("parks", {"vault", "unseal"})["delivered"] == 1);
  CHECK(pool.JsonAs("parks", {"vault", "unseal"})["delivered"] == 1);
  pool.KillVault();
  CHECK(pool.Status()["delivered"] == 0);
  pool.Unseal("transit", "library");
  pool.CheckAllThere();
  CHECK(pool.JsonAs("parks", {"upload", pool.List(), "--list", "m"})["contacts"] == kRows);

  // The whole server dies: the vault is sealed, and opens with another two.
  pool.Kill();
  pool.Start();
  REQUIRE(pool.AwaitState("sealed"));
  pool.Unseal("parks", "transit");
  pool.CheckAllThere();
  CHECK(pool.Stop() == 0);
}

TEST_CASE("A wrong share is refused by name, over the real server", "[integration][vault]") {
  Ceremony pool;
  (void)pool.JsonAs("operator", {"vault", "init", "--threshold", "2", "--holders", "3"});
  (void)pool.JsonAs("parks", {"vault", "seal"});
  // Transit, with its own keys and a share that it made up: the opening's key is not even needed
  // for the vault to know whose it is.
  const cli::Profile profile = Must(cli::ProfileStore(pool.dir() / "profiles").Load("transit"));
  cli::Passphrase none(nullptr, {});
  const crypto::SigningKey key = Must(cli::ReadSigningKey(profile.folder / "sign.key", none));
  cli::Client client(profile.server, profile.certificate_pem,
                     cli::Caller{profile.person, profile.consortium, &key});
  v1::GetVaultKeysResponse keys;
  REQUIRE_OK(client.Call("VaultKeyService/GetVaultKeys", v1::GetVaultKeysRequest(), keys));
  v1::ShareDelivery delivery;
  delivery.set_consortium(ToString(profile.consortium));
  delivery.set_opening_hash(keys.key().opening_hash());
  delivery.set_person(profile.person.Name());
  delivery.set_sealed_share(std::string(82, 'x'));
  v1::DeliverShareRequest request;
  request.set_delivery(delivery.SerializeAsString());
  request.set_signature(key.Sign(governance::kDeliveryPurpose, request.delivery()));
  v1::DeliverShareResponse response;
  const absl::Status refused = client.Call("VaultKeyService/DeliverShare", request, response);
  CHECK(ReasonOf(refused) == v1::SHARE_WRONG);
  CHECK(std::string(refused.message()).find(profile.person.Name()) != std::string::npos);
  bool named = false;
  REQUIRE(Eventually([&] {
    const Json status = pool.Status();
    for (const Json& holder : status["holders"])
      named = named || (holder["person"] == profile.person.Name() && holder["refused"] == true);
    return named;
  }));
  pool.Unseal("parks", "library");
  pool.CheckAllThere();
}

TEST_CASE("A new root: killed in the middle, the vault opens with the old shares or the new",
          "[integration][vault][fault]") {
  Ceremony pool;
  (void)pool.JsonAs("operator", {"vault", "init", "--threshold", "2", "--holders", "3"});
  auto rotation = pool.StartAs(
      "operator", {"vault", "init", "--threshold", "3", "--holders", "3", "--json"}, "rotation");
  // As soon as the new root is prepared, or already in force.
  const std::filesystem::path home = pool.home() / "vault";
  REQUIRE(Eventually(
      [&] { return std::filesystem::exists(home / "keys.next") || pool.Status()["epoch"] == 2; }));
  const pid_t pid = pool.VaultPid();
  REQUIRE(::kill(pid, SIGKILL) == 0);
  (void)rotation->Wait(std::chrono::seconds(120));
  // Whatever it had come to: what the log has takes effect, by itself.
  REQUIRE(Eventually([&] {
    const Json status = pool.Status();
    return status["state"] == "sealed" && status["epoch"] == 2;
  }));
  CHECK(pool.JsonAs("parks", {"vault", "unseal"})["threshold"] == 3);
  CHECK(pool.JsonAs("transit", {"vault", "unseal"})["state"] == "sealed");
  CHECK(pool.JsonAs("library", {"vault", "unseal"})["state"] == "unsealed");
  pool.CheckAllThere();
}

TEST_CASE("A lease ends, and the vault seals itself", "[integration][vault]") {
  Ceremony pool;
  (void)pool.JsonAs("operator", {"vault", "init", "--threshold", "1", "--holders", "2"});
  (void)pool.JsonAs("parks", {"vault", "seal"});
  CHECK(pool.ErrorAs("parks", {"vault", "unseal", "--lease", "soon"})["reason"] ==
        "TIME_MALFORMED");
  CHECK(pool.JsonAs("transit", {"vault", "unseal", "--lease", "4s"})["state"] == "unsealed");
  REQUIRE(pool.AwaitState("sealed"));
}

TEST_CASE("The members decide: charters and admissions wait for the quorum", "[integration]") {
  Ceremony pool;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(pool.dir() / name) << text;
    return (pool.dir() / name).string();
  };
  const Json raised =
      pool.JsonAs("parks", {"charter", "propose", write("two.toml", "[decisions]\nquorum = 2\n")});
  CHECK(raised["in_effect"] == true);
  CHECK(pool.ErrorAs("parks",
                     {"charter", "propose", write("bad.toml", "[decisions]\nq = 2\n")})["reason"] ==
        "CHARTER_MALFORMED");
  const Json pending = pool.JsonAs(
      "operator", {"charter", "propose", write("one.toml", "[decisions]\nquorum = 1\n")});
  CHECK(pending["in_effect"] == false);
  CHECK(pool.ErrorAs("operator", {"charter", "sign"})["reason"] == "STATEMENT_REFUSED");
  CHECK(pool.JsonAs("parks", {"charter", "sign"})["signed"][0]["in_effect"] == false);
  CHECK(pool.ErrorAs("parks", {"charter", "sign"})["reason"] == "NOTHING_TO_SIGN");
  CHECK(pool.JsonAs("library", {"charter", "show"})["terms"]["decisions"]["quorum"] == 2);

  const std::string invite =
      pool.JsonAs("operator", {"member", "add", "museum"})["invite"].get<std::string>();
  CHECK(pool.ErrorAs("museum", {"join", invite, "--no-passphrase"})["reason"] == "QUORUM_MISSING");
  CHECK(pool.ErrorAs("library", {"charter", "sign"})["reason"] == "FIELD_REQUIRED");
  const Json waiting = pool.JsonAs("library", {"charter", "show"}).at("pending");
  REQUIRE(waiting.size() == 2);
  const std::string admission = waiting[1]["id"];
  for (const char* member : {"parks", "transit"})
    (void)pool.JsonAs(member, {"charter", "sign", admission});
  CHECK(pool.RunAs("museum", {"join", invite, "--no-passphrase"}).exit_code == 0);

  CHECK(pool.JsonAs("transit", {"charter", "sign"})["signed"][0]["in_effect"] == true);
  const Json history = pool.JsonAs("library", {"charter", "history"});
  REQUIRE(history["versions"].size() == 3);
  CHECK(history["versions"][2]["signed_by"].size() == 2);
  // The vault follows the same log, and says so.
  REQUIRE(Eventually([&] { return pool.Status()["charter_version"] == 3; }));
  // What an auditor is given shows how many had to sign.
  const std::string report = (pool.dir() / "museum.report").string();
  const std::string bundle = (pool.dir() / "bundle").string();
  (void)pool.JsonAs("museum", {"upload", pool.List(), "--list", "l"});
  (void)pool.JsonAs("museum", {"report", "provenance", "--out", report});
  (void)pool.JsonAs("museum", {"log", "bundle", "--out", bundle});
  CHECK(pool.JsonAs("museum", {"audit", "verify", report, "--bundle", bundle})["ok"] == true);
}

}  // namespace muster::test
