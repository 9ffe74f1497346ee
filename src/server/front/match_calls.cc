// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"
#include "core/base/status.h"
#include "muster/v1/match_service.pb.h"
#include "server/front/desk.h"

namespace muster::front {
namespace {

constexpr size_t kVoterFileBytesMax = 200;  // as governance/statement.cc takes it
constexpr absl::Duration kFeedWait = absl::Seconds(5);

absl::Status CheckVoterFile(std::string_view name) {
  if (name.size() <= kVoterFileBytesMax) return absl::OkStatus();
  return MakeError(v1::REQUEST_MALFORMED,
                   "a voter file's name has at most 200 bytes; see `muster voterfile list`");
}

absl::StatusOr<v1::MatchJob> StartMatch(const Desk& desk, const v1::StartMatchRequest& request) {
  MUSTER_RETURN_IF_ERROR(CheckVoterFile(request.voterfile()));
  MUSTER_ASSIGN_OR_RETURN(MatchDriver::View view, desk.matches->Start(request));
  return std::move(view.job);
}

absl::StatusOr<v1::MatchJob> GetMatchJob(const Desk& desk, const v1::GetMatchJobRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(MatchDriver::View view, desk.matches->Find(request.job()));
  if (!view.statement_index.has_value()) return std::move(view.job);
  MUSTER_ASSIGN_OR_RETURN(Journal::Extension extension,
                          desk.journal->ProveExtension(request.known_size()));
  MUSTER_ASSIGN_OR_RETURN(*view.job.mutable_statement(),
                          desk.journal->Prove(*view.statement_index, extension.size));
  *view.job.mutable_checkpoint() = std::move(extension.proof);
  return std::move(view.job);
}

absl::StatusOr<v1::ExplainMatchResponse> ExplainMatch(const Desk& desk, const Caller& caller,
                                                      const v1::ExplainMatchRequest& request) {
  MUSTER_RETURN_IF_ERROR(CheckVoterFile(request.voterfile()));
  if (request.sealed_address().empty())
    return MakeError(v1::REQUEST_MALFORMED, "sealed_address is missing");
  // Whoever has just joined must be known to the vault: it seals to the key that the log gives.
  MUSTER_RETURN_IF_ERROR(desk.feed->WaitCaughtUp(kFeedWait));
  v1::VaultExplainMatchRequest ask;
  ask.set_person(caller.person.id.Name());
  ask.set_sealed_address(request.sealed_address());
  ask.set_voterfile(request.voterfile());
  MUSTER_ASSIGN_OR_RETURN(v1::VaultExplainMatchResponse said, desk.vault->ExplainMatch(ask));
  v1::ExplainMatchResponse response;
  response.set_sealed_explanation(std::move(*said.mutable_sealed_explanation()));
  return response;
}

}  // namespace

void RegisterMatchCalls(Dispatcher& dispatcher, const Desk& desk) {
  dispatcher.Register<v1::StartMatchRequest, v1::MatchJob>(
      "/muster.v1.MatchService/StartMatch",
      [desk](const Caller&, const v1::StartMatchRequest& request) {
        return StartMatch(desk, request);
      });
  dispatcher.Register<v1::GetMatchJobRequest, v1::MatchJob>(
      "/muster.v1.MatchService/GetMatchJob",
      [desk](const Caller&, const v1::GetMatchJobRequest& request) {
        return GetMatchJob(desk, request);
      });
  dispatcher.Register<v1::ExplainMatchRequest, v1::ExplainMatchResponse>(
      "/muster.v1.MatchService/ExplainMatch",
      [desk](const Caller& caller, const v1::ExplainMatchRequest& request) {
        return ExplainMatch(desk, caller, request);
      });
}

}  // namespace muster::front
