// SPDX-License-Identifier: Apache-2.0
//
// Sample: which sealed batches an auditor has opened to them, so that nobody chose.
//
// The seed is SHA-256("muster/sample/seed/v1\n" | root | signature): the root of the tree that the
// report stands on, which the log's keeper knew only when every upload in it was long signed, and
// the auditor's own Ed25519 signature over that checkpoint, which the log's keeper cannot make and
// of which the auditor has only one. Draws: SHA-256("muster/sample/v1\n" | seed | LE64(i)) for
// i = 0, 1, ..., the first 8 bytes little-endian, modulo the population; a value in the uneven rest
// above its largest multiple and one drawn before are passed over.
// Threads: pure.
#ifndef MUSTER_CORE_REPORT_SAMPLE_H_
#define MUSTER_CORE_REPORT_SAMPLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/signature.h"
#include "core/tlog/checkpoint.h"

namespace muster::report {

inline constexpr std::string_view kSamplePurpose = "muster/sample/v1\n";
// Were one batch in ten not what its statement says, 32 draws would miss it three times in a
// hundred.
inline constexpr uint64_t kSampleBatches = 32;

// Signs the checkpoint's text; other signatures on the note play no part.
std::string SignSample(const tlog::Checkpoint& checkpoint, const crypto::SigningKey& key);
// SIGNATURE_INVALID.
absl::Status VerifySample(const tlog::Checkpoint& checkpoint, const crypto::VerifyKey& key,
                          std::string_view signature);

// Numbers below `population`, none twice, in the order drawn: kSampleBatches of them, or all.
std::vector<uint64_t> DrawSample(const tlog::Checkpoint& checkpoint, std::string_view signature,
                                 uint64_t population);

}  // namespace muster::report

#endif  // MUSTER_CORE_REPORT_SAMPLE_H_
