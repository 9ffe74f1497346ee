// SPDX-License-Identifier: Apache-2.0
//
// The input is read as a share, and as a share followed by commitments that it is checked against.
// What is taken is written back the same, and a share that holds cannot be changed and still hold.
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/crypto/shares.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;
  using namespace muster::crypto;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view head = text.substr(0, kShareBytes);
  const absl::StatusOr<Share> share = ParseShare(SecretBytes::CopyOf(AsBytes(head)));
  if (share.ok()) MUSTER_CHECK(AsText(EncodeShare(*share).ExposeSecret()) == head);

  std::vector<std::string> points;
  for (size_t at = kShareBytes; at + 32 <= size && points.size() < 4; at += 32)
    points.emplace_back(text.substr(at, 32));
  const absl::StatusOr<ShareCommitments> commitments = ShareCommitments::Parse(points);
  if (!commitments.ok() || !share.ok()) return 0;
  if (!commitments->Check(*share).ok()) return 0;
  const Share other{share->index, share->value.Plus(Scalar::Of(1))};
  MUSTER_CHECK(!commitments->Check(other).ok());
  return 0;
}
