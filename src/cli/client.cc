// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>

#include <condition_variable>
#include <mutex>

#include "absl/time/clock.h"
#include "cli/certificate.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/governance/paseto.h"
#include "server/rpc/status.h"

namespace muster::cli {
namespace {

// A provenance report of the largest upload there can be.
constexpr int kResponseBytesMax = 256 << 20;
constexpr absl::Duration kPauses[] = {absl::Milliseconds(200), absl::Milliseconds(500),
                                      absl::Seconds(1), absl::Seconds(2), absl::Seconds(4)};

// For a server that was started a moment ago, by the line above in a script.
constexpr absl::Duration kConnectWait = absl::Seconds(5);

bool PassesSoon(Reason reason) {
  return reason == v1::SERVER_BUSY || reason == v1::VAULT_UNAVAILABLE;
}

void SilenceLibrary() {
  // gRPC would print handshake errors over our own.
  static const bool once = [] {
    gpr_set_log_function([](gpr_log_func_args*) {});
    return true;
  }();
  (void)once;
}

// gRPC's threads end with its last user, by themselves and some time later; at the end of a process
// that is a race with OpenSSL's own end. Here they have ended before the last client is gone.
struct Library {
  Library() { grpc_init(); }
  ~Library() { grpc_shutdown_blocking(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

}  // namespace

struct Client::Channel {
  Library library;
  std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub;
  std::once_flag waited;
  explicit Channel(const std::shared_ptr<grpc::Channel>& c) : channel(c), stub(c) {}
};

Client::Client(std::string server, std::string certificate_pem, std::optional<Caller> caller,
               const Clock& clock)
    : server_(std::move(server)),
      certificate_pem_(std::move(certificate_pem)),
      caller_(std::move(caller)),
      clock_(clock) {
  SilenceLibrary();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = certificate_pem_;
  grpc::ChannelArguments arguments;
  // The certificate is known by its bytes; the address it stands at may change.
  arguments.SetSslTargetNameOverride("muster");
  arguments.SetMaxReceiveMessageSize(kResponseBytesMax);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  channel_ = std::make_unique<Channel>(
      grpc::CreateCustomChannel(server_, grpc::SslCredentials(tls), arguments));
}

Client::~Client() = default;

absl::Status Client::Call(std::string_view method, const google::protobuf::MessageLite& request,
                          google::protobuf::MessageLite& response, absl::Duration time) {
  const std::string path = "/muster.v1." + std::string(method);
  const std::string bytes = request.SerializeAsString();
  std::call_once(channel_->waited, [this] {
    channel_->channel->WaitForConnected(absl::ToChronoTime(absl::Now() + kConnectWait));
  });
  absl::Status status = CallOnce(path, bytes, response, time);
  if (ReasonOf(status) == v1::TOKEN_BEFORE_START) {
    // The server has just started and our clock is a moment behind its.
    absl::SleepFor(absl::Seconds(1));
    status = CallOnce(path, bytes, response, time);
  }
  for (const absl::Duration pause : kPauses) {
    if (!PassesSoon(ReasonOf(status))) break;
    absl::SleepFor(pause);
    status = CallOnce(path, bytes, response, time);
  }
  return Explain(status);
}

absl::Status Client::CallOnce(const std::string& method, const std::string& request,
                              google::protobuf::MessageLite& response, absl::Duration time) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + time));
  if (caller_.has_value()) {
    context.AddMetadata(
        "authorization",
        "Bearer " + governance::MakeCallToken(*caller_->key, caller_->person, caller_->consortium,
                                              method, request, clock_.Now()));
  }
  // The slice only borrows the bytes, which outlive the call.
  const grpc::Slice slice(request.data(), request.size(), grpc::Slice::STATIC_SLICE);
  const grpc::ByteBuffer body(&slice, 1);
  grpc::ByteBuffer answer;
  grpc::Status result;
  std::mutex mutex;
  std::condition_variable answered;
  bool done = false;
  channel_->stub.UnaryCall(&context, method, grpc::StubOptions(), &body, &answer,
                           [&](grpc::Status status) {
                             // Under the lock, or all of this could be gone before it is told.
                             const std::lock_guard lock(mutex);
                             result = std::move(status);
                             done = true;
                             answered.notify_one();
                           });
  {
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return done; });
  }
  if (!result.ok()) return rpc::FromGrpcStatus(result);
  grpc::Slice whole;
  if (!answer.DumpToSingleSlice(&whole).ok() ||
      !response.ParseFromArray(whole.begin(), static_cast<int>(whole.size()))) {
    return MakeError(v1::INTERNAL_ERROR,
                     "the server's answer cannot be read; use programs of one release");
  }
  return absl::OkStatus();
}

absl::Status Client::Explain(const absl::Status& status) const {
  if (status.code() == absl::StatusCode::kDeadlineExceeded) {
    return MakeError(
        absl::StatusCode::kDeadlineExceeded, v1::SERVER_UNAVAILABLE,
        "the server at " + server_ + " did not answer in time; try again, or ask the operator");
  }
  if (ReasonOf(status) != v1::SERVER_UNAVAILABLE) return status;
  if (const auto sha256 = CertificateSha256(certificate_pem_); sha256.ok()) {
    const auto shown = FetchPinnedCertificate(server_, *sha256);
    if (ReasonOf(shown.status()) == v1::CERTIFICATE_MISMATCH) return shown.status();
  }
  return MakeError(v1::SERVER_UNAVAILABLE,
                   "cannot reach the server at " + server_ +
                       "; check that musterd runs there and that the address is right");
}

}  // namespace muster::cli
