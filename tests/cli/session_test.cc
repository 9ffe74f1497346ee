// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <cstdlib>
#include <sstream>

#include "cli/certificate.h"
#include "core/base/file.h"
#include "muster/v1/log_service.pb.h"
#include "tests/cli/fake_front_desk.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;

struct Desk {
  test::TempDir home;
  report::Consortium consortium;
  report::Organization parks{"Parks Alliance"};
  std::unique_ptr<FakeFrontDesk> server;
  std::ostringstream out, err;
  Console console{{}, out, err};
  Profile profile;

  explicit Desk(std::optional<uint64_t> seen = 3) {
    ::setenv("MUSTER_HOME", home.path().c_str(), 1);
    consortium.Join(parks);
    server = std::make_unique<FakeFrontDesk>(&consortium, &parks);
    profile = server->WriteProfile(home.path(), "parks", seen);
  }
  ~Desk() { ::unsetenv("MUSTER_HOME"); }
  absl::StatusOr<std::unique_ptr<Session>> Open() {
    Invocation invocation;
    invocation.console = &console;
    return Session::Open(invocation);
  }
  absl::Status Look(Session& session) {
    v1::GetCheckpointRequest request;
    request.set_known_size(session.known_size());
    v1::CheckpointProof proof;
    MUSTER_RETURN_IF_ERROR(session.Call("LogService/GetCheckpoint", request, proof));
    return session.Accept(proof);
  }
  uint64_t SeenOnDisk() { return Must(ReadSeenCheckpoint(profile))->size; }
};

TEST_CASE("A growing log is followed, and what was seen is kept", "[cli]") {
  Desk desk;
  const auto session = Must(desk.Open());
  REQUIRE_OK(desk.Look(*session));
  desk.server->Between([&] {
    desk.consortium.Upload(desk.parks, 1, 1);
    desk.consortium.Upload(desk.parks, 1, 1);
  });
  REQUIRE_OK(desk.Look(*session));
  CHECK(session->seen().size == 5);
  CHECK(desk.SeenOnDisk() == 5);
  REQUIRE_OK(desk.Look(*session));
}

TEST_CASE("A log that was rewritten is refused with both trees, and the evidence is kept",
          "[cli][fault]") {
  Desk desk;
  const auto session = Must(desk.Open());
  const std::string before = desk.consortium.Checkpoint();
  SECTION("the same size, another root") { desk.consortium.entries().back().salt[0] ^= 1; }
  SECTION("larger, with another past") {
    desk.consortium.entries()[1].salt[0] ^= 1;
    desk.consortium.Upload(desk.parks, 1, 1);
  }
  SECTION("smaller") { desk.consortium.entries().pop_back(); }
  const absl::Status status = desk.Look(*session);
  CHECK((ReasonOf(status) == v1::LOG_FORKED || ReasonOf(status) == v1::LOG_REWOUND));
  CHECK(ExitCodeOf(status) == 1);
  const ErrorDetails details = DetailsOf(status);
  CHECK(details.at("seen_size") == "3");
  CHECK(details.at("seen_root") != details.at("shown_root"));
  CHECK(std::string(status.message()).find("THE LOG WAS REWRITTEN") == 0);
  for (const char* key : {"seen_size", "seen_root", "shown_size", "shown_root"}) {
    CHECK(std::string(status.message()).find(details.at(key)) != std::string::npos);
  }
  const std::string evidence = test::Slurp(details.at("evidence"));
  CHECK(evidence.find(before) != std::string::npos);
  CHECK(evidence.find(desk.consortium.Checkpoint()) != std::string::npos);
  CHECK(test::Slurp(desk.profile.folder / "checkpoint") == before);
}

TEST_CASE("A checkpoint that the log did not sign is refused", "[cli][fault]") {
  Desk desk;
  const auto session = Must(desk.Open());
  const report::Consortium other;
  desk.server->Bend<v1::CheckpointProof>(
      "LogService/GetCheckpoint",
      [&](v1::CheckpointProof& proof) { proof.set_checkpoint(other.Checkpoint()); });
  REQUIRE_REASON(desk.Look(*session), v1::CHECKPOINT_UNSIGNED);
  CHECK(desk.SeenOnDisk() == 3);
}

TEST_CASE("The first look at the log finds the charter that was pinned, or refuses", "[cli]") {
  Desk desk(std::nullopt);
  REQUIRE_OK(desk.Open());
  CHECK(desk.SeenOnDisk() == 3);

  Desk lied(std::nullopt);
  const report::Consortium other;
  lied.server->Bend<v1::Bundle>("ReportService/GetBundle",
                                [&](v1::Bundle& bundle) { bundle = other.MakeBundle(); });
  REQUIRE_REASON(lied.Open(), v1::LOG_FORKED);
  CHECK_FALSE(Must(ReadSeenCheckpoint(lied.profile)).has_value());
}

TEST_CASE("The whole log is read, checked against its root, and tells the member's key", "[cli]") {
  Desk desk;
  const auto session = Must(desk.Open());
  CHECK(Must(session->ReadLog()).entries.size() == 3);
  CHECK(Must(session->MemberKey()) == desk.parks.person.m->TimesBase());
  // Pinned from now on: asked for no more.
  const int64_t calls = desk.server->CallCount("LogService/ListEntries");
  CHECK(Must(Must(desk.Open())->MemberKey()) == desk.parks.person.m->TimesBase());
  CHECK(desk.server->CallCount("LogService/ListEntries") == calls);
}

TEST_CASE("A list of entries that is not the signed tree's is refused", "[cli][fault]") {
  Desk desk;
  const auto session = Must(desk.Open());
  const auto bend = [&](std::function<void(v1::ListEntriesResponse&)> how) {
    desk.server->Bend<v1::ListEntriesResponse>("LogService/ListEntries", std::move(how));
    return session->ReadLog().status();
  };
  REQUIRE_REASON(bend([](v1::ListEntriesResponse& page) {
                   page.mutable_entries(2)->mutable_salt()->at(0) ^= 1;
                 }),
                 v1::PROOF_INVALID);
  REQUIRE_REASON(bend([](v1::ListEntriesResponse& page) {
                   page.mutable_entries(2)->clear_body();
                   page.mutable_entries(2)->mutable_commitment()->at(0) ^= 1;
                 }),
                 v1::LOG_FORKED);
  REQUIRE_REASON(
      bend([](v1::ListEntriesResponse& page) { page.mutable_entries()->SwapElements(1, 2); }),
      v1::ENTRY_MALFORMED);
  REQUIRE_REASON(bend([](v1::ListEntriesResponse& page) { page.clear_entries(); }),
                 v1::LOG_REWOUND);
  // Hiding the charter's text hides nothing else.
  REQUIRE_REASON(bend([](v1::ListEntriesResponse& page) { page.mutable_entries(0)->clear_body(); }),
                 v1::STATEMENT_REFUSED);
}

TEST_CASE("A checkpoint from elsewhere is tied to the tree seen here, or the log has two",
          "[cli]") {
  Desk desk;
  const auto session = Must(desk.Open());
  const std::string older = desk.consortium.Checkpoint(2);
  desk.consortium.Upload(desk.parks, 1, 1);
  desk.consortium.Upload(desk.parks, 1, 1);
  REQUIRE_OK(session->Reconcile(desk.consortium.Checkpoint()));
  CHECK(session->seen().size == 5);
  REQUIRE_OK(session->Reconcile(older));
  REQUIRE_OK(session->Reconcile(desk.consortium.Checkpoint(4)));
  const auto salt = desk.consortium.entries()[1].salt;
  desk.consortium.entries()[1].salt[0] ^= 1;
  const std::string forked = desk.consortium.Checkpoint(4);
  desk.consortium.entries()[1].salt = salt;
  const absl::Status status = session->Reconcile(forked);
  CHECK((ReasonOf(status) == v1::LOG_FORKED || ReasonOf(status) == v1::PROOF_INVALID));
}

TEST_CASE("Another certificate at the address is refused, whoever asks", "[cli][fault]") {
  Desk desk;
  const std::string address = desk.server->address();
  desk.server.reset();
  desk.server =
      std::make_unique<FakeFrontDesk>(&desk.consortium, &desk.parks, TlsIdentity::Make(), address);
  const auto session = Must(desk.Open());
  const absl::Status status = desk.Look(*session);
  REQUIRE_REASON(status, v1::CERTIFICATE_MISMATCH);
  CHECK(ExitCodeOf(status) == 1);
  CHECK(desk.server->calls().empty());
  REQUIRE_REASON(FetchPinnedCertificate(address, std::string(32, 'x')), v1::CERTIFICATE_MISMATCH);
  const Certificate shown = Must(FetchCertificate(address));
  CHECK(shown.pem == desk.server->certificate_pem());
  CHECK(Must(CertificateSha256(shown.pem)) == shown.sha256);
}

TEST_CASE("Nobody at the address is exit code 4", "[cli][fault]") {
  Desk desk;
  desk.server.reset();
  const auto session = Must(desk.Open());
  const absl::Status status = desk.Look(*session);
  REQUIRE_REASON(status, v1::SERVER_UNAVAILABLE);
  CHECK(ExitCodeOf(status) == 4);
  REQUIRE_REASON(FetchCertificate(desk.profile.server), v1::SERVER_UNAVAILABLE);
  REQUIRE_REASON(FetchCertificate("no-such-host.invalid:1"), v1::SERVER_UNAVAILABLE);
}

TEST_CASE("A server that has just started, or is busy, is asked again; others are not",
          "[cli][fault]") {
  Desk desk;
  const auto session = Must(desk.Open());
  int failures = 0;
  const auto [reason, times, passes] =
      GENERATE(table<Reason, int, bool>({{v1::TOKEN_BEFORE_START, 1, true},
                                         {v1::TOKEN_BEFORE_START, 2, false},
                                         {v1::SERVER_BUSY, 2, true},
                                         {v1::VAULT_UNAVAILABLE, 1, true},
                                         {v1::ROLE_NOT_ALLOWED, 1, false}}));
  desk.server->Before("LogService/GetCheckpoint", [&, r = reason, t = times]() -> absl::Status {
    return ++failures <= t ? MakeError(r, "not now") : absl::OkStatus();
  });
  const absl::Status status = desk.Look(*session);
  CHECK(status.ok() == passes);
  if (!passes) CHECK(ReasonOf(status) == reason);
}

TEST_CASE("--server dials elsewhere and trusts nobody else", "[cli]") {
  Desk desk;
  Profile moved = desk.profile;
  moved.server = "127.0.0.1:1";
  REQUIRE_OK(UpdateProfile(moved));
  Invocation invocation;
  invocation.console = &desk.console;
  invocation.server = desk.server->address();
  const auto session = Must(Session::Open(invocation));
  REQUIRE_OK(desk.Look(*session));
  invocation.server = "nonsense";
  REQUIRE_REASON(Session::Open(invocation), v1::NAME_MALFORMED);
}

}  // namespace
}  // namespace muster::cli
