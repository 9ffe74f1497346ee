// SPDX-License-Identifier: Apache-2.0
//
// Bytes: views between byte spans and strings, text encodings, and a strict little reader and
// writer for binary formats.
//
// Byte strings are std::string (as in protobuf and RocksDB); fixed ones are std::array. Integers
// are little-endian in every format of ours; PutBe64 serves the standards that say otherwise and
// keys that must sort.
// Threads: pure.
// Errors: decoders return nullopt on anything but the one canonical form.
#ifndef MUSTER_CORE_BASE_BYTES_H_
#define MUSTER_CORE_BASE_BYTES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/strings/string_view.h"

namespace muster {

using Bytes8 = std::array<uint8_t, 8>;
using Bytes16 = std::array<uint8_t, 16>;
using Bytes32 = std::array<uint8_t, 32>;
using Bytes64 = std::array<uint8_t, 64>;
using ByteView = std::span<const uint8_t>;

// absl::string_view is a type of its own in this Abseil; this is the one crossing.
inline absl::string_view Av(std::string_view text) { return {text.data(), text.size()}; }

inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string ToString(ByteView bytes) { return std::string(AsText(bytes)); }

// Copies when the size is exactly N.
template <size_t N>
std::optional<std::array<uint8_t, N>> ToArray(std::string_view bytes) {
  if (bytes.size() != N) return std::nullopt;
  std::array<uint8_t, N> out;
  for (size_t i = 0; i < N; ++i) out[i] = static_cast<uint8_t>(bytes[i]);
  return out;
}

std::string HexEncode(ByteView bytes);                              // lowercase
std::optional<std::string> HexDecode(std::string_view text);        // either case
std::string Base64Encode(ByteView bytes);                           // RFC 4648 §4, padded
std::optional<std::string> Base64Decode(std::string_view text);     // canonical only
std::string Base64UrlEncode(ByteView bytes);                        // RFC 4648 §5, unpadded
std::optional<std::string> Base64UrlDecode(std::string_view text);  // canonical only, no padding
std::string Base32Encode(ByteView bytes);  // Crockford alphabet, lowercase, unpadded
std::optional<std::string> Base32Decode(std::string_view text);  // canonical only

inline void PutU8(std::string& out, uint8_t v) { out.push_back(static_cast<char>(v)); }
void PutU16(std::string& out, uint16_t v);
void PutU32(std::string& out, uint32_t v);
void PutU64(std::string& out, uint64_t v);
void PutBe32(std::string& out, uint32_t v);
void PutBe64(std::string& out, uint64_t v);
inline void PutBytes(std::string& out, ByteView bytes) { out.append(AsText(bytes)); }

// Reads in order; the first read past the end fails it, and every later read returns zeros. Ask
// Done() once at the end: true when nothing failed and nothing is left over.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  uint8_t U8();
  uint16_t U16();
  uint32_t U32();
  uint64_t U64();
  uint32_t Be32();
  uint64_t Be64();
  std::string_view Take(size_t n);
  template <size_t N>
  std::array<uint8_t, N> Array() {
    std::array<uint8_t, N> out{};
    if (auto a = ToArray<N>(Take(N))) out = *a;
    return out;
  }
  size_t remaining() const { return rest_.size(); }
  bool failed() const { return failed_; }
  bool Done() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace muster

#endif  // MUSTER_CORE_BASE_BYTES_H_
