// SPDX-License-Identifier: Apache-2.0
//
// Vault: what the front desk asks of the back room. ConnectVault speaks to a muster-vault on a unix
// socket.
//
// Errors: as the vault says them; UNAVAILABLE (VAULT_UNAVAILABLE) when it is not there or does not
// answer in time.
// Threads: a Vault is safe from anywhere; of an IntakeRun, one thread writes and one other reads.
#ifndef MUSTER_SERVER_FRONT_VAULT_LINK_H_
#define MUSTER_SERVER_FRONT_VAULT_LINK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "muster/v1/vault_service.pb.h"

namespace muster::front {

class IntakeRun {
 public:
  virtual ~IntakeRun() = default;
  // False when the stream has ended; Finish says why.
  virtual bool Write(const v1::IntakeRequest& request) = 0;
  virtual bool WritesDone() = 0;
  virtual bool Read(v1::IntakeProgress& progress) = 0;
  virtual void Cancel() = 0;
  // After the reader has seen false.
  virtual absl::Status Finish() = 0;
};

// One run of matching. One thread reads; Cancel is safe from anywhere.
class MatchStream {
 public:
  virtual ~MatchStream() = default;
  // False when the stream has ended; Finish says why.
  virtual bool Read(v1::VaultMatchProgress& progress) = 0;
  virtual void Cancel() = 0;
  // After Read has said false.
  virtual absl::Status Finish() = 0;
};

class Vault {
 public:
  virtual ~Vault() = default;
  virtual absl::StatusOr<v1::VaultState> GetState() = 0;
  virtual absl::StatusOr<v1::ObserveEntriesResponse> ObserveEntries(
      const v1::ObserveEntriesRequest& request) = 0;
  virtual absl::StatusOr<v1::IntakeKey> OpenIntake(const v1::OpenIntakeRequest& request) = 0;
  virtual std::unique_ptr<IntakeRun> StartIntake() = 0;
  virtual absl::StatusOr<v1::FinishIntakeResponse> FinishIntake(
      const v1::FinishIntakeRequest& request) = 0;
  virtual absl::Status CancelIntake(const v1::CancelIntakeRequest& request) = 0;
  virtual absl::StatusOr<v1::MemberFigures> GetMemberFigures(
      const v1::GetMemberFiguresRequest& request) = 0;
  virtual absl::StatusOr<v1::ApplyWithdrawalResponse> ApplyWithdrawal(
      const v1::ApplyWithdrawalRequest& request) = 0;
  virtual absl::StatusOr<v1::ApplyErasureResponse> ApplyErasure(
      const v1::ApplyErasureRequest& request) = 0;
  virtual absl::StatusOr<v1::VaultReportPersonResponse> ReportPerson(
      const v1::VaultReportPersonRequest& request) = 0;
  virtual std::unique_ptr<MatchStream> RunMatch(const v1::VaultRunMatchRequest& request) = 0;
  virtual absl::StatusOr<v1::VaultExplainMatchResponse> ExplainMatch(
      const v1::VaultExplainMatchRequest& request) = 0;
  virtual absl::StatusOr<v1::DeliverShareResponse> DeliverShare(
      const v1::DeliverShareRequest& request) = 0;
  virtual absl::Status CommitSplit(const v1::CommitSplitRequest& request) = 0;
};

// `address`: "unix:/path/of/the.sock". Connects when asked something, and again after every break.
std::unique_ptr<Vault> ConnectVault(const std::string& address);

// The error for a vault that is not there.
absl::Status VaultUnavailable(std::string_view why);
// The error for one that is there and sealed.
absl::Status VaultSealed(const v1::VaultKeyState& key);

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_VAULT_LINK_H_
