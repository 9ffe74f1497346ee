// SPDX-License-Identifier: Apache-2.0
#include "core/governance/registry.h"

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "tests/core/governance/registry_world.h"
#include "tests/support/consortium.h"
#include "tests/support/status.h"

namespace muster::governance {
namespace {

using test::DrawId;
using test::TestConsortium;
using test::TestInvite;
using test::TestPerson;
TEST_CASE("Registry: founding, joining and uploading, as the log tells it") {
  World world;
  CHECK_FALSE(world.registry.founded());
  world.Found();
  CHECK(world.registry.founded());
  CHECK(world.registry.consortium() == world.pool.id);
  CHECK(world.registry.charter_hash() == world.pool.CharterHash());
  CHECK(world.registry.vault_sign_key() == world.pool.vault_sign.verify_key());
  const PersonRecord* founder = world.registry.FindPerson(world.pool.founder.id);
  REQUIRE(founder != nullptr);
  CHECK(founder->roles == RoleSet{v1::ROLE_OPERATOR});
  CHECK_FALSE(founder->member.has_value());

  const TestPerson ada = world.AddMember("Parks");
  const MemberRecord* parks = world.registry.FindMemberByName("Parks");
  REQUIRE(parks != nullptr);
  CHECK(parks->id == *ada.member);
  CHECK(parks->people == std::vector<PersonId>{ada.id});
  REQUIRE(parks->member_key.has_value());
  CHECK(*parks->member_key == ada.m->TimesBase());
  CHECK(parks->admission_index == 1);
  const PersonRecord* found = world.registry.FindPersonBySignKey(ada.sign.verify_key());
  REQUIRE(found != nullptr);
  CHECK(found->id == ada.id);
  CHECK(found->admission_index == 1);
  CHECK(found->join_index == 2);

  const TestPerson bo = world.AddColleague(ada, {v1::ROLE_UPLOADER});
  CHECK(world.registry.FindMember(*ada.member)->people == std::vector<PersonId>{ada.id, bo.id});

  const UploadId upload = DrawId<UploadId>();
  const v1::SignedStatement said = TestConsortium::SignBy(bo, world.pool.Upload(bo, upload));
  REQUIRE_OK(world.Say(said));
  REQUIRE(world.registry.FindUpload(upload) != nullptr);
  CHECK(world.registry.FindUpload(upload)->statement_hash == StatementHash(said));
  CHECK_FALSE(world.registry.FindUpload(upload)->intake_index.has_value());
  const uint64_t intake_index = world.next;
  REQUIRE_OK(world.Say(world.pool.SignByVault(world.pool.Intake(said))));
  CHECK(world.registry.FindUpload(upload)->intake_index == intake_index);

  const WithdrawalId withdrawal = DrawId<WithdrawalId>();
  REQUIRE_OK(world.Say(TestConsortium::SignBy(ada, world.pool.Withdrawal(ada, withdrawal))));
  REQUIRE_OK(world.Say(world.pool.SignByVault(world.pool.Withdrawn(ada, withdrawal))));
  CHECK(world.registry.FindWithdrawal(withdrawal)->withdrawn_index.has_value());
}

TEST_CASE("Registry: nothing comes before the charter, and there is one charter") {
  World world;
  TestPerson ada;
  ada.member = DrawId<MemberId>();
  CHECK(world.Refusal(TestConsortium::SignBy(ada, world.pool.Upload(ada, DrawId<UploadId>()))) ==
        v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(world.pool.Charter(), {&world.pool.founder.sign})) ==
        v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(
            world.pool.Charter(), {&world.pool.founder.sign, &ada.sign})) == v1::STATEMENT_REFUSED);
  const auto charter = VerifyStatement(world.pool.SignedCharter());
  REQUIRE_OK(charter);
  CHECK(ReasonOf(world.registry.Apply(3, *charter)) == v1::STATEMENT_REFUSED);
  CHECK_FALSE(world.registry.founded());
  world.Found();
  CHECK(world.Refusal(world.pool.SignedCharter()) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium().SignedCharter()) == v1::STATEMENT_REFUSED);
}

TEST_CASE("Registry: a statement of another consortium means nothing here") {
  World world;
  world.Found();
  const TestPerson ada = world.AddMember("Parks");
  v1::Statement upload = world.pool.Upload(ada, DrawId<UploadId>());
  upload.set_consortium(std::string(16, 'x'));
  CHECK(world.Refusal(TestConsortium::SignBy(ada, upload)) == v1::STATEMENT_REFUSED);
}

TEST_CASE("Registry: who may admit whom") {
  World world;
  world.Found();
  const TestPerson ada = world.AddMember("Parks");
  const TestPerson eve = world.AddMember("Transit");
  const TestPerson bo = world.AddColleague(ada, {v1::ROLE_UPLOADER});
  TestPerson stranger;

  TestPerson guest;
  guest.member = DrawId<MemberId>();
  TestInvite invite;
  const auto by = [&](const TestPerson& who, const std::optional<MemberId>& member,
                      const std::string& name, bool new_member, const Roles& roles) {
    guest.member = member;
    return world.Refusal(TestConsortium::SignBy(
        who, world.pool.Admission(who, invite, guest, name, new_member, roles)));
  };
  // New members: operators only.
  CHECK(by(ada, DrawId<MemberId>(), "New", true, kBoth) == v1::STATEMENT_REFUSED);
  CHECK(by(stranger, DrawId<MemberId>(), "New", true, kBoth) == v1::STATEMENT_REFUSED);
  // Colleagues: an approver of that very member; not an operator, not an uploader, not another
  // member's approver.
  CHECK(by(world.pool.founder, ada.member, "", false, {v1::ROLE_UPLOADER}) ==
        v1::STATEMENT_REFUSED);
  CHECK(by(bo, ada.member, "", false, {v1::ROLE_UPLOADER}) == v1::STATEMENT_REFUSED);
  CHECK(by(eve, ada.member, "", false, {v1::ROLE_UPLOADER}) == v1::STATEMENT_REFUSED);
  // Operators are of no member, uploaders and approvers of one.
  CHECK(by(ada, ada.member, "", false, {v1::ROLE_OPERATOR}) == v1::STATEMENT_REFUSED);
  CHECK(by(world.pool.founder, DrawId<MemberId>(), "New", true, {v1::ROLE_OPERATOR}) ==
        v1::STATEMENT_REFUSED);
  CHECK(by(world.pool.founder, std::nullopt, "", false, {v1::ROLE_UPLOADER}) ==
        v1::STATEMENT_REFUSED);
  CHECK(by(ada, std::nullopt, "", false, {v1::ROLE_AUDITOR}) == v1::STATEMENT_REFUSED);
  // Names.
  CHECK(by(world.pool.founder, DrawId<MemberId>(), "Parks", true, kBoth) == v1::MEMBER_EXISTS);
  CHECK(by(world.pool.founder, ada.member, "Another", true, kBoth) == v1::MEMBER_EXISTS);
  CHECK(by(ada, ada.member, "Parkz", false, {v1::ROLE_LEAD}) == v1::STATEMENT_REFUSED);
  // Signed by somebody else than its signer; by one too many.
  v1::Statement admission =
      world.pool.Admission(world.pool.founder, invite, guest, "New", true, kBoth);
  admission.mutable_admission()->set_member(DrawId<MemberId>().Name());
  admission.mutable_admission()->set_member_name("New");
  CHECK(world.Refusal(TestConsortium::SignWith(admission, {&ada.sign})) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(admission, {&world.pool.founder.cosign})) ==
        v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(admission, {&world.pool.founder.sign, &ada.sign})) ==
        v1::STATEMENT_REFUSED);
  admission.mutable_admission()->set_expire_time(admission.create_time());
  CHECK(world.Refusal(TestConsortium::SignBy(world.pool.founder, admission)) == v1::INVITE_EXPIRED);

  // And what is allowed.
  CHECK(by(ada, ada.member, "Parks", false, {v1::ROLE_STEWARD, v1::ROLE_LEAD}) ==
        v1::ERROR_REASON_UNSPECIFIED);
  invite = TestInvite();
  CHECK(by(world.pool.founder, std::nullopt, "", false, {v1::ROLE_OPERATOR, v1::ROLE_AUDITOR}) ==
        v1::ERROR_REASON_UNSPECIFIED);
  REQUIRE_OK(world.Join(invite, guest));
  CHECK_FALSE(world.registry.FindPerson(guest.id)->member.has_value());
  // The same invite or person again.
  TestPerson another;
  another.member = ada.member;
  CHECK(ReasonOf(world.Admit(ada, invite, another, "", false, {v1::ROLE_LEAD})) ==
        v1::REQUEST_ID_REUSED);
  guest.member = ada.member;
  CHECK(ReasonOf(world.Admit(ada, TestInvite(), guest, "", false, {v1::ROLE_LEAD})) ==
        v1::PERSON_EXISTS);
}

TEST_CASE("Registry: a charter is founded with quorum 1, since nobody else could sign") {
  World world;
  v1::Statement charter = world.pool.Charter();
  charter.mutable_charter()->set_quorum(2);
  CHECK(world.Refusal(TestConsortium::SignBy(world.pool.founder, charter)) ==
        v1::STATEMENT_REFUSED);
}

TEST_CASE("Registry: a join needs its invite, once, in time, for whom it was made") {
  World world;
  world.Found();
  TestPerson ada;
  ada.member = DrawId<MemberId>();
  ada.m = crypto::Scalar::Random();
  const TestInvite invite;
  CHECK(ReasonOf(world.Join(invite, ada)) == v1::INVITE_UNKNOWN);
  REQUIRE_OK(world.Admit(world.pool.founder, invite, ada, "Parks", true, kBoth));

  const v1::Statement good = world.pool.Join(invite, ada);
  const auto with = [&](auto&& change) {
    v1::Statement join = good;
    change(join);
    return world.Refusal(TestConsortium::SignJoin(join, invite, ada));
  };
  CHECK(with([](auto& s) { s.mutable_join()->set_member(DrawId<MemberId>().Name()); }) ==
        v1::STATEMENT_REFUSED);
  CHECK(with([](auto& s) {
          s.mutable_join()->set_person(DrawId<PersonId>().Name());
          s.set_signer(s.join().person());
        }) == v1::STATEMENT_REFUSED);
  CHECK(with([](auto& s) { s.mutable_join()->set_charter_hash(std::string(32, 'x')); }) ==
        v1::STATEMENT_REFUSED);
  CHECK(with([](auto& s) { s.mutable_join()->mutable_keys()->clear_member_key(); }) ==
        v1::STATEMENT_REFUSED);
  CHECK(with([](auto& s) { s.set_create_time(s.create_time() + 8 * 24 * 3600); }) ==
        v1::INVITE_EXPIRED);
  // Without the invite's key, without one of the joiner's, with a stranger's besides.
  const TestInvite other;
  const TestPerson stranger;
  CHECK(world.Refusal(TestConsortium::SignJoin(good, other, ada)) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(good, {&ada.sign, &ada.cosign})) ==
        v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(good, {&ada.sign, &invite.key})) ==
        v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(
            good, {&ada.sign, &ada.cosign, &invite.key, &stranger.sign})) == v1::STATEMENT_REFUSED);
  // By the server's clock as well, when it gives it.
  const auto verified = VerifyStatement(TestConsortium::SignJoin(good, invite, ada));
  REQUIRE_OK(verified);
  REQUIRE_OK(world.registry.Check(*verified, world.pool.now));
  CHECK(ReasonOf(world.registry.Check(*verified, world.pool.now + 8 * 24 * 3600)) ==
        v1::INVITE_EXPIRED);

  REQUIRE_OK(world.Join(invite, ada));
  CHECK(ReasonOf(world.Join(invite, ada)) == v1::INVITE_USED);
}

TEST_CASE("Registry: a key belongs to one person and one purpose") {
  World world;
  world.Found();
  const TestPerson ada = world.AddMember("Parks");
  const auto joins_with = [&](auto&& change) {
    TestPerson guest;
    guest.member = ada.member;
    change(guest);
    const TestInvite invite;
    REQUIRE_OK(world.Admit(ada, invite, guest, "", false, {v1::ROLE_UPLOADER}));
    return ReasonOf(world.Join(invite, guest));
  };
  CHECK(joins_with([&](TestPerson& p) { p.sign = ada.sign.Clone(); }) == v1::STATEMENT_REFUSED);
  CHECK(joins_with([&](TestPerson& p) { p.sign = ada.cosign.Clone(); }) == v1::STATEMENT_REFUSED);
  CHECK(joins_with([&](TestPerson& p) { p.cosign = world.pool.founder.sign.Clone(); }) ==
        v1::STATEMENT_REFUSED);
  CHECK(joins_with([&](TestPerson& p) { p.sign = world.pool.vault_sign.Clone(); }) ==
        v1::STATEMENT_REFUSED);
  CHECK(joins_with([&](TestPerson& p) { p.cosign = world.pool.log_key.Clone(); }) ==
        v1::STATEMENT_REFUSED);
  CHECK(joins_with([](TestPerson&) {}) == v1::ERROR_REASON_UNSPECIFIED);
}

TEST_CASE("Registry: the first approver brings the member's key half, and nobody else") {
  World world;
  world.Found();
  // A member whose first person is no approver has no key half and cannot get one.
  const TestPerson una = world.AddMember("Libraries", {v1::ROLE_UPLOADER});
  CHECK_FALSE(world.registry.FindMember(*una.member)->member_key.has_value());

  const TestPerson ada = world.AddMember("Parks");
  TestPerson second;
  second.member = ada.member;
  second.m = crypto::Scalar::Random();
  const TestInvite invite;
  REQUIRE_OK(world.Admit(ada, invite, second, "", false, {v1::ROLE_APPROVER}));
  CHECK(ReasonOf(world.Join(invite, second)) == v1::STATEMENT_REFUSED);
  second.m.reset();
  REQUIRE_OK(world.Join(invite, second));
  CHECK(*world.registry.FindMember(*ada.member)->member_key == ada.m->TimesBase());
}

TEST_CASE(
    "Registry: a name is taken by who joins first, and an invite that nobody used blocks nothing") {
  World world;
  world.Found();
  TestPerson ada, bo;
  ada.member = DrawId<MemberId>();
  bo.member = DrawId<MemberId>();
  ada.m = crypto::Scalar::Random();
  bo.m = crypto::Scalar::Random();
  const TestInvite first, second;
  REQUIRE_OK(world.Admit(world.pool.founder, first, ada, "Parks", true, kBoth));
  REQUIRE_OK(world.Admit(world.pool.founder, second, bo, "Parks", true, kBoth));
  REQUIRE_OK(world.Join(second, bo));
  CHECK(ReasonOf(world.Join(first, ada)) == v1::MEMBER_EXISTS);
  CHECK(world.registry.members().size() == 1);
}

TEST_CASE("Registry: uploads are stated by an uploader of that member, once") {
  World world;
  world.Found();
  const TestPerson ada = world.AddMember("Parks");
  const TestPerson eve = world.AddMember("Transit");
  const TestPerson approver = world.AddColleague(ada, {v1::ROLE_APPROVER});
  const UploadId id = DrawId<UploadId>();
  const v1::Statement good = world.pool.Upload(ada, id);

  CHECK(world.Refusal(TestConsortium::SignBy(approver, world.pool.Upload(approver, id))) ==
        v1::STATEMENT_REFUSED);
  v1::Statement other = good;
  other.mutable_upload()->set_member(eve.member->Name());
  CHECK(world.Refusal(TestConsortium::SignBy(ada, other)) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignBy(eve, good)) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(good, {&ada.cosign})) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(good, {&ada.sign, &eve.sign})) ==
        v1::STATEMENT_REFUSED);
  TestPerson stranger;
  stranger.member = ada.member;
  CHECK(world.Refusal(TestConsortium::SignBy(stranger, world.pool.Upload(stranger, id))) ==
        v1::STATEMENT_REFUSED);
  REQUIRE_OK(world.Say(TestConsortium::SignBy(ada, good)));
  CHECK(world.Refusal(TestConsortium::SignBy(ada, good)) == v1::UPLOAD_EXISTS);
}

TEST_CASE("Registry: the vault answers each upload once and in its words") {
  World world;
  world.Found();
  const TestPerson ada = world.AddMember("Parks");
  const TestPerson eve = world.AddMember("Transit");
  const v1::SignedStatement upload =
      TestConsortium::SignBy(ada, world.pool.Upload(ada, DrawId<UploadId>()));
  const v1::Statement good = world.pool.Intake(upload);
  CHECK(world.Refusal(world.pool.SignByVault(good)) == v1::STATEMENT_REFUSED);  // before the upload
  REQUIRE_OK(world.Say(upload));
  const auto with = [&](auto&& change) {
    v1::Statement intake = good;
    change(*intake.mutable_intake());
    return world.Refusal(world.pool.SignByVault(intake));
  };
  CHECK(with([](auto& i) { i.set_upload(DrawId<UploadId>().Name()); }) == v1::STATEMENT_REFUSED);
  CHECK(with([&](auto& i) { i.set_member(eve.member->Name()); }) == v1::STATEMENT_REFUSED);
  CHECK(with([](auto& i) { i.set_upload_statement_hash(std::string(32, 'x')); }) ==
        v1::STATEMENT_REFUSED);
  CHECK(with([](auto& i) { i.set_batches_root(std::string(32, 'x')); }) == v1::STATEMENT_REFUSED);
  CHECK(with([](auto& i) { i.set_record_count(1); }) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(good, {&ada.sign})) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(TestConsortium::SignWith(good, {&world.pool.vault_sign, &ada.sign})) ==
        v1::STATEMENT_REFUSED);
  REQUIRE_OK(world.Say(world.pool.SignByVault(good)));
  CHECK(world.Refusal(world.pool.SignByVault(good)) == v1::STATEMENT_REFUSED);
}

TEST_CASE("Registry: withdrawals are an uploader's or approver's, done once by the vault") {
  World world;
  world.Found();
  const TestPerson ada = world.AddMember("Parks");
  const TestPerson eve = world.AddMember("Transit");
  const TestPerson lead = world.AddColleague(ada, {v1::ROLE_LEAD});
  const TestPerson approver = world.AddColleague(ada, {v1::ROLE_APPROVER});
  const WithdrawalId id = DrawId<WithdrawalId>();
  CHECK(world.Refusal(TestConsortium::SignBy(lead, world.pool.Withdrawal(lead, id))) ==
        v1::STATEMENT_REFUSED);
  v1::Statement foreign = world.pool.Withdrawal(eve, id);
  foreign.mutable_withdrawal()->set_member(ada.member->Name());
  CHECK(world.Refusal(TestConsortium::SignBy(eve, foreign)) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(world.pool.SignByVault(world.pool.Withdrawn(ada, id))) ==
        v1::STATEMENT_REFUSED);
  REQUIRE_OK(world.Say(TestConsortium::SignBy(approver, world.pool.Withdrawal(approver, id))));
  CHECK(world.Refusal(TestConsortium::SignBy(ada, world.pool.Withdrawal(ada, id))) ==
        v1::REQUEST_ID_REUSED);
  CHECK(world.Refusal(world.pool.SignByVault(world.pool.Withdrawn(eve, id))) ==
        v1::STATEMENT_REFUSED);
  REQUIRE_OK(world.Say(world.pool.SignByVault(world.pool.Withdrawn(ada, id))));
  CHECK(world.Refusal(world.pool.SignByVault(world.pool.Withdrawn(ada, id))) ==
        v1::STATEMENT_REFUSED);
}

TEST_CASE("Registry: a voter file is a steward's and a list an uploader's") {
  World world;
  world.Found();
  const TestPerson ada = world.AddMember("Parks");
  const TestPerson sam = world.AddColleague(ada, {v1::ROLE_STEWARD});
  const auto list = [&](const TestPerson& by) {
    return TestConsortium::SignBy(by, world.pool.Upload(by, DrawId<UploadId>()));
  };
  const auto voters = [&](const TestPerson& by, const std::string& name) {
    return TestConsortium::SignBy(by, world.pool.VoterUpload(by, DrawId<UploadId>(), name));
  };
  CHECK(world.Refusal(voters(ada, "nc")) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(list(sam)) == v1::STATEMENT_REFUSED);
  const v1::SignedStatement upload = voters(sam, "nc");
  REQUIRE_OK(world.Say(upload));
  REQUIRE_OK(world.Say(list(ada)));  // "everyone"

  // One name is one kind of thing.
  CHECK(world.Refusal(voters(sam, "everyone")) == v1::STATEMENT_REFUSED);
  v1::Statement named = world.pool.Upload(ada, DrawId<UploadId>());
  named.mutable_upload()->set_list("nc");
  CHECK(world.Refusal(TestConsortium::SignBy(ada, named)) == v1::STATEMENT_REFUSED);

  // The vault answers as it was asked.
  v1::Statement contacts = world.pool.Intake(upload);
  contacts.mutable_intake()->clear_voterfile();
  CHECK(world.Refusal(world.pool.SignByVault(contacts)) == v1::STATEMENT_REFUSED);
  REQUIRE_OK(world.Say(world.pool.SignByVault(world.pool.Intake(upload))));
  v1::Statement said;
  REQUIRE(said.ParseFromString(upload.statement()));
  const UploadRecord* record = world.registry.FindUpload(*UploadId::Parse(said.upload().upload()));
  REQUIRE(record->voterfile.has_value());
  CHECK(record->voters->voter_count() == 2);

  // Taken back by a steward or an approver.
  const TestPerson una = world.AddColleague(ada, {v1::ROLE_UPLOADER});
  const auto withdrawal = [&](const TestPerson& by, const std::string& name) {
    v1::Statement statement = world.pool.Withdrawal(by, DrawId<WithdrawalId>());
    statement.mutable_withdrawal()->set_list(name);
    return TestConsortium::SignBy(by, statement);
  };
  CHECK(world.Refusal(withdrawal(una, "nc")) == v1::STATEMENT_REFUSED);
  CHECK(world.Refusal(withdrawal(sam, "everyone")) == v1::STATEMENT_REFUSED);
  REQUIRE_OK(world.Say(withdrawal(sam, "nc")));
  REQUIRE_OK(world.Say(withdrawal(ada, "nc")));
}

TEST_CASE("Registry: of two extracts the later day is newer, and of one day the later statement") {
  v1::VoterFileTerms september, october;
  september.set_as_of("2026-09-01");
  october.set_as_of("2026-10-01");
  CHECK(IsNewerExtract(october, 5, september, 9));
  CHECK_FALSE(IsNewerExtract(september, 9, october, 5));
  CHECK(IsNewerExtract(october, 6, october, 5));
  CHECK_FALSE(IsNewerExtract(october, 5, october, 5));
  september.set_state("NC");
  october.set_state("NC");
  CHECK(SameSource(september, october));
  october.set_layout("nc_county");
  CHECK_FALSE(SameSource(september, october));
}

TEST_CASE("Registry: a refused statement leaves no trace") {
  World world;
  world.Found();
  const TestPerson ada = world.AddMember("Parks");
  const size_t people = world.registry.people().size();
  TestPerson guest;
  guest.member = ada.member;
  const TestInvite invite;
  REQUIRE_OK(world.Admit(ada, invite, guest, "", false, {v1::ROLE_UPLOADER}));
  guest.cosign = ada.cosign.Clone();
  CHECK_FALSE(world.Join(invite, guest).ok());
  CHECK(world.registry.people().size() == people);
  guest.cosign = crypto::SigningKey::Generate();
  REQUIRE_OK(world.Join(invite, guest));  // neither the invite nor the good key was used up
}

TEST_CASE("Registry: whose an entry is, and which entries are everybody's") {
  World world;
  TestPerson ada;
  ada.member = DrawId<MemberId>();
  const TestInvite invite;
  const v1::SignedStatement upload =
      TestConsortium::SignBy(ada, world.pool.Upload(ada, DrawId<UploadId>()));
  for (const v1::Statement& statement :
       {world.pool.Charter(),
        world.pool.Admission(world.pool.founder, invite, ada, "Parks", true, kBoth),
        world.pool.Join(invite, ada)}) {
    CHECK(Registry::IsPublic(statement));
    CHECK_FALSE(Registry::OwnerOf(statement).has_value());
  }
  for (const v1::Statement& statement :
       {world.pool.Upload(ada, DrawId<UploadId>()), world.pool.Intake(upload),
        world.pool.Withdrawal(ada, DrawId<WithdrawalId>()),
        world.pool.Withdrawn(ada, DrawId<WithdrawalId>())}) {
    CHECK_FALSE(Registry::IsPublic(statement));
    CHECK(Registry::OwnerOf(statement) == ada.member);
  }
  // Voter files are public records: what they may be used for is everybody's to read.
  const v1::Statement voters = world.pool.VoterUpload(ada, DrawId<UploadId>());
  CHECK(Registry::IsPublic(voters));
  CHECK(Registry::IsPublic(world.pool.Intake(TestConsortium::SignBy(ada, voters))));
}

}  // namespace
}  // namespace muster::governance
