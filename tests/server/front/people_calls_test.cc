// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "core/tlog/proof.h"
#include "tests/server/front/front_desk.h"

namespace muster::front {
namespace {

using test::FrontDesk;
using test::TestConsortium;
using test::TestInvite;
using test::TestPerson;

const std::vector<v1::Role> kBoth = {v1::ROLE_UPLOADER, v1::ROLE_APPROVER};

struct Guest {
  Guest() {
    person.member = test::DrawId<MemberId>();
    person.m = crypto::Scalar::Random();
  }
  TestPerson person;
  TestInvite invite;
};

v1::AdmitRequest AdmitRequestFor(FrontDesk& desk, const Guest& guest,
                                 const std::string& name = "Parks") {
  v1::AdmitRequest request;
  *request.mutable_admission() = TestConsortium::SignBy(
      desk.pool.founder,
      desk.pool.Admission(desk.pool.founder, guest.invite, guest.person, name, true, kBoth));
  return request;
}

absl::StatusOr<v1::EnrollResponse> Enroll(FrontDesk& desk, const v1::SignedStatement& join,
                                          int64_t known_size = 0) {
  v1::EnrollRequest request;
  *request.mutable_join() = join;
  request.set_known_size(known_size);
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes,
                          desk.Raw("EnrollmentService/Enroll", "", request.SerializeAsString()));
  v1::EnrollResponse response;
  REQUIRE(response.ParseFromString(bytes));
  return response;
}

TEST_CASE(
    "Enroll: an invite leads to proofs of join and charter in a log that extends the invite's "
    "checkpoint",
    "[people]") {
  FrontDesk desk;
  const Guest guest;
  const auto admitted = testing::Must(desk.Call<v1::AdmitResponse>(
      desk.pool.founder, "MemberService/Admit", AdmitRequestFor(desk, guest)));
  const auto invited =
      testing::Must(tlog::OpenCheckpoint(admitted.checkpoint().checkpoint(), desk.pool.note_key()));
  REQUIRE_OK(tlog::VerifyEntryProof(admitted.admission(), invited));

  const v1::SignedStatement join = TestConsortium::SignJoin(
      desk.pool.Join(guest.invite, guest.person), guest.invite, guest.person);
  const auto response = testing::Must(Enroll(desk, join, static_cast<int64_t>(invited.size)));
  const auto hashes = testing::Must(tlog::ParseHashes(response.checkpoint().consistency()));
  const auto now = testing::Must(tlog::OpenExtension(response.checkpoint().checkpoint(),
                                                     desk.pool.note_key(), invited, hashes));
  REQUIRE_OK(tlog::VerifyEntryProof(response.join(), now));
  REQUIRE_OK(tlog::VerifyEntryProof(response.charter(), now));
  CHECK(response.join().body() == join.SerializeAsString());
  CHECK(response.charter().index() == 0);

  // Its answer was lost: the same join again is answered again, and appends nothing.
  const uint64_t size = desk.journal().size();
  CHECK(testing::Must(Enroll(desk, join)).join().index() == response.join().index());
  CHECK(desk.journal().size() == size);
  // The invite with other keys is not.
  Guest thief;
  thief.person.id = guest.person.id;
  thief.person.member = guest.person.member;
  REQUIRE_REASON(Enroll(desk, TestConsortium::SignJoin(desk.pool.Join(guest.invite, thief.person),
                                                       guest.invite, thief.person)),
                 v1::INVITE_USED);
  // The vault reads it as well.
  REQUIRE(test::Eventually(
      [&] { return desk.vault.log_size() == static_cast<int64_t>(desk.journal().size()); }));
}

TEST_CASE("Enroll: unknown, stolen, expired and malformed invites are refused", "[people]") {
  FrontDesk desk;
  const Guest guest;
  const auto join = [&](const TestInvite& invite) {
    return TestConsortium::SignJoin(desk.pool.Join(guest.invite, guest.person), invite,
                                    guest.person);
  };
  REQUIRE_REASON(Enroll(desk, join(guest.invite)), v1::INVITE_UNKNOWN);
  REQUIRE_OK((desk.Call<v1::AdmitResponse>(desk.pool.founder, "MemberService/Admit",
                                           AdmitRequestFor(desk, guest))));
  REQUIRE_REASON(Enroll(desk, join(TestInvite())), v1::STATEMENT_REFUSED);
  v1::SignedStatement broken = join(guest.invite);
  broken.mutable_signatures(0)->set_signature(std::string(64, 's'));
  REQUIRE_REASON(Enroll(desk, broken), v1::SIGNATURE_INVALID);
  v1::Statement low = desk.pool.Join(guest.invite, guest.person);
  low.mutable_join()->mutable_keys()->set_box_key(std::string(32, '\0'));
  REQUIRE_REASON(Enroll(desk, TestConsortium::SignJoin(low, guest.invite, guest.person)),
                 v1::KEY_LOW_ORDER);
  REQUIRE_REASON(Enroll(desk, TestConsortium::SignBy(desk.pool.founder, desk.pool.Charter())),
                 v1::STATEMENT_REFUSED);
  desk.clock.Advance(8 * 24 * 3600);
  REQUIRE_REASON(Enroll(desk, join(guest.invite)), v1::INVITE_EXPIRED);
}

TEST_CASE("Admit: by whom it may be, once, and told apart from what is refused", "[people]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const Guest guest;
  const v1::AdmitRequest request = AdmitRequestFor(desk, guest, "Transit");
  const auto first = testing::Must(
      desk.Call<v1::AdmitResponse>(desk.pool.founder, "MemberService/Admit", request));
  const auto again = testing::Must(
      desk.Call<v1::AdmitResponse>(desk.pool.founder, "MemberService/Admit", request));
  CHECK(first.admission().index() == again.admission().index());
  // An approver is let in, and told that members are not hers to admit; nor may she hand in what
  // another signed.
  v1::AdmitRequest hers;
  *hers.mutable_admission() = TestConsortium::SignBy(
      ada, desk.pool.Admission(ada, TestInvite(), Guest().person, "New", true, kBoth));
  REQUIRE_REASON((desk.Call<v1::AdmitResponse>(ada, "MemberService/Admit", hers)),
                 v1::ROLE_NOT_ALLOWED);
  REQUIRE_REASON((desk.Call<v1::AdmitResponse>(ada, "MemberService/Admit",
                                               AdmitRequestFor(desk, Guest(), "New"))),
                 v1::STATEMENT_REFUSED);
  // The operator may not invite a member's colleague.
  TestPerson colleague;
  colleague.member = ada.member;
  v1::AdmitRequest meddling;
  *meddling.mutable_admission() = TestConsortium::SignBy(
      desk.pool.founder, desk.pool.Admission(desk.pool.founder, TestInvite(), colleague, "", false,
                                             {v1::ROLE_UPLOADER}));
  REQUIRE_REASON((desk.Call<v1::AdmitResponse>(desk.pool.founder, "MemberService/Admit", meddling)),
                 v1::ROLE_NOT_ALLOWED);
  REQUIRE_REASON((desk.Call<v1::AdmitResponse>(desk.pool.founder, "MemberService/Admit",
                                               AdmitRequestFor(desk, Guest(), "Parks"))),
                 v1::MEMBER_EXISTS);
}

TEST_CASE("Members: who takes part is known to all, with keys and roles and no figure",
          "[people]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson lead = desk.AddPerson(ada, {v1::ROLE_LEAD});
  const TestPerson una = desk.AddMember("Libraries", {v1::ROLE_UPLOADER});
  const auto members = testing::Must(desk.Call<v1::ListMembersResponse>(
      lead, "MemberService/ListMembers", v1::ListMembersRequest()));
  REQUIRE(members.members_size() == 2);
  for (const v1::Member& member : members.members()) {
    if (member.display_name() == "Parks") {
      CHECK(member.member_key() == ToString(ada.m->TimesBase().bytes));
      REQUIRE(member.people_size() == 2);
      CHECK(member.people(0).sign_key() == ToString(ada.sign.verify_key().bytes));
    } else {
      CHECK(member.display_name() == "Libraries");
      CHECK(member.member_key().empty());
    }
  }
}

TEST_CASE(
    "Status: one's own standing, figures for those who may see them, and the log's newest head",
    "[people]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson lead = desk.AddPerson(ada, {v1::ROLE_LEAD});
  REQUIRE(test::Eventually(
      [&] { return desk.vault.log_size() == static_cast<int64_t>(desk.journal().size()); }));
  v1::GetStatusRequest request;
  request.set_known_size(2);
  const auto mine =
      testing::Must(desk.Call<v1::GetStatusResponse>(ada, "MemberService/GetStatus", request));
  CHECK(mine.consortium() == ToString(desk.pool.id));
  CHECK(mine.consortium_name() == "Test Coalition");
  CHECK(mine.member().display_name() == "Parks");
  REQUIRE(mine.member().people_size() == 1);
  CHECK(mine.member().people(0).name() == ada.id.Name());
  CHECK(mine.person().name() == ada.id.Name());
  CHECK(mine.root_kind() == "keyfile");
  CHECK(mine.contact_count() == 7);
  CHECK(mine.list_count() == 1);
  CHECK(mine.checkpoint().old_size() == 2);
  // A lead sees no figures, the operator belongs to no member.
  CHECK(testing::Must(desk.Call<v1::GetStatusResponse>(lead, "MemberService/GetStatus", request))
            .contact_count() == 0);
  const auto operators = testing::Must(
      desk.Call<v1::GetStatusResponse>(desk.pool.founder, "MemberService/GetStatus", request));
  CHECK(operators.member().name().empty());
  CHECK(operators.person().roles(0) == v1::ROLE_OPERATOR);
  // Whoever has seen a longer log than there is must be told so.
  request.set_known_size(1000);
  REQUIRE_REASON((desk.Call<v1::GetStatusResponse>(ada, "MemberService/GetStatus", request)),
                 v1::LOG_REWOUND);
  request.set_known_size(-1);
  REQUIRE_REASON((desk.Call<v1::GetStatusResponse>(ada, "MemberService/GetStatus", request)),
                 v1::REQUEST_MALFORMED);
}

TEST_CASE("Server info: who it is and what time it has, for anybody", "[people]") {
  FrontDesk desk;
  v1::GetServerInfoResponse info;
  REQUIRE(info.ParseFromString(testing::Must(desk.Raw("EnrollmentService/GetServerInfo", "", ""))));
  CHECK(info.consortium() == ToString(desk.pool.id));
  CHECK(info.server_time() == absl::ToUnixSeconds(desk.clock.Now()));
  CHECK(info.version() == "test");
}

}  // namespace
}  // namespace muster::front
