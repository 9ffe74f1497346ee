// SPDX-License-Identifier: Apache-2.0
//
// Runs of matching from the call to the statement on the log, with a vault that can fail in every
// way.
#include <catch2/catch.hpp>

#include "core/tlog/proof.h"
#include "muster/v1/match_service.pb.h"
#include "tests/server/front/front_desk.h"

namespace muster::front {
namespace {

using test::FrontDesk;
using test::TestPerson;
using test::TestUpload;

// A desk with a voter file that was read.
struct Matching {
  FrontDesk desk;
  TestPerson ada = desk.AddMember("Parks");
  TestPerson sam = desk.AddPerson(ada, {v1::ROLE_STEWARD});

  Matching() {
    v1::VoterFileTerms terms;
    terms.set_layout("nc");
    terms.set_as_of("2026-09-01");
    terms.set_permitted_use("elections only");
    terms.set_state("NC");
    const TestUpload upload = desk.Upload(sam, 1, "nc", v1::UploadStatement::APPEND, 'v', &terms);
    desk.Await(upload.id, v1::Upload::DONE);
  }
  absl::StatusOr<v1::MatchJob> Start(const std::string& voterfile = "", bool new_model = false) {
    v1::StartMatchRequest request;
    request.set_voterfile(voterfile);
    request.set_new_model(new_model);
    return desk.Call<v1::MatchJob>(sam, "MatchService/StartMatch", request);
  }
  absl::StatusOr<v1::MatchJob> Get(const std::string& job, int64_t known_size = 0) {
    v1::GetMatchJobRequest request;
    request.set_job(job);
    request.set_known_size(known_size);
    return desk.Call<v1::MatchJob>(sam, "MatchService/GetMatchJob", request);
  }
  v1::MatchJob Await(const std::string& job) {
    REQUIRE(
        test::Eventually([&] { return testing::Must(Get(job)).state() != v1::MatchJob::RUNNING; }));
    return testing::Must(Get(job));
  }
  // The statement stands in the tree that comes with it, and speaks of this job.
  v1::Statement CheckDone(const v1::MatchJob& job) {
    INFO(job.error_reason() << ": " << job.error_message());
    REQUIRE(job.state() == v1::MatchJob::DONE);
    const auto opened =
        testing::Must(tlog::OpenCheckpoint(job.checkpoint().checkpoint(), desk.pool.note_key()));
    REQUIRE_OK(tlog::VerifyEntryProof(job.statement(), opened));
    const auto verified = testing::Must(governance::VerifyStatementBytes(job.statement().body()));
    CHECK(verified.SignedBy(desk.pool.vault_sign.verify_key()));
    CHECK(verified.statement.match().match() == job.job());
    return verified.statement;
  }
};

TEST_CASE("Match: a run goes from the call to the vault's statement on the log", "[match]") {
  Matching m;
  const v1::MatchJob started = testing::Must(m.Start("nc"));
  CHECK(started.state() == v1::MatchJob::RUNNING);
  CHECK(started.start_time() > 0);
  const v1::MatchJob done = m.Await(started.job());
  CHECK(m.CheckDone(done).match().voterfile() == "nc");
  CHECK(done.end_time() >= done.start_time());
  CHECK(done.percent() == 100);
  // It is told where it extends what the caller has seen.
  const int64_t known = static_cast<int64_t>(m.desk.journal().size()) - 1;
  CHECK(testing::Must(m.Get(done.job(), known)).checkpoint().old_size() == known);
}

TEST_CASE("Match: there is one run at a time, and who asks for it again gets the same one",
          "[match]") {
  Matching m;
  m.desk.vault.HoldMatches(true);
  const std::string job = testing::Must(m.Start("nc")).job();
  REQUIRE(test::Eventually([&] { return testing::Must(m.Get(job)).stage() == "reading"; }));
  const v1::MatchJob under_way = testing::Must(m.Get(job));
  CHECK(under_way.state() == v1::MatchJob::RUNNING);
  CHECK(under_way.percent() == 10);  // of 1230 rows, which nobody is told
  CHECK_FALSE(under_way.has_statement());
  CHECK(testing::Must(m.Start("nc")).job() == job);
  CHECK(testing::Must(m.Start("")).job() == job);
  REQUIRE_REASON(m.Start("oh"), v1::SERVER_BUSY);
  REQUIRE_REASON(m.Start("nc", true), v1::SERVER_BUSY);
  m.desk.vault.HoldMatches(false);
  m.CheckDone(m.Await(job));
  CHECK(m.desk.vault.match_requests().size() == 1);
  const v1::MatchJob next = testing::Must(m.Start("nc", true));
  CHECK(next.job() != job);
  m.CheckDone(m.Await(next.job()));
  CHECK(m.desk.vault.match_requests().back().new_model());
  m.CheckDone(testing::Must(m.Get(job)));  // the one before is still known
}

TEST_CASE("Match: what the vault refuses fails the run with the vault's reason", "[match]") {
  Matching m;
  const v1::MatchJob failed = m.Await(testing::Must(m.Start("oh")).job());
  CHECK(failed.state() == v1::MatchJob::FAILED);
  CHECK(failed.error_reason() == "UPLOAD_NOT_FOUND");
  CHECK(failed.error_message() == "there is no such voter file");
  CHECK_FALSE(failed.has_statement());
  m.CheckDone(m.Await(testing::Must(m.Start("nc")).job()));
  REQUIRE_REASON(m.Get("matches/0000000000000"), v1::MATCH_NOT_FOUND);
  REQUIRE_REASON(m.Start(std::string(300, 'x')), v1::REQUEST_MALFORMED);
}

TEST_CASE("Match: statements that a crash kept from the log come with the next run, each once",
          "[match][fault]") {
  Matching m;
  const uint64_t size = m.desk.journal().size();
  m.desk.vault.LoseNextMatch();
  const v1::MatchJob lost = m.Await(testing::Must(m.Start()).job());
  CHECK(lost.state() == v1::MatchJob::FAILED);
  CHECK(lost.error_reason() == "VAULT_UNAVAILABLE");
  CHECK(m.desk.journal().size() == size);
  const v1::MatchJob done = m.Await(testing::Must(m.Start()).job());
  m.CheckDone(done);
  CHECK(m.desk.journal().size() == size + 2);
  CHECK(done.statement().index() == static_cast<int64_t>(size) + 1);
  // The vault has read both, and brings neither again; nor would it matter.
  m.CheckDone(m.Await(testing::Must(m.Start()).job()));
  CHECK(m.desk.journal().size() == size + 3);

  m.desk.Restart();
  REQUIRE_REASON(m.Get(done.job()), v1::MATCH_NOT_FOUND);
  m.CheckDone(m.Await(testing::Must(m.Start()).job()));
  CHECK(m.desk.journal().size() == size + 4);
}

TEST_CASE("Match: a vault that dies before a word of the run is waited for and asked again",
          "[match][fault]") {
  Matching m;
  const uint64_t size = m.desk.journal().size();
  m.desk.vault.LoseNextMatchUnbegun(VaultUnavailable("it crashed"));
  m.CheckDone(m.Await(testing::Must(m.Start()).job()));
  m.desk.vault.LoseNextMatchUnbegun(MakeError(v1::SERVER_DRAINING, "the vault stops"));
  m.CheckDone(m.Await(testing::Must(m.Start()).job()));
  CHECK(m.desk.journal().size() == size + 2);
}

TEST_CASE("Match: a vault that crashes in mid-run, or is away, fails the run and nothing else",
          "[match][fault]") {
  Matching m;
  const uint64_t size = m.desk.journal().size();
  m.desk.vault.HoldMatches(true);
  const std::string job = testing::Must(m.Start()).job();
  REQUIRE(test::Eventually([&] { return testing::Must(m.Get(job)).stage() == "reading"; }));
  m.desk.vault.Crash();
  CHECK(m.Await(job).error_reason() == "VAULT_UNAVAILABLE");
  CHECK(m.desk.journal().size() == size);
  m.desk.vault.HoldMatches(false);
  m.CheckDone(m.Await(testing::Must(m.Start()).job()));
}

TEST_CASE("Match: a server that stops breaks the run off and takes no other", "[match][fault]") {
  Matching m;
  m.desk.vault.HoldMatches(true);
  const std::string job = testing::Must(m.Start()).job();
  REQUIRE(test::Eventually([&] { return testing::Must(m.Get(job)).stage() == "reading"; }));
  m.desk.matches().Stop();
  CHECK(m.Await(job).error_reason() == "SERVER_DRAINING");
  REQUIRE_REASON(m.Start(), v1::SERVER_DRAINING);
  // One that waits for its vault ends as soon.
  m.desk.vault.HoldMatches(false);
  m.desk.Restart();
  m.desk.vault.SetAway(true);
  const std::string waiting = testing::Must(m.Start()).job();
  m.desk.matches().Stop();
  CHECK(m.Await(waiting).state() == v1::MatchJob::FAILED);
}

TEST_CASE("Match: an explanation passes through sealed, in the caller's own name", "[match]") {
  Matching m;
  v1::ExplainMatchRequest request;
  REQUIRE_REASON(m.desk.Call<v1::ExplainMatchResponse>(m.ada, "MatchService/ExplainMatch", request),
                 v1::REQUEST_MALFORMED);
  request.set_sealed_address("sealed address");
  request.set_voterfile("nc");
  const auto said = testing::Must(
      m.desk.Call<v1::ExplainMatchResponse>(m.ada, "MatchService/ExplainMatch", request));
  CHECK(said.sealed_explanation() == "sealed explanation");
  CHECK(m.desk.vault.explained().person() == m.ada.id.Name());
  CHECK(m.desk.vault.explained().sealed_address() == "sealed address");
  CHECK(m.desk.vault.explained().voterfile() == "nc");
  REQUIRE_REASON(m.desk.Call<v1::ExplainMatchResponse>(m.sam, "MatchService/ExplainMatch", request),
                 v1::ROLE_NOT_ALLOWED);
}

}  // namespace
}  // namespace muster::front
