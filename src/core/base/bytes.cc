// SPDX-License-Identifier: Apache-2.0
#include "core/base/bytes.h"

#include "absl/strings/escaping.h"

namespace muster {
namespace {

constexpr std::string_view kBase32 = "0123456789abcdefghjkmnpqrstvwxyz";

template <typename T>
void PutLittle(std::string& out, T v) {
  for (size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>((v >> (8 * i)) & 0xff));
}

template <typename T>
void PutBig(std::string& out, T v) {
  for (size_t i = sizeof(T); i-- > 0;) out.push_back(static_cast<char>((v >> (8 * i)) & 0xff));
}

template <typename T>
T Little(std::string_view bytes) {
  T v = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    v = static_cast<T>(v |
                       static_cast<T>(static_cast<T>(static_cast<uint8_t>(bytes[i])) << (8 * i)));
  }
  return v;
}

template <typename T>
T Big(std::string_view bytes) {
  T v = 0;
  for (char c : bytes) v = static_cast<T>((v << 8) | static_cast<uint8_t>(c));
  return v;
}

// Abseil's decoder forgives whitespace and stray bits; only the form that we would write ourselves
// is let through.
template <typename Encode>
std::optional<std::string> Canonical(std::string_view text, bool ok, std::string decoded,
                                     Encode encode) {
  if (!ok || encode(AsBytes(decoded)) != text) return std::nullopt;
  return decoded;
}

}  // namespace

std::string HexEncode(ByteView bytes) { return absl::BytesToHexString(Av(AsText(bytes))); }

std::optional<std::string> HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  int high = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return std::nullopt;
    }
    if (i % 2 == 0) {
      high = digit;
    } else {
      out.push_back(static_cast<char>(high * 16 + digit));
    }
  }
  return out;
}

std::string Base64Encode(ByteView bytes) { return absl::Base64Escape(Av(AsText(bytes))); }

std::optional<std::string> Base64Decode(std::string_view text) {
  std::string out;
  const bool ok = absl::Base64Unescape(Av(text), &out);
  return Canonical(text, ok, std::move(out), Base64Encode);
}

std::string Base64UrlEncode(ByteView bytes) { return absl::WebSafeBase64Escape(Av(AsText(bytes))); }

std::optional<std::string> Base64UrlDecode(std::string_view text) {
  std::string out;
  const bool ok = absl::WebSafeBase64Unescape(Av(text), &out);
  return Canonical(text, ok, std::move(out), Base64UrlEncode);
}

std::string Base32Encode(ByteView bytes) {
  std::string out;
  uint32_t buffer = 0;
  int bits = 0;
  for (uint8_t byte : bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out.push_back(kBase32[(buffer >> bits) & 31]);
    }
  }
  if (bits > 0) out.push_back(kBase32[(buffer << (5 - bits)) & 31]);
  return out;
}

std::optional<std::string> Base32Decode(std::string_view text) {
  std::string out;
  uint32_t buffer = 0;
  int bits = 0;
  for (char c : text) {
    const size_t digit = kBase32.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    buffer = (buffer << 5) | static_cast<uint32_t>(digit);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>((buffer >> bits) & 0xff));
    }
  }
  return Canonical(text, true, std::move(out), Base32Encode);
}

void PutU16(std::string& out, uint16_t v) { PutLittle(out, v); }
void PutU32(std::string& out, uint32_t v) { PutLittle(out, v); }
void PutU64(std::string& out, uint64_t v) { PutLittle(out, v); }
void PutBe32(std::string& out, uint32_t v) { PutBig(out, v); }
void PutBe64(std::string& out, uint64_t v) { PutBig(out, v); }

std::string_view ByteReader::Take(size_t n) {
  if (failed_ || n > rest_.size()) {
    failed_ = true;
    return {};
  }
  std::string_view taken = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return taken;
}

uint8_t ByteReader::U8() { return Little<uint8_t>(Take(1)); }
uint16_t ByteReader::U16() { return Little<uint16_t>(Take(2)); }
uint32_t ByteReader::U32() { return Little<uint32_t>(Take(4)); }
uint64_t ByteReader::U64() { return Little<uint64_t>(Take(8)); }
uint32_t ByteReader::Be32() { return Big<uint32_t>(Take(4)); }
uint64_t ByteReader::Be64() { return Big<uint64_t>(Take(8)); }

}  // namespace muster
