// SPDX-License-Identifier: Apache-2.0
//
// FrontDesk: everything of musterd but processes and gRPC, in a temporary home, with a fake vault
// and a clock that stands where it is put. Calls go through the dispatcher with real tokens, as
// they would over the wire.
#ifndef MUSTER_TESTS_SERVER_FRONT_FRONT_DESK_H_
#define MUSTER_TESTS_SERVER_FRONT_FRONT_DESK_H_

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/crypto/merkle.h"
#include "core/governance/paseto.h"
#include "core/seal/sealer.h"
#include "core/store/log_store.h"
#include "muster/v1/enrollment_service.pb.h"
#include "muster/v1/member_service.pb.h"
#include "muster/v1/upload_service.pb.h"
#include "server/front/desk.h"
#include "tests/server/front/fake_vault.h"
#include "tests/support/consortium.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::test {

class TestClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(seconds_); }
  void Advance(int64_t seconds) { seconds_ += seconds; }

 private:
  std::atomic<int64_t> seconds_{kTestTime + 100};
};

// An upload as a client makes it.
struct TestUpload {
  UploadId id = DrawId<UploadId>();
  v1::Upload created;
  std::vector<seal::SealedBatch> batches;
  v1::SignedStatement statement;
};

class FrontDesk {
 public:
  FrontDesk() : vault(&pool) {
    pool.now = kTestTime;
    Start();
  }
  ~FrontDesk() { Stop(); }

  TempDir dir;
  TestConsortium pool;
  FakeVault vault;
  TestClock clock;

  front::Journal& journal() { return *journal_; }
  front::UploadBook& book() { return *book_; }
  front::Dispatcher& dispatcher() { return *dispatcher_; }
  front::WitnessBook& witnesses() { return *witnesses_; }
  front::CallerMarks& marks() { return *marks_; }
  front::WorkerPool& workers() { return *workers_; }
  front::MatchDriver& matches() { return *matches_; }
  front::ErasureDriver& erasures() { return *erasures_; }
  std::filesystem::path folder(const UploadId& id) { return book_->FolderOf(id).path(); }

  void Start() {
    log_store_ = testing::Must(store::LogStore::Open(dir / "log"));
    journal_ = testing::Must(
        front::Journal::Open(log_store_.get(), pool.log_key, pool.log_name(), &clock));
    if (!journal_->founded()) REQUIRE_OK(journal_->Append(pool.SignedCharter()));
    store::DatabaseOptions options;
    options.families = front::kFrontFamilies;
    front_store_ = testing::Must(store::OpenDatabase(dir / "front", options));
    book_ =
        testing::Must(front::UploadBook::Open(front_store_.get(), dir / "uploads", journal_.get()));
    witnesses_ = testing::Must(
        front::WitnessBook::Open(front_store_.get(), journal_.get(), pool.note_key()));
    feed_ =
        std::make_unique<front::VaultFeed>(journal_.get(), pool.log_key, pool.log_name(), &vault);
    driver_ = std::make_unique<front::IntakeDriver>(book_.get(), journal_.get(), feed_.get(),
                                                    &vault, &clock);
    matches_ = std::make_unique<front::MatchDriver>(journal_.get(), feed_.get(), &vault, &clock);
    erasures_ = testing::Must(
        front::ErasureDriver::Open(front_store_.get(), journal_.get(), feed_.get(), &vault));
    journal_->OnAppend([this] { feed_->Poke(); });
    book_->OnChange([this] { driver_->Poke(); });
    workers_ = std::make_unique<front::WorkerPool>(4);
    const front::Desk desk{
        journal_.get(), book_.get(), driver_.get(),  matches_.get(), erasures_.get(),
        feed_.get(),    &vault,      workers_.get(), &clock,         pool.note_key().Format(),
        "test",         witnesses_.get()};
    marks_ = testing::Must(front::CallerMarks::Open(front_store_.get(), clock.Now()));
    dispatcher_ = std::make_unique<front::Dispatcher>(journal_.get(), &clock, marks_.get());
    front::RegisterPeopleCalls(*dispatcher_, desk);
    front::RegisterUploadCalls(*dispatcher_, desk);
    front::RegisterMatchCalls(*dispatcher_, desk);
    front::RegisterPersonCalls(*dispatcher_, desk);
    front::RegisterCharterCalls(*dispatcher_, desk);
    front::RegisterLogCalls(*dispatcher_, desk);
    front::RegisterReportCalls(*dispatcher_, desk);
    dispatcher_->CheckComplete();
    feed_->Start();
    driver_->Start();
    erasures_->Start();
  }
  void Stop() {
    book_->EndWaiting();
    workers_->Stop();
    matches_->Stop();
    erasures_->Stop();
    driver_->Stop();
    feed_->Stop();
    dispatcher_.reset();
    marks_.reset();
    workers_.reset();
    matches_.reset();
    erasures_.reset();
    driver_.reset();
    feed_.reset();
    book_.reset();
    witnesses_.reset();
    front_store_.reset();
    journal_.reset();
    log_store_.reset();
  }
  void Restart() {
    Stop();
    clock.Advance(1);
    Start();
  }

  std::string Token(const TestPerson& person, const std::string& method, const std::string& body) {
    return "Bearer " + governance::MakeCallToken(person.sign, person.id, pool.id,
                                                 "/muster.v1." + method, body, clock.Now());
  }
  absl::StatusOr<std::string> Raw(const std::string& method, const std::string& authorization,
                                  const std::string& body) {
    std::promise<absl::StatusOr<std::string>> answer;
    dispatcher_->Handle(
        {"/muster.v1." + method, authorization, body},
        [&](absl::StatusOr<std::string> said) { answer.set_value(std::move(said)); });
    return answer.get_future().get();
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const TestPerson& person, const std::string& method,
                                const Request& request) {
    const std::string body = request.SerializeAsString();
    MUSTER_ASSIGN_OR_RETURN(const std::string bytes,
                            Raw(method, Token(person, method, body), body));
    Response response;
    // Called from threads, where Catch's checks must not be.
    if (!response.ParseFromString(bytes))
      return MakeError(v1::INTERNAL_ERROR, "the answer cannot be parsed");
    return response;
  }

  // Admits and enrolls a member with one person, by calls.
  TestPerson AddMember(const std::string& name, const std::vector<v1::Role>& roles = {
                                                    v1::ROLE_UPLOADER, v1::ROLE_APPROVER}) {
    TestPerson person;
    person.member = DrawId<MemberId>();
    person.name = "First of " + name;
    if (std::find(roles.begin(), roles.end(), v1::ROLE_APPROVER) != roles.end())
      person.m = crypto::Scalar::Random();
    Enroll(pool.founder, person, name, true, roles);
    return person;
  }
  TestPerson AddPerson(const TestPerson& by, const std::vector<v1::Role>& roles) {
    TestPerson person;
    person.member = by.member;
    Enroll(by, person, "", false, roles);
    return person;
  }
  void Enroll(const TestPerson& by, const TestPerson& person, const std::string& member_name,
              bool new_member, const std::vector<v1::Role>& roles) {
    const TestInvite invite;
    v1::AdmitRequest admit;
    *admit.mutable_admission() = TestConsortium::SignBy(
        by, pool.Admission(by, invite, person, member_name, new_member, roles));
    REQUIRE_OK((Call<v1::AdmitResponse>(by, "MemberService/Admit", admit)));
    v1::EnrollRequest enroll;
    *enroll.mutable_join() = TestConsortium::SignJoin(pool.Join(invite, person), invite, person);
    REQUIRE_OK(Raw("EnrollmentService/Enroll", "", enroll.SerializeAsString()));
  }

  absl::StatusOr<v1::Upload> Create(const TestPerson& person, TestUpload& upload,
                                    const std::string& list = "everyone",
                                    v1::UploadStatement::Mode mode = v1::UploadStatement::APPEND,
                                    char file = 'f',
                                    const v1::VoterFileTerms* voterfile = nullptr) {
    v1::CreateUploadRequest request;
    request.set_upload(upload.id.Name());
    request.set_list(list);
    request.set_mode(mode);
    request.add_file_blake2b(std::string(32, file));
    if (voterfile != nullptr) *request.mutable_voterfile() = *voterfile;
    absl::StatusOr<v1::Upload> created =
        Call<v1::Upload>(person, "UploadService/CreateUpload", request);
    if (created.ok()) upload.created = *created;
    return created;
  }
  seal::SealContext ContextOf(const TestPerson& person, const TestUpload& upload) {
    seal::SealContext context;
    context.consortium = pool.id;
    context.member = *person.member;
    context.upload = upload.id;
    context.uploader = person.id;
    context.intake_key =
        testing::Must(crypto::ParseBoxPublicKey(upload.created.intake_key().public_key()));
    context.vault_key = pool.v.TimesBase();
    context.member_key = testing::Must(crypto::ParsePoint(MemberKey(*person.member)));
    return context;
  }
  std::string MemberKey(const MemberId& member) {
    return journal_->WithRegistry([&](const governance::Registry& registry) {
      return ToString(registry.FindMember(member)->member_key->bytes);
    });
  }
  static seal::RecordBlock Records(uint32_t first_row, size_t count) {
    seal::RecordBlock block;
    contact::ContactRecord record;
    for (size_t i = 0; i < count; ++i) {
      record.Clear();
      record.row = first_row + static_cast<uint32_t>(i);
      record.status = contact::Status::kSubscribed;
      record[contact::Field::kEmail] = "row" + std::to_string(record.row) + "@example.org";
      REQUIRE_OK(block.Add(record));
    }
    return block;
  }
  // Seals the batch with this sequence; every batch has `records` rows.
  seal::SealedBatch Seal(const TestPerson& person, const TestUpload& upload, uint32_t sequence,
                         size_t records = 3) {
    const seal::Sealer sealer(ContextOf(person, upload), &person.sign);
    return testing::Must(sealer.Seal(
        sequence, Records(1 + sequence * static_cast<uint32_t>(records), records), pool.now));
  }
  void SealAll(const TestPerson& person, TestUpload& upload, uint32_t count, size_t records = 3) {
    for (uint32_t i = 0; i < count; ++i) upload.batches.push_back(Seal(person, upload, i, records));
  }
  absl::Status Put(const TestPerson& person, const TestUpload& upload, uint32_t sequence,
                   const std::string& envelope) {
    v1::PutBatchRequest request;
    request.set_upload(upload.id.Name());
    request.set_sequence(sequence);
    request.set_envelope(envelope);
    return Call<v1::PutBatchResponse>(person, "UploadService/PutBatch", request).status();
  }
  absl::Status PutAll(const TestPerson& person, const TestUpload& upload) {
    for (uint32_t i = 0; i < upload.batches.size(); ++i) {
      MUSTER_RETURN_IF_ERROR(Put(person, upload, i, upload.batches[i].envelope));
    }
    return absl::OkStatus();
  }
  v1::Statement StatementOf(const TestPerson& person, const TestUpload& upload, size_t records = 3,
                            char file = 'f') {
    v1::Statement statement = pool.Upload(person, upload.id);
    v1::UploadStatement& said = *statement.mutable_upload();
    said.set_list(upload.created.list());
    said.set_mode(upload.created.mode());
    said.mutable_files(0)->set_blake2b(std::string(32, file));
    said.set_batch_count(static_cast<int64_t>(upload.batches.size()));
    said.set_record_count(static_cast<int64_t>(upload.batches.size() * records));
    said.set_row_count(said.record_count());
    said.mutable_files(0)->set_row_count(said.record_count());
    crypto::MerkleFrontier tree;
    for (const seal::SealedBatch& batch : upload.batches)
      tree.Append(crypto::MerkleLeaf(batch.signed_part));
    said.set_batches_root(ToString(tree.Root()));
    if (upload.created.has_voterfile()) {
      said.clear_consent();
      *said.mutable_voterfile() = upload.created.voterfile();
    }
    return statement;
  }
  absl::StatusOr<v1::CommitUploadResponse> Commit(const TestPerson& person,
                                                  const v1::SignedStatement& statement) {
    v1::CommitUploadRequest request;
    *request.mutable_statement() = statement;
    return Call<v1::CommitUploadResponse>(person, "UploadService/CommitUpload", request);
  }
  absl::StatusOr<v1::Upload> Get(const TestPerson& person, const UploadId& id, int wait_seconds = 0,
                                 int64_t seen = 0) {
    v1::GetUploadRequest request;
    request.set_name(id.Name());
    request.set_wait_seconds(wait_seconds);
    request.set_seen_intake_batch_count(seen);
    return Call<v1::Upload>(person, "UploadService/GetUpload", request);
  }
  // Waits until the upload has this state.
  void Await(const UploadId& id, v1::Upload::State state) {
    REQUIRE(Eventually([&] {
      const auto view = book_->Find(id);
      return view.ok() && view->record.state() == state;
    }));
  }

  // The whole of it: created, sealed, put, committed.
  TestUpload Upload(const TestPerson& person, uint32_t batches,
                    const std::string& list = "everyone",
                    v1::UploadStatement::Mode mode = v1::UploadStatement::APPEND, char file = 'f',
                    const v1::VoterFileTerms* voterfile = nullptr) {
    TestUpload upload;
    REQUIRE_OK(Create(person, upload, list, mode, file, voterfile));
    SealAll(person, upload, batches);
    REQUIRE_OK(PutAll(person, upload));
    upload.statement = TestConsortium::SignBy(person, StatementOf(person, upload, 3, file));
    REQUIRE_OK(Commit(person, upload.statement));
    return upload;
  }

 private:
  std::unique_ptr<store::LogStore> log_store_;
  std::unique_ptr<front::Journal> journal_;
  std::unique_ptr<store::Store> front_store_;
  std::unique_ptr<front::UploadBook> book_;
  std::unique_ptr<front::WitnessBook> witnesses_;
  std::unique_ptr<front::VaultFeed> feed_;
  std::unique_ptr<front::IntakeDriver> driver_;
  std::unique_ptr<front::MatchDriver> matches_;
  std::unique_ptr<front::ErasureDriver> erasures_;
  std::unique_ptr<front::WorkerPool> workers_;
  std::unique_ptr<front::CallerMarks> marks_;
  std::unique_ptr<front::Dispatcher> dispatcher_;
};

}  // namespace muster::test

#endif  // MUSTER_TESTS_SERVER_FRONT_FRONT_DESK_H_
