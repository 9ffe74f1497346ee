// SPDX-License-Identifier: Apache-2.0
#include "core/base/id.h"

namespace muster {

absl::StatusOr<Bytes8> ParseResourceName(std::string_view collection, std::string_view name) {
  const std::string prefix = std::string(collection) + "/";
  if (name.substr(0, prefix.size()) == prefix) {
    if (auto raw = Base32Decode(name.substr(prefix.size())); raw && raw->size() == 8) {
      return *ToArray<8>(*raw);
    }
  }
  return MakeError(v1::NAME_MALFORMED, "expected a name of the form " + prefix + "<13 characters>");
}

}  // namespace muster
