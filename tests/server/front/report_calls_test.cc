// SPDX-License-Identifier: Apache-2.0
//
// What the front desk gives for reports holds before the auditor's own verifier, and goes to nobody
// whom it is not for.
#include <sstream>

#include "core/report/coalition.h"
#include "core/report/provenance.h"
#include "core/report/sample.h"
#include "core/report/verify_coalition.h"
#include "muster/v1/report_service.pb.h"
#include "tests/server/front/front_desk.h"

namespace muster::front {
namespace {

using test::FrontDesk;
using test::TestConsortium;
using test::TestPerson;
using test::TestUpload;
using testing::Must;

report::AuditRoot RootOf(FrontDesk& desk) {
  const auto bundle = Must(
      desk.Call<v1::Bundle>(desk.pool.founder, "ReportService/GetBundle", v1::GetBundleRequest()));
  return Must(report::OpenBundle(bundle));
}

TestPerson AddAuditor(FrontDesk& desk) {
  TestPerson auditor;
  auditor.name = "Auditor";
  desk.Enroll(desk.pool.founder, auditor, "", false, {v1::ROLE_AUDITOR});
  return auditor;
}

void Withdraw(FrontDesk& desk, const TestPerson& person, const std::string& list) {
  v1::Statement withdrawal = desk.pool.Withdrawal(person, test::DrawId<WithdrawalId>());
  withdrawal.mutable_withdrawal()->set_list(list);
  v1::WithdrawRequest request;
  *request.mutable_statement() = TestConsortium::SignBy(person, withdrawal);
  REQUIRE_OK((desk.Call<v1::WithdrawResponse>(person, "UploadService/Withdraw", request)));
}

TEST_CASE("Report: a member's says what it took back, and nothing of another's", "[report]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  desk.Await(desk.Upload(ada, 2, "a").id, v1::Upload::DONE);
  desk.Await(desk.Upload(eve, 1, "a", v1::UploadStatement::APPEND, 'e').id, v1::Upload::DONE);
  Withdraw(desk, ada, "a");
  Withdraw(desk, eve, "a");
  const auto report = Must(desk.Call<v1::ProvenanceReport>(ada, "ReportService/GetProvenance",
                                                           v1::GetProvenanceRequest()));
  const report::ReportFindings findings =
      Must(report::VerifyReport(report::EncodeReport(report, ada.sign), RootOf(desk)));
  CHECK(findings.version == report::kReportVersion);
  REQUIRE(findings.acts.size() == 2);
  CHECK(findings.acts[0].kind == "withdrawal");
  CHECK(findings.acts[0].member == "Parks");
  CHECK(findings.acts[1].kind == "withdrawn");

  // A period before all of it.
  v1::GetProvenanceRequest early;
  early.mutable_period()->set_to_time(1'000'000);
  const auto nothing =
      Must(desk.Call<v1::ProvenanceReport>(ada, "ReportService/GetProvenance", early));
  CHECK(nothing.uploads().empty());
  CHECK(nothing.acts().empty());
  CHECK(nothing.period().to_time() == 1'000'000);
  REQUIRE_OK(report::VerifyReport(report::EncodeReport(nothing, ada.sign), RootOf(desk)));
}

// The terms in effect with another quorum, on the log; the hash to sign.
Bytes32 Propose(FrontDesk& desk, const TestPerson& by, int quorum) {
  v1::Statement statement = desk.pool.Base(by.id.Name());
  v1::CharterProposalStatement& proposal = *statement.mutable_charter_proposal();
  desk.journal().WithRegistry([&](const governance::Registry& registry) {
    const governance::CharterVersion& current = registry.charter_versions().back();
    proposal.set_version(current.version + 1);
    proposal.set_predecessor_hash(ToString(current.hash));
    *proposal.mutable_terms() = current.terms;
  });
  proposal.mutable_terms()->set_quorum(quorum);
  const v1::SignedStatement said = TestConsortium::SignBy(by, statement);
  REQUIRE_OK(desk.journal().Append(said));
  return governance::StatementHash(said);
}

void Endorse(FrontDesk& desk, const TestPerson& by, const Bytes32& hash) {
  v1::Statement statement = desk.pool.Base(by.id.Name());
  statement.mutable_endorsement()->set_statement_hash(ToString(hash));
  REQUIRE_OK(desk.journal().Append(TestConsortium::SignBy(by, statement)));
}

report::ReportFindings ReportOf(FrontDesk& desk, const TestPerson& person,
                                const v1::GetProvenanceRequest& request = {}) {
  const auto report =
      Must(desk.Call<v1::ProvenanceReport>(person, "ReportService/GetProvenance", request));
  return Must(report::VerifyReport(report::EncodeReport(report, person.sign), RootOf(desk)));
}

TEST_CASE("Report: holds whatever the members have decided since, and whoever made it",
          "[report]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  const TestPerson bob = desk.AddMember("Library");
  desk.Await(desk.Upload(eve, 1, "a").id, v1::Upload::DONE);
  // The operator alone, as long as one signature is enough: who could sign is not who signed.
  Propose(desk, desk.pool.founder, 3);
  CHECK(ReportOf(desk, eve).uploads.size() == 1);
  const Bytes32 two = Propose(desk, ada, 2);
  Endorse(desk, eve, two);
  Endorse(desk, bob, two);
  CHECK(ReportOf(desk, bob).uploads.empty());

  TestPerson kim;
  kim.member = test::DrawId<MemberId>();
  kim.m = crypto::Scalar::Random();
  const test::TestInvite invite;
  const v1::SignedStatement admission = TestConsortium::SignBy(
      desk.pool.founder, desk.pool.Admission(desk.pool.founder, invite, kim, "Museum", true,
                                             {v1::ROLE_UPLOADER, v1::ROLE_APPROVER}));
  REQUIRE_OK(desk.journal().Append(admission));
  Endorse(desk, ada, governance::StatementHash(admission));
  Endorse(desk, bob, governance::StatementHash(admission));
  REQUIRE_OK(
      desk.journal().Append(TestConsortium::SignJoin(desk.pool.Join(invite, kim), invite, kim)));
  desk.Await(desk.Upload(kim, 1, "a", v1::UploadStatement::APPEND, 'k').id, v1::Upload::DONE);
  for (const TestPerson* person : std::vector<const TestPerson*>{&ada, &eve, &bob, &kim})
    ReportOf(desk, *person);
  CHECK(ReportOf(desk, kim).uploads.size() == 1);
}

TEST_CASE("Report: says who was erased and told at the member's word, to that member", "[report]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  v1::Statement asked = desk.pool.Base(ada.id.Name());
  v1::EraseStatement& erase = *asked.mutable_erase();
  erase.set_erasure(test::DrawId<ErasureId>().Name());
  erase.set_member(ada.member->Name());
  erase.set_sealed_hash(std::string(32, 'h'));
  erase.set_commitment(std::string(32, 'c'));
  REQUIRE_OK(desk.journal().Append(TestConsortium::SignBy(ada, asked)));
  desk.pool.now += 1000;
  v1::Statement done = desk.pool.Base("vault");
  done.mutable_erased()->set_erasure(erase.erasure());
  done.mutable_erased()->set_member(erase.member());
  done.mutable_erased()->set_commitment(erase.commitment());
  done.mutable_erased()->set_done(true);
  REQUIRE_OK(desk.journal().Append(desk.pool.SignByVault(done)));
  v1::Statement told = desk.pool.Base(ada.id.Name());
  told.mutable_person_report()->set_report(test::DrawId<PersonReportId>().Name());
  told.mutable_person_report()->set_member(ada.member->Name());
  told.mutable_person_report()->set_sealed_hash(std::string(32, 'h'));
  REQUIRE_OK(desk.journal().Append(TestConsortium::SignBy(ada, told)));

  const auto kinds = [](const report::ReportFindings& findings) {
    std::vector<std::string> all;
    for (const report::Event& act : findings.acts) all.push_back(act.kind);
    return all;
  };
  CHECK(kinds(ReportOf(desk, ada)) == std::vector<std::string>{"erase", "erased", "person_report"});
  CHECK(ReportOf(desk, eve).acts.empty());
  // Of the time after it was asked: what was asked stands beside it.
  v1::GetProvenanceRequest later;
  later.mutable_period()->set_from_time(desk.pool.now);
  CHECK(kinds(ReportOf(desk, ada, later)) == std::vector<std::string>{"erased", "person_report"});
}

TEST_CASE("Report: a voter file that was taken back is one, also when it is of another period",
          "[report]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson steward = desk.AddPerson(ada, {v1::ROLE_STEWARD});
  v1::VoterFileTerms terms;
  terms.set_layout("nc");
  terms.set_as_of("2026-09-01");
  terms.set_permitted_use("elections only");
  terms.set_state("NC");
  desk.Await(desk.Upload(steward, 1, "nc-2026", v1::UploadStatement::APPEND, 'v', &terms).id,
             v1::Upload::DONE);
  desk.pool.now += 1000;
  Withdraw(desk, steward, "nc-2026");
  v1::GetProvenanceRequest later;
  later.mutable_period()->set_from_time(desk.pool.now);
  for (const TestPerson* person : {&ada, &steward}) {
    const report::ReportFindings findings = ReportOf(desk, *person, later);
    CHECK(findings.uploads.empty());
    REQUIRE_FALSE(findings.acts.empty());
    CHECK(findings.acts[0].kind == "withdrawal");
    CHECK(ReportOf(desk, *person).uploads.size() == 1);
  }
}

TEST_CASE("Report: what an auditor is given makes a coalition report that holds", "[report]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  const TestPerson auditor = AddAuditor(desk);
  const TestUpload first = desk.Upload(ada, 5, "a");
  desk.Await(first.id, v1::Upload::DONE);
  const TestUpload second = desk.Upload(eve, 3, "b", v1::UploadStatement::APPEND, 'e');
  desk.Await(second.id, v1::Upload::DONE);
  Withdraw(desk, ada, "a");
  const report::AuditRoot root = RootOf(desk);

  std::string file;
  report::CoalitionWriter writer(
      [&file](std::string_view bytes) {
        file.append(bytes);
        return absl::OkStatus();
      },
      &auditor.sign);
  v1::CoalitionHeader header;
  header.set_version(report::kCoalitionVersion);
  header.set_consortium(ToString(desk.pool.id));
  header.set_reporter(auditor.id.Name());
  header.set_reporter_key(ToString(auditor.sign.verify_key().bytes));
  header.set_create_time(test::kTestTime + 1000);
  header.set_checkpoint(desk.journal().checkpoint());
  header.set_sample_signature(report::SignSample(root.checkpoint, auditor.sign));
  REQUIRE_OK(writer.Begin(header));
  v1::ListOpenedEntriesRequest page;
  page.set_page_size(3);
  while (page.first_index() < static_cast<int64_t>(root.checkpoint.size)) {
    auto opened = Must(
        desk.Call<v1::ListOpenedEntriesResponse>(auditor, "ReportService/ListOpenedEntries", page));
    REQUIRE_FALSE(opened.entries().empty());
    CHECK(opened.entries_size() <= 3);
    for (v1::OpenedEntry& entry : *opened.mutable_entries()) REQUIRE_OK(writer.Add(entry));
    page.set_first_index(opened.next_index());
  }
  v1::SampleBlock sample;
  for (const uint64_t number : report::DrawSample(root.checkpoint, header.sample_signature(), 8)) {
    v1::OpenBatchesRequest request;
    auto& batch = *request.add_batches();
    batch.set_upload((number < 5 ? first : second).id.Name());
    batch.set_sequence(static_cast<int64_t>(number < 5 ? number : number - 5));
    const auto opened =
        Must(desk.Call<v1::OpenBatchesResponse>(auditor, "ReportService/OpenBatches", request));
    *sample.add_batches() = opened.batches(0);
  }
  REQUIRE_OK(writer.Finish(sample));
  std::istringstream stream(file);
  const report::CoalitionFindings findings = Must(report::VerifyCoalition(stream, root));
  CHECK(findings.sample.size() == 8);
  CHECK(findings.total.uploads == 2);
  CHECK(findings.total.withdrawals == 1);
}

TEST_CASE("Report: only an auditor of no member is shown what all members stated", "[report]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson own_auditor = desk.AddPerson(ada, {v1::ROLE_AUDITOR});
  const std::vector<const TestPerson*> others = {&ada, &own_auditor, &desk.pool.founder};
  for (const TestPerson* person : others) {
    REQUIRE_REASON((desk.Call<v1::ListOpenedEntriesResponse>(
                       *person, "ReportService/ListOpenedEntries", v1::ListOpenedEntriesRequest())),
                   v1::ROLE_NOT_ALLOWED);
    REQUIRE_REASON((desk.Call<v1::OpenBatchesResponse>(*person, "ReportService/OpenBatches",
                                                       v1::OpenBatchesRequest())),
                   v1::ROLE_NOT_ALLOWED);
  }
}

TEST_CASE("Report: what cannot be opened is refused with a reason", "[report]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson auditor = AddAuditor(desk);
  const TestUpload upload = desk.Upload(ada, 1, "a");
  const auto open = [&](const std::string& name, int64_t sequence) {
    v1::OpenBatchesRequest request;
    request.add_batches()->set_upload(name);
    request.mutable_batches(0)->set_sequence(sequence);
    return desk.Call<v1::OpenBatchesResponse>(auditor, "ReportService/OpenBatches", request);
  };
  REQUIRE_OK(open(upload.id.Name(), 0));
  REQUIRE_REASON(open(upload.id.Name(), 1), v1::BATCH_MISSING);
  REQUIRE_REASON(open(upload.id.Name(), -1), v1::BATCH_MISSING);
  REQUIRE_REASON(open(test::DrawId<UploadId>().Name(), 0), v1::UPLOAD_NOT_FOUND);
  REQUIRE_REASON(open("uploads/none", 0), v1::NAME_MALFORMED);
  v1::OpenBatchesRequest many;
  for (int i = 0; i < 101; ++i) many.add_batches()->set_upload(upload.id.Name());
  REQUIRE_REASON((desk.Call<v1::OpenBatchesResponse>(auditor, "ReportService/OpenBatches", many)),
                 v1::REQUEST_MALFORMED);
  v1::ListOpenedEntriesRequest page;
  page.set_first_index(-1);
  REQUIRE_REASON(
      (desk.Call<v1::ListOpenedEntriesResponse>(auditor, "ReportService/ListOpenedEntries", page)),
      v1::REQUEST_MALFORMED);
  page.set_first_index(1'000'000);
  CHECK(Must(desk.Call<v1::ListOpenedEntriesResponse>(auditor, "ReportService/ListOpenedEntries",
                                                      page))
            .entries()
            .empty());
}

}  // namespace
}  // namespace muster::front
