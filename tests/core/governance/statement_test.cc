// SPDX-License-Identifier: Apache-2.0
#include "core/governance/statement.h"

#include <google/protobuf/stubs/logging.h>

#include <catch2/catch.hpp>
#include <functional>

#include "core/base/error.h"
#include "tests/support/consortium.h"
#include "tests/support/status.h"

namespace muster::governance {
namespace {

using test::DrawId;
using test::TestConsortium;
using test::TestInvite;
using test::TestPerson;

struct World {
  World() {
    uploader.member = DrawId<MemberId>();
    uploader.m = crypto::Scalar::Random();
  }
  TestConsortium pool;
  TestPerson uploader;
  TestInvite invite;

  std::vector<v1::Statement> OneOfEach() const {
    const v1::SignedStatement upload =
        TestConsortium::SignBy(uploader, pool.Upload(uploader, DrawId<UploadId>()));
    v1::Statement upload_statement;
    upload_statement.ParseFromString(upload.statement());
    return {pool.Charter(),
            pool.Admission(pool.founder, invite, uploader, "Parks", true,
                           {v1::ROLE_UPLOADER, v1::ROLE_APPROVER}),
            pool.Join(invite, uploader),
            upload_statement,
            pool.Intake(upload),
            pool.Withdrawal(uploader, DrawId<WithdrawalId>()),
            pool.Withdrawn(uploader, DrawId<WithdrawalId>())};
  }
};

TEST_CASE("Statement: each kind verifies with every signer and the hash of its exact bytes") {
  World world;
  for (const v1::Statement& statement : world.OneOfEach()) {
    INFO(statement.body_case());
    const v1::SignedStatement made =
        TestConsortium::SignWith(statement, {&world.uploader.sign, &world.uploader.cosign});
    const auto verified = VerifyStatementBytes(made.SerializeAsString());
    REQUIRE_OK(verified);
    CHECK(verified->signers.size() == 2);
    CHECK(verified->SignedBy(world.uploader.sign.verify_key()));
    CHECK_FALSE(verified->SignedBy(world.pool.founder.sign.verify_key()));
    CHECK(verified->hash == crypto::Blake2b256(made.statement()));
    CHECK(verified->hash == StatementHash(made));
    CHECK(verified->statement.SerializeAsString() == made.statement());
  }
}

// Thousands of unreadable texts would otherwise be complained of one by one.
[[maybe_unused]] const auto kQuiet = google::protobuf::SetLogHandler(nullptr);

TEST_CASE("Statement: no byte of a signed statement can be changed, and none taken away",
          "[oracle]") {
  World world;
  const std::string bytes =
      TestConsortium::SignBy(world.uploader, world.pool.Upload(world.uploader, DrawId<UploadId>()))
          .SerializeAsString();
  REQUIRE_OK(VerifyStatementBytes(bytes));
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      if (VerifyStatementBytes(changed).ok()) FAIL("byte " << i << " bit " << bit);
    }
    if (VerifyStatementBytes(bytes.substr(0, i)).ok()) FAIL("cut at " << i);
  }
  CHECK_FALSE(VerifyStatementBytes(bytes + '\0').ok());
}

TEST_CASE("Statement: a signature for another purpose or by another key does not verify") {
  World world;
  v1::SignedStatement made = TestConsortium::SignBy(world.uploader, world.OneOfEach()[3]);
  v1::SignedStatement other = made;
  other.mutable_signatures(0)->set_signature(
      world.uploader.sign.Sign("muster/batch/v1\n", made.statement()));
  CHECK(ReasonOf(VerifyStatement(other).status()) == v1::SIGNATURE_INVALID);
  other = made;
  other.mutable_signatures(0)->set_verify_key(ToString(world.pool.founder.sign.verify_key().bytes));
  CHECK(ReasonOf(VerifyStatement(other).status()) == v1::SIGNATURE_INVALID);
  other = made;
  other.mutable_signatures(0)->set_verify_key(std::string(32, '\0'));
  CHECK_FALSE(VerifyStatement(other).ok());
}

TEST_CASE("Statement: none, too many or repeated signatures are refused") {
  World world;
  const v1::Statement statement = world.OneOfEach()[3];
  CHECK(ReasonOf(VerifyStatement(TestConsortium::SignWith(statement, {})).status()) ==
        v1::STATEMENT_MALFORMED);
  CHECK(ReasonOf(VerifyStatement(TestConsortium::SignWith(
                                     statement, {&world.uploader.sign, &world.uploader.sign}))
                     .status()) == v1::STATEMENT_MALFORMED);
  v1::SignedStatement many = TestConsortium::SignWith(statement, {&world.uploader.sign});
  while (many.signatures_size() < 65) *many.add_signatures() = many.signatures(0);
  CHECK(ReasonOf(VerifyStatement(many).status()) == v1::STATEMENT_MALFORMED);
}

TEST_CASE("Statement: bytes that two readers could read in two ways are refused though signed") {
  World world;
  const std::string good = world.OneOfEach()[3].SerializeAsString();
  const auto sign_raw = [&](const std::string& bytes) {
    v1::SignedStatement made;
    made.set_statement(bytes);
    v1::Signature& signature = *made.add_signatures();
    signature.set_verify_key(ToString(world.uploader.sign.verify_key().bytes));
    signature.set_signature(world.uploader.sign.Sign(kStatementPurpose, bytes));
    return made;
  };
  REQUIRE_OK(VerifyStatement(sign_raw(good)));
  // An unknown field, at the top and inside the body; a field given twice; a varint with a byte too
  // many; nothing at all.
  CHECK(ReasonOf(VerifyStatement(sign_raw(good + "\xF8\x06\x01")).status()) ==
        v1::STATEMENT_MALFORMED);
  v1::Statement inside;
  inside.ParseFromString(good);
  inside.mutable_upload()
      ->GetReflection()
      ->MutableUnknownFields(inside.mutable_upload())
      ->AddVarint(900, 1);
  CHECK(ReasonOf(VerifyStatement(sign_raw(inside.SerializeAsString())).status()) ==
        v1::STATEMENT_MALFORMED);
  v1::Statement twice;
  twice.set_create_time(5);
  CHECK(ReasonOf(VerifyStatement(sign_raw(twice.SerializeAsString() + good)).status()) ==
        v1::STATEMENT_MALFORMED);
  const std::string consortium = good.substr(0, 18);
  REQUIRE(consortium.substr(0, 2) == std::string("\x0A\x10", 2));
  CHECK(ReasonOf(
            VerifyStatement(sign_raw(std::string("\x0A\x90\x00", 3) + good.substr(2))).status()) ==
        v1::STATEMENT_MALFORMED);
  CHECK(ReasonOf(VerifyStatement(sign_raw("")).status()) == v1::STATEMENT_MALFORMED);
  CHECK(ReasonOf(
            VerifyStatement(sign_raw(world.pool.Base(world.uploader.id.Name()).SerializeAsString()))
                .status()) == v1::STATEMENT_MALFORMED);

  std::string outer = sign_raw(good).SerializeAsString();
  CHECK_FALSE(VerifyStatementBytes(outer + "\xF8\x06\x01").ok());
  CHECK_FALSE(VerifyStatementBytes(outer + outer).ok());
}

TEST_CASE("Statement: every field is checked for size, range and form") {
  World world;
  const auto refused = [&](size_t kind, const std::function<void(v1::Statement&)>& change) {
    v1::Statement statement = world.OneOfEach()[kind];
    change(statement);
    const auto verified =
        VerifyStatement(TestConsortium::SignWith(statement, {&world.uploader.sign}));
    CHECK_FALSE(verified.ok());
    return ReasonOf(verified.status());
  };
  const size_t charter = 0, admission = 1, join = 2, upload = 3, intake = 4, withdrawal = 5,
               withdrawn = 6;
  const auto malformed = v1::STATEMENT_MALFORMED;

  for (size_t kind = charter; kind <= withdrawn; ++kind) {
    CHECK(refused(kind, [](auto& s) { s.set_consortium("short"); }) == malformed);
    CHECK(refused(kind, [](auto& s) { s.set_create_time(0); }) == malformed);
    CHECK(refused(kind, [](auto& s) { s.set_create_time(-1); }) == malformed);
    CHECK(refused(kind, [](auto& s) { s.set_signer("somebody"); }) == malformed);
    CHECK(refused(kind, [](auto& s) { s.clear_signer(); }) == malformed);
  }
  CHECK(refused(upload, [](auto& s) { s.set_signer("vault"); }) == malformed);
  CHECK(refused(intake, [&](auto& s) { s.set_signer(world.uploader.id.Name()); }) == malformed);

  CHECK(refused(charter, [](auto& s) { s.mutable_charter()->set_version(2); }) == malformed);
  CHECK(refused(charter, [](auto& s) { s.mutable_charter()->clear_name(); }) == malformed);
  CHECK(refused(charter, [](auto& s) { s.mutable_charter()->set_name("a\nb"); }) == malformed);
  CHECK(refused(charter, [](auto& s) { s.mutable_charter()->set_quorum(0); }) == malformed);
  CHECK(refused(charter, [](auto& s) { s.mutable_charter()->set_witness_count(65); }) == malformed);
  CHECK(refused(charter, [](auto& s) { s.mutable_charter()->set_certificate_sha256("x"); }) ==
        malformed);
  CHECK(refused(charter, [](auto& s) { s.mutable_charter()->set_log_vkey("x"); }) !=
        v1::ERROR_REASON_UNSPECIFIED);
  CHECK(refused(charter, [](auto& s) {
          s.mutable_charter()->mutable_vault()->clear_holding_key();
        }) == v1::KEY_MALFORMED);
  CHECK(refused(charter, [](auto& s) {
          s.mutable_charter()->mutable_vault()->set_holding_key(std::string(32, '\0'));
        }) == v1::KEY_LOW_ORDER);
  CHECK(refused(charter, [&](auto& s) {
          s.mutable_charter()->set_founder(world.uploader.id.Name());
        }) == malformed);
  CHECK(refused(charter, [](auto& s) {
          s.mutable_charter()->mutable_founder_keys()->set_cosign_key(
              s.charter().founder_keys().sign_key());
        }) == malformed);

  CHECK(refused(admission, [](auto& s) { s.mutable_admission()->set_invite("invites/x"); }) ==
        malformed);
  CHECK(refused(admission, [](auto& s) {
          s.mutable_admission()->set_invite_key(std::string(32, '\0'));
        }) != v1::ERROR_REASON_UNSPECIFIED);
  CHECK(refused(admission, [](auto& s) { s.mutable_admission()->clear_roles(); }) == malformed);
  CHECK(refused(admission, [](auto& s) { s.mutable_admission()->add_roles(v1::ROLE_UPLOADER); }) ==
        malformed);
  CHECK(refused(admission, [](auto& s) {
          s.mutable_admission()->add_roles(static_cast<v1::Role>(99));
        }) == malformed);
  CHECK(refused(admission, [](auto& s) {
          s.mutable_admission()->add_roles(v1::ROLE_UNSPECIFIED);
        }) == malformed);
  CHECK(refused(admission, [](auto& s) { s.mutable_admission()->clear_member_name(); }) ==
        malformed);
  CHECK(refused(admission, [](auto& s) { s.mutable_admission()->clear_member(); }) == malformed);
  CHECK(refused(admission, [](auto& s) {
          s.mutable_admission()->set_person_name(std::string(201, 'x'));
        }) == malformed);
  CHECK(refused(admission, [](auto& s) { s.mutable_admission()->set_expire_time(0); }) ==
        malformed);

  CHECK(refused(join, [](auto& s) { s.mutable_join()->set_charter_hash("x"); }) == malformed);
  CHECK(refused(join, [&](auto& s) {
          s.mutable_join()->set_person(world.pool.founder.id.Name());
        }) == malformed);
  CHECK(refused(join, [](auto& s) { s.mutable_join()->mutable_keys()->set_box_key("x"); }) ==
        v1::KEY_MALFORMED);
  CHECK(refused(join, [](auto& s) {
          s.mutable_join()->mutable_keys()->set_sign_key(std::string(1, '\1') +
                                                         std::string(31, '\0'));
        }) == v1::KEY_LOW_ORDER);
  CHECK(refused(join, [](auto& s) { s.mutable_join()->mutable_keys()->set_member_key("x"); }) ==
        v1::KEY_MALFORMED);

  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->set_upload("lists/x"); }) == malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->clear_list(); }) == malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->set_list(std::string(201, 'x')); }) ==
        malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->clear_mode(); }) == malformed);
  CHECK(refused(upload, [](auto& s) {
          s.mutable_upload()->set_mode(static_cast<v1::UploadStatement::Mode>(7));
        }) == malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->clear_files(); }) == malformed);
  CHECK(refused(upload, [](auto& s) {
          s.mutable_upload()->mutable_files(0)->set_file_name("../list.csv");
        }) == malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->mutable_files(0)->set_blake2b("x"); }) ==
        malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->mutable_files(0)->set_row_count(-1); }) ==
        malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->set_batch_count(0); }) == malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->set_batch_count(100'000); }) ==
        malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->set_record_count(4097); }) == malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->set_record_count(0); }) == malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->set_batches_root("x"); }) == malformed);
  CHECK(refused(upload, [](auto& s) { s.mutable_upload()->set_consent(std::string(5000, 'x')); }) ==
        malformed);

  CHECK(refused(intake, [](auto& s) { s.mutable_intake()->set_upload_statement_hash("x"); }) ==
        malformed);
  CHECK(refused(intake, [](auto& s) { s.mutable_intake()->set_contact_count(-1); }) == malformed);
  CHECK(refused(withdrawal, [](auto& s) { s.mutable_withdrawal()->clear_list(); }) == malformed);
  CHECK(refused(withdrawal, [](auto& s) {
          s.mutable_withdrawal()->set_sealed_hash(std::string(32, 'h'));
        }) == malformed);
  CHECK(refused(withdrawn, [](auto& s) { s.mutable_withdrawn()->set_source_count(-1); }) ==
        malformed);
}

TEST_CASE("Statement: a consent text may have lines, names may not") {
  World world;
  v1::Statement statement = world.OneOfEach()[3];
  statement.mutable_upload()->set_consent("Signed the petition.\nTicked the box.");
  REQUIRE_OK(VerifyStatement(TestConsortium::SignBy(world.uploader, statement)));
  statement.mutable_upload()->set_list("two\nlines");
  CHECK_FALSE(VerifyStatement(TestConsortium::SignBy(world.uploader, statement)).ok());
}

TEST_CASE("Statement: a voter file says what it is, as of when, and what it may be used for") {
  World world;
  const v1::Statement good = world.pool.VoterUpload(world.uploader, DrawId<UploadId>());
  REQUIRE_OK(VerifyStatement(TestConsortium::SignBy(world.uploader, good)));
  const auto refused = [&](const std::function<void(v1::UploadStatement&)>& change) {
    v1::Statement statement = good;
    change(*statement.mutable_upload());
    const auto verified = VerifyStatement(TestConsortium::SignBy(world.uploader, statement));
    return ReasonOf(verified.status()) == v1::STATEMENT_MALFORMED;
  };
  CHECK(refused([](auto& u) { u.set_consent("signed up at the fair"); }));
  CHECK(refused([](auto& u) { u.set_mode(v1::UploadStatement::REPLACE); }));
  CHECK(refused([](auto& u) { u.mutable_voterfile()->clear_layout(); }));
  CHECK(refused([](auto& u) { u.mutable_voterfile()->set_layout("n\nc"); }));
  CHECK(refused([](auto& u) { u.mutable_voterfile()->clear_permitted_use(); }));
  CHECK(refused([](auto& u) { u.mutable_voterfile()->set_permitted_use(std::string(5000, 'x')); }));
  const std::string no_days[] = {"",           "2026",       "2026-9-1",
                                 "2026-02-30", "2026-13-01", "2026-09-01T00:00:00Z"};
  for (const std::string& day : no_days) {
    CAPTURE(day);
    CHECK(refused([&](auto& u) { u.mutable_voterfile()->set_as_of(day); }));
  }
  const std::string no_states[] = {"", "N", "nc", "NCX", "N1"};
  for (const std::string& state : no_states) {
    CAPTURE(state);
    CHECK(refused([&](auto& u) { u.mutable_voterfile()->set_state(state); }));
  }

  v1::Statement intake = world.pool.Intake(TestConsortium::SignBy(world.uploader, good));
  REQUIRE_OK(VerifyStatement(world.pool.SignByVault(intake)));
  v1::Statement contacts = intake;
  contacts.mutable_intake()->set_contact_count(1);
  CHECK_FALSE(VerifyStatement(world.pool.SignByVault(contacts)).ok());
  intake.mutable_intake()->mutable_voterfile()->set_voter_count(-1);
  CHECK_FALSE(VerifyStatement(world.pool.SignByVault(intake)).ok());
}

}  // namespace
}  // namespace muster::governance
