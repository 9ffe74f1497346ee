// SPDX-License-Identifier: Apache-2.0
//
// The vault's key as the log tells it: how its root is split, under which key the sealed vault
// takes shares, who opened it, who sealed it.
//
// Rules: a split follows the newest ceremony in effect and agrees with it in everything. An opening
// is of the split in force, signed by that split's opening key. The vault says that it was unsealed
// for the newest opening alone, with as many holders as the threshold. Sealing names the very
// statement by which the vault is open.
// Errors: FAILED_PRECONDITION (STATEMENT_REFUSED, VAULT_NOT_SPLIT); SPLIT_MALFORMED.
// Threads: a value; externally synchronized.
#ifndef MUSTER_CORE_GOVERNANCE_VAULT_KEY_H_
#define MUSTER_CORE_GOVERNANCE_VAULT_KEY_H_

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/base/id.h"
#include "core/crypto/box.h"
#include "core/crypto/shares.h"
#include "core/crypto/signature.h"
#include "core/governance/message_equal.h"
#include "core/governance/statement.h"
#include "muster/v1/statement.pb.h"

namespace muster::governance {

// The root is DeriveKey(combined scalar, this).
inline constexpr std::string_view kRootPurpose = "muster/vault-root/v1";
// What a holder signs when they hand in their share.
inline constexpr std::string_view kDeliveryPurpose = "muster/vault-share-delivery/v1\n";
// Contexts of a share sealed to its holder, and of one sealed to the vault's opening.
std::string ShareContext(const Bytes16& consortium, const Bytes32& ceremony_hash,
                         const PersonId& holder);
std::string DeliveryContext(const Bytes16& consortium, const Bytes32& opening_hash,
                            const PersonId& holder);

struct SplitRecord {
  Bytes32 hash{};  // of its statement
  uint64_t index = 0;
  v1::RootSplit split;
  std::vector<PersonId> holders;
  // Who has signed that their share opens and is right.
  std::set<PersonId> confirmed;

  int epoch() const { return split.epoch(); }
  int threshold() const { return split.commitments_size(); }
  std::optional<uint8_t> IndexOf(const PersonId& person) const;
  crypto::VerifyKey opening_key() const;
  bool operator==(const SplitRecord&) const = default;
};

struct OpeningRecord {
  Bytes32 hash{};
  uint64_t index = 0;
  crypto::BoxPublicKey box_key;
  bool operator==(const OpeningRecord&) const = default;
};

class VaultKeyRecord {
 public:
  // Of people who take part: their sign key, or none.
  using SignKeyOf = std::function<std::optional<crypto::VerifyKey>(const PersonId&)>;

  // Signatures by whom the statement needs are checked by the registry; here is the rest.
  absl::Status CheckSplit(const v1::RootSplit& split, const SignKeyOf& sign_key_of) const;
  absl::Status CheckOpening(const VerifiedStatement& verified) const;
  absl::Status CheckUnsealed(const v1::VaultUnsealed& unsealed) const;
  absl::Status CheckSeal(const v1::SealStatement& seal) const;

  void TakeCeremony(const Bytes32& hash, const v1::CeremonyStatement& ceremony);
  void DropCeremony() { ceremony_.reset(); }
  void TakeSplit(uint64_t index, const Bytes32& hash, const v1::RootSplit& split);
  void TakeOpening(uint64_t index, const Bytes32& hash, const v1::VaultOpening& opening);
  void TakeUnsealed(uint64_t index, const Bytes32& hash, const v1::VaultUnsealed& unsealed);
  void TakeSeal(uint64_t index);
  void Confirm(const PersonId& holder) { split_->confirmed.insert(holder); }

  // The split in force; none: the root is a key file.
  const std::optional<SplitRecord>& split() const { return split_; }
  int epoch() const { return split_.has_value() ? split_->epoch() : 0; }
  // The ceremony in effect that the vault has not followed yet.
  const std::optional<v1::CeremonyStatement>& ceremony() const { return ceremony_; }
  const Bytes32& ceremony_hash() const { return ceremony_hash_; }
  // The newest, while the log says that the vault is sealed.
  const std::optional<OpeningRecord>& opening() const { return opening_; }
  // The statement by which the vault is open; none while it is sealed or has a key file.
  const std::optional<Bytes32>& open_hash() const { return open_hash_; }
  const std::optional<v1::VaultUnsealed>& unsealed() const { return unsealed_; }
  // Whether somebody has said that it shall seal itself, since it was opened.
  bool seal_asked() const { return seal_index_.has_value(); }

  bool operator==(const VaultKeyRecord&) const = default;

 private:
  std::optional<v1::CeremonyStatement> ceremony_;
  Bytes32 ceremony_hash_{};
  std::optional<SplitRecord> split_;
  std::optional<OpeningRecord> opening_;
  // Of the split in force: an old opening that is put on the log again would call for shares under
  // a key that somebody may have kept.
  std::set<Bytes32> opening_keys_;
  std::optional<Bytes32> open_hash_;
  std::optional<v1::VaultUnsealed> unsealed_;
  std::optional<uint64_t> seal_index_;
};

}  // namespace muster::governance

#endif  // MUSTER_CORE_GOVERNANCE_VAULT_KEY_H_
