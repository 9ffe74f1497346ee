// SPDX-License-Identifier: Apache-2.0
#include "cli/report_person.h"

#include <utility>

#include "cli/key_file.h"
#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/hash.h"
#include "core/governance/person_order.h"
#include "core/governance/statement.h"
#include "core/report/provenance.h"
#include "core/report/verify.h"

namespace muster::cli {
namespace {

constexpr std::string_view kFileMagic = "MUSTER-PERSON-1\n";
constexpr std::string_view kPublicWord = "muster-person-1 ";
constexpr std::string_view kSecretWord = "muster-person-secret-1 ";
constexpr size_t kKeyFileBytesMax = 4096;
constexpr size_t kReportFileBytesMax = size_t{4} << 20;
constexpr absl::Duration kReportTime = absl::Seconds(90);

std::string_view FirstLine(std::string_view text) {
  return contact::TrimSpace(text.substr(0, text.find('\n')));
}

absl::Status BadReport(std::string_view what) {
  return MakeError(v1::PERSON_REPORT_MALFORMED, "the report does not hold: " + std::string(what));
}

// What the vault sealed: signed by it, and about this address.
absl::StatusOr<v1::PersonReport> OpenSigned(std::string_view bytes,
                                            const crypto::VerifyKey& vault) {
  v1::SignedPersonReport signed_report;
  v1::PersonReport report;
  if (!signed_report.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return BadReport("what was sealed is none");
  MUSTER_RETURN_IF_ERROR(Annotate(crypto::Verify(vault, governance::kPersonReportPurpose,
                                                 signed_report.report(), signed_report.signature()),
                                  "the report is not signed by the vault"));
  if (!report.ParseFromString(signed_report.report())) return BadReport("it cannot be read");
  report.clear_padding();
  return report;
}

absl::Status WriteSealed(const Profile& profile, const std::string& sealed,
                         const std::filesystem::path& out) {
  v1::PersonReportFile file;
  file.set_consortium(ToString(profile.consortium));
  file.set_consortium_name(profile.consortium_name);
  file.set_vault_sign_key(ToString(profile.vault_sign_key.bytes));
  file.set_sealed(sealed);
  return WriteFileDurably(out, std::string(kFileMagic) + file.SerializeAsString(), 0600);
}

std::string SourceText(const Console& console, const v1::PersonSource& source) {
  std::string text = "\n" + console.Bold(Visible(source.member_name())) + ", list \"" +
                     Visible(source.list()) + "\"\n";
  text += "  when        " + TimeForPeople(source.upload_time()) + ", entry " +
          std::to_string(source.log_index()) + " of the log\n";
  std::string files;
  for (const std::string& name : source.file_names())
    files += (files.empty() ? "" : ", ") + Visible(name);
  text += "  file        " + files + ", row " + WithCommas(source.row()) + "\n";
  text +=
      "  consent     " +
      (source.consent().empty() ? "nothing was said" : "\"" + Visible(source.consent()) + "\"") +
      (source.consent_of_row() ? " (of this row)" : "") + "\n";
  text += "  status      " + Visible(source.status()) + "\n";
  if (!source.subscribed_day().empty())
    text += "  joined      " + Visible(source.subscribed_day()) + "\n";
  if (!source.activity_day().empty())
    text += "  last seen   " + Visible(source.activity_day()) + "\n";
  return text;
}

}  // namespace

absl::StatusOr<crypto::BoxPublicKey> ParsePersonKey(std::string_view text) {
  const std::string_view line = FirstLine(text);
  std::optional<std::string> raw;
  if (line.starts_with(kPublicWord)) raw = HexDecode(line.substr(kPublicWord.size()));
  if (raw.has_value() && raw->size() == 32) return crypto::ParseBoxPublicKey(*raw);
  return MakeError(v1::KEY_MALFORMED,
                   "this is no person's public key; the person makes one with `muster report "
                   "person-key` and hands on the file that ends in .pub");
}

absl::StatusOr<crypto::BoxSecretKey> ParsePersonSecret(std::string_view text) {
  const std::string_view line = FirstLine(text);
  std::optional<std::string> raw;
  if (line.starts_with(kSecretWord)) raw = HexDecode(line.substr(kSecretWord.size()));
  if (raw.has_value() && raw->size() == 32) {
    const crypto::SecretBytes secret = crypto::SecretBytes::CopyOf(AsBytes(*raw));
    crypto::Wipe(raw->data(), raw->size());
    return crypto::BoxSecretKey::FromBytes(secret);
  }
  return MakeError(v1::KEY_MALFORMED,
                   "this is no person's secret key; it is the file without .pub that `muster "
                   "report person-key` wrote");
}

absl::StatusOr<OpenedPersonReport> OpenPersonReportFile(std::string_view file,
                                                        const crypto::BoxSecretKey& key) {
  v1::PersonReportFile outer;
  if (!file.starts_with(kFileMagic) ||
      !outer.ParseFromArray(file.data() + kFileMagic.size(),
                            static_cast<int>(file.size() - kFileMagic.size())) ||
      governance::HasUnknownFields(outer)) {
    return BadReport("it is no report to a person");
  }
  MUSTER_ASSIGN_OR_RETURN(const crypto::VerifyKey vault,
                          crypto::ParseVerifyKey(outer.vault_sign_key()));
  const auto opened =
      key.Open(std::string(governance::kFullReportContext) + outer.consortium(), outer.sealed());
  if (!opened.ok()) return Annotate(opened.status(), "the report does not open with this key");
  OpenedPersonReport result;
  MUSTER_ASSIGN_OR_RETURN(result.report, OpenSigned(opened->str(), vault));
  if (result.report.consortium() != outer.consortium())
    return BadReport("it is of another consortium than the file says");
  result.vault_sign_key = outer.vault_sign_key();
  return result;
}

std::string PersonReportText(const Console& console, const v1::PersonReport& report) {
  if (!report.known()) {
    return Visible(report.asked_member_name()) +
           " has not brought this address, so there is nothing for it to say";
  }
  std::string text = "What " + Visible(report.consortium_name()) + " has of " +
                     Visible(report.address()) + ", " + TimeForPeople(report.create_time()) + "\n";
  for (const v1::PersonSource& source : report.sources()) text += SourceText(console, source);
  if (report.omitted_count() > 0)
    text += "\n" + WithCommas(report.omitted_count()) + " more sources do not fit this report\n";
  for (const v1::PersonMatch& match : report.matches()) {
    text += "\nCompared with the voter file \"" + Visible(match.voterfile()) +
            "\": " + Visible(match.outcome());
  }
  text += "\nSent to this address by way of the pool: " +
          (report.send_count() == 0 ? std::string("nothing") : WithCommas(report.send_count()));
  text += "\nConsent is what each member asserts; the pool cannot know whether it was given.";
  return text;
}

Json PersonReportJson(const v1::PersonReport& report) {
  Json json = Json::Object();
  json.Set("report", report.report())
      .Set("consortium", report.consortium_name())
      .Set("address", report.address())
      .Set("create_time", FormatRfc3339(report.create_time()))
      .Set("log_size", report.log_size())
      .Set("known", report.known());
  Json sources = Json::Array();
  for (const v1::PersonSource& source : report.sources()) {
    Json item = Json::Object();
    item.Set("member", source.member())
        .Set("member_name", source.member_name())
        .Set("list", source.list())
        .Set("upload", source.upload())
        .Set("log_index", source.log_index())
        .Set("upload_time", FormatRfc3339(source.upload_time()));
    item.Set("files", Json::Array({source.file_names().begin(), source.file_names().end()}))
        .Set("row", source.row())
        .Set("consent", source.consent())
        .Set("consent_of_row", source.consent_of_row())
        .Set("status", source.status());
    item.Set("subscribed", source.subscribed_day().empty() ? Json() : Json(source.subscribed_day()))
        .Set("last_activity", source.activity_day().empty() ? Json() : Json(source.activity_day()));
    sources.Append(std::move(item));
  }
  Json matches = Json::Array();
  for (const v1::PersonMatch& match : report.matches()) {
    matches.Append(
        Json::Object().Set("voterfile", match.voterfile()).Set("outcome", match.outcome()));
  }
  return json.Set("sources", std::move(sources))
      .Set("omitted", report.omitted_count())
      .Set("matches", std::move(matches))
      .Set("sends", report.send_count());
}

absl::StatusOr<int> RunReportPerson(const Invocation& invocation,
                                    const ReportPersonOptions& options) {
  Console& console = *invocation.console;
  const auto email = contact::ParseEmail(options.email);
  if (!email.ok()) return Annotate(email.status(), "--email");
  if (options.for_key.empty() != options.out.empty()) {
    return MakeError(v1::FIELD_REQUIRED,
                     "--for-key and --out go together: the person's public key, and where the "
                     "report that only they can open is written");
  }
  std::optional<crypto::BoxPublicKey> person_key;
  if (!options.for_key.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.for_key, kKeyFileBytesMax));
    absl::StatusOr<crypto::BoxPublicKey> key = ParsePersonKey(text);
    if (!key.ok()) return Annotate(key.status(), options.for_key);
    person_key = *key;
    std::error_code error;
    if (std::filesystem::exists(options.out, error))
      MUSTER_RETURN_IF_ERROR(console.Confirm(options.out + " exists and would be replaced."));
  }
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(
      session->RequireRole({v1::ROLE_UPLOADER, v1::ROLE_APPROVER}, "answer a person"));
  MUSTER_ASSIGN_OR_RETURN(const MemberId member, session->RequireMember());

  const Profile& profile = session->profile();
  v1::PersonOrder order;
  order.set_address(email->Text());
  v1::ReportPersonRequest request;
  MUSTER_ASSIGN_OR_RETURN(
      *request.mutable_sealed_order(),
      governance::SealPersonOrder(governance::PersonOrderKind::kReport, profile.vault_box_key,
                                  profile.consortium, profile.person.Name(), order));
  v1::Statement statement = session->NewStatement();
  v1::PersonReportStatement& said = *statement.mutable_person_report();
  said.set_report(PersonReportId{crypto::RandomArray<8>()}.Name());
  said.set_member(member.Name());
  said.set_sealed_hash(ToString(crypto::Blake2b256(request.sealed_order())));
  if (person_key.has_value()) said.set_person_key(ToString(person_key->bytes));
  *request.mutable_statement() = session->Sign(statement);
  request.set_known_size(session->known_size());
  v1::ReportPersonResponse response;
  MUSTER_RETURN_IF_ERROR(
      session->Call("PersonService/ReportPerson", request, response, kReportTime));
  MUSTER_RETURN_IF_ERROR(session->Accept(response.checkpoint()));
  MUSTER_RETURN_IF_ERROR(
      Annotate(session->OpenEntry(response.statement()).status(), "the server's receipt"));
  if (response.statement().body() != request.statement().SerializeAsString()) {
    return MakeError(v1::PROOF_INVALID,
                     "the server's receipt is for another statement than the one that was sent; "
                     "tell the operator");
  }
  MUSTER_ASSIGN_OR_RETURN(const crypto::BoxSecretKey box,
                          ReadBoxKey(profile.folder / "box.key", session->passphrase()));
  const auto bytes =
      box.Open(std::string(governance::kOwnPartContext) + ToString(profile.consortium),
               response.sealed_own());
  if (!bytes.ok())
    return Annotate(bytes.status(), "the vault's answer does not open with this profile's key");
  MUSTER_ASSIGN_OR_RETURN(const v1::PersonReport own,
                          OpenSigned(bytes->str(), profile.vault_sign_key));
  if (own.report() != said.report() || own.address() != email->Text())
    return BadReport("the vault answers about something else; tell the operator");
  if (!own.known()) {
    return MakeError(v1::CONTACT_NOT_FOUND,
                     profile.member_name +
                         " has not brought this address, so it is not for it to answer; the "
                         "member that wrote to the person is to be asked",
                     {{"log_index", std::to_string(response.statement().index())}});
  }
  if (person_key.has_value()) {
    if (response.sealed_full().empty())
      return BadReport("the vault sealed nothing for the person; tell the operator");
    MUSTER_RETURN_IF_ERROR(WriteSealed(profile, response.sealed_full(), options.out));
  }
  std::string text = PersonReportText(console, own) + "\n\nThis is what " +
                     Visible(profile.member_name) + " itself brought.";
  text += person_key.has_value()
              ? " The whole is in " + Visible(options.out) +
                    ", which only the person can open, with `muster report open`."
              : " With --for-key and --out the person gets the whole, which this member cannot "
                "read.";
  text += "\nThat it was asked for is entry " + std::to_string(response.statement().index()) +
          " of the log.";
  console.Print(text);
  Json json = PersonReportJson(own);
  json.Set("log_index", response.statement().index());
  json.Set("sealed_file", person_key.has_value() ? Json(options.out) : Json());
  console.Result(json);
  return kExitDone;
}

absl::StatusOr<int> RunPersonKey(Console& console, const PersonKeyOptions& options) {
  const crypto::BoxSecretKey key = crypto::BoxSecretKey::Generate();
  const std::string public_file = options.out + ".pub";
  std::string secret = std::string(kSecretWord) + HexEncode(key.raw().ExposeSecret()) + "\n";
  const absl::Status written = WriteNewFileDurably(options.out, secret, 0600);
  crypto::Wipe(secret.data(), secret.size());
  MUSTER_RETURN_IF_ERROR(written);
  MUSTER_RETURN_IF_ERROR(WriteFileDurably(
      public_file, std::string(kPublicWord) + HexEncode(key.public_key().bytes) + "\n", 0644));
  console.Print("Your secret key is " + Visible(options.out) +
                ": keep it, and show it to nobody. Give " + Visible(public_file) +
                " to the organization that you ask.");
  console.Result(Json::Object().Set("secret_key", options.out).Set("public_key", public_file));
  return kExitDone;
}

absl::StatusOr<int> RunReportOpen(Console& console, const ReportOpenOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(std::string secret, ReadFile(options.key, kKeyFileBytesMax));
  const absl::StatusOr<crypto::BoxSecretKey> key = ParsePersonSecret(secret);
  crypto::Wipe(secret.data(), secret.size());
  if (!key.ok()) return Annotate(key.status(), options.key);
  MUSTER_ASSIGN_OR_RETURN(const std::string file, ReadFile(options.file, kReportFileBytesMax));
  MUSTER_ASSIGN_OR_RETURN(const OpenedPersonReport opened, OpenPersonReportFile(file, *key));
  std::string signer = "Signed by a vault with the key " +
                       HexEncode(AsBytes(opened.vault_sign_key).first(8)) +
                       "...; --bundle checks that it is the consortium's";
  if (!options.bundle.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const std::string bytes,
                            ReadFile(options.bundle, report::kBundleBytesMax));
    MUSTER_ASSIGN_OR_RETURN(const v1::Bundle bundle, report::DecodeBundle(bytes));
    MUSTER_RETURN_IF_ERROR(report::OpenBundle(bundle).status());
    if (bundle.vault().sign_key() != opened.vault_sign_key ||
        bundle.consortium() != opened.report.consortium()) {
      return MakeError(v1::SIGNATURE_INVALID,
                       "the report is not signed by the vault of this bundle's consortium");
    }
    signer = "Signed by the vault of " + Visible(bundle.consortium_name());
  }
  console.Print(PersonReportText(console, opened.report) + "\n" + signer + ".");
  Json json = PersonReportJson(opened.report);
  json.Set("asked_member", opened.report.asked_member_name())
      .Set("vault_checked", !options.bundle.empty());
  console.Result(json);
  return kExitDone;
}

}  // namespace muster::cli
