// SPDX-License-Identifier: Apache-2.0
#include "core/report/witnesses.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/governance/statement.h"

namespace muster::report {
namespace {

absl::Status BadPolicy(std::string_view what) {
  return MakeError(v1::BUNDLE_MALFORMED,
                   "the bundle's witness policy does not hold: " + std::string(what) +
                       "; get a bundle from somebody else");
}

// The smallest number of witnesses that makes `name` of the policy; groups name what stands before
// them only, so this ends.
size_t LeastWitnesses(const tlog::Policy& policy, const std::string& name) {
  const auto group = std::find_if(policy.groups.begin(), policy.groups.end(),
                                  [&](const tlog::PolicyGroup& g) { return g.name == name; });
  if (group == policy.groups.end()) return name == "none" ? 0 : 1;
  std::vector<size_t> least;
  for (const std::string& member : group->members) least.push_back(LeastWitnesses(policy, member));
  std::sort(least.begin(), least.end());
  size_t sum = 0;
  for (size_t i = 0; i < group->threshold && i < least.size(); ++i) sum += least[i];
  return sum;
}

}  // namespace

std::string WitnessPolicy(const tlog::NoteKey& log, const std::vector<tlog::NoteKey>& witnesses,
                          int witness_count) {
  std::vector<tlog::NoteKey> named = witnesses;
  if (named.size() > tlog::kPolicyItemsMax) named.resize(tlog::kPolicyItemsMax);
  // More than there are cannot be asked for in a policy; then the charter says what is missing.
  const size_t threshold = std::min(static_cast<size_t>(witness_count), named.size());
  return tlog::FormatPolicy(tlog::ThresholdPolicy(log, named, threshold));
}

absl::StatusOr<tlog::CosignedCheckpoint> CheckWitnesses(const v1::Bundle& bundle) {
  const absl::StatusOr<tlog::Policy> policy = tlog::ParsePolicy(bundle.policy());
  if (!policy.ok()) return BadPolicy(std::string(policy.status().message()));
  if (policy->logs.size() != 1 || policy->logs[0].key.Format() != bundle.log_vkey()) {
    return BadPolicy("it is for another log");
  }
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement charter,
                          governance::VerifyStatementBytes(bundle.charter().body()));
  const auto asked = static_cast<size_t>(charter.statement.charter().witness_count());
  if (LeastWitnesses(*policy, policy->quorum) < asked) {
    return BadPolicy("the charter asks for " + std::to_string(asked) +
                     " witnesses, and it is content with fewer");
  }
  auto cosigned = tlog::OpenCosigned(bundle.checkpoint(), *policy);
  if (!cosigned.ok()) return Annotate(cosigned.status(), "the bundle's checkpoint");
  return cosigned;
}

absl::StatusOr<std::vector<tlog::NoteKey>> WitnessKeys(const v1::Bundle& bundle) {
  MUSTER_ASSIGN_OR_RETURN(const tlog::CosignedCheckpoint cosigned, CheckWitnesses(bundle));
  MUSTER_ASSIGN_OR_RETURN(const tlog::Policy policy, tlog::ParsePolicy(bundle.policy()));
  std::vector<tlog::NoteKey> keys;
  for (const tlog::Cosignature& cosignature : cosigned.cosignatures) {
    for (const tlog::PolicyWitness& witness : policy.witnesses) {
      if (witness.name == cosignature.name) keys.push_back(witness.key);
    }
  }
  return keys;
}

}  // namespace muster::report
