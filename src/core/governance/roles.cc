// SPDX-License-Identifier: Apache-2.0
#include "core/governance/roles.h"

#include <array>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::governance {
namespace {

constexpr std::array<std::pair<v1::Role, std::string_view>, 6> kRoles = {{
    {v1::ROLE_UPLOADER, "uploader"},
    {v1::ROLE_APPROVER, "approver"},
    {v1::ROLE_LEAD, "lead"},
    {v1::ROLE_AUDITOR, "auditor"},
    {v1::ROLE_STEWARD, "steward"},
    {v1::ROLE_OPERATOR, "operator"},
}};

}  // namespace

std::vector<v1::Role> RoleSet::List() const {
  std::vector<v1::Role> list;
  for (const auto& [role, name] : kRoles) {
    if (Has(role)) list.push_back(role);
  }
  return list;
}

std::string_view RoleName(v1::Role role) {
  for (const auto& [known, name] : kRoles) {
    if (known == role) return name;
  }
  return "unspecified";
}

absl::StatusOr<v1::Role> ParseRole(std::string_view name) {
  for (const auto& [role, known] : kRoles) {
    if (known == name) return role;
  }
  return MakeError(
      v1::NAME_MALFORMED,
      "unknown role; there are uploader, approver, lead, auditor, steward and operator",
      {{"field", "role"}});
}

absl::StatusOr<RoleSet> ParseRoles(std::string_view comma_separated) {
  RoleSet roles;
  while (true) {
    const size_t comma = comma_separated.find(',');
    MUSTER_ASSIGN_OR_RETURN(v1::Role role, ParseRole(comma_separated.substr(0, comma)));
    roles.Add(role);
    if (comma == std::string_view::npos) return roles;
    comma_separated.remove_prefix(comma + 1);
  }
}

std::string FormatRoles(const RoleSet& roles) {
  std::string text;
  for (v1::Role role : roles.List()) {
    if (!text.empty()) text += ',';
    text += RoleName(role);
  }
  return text;
}

}  // namespace muster::governance
