// SPDX-License-Identifier: Apache-2.0
//
// Key files: one person's keys on their own machine, one file per purpose, as PASERK text under a
// passphrase.
//
// sign.key, cosign.key: k4.secret-pw; box.key, member.key: k4.local-pw; without a passphrase
// k4.secret and k4.local (services and tests).
// Rules: mode 0600; never overwritten; a file that others can read is refused. Secrets are read
// straight into SecretBytes.
// Errors: those of base/file.h; KEY_MALFORMED; PASSPHRASE_WRONG; FILE_UNREADABLE for a wrong mode.
// Threads: one at a time.
#ifndef MUSTER_CLI_KEY_FILE_H_
#define MUSTER_CLI_KEY_FILE_H_

#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "cli/console.h"
#include "core/crypto/box.h"
#include "core/crypto/group.h"
#include "core/crypto/secret_bytes.h"
#include "core/crypto/signature.h"
#include "muster/v1/statement.pb.h"

namespace muster::cli {

// Where the passphrase comes from: a file's first line, MUSTER_PASSPHRASE, or the terminal; asked
// for once.
class Passphrase {
 public:
  Passphrase(Console* console, std::filesystem::path file)
      : console_(console), file_(std::move(file)) {}
  absl::StatusOr<const crypto::SecretBytes*> ForOpening();
  // From a terminal it is asked for twice.
  absl::StatusOr<const crypto::SecretBytes*> ForMaking();

 private:
  absl::Status Read(bool twice);
  Console* console_;
  std::filesystem::path file_;
  std::optional<crypto::SecretBytes> text_;
};

struct NewKeys {
  crypto::SigningKey sign;
  crypto::SigningKey cosign;
  crypto::BoxSecretKey box;
  std::optional<crypto::Scalar> member;

  static NewKeys Generate(bool with_member_key);
  v1::PersonKeys Public() const;
};

// No passphrase: plain keys.
absl::Status WriteKeys(const std::filesystem::path& folder, const NewKeys& keys,
                       const crypto::SecretBytes* passphrase);

absl::StatusOr<crypto::SigningKey> ReadSigningKey(const std::filesystem::path& file,
                                                  Passphrase& passphrase);
absl::StatusOr<crypto::BoxSecretKey> ReadBoxKey(const std::filesystem::path& file,
                                                Passphrase& passphrase);

}  // namespace muster::cli

#endif  // MUSTER_CLI_KEY_FILE_H_
