// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/box.h"

#include <sodium.h>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/aead.h"
#include "core/crypto/hash.h"

namespace muster::crypto {
namespace {

constexpr std::array<uint8_t, kAeadNonceBytes> kZeroNonce{};

absl::Status LowOrder() {
  return MakeError(v1::KEY_LOW_ORDER, "an X25519 public key of low order; make a new key");
}

// The key of one box. libsodium answers -1 when the shared secret is all zeros, which a low-order
// point makes it.
absl::StatusOr<SecretBytes> BoxKey(const SecretBytes& own, const Bytes32& theirs,
                                   const Bytes32& ephemeral, const Bytes32& recipient,
                                   std::string_view context) {
  SecretBytes shared = SecretBytes::Zeroed(crypto_scalarmult_BYTES);
  if (crypto_scalarmult(shared.MutableExposeSecret().data(), own.ExposeSecret().data(),
                        theirs.data()) != 0) {
    return LowOrder();
  }
  const Bytes32 context_hash = Blake2b256(context);
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, kAeadKeyBytes);
  const auto add = [&state](ByteView part) {
    crypto_generichash_update(&state, part.data(), part.size());
  };
  add(AsBytes("muster/box/v1"));
  add(shared.ExposeSecret());
  add(ephemeral);
  add(recipient);
  add(context_hash);
  SecretBytes key = SecretBytes::Zeroed(kAeadKeyBytes);
  crypto_generichash_final(&state, key.MutableExposeSecret().data(), key.size());
  Wipe(&state, sizeof(state));
  return key;
}

// The key that opens `sealed`, which is then the ciphertext alone.
absl::StatusOr<SecretBytes> OpeningKey(const SecretBytes& raw, const BoxPublicKey& recipient,
                                       std::string_view context, std::string_view& sealed) {
  if (sealed.size() < kBoxOverheadBytes) {
    return MakeError(v1::DECRYPTION_FAILED, "the sealed bytes do not open under this key");
  }
  const Bytes32 ephemeral = *ToArray<32>(sealed.substr(0, 32));
  sealed.remove_prefix(32);
  return BoxKey(raw, ephemeral, ephemeral, recipient.bytes, context);
}

}  // namespace

absl::StatusOr<BoxPublicKey> ParseBoxPublicKey(std::string_view raw32) {
  Init();
  const auto bytes = ToArray<32>(raw32);
  if (!bytes) return MakeError(v1::KEY_MALFORMED, "an X25519 public key has 32 bytes");
  // Any clamped scalar takes a low-order point to zero.
  const Bytes32 scalar{8};
  Bytes32 product;
  if (crypto_scalarmult(product.data(), scalar.data(), bytes->data()) != 0) return LowOrder();
  return BoxPublicKey{*bytes};
}

BoxSecretKey BoxSecretKey::Generate() {
  return FromBytes(SecretBytes::Random(crypto_scalarmult_SCALARBYTES)).value();
}

absl::StatusOr<BoxSecretKey> BoxSecretKey::FromBytes(const SecretBytes& raw32) {
  Init();
  if (raw32.size() != crypto_scalarmult_SCALARBYTES) {
    return MakeError(v1::KEY_MALFORMED, "an X25519 secret key has 32 bytes");
  }
  BoxSecretKey key;
  key.raw_ = raw32.Clone();
  crypto_scalarmult_base(key.public_key_.bytes.data(), raw32.ExposeSecret().data());
  return key;
}

absl::StatusOr<WipedString> BoxSecretKey::Open(std::string_view context,
                                               std::string_view sealed) const {
  MUSTER_ASSIGN_OR_RETURN(SecretBytes key, OpeningKey(raw_, public_key_, context, sealed));
  return AeadOpenWithNonce(key, kZeroNonce, context, sealed);
}

absl::StatusOr<SecretBytes> BoxSecretKey::OpenSecret(std::string_view context,
                                                     std::string_view sealed) const {
  MUSTER_ASSIGN_OR_RETURN(WipedString text, Open(context, sealed));
  return SecretBytes::CopyOf(AsBytes(text.str()));
}

absl::StatusOr<std::string> BoxSeal(const BoxPublicKey& to, std::string_view context,
                                    ByteView plaintext) {
  const BoxSecretKey ephemeral = BoxSecretKey::Generate();
  MUSTER_ASSIGN_OR_RETURN(SecretBytes key, BoxKey(ephemeral.raw(), to.bytes,
                                                  ephemeral.public_key().bytes, to.bytes, context));
  return ToString(ephemeral.public_key().bytes) +
         AeadSealWithNonce(key, kZeroNonce, context, AsText(plaintext));
}

}  // namespace muster::crypto
