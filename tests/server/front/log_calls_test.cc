// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "core/report/provenance.h"
#include "core/report/verify.h"
#include "core/tlog/proof.h"
#include "muster/v1/log_service.pb.h"
#include "muster/v1/report_service.pb.h"
#include "tests/server/front/front_desk.h"

namespace muster::front {
namespace {

using test::FrontDesk;
using test::TestConsortium;
using test::TestPerson;
using test::TestUpload;

std::vector<v1::LogEntry> AllEntries(FrontDesk& desk, const TestPerson& person, int page) {
  std::vector<v1::LogEntry> entries;
  v1::ListEntriesRequest request;
  request.set_page_size(page);
  while (true) {
    const auto response = testing::Must(
        desk.Call<v1::ListEntriesResponse>(person, "LogService/ListEntries", request));
    for (const v1::LogEntry& entry : response.entries()) entries.push_back(entry);
    if (response.next_index() == response.size()) return entries;
    CHECK(response.entries_size() <= page);
    request.set_first_index(response.next_index());
  }
}

TEST_CASE("Log: everybody sees every commitment, bodies only of what is everybody's or their own",
          "[log]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  desk.Await(desk.Upload(ada, 1).id, v1::Upload::DONE);
  desk.Await(desk.Upload(eve, 1).id, v1::Upload::DONE);
  const auto checkpoint =
      testing::Must(tlog::OpenCheckpoint(desk.journal().checkpoint(), desk.pool.note_key()));
  for (const TestPerson* person :
       {&ada, &eve, static_cast<const TestPerson*>(&desk.pool.founder)}) {
    const std::vector<v1::LogEntry> entries = AllEntries(desk, *person, 2);
    REQUIRE(entries.size() == checkpoint.size);
    crypto::MerkleFrontier tree;
    int foreign = 0;
    for (size_t i = 0; i < entries.size(); ++i) {
      CHECK(entries[i].index() == static_cast<int64_t>(i));
      tree.Append(crypto::MerkleLeaf(entries[i].commitment()));
      if (entries[i].body().empty()) {
        CHECK(entries[i].salt().empty());
        ++foreign;
        continue;
      }
      const auto salt = ToArray<32>(entries[i].salt());
      REQUIRE(salt.has_value());
      CHECK(AsText(tlog::EntryCommitment(*salt, entries[i].body())) == entries[i].commitment());
      const auto statement = testing::Must(governance::VerifyStatementBytes(entries[i].body()));
      const auto owner = governance::Registry::OwnerOf(statement.statement);
      CHECK((governance::Registry::IsPublic(statement.statement) || owner == person->member));
    }
    CHECK(tree.Root() == checkpoint.root);
    CHECK(foreign == (person->member.has_value() ? 2 : 4));
  }
  v1::ListEntriesRequest request;
  request.set_first_index(-1);
  REQUIRE_REASON((desk.Call<v1::ListEntriesResponse>(ada, "LogService/ListEntries", request)),
                 v1::REQUEST_MALFORMED);
  request.set_first_index(1'000'000);
  CHECK(testing::Must(desk.Call<v1::ListEntriesResponse>(ada, "LogService/ListEntries", request))
            .entries_size() == 0);
}

TEST_CASE("Log: a lead or a steward reads of their member what is about voter files, no lists",
          "[log]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson lead = desk.AddPerson(ada, {v1::ROLE_LEAD});
  const TestPerson steward = desk.AddPerson(ada, {v1::ROLE_STEWARD});
  desk.Await(desk.Upload(ada, 1).id, v1::Upload::DONE);
  v1::VoterFileTerms terms;
  terms.set_layout("nc");
  terms.set_as_of("2026-09-01");
  terms.set_permitted_use("elections only");
  terms.set_state("NC");
  desk.Await(desk.Upload(steward, 1, "nc", v1::UploadStatement::APPEND, 'v', &terms).id,
             v1::Upload::DONE);
  for (const auto& [person, list] : {std::pair(&ada, "everyone"), std::pair(&steward, "nc")}) {
    v1::Statement withdrawal = desk.pool.Withdrawal(*person, test::DrawId<WithdrawalId>());
    withdrawal.mutable_withdrawal()->set_list(list);
    REQUIRE_OK(desk.journal().Append(test::TestConsortium::SignBy(*person, withdrawal)));
    REQUIRE_OK(desk.journal().Append(desk.pool.SignByVault(
        desk.pool.Withdrawn(*person, *WithdrawalId::Parse(withdrawal.withdrawal().withdrawal())))));
  }
  const auto closed = [&](const TestPerson& person) {
    // What is shown follows the rules by itself: whoever reads the log replays it.
    governance::Registry registry;
    int count = 0;
    for (const v1::LogEntry& entry : AllEntries(desk, person, 100)) {
      if (entry.body().empty()) {
        ++count;
        continue;
      }
      REQUIRE_OK(registry.Apply(static_cast<uint64_t>(entry.index()),
                                testing::Must(governance::VerifyStatementBytes(entry.body()))));
    }
    return count;
  };
  CHECK(closed(ada) == 0);
  CHECK(closed(steward) == 4);  // upload, intake, withdrawal, withdrawn of the list
  CHECK(closed(lead) == 4);
}

TEST_CASE("Log: each checkpoint extends every one before it", "[log]") {
  FrontDesk desk;
  std::vector<tlog::Checkpoint> seen;
  for (int i = 0; i < 4; ++i) {
    desk.AddMember("Member " + std::to_string(i));
    for (const tlog::Checkpoint& old : seen) {
      v1::GetCheckpointRequest request;
      request.set_known_size(static_cast<int64_t>(old.size));
      const auto proof = testing::Must(
          desk.Call<v1::CheckpointProof>(desk.pool.founder, "LogService/GetCheckpoint", request));
      REQUIRE_OK(tlog::OpenExtension(proof.checkpoint(), desk.pool.note_key(), old,
                                     testing::Must(tlog::ParseHashes(proof.consistency()))));
    }
    seen.push_back(
        testing::Must(tlog::OpenCheckpoint(desk.journal().checkpoint(), desk.pool.note_key())));
  }
}

TEST_CASE("Report: bundle and provenance hold before the auditor's own verifier", "[report]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson approver = desk.AddPerson(ada, {v1::ROLE_APPROVER});
  const TestPerson bo = desk.AddPerson(approver, {v1::ROLE_UPLOADER});
  desk.AddMember("Transit");
  const TestUpload first = desk.Upload(ada, 2, "a", v1::UploadStatement::APPEND, '1');
  desk.Await(first.id, v1::Upload::DONE);
  const TestUpload replacing = desk.Upload(bo, 3, "a", v1::UploadStatement::REPLACE, '2');
  desk.Await(replacing.id, v1::Upload::DONE);
  const TestUpload kept = desk.Upload(bo, 1, "b", v1::UploadStatement::APPEND, '3');
  desk.Await(kept.id, v1::Upload::DONE);
  v1::Statement withdrawal = desk.pool.Withdrawal(approver, test::DrawId<WithdrawalId>());
  withdrawal.mutable_withdrawal()->set_list("a");
  v1::WithdrawRequest withdraw;
  *withdraw.mutable_statement() = TestConsortium::SignBy(approver, withdrawal);
  REQUIRE_OK((desk.Call<v1::WithdrawResponse>(approver, "UploadService/Withdraw", withdraw)));
  const TestUpload unread = [&] {
    desk.vault.Refuse(MakeError(v1::VAULT_SEALED, "not now"));
    return desk.Upload(ada, 1, "c", v1::UploadStatement::APPEND, '4');
  }();

  const auto bundle = testing::Must(
      desk.Call<v1::Bundle>(desk.pool.founder, "ReportService/GetBundle", v1::GetBundleRequest()));
  const report::AuditRoot root = testing::Must(report::OpenBundle(bundle));
  const auto report = testing::Must(desk.Call<v1::ProvenanceReport>(
      bo, "ReportService/GetProvenance", v1::GetProvenanceRequest()));
  const report::ReportFindings findings =
      testing::Must(report::VerifyReport(report::EncodeReport(report, bo.sign), root));
  CHECK(findings.member_name == "Parks");
  CHECK(findings.same_tree);
  REQUIRE(findings.uploads.size() == 4);
  CHECK(findings.uploads[0].since.size() ==
        4);  // replaced by the second (two entries), withdrawn with it (two more)
  CHECK(findings.uploads[1].since.size() == 2);
  CHECK(findings.uploads[2].since.empty());
  CHECK(findings.uploads[2].intake.has_value());
  CHECK_FALSE(findings.uploads[3].intake.has_value());

  v1::GetProvenanceRequest one;
  one.set_upload(kept.id.Name());
  const auto single =
      testing::Must(desk.Call<v1::ProvenanceReport>(ada, "ReportService/GetProvenance", one));
  CHECK(testing::Must(report::VerifyReport(report::EncodeReport(single, ada.sign), root))
            .uploads.size() == 1);

  one.set_upload(test::DrawId<UploadId>().Name());
  REQUIRE_REASON((desk.Call<v1::ProvenanceReport>(ada, "ReportService/GetProvenance", one)),
                 v1::UPLOAD_NOT_FOUND);
  TestUpload open;
  desk.vault.Refuse(absl::OkStatus());
  REQUIRE_OK(desk.Create(ada, open, "d"));
  one.set_upload(open.id.Name());
  REQUIRE_REASON((desk.Call<v1::ProvenanceReport>(ada, "ReportService/GetProvenance", one)),
                 v1::UPLOAD_NOT_FOUND);
}

}  // namespace
}  // namespace muster::front
