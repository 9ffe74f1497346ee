// SPDX-License-Identifier: Apache-2.0
#include "cli/log_witness.h"

#include <cstdlib>
#include <sstream>

#include "cli/monitor.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "core/tlog/gossip.h"
#include "core/tlog/policy.h"
#include "core/tlog/witness.h"
#include "muster/v1/log_service.pb.h"
#include "tests/cli/fake_front_desk.h"
#include "tests/support/consortium.h"
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

  Desk() {
    ::setenv("MUSTER_HOME", home.path().c_str(), 1);
    consortium.Join(parks);
    server = std::make_unique<FakeFrontDesk>(&consortium, &parks);
    profile = server->WriteProfile(home.path(), "parks", 3);
  }
  ~Desk() { ::unsetenv("MUSTER_HOME"); }
  Invocation invocation() {
    Invocation invocation;
    invocation.console = &console;
    invocation.witness = true;
    return invocation;
  }
  tlog::Policy policy() const {
    return tlog::ThresholdPolicy(profile.log_key,
                                 {{tlog::WitnessName(profile.log_key.name, profile.person.Name()),
                                   tlog::kAlgorithmCosignature, parks.person.cosign.verify_key()}},
                                 1);
  }
  std::string Seen() { return test::Slurp(profile.folder / "checkpoint"); }
};

TEST_CASE("Every command checks the log, keeps its tree and cosigns it", "[cli]") {
  Desk desk;
  desk.consortium.Upload(desk.parks, 1, 1);
  bool kept = false;
  desk.server->Before("LogService/AddCosignature", [&] {
    kept = desk.Seen() == desk.consortium.Checkpoint();
    return absl::OkStatus();
  });
  REQUIRE_OK(Session::Open(desk.invocation()));
  CHECK(kept);  // on disk before the cosignature left
  REQUIRE(desk.server->cosigned.size() == 1);
  CHECK(Must(tlog::OpenCosigned(desk.server->cosigned[0], desk.policy())).checkpoint.size == 4);
  // Nothing new: cosigned again, so that the time is new.
  REQUIRE_OK(Session::Open(desk.invocation()));
  CHECK(desk.server->cosigned.size() == 2);
}

TEST_CASE("A log that shows another tree, drops, reorders or goes back is refused and not cosigned",
          "[cli][fault]") {
  Desk desk;
  desk.consortium.Upload(desk.parks, 1, 1);
  REQUIRE_OK(Session::Open(desk.invocation()));
  const std::string seen = desk.Seen();
  desk.server->cosigned.clear();
  auto& entries = desk.consortium.entries();
  SECTION("another tree of the same size") { entries.back().salt[0] ^= 1; }
  SECTION("an entry dropped, and the log grown") {
    entries.erase(entries.begin() + 2);
    desk.consortium.Upload(desk.parks, 1, 1);
    desk.consortium.Upload(desk.parks, 1, 1);
  }
  SECTION("two entries in another order, and the log grown") {
    std::swap(entries[2], entries[3]);
    desk.consortium.Upload(desk.parks, 1, 1);
  }
  SECTION("an entry put in before others, as if it were older") {
    entries.insert(entries.begin() + 2, entries.back());
  }
  SECTION("rewound") { entries.pop_back(); }
  const absl::Status status = Session::Open(desk.invocation()).status();
  CHECK((ReasonOf(status) == v1::LOG_FORKED || ReasonOf(status) == v1::LOG_REWOUND));
  CHECK(ExitCodeOf(status) == 1);
  CHECK(DetailsOf(status).contains("seen_root"));
  CHECK(DetailsOf(status).contains("shown_root"));
  // What was shown is not cosigned; what was seen is, as evidence for whoever serves the log.
  REQUIRE(desk.server->cosigned.size() == 1);
  CHECK(Must(tlog::OpenCosigned(desk.server->cosigned[0], desk.policy())).checkpoint ==
        Must(tlog::OpenCheckpoint(seen, desk.profile.log_key)));
  CHECK(desk.Seen() == seen);
  const absl::Status followed = RunLogWitness(desk.invocation(), {true, 1}).status();
  CHECK(ReasonOf(followed) == ReasonOf(status));
}

TEST_CASE("A server that admits to have fewer entries is shown its own signature", "[cli][fault]") {
  Desk desk;
  desk.server->Before("LogService/GetCheckpoint",
                      [] { return MakeError(v1::LOG_REWOUND, "there are fewer entries"); });
  const absl::Status status = Session::Open(desk.invocation()).status();
  CHECK(ReasonOf(status) == v1::LOG_REWOUND);
  CHECK(std::string(status.message()).find("THE LOG WAS SET BACK") == 0);
  REQUIRE(desk.server->cosigned.size() == 1);
  CHECK(Must(tlog::OpenCosigned(desk.server->cosigned[0], desk.policy())).checkpoint.size == 3);
}

TEST_CASE("A stale checkpoint and one under another key are not cosigned", "[cli][fault]") {
  Desk desk;
  const std::string old = desk.consortium.Checkpoint();
  desk.consortium.Upload(desk.parks, 1, 1);
  REQUIRE_OK(Session::Open(desk.invocation()));
  desk.server->cosigned.clear();
  const std::string seen = desk.Seen();
  std::string shown;
  bool stale = false;
  SECTION("stale") {
    shown = old;
    stale = true;
  }
  SECTION("a swapped key") {
    shown = tlog::SignCheckpoint({desk.profile.log_key.name, 9, Bytes32{9}},
                                 crypto::SigningKey::Generate());
  }
  desk.server->Bend<v1::CheckpointProof>(
      "LogService/GetCheckpoint", [&](v1::CheckpointProof& proof) { proof.set_checkpoint(shown); });
  const absl::Status status = Session::Open(desk.invocation()).status();
  CHECK(desk.Seen() == seen);
  if (!stale) {
    CHECK_FALSE(status.ok());
    CHECK(desk.server->cosigned.empty());
    return;
  }
  // The server is shown what it had signed before, and no more than that.
  CHECK(ReasonOf(status) == v1::LOG_REWOUND);
  REQUIRE(desk.server->cosigned.size() == 1);
  CHECK(Must(tlog::OpenCosigned(desk.server->cosigned[0], desk.policy())).checkpoint ==
        Must(tlog::OpenCheckpoint(seen, desk.profile.log_key)));
}

TEST_CASE("A cosignature that the server does not take holds nobody up, unless the log says why",
          "[cli][fault]") {
  Desk desk;
  desk.server->Before("LogService/AddCosignature",
                      [] { return MakeError(v1::DISK_FULL, "no space left"); });
  REQUIRE_OK(Session::Open(desk.invocation()));
  CHECK(desk.err.str().find("did not take the cosignature") != std::string::npos);
  desk.server->Before("LogService/AddCosignature",
                      [] { return MakeError(v1::LOG_FORKED, "another tree"); });
  REQUIRE_REASON(Session::Open(desk.invocation()), v1::LOG_FORKED);
}

TEST_CASE("Two commands at once that were shown two trees do not both go on", "[cli][fault]") {
  Desk desk;
  const auto session = Must(Session::Open([&] {
    Invocation bare = desk.invocation();
    bare.witness = false;
    return bare;
  }()));
  // This one was shown the log as it is; meanwhile the other has kept another tree.
  desk.consortium.Upload(desk.parks, 1, 1);
  desk.server->Bend<v1::CheckpointProof>("LogService/GetCheckpoint", [&](v1::CheckpointProof&) {
    const std::string other =
        tlog::SignCheckpoint({desk.profile.log_key.name, 5, Bytes32{5}}, desk.consortium.log_key);
    MUSTER_CHECK(WriteFileDurably(desk.profile.folder / "checkpoint", other).ok());
  });
  CHECK_FALSE(session->WitnessLog().ok());
  CHECK(Must(tlog::OpenCheckpoint(desk.Seen(), desk.profile.log_key)).size == 5);
}

TEST_CASE("The witness looks once, says what is new of its member, and remembers", "[cli]") {
  Desk desk;
  desk.consortium.Upload(desk.parks, 1, 1);
  CHECK(Must(RunLogWitness(desk.invocation(), {})) == kExitDone);
  CHECK(desk.err.str().find("upload, ") != std::string::npos);
  CHECK(desk.err.str().find("ALARM") == std::string::npos);
  CHECK(Must(ReadMonitored(desk.profile)) == 4);
  desk.err.str("");
  CHECK(Must(RunLogWitness(desk.invocation(), {})) == kExitDone);
  CHECK(desk.err.str().find("upload, ") == std::string::npos);
}

TEST_CASE("Gossip lines of one log agree, and those of two convict it", "[cli]") {
  Desk desk;
  CHECK(Must(RunLogGossip(desk.invocation(), {})) == kExitDone);
  std::string line = desk.out.str();
  CHECK(line.find("muster-log ") == 0);
  desk.consortium.Upload(desk.parks, 1, 1);
  CHECK(Must(RunLogGossip(desk.invocation(), {line})) == kExitDone);
  // Another member was shown another tree, signed by the same log.
  const std::string other = Must(tlog::FormatGossip(
      tlog::SignCheckpoint({desk.profile.log_key.name, 4, Bytes32{7}}, desk.consortium.log_key),
      desk.profile.log_key));
  const absl::Status status = RunLogGossip(desk.invocation(), {other}).status();
  CHECK(ReasonOf(status) == v1::LOG_FORKED);
  CHECK(DetailsOf(status).contains("evidence"));
  REQUIRE_REASON(RunLogGossip(desk.invocation(), {"hello"}), v1::CHECKPOINT_MALFORMED);
}

TEST_CASE("What concerns a member and was not made by it is foreign", "[cli][monitor]") {
  test::TestConsortium pool;
  governance::Registry registry;
  uint64_t size = 0;
  const auto verified = [](const v1::SignedStatement& statement) {
    return Must(governance::VerifyStatement(statement));
  };
  const auto apply = [&](const v1::SignedStatement& statement) {
    auto entry = verified(statement);
    REQUIRE_OK(registry.Apply(size++, entry));
    return entry;
  };
  test::TestPerson ada;
  test::TestPerson bo;
  test::TestPerson eve;
  ada.member = test::DrawId<MemberId>();
  bo.member = ada.member;
  eve.member = test::DrawId<MemberId>();
  ada.m = crypto::Scalar::Random();
  eve.m = crypto::Scalar::Random();
  const std::vector<v1::Role> roles = {v1::ROLE_UPLOADER, v1::ROLE_APPROVER};
  const test::TestInvite to_ada;
  const test::TestInvite to_bo;
  const test::TestInvite to_eve;
  using Pool = test::TestConsortium;
  const auto charter = apply(pool.SignedCharter());
  const auto admits_ada = apply(
      Pool::SignBy(pool.founder, pool.Admission(pool.founder, to_ada, ada, "Parks", true, roles)));
  const auto ada_joins = apply(Pool::SignJoin(pool.Join(to_ada, ada), to_ada, ada));
  const auto admits_bo =
      apply(Pool::SignBy(ada, pool.Admission(ada, to_bo, bo, "Parks", false, roles)));
  const auto bo_joins = apply(Pool::SignJoin(pool.Join(to_bo, bo), to_bo, bo));
  const auto admits_eve = apply(Pool::SignBy(
      pool.founder, pool.Admission(pool.founder, to_eve, eve, "Transit", true, roles)));
  const auto eve_joins = apply(Pool::SignJoin(pool.Join(to_eve, eve), to_eve, eve));
  const auto upload_id = test::DrawId<UploadId>();
  const v1::SignedStatement uploaded = Pool::SignBy(bo, pool.Upload(bo, upload_id));
  const auto upload = apply(uploaded);
  const auto intake = apply(pool.SignByVault(pool.Intake(uploaded)));

  const auto judge = [&](uint64_t index, const governance::VerifiedStatement& entry) {
    return JudgeEntry(index, entry, registry, *ada.member, 2);
  };
  CHECK(judge(0, charter) == Concern::kNone);
  CHECK(judge(1, admits_ada) == Concern::kAnswer);
  CHECK(judge(2, ada_joins) == Concern::kAnswer);
  CHECK(judge(3, admits_bo) == Concern::kOwn);
  CHECK(judge(4, bo_joins) == Concern::kOwn);
  CHECK(judge(5, admits_eve) == Concern::kNone);
  CHECK(judge(6, eve_joins) == Concern::kNone);
  CHECK(judge(7, upload) == Concern::kOwn);
  CHECK(judge(8, intake) == Concern::kAnswer);

  v1::Statement asked = pool.Base(bo.id.Name());
  v1::EraseStatement& erase = *asked.mutable_erase();
  erase.set_erasure(test::DrawId<ErasureId>().Name());
  erase.set_member(ada.member->Name());
  erase.set_sealed_hash(std::string(32, 'h'));
  erase.set_commitment(std::string(32, 'c'));
  const auto asks_to_erase = apply(Pool::SignBy(bo, asked));
  v1::Statement done = pool.Base("vault");
  done.mutable_erased()->set_erasure(erase.erasure());
  done.mutable_erased()->set_member(erase.member());
  done.mutable_erased()->set_commitment(erase.commitment());
  done.mutable_erased()->set_done(true);
  const auto erased = apply(pool.SignByVault(done));
  CHECK(judge(9, asks_to_erase) == Concern::kOwn);
  CHECK(judge(10, erased) == Concern::kAnswer);
  // What is decided for all is told, and is no alarm.
  v1::Statement proposal = pool.Base(eve.id.Name());
  proposal.mutable_charter_proposal()->set_version(2);
  proposal.mutable_charter_proposal()->set_predecessor_hash(ToString(registry.charter_hash()));
  *proposal.mutable_charter_proposal()->mutable_terms() = registry.terms();
  proposal.mutable_charter_proposal()->mutable_terms()->set_quorum(2);
  CHECK(judge(11, apply(Pool::SignBy(eve, proposal))) == Concern::kShared);
  v1::Statement endorsement = pool.Base(ada.id.Name());
  endorsement.mutable_endorsement()->set_statement_hash(std::string(32, 's'));
  CHECK(judge(12, verified(Pool::SignBy(ada, endorsement))) == Concern::kOwn);
  CHECK(judge(12, verified(Pool::SignBy(eve, endorsement))) == Concern::kShared);

  // What a registry would refuse, and a server with a registry of its own might not.
  CHECK(judge(9, verified(Pool::SignBy(eve, asked))) == Concern::kForeign);
  CHECK(judge(9, verified(Pool::SignBy(eve, done))) == Concern::kForeign);
  v1::Statement withdrawal = pool.Withdrawal(ada, test::DrawId<WithdrawalId>());
  CHECK(judge(9, verified(Pool::SignBy(ada, withdrawal))) == Concern::kOwn);
  CHECK(judge(9, verified(Pool::SignBy(eve, withdrawal))) == Concern::kForeign);
  CHECK(judge(9, verified(pool.SignByVault(withdrawal))) == Concern::kForeign);
  CHECK(judge(9, verified(Pool::SignBy(eve, pool.Intake(uploaded)))) == Concern::kForeign);
  const test::TestInvite planted;
  test::TestPerson stranger;
  stranger.member = ada.member;
  CHECK(judge(9, verified(Pool::SignBy(pool.founder, pool.Admission(pool.founder, planted, stranger,
                                                                    "Parks", false, roles)))) ==
        Concern::kForeign);
  CHECK(judge(10, verified(Pool::SignJoin(pool.Join(planted, stranger), planted, stranger))) ==
        Concern::kForeign);
}

}  // namespace
}  // namespace muster::cli
