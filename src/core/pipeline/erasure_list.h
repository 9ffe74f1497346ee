// SPDX-License-Identifier: Apache-2.0
//
// Erasure list: what is held back (held_back.h), once more in a file beside the store, so that a
// store that was restored from an older backup cannot bring back whom a person had erased.
//
// File: "MUSTER-ERASED-1\n" | XChaCha20-Poly1305 under DeriveKey(store key,
// "muster/erased-list/v1"), AAD the first line, of an ErasureListRecord. Replaced as a whole and
// durably: erasures are rare.
// Rule: nothing is ever taken off it. It holds keyed hashes, no address and no token of a contact.
// Errors: those of base/file.h; DATA_LOSS (STORE_CORRUPT) for a file that cannot be read.
// Threads: externally synchronized.
#ifndef MUSTER_CORE_PIPELINE_ERASURE_LIST_H_
#define MUSTER_CORE_PIPELINE_ERASURE_LIST_H_

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/secret_bytes.h"
#include "muster/v1/vault_record.pb.h"

namespace muster::pipeline {

class ErasureList {
 public:
  // Empty when there is no file yet.
  static absl::StatusOr<std::unique_ptr<ErasureList>> Open(const std::filesystem::path& file,
                                                           const crypto::SecretBytes& store_key);
  const std::map<std::string, v1::HeldBackRecord>& records() const { return records_; }
  // Adds or replaces; durable before it returns.
  absl::Status Put(const std::map<std::string, v1::HeldBackRecord>& records);

 private:
  ErasureList(std::filesystem::path file, crypto::SecretBytes key)
      : file_(std::move(file)), key_(std::move(key)) {}
  const std::filesystem::path file_;
  const crypto::SecretBytes key_;
  std::map<std::string, v1::HeldBackRecord> records_;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_ERASURE_LIST_H_
