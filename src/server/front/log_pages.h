// SPDX-License-Identifier: Apache-2.0
//
// Log pages: the log as C2SP tlog-tiles lays it out, for anybody's tools:
//
//   /checkpoint               the newest checkpoint, with the cosignatures that it has
//   /tile/<L>/<N>[.p/<W>]     hashes of the tree
//   /tile/entries/<N>[.p/<W>] entries: salted commitments of 32 bytes, which say nothing of anybody
//
// Rule: read-only, and nothing but what the signed tree covers. Tiles never change and may be kept
// for good; the checkpoint is asked for anew each time.
// Threads: safe from anywhere.
// Source: C2SP tlog-tiles.
#ifndef MUSTER_SERVER_FRONT_LOG_PAGES_H_
#define MUSTER_SERVER_FRONT_LOG_PAGES_H_

#include <string_view>

#include "server/front/http_server.h"
#include "server/front/journal.h"
#include "server/front/witness_book.h"

namespace muster::front {

HttpResponse ServeLogPage(const Journal& journal, const WitnessBook& witnesses,
                          std::string_view path);

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_LOG_PAGES_H_
