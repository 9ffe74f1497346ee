// SPDX-License-Identifier: Apache-2.0
//
// Invite: the one string with all that a newcomer must trust, from somebody they trust.
//
// "muster-invite-1." and the base64url of the message (proto/muster/v1/invite.proto) and 4 bytes of
// checksum. Strict: one canonical form, all sizes and names checked, the checkpoint signed by the
// log key that stands beside it; so a mangled string is told from a refused one. White space is
// passed over, since mail programs break lines.
// Errors: INVALID_ARGUMENT (INVITE_MALFORMED). Messages never quote the string: it holds a secret.
// Threads: pure.
#ifndef MUSTER_CLI_INVITE_H_
#define MUSTER_CLI_INVITE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "muster/v1/invite.pb.h"

namespace muster::cli {

std::string FormatInvite(const v1::Invite& invite);
absl::StatusOr<v1::Invite> ParseInvite(std::string_view text);

// "host:port" or "[v6]:port".
struct Endpoint {
  std::string host;
  std::string port;
};
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);

}  // namespace muster::cli

#endif  // MUSTER_CLI_INVITE_H_
