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
