// SPDX-License-Identifier: Apache-2.0
//
// withdraw: a member takes names back, a whole list or single addresses. The addresses travel
// sealed to the vault; the server sees how many bytes they are.
//
// Errors: LIST_NOT_FOUND, EMAIL_MALFORMED (naming the line), and of the session.
#ifndef MUSTER_CLI_WITHDRAW_H_
#define MUSTER_CLI_WITHDRAW_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace muster::cli {

struct WithdrawOptions {
  std::string list;
  std::string emails_file;  // one of the two
};

absl::StatusOr<int> RunWithdraw(const Invocation& invocation, const WithdrawOptions& options);

// An address a line ("#" begins a comment), or an export with a column of addresses. Every one must
// be good.
absl::StatusOr<std::vector<std::string>> ReadAddresses(const std::filesystem::path& file);

}  // namespace muster::cli

#endif  // MUSTER_CLI_WITHDRAW_H_
