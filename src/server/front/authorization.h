// SPDX-License-Identifier: Apache-2.0
//
// Authorization: the one table that says who may call what. A method without a row is refused, and
// the server does not start.
//
// Errors: PERMISSION_DENIED (ROLE_NOT_ALLOWED, METHOD_NOT_ALLOWED), saying which roles may.
// Threads: pure.
#ifndef MUSTER_SERVER_FRONT_AUTHORIZATION_H_
#define MUSTER_SERVER_FRONT_AUTHORIZATION_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/governance/registry.h"
#include "core/governance/roles.h"

namespace muster::front {

// The largest envelope that seal/envelope.h allows (4,096 records of the largest class) fits.
inline constexpr size_t kRequestBytesMax = size_t{20} << 20;

struct MethodRule {
  std::string_view method;  // as gRPC names it: "/muster.v1.UploadService/PutBatch"
  // True: without a token. For joining only, since who calls has no key yet.
  bool open = false;
  governance::RoleSet roles;
  // The caller must be of a member.
  bool of_member = false;
  size_t request_bytes_max = 0;
  // The caller must be of no member: what is said about all members is for none of them.
  bool of_none = false;
};

std::span<const MethodRule> MethodRules();
const MethodRule* FindMethodRule(std::string_view method);

absl::Status Authorize(const MethodRule& rule, const governance::PersonRecord& person);
// What a call asks beyond its row: which roles may do what it was called for.
absl::Status RequireRole(const governance::RoleSet& roles, const governance::PersonRecord& person);
// Whether the person may see what their member brought, and not only its voter files.
bool MaySeeLists(const governance::PersonRecord& person);

// Every method of the front desk's services, from their descriptors.
std::vector<std::string> ServedMethods();

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_AUTHORIZATION_H_
