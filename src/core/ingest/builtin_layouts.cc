// SPDX-License-Identifier: Apache-2.0
#include "core/ingest/builtin_layouts.h"

#include <iterator>

#include "core/base/embed.h"

#define MUSTER_LAYOUT(symbol, file) MUSTER_EMBED(muster_layout_##symbol, MUSTER_LAYOUTS "/" file)

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
  {file, EmbeddedText(muster_layout_##symbol, muster_layout_##symbol##_end)},
  static const BuiltInText texts[] = {MUSTER_LAYOUTS_LIST(MUSTER_LAYOUT_TEXT)};
#undef MUSTER_LAYOUT_TEXT
  return texts;
}

}  // namespace muster::ingest
