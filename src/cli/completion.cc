// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include "core/base/error.h"

namespace muster::cli {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// In single quotes of a shell.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The command so far is the words that are neither flags nor after one: two words at most name a
// command.
std::string Bash(const std::vector<CommandWords>& commands) {
  std::string out =
      "# bash completion for muster: source it, or put it into /etc/bash_completion.d/\n"
      "_muster() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} path='' word\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \" $path $word\" in\n";
  for (const CommandWords& command : commands) {
    if (command.path.empty()) continue;
    const bool nested = command.path.find(' ') != std::string::npos;
    out += "      ' " + std::string(nested ? "" : " ") + command.path +
           "') path=" + Quoted(command.path) + " ;;\n";
  }
  out += "    esac\n  done\n  local words='' files=''\n  case \"$path\" in\n";
  for (const CommandWords& command : commands) {
    out += "    " + Quoted(command.path) + ") words=" + Quoted(Joined(command.words)) +
           (command.takes_files ? " files=1" : "") + " ;;\n";
  }
  out +=
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "  if [ -n \"$files\" ] || [ \"${#COMPREPLY[@]}\" -eq 0 ]; then COMPREPLY+=($(compgen -f -- "
      "\"$cur\")); fi\n"
      "}\n"
      "complete -o filenames -F _muster muster\n";
  return out;
}

std::string Zsh(const std::vector<CommandWords>& commands) {
  // zsh reads bash's functions; its own describes are lost, its menu is kept.
  return "#compdef muster\n# zsh completion for muster: source it after compinit\nautoload -Uz "
         "bashcompinit && bashcompinit\n" +
         Bash(commands);
}

std::string Fish(const std::vector<CommandWords>& commands) {
  std::string out =
      "# fish completion for muster: put it into ~/.config/fish/completions/muster.fish\n";
  for (const CommandWords& command : commands) {
    std::string condition;
    const size_t space = command.path.find(' ');
    if (command.path.empty()) {
      condition = "__fish_use_subcommand";
    } else if (space == std::string::npos) {
      condition = "__fish_seen_subcommand_from " + command.path;
    } else {
      condition = "__fish_seen_subcommand_from " + command.path.substr(0, space) +
                  "; and __fish_seen_subcommand_from " + command.path.substr(space + 1);
    }
    for (size_t i = 0; i < command.words.size(); ++i) {
      const std::string& word = command.words[i];
      const std::string about =
          i < command.describe.size() ? " -d " + Quoted(command.describe[i]) : "";
      const std::string what = word.substr(0, 2) == "--" ? "-l " + word.substr(2) : "-a " + word;
      out += "complete -c muster -n " + Quoted(condition) + (command.takes_files ? " " : " -f ") +
             what + about + "\n";
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<std::string> CompletionScript(std::string_view shell,
                                             const std::vector<CommandWords>& commands) {
  if (shell == "bash") return Bash(commands);
  if (shell == "zsh") return Zsh(commands);
  if (shell == "fish") return Fish(commands);
  return MakeError(v1::NAME_MALFORMED, "there is completion for bash, zsh and fish");
}

}  // namespace muster::cli
