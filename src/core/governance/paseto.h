// SPDX-License-Identifier: Apache-2.0
//
// Call tokens: PASETO v4.public, self-signed by the caller, good for one method and one request
// body, once, for minutes.
//
// Payload (JSON, these five strings and nothing else): iss "people/{id}", aud (hex of the
// consortium), iat, exp (RFC 3339), jti (base64url of 16 random bytes). Footer (JSON): {"kid":
// "k4.pid...."}. Implicit assertion: "muster/rpc/v1\n" | full gRPC method | "\n" | BLAKE2b-256 of
// the request bytes as sent. A stolen token does nothing else.
// Errors: UNAUTHENTICATED (TOKEN_MALFORMED, TOKEN_SIGNATURE_INVALID, TOKEN_EXPIRED,
// TOKEN_NOT_YET_VALID, TOKEN_OTHER_AUDIENCE, TOKEN_LIVES_TOO_LONG, TOKEN_BEFORE_START,
// TOKEN_REPLAYED), RESOURCE_EXHAUSTED (SERVER_BUSY). Messages about time say both clocks and the
// remedy.
// Threads: pure; ReplayCache is safe from anywhere.
// Source: PASETO v4, PASERK k4.pid.
#ifndef MUSTER_CORE_GOVERNANCE_PASETO_H_
#define MUSTER_CORE_GOVERNANCE_PASETO_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/id.h"
#include "core/crypto/signature.h"

namespace muster::governance {

// The bare format, for the published vectors.
std::string PasetoSign(const crypto::SigningKey& key, std::string_view payload,
                       std::string_view footer, std::string_view implicit);
struct PasetoParts {
  std::string payload;
  std::string footer;
};
// Splits without verifying, footer length bounded (1 KiB) before it is parsed.
absl::StatusOr<PasetoParts> PasetoSplit(std::string_view token);
absl::StatusOr<PasetoParts> PasetoVerify(const crypto::VerifyKey& key, std::string_view token,
                                         std::string_view implicit);

inline constexpr absl::Duration kTokenLifetime = absl::Minutes(5);
inline constexpr absl::Duration kTokenLifetimeMax = absl::Minutes(10);
inline constexpr absl::Duration kClockSkewMax = absl::Seconds(60);

std::string MakeCallToken(const crypto::SigningKey& key, const PersonId& person,
                          const Bytes16& audience, std::string_view method,
                          std::string_view request, absl::Time now);

// The kid in the footer, so that the verifier can find the key. Unauthenticated.
absl::StatusOr<std::string> CallTokenKeyId(std::string_view token);

struct CallToken {
  PersonId person;
  Bytes16 jti{};
  absl::Time issued;
  absl::Time expires;
};
// `since`: from when on this caller's tokens are remembered; tokens issued before are refused (a
// token issued in the same second is fine).
absl::StatusOr<CallToken> VerifyCallToken(const crypto::VerifyKey& key, std::string_view token,
                                          const Bytes16& audience, std::string_view method,
                                          std::string_view request, absl::Time now,
                                          absl::Time since);

// Live tokens that are remembered: of all callers together, and of one, who could otherwise shut
// the others out. An upload makes about 50 calls a second and a token lives for six minutes.
struct ReplayLimits {
  size_t entries_max = size_t{1} << 20;
  size_t entries_per_person_max = size_t{1} << 16;
};

// Remembers every accepted token until it has expired and the allowed skew is over; a clock set
// back forgets nothing. Bounded: at a limit it refuses (SERVER_BUSY) rather than forgets.
class ReplayCache {
 public:
  explicit ReplayCache(const ReplayLimits& limits = {});
  ~ReplayCache();
  absl::Status Admit(const CallToken& token, absl::Time now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster::governance

#endif  // MUSTER_CORE_GOVERNANCE_PASETO_H_
