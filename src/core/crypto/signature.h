// SPDX-License-Identifier: Apache-2.0
//
// Ed25519 signatures, one key per purpose.
//
// Rule: a public key from outside enters through ParseVerifyKey, which refuses low-order,
// mixed-order and non-canonical points. Verify refuses an s that is not below the group's order and
// an R that is not canonical, of small order, or bent by a point of small order (it asks for
// s B = R + h A without the cofactor). So verifiers with and without the cofactor agree with ours.
// Signatures are over a purpose and a message: Sign(key, "muster/batch/v1\n", m) signs the
// concatenation, so that a signature made for one purpose never verifies for another.
// Errors: INVALID_ARGUMENT (KEY_MALFORMED, KEY_LOW_ORDER, SIGNATURE_INVALID).
// Threads: pure.
// Source: RFC 8032; C2SP/CCTV ed25519.
#ifndef MUSTER_CORE_CRYPTO_SIGNATURE_H_
#define MUSTER_CORE_CRYPTO_SIGNATURE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/secret_bytes.h"

namespace muster::crypto {

struct VerifyKey {
  Bytes32 bytes{};
  auto operator<=>(const VerifyKey&) const = default;
};

absl::StatusOr<VerifyKey> ParseVerifyKey(std::string_view raw32);

class SigningKey {
 public:
  static SigningKey Generate();
  // From the 32-byte seed.
  static absl::StatusOr<SigningKey> FromSeed(const SecretBytes& seed);
  const VerifyKey& verify_key() const { return verify_key_; }
  // The 32-byte seed, to be stored.
  const SecretBytes& seed() const { return seed_; }
  SigningKey Clone() const;

  std::string Sign(std::string_view purpose, std::string_view message) const;  // 64 bytes

 private:
  SigningKey() = default;
  SecretBytes seed_;
  SecretBytes expanded_;  // libsodium's 64-byte form
  VerifyKey verify_key_;
};

absl::Status Verify(const VerifyKey& key, std::string_view purpose, std::string_view message,
                    std::string_view signature64);

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_SIGNATURE_H_
