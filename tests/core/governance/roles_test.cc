// SPDX-License-Identifier: Apache-2.0
#include "core/governance/roles.h"

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "tests/support/status.h"

namespace muster::governance {
namespace {

TEST_CASE("Roles: every role has a name that parses back to it") {
  for (int i = 1; i < v1::Role_ARRAYSIZE; ++i) {
    const auto role = static_cast<v1::Role>(i);
    const auto parsed = ParseRole(RoleName(role));
    REQUIRE_OK(parsed);
    CHECK(*parsed == role);
    CHECK(RoleSet{role}.List() == std::vector<v1::Role>{role});
  }
  CHECK(ReasonOf(ParseRole("unspecified").status()) == v1::NAME_MALFORMED);
}

TEST_CASE("Roles: a list is taken in any order and written in one") {
  const auto roles = ParseRoles("approver,uploader");
  REQUIRE_OK(roles);
  CHECK(*roles == RoleSet{v1::ROLE_UPLOADER, v1::ROLE_APPROVER});
  CHECK(FormatRoles(*roles) == "uploader,approver");
  CHECK(FormatRoles(*ParseRoles("lead,lead")) == "lead");
  CHECK(FormatRoles({}).empty());
}

TEST_CASE("Roles: what is no role is refused with the names there are") {
  for (const char* text : {"", "admin", "uploader,", ",uploader", "Uploader", "uploader approver",
                           "uploader, approver"}) {
    INFO(text);
    const auto roles = ParseRoles(text);
    CHECK(ReasonOf(roles.status()) == v1::NAME_MALFORMED);
    CHECK(std::string(roles.status().message()).find("steward") != std::string::npos);
  }
}

TEST_CASE("Roles: sets meet when they share a role") {
  const RoleSet set = {v1::ROLE_LEAD, v1::ROLE_AUDITOR};
  CHECK(set.Intersects({v1::ROLE_AUDITOR, v1::ROLE_OPERATOR}));
  CHECK_FALSE(set.Intersects({v1::ROLE_OPERATOR}));
  CHECK_FALSE(set.Intersects({}));
  CHECK(RoleSet().empty());
}

}  // namespace
}  // namespace muster::governance
