// SPDX-License-Identifier: Apache-2.0
//
// Password: a 64-byte Ed25519 secret (seed || public key) or 32-byte key under a passphrase, as
// PASERK k4.secret-pw / k4.local-pw write it.
//
// Form: "k4.secret-pw." or "k4.local-pw." base64url(salt16 | mem u64 BE | time u32 BE | para u32 BE
// | nonce24 | ciphertext | tag32), Argon2id. Parameters of a file are bounded before any memory is
// taken (1 GiB, 16 passes, 1 lane). Also the plain forms k4.secret. and k4.public. and the id
// k4.pid.
// Errors: UNAUTHENTICATED (PASSPHRASE_WRONG), INVALID_ARGUMENT (KEY_MALFORMED; also when the
// machine lacks the memory a file asks for).
// Threads: pure; slow by design (~0.2 s).
// Source: PASERK k4, RFC 9106.
#ifndef MUSTER_CORE_CRYPTO_PASSWORD_H_
#define MUSTER_CORE_CRYPTO_PASSWORD_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/secret_bytes.h"
#include "core/crypto/signature.h"

namespace muster::crypto {

struct PasswordCost {
  uint64_t memory_bytes = 64ULL << 20;  // libsodium's "interactive"
  uint32_t passes = 2;
};

// `kind` is "secret" or "local".
std::string PasswordWrap(std::string_view kind, const SecretBytes& key,
                         const SecretBytes& passphrase, const PasswordCost& cost = {});
absl::StatusOr<SecretBytes> PasswordUnwrap(std::string_view kind, std::string_view paserk,
                                           const SecretBytes& passphrase);

// "k4.secret." + base64url(seed || public); only for files of services and tests (--no-passphrase).
SecretBytes PaserkSecret(const SigningKey& key);  // text, still a secret
absl::StatusOr<SigningKey> ParsePaserkSecret(
    std::string_view paserk);  // refuses halves that do not belong together
// "k4.local." + base64url(32 bytes): the same for keys that do not sign.
SecretBytes PaserkLocal(const SecretBytes& key32);  // text, still a secret
absl::StatusOr<SecretBytes> ParsePaserkLocal(std::string_view paserk);
std::string PaserkPublic(const VerifyKey& key);    // "k4.public."
std::string PaserkPublicId(const VerifyKey& key);  // "k4.pid.": how a token names its key

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_PASSWORD_H_
