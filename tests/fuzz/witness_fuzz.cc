// SPDX-License-Identifier: Apache-2.0
//
// The input is read as a witness policy, an add-checkpoint request, a gossip line, a tile's path
// and an entry bundle. What is accepted has one form, and no stranger's line is the log's.
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/tlog/gossip.h"
#include "core/tlog/policy.h"
#include "core/tlog/tile.h"
#include "core/tlog/witness.h"

namespace muster::tlog {
namespace {

void ReadPolicy(std::string_view text) {
  const auto policy = ParsePolicy(text);
  if (!policy.ok()) return;
  const std::string written = FormatPolicy(*policy);
  const auto again = ParsePolicy(written);
  MUSTER_CHECK(again.ok() && FormatPolicy(*again) == written);
  MUSTER_CHECK(IsQuorum(*policy, {}) == (policy->quorum == "none"));
  std::vector<std::string> everybody;
  for (const PolicyWitness& witness : policy->witnesses) everybody.push_back(witness.name);
  MUSTER_CHECK(IsQuorum(*policy, everybody));
}

void ReadRequest(std::string_view body) {
  const auto request = ParseAddCheckpoint(body);
  if (request.ok()) MUSTER_CHECK(FormatAddCheckpoint(*request) == body);
}

void ReadGossip(std::string_view line) {
  static const NoteKey key{"o", kAlgorithmEd25519, crypto::SigningKey::Generate().verify_key()};
  MUSTER_CHECK(!ParseGossip(line, key).ok());
}

void ReadTiles(std::string_view text) {
  if (const auto request = ParseTilePath(text); request.has_value()) {
    MUSTER_CHECK((request->entries ? EntryBundlePath(request->id.index, request->width)
                                   : TilePath(request->id, request->width)) == text);
  }
  if (const auto entries = ParseEntryBundle(text); entries.has_value()) {
    size_t bytes = 0;
    for (const std::string_view entry : *entries) bytes += 2 + entry.size();
    MUSTER_CHECK(bytes == text.size() && entries->size() <= kTileWidth);
  }
}

}  // namespace
}  // namespace muster::tlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  muster::tlog::ReadPolicy(input);
  muster::tlog::ReadRequest(input);
  muster::tlog::ReadGossip(input);
  muster::tlog::ReadTiles(input);
  return 0;
}
