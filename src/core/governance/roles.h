// SPDX-License-Identifier: Apache-2.0
//
// Roles: what a person may do for their member or for the consortium.
//
// Threads: pure.
// Errors: INVALID_ARGUMENT (NAME_MALFORMED) naming the roles there are.
#ifndef MUSTER_CORE_GOVERNANCE_ROLES_H_
#define MUSTER_CORE_GOVERNANCE_ROLES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/v1/statement.pb.h"

namespace muster::governance {

// A small set of roles.
class RoleSet {
 public:
  RoleSet() = default;
  RoleSet(std::initializer_list<v1::Role> roles) {
    for (v1::Role role : roles) Add(role);
  }
  void Add(v1::Role role) { bits_ |= Bit(role); }
  bool Has(v1::Role role) const { return (bits_ & Bit(role)) != 0; }
  bool Intersects(const RoleSet& other) const { return (bits_ & other.bits_) != 0; }
  bool empty() const { return bits_ == 0; }
  std::vector<v1::Role> List() const;
  friend bool operator==(const RoleSet&, const RoleSet&) = default;

 private:
  static uint32_t Bit(v1::Role role) { return 1u << static_cast<int>(role); }
  uint32_t bits_ = 0;
};

std::string_view RoleName(v1::Role role);  // "uploader"
absl::StatusOr<v1::Role> ParseRole(std::string_view name);
// "approver,uploader"
absl::StatusOr<RoleSet> ParseRoles(std::string_view comma_separated);
std::string FormatRoles(const RoleSet& roles);

}  // namespace muster::governance

#endif  // MUSTER_CORE_GOVERNANCE_ROLES_H_
