// SPDX-License-Identifier: Apache-2.0
//
// FormalNames: the formal names that a first name may stand for: BILL may be WILLIAM.
//
// Rule: one step, never closed transitively: AL may be ALBERT and ALAN, and those two are not each
// other. Ordered by how common the formal name is, then by letters.
// Units: uppercase ASCII in and out; `name` itself is not among them.
// Threads: safe from anywhere.
// Source: data/nicknames, data/census_names (in the program).
#ifndef MUSTER_CORE_TOKEN_NICKNAME_H_
#define MUSTER_CORE_TOKEN_NICKNAME_H_

#include <span>
#include <string>
#include <string_view>

namespace muster::token {

std::span<const std::string> FormalNames(std::string_view name);

}  // namespace muster::token

#endif  // MUSTER_CORE_TOKEN_NICKNAME_H_
