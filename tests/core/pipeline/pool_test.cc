// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/pool.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "core/base/file.h"
#include "core/pipeline/figures.h"
#include "core/pipeline/row_writer.h"
#include "tests/core/pipeline/vault_fixture.h"

namespace muster::pipeline {
namespace {

namespace fs = std::filesystem;
using test::Line;
using test::Notebook;
using test::SealedUpload;
using test::TestPerson;
using test::TestVault;
using testing::Must;

std::vector<Line> Addresses(size_t first, size_t end) {
  std::vector<Line> lines;
  for (size_t i = first; i < end; ++i)
    lines.push_back({"p" + std::to_string(i) + "@lists.example.org"});
  return lines;
}

std::vector<std::string> Plain(const std::vector<Line>& lines) {
  std::vector<std::string> out;
  for (const Line& line : lines) out.push_back(line.address);
  return out;
}

size_t CountRows(TestVault& vault, store::Family family) {
  size_t count = 0;
  for (auto cursor = vault.vault().store().rows().Scan(family, "", ""); cursor->valid();
       cursor->Next())
    ++count;
  return count;
}

bool HasIntakeKey(TestVault& vault, const UploadId& upload) {
  return vault.vault().keyring().ReadIntakeKey(upload).ok();
}

}  // namespace

TEST_CASE("Pool: an intake key is made once, signed, and gone when the upload is finished",
          "[pipeline]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  const SealedUpload upload = vault.Seal(by, "everyone", Addresses(0, 30), 10);
  v1::IntakeKey unsigned_key = upload.key;
  unsigned_key.clear_signature();
  REQUIRE_OK(crypto::Verify(vault.consortium.vault_sign.verify_key(), "muster/intake-key/v1\n",
                            unsigned_key.SerializeAsString(), upload.key.signature()));
  REQUIRE(upload.key.upload() == upload.id.Name());
  vault.Reopen();
  REQUIRE(Must(vault.vault().OpenIntake(upload.id.Name(), by.member->Name(), "everyone"))
              .SerializeAsString() == upload.key.SerializeAsString());
  REQUIRE_REASON(vault.vault().OpenIntake(upload.id.Name(), by.member->Name(), "other"),
                 v1::UPLOAD_EXISTS);
  REQUIRE_REASON(vault.vault().OpenIntake(test::DrawId<UploadId>().Name(),
                                          test::DrawId<MemberId>().Name(), "everyone"),
                 v1::MEMBER_NOT_FOUND);
  REQUIRE_REASON(vault.vault().OpenIntake("uploads/x", by.member->Name(), "everyone"),
                 v1::NAME_MALFORMED);
  REQUIRE_REASON(vault.vault().OpenIntake(test::DrawId<UploadId>().Name(), by.member->Name(), ""),
                 v1::LIST_NAME_MALFORMED);
  REQUIRE_OK(vault.Send(upload));
  REQUIRE(HasIntakeKey(vault, upload.id));
  const uint64_t index = vault.Commit(upload);
  REQUIRE_OK(vault.Finish(upload, index));
  REQUIRE(!HasIntakeKey(vault, upload.id));
  REQUIRE_REASON(vault.vault().OpenIntake(upload.id.Name(), by.member->Name(), "everyone"),
                 v1::UPLOAD_FINISHED);
  REQUIRE_REASON(vault.vault().Read(upload.id.Name(), nullptr), v1::UPLOAD_FINISHED);
}

TEST_CASE("Pool: an upload counts only when all that its statement names was read", "[pipeline]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  SealedUpload upload = vault.Seal(by, "everyone", Addresses(0, 30), 10);
  REQUIRE_REASON(vault.vault().FinishIntake(test::DrawId<UploadId>().Name(), 0),
                 v1::UPLOAD_NOT_FOUND);
  REQUIRE_REASON(vault.Finish(upload, 99), v1::LOG_BEHIND);
  REQUIRE_REASON(vault.Finish(upload, 0), v1::STATEMENT_REFUSED);
  SealedUpload part = upload;
  part.batches.resize(2);
  REQUIRE_OK(vault.Send(part));
  const uint64_t index = vault.Commit(upload);
  REQUIRE_REASON(vault.Finish(upload, index), v1::BATCH_MISSING);
  REQUIRE(vault.Figures(by).contact_count() == 0);
  REQUIRE_OK(vault.Send(upload));
  REQUIRE(Must(vault.Finish(upload, index)).contact_count() == 30);
  REQUIRE(vault.Figures(by).contact_count() == 30);

  // Statements that name other batches, fewer batches, other counts, another list.
  const auto refused = [&](auto change, Reason reason) {
    const SealedUpload bad = vault.Seal(by, "everyone", Addresses(0, 30), 10);
    REQUIRE_OK(vault.Send(bad));
    v1::Statement statement = vault.StatementOf(bad);
    change(*statement.mutable_upload());
    const uint64_t at = vault.Append(test::TestConsortium::SignBy(by, statement));
    REQUIRE_REASON(vault.Finish(bad, at), reason);
    REQUIRE_OK(vault.vault().CancelIntake(bad.id.Name()));
  };
  refused([](v1::UploadStatement& s) { s.mutable_batches_root()->back() ^= 1; },
          v1::BATCH_TAMPERED);
  refused([](v1::UploadStatement& s) { s.set_batch_count(2); }, v1::BATCH_TAMPERED);
  refused([](v1::UploadStatement& s) { s.set_record_count(29); }, v1::BATCH_TAMPERED);
  refused([](v1::UploadStatement& s) { s.set_list("donors"); }, v1::STATEMENT_REFUSED);
  // The statement of another upload.
  const SealedUpload other = vault.Seal(by, "everyone", Addresses(0, 30), 10);
  REQUIRE_OK(vault.Send(other));
  REQUIRE_REASON(vault.Finish(other, index), v1::STATEMENT_REFUSED);
  REQUIRE(vault.Figures(by).contact_count() == 30);
}

TEST_CASE("Pool: finishing again gives the same bytes, for the same statement only", "[pipeline]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  const SealedUpload upload = vault.Seal(by, "everyone", Addresses(0, 30), 10);
  REQUIRE_OK(vault.Send(upload));
  const auto index = static_cast<int64_t>(vault.Commit(upload));
  const auto first = Must(vault.vault().FinishIntake(upload.id.Name(), index));
  vault.clock.now += absl::Hours(5);
  vault.Reopen();
  REQUIRE(Must(vault.vault().FinishIntake(upload.id.Name(), index)).SerializeAsString() ==
          first.SerializeAsString());
  REQUIRE_REASON(vault.vault().FinishIntake(upload.id.Name(), 0), v1::UPLOAD_FINISHED);
  const v1::IntakeStatement words = test::WordsOf(first.intake());
  REQUIRE(words.upload() == upload.id.Name());
  REQUIRE(words.member() == by.member->Name());
  REQUIRE(words.batches_root() == ToString(upload.root));
}

TEST_CASE("Pool: a cancelled upload leaves nothing behind and cannot come back", "[pipeline]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  const SealedUpload upload = vault.Seal(by, "everyone", Addresses(0, 30), 10);
  REQUIRE_OK(vault.Send(upload));
  REQUIRE(CountRows(vault, store::kSources) == 30);
  REQUIRE(vault.Figures(by).contact_count() == 0);
  REQUIRE_OK(vault.vault().CancelIntake(upload.id.Name()));
  REQUIRE_OK(vault.vault().CancelIntake(upload.id.Name()));
  REQUIRE_OK(vault.vault().CancelIntake(test::DrawId<UploadId>().Name()));
  for (const store::Family family :
       {store::kSources, store::kUploadContacts, store::kIntakes, store::kSuppressions}) {
    REQUIRE(CountRows(vault, family) == 0);
  }
  REQUIRE(!HasIntakeKey(vault, upload.id));
  REQUIRE_REASON(vault.vault().OpenIntake(upload.id.Name(), by.member->Name(), "everyone"),
                 v1::UPLOAD_FINISHED);
  REQUIRE_REASON(vault.Finish(upload, vault.Commit(upload)), v1::UPLOAD_FINISHED);
  // One that counts is withdrawn, not cancelled.
  const SealedUpload done = vault.Seal(by, "everyone", Addresses(0, 30), 10);
  REQUIRE_OK(vault.Send(done));
  REQUIRE_OK(vault.Finish(done, vault.Commit(done)));
  REQUIRE_REASON(vault.vault().CancelIntake(done.id.Name()), v1::UPLOAD_FINISHED);
  REQUIRE(vault.Figures(by).contact_count() == 30);
}

TEST_CASE("Pool: members see their own figures whatever others bring", "[pipeline]") {
  TestVault vault;
  TestPerson& a = vault.AddMember("Alder");
  TestPerson& b = vault.AddMember("Birch");
  vault.Upload(a, "everyone", Addresses(0, 100));
  const std::string before = vault.Figures(a).SerializeAsString();
  vault.Upload(b, "everyone", Addresses(50, 150));
  REQUIRE(vault.Figures(a).SerializeAsString() == before);
  vault.Apply(vault.StateWithdrawal(b, "", Plain(Addresses(0, 75))));
  REQUIRE(vault.Figures(a).SerializeAsString() == before);
  REQUIRE(vault.Figures(b).contact_count() == 75);
  vault.Apply(vault.StateWithdrawal(b, "everyone", {}));
  REQUIRE(vault.Figures(a).SerializeAsString() == before);
  REQUIRE(vault.Figures(b).contact_count() == 0);
  REQUIRE(CountRows(vault, store::kSources) == 100);
}

TEST_CASE("Pool: REPLACE takes out what the list had, and nothing else", "[pipeline]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  vault.Upload(by, "everyone", Addresses(0, 60));
  vault.Upload(by, "everyone", Addresses(40, 100));
  vault.Upload(by, "donors", Addresses(0, 10));
  REQUIRE(vault.Figures(by).contact_count() == 100);
  const auto said =
      vault.Upload(by, "everyone", Addresses(90, 130), 50, v1::UploadStatement::REPLACE);
  REQUIRE(said.replaced_count() == 120);
  const v1::MemberFigures figures = vault.Figures(by);
  REQUIRE(figures.contact_count() == 50);
  REQUIRE(figures.lists_size() == 2);
  REQUIRE(figures.lists(0).list() == "donors");
  REQUIRE(figures.lists(0).contact_count() == 10);
  REQUIRE(figures.lists(1).contact_count() == 40);
  REQUIRE(figures.lists(1).upload_count() == 1);
  REQUIRE(CountRows(vault, store::kSources) == 50);
}

TEST_CASE("Pool: the log's order decides, not the order in which things are carried out",
          "[pipeline]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  const SealedUpload first = vault.Seal(by, "everyone", Addresses(0, 30), 10);
  const SealedUpload second =
      vault.Seal(by, "everyone", Addresses(20, 50), 10, v1::UploadStatement::REPLACE);
  REQUIRE_OK(vault.Send(first));
  REQUIRE_OK(vault.Send(second));
  const uint64_t first_index = vault.Commit(first);
  const uint64_t second_index = vault.Commit(second);
  SECTION("a replacement that is finished first") {
    REQUIRE_OK(vault.Finish(second, second_index));
    REQUIRE(Must(vault.Finish(first, first_index)).contact_count() == 30);
    REQUIRE(vault.Figures(by).contact_count() == 30);
    REQUIRE(vault.Figures(by).lists(0).upload_count() == 1);
    REQUIRE(CountRows(vault, store::kSources) == 30);
  }
  SECTION("a list that was withdrawn before its uploads were read") {
    const auto withdrawal = vault.StateWithdrawal(by, "everyone", {});
    REQUIRE(vault.Apply(withdrawal).source_count() == 0);
    REQUIRE_OK(vault.Finish(first, first_index));
    REQUIRE_OK(vault.Finish(second, second_index));
    REQUIRE(vault.Figures(by).contact_count() == 0);
    REQUIRE(CountRows(vault, store::kSources) == 0);
  }
  SECTION("a list that was withdrawn, with an upload behind it") {
    const auto withdrawal = vault.StateWithdrawal(by, "everyone", {});
    const SealedUpload third = vault.Seal(by, "everyone", Addresses(0, 5), 10);
    REQUIRE_OK(vault.Send(third));
    const uint64_t third_index = vault.Commit(third);
    REQUIRE_OK(vault.Finish(first, first_index));
    REQUIRE_OK(vault.Finish(third, third_index));
    REQUIRE(vault.Apply(withdrawal).source_count() == 0);
    REQUIRE_OK(vault.Finish(second, second_index));
    REQUIRE(vault.Figures(by).contact_count() == 5);
    REQUIRE(CountRows(vault, store::kSources) == 5);
  }
  SECTION("addresses that were withdrawn before their upload was read") {
    const auto withdrawal = vault.StateWithdrawal(by, "", Plain(Addresses(25, 40)));
    const SealedUpload third = vault.Seal(by, "donors", Addresses(30, 33), 10);
    REQUIRE_OK(vault.Send(third));
    const uint64_t third_index = vault.Commit(third);
    REQUIRE_OK(vault.Finish(third, third_index));
    vault.Reopen();
    REQUIRE(vault.Apply(withdrawal).source_count() == 0);
    vault.Reopen();
    REQUIRE_OK(vault.Finish(first, first_index));
    REQUIRE(vault.Figures(by).contact_count() == 28);
    REQUIRE_OK(vault.Finish(second, second_index));
    // 20-25 and 40-50 of the second, 30-33 of the third, which came after the withdrawal.
    REQUIRE(vault.Figures(by).contact_count() == 18);
    REQUIRE(CountRows(vault, store::kSources) == 18);
    REQUIRE(CountRows(vault, store::kUnreadWithdrawn) == 0);
  }
}

TEST_CASE(
    "Pool: withdrawing addresses takes every source of the member and says what was not there",
    "[pipeline]") {
  TestVault vault;
  TestPerson& a = vault.AddMember("Alder");
  TestPerson& b = vault.AddMember("Birch");
  vault.Upload(a, "everyone", Addresses(0, 50));
  vault.Upload(a, "donors", Addresses(0, 20));
  vault.Upload(b, "everyone", Addresses(0, 50));
  std::vector<std::string> addresses = Plain(Addresses(10, 30));
  addresses.push_back("P10@LISTS.example.org");  // the same again
  addresses.push_back("not an address");
  addresses.push_back("stranger@example.org");
  const auto withdrawal = vault.StateWithdrawal(a, "", addresses);
  // Not what was signed.
  REQUIRE_REASON(vault.vault().ApplyWithdrawal(static_cast<int64_t>(withdrawal.index),
                                               withdrawal.sealed + "x"),
                 v1::REQUEST_MALFORMED);
  REQUIRE_REASON(vault.vault().ApplyWithdrawal(static_cast<int64_t>(withdrawal.index), ""),
                 v1::REQUEST_MALFORMED);
  REQUIRE_REASON(vault.vault().ApplyWithdrawal(0, withdrawal.sealed), v1::STATEMENT_REFUSED);
  REQUIRE_REASON(vault.vault().ApplyWithdrawal(1000, withdrawal.sealed), v1::LOG_BEHIND);
  REQUIRE_REASON(vault.vault().ApplyWithdrawal(-1, withdrawal.sealed), v1::REQUEST_MALFORMED);
  const auto said = vault.Apply(withdrawal);
  REQUIRE(said.source_count() == 30);
  REQUIRE(said.unknown_count() == 2);
  REQUIRE(vault.Figures(a).contact_count() == 30);
  REQUIRE(vault.Figures(b).contact_count() == 50);
  REQUIRE(CountRows(vault, store::kSources) == 90);
  // A contact with no source left is gone; the others' stay.
  const auto token = vault.vault().keyring().token_key().EmailToken("p15@lists.example.org");
  REQUIRE(vault.vault().store().rows().ScanPrefix(store::kSources, token.View())->valid());
  vault.Apply(vault.StateWithdrawal(b, "", {"p15@lists.example.org"}));
  REQUIRE(!vault.vault().store().rows().ScanPrefix(store::kSources, token.View())->valid());
  // A list withdrawn after addresses of it counts what was left.
  REQUIRE(vault.Apply(vault.StateWithdrawal(a, "everyone", {})).source_count() == 30);
}

TEST_CASE("Pool: sealed addresses for another vault or consortium do not open", "[pipeline]") {
  TestVault vault;
  TestPerson& a = vault.AddMember("Alder");
  vault.Upload(a, "everyone", Addresses(0, 5));
  TestVault other;
  other.consortium.id = vault.consortium.id;
  TestVault::Withdrawal bad;
  v1::SealedAddresses message;
  message.add_addresses("p1@lists.example.org");
  const auto try_sealed = [&](const crypto::BoxPublicKey& to, const std::string& context) {
    const std::string sealed =
        Must(crypto::BoxSeal(to, context, AsBytes(message.SerializeAsString())));
    v1::Statement statement = vault.consortium.Withdrawal(a, test::DrawId<WithdrawalId>());
    statement.mutable_withdrawal()->clear_list();
    statement.mutable_withdrawal()->set_sealed_hash(ToString(crypto::Blake2b256(sealed)));
    const uint64_t index = vault.Append(test::TestConsortium::SignBy(a, statement));
    return vault.vault().ApplyWithdrawal(static_cast<int64_t>(index), sealed);
  };
  const std::string context = "muster/withdraw/v1" + ToString(vault.consortium.id);
  REQUIRE_REASON(try_sealed(other.consortium.vault_box.public_key(), context),
                 v1::DECRYPTION_FAILED);
  REQUIRE_REASON(try_sealed(vault.consortium.vault_box.public_key(), "muster/withdraw/v1"),
                 v1::DECRYPTION_FAILED);
  REQUIRE(vault.Figures(a).contact_count() == 5);
  REQUIRE_OK(try_sealed(vault.consortium.vault_box.public_key(), context));
  REQUIRE(vault.Figures(a).contact_count() == 4);
}

TEST_CASE("Pool: an intake whose key has expired is forgotten at the next start", "[pipeline]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  const SealedUpload upload = vault.Seal(by, "everyone", Addresses(0, 30), 10);
  REQUIRE_OK(vault.Send(upload));
  vault.clock.now += absl::Hours(24 * 13);
  vault.Reopen();
  REQUIRE(HasIntakeKey(vault, upload.id));
  vault.clock.now += absl::Hours(48);
  REQUIRE_REASON(vault.vault().Read(upload.id.Name(), nullptr), v1::BATCH_WRONG_KEY);
  vault.Reopen();
  REQUIRE(!HasIntakeKey(vault, upload.id));
  REQUIRE(CountRows(vault, store::kSources) == 0);
}

TEST_CASE("Pool: a start finishes what a crash left half done", "[pipeline][fault]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  Notebook notebook;
  const std::vector<Line> lines = Addresses(0, 30);
  vault.Upload(by, "everyone", lines);
  notebook.Add(*by.member, "everyone", lines, false);
  // As if it stopped between the write that takes an upload out and the removal of its rows.
  auto uploads = Must(vault.vault().store().ReadUploads());
  REQUIRE(uploads.size() == 1);
  uploads[0].second.set_state(v1::UploadRecord::GONE);
  uploads[0].second.set_purge_due(true);
  store::Batch batch;
  store::VaultStore::PutUpload(uploads[0].first, uploads[0].second, batch);
  REQUIRE_OK(vault.vault().store().rows().Write(batch, store::Sync::kYes));
  // And an intake key without an upload.
  const UploadId stray = test::DrawId<UploadId>();
  REQUIRE_OK(vault.vault().keyring().MakeIntakeKey(stray));
  vault.Reopen();
  REQUIRE(CountRows(vault, store::kSources) == 0);
  REQUIRE(CountRows(vault, store::kUploadContacts) == 0);
  REQUIRE(!HasIntakeKey(vault, stray));
  REQUIRE(!Must(vault.vault().store().ReadUploads())[0].second.purge_due());
}

TEST_CASE("Pool: settling can be repeated after a crash in its middle", "[pipeline][fault]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  std::vector<Line> lines;
  for (int i = 0; i < 40; ++i) {
    lines.push_back(
        {"p" + std::to_string(i % 10) + "@lists.example.org",
         i % 10 == 3 && i > 15 ? contact::Status::kUnsubscribed : contact::Status::kSubscribed});
  }
  const SealedUpload upload = vault.Seal(by, "everyone", lines, 7);
  REQUIRE_OK(vault.Send(upload));
  // Some of what settling removes is gone already.
  store::Store& rows = vault.vault().store().rows();
  const token::Token token = vault.vault().keyring().token_key().EmailToken("p5@lists.example.org");
  const std::string prefix = std::string(upload.id.View()) + std::string(token.View());
  store::Batch batch;
  auto cursor = rows.ScanPrefix(store::kUploadContacts, prefix);
  for (cursor->Next(); cursor->valid(); cursor->Next()) {
    const auto key = Must(store::DecodeUploadContactKey(cursor->key()));
    std::string source;
    store::AppendSourceKey({token, *by.member, upload.id, key.place}, source);
    batch.Delete(store::kSources, source);
    batch.Delete(store::kUploadContacts, cursor->key());
  }
  REQUIRE(batch.size() == 6);
  REQUIRE_OK(rows.Write(batch, store::Sync::kNo));
  const auto said = Must(vault.Finish(upload, vault.Commit(upload)));
  REQUIRE(said.contact_count() == 9);
  REQUIRE(said.suppression_count() == 1);
  REQUIRE(said.duplicate_count() == 30);
}

TEST_CASE("Figures: searching among staying uploads finds near and far tokens",
          "[pipeline][oracle]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  // A large upload that stays and small ones that come and go: the search must leap.
  vault.Upload(by, "everyone", Addresses(0, 3000), 1000);
  vault.Upload(by, "everyone", Addresses(2990, 3010));
  REQUIRE(vault.Figures(by).contact_count() == 3010);
  vault.Upload(by, "donors", Addresses(5, 8));
  REQUIRE(vault.Figures(by).contact_count() == 3010);
  REQUIRE(vault.Apply(vault.StateWithdrawal(by, "everyone", {})).source_count() == 3020);
  REQUIRE(vault.Figures(by).contact_count() == 3);
}

TEST_CASE("RowWriter: few and many changes end the same", "[pipeline]") {
  test::TempDir folder;
  store::DatabaseOptions options;
  options.families = {"a", "b"};
  const auto rows = Must(store::OpenDatabase(folder / "db", options));
  RowWriter writer(rows.get());
  constexpr int kMany = 250'000;  // more than a step
  const auto key = [](int i) {
    std::string out;
    PutBe32(out, static_cast<uint32_t>(i) * 2654435761u);
    return out;
  };
  for (int i = 0; i < kMany; ++i) REQUIRE_OK(writer.Put(i % 2 == 0 ? 0 : 1, key(i), "x"));
  REQUIRE_OK(writer.Flush());
  for (int i = 0; i < 100; ++i) REQUIRE_OK(writer.Delete(0, key(i)));
  REQUIRE_OK(writer.Flush());
  REQUIRE_OK(writer.Flush());
  size_t a = 0, b = 0;
  for (auto cursor = rows->Scan(0, "", ""); cursor->valid(); cursor->Next()) ++a;
  for (auto cursor = rows->Scan(1, "", ""); cursor->valid(); cursor->Next()) ++b;
  REQUIRE(a == kMany / 2 - 50);
  REQUIRE(b == kMany / 2);
}

}  // namespace muster::pipeline
