// SPDX-License-Identifier: Apache-2.0
#include "cli/canary.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "cli/canary_book.h"
#include "cli/log_evidence.h"
#include "cli/mail_head.h"
#include "cli/table.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/contact/identifier.h"
#include "core/crypto/hash.h"
#include "core/report/canary_proof.h"
#include "core/seal/canary.h"
#include "core/seal/envelope.h"

namespace muster::cli {
namespace {

constexpr size_t kMailBytesMax = size_t{64} << 20;

// The profile that is meant, without its keys and without the server.
absl::StatusOr<Profile> LoadProfile(const Invocation& invocation) {
  MUSTER_ASSIGN_OR_RETURN(const ProfileStore profiles, ProfileStore::Open());
  return profiles.Load(invocation.profile);
}

CanaryBook BookOf(const Profile& profile) { return CanaryBook(profile.folder / "canaries"); }

std::string Lowercase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// Whether this says that something was sent. No kind of statement does yet; one that comes later is
// refused by this program before it gets here (governance/statement.h), never passed over.
bool AccountsForSend(const v1::Statement&) { return false; }

struct Hit {
  v1::CanaryUpload upload;
  v1::CanaryBatch batch;
  v1::CanaryPlace place;
  seal::BatchHeader header;
  // Where the upload's statement stands in the log.
  std::optional<uint64_t> statement_index;
};

absl::StatusOr<std::vector<Hit>> FindHits(const CanaryBook& book, const std::string& address) {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::CanaryUpload> uploads, book.ReadUploads());
  std::vector<Hit> hits;
  for (const v1::CanaryUpload& upload : uploads) {
    for (const v1::CanaryBatch& batch : upload.batches()) {
      for (const v1::CanaryPlace& place : batch.places()) {
        if (place.address() != address) continue;
        Hit hit{upload, batch, place, {}, std::nullopt};
        MUSTER_ASSIGN_OR_RETURN(hit.header, seal::DecodeHeader(batch.batch().header()));
        hits.push_back(std::move(hit));
      }
    }
  }
  return hits;
}

absl::StatusOr<std::string> FindCanary(const CanaryBook& book, const MailHead& mail) {
  MUSTER_ASSIGN_OR_RETURN(const v1::CanaryBook known, book.Read());
  std::map<std::string, std::string> canaries;
  for (const v1::Canary& canary : known.canaries())
    canaries.emplace(Lowercase(canary.address()), canary.address());
  for (const std::string& recipient : mail.recipients) {
    if (const auto found = canaries.find(Lowercase(recipient)); found != canaries.end())
      return found->second;
  }
  return MakeError(v1::CANARY_NOT_FOUND,
                   "none of the " + std::to_string(mail.recipients.size()) +
                       " addresses that this mail names is a canary of this profile; `muster "
                       "canary list` shows which there are");
}

absl::StatusOr<std::string> MakeProof(Session& session, const LogEvidence& evidence, const Hit& hit,
                                      const v1::CanaryMail& mail,
                                      const std::vector<int64_t>& sends) {
  const Profile& profile = session.profile();
  v1::CanaryProof proof;
  proof.set_consortium(ToString(profile.consortium));
  proof.set_member(profile.member->Name());
  proof.set_member_name(profile.member_name);
  proof.set_reporter(profile.person.Name());
  proof.set_create_time(absl::ToUnixSeconds(Clock::System().Now()));
  proof.set_checkpoint(session.seen_note());
  MUSTER_ASSIGN_OR_RETURN(*proof.mutable_charter(), evidence.Prove(0));
  MUSTER_RETURN_IF_ERROR(evidence.AddPeople(proof.mutable_people()));
  MUSTER_ASSIGN_OR_RETURN(*proof.mutable_upload(), evidence.Prove(*hit.statement_index));
  *proof.mutable_batch() = hit.batch.batch();
  *proof.mutable_batch_path() = hit.batch.path();
  const crypto::SecretBytes seed = crypto::SecretBytes::CopyOf(AsBytes(hit.upload.seed()));
  std::vector<seal::PlacedCanary> placed;
  size_t own = 0;
  for (const v1::CanaryPlace& place : hit.batch.places()) {
    if (place.address() == hit.place.address() && place.index() == hit.place.index())
      own = placed.size();
    placed.push_back({place.address(), static_cast<uint16_t>(place.index())});
  }
  MUSTER_ASSIGN_OR_RETURN(const seal::CanaryTree tree,
                          seal::CanaryTree::Make(seed, hit.header.sequence, std::move(placed)));
  *proof.mutable_opening() = report::ToProto(tree.Open(own));
  *proof.mutable_mail() = mail;
  proof.set_log_size(evidence.size());
  proof.set_read_entry_count(evidence.open_count());
  proof.mutable_send_indices()->Assign(sends.begin(), sends.end());
  return report::EncodeCanaryProof(std::move(proof), session.sign_key());
}

report::AuditRoot RootOf(const Session& session) {
  const Profile& profile = session.profile();
  report::AuditRoot root;
  root.consortium = profile.consortium;
  root.consortium_name = profile.consortium_name;
  root.log_key = profile.log_key;
  root.charter_hash = profile.charter_hash;
  root.checkpoint = session.seen();
  return root;
}

Json HitJson(const Hit& hit) {
  Json json = Json::Object();
  json.Set("upload", hit.upload.upload())
      .Set("list", hit.upload.list())
      .Set("batch", hit.header.sequence)
      .Set("record", hit.place.index());
  json.Set("seal_time", FormatRfc3339(hit.header.create_time))
      .Set("log_index",
           hit.statement_index ? Json(static_cast<int64_t>(*hit.statement_index)) : Json());
  return json;
}

std::string HitText(const Hit& hit) {
  return "  list \"" + Visible(hit.upload.list()) + "\", " + hit.upload.upload() + ", batch " +
         std::to_string(hit.header.sequence) + ", sealed " + TimeForPeople(hit.header.create_time) +
         (hit.statement_index ? ", entry " + std::to_string(*hit.statement_index) + " of the log"
                              : std::string(", never committed to the log")) +
         "\n";
}

}  // namespace

absl::StatusOr<int> RunCanaryAdd(const Invocation& invocation, const CanaryAddOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const Profile profile, LoadProfile(invocation));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::Canary> canaries, ReadCanaries(options.file));
  if (canaries.empty())
    return MakeError(v1::FILE_EMPTY, options.file + " names no address; put one on each line");
  int64_t added = 0;
  int64_t total = 0;
  int64_t per_upload = 0;
  MUSTER_RETURN_IF_ERROR(BookOf(profile).Change([&](v1::CanaryBook& book) -> absl::Status {
    std::set<std::string> known;
    for (const v1::Canary& canary : book.canaries()) known.insert(canary.address());
    for (const v1::Canary& canary : canaries) {
      if (!known.insert(canary.address()).second) continue;
      *book.add_canaries() = canary;
      ++added;
    }
    if (book.canaries_size() > kCanariesMax) {
      return MakeError(v1::CANARY_EXISTS,
                       "a profile has at most " + std::to_string(kCanariesMax) + " canaries");
    }
    if (options.per_upload > 0) book.set_per_upload(options.per_upload);
    total = book.canaries_size();
    per_upload = book.per_upload() > 0 ? book.per_upload() : kCanariesPerUpload;
    return absl::OkStatus();
  }));
  console.Print(
      console.Bold(WithCommas(added) + (added == 1 ? " canary" : " canaries") + " added") + ", " +
      WithCommas(total) + " in all; each upload from this profile is given " +
      WithCommas(per_upload) +
      " of them, those first that were given least\n  They stay in this profile: keep a "
      "copy of " +
      Visible((profile.folder / "canaries").string()) + ", which proves a hit.");
  Json json = Json::Object();
  json.Set("added", added)
      .Set("known", static_cast<int64_t>(canaries.size()) - added)
      .Set("canaries", total)
      .Set("per_upload", per_upload);
  console.Result(json);
  return kExitDone;
}

absl::StatusOr<int> RunCanaryList(const Invocation& invocation) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const Profile profile, LoadProfile(invocation));
  const CanaryBook book = BookOf(profile);
  MUSTER_ASSIGN_OR_RETURN(const v1::CanaryBook known, book.Read());
  MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::CanaryUpload> uploads, book.ReadUploads());
  std::map<std::string, std::vector<const v1::CanaryUpload*>> given;
  for (const v1::CanaryUpload& upload : uploads) {
    for (const v1::PlantedCanary& planted : upload.planted())
      given[planted.address()].push_back(&upload);
  }
  Table table({{"canary"}, {"added"}, {"given in"}});
  Json list = Json::Array();
  for (const v1::Canary& canary : known.canaries()) {
    std::string lists;
    Json in = Json::Array();
    for (const v1::CanaryUpload* upload : given[canary.address()]) {
      lists += (lists.empty() ? "" : ", ") + Visible(upload->list());
      in.Append(Json::Object().Set("upload", upload->upload()).Set("list", upload->list()));
    }
    table.Row({canary.address(), TimeForPeople(canary.add_time()), lists.empty() ? "-" : lists});
    list.Append(Json::Object()
                    .Set("address", canary.address())
                    .Set("add_time", FormatRfc3339(canary.add_time()))
                    .Set("given", std::move(in)));
  }
  console.Print(known.canaries().empty()
                    ? std::string("There are no canaries in this profile; `muster canary add FILE`")
                    : table.Format());
  console.Result(
      Json::Object()
          .Set("canaries", std::move(list))
          .Set("per_upload", known.per_upload() > 0 ? known.per_upload() : kCanariesPerUpload));
  return kExitDone;
}

absl::StatusOr<int> RunCanaryHit(const Invocation& invocation, const CanaryHitOptions& options) {
  Console& console = *invocation.console;
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(options.mail, kMailBytesMax));
  absl::StatusOr<MailHead> mail = ReadMailHead(bytes);
  if (!mail.ok()) return Annotate(mail.status(), options.mail);
  MUSTER_ASSIGN_OR_RETURN(const Profile profile, LoadProfile(invocation));
  const CanaryBook book = BookOf(profile);
  MUSTER_ASSIGN_OR_RETURN(const std::string address, FindCanary(book, *mail));
  MUSTER_ASSIGN_OR_RETURN(std::vector<Hit> hits, FindHits(book, address));
  if (!options.upload.empty()) {
    std::erase_if(hits, [&](const Hit& hit) { return hit.upload.upload() != options.upload; });
  }
  if (hits.empty()) {
    return MakeError(v1::CANARY_NOT_FOUND,
                     options.upload.empty()
                         ? "this mail went to a canary that no upload was given yet: whoever wrote "
                           "to it has it from elsewhere"
                         : "the canary that this mail went to was not given in that upload");
  }
  if (!options.out.empty()) {
    std::error_code error;
    if (std::filesystem::exists(options.out, error))
      MUSTER_RETURN_IF_ERROR(console.Confirm(options.out + " exists and would be replaced."));
  }

  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, Session::Open(invocation));
  MUSTER_RETURN_IF_ERROR(session->RequireMember().status());
  MUSTER_ASSIGN_OR_RETURN(const LogView view, session->ReadLog());
  const LogEvidence evidence(&view);
  std::vector<int64_t> sends;
  for (const v1::LogEntry& entry : view.entries) {
    if (entry.body().empty()) continue;
    MUSTER_ASSIGN_OR_RETURN(const governance::VerifiedStatement verified,
                            governance::VerifyStatementBytes(entry.body()));
    if (AccountsForSend(verified.statement)) sends.push_back(entry.index());
    if (!verified.statement.has_upload()) continue;
    for (Hit& hit : hits) {
      if (hit.upload.upload() == verified.statement.upload().upload())
        hit.statement_index = static_cast<uint64_t>(entry.index());
    }
  }
  v1::CanaryMail said;
  said.set_blake2b(ToString(crypto::Blake2b256(bytes)));
  said.set_message_id(mail->message_id);
  said.set_from(mail->from);
  said.set_date(mail->date);
  // The newest that counts.
  const auto chosen = std::find_if(hits.rbegin(), hits.rend(),
                                   [](const Hit& hit) { return hit.statement_index.has_value(); });
  if (chosen == hits.rend()) {
    return MakeError(v1::CANARY_NOT_FOUND,
                     "the upload that this canary was given in never came onto the log; there is "
                     "nothing to prove");
  }
  MUSTER_ASSIGN_OR_RETURN(const std::string proof,
                          MakeProof(*session, evidence, *chosen, said, sends));
  MUSTER_RETURN_IF_ERROR(Annotate(report::VerifyCanaryProof(proof, RootOf(*session)).status(),
                                  "the batch is not what this profile keeps of it"));
  if (!options.out.empty()) MUSTER_RETURN_IF_ERROR(WriteFileDurably(options.out, proof, 0644));

  std::string text = console.Bold("A canary was written to") + ": " + Visible(address) + "\n  by " +
                     (mail->from.empty() ? "somebody" : Visible(mail->from)) +
                     (mail->date.empty() ? "" : ", " + Visible(mail->date)) +
                     "\n\nIt was given in\n";
  for (const Hit& hit : hits) text += HitText(hit);
  if (hits.size() > 1) text += "  (which of these the mail came from, it does not say)\n";
  text += "\nThe batch's commitment opens to it, and stands in the upload that is entry " +
          std::to_string(*chosen->statement_index) + " of the log.\n";
  text += sends.empty() ? console.Bad("No logged send accounts for it")
                        : "Logged sends may account for it";
  text += ": of the log's " + WithCommas(evidence.size()) + " entries all " +
          WithCommas(evidence.open_count()) + " that are open to " +
          Visible(session->profile().member_name) + " were read, and " +
          (sends.empty() ? std::string("none") : WithCommas(static_cast<int64_t>(sends.size()))) +
          " says that something was sent.";
  text += options.out.empty() ? "\n--out writes a proof that others can check."
                              : "\nThe proof is in " + Visible(options.out) +
                                    "; it names this one canary, which is known from then on.";
  console.Print(text);
  Json json = Json::Object();
  Json all = Json::Array();
  for (const Hit& hit : hits) all.Append(HitJson(hit));
  Json indices = Json::Array();
  for (const int64_t index : sends) indices.Append(index);
  json.Set("address", address).Set("hits", std::move(all)).Set("proven", HitJson(*chosen));
  json.Set("accounted", !sends.empty())
      .Set("sends", std::move(indices))
      .Set("log_size", evidence.size())
      .Set("entries_read", evidence.open_count());
  json.Set("mail", Json::Object()
                       .Set("message_id", mail->message_id)
                       .Set("from", mail->from)
                       .Set("date", mail->date)
                       .Set("blake2b", HexEncode(AsBytes(said.blake2b()))));
  json.Set("proof_file", options.out.empty() ? Json() : Json(options.out));
  console.Result(json);
  return kExitDone;
}

}  // namespace muster::cli
