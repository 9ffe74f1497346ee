// SPDX-License-Identifier: Apache-2.0
//
// MUSTER_EMBED(symbol, path): makes the bytes of a file part of the program, as the array `symbol`
// and its end `symbol_end`, while the source is assembled. EmbeddedText gives them as text.
//
// Rule: in a .cc at file scope, with the file among the source's OBJECT_DEPENDS.
// Threads: constants.
#ifndef MUSTER_CORE_BASE_EMBED_H_
#define MUSTER_CORE_BASE_EMBED_H_

#include <string_view>

#define MUSTER_EMBED(symbol, path)                                        \
  __asm__(                                                                \
      ".pushsection .rodata\n"                                            \
      ".global " #symbol                                                  \
      "\n"                                                                \
      ".hidden " #symbol "\n" #symbol                                     \
      ":\n"                                                               \
      ".incbin \"" path                                                   \
      "\"\n"                                                              \
      ".global " #symbol                                                  \
      "_end\n"                                                            \
      ".hidden " #symbol "_end\n" #symbol                                 \
      "_end:\n"                                                           \
      ".byte 0\n"                                                         \
      ".popsection\n");                                                   \
  extern "C" {                                                            \
  extern const char symbol[] __attribute__((visibility("hidden")));       \
  extern const char symbol##_end[] __attribute__((visibility("hidden"))); \
  }

namespace muster {

inline std::string_view EmbeddedText(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace muster

#endif  // MUSTER_CORE_BASE_EMBED_H_
