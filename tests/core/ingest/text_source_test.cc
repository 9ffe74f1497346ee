// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/text_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "core/crypto/hash.h"
#include "tests/support/export_file.h"

namespace muster::ingest {
namespace {

using testing::Must;
using testing::TestFolder;

std::string AllOf(TextSource& source, size_t step = 1 << 16) {
  std::string text;
  std::string buffer(step, '\0');
  while (!source.at_end()) {
    const size_t n = Must(source.Read({buffer.data(), buffer.size()}));
    text.append(buffer, 0, n);
  }
  return text;
}

std::string Decoded(std::string_view bytes, std::optional<Encoding> wanted = std::nullopt,
                    size_t step = 1 << 16) {
  TestFolder folder;
  auto source = Must(TextSource::Open(folder.Write("f", bytes), wanted));
  return AllOf(*source, step);
}

std::string Utf16(std::u16string_view text, bool big, bool mark) {
  std::string bytes;
  const auto put = [&](char16_t unit) {
    const char low = static_cast<char>(unit & 0xff);
    const char high = static_cast<char>(unit >> 8);
    bytes.push_back(big ? high : low);
    bytes.push_back(big ? low : high);
  };
  if (mark) put(0xfeff);
  for (char16_t unit : text) put(unit);
  return bytes;
}

TEST_CASE("TextSource: UTF-8 with and without a byte order mark") {
  REQUIRE(Decoded("email\n") == "email\n");
  REQUIRE(Decoded("\xef\xbb\xbf"
                  "email\n") == "email\n");
  REQUIRE(Decoded("\xef\xbb\xbf"
                  "email\n",
                  Encoding::kWindows1252) == "email\n");
}

TEST_CASE("TextSource: UTF-16 of both orders, with a mark, without one, and when asked") {
  const std::u16string text = u"email\nzo\u00eb@example.org\n\u20ac\U0001f600\n";
  const std::string utf8 = "email\nzo\xc3\xab@example.org\n\xe2\x82\xac\xf0\x9f\x98\x80\n";
  for (bool big : {false, true}) {
    for (bool mark : {false, true}) {
      for (size_t step : {16, 17, 19, 1024})
        REQUIRE(Decoded(Utf16(text, big, mark), std::nullopt, step) == utf8);
    }
    REQUIRE(Decoded(Utf16(text, big, false), big ? Encoding::kUtf16Be : Encoding::kUtf16Le) ==
            utf8);
  }
}

TEST_CASE("TextSource: characters that straddle blocks and buffers stay whole") {
  // Pairs at every offset around the end of the 128 KiB block.
  for (size_t before = 65530; before < 65538; ++before) {
    std::u16string text(before, u'a');
    text += u"\U0001f600\n";
    std::string utf8(before, 'a');
    utf8 += "\xf0\x9f\x98\x80\n";
    REQUIRE(Decoded(Utf16(text, false, true), std::nullopt, 4099) == utf8);
  }
}

TEST_CASE("TextSource: what is no UTF-16 becomes a byte that is no UTF-8") {
  REQUIRE(Decoded(Utf16(std::u16string{u'a', 0xd83d, u'b'}, false, true)) ==
          "a\xff"
          "b");
  REQUIRE(Decoded(Utf16(std::u16string{u'a', 0xde00}, false, true)) == "a\xff");
  REQUIRE(Decoded(Utf16(std::u16string{u'a', 0xd83d}, false, true)) == "a\xff");
  REQUIRE(Decoded(Utf16(u"ab", false, true) + "c") == "ab\xff");
}

TEST_CASE("TextSource: windows-1252 as asked, its holes undecodable") {
  REQUIRE(Decoded("ren\xe9 \x80\x93\x94\n", Encoding::kWindows1252) ==
          "ren\xc3\xa9 \xe2\x82\xac\xe2\x80\x9c\xe2\x80\x9d\n");
  REQUIRE(Decoded("a\x81\x8d\x8f\x90\x9d", Encoding::kWindows1252) == "a\xff\xff\xff\xff\xff");
  REQUIRE(Decoded("a\xff", Encoding::kWindows1252, 16) == "a\xc3\xbf");
}

TEST_CASE("ParseEncoding: knows the usual names and says which") {
  REQUIRE(Must(ParseEncoding("Latin1")) == Encoding::kWindows1252);
  REQUIRE(Must(ParseEncoding("UTF-8")) == Encoding::kUtf8);
  REQUIRE(Must(ParseEncoding("utf-16be")) == Encoding::kUtf16Be);
  REQUIRE_REASON(ParseEncoding("ebcdic"), v1::ENCODING_MALFORMED);
  for (Encoding e :
       {Encoding::kUtf8, Encoding::kUtf16Le, Encoding::kUtf16Be, Encoding::kWindows1252}) {
    REQUIRE(Must(ParseEncoding(EncodingName(e))) == e);
  }
}

TEST_CASE("TextSource: hashes and counts the bytes as they stand in the file") {
  TestFolder folder;
  std::string bytes = Utf16(u"email\n", true, true);
  for (int i = 0; i < 200000; ++i) bytes += Utf16(u"x\u00e9", true, false);
  auto source = Must(TextSource::Open(folder.Write("f", bytes)));
  AllOf(*source);
  REQUIRE(source->bytes_read() == bytes.size());
  REQUIRE(source->FinishHash() == crypto::Blake2b256(bytes));
}

TEST_CASE("TextSource: reads pipes") {
  TestFolder folder;
  const std::filesystem::path fifo = folder.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  std::string bytes = "email\n";
  for (int i = 0; i < 50000; ++i) bytes += "a" + std::to_string(i) + "@example.com\n";
  std::thread writer([&] {
    const int fd = ::open(fifo.c_str(), O_WRONLY);
    for (size_t at = 0; at < bytes.size();) {
      const ssize_t n = ::write(fd, bytes.data() + at, std::min<size_t>(1000, bytes.size() - at));
      if (n <= 0) break;
      at += static_cast<size_t>(n);
    }
    ::close(fd);
  });
  auto source = TextSource::Open(fifo);
  std::string text;
  if (source.ok()) text = AllOf(**source);
  writer.join();
  REQUIRE(text == bytes);
}

TEST_CASE("TextSource: says what is wrong with a path", "[fault]") {
  TestFolder folder;
  REQUIRE_REASON(TextSource::Open(folder.path() / "none"), v1::FILE_NOT_FOUND);
  REQUIRE_REASON(TextSource::Open(folder.path()), v1::FILE_IS_DIRECTORY);
  REQUIRE_REASON(TextSource::Open(folder.Write("empty", "")), v1::FILE_EMPTY);
  REQUIRE_REASON(TextSource::Open(folder.Write("mark", "\xef\xbb\xbf")), v1::FILE_EMPTY);
  REQUIRE_REASON(TextSource::Open(folder.Write("zip", "PK\x03\x04...")), v1::ENCODING_MALFORMED);
  REQUIRE_REASON(TextSource::Open(folder.Write("gz", "\x1f\x8b...")), v1::ENCODING_MALFORMED);
  const auto locked = folder.Write("locked", "email\n");
  std::filesystem::permissions(locked, std::filesystem::perms::none);
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  // Root may read everything: be nobody for a moment.
  const bool root = ::geteuid() == 0;
  if (root) REQUIRE(::seteuid(65534) == 0);
  const absl::Status status = TextSource::Open(locked).status();
  if (root) REQUIRE(::seteuid(0) == 0);
  REQUIRE_REASON(status, v1::FILE_UNREADABLE);
  REQUIRE(status.message().find("locked") != absl::string_view::npos);
}

TEST_CASE("TextSource: notices that the file grew while it was read", "[fault]") {
  TestFolder folder;
  const auto path = folder.Write("f", std::string(400000, 'a'));
  auto source = Must(TextSource::Open(path));
  std::string buffer(1000, '\0');
  REQUIRE_OK(source->Read({buffer.data(), buffer.size()}));
  folder.Write("f", std::string(500000, 'b'));
  absl::Status status;
  while (status.ok() && !source->at_end())
    status = source->Read({buffer.data(), buffer.size()}).status();
  REQUIRE_REASON(status, v1::FILE_CHANGED);
}

}  // namespace
}  // namespace muster::ingest
