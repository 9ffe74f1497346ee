// SPDX-License-Identifier: Apache-2.0
//
// Every method of every service against every role, twice: what the table says, and what a caller
// meets.
#include "server/front/authorization.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/server/front/front_desk.h"

namespace muster::front {
namespace {

using governance::RoleSet;

// Written down a second time on purpose: a change of who may do what must be made in both places.
const std::map<std::string, std::set<v1::Role>> kAllowed = [] {
  const v1::Role U = v1::ROLE_UPLOADER, A = v1::ROLE_APPROVER, L = v1::ROLE_LEAD,
                 R = v1::ROLE_AUDITOR, S = v1::ROLE_STEWARD, O = v1::ROLE_OPERATOR;
  return std::map<std::string, std::set<v1::Role>>{
      {"/muster.v1.EnrollmentService/GetServerInfo", {U, A, L, R, S, O}},
      {"/muster.v1.EnrollmentService/Enroll", {U, A, L, R, S, O}},
      {"/muster.v1.MemberService/Admit", {A, O}},
      {"/muster.v1.MemberService/ListMembers", {U, A, L, R, S, O}},
      {"/muster.v1.MemberService/GetStatus", {U, A, L, R, S, O}},
      {"/muster.v1.UploadService/CreateUpload", {U, S}},
      {"/muster.v1.UploadService/PutBatch", {U, S}},
      {"/muster.v1.UploadService/CommitUpload", {U, S}},
      {"/muster.v1.UploadService/GetUpload", {U, A, R, S}},
      {"/muster.v1.UploadService/ListUploads", {U, A, R, S}},
      {"/muster.v1.UploadService/ListVoterFiles", {U, A, L, R, S, O}},
      {"/muster.v1.UploadService/ListLists", {U, A, R}},
      {"/muster.v1.UploadService/Withdraw", {U, A, S}},
      {"/muster.v1.PersonService/Erase", {U, A}},
      {"/muster.v1.PersonService/ReportPerson", {U, A}},
      {"/muster.v1.MatchService/StartMatch", {L, S, O}},
      {"/muster.v1.MatchService/GetMatchJob", {L, S, O}},
      {"/muster.v1.MatchService/ExplainMatch", {U, A, L}},
      {"/muster.v1.CharterService/ProposeCharter", {A, O}},
      {"/muster.v1.CharterService/Endorse", {A, O}},
      {"/muster.v1.VaultKeyService/StartCeremony", {A, O}},
      {"/muster.v1.VaultKeyService/GetVaultKeys", {U, A, L, R, S, O}},
      {"/muster.v1.VaultKeyService/DeliverShare", {A}},
      {"/muster.v1.VaultKeyService/SealVault", {U, A, L, R, S, O}},
      {"/muster.v1.LogService/GetCheckpoint", {U, A, L, R, S, O}},
      {"/muster.v1.LogService/ListEntries", {U, A, L, R, S, O}},
      {"/muster.v1.LogService/AddCosignature", {U, A, L, R, S, O}},
      {"/muster.v1.ReportService/GetProvenance", {U, A, R, S}},
      {"/muster.v1.ReportService/GetBundle", {U, A, L, R, S, O}},
      {"/muster.v1.ReportService/ListOpenedEntries", {R}},
      {"/muster.v1.ReportService/OpenBatches", {R}},
  };
}();

const std::vector<v1::Role> kRoles = {v1::ROLE_UPLOADER, v1::ROLE_APPROVER, v1::ROLE_LEAD,
                                      v1::ROLE_AUDITOR,  v1::ROLE_STEWARD,  v1::ROLE_OPERATOR};

TEST_CASE(
    "Authorization: every served method has a rule, every rule a served method, and this test "
    "knows them all",
    "[auth]") {
  const std::vector<std::string> served = ServedMethods();
  CHECK(served.size() == kAllowed.size());
  CHECK(MethodRules().size() == served.size());
  for (const std::string& method : served) {
    INFO(method);
    CHECK(kAllowed.contains(method));
    REQUIRE(FindMethodRule(method) != nullptr);
    CHECK(FindMethodRule(method)->request_bytes_max > 0);
    CHECK(FindMethodRule(method)->request_bytes_max <= kRequestBytesMax);
    // Without a token: joining, and nothing else.
    CHECK(FindMethodRule(method)->open == method.starts_with("/muster.v1.EnrollmentService/"));
  }
  CHECK(FindMethodRule("/muster.v1.UploadService/DeleteEverything") == nullptr);
}

TEST_CASE("Authorization: each role may call what it may, and nothing else", "[auth]") {
  for (const auto& [method, allowed] : kAllowed) {
    const MethodRule& rule = *FindMethodRule(method);
    if (rule.open) continue;
    for (const v1::Role role : kRoles) {
      governance::PersonRecord person;
      person.roles = RoleSet{role};
      if (role != v1::ROLE_OPERATOR && !rule.of_none) person.member = test::DrawId<MemberId>();
      INFO(method << " as " << governance::RoleName(role));
      const absl::Status status = Authorize(rule, person);
      CHECK(status.ok() == allowed.contains(role));
      if (!status.ok()) {
        CHECK(ReasonOf(status) == v1::ROLE_NOT_ALLOWED);
        CHECK(status.code() == absl::StatusCode::kPermissionDenied);
      }
    }
    CHECK_FALSE(Authorize(rule, governance::PersonRecord()).ok());
    // The right role, but of no member.
    governance::PersonRecord nowhere;
    nowhere.roles = RoleSet{*allowed.begin()};
    CHECK(Authorize(rule, nowhere).ok() == !rule.of_member);
    nowhere.member = test::DrawId<MemberId>();
    CHECK(Authorize(rule, nowhere).ok() == !rule.of_none);
  }
}

TEST_CASE("Authorization: what callers meet over the dispatcher is what the table says", "[auth]") {
  test::FrontDesk desk;
  const test::TestPerson first = desk.AddMember("Parks");
  std::map<v1::Role, const test::TestPerson*> people;
  std::vector<std::unique_ptr<test::TestPerson>> kept;
  for (const v1::Role role : kRoles) {
    if (role == v1::ROLE_OPERATOR) {
      people[role] = &desk.pool.founder;
    } else {
      kept.push_back(std::make_unique<test::TestPerson>(desk.AddPerson(first, {role})));
      people[role] = kept.back().get();
    }
  }
  test::TestPerson auditor;  // of no member
  desk.Enroll(desk.pool.founder, auditor, "", false, {v1::ROLE_AUDITOR});
  for (const auto& [method, allowed] : kAllowed) {
    const std::string name = method.substr(std::string("/muster.v1.").size());
    const bool of_none = FindMethodRule(method)->of_none;
    for (const v1::Role role : kRoles) {
      INFO(name << " as " << governance::RoleName(role));
      // An empty request: whoever is let in is told what is wrong with it, or answered.
      const test::TestPerson& person =
          of_none && role == v1::ROLE_AUDITOR ? auditor : *people[role];
      const auto answer = desk.Raw(name, desk.Token(person, name, ""), "");
      CHECK((ReasonOf(answer.status()) != v1::ROLE_NOT_ALLOWED) == allowed.contains(role));
    }
    if (of_none) {
      const auto of_member = desk.Raw(name, desk.Token(*people[v1::ROLE_AUDITOR], name, ""), "");
      CHECK(ReasonOf(of_member.status()) == v1::ROLE_NOT_ALLOWED);
    }
    const auto stranger = desk.Raw(name, "", "");
    CHECK((ReasonOf(stranger.status()) == v1::TOKEN_MISSING) == !FindMethodRule(method)->open);
  }
}

}  // namespace
}  // namespace muster::front
