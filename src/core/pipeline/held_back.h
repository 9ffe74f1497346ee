// SPDX-License-Identifier: Apache-2.0
//
// Held back: the addresses that a person had erased. They never become contacts again, whoever
// brings them, and nobody can tell from their own exact figures that somebody else's contact was
// erased.
//
// The list ("held_back" in the store) knows an address by a keyed hash of its token. Where a
// member's upload had or has the address, a row of kind kHeldBack under a stand-in takes the place
// of the contact's: the member's figures count it as before, no source row stands behind it, and
// it leads to nobody. To a member that passed the person's request on, such a row is a suppression.
//
//   list key = keyed BLAKE2b (16)(row key, "held back" | 0 | token)
//   stand-in = keyed BLAKE2b (16)(row key, "stand-in" | 0 | member | token)
//
// Rule: a stand-in is the same in all uploads of one member, so that addresses are counted once.
// Errors: those of store/vault_store.h.
// Threads: const use from anywhere.
#ifndef MUSTER_CORE_PIPELINE_HELD_BACK_H_
#define MUSTER_CORE_PIPELINE_HELD_BACK_H_

#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "core/crypto/secret_bytes.h"
#include "core/store/vault_store.h"
#include "core/token/token.h"
#include "muster/v1/vault_record.pb.h"

namespace muster::pipeline {

class HeldBack {
 public:
  // `row_key` outlives it.
  static absl::StatusOr<HeldBack> Read(const store::VaultStore& store,
                                       const crypto::SecretBytes* row_key);

  bool empty() const { return records_.empty(); }
  const std::map<std::string, v1::HeldBackRecord>& records() const { return records_; }
  // Null when the address was not erased.
  const v1::HeldBackRecord* Find(const token::Token& contact) const;
  // Whether `member` passed the person's request on.
  static bool AskedBy(const v1::HeldBackRecord& record, const MemberId& member);

  std::string KeyOf(const token::Token& contact) const;
  token::Token StandIn(const token::Token& contact, const MemberId& member) const;

 private:
  explicit HeldBack(const crypto::SecretBytes* row_key) : row_key_(row_key) {}
  const crypto::SecretBytes* row_key_;
  std::map<std::string, v1::HeldBackRecord> records_;
};

}  // namespace muster::pipeline

#endif  // MUSTER_CORE_PIPELINE_HELD_BACK_H_
