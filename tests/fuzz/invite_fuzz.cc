// SPDX-License-Identifier: Apache-2.0
//
// The input is read as an invite, as the bytes inside of one, and as an address. What is taken is
// written back the same.
#include <google/protobuf/stubs/logging.h>

#include <cstdint>

#include "cli/invite.h"
#include "core/base/bytes.h"
#include "core/base/check.h"

namespace muster::cli {
namespace {

void Read(std::string_view text) {
  const auto invite = ParseInvite(text);
  if (!invite.ok()) return;
  std::string compact;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') compact.push_back(c);
  }
  MUSTER_CHECK(FormatInvite(*invite) == compact);
}

}  // namespace
}  // namespace muster::cli

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;
  [[maybe_unused]] static const bool quiet = (google::protobuf::SetLogHandler(nullptr), true);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  cli::Read(text);
  cli::Read("muster-invite-1." + Base64UrlEncode(AsBytes(text)));
  if (const auto endpoint = cli::ParseEndpoint(text); endpoint.ok()) {
    MUSTER_CHECK(!endpoint->host.empty() && !endpoint->port.empty());
  }
  return 0;
}
