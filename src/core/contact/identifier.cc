// SPDX-License-Identifier: Apache-2.0
#include "core/contact/identifier.h"

#include <idn2.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <array>
#include <cstring>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/status.h"

namespace muster::contact {
namespace {

constexpr size_t kLocalBytesMax = 64;
constexpr size_t kDomainBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;
// No address of kEmailBytesMax bytes comes from more text than this; it bounds what ICU and libidn2
// get to chew on.
constexpr size_t kEmailTextBytesMax = 1024;

constexpr uint8_t kAtom = 1;   // RFC 5322 atext
constexpr uint8_t kLabel = 2;  // letters, digits, hyphen
constexpr uint8_t kDigit = 4;

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (size_t c = 'a'; c <= 'z'; ++c) classes[c] = kAtom | kLabel;
  for (size_t c = 'A'; c <= 'Z'; ++c) classes[c] = kAtom | kLabel;
  for (size_t c = '0'; c <= '9'; ++c) classes[c] = kAtom | kLabel | kDigit;
  for (char c : std::string_view("!#$%&'*+-/=?^_`{|}~")) classes[static_cast<uint8_t>(c)] |= kAtom;
  classes['-'] |= kLabel;
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

uint8_t ClassOf(char c) { return kClasses[static_cast<uint8_t>(c)]; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

absl::Status EmailError(Reason reason, std::string_view what) {
  return MakeError(reason, "email: " + std::string(what));
}

absl::Status BadDomain() {
  return EmailError(v1::EMAIL_DOMAIN_MALFORMED,
                    "the part after the @ is not a domain like example.org; correct it");
}

absl::Status BadLocal(std::string_view what) {
  return EmailError(v1::EMAIL_MALFORMED, std::string(what) + "; correct it");
}

absl::Status TooLong() {
  return EmailError(v1::EMAIL_TOO_LONG,
                    "longer than mail allows (64 bytes before the @, 254 in all); correct it");
}

// Characters of a Unicode local part that nobody can see, or that no standard has assigned, are
// dirt from copying.
bool IsVisible(UChar32 c) {
  constexpr uint32_t kRefused =
      U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CN_MASK | U_GC_CO_MASK | U_GC_CS_MASK | U_GC_Z_MASK;
  return (U_GET_GC_MASK(c) & kRefused) == 0;
}

absl::Status CheckLocal(std::string_view local) {
  if (local.empty()) return BadLocal("nothing before the @");
  char previous = '.';
  bool ascii = true;
  for (char c : local) {
    if (c == '.') {
      if (previous == '.') return BadLocal("a dot at the start, or two in a row");
    } else if ((ClassOf(c) & kAtom) == 0) {
      if (c == '@') return BadLocal("more than one @");
      if (static_cast<uint8_t>(c) < 0x80)
        return BadLocal("a space or character that no address has");
      ascii = false;
    }
    previous = c;
  }
  if (previous == '.') return BadLocal("a dot right before the @");
  if (!ascii) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(local.data());
    const auto size = static_cast<int32_t>(local.size());
    for (int32_t i = 0; i < size;) {
      UChar32 c = 0;
      U8_NEXT(bytes, i, size, c);
      if (c < 0 || (c >= 0x80 && !IsVisible(c))) return BadLocal("an invisible character");
    }
  }
  return absl::OkStatus();
}

// Appends `domain`, which is ASCII, in lowercase. Sets `*has_a_label` when a label starts with
// xn--.
bool AppendAsciiDomain(std::string_view domain, std::string& out, bool* has_a_label) {
  if (domain.empty() || domain.size() > kDomainBytesMax) return false;
  size_t label = 0;  // where the current one starts
  size_t labels = 1;
  bool only_digits = true;
  const size_t start = out.size();
  for (size_t i = 0; i < domain.size(); ++i) {
    const char c = domain[i];
    if (c == '.') {
      const size_t size = i - label;
      if (size == 0 || size > kLabelBytesMax || domain[i - 1] == '-') return false;
      label = i + 1;
      ++labels;
      only_digits = true;
    } else {
      const uint8_t kind = ClassOf(c);
      if ((kind & kLabel) == 0 || (c == '-' && i == label)) return false;
      if ((kind & kDigit) == 0) only_digits = false;
    }
  }
  const size_t size = domain.size() - label;
  // No top-level domain has one letter or digits alone; four numbers are an address literal without
  // its brackets.
  if (labels < 2 || size < 2 || size > kLabelBytesMax || domain.back() == '-' || only_digits)
    return false;
  for (char c : domain) out.push_back(Lower(c));
  for (size_t i = start; (i = out.find("xn--", i)) != std::string::npos; i += 4) {
    if (i == start || out[i - 1] == '.') *has_a_label = true;
  }
  return true;
}

absl::Status AppendUnicodeDomain(std::string_view domain, std::string& out) {
  const std::string zero_ended(domain);
  uint8_t* ascii = nullptr;
  const int rc = idn2_lookup_u8(reinterpret_cast<const uint8_t*>(zero_ended.c_str()), &ascii,
                                IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  if (rc != IDN2_OK) return BadDomain();
  const std::string labels(reinterpret_cast<const char*>(ascii));
  idn2_free(ascii);
  bool has_a_label = false;
  if (!AppendAsciiDomain(labels, out, &has_a_label)) return BadDomain();
  return absl::OkStatus();
}

absl::Status AppendDomain(std::string_view domain, std::string& out) {
  if (!IsAscii(domain)) return AppendUnicodeDomain(domain, out);
  bool has_a_label = false;
  const size_t start = out.size();
  if (!AppendAsciiDomain(domain, out, &has_a_label)) return BadDomain();
  if (!has_a_label) return absl::OkStatus();
  // An A-label is one only when it decodes to something that encodes to it again.
  const std::string lowered = out.substr(start);
  out.resize(start);
  return AppendUnicodeDomain(lowered, out);
}

const icu::Normalizer2& Nfc() {
  static const icu::Normalizer2* const nfc = [] {
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* instance = icu::Normalizer2::getNFCInstance(error);
    MUSTER_CHECK(U_SUCCESS(error));
    return instance;
  }();
  return *nfc;
}

// Bytes of the blank character that `text` starts with, or 0.
size_t BlankAtStart(std::string_view text) {
  const auto b = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
  if (text.empty()) return 0;
  if (b(0) <= 0x20 || b(0) == 0x7f) return 1;
  if (b(0) == 0xc2 && (b(1) == 0x85 || b(1) == 0xa0 || b(1) == 0xad)) return 2;
  if (b(0) == 0xe1 && b(1) == 0x9a && b(2) == 0x80) return 3;
  if (b(0) == 0xe2 && b(1) == 0x80 &&
      ((b(2) >= 0x80 && b(2) <= 0x8f) || (b(2) >= 0xa8 && b(2) <= 0xaf)))
    return 3;
  if (b(0) == 0xe2 && b(1) == 0x81 &&
      (b(2) == 0x9f || b(2) == 0xa0 || (b(2) >= 0xa6 && b(2) <= 0xa9)))
    return 3;
  if (b(0) == 0xe3 && b(1) == 0x80 && b(2) == 0x80) return 3;
  if (b(0) == 0xef && b(1) == 0xbb && b(2) == 0xbf) return 3;
  return 0;
}

size_t BlankAtEnd(std::string_view text) {
  for (size_t n = 1; n <= 3 && n <= text.size(); ++n) {
    if (BlankAtStart(text.substr(text.size() - n)) == n) return n;
  }
  return 0;
}

}  // namespace

bool IsAscii(std::string_view text) {
  const char* p = text.data();
  size_t n = text.size();
  uint64_t seen = 0;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    seen |= word;
  }
  for (; n > 0; ++p, --n) seen |= static_cast<uint8_t>(*p);
  return (seen & 0x8080808080808080) == 0;
}

bool IsUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = p + text.size();
  while (p < end) {
    while (end - p >= 8) {
      uint64_t word;
      std::memcpy(&word, p, 8);
      // Either a high bit, or a zero byte (the borrow of subtracting one from each).
      if (((word | (word - 0x0101010101010101)) & 0x8080808080808080) != 0) break;
      p += 8;
    }
    if (p == end) break;
    const uint8_t c = *p;
    if (c == 0) return false;
    if (c < 0x80) {
      ++p;
      continue;
    }
    const ptrdiff_t left = end - p;
    const auto tail = [&](int i) { return (p[i] & 0xc0) == 0x80; };
    if (c >= 0xc2 && c <= 0xdf) {
      if (left < 2 || !tail(1)) return false;
      p += 2;
    } else if (c >= 0xe0 && c <= 0xef) {
      if (left < 3 || !tail(1) || !tail(2)) return false;
      if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f)) return false;
      p += 3;
    } else if (c >= 0xf0 && c <= 0xf4) {
      if (left < 4 || !tail(1) || !tail(2) || !tail(3)) return false;
      if ((c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f)) return false;
      p += 4;
    } else {
      return false;
    }
  }
  return true;
}

void ToNfcInto(std::string_view text, std::string& out) {
  if (IsAscii(text)) {
    out.assign(text);
    return;
  }
  const icu::StringPiece piece(text.data(), static_cast<int32_t>(text.size()));
  UErrorCode error = U_ZERO_ERROR;
  if (Nfc().isNormalizedUTF8(piece, error) && U_SUCCESS(error)) {
    out.assign(text);
    return;
  }
  error = U_ZERO_ERROR;
  std::string normal;
  icu::StringByteSink<std::string> sink(&normal, static_cast<int32_t>(text.size()));
  Nfc().normalizeUTF8(0, piece, sink, nullptr, error);
  MUSTER_CHECK(U_SUCCESS(error));
  out.assign(normal);
}

std::string ToNfc(std::string_view text) {
  std::string out;
  ToNfcInto(text, out);
  return out;
}

std::string_view TrimSpace(std::string_view text) {
  const auto solid = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!text.empty() && solid(text.front()) && solid(text.back())) return text;
  while (size_t n = BlankAtStart(text)) text.remove_prefix(n);
  while (size_t n = BlankAtEnd(text)) text.remove_suffix(n);
  return text;
}

absl::Status ParseEmailInto(std::string_view text, std::string& out) {
  out.clear();
  text = TrimSpace(text);
  if (text.empty())
    return EmailError(v1::EMAIL_MISSING, "no address; fill it in or leave the row out");
  if (text.size() > kEmailTextBytesMax) return TooLong();
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos) {
    return IsUtf8(text) ? BadLocal("no @ in it")
                        : EmailError(v1::ENCODING_MALFORMED, "not UTF-8 text");
  }
  std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  std::string normal;
  if (!IsAscii(text)) {
    if (!IsUtf8(text)) {
      return EmailError(v1::ENCODING_MALFORMED,
                        "not UTF-8 text; save the file as UTF-8 or name its encoding");
    }
    normal = ToNfc(local);
    local = normal;
  }
  MUSTER_RETURN_IF_ERROR(CheckLocal(local));
  if (local.size() > kLocalBytesMax) return TooLong();
  out.append(local);
  out.push_back('@');
  absl::Status status =
      domain.size() > kDomainBytesMax && IsAscii(domain) ? TooLong() : AppendDomain(domain, out);
  if (status.ok() && out.size() > kEmailBytesMax) status = TooLong();
  if (!status.ok()) out.clear();
  return status;
}

absl::StatusOr<Email> ParseEmail(std::string_view text) {
  std::string out;
  MUSTER_RETURN_IF_ERROR(ParseEmailInto(text, out));
  const size_t at = out.rfind('@');
  Email email;
  email.domain = out.substr(at + 1);
  email.local = std::move(out);
  email.local.resize(at);
  return email;
}

}  // namespace muster::contact
