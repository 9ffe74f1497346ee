// SPDX-License-Identifier: Apache-2.0
#include "core/report/sample.h"

#include <algorithm>
#include <limits>
#include <set>

#include "core/crypto/hash.h"

namespace muster::report {

std::string SignSample(const tlog::Checkpoint& checkpoint, const crypto::SigningKey& key) {
  return key.Sign(kSamplePurpose, tlog::FormatCheckpoint(checkpoint));
}

absl::Status VerifySample(const tlog::Checkpoint& checkpoint, const crypto::VerifyKey& key,
                          std::string_view signature) {
  return crypto::Verify(key, kSamplePurpose, tlog::FormatCheckpoint(checkpoint), signature);
}

std::vector<uint64_t> DrawSample(const tlog::Checkpoint& checkpoint, std::string_view signature,
                                 uint64_t population) {
  std::vector<uint64_t> drawn;
  if (population == 0) return drawn;
  const Bytes32 seed =
      crypto::Sha256({"muster/sample/seed/v1\n", AsText(checkpoint.root), signature});
  const uint64_t wanted = std::min(kSampleBatches, population);
  const uint64_t even = std::numeric_limits<uint64_t>::max() / population * population;
  std::set<uint64_t> seen;
  for (uint64_t i = 0; drawn.size() < wanted; ++i) {
    std::string counter;
    PutU64(counter, i);
    const Bytes32 hash = crypto::Sha256({kSamplePurpose, AsText(seed), counter});
    const uint64_t value = ByteReader(AsText(hash)).U64();
    if (value < even && seen.insert(value % population).second) drawn.push_back(value % population);
  }
  return drawn;
}

}  // namespace muster::report
