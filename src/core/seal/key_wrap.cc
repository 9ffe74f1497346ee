// SPDX-License-Identifier: Apache-2.0
#include "core/seal/key_wrap.h"

#include <array>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/aead.h"
#include "core/crypto/hash.h"

namespace muster::seal {
namespace {

constexpr size_t kDekBytes = crypto::kAeadKeyBytes;
constexpr size_t kPointBytes = 32;
// Each key seals one DEK and no more.
constexpr std::array<uint8_t, crypto::kAeadNonceBytes> kZeroNonce{};

// A shared point is a secret until it is hashed.
class SharedPoint {
 public:
  explicit SharedPoint(const crypto::Point& point) : point_(point) {}
  ~SharedPoint() { crypto::Wipe(point_.bytes.data(), point_.bytes.size()); }
  SharedPoint(const SharedPoint&) = delete;
  SharedPoint& operator=(const SharedPoint&) = delete;
  std::string_view View() const { return AsText(point_.bytes); }

 private:
  crypto::Point point_;
};

std::string IntakeContext(std::string_view header) {
  return "muster/intake-wrap/v1" + ToString(crypto::Blake2b256(header));
}

crypto::SecretBytes HoldingKey(const SharedPoint& vault_part, const SharedPoint& member_part,
                               const crypto::Point& ephemeral, const crypto::Point& vault_key,
                               const crypto::Point& member_key, std::string_view header) {
  const Bytes32 header_hash = crypto::Blake2b256(header);
  Bytes32 key = crypto::Blake2b256({"muster/holding/v1", vault_part.View(), member_part.View(),
                                    AsText(ephemeral.bytes), AsText(vault_key.bytes),
                                    AsText(member_key.bytes), AsText(header_hash)});
  crypto::SecretBytes secret = crypto::SecretBytes::CopyOf(key);
  crypto::Wipe(key.data(), key.size());
  return secret;
}

absl::Status CannotOpen(std::string_view which) {
  return MakeError(v1::DECRYPTION_FAILED, std::string(which) + " wrap: another size than ours");
}

// The header's hash decides, so that both openings yield the same key or none.
absl::StatusOr<crypto::SecretBytes> Checked(crypto::SecretBytes dek, const Bytes32& dek_hash) {
  if (dek.size() != kDekBytes || DekHash(dek) != dek_hash) {
    return MakeError(v1::BATCH_WRONG_KEY,
                     "the wrapped key is not the one that the batch's header names; "
                     "seal and send the batch anew");
  }
  return dek;
}

}  // namespace

Bytes32 DekHash(const crypto::SecretBytes& dek) {
  return crypto::Blake2b256({"muster/dek/v1", AsText(dek.ExposeSecret())});
}

absl::StatusOr<std::string> WrapForIntake(const crypto::SecretBytes& dek,
                                          const crypto::BoxPublicKey& intake_key,
                                          std::string_view header) {
  return crypto::BoxSeal(intake_key, IntakeContext(header), dek.ExposeSecret());
}

absl::StatusOr<crypto::SecretBytes> UnwrapForIntake(std::string_view wrap,
                                                    const crypto::BoxSecretKey& intake_key,
                                                    std::string_view header,
                                                    const Bytes32& dek_hash) {
  if (wrap.size() != kIntakeWrapBytes) return CannotOpen("intake");
  auto dek = intake_key.OpenSecret(IntakeContext(header), wrap);
  if (!dek.ok()) return Annotate(dek.status(), "intake wrap");
  return Checked(*std::move(dek), dek_hash);
}

absl::StatusOr<std::string> WrapForHolding(const crypto::SecretBytes& dek,
                                           const crypto::Point& vault_key,
                                           const crypto::Point& member_key,
                                           std::string_view header) {
  return WrapForHoldingWithScalar(dek, vault_key, member_key, header, crypto::Scalar::Random());
}

absl::StatusOr<std::string> WrapForHoldingWithScalar(const crypto::SecretBytes& dek,
                                                     const crypto::Point& vault_key,
                                                     const crypto::Point& member_key,
                                                     std::string_view header,
                                                     const crypto::Scalar& r) {
  MUSTER_ASSIGN_OR_RETURN(const crypto::Point vault_point, r.Times(vault_key));
  const SharedPoint vault_part(vault_point);
  MUSTER_ASSIGN_OR_RETURN(const crypto::Point member_point, r.Times(member_key));
  const SharedPoint member_part(member_point);
  const crypto::Point ephemeral = r.TimesBase();
  const crypto::SecretBytes key =
      HoldingKey(vault_part, member_part, ephemeral, vault_key, member_key, header);
  return ToString(ephemeral.bytes) +
         crypto::AeadSealWithNonce(key, kZeroNonce, {}, AsText(dek.ExposeSecret()));
}

absl::StatusOr<crypto::Point> HoldingPartial(std::string_view wrap, const crypto::Scalar& m) {
  if (wrap.size() != kHoldingWrapBytes) return CannotOpen("holding");
  MUSTER_ASSIGN_OR_RETURN(const crypto::Point ephemeral,
                          crypto::ParsePoint(wrap.substr(0, kPointBytes)));
  return m.Times(ephemeral);
}

absl::StatusOr<crypto::SecretBytes> UnwrapForHolding(std::string_view wrap, const crypto::Scalar& v,
                                                     const crypto::Point& partial,
                                                     const crypto::Point& member_key,
                                                     std::string_view header,
                                                     const Bytes32& dek_hash) {
  if (wrap.size() != kHoldingWrapBytes) return CannotOpen("holding");
  MUSTER_ASSIGN_OR_RETURN(const crypto::Point ephemeral,
                          crypto::ParsePoint(wrap.substr(0, kPointBytes)));
  MUSTER_ASSIGN_OR_RETURN(const crypto::Point vault_point, v.Times(ephemeral));
  const SharedPoint vault_part(vault_point);
  const SharedPoint member_part(partial);
  const crypto::SecretBytes key =
      HoldingKey(vault_part, member_part, ephemeral, v.TimesBase(), member_key, header);
  auto text = crypto::AeadOpenWithNonce(key, kZeroNonce, {}, wrap.substr(kPointBytes));
  if (!text.ok()) return Annotate(text.status(), "holding wrap");
  return Checked(crypto::SecretBytes::CopyOf(AsBytes(text->str())), dek_hash);
}

}  // namespace muster::seal
