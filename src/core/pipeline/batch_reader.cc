// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/batch_reader.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/hash.h"
#include "core/crypto/merkle.h"
#include "core/seal/key_wrap.h"
#include "core/seal/opener.h"
#include "core/token/normalize.h"

namespace muster::pipeline {
namespace {

using contact::Field;

std::string Where(uint32_t sequence) { return "batch " + std::to_string(sequence); }

// Text that held an address.
class Plaintext {
 public:
  explicit Plaintext(std::string text) : text_(std::move(text)) {}
  ~Plaintext() { crypto::Wipe(text_.data(), text_.size()); }
  Plaintext(const Plaintext&) = delete;
  Plaintext& operator=(const Plaintext&) = delete;
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

// The token of the first number that is one.
token::Token PhoneToken(const contact::ContactRecord& record, const token::TokenKey& key) {
  for (const Field field : {Field::kMobile, Field::kPhone}) {
    if (record[field].empty()) continue;
    absl::StatusOr<std::string> e164 = contact::ParsePhone(record[field]);
    if (!e164.ok()) continue;
    const Plaintext text(*std::move(e164));
    return key.PhoneToken(text.str());
  }
  return {};
}

}  // namespace

absl::Status BatchReader::CheckHeader(uint32_t sequence, const seal::Envelope& envelope,
                                      const governance::Registry& registry) const {
  const seal::BatchHeader& header = envelope.header;
  const std::string where = Where(sequence);
  if (header.sequence != sequence) {
    return MakeError(v1::BATCH_TAMPERED, where + ": its header says batch " +
                                             std::to_string(header.sequence) +
                                             "; batches changed places, upload the file again");
  }
  if (header.consortium != plan_.consortium || header.member != plan_.member ||
      header.upload != plan_.upload) {
    return MakeError(v1::BATCH_NOT_YOURS, where +
                                              ": it was sealed for another consortium, member or "
                                              "upload; seal the file for this upload");
  }
  const governance::PersonRecord* uploader = registry.FindPerson(header.uploader);
  const v1::Role role = plan_.voterfile.has_value() ? v1::ROLE_STEWARD : v1::ROLE_UPLOADER;
  if (uploader == nullptr || uploader->member != plan_.member || !uploader->roles.Has(role)) {
    return MakeError(v1::BATCH_NOT_YOURS, where + ": its signer is no " +
                                              std::string(governance::RoleName(role)) +
                                              " of this member; upload as one who is");
  }
  if (header.intake_key != plan_.intake_key.public_key().bytes ||
      header.vault_key != plan_.vault_key.bytes || header.member_key != plan_.member_key.bytes) {
    return MakeError(
        v1::BATCH_WRONG_KEY,
        where + ": it was sealed to other keys than this upload's; upload the file again");
  }
  MUSTER_RETURN_IF_ERROR(
      Annotate(seal::VerifyEnvelopeSignature(envelope, uploader->sign_key),
               "the batch was changed or its signer is another; upload the file again"));
  if (envelope.intake_wrap.empty()) {
    return MakeError(v1::BATCH_WRONG_KEY,
                     where + ": its intake wrap was erased; upload the file again");
  }
  return absl::OkStatus();
}

absl::StatusOr<BatchRows> BatchReader::Read(uint32_t sequence, std::string_view bytes,
                                            const governance::Registry& registry) {
  absl::StatusOr<seal::Envelope> parsed = seal::ParseEnvelope(bytes);
  if (!parsed.ok()) return Annotate(parsed.status(), Where(sequence));
  const seal::Envelope& envelope = *parsed;
  MUSTER_RETURN_IF_ERROR(CheckHeader(sequence, envelope, registry));
  MUSTER_RETURN_IF_ERROR(seal::VerifyEnvelopeRoot(envelope));
  absl::StatusOr<crypto::SecretBytes> dek = seal::UnwrapForIntake(
      envelope.intake_wrap, plan_.intake_key, envelope.header_bytes, envelope.header.dek_hash);
  if (!dek.ok())
    return Annotate(dek.status(),
                    Where(sequence) + ": its key does not open; upload the file again");

  BatchRows out;
  out.sequence = sequence;
  out.record_count = envelope.header.record_count;
  out.leaf = crypto::MerkleLeaf(envelope.SignedPart());
  out.rows.reserve(out.record_count);
  // A sketch and about as much beside it.
  out.values.reserve(out.record_count * 2 * token::kSketchBytes);
  seal::Opener opener(envelope, *dek);
  for (uint32_t i = 0; i < out.record_count; ++i) {
    const absl::Status opened = opener.Open(i, record_);
    Reason reason = ReasonOf(opened);
    if (opened.ok()) {
      const auto index = static_cast<uint16_t>(i);
      reason = plan_.voterfile.has_value() ? AddVoter(index, out) : AddContact(index, out);
    } else if (reason == v1::DECRYPTION_FAILED || reason == v1::BATCH_MALFORMED) {
      return Annotate(opened, "a record does not open; upload the file again");
    }
    if (reason != v1::ERROR_REASON_UNSPECIFIED) {
      out.refused.push_back({opened.ok() ? record_.row : 0, reason});
    }
  }
  record_.Clear();
  return out;
}

void BatchReader::AppendSketch(std::string& out) {
  token::Sketch sketch;
  sketcher_.Make(token::PersonTextOf(record_), sketch);
  out.append(token::EncodeSketch(sketch));
}

Reason BatchReader::AddVoter(uint16_t index, BatchRows& out) {
  const Plaintext number(token::NormalizeVoterNumber(record_[Field::kVoterFileId]));
  if (number.str().empty()) return v1::VOTER_ID_MISSING;
  IntakeRow row;
  row.index = index;
  row.token = plan_.token_key->VoterToken(plan_.voterfile->state(), number.str());
  row.offset = static_cast<uint32_t>(out.values.size());
  const std::string& history = record_[Field::kVoteHistory];
  bool voter = history.empty();
  for (size_t field = 1; field < contact::kFieldCount && !voter; ++field) {
    voter = !record_.fields[field].empty() && field != static_cast<size_t>(Field::kVoterFileId) &&
            field != static_cast<size_t>(Field::kVoteHistory);
  }
  if (voter) {
    AppendSketch(out.values);
    store::AppendVoterRow(record_, out.values);
  } else {
    ++out.history_record_count;
  }
  row.size = static_cast<uint32_t>(out.values.size()) - row.offset;
  row.history_size = static_cast<uint32_t>(history.size());
  out.values.append(history);
  out.rows.push_back(row);
  return v1::ERROR_REASON_UNSPECIFIED;
}

Reason BatchReader::AddContact(uint16_t index, BatchRows& out) {
  // What is excluded leaves no token behind.
  if (contact::IsExclusion(record_.status)) {
    ++out.exclusion_count;
    return v1::ERROR_REASON_UNSPECIFIED;
  }
  absl::StatusOr<contact::Email> email = contact::ParseEmail(record_[Field::kEmail]);
  if (!email.ok()) return ReasonOf(email.status());
  const Plaintext normalized(token::NormalizeEmail(*email));
  IntakeRow row;
  row.index = index;
  row.status = record_.status;
  row.token = plan_.token_key->EmailToken(normalized.str());
  row.offset = static_cast<uint32_t>(out.values.size());
  if (contact::IsSuppression(record_.status)) {
    row.kind = store::UploadContactKind::kSuppression;
    out.values.append(plan_.token_key->SuppressionToken(normalized.str()).View());
  } else {
    store::SourceRow source;
    source.status = record_.status;
    source.row = record_.row;
    source.ordinal = record_.ordinal;
    if (const std::string& consent = record_[Field::kConsent]; !consent.empty()) {
      source.consent = RowHash("consent", consent);
      if (out.consents.empty() || out.consents.back().first != source.consent) {
        out.consents.emplace_back(source.consent, consent);
      }
    }
    source.subscribed_day = token::NormalizeDay(record_[Field::kSubscribedTime]);
    source.activity_day = token::NormalizeDay(record_[Field::kActivityTime]);
    source.zip5 = token::NormalizeZip(record_[Field::kZip]);
    const std::string state = token::NormalizeState(record_[Field::kState]);
    if (state.size() == 2) source.state = {state[0], state[1]};
    source.phone = PhoneToken(record_, *plan_.token_key);
    source.mail_domain = RowHash("mail domain", email->domain);
    store::AppendSourceRow(source, out.values);
    PutU8(out.values, store::kSketchFeature);
    PutU16(out.values, token::kSketchBytes);
    AppendSketch(out.values);
  }
  row.size = static_cast<uint32_t>(out.values.size()) - row.offset;
  out.rows.push_back(row);
  crypto::Wipe(email->local.data(), email->local.size());
  return v1::ERROR_REASON_UNSPECIFIED;
}

Bytes8 BatchReader::RowHash(std::string_view domain, std::string_view text) const {
  Bytes16 hash;
  crypto::KeyedHash(*plan_.row_key, {domain, std::string_view("\0", 1), text}, hash);
  Bytes8 out;
  std::copy(hash.begin(), hash.begin() + out.size(), out.begin());
  return out;
}

}  // namespace muster::pipeline
