// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/builtin_layouts.h"

#include <iterator>

// The texts are part of the program: .incbin reads them while this file is assembled.
#define MUSTER_LAYOUT(symbol, file)                                                       \
  __asm__(                                                                                \
      ".pushsection .rodata\n"                                                            \
      ".global muster_layout_" #symbol                                                    \
      "\n"                                                                                \
      ".hidden muster_layout_" #symbol "\nmuster_layout_" #symbol                         \
      ":\n"                                                                               \
      ".incbin \"" MUSTER_LAYOUTS "/" file                                                \
      "\"\n"                                                                              \
      ".global muster_layout_" #symbol                                                    \
      "_end\n"                                                                            \
      ".hidden muster_layout_" #symbol "_end\nmuster_layout_" #symbol                     \
      "_end:\n"                                                                           \
      ".byte 0\n"                                                                         \
      ".popsection\n");                                                                   \
  extern "C" {                                                                            \
  extern const char muster_layout_##symbol[] __attribute__((visibility("hidden")));       \
  extern const char muster_layout_##symbol##_end[] __attribute__((visibility("hidden"))); \
  }

#define MUSTER_LAYOUTS_LIST(DO) \
  DO(ca, "ca.toml")             \
  DO(co, "co.toml")             \
  DO(de, "de.toml")             \
  DO(fl, "fl.toml")             \
  DO(mi, "mi.toml")             \
  DO(mi_fixed, "mi-fixed.toml") \
  DO(mn, "mn.toml")             \
  DO(nc, "nc.toml")             \
  DO(nc_2012, "nc-2012.toml")   \
  DO(nj, "nj.toml")             \
  DO(nj_26, "nj-26.toml")       \
  DO(nv, "nv.toml")             \
  DO(ny, "ny.toml")             \
  DO(ny_45, "ny-45.toml")       \
  DO(oh, "oh.toml")             \
  DO(ok, "ok.toml")             \
  DO(pa, "pa.toml")             \
  DO(tx, "tx.toml")             \
  DO(tx_679, "tx-679.toml")     \
  DO(ut, "ut.toml")             \
  DO(va, "va.toml")             \
  DO(vt, "vt.toml")             \
  DO(wa, "wa.toml")             \
  DO(wi, "wi.toml")

MUSTER_LAYOUTS_LIST(MUSTER_LAYOUT)

namespace muster::ingest {

std::span<const BuiltInText> BuiltInTexts() {
#define MUSTER_LAYOUT_TEXT(symbol, file) \
  {file,                                 \
   {muster_layout_##symbol,              \
    static_cast<size_t>(muster_layout_##symbol##_end - muster_layout_##symbol)}},
  static const BuiltInText texts[] = {MUSTER_LAYOUTS_LIST(MUSTER_LAYOUT_TEXT)};
#undef MUSTER_LAYOUT_TEXT
  return texts;
}

}  // namespace muster::ingest
