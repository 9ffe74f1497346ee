// SPDX-License-Identifier: Apache-2.0
#include "core/tlog/policy.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::tlog {
namespace {

constexpr std::string_view kNone = "none";

std::vector<std::string_view> SplitLine(std::string_view line) {
  std::vector<std::string_view> items;
  while (true) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return items;
    line.remove_prefix(begin);
    const size_t end = std::min(line.find_first_of(" \t"), line.size());
    items.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

class Parser {
 public:
  absl::Status Line(std::string_view text) {
    ++line_;
    for (const char c : text) {
      const auto byte = static_cast<uint8_t>(c);
      if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
        return Malformed("has a control character");
    }
    const std::vector<std::string_view> items = SplitLine(text);
    if (items.empty() || items[0].front() == '#') return absl::OkStatus();
    if (items[0] == "log") return Log(items);
    if (items[0] == "witness") return Witness(items);
    if (items[0] == "group") return Group(items);
    if (items[0] == "quorum") return Quorum(items);
    return Malformed("begins with none of log, witness, group, quorum");
  }

  absl::StatusOr<Policy> End() {
    if (!has_quorum_) return MakeError(v1::BUNDLE_MALFORMED, "the policy has no quorum line");
    return std::move(policy_);
  }

 private:
  absl::Status Malformed(std::string_view what) const {
    return MakeError(v1::BUNDLE_MALFORMED,
                     "line " + std::to_string(line_) + " of the policy " + std::string(what));
  }

  absl::StatusOr<NoteKey> Key(std::string_view vkey, uint8_t algorithm) {
    auto key = NoteKey::Parse(vkey);
    if (!key.ok()) return Malformed("has no verifier key");
    if (key->algorithm != algorithm) return Malformed("has a key of the wrong kind");
    if (!keys_.insert(key->key.bytes).second) return Malformed("has a key that occurred before");
    return key;
  }

  absl::Status Define(std::string_view name) {
    if (name == kNone) return Malformed("defines the reserved name none");
    if (!free_.emplace(std::string(name), true).second)
      return Malformed("defines a name that is defined already");
    return absl::OkStatus();
  }

  absl::Status Log(const std::vector<std::string_view>& items) {
    if (items.size() < 2 || items.size() > 3) return Malformed("is not: log VKEY [URL]");
    if (policy_.logs.size() == kPolicyItemsMax) return Malformed("is one log too many");
    MUSTER_ASSIGN_OR_RETURN(NoteKey key, Key(items[1], kAlgorithmEd25519));
    policy_.logs.push_back({std::move(key), items.size() == 3 ? std::string(items[2]) : ""});
    return absl::OkStatus();
  }

  absl::Status Witness(const std::vector<std::string_view>& items) {
    if (items.size() < 3 || items.size() > 4) return Malformed("is not: witness NAME VKEY [URL]");
    if (policy_.witnesses.size() == kPolicyItemsMax) return Malformed("is one witness too many");
    MUSTER_RETURN_IF_ERROR(Define(items[1]));
    MUSTER_ASSIGN_OR_RETURN(NoteKey key, Key(items[2], kAlgorithmCosignature));
    policy_.witnesses.push_back(
        {std::string(items[1]), std::move(key), items.size() == 4 ? std::string(items[3]) : ""});
    return absl::OkStatus();
  }

  absl::Status Group(const std::vector<std::string_view>& items) {
    if (items.size() < 4) return Malformed("is not: group NAME all|any|K NAME...");
    if (policy_.groups.size() == kPolicyItemsMax) return Malformed("is one group too many");
    PolicyGroup group;
    group.name = std::string(items[1]);
    const size_t count = items.size() - 3;
    if (items[2] == "all") {
      group.threshold = count;
    } else if (items[2] != "any") {
      const char* const end = items[2].data() + items[2].size();
      const auto [rest, error] = std::from_chars(items[2].data(), end, group.threshold);
      if (error != std::errc() || rest != end || std::to_string(group.threshold) != items[2] ||
          group.threshold < 1 || group.threshold > count) {
        return Malformed("has a threshold that is not all, any, or 1 to the number of members");
      }
    }
    for (size_t i = 3; i < items.size(); ++i) {
      const auto found = free_.find(items[i]);
      if (found == free_.end()) return Malformed("names a member that was not defined before");
      if (!found->second) return Malformed("names a member that is one already");
      found->second = false;
      group.members.emplace_back(items[i]);
    }
    MUSTER_RETURN_IF_ERROR(Define(items[1]));
    policy_.groups.push_back(std::move(group));
    return absl::OkStatus();
  }

  absl::Status Quorum(const std::vector<std::string_view>& items) {
    if (items.size() != 2) return Malformed("is not: quorum NAME");
    if (has_quorum_) return Malformed("is a second quorum line");
    if (items[1] != kNone && free_.find(items[1]) == free_.end())
      return Malformed("names what was not defined before");
    has_quorum_ = true;
    policy_.quorum = std::string(items[1]);
    return absl::OkStatus();
  }

  Policy policy_;
  int line_ = 0;
  bool has_quorum_ = false;
  std::map<std::string, bool, std::less<>> free_;  // defined names; false: a group's member
  std::set<Bytes32> keys_;
};

}  // namespace

absl::StatusOr<Policy> ParsePolicy(std::string_view text) {
  if (text.size() > kPolicyBytesMax)
    return MakeError(v1::BUNDLE_MALFORMED, "the policy is longer than 256 KiB");
  Parser parser;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos)
      return MakeError(v1::BUNDLE_MALFORMED, "the policy's last line does not end");
    MUSTER_RETURN_IF_ERROR(parser.Line(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return parser.End();
}

std::string FormatPolicy(const Policy& policy) {
  std::string out;
  const auto line = [&out](std::initializer_list<std::string_view> items) {
    for (const std::string_view item : items) {
      if (item.empty()) continue;
      if (!out.empty() && out.back() != '\n') out += " ";
      out += item;
    }
  };
  for (const PolicyLog& log : policy.logs) {
    line({"log", log.key.Format(), log.url});
    out += "\n";
  }
  for (const PolicyWitness& witness : policy.witnesses) {
    line({"witness", witness.name, witness.key.Format(), witness.url});
    out += "\n";
  }
  for (const PolicyGroup& group : policy.groups) {
    line({"group", group.name, std::to_string(group.threshold)});
    for (const std::string& member : group.members) line({member});
    out += "\n";
  }
  return out + "quorum " + policy.quorum + "\n";
}

Policy ThresholdPolicy(const NoteKey& log, const std::vector<NoteKey>& witnesses,
                       size_t threshold) {
  Policy policy;
  policy.logs.push_back({log, ""});
  PolicyGroup group{"witnesses", threshold, {}};
  for (const NoteKey& key : witnesses) {
    policy.witnesses.push_back({key.name, key, ""});
    group.members.push_back(key.name);
  }
  if (threshold == 0) return policy;
  policy.quorum = group.name;
  policy.groups.push_back(std::move(group));
  return policy;
}

bool IsQuorum(const Policy& policy, const std::vector<std::string>& witnessed) {
  if (policy.quorum == kNone) return true;
  std::set<std::string> names(witnessed.begin(), witnessed.end());
  for (const PolicyGroup& group : policy.groups) {
    const auto have = std::count_if(group.members.begin(), group.members.end(),
                                    [&](const std::string& name) { return names.contains(name); });
    if (static_cast<size_t>(have) >= group.threshold) names.insert(group.name);
  }
  return names.contains(policy.quorum);
}

absl::StatusOr<CosignedCheckpoint> OpenCosigned(std::string_view note, const Policy& policy,
                                                std::optional<int64_t> not_before) {
  std::vector<NoteKey> keys;
  for (const PolicyLog& log : policy.logs) keys.push_back(log.key);
  for (const PolicyWitness& witness : policy.witnesses) keys.push_back(witness.key);
  MUSTER_ASSIGN_OR_RETURN(const Note opened, OpenNote(note, keys));
  CosignedCheckpoint out;
  MUSTER_ASSIGN_OR_RETURN(out.checkpoint, ParseCheckpoint(opened.text));

  bool by_log = false;
  std::vector<std::string> all;
  std::vector<std::string> fresh;
  for (const NoteSignature& signature : opened.signatures) {
    const auto is_of = [&signature](const NoteKey& key) {
      return signature.name == key.name && signature.key_id == key.Id();
    };
    for (const PolicyLog& log : policy.logs) {
      by_log = by_log || (is_of(log.key) && log.key.name == out.checkpoint.origin);
    }
    for (const PolicyWitness& witness : policy.witnesses) {
      if (!is_of(witness.key)) continue;
      MUSTER_ASSIGN_OR_RETURN(const int64_t time, CosignatureTime(signature));
      out.cosignatures.push_back({witness.name, time});
      all.push_back(witness.name);
      if (!not_before.has_value() || time >= *not_before) fresh.push_back(witness.name);
    }
  }
  if (!by_log) {
    return MakeError(v1::CHECKPOINT_UNSIGNED, "no log of the policy has signed this checkpoint");
  }
  if (IsQuorum(policy, fresh)) return out;
  if (IsQuorum(policy, all)) {
    return MakeError(v1::LOG_BEHIND,
                     "the checkpoint's witnesses saw it too long ago; fetch a newer one");
  }
  return MakeError(v1::QUORUM_MISSING,
                   "the checkpoint has " + std::to_string(all.size()) +
                       " cosignatures of known witnesses, and these are no quorum");
}

}  // namespace muster::tlog
