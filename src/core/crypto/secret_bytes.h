// SPDX-License-Identifier: Apache-2.0
//
// SecretBytes: the only home of key bytes. Guarded, locked memory (sodium_malloc), wiped on
// destruction, move-only, compared in constant time.
//
// Rule: bytes leave only through ExposeSecret(), so one search finds every reader. Never copied
// into a std::string, a proto or a log line. For keys, not for bulk plaintext: locked memory is
// scarce. For bulk plaintext, see WipedString.
// Errors: out of locked memory is fatal (fail closed).
// Threads: a value; const access from anywhere.
#ifndef MUSTER_CORE_CRYPTO_SECRET_BYTES_H_
#define MUSTER_CORE_CRYPTO_SECRET_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/base/bytes.h"

namespace muster::crypto {

// Starts libsodium; aborts when it cannot. Every function of this room calls it; calling it again
// is free.
void Init();

class SecretBytes {
 public:
  SecretBytes() = default;
  static SecretBytes Random(size_t size);
  static SecretBytes Zeroed(size_t size);
  static SecretBytes CopyOf(ByteView bytes);
  ~SecretBytes();
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  // A deliberate second copy.
  SecretBytes Clone() const { return CopyOf(ExposeSecret()); }
  ByteView ExposeSecret() const { return {data_, size_}; }
  std::span<uint8_t> MutableExposeSecret() { return {data_, size_}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  friend bool operator==(const SecretBytes& a, const SecretBytes& b);

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// Overwrites memory that held plaintext or keys in a way that the compiler keeps.
void Wipe(void* data, size_t size);

// A string of plaintext that wipes its whole capacity when it goes. Reserve before filling: growth
// leaves copies behind.
class WipedString {
 public:
  WipedString() = default;
  explicit WipedString(std::string text) : text_(std::move(text)) {}
  ~WipedString() { Clear(); }
  WipedString(WipedString&& other) noexcept : text_(std::move(other.text_)) { other.Clear(); }
  WipedString& operator=(WipedString&& other) noexcept;
  WipedString(const WipedString&) = delete;
  WipedString& operator=(const WipedString&) = delete;
  // Wipes and empties; the capacity stays.
  void Clear();
  std::string& str() { return text_; }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

// Random bytes that need no secrecy (ids, salts, nonces).
void FillRandom(std::span<uint8_t> out);
template <size_t N>
std::array<uint8_t, N> RandomArray() {
  std::array<uint8_t, N> out;
  FillRandom(out);
  return out;
}

}  // namespace muster::crypto

#endif  // MUSTER_CORE_CRYPTO_SECRET_BYTES_H_
