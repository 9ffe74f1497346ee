// SPDX-License-Identifier: Apache-2.0
//
// A reader of transparency logs that shares no code with ours, as somebody else's tool would be:
// written from RFC 6962 and the C2SP pages, slowly and plainly, on OpenSSL alone.
//
// Rule: nothing of src/ is included here.
#ifndef MUSTER_TESTS_SUPPORT_NAIVE_LOG_READER_H_
#define MUSTER_TESTS_SUPPORT_NAIVE_LOG_READER_H_

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster::naive {

inline std::string Sha256(const std::string& bytes) {
  std::string out(32, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

inline std::string Unbase64(const std::string& text) {
  std::string out(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return "";
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<size_t>(size) - padding);
  return out;
}

// MTH of RFC 6962, section 2.1, by its words, over hashes of leaves.
inline std::string TreeHash(const std::vector<std::string>& leaves, size_t begin, size_t end) {
  if (begin == end) return Sha256("");
  if (end - begin == 1) return leaves[begin];
  size_t k = 1;
  while (k * 2 < end - begin) k *= 2;
  return Sha256(std::string(1, '\1') + TreeHash(leaves, begin, begin + k) +
                TreeHash(leaves, begin + k, end));
}

inline bool Ed25519Holds(const std::string& key, const std::string& message,
                         const std::string& signature) {
  EVP_PKEY* const public_key = EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(key.data()), key.size());
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool holds =
      public_key != nullptr &&
      EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, public_key) == 1 &&
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(public_key);
  return holds;
}

inline std::string TilePath(size_t index, size_t width) {
  std::string path;
  for (bool last = true; last || index > 0; last = false, index /= 1000) {
    std::string three = std::to_string(index % 1000);
    three.insert(0, 3 - three.size(), '0');
    path = (last ? "" : "x") + three + (last ? "" : "/") + path;
  }
  return width == 256 ? path : path + ".p/" + std::to_string(width);
}

struct ReadLog {
  std::string failure;  // empty: everything holds
  size_t size = 0;
  std::vector<std::string> entries;
  size_t cosignatures = 0;
};

// Reads the whole log through `fetch` (a path below the prefix; nothing: not there) and checks it.
inline ReadLog ReadWholeLog(
    const std::string& vkey,
    const std::function<std::optional<std::string>(const std::string&)>& fetch) {
  ReadLog log;
  const auto fail = [&log](const std::string& what) {
    log.failure = what;
    return log;
  };
  const size_t plus = vkey.find('+');
  const std::string name = vkey.substr(0, plus);
  const std::string material = Unbase64(vkey.substr(vkey.find('+', plus + 1) + 1));
  if (material.size() != 33 || material[0] != 1) return fail("no Ed25519 key");

  const auto note = fetch("checkpoint");
  if (!note) return fail("no checkpoint");
  const size_t blank = note->find("\n\n");
  if (blank == std::string::npos) return fail("no note");
  const std::string text = note->substr(0, blank + 1);
  bool holds = false;
  for (size_t at = blank + 2; at < note->size();) {
    const size_t end = note->find('\n', at);
    const std::string line = note->substr(at, end - at);
    at = end + 1;
    const std::string prefix = "\xe2\x80\x94 ";
    const size_t space = line.rfind(' ');
    const std::string signature = Unbase64(line.substr(space + 1));
    if (line.compare(0, prefix.size(), prefix) != 0 || signature.size() < 5)
      return fail("a signature line is malformed");
    if (line.substr(prefix.size(), space - prefix.size()) != name) {
      ++log.cosignatures;
      continue;
    }
    if (signature.substr(0, 4) != Sha256(name + "\n" + material).substr(0, 4)) continue;
    holds = Ed25519Holds(material.substr(1), text, signature.substr(4));
  }
  if (!holds) return fail("the log did not sign");
  const size_t first = text.find('\n');
  const size_t second = text.find('\n', first + 1);
  if (text.substr(0, first) != name) return fail("another origin");
  log.size = std::stoull(text.substr(first + 1, second - first - 1));
  const std::string root = Unbase64(text.substr(second + 1, text.size() - second - 2));

  // Entries, their leaves, and every level's tiles.
  std::vector<std::string> leaves;
  for (size_t index = 0; index * 256 < log.size; ++index) {
    const size_t width = std::min<size_t>(256, log.size - index * 256);
    const auto bundle = fetch("tile/entries/" + TilePath(index, width));
    if (!bundle) return fail("no entry bundle " + std::to_string(index));
    size_t at = 0;
    for (size_t i = 0; i < width; ++i) {
      if (at + 2 > bundle->size()) return fail("a short bundle");
      const size_t length = static_cast<unsigned char>((*bundle)[at]) * size_t{256} +
                            static_cast<unsigned char>((*bundle)[at + 1]);
      if (at + 2 + length > bundle->size()) return fail("a short bundle");
      log.entries.push_back(bundle->substr(at + 2, length));
      leaves.push_back(Sha256(std::string(1, '\0') + log.entries.back()));
      at += 2 + length;
    }
    if (at != bundle->size()) return fail("a long bundle");
  }
  if (TreeHash(leaves, 0, leaves.size()) != root) return fail("the entries are not the root's");
  size_t span = 1;
  for (int level = 0; log.size / span > 0; ++level, span *= 256) {
    const size_t hashes = log.size / span;
    for (size_t index = 0; index * 256 < hashes; ++index) {
      const size_t width = std::min<size_t>(256, hashes - index * 256);
      const auto tile = fetch("tile/" + std::to_string(level) + "/" + TilePath(index, width));
      if (!tile) return fail("no tile of level " + std::to_string(level));
      std::string expected;
      for (size_t i = index * 256; i < index * 256 + width; ++i)
        expected += TreeHash(leaves, i * span, (i + 1) * span);
      if (*tile != expected) return fail("a tile of level " + std::to_string(level) + " is wrong");
    }
  }
  return log;
}

}  // namespace muster::naive

#endif  // MUSTER_TESTS_SUPPORT_NAIVE_LOG_READER_H_
