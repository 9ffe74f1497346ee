// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/text_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/secret_bytes.h"

namespace muster::ingest {
namespace {

constexpr size_t kBlockBytes = size_t{128} << 10;
constexpr char kUndecodable = '\xff';
constexpr size_t kUtf8BytesMax = 4;  // of one character

// windows-1252 0x80 to 0x9f; the five that it leaves open are undecodable.
constexpr std::array<uint16_t, 32> kWindows1252High = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

char* PutUtf8(char* out, uint32_t c) {
  const auto put = [&](uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
  return out;
}

bool IsHighSurrogate(uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool IsLowSurrogate(uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

}  // namespace

bool AppendWindows1252(std::string_view text, std::string& out) {
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const uint32_t code = byte >= 0x80 && byte < 0xa0 ? kWindows1252High[byte - 0x80] : byte;
    if (code == 0) return false;
    char encoded[kUtf8BytesMax];
    const char* const end = PutUtf8(encoded, code);
    out.append(encoded, static_cast<size_t>(end - encoded));
  }
  return true;
}

std::string_view EncodingName(Encoding encoding) {
  switch (encoding) {
    case Encoding::kUtf8:
      return "UTF-8";
    case Encoding::kUtf16Le:
      return "UTF-16LE";
    case Encoding::kUtf16Be:
      return "UTF-16BE";
    case Encoding::kWindows1252:
      return "windows-1252";
  }
  return "";
}

absl::StatusOr<Encoding> ParseEncoding(std::string_view name) {
  const std::string lower = absl::AsciiStrToLower(Av(name));
  if (lower == "utf-8" || lower == "utf8") return Encoding::kUtf8;
  if (lower == "utf-16le" || lower == "utf16le" || lower == "utf-16") return Encoding::kUtf16Le;
  if (lower == "utf-16be" || lower == "utf16be") return Encoding::kUtf16Be;
  for (std::string_view other :
       {"windows-1252", "cp1252", "latin1", "latin-1", "iso-8859-1", "ansi"}) {
    if (lower == other) return Encoding::kWindows1252;
  }
  return MakeError(
      v1::ENCODING_MALFORMED,
      "no such encoding; known are utf-8, utf-16le, utf-16be, windows-1252 and latin1");
}

TextSource::TextSource(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {
  block_.resize(kBlockBytes);
}

TextSource::~TextSource() {
  if (fd_ >= 0) ::close(fd_);
  crypto::Wipe(block_.data(), block_.size());
}

absl::StatusOr<std::unique_ptr<TextSource>> TextSource::Open(const std::filesystem::path& path,
                                                             std::optional<Encoding> wanted) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return ErrnoError(errno, "cannot open", path);
  std::unique_ptr<TextSource> source(new TextSource(path, fd));
  if (::fstat(fd, &source->opened_) != 0) return ErrnoError(errno, "cannot read", path);
  if (S_ISDIR(source->opened_.st_mode)) return ErrnoError(EISDIR, "cannot read", path);
  MUSTER_RETURN_IF_ERROR(source->Refill());
  MUSTER_RETURN_IF_ERROR(source->Recognize(wanted));
  return source;
}

// Fills the block up; a pipe gives less at a time than was asked for.
absl::Status TextSource::Refill() {
  if (begin_ > 0) {
    std::memmove(block_.data(), block_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (!file_ended_ && end_ < block_.size()) {
    const ssize_t n = ::read(fd_, block_.data() + end_, block_.size() - end_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "cannot read", path_);
    if (n == 0) {
      file_ended_ = true;
      return CheckUnchanged();
    }
    const size_t bytes = static_cast<size_t>(n);
    hash_.Update({block_.data() + end_, bytes});
    bytes_read_ += bytes;
    end_ += bytes;
  }
  return absl::OkStatus();
}

absl::Status TextSource::CheckUnchanged() const {
  if (!S_ISREG(opened_.st_mode)) return absl::OkStatus();
  struct stat now = {};
  if (::fstat(fd_, &now) != 0) return ErrnoError(errno, "cannot read", path_);
  if (now.st_size != opened_.st_size || now.st_mtim.tv_sec != opened_.st_mtim.tv_sec ||
      now.st_mtim.tv_nsec != opened_.st_mtim.tv_nsec) {
    return MakeError(v1::FILE_CHANGED, path_.string() +
                                           " was changed while it was being read; wait until it is "
                                           "whole and run the command again");
  }
  return absl::OkStatus();
}

absl::Status TextSource::Recognize(std::optional<Encoding> wanted) {
  const std::string_view start(block_.data(), end_);
  const auto starts = [&](std::string_view bytes) {
    return start.substr(0, bytes.size()) == bytes;
  };
  if (start.empty()) {
    return MakeError(v1::FILE_EMPTY, path_.string() + " is empty; export it again");
  }
  if (starts("PK\x03\x04")) {
    return MakeError(
        v1::ENCODING_MALFORMED,
        path_.string() + " is a zip archive or an Excel workbook; unpack it, or save it as CSV");
  }
  if (starts("\xd0\xcf\x11\xe0") || starts("\x1f\x8b") || starts("%PDF")) {
    return MakeError(
        v1::ENCODING_MALFORMED,
        path_.string() + " is a workbook, an archive or a PDF; unpack it, or save it as CSV");
  }
  encoding_ = wanted.value_or(Encoding::kUtf8);
  if (starts("\xef\xbb\xbf")) {
    encoding_ = Encoding::kUtf8;
    begin_ = 3;
  } else if (starts("\xff\xfe")) {
    encoding_ = Encoding::kUtf16Le;
    begin_ = 2;
  } else if (starts("\xfe\xff")) {
    encoding_ = Encoding::kUtf16Be;
    begin_ = 2;
  } else if (!wanted.has_value() && start.size() >= 4) {
    const auto zero = [&](size_t i) { return start[i] == '\0'; };
    if (!zero(0) && zero(1) && !zero(2) && zero(3)) encoding_ = Encoding::kUtf16Le;
    if (zero(0) && !zero(1) && zero(2) && !zero(3)) encoding_ = Encoding::kUtf16Be;
  }
  if (begin_ == end_) {
    return MakeError(v1::FILE_EMPTY,
                     path_.string() + " holds a byte order mark and nothing else; export it again");
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> TextSource::Read(std::span<char> out) {
  size_t written = 0;
  while (out.size() - written >= kUtf8BytesMax && !at_end_) {
    written += Decode(out.subspan(written));
    if (out.size() - written < kUtf8BytesMax) break;
    if (file_ended_) {
      // Half a UTF-16 unit or pair may be left.
      if (begin_ < end_) out[written++] = kUndecodable;
      begin_ = end_;
      at_end_ = true;
    } else {
      MUSTER_RETURN_IF_ERROR(Refill());
    }
  }
  return written;
}

size_t TextSource::Decode(std::span<char> out) {
  switch (encoding_) {
    case Encoding::kUtf8: {
      const size_t n = std::min(out.size(), end_ - begin_);
      std::memcpy(out.data(), block_.data() + begin_, n);
      begin_ += n;
      return n;
    }
    case Encoding::kUtf16Le:
    case Encoding::kUtf16Be:
      return DecodeUtf16(out);
    case Encoding::kWindows1252:
      return DecodeWindows1252(out);
  }
  return 0;
}

size_t TextSource::DecodeUtf16(std::span<char> out) {
  const size_t low = encoding_ == Encoding::kUtf16Le ? 0 : 1;
  const auto unit_at = [&](size_t i) -> uint32_t {
    return static_cast<uint32_t>(static_cast<uint8_t>(block_[i + low]) |
                                 (static_cast<uint8_t>(block_[i + 1 - low]) << 8));
  };
  char* to = out.data();
  char* const limit = out.data() + out.size() - (kUtf8BytesMax - 1);
  while (to < limit && end_ - begin_ >= 2) {
    const uint32_t unit = unit_at(begin_);
    if (IsHighSurrogate(unit)) {
      if (end_ - begin_ < 4) break;
      const uint32_t next = unit_at(begin_ + 2);
      if (IsLowSurrogate(next)) {
        to = PutUtf8(to, 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00));
        begin_ += 4;
        continue;
      }
    }
    if (IsHighSurrogate(unit) || IsLowSurrogate(unit)) {
      *to++ = kUndecodable;
    } else {
      to = PutUtf8(to, unit);
    }
    begin_ += 2;
  }
  return static_cast<size_t>(to - out.data());
}

size_t TextSource::DecodeWindows1252(std::span<char> out) {
  char* to = out.data();
  char* const limit = out.data() + out.size() - (kUtf8BytesMax - 1);
  for (; to < limit && begin_ < end_; ++begin_) {
    const auto byte = static_cast<uint8_t>(block_[begin_]);
    const uint32_t c = byte >= 0x80 && byte < 0xa0 ? kWindows1252High[byte - 0x80] : byte;
    if (byte != 0 && c == 0) {
      *to++ = kUndecodable;
    } else {
      to = PutUtf8(to, c);
    }
  }
  return static_cast<size_t>(to - out.data());
}

Bytes32 TextSource::FinishHash() {
  MUSTER_CHECK(at_end_);
  return hash_.Finish();
}

}  // namespace muster::ingest
