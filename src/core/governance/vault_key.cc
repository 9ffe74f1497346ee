// SPDX-License-Identifier: Apache-2.0
#include "core/governance/vault_key.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"

namespace muster::governance {
namespace {

absl::Status Refused(std::string_view why) {
  return MakeError(v1::STATEMENT_REFUSED, "statement refused: " + std::string(why));
}

}  // namespace

std::string ShareContext(const Bytes16& consortium, const Bytes32& ceremony_hash,
                         const PersonId& holder) {
  return "muster/vault-share/v1\n" + ToString(consortium) + ToString(ceremony_hash) + holder.Name();
}

std::string DeliveryContext(const Bytes16& consortium, const Bytes32& opening_hash,
                            const PersonId& holder) {
  return std::string(kDeliveryPurpose) + ToString(consortium) + ToString(opening_hash) +
         holder.Name();
}

std::optional<uint8_t> SplitRecord::IndexOf(const PersonId& person) const {
  const auto it = std::find(holders.begin(), holders.end(), person);
  if (it == holders.end()) return std::nullopt;
  return static_cast<uint8_t>(it - holders.begin() + 1);
}

crypto::VerifyKey SplitRecord::opening_key() const {
  const auto raw = ToArray<32>(split.opening_key());
  MUSTER_CHECK(raw.has_value());  // VerifyStatement has checked every size
  return {*raw};
}

absl::Status VaultKeyRecord::CheckSplit(const v1::RootSplit& split,
                                        const SignKeyOf& sign_key_of) const {
  if (!ceremony_.has_value() || split.ceremony_hash() != AsText(ceremony_hash_))
    return Refused("no ceremony in effect asks for this split");
  if (split.epoch() != ceremony_->epoch() || split.commitments_size() != ceremony_->threshold() ||
      split.holders_size() != ceremony_->holders_size()) {
    return Refused("the split is not as its ceremony says");
  }
  for (int i = 0; i < split.holders_size(); ++i) {
    const auto person = PersonId::Parse(ceremony_->holders(i));
    MUSTER_CHECK(person.ok());
    const std::optional<crypto::VerifyKey> key = sign_key_of(*person);
    if (split.holders(i).person() != ceremony_->holders(i) || !key.has_value() ||
        split.holders(i).sign_key() != AsText(key->bytes)) {
      return Refused("the split is among others than its ceremony names");
    }
  }
  return absl::OkStatus();
}

absl::Status VaultKeyRecord::CheckOpening(const VerifiedStatement& verified) const {
  const v1::VaultOpening& opening = verified.statement.vault_key().opening();
  if (!split_.has_value() || opening.split_hash() != AsText(split_->hash))
    return Refused("the opening is not of the split in force");
  if (verified.signers.size() != 1 || !verified.SignedBy(split_->opening_key()))
    return Refused("it must be signed by the split's opening key, and by nobody else");
  if (opening_keys_.contains(*ToArray<32>(opening.box_key())))
    return Refused("an opening under this key was on the log before");
  return absl::OkStatus();
}

absl::Status VaultKeyRecord::CheckUnsealed(const v1::VaultUnsealed& unsealed) const {
  if (!opening_.has_value() || unsealed.opening_hash() != AsText(opening_->hash))
    return Refused("it is not of the vault's newest opening");
  if (unsealed.holders_size() != split_->threshold())
    return Refused("it does not name as many holders as it takes");
  std::set<std::string> seen;
  for (const std::string& holder : unsealed.holders()) {
    const auto person = PersonId::Parse(holder);
    MUSTER_CHECK(person.ok());
    if (!split_->IndexOf(*person).has_value() || !seen.insert(holder).second)
      return Refused("it names somebody who holds no share, or one holder twice");
  }
  return absl::OkStatus();
}

absl::Status VaultKeyRecord::CheckSeal(const v1::SealStatement& seal) const {
  if (!split_.has_value()) {
    return MakeError(v1::VAULT_NOT_SPLIT,
                     "the vault's root is a key file, with which it would open itself again; split "
                     "it with `muster vault init`");
  }
  if (!open_hash_.has_value() || seal.unsealed_hash() != AsText(*open_hash_))
    return Refused("the vault is sealed, or was opened again since this was said");
  if (seal_index_.has_value()) return Refused("the vault was already told to seal itself");
  return absl::OkStatus();
}

void VaultKeyRecord::TakeCeremony(const Bytes32& hash, const v1::CeremonyStatement& ceremony) {
  ceremony_ = ceremony;
  ceremony_hash_ = hash;
}

void VaultKeyRecord::TakeSplit(uint64_t index, const Bytes32& hash, const v1::RootSplit& split) {
  SplitRecord record;
  record.hash = hash;
  record.index = index;
  record.split = split;
  for (const v1::ShareHolder& holder : split.holders()) {
    const auto person = PersonId::Parse(holder.person());
    MUSTER_CHECK(person.ok());
    record.holders.push_back(*person);
  }
  split_ = std::move(record);
  ceremony_.reset();
  // Made while the vault was open, but for one that it had prepared before it was sealed.
  if (!opening_.has_value()) open_hash_ = hash;
  opening_.reset();
  opening_keys_.clear();
  seal_index_.reset();
}

void VaultKeyRecord::TakeOpening(uint64_t index, const Bytes32& hash,
                                 const v1::VaultOpening& opening) {
  const auto key = ToArray<32>(opening.box_key());
  MUSTER_CHECK(key.has_value());
  opening_ = OpeningRecord{hash, index, {*key}};
  opening_keys_.insert(*key);
  open_hash_.reset();
  unsealed_.reset();
  seal_index_.reset();
}

void VaultKeyRecord::TakeUnsealed(uint64_t, const Bytes32& hash,
                                  const v1::VaultUnsealed& unsealed) {
  open_hash_ = hash;
  unsealed_ = unsealed;
  opening_.reset();
  seal_index_.reset();
}

void VaultKeyRecord::TakeSeal(uint64_t index) { seal_index_ = index; }

}  // namespace muster::governance
