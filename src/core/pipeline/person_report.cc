// SPDX-License-Identifier: Apache-2.0
#include "core/pipeline/person_report.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/crypto/hash.h"
#include "core/governance/person_order.h"
#include "core/match/decide.h"
#include "core/store/match_row.h"
#include "core/store/source_row.h"
#include "core/token/normalize.h"

namespace muster::pipeline {
namespace {

// What of a report is not padding, so that the padding's own frame is always of one size.
constexpr size_t kContentBytesMax = kPersonReportBytes * 3 / 4;
constexpr size_t kPaddingFrameBytes = 4;

std::string DayText(uint32_t day) {
  if (day == 0) return "";
  return absl::FormatTime("%Y-%m-%d", absl::UnixEpoch() + absl::Hours(24) * day,
                          absl::UTCTimeZone());
}

std::string OutcomeName(uint8_t outcome) {
  switch (static_cast<match::Outcome>(outcome)) {
    case match::Outcome::kMatched:
      return "matched";
    case match::Outcome::kAmbiguous:
      return "ambiguous";
    case match::Outcome::kUnmatched:
      break;
  }
  return "unmatched";
}

}  // namespace

absl::StatusOr<v1::VaultReportPersonResponse> PersonReporter::Report(
    uint64_t statement_index, std::string_view sealed_order) const {
  MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                          observer_.ReadStatement(statement_index));
  const v1::PersonReportStatement& asked = verified.statement.person_report();
  if (!verified.statement.has_person_report()) {
    return MakeError(v1::STATEMENT_REFUSED, "log entry " + std::to_string(statement_index) +
                                                " asks for no report to a person");
  }
  if (AsText(crypto::Blake2b256(sealed_order)) != asked.sealed_hash()) {
    return MakeError(v1::REQUEST_MALFORMED,
                     "the sealed order is not that of the statement; send the one that was signed");
  }
  const auto registry = observer_.registry();
  MUSTER_ASSIGN_OR_RETURN(const MemberId member, MemberId::Parse(asked.member()));
  MUSTER_ASSIGN_OR_RETURN(const PersonId person_id, PersonId::Parse(verified.statement.signer()));
  const governance::PersonRecord* person = registry->FindPerson(person_id);
  if (person == nullptr)
    return MakeError(v1::PRINCIPAL_NOT_FOUND, person_id.Name() + " does not take part any more");
  MUSTER_ASSIGN_OR_RETURN(
      v1::PersonOrder order,
      governance::OpenPersonOrder(governance::PersonOrderKind::kReport, keyring_.box_key(),
                                  registry->consortium(), person_id.Name(), sealed_order));
  // What is no address is one that nobody brought.
  token::Token contact;
  absl::StatusOr<std::string> normalized = token::NormalizeEmail(order.address());
  if (normalized.ok()) {
    contact = keyring_.token_key().EmailToken(*normalized);
    crypto::Wipe(normalized->data(), normalized->size());
  }
  MUSTER_ASSIGN_OR_RETURN(std::vector<Source> sources, SourcesOf(contact));

  v1::PersonReport own;
  own.set_consortium(ToString(registry->consortium()));
  own.set_consortium_name(registry->charter().name());
  own.set_report(asked.report());
  own.set_address(order.address());
  crypto::Wipe(order.mutable_address()->data(), order.address().size());
  own.set_create_time(absl::ToUnixSeconds(clock_.Now()));
  own.set_log_size(static_cast<int64_t>(observer_.size()));
  const governance::MemberRecord* record = registry->FindMember(member);
  if (record != nullptr) own.set_asked_member_name(record->name);
  own.set_known(std::any_of(sources.begin(), sources.end(),
                            [&member](const Source& source) { return source.member == member; }));
  v1::PersonReport full = own;
  if (own.known()) {
    for (const Source& source : sources) {
      for (v1::PersonReport* report : {&own, &full}) {
        if (report == &own && source.member != member) continue;
        if (report->ByteSizeLong() + source.shown.ByteSizeLong() < kContentBytesMax) {
          *report->add_sources() = source.shown;
        } else {
          report->set_omitted_count(report->omitted_count() + 1);
        }
      }
    }
    // What all members' rows together were matched with says something of the others'.
    MUSTER_RETURN_IF_ERROR(AddMatches(contact, full));
  }

  v1::VaultReportPersonResponse response;
  const std::string consortium = ToString(registry->consortium());
  MUSTER_ASSIGN_OR_RETURN(
      *response.mutable_sealed_own(),
      crypto::BoxSeal(person->box_key, std::string(governance::kOwnPartContext) + consortium,
                      AsBytes(Sign(std::move(own)))));
  if (asked.person_key().empty()) return response;
  MUSTER_ASSIGN_OR_RETURN(const crypto::BoxPublicKey person_key,
                          crypto::ParseBoxPublicKey(asked.person_key()));
  MUSTER_ASSIGN_OR_RETURN(
      *response.mutable_sealed_full(),
      crypto::BoxSeal(person_key, std::string(governance::kFullReportContext) + consortium,
                      AsBytes(Sign(std::move(full)))));
  return response;
}

absl::StatusOr<std::vector<PersonReporter::Source>> PersonReporter::SourcesOf(
    const token::Token& contact) const {
  std::vector<Source> sources;
  if (contact == token::Token{}) return sources;
  const auto registry = observer_.registry();
  auto cursor = store_.rows().ScanPrefix(store::kSources, contact.View());
  for (; cursor->valid(); cursor->Next()) {
    MUSTER_ASSIGN_OR_RETURN(const store::SourceKey key, store::DecodeSourceKey(cursor->key()));
    MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::UploadRecord> upload,
                            store_.ReadUpload(key.upload));
    if (!upload || upload->state() != v1::UploadRecord::LIVE) continue;
    MUSTER_ASSIGN_OR_RETURN(const store::SourceRow row, store::DecodeSourceRow(cursor->value()));
    Source source;
    source.member = key.member;
    v1::PersonSource& shown = source.shown;
    shown.set_member(key.member.Name());
    const governance::MemberRecord* member = registry->FindMember(key.member);
    if (member != nullptr) shown.set_member_name(member->name);
    shown.set_list(upload->list());
    shown.set_upload(key.upload.Name());
    shown.set_log_index(upload->statement_index());
    shown.set_upload_time(upload->commit_time());
    MUSTER_ASSIGN_OR_RETURN(
        const governance::VerifiedStatement verified,
        observer_.ReadStatement(static_cast<uint64_t>(upload->statement_index())));
    for (const v1::UploadFile& file : verified.statement.upload().files())
      shown.add_file_names(file.file_name());
    shown.set_row(row.row);
    shown.set_consent(upload->consent());
    if (row.consent != Bytes8{}) {
      MUSTER_ASSIGN_OR_RETURN(
          const std::optional<std::string> consent,
          store_.rows().Get(store::kConsents,
                            std::string(key.upload.View()).append(AsText(row.consent))));
      shown.set_consent_of_row(consent.has_value());
      if (consent) shown.set_consent(*consent);
    }
    shown.set_status(std::string(contact::StatusName(row.status)));
    shown.set_subscribed_day(DayText(row.subscribed_day));
    shown.set_activity_day(DayText(row.activity_day));
    sources.push_back(std::move(source));
  }
  MUSTER_RETURN_IF_ERROR(cursor->status());
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) {
    return a.shown.log_index() < b.shown.log_index();
  });
  return sources;
}

absl::Status PersonReporter::AddMatches(const token::Token& contact,
                                        v1::PersonReport& report) const {
  MUSTER_ASSIGN_OR_RETURN(const auto runs, store_.ReadMatchRuns());
  for (const auto& [source, run] : runs) {
    const auto key = ToArray<8>(run.run());
    if (!key) return MakeError(v1::STORE_CORRUPT, "the vault's store has a malformed match run");
    MUSTER_ASSIGN_OR_RETURN(
        const std::optional<std::string> bytes,
        store_.rows().Get(store::kMatches, store::ContactMatchKey(*key, contact)));
    const std::optional<UploadId> extract = UploadId::FromBytes(run.upload());
    if (!bytes || !extract) continue;
    MUSTER_ASSIGN_OR_RETURN(const store::ContactMatch match, store::DecodeContactMatch(*bytes));
    MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::UploadRecord> upload,
                            store_.ReadUpload(*extract));
    v1::PersonMatch shown;
    shown.set_voterfile(upload ? upload->list() : "");
    shown.set_outcome(OutcomeName(match.outcome));
    // As sources are: the answer is of one size.
    if (report.ByteSizeLong() + shown.ByteSizeLong() >= kContentBytesMax) {
      report.set_omitted_count(report.omitted_count() + 1);
    } else {
      *report.add_matches() = std::move(shown);
    }
  }
  return absl::OkStatus();
}

std::string PersonReporter::Sign(v1::PersonReport report) const {
  const size_t size = report.ByteSizeLong() + kPaddingFrameBytes;
  if (size < kPersonReportBytes) report.set_padding(std::string(kPersonReportBytes - size, '\0'));
  v1::SignedPersonReport signed_report;
  signed_report.set_report(report.SerializeAsString());
  signed_report.set_signature(
      keyring_.sign_key().Sign(governance::kPersonReportPurpose, signed_report.report()));
  return signed_report.SerializeAsString();
}

}  // namespace muster::pipeline
