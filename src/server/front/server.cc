// SPDX-License-Identifier: Apache-2.0
#include "server/front/server.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "muster/v1/charter_service.grpc.pb.h"
#include "muster/v1/enrollment_service.grpc.pb.h"
#include "muster/v1/log_service.grpc.pb.h"
#include "muster/v1/match_service.grpc.pb.h"
#include "muster/v1/member_service.grpc.pb.h"
#include "muster/v1/person_service.grpc.pb.h"
#include "muster/v1/report_service.grpc.pb.h"
#include "muster/v1/upload_service.grpc.pb.h"
#include "muster/v1/vault_key_service.grpc.pb.h"
#include "server/front/authorization.h"
#include "server/rpc/status.h"

namespace muster::front {
namespace {

// What gRPC may hold of messages before a worker takes them up.
constexpr size_t kMessageBytesMax = size_t{160} << 20;
constexpr int kStreamsPerConnection = 64;

std::string_view Text(grpc::string_ref text) { return {text.data(), text.size()}; }

class Gate {
 public:
  Gate(Dispatcher* dispatcher, WorkerPool* pool) : dispatcher_(dispatcher), pool_(pool) {}

  grpc::ServerUnaryReactor* Take(grpc::CallbackServerContext* context, const char* method,
                                 const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    // The context lives until Finish, and so do its metadata and both buffers.
    const bool taken =
        pool_->Post([this, context, method, request, response,
                     reactor] { Answer(context, method, request, response, reactor); },
                    request->Length());
    if (!taken) {
      reactor->Finish(rpc::ToGrpcStatus(
          MakeError(v1::SERVER_BUSY, "the server has too much to do; try again in a moment")));
    }
    return reactor;
  }

 private:
  void Answer(grpc::CallbackServerContext* context, const char* method,
              const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
              grpc::ServerUnaryReactor* reactor) {
    std::string body;
    std::vector<grpc::Slice> slices;
    if (!request->Dump(&slices).ok()) {
      return reactor->Finish(
          rpc::ToGrpcStatus(MakeError(v1::REQUEST_MALFORMED, "the request cannot be read")));
    }
    body.reserve(request->Length());
    for (const grpc::Slice& slice : slices)
      body.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    slices.clear();
    Call call;
    call.method = method;
    call.body = body;
    // Two tokens could be taken for each other: exactly one, or none.
    const auto& metadata = context->client_metadata();
    if (metadata.count("authorization") == 1)
      call.authorization = Text(metadata.find("authorization")->second);
    dispatcher_->Handle(call, [response, reactor](absl::StatusOr<std::string> answer) {
      if (!answer.ok()) return reactor->Finish(rpc::ToGrpcStatus(answer.status()));
      const grpc::Slice slice(*answer);
      *response = grpc::ByteBuffer(&slice, 1);
      reactor->Finish(grpc::Status::OK);
    });
  }

  Dispatcher* const dispatcher_;
  WorkerPool* const pool_;
};

// A method of a service whose messages stay bytes.
#define MUSTER_RAW(Service, Method)                                                             \
  grpc::ServerUnaryReactor* Method(grpc::CallbackServerContext* context,                        \
                                   const grpc::ByteBuffer* request, grpc::ByteBuffer* response) \
      override {                                                                                \
    return gate_->Take(context, "/muster.v1." #Service "/" #Method, request, response);         \
  }
#define MUSTER_RAW_SERVICE(Service)                  \
 public:                                             \
  explicit Raw##Service(Gate* gate) : gate_(gate) {} \
                                                     \
 private:                                            \
  Gate* const gate_;                                 \
                                                     \
 public:

using E = v1::EnrollmentService;
class RawEnrollmentService final
    : public E::WithRawCallbackMethod_GetServerInfo<E::WithRawCallbackMethod_Enroll<E::Service>> {
  MUSTER_RAW_SERVICE(EnrollmentService)
  MUSTER_RAW(EnrollmentService, GetServerInfo)
  MUSTER_RAW(EnrollmentService, Enroll)
};

using M = v1::MemberService;
class RawMemberService final
    : public M::WithRawCallbackMethod_Admit<
          M::WithRawCallbackMethod_ListMembers<M::WithRawCallbackMethod_GetStatus<M::Service>>> {
  MUSTER_RAW_SERVICE(MemberService)
  MUSTER_RAW(MemberService, Admit)
  MUSTER_RAW(MemberService, ListMembers)
  MUSTER_RAW(MemberService, GetStatus)
};

using U = v1::UploadService;
class RawUploadService final
    : public U::WithRawCallbackMethod_CreateUpload<
          U::WithRawCallbackMethod_PutBatch<U::WithRawCallbackMethod_CommitUpload<
              U::WithRawCallbackMethod_GetUpload<U::WithRawCallbackMethod_ListUploads<
                  U::WithRawCallbackMethod_ListVoterFiles<U::WithRawCallbackMethod_ListLists<
                      U::WithRawCallbackMethod_Withdraw<U::Service>>>>>>>> {
  MUSTER_RAW_SERVICE(UploadService)
  MUSTER_RAW(UploadService, CreateUpload)
  MUSTER_RAW(UploadService, PutBatch)
  MUSTER_RAW(UploadService, CommitUpload)
  MUSTER_RAW(UploadService, GetUpload)
  MUSTER_RAW(UploadService, ListUploads)
  MUSTER_RAW(UploadService, ListVoterFiles)
  MUSTER_RAW(UploadService, ListLists)
  MUSTER_RAW(UploadService, Withdraw)
};

using T = v1::MatchService;
class RawMatchService final
    : public T::WithRawCallbackMethod_StartMatch<
          T::WithRawCallbackMethod_GetMatchJob<T::WithRawCallbackMethod_ExplainMatch<T::Service>>> {
  MUSTER_RAW_SERVICE(MatchService)
  MUSTER_RAW(MatchService, StartMatch)
  MUSTER_RAW(MatchService, GetMatchJob)
  MUSTER_RAW(MatchService, ExplainMatch)
};

using P = v1::PersonService;
class RawPersonService final
    : public P::WithRawCallbackMethod_Erase<P::WithRawCallbackMethod_ReportPerson<P::Service>> {
  MUSTER_RAW_SERVICE(PersonService)
  MUSTER_RAW(PersonService, Erase)
  MUSTER_RAW(PersonService, ReportPerson)
};

using L = v1::LogService;
class RawLogService final
    : public L::WithRawCallbackMethod_GetCheckpoint<L::WithRawCallbackMethod_ListEntries<
          L::WithRawCallbackMethod_AddCosignature<L::Service>>> {
  MUSTER_RAW_SERVICE(LogService)
  MUSTER_RAW(LogService, GetCheckpoint)
  MUSTER_RAW(LogService, ListEntries)
  MUSTER_RAW(LogService, AddCosignature)
};

using R = v1::ReportService;
class RawReportService final
    : public R::WithRawCallbackMethod_GetProvenance<
          R::WithRawCallbackMethod_GetBundle<R::WithRawCallbackMethod_ListOpenedEntries<
              R::WithRawCallbackMethod_OpenBatches<R::Service>>>> {
  MUSTER_RAW_SERVICE(ReportService)
  MUSTER_RAW(ReportService, GetProvenance)
  MUSTER_RAW(ReportService, GetBundle)
  MUSTER_RAW(ReportService, ListOpenedEntries)
  MUSTER_RAW(ReportService, OpenBatches)
};

using C = v1::CharterService;
class RawCharterService final
    : public C::WithRawCallbackMethod_ProposeCharter<C::WithRawCallbackMethod_Endorse<C::Service>> {
  MUSTER_RAW_SERVICE(CharterService)
  MUSTER_RAW(CharterService, ProposeCharter)
  MUSTER_RAW(CharterService, Endorse)
};

using K = v1::VaultKeyService;
class RawVaultKeyService final
    : public K::WithRawCallbackMethod_StartCeremony<K::WithRawCallbackMethod_GetVaultKeys<
          K::WithRawCallbackMethod_DeliverShare<K::WithRawCallbackMethod_SealVault<K::Service>>>> {
  MUSTER_RAW_SERVICE(VaultKeyService)
  MUSTER_RAW(VaultKeyService, StartCeremony)
  MUSTER_RAW(VaultKeyService, GetVaultKeys)
  MUSTER_RAW(VaultKeyService, DeliverShare)
  MUSTER_RAW(VaultKeyService, SealVault)
};

#undef MUSTER_RAW
#undef MUSTER_RAW_SERVICE

}  // namespace

struct Server::State {
  State(Dispatcher* dispatcher, WorkerPool* pool) : gate(dispatcher, pool) {}
  Gate gate;
  RawEnrollmentService enrollment{&gate};
  RawMemberService members{&gate};
  RawUploadService uploads{&gate};
  RawMatchService matches{&gate};
  RawPersonService people{&gate};
  RawCharterService charter{&gate};
  RawVaultKeyService vault_key{&gate};
  RawLogService log{&gate};
  RawReportService reports{&gate};
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() { Shutdown(absl::ZeroDuration()); }
int Server::port() const { return state_->port; }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      Dispatcher* dispatcher, WorkerPool* pool) {
  // The library would print a line for every stranger's failed handshake.
  gpr_set_log_function([](gpr_log_func_args*) {});
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  auto state = std::make_unique<State>(dispatcher, pool);
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  tls.pem_key_cert_pairs.push_back({options.key_pem, options.certificate_pem});
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.listen, grpc::SslServerCredentials(tls), &state->port);
  builder.RegisterService(&state->enrollment);
  builder.RegisterService(&state->members);
  builder.RegisterService(&state->uploads);
  builder.RegisterService(&state->matches);
  builder.RegisterService(&state->people);
  builder.RegisterService(&state->charter);
  builder.RegisterService(&state->vault_key);
  builder.RegisterService(&state->log);
  builder.RegisterService(&state->reports);
  builder.SetMaxReceiveMessageSize(static_cast<int>(kRequestBytesMax));
  grpc::ResourceQuota quota("musterd");
  quota.Resize(kMessageBytesMax);
  builder.SetResourceQuota(quota);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnection);
  // Two servers on one port would share its calls between them.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  state->server = builder.BuildAndStart();
  if (state->server == nullptr || state->port == 0) {
    return MakeError(
        v1::SERVER_UNAVAILABLE,
        "cannot listen on " + options.listen +
            "; see whether something else does, or choose another address with --listen");
  }
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

void Server::Shutdown(absl::Duration time) {
  if (state_->server == nullptr) return;
  state_->server->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(time));
  state_->server->Wait();
  state_->server.reset();
}

}  // namespace muster::front
