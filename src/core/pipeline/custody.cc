// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/custody.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/governance/vault_key.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/proof.h"

namespace muster::pipeline {
namespace {

constexpr int64_t kLeaseSecondsMax = int64_t{366} * 24 * 3600;

template <typename Message>
absl::Status ParseWhole(std::string_view bytes, Message& message) {
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
      !governance::HasUnknownFields(message) && message.SerializeAsString() == bytes) {
    return absl::OkStatus();
  }
  return MakeError(v1::REQUEST_MALFORMED,
                   "the delivery cannot be parsed; use programs of one release");
}

absl::StatusOr<v1::VaultKeys> ReadPublicKeys(const std::filesystem::path& path) {
  // One that cannot be read names no keys either.
  const std::string text = ReadFile(path, 4096).value_or("");
  v1::VaultKeys keys;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const size_t space = line.find(' ');
    const auto value =
        space == std::string::npos ? std::nullopt : HexDecode(line.substr(space + 1));
    if (!value.has_value() || value->size() != 32) break;
    const std::string name = line.substr(0, space);
    if (name == "sign_key") keys.set_sign_key(*value);
    if (name == "box_key") keys.set_box_key(*value);
    if (name == "holding_key") keys.set_holding_key(*value);
  }
  if (keys.sign_key().empty() || keys.box_key().empty() || keys.holding_key().empty()) {
    return MakeError(v1::HOME_MALFORMED,
                     path.string() + " does not name the vault's keys; restore it from a backup");
  }
  return keys;
}

v1::VaultKeyState KeyStateOf(const keyring::SealedRoot& root) {
  v1::VaultKeyState state;
  state.set_epoch(root.split().epoch());
  state.set_threshold(root.split().commitments_size());
  state.set_holder_count(root.split().holders_size());
  return state;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Custody>> Custody::Open(const VaultOptions& options,
                                                       std::function<void()> seal,
                                                       const Clock& clock) {
  std::unique_ptr<Custody> custody(new Custody(options, std::move(seal), clock));
  MUSTER_ASSIGN_OR_RETURN(custody->log_key_,
                          ReadLogKey(options.log_vkey_file.empty() ? options.home / "log.vkey"
                                                                   : options.log_vkey_file));
  MUSTER_ASSIGN_OR_RETURN(custody->public_keys_, ReadPublicKeys(options.home / "keys.public"));
  MUSTER_RETURN_IF_ERROR(custody->Lock());
  MUSTER_RETURN_IF_ERROR(keyring::RemoveOldRoots(options.home, keyring::Proven::kNo));
  MUSTER_ASSIGN_OR_RETURN(std::optional<v1::SignedStatement> prepared,
                          keyring::ReadPreparedSplit(options.home));
  MUSTER_ASSIGN_OR_RETURN(std::optional<keyring::SealedRoot> root,
                          keyring::ReadSealedRoot(options.home));
  {
    const std::lock_guard lock(custody->mutex_);
    custody->prepared_ = std::move(prepared);
  }
  if (root.has_value()) {
    MUSTER_RETURN_IF_ERROR(custody->StartSealed(*std::move(root)));
  } else {
    MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<Vault> vault, Vault::Open(options, clock));
    const std::lock_guard lock(custody->mutex_);
    custody->vault_ = std::move(vault);
    custody->works_ = true;
  }
  custody->lease_ = std::thread([c = custody.get()] { c->KeepLease(); });
  if (!root.has_value()) MUSTER_RETURN_IF_ERROR(custody->FollowCeremony());
  return custody;
}

Custody::~Custody() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (lease_.joinable()) lease_.join();
  {
    const std::lock_guard lock(mutex_);
    vault_.reset();
  }
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

absl::Status Custody::Lock() {
  const std::filesystem::path path = options_.home / "lock";
  lock_fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) return ErrnoError(errno, "cannot open", path);
  if (::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    return MakeError(v1::RESTART_REFUSED,
                     "another muster-vault runs on " + options_.home.string() + "; stop it first");
  }
  return absl::OkStatus();
}

absl::Status Custody::StartSealed(keyring::SealedRoot root) {
  crypto::BoxSecretKey box_key = crypto::BoxSecretKey::Generate();
  v1::Statement statement;
  statement.set_consortium(root.said.consortium());
  statement.set_create_time(absl::ToUnixSeconds(clock_.Now()));
  statement.set_signer("vault");
  v1::VaultOpening& said = *statement.mutable_vault_key()->mutable_opening();
  said.set_split_hash(ToString(root.hash));
  said.set_box_key(ToString(box_key.public_key().bytes));
  const crypto::SigningKey* signers[] = {&root.opening_key};
  v1::SignedStatement signed_statement = governance::SignStatement(statement, signers);
  const Bytes32 hash = governance::StatementHash(signed_statement);
  const std::lock_guard lock(mutex_);
  split_in_force_ = KeyStateOf(root);
  opening_.emplace(
      Opening{std::move(root), std::move(box_key), std::move(signed_statement), hash, {}, {}});
  return absl::OkStatus();
}

absl::Status Custody::Sealed() const {
  const int threshold = split_in_force_.threshold();
  if (vault_ != nullptr || !opening_.has_value()) {
    return MakeError(v1::VAULT_UNAVAILABLE,
                     sealing_ ? "the vault is being sealed"
                              : "the vault was unsealed and waits for the log to show it; try "
                                "again in a few seconds");
  }
  return MakeError(v1::VAULT_SEALED,
                   "the vault is sealed: " + std::to_string(threshold) + " of its " +
                       std::to_string(split_in_force_.holder_count()) +
                       " holders open it with `muster vault unseal`, and " +
                       std::to_string(opening_->delivered.size()) +
                       " have; what is received meanwhile waits",
                   {{"threshold", std::to_string(threshold)},
                    {"delivered", std::to_string(opening_->delivered.size())}});
}

v1::VaultState Custody::State() const {
  const std::lock_guard lock(mutex_);
  v1::VaultState state;
  if (vault_ != nullptr) {
    state = vault_->State();
  } else {
    *state.mutable_keys() = public_keys_;
  }
  state.set_unsealed(vault_ != nullptr);
  const bool split = split_in_force_.epoch() != 0;
  state.set_root_kind(split ? "shares" : "keyfile");
  if (split) *state.mutable_key() = split_in_force_;
  if (opening_.has_value() && vault_ == nullptr) {
    state.mutable_key()->set_opening_hash(ToString(opening_->hash));
    for (const auto& [person, delivered] : opening_->delivered)
      state.mutable_key()->add_delivered(person.Name());
    for (const PersonId& person : opening_->refused)
      state.mutable_key()->add_refused(person.Name());
  }
  // Both: the log takes the split, and then the next opening is of that; or it refuses it, and the
  // vault must not stay closed for that.
  if (prepared_.has_value()) *state.add_statements() = *prepared_;
  if (vault_ == nullptr && opening_.has_value()) *state.add_statements() = opening_->statement;
  if (unsealed_.has_value()) *state.add_statements() = *unsealed_;
  return state;
}

absl::StatusOr<Vault*> Custody::Use() const {
  const std::lock_guard lock(mutex_);
  if (!works_ || sealing_) return Sealed();
  return vault_.get();
}

absl::StatusOr<uint64_t> Custody::Observe(const v1::ObserveEntriesRequest& request) {
  Vault* vault = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (vault_ == nullptr) return Sealed();
    vault = vault_.get();
  }
  MUSTER_ASSIGN_OR_RETURN(const uint64_t size, vault->Observe(request));
  LookForSeal();
  MUSTER_RETURN_IF_ERROR(LookForConfirmed());
  MUSTER_RETURN_IF_ERROR(FollowCeremony());
  return size;
}

void Custody::LookForSeal() {
  bool seal = false;
  {
    const std::lock_guard lock(mutex_);
    const auto registry = vault_->observer().registry();
    const governance::VaultKeyRecord& key = registry->vault_key();
    if (unsealed_.has_value() &&
        registry->FindDecided(governance::StatementHash(*unsealed_)).has_value()) {
      unsealed_.reset();
      works_ = true;
    }
    // An older word than this opening seals nothing.
    seal = key.seal_asked() && key.open_hash().has_value() && open_by_.contains(*key.open_hash());
  }
  if (seal) SealOnce();
}

absl::Status Custody::LookForConfirmed() {
  const std::lock_guard one_at_a_time(deliver_mutex_);
  {
    const std::lock_guard lock(mutex_);
    const auto registry = vault_->observer().registry();
    const auto& split = registry->vault_key().split();
    // Of a key file there is nothing to be removed before its split is in force here too.
    if (proven_ || split_in_force_.epoch() == 0 || !split.has_value() ||
        split->epoch() != split_in_force_.epoch() ||
        std::ssize(split->confirmed) < split->threshold()) {
      return absl::OkStatus();
    }
    proven_ = true;
  }
  return keyring::RemoveOldRoots(options_.home, keyring::Proven::kYes);
}

void Custody::SealOnce() {
  {
    const std::lock_guard lock(mutex_);
    if (sealing_) return;
    sealing_ = true;
  }
  seal_();
}

void Custody::KeepLease() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!lease_end_.has_value() || sealing_) {
      changed_.wait(lock);
      continue;
    }
    if (std::chrono::steady_clock::now() < *lease_end_) {
      changed_.wait_until(lock, *lease_end_);
      continue;
    }
    lock.unlock();
    SealOnce();
    lock.lock();
  }
}

absl::Status Custody::FollowCeremony() {
  const std::lock_guard one_at_a_time(deliver_mutex_);
  std::shared_ptr<const governance::Registry> registry;
  const keyring::Keyring* keyring = nullptr;
  {
    const std::lock_guard lock(mutex_);
    registry = vault_->observer().registry();
    const governance::VaultKeyRecord& key = registry->vault_key();
    if (!registry->founded() || !key.ceremony().has_value() || !works_) return absl::OkStatus();
    // Followed already, and what stands on the log of it not read yet.
    if (key.ceremony()->epoch() <= split_in_force_.epoch()) return absl::OkStatus();
    if (prepared_.has_value()) {
      v1::Statement said;
      said.ParseFromString(prepared_->statement());
      if (said.vault_key().split().ceremony_hash() == AsText(key.ceremony_hash()))
        return absl::OkStatus();
    }
    keyring = &vault_->keyring();
  }
  const v1::CeremonyStatement& ceremony = *registry->vault_key().ceremony();
  keyring::SplitPlan plan;
  plan.consortium = registry->consortium();
  plan.create_time = absl::ToUnixSeconds(clock_.Now());
  plan.ceremony_hash = registry->vault_key().ceremony_hash();
  plan.epoch = ceremony.epoch();
  plan.threshold = ceremony.threshold();
  for (const std::string& name : ceremony.holders()) {
    MUSTER_ASSIGN_OR_RETURN(const PersonId id, PersonId::Parse(name));
    const governance::PersonRecord* person = registry->FindPerson(id);
    if (person == nullptr) return MakeError(v1::PRINCIPAL_NOT_FOUND, name + " takes no part");
    plan.holders.push_back({id, person->sign_key, person->box_key});
  }
  MUSTER_ASSIGN_OR_RETURN(v1::SignedStatement prepared, keyring->PrepareSplit(plan));
  const std::lock_guard lock(mutex_);
  prepared_ = std::move(prepared);
  return absl::OkStatus();
}

absl::Status Custody::Commit(const v1::CommitSplitRequest& request) {
  const std::lock_guard one_at_a_time(deliver_mutex_);
  MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint checkpoint,
                          tlog::OpenCheckpoint(request.checkpoint(), log_key_));
  MUSTER_RETURN_IF_ERROR(tlog::VerifyEntryProof(request.split(), checkpoint));
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          governance::VerifyStatementBytes(request.split().body()));
  MUSTER_RETURN_IF_ERROR(keyring::CommitPreparedSplit(options_.home, verified.hash));
  MUSTER_ASSIGN_OR_RETURN(std::optional<keyring::SealedRoot> root,
                          keyring::ReadSealedRoot(options_.home));
  bool sealed = false;
  {
    const std::lock_guard lock(mutex_);
    prepared_.reset();
    const int64_t lease_end = split_in_force_.lease_end_time();
    split_in_force_ = KeyStateOf(*root);
    split_in_force_.set_lease_end_time(lease_end);
    open_by_.insert(verified.hash);
    sealed = vault_ == nullptr;
  }
  // Shares of the old split open nothing any more.
  return sealed ? StartSealed(*std::move(root)) : absl::OkStatus();
}

absl::StatusOr<Custody::Delivered> Custody::CheckDelivery(const v1::DeliverShareRequest& request,
                                                          PersonId& holder) {
  v1::ShareDelivery delivery;
  MUSTER_RETURN_IF_ERROR(ParseWhole(request.delivery(), delivery));
  MUSTER_ASSIGN_OR_RETURN(holder, PersonId::Parse(delivery.person()));
  const std::lock_guard lock(mutex_);
  if (vault_ != nullptr || !opening_.has_value())
    return MakeError(v1::VAULT_NOT_SEALED, "the vault is unsealed already");
  const v1::RootSplit& split = opening_->root.split();
  const auto& holders = split.holders();
  const auto found = std::find_if(holders.begin(), holders.end(), [&](const v1::ShareHolder& one) {
    return one.person() == delivery.person();
  });
  if (found == holders.end()) {
    return MakeError(v1::NOT_A_HOLDER, delivery.person() + " holds no share of this vault's root");
  }
  MUSTER_ASSIGN_OR_RETURN(const crypto::VerifyKey key, crypto::ParseVerifyKey(found->sign_key()));
  MUSTER_RETURN_IF_ERROR(Annotate(
      crypto::Verify(key, governance::kDeliveryPurpose, request.delivery(), request.signature()),
      "the delivery"));
  if (delivery.consortium() != opening_->root.said.consortium())
    return MakeError(v1::REQUEST_MALFORMED, "the delivery is for another consortium's vault");
  if (delivery.opening_hash() != AsText(opening_->hash)) {
    return MakeError(v1::OPENING_STALE,
                     "the vault has started anew since this share was sealed for it; run `muster "
                     "vault unseal` again");
  }
  if (delivery.lease_seconds() < 0 || delivery.lease_seconds() > kLeaseSecondsMax)
    return MakeError(v1::REQUEST_MALFORMED, "a lease is at most a year");
  // From here on it is the holder's word, signed: what does not hold is theirs.
  const auto wrong = [&](std::string_view what) {
    opening_->refused.insert(holder);
    return MakeError(v1::SHARE_WRONG,
                     "the share of " + delivery.person() + " " + std::string(what) +
                         "; the others' count, and this holder is named by the signature on it",
                     {{"holder", delivery.person()}});
  };
  absl::StatusOr<crypto::SecretBytes> opened = opening_->box_key.OpenSecret(
      governance::DeliveryContext(*ToArray<16>(delivery.consortium()), opening_->hash, holder),
      delivery.sealed_share());
  if (!opened.ok()) return wrong("does not open under the vault's key");
  absl::StatusOr<crypto::Share> share = crypto::ParseShare(*opened);
  if (!share.ok()) return wrong("is no share");
  if (share->index != found - holders.begin() + 1) return wrong("is another holder's");
  if (!opening_->root.commitments.Check(*share).ok())
    return wrong("is not the one that was committed to");
  return Delivered{*std::move(share), delivery.lease_seconds()};
}

absl::StatusOr<v1::DeliverShareResponse> Custody::Deliver(const v1::DeliverShareRequest& request) {
  const std::lock_guard one_at_a_time(deliver_mutex_);
  PersonId holder;
  MUSTER_ASSIGN_OR_RETURN(Delivered delivered, CheckDelivery(request, holder));
  v1::DeliverShareResponse response;
  bool enough = false;
  {
    const std::lock_guard lock(mutex_);
    opening_->refused.erase(holder);
    opening_->delivered.insert_or_assign(holder, std::move(delivered));
    response.set_delivered_count(static_cast<int32_t>(opening_->delivered.size()));
    response.set_threshold(opening_->root.commitments.threshold());
    enough = response.delivered_count() >= response.threshold();
  }
  if (enough) MUSTER_RETURN_IF_ERROR(Unseal());
  response.set_unsealed(enough);
  return response;
}

absl::Status Custody::Unseal() {
  std::vector<crypto::Share> shares;
  std::vector<PersonId> holders;
  int64_t lease_seconds = 0;
  std::optional<crypto::ShareCommitments> commitments;
  Bytes32 opening_hash{};
  std::string consortium;
  {
    // Whatever comes of it, these shares are used up.
    const std::lock_guard lock(mutex_);
    for (auto& [person, delivered] : opening_->delivered) {
      const int64_t lease = delivered.lease_seconds;
      if (lease > 0) lease_seconds = lease_seconds == 0 ? lease : std::min(lease_seconds, lease);
      holders.push_back(person);
      shares.push_back(std::move(delivered.share));
    }
    opening_->delivered.clear();
    commitments = opening_->root.commitments;
    opening_hash = opening_->hash;
    consortium = opening_->root.said.consortium();
  }
  MUSTER_ASSIGN_OR_RETURN(const crypto::Scalar root, crypto::CombineShares(*commitments, shares));
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<keyring::Keyring> keyring,
                          keyring::Keyring::Open(options_.home, root));
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<Vault> vault,
                          Vault::Open(options_, std::move(keyring), clock_));
  // The shares are good: nothing else shall open it from here on.
  MUSTER_RETURN_IF_ERROR(keyring::RemoveOldRoots(options_.home, keyring::Proven::kYes));

  const int64_t now = absl::ToUnixSeconds(clock_.Now());
  const auto registry = vault->observer().registry();
  if (registry->founded() && registry->terms().lease_seconds_max() > 0) {
    const int64_t most = registry->terms().lease_seconds_max();
    lease_seconds = lease_seconds == 0 ? most : std::min(lease_seconds, most);
  }
  v1::Statement statement;
  statement.set_consortium(consortium);
  statement.set_create_time(now);
  statement.set_signer("vault");
  v1::VaultUnsealed& said = *statement.mutable_vault_key()->mutable_unsealed();
  said.set_opening_hash(ToString(opening_hash));
  for (const PersonId& person : holders) said.add_holders(person.Name());
  if (lease_seconds > 0) said.set_lease_end_time(now + lease_seconds);
  const crypto::SigningKey* signers[] = {&vault->keyring().sign_key()};

  const std::lock_guard lock(mutex_);
  unsealed_ = governance::SignStatement(statement, signers);
  open_by_.insert(governance::StatementHash(*unsealed_));
  split_in_force_.set_lease_end_time(said.lease_end_time());
  if (lease_seconds > 0)
    lease_end_ = std::chrono::steady_clock::now() + std::chrono::seconds(lease_seconds);
  vault_ = std::move(vault);
  opening_.reset();
  changed_.notify_all();
  return absl::OkStatus();
}

void Custody::Drain() {
  const std::lock_guard lock(mutex_);
  if (vault_ != nullptr) vault_->Drain();
}

}  // namespace muster::pipeline
