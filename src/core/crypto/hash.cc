// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/hash.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // see merkle.cc
#include <openssl/sha.h>
#include <sodium.h>

#include "core/base/check.h"

namespace muster::crypto {
namespace {

const uint8_t* Data(std::string_view text) { return AsBytes(text).data(); }

}  // namespace

Bytes32 Blake2b256(std::string_view bytes) {
  Init();
  Bytes32 out;
  crypto_generichash(out.data(), out.size(), Data(bytes), bytes.size(), nullptr, 0);
  return out;
}

Bytes32 Blake2b256(std::initializer_list<std::string_view> parts) {
  Init();
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, 32);
  for (std::string_view part : parts) crypto_generichash_update(&state, Data(part), part.size());
  Bytes32 out;
  crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

Bytes32 Sha256(std::initializer_list<std::string_view> parts) {
  SHA256_CTX state;
  SHA256_Init(&state);
  for (std::string_view part : parts) SHA256_Update(&state, part.data(), part.size());
  Bytes32 out;
  SHA256_Final(out.data(), &state);
  return out;
}

void KeyedHash(const SecretBytes& key, std::initializer_list<std::string_view> parts,
               std::span<uint8_t> out) {
  Init();
  MUSTER_CHECK(key.size() == 32);
  MUSTER_CHECK(out.size() >= crypto_generichash_BYTES_MIN &&
               out.size() <= crypto_generichash_BYTES_MAX);
  crypto_generichash_state state;
  crypto_generichash_init(&state, key.ExposeSecret().data(), key.size(), out.size());
  for (std::string_view part : parts) crypto_generichash_update(&state, Data(part), part.size());
  crypto_generichash_final(&state, out.data(), out.size());
  Wipe(&state, sizeof(state));
}

Bytes32 KeyedHash256(const SecretBytes& key, std::initializer_list<std::string_view> parts) {
  Bytes32 out;
  KeyedHash(key, parts, out);
  return out;
}

SecretBytes DeriveKey(const SecretBytes& root, std::string_view purpose) {
  SecretBytes key = SecretBytes::Zeroed(32);
  KeyedHash(root, {purpose}, key.MutableExposeSecret());
  return key;
}

struct Blake2bStream::State {
  crypto_generichash_state state;
};

Blake2bStream::Blake2bStream() : state_(std::make_unique<State>()) {
  Init();
  crypto_generichash_init(&state_->state, nullptr, 0, 32);
}

Blake2bStream::~Blake2bStream() = default;

void Blake2bStream::Update(std::string_view bytes) {
  MUSTER_CHECK(state_ != nullptr);
  crypto_generichash_update(&state_->state, Data(bytes), bytes.size());
}

Bytes32 Blake2bStream::Finish() {
  MUSTER_CHECK(state_ != nullptr);
  Bytes32 out;
  crypto_generichash_final(&state_->state, out.data(), out.size());
  state_.reset();
  return out;
}

bool ConstantTimeEqual(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace muster::crypto
