// SPDX-License-Identifier: Apache-2.0
//
// Box: bytes sealed to an X25519 public key, bound to a context, readable by the holder of the
// secret key only.
//
// Sealed form: ephemeral public key (32) || XChaCha20-Poly1305 ciphertext and tag, under
// BLAKE2b-256("muster/box/v1" | shared | ephemeral | recipient | BLAKE2b-256(context)) with the
// zero nonce (the key is fresh). The context is also the AAD. The sender is anonymous: who must be
// known signs outside.
// Errors: INVALID_ARGUMENT (KEY_MALFORMED, KEY_LOW_ORDER, DECRYPTION_FAILED).
// Threads: pure.
#ifndef MUSTER_CORE_CRYPTO_BOX_H_
#define MUSTER_CORE_CRYPTO_BOX_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/crypto/secret_bytes.h"

namespace muster::crypto {

inline constexpr size_t kBoxOverheadBytes = 32 + 16;

struct BoxPublicKey {
  Bytes32 bytes{};
  auto operator<=>(const BoxPublicKey&) const = default;
};

absl::StatusOr<BoxPublicKey> ParseBoxPublicKey(std::string_view raw32);

class BoxSecretKey {
 public:
  static BoxSecretKey Generate();
  static absl::StatusOr<BoxSecretKey> FromBytes(const SecretBytes& raw32);
  const BoxPublicKey& public_key() const { return public_key_; }
  const SecretBytes& raw() const { return raw_; }
  absl::StatusOr<WipedString> Open(std::string_view context, std::string_view sealed) const;
  absl::StatusOr<SecretBytes> OpenSecret(std::string_view context, std::string_view sealed) const;

 private:
  BoxSecretKey() = default;
  SecretBytes raw_;
  BoxPublicKey public_key_;
};

absl::StatusOr<std::string> BoxSeal(const BoxPublicKey& to, std::string_view context,
                                    ByteView plaintext);

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_BOX_H_
