// SPDX-License-Identifier: Apache-2.0
//
// Decide: from probabilities of pairs to who is whom: at most one voter for each person on the
// list, at most one person for each voter, and "ambiguous" wherever that would be a guess.
//
// A person is the rows of one cluster (several addresses of one human); what any of the rows says
// for a voter, the person says. A pair decides only if something speaks for this very person: a
// first name, or a full birth date, that agree. What a whole household shares (a last name, an
// address, a phone, an email) decides nothing, however likely it makes the pair; nor does a pair
// whose suffixes (Jr, Sr) contradict. Rules: the result depends on the pairs alone, not on their
// order or on how rows are numbered. Threads: pure. Source: design.md's rule that nobody is
// guessed; docs/matching.md.
#ifndef MUSTER_CORE_MATCH_DECIDE_H_
#define MUSTER_CORE_MATCH_DECIDE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/match/link.h"
#include "core/match/pattern.h"

namespace muster::match {

enum class Outcome : uint8_t { kUnmatched = 0, kAmbiguous = 1, kMatched = 2 };

// Why an outcome is ambiguous.
enum class Doubt : uint8_t {
  kNone = 0,
  kUnlikely = 1,   // the best voter falls short of the threshold
  kRunnerUp = 2,   // two voters fit, or two people claim the voter
  kHousehold = 3,  // only what a household shares speaks for it
  kSuffix = 4,     // Jr against Sr
  kTaken = 5,      // another person has the voter, with better reason
};
std::string_view DoubtName(Doubt doubt);  // "", "unlikely", "runner_up", "household", ...

// From the charter. In (0.5, 1): with less than half two voters could both be it.
struct Thresholds {
  double matched = 0.75;
  double ambiguous = 0.2;  // below this a voter does not come into question; less than `matched`
};

inline constexpr uint32_t kNobody = ~uint32_t{0};

struct Decision {
  Outcome outcome = Outcome::kUnmatched;
  Doubt doubt = Doubt::kNone;
  // Matched: the voter. Ambiguous: the likeliest one (of equal ones the first). Else kNobody.
  uint32_t right = kNobody;
  uint32_t left =
      kNobody;  // the row that says so: of several the likeliest, of equal ones the first
  float probability = 0;
};

// Whether the pattern speaks for one person rather than for a household.
bool IsPersonal(Pattern pattern);

// `person_of[row]` is the lowest row of the row's cluster (LinkResult::clusters). Gives one
// decision for each left row that is the lowest of its cluster; others have an empty one.
std::vector<Decision> Decide(std::span<const LinkedPair> pairs, std::span<const uint32_t> person_of,
                             const Thresholds& thresholds);

}  // namespace muster::match

#endif  // MUSTER_CORE_MATCH_DECIDE_H_
