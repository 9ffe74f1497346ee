// SPDX-License-Identifier: Apache-2.0
#include "server/vault/vault_service.h"

#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "muster/v1/vault_service.grpc.pb.h"
#include "server/rpc/status.h"

namespace muster::vault {
namespace {

namespace fs = std::filesystem;

// What a response may still take to leave once its call has ended. (An idle client that does not
// read its connection would hold the server for longer.)
constexpr absl::Duration kLastResponses = absl::Milliseconds(100);
// sun_path holds 108 bytes with its end.
constexpr size_t kSocketPathMax = 107;

// The calls that run, so that a drain waits for them and for nothing else.
class CallBook {
 public:
  // `stream`: a call that waits for its client; ended when the server drains.
  void Begin(grpc::ServerContext* context, bool stream) {
    std::lock_guard lock(mutex_);
    ++running_;
    if (stream) streams_.insert(context);
    if (stream && draining_) context->TryCancel();
  }
  void End(grpc::ServerContext* context) {
    std::lock_guard lock(mutex_);
    --running_;
    streams_.erase(context);
    changed_.notify_all();
  }
  void Drain(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    draining_ = true;
    for (grpc::ServerContext* context : streams_) context->TryCancel();
    changed_.wait_for(lock, wait, [this] { return running_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int running_ = 0;
  bool draining_ = false;
  std::set<grpc::ServerContext*> streams_;
};

class Call {
 public:
  Call(CallBook& book, grpc::ServerContext* context, bool stream = false)
      : book_(book), context_(context) {
    book_.Begin(context, stream);
  }
  ~Call() { book_.End(context_); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  CallBook& book_;
  grpc::ServerContext* const context_;
};

template <typename T>
grpc::Status Answer(absl::StatusOr<T> result, T* response) {
  if (!result.ok()) return rpc::ToGrpcStatus(result.status());
  *response = *std::move(result);
  return grpc::Status::OK;
}

// The open vault, or the call is refused.
#define MUSTER_OPEN_VAULT(name)                                        \
  const absl::StatusOr<pipeline::Vault*> name##_use = custody_->Use(); \
  if (!name##_use.ok()) return rpc::ToGrpcStatus(name##_use.status()); \
  pipeline::Vault* const name = *name##_use

class Service : public v1::VaultService::Service {
 public:
  explicit Service(pipeline::Custody* custody) : custody_(custody) {}

  CallBook& calls() { return calls_; }

  grpc::Status GetVaultState(grpc::ServerContext* context, const v1::GetVaultStateRequest*,
                             v1::VaultState* response) override {
    const Call call(calls_, context);
    *response = custody_->State();
    return grpc::Status::OK;
  }

  grpc::Status ObserveEntries(grpc::ServerContext* context,
                              const v1::ObserveEntriesRequest* request,
                              v1::ObserveEntriesResponse* response) override {
    const Call call(calls_, context);
    const absl::StatusOr<uint64_t> size = custody_->Observe(*request);
    if (size.ok()) response->set_log_size(static_cast<int64_t>(*size));
    return rpc::ToGrpcStatus(size.status());
  }

  grpc::Status OpenIntake(grpc::ServerContext* context, const v1::OpenIntakeRequest* request,
                          v1::IntakeKey* response) override {
    const Call call(calls_, context);
    MUSTER_OPEN_VAULT(vault);
    return Answer(vault->OpenIntake(request->upload(), request->member(), request->list(),
                                    request->voterfile()),
                  response);
  }

  grpc::Status Intake(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::IntakeProgress, v1::IntakeRequest>* stream) override {
    const Call call(calls_, context, /*stream=*/true);
    MUSTER_OPEN_VAULT(vault);
    // Answers come from this thread after a flush and from the run's after a chunk; the stream
    // takes one at a time.
    std::mutex write_mutex;
    const auto answer = [&](int64_t durable) {
      v1::IntakeProgress progress;
      progress.set_durable_batch_count(durable);
      std::lock_guard lock(write_mutex);
      stream->Write(progress);
    };
    std::unique_ptr<pipeline::Vault::Reading> reading;
    std::string upload;
    v1::IntakeRequest request;
    while (stream->Read(&request)) {
      if (reading == nullptr) {
        absl::StatusOr<std::unique_ptr<pipeline::Vault::Reading>> started =
            vault->Read(request.upload(), answer);
        if (!started.ok()) return rpc::ToGrpcStatus(started.status());
        reading = *std::move(started);
        upload = request.upload();
      }
      if (request.upload() != upload) {
        return rpc::ToGrpcStatus(MakeError(v1::REQUEST_MALFORMED,
                                           "a stream is of one upload; open another for the next"));
      }
      absl::Status status;
      if (!request.envelope().empty()) {
        status = reading->run().Put(request.sequence(), std::move(*request.mutable_envelope()));
      }
      if (status.ok() && request.flush()) {
        status = reading->run().Flush();
        if (status.ok()) answer(reading->run().durable_count());
      }
      if (absl::IsCancelled(status)) {
        status = MakeError(
            v1::SERVER_DRAINING,
            "this run was ended, by a newer one or because the vault stops; open another");
      }
      if (!status.ok()) return rpc::ToGrpcStatus(status);
    }
    return grpc::Status::OK;
  }

  grpc::Status FinishIntake(grpc::ServerContext* context, const v1::FinishIntakeRequest* request,
                            v1::FinishIntakeResponse* response) override {
    const Call call(calls_, context);
    MUSTER_OPEN_VAULT(vault);
    return Answer(vault->FinishIntake(request->upload(), request->statement_index()), response);
  }

  grpc::Status CancelIntake(grpc::ServerContext* context, const v1::CancelIntakeRequest* request,
                            v1::CancelIntakeResponse*) override {
    const Call call(calls_, context);
    MUSTER_OPEN_VAULT(vault);
    return rpc::ToGrpcStatus(vault->CancelIntake(request->upload()));
  }

  grpc::Status GetMemberFigures(grpc::ServerContext* context,
                                const v1::GetMemberFiguresRequest* request,
                                v1::MemberFigures* response) override {
    const Call call(calls_, context);
    MUSTER_OPEN_VAULT(vault);
    return Answer(vault->Figures(request->member()), response);
  }

  grpc::Status ApplyWithdrawal(grpc::ServerContext* context,
                               const v1::ApplyWithdrawalRequest* request,
                               v1::ApplyWithdrawalResponse* response) override {
    const Call call(calls_, context);
    MUSTER_OPEN_VAULT(vault);
    return Answer(vault->ApplyWithdrawal(request->statement_index(), request->sealed_addresses()),
                  response->mutable_withdrawn());
  }

  grpc::Status ApplyErasure(grpc::ServerContext* context, const v1::ApplyErasureRequest* request,
                            v1::ApplyErasureResponse* response) override {
    const Call call(calls_, context);
    MUSTER_OPEN_VAULT(vault);
    return Answer(vault->ApplyErasure(request->statement_index(), request->sealed_order()),
                  response->mutable_erased());
  }

  grpc::Status ReportPerson(grpc::ServerContext* context,
                            const v1::VaultReportPersonRequest* request,
                            v1::VaultReportPersonResponse* response) override {
    const Call call(calls_, context);
    MUSTER_OPEN_VAULT(vault);
    return Answer(vault->ReportPerson(*request), response);
  }

  grpc::Status RunMatch(grpc::ServerContext* context, const v1::VaultRunMatchRequest* request,
                        grpc::ServerWriter<v1::VaultMatchProgress>* writer) override {
    const Call call(calls_, context);
    MUSTER_OPEN_VAULT(vault);
    std::mutex mutex;  // progress comes from whichever thread has it
    v1::VaultMatchProgress progress;
    const auto statements =
        vault->Match(*request, [&](std::string_view stage, uint64_t done, uint64_t all) {
          std::lock_guard lock(mutex);
          progress.set_stage(std::string(stage));
          progress.set_done_count(static_cast<int64_t>(done));
          progress.set_total_count(static_cast<int64_t>(all));
          writer->Write(progress);
        });
    if (!statements.ok()) return rpc::ToGrpcStatus(statements.status());
    v1::VaultMatchProgress last;
    for (const v1::SignedStatement& statement : *statements) *last.add_statements() = statement;
    writer->Write(last);
    return grpc::Status::OK;
  }

  grpc::Status ExplainMatch(grpc::ServerContext* context,
                            const v1::VaultExplainMatchRequest* request,
                            v1::VaultExplainMatchResponse* response) override {
    const Call call(calls_, context);
    MUSTER_OPEN_VAULT(vault);
    auto sealed = vault->Explain(*request);
    if (!sealed.ok()) return rpc::ToGrpcStatus(sealed.status());
    response->set_sealed_explanation(*std::move(sealed));
    return grpc::Status::OK;
  }

  grpc::Status DeliverShare(grpc::ServerContext* context, const v1::DeliverShareRequest* request,
                            v1::DeliverShareResponse* response) override {
    const Call call(calls_, context);
    return Answer(custody_->Deliver(*request), response);
  }

  grpc::Status CommitSplit(grpc::ServerContext* context, const v1::CommitSplitRequest* request,
                           v1::CommitSplitResponse*) override {
    const Call call(calls_, context);
    return rpc::ToGrpcStatus(custody_->Commit(*request));
  }

 private:
  pipeline::Custody* const custody_;
  CallBook calls_;
};

// The folder must be the owner's alone: a socket's own mode is not honored everywhere.
absl::Status PrepareSocket(const fs::path& socket) {
  if (socket.string().size() > kSocketPathMax) {
    return MakeError(v1::REQUEST_MALFORMED, "the path of the socket is longer than " +
                                                std::to_string(kSocketPathMax) +
                                                " bytes; name a shorter one with --socket");
  }
  const fs::path folder = socket.parent_path();
  MUSTER_RETURN_IF_ERROR(MakeDirectories(folder));
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return ErrnoError(errno, "cannot look at", folder);
  if (info.st_uid != ::geteuid() || (info.st_mode & 077) != 0) {
    return MakeError(
        v1::HOME_MALFORMED,
        folder.string() +
            " is open to others; the vault's socket needs a folder of its owner alone (chmod 700)");
  }
  if (::lstat(socket.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) {
      return MakeError(v1::FILE_EXISTS,
                       socket.string() + " exists and is no socket; name another with --socket");
    }
    // Left by a vault before this one: the store's lock is held by now, so it is not in use.
    if (::unlink(socket.c_str()) != 0) return ErrnoError(errno, "cannot remove", socket);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SecureProcess() {
  ::umask(077);
  // Also when it was started anew through /proc, which would name it otherwise.
  (void)::prctl(PR_SET_NAME, "muster-vault");
  const pid_t parent = ::getppid();
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0) != 0 ||
      ::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) {
    return MakeError(
        v1::INTERNAL_ERROR,
        "the system does not let this process give up core dumps; run it where prctl is allowed");
  }
  if (::getppid() != parent)
    return MakeError(v1::INTERNAL_ERROR, "the process that started the vault has ended");
  return absl::OkStatus();
}

struct VaultServer::State {
  explicit State(pipeline::Custody* c) : custody(c), service(c) {}
  pipeline::Custody* custody;
  Service service;
  fs::path socket;
  std::unique_ptr<grpc::Server> server;
};

VaultServer::VaultServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
VaultServer::~VaultServer() {
  if (state_->server != nullptr) Shutdown(absl::ZeroDuration());
}

absl::StatusOr<std::unique_ptr<VaultServer>> VaultServer::Start(pipeline::Custody* custody,
                                                                const fs::path& socket) {
  auto state = std::make_unique<State>(custody);
  state->socket = fs::absolute(socket);
  MUSTER_RETURN_IF_ERROR(PrepareSocket(state->socket));
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + state->socket.string(),
                           grpc::experimental::LocalServerCredentials(UDS));
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  builder.RegisterService(&state->service);
  state->server = builder.BuildAndStart();
  if (state->server == nullptr) {
    return MakeError(v1::FILE_IO, "cannot listen on " + state->socket.string() +
                                      "; check the folder, or name another with --socket");
  }
  if (::chmod(state->socket.c_str(), 0600) != 0)
    return ErrnoError(errno, "cannot set the mode of", state->socket);
  return std::unique_ptr<VaultServer>(new VaultServer(std::move(state)));
}

void VaultServer::Shutdown(absl::Duration wait) {
  state_->custody->Drain();
  state_->service.calls().Drain(absl::ToChronoMilliseconds(wait));
  state_->server->Shutdown(absl::ToChronoTime(absl::Now() + kLastResponses));
  state_->server->Wait();
  state_->server.reset();
  ::unlink(state_->socket.c_str());
}

}  // namespace muster::vault
