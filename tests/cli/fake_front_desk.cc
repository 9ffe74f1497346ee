// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_front_desk.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "cli/key_file.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/governance/paseto.h"
#include "core/governance/statement.h"
#include "core/tlog/entry.h"
#include "muster/v1/enrollment_service.pb.h"
#include "muster/v1/log_service.pb.h"
#include "muster/v1/report_service.pb.h"
#include "server/rpc/status.h"

namespace muster::cli {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  MUSTER_CHECK(value.ok());
  return std::move(value).value();
}

std::string PemOf(const std::function<int(BIO*)>& write) {
  BIO* bio = BIO_new(BIO_s_mem());
  MUSTER_CHECK(write(bio) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice whole;
  MUSTER_CHECK(buffer.DumpToSingleSlice(&whole).ok());
  return std::string(reinterpret_cast<const char*>(whole.begin()), whole.size());
}

// One message in, one out.
class OneCall : public grpc::ServerGenericBidiReactor {
 public:
  OneCall(FakeFrontDesk* desk, grpc::GenericCallbackServerContext* context)
      : desk_(desk), method_(context->method()) {
    const auto& metadata = context->client_metadata();
    if (const auto it = metadata.find("authorization"); it != metadata.end()) {
      authorization_.assign(it->second.data(), it->second.size());
    }
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::INTERNAL, "no request"));
    const auto answer = desk_->Handle(method_, authorization_, BytesOf(request_));
    if (!answer.ok()) return Finish(rpc::ToGrpcStatus(answer.status()));
    const grpc::Slice slice(*answer);
    response_ = grpc::ByteBuffer(&slice, 1);
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  FakeFrontDesk* desk_;
  std::string method_;
  std::string authorization_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

}  // namespace

struct FakeFrontDesk::Server : public grpc::CallbackGenericService {
  explicit Server(FakeFrontDesk* d) : desk(d) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new OneCall(desk, context);
  }
  FakeFrontDesk* desk;
  std::unique_ptr<grpc::Server> server;
};

TlsIdentity TlsIdentity::Make() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("muster"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:muster");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  MUSTER_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  TlsIdentity identity;
  identity.key_pem = PemOf([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  identity.certificate_pem = PemOf([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return identity;
}

FakeFrontDesk::FakeFrontDesk(report::Consortium* consortium, report::Organization* organization,
                             const TlsIdentity& tls, const std::string& address)
    : intake_signer(consortium->vault_sign.Clone()),
      consortium_(*consortium),
      organization_(*organization),
      tls_(tls) {
  server_ = std::make_unique<Server>(this);
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({tls_.key_pem, tls_.certificate_pem});
  int port = 0;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(16 << 20);
  builder.AddListeningPort(address.empty() ? "127.0.0.1:0" : address,
                           grpc::SslServerCredentials(options), &port);
  builder.RegisterCallbackGenericService(server_.get());
  server_->server = builder.BuildAndStart();
  MUSTER_CHECK(server_->server != nullptr && port > 0);
  address_ = "127.0.0.1:" + std::to_string(port);
}

FakeFrontDesk::~FakeFrontDesk() { server_->server->Shutdown(std::chrono::system_clock::now()); }

Profile FakeFrontDesk::WriteProfile(const std::filesystem::path& home, const std::string& name,
                                    std::optional<uint64_t> seen) const {
  Profile profile;
  profile.name = name;
  profile.folder = home / name;
  profile.server = address_;
  profile.certificate_pem = tls_.certificate_pem;
  profile.consortium = consortium_.id;
  profile.consortium_name = "River County Coalition";
  profile.charter_hash = consortium_.Root().charter_hash;
  profile.log_key = Must(tlog::NoteKey::Parse(consortium_.log_vkey));
  profile.vault_sign_key = consortium_.vault_sign.verify_key();
  profile.vault_box_key = consortium_.vault_box.public_key();
  profile.vault_holding_key = consortium_.v.TimesBase();
  profile.member = organization_.id;
  profile.member_name = organization_.name;
  profile.person = organization_.person.id;
  profile.person_name = organization_.person.name;
  profile.roles = {v1::ROLE_APPROVER, v1::ROLE_UPLOADER};
  MUSTER_CHECK(WriteNewProfile(profile).ok());
  const report::Someone& person = organization_.person;
  const NewKeys keys{person.sign.Clone(), person.cosign.Clone(),
                     Must(crypto::BoxSecretKey::FromBytes(person.box.raw())), std::nullopt};
  MUSTER_CHECK(WriteKeys(profile.folder, keys, nullptr).ok());
  if (seen.has_value())
    MUSTER_CHECK(WriteSeenCheckpoint(profile, std::nullopt, consortium_.Checkpoint(*seen)).ok());
  return profile;
}

std::vector<std::string> FakeFrontDesk::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

int64_t FakeFrontDesk::CallCount(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  return std::count(calls_.begin(), calls_.end(), method);
}

absl::StatusOr<std::string> FakeFrontDesk::Handle(const std::string& path,
                                                  const std::string& authorization,
                                                  const std::string& request) {
  const std::lock_guard lock(mutex_);
  const std::string prefix = "/muster.v1.";
  MUSTER_CHECK(path.rfind(prefix, 0) == 0);
  const std::string method = path.substr(prefix.size());
  calls_.push_back(method);
  if (method.rfind("EnrollmentService/", 0) != 0) {
    // The token is for this method and these bytes.
    if (authorization.rfind("Bearer ", 0) != 0) return MakeError(v1::TOKEN_MISSING, "no token");
    MUSTER_RETURN_IF_ERROR(governance::VerifyCallToken(organization_.person.sign.verify_key(),
                                                       authorization.substr(7), consortium_.id,
                                                       path, request, absl::Now(),
                                                       absl::Now() - absl::Hours(1))
                               .status());
  }
  if (const auto it = before_.find(method); it != before_.end())
    MUSTER_RETURN_IF_ERROR(it->second());
  MUSTER_ASSIGN_OR_RETURN(std::string answer, Answer(method, request));
  if (const auto it = lose_.find(method); it != lose_.end()) MUSTER_RETURN_IF_ERROR(it->second());
  if (const auto it = bend_.find(method); it != bend_.end()) it->second(answer);
  return answer;
}

v1::Upload FakeFrontDesk::Describe(int64_t known_size) const {
  v1::Upload upload;
  upload.set_name(created->upload());
  upload.set_list(created->list());
  upload.set_mode(created->mode());
  upload.set_state(v1::Upload::OPEN);
  v1::IntakeKey& key = *upload.mutable_intake_key();
  key.set_upload(created->upload());
  key.set_public_key(ToString(consortium_.vault_box.public_key().bytes));
  key.set_expire_time(absl::ToUnixSeconds(absl::Now()) + 3600);
  key.set_signature(intake_signer.Sign("muster/intake-key/v1\n", key.SerializeAsString()));
  for (const auto& [sequence, envelope] : batches) {
    v1::SequenceRange& range = *upload.add_received();
    range.set_first(sequence);
    range.set_last(sequence);
  }
  if (committed.has_value()) {
    upload.set_state(v1::Upload::DONE);
    upload.set_intake_batch_count(static_cast<int64_t>(batches.size()));
    *upload.mutable_statement() =
        consortium_.Prove(static_cast<uint64_t>(committed->upload().index()), consortium_.size());
    *upload.mutable_intake() =
        consortium_.Prove(static_cast<uint64_t>(committed->intake().index()), consortium_.size());
  }
  *upload.mutable_checkpoint() = consortium_.Extend(static_cast<uint64_t>(known_size));
  return upload;
}

absl::StatusOr<std::string> FakeFrontDesk::Answer(const std::string& method,
                                                  const std::string& bytes) {
  if (const auto it = serve_.find(method); it != serve_.end()) return it->second(bytes);
  if (method == "ReportService/GetBundle") return consortium_.MakeBundle().SerializeAsString();
  if (method == "LogService/GetCheckpoint") {
    v1::GetCheckpointRequest request;
    request.ParseFromString(bytes);
    return consortium_.Extend(static_cast<uint64_t>(request.known_size())).SerializeAsString();
  }
  if (method == "LogService/ListEntries") {
    v1::ListEntriesRequest request;
    request.ParseFromString(bytes);
    v1::ListEntriesResponse response;
    for (auto i = static_cast<size_t>(request.first_index()); i < consortium_.size(); ++i) {
      const tlog::Entry& entry = consortium_.entries()[i];
      v1::LogEntry& out = *response.add_entries();
      out.set_index(static_cast<int64_t>(i));
      out.set_commitment(ToString(tlog::EntryCommitment(entry.salt, entry.body)));
      out.set_salt(ToString(entry.salt));
      out.set_body(entry.body);
    }
    return response.SerializeAsString();
  }
  if (method == "LogService/AddCosignature") {
    v1::AddCosignatureRequest request;
    request.ParseFromString(bytes);
    cosigned.push_back(request.checkpoint());
    return v1::AddCosignatureResponse().SerializeAsString();
  }
  if (method == "UploadService/CreateUpload") {
    created.emplace().ParseFromString(bytes);
    return Describe(0).SerializeAsString();
  }
  if (method == "UploadService/GetUpload") {
    v1::GetUploadRequest request;
    request.ParseFromString(bytes);
    if (!created.has_value() || created->upload() != request.name())
      return MakeError(v1::UPLOAD_NOT_FOUND, "no such upload");
    return Describe(request.known_size()).SerializeAsString();
  }
  if (method == "UploadService/PutBatch") {
    v1::PutBatchRequest request;
    request.ParseFromString(bytes);
    ++puts[request.sequence()];
    const auto [it, fresh] = batches.emplace(request.sequence(), request.envelope());
    if (!fresh && it->second != request.envelope()) {
      const std::string stored = it->second;
      return MakeError(v1::BATCH_REPLAYED, "stored with other content",
                       {{"root", HexEncode(Must(seal::ParseEnvelope(stored)).root)}});
    }
    return v1::PutBatchResponse().SerializeAsString();
  }
  if (method == "UploadService/CommitUpload") {
    v1::CommitUploadRequest request;
    request.ParseFromString(bytes);
    if (committed.has_value() && request.statement().statement() != committed_statement) {
      return MakeError(v1::UPLOAD_FINISHED, "committed with another statement");
    }
    if (!committed.has_value()) {
      MUSTER_RETURN_IF_ERROR(governance::VerifyStatement(request.statement()).status());
      committed.emplace();
      committed_statement = request.statement().statement();
      tlog::Entry entry;
      entry.salt = crypto::RandomArray<32>();
      entry.body = request.statement().SerializeAsString();
      consortium_.entries().push_back(std::move(entry));
      committed->mutable_upload()->set_index(static_cast<int64_t>(consortium_.size()) - 1);
      consortium_.Intake(*committed, bend_intake);
    }
    v1::CommitUploadResponse response;
    *response.mutable_statement() =
        consortium_.Prove(static_cast<uint64_t>(committed->upload().index()), consortium_.size());
    *response.mutable_checkpoint() =
        consortium_.Extend(static_cast<uint64_t>(request.known_size()));
    return response.SerializeAsString();
  }
  if (method == "EnrollmentService/Enroll") {
    v1::EnrollRequest request;
    request.ParseFromString(bytes);
    MUSTER_RETURN_IF_ERROR(governance::VerifyStatement(request.join()).status());
    size_t index = 0;
    const std::string body = request.join().SerializeAsString();
    while (index < consortium_.size() && consortium_.entries()[index].body != body) ++index;
    if (index == consortium_.size()) {
      tlog::Entry entry;
      entry.salt = crypto::RandomArray<32>();
      entry.body = body;
      consortium_.entries().push_back(std::move(entry));
    }
    v1::EnrollResponse response;
    *response.mutable_join() = consortium_.Prove(index, consortium_.size());
    *response.mutable_charter() = consortium_.Prove(0, consortium_.size());
    *response.mutable_checkpoint() =
        consortium_.Extend(static_cast<uint64_t>(request.known_size()));
    return response.SerializeAsString();
  }
  return MakeError(v1::METHOD_NOT_ALLOWED, "not here");
}

}  // namespace muster::cli
