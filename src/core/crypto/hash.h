// SPDX-License-Identifier: Apache-2.0
//
// Hashes: BLAKE2b-256 (ours), SHA-256 (what RFC 6962 asks for), keyed BLAKE2b for identifiers and
// for deriving keys.
//
// Threads: pure; a hasher belongs to one thread.
// Source: RFC 7693, FIPS 180-4.
#ifndef MUSTER_CORE_CRYPTO_HASH_H_
#define MUSTER_CORE_CRYPTO_HASH_H_

#include <initializer_list>
#include <memory>
#include <string_view>

#include "core/base/bytes.h"
#include "core/crypto/secret_bytes.h"

namespace muster::crypto {

Bytes32 Blake2b256(std::string_view bytes);
// Of the parts one after the other, without separators: callers frame them.
Bytes32 Blake2b256(std::initializer_list<std::string_view> parts);
Bytes32 Sha256(std::initializer_list<std::string_view> parts);

// Keyed BLAKE2b, any output size from 16 to 64 bytes; keys are 32 bytes.
void KeyedHash(const SecretBytes& key, std::initializer_list<std::string_view> parts,
               std::span<uint8_t> out);
Bytes32 KeyedHash256(const SecretBytes& key, std::initializer_list<std::string_view> parts);

// A 32-byte key for `purpose` out of `root`: keyed BLAKE2b of the purpose. Purposes look like
// "muster/token/v1".
SecretBytes DeriveKey(const SecretBytes& root, std::string_view purpose);

// BLAKE2b-256 of a stream; the figure `b2sum -l 256` prints.
class Blake2bStream {
 public:
  Blake2bStream();
  ~Blake2bStream();
  void Update(std::string_view bytes);
  Bytes32 Finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

bool ConstantTimeEqual(ByteView a, ByteView b);

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_HASH_H_
