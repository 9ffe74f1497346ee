// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/aead.h"

#include <sodium.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::crypto {
namespace {

using Nonce = std::array<uint8_t, kAeadNonceBytes>;

uint8_t* Writable(std::string& text, size_t offset = 0) {
  return reinterpret_cast<uint8_t*>(text.data()) + offset;
}

Nonce CounterNonce(uint64_t index) {
  Nonce nonce{};
  for (size_t i = 0; i < 8; ++i) nonce[i] = static_cast<uint8_t>(index >> (8 * i));
  return nonce;
}

// Writes plaintext.size() + kAeadTagBytes bytes.
void Encrypt(const SecretBytes& key, const uint8_t* nonce, std::string_view aad,
             std::string_view plaintext, uint8_t* out) {
  Init();
  MUSTER_CHECK(key.size() == kAeadKeyBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out, nullptr, AsBytes(plaintext).data(),
                                             plaintext.size(), AsBytes(aad).data(), aad.size(),
                                             nullptr, nonce, key.ExposeSecret().data());
}

// Writes sealed.size() - kAeadTagBytes bytes, or zeros when it fails.
absl::Status Decrypt(const SecretBytes& key, const uint8_t* nonce, std::string_view aad,
                     std::string_view sealed, uint8_t* out) {
  Init();
  MUSTER_CHECK(key.size() == kAeadKeyBytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, nullptr, nullptr, AsBytes(sealed).data(),
                                                 sealed.size(), AsBytes(aad).data(), aad.size(),
                                                 nonce, key.ExposeSecret().data()) != 0) {
    return MakeError(v1::DECRYPTION_FAILED, "the sealed bytes do not open under this key");
  }
  return absl::OkStatus();
}

absl::Status TooShort() {
  return MakeError(v1::DECRYPTION_FAILED, "the sealed bytes do not open under this key");
}

}  // namespace

std::string AeadSeal(const SecretBytes& key, std::string_view aad, std::string_view plaintext) {
  const auto nonce = RandomArray<kAeadNonceBytes>();
  std::string out(kAeadNonceBytes + plaintext.size() + kAeadTagBytes, '\0');
  std::copy(nonce.begin(), nonce.end(), Writable(out));
  Encrypt(key, nonce.data(), aad, plaintext, Writable(out, kAeadNonceBytes));
  return out;
}

absl::StatusOr<SecretBytes> AeadOpenSecret(const SecretBytes& key, std::string_view aad,
                                           std::string_view sealed) {
  if (sealed.size() < kAeadNonceBytes + kAeadTagBytes) return TooShort();
  SecretBytes out = SecretBytes::Zeroed(sealed.size() - kAeadNonceBytes - kAeadTagBytes);
  MUSTER_RETURN_IF_ERROR(Decrypt(key, AsBytes(sealed).data(), aad, sealed.substr(kAeadNonceBytes),
                                 out.MutableExposeSecret().data()));
  return out;
}

absl::StatusOr<WipedString> AeadOpen(const SecretBytes& key, std::string_view aad,
                                     std::string_view sealed) {
  if (sealed.size() < kAeadNonceBytes + kAeadTagBytes) return TooShort();
  return AeadOpenWithNonce(key, AsBytes(sealed.substr(0, kAeadNonceBytes)), aad,
                           sealed.substr(kAeadNonceBytes));
}

void AeadSealCounter(const SecretBytes& key, uint64_t index, std::string_view aad,
                     std::string_view plaintext, std::string& out) {
  const Nonce nonce = CounterNonce(index);
  const size_t start = out.size();
  out.resize(start + plaintext.size() + kAeadTagBytes);
  Encrypt(key, nonce.data(), aad, plaintext, Writable(out, start));
}

absl::Status AeadOpenCounter(const SecretBytes& key, uint64_t index, std::string_view aad,
                             std::string_view sealed, WipedString& out) {
  out.Clear();
  if (sealed.size() < kAeadTagBytes) return TooShort();
  const Nonce nonce = CounterNonce(index);
  out.str().resize(sealed.size() - kAeadTagBytes);
  absl::Status status = Decrypt(key, nonce.data(), aad, sealed, Writable(out.str()));
  if (!status.ok()) out.Clear();
  return status;
}

std::string AeadSealWithNonce(const SecretBytes& key, ByteView nonce, std::string_view aad,
                              std::string_view plaintext) {
  MUSTER_CHECK(nonce.size() == kAeadNonceBytes);
  std::string out(plaintext.size() + kAeadTagBytes, '\0');
  Encrypt(key, nonce.data(), aad, plaintext, Writable(out));
  return out;
}

absl::StatusOr<WipedString> AeadOpenWithNonce(const SecretBytes& key, ByteView nonce,
                                              std::string_view aad, std::string_view sealed) {
  MUSTER_CHECK(nonce.size() == kAeadNonceBytes);
  if (sealed.size() < kAeadTagBytes) return TooShort();
  WipedString out(std::string(sealed.size() - kAeadTagBytes, '\0'));
  MUSTER_RETURN_IF_ERROR(Decrypt(key, nonce.data(), aad, sealed, Writable(out.str())));
  return out;
}

void StreamXor(const SecretBytes& key, ByteView nonce24, uint64_t offset, std::span<uint8_t> data) {
  constexpr size_t kBlockBytes = 64;
  Init();
  MUSTER_CHECK(key.size() == kAeadKeyBytes && nonce24.size() == crypto_stream_xchacha20_NONCEBYTES);
  uint64_t block = offset / kBlockBytes;
  const size_t into = static_cast<size_t>(offset % kBlockBytes);
  if (into != 0 && !data.empty()) {
    uint8_t head[kBlockBytes] = {};
    const size_t n = std::min(kBlockBytes - into, data.size());
    std::copy_n(data.begin(), n, head + into);
    crypto_stream_xchacha20_xor_ic(head, head, kBlockBytes, nonce24.data(), block++,
                                   key.ExposeSecret().data());
    std::copy_n(head + into, n, data.begin());
    Wipe(head, sizeof(head));
    data = data.subspan(n);
  }
  if (!data.empty()) {
    crypto_stream_xchacha20_xor_ic(data.data(), data.data(), data.size(), nonce24.data(), block,
                                   key.ExposeSecret().data());
  }
}

}  // namespace muster::crypto
