// SPDX-License-Identifier: Apache-2.0
#include "core/report/verify.h"

#include <google/protobuf/stubs/logging.h>

#include "core/report/provenance.h"
#include "tests/core/report/report_fixture.h"
#include "tests/support/status.h"

namespace muster::report {
namespace {

using testing::Must;
using testing::Said;

// protobuf prints every string that is no UTF-8; these tests make thousands.
[[maybe_unused]] const bool kQuiet = (google::protobuf::SetLogHandler(nullptr), true);

struct Pool {
  Consortium consortium;
  Organization parks{"Parks Alliance"};
  Organization transit{"Transit Riders"};
  Pool() {
    consortium.Join(parks);
    consortium.Join(transit);
  }
  absl::StatusOr<ReportFindings> Verify(const v1::ProvenanceReport& report) const {
    return VerifyAs(report, parks.person);
  }
  absl::StatusOr<ReportFindings> VerifyAs(const v1::ProvenanceReport& report,
                                          const Someone& reporter) const {
    return VerifyReport(EncodeReport(report, reporter.sign), consortium.Root());
  }
  // A report on one upload made to order.
  absl::StatusOr<ReportFindings> VerifyUpload(const Consortium::BendUpload& bend,
                                              const Consortium::BendContext& context = {}) {
    return Verify(consortium.MakeReport(parks, {consortium.Upload(parks, 5, 2, bend, context)}));
  }
};

TEST_CASE("A report that holds says what was uploaded and what came of it", "[report]") {
  Pool pool;
  v1::UploadProvenance first = pool.consortium.Upload(pool.parks, 5, 2);
  pool.consortium.Upload(pool.transit, 3, 3);  // another member's: in the tree, not in the report
  pool.consortium.Intake(first, [](v1::IntakeStatement& intake) {
    intake.set_contact_count(4);
    intake.set_duplicate_count(1);
  });
  v1::UploadProvenance second = pool.consortium.Upload(pool.parks, 1, 4096);
  const ReportFindings findings =
      Must(pool.Verify(pool.consortium.MakeReport(pool.parks, {first, second})));
  CHECK(findings.member_name == "Parks Alliance");
  CHECK(findings.reporter_name == pool.parks.person.name);
  CHECK(findings.same_tree);
  CHECK(findings.entry_count == 6);
  REQUIRE(findings.uploads.size() == 2);
  CHECK(findings.uploads[0].statement.record_count() == 5);
  CHECK(findings.uploads[0].statement.batch_count() == 3);
  CHECK(findings.uploads[0].intake->contact_count() == 4);
  CHECK(findings.uploads[0].uploader == pool.parks.person.name);
  CHECK_FALSE(findings.uploads[1].intake.has_value());
}

TEST_CASE("A report without uploads holds", "[report]") {
  Pool pool;
  CHECK(Must(pool.Verify(pool.consortium.MakeReport(pool.parks, {}))).uploads.empty());
}

TEST_CASE("Every bit flipped anywhere in a report is noticed", "[report]") {
  Pool pool;
  v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 1);
  pool.consortium.Intake(upload);
  const std::string file =
      EncodeReport(pool.consortium.MakeReport(pool.parks, {upload}), pool.parks.person.sign);
  const AuditRoot root = pool.consortium.Root();
  REQUIRE_OK(VerifyReport(file, root));
  size_t taken = 0;
  for (size_t at = 0; at < file.size(); ++at) {
    std::string flipped = file;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    if (VerifyReport(flipped, root).ok()) ++taken;
  }
  CHECK(taken == 0);
}

TEST_CASE(
    "A byte flipped by the reporter, who signs the file again, is noticed wherever somebody else "
    "vouches for it",
    "[report]") {
  Pool pool;
  v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 1);
  pool.consortium.Intake(upload);
  const v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {upload});
  const AuditRoot root = pool.consortium.Root();
  const std::string bytes = report.SerializeAsString();
  size_t taken = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string bent = bytes;
    bent[at] = static_cast<char>(bent[at] ^ (1 << (at % 7)));
    v1::ProvenanceReport parsed;
    if (!parsed.ParseFromString(bent)) continue;
    // When it was made is the reporter's own word.
    parsed.set_create_time(report.create_time());
    if (parsed.SerializeAsString() == bytes) continue;
    if (VerifyReport(EncodeReport(parsed, pool.parks.person.sign), root).ok()) ++taken;
  }
  CHECK(taken == 0);
}

TEST_CASE("A report of another consortium is refused", "[report]") {
  Pool pool;
  const Pool other;
  const v1::ProvenanceReport report = other.consortium.MakeReport(other.parks, {});
  const auto findings =
      VerifyReport(EncodeReport(report, other.parks.person.sign), pool.consortium.Root());
  REQUIRE_REASON(findings, v1::REPORT_MALFORMED);
  CHECK(Said(findings.status()).find("another consortium") != std::string::npos);

  // Also when it says that it is of this one.
  v1::ProvenanceReport relabeled = report;
  relabeled.set_consortium(ToString(pool.consortium.id));
  REQUIRE_REASON(pool.VerifyAs(relabeled, other.parks.person), v1::CHECKPOINT_UNSIGNED);
}

TEST_CASE("Only somebody who joined for the member can have made its report", "[report]") {
  Pool pool;
  const v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {});
  REQUIRE_REASON(pool.VerifyAs(report, pool.transit.person), v1::REPORT_MALFORMED);
  const Someone stranger("stranger");
  REQUIRE_REASON(pool.VerifyAs(report, stranger), v1::REPORT_MALFORMED);
  REQUIRE_REASON(pool.VerifyAs(report, pool.consortium.founder), v1::REPORT_MALFORMED);
  v1::ProvenanceReport renamed = report;
  renamed.set_member_name("Transit Riders");
  REQUIRE_REASON(pool.Verify(renamed), v1::REPORT_MALFORMED);
  v1::ProvenanceReport of_another = report;
  of_another.set_member(pool.transit.id.Name());
  REQUIRE_REASON(pool.Verify(of_another), v1::REPORT_MALFORMED);
  v1::ProvenanceReport without_people = report;
  without_people.clear_people();
  REQUIRE_REASON(pool.Verify(without_people), v1::REPORT_MALFORMED);
}

TEST_CASE("A person whose admission is left out has not joined", "[report]") {
  Pool pool;
  v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {});
  report.mutable_people()->DeleteSubrange(0, 1);
  REQUIRE_REASON(pool.Verify(report), v1::INVITE_UNKNOWN);
}

TEST_CASE("A report may stand on an older tree, and then says so; a fork of the same size is told",
          "[report]") {
  Pool pool;
  v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 2);
  const uint64_t size = pool.consortium.size();
  pool.consortium.Upload(pool.transit, 1, 1);
  CHECK_FALSE(Must(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload}, size))).same_tree);

  const v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {upload});
  const AuditRoot before = pool.consortium.Root();
  pool.consortium.entries().back().salt[0] ^= 1;  // the log tells somebody else another story
  const v1::ProvenanceReport forked = pool.consortium.MakeReport(pool.parks, {upload});
  REQUIRE_OK(VerifyReport(EncodeReport(report, pool.parks.person.sign), before));
  REQUIRE_REASON(VerifyReport(EncodeReport(forked, pool.parks.person.sign), before),
                 v1::LOG_FORKED);
}

TEST_CASE("A checkpoint that the log did not sign is refused", "[report]") {
  Pool pool;
  v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {});
  const crypto::SigningKey other = crypto::SigningKey::Generate();
  tlog::Checkpoint checkpoint{"muster.example/log", 1, {}};
  report.set_checkpoint(tlog::SignCheckpoint(checkpoint, other));
  REQUIRE_REASON(pool.Verify(report), v1::CHECKPOINT_UNSIGNED);
}

TEST_CASE("An upload that is not in the tree is refused", "[report]") {
  Pool pool;
  v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 2);
  v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {upload});
  v1::EntryProof& proof = *report.mutable_uploads(0)->mutable_upload();
  SECTION("another salt") { proof.mutable_salt()->at(0) ^= 1; }
  SECTION("another place") { proof.set_index(proof.index() - 1); }
  SECTION("a proof hash less") { proof.mutable_hashes()->RemoveLast(); }
  SECTION("beyond the tree") { proof.set_index(1000); }
  SECTION("before it") { proof.set_index(-1); }
  CHECK_FALSE(pool.Verify(report).ok());
}

TEST_CASE("Batches are those that were signed: in number, order, content and sums", "[report]") {
  Pool pool;
  v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 5, 2);
  v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {upload});
  v1::UploadProvenance& shown = *report.mutable_uploads(0);
  SECTION("one is missing") { shown.mutable_batches()->RemoveLast(); }
  SECTION("one is there twice") { *shown.add_batches() = shown.batches(0); }
  SECTION("two have changed places") { shown.mutable_batches()->SwapElements(0, 1); }
  SECTION("one is of another upload") {
    *shown.mutable_batches(1) = pool.consortium.Upload(pool.parks, 5, 2).batches(1);
  }
  SECTION("one has another's signature") {
    shown.mutable_batches(0)->set_signature(shown.batches(1).signature());
  }
  SECTION("one has another's root") { shown.mutable_batches(0)->set_root(shown.batches(1).root()); }
  SECTION("one has no holding wrap") { shown.mutable_batches(0)->clear_holding_wrap(); }
  SECTION("one is empty") { shown.mutable_batches(0)->Clear(); }
  const auto findings = pool.Verify(report);
  REQUIRE_FALSE(findings.ok());
  CHECK(Said(findings.status()).find("uploads/") != std::string::npos);
}

TEST_CASE("A statement that counts more than was sealed is refused although its uploader signed it",
          "[report]") {
  Pool pool;
  SECTION("records") {
    REQUIRE_REASON(
        pool.VerifyUpload([](v1::UploadStatement& upload) { upload.set_record_count(6); }),
        v1::REPORT_MALFORMED);
  }
  SECTION("rows") {
    REQUIRE_REASON(
        pool.VerifyUpload([](v1::UploadStatement& upload) { upload.set_row_count(600); }),
        v1::REPORT_MALFORMED);
  }
  SECTION("rows, also in the file") {
    REQUIRE_REASON(pool.VerifyUpload([](v1::UploadStatement& upload) {
      upload.set_row_count(600);
      upload.mutable_files(0)->set_row_count(600);
    }),
                   v1::REPORT_MALFORMED);
  }
  SECTION("rejected rows") {
    REQUIRE_REASON(pool.VerifyUpload([](v1::UploadStatement& upload) {
      upload.set_rejected_row_count(100);
      upload.mutable_files(0)->set_rejected_row_count(100);
    }),
                   v1::REPORT_MALFORMED);
  }
  SECTION("withheld rows") {
    REQUIRE_REASON(pool.VerifyUpload([](v1::UploadStatement& upload) {
      upload.set_withheld_row_count(100);
      upload.mutable_files(0)->set_withheld_row_count(100);
    }),
                   v1::REPORT_MALFORMED);
  }
  SECTION("withheld rows that no file has") {
    REQUIRE_REASON(
        pool.VerifyUpload([](v1::UploadStatement& upload) { upload.set_withheld_row_count(1); }),
        v1::REPORT_MALFORMED);
  }
  SECTION("batches") {
    REQUIRE_REASON(
        pool.VerifyUpload([](v1::UploadStatement& upload) { upload.set_batch_count(2); }),
        v1::REPORT_MALFORMED);
  }
  SECTION("another root") {
    REQUIRE_REASON(pool.VerifyUpload([](v1::UploadStatement& upload) {
      upload.set_batches_root(std::string(32, 'r'));
    }),
                   v1::REPORT_MALFORMED);
  }
  SECTION("fewer rows than the batches name") {
    REQUIRE_REASON(pool.VerifyUpload([](v1::UploadStatement& upload) {
      upload.set_row_count(4);
      upload.mutable_files(0)->set_row_count(4);
    }),
                   v1::REPORT_MALFORMED);
  }
}

TEST_CASE("Rows that stayed with the member add up with the others", "[report]") {
  Pool pool;
  REQUIRE_OK(pool.VerifyUpload([](v1::UploadStatement& upload) {
    for (v1::UploadFile& file : *upload.mutable_files()) {
      file.set_row_count(file.row_count() + 4);
      file.set_withheld_row_count(4);
    }
    upload.set_row_count(upload.row_count() + 4);
    upload.set_withheld_row_count(4);
  }));
}

TEST_CASE("A voter file's votes may share a record, and its people who stayed behind are counted",
          "[report]") {
  Pool pool;
  const auto bend = [](int64_t rows, int64_t withheld, int64_t not_registered) {
    return [=](v1::UploadStatement& upload) {
      upload.clear_consent();
      v1::VoterFileTerms& terms = *upload.mutable_voterfile();
      terms.set_layout("nc");
      terms.set_as_of("2026-09-01");
      terms.set_permitted_use("elections only");
      terms.set_state("NC");
      terms.set_not_registered_row_count(not_registered);
      upload.set_row_count(rows);
      upload.set_rejected_row_count(0);
      upload.set_withheld_row_count(withheld);
      upload.mutable_files(0)->set_row_count(rows);
      upload.mutable_files(0)->set_rejected_row_count(0);
      upload.mutable_files(0)->set_withheld_row_count(withheld);
    };
  };
  // Five records: of a hundred rows, of eight that leave five, and of eight that leave four.
  REQUIRE_OK(pool.VerifyUpload(bend(100, 2, 1)));
  REQUIRE_OK(pool.VerifyUpload(bend(8, 2, 1)));
  REQUIRE_REASON(pool.VerifyUpload(bend(8, 2, 2)), v1::REPORT_MALFORMED);

  v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 5, 2, bend(8, 2, 1));
  const auto read = [&](int64_t voters, int64_t history, int64_t duplicates) {
    v1::UploadProvenance with_intake = upload;
    pool.consortium.Intake(with_intake, [&](v1::IntakeStatement& intake) {
      intake.clear_contact_count();
      intake.clear_suppression_count();
      intake.clear_exclusion_count();
      intake.clear_refused_count();
      intake.set_duplicate_count(duplicates);
      intake.mutable_voterfile()->set_voter_count(voters);
      intake.mutable_voterfile()->set_history_record_count(history);
    });
    return with_intake;
  };
  SECTION("and every record is a voter, history, a duplicate or refused") {
    REQUIRE_OK(pool.Verify(pool.consortium.MakeReport(pool.parks, {read(3, 1, 1)})));
  }
  SECTION("or the report does not hold") {
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {read(3, 1, 0)})),
                   v1::REPORT_MALFORMED);
  }
}

TEST_CASE("Batches sealed for somebody else, or for other keys, are refused", "[report]") {
  Pool pool;
  SECTION("another consortium") {
    REQUIRE_REASON(
        pool.VerifyUpload({}, [](seal::SealContext& context) { context.consortium[0] ^= 1; }),
        v1::REPORT_MALFORMED);
  }
  SECTION("another member") {
    REQUIRE_REASON(pool.VerifyUpload(
                       {}, [&](seal::SealContext& context) { context.member = pool.transit.id; }),
                   v1::REPORT_MALFORMED);
  }
  SECTION("another upload") {
    REQUIRE_REASON(
        pool.VerifyUpload({}, [](seal::SealContext& context) { context.upload.bytes[0] ^= 1; }),
        v1::REPORT_MALFORMED);
  }
  SECTION("another uploader") {
    REQUIRE_REASON(
        pool.VerifyUpload(
            {}, [&](seal::SealContext& context) { context.uploader = pool.transit.person.id; }),
        v1::REPORT_MALFORMED);
  }
  SECTION("a key that is not the vault's") {
    REQUIRE_REASON(pool.VerifyUpload({},
                                     [](seal::SealContext& context) {
                                       context.vault_key = crypto::Scalar::Random().TimesBase();
                                     }),
                   v1::REPORT_MALFORMED);
  }
  SECTION("a key that is not the member's") {
    REQUIRE_REASON(pool.VerifyUpload({},
                                     [&](seal::SealContext& context) {
                                       context.member_key = pool.transit.person.m->TimesBase();
                                     }),
                   v1::REPORT_MALFORMED);
  }
}

TEST_CASE("An upload by somebody who may not upload for this member is refused", "[report]") {
  Pool pool;
  SECTION("a stranger") {
    const Someone stranger("stranger");
    const v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 2, {}, {}, &stranger);
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::STATEMENT_REFUSED);
  }
  SECTION("the operator") {
    const v1::UploadProvenance upload =
        pool.consortium.Upload(pool.parks, 2, 2, {}, {}, &pool.consortium.founder);
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::STATEMENT_REFUSED);
  }
  SECTION("another member's own upload does not pass as this one's") {
    const v1::UploadProvenance upload = pool.consortium.Upload(pool.transit, 2, 2);
    v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {upload});
    *report.add_people() =
        pool.consortium.Prove(pool.transit.admission_index, pool.consortium.size());
    *report.add_people() = pool.consortium.Prove(pool.transit.join_index, pool.consortium.size());
    REQUIRE_REASON(pool.Verify(report), v1::REPORT_MALFORMED);
  }
}

TEST_CASE("An upload from before its uploader joined is refused", "[report]") {
  Consortium consortium;
  Organization early("Early Birds");
  const v1::UploadProvenance upload = consortium.Upload(early, 2, 2);
  consortium.Join(early);
  const v1::ProvenanceReport report = consortium.MakeReport(early, {upload});
  REQUIRE_REASON(VerifyReport(EncodeReport(report, early.person.sign), consortium.Root()),
                 v1::STATEMENT_REFUSED);
}

TEST_CASE("The vault's statement is the vault's, and about this upload", "[report]") {
  Pool pool;
  v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 5, 2);
  SECTION("signed by somebody else") {
    pool.consortium.Intake(upload, {}, &pool.parks.person.sign);
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::STATEMENT_REFUSED);
  }
  SECTION("about other batches") {
    pool.consortium.Intake(
        upload, [](v1::IntakeStatement& intake) { intake.set_batches_root(std::string(32, 'x')); });
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::STATEMENT_REFUSED);
  }
  SECTION("about another statement") {
    pool.consortium.Intake(upload, [](v1::IntakeStatement& intake) {
      intake.set_upload_statement_hash(std::string(32, 'x'));
    });
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::STATEMENT_REFUSED);
  }
  SECTION("about fewer records") {
    pool.consortium.Intake(upload, [](v1::IntakeStatement& intake) { intake.set_record_count(4); });
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::STATEMENT_REFUSED);
  }
  SECTION("with figures that do not add up") {
    pool.consortium.Intake(upload,
                           [](v1::IntakeStatement& intake) { intake.set_contact_count(6); });
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::REPORT_MALFORMED);
  }
  SECTION("with fewer contacts and nothing in their place") {
    pool.consortium.Intake(upload,
                           [](v1::IntakeStatement& intake) { intake.set_contact_count(4); });
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::REPORT_MALFORMED);
  }
  SECTION("of another upload of the same member") {
    v1::UploadProvenance other = pool.consortium.Upload(pool.parks, 5, 2);
    pool.consortium.Intake(other);
    *upload.mutable_intake() = other.intake();
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload, other})),
                   v1::REPORT_MALFORMED);
  }
  SECTION("an upload statement in its place") {
    *upload.mutable_intake() = upload.upload();
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::REPORT_MALFORMED);
  }
}

TEST_CASE("An upload occurs once", "[report]") {
  Pool pool;
  const v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 2);
  REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload, upload})),
                 v1::REPORT_MALFORMED);
}

TEST_CASE("What became of an upload since is told, and must be about it", "[report]") {
  Pool pool;
  v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 2);
  const auto withdraw = [&](const Organization& of, const std::string& list) {
    v1::Statement statement = pool.consortium.NewStatement(of.person.id.Name());
    v1::WithdrawalStatement& withdrawal = *statement.mutable_withdrawal();
    withdrawal.set_withdrawal(WithdrawalId{crypto::RandomArray<8>()}.Name());
    withdrawal.set_member(of.id.Name());
    withdrawal.set_list(list);
    v1::EntryProof proof;
    proof.set_index(static_cast<int64_t>(pool.consortium.Append(statement, {&of.person.sign})));
    v1::Statement done = pool.consortium.NewStatement("vault");
    done.mutable_withdrawn()->set_withdrawal(withdrawal.withdrawal());
    done.mutable_withdrawn()->set_member(of.id.Name());
    done.mutable_withdrawn()->set_source_count(2);
    pool.consortium.Append(done, {&pool.consortium.vault_sign});
    return proof;
  };
  SECTION("a withdrawal of its list") {
    *upload.add_withdrawals() = withdraw(pool.parks, "members");
    upload.add_withdrawals()->set_index(upload.withdrawals(0).index() + 1);
    const ReportFindings findings =
        Must(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})));
    REQUIRE(findings.uploads[0].since.size() == 2);
    CHECK(findings.uploads[0].since[0].find("the list was withdrawn") == 0);
    CHECK(findings.uploads[0].since[1].find("the vault removed 2 sources") == 0);
  }
  SECTION("a withdrawal of another list says nothing about it") {
    *upload.add_withdrawals() = withdraw(pool.parks, "other");
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::REPORT_MALFORMED);
  }
  SECTION("a later upload that replaces the list") {
    const v1::UploadProvenance later = pool.consortium.Upload(
        pool.parks, 1, 1,
        [](v1::UploadStatement& said) { said.set_mode(v1::UploadStatement::REPLACE); });
    *upload.add_withdrawals() = later.upload();
    const ReportFindings findings =
        Must(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})));
    CHECK(findings.uploads[0].since[0].find("the list was replaced") == 0);
  }
  SECTION("a later upload that appends does not") {
    *upload.add_withdrawals() = pool.consortium.Upload(pool.parks, 1, 1).upload();
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::REPORT_MALFORMED);
  }
  SECTION("the upload itself is not later than itself") {
    *upload.add_withdrawals() = upload.upload();
    REQUIRE_REASON(pool.Verify(pool.consortium.MakeReport(pool.parks, {upload})),
                   v1::REPORT_MALFORMED);
  }
}

TEST_CASE("A report says what was done with what was brought: taken back, matched", "[report]") {
  Pool pool;
  v1::UploadProvenance upload = pool.consortium.Upload(pool.parks, 2, 2);
  pool.consortium.Intake(upload);
  const v1::UploadProvenance voters = pool.consortium.VoterFile(pool.transit, 4);
  const uint64_t match = pool.consortium.Match(voters);
  pool.consortium.Withdraw(pool.parks, "members");
  const uint64_t withdrawal = match + 1;
  pool.consortium.Withdraw(pool.transit, "members");
  const uint64_t size = pool.consortium.size();
  const auto prove = [&](uint64_t index) { return pool.consortium.Prove(index, size); };

  v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {upload});
  report.set_version(kReportVersion);
  *report.add_people() = prove(pool.transit.admission_index);
  *report.add_people() = prove(pool.transit.join_index);
  for (const uint64_t index : {match, withdrawal, withdrawal + 1})
    *report.add_acts() = prove(index);
  *report.add_context() = prove(static_cast<uint64_t>(voters.upload().index()));
  *report.add_context() = prove(static_cast<uint64_t>(voters.intake().index()));
  const ReportFindings findings = Must(pool.Verify(report));
  REQUIRE(findings.acts.size() == 3);
  CHECK(findings.acts[0].kind == "match");
  CHECK(findings.acts[0].by == "the vault");
  CHECK(findings.acts[1].kind == "withdrawal");
  CHECK(findings.acts[1].member == "Parks Alliance");
  CHECK(findings.acts[1].by == pool.parks.person.name);
  CHECK(findings.acts[2].text.find("3 sources") != std::string::npos);

  SECTION("an act twice") { *report.add_acts() = report.acts(2); }
  SECTION("acts in another order") { report.mutable_acts()->SwapElements(0, 1); }
  SECTION("another member's act") { *report.add_acts() = prove(withdrawal + 2); }
  SECTION("an upload among the acts") {
    report.mutable_acts()->Clear();
    *report.add_acts() = prove(static_cast<uint64_t>(upload.upload().index()));
  }
  SECTION("a join among the acts") {
    report.mutable_acts()->Clear();
    *report.add_acts() = prove(pool.parks.join_index);
  }
  SECTION("a match of a voter file that is left out") { report.clear_context(); }
  SECTION("what the vault did about a withdrawal that is left out") {
    report.mutable_acts()->DeleteSubrange(1, 1);
  }
  SECTION("acts before the period") {
    report.mutable_period()->set_from_time(findings.acts[0].time + 1);
    report.clear_uploads();
  }
  SECTION("uploads before the period") {
    report.mutable_period()->set_from_time(findings.acts[0].time);
  }
  SECTION("acts after the period") { report.mutable_period()->set_to_time(findings.acts[2].time); }
  SECTION("a later version") { report.set_version(3); }
  CHECK_FALSE(pool.Verify(report).ok());
}

TEST_CASE("A report says who was erased and told at the member's word, and nobody else's",
          "[report]") {
  Pool pool;
  const uint64_t erase = pool.consortium.Erase(pool.parks);
  const uint64_t told = pool.consortium.TellPerson(pool.parks);
  const uint64_t nobody = pool.consortium.Erase(pool.parks, false);
  const uint64_t others = pool.consortium.Erase(pool.transit);
  const uint64_t others_told = pool.consortium.TellPerson(pool.transit);
  const uint64_t size = pool.consortium.size();
  const auto prove = [&](uint64_t index) { return pool.consortium.Prove(index, size); };
  v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {});
  report.set_version(kReportVersion);
  for (const uint64_t index : {erase, erase + 1, told, nobody, nobody + 1})
    *report.add_acts() = prove(index);
  const ReportFindings findings = Must(pool.Verify(report));
  REQUIRE(findings.acts.size() == 5);
  CHECK(findings.acts[0].kind == "erase");
  CHECK(findings.acts[0].by == pool.parks.person.name);
  CHECK(findings.acts[1].text == "erased the address");
  CHECK(findings.acts[2].kind == "person_report");
  CHECK(findings.acts[4].text == "did nothing: this member had not brought it");
  for (const Event& act : findings.acts) CHECK(act.understood);

  const auto with = [&](std::vector<uint64_t> acts) {
    report.clear_acts();
    for (const uint64_t index : acts) *report.add_acts() = prove(index);
    return pool.Verify(report).status();
  };
  REQUIRE_REASON(with({erase + 1}), v1::STATEMENT_REFUSED);  // nobody asked for it
  REQUIRE_REASON(with({erase, told, told}), v1::REPORT_MALFORMED);
  REQUIRE_REASON(with({told, erase}), v1::REPORT_MALFORMED);
  *report.add_people() = prove(pool.transit.admission_index);
  *report.add_people() = prove(pool.transit.join_index);
  REQUIRE_OK(with({erase, erase + 1}));
  REQUIRE_REASON(with({others}), v1::REPORT_MALFORMED);
  REQUIRE_REASON(with({others, others + 1}), v1::REPORT_MALFORMED);
  REQUIRE_REASON(with({others_told}), v1::REPORT_MALFORMED);
}

TEST_CASE("A report on what was said by a quorum holds, and not without those who make it one",
          "[report]") {
  Pool pool;
  Consortium& consortium = pool.consortium;
  const uint64_t first = consortium.size();
  consortium.DecideAndSplit(pool.parks, pool.transit);
  const uint64_t size = consortium.size();
  v1::ProvenanceReport report = consortium.MakeReport(pool.parks, {});
  report.set_version(kReportVersion);
  std::vector<v1::EntryProof> people(report.people().begin(), report.people().end());
  const auto with = [&](const std::vector<uint64_t>& more) {
    report.clear_people();
    for (const v1::EntryProof& proof : people) *report.add_people() = proof;
    for (const uint64_t index : more) *report.add_people() = consortium.Prove(index, size);
    return pool.Verify(report).status();
  };
  const uint64_t admission = pool.transit.admission_index, join = pool.transit.join_index;
  REQUIRE_OK(with({}));
  REQUIRE_OK(with({admission, join, first, first + 1, first + 2}));
  // Two of one: a charter that asks for two members where one is shown.
  REQUIRE_REASON(with({first}), v1::STATEMENT_REFUSED);
  // The second proposal without the first; a signature without what it signs.
  REQUIRE_REASON(with({admission, join, first + 1}), v1::CHARTER_STALE);
  REQUIRE_REASON(with({admission, join, first + 2}), v1::NOTHING_TO_SIGN);
  // The vault's key says nothing of who takes part.
  REQUIRE_REASON(with({admission, join, first, first + 1, first + 2, first + 3}),
                 v1::REPORT_MALFORMED);
}

TEST_CASE("A member's report with a kind of entry that is not known here is not vouched for",
          "[report]") {
  Pool pool;
  v1::Statement statement = pool.consortium.NewStatement(pool.parks.person.id.Name());
  statement.GetReflection()->MutableUnknownFields(&statement)->AddLengthDelimited(90, "approves");
  const uint64_t index = pool.consortium.Append(statement, {&pool.parks.person.sign});
  v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {});
  report.set_version(kReportVersion);
  *report.add_acts() = pool.consortium.Prove(index, pool.consortium.size());
  const auto findings = pool.Verify(report);
  REQUIRE_REASON(findings, v1::REPORT_NOT_UNDERSTOOD);
  CHECK(Said(findings.status()).find("field 90") != std::string::npos);
}

TEST_CASE("A charter that is not the bundle's is refused", "[report]") {
  Pool pool;
  v1::ProvenanceReport report = pool.consortium.MakeReport(pool.parks, {});
  AuditRoot root = pool.consortium.Root();
  root.charter_hash[0] ^= 1;
  REQUIRE_REASON(VerifyReport(EncodeReport(report, pool.parks.person.sign), root),
                 v1::REPORT_MALFORMED);
  *report.mutable_charter() = report.people(0);
  REQUIRE_REASON(pool.Verify(report), v1::REPORT_MALFORMED);
}

TEST_CASE("A bundle holds together or is refused", "[report]") {
  Consortium consortium;
  Consortium other;
  v1::Bundle bundle = consortium.MakeBundle();
  CHECK(Must(OpenBundle(bundle)).consortium_name == "River County Coalition");
  SECTION("another log key") { bundle.set_log_vkey(other.log_vkey); }
  SECTION("another checkpoint") { bundle.set_checkpoint(other.Checkpoint()); }
  SECTION("another charter") { *bundle.mutable_charter() = other.Prove(0, 1); }
  SECTION("another charter and its tree, under this log's key") {
    bundle.set_consortium(ToString(other.id));
    *bundle.mutable_charter() = other.Prove(0, 1);
  }
  SECTION("another consortium") { bundle.set_consortium(ToString(other.id)); }
  SECTION("another name") { bundle.set_consortium_name("Another Coalition"); }
  SECTION("another vault") {
    bundle.mutable_vault()->set_box_key(ToString(other.vault_box.public_key().bytes));
  }
  SECTION("no consortium") { bundle.clear_consortium(); }
  SECTION("an entry that is no charter") {
    Organization parks("Parks Alliance");
    consortium.Join(parks);
    bundle.set_checkpoint(consortium.Checkpoint());
    *bundle.mutable_charter() = consortium.Prove(1, consortium.size());
  }
  CHECK_FALSE(OpenBundle(bundle).ok());
}

TEST_CASE("Every byte of a bundle that is not its maker's own word is checked", "[report]") {
  Consortium consortium;
  v1::Bundle bundle = consortium.MakeBundle();
  // Its witnesses are not OpenBundle's matter.
  bundle.set_checkpoint(consortium.Checkpoint());
  bundle.clear_policy();
  bundle.clear_create_time();
  const std::string bytes = bundle.SerializeAsString();
  const AuditRoot root = Must(OpenBundle(bundle));
  size_t taken = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string bent = bytes;
    bent[at] = static_cast<char>(bent[at] ^ (1 << (at % 7)));
    v1::Bundle parsed;
    if (!parsed.ParseFromString(bent)) continue;
    parsed.clear_policy();
    parsed.clear_create_time();
    parsed.DiscardUnknownFields();
    if (parsed.SerializeAsString() == bytes) continue;
    if (OpenBundle(parsed).ok()) ++taken;
  }
  CHECK(taken == 0);
}

}  // namespace
}  // namespace muster::report
