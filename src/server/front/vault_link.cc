// SPDX-License-Identifier: Apache-2.0
#include "server/front/vault_link.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "core/base/error.h"
#include "muster/v1/vault_service.grpc.pb.h"
#include "server/front/authorization.h"
#include "server/rpc/status.h"

namespace muster::front {
namespace {

using std::chrono::seconds;

// Answers that need no long work, and those that read or write rows of a whole upload.
constexpr seconds kShortCall{10};
constexpr seconds kLongCall{1800};
constexpr seconds kStateCall{2};
// One person against a whole state.
constexpr seconds kExplainCall{120};
// The share that completes the threshold waits until the store is open.
constexpr seconds kUnsealCall{300};

absl::Status FromVault(const grpc::Status& status) {
  absl::Status said = rpc::FromGrpcStatus(status);
  const Reason reason = ReasonOf(said);
  const bool transport = reason == v1::ERROR_REASON_UNSPECIFIED || reason == v1::SERVER_UNAVAILABLE;
  if (transport && (said.code() == absl::StatusCode::kUnavailable ||
                    said.code() == absl::StatusCode::kCancelled ||
                    said.code() == absl::StatusCode::kDeadlineExceeded)) {
    return VaultUnavailable(status.error_message());
  }
  return said;
}

class GrpcIntakeRun : public IntakeRun {
 public:
  explicit GrpcIntakeRun(v1::VaultService::Stub* stub) : stream_(stub->Intake(&context_)) {}
  ~GrpcIntakeRun() override {
    if (finished_) return;
    context_.TryCancel();
    (void)stream_->Finish();
  }
  bool Write(const v1::IntakeRequest& request) override { return stream_->Write(request); }
  bool WritesDone() override { return stream_->WritesDone(); }
  bool Read(v1::IntakeProgress& progress) override { return stream_->Read(&progress); }
  void Cancel() override { context_.TryCancel(); }
  absl::Status Finish() override {
    finished_ = true;
    return FromVault(stream_->Finish());
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::IntakeRequest, v1::IntakeProgress>> stream_;
  bool finished_ = false;
};

class GrpcMatchStream : public MatchStream {
 public:
  GrpcMatchStream(v1::VaultService::Stub* stub, const v1::VaultRunMatchRequest& request)
      : stream_(stub->RunMatch(&context_, request)) {}
  ~GrpcMatchStream() override {
    if (finished_) return;
    context_.TryCancel();
    (void)stream_->Finish();
  }
  bool Read(v1::VaultMatchProgress& progress) override { return stream_->Read(&progress); }
  void Cancel() override { context_.TryCancel(); }
  absl::Status Finish() override {
    finished_ = true;
    return FromVault(stream_->Finish());
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::VaultMatchProgress>> stream_;
  bool finished_ = false;
};

class GrpcVault : public Vault {
 public:
  explicit GrpcVault(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(static_cast<int>(2 * kRequestBytesMax));
    // A vault that was started again is met soon, not after gRPC's two minutes.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    channel_ =
        grpc::CreateCustomChannel(address, grpc::experimental::LocalCredentials(UDS), arguments);
    stub_ = v1::VaultService::NewStub(channel_);
  }

  absl::StatusOr<v1::VaultState> GetState() override {
    // The call that waits for the connection to come about: while none does, nobody drives gRPC's
    // reconnecting (only a backup every 5 s).
    return Ask<v1::VaultState>(&v1::VaultService::Stub::GetVaultState, v1::GetVaultStateRequest(),
                               kStateCall, true);
  }
  absl::StatusOr<v1::ObserveEntriesResponse> ObserveEntries(
      const v1::ObserveEntriesRequest& request) override {
    return Ask<v1::ObserveEntriesResponse>(&v1::VaultService::Stub::ObserveEntries, request,
                                           seconds(60));
  }
  absl::StatusOr<v1::IntakeKey> OpenIntake(const v1::OpenIntakeRequest& request) override {
    return Ask<v1::IntakeKey>(&v1::VaultService::Stub::OpenIntake, request, kShortCall);
  }
  std::unique_ptr<IntakeRun> StartIntake() override {
    return std::make_unique<GrpcIntakeRun>(stub_.get());
  }
  absl::StatusOr<v1::FinishIntakeResponse> FinishIntake(
      const v1::FinishIntakeRequest& request) override {
    return Ask<v1::FinishIntakeResponse>(&v1::VaultService::Stub::FinishIntake, request, kLongCall);
  }
  absl::Status CancelIntake(const v1::CancelIntakeRequest& request) override {
    return Ask<v1::CancelIntakeResponse>(&v1::VaultService::Stub::CancelIntake, request, kLongCall)
        .status();
  }
  absl::StatusOr<v1::MemberFigures> GetMemberFigures(
      const v1::GetMemberFiguresRequest& request) override {
    return Ask<v1::MemberFigures>(&v1::VaultService::Stub::GetMemberFigures, request, kShortCall);
  }
  absl::StatusOr<v1::ApplyWithdrawalResponse> ApplyWithdrawal(
      const v1::ApplyWithdrawalRequest& request) override {
    return Ask<v1::ApplyWithdrawalResponse>(&v1::VaultService::Stub::ApplyWithdrawal, request,
                                            kLongCall);
  }
  absl::StatusOr<v1::ApplyErasureResponse> ApplyErasure(
      const v1::ApplyErasureRequest& request) override {
    return Ask<v1::ApplyErasureResponse>(&v1::VaultService::Stub::ApplyErasure, request, kLongCall);
  }
  absl::StatusOr<v1::VaultReportPersonResponse> ReportPerson(
      const v1::VaultReportPersonRequest& request) override {
    return Ask<v1::VaultReportPersonResponse>(&v1::VaultService::Stub::ReportPerson, request,
                                              kShortCall);
  }
  std::unique_ptr<MatchStream> RunMatch(const v1::VaultRunMatchRequest& request) override {
    return std::make_unique<GrpcMatchStream>(stub_.get(), request);
  }
  absl::StatusOr<v1::VaultExplainMatchResponse> ExplainMatch(
      const v1::VaultExplainMatchRequest& request) override {
    return Ask<v1::VaultExplainMatchResponse>(&v1::VaultService::Stub::ExplainMatch, request,
                                              kExplainCall);
  }
  absl::StatusOr<v1::DeliverShareResponse> DeliverShare(
      const v1::DeliverShareRequest& request) override {
    return Ask<v1::DeliverShareResponse>(&v1::VaultService::Stub::DeliverShare, request,
                                         kUnsealCall);
  }
  absl::Status CommitSplit(const v1::CommitSplitRequest& request) override {
    return Ask<v1::CommitSplitResponse>(&v1::VaultService::Stub::CommitSplit, request, kShortCall)
        .status();
  }

 private:
  template <typename Response, typename Method, typename Request>
  absl::StatusOr<Response> Ask(Method method, const Request& request, seconds time,
                               bool wait_for_ready = false) {
    grpc::ClientContext context;
    context.set_wait_for_ready(wait_for_ready);
    context.set_deadline(std::chrono::system_clock::now() + time);
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return FromVault(status);
    return response;
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::VaultService::Stub> stub_;
};

}  // namespace

absl::Status VaultUnavailable(std::string_view why) {
  return MakeError(v1::VAULT_UNAVAILABLE,
                   "the vault cannot be reached (" + std::string(why) +
                       "); it is started again by itself, try again in a few seconds");
}

absl::Status VaultSealed(const v1::VaultKeyState& key) {
  return MakeError(
      v1::VAULT_SEALED,
      "the vault is sealed: " + std::to_string(key.threshold()) + " of its " +
          std::to_string(key.holder_count()) + " holders open it with `muster vault unseal`, and " +
          std::to_string(key.delivered_size()) + " have; what is received meanwhile waits",
      {{"threshold", std::to_string(key.threshold())},
       {"delivered", std::to_string(key.delivered_size())}});
}

std::unique_ptr<Vault> ConnectVault(const std::string& address) {
  return std::make_unique<GrpcVault>(address);
}

}  // namespace muster::front
