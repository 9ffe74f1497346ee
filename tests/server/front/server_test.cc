// SPDX-License-Identifier: Apache-2.0
//
// The gRPC side: what arrives at the dispatcher is what was sent, byte for byte, and what it
// answers is what comes back.
#include "server/front/server.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "server/front/authorization.h"
#include "server/front/certificate.h"
#include "server/rpc/status.h"
#include "tests/server/front/front_desk.h"

namespace muster::front {
namespace {

using test::FrontDesk;
using test::TestPerson;
using test::TestUpload;

class Wire {
 public:
  explicit Wire(FrontDesk& desk)
      : desk_(desk), certificate_(testing::Must(MakeCertificate("127.0.0.1"))) {
    const std::string key(AsText(certificate_.key_pem.ExposeSecret()));
    server = testing::Must(Server::Start({"127.0.0.1:0", key, certificate_.certificate_pem},
                                         &desk.dispatcher(), &desk.workers()));
    Connect(certificate_.certificate_pem);
  }
  void Connect(const std::string& root) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = root;
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("muster");
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server->port()),
                                         grpc::SslCredentials(tls), arguments);
    stub_ = std::make_unique<grpc::GenericStub>(channel_);
  }

  absl::StatusOr<std::string> Send(const std::string& method,
                                   const std::vector<std::string>& authorizations,
                                   const std::string& body) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    for (const std::string& authorization : authorizations)
      context.AddMetadata("authorization", authorization);
    // In pieces, as a large message arrives.
    std::vector<grpc::Slice> slices;
    for (size_t at = 0; at < body.size(); at += 1000) slices.emplace_back(body.substr(at, 1000));
    const grpc::ByteBuffer request(slices.data(), slices.size());
    grpc::ByteBuffer response;
    std::promise<grpc::Status> said;
    stub_->UnaryCall(&context, "/muster.v1." + method, grpc::StubOptions(), &request, &response,
                     [&](grpc::Status status) { said.set_value(std::move(status)); });
    const grpc::Status status = said.get_future().get();
    if (!status.ok()) return rpc::FromGrpcStatus(status);
    grpc::Slice whole;
    if (!response.DumpToSingleSlice(&whole).ok()) return MakeError(v1::INTERNAL_ERROR, "no answer");
    return std::string(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }
  absl::StatusOr<std::string> Call(const TestPerson& person, const std::string& method,
                                   const std::string& body) {
    return Send(method, {desk_.Token(person, method, body)}, body);
  }

  std::unique_ptr<Server> server;

 private:
  FrontDesk& desk_;
  Certificate certificate_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::GenericStub> stub_;
};

TEST_CASE("Server: every served method reaches its own handler over TLS", "[server]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  Wire wire(desk);
  for (const std::string& method : ServedMethods()) {
    const std::string name = method.substr(std::string("/muster.v1.").size());
    INFO(name);
    // The token names the method: were the paths crossed anywhere, its signature would not hold.
    const Reason reason = ReasonOf(wire.Call(ada, name, "").status());
    CHECK(reason != v1::TOKEN_SIGNATURE_INVALID);
    CHECK(reason != v1::METHOD_NOT_ALLOWED);
    CHECK(reason != v1::SERVER_UNAVAILABLE);
    if (!FindMethodRule(method)->open) {
      REQUIRE_REASON(wire.Send(name, {}, ""), v1::TOKEN_MISSING);
    }
  }
  CHECK_FALSE(wire.Call(ada, "UploadService/Nothing", "").ok());
}

TEST_CASE("Server: a call goes through once; errors keep reason, message and details", "[server]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  Wire wire(desk);
  const std::string name = "MemberService/GetStatus";
  const std::string token = desk.Token(ada, name, "");
  v1::GetStatusResponse status;
  REQUIRE(status.ParseFromString(testing::Must(wire.Send(name, {token}, ""))));
  CHECK(status.person().name() == ada.id.Name());
  REQUIRE_REASON(wire.Send(name, {token}, ""), v1::TOKEN_REPLAYED);
  // Two tokens at once are none.
  REQUIRE_REASON(wire.Send(name, {desk.Token(ada, name, ""), desk.Token(ada, name, "")}, ""),
                 v1::TOKEN_MISSING);

  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 1);
  REQUIRE_OK(desk.PutAll(ada, upload));
  v1::PutBatchRequest request;
  request.set_upload(upload.id.Name());
  request.set_envelope(desk.Seal(ada, upload, 0).envelope);
  const absl::Status refused =
      wire.Call(ada, "UploadService/PutBatch", request.SerializeAsString()).status();
  REQUIRE_REASON(refused, v1::BATCH_REPLAYED);
  CHECK(DetailsOf(refused)["sequence"] == "0");
}

TEST_CASE("Server: whoever pins another certificate does not get through", "[server]") {
  FrontDesk desk;
  Wire wire(desk);
  REQUIRE_OK(wire.Send("EnrollmentService/GetServerInfo", {}, ""));
  wire.Connect(testing::Must(MakeCertificate("127.0.0.1")).certificate_pem);
  REQUIRE_REASON(wire.Send("EnrollmentService/GetServerInfo", {}, ""), v1::SERVER_UNAVAILABLE);
}

TEST_CASE("Server: the largest batch there can be is taken, a larger request is not", "[server]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  Wire wire(desk);
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  seal::RecordBlock block;
  contact::ContactRecord record;
  for (uint32_t row = 1; !block.full(); ++row) {
    record.Clear();
    record.row = row;
    for (const contact::Field field :
         {contact::Field::kEmail, contact::Field::kTags, contact::Field::kConsent}) {
      record[field] = std::string(1000, 'x');
    }
    REQUIRE_OK(block.Add(record));
  }
  v1::PutBatchRequest request;
  request.set_upload(upload.id.Name());
  request.set_envelope(
      testing::Must(
          seal::Sealer(desk.ContextOf(ada, upload), &ada.sign).Seal(0, block, desk.pool.now))
          .envelope);
  CHECK(request.envelope().size() > 16'000'000);
  REQUIRE_OK(wire.Call(ada, "UploadService/PutBatch", request.SerializeAsString()));
  const std::string large(kRequestBytesMax + 1000, 'x');
  CHECK_FALSE(wire.Call(ada, "UploadService/PutBatch", large).ok());
}

TEST_CASE("Server: many calls in flight from many threads are each answered once", "[server]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  Wire wire(desk);
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 32);
  std::atomic<int> stored{0};
  std::vector<std::thread> senders;
  for (uint32_t part = 0; part < 8; ++part) {
    senders.emplace_back([&, part] {
      for (uint32_t i = part; i < 32; i += 8) {
        v1::PutBatchRequest request;
        request.set_upload(upload.id.Name());
        request.set_sequence(i);
        request.set_envelope(upload.batches[i].envelope);
        stored += wire.Call(ada, "UploadService/PutBatch", request.SerializeAsString()).ok();
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  CHECK(stored == 32);
  CHECK(testing::Must(desk.book().Find(upload.id)).contiguous_count == 32);
}

TEST_CASE("Server: shutting down answers who waits and takes nobody new", "[server]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  Wire wire(desk);
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  v1::GetUploadRequest request;
  request.set_name(upload.id.Name());
  request.set_wait_seconds(30);
  std::atomic<bool> answered{false};
  std::thread waiting([&] {
    answered = wire.Call(ada, "UploadService/GetUpload", request.SerializeAsString()).ok();
  });
  ::usleep(300'000);
  CHECK_FALSE(answered);
  desk.book().EndWaiting();
  wire.server->Shutdown(absl::Seconds(10));
  waiting.join();
  CHECK(answered);
  REQUIRE_REASON(wire.Send("EnrollmentService/GetServerInfo", {}, ""), v1::SERVER_UNAVAILABLE);
}

TEST_CASE("Server: an address that is taken is said so", "[server]") {
  FrontDesk desk;
  Wire wire(desk);
  const Certificate certificate = testing::Must(MakeCertificate(""));
  const std::string key(AsText(certificate.key_pem.ExposeSecret()));
  const std::string taken = "127.0.0.1:" + std::to_string(wire.server->port());
  REQUIRE_REASON(
      Server::Start({taken, key, certificate.certificate_pem}, &desk.dispatcher(), &desk.workers())
          .status(),
      v1::SERVER_UNAVAILABLE);
}

}  // namespace
}  // namespace muster::front
