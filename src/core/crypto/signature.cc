// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/signature.h"

#include <sodium.h>

#include <algorithm>

#include "core/base/error.h"

namespace muster::crypto {
namespace {

// Ed25519 takes one run of bytes, so purpose and message are laid end to end; without a purpose
// nothing is copied.
class Signed {
 public:
  Signed(std::string_view purpose, std::string_view message) : bytes_(message) {
    if (purpose.empty()) return;
    joined_.reserve(purpose.size() + message.size());
    joined_.append(purpose).append(message);
    bytes_ = joined_;
  }
  const uint8_t* data() const { return AsBytes(bytes_).data(); }
  size_t size() const { return bytes_.size(); }

 private:
  std::string joined_;
  std::string_view bytes_;
};

}  // namespace

absl::StatusOr<VerifyKey> ParseVerifyKey(std::string_view raw32) {
  Init();
  const auto bytes = ToArray<32>(raw32);
  if (!bytes) return MakeError(v1::KEY_MALFORMED, "an Ed25519 public key has 32 bytes");
  // Refuses points off the curve, non-canonical encodings, and points outside the prime-order
  // group: low and mixed order.
  if (crypto_core_ed25519_is_valid_point(bytes->data()) != 1) {
    return MakeError(
        v1::KEY_LOW_ORDER,
        "not the canonical encoding of an Ed25519 point of prime order; make a new key");
  }
  return VerifyKey{*bytes};
}

SigningKey SigningKey::Generate() {
  return FromSeed(SecretBytes::Random(crypto_sign_SEEDBYTES)).value();
}

absl::StatusOr<SigningKey> SigningKey::FromSeed(const SecretBytes& seed) {
  Init();
  if (seed.size() != crypto_sign_SEEDBYTES) {
    return MakeError(v1::KEY_MALFORMED, "an Ed25519 seed has 32 bytes");
  }
  SigningKey key;
  key.seed_ = seed.Clone();
  key.expanded_ = SecretBytes::Zeroed(crypto_sign_SECRETKEYBYTES);
  crypto_sign_seed_keypair(key.verify_key_.bytes.data(), key.expanded_.MutableExposeSecret().data(),
                           seed.ExposeSecret().data());
  return key;
}

SigningKey SigningKey::Clone() const {
  SigningKey copy;
  copy.seed_ = seed_.Clone();
  copy.expanded_ = expanded_.Clone();
  copy.verify_key_ = verify_key_;
  return copy;
}

std::string SigningKey::Sign(std::string_view purpose, std::string_view message) const {
  const Signed bytes(purpose, message);
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<uint8_t*>(signature.data()), nullptr, bytes.data(),
                       bytes.size(), expanded_.ExposeSecret().data());
  return signature;
}

absl::Status Verify(const VerifyKey& key, std::string_view purpose, std::string_view message,
                    std::string_view signature64) {
  Init();
  const Signed bytes(purpose, message);
  if (signature64.size() != crypto_sign_BYTES ||
      crypto_sign_verify_detached(AsBytes(signature64).data(), bytes.data(), bytes.size(),
                                  key.bytes.data()) != 0) {
    return MakeError(v1::SIGNATURE_INVALID,
                     "the signature is not one by this key over these bytes");
  }
  return absl::OkStatus();
}

}  // namespace muster::crypto
