// SPDX-License-Identifier: Apache-2.0
//
// TextSource: a file's bytes as UTF-8 text, hashed on the way, in a bounded buffer whatever the
// file's size.
//
// Rule: a byte order mark decides the encoding; without one the caller's word does, else UTF-8 (or
// UTF-16, when every other byte of the start is zero). What cannot be decoded becomes the byte FF,
// which no UTF-8 has, so that the row it stands in is refused and not the file.
// Units: bytes. Pipes are read like files.
// Errors: base/file.h's for opening and reading; FILE_EMPTY; FILE_CHANGED when the file was
// written to meanwhile; ENCODING_MALFORMED for spreadsheets and archives. Messages name the path
// and the remedy.
// Threads: one at a time. The buffer is wiped at the end.
// Source: the WHATWG Encoding Standard's windows-1252 (also what "latin1" means in practice).
#ifndef MUSTER_CORE_INGEST_TEXT_SOURCE_H_
#define MUSTER_CORE_INGEST_TEXT_SOURCE_H_

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/crypto/hash.h"

namespace muster::ingest {

enum class Encoding : uint8_t { kUtf8, kUtf16Le, kUtf16Be, kWindows1252 };

std::string_view EncodingName(Encoding encoding);  // "UTF-8"
// "utf-8", "utf-16le", "utf-16be", "windows-1252" and its other names, in either case.
// INVALID_ARGUMENT (ENCODING_MALFORMED).
absl::StatusOr<Encoding> ParseEncoding(std::string_view name);

// Appends a text that is in windows-1252. False when it has a byte that stands for nothing there.
bool AppendWindows1252(std::string_view text, std::string& out);

class TextSource {
 public:
  // Reads the first block, so that Encoding is known.
  static absl::StatusOr<std::unique_ptr<TextSource>> Open(
      const std::filesystem::path& path, std::optional<Encoding> wanted = std::nullopt);
  ~TextSource();
  TextSource(const TextSource&) = delete;
  TextSource& operator=(const TextSource&) = delete;

  // Fills `out` with text, up to the last few bytes; less only before at_end() turns true. `out`
  // takes at least 16 bytes.
  absl::StatusOr<size_t> Read(std::span<char> out);
  bool at_end() const { return at_end_; }

  Encoding encoding() const { return encoding_; }
  const std::filesystem::path& path() const { return path_; }
  uint64_t bytes_read() const { return bytes_read_; }
  // BLAKE2b-256 of the bytes as they stand in the file; once, after at_end().
  Bytes32 FinishHash();

 private:
  TextSource(std::filesystem::path path, int fd);
  absl::Status Refill();
  absl::Status Recognize(std::optional<Encoding> wanted);
  absl::Status CheckUnchanged() const;
  // Moves text from the block to `out`; returns the bytes written. Leaves what needs more bytes, or
  // more room.
  size_t Decode(std::span<char> out);
  size_t DecodeUtf16(std::span<char> out);
  size_t DecodeWindows1252(std::span<char> out);

  std::filesystem::path path_;
  int fd_;
  struct stat opened_ = {};
  Encoding encoding_ = Encoding::kUtf8;
  std::string block_;  // bytes [begin_, end_) are not yet decoded
  size_t begin_ = 0;
  size_t end_ = 0;
  bool file_ended_ = false;
  bool at_end_ = false;
  uint64_t bytes_read_ = 0;
  crypto::Blake2bStream hash_;
};

}  // namespace muster::ingest

#endif  // MUSTER_CORE_INGEST_TEXT_SOURCE_H_
