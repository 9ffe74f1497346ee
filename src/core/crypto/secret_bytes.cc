// SPDX-License-Identifier: Apache-2.0
#include "core/crypto/secret_bytes.h"

#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "core/base/check.h"

namespace muster::crypto {
namespace {

uint8_t* Allocate(size_t size) {
  Init();
  void* memory = sodium_malloc(size);
  MUSTER_CHECK(memory != nullptr);
  // sodium_malloc locks too but forgets whether it could; asking again counts nothing twice.
  if (sodium_mlock(memory, size) != 0) {
    std::fprintf(stderr,
                 "cannot lock memory for a key; raise the limit (ulimit -l) and start again\n");
    std::abort();
  }
  return static_cast<uint8_t*>(memory);
}

}  // namespace

void Init() {
  static const bool ready = sodium_init() >= 0;
  MUSTER_CHECK(ready);
}

SecretBytes SecretBytes::Random(size_t size) {
  SecretBytes secret = Zeroed(size);
  if (size > 0) randombytes_buf(secret.data_, size);
  return secret;
}

SecretBytes SecretBytes::Zeroed(size_t size) {
  SecretBytes secret;
  if (size == 0) return secret;
  secret.data_ = Allocate(size);
  secret.size_ = size;
  sodium_memzero(secret.data_, size);
  return secret;
}

SecretBytes SecretBytes::CopyOf(ByteView bytes) {
  SecretBytes secret = Zeroed(bytes.size());
  std::copy(bytes.begin(), bytes.end(), secret.data_);
  return secret;
}

SecretBytes::~SecretBytes() {
  if (data_ != nullptr) sodium_free(data_);  // wipes
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    if (data_ != nullptr) sodium_free(data_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

bool operator==(const SecretBytes& a, const SecretBytes& b) {
  return a.size_ == b.size_ && (a.size_ == 0 || sodium_memcmp(a.data_, b.data_, a.size_) == 0);
}

void Wipe(void* data, size_t size) {
  if (size > 0) sodium_memzero(data, size);
}

WipedString& WipedString::operator=(WipedString&& other) noexcept {
  if (this != &other) {
    Clear();
    text_ = std::move(other.text_);
    other.Clear();  // a short string lies inside the object and was copied, not moved
  }
  return *this;
}

void WipedString::Clear() {
  text_.resize(text_.capacity());  // within the capacity: never moves the bytes
  Wipe(text_.data(), text_.size());
  text_.clear();
}

void FillRandom(std::span<uint8_t> out) {
  Init();
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

}  // namespace muster::crypto
