// SPDX-License-Identifier: Apache-2.0
//
// Completion: scripts for bash, zsh and fish out of a tree of commands.
//
// Threads: pure.
#ifndef MUSTER_CLI_COMPLETION_H_
#define MUSTER_CLI_COMPLETION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace muster::cli {

struct CommandWords {
  std::string path;  // "member add"; empty for muster itself
  std::string description;
  std::vector<std::string> words;     // subcommands and flags that may follow
  std::vector<std::string> describe;  // of each word
  bool takes_files = false;
};

// `shell`: bash, zsh or fish.
absl::StatusOr<std::string> CompletionScript(std::string_view shell,
                                             const std::vector<CommandWords>& commands);

}  // namespace muster::cli

#endif  // MUSTER_CLI_COMPLETION_H_
