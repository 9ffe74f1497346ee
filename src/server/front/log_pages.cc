// SPDX-License-Identifier: Apache-2.0
#include "server/front/log_pages.h"

#include "core/tlog/tile.h"

namespace muster::front {
namespace {

HttpResponse NotFound() {
  HttpResponse response;
  response.status = 404;
  response.headers = {{"Cache-Control", "no-store"}};
  response.body = "not found\n";
  return response;
}

}  // namespace

HttpResponse ServeLogPage(const Journal& journal, const WitnessBook& witnesses,
                          std::string_view path) {
  HttpResponse response;
  response.headers = {{"Access-Control-Allow-Origin", "*"}};
  if (path == "/checkpoint") {
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.body = witnesses.Cosigned(journal.checkpoint());
    return response;
  }
  if (!path.starts_with('/')) return NotFound();
  const auto request = tlog::ParseTilePath(path.substr(1));
  if (!request.has_value()) return NotFound();
  absl::StatusOr<std::string> tile = journal.ReadTile(*request);
  if (absl::IsNotFound(tile.status())) return NotFound();
  if (!tile.ok()) {
    response.status = 500;
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = "the log cannot be read\n";
    return response;
  }
  response.content_type = "application/octet-stream";
  response.headers.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
  response.body = *std::move(tile);
  return response;
}

}  // namespace muster::front
