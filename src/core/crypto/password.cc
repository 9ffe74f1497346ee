// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/password.h"

#include <sodium.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"

namespace muster::crypto {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr size_t kParameterBytes = 8 + 4 + 4;
constexpr size_t kNonceBytes = 24;
constexpr size_t kTagBytes = 32;
constexpr size_t kHeadBytes = kSaltBytes + kParameterBytes + kNonceBytes;
// What a key file may make us spend before its tag can be checked.
constexpr uint64_t kMemoryBytesMax = 1ULL << 30;
constexpr uint32_t kPassesMax = 16;

constexpr std::string_view kSecret = "k4.secret.";
constexpr std::string_view kLocal = "k4.local.";
constexpr std::string_view kPublic = "k4.public.";
constexpr std::string_view kPublicId = "k4.pid.";

bool CostAllowed(uint64_t memory_bytes, uint32_t passes) {
  return memory_bytes >= crypto_pwhash_argon2id_MEMLIMIT_MIN && memory_bytes <= kMemoryBytesMax &&
         passes >= crypto_pwhash_argon2id_OPSLIMIT_MIN && passes <= kPassesMax;
}

size_t KeyBytes(std::string_view kind) {
  MUSTER_CHECK(kind == "secret" || kind == "local");
  return kind == "secret" ? 64 : 32;
}

struct PasswordKeys {
  SecretBytes encryption;
  SecretBytes authentication;
};

SecretBytes Split(uint8_t tag, const SecretBytes& root) {
  SecretBytes prefixed = SecretBytes::Zeroed(1 + root.size());
  prefixed.MutableExposeSecret()[0] = tag;
  std::copy(root.ExposeSecret().begin(), root.ExposeSecret().end(),
            prefixed.MutableExposeSecret().begin() + 1);
  SecretBytes key = SecretBytes::Zeroed(32);
  crypto_generichash(key.MutableExposeSecret().data(), key.size(), prefixed.ExposeSecret().data(),
                     prefixed.size(), nullptr, 0);
  return key;
}

// Fails only when the machine cannot give the memory.
absl::StatusOr<PasswordKeys> Stretch(const SecretBytes& passphrase, ByteView salt,
                                     uint64_t memory_bytes, uint32_t passes) {
  SecretBytes root = SecretBytes::Zeroed(32);
  // An empty passphrase has no memory, and Argon2 takes no null.
  const char* const text =
      passphrase.empty() ? "" : reinterpret_cast<const char*>(passphrase.ExposeSecret().data());
  if (crypto_pwhash(root.MutableExposeSecret().data(), root.size(), text, passphrase.size(),
                    salt.data(), passes, memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return MakeError(v1::KEY_MALFORMED, "this machine cannot give the " +
                                            std::to_string(memory_bytes >> 20) +
                                            " MiB that the key file's passphrase asks for");
  }
  return PasswordKeys{Split(0xff, root), Split(0xfe, root)};
}

absl::Status Malformed(std::string_view what) {
  return MakeError(v1::KEY_MALFORMED, "not a PASERK key: " + std::string(what));
}

// libsodium's encoder works in constant time and straight into locked memory. Its length counts a
// final NUL.
SecretBytes EncodeSecret(std::string_view header, const SecretBytes& raw) {
  Init();
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  const size_t encoded_bytes = sodium_base64_encoded_len(raw.size(), kVariant);
  SecretBytes text = SecretBytes::Zeroed(header.size() + encoded_bytes);
  char* const out = reinterpret_cast<char*>(text.MutableExposeSecret().data());
  std::copy(header.begin(), header.end(), out);
  sodium_bin2base64(out + header.size(), encoded_bytes, raw.ExposeSecret().data(), raw.size(),
                    kVariant);
  return SecretBytes::CopyOf(text.ExposeSecret().first(text.size() - 1));
}

absl::StatusOr<SecretBytes> DecodeSecret(std::string_view header, size_t key_bytes,
                                         std::string_view paserk) {
  Init();
  if (paserk.substr(0, header.size()) != header) {
    return Malformed("expected " + std::string(header) + "...");
  }
  paserk.remove_prefix(header.size());
  SecretBytes raw = SecretBytes::Zeroed(key_bytes);
  size_t decoded_bytes = 0;
  const bool decoded = sodium_base642bin(raw.MutableExposeSecret().data(), raw.size(),
                                         paserk.data(), paserk.size(), nullptr, &decoded_bytes,
                                         nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
  if (!decoded || decoded_bytes != raw.size()) {
    return Malformed("what follows " + std::string(header) + " is damaged");
  }
  return raw;
}

}  // namespace

std::string PasswordWrap(std::string_view kind, const SecretBytes& key,
                         const SecretBytes& passphrase, const PasswordCost& cost) {
  Init();
  MUSTER_CHECK(key.size() == KeyBytes(kind));
  MUSTER_CHECK(CostAllowed(cost.memory_bytes, cost.passes));
  std::string body = ToString(RandomArray<kSaltBytes>());
  PutBe64(body, cost.memory_bytes);
  PutBe32(body, cost.passes);
  PutBe32(body, 1);
  PutBytes(body, RandomArray<kNonceBytes>());
  auto keys = Stretch(passphrase, AsBytes(body).first(kSaltBytes), cost.memory_bytes, cost.passes);
  MUSTER_CHECK(keys.ok());
  body.resize(kHeadBytes + key.size());
  uint8_t* const bytes = reinterpret_cast<uint8_t*>(body.data());
  crypto_stream_xchacha20_xor(bytes + kHeadBytes, key.ExposeSecret().data(), key.size(),
                              bytes + kHeadBytes - kNonceBytes,
                              keys->encryption.ExposeSecret().data());
  const std::string header = "k4." + std::string(kind) + "-pw.";
  PutBytes(body, KeyedHash256(keys->authentication, {header, body}));
  return header + Base64UrlEncode(AsBytes(body));
}

absl::StatusOr<SecretBytes> PasswordUnwrap(std::string_view kind, std::string_view paserk,
                                           const SecretBytes& passphrase) {
  Init();
  const size_t key_bytes = KeyBytes(kind);
  const std::string header = "k4." + std::string(kind) + "-pw.";
  if (paserk.substr(0, header.size()) != header) return Malformed("expected " + header + "...");
  const auto body = Base64UrlDecode(paserk.substr(header.size()));
  if (!body || body->size() != kHeadBytes + key_bytes + kTagBytes) {
    return Malformed("what follows " + header + " is damaged");
  }
  ByteReader reader(*body);
  const std::string_view salt = reader.Take(kSaltBytes);
  const uint64_t memory_bytes = reader.Be64();
  const uint32_t passes = reader.Be32();
  const uint32_t lanes = reader.Be32();
  const std::string_view nonce = reader.Take(kNonceBytes);
  const std::string_view ciphertext = reader.Take(key_bytes);
  const std::string_view tag = reader.Take(kTagBytes);
  if (!CostAllowed(memory_bytes, passes) || lanes != 1) {
    return Malformed("its Argon2id parameters are beyond 1 GiB, 16 passes, 1 lane");
  }
  MUSTER_ASSIGN_OR_RETURN(PasswordKeys keys,
                          Stretch(passphrase, AsBytes(salt), memory_bytes, passes));
  const std::string_view authenticated =
      std::string_view(*body).substr(0, body->size() - kTagBytes);
  const Bytes32 expected = KeyedHash256(keys.authentication, {header, authenticated});
  if (!ConstantTimeEqual(expected, AsBytes(tag))) {
    return MakeError(v1::PASSPHRASE_WRONG, "the passphrase is wrong, or the key file was changed");
  }
  SecretBytes key = SecretBytes::Zeroed(key_bytes);
  crypto_stream_xchacha20_xor(key.MutableExposeSecret().data(), AsBytes(ciphertext).data(),
                              key_bytes, AsBytes(nonce).data(),
                              keys.encryption.ExposeSecret().data());
  return key;
}

SecretBytes PaserkSecret(const SigningKey& key) {
  SecretBytes raw = SecretBytes::Zeroed(64);
  std::copy(key.seed().ExposeSecret().begin(), key.seed().ExposeSecret().end(),
            raw.MutableExposeSecret().begin());
  std::copy(key.verify_key().bytes.begin(), key.verify_key().bytes.end(),
            raw.MutableExposeSecret().begin() + 32);
  return EncodeSecret(kSecret, raw);
}

absl::StatusOr<SigningKey> ParsePaserkSecret(std::string_view paserk) {
  MUSTER_ASSIGN_OR_RETURN(const SecretBytes raw, DecodeSecret(kSecret, 64, paserk));
  MUSTER_ASSIGN_OR_RETURN(SigningKey key,
                          SigningKey::FromSeed(SecretBytes::CopyOf(raw.ExposeSecret().first(32))));
  if (!ConstantTimeEqual(key.verify_key().bytes, raw.ExposeSecret().subspan(32))) {
    return Malformed("its public half belongs to another key");
  }
  return key;
}

SecretBytes PaserkLocal(const SecretBytes& key32) {
  MUSTER_CHECK(key32.size() == 32);
  return EncodeSecret(kLocal, key32);
}

absl::StatusOr<SecretBytes> ParsePaserkLocal(std::string_view paserk) {
  return DecodeSecret(kLocal, 32, paserk);
}

std::string PaserkPublic(const VerifyKey& key) {
  return std::string(kPublic) + Base64UrlEncode(key.bytes);
}

std::string PaserkPublicId(const VerifyKey& key) {
  Init();
  const std::string hashed = std::string(kPublicId) + PaserkPublic(key);
  std::array<uint8_t, 33> digest;
  crypto_generichash(digest.data(), digest.size(), AsBytes(hashed).data(), hashed.size(), nullptr,
                     0);
  return std::string(kPublicId) + Base64UrlEncode(digest);
}

}  // namespace muster::crypto
