// SPDX-License-Identifier: Apache-2.0
//
// A table for muster-linkage: whatever the text, the rows are the same for any cut of the file. The
// first byte picks the cut; the rest is the file.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/crypto/secret_bytes.h"
#include "tools/muster_linkage/table.h"

namespace muster {
namespace {

absl::StatusOr<linkage::Table> Read(const std::string& path, size_t piece_bytes) {
  static const auto* const key = new token::SketchKey(crypto::SecretBytes::Zeroed(32));
  linkage::ReadOptions options;
  options.piece_bytes = piece_bytes;
  return linkage::ReadTable(path, *key, options);
}

}  // namespace
}  // namespace muster

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 1 << 16) return 0;
  const int fd = ::memfd_create("fuzz", 0);
  if (fd < 0 || ::write(fd, data + 1, size - 1) < 0) return 0;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const auto whole = muster::Read(path, size_t{4} << 20);
  const auto cut = muster::Read(path, 1 + data[0]);
  MUSTER_CHECK(whole.ok() == cut.ok());
  if (whole.ok()) {
    MUSTER_CHECK(whole->size() == cut->size());
    MUSTER_CHECK(whole->RejectedRows() == cut->RejectedRows());
    for (size_t row = 0; row < whole->size(); ++row) {
      MUSTER_CHECK(whole->ids[row] == cut->ids[row]);
      MUSTER_CHECK(whole->sketches[row] == cut->sketches[row]);
    }
  } else {
    MUSTER_CHECK(muster::ReasonOf(whole.status()) != muster::v1::ERROR_REASON_UNSPECIFIED);
  }
  ::close(fd);
  return 0;
}
