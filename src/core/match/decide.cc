// SPDX-License-Identifier: Apache-2.0
#include "core/match/decide.h"

#include <algorithm>

#include "core/base/check.h"

namespace muster::match {
namespace {

// What a person says for a voter.
struct Claim {
  uint32_t person = 0;
  uint32_t right = 0;
  uint32_t left = 0;
  Pattern pattern = 0;
  float probability = 0;
};

bool SuffixesContradict(Pattern pattern) {
  return LevelOf(pattern, Comparator::kSuffix) == suffix::kDiffers;
}

}  // namespace

std::string_view DoubtName(Doubt doubt) {
  switch (doubt) {
    case Doubt::kNone:
      return "";
    case Doubt::kUnlikely:
      return "unlikely";
    case Doubt::kRunnerUp:
      return "runner_up";
    case Doubt::kHousehold:
      return "household";
    case Doubt::kSuffix:
      return "suffix";
    case Doubt::kTaken:
      return "taken";
  }
  return "";
}

bool IsPersonal(Pattern pattern) {
  const unsigned first = LevelOf(pattern, Comparator::kFirstName);
  const unsigned last = LevelOf(pattern, Comparator::kLastName);
  const unsigned birth = LevelOf(pattern, Comparator::kBirthDate);
  if (birth == birth_date::kExact || birth == birth_date::kSwapped) {
    // Twins share it.
    return first != first_name::kDiffers && first != first_name::kInitialDiffers;
  }
  return (first >= first_name::kExact && first <= first_name::kMiddle) ||
         last == last_name::kSwapped;
}

std::vector<Decision> Decide(std::span<const LinkedPair> pairs, std::span<const uint32_t> person_of,
                             const Thresholds& thresholds) {
  MUSTER_CHECK(thresholds.matched > 0.5 && thresholds.ambiguous < thresholds.matched);
  std::vector<Claim> claims;
  for (const LinkedPair& pair : pairs) {
    if (pair.probability < thresholds.ambiguous) continue;
    claims.push_back({person_of[pair.left], pair.right, pair.left, pair.pattern, pair.probability});
  }
  // Of what a person's rows say for one voter the likeliest stands.
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    if (a.person != b.person) return a.person < b.person;
    if (a.right != b.right) return a.right < b.right;
    return a.probability != b.probability ? a.probability > b.probability : a.left < b.left;
  });
  claims.erase(std::unique(claims.begin(), claims.end(),
                           [](const Claim& a, const Claim& b) {
                             return a.person == b.person && a.right == b.right;
                           }),
               claims.end());
  // Each person's likeliest voter, and how many come into question.
  std::vector<Claim> best;
  std::vector<bool> has_rivals;
  std::vector<uint32_t> claimed;  // by voter, once for each person
  for (size_t begin = 0; begin < claims.size();) {
    size_t end = begin;
    size_t top = begin;
    for (; end < claims.size() && claims[end].person == claims[begin].person; ++end) {
      claimed.push_back(claims[end].right);
      if (claims[end].probability > claims[top].probability) top = end;
    }
    best.push_back(claims[top]);
    has_rivals.push_back(end - begin > 1);
    begin = end;
  }
  std::sort(claimed.begin(), claimed.end());
  const auto claimants = [&claimed](uint32_t right) {
    const auto [from, to] = std::equal_range(claimed.begin(), claimed.end(), right);
    return to - from;
  };

  std::vector<Decision> decisions(person_of.size());
  std::vector<Claim> accepted;
  for (size_t i = 0; i < best.size(); ++i) {
    const Claim& claim = best[i];
    Decision& decision = decisions[claim.person];
    decision.outcome = Outcome::kAmbiguous;
    decision.right = claim.right;
    decision.left = claim.left;
    decision.probability = claim.probability;
    if (claim.probability < thresholds.matched) {
      decision.doubt =
          has_rivals[i] || claimants(claim.right) > 1 ? Doubt::kRunnerUp : Doubt::kUnlikely;
    } else if (SuffixesContradict(claim.pattern)) {
      decision.doubt = Doubt::kSuffix;
    } else if (!IsPersonal(claim.pattern)) {
      decision.doubt = Doubt::kHousehold;
    } else {
      decision.outcome = Outcome::kMatched;
      accepted.push_back(claim);
    }
  }
  // Two people with good claims to one voter: the better one has it; of equal ones nobody.
  std::sort(accepted.begin(), accepted.end(), [](const Claim& a, const Claim& b) {
    return a.right != b.right ? a.right < b.right : a.probability > b.probability;
  });
  for (size_t begin = 0; begin < accepted.size();) {
    size_t end = begin;
    while (end < accepted.size() && accepted[end].right == accepted[begin].right) ++end;
    const bool tied =
        end - begin > 1 && accepted[begin].probability == accepted[begin + 1].probability;
    for (size_t i = begin; i < end; ++i) {
      const bool loses = i > begin || tied;
      if (!loses) continue;
      Decision& decision = decisions[accepted[i].person];
      decision.outcome = Outcome::kAmbiguous;
      decision.doubt = tied && accepted[i].probability == accepted[begin].probability
                           ? Doubt::kRunnerUp
                           : Doubt::kTaken;
    }
    begin = end;
  }
  return decisions;
}

}  // namespace muster::match
