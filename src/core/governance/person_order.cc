// SPDX-License-Identifier: Apache-2.0
#include "core/governance/person_order.h"

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/hash.h"

namespace muster::governance {
namespace {

constexpr std::string_view kErasurePurpose = "muster/erase/v1\n";
// Tag and length of the padding.
constexpr size_t kPaddingFrameBytes = 3;

std::string ContextOf(PersonOrderKind kind, const Bytes16& consortium, std::string_view person) {
  std::string context =
      kind == PersonOrderKind::kErase ? "muster/person/erase/v1\n" : "muster/person/report/v1\n";
  return context.append(AsText(consortium)).append(person);
}

}  // namespace

absl::StatusOr<std::string> SealPersonOrder(PersonOrderKind kind, const crypto::BoxPublicKey& vault,
                                            const Bytes16& consortium, std::string_view person,
                                            v1::PersonOrder order) {
  if (order.address().size() > contact::kEmailBytesMax) {
    return MakeError(v1::EMAIL_TOO_LONG, "an address has at most 254 bytes");
  }
  order.clear_padding();
  const size_t size = order.ByteSizeLong() + kPaddingFrameBytes;
  order.set_padding(std::string(kPersonOrderBytes - size, '\0'));
  const crypto::WipedString bytes(order.SerializeAsString());
  crypto::Wipe(order.mutable_address()->data(), order.address().size());
  return crypto::BoxSeal(vault, ContextOf(kind, consortium, person), AsBytes(bytes.str()));
}

absl::StatusOr<v1::PersonOrder> OpenPersonOrder(PersonOrderKind kind,
                                                const crypto::BoxSecretKey& vault,
                                                const Bytes16& consortium, std::string_view person,
                                                std::string_view sealed) {
  const absl::StatusOr<crypto::WipedString> bytes =
      vault.Open(ContextOf(kind, consortium, person), sealed);
  if (!bytes.ok()) {
    return Annotate(bytes.status(),
                    "the sealed order does not open; seal it to this vault's box key");
  }
  v1::PersonOrder order;
  const size_t salt_bytes = kind == PersonOrderKind::kErase ? kErasureSaltBytes : 0;
  if (bytes->str().size() != kPersonOrderBytes || !order.ParseFromString(bytes->str()) ||
      order.salt().size() != salt_bytes) {
    return MakeError(v1::REQUEST_MALFORMED, "what was sealed is no order of this kind");
  }
  return order;
}

Bytes32 ErasureCommitment(std::string_view salt, std::string_view address) {
  return crypto::Blake2b256({kErasurePurpose, salt, address});
}

}  // namespace muster::governance
