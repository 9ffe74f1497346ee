// SPDX-License-Identifier: Apache-2.0
//
// AEAD: XChaCha20-Poly1305-IETF with a 24-byte nonce; a ciphertext is 16 bytes longer than its
// plaintext.
//
// Rule: a nonce never meets the same key twice. AeadSeal/AeadOpen draw a random nonce and put it in
// front; the Counter forms are for a key that is used for one sequence only (a batch's DEK) and
// take the index as nonce LE64(i) || 0^16.
// Errors: INVALID_ARGUMENT (DECRYPTION_FAILED), which never says why.
// Threads: pure.
// Source: draft-irtf-cfrg-xchacha-03, libsodium.
#ifndef MUSTER_CORE_CRYPTO_AEAD_H_
#define MUSTER_CORE_CRYPTO_AEAD_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/secret_bytes.h"

namespace muster::crypto {

inline constexpr size_t kAeadKeyBytes = 32;
inline constexpr size_t kAeadTagBytes = 16;
inline constexpr size_t kAeadNonceBytes = 24;

// nonce || ciphertext || tag.
std::string AeadSeal(const SecretBytes& key, std::string_view aad, std::string_view plaintext);
absl::StatusOr<SecretBytes> AeadOpenSecret(const SecretBytes& key, std::string_view aad,
                                           std::string_view sealed);
absl::StatusOr<WipedString> AeadOpen(const SecretBytes& key, std::string_view aad,
                                     std::string_view sealed);

// Appends ciphertext || tag to `out`. `key` must be used for this sequence alone.
void AeadSealCounter(const SecretBytes& key, uint64_t index, std::string_view aad,
                     std::string_view plaintext, std::string& out);
// Writes the plaintext over `out` (whose old content is wiped first).
absl::Status AeadOpenCounter(const SecretBytes& key, uint64_t index, std::string_view aad,
                             std::string_view sealed, WipedString& out);

// For published vectors: an explicit 24-byte nonce.
std::string AeadSealWithNonce(const SecretBytes& key, ByteView nonce, std::string_view aad,
                              std::string_view plaintext);
absl::StatusOr<WipedString> AeadOpenWithNonce(const SecretBytes& key, ByteView nonce,
                                              std::string_view aad, std::string_view sealed);

// The XChaCha20 key stream, for disk encryption: xors `data` in place from byte `offset` of the
// stream (any offset).
void StreamXor(const SecretBytes& key, ByteView nonce24, uint64_t offset, std::span<uint8_t> data);

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_AEAD_H_
