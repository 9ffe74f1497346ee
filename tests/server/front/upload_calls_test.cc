// SPDX-License-Identifier: Apache-2.0
//
// Uploads from the first batch to the vault's statement, over real tokens, files and databases,
// with a vault that can fail in every way.
#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <thread>

#include "core/tlog/proof.h"
#include "muster/v1/report_service.pb.h"
#include "tests/server/front/front_desk.h"

namespace muster::front {
namespace {

using test::FrontDesk;
using test::Slurp;
using test::TestConsortium;
using test::TestPerson;
using test::TestUpload;

std::string Changed(std::string bytes, size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return bytes;
}

std::filesystem::path BatchFile(FrontDesk& desk, const TestUpload& upload, int sequence) {
  char name[32];
  std::snprintf(name, sizeof(name), "%08d.batch", sequence);
  return desk.folder(upload.id) / name;
}

// The receipt's entry stands in the receipt's tree.
void CheckReceipt(FrontDesk& desk, const v1::EntryProof& entry,
                  const v1::CheckpointProof& checkpoint) {
  const auto opened =
      testing::Must(tlog::OpenCheckpoint(checkpoint.checkpoint(), desk.pool.note_key()));
  REQUIRE_OK(tlog::VerifyEntryProof(entry, opened));
}

TEST_CASE("Upload: from create to the vault's statement, with a receipt that proves itself",
          "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload;
  const v1::Upload created = testing::Must(desk.Create(ada, upload));
  CHECK(created.state() == v1::Upload::OPEN);
  CHECK(created.intake_key().upload() == upload.id.Name());
  desk.SealAll(ada, upload, 5);
  for (const uint32_t i : {3u, 0u, 4u, 1u, 2u})
    REQUIRE_OK(desk.Put(ada, upload, i, upload.batches[i].envelope));
  const v1::Upload open = testing::Must(desk.Get(ada, upload.id));
  REQUIRE(open.received_size() == 1);
  CHECK(open.received(0).first() == 0);
  CHECK(open.received(0).last() == 4);

  upload.statement = TestConsortium::SignBy(ada, desk.StatementOf(ada, upload));
  const v1::CommitUploadResponse committed = testing::Must(desk.Commit(ada, upload.statement));
  CHECK(committed.statement().body() == upload.statement.SerializeAsString());
  CheckReceipt(desk, committed.statement(), committed.checkpoint());

  desk.Await(upload.id, v1::Upload::DONE);
  const v1::Upload done = testing::Must(desk.Get(ada, upload.id, 30, 5));
  CHECK(done.intake_batch_count() == 5);
  CHECK(done.sealed_refused_rows() == "sealed");
  CheckReceipt(desk, done.statement(), done.checkpoint());
  CheckReceipt(desk, done.intake(), done.checkpoint());
  CHECK(desk.vault.Read(upload.id.Name()).size() == 5);

  // The intake wraps go from the stored files; what is signed stays.
  REQUIRE(test::Eventually(
      [&] { return testing::Must(desk.book().Find(upload.id)).record.wraps_erased(); }));
  for (int i = 0; i < 5; ++i) {
    const std::string stored = Slurp(BatchFile(desk, upload, i));
    const auto envelope = testing::Must(seal::ParseEnvelope(stored));
    CHECK(envelope.intake_wrap.empty());
    CHECK(envelope.SignedPart() == upload.batches[static_cast<size_t>(i)].signed_part);
    REQUIRE_OK(seal::VerifyEnvelopeSignature(envelope, ada.sign.verify_key()));
  }
}

TEST_CASE("Upload: a client that lost every answer and says everything twice changes nothing",
          "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload;
  for (int i = 0; i < 2; ++i) REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 3);
  for (int i = 0; i < 2; ++i) REQUIRE_OK(desk.PutAll(ada, upload));
  upload.statement = TestConsortium::SignBy(ada, desk.StatementOf(ada, upload));
  const auto first = testing::Must(desk.Commit(ada, upload.statement));
  const uint64_t size = desk.journal().size();
  const auto second = testing::Must(desk.Commit(ada, upload.statement));
  CHECK(first.statement().index() == second.statement().index());
  CHECK(desk.journal().size() <= size + 1);  // at most the vault's statement came meanwhile
  desk.Await(upload.id, v1::Upload::DONE);
  // Even after intake and the erasing of wraps, the same batch again is the same batch.
  REQUIRE(test::Eventually(
      [&] { return testing::Must(desk.book().Find(upload.id)).record.wraps_erased(); }));
  desk.Restart();
  REQUIRE_OK(desk.Commit(ada, upload.statement));
  CHECK(testing::Must(desk.Get(ada, upload.id)).state() == v1::Upload::DONE);
}

TEST_CASE("Upload: a batch is stored once, and never replaced by other bytes", "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 1);
  REQUIRE_OK(desk.PutAll(ada, upload));
  const std::string stored = Slurp(BatchFile(desk, upload, 0));
  const seal::SealedBatch other = desk.Seal(ada, upload, 0);
  const absl::Status refused = desk.Put(ada, upload, 0, other.envelope);
  REQUIRE_REASON(refused, v1::BATCH_REPLAYED);
  // The client may find out which of its sealings is there.
  const auto root = testing::Must(seal::ParseEnvelope(upload.batches[0].envelope)).root;
  CHECK(DetailsOf(refused)["root"] == HexEncode(root));
  CHECK(Slurp(BatchFile(desk, upload, 0)) == stored);
}

TEST_CASE("Upload: a tampered, truncated, misplaced or borrowed batch is refused and not stored",
          "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  const TestPerson bo = desk.AddPerson(ada, {v1::ROLE_UPLOADER});
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 2);
  const std::string& good = upload.batches[0].envelope;

  // Every byte of what is signed, and a sample of the rest, is covered: by parsing, by the header's
  // check, or by the signature. Ciphertexts are the vault's to check against the signed root.
  const size_t signed_end =
      seal::kEnvelopeMagic.size() + seal::kSignedPartBytes + seal::kSignatureBytes;
  for (size_t i = 0; i < signed_end; i += 7) {
    if (desk.Put(ada, upload, 0, Changed(good, i)).ok()) FAIL("byte " << i);
  }
  for (const size_t cut : {size_t{0}, size_t{1}, signed_end, good.size() - 1}) {
    REQUIRE_REASON(desk.Put(ada, upload, 0, good.substr(0, cut)), v1::BATCH_MALFORMED);
  }
  REQUIRE_REASON(desk.Put(ada, upload, 0, good + "x"), v1::BATCH_MALFORMED);
  REQUIRE_REASON(desk.Put(ada, upload, 0, testing::Must(seal::EraseIntakeWrap(good))),
                 v1::BATCH_MALFORMED);
  // Under another number, out of range.
  REQUIRE_REASON(desk.Put(ada, upload, 1, good), v1::BATCH_OUT_OF_ORDER);
  REQUIRE_REASON(desk.Put(ada, upload, 0, upload.batches[1].envelope), v1::BATCH_OUT_OF_ORDER);
  // By a colleague, for another upload, by another member, claiming to be another member's.
  REQUIRE_REASON(desk.Put(bo, upload, 0, good), v1::BATCH_NOT_YOURS);
  TestUpload other;
  REQUIRE_OK(desk.Create(ada, other, "other"));
  REQUIRE_REASON(desk.Put(ada, other, 0, good), v1::BATCH_NOT_YOURS);
  REQUIRE_REASON(desk.Put(eve, upload, 0, good), v1::UPLOAD_NOT_FOUND);
  TestUpload evil;
  REQUIRE_OK(desk.Create(eve, evil));
  REQUIRE_REASON(desk.Put(eve, evil, 0, good), v1::BATCH_NOT_YOURS);
  seal::SealContext context = desk.ContextOf(ada, upload);
  context.uploader = ada.id;
  // Eve signs as Ada: the header is right, the signature is not.
  const auto forged = testing::Must(
      seal::Sealer(context, &eve.sign).Seal(0, FrontDesk::Records(1, 3), desk.pool.now));
  REQUIRE_REASON(desk.Put(ada, upload, 0, forged.envelope), v1::SIGNATURE_INVALID);
  // To other keys.
  const auto sealed_to = [&](const auto& change) {
    seal::SealContext wrong = desk.ContextOf(ada, upload);
    change(wrong);
    return desk.Put(
        ada, upload, 0,
        testing::Must(
            seal::Sealer(wrong, &ada.sign).Seal(0, FrontDesk::Records(1, 3), desk.pool.now))
            .envelope);
  };
  REQUIRE_REASON(
      sealed_to([](auto& c) { c.intake_key = crypto::BoxSecretKey::Generate().public_key(); }),
      v1::BATCH_WRONG_KEY);
  REQUIRE_REASON(sealed_to([](auto& c) { c.vault_key = crypto::Scalar::Random().TimesBase(); }),
                 v1::BATCH_WRONG_KEY);
  REQUIRE_REASON(sealed_to([](auto& c) { c.member_key = crypto::Scalar::Random().TimesBase(); }),
                 v1::BATCH_WRONG_KEY);
  REQUIRE_REASON(sealed_to([](auto& c) { c.consortium = crypto::RandomArray<16>(); }),
                 v1::BATCH_NOT_YOURS);

  CHECK(testing::Must(desk.Get(ada, upload.id)).received_size() == 0);
  CHECK_FALSE(std::filesystem::exists(BatchFile(desk, upload, 0)));
  REQUIRE_OK(desk.Put(ada, upload, 0, good));
}

TEST_CASE("Upload: nothing of another member's can be seen or told apart from what is not there",
          "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  const TestUpload upload = desk.Upload(ada, 1);
  const absl::Status theirs = desk.Get(eve, upload.id).status();
  const UploadId nobodys = test::DrawId<UploadId>();
  const absl::Status none = desk.Get(eve, nobodys).status();
  REQUIRE_REASON(theirs, v1::UPLOAD_NOT_FOUND);
  REQUIRE_REASON(none, v1::UPLOAD_NOT_FOUND);
  CHECK(testing::Must(desk.Call<v1::ListUploadsResponse>(eve, "UploadService/ListUploads",
                                                         v1::ListUploadsRequest()))
            .uploads_size() == 0);
  REQUIRE_REASON(desk.Commit(eve, TestConsortium::SignBy(eve, desk.StatementOf(eve, upload))),
                 v1::UPLOAD_NOT_FOUND);
}

TEST_CASE("Upload: a commit must state exactly what has arrived", "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson bo = desk.AddPerson(ada, {v1::ROLE_UPLOADER});
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 3);
  REQUIRE_OK(desk.Put(ada, upload, 0, upload.batches[0].envelope));
  REQUIRE_OK(desk.Put(ada, upload, 2, upload.batches[2].envelope));
  const v1::Statement good = desk.StatementOf(ada, upload);
  const auto commit = [&](const auto& change) {
    v1::Statement statement = good;
    change(statement);
    return desk.Commit(ada, TestConsortium::SignBy(ada, statement));
  };
  REQUIRE_REASON(commit([](auto&) {}), v1::BATCH_MISSING);
  REQUIRE_OK(desk.Put(ada, upload, 1, upload.batches[1].envelope));
  REQUIRE_REASON(commit([](auto& s) {
                   s.mutable_upload()->set_batch_count(2);
                   s.mutable_upload()->set_record_count(6);
                 }),
                 v1::STATEMENT_REFUSED);
  REQUIRE_REASON(commit([](auto& s) { s.mutable_upload()->set_batch_count(4); }),
                 v1::BATCH_MISSING);
  REQUIRE_REASON(commit([](auto& s) { s.mutable_upload()->set_record_count(10); }),
                 v1::STATEMENT_REFUSED);
  REQUIRE_REASON(
      commit([](auto& s) { s.mutable_upload()->set_batches_root(std::string(32, 'x')); }),
      v1::STATEMENT_REFUSED);
  REQUIRE_REASON(commit([](auto& s) { s.mutable_upload()->set_list("another"); }),
                 v1::STATEMENT_REFUSED);
  REQUIRE_REASON(
      commit([](auto& s) { s.mutable_upload()->set_mode(v1::UploadStatement::REPLACE); }),
      v1::STATEMENT_REFUSED);
  REQUIRE_REASON(commit([](auto& s) {
                   s.mutable_upload()->mutable_files(0)->set_blake2b(std::string(32, 'x'));
                 }),
                 v1::FILE_CHANGED);
  REQUIRE_REASON(commit([](auto& s) { s.set_consortium(std::string(16, 'x')); }),
                 v1::STATEMENT_REFUSED);
  // A colleague may not commit it, and nobody with somebody else's key.
  REQUIRE_REASON(desk.Commit(bo, TestConsortium::SignBy(bo, desk.StatementOf(bo, upload))),
                 v1::STATEMENT_REFUSED);
  REQUIRE_REASON(desk.Commit(ada, TestConsortium::SignBy(bo, good)), v1::STATEMENT_REFUSED);
  REQUIRE_REASON(desk.Commit(ada, TestConsortium::SignWith(good, {&ada.cosign})),
                 v1::STATEMENT_REFUSED);
  const uint64_t size = desk.journal().size();
  REQUIRE_OK(commit([](auto&) {}));
  CHECK(desk.journal().size() >= size + 1);
  // Another statement for the same upload comes too late, and so does another batch.
  REQUIRE_REASON(commit([](auto& s) { s.mutable_upload()->set_consent("other words"); }),
                 v1::UPLOAD_FINISHED);
  REQUIRE_REASON(desk.Put(ada, upload, 3, desk.Seal(ada, upload, 3).envelope), v1::UPLOAD_FINISHED);
}

TEST_CASE(
    "Upload: the same file to the same list is refused with the upload's name; REPLACE and other "
    "lists take it",
    "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestUpload first = desk.Upload(ada, 1, "a", v1::UploadStatement::APPEND, '1');
  desk.Await(first.id, v1::Upload::DONE);
  TestUpload again;
  const absl::Status refused =
      desk.Create(ada, again, "a", v1::UploadStatement::APPEND, '1').status();
  REQUIRE_REASON(refused, v1::FILE_ALREADY_UPLOADED);
  CHECK(DetailsOf(refused)["upload"] == first.id.Name());
  CHECK(std::string(refused.message()).find("--replace") != std::string::npos);
  desk.Upload(ada, 1, "b", v1::UploadStatement::APPEND, '1');

  // Two that began before either was committed: the second one is refused at its commit.
  TestUpload left, right;
  REQUIRE_OK(desk.Create(ada, left, "c", v1::UploadStatement::APPEND, '2'));
  REQUIRE_OK(desk.Create(ada, right, "c", v1::UploadStatement::APPEND, '2'));
  for (TestUpload* upload : {&left, &right}) {
    desk.SealAll(ada, *upload, 1);
    REQUIRE_OK(desk.PutAll(ada, *upload));
  }
  REQUIRE_OK(desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, left, 3, '2'))));
  REQUIRE_REASON(
      desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, right, 3, '2'))),
      v1::FILE_ALREADY_UPLOADED);

  const TestUpload replaced = desk.Upload(ada, 2, "a", v1::UploadStatement::REPLACE, '1');
  desk.Await(replaced.id, v1::Upload::DONE);
  CHECK(testing::Must(desk.Get(ada, first.id)).state() == v1::Upload::WITHDRAWN);
  // Its ciphertexts are of no use to anybody any more; what it signed stays to be proven.
  REQUIRE(test::Eventually([&] { return !std::filesystem::exists(BatchFile(desk, first, 0)); }));
  CHECK(testing::Must(desk.book().FolderOf(first.id).ReadRecords()).size() == 1);
}

TEST_CASE("Upload: names and requests that make no sense are refused with what would", "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const auto create = [&](const auto& change) {
    v1::CreateUploadRequest request;
    request.set_upload(test::DrawId<UploadId>().Name());
    request.set_list("l");
    request.set_mode(v1::UploadStatement::APPEND);
    request.add_file_blake2b(std::string(32, 'f'));
    change(request);
    return desk.Call<v1::Upload>(ada, "UploadService/CreateUpload", request);
  };
  REQUIRE_REASON(create([](auto& r) { r.set_upload("uploads/../../etc"); }), v1::NAME_MALFORMED);
  REQUIRE_REASON(create([](auto& r) { r.set_list(""); }), v1::LIST_NAME_MALFORMED);
  REQUIRE_REASON(create([](auto& r) { r.set_list("a\nb"); }), v1::LIST_NAME_MALFORMED);
  REQUIRE_REASON(create([](auto& r) { r.set_list(std::string(201, 'x')); }),
                 v1::LIST_NAME_MALFORMED);
  REQUIRE_REASON(create([](auto& r) { r.clear_mode(); }), v1::REQUEST_MALFORMED);
  REQUIRE_REASON(create([](auto& r) { r.clear_file_blake2b(); }), v1::REQUEST_MALFORMED);
  REQUIRE_REASON(create([](auto& r) { r.add_file_blake2b("x"); }), v1::REQUEST_MALFORMED);
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  REQUIRE_REASON(desk.Create(ada, upload, "another list"), v1::UPLOAD_EXISTS);
  REQUIRE_REASON(desk.Put(ada, upload, 1'000'000, "x"), v1::BATCH_MALFORMED);
  // A member without an approver has no key half to seal for.
  const TestPerson una = desk.AddMember("Libraries", {v1::ROLE_UPLOADER});
  TestUpload unsealed;
  REQUIRE_REASON(desk.Create(una, unsealed), v1::KEY_MALFORMED);
}

TEST_CASE("Upload: without the vault batches are still received; what needs it says so",
          "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload, late;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 3);
  desk.vault.SetAway(true);
  REQUIRE_REASON(desk.Create(ada, late), v1::VAULT_UNAVAILABLE);
  REQUIRE_OK(desk.PutAll(ada, upload));
  REQUIRE_OK(desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, upload))));
  CHECK(testing::Must(desk.Get(ada, upload.id)).state() == v1::Upload::INTAKE);
  REQUIRE_REASON(
      (desk.Call<v1::ListListsResponse>(ada, "UploadService/ListLists", v1::ListListsRequest())),
      v1::VAULT_UNAVAILABLE);
  REQUIRE(test::Eventually([&] {
    const auto status = testing::Must(
        desk.Call<v1::GetStatusResponse>(ada, "MemberService/GetStatus", v1::GetStatusRequest()));
    return status.vault_state() == v1::GetStatusResponse::UNREACHABLE &&
           status.contact_count() == -1;
  }));
  desk.vault.SetAway(false);
  desk.Await(upload.id, v1::Upload::DONE);
  const auto status = testing::Must(
      desk.Call<v1::GetStatusResponse>(ada, "MemberService/GetStatus", v1::GetStatusRequest()));
  CHECK(status.vault_state() == v1::GetStatusResponse::UNSEALED);
  CHECK(status.contact_count() == 7);
}

TEST_CASE("Upload: a vault that crashes again and again reads every batch once and in order",
          "[upload][fault]") {
  FrontDesk desk;
  desk.vault.DurableAtOnce(GENERATE(false, true));
  desk.vault.CrashEvery(7);
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 20);
  REQUIRE_OK(desk.PutAll(ada, upload));
  REQUIRE_OK(desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, upload))));
  // Without a flush in between a vault that loses everything after seven batches would never end.
  ::usleep(500'000);
  desk.vault.CrashEvery(0);
  desk.Await(upload.id, v1::Upload::DONE);
  const std::vector<std::string> read = desk.vault.Read(upload.id.Name());
  REQUIRE(read.size() == 20);
  for (size_t i = 0; i < read.size(); ++i) CHECK(read[i] == upload.batches[i].signed_part);
}

TEST_CASE("Upload: a front desk that stops at any moment goes on where it was", "[upload][fault]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 6);
  for (uint32_t i = 0; i < 6; ++i) {
    REQUIRE_OK(desk.Put(ada, upload, i, upload.batches[i].envelope));
    // What a crash in the middle of a write leaves behind goes away at the next start.
    test::Spit(desk.folder(upload.id) / "00000099.batch.tmp.1.2", "half a batch");
    desk.Restart();
    const v1::Upload now = testing::Must(desk.Get(ada, upload.id));
    CHECK(now.state() == v1::Upload::OPEN);
    REQUIRE(now.received_size() == 1);
    CHECK(now.received(0).last() == i);
    CHECK_FALSE(std::filesystem::exists(desk.folder(upload.id) / "00000099.batch.tmp.1.2"));
  }
  desk.vault.SetAway(true);
  const v1::SignedStatement statement = TestConsortium::SignBy(ada, desk.StatementOf(ada, upload));
  REQUIRE_OK(desk.Commit(ada, statement));
  desk.Restart();
  CHECK(testing::Must(desk.Get(ada, upload.id)).state() == v1::Upload::INTAKE);
  REQUIRE_OK(desk.Commit(ada, statement));
  desk.vault.SetAway(false);
  desk.Await(upload.id, v1::Upload::DONE);
  const uint64_t size = desk.journal().size();
  desk.Restart();
  CHECK(testing::Must(desk.Get(ada, upload.id)).intake_batch_count() == 6);
  CHECK(desk.journal().size() == size);
}

TEST_CASE("Upload: a commit that reached the log but not the record counts as committed",
          "[upload][fault]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 2);
  REQUIRE_OK(desk.PutAll(ada, upload));
  const v1::SignedStatement statement = TestConsortium::SignBy(ada, desk.StatementOf(ada, upload));
  std::vector<v1::BatchRecord> records;
  for (uint32_t i = 0; i < 2; ++i)
    records.push_back(testing::Must(desk.book().FolderOf(upload.id).ReadRecord(i)));
  REQUIRE_OK(desk.book().FolderOf(upload.id).WriteRecords(records));
  REQUIRE_OK(desk.journal().Append(statement));  // and here the machine went down
  desk.Restart();
  desk.Await(upload.id, v1::Upload::DONE);
  REQUIRE_OK(desk.Commit(ada, statement));
}

TEST_CASE(
    "Upload: what the vault refuses for good fails the upload and names the batch and the remedy",
    "[upload][fault]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 3);
  // A ciphertext is changed: the signature holds, the signed root does not, and only the vault
  // looks.
  upload.batches[1].envelope =
      Changed(upload.batches[1].envelope, upload.batches[1].envelope.size() - 5);
  for (const uint32_t i : {0u, 1u})
    REQUIRE_OK(desk.Put(ada, upload, i, upload.batches[i].envelope));
  desk.Await(upload.id, v1::Upload::FAILED);
  const v1::Upload failed = testing::Must(desk.Get(ada, upload.id));
  CHECK(failed.failure_reason() == "BATCH_TAMPERED");
  CHECK(failed.failure_message().find("batch 1") != std::string::npos);
  CHECK(failed.failure_message().find("upload the file again") != std::string::npos);
  CHECK(desk.vault.Cancelled(upload.id.Name()));
  REQUIRE_REASON(desk.Put(ada, upload, 3, desk.Seal(ada, upload, 3).envelope), v1::UPLOAD_FAILED);
  REQUIRE_REASON(desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, upload))),
                 v1::UPLOAD_FAILED);
  REQUIRE(test::Eventually([&] { return !std::filesystem::exists(BatchFile(desk, upload, 0)); }));
  // The same file may be uploaded again.
  desk.Await(desk.Upload(ada, 3).id, v1::Upload::DONE);
}

TEST_CASE("Upload: a full or sealed vault is waited for", "[upload][fault]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const Reason reason = GENERATE(v1::DISK_FULL, v1::VAULT_SEALED, v1::STORE_IO);
  desk.vault.Refuse(MakeError(reason, "not now"));
  const TestUpload upload = desk.Upload(ada, 2);
  ::usleep(300'000);
  CHECK(testing::Must(desk.Get(ada, upload.id)).state() == v1::Upload::INTAKE);
  desk.vault.Refuse(absl::OkStatus());
  desk.Await(upload.id, v1::Upload::DONE);
}

TEST_CASE("Upload: waiting for news answers when there is some, and not before", "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  desk.vault.SetAway(true);
  TestUpload upload;
  desk.vault.SetAway(false);
  REQUIRE_OK(desk.Create(ada, upload));
  desk.vault.SetAway(true);
  desk.SealAll(ada, upload, 1);
  REQUIRE_OK(desk.PutAll(ada, upload));
  REQUIRE_OK(desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, upload))));
  // Many wait at once without holding a thread each: there are only four.
  std::atomic<int> answered{0};
  std::vector<std::thread> waiting;
  for (int i = 0; i < 12; ++i) {
    waiting.emplace_back([&] {
      const auto now = desk.Get(ada, upload.id, 30, 0);
      if (now.ok() && now->intake_batch_count() == 1) ++answered;
    });
  }
  ::usleep(200'000);
  CHECK(answered == 0);
  REQUIRE_OK(desk.Get(ada, upload.id));  // others are served meanwhile
  desk.vault.SetAway(false);
  for (std::thread& thread : waiting) thread.join();
  CHECK(answered == 12);
  // With other news than was seen, at once.
  REQUIRE_OK(desk.Get(ada, upload.id, 30, 99));
}

TEST_CASE("Upload: a draining server answers those who wait", "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  std::atomic<bool> answered{false};
  std::thread waiting([&] { answered = desk.Get(ada, upload.id, 30, 0).ok(); });
  ::usleep(100'000);
  CHECK_FALSE(answered);
  desk.book().EndWaiting();
  waiting.join();
  CHECK(answered);
}

TEST_CASE("Upload: one that was never committed is given up after a week, at the vault too",
          "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload old;
  REQUIRE_OK(desk.Create(ada, old));
  desk.SealAll(ada, old, 1);
  REQUIRE_OK(desk.PutAll(ada, old));
  desk.clock.Advance(6 * 24 * 3600);
  TestUpload young;
  REQUIRE_OK(desk.Create(ada, young, "young"));
  desk.clock.Advance(2 * 24 * 3600);
  // A start looks at once as soon as the vault is there; afterwards every minute.
  desk.Restart();
  REQUIRE(
      test::Eventually([&] { return !desk.book().Find(old.id).ok(); }, std::chrono::seconds(90)));
  CHECK(desk.vault.Cancelled(old.id.Name()));
  CHECK_FALSE(std::filesystem::exists(desk.folder(old.id)));
  REQUIRE_OK(desk.Get(ada, young.id));
  desk.Restart();
  REQUIRE_REASON(desk.Get(ada, old.id), v1::UPLOAD_NOT_FOUND);
}

TEST_CASE(
    "Upload: a full disk refuses the batch, leaves no half file, and takes it when there is room",
    "[upload][fault]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 1);
  const std::filesystem::path folder = desk.folder(upload.id);
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=4m") != 0) {
    WARN("left out: mounting a small file system needs root");
    return;
  }
  struct Unmount {
    std::filesystem::path path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{folder};
  const absl::Status full = desk.PutAll(ada, upload);
  REQUIRE_REASON(full, v1::DISK_FULL);
  CHECK(std::string(full.message()).find("free some space") != std::string::npos);
  CHECK(std::filesystem::is_empty(folder));
  REQUIRE(::mount("tmpfs", folder.c_str(), "tmpfs", MS_REMOUNT, "size=32m") == 0);
  REQUIRE_OK(desk.PutAll(ada, upload));
}

TEST_CASE("Upload: lists of uploads come newest first, page by page", "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) {
    TestUpload upload;
    desk.clock.Advance(1);
    REQUIRE_OK(desk.Create(ada, upload, "list " + std::to_string(i)));
    names.insert(names.begin(), upload.id.Name());
  }
  std::vector<std::string> seen;
  v1::ListUploadsRequest request;
  request.set_page_size(2);
  do {
    const auto page = testing::Must(
        desk.Call<v1::ListUploadsResponse>(ada, "UploadService/ListUploads", request));
    CHECK(page.uploads_size() <= 2);
    for (const v1::Upload& upload : page.uploads()) seen.push_back(upload.name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  CHECK(seen == names);
  request.set_page_token("uploads/0000000000000");
  REQUIRE_REASON((desk.Call<v1::ListUploadsResponse>(ada, "UploadService/ListUploads", request)),
                 v1::REQUEST_MALFORMED);
}

TEST_CASE("Upload: many batches of several uploads at once arrive whole", "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  TestUpload left, right;
  REQUIRE_OK(desk.Create(ada, left));
  REQUIRE_OK(desk.Create(eve, right));
  desk.SealAll(ada, left, 24);
  desk.SealAll(eve, right, 24);
  std::atomic<int> failures{0};
  std::vector<std::thread> senders;
  for (uint32_t part = 0; part < 4; ++part) {
    senders.emplace_back([&, part] {
      for (uint32_t i = part; i < 24; i += 4) {
        failures += !desk.Put(ada, left, i, left.batches[i].envelope).ok();
        failures += !desk.Put(eve, right, 23 - i, right.batches[23 - i].envelope).ok();
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  CHECK(failures == 0);
  REQUIRE_OK(desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, left))));
  REQUIRE_OK(desk.Commit(eve, TestConsortium::SignBy(eve, desk.StatementOf(eve, right))));
  desk.Await(left.id, v1::Upload::DONE);
  desk.Await(right.id, v1::Upload::DONE);
}

v1::WithdrawRequest Withdrawal(FrontDesk& desk, const TestPerson& person, const std::string& list,
                               const std::string& sealed, const WithdrawalId& id) {
  v1::Statement statement = desk.pool.Withdrawal(person, id);
  statement.mutable_withdrawal()->set_list(list);
  if (!sealed.empty())
    statement.mutable_withdrawal()->set_sealed_hash(ToString(crypto::Blake2b256(sealed)));
  v1::WithdrawRequest request;
  *request.mutable_statement() = TestConsortium::SignBy(person, statement);
  request.set_sealed_addresses(sealed);
  return request;
}

TEST_CASE("Withdraw: a list leaves the pool, with the vault's word on the log", "[withdraw]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestUpload upload = desk.Upload(ada, 1);
  const TestUpload other = desk.Upload(ada, 1, "other", v1::UploadStatement::APPEND, 'o');
  desk.Await(upload.id, v1::Upload::DONE);
  desk.Await(other.id, v1::Upload::DONE);
  const v1::WithdrawRequest request =
      Withdrawal(desk, ada, "everyone", "", test::DrawId<WithdrawalId>());
  const auto done =
      testing::Must(desk.Call<v1::WithdrawResponse>(ada, "UploadService/Withdraw", request));
  CheckReceipt(desk, done.withdrawal(), done.checkpoint());
  CheckReceipt(desk, done.withdrawn(), done.checkpoint());
  CHECK(testing::Must(desk.Get(ada, upload.id)).state() == v1::Upload::WITHDRAWN);
  CHECK(testing::Must(desk.Get(ada, other.id)).state() == v1::Upload::DONE);
  REQUIRE(test::Eventually([&] { return !std::filesystem::exists(BatchFile(desk, upload, 0)); }));
  // Asked again with the same statement: the same answer, nothing new on the log.
  const uint64_t size = desk.journal().size();
  const auto again =
      testing::Must(desk.Call<v1::WithdrawResponse>(ada, "UploadService/Withdraw", request));
  CHECK(again.withdrawn().index() == done.withdrawn().index());
  CHECK(desk.journal().size() == size);
  // There is nothing on the list any more, and the file may come back.
  REQUIRE_REASON((desk.Call<v1::WithdrawResponse>(
                     ada, "UploadService/Withdraw",
                     Withdrawal(desk, ada, "everyone", "", test::DrawId<WithdrawalId>()))),
                 v1::LIST_NOT_FOUND);
  desk.Await(desk.Upload(ada, 1).id, v1::Upload::DONE);
}

TEST_CASE("Withdraw: sealed addresses pass through to the vault unread", "[withdraw]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const std::string sealed = "sealed to the vault, as far as anybody here can tell";
  const v1::WithdrawRequest request =
      Withdrawal(desk, ada, "", sealed, test::DrawId<WithdrawalId>());
  REQUIRE_OK((desk.Call<v1::WithdrawResponse>(ada, "UploadService/Withdraw", request)));
  CHECK(desk.vault.withdrawn_addresses() == sealed);
  CHECK(desk.book().PendingWithdrawals().empty());
  v1::WithdrawRequest swapped = Withdrawal(desk, ada, "", sealed, test::DrawId<WithdrawalId>());
  swapped.set_sealed_addresses("others");
  REQUIRE_REASON((desk.Call<v1::WithdrawResponse>(ada, "UploadService/Withdraw", swapped)),
                 v1::REQUEST_MALFORMED);
  // By whoever calls, and nobody else.
  const TestPerson bo = desk.AddPerson(ada, {v1::ROLE_UPLOADER});
  REQUIRE_REASON((desk.Call<v1::WithdrawResponse>(
                     bo, "UploadService/Withdraw",
                     Withdrawal(desk, ada, "", sealed, test::DrawId<WithdrawalId>()))),
                 v1::STATEMENT_REFUSED);
}

TEST_CASE(
    "Withdraw: an upload that is being read is waited for, and a withdrawal under way blocks "
    "commits",
    "[withdraw]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  TestUpload upload;
  REQUIRE_OK(desk.Create(ada, upload));
  desk.SealAll(ada, upload, 1);
  REQUIRE_OK(desk.PutAll(ada, upload));
  desk.vault.Refuse(MakeError(v1::VAULT_SEALED, "not now"));
  REQUIRE_OK(desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, upload))));
  REQUIRE_REASON((desk.Call<v1::WithdrawResponse>(
                     ada, "UploadService/Withdraw",
                     Withdrawal(desk, ada, "everyone", "", test::DrawId<WithdrawalId>()))),
                 v1::STATEMENT_REFUSED);
  desk.vault.Refuse(absl::OkStatus());
  desk.Await(upload.id, v1::Upload::DONE);

  // On the log, but the vault does not get to it: it is done later by itself, and until then
  // nothing is committed past it.
  TestUpload next;
  REQUIRE_OK(desk.Create(ada, next, "everyone", v1::UploadStatement::APPEND, 'n'));
  desk.SealAll(ada, next, 1);
  REQUIRE_OK(desk.PutAll(ada, next));
  desk.vault.Refuse(MakeError(v1::VAULT_SEALED, "not now"));
  const auto request = Withdrawal(desk, ada, "everyone", "", test::DrawId<WithdrawalId>());
  REQUIRE_REASON((desk.Call<v1::WithdrawResponse>(ada, "UploadService/Withdraw", request)),
                 v1::VAULT_SEALED);
  REQUIRE_REASON(desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, next, 3, 'n'))),
                 v1::SERVER_BUSY);
  desk.Restart();
  REQUIRE_REASON(desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, next, 3, 'n'))),
                 v1::SERVER_BUSY);
  desk.vault.Refuse(absl::OkStatus());
  REQUIRE(test::Eventually([&] { return desk.book().PendingWithdrawals().empty(); }));
  CHECK(testing::Must(desk.Get(ada, upload.id)).state() == v1::Upload::WITHDRAWN);
  REQUIRE_OK((desk.Call<v1::WithdrawResponse>(ada, "UploadService/Withdraw", request)));
  REQUIRE_OK(desk.Commit(ada, TestConsortium::SignBy(ada, desk.StatementOf(ada, next, 3, 'n'))));
  desk.Await(next.id, v1::Upload::DONE);
}

TEST_CASE("Withdraw: without the vault nothing is promised", "[withdraw]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  desk.Await(desk.Upload(ada, 1).id, v1::Upload::DONE);
  desk.vault.SetAway(true);
  const uint64_t size = desk.journal().size();
  REQUIRE_REASON((desk.Call<v1::WithdrawResponse>(
                     ada, "UploadService/Withdraw",
                     Withdrawal(desk, ada, "everyone", "", test::DrawId<WithdrawalId>()))),
                 v1::VAULT_UNAVAILABLE);
  CHECK(desk.journal().size() == size);
}

v1::VoterFileTerms Terms(const std::string& as_of) {
  v1::VoterFileTerms terms;
  terms.set_layout("nc");
  terms.set_as_of(as_of);
  terms.set_permitted_use("elections only");
  terms.set_state("NC");
  return terms;
}

TEST_CASE("Voter file: goes the way of a list, for stewards, and its sealed batches go once read",
          "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson sam = desk.AddPerson(ada, {v1::ROLE_STEWARD});
  const v1::VoterFileTerms terms = Terms("2026-09-01");
  const auto append = v1::UploadStatement::APPEND;
  TestUpload refused;
  REQUIRE_REASON(desk.Create(ada, refused, "nc", append, 'v', &terms), v1::ROLE_NOT_ALLOWED);
  REQUIRE_REASON(desk.Create(sam, refused, "members", append, 'v'), v1::ROLE_NOT_ALLOWED);
  v1::VoterFileTerms no_use = terms;
  no_use.clear_permitted_use();
  REQUIRE_REASON(desk.Create(sam, refused, "nc", append, 'v', &no_use), v1::STATEMENT_MALFORMED);
  REQUIRE_REASON(desk.Create(sam, refused, "nc", v1::UploadStatement::REPLACE, 'v', &terms),
                 v1::REQUEST_MALFORMED);

  const TestUpload upload = desk.Upload(sam, 3, "nc", append, 'v', &terms);
  desk.Await(upload.id, v1::Upload::DONE);
  REQUIRE(test::Eventually(
      [&] { return testing::Must(desk.book().Find(upload.id)).record.batches_removed(); }));
  CHECK_FALSE(std::filesystem::exists(BatchFile(desk, upload, 0)));
  const v1::Upload done = testing::Must(desk.Get(sam, upload.id));
  CHECK(done.voterfile().permitted_use() == "elections only");
  CheckReceipt(desk, done.intake(), done.checkpoint());
  // What is provable of it is still there.
  v1::GetProvenanceRequest ask;
  const auto report =
      testing::Must(desk.Call<v1::ProvenanceReport>(sam, "ReportService/GetProvenance", ask));
  REQUIRE(report.uploads_size() == 1);
  CHECK(report.uploads(0).batches_size() == 3);
  desk.Restart();
  CHECK(testing::Must(desk.Get(sam, upload.id)).state() == v1::Upload::DONE);

  // The same file again, under whatever name and by whomever.
  const TestPerson eve = desk.AddMember("Transit");
  const TestPerson una = desk.AddPerson(eve, {v1::ROLE_STEWARD});
  const v1::VoterFileTerms october = Terms("2026-10-01");
  TestUpload again;
  const auto twice = desk.Create(una, again, "nc-again", append, 'v', &october);
  REQUIRE_REASON(twice, v1::FILE_ALREADY_UPLOADED);
  CHECK(DetailsOf(twice.status()).at("upload") == upload.id.Name());

  // One name is one kind of thing.
  TestUpload named;
  REQUIRE_REASON(desk.Create(ada, named, "nc", append, 'l'), v1::LIST_NAME_TAKEN);
  const TestUpload list = desk.Upload(ada, 1, "members");
  desk.Await(list.id, v1::Upload::DONE);
  REQUIRE_REASON(desk.Create(sam, named, "members", append, 'w', &october), v1::LIST_NAME_TAKEN);

  // A steward sees voter files, and no list.
  REQUIRE_REASON(desk.Get(sam, list.id), v1::ROLE_NOT_ALLOWED);
  const v1::ListUploadsRequest every;
  CHECK(testing::Must(desk.Call<v1::ListUploadsResponse>(sam, "UploadService/ListUploads", every))
            .uploads_size() == 1);
  CHECK(testing::Must(desk.Call<v1::ListUploadsResponse>(ada, "UploadService/ListUploads", every))
            .uploads_size() == 2);
  CHECK(testing::Must(desk.Call<v1::ProvenanceReport>(sam, "ReportService/GetProvenance", ask))
            .uploads_size() == 1);
  CHECK(testing::Must(desk.Call<v1::ProvenanceReport>(ada, "ReportService/GetProvenance", ask))
            .uploads_size() == 2);
}

TEST_CASE("Voter file: everybody may see which there are, and which one counts", "[upload]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson sam = desk.AddPerson(ada, {v1::ROLE_STEWARD});
  const auto append = v1::UploadStatement::APPEND;
  const v1::VoterFileTerms october = Terms("2026-10-01");
  const v1::VoterFileTerms september = Terms("2026-09-01");
  const TestUpload newer = desk.Upload(sam, 2, "nc-10", append, 'v', &october);
  const TestUpload older = desk.Upload(sam, 1, "nc-9", append, 'w', &september);
  desk.Await(newer.id, v1::Upload::DONE);
  desk.Await(older.id, v1::Upload::DONE);
  desk.Upload(ada, 1);  // no voter file
  const TestPerson eve = desk.AddMember("Transit");
  const auto list = [&](const TestPerson& by) {
    return testing::Must(desk.Call<v1::ListVoterFilesResponse>(by, "UploadService/ListVoterFiles",
                                                               v1::ListVoterFilesRequest()));
  };
  for (const TestPerson* by :
       std::initializer_list<const TestPerson*>{&sam, &eve, &desk.pool.founder}) {
    const v1::ListVoterFilesResponse files = list(*by);
    REQUIRE(files.voterfiles_size() == 2);
    for (const v1::VoterFile& file : files.voterfiles()) {
      CHECK(file.current() == (file.name() == "nc-10"));
      CHECK(file.member_name() == "Parks");
      CHECK(file.terms().permitted_use() == "elections only");
      CHECK(file.voter_count() == (file.name() == "nc-10" ? 6 : 3));
      CHECK(file.log_index() > 0);
    }
  }
  // The newest is taken back: what gave way to it does not come back.
  v1::Statement withdrawal = desk.pool.Withdrawal(sam, test::DrawId<WithdrawalId>());
  withdrawal.mutable_withdrawal()->set_list("nc-10");
  v1::WithdrawRequest request;
  *request.mutable_statement() = TestConsortium::SignBy(sam, withdrawal);
  REQUIRE_OK((desk.Call<v1::WithdrawResponse>(sam, "UploadService/Withdraw", request)));
  desk.Await(newer.id, v1::Upload::WITHDRAWN);
  const v1::ListVoterFilesResponse after = list(eve);
  for (const v1::VoterFile& file : after.voterfiles()) CHECK_FALSE(file.current());

  // Nor may a steward take back a list.
  v1::Statement of_list = desk.pool.Withdrawal(sam, test::DrawId<WithdrawalId>());
  *request.mutable_statement() = TestConsortium::SignBy(sam, of_list);
  REQUIRE_REASON((desk.Call<v1::WithdrawResponse>(sam, "UploadService/Withdraw", request)),
                 v1::STATEMENT_REFUSED);
}

}  // namespace
}  // namespace muster::front
