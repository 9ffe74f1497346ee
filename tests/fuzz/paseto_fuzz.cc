// SPDX-License-Identifier: Apache-2.0
//
// The input is read as a call token from a stranger, and as the payload and the footer of one that
// the right key signed.
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/crypto/hash.h"
#include "core/crypto/password.h"
#include "core/governance/paseto.h"

namespace muster::governance {
namespace {

constexpr Bytes16 kAudience{0xc0, 0xff, 0xee};
const absl::Time kNow = absl::FromUnixSeconds(1'795'348'800);  // 2026-11-22T12:00:00Z

const crypto::SigningKey& Key() {
  static const crypto::SigningKey key =
      crypto::SigningKey::FromSeed(crypto::SecretBytes::Zeroed(32)).value();
  return key;
}

absl::StatusOr<CallToken> Check(std::string_view token) {
  return VerifyCallToken(Key().verify_key(), token, kAudience, "/m", "request", kNow,
                         absl::InfinitePast());
}

void FromStranger(std::string_view token) {
  const auto parts = PasetoSplit(token);
  MUSTER_CHECK(parts.ok() || ReasonOf(parts.status()) == v1::TOKEN_MALFORMED);
  MUSTER_CHECK(parts.ok() || !CallTokenKeyId(token).ok());
  MUSTER_CHECK(!Check(token).ok());
}

void FromKeyHolder(std::string_view input) {
  const std::string footer = "{\"kid\":\"" + crypto::PaserkPublicId(Key().verify_key()) + "\"}";
  const std::string implicit = "muster/rpc/v1\n/m\n" + ToString(crypto::Blake2b256("request"));
  const auto token = Check(PasetoSign(Key(), input, footer, implicit));
  if (token.ok()) {
    MUSTER_CHECK(token->expires - token->issued <= kTokenLifetimeMax);
    MUSTER_CHECK(token->issued <= kNow + kClockSkewMax && token->expires + kClockSkewMax >= kNow);
  }
  const std::string signed_footer = PasetoSign(Key(), "payload", input, "");
  const auto parts = PasetoVerify(Key().verify_key(), signed_footer, "");
  MUSTER_CHECK(parts.ok() == (input.size() <= 1024));
  if (parts.ok()) MUSTER_CHECK(parts->payload == "payload" && parts->footer == input);
  (void)CallTokenKeyId(signed_footer);
}

}  // namespace
}  // namespace muster::governance

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  muster::governance::FromStranger(input);
  muster::governance::FromKeyHolder(input);
  return 0;
}
