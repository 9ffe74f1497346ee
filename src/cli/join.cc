// SPDX-License-Identifier: Apache-2.0
#include "cli/join.h"

#include <iostream>
#include <iterator>

#include "cli/certificate.h"
#include "cli/invite.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/tlog/entry.h"
#include "core/tlog/proof.h"
#include "muster/v1/enrollment_service.pb.h"

namespace muster::cli {
namespace {

constexpr size_t kPendingBytesMax = 64 << 10;

// Refusals after which the server has certainly not taken the join, so that keys made for it are of
// no use.
bool IsFinal(Reason reason) {
  return reason == v1::INVITE_UNKNOWN || reason == v1::INVITE_EXPIRED ||
         reason == v1::INVITE_USED || reason == v1::STATEMENT_REFUSED ||
         reason == v1::MEMBER_EXISTS || reason == v1::PERSON_EXISTS;
}

class Joining {
 public:
  Joining(const Invocation& invocation, const v1::Invite& invite, Profile profile)
      : console_(*invocation.console),
        invite_(invite),
        profile_(std::move(profile)),
        passphrase_(&console_, invocation.passphrase_file) {}

  absl::Status Run(bool no_passphrase);
  const Profile& profile() const { return profile_; }
  int64_t log_index() const { return log_index_; }

 private:
  absl::Status Prepare(bool no_passphrase);
  absl::Status MakeJoin(bool no_passphrase);
  absl::Status CheckResponse(const v1::EnrollResponse& response);
  void Forget();
  std::filesystem::path PendingFile() const { return profile_.folder / "join.pending"; }

  Console& console_;
  const v1::Invite& invite_;
  Profile profile_;
  Passphrase passphrase_;
  v1::SignedStatement join_;
  int64_t log_index_ = 0;
};

absl::Status Joining::Run(bool no_passphrase) {
  MUSTER_ASSIGN_OR_RETURN(const Certificate certificate,
                          FetchPinnedCertificate(profile_.server, invite_.certificate_sha256()));
  profile_.certificate_pem = certificate.pem;
  MUSTER_RETURN_IF_ERROR(Prepare(no_passphrase));

  MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint known,
                          tlog::OpenCheckpoint(invite_.checkpoint(), profile_.log_key));
  Client client(profile_.server, profile_.certificate_pem, std::nullopt);
  v1::EnrollRequest request;
  *request.mutable_join() = join_;
  request.set_known_size(static_cast<int64_t>(known.size));
  v1::EnrollResponse response;
  const absl::Status enrolled =
      client.Call("EnrollmentService/Enroll", request, response, absl::Seconds(60));
  if (IsFinal(ReasonOf(enrolled))) Forget();
  MUSTER_RETURN_IF_ERROR(enrolled);
  MUSTER_RETURN_IF_ERROR(CheckResponse(response));
  MUSTER_RETURN_IF_ERROR(
      WriteSeenCheckpoint(profile_, std::nullopt, response.checkpoint().checkpoint()));
  MUSTER_RETURN_IF_ERROR(WriteNewProfile(profile_));
  return RemoveDurably(PendingFile());
}

absl::Status Joining::Prepare(bool no_passphrase) {
  auto pending = ReadFile(PendingFile(), kPendingBytesMax);
  if (pending.status().code() == absl::StatusCode::kNotFound) return MakeJoin(no_passphrase);
  MUSTER_RETURN_IF_ERROR(pending.status());
  v1::Statement statement;
  if (!join_.ParseFromString(*pending) || !statement.ParseFromString(join_.statement()) ||
      statement.join().invite() != invite_.invite()) {
    return MakeError(v1::PROFILE_EXISTS,
                     profile_.folder.string() +
                         " holds keys for another invite that was not finished; choose another "
                         "name with --profile, or remove that folder");
  }
  console_.Note("Going on with the keys that were made for this invite before.");
  return absl::OkStatus();
}

absl::Status Joining::MakeJoin(bool no_passphrase) {
  std::error_code error;
  if (std::filesystem::exists(profile_.folder / "sign.key", error)) {
    return MakeError(v1::PROFILE_EXISTS, profile_.folder.string() +
                                             " holds keys but no profile and no join that was "
                                             "begun; look what they are, then remove that "
                                             "folder, or choose another name with --profile");
  }
  const crypto::SecretBytes* words = nullptr;
  if (!no_passphrase) {
    MUSTER_ASSIGN_OR_RETURN(words, passphrase_.ForMaking());
  }
  const NewKeys keys = NewKeys::Generate(invite_.make_member_key());
  MUSTER_ASSIGN_OR_RETURN(
      const crypto::SigningKey invite_key,
      crypto::SigningKey::FromSeed(crypto::SecretBytes::CopyOf(AsBytes(invite_.secret()))));
  v1::Statement statement;
  statement.set_consortium(ToString(profile_.consortium));
  statement.set_create_time(absl::ToUnixSeconds(Clock::System().Now()));
  statement.set_signer(profile_.person.Name());
  v1::JoinStatement& join = *statement.mutable_join();
  join.set_invite(invite_.invite());
  join.set_member(invite_.member());
  join.set_person(invite_.person());
  *join.mutable_keys() = keys.Public();
  join.set_charter_hash(invite_.charter_hash());
  const crypto::SigningKey* signers[] = {&keys.sign, &keys.cosign, &invite_key};
  join_ = governance::SignStatement(statement, signers);
  MUSTER_RETURN_IF_ERROR(MakeDirectories(profile_.folder, 0700));
  MUSTER_RETURN_IF_ERROR(WriteKeys(profile_.folder, keys, words));
  return WriteNewFileDurably(PendingFile(), join_.SerializeAsString(), 0600);
}

absl::Status Joining::CheckResponse(const v1::EnrollResponse& response) {
  MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint known,
                          tlog::OpenCheckpoint(invite_.checkpoint(), profile_.log_key));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Bytes32> hashes,
                          tlog::ParseHashes(response.checkpoint().consistency()));
  const auto checkpoint =
      tlog::OpenExtension(response.checkpoint().checkpoint(), profile_.log_key, known, hashes);
  if (!checkpoint.ok()) {
    return Annotate(checkpoint.status(),
                    "the server's log does not extend the one that the invite names (" +
                        std::to_string(known.size) + " entries, root " + Base64Encode(known.root) +
                        ")");
  }
  MUSTER_RETURN_IF_ERROR(Annotate(tlog::VerifyEntryProof(response.join(), *checkpoint),
                                  "the server's proof of the join"));
  if (response.join().body() != join_.SerializeAsString()) {
    return MakeError(v1::PROOF_INVALID,
                     "the server put another join on the log than the one that was sent; tell "
                     "whoever invited you");
  }
  log_index_ = response.join().index();

  MUSTER_RETURN_IF_ERROR(Annotate(tlog::VerifyEntryProof(response.charter(), *checkpoint),
                                  "the server's proof of the charter"));
  const auto charter = governance::VerifyStatementBytes(response.charter().body());
  if (!charter.ok()) return Annotate(charter.status(), "the charter");
  const v1::CharterStatement& said = charter->statement.charter();
  const bool as_invited = response.charter().index() == 0 && charter->statement.has_charter() &&
                          charter->statement.consortium() == invite_.consortium() &&
                          AsText(charter->hash) == invite_.charter_hash() &&
                          said.name() == invite_.consortium_name() &&
                          said.log_vkey() == invite_.log_vkey() &&
                          said.vault().sign_key() == invite_.vault_sign_key() &&
                          said.vault().holding_key() == invite_.vault_holding_key() &&
                          said.certificate_sha256() == invite_.certificate_sha256();
  if (!as_invited) {
    return MakeError(
        v1::STATEMENT_REFUSED,
        "the server's charter is not the one that the invite names; tell whoever invited you");
  }
  MUSTER_ASSIGN_OR_RETURN(profile_.vault_box_key,
                          crypto::ParseBoxPublicKey(said.vault().box_key()));
  v1::Statement joined;
  joined.ParseFromString(join_.statement());
  if (!joined.join().keys().member_key().empty()) {
    MUSTER_ASSIGN_OR_RETURN(profile_.member_key,
                            crypto::ParsePoint(joined.join().keys().member_key()));
  }
  return absl::OkStatus();
}

void Joining::Forget() {
  for (const char* file : {"join.pending", "sign.key", "cosign.key", "box.key", "member.key"})
    (void)RemoveDurably(profile_.folder / file);
  std::error_code error;
  std::filesystem::remove(profile_.folder, error);  // when nothing else is in it
}

absl::StatusOr<Profile> ProfileOf(const v1::Invite& invite) {
  Profile profile;
  profile.server = invite.server();
  profile.consortium = *ToArray<16>(invite.consortium());
  profile.consortium_name = invite.consortium_name();
  profile.charter_hash = *ToArray<32>(invite.charter_hash());
  MUSTER_ASSIGN_OR_RETURN(profile.log_key, tlog::NoteKey::Parse(invite.log_vkey()));
  MUSTER_ASSIGN_OR_RETURN(profile.vault_sign_key, crypto::ParseVerifyKey(invite.vault_sign_key()));
  MUSTER_ASSIGN_OR_RETURN(profile.vault_holding_key,
                          crypto::ParsePoint(invite.vault_holding_key()));
  MUSTER_ASSIGN_OR_RETURN(profile.person, PersonId::Parse(invite.person()));
  profile.person_name = invite.person_name();
  if (!invite.member().empty()) {
    MUSTER_ASSIGN_OR_RETURN(profile.member, MemberId::Parse(invite.member()));
    profile.member_name = invite.member_name();
  }
  for (const int role : invite.roles()) profile.roles.Add(static_cast<v1::Role>(role));
  return profile;
}

void Report(Console& console, const Profile& profile, int64_t log_index, bool before) {
  console.Print(
      console.Bold((before ? "Already joined " : "Joined ") + Visible(profile.consortium_name)) +
      (profile.member.has_value() ? "\n  member   " + Visible(profile.member_name) : "") +
      "\n  person   " + Visible(profile.person_name) + " (" +
      governance::FormatRoles(profile.roles) + ")\n  profile  " + profile.name + ", in " +
      profile.folder.string() +
      (before ? ""
              : "\n  proof    entry " + std::to_string(log_index) +
                    " of the log; the charter is the one that the invite names"));
  Json json = Json::Object();
  json.Set("consortium", profile.consortium_name)
      .Set("consortium_id", HexEncode(profile.consortium));
  json.Set("member", profile.member.has_value() ? Json(profile.member->Name()) : Json());
  json.Set("member_name", profile.member.has_value() ? Json(profile.member_name) : Json());
  json.Set("person", profile.person.Name())
      .Set("person_name", profile.person_name)
      .Set("profile", profile.name);
  Json roles = Json::Array();
  for (const v1::Role role : profile.roles.List()) roles.Append(governance::RoleName(role));
  json.Set("roles", std::move(roles)).Set("log_index", before ? Json() : Json(log_index));
  console.Result(json);
}

}  // namespace

absl::StatusOr<int> RunJoin(const Invocation& invocation, const JoinOptions& options) {
  std::string text = options.invite;
  if (text == "-")
    text.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  MUSTER_ASSIGN_OR_RETURN(const v1::Invite invite, ParseInvite(text));
  MUSTER_ASSIGN_OR_RETURN(const ProfileStore store, ProfileStore::Open());
  MUSTER_ASSIGN_OR_RETURN(Profile profile, ProfileOf(invite));
  if (!invocation.server.empty()) {
    MUSTER_RETURN_IF_ERROR(Annotate(ParseEndpoint(invocation.server).status(), "--server"));
    profile.server = invocation.server;
  }
  profile.name =
      invocation.profile.empty() ? ProfileNameFrom(profile.person_name) : invocation.profile;
  MUSTER_RETURN_IF_ERROR(CheckProfileName(profile.name));
  profile.folder = store.FolderOf(profile.name);
  if (store.Exists(profile.name)) {
    MUSTER_ASSIGN_OR_RETURN(const Profile there, store.Load(profile.name));
    if (there.person != profile.person || there.consortium != profile.consortium) {
      return MakeError(
          v1::PROFILE_EXISTS,
          "there is a profile " + profile.name +
              " already, and keys are never overwritten; choose another name with --profile");
    }
    (void)RemoveDurably(there.folder / "join.pending");
    Report(*invocation.console, there, 0, /*before=*/true);
    return kExitDone;
  }
  if (invite.expire_time() <= absl::ToUnixSeconds(Clock::System().Now())) {
    std::error_code error;
    // A join that was sent in time may have been taken: the server knows.
    if (!std::filesystem::exists(profile.folder / "join.pending", error)) {
      return MakeError(v1::INVITE_EXPIRED, "this invite was good until " +
                                               FormatRfc3339(invite.expire_time()) +
                                               "; ask for a new one");
    }
  }
  Joining joining(invocation, invite, std::move(profile));
  MUSTER_RETURN_IF_ERROR(joining.Run(options.no_passphrase));
  Report(*invocation.console, joining.profile(), joining.log_index(), /*before=*/false);
  return kExitDone;
}

}  // namespace muster::cli
