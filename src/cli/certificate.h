// SPDX-License-Identifier: Apache-2.0
//
// Certificate: the server's own, known by its hash and by nothing else. No authority is asked.
//
// Errors: UNAVAILABLE (SERVER_UNAVAILABLE) when nobody answers; UNAUTHENTICATED
// (CERTIFICATE_MISMATCH) when somebody else does.
// Threads: pure over the network.
#ifndef MUSTER_CLI_CERTIFICATE_H_
#define MUSTER_CLI_CERTIFICATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/invite.h"

namespace muster::cli {

struct Certificate {
  std::string pem;
  std::string sha256;  // of its DER form, 32 bytes
};

// What the server shows in a TLS handshake. Says nothing about whether it is the right one.
absl::StatusOr<Certificate> FetchCertificate(const std::string& server);

// The same, refused unless its hash is `sha256`.
absl::StatusOr<Certificate> FetchPinnedCertificate(const std::string& server,
                                                   std::string_view sha256);

absl::StatusOr<std::string> CertificateSha256(const std::string& pem);

}  // namespace muster::cli

#endif  // MUSTER_CLI_CERTIFICATE_H_
