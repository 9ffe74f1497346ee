// SPDX-License-Identifier: Apache-2.0
#include "core/keyring/keyring.h"

#include <map>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/aead.h"
#include "core/crypto/hash.h"
#include "core/governance/statement.h"
#include "core/governance/vault_key.h"
#include "muster/v1/vault_record.pb.h"

namespace muster::keyring {
namespace {

namespace fs = std::filesystem;
using crypto::SecretBytes;

// 1: a home from before there were sketches. 3: its root is split.
constexpr int32_t kVersion = 2;
constexpr int32_t kVersionOfShares = 3;
constexpr int32_t kVersionWithoutSketches = 1;
constexpr size_t kRootBytes = 32;
constexpr std::string_view kTokenKey = "token_key";
constexpr std::string_view kStoreKey = "store_key";
constexpr std::string_view kHoldingKey = "holding_key";
constexpr std::string_view kSignKey = "sign_key";
constexpr std::string_view kBoxKey = "box_key";
constexpr std::string_view kSketchKey = "sketch_key";
constexpr std::string_view kIntakeFileKey = "intake_file_key";
constexpr std::string_view kKeyFileKind = "keyfile";
constexpr std::string_view kSharesKind = "shares";
constexpr std::string_view kKeySuffix = ".key";

absl::Status Malformed(const fs::path& path, std::string_view what) {
  return MakeError(v1::HOME_MALFORMED, path.string() + " " + std::string(what) +
                                           "; restore the vault's home from a backup");
}

SecretBytes WrapKey(const SecretBytes& root) {
  return crypto::DeriveKey(root, "muster/keyring/v1");
}
SecretBytes IntakeFileKey(const SecretBytes& root) {
  return crypto::DeriveKey(root, "muster/intake-key-file/v1");
}

// Keys of a split root belong to that very split.
std::string WrapAad(std::string_view name, std::string_view split_hash = {}) {
  return "muster/keyring/v1|" + std::string(name) + (split_hash.empty() ? "" : "|") +
         std::string(split_hash);
}
std::string IntakeAad(const UploadId& upload) {
  return "muster/intake-key/v1" + std::string(upload.View());
}

absl::StatusOr<SecretBytes> ReadRoot(const fs::path& path) {
  absl::StatusOr<std::string> read = ReadFile(path, kRootBytes);
  if (ReasonOf(read.status()) == v1::FILE_NOT_FOUND)
    return Malformed(path, "is missing: without it nothing in this home opens");
  if (ReasonOf(read.status()) == v1::FILE_TOO_LARGE) return Malformed(path, "is not 32 bytes long");
  MUSTER_RETURN_IF_ERROR(read.status());
  const crypto::WipedString bytes(*std::move(read));
  if (bytes.str().size() != kRootBytes) return Malformed(path, "is not 32 bytes long");
  return SecretBytes::CopyOf(AsBytes(bytes.str()));
}

void AddKey(const SecretBytes& wrap_key, std::string_view name, const SecretBytes& secret,
            v1::SealedKeys& sealed, std::string_view split_hash = {}) {
  v1::SealedKey& key = *sealed.add_keys();
  key.set_name(std::string(name));
  key.set_sealed(
      crypto::AeadSeal(wrap_key, WrapAad(name, split_hash), AsText(secret.ExposeSecret())));
}

using Secrets = std::map<std::string, SecretBytes, std::less<>>;

// keys.sealed as it stands, and every key in it.
absl::StatusOr<Secrets> ReadSealed(const fs::path& path, const SecretBytes& root,
                                   v1::SealedKeys& sealed) {
  absl::StatusOr<std::string> bytes = ReadFile(path, 1 << 16);
  if (ReasonOf(bytes.status()) == v1::FILE_NOT_FOUND) return Malformed(path, "is missing");
  MUSTER_RETURN_IF_ERROR(bytes.status());
  if (!sealed.ParseFromString(*bytes)) return Malformed(path, "cannot be read");
  const bool old = sealed.version() == kVersionWithoutSketches;
  const bool shares = sealed.root_kind() == kSharesKind;
  const bool known = shares ? sealed.version() == kVersionOfShares
                            : sealed.root_kind() == kKeyFileKind &&
                                  (old || sealed.version() == kVersion) && !sealed.has_split();
  if (!known) return Malformed(path, "is of a kind that this version does not know");
  std::string split_hash;
  if (shares) split_hash = ToString(governance::StatementHash(sealed.split()));
  const SecretBytes wrap_key = WrapKey(root);
  Secrets secrets;
  for (const v1::SealedKey& key : sealed.keys()) {
    absl::StatusOr<SecretBytes> secret =
        crypto::AeadOpenSecret(wrap_key, WrapAad(key.name(), split_hash), key.sealed());
    if (!secret.ok())
      return Malformed(
          path, "does not open under this root: one of the two is changed or of another home");
    if (!secrets.emplace(key.name(), *std::move(secret)).second)
      return Malformed(path, "names a key twice");
  }
  std::vector<std::string_view> names = {kTokenKey, kStoreKey, kHoldingKey, kSignKey, kBoxKey};
  if (!old) names.push_back(kSketchKey);
  if (shares) names.push_back(kIntakeFileKey);
  for (const std::string_view name : names) {
    const auto found = secrets.find(name);
    if (found == secrets.end() || found->second.size() != 32) return Malformed(path, "lacks a key");
  }
  if (secrets.size() != names.size())
    return Malformed(path, "has a key that this version does not know");
  return secrets;
}

std::string PublicText(const v1::VaultKeys& keys) {
  return "sign_key " + HexEncode(AsBytes(keys.sign_key())) + "\nbox_key " +
         HexEncode(AsBytes(keys.box_key())) + "\nholding_key " +
         HexEncode(AsBytes(keys.holding_key())) + "\n";
}

v1::VaultKeys PublicHalves(const crypto::Scalar& holding, const crypto::SigningKey& sign,
                           const crypto::BoxSecretKey& box) {
  v1::VaultKeys keys;
  keys.set_sign_key(ToString(sign.verify_key().bytes));
  keys.set_box_key(ToString(box.public_key().bytes));
  keys.set_holding_key(ToString(holding.TimesBase().bytes));
  return keys;
}

}  // namespace

absl::StatusOr<v1::VaultKeys> Keyring::Create(const fs::path& home) {
  for (const char* name : {"root.key", "keys.sealed", "keys.public"}) {
    std::error_code error;
    if (fs::exists(home / name, error)) {
      return MakeError(
          v1::HOME_EXISTS,
          (home / name).string() + " exists: keys are never overwritten; name a new folder");
    }
  }
  MUSTER_RETURN_IF_ERROR(MakeDirectories(home / "intake"));
  const SecretBytes root = SecretBytes::Random(kRootBytes);
  const SecretBytes wrap_key = WrapKey(root);
  const crypto::Scalar holding = crypto::Scalar::Random();
  const crypto::SigningKey sign = crypto::SigningKey::Generate();
  const crypto::BoxSecretKey box = crypto::BoxSecretKey::Generate();
  const SecretBytes token = SecretBytes::Random(32);
  const SecretBytes store = SecretBytes::Random(32);

  v1::SealedKeys sealed;
  sealed.set_version(kVersion);
  sealed.set_root_kind("keyfile");
  AddKey(wrap_key, kTokenKey, token, sealed);
  AddKey(wrap_key, kStoreKey, store, sealed);
  AddKey(wrap_key, kHoldingKey, holding.raw(), sealed);
  AddKey(wrap_key, kSignKey, sign.seed(), sealed);
  AddKey(wrap_key, kBoxKey, box.raw(), sealed);
  AddKey(wrap_key, kSketchKey, SecretBytes::Random(32), sealed);

  const v1::VaultKeys keys = PublicHalves(holding, sign, box);
  MUSTER_RETURN_IF_ERROR(WriteNewFileDurably(home / "root.key", AsText(root.ExposeSecret())));
  MUSTER_RETURN_IF_ERROR(WriteNewFileDurably(home / "keys.sealed", sealed.SerializeAsString()));
  MUSTER_RETURN_IF_ERROR(WriteNewFileDurably(home / "keys.public", PublicText(keys)));
  return keys;
}

struct Keyring::Root {
  SecretBytes key;
  std::string_view kind;
};

absl::StatusOr<std::unique_ptr<Keyring>> Keyring::Open(const fs::path& home) {
  MUSTER_ASSIGN_OR_RETURN(const std::optional<SealedRoot> split, ReadSealedRoot(home));
  if (split.has_value()) {
    return MakeError(v1::VAULT_SEALED,
                     "the root of this vault is split: its holders open it with `muster vault "
                     "unseal`");
  }
  MUSTER_ASSIGN_OR_RETURN(SecretBytes root, ReadRoot(home / "root.key"));
  return OpenWith(home, {std::move(root), kKeyFileKind});
}

absl::StatusOr<std::unique_ptr<Keyring>> Keyring::Open(const fs::path& home,
                                                       const crypto::Scalar& root) {
  return OpenWith(home, {crypto::DeriveKey(root.raw(), governance::kRootPurpose), kSharesKind});
}

absl::StatusOr<std::unique_ptr<Keyring>> Keyring::OpenWith(const fs::path& home,
                                                           const Root& opened) {
  const SecretBytes& root = opened.key;
  const fs::path path = home / "keys.sealed";
  v1::SealedKeys sealed;
  MUSTER_ASSIGN_OR_RETURN(Secrets secrets, ReadSealed(path, root, sealed));
  if (sealed.root_kind() != opened.kind)
    return Malformed(path, "is of another kind than the root that is given");
  absl::StatusOr<crypto::Scalar> holding =
      crypto::Scalar::FromBytes(secrets.find(kHoldingKey)->second);
  absl::StatusOr<crypto::SigningKey> sign =
      crypto::SigningKey::FromSeed(secrets.find(kSignKey)->second);
  absl::StatusOr<crypto::BoxSecretKey> box =
      crypto::BoxSecretKey::FromBytes(secrets.find(kBoxKey)->second);
  if (!holding.ok() || !sign.ok() || !box.ok()) return Malformed(path, "holds a key that is none");

  const fs::path public_path = home / "keys.public";
  const absl::StatusOr<std::string> text = ReadFile(public_path, 1 << 16);
  if (!text.ok() || *text != PublicText(PublicHalves(*holding, *sign, *box))) {
    return Malformed(public_path, "does not fit keys.sealed");
  }
  MUSTER_RETURN_IF_ERROR(MakeDirectories(home / "intake"));
  const auto carried = secrets.find(kIntakeFileKey);
  SecretBytes intake_file_key =
      carried == secrets.end() ? IntakeFileKey(root) : std::move(carried->second);
  std::unique_ptr<Keyring> keyring(new Keyring(
      home, std::move(secrets.find(kTokenKey)->second), std::move(secrets.find(kStoreKey)->second),
      *std::move(holding), *std::move(sign), *std::move(box), std::move(intake_file_key)));
  if (const auto sketch = secrets.find(kSketchKey); sketch != secrets.end())
    keyring->sketch_key_.emplace(std::move(sketch->second));
  return keyring;
}

absl::Status Keyring::AddMissing() {
  if (sketch_key_.has_value()) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(const SecretBytes root, ReadRoot(home_ / "root.key"));
  const fs::path path = home_ / "keys.sealed";
  v1::SealedKeys sealed;
  MUSTER_ASSIGN_OR_RETURN(Secrets secrets, ReadSealed(path, root, sealed));
  auto sketch = secrets.find(kSketchKey);
  if (sketch == secrets.end()) {
    sketch = secrets.emplace(kSketchKey, SecretBytes::Random(32)).first;
    sealed.set_version(kVersion);
    AddKey(WrapKey(root), kSketchKey, sketch->second, sealed);
    MUSTER_RETURN_IF_ERROR(WriteFileDurably(path, sealed.SerializeAsString(), 0600));
  }
  sketch_key_.emplace(std::move(sketch->second));
  return absl::OkStatus();
}

const crypto::SecretBytes& Keyring::sketch_key() const {
  MUSTER_CHECK(sketch_key_.has_value());
  return *sketch_key_;
}

Keyring::Keyring(fs::path home, SecretBytes token_key, SecretBytes store_key,
                 crypto::Scalar holding_key, crypto::SigningKey sign_key,
                 crypto::BoxSecretKey box_key, SecretBytes intake_file_key)
    : home_(std::move(home)),
      row_key_(crypto::DeriveKey(token_key, "muster/row-hash/v1")),
      token_raw_(token_key.Clone()),
      token_key_(std::move(token_key)),
      store_key_(std::move(store_key)),
      holding_key_(std::move(holding_key)),
      sign_key_(std::move(sign_key)),
      box_key_(std::move(box_key)),
      intake_file_key_(std::move(intake_file_key)) {}

absl::StatusOr<v1::SignedStatement> Keyring::PrepareSplit(const SplitPlan& plan) const {
  const crypto::Scalar root = crypto::Scalar::Random();
  const crypto::SplitScalar made =
      crypto::SplitScalar::Make(root, plan.threshold, static_cast<int>(plan.holders.size()));
  const crypto::SigningKey opening_key = crypto::SigningKey::Generate();

  v1::Statement statement;
  statement.set_consortium(ToString(plan.consortium));
  statement.set_create_time(plan.create_time);
  statement.set_signer("vault");
  v1::RootSplit& split = *statement.mutable_vault_key()->mutable_split();
  split.set_ceremony_hash(ToString(plan.ceremony_hash));
  split.set_epoch(plan.epoch);
  for (const crypto::Point& point : made.commitments.points())
    split.add_commitments(ToString(point.bytes));
  for (size_t i = 0; i < plan.holders.size(); ++i) {
    v1::ShareHolder& holder = *split.add_holders();
    holder.set_person(plan.holders[i].person.Name());
    holder.set_sign_key(ToString(plan.holders[i].sign_key.bytes));
    const SecretBytes share = crypto::EncodeShare(made.shares[i]);
    MUSTER_ASSIGN_OR_RETURN(
        *holder.mutable_sealed_share(),
        crypto::BoxSeal(
            plan.holders[i].box_key,
            governance::ShareContext(plan.consortium, plan.ceremony_hash, plan.holders[i].person),
            share.ExposeSecret()));
  }
  split.set_opening_key(ToString(opening_key.verify_key().bytes));

  v1::SealedKeys sealed;
  sealed.set_version(kVersionOfShares);
  sealed.set_root_kind(std::string(kSharesKind));
  const crypto::SigningKey* signers[] = {&sign_key_};
  *sealed.mutable_split() = governance::SignStatement(statement, signers);
  const Bytes32 hash = governance::StatementHash(sealed.split());
  const SecretBytes wrap_key = WrapKey(crypto::DeriveKey(root.raw(), governance::kRootPurpose));
  const auto add = [&](std::string_view name, const SecretBytes& secret) {
    AddKey(wrap_key, name, secret, sealed, AsText(hash));
  };
  add(kTokenKey, token_raw_);
  add(kStoreKey, store_key_);
  add(kHoldingKey, holding_key_.raw());
  add(kSignKey, sign_key_.seed());
  add(kBoxKey, box_key_.raw());
  add(kSketchKey, sketch_key());
  add(kIntakeFileKey, intake_file_key_);
  // What is written opens, or it is not handed out.
  MUSTER_RETURN_IF_ERROR(governance::VerifyStatement(sealed.split()).status());
  MUSTER_RETURN_IF_ERROR(
      WriteNewFileDurably(OpeningKeyPath(home_, hash), AsText(opening_key.seed().ExposeSecret())));
  MUSTER_RETURN_IF_ERROR(WriteFileDurably(home_ / "keys.next", sealed.SerializeAsString(), 0600));
  return sealed.split();
}

v1::VaultKeys Keyring::public_keys() const {
  return PublicHalves(holding_key_, sign_key_, box_key_);
}

fs::path Keyring::IntakePath(const UploadId& upload) const {
  return home_ / "intake" / (Base32Encode(upload.bytes) + std::string(kKeySuffix));
}

absl::StatusOr<crypto::BoxSecretKey> Keyring::MakeIntakeKey(const UploadId& upload) const {
  crypto::BoxSecretKey key = crypto::BoxSecretKey::Generate();
  MUSTER_RETURN_IF_ERROR(WriteNewFileDurably(
      IntakePath(upload),
      crypto::AeadSeal(intake_file_key_, IntakeAad(upload), AsText(key.raw().ExposeSecret()))));
  return key;
}

absl::StatusOr<crypto::BoxSecretKey> Keyring::ReadIntakeKey(const UploadId& upload) const {
  const fs::path path = IntakePath(upload);
  MUSTER_ASSIGN_OR_RETURN(const std::string sealed, ReadFile(path, 4096));
  const absl::StatusOr<SecretBytes> raw =
      crypto::AeadOpenSecret(intake_file_key_, IntakeAad(upload), sealed);
  if (!raw.ok() || raw->size() != 32)
    return Malformed(path, "does not open: it is changed or of another upload");
  return crypto::BoxSecretKey::FromBytes(*raw);
}

absl::Status Keyring::DestroyIntakeKey(const UploadId& upload) const {
  return RemoveDurably(IntakePath(upload));
}

absl::StatusOr<std::vector<UploadId>> Keyring::ListIntakeKeys() const {
  std::vector<UploadId> out;
  std::error_code error;
  for (fs::directory_iterator it(home_ / "intake", error), end; !error && it != end;
       it.increment(error)) {
    const fs::path& path = it->path();
    if (path.extension() != kKeySuffix) continue;
    const absl::StatusOr<UploadId> upload = UploadId::Parse("uploads/" + path.stem().string());
    if (upload.ok()) out.push_back(*upload);
  }
  if (error) return ErrnoError(error.value(), "cannot list", home_ / "intake");
  return out;
}

}  // namespace muster::keyring
