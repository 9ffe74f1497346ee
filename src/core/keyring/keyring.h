// SPDX-License-Identifier: Apache-2.0
//
// Keyring: the vault's secrets. Made once at founding, kept wrapped under a root, in memory only
// while the vault runs.
//
//   HOME/root.key        32 random bytes: the root of a trial on one machine ("keyfile"); a
//                        ceremony puts shares in its place (root_split.h)
//   HOME/keys.sealed     proto SealedKeys: token key, store key, v, sign key, box key, sketch key;
//                        each under DeriveKey(root, "muster/keyring/v1") with its name as AAD
//   HOME/keys.public     the public halves, one "name hex" a line
//   HOME/intake/ID.key   the secret half of one upload's intake key under DeriveKey(root,
//   "muster/intake-key-file/v1"), AAD "muster/intake-key/v1" | upload
//
// Rules: keys are random and independent, so that a new root only re-wraps them (the key of the
// intake files, derived from the first root, is carried over as one of them). Intake keys stand
// outside the database and its backups, and are unlinked when the upload was read. Files are 0600
// and never overwritten, but for keys.sealed when a home of an earlier version gets a key that it
// lacks.
// Errors: ALREADY_EXISTS (HOME_EXISTS); FAILED_PRECONDITION (VAULT_SEALED) for a home whose root is
// split, when no root is given; FAILED_PRECONDITION (HOME_MALFORMED) for missing, torn or
// foreign key files; those of base/file.h.
// Threads: const use from anywhere.
#ifndef MUSTER_CORE_KEYRING_KEYRING_H_
#define MUSTER_CORE_KEYRING_KEYRING_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "core/crypto/box.h"
#include "core/crypto/group.h"
#include "core/crypto/secret_bytes.h"
#include "core/crypto/signature.h"
#include "core/keyring/root_split.h"
#include "core/token/token.h"
#include "muster/v1/statement.pb.h"

namespace muster::keyring {

class Keyring {
 public:
  // Makes a home's keys and returns their public halves.
  static absl::StatusOr<v1::VaultKeys> Create(const std::filesystem::path& home);
  static absl::StatusOr<std::unique_ptr<Keyring>> Open(const std::filesystem::path& home);
  // A home whose root is split, by what CombineShares has given.
  static absl::StatusOr<std::unique_ptr<Keyring>> Open(const std::filesystem::path& home,
                                                       const crypto::Scalar& root);
  // Makes the keys that the home's version had not yet, durably. Once, before the keyring is
  // shared, and while no other process can have the home open (the store's lock sees to that).
  absl::Status AddMissing();

  // Draws a new root, splits it among the plan's holders and wraps all keys under it, durably but
  // not in force yet (root_split.h). Returns what the vault says of it. Takes the place of one that
  // was prepared before.
  absl::StatusOr<v1::SignedStatement> PrepareSplit(const SplitPlan& plan) const;

  v1::VaultKeys public_keys() const;
  const token::TokenKey& token_key() const { return token_key_; }
  // For keyed hashes inside rows (mail domains, consent texts); follows from the token key.
  const crypto::SecretBytes& row_key() const { return row_key_; }
  const crypto::SecretBytes& store_key() const { return store_key_; }
  // 32 bytes, for token/sketch.h; there once AddMissing has returned.
  const crypto::SecretBytes& sketch_key() const;
  const crypto::Scalar& holding_key() const { return holding_key_; }  // v
  const crypto::SigningKey& sign_key() const { return sign_key_; }
  const crypto::BoxSecretKey& box_key() const { return box_key_; }

  // Durable before it returns. FILE_EXISTS when the upload has one.
  absl::StatusOr<crypto::BoxSecretKey> MakeIntakeKey(const UploadId& upload) const;
  // NOT_FOUND (FILE_NOT_FOUND) once it was destroyed.
  absl::StatusOr<crypto::BoxSecretKey> ReadIntakeKey(const UploadId& upload) const;
  absl::Status DestroyIntakeKey(const UploadId& upload) const;
  absl::StatusOr<std::vector<UploadId>> ListIntakeKeys() const;

 private:
  Keyring(std::filesystem::path home, crypto::SecretBytes token_key, crypto::SecretBytes store_key,
          crypto::Scalar holding_key, crypto::SigningKey sign_key, crypto::BoxSecretKey box_key,
          crypto::SecretBytes intake_file_key);
  struct Root;
  static absl::StatusOr<std::unique_ptr<Keyring>> OpenWith(const std::filesystem::path& home,
                                                           const Root& root);
  std::filesystem::path IntakePath(const UploadId& upload) const;

  std::filesystem::path home_;
  crypto::SecretBytes row_key_;    // before token_key_, which takes the bytes
  crypto::SecretBytes token_raw_;  // the same, to be wrapped again
  token::TokenKey token_key_;
  crypto::SecretBytes store_key_;
  crypto::Scalar holding_key_;
  crypto::SigningKey sign_key_;
  crypto::BoxSecretKey box_key_;
  crypto::SecretBytes intake_file_key_;
  std::optional<crypto::SecretBytes> sketch_key_;
};

}  // namespace muster::keyring

#endif  // MUSTER_CORE_KEYRING_KEYRING_H_
