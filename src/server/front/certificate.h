// SPDX-License-Identifier: Apache-2.0
//
// Certificate: the server's TLS key and self-signed certificate, made once at founding and pinned
// by every invite.
//
// P-256, ten years; SAN DNS:muster (what clients ask for, whatever the address), localhost,
// 127.0.0.1, ::1 and the host it listens on.
// Errors: INTERNAL (INTERNAL_ERROR).
// Threads: pure.
#ifndef MUSTER_SERVER_FRONT_CERTIFICATE_H_
#define MUSTER_SERVER_FRONT_CERTIFICATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "core/base/bytes.h"
#include "core/crypto/secret_bytes.h"

namespace muster::front {

struct Certificate {
  crypto::SecretBytes key_pem;
  std::string certificate_pem;
  Bytes32 sha256{};  // of the DER
};

absl::StatusOr<Certificate> MakeCertificate(const std::string& host);

// Of a certificate in PEM.
absl::StatusOr<Bytes32> CertificateSha256(const std::string& pem);

}  // namespace muster::front

#endif  // MUSTER_SERVER_FRONT_CERTIFICATE_H_
