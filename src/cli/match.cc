// SPDX-License-Identifier: Apache-2.0
#include "cli/match.h"

#include <atomic>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "muster/v1/match_service.pb.h"

namespace muster::cli {
namespace {

constexpr absl::Duration kPauseMin = absl::Milliseconds(100);
constexpr absl::Duration kPauseMax = absl::Seconds(1);
// A server that is being restarted is waited for.
constexpr absl::Duration kPatience = absl::Seconds(90);

// A bar for each stage, while the run is in it.
class StageProgress {
 public:
  explicit StageProgress(Console& console) : console_(console) {}
  void Show(const v1::MatchJob& job) {
    percent_ = job.percent();
    if (job.stage() == stage_ || job.stage().empty()) return;
    bar_.reset();
    stage_ = job.stage();
    bar_ = std::make_unique<Progress>(console_, Visible(stage_), [this] {
      return ProgressState{static_cast<double>(percent_.load()) / 100, 0};
    });
  }

 private:
  Console& console_;
  std::string stage_;
  std::atomic<int32_t> percent_{0};
  std::unique_ptr<Progress> bar_;
};

absl::StatusOr<v1::MatchJob> Start(Session& session, const MatchRunOptions& options) {
  v1::StartMatchRequest request;
  request.set_voterfile(options.voterfile);
  request.set_new_model(options.new_model);
  v1::MatchJob job;
  MUSTER_RETURN_IF_ERROR(session.Call("MatchService/StartMatch", request, job));
  return job;
}

// The vault's own reason, so that a script meets the same one wherever it comes from.
absl::Status Failed(const v1::MatchJob& job) {
  v1::ErrorReason reason = v1::INTERNAL_ERROR;
  if (!v1::ErrorReason_Parse(job.error_reason(), &reason) || reason == v1::ERROR_REASON_UNSPECIFIED)
    reason = v1::INTERNAL_ERROR;
  return MakeError(reason, job.error_message(), {{"job", job.job()}});
}

absl::StatusOr<v1::MatchJob> Await(Session& session, const MatchRunOptions& options,
                                   v1::MatchJob job) {
  StageProgress progress(session.console());
  absl::Time reachable = absl::Now();
  absl::Duration pause = kPauseMin;
  while (true) {
    v1::GetMatchJobRequest request;
    request.set_job(job.job());
    request.set_known_size(session.known_size());
    v1::MatchJob now;
    absl::Status status = session.Call("MatchService/GetMatchJob", request, now);
    // The server was started anew in the middle of it.
    if (ReasonOf(status) == v1::MATCH_NOT_FOUND) {
      absl::StatusOr<v1::MatchJob> again = Start(session, options);
      status = again.status();
      if (again.ok()) now = *std::move(again);
    }
    if (ExitCodeOf(status) == kExitUnreachable && absl::Now() - reachable < kPatience) {
      absl::SleepFor(kPauseMax);
      continue;
    }
    MUSTER_RETURN_IF_ERROR(status);
    reachable = absl::Now();
    job = std::move(now);
    if (job.state() == v1::MatchJob::FAILED) return Failed(job);
    if (job.state() == v1::MatchJob::DONE && job.has_statement()) return job;
    progress.Show(job);
    absl::SleepFor(pause);
    pause = std::min(2 * pause, kPauseMax);
  }
}

absl::StatusOr<v1::MatchStatement> CheckStatement(Session& session, const v1::MatchJob& job) {
  MUSTER_RETURN_IF_ERROR(session.Accept(job.checkpoint()));
  const auto verified = session.OpenVaultEntry(job.statement());
  if (!verified.ok()) return Annotate(verified.status(), "the vault's statement");
  if (!verified->statement.has_match() || verified->statement.match().match() != job.job()) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "what the server shows is not the vault's statement about this run; tell the "
                     "operator");
  }
  return verified->statement.match();
}

}  // namespace

absl::StatusOr<int> RunMatchRun(const Invocation& invocation, const MatchRunOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(session->RequireRole({v1::ROLE_STEWARD, v1::ROLE_LEAD, v1::ROLE_OPERATOR},
                                              "run the matching"));
  const absl::Time begin = absl::Now();
  MUSTER_ASSIGN_OR_RETURN(v1::MatchJob job, Start(*session, options));
  Json json = Json::Object();
  if (options.no_wait) {
    console.Print(console.Bold("Matching as " + job.job()) +
                  "; the same command without --no-wait waits for it");
    json.Set("job", job.job()).Set("state", "running");
    json.Set("seconds", absl::ToDoubleSeconds(absl::Now() - begin)).Set("log_index", Json());
    console.Result(json);
    return kExitDone;
  }
  MUSTER_ASSIGN_OR_RETURN(job, Await(*session, options, job));
  MUSTER_ASSIGN_OR_RETURN(const v1::MatchStatement said, CheckStatement(*session, job));
  if (!options.voterfile.empty() && said.voterfile() != options.voterfile) {
    return MakeError(v1::SERVER_BUSY, "the run that was under way was with the voter file \"" +
                                          Visible(said.voterfile()) +
                                          "\"; run this one again now that it is done");
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  console.Print(
      console.Bold("Matched the pool with \"" + Visible(said.voterfile()) + "\" as " + job.job()) +
      "\n  weights  " +
      (said.estimated() ? "estimated in this run" : "of an earlier run, used again") +
      "\n  proof    entry " + std::to_string(job.statement().index()) +
      " of the log, signed by the vault; checked here\n  time     " + ForPeople(seconds) +
      "\n\n`muster match report` shows the weights and the published shares; `muster "
      "match explain` one contact of your own.");
  json.Set("job", job.job()).Set("state", "done").Set("seconds", seconds);
  json.Set("log_index", job.statement().index());
  json.Set("voterfile", said.voterfile()).Set("upload", said.upload());
  json.Set("estimated", said.estimated()).Set("published", said.has_table());
  console.Result(json);
  return kExitDone;
}

}  // namespace muster::cli
