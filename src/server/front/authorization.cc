// SPDX-License-Identifier: Apache-2.0
#include "server/front/authorization.h"

#include <google/protobuf/descriptor.h>

#include "core/base/error.h"
#include "core/base/status.h"
#include "muster/v1/charter_service.pb.h"
#include "muster/v1/enrollment_service.pb.h"
#include "muster/v1/log_service.pb.h"
#include "muster/v1/match_service.pb.h"
#include "muster/v1/member_service.pb.h"
#include "muster/v1/person_service.pb.h"
#include "muster/v1/report_service.pb.h"
#include "muster/v1/upload_service.pb.h"
#include "muster/v1/vault_key_service.pb.h"

namespace muster::front {
namespace {

using governance::RoleSet;

constexpr size_t kSmall = size_t{64} << 10;
// A statement with a thousand files, with room.
constexpr size_t kStatementBytesMax = size_t{2} << 20;
// 100,000 sealed addresses of 60 bytes, with room.
constexpr size_t kWithdrawBytesMax = size_t{8} << 20;

RoleSet Everyone() {
  return {v1::ROLE_UPLOADER, v1::ROLE_APPROVER, v1::ROLE_LEAD,
          v1::ROLE_AUDITOR,  v1::ROLE_STEWARD,  v1::ROLE_OPERATOR};
}
// Who may see exact figures about what their own member brought.
RoleSet OwnFigures() { return {v1::ROLE_UPLOADER, v1::ROLE_APPROVER, v1::ROLE_AUDITOR}; }
// Of uploads a steward may see the voter files only; which of the two an upload is, and so whose it
// is to make, the calls themselves look at.
RoleSet Uploading() { return {v1::ROLE_UPLOADER, v1::ROLE_STEWARD}; }
RoleSet Uploads() {
  return {v1::ROLE_UPLOADER, v1::ROLE_APPROVER, v1::ROLE_AUDITOR, v1::ROLE_STEWARD};
}
// Matching is everybody's; whom an own contact was matched with is their member's alone.
RoleSet Matching() { return {v1::ROLE_STEWARD, v1::ROLE_LEAD, v1::ROLE_OPERATOR}; }
// Who answers a person for their member.
RoleSet ForPeople() { return {v1::ROLE_UPLOADER, v1::ROLE_APPROVER}; }
RoleSet OwnContacts() { return {v1::ROLE_UPLOADER, v1::ROLE_APPROVER, v1::ROLE_LEAD}; }

// Whose signatures the charter counts, or may count; which, the log's registry decides.
RoleSet Deciding() { return {v1::ROLE_APPROVER, v1::ROLE_OPERATOR}; }

const std::vector<MethodRule>& Table() {
  static const auto* table = new std::vector<MethodRule>{
      {"/muster.v1.EnrollmentService/GetServerInfo", true, {}, false, kSmall},
      {"/muster.v1.EnrollmentService/Enroll", true, {}, false, kSmall},
      {"/muster.v1.MemberService/Admit",
       false,
       {v1::ROLE_APPROVER, v1::ROLE_OPERATOR},
       false,
       kSmall},
      {"/muster.v1.MemberService/ListMembers", false, Everyone(), false, kSmall},
      {"/muster.v1.MemberService/GetStatus", false, Everyone(), false, kSmall},
      {"/muster.v1.UploadService/CreateUpload", false, Uploading(), true, kSmall},
      {"/muster.v1.UploadService/PutBatch", false, Uploading(), true, kRequestBytesMax},
      {"/muster.v1.UploadService/CommitUpload", false, Uploading(), true, kStatementBytesMax},
      {"/muster.v1.UploadService/GetUpload", false, Uploads(), true, kSmall},
      {"/muster.v1.UploadService/ListUploads", false, Uploads(), true, kSmall},
      {"/muster.v1.UploadService/ListVoterFiles", false, Everyone(), false, kSmall},
      {"/muster.v1.UploadService/ListLists", false, OwnFigures(), true, kSmall},
      {"/muster.v1.UploadService/Withdraw",
       false,
       {v1::ROLE_UPLOADER, v1::ROLE_APPROVER, v1::ROLE_STEWARD},
       true,
       kWithdrawBytesMax},
      {"/muster.v1.MatchService/StartMatch", false, Matching(), false, kSmall},
      {"/muster.v1.MatchService/GetMatchJob", false, Matching(), false, kSmall},
      {"/muster.v1.MatchService/ExplainMatch", false, OwnContacts(), true, kSmall},
      {"/muster.v1.PersonService/Erase", false, ForPeople(), true, kSmall},
      {"/muster.v1.PersonService/ReportPerson", false, ForPeople(), true, kSmall},
      {"/muster.v1.CharterService/ProposeCharter", false, Deciding(), false, kSmall},
      {"/muster.v1.CharterService/Endorse", false, Deciding(), false, kSmall},
      {"/muster.v1.VaultKeyService/StartCeremony", false, Deciding(), false, kSmall},
      {"/muster.v1.VaultKeyService/GetVaultKeys", false, Everyone(), false, kSmall},
      // Only approvers hold shares; and whoever takes part may seal.
      {"/muster.v1.VaultKeyService/DeliverShare", false, {v1::ROLE_APPROVER}, true, kSmall},
      {"/muster.v1.VaultKeyService/SealVault", false, Everyone(), false, kSmall},
      {"/muster.v1.LogService/GetCheckpoint", false, Everyone(), false, kSmall},
      {"/muster.v1.LogService/ListEntries", false, Everyone(), false, kSmall},
      {"/muster.v1.LogService/AddCosignature", false, Everyone(), false, kSmall},
      {"/muster.v1.ReportService/GetProvenance", false, Uploads(), true, kSmall},
      {"/muster.v1.ReportService/GetBundle", false, Everyone(), false, kSmall},
      {"/muster.v1.ReportService/ListOpenedEntries",
       false,
       {v1::ROLE_AUDITOR},
       false,
       kSmall,
       true},
      {"/muster.v1.ReportService/OpenBatches", false, {v1::ROLE_AUDITOR}, false, kSmall, true},
  };
  return *table;
}

}  // namespace

std::span<const MethodRule> MethodRules() { return Table(); }

const MethodRule* FindMethodRule(std::string_view method) {
  for (const MethodRule& rule : Table()) {
    if (rule.method == method) return &rule;
  }
  return nullptr;
}

absl::Status RequireRole(const RoleSet& roles, const governance::PersonRecord& person) {
  if (roles.Intersects(person.roles)) return absl::OkStatus();
  return MakeError(v1::ROLE_NOT_ALLOWED,
                   "this needs the role " + governance::FormatRoles(roles) + ", and " +
                       person.id.Name() + " has " + governance::FormatRoles(person.roles) +
                       "; ask a colleague who has it",
                   {{"roles", governance::FormatRoles(roles)}});
}

bool MaySeeLists(const governance::PersonRecord& person) {
  return person.roles.Intersects(OwnFigures());
}

absl::Status Authorize(const MethodRule& rule, const governance::PersonRecord& person) {
  MUSTER_RETURN_IF_ERROR(RequireRole(rule.roles, person));
  if (rule.of_member && !person.member.has_value()) {
    return MakeError(v1::ROLE_NOT_ALLOWED, "this is for people of a member, and " +
                                               person.id.Name() +
                                               " is of none; use a member's profile");
  }
  if (rule.of_none && person.member.has_value()) {
    return MakeError(v1::ROLE_NOT_ALLOWED, "this is for an auditor of no member, and " +
                                               person.id.Name() +
                                               " is of one; ask an operator to invite an auditor");
  }
  return absl::OkStatus();
}

std::vector<std::string> ServedMethods() {
  std::vector<std::string> methods;
  for (const google::protobuf::Descriptor* request :
       {v1::EnrollRequest::descriptor(), v1::AdmitRequest::descriptor(),
        v1::PutBatchRequest::descriptor(), v1::StartMatchRequest::descriptor(),
        v1::EraseRequest::descriptor(), v1::EndorseRequest::descriptor(),
        v1::SealVaultRequest::descriptor(), v1::GetCheckpointRequest::descriptor(),
        v1::GetProvenanceRequest::descriptor()}) {
    const google::protobuf::FileDescriptor* file = request->file();
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.push_back("/" + file->service(s)->full_name() + "/" +
                          file->service(s)->method(m)->name());
      }
    }
  }
  return methods;
}

}  // namespace muster::front
