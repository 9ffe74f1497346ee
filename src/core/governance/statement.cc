// SPDX-License-Identifier: Apache-2.0
#include "core/governance/statement.h"

#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/id.h"
#include "core/base/status.h"
#include "core/crypto/box.h"
#include "core/crypto/group.h"
#include "core/crypto/hash.h"
#include "core/crypto/shares.h"
#include "core/governance/charter.h"
#include "core/governance/roles.h"
#include "core/seal/envelope.h"
#include "core/tlog/entry.h"
#include "core/tlog/note.h"

namespace muster::governance {
namespace {

constexpr int kSignaturesMax = 64;
constexpr size_t kGoodKeysMax = 10'000;
constexpr size_t kNameBytesMax =
    200;  // of a consortium, member, person or list: a line on a screen
constexpr size_t kConsentBytesMax = 4096;  // also of what a voter file may be used for
constexpr size_t kFileNameBytesMax = 255;  // what file systems allow
constexpr int kFilesMax = 1000;
constexpr int kComparatorsMax = 100;
constexpr int64_t kCountMax = int64_t{1}
                              << 40;  // far above anything real, far below overflow of a sum

absl::Status Malformed(std::string_view field, std::string_view what) {
  return MakeError(v1::STATEMENT_MALFORMED,
                   "statement: " + std::string(field) + " " + std::string(what),
                   {{"field", std::string(field)}});
}

// The same question as HasUnknownFields, without walking the schema: every entry of a log asks it.
bool HasUnknownOfItself(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}
bool HasUnknown(const v1::SignedStatement& message) {
  return HasUnknownOfItself(message) ||
         std::any_of(message.signatures().begin(), message.signatures().end(), HasUnknownOfItself);
}
bool HasUnknown(const v1::Statement& message) { return HasUnknownFields(message); }

// Reads `bytes` only when they are the one form that this schema writes: a field given twice, a
// padded varint or an unknown field could mean one thing here and another elsewhere.
template <typename Message>
absl::Status ParseCanonical(std::string_view bytes, std::string_view what, Message& message) {
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Malformed(what, "cannot be parsed");
  }
  if (HasUnknown(message)) return Malformed(what, "has fields that this version does not know");
  if (message.SerializeAsString() != bytes) return Malformed(what, "is not in canonical form");
  return absl::OkStatus();
}

absl::Status CheckSize(std::string_view value, size_t size, std::string_view field) {
  if (value.size() == size) return absl::OkStatus();
  return Malformed(field, "must have " + std::to_string(size) + " bytes");
}

// A name that people read: not empty, not long, nothing that moves a cursor.
absl::Status CheckText(std::string_view value, size_t bytes_max, bool required,
                       std::string_view field) {
  if (value.empty() && required) return Malformed(field, "is missing");
  if (value.size() > bytes_max) {
    return Malformed(field, "is longer than " + std::to_string(bytes_max) + " bytes");
  }
  for (const char c : value) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte < 0x20 && !(c == '\n' && bytes_max == kConsentBytesMax)) || byte == 0x7F) {
      return Malformed(field, "has control characters");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCount(int64_t value, std::string_view field) {
  if (value >= 0 && value <= kCountMax) return absl::OkStatus();
  return Malformed(field, "is out of range");
}

template <typename IdType>
absl::Status CheckName(std::string_view name, std::string_view field, bool required = true) {
  if (name.empty() && !required) return absl::OkStatus();
  if (!IdType::Parse(name).ok()) return Malformed(field, "is not a resource name of its kind");
  return absl::OkStatus();
}

absl::Status CheckPersonKeys(const v1::PersonKeys& keys) {
  MUSTER_RETURN_IF_ERROR(
      Annotate(crypto::ParseVerifyKey(keys.sign_key()).status(), "statement: sign_key"));
  MUSTER_RETURN_IF_ERROR(
      Annotate(crypto::ParseVerifyKey(keys.cosign_key()).status(), "statement: cosign_key"));
  MUSTER_RETURN_IF_ERROR(
      Annotate(crypto::ParseBoxPublicKey(keys.box_key()).status(), "statement: box_key"));
  if (keys.sign_key() == keys.cosign_key()) {
    return Malformed("cosign_key", "is the sign key; each purpose has a key of its own");
  }
  if (keys.member_key().empty()) return absl::OkStatus();
  return Annotate(crypto::ParsePoint(keys.member_key()).status(), "statement: member_key");
}

absl::Status CheckThresholds(double matched, double ambiguous, const std::string& field) {
  if (!(matched > 0.5 && matched <= 1))
    return Malformed(field + ".matched_probability", "must be above 0.5 and at most 1");
  if (!(ambiguous >= 0 && ambiguous < matched))
    return Malformed(field + ".ambiguous_probability", "must be less than matched_probability");
  return absl::OkStatus();
}

absl::Status CheckBody(const v1::CharterStatement& charter, std::string_view signer) {
  if (charter.version() != 1) return Malformed("charter.version", "is not 1");
  MUSTER_RETURN_IF_ERROR(CheckText(charter.name(), kNameBytesMax, true, "charter.name"));
  MUSTER_RETURN_IF_ERROR(Annotate(crypto::ParseVerifyKey(charter.vault().sign_key()).status(),
                                  "statement: charter.vault.sign_key"));
  MUSTER_RETURN_IF_ERROR(Annotate(crypto::ParseBoxPublicKey(charter.vault().box_key()).status(),
                                  "statement: charter.vault.box_key"));
  MUSTER_RETURN_IF_ERROR(Annotate(crypto::ParsePoint(charter.vault().holding_key()).status(),
                                  "statement: charter.vault.holding_key"));
  MUSTER_RETURN_IF_ERROR(
      Annotate(tlog::NoteKey::Parse(charter.log_vkey()).status(), "statement: charter.log_vkey"));
  MUSTER_RETURN_IF_ERROR(CheckSize(charter.certificate_sha256(), 32, "charter.certificate_sha256"));
  if (charter.quorum() < 1 || charter.quorum() > kSignaturesMax) {
    return Malformed("charter.quorum", "must be 1 to 64");
  }
  if (charter.witness_count() < 1 || charter.witness_count() > kSignaturesMax) {
    return Malformed("charter.witness_count", "must be 1 to 64");
  }
  MUSTER_RETURN_IF_ERROR(CheckName<PersonId>(charter.founder(), "charter.founder"));
  if (charter.founder() != signer) return Malformed("signer", "is not the charter's founder");
  MUSTER_RETURN_IF_ERROR(
      CheckText(charter.founder_name(), kNameBytesMax, true, "charter.founder_name"));
  if (!charter.founder_keys().member_key().empty()) {
    return Malformed("charter.founder_keys.member_key",
                     "must be empty: the founder is of no member");
  }
  if (charter.has_match_thresholds()) {
    const v1::MatchThresholds& thresholds = charter.match_thresholds();
    MUSTER_RETURN_IF_ERROR(CheckThresholds(thresholds.matched_probability(),
                                           thresholds.ambiguous_probability(),
                                           "charter.match_thresholds"));
  }
  if (charter.has_terms()) {
    if (charter.terms().quorum() != 0 || charter.terms().witness_count() != 0 ||
        charter.terms().has_match_thresholds()) {
      return Malformed("charter.terms", "say what the charter itself says");
    }
    MUSTER_RETURN_IF_ERROR(CheckTerms(TermsOf(charter)));
  }
  return CheckPersonKeys(charter.founder_keys());
}

absl::Status CheckBody(const v1::CharterProposalStatement& proposal, std::string_view) {
  if (proposal.version() < 2) return Malformed("charter_proposal.version", "is less than 2");
  MUSTER_RETURN_IF_ERROR(
      CheckSize(proposal.predecessor_hash(), 32, "charter_proposal.predecessor_hash"));
  MUSTER_RETURN_IF_ERROR(
      CheckText(proposal.reason(), kConsentBytesMax, false, "charter_proposal.reason"));
  if (!proposal.has_terms()) return Malformed("charter_proposal.terms", "are missing");
  return CheckTerms(proposal.terms());
}

absl::Status CheckBody(const v1::EndorsementStatement& endorsement, std::string_view) {
  return CheckSize(endorsement.statement_hash(), 32, "endorsement.statement_hash");
}

absl::Status CheckBody(const v1::CeremonyStatement& ceremony, std::string_view) {
  if (ceremony.epoch() < 1) return Malformed("ceremony.epoch", "is less than 1");
  if (ceremony.holders().empty() || ceremony.holders_size() > crypto::kShareHoldersMax)
    return Malformed("ceremony.holders", "must be 1 to 64");
  if (ceremony.threshold() < 1 || ceremony.threshold() > ceremony.holders_size())
    return Malformed("ceremony.threshold", "must be 1 to the number of holders");
  for (const std::string& holder : ceremony.holders())
    MUSTER_RETURN_IF_ERROR(CheckName<PersonId>(holder, "ceremony.holders"));
  return absl::OkStatus();
}

absl::Status CheckBody(const v1::VaultKeyStatement& said, std::string_view) {
  switch (said.event_case()) {
    case v1::VaultKeyStatement::kSplit: {
      const v1::RootSplit& split = said.split();
      MUSTER_RETURN_IF_ERROR(CheckSize(split.ceremony_hash(), 32, "vault_key.split.ceremony_hash"));
      if (split.epoch() < 1) return Malformed("vault_key.split.epoch", "is less than 1");
      const std::vector<std::string> points(split.commitments().begin(), split.commitments().end());
      MUSTER_RETURN_IF_ERROR(Annotate(crypto::ShareCommitments::Parse(points).status(),
                                      "statement: vault_key.split.commitments"));
      if (split.holders_size() < split.commitments_size() ||
          split.holders_size() > crypto::kShareHoldersMax) {
        return Malformed("vault_key.split.holders", "must be as many as the threshold, to 64");
      }
      for (const v1::ShareHolder& holder : split.holders()) {
        MUSTER_RETURN_IF_ERROR(
            CheckName<PersonId>(holder.person(), "vault_key.split.holders.person"));
        MUSTER_RETURN_IF_ERROR(Annotate(crypto::ParseVerifyKey(holder.sign_key()).status(),
                                        "statement: vault_key.split.holders.sign_key"));
        MUSTER_RETURN_IF_ERROR(CheckSize(holder.sealed_share(),
                                         crypto::kShareBytes + crypto::kBoxOverheadBytes,
                                         "vault_key.split.holders.sealed_share"));
      }
      return Annotate(crypto::ParseVerifyKey(split.opening_key()).status(),
                      "statement: vault_key.split.opening_key");
    }
    case v1::VaultKeyStatement::kOpening:
      MUSTER_RETURN_IF_ERROR(
          CheckSize(said.opening().split_hash(), 32, "vault_key.opening.split_hash"));
      return Annotate(crypto::ParseBoxPublicKey(said.opening().box_key()).status(),
                      "statement: vault_key.opening.box_key");
    case v1::VaultKeyStatement::kUnsealed:
      MUSTER_RETURN_IF_ERROR(
          CheckSize(said.unsealed().opening_hash(), 32, "vault_key.unsealed.opening_hash"));
      if (said.unsealed().holders_size() > crypto::kShareHoldersMax)
        return Malformed("vault_key.unsealed.holders", "must be at most 64");
      for (const std::string& holder : said.unsealed().holders())
        MUSTER_RETURN_IF_ERROR(CheckName<PersonId>(holder, "vault_key.unsealed.holders"));
      return CheckCount(said.unsealed().lease_end_time(), "vault_key.unsealed.lease_end_time");
    case v1::VaultKeyStatement::EVENT_NOT_SET:
      break;
  }
  return Malformed("vault_key", "says nothing");
}

absl::Status CheckBody(const v1::SealStatement& seal, std::string_view) {
  MUSTER_RETURN_IF_ERROR(CheckSize(seal.unsealed_hash(), 32, "seal.unsealed_hash"));
  return CheckText(seal.reason(), kConsentBytesMax, false, "seal.reason");
}

absl::Status CheckBody(const v1::AdmissionStatement& admission, std::string_view) {
  MUSTER_RETURN_IF_ERROR(CheckName<InviteId>(admission.invite(), "admission.invite"));
  MUSTER_RETURN_IF_ERROR(Annotate(crypto::ParseVerifyKey(admission.invite_key()).status(),
                                  "statement: admission.invite_key"));
  MUSTER_RETURN_IF_ERROR(CheckName<MemberId>(admission.member(), "admission.member", false));
  MUSTER_RETURN_IF_ERROR(CheckText(admission.member_name(), kNameBytesMax, admission.new_member(),
                                   "admission.member_name"));
  if (admission.member().empty() && (admission.new_member() || !admission.member_name().empty())) {
    return Malformed("admission.member", "is missing");
  }
  MUSTER_RETURN_IF_ERROR(CheckName<PersonId>(admission.person(), "admission.person"));
  MUSTER_RETURN_IF_ERROR(
      CheckText(admission.person_name(), kNameBytesMax, true, "admission.person_name"));
  if (admission.roles().empty()) return Malformed("admission.roles", "are missing");
  RoleSet seen;
  for (const int role : admission.roles()) {
    if (!v1::Role_IsValid(role) || role == v1::ROLE_UNSPECIFIED) {
      return Malformed("admission.roles", "name a role that this version does not know");
    }
    if (seen.Has(static_cast<v1::Role>(role)))
      return Malformed("admission.roles", "name one twice");
    seen.Add(static_cast<v1::Role>(role));
  }
  if (admission.expire_time() <= 0) return Malformed("admission.expire_time", "is missing");
  return absl::OkStatus();
}

absl::Status CheckBody(const v1::JoinStatement& join, std::string_view signer) {
  MUSTER_RETURN_IF_ERROR(CheckName<InviteId>(join.invite(), "join.invite"));
  MUSTER_RETURN_IF_ERROR(CheckName<MemberId>(join.member(), "join.member", false));
  MUSTER_RETURN_IF_ERROR(CheckName<PersonId>(join.person(), "join.person"));
  if (join.person() != signer) return Malformed("signer", "is not the person who joins");
  MUSTER_RETURN_IF_ERROR(CheckSize(join.charter_hash(), 32, "join.charter_hash"));
  return CheckPersonKeys(join.keys());
}

absl::Status CheckBody(const v1::UploadStatement& upload, std::string_view) {
  MUSTER_RETURN_IF_ERROR(CheckName<UploadId>(upload.upload(), "upload.upload"));
  MUSTER_RETURN_IF_ERROR(CheckName<MemberId>(upload.member(), "upload.member"));
  MUSTER_RETURN_IF_ERROR(CheckText(upload.list(), kNameBytesMax, true, "upload.list"));
  if (upload.mode() != v1::UploadStatement::APPEND &&
      upload.mode() != v1::UploadStatement::REPLACE) {
    return Malformed("upload.mode", "is neither APPEND nor REPLACE");
  }
  if (upload.files().empty() || upload.files_size() > kFilesMax) {
    return Malformed("upload.files", "must be 1 to 1000");
  }
  for (const v1::UploadFile& file : upload.files()) {
    MUSTER_RETURN_IF_ERROR(
        CheckText(file.file_name(), kFileNameBytesMax, true, "upload.files.file_name"));
    if (file.file_name().find('/') != std::string::npos) {
      return Malformed("upload.files.file_name", "must be without its folder");
    }
    MUSTER_RETURN_IF_ERROR(CheckSize(file.blake2b(), 32, "upload.files.blake2b"));
    MUSTER_RETURN_IF_ERROR(CheckCount(file.byte_count(), "upload.files.byte_count"));
    MUSTER_RETURN_IF_ERROR(CheckCount(file.row_count(), "upload.files.row_count"));
    MUSTER_RETURN_IF_ERROR(
        CheckCount(file.rejected_row_count(), "upload.files.rejected_row_count"));
    MUSTER_RETURN_IF_ERROR(
        CheckCount(file.withheld_row_count(), "upload.files.withheld_row_count"));
    MUSTER_RETURN_IF_ERROR(CheckText(file.format(), kNameBytesMax, false, "upload.files.format"));
  }
  MUSTER_RETURN_IF_ERROR(CheckCount(upload.row_count(), "upload.row_count"));
  MUSTER_RETURN_IF_ERROR(CheckCount(upload.rejected_row_count(), "upload.rejected_row_count"));
  MUSTER_RETURN_IF_ERROR(CheckCount(upload.withheld_row_count(), "upload.withheld_row_count"));
  if (upload.batch_count() < 1 || upload.batch_count() > seal::kBatchesMax) {
    return Malformed("upload.batch_count", "is out of range");
  }
  if (upload.record_count() < upload.batch_count() ||
      upload.record_count() > upload.batch_count() * seal::kBatchRecordsMax) {
    return Malformed("upload.record_count", "cannot belong to the number of batches");
  }
  MUSTER_RETURN_IF_ERROR(CheckSize(upload.batches_root(), 32, "upload.batches_root"));
  MUSTER_RETURN_IF_ERROR(CheckText(upload.consent(), kConsentBytesMax, false, "upload.consent"));
  if (!upload.has_voterfile()) return absl::OkStatus();
  if (!upload.consent().empty())
    return Malformed("upload.consent", "must be empty: a voter file has permitted_use");
  if (upload.mode() != v1::UploadStatement::APPEND)
    return Malformed("upload.mode", "must be APPEND for a voter file");
  return CheckVoterFileTerms(upload.voterfile());
}

absl::Status CheckBody(const v1::IntakeStatement& intake, std::string_view) {
  MUSTER_RETURN_IF_ERROR(CheckName<UploadId>(intake.upload(), "intake.upload"));
  MUSTER_RETURN_IF_ERROR(CheckName<MemberId>(intake.member(), "intake.member"));
  MUSTER_RETURN_IF_ERROR(
      CheckSize(intake.upload_statement_hash(), 32, "intake.upload_statement_hash"));
  MUSTER_RETURN_IF_ERROR(CheckSize(intake.batches_root(), 32, "intake.batches_root"));
  MUSTER_RETURN_IF_ERROR(CheckCount(intake.record_count(), "intake.record_count"));
  MUSTER_RETURN_IF_ERROR(CheckCount(intake.contact_count(), "intake.contact_count"));
  MUSTER_RETURN_IF_ERROR(CheckCount(intake.duplicate_count(), "intake.duplicate_count"));
  MUSTER_RETURN_IF_ERROR(CheckCount(intake.suppression_count(), "intake.suppression_count"));
  MUSTER_RETURN_IF_ERROR(CheckCount(intake.exclusion_count(), "intake.exclusion_count"));
  MUSTER_RETURN_IF_ERROR(CheckCount(intake.refused_count(), "intake.refused_count"));
  MUSTER_RETURN_IF_ERROR(CheckCount(intake.replaced_count(), "intake.replaced_count"));
  if (!intake.has_voterfile()) return absl::OkStatus();
  if (intake.contact_count() + intake.suppression_count() + intake.exclusion_count() +
          intake.replaced_count() !=
      0) {
    return Malformed("intake.voterfile", "counts contacts, and a voter file brings none");
  }
  MUSTER_RETURN_IF_ERROR(
      CheckCount(intake.voterfile().voter_count(), "intake.voterfile.voter_count"));
  return CheckCount(intake.voterfile().history_record_count(),
                    "intake.voterfile.history_record_count");
}

absl::Status CheckBody(const v1::WithdrawalStatement& withdrawal, std::string_view) {
  MUSTER_RETURN_IF_ERROR(CheckName<WithdrawalId>(withdrawal.withdrawal(), "withdrawal.withdrawal"));
  MUSTER_RETURN_IF_ERROR(CheckName<MemberId>(withdrawal.member(), "withdrawal.member"));
  if (withdrawal.list().empty() == withdrawal.sealed_hash().empty()) {
    return Malformed("withdrawal", "names either a list or sealed addresses");
  }
  MUSTER_RETURN_IF_ERROR(CheckText(withdrawal.list(), kNameBytesMax, false, "withdrawal.list"));
  if (withdrawal.sealed_hash().empty()) return absl::OkStatus();
  return CheckSize(withdrawal.sealed_hash(), 32, "withdrawal.sealed_hash");
}

absl::Status CheckBody(const v1::WithdrawnStatement& withdrawn, std::string_view) {
  MUSTER_RETURN_IF_ERROR(CheckName<WithdrawalId>(withdrawn.withdrawal(), "withdrawn.withdrawal"));
  MUSTER_RETURN_IF_ERROR(CheckName<MemberId>(withdrawn.member(), "withdrawn.member"));
  MUSTER_RETURN_IF_ERROR(CheckCount(withdrawn.source_count(), "withdrawn.source_count"));
  return CheckCount(withdrawn.unknown_count(), "withdrawn.unknown_count");
}

absl::Status CheckBody(const v1::EraseStatement& erase, std::string_view) {
  MUSTER_RETURN_IF_ERROR(CheckName<ErasureId>(erase.erasure(), "erase.erasure"));
  MUSTER_RETURN_IF_ERROR(CheckName<MemberId>(erase.member(), "erase.member"));
  MUSTER_RETURN_IF_ERROR(CheckSize(erase.sealed_hash(), 32, "erase.sealed_hash"));
  return CheckSize(erase.commitment(), 32, "erase.commitment");
}

absl::Status CheckBody(const v1::ErasedStatement& erased, std::string_view) {
  MUSTER_RETURN_IF_ERROR(CheckName<ErasureId>(erased.erasure(), "erased.erasure"));
  MUSTER_RETURN_IF_ERROR(CheckName<MemberId>(erased.member(), "erased.member"));
  MUSTER_RETURN_IF_ERROR(CheckSize(erased.commitment(), 32, "erased.commitment"));
  if (!erased.done() && erased.source_count() != 0)
    return Malformed("erased.source_count", "must be 0 where nothing was erased");
  return CheckCount(erased.source_count(), "erased.source_count");
}

absl::Status CheckBody(const v1::PersonReportStatement& report, std::string_view) {
  MUSTER_RETURN_IF_ERROR(CheckName<PersonReportId>(report.report(), "person_report.report"));
  MUSTER_RETURN_IF_ERROR(CheckName<MemberId>(report.member(), "person_report.member"));
  MUSTER_RETURN_IF_ERROR(CheckSize(report.sealed_hash(), 32, "person_report.sealed_hash"));
  if (report.person_key().empty()) return absl::OkStatus();
  return Annotate(crypto::ParseBoxPublicKey(report.person_key()).status(),
                  "statement: person_report.person_key");
}

absl::Status CheckBody(const v1::MatchStatement& match, std::string_view) {
  MUSTER_RETURN_IF_ERROR(CheckName<MatchId>(match.match(), "match.match"));
  MUSTER_RETURN_IF_ERROR(CheckName<UploadId>(match.upload(), "match.upload"));
  MUSTER_RETURN_IF_ERROR(CheckCount(match.upload_index(), "match.upload_index"));
  MUSTER_RETURN_IF_ERROR(CheckText(match.voterfile(), kNameBytesMax, true, "match.voterfile"));
  MUSTER_RETURN_IF_ERROR(CheckCount(match.log_size(), "match.log_size"));
  if (match.upload_index() >= match.log_size())
    return Malformed("match.upload_index", "is of an entry that the vault had not read");
  if (match.sketch_version() < 1 || match.pattern_version() < 1)
    return Malformed("match", "names no versions");
  if (match.comparators().empty() || match.comparators_size() > kComparatorsMax)
    return Malformed("match.comparators", "must be 1 to 100");
  for (const v1::ComparatorWeights& comparator : match.comparators()) {
    MUSTER_RETURN_IF_ERROR(
        CheckText(comparator.comparator(), kNameBytesMax, true, "match.comparators.comparator"));
    if (comparator.levels_size() > kComparatorsMax)
      return Malformed("match.comparators.levels", "must be at most 100");
    for (const v1::LevelWeight& level : comparator.levels()) {
      MUSTER_RETURN_IF_ERROR(
          CheckText(level.level(), kNameBytesMax, true, "match.comparators.levels.level"));
    }
  }
  MUSTER_RETURN_IF_ERROR(
      CheckThresholds(match.matched_probability(), match.ambiguous_probability(), "match"));
  MUSTER_RETURN_IF_ERROR(CheckSize(match.model_hash(), 32, "match.model_hash"));
  if (!match.has_table()) return absl::OkStatus();
  if (!(match.table().noise_scale() > 0 && match.table().noise_scale() < 1e6))
    return Malformed("match.table.noise_scale", "is out of range");
  if (match.table().bands().empty() || match.table().bands_size() > kComparatorsMax)
    return Malformed("match.table.bands", "must be 1 to 100");
  for (const v1::MatchBand& band : match.table().bands())
    MUSTER_RETURN_IF_ERROR(CheckText(band.band(), kNameBytesMax, true, "match.table.bands.band"));
  return absl::OkStatus();
}

absl::Status CheckShape(const v1::Statement& statement) {
  MUSTER_RETURN_IF_ERROR(CheckSize(statement.consortium(), 16, "consortium"));
  if (statement.create_time() <= 0) return Malformed("create_time", "is missing");
  const std::string& signer = statement.signer();
  const bool by_vault = statement.has_intake() || statement.has_withdrawn() ||
                        statement.has_match() || statement.has_erased() ||
                        statement.has_vault_key();
  if (by_vault && signer != "vault")
    return Malformed("signer", "must be the vault for what it says");
  if (!by_vault) MUSTER_RETURN_IF_ERROR(CheckName<PersonId>(signer, "signer"));
  switch (statement.body_case()) {
    case v1::Statement::kCharter:
      return CheckBody(statement.charter(), signer);
    case v1::Statement::kAdmission:
      return CheckBody(statement.admission(), signer);
    case v1::Statement::kJoin:
      return CheckBody(statement.join(), signer);
    case v1::Statement::kUpload:
      return CheckBody(statement.upload(), signer);
    case v1::Statement::kIntake:
      return CheckBody(statement.intake(), signer);
    case v1::Statement::kWithdrawal:
      return CheckBody(statement.withdrawal(), signer);
    case v1::Statement::kWithdrawn:
      return CheckBody(statement.withdrawn(), signer);
    case v1::Statement::kMatch:
      return CheckBody(statement.match(), signer);
    case v1::Statement::kErase:
      return CheckBody(statement.erase(), signer);
    case v1::Statement::kErased:
      return CheckBody(statement.erased(), signer);
    case v1::Statement::kPersonReport:
      return CheckBody(statement.person_report(), signer);
    case v1::Statement::kCharterProposal:
      return CheckBody(statement.charter_proposal(), signer);
    case v1::Statement::kEndorsement:
      return CheckBody(statement.endorsement(), signer);
    case v1::Statement::kCeremony:
      return CheckBody(statement.ceremony(), signer);
    case v1::Statement::kVaultKey:
      return CheckBody(statement.vault_key(), signer);
    case v1::Statement::kSeal:
      return CheckBody(statement.seal(), signer);
    case v1::Statement::BODY_NOT_SET:
      break;
  }
  return Malformed("body", "is missing");
}

absl::StatusOr<v1::SignedStatement> ReadSigned(std::string_view body) {
  if (body.size() > tlog::kEntryBodyBytesMax) {
    return Malformed("statement", "is longer than an entry of the log may be");
  }
  v1::SignedStatement signed_statement;
  MUSTER_RETURN_IF_ERROR(ParseCanonical(body, "entry", signed_statement));
  return signed_statement;
}

// All but the signatures.
absl::StatusOr<VerifiedStatement> ReadStatement(const v1::SignedStatement& signed_statement) {
  if (HasUnknown(signed_statement)) {
    return Malformed("signatures", "have fields that this version does not know");
  }
  const std::string& bytes = signed_statement.statement();
  if (bytes.empty()) return Malformed("statement", "is missing");
  if (signed_statement.ByteSizeLong() > tlog::kEntryBodyBytesMax) {
    return Malformed("statement", "is longer than an entry of the log may be");
  }
  if (signed_statement.signatures().empty() ||
      signed_statement.signatures_size() > kSignaturesMax) {
    return Malformed("signatures", "must be 1 to 64");
  }
  VerifiedStatement out;
  MUSTER_RETURN_IF_ERROR(ParseCanonical(bytes, "body", out.statement));
  MUSTER_RETURN_IF_ERROR(CheckShape(out.statement));
  out.hash = crypto::Blake2b256(bytes);
  return out;
}

}  // namespace

absl::Status CheckVoterFileTerms(const v1::VoterFileTerms& terms) {
  MUSTER_RETURN_IF_ERROR(CheckText(terms.layout(), kNameBytesMax, true, "voterfile.layout"));
  if (!ParseRfc3339(terms.as_of() + "T00:00:00Z").ok())
    return Malformed("voterfile.as_of", "is no day; write it as 2026-11-03");
  MUSTER_RETURN_IF_ERROR(
      CheckText(terms.permitted_use(), kConsentBytesMax, true, "voterfile.permitted_use"));
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (terms.state().size() != 2 ||
      !std::all_of(terms.state().begin(), terms.state().end(), capital))
    return Malformed("voterfile.state", "is no USPS code of a state; write it as NC");
  return CheckCount(terms.not_registered_row_count(), "voterfile.not_registered_row_count");
}

bool SameTerms(const v1::VoterFileTerms& a, const v1::VoterFileTerms& b) {
  return a.layout() == b.layout() && a.as_of() == b.as_of() &&
         a.permitted_use() == b.permitted_use() && a.state() == b.state();
}

bool HasUnknownFields(const google::protobuf::Message& message) {
  const google::protobuf::Reflection* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (HasUnknownFields(reflection->GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (HasUnknownFields(reflection->GetRepeatedMessage(message, field, i))) return true;
    }
  }
  return false;
}

v1::SignedStatement SignStatement(const v1::Statement& statement,
                                  std::span<const crypto::SigningKey* const> keys) {
  v1::SignedStatement out;
  out.set_statement(statement.SerializeAsString());
  for (const crypto::SigningKey* key : keys) {
    v1::Signature& signature = *out.add_signatures();
    signature.set_verify_key(ToString(key->verify_key().bytes));
    signature.set_signature(key->Sign(kStatementPurpose, out.statement()));
  }
  return out;
}

bool VerifiedStatement::SignedBy(const crypto::VerifyKey& key) const {
  return std::find(signers.begin(), signers.end(), key) != signers.end();
}

absl::StatusOr<VerifiedStatement> VerifyStatement(const v1::SignedStatement& signed_statement) {
  MUSTER_ASSIGN_OR_RETURN(VerifiedStatement out, ReadStatement(signed_statement));
  for (const v1::Signature& signature : signed_statement.signatures()) {
    MUSTER_ASSIGN_OR_RETURN(crypto::VerifyKey key, crypto::ParseVerifyKey(signature.verify_key()));
    if (out.SignedBy(key)) return Malformed("signatures", "have one key twice");
    MUSTER_RETURN_IF_ERROR(Annotate(
        crypto::Verify(key, kStatementPurpose, signed_statement.statement(), signature.signature()),
        "statement"));
    out.signers.push_back(key);
  }
  return out;
}

absl::StatusOr<VerifiedStatement> VerifyStatementBytes(std::string_view body) {
  MUSTER_ASSIGN_OR_RETURN(const v1::SignedStatement signed_statement, ReadSigned(body));
  return VerifyStatement(signed_statement);
}

absl::StatusOr<VerifiedStatement> StatementBatch::Add(std::string_view body) {
  MUSTER_ASSIGN_OR_RETURN(const v1::SignedStatement signed_statement, ReadSigned(body));
  MUSTER_ASSIGN_OR_RETURN(VerifiedStatement out, ReadStatement(signed_statement));
  for (const v1::Signature& signature : signed_statement.signatures()) {
    if (!good_keys_.contains(signature.verify_key())) {
      MUSTER_RETURN_IF_ERROR(crypto::ParseVerifyKey(signature.verify_key()).status());
      if (good_keys_.size() >= kGoodKeysMax) good_keys_.clear();
      good_keys_.insert(signature.verify_key());
    }
    const crypto::VerifyKey key{*ToArray<32>(signature.verify_key())};
    if (out.SignedBy(key)) return Malformed("signatures", "have one key twice");
    signatures_.Add(key, kStatementPurpose, signed_statement.statement(), signature.signature());
    out.signers.push_back(key);
  }
  return out;
}

std::optional<std::string> LaterKindOf(std::string_view body) {
  const auto signed_statement = ReadSigned(body);
  v1::Statement statement;
  if (!signed_statement.ok() || !statement.ParseFromString(signed_statement->statement()))
    return std::nullopt;
  const google::protobuf::UnknownFieldSet& unknown =
      statement.GetReflection()->GetUnknownFields(statement);
  if (unknown.field_count() > 0 && statement.body_case() == v1::Statement::BODY_NOT_SET)
    return "field " + std::to_string(unknown.field(0).number());
  if (HasUnknownFields(statement)) return KindOf(statement) + " with later fields";
  return std::nullopt;
}

std::string KindOf(const v1::Statement& statement) {
  const google::protobuf::Descriptor* descriptor = v1::Statement::descriptor();
  const google::protobuf::FieldDescriptor* field =
      descriptor->FindFieldByNumber(static_cast<int>(statement.body_case()));
  return field == nullptr ? "nothing" : field->name();
}

Bytes32 StatementHash(const v1::SignedStatement& signed_statement) {
  return crypto::Blake2b256(signed_statement.statement());
}

}  // namespace muster::governance
