// SPDX-License-Identifier: Apache-2.0
//
// Key wrap: a batch's DEK, wrapped once for intake and once for holding; both openings check it
// against the header's hash.
//
// Intake: crypto::BoxSeal to the upload's intake key, context "muster/intake-wrap/v1" ||
// BLAKE2b-256(header). The vault reads the batch once; then key and wrap go. Holding: R = r*B; K =
// BLAKE2b-256("muster/holding/v1" | r*V | r*M | R | V | M | BLAKE2b-256(header)); wrap = R (32) |
// XChaCha20-Poly1305(K, zero nonce, no AAD, DEK) (48). Neither v nor m opens it alone: the vault
// computes v*R, the member gives m*R. `header` is always the encoded header.
// Errors: INVALID_ARGUMENT (DECRYPTION_FAILED, KEY_MALFORMED, KEY_LOW_ORDER, BATCH_WRONG_KEY when
// the DEK is not the header's).
// Threads: pure.
// Source: docs/formats/envelope.md.
#ifndef MUSTER_CORE_SEAL_KEY_WRAP_H_
#define MUSTER_CORE_SEAL_KEY_WRAP_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/box.h"
#include "core/crypto/group.h"
#include "core/crypto/secret_bytes.h"

namespace muster::seal {

inline constexpr size_t kHoldingWrapBytes = 32 + 32 + 16;
inline constexpr size_t kIntakeWrapBytes = crypto::kBoxOverheadBytes + 32;

Bytes32 DekHash(const crypto::SecretBytes& dek);

absl::StatusOr<std::string> WrapForIntake(const crypto::SecretBytes& dek,
                                          const crypto::BoxPublicKey& intake_key,
                                          std::string_view header);
absl::StatusOr<crypto::SecretBytes> UnwrapForIntake(std::string_view wrap,
                                                    const crypto::BoxSecretKey& intake_key,
                                                    std::string_view header,
                                                    const Bytes32& dek_hash);

absl::StatusOr<std::string> WrapForHolding(const crypto::SecretBytes& dek,
                                           const crypto::Point& vault_key,
                                           const crypto::Point& member_key,
                                           std::string_view header);
// The member's part for this batch: m*R.
absl::StatusOr<crypto::Point> HoldingPartial(std::string_view wrap, const crypto::Scalar& m);
absl::StatusOr<crypto::SecretBytes> UnwrapForHolding(std::string_view wrap, const crypto::Scalar& v,
                                                     const crypto::Point& partial,
                                                     const crypto::Point& member_key,
                                                     std::string_view header,
                                                     const Bytes32& dek_hash);

// For known answers: an explicit r, which must never serve two wraps.
absl::StatusOr<std::string> WrapForHoldingWithScalar(const crypto::SecretBytes& dek,
                                                     const crypto::Point& vault_key,
                                                     const crypto::Point& member_key,
                                                     std::string_view header,
                                                     const crypto::Scalar& r);

}  // namespace muster::seal

#endif  // MUSTER_CORE_SEAL_KEY_WRAP_H_
