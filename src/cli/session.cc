// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <algorithm>

#include "cli/invite.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/crypto/merkle.h"
#include "core/report/verify.h"
#include "core/tlog/entry.h"
#include "core/tlog/proof.h"
#include "core/tlog/witness.h"
#include "muster/v1/report_service.pb.h"

namespace muster::cli {
namespace {

constexpr int32_t kEntriesPerPage = 1000;
// The log may grow while it is asked about; each round asks anew.
constexpr int kRounds = 10;
constexpr absl::Duration kWitnessTime = absl::Seconds(10);

std::string Describe(const tlog::Checkpoint& checkpoint) {
  return std::to_string(checkpoint.size) + " entries, root " + Base64Encode(checkpoint.root);
}

}  // namespace

Session::Session(const Invocation& invocation, Profile profile)
    : console_(*invocation.console),
      profile_(std::move(profile)),
      passphrase_(invocation.console, invocation.passphrase_file) {}

absl::StatusOr<std::unique_ptr<Session>> Session::Open(const Invocation& invocation) {
  MUSTER_ASSIGN_OR_RETURN(const ProfileStore store, ProfileStore::Open());
  MUSTER_ASSIGN_OR_RETURN(Profile profile, store.Load(invocation.profile));
  if (!invocation.server.empty()) {
    MUSTER_RETURN_IF_ERROR(Annotate(ParseEndpoint(invocation.server).status(), "--server"));
    profile.server = invocation.server;
  }
  std::unique_ptr<Session> session(new Session(invocation, std::move(profile)));
  MUSTER_ASSIGN_OR_RETURN(
      crypto::SigningKey key,
      ReadSigningKey(session->profile_.folder / "sign.key", session->passphrase_));
  session->sign_key_ = std::move(key);
  const Caller caller{session->profile_.person, session->profile_.consortium, &*session->sign_key_};
  session->client_ =
      std::make_unique<Client>(session->profile_.server, session->profile_.certificate_pem, caller);
  MUSTER_ASSIGN_OR_RETURN(session->seen_, ReadSeenCheckpoint(session->profile_));
  if (session->seen_.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(session->seen_note_,
                            ReadFile(session->profile_.folder / "checkpoint", tlog::kNoteBytesMax));
  } else {
    MUSTER_RETURN_IF_ERROR(session->FirstContact());
  }
  if (invocation.witness) {
    const absl::Status witnessed = session->WitnessLog();
    // A server that cannot be reached is the command's own to deal with.
    if (!witnessed.ok() && ExitCodeOf(witnessed) != kExitUnreachable) return witnessed;
  }
  return session;
}

// The founder's first look at the log: it must begin with the charter that was signed.
absl::Status Session::FirstContact() {
  v1::Bundle bundle;
  MUSTER_RETURN_IF_ERROR(Call("ReportService/GetBundle", v1::GetBundleRequest(), bundle));
  MUSTER_ASSIGN_OR_RETURN(const report::AuditRoot root, report::OpenBundle(bundle));
  if (root.consortium != profile_.consortium || root.charter_hash != profile_.charter_hash ||
      root.log_key.Format() != profile_.log_key.Format()) {
    return MakeError(
        v1::LOG_FORKED,
        "the server's log does not begin with the charter of this profile; tell the other members");
  }
  MUSTER_RETURN_IF_ERROR(WriteSeenCheckpoint(profile_, std::nullopt, bundle.checkpoint()));
  seen_ = root.checkpoint;
  seen_note_ = bundle.checkpoint();
  return absl::OkStatus();
}

absl::Status Session::WitnessLog() {
  v1::GetCheckpointRequest request;
  request.set_known_size(known_size());
  v1::CheckpointProof proof;
  const absl::Status asked = Call("LogService/GetCheckpoint", request, proof, kWitnessTime);
  if (ReasonOf(asked) == v1::LOG_REWOUND) {
    // Its own signature under what it no longer has keeps it from going on.
    (void)CosignSeen();
    return MakeError(
        v1::LOG_REWOUND,
        "THE LOG WAS SET BACK. Seen before: " + Describe(*seen_) +
            ". The server has fewer now: it runs on an old copy, or cheats. Nothing "
            "was done; tell the operator and the other members",
        {{"seen_size", std::to_string(seen_->size)}, {"seen_root", Base64Encode(seen_->root)}});
  }
  MUSTER_RETURN_IF_ERROR(asked);
  const absl::Status accepted = Accept(proof);
  if (ReasonOf(accepted) == v1::LOG_FORKED || ReasonOf(accepted) == v1::LOG_REWOUND) {
    // As above; nothing that was shown now is cosigned.
    (void)CosignSeen();
  }
  MUSTER_RETURN_IF_ERROR(accepted);
  return CosignSeen();
}

absl::Status Session::CosignSeen() {
  if (!cosign_key_.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(crypto::SigningKey key,
                            ReadSigningKey(profile_.folder / "cosign.key", passphrase_));
    cosign_key_ = std::move(key);
  }
  ProfileWitnessStore store(&profile_);
  tlog::Witness witness(profile_.log_key,
                        tlog::WitnessName(profile_.log_key.name, profile_.person.Name()),
                        cosign_key_->Clone(), &store, &Clock::System());
  absl::StatusOr<tlog::NoteSignature> cosignature = witness.Add({seen_->size, {}, seen_note_});
  // Another command of this profile has seen more meanwhile, and cosigns that.
  if (ReasonOf(cosignature.status()) == v1::LOG_BEHIND) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(cosignature.status());
  MUSTER_ASSIGN_OR_RETURN(tlog::Note note, tlog::OpenNote(seen_note_, {&profile_.log_key, 1}));
  note.signatures.push_back(*std::move(cosignature));
  v1::AddCosignatureRequest request;
  request.set_checkpoint(tlog::FormatNote(note));
  v1::AddCosignatureResponse response;
  const absl::Status brought = Call("LogService/AddCosignature", request, response, kWitnessTime);
  const Reason reason = ReasonOf(brought);
  if (reason == v1::LOG_FORKED || reason == v1::LOG_REWOUND) return brought;
  // The same as above: a later command was faster. What else may keep the server from taking it is
  // no reason to hold up what the person came for.
  if (!brought.ok() && reason != v1::LOG_BEHIND) {
    console_.Note("the server did not take the cosignature: " + std::string(brought.message()));
  }
  return absl::OkStatus();
}

absl::Status Session::Accept(const v1::CheckpointProof& proof) {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Bytes32> hashes,
                          tlog::ParseHashes(proof.consistency()));
  const auto fresh = tlog::OpenExtension(proof.checkpoint(), profile_.log_key, *seen_, hashes);
  if (!fresh.ok()) return Forked(fresh.status(), proof.checkpoint());
  if (fresh->size == seen_->size) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(WriteSeenCheckpoint(profile_, seen_, proof.checkpoint()));
  MUSTER_ASSIGN_OR_RETURN(const std::optional<tlog::Checkpoint> stored,
                          ReadSeenCheckpoint(profile_));
  if (stored.has_value() && stored != *fresh) {
    // Another command of this profile was shown a tree meanwhile: it and this one must be of one
    // history.
    seen_ = *stored;
    MUSTER_ASSIGN_OR_RETURN(seen_note_,
                            ReadFile(profile_.folder / "checkpoint", tlog::kNoteBytesMax));
    return Reconcile(proof.checkpoint());
  }
  seen_ = *fresh;
  seen_note_ = proof.checkpoint();
  return absl::OkStatus();
}

absl::Status Session::Forked(const absl::Status& status, const std::string& note) {
  const Reason reason = ReasonOf(status);
  if (reason != v1::LOG_FORKED && reason != v1::LOG_REWOUND) return status;
  const auto shown = tlog::OpenCheckpoint(note, profile_.log_key);
  if (!shown.ok()) return status;
  const std::filesystem::path evidence =
      profile_.folder / ("fork-" + std::to_string(shown->size) + "-" +
                         HexEncode(ByteView(shown->root).first(8)) + ".txt");
  (void)WriteFileDurably(evidence, "seen before:\n\n" + seen_note_ + "\nshown now:\n\n" + note,
                         0600);
  return MakeError(reason,
                   "THE LOG WAS REWRITTEN. Seen before: " + Describe(*seen_) +
                       ". Shown now: " + Describe(*shown) +
                       ". Both are signed by the log, and the second does not extend the first. "
                       "Nothing was done. The two "
                       "notes are in " +
                       evidence.string() + "; show them to the other members and to the auditor",
                   {{"seen_size", std::to_string(seen_->size)},
                    {"seen_root", Base64Encode(seen_->root)},
                    {"shown_size", std::to_string(shown->size)},
                    {"shown_root", Base64Encode(shown->root)},
                    {"evidence", evidence.string()}});
}

absl::Status Session::Reconcile(const std::string& note) {
  MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint other,
                          tlog::OpenCheckpoint(note, profile_.log_key));
  for (int round = 0; round < kRounds; ++round) {
    if (other.size == seen_->size) {
      return other.root == seen_->root
                 ? absl::OkStatus()
                 : Forked(MakeError(v1::LOG_FORKED, "two trees of one size"), note);
    }
    // Bring the tree seen here at least up to the other one, then prove that it extends the other
    // one.
    v1::GetCheckpointRequest request;
    v1::CheckpointProof proof;
    request.set_known_size(known_size());
    MUSTER_RETURN_IF_ERROR(Call("LogService/GetCheckpoint", request, proof));
    MUSTER_RETURN_IF_ERROR(Accept(proof));
    if (other.size >= seen_->size) continue;
    request.set_known_size(static_cast<int64_t>(other.size));
    MUSTER_RETURN_IF_ERROR(Call("LogService/GetCheckpoint", request, proof));
    MUSTER_ASSIGN_OR_RETURN(const std::vector<Bytes32> hashes,
                            tlog::ParseHashes(proof.consistency()));
    const auto extended = tlog::OpenExtension(proof.checkpoint(), profile_.log_key, other, hashes);
    if (!extended.ok()) return Forked(extended.status(), note);
    if (*extended == *seen_) return absl::OkStatus();
  }
  return MakeError(v1::SERVER_BUSY, "the log grew faster than it could be checked; try again");
}

absl::StatusOr<governance::VerifiedStatement> Session::OpenEntry(
    const v1::EntryProof& proof) const {
  MUSTER_RETURN_IF_ERROR(tlog::VerifyEntryProof(proof, *seen_));
  MUSTER_ASSIGN_OR_RETURN(governance::VerifiedStatement verified,
                          governance::VerifyStatementBytes(proof.body()));
  if (verified.statement.consortium() != AsText(profile_.consortium)) {
    return MakeError(v1::STATEMENT_REFUSED, "the entry is of another consortium");
  }
  return verified;
}

absl::StatusOr<governance::VerifiedStatement> Session::OpenVaultEntry(
    const v1::EntryProof& proof) const {
  MUSTER_ASSIGN_OR_RETURN(governance::VerifiedStatement verified, OpenEntry(proof));
  if (verified.signers.size() != 1 || !verified.SignedBy(profile_.vault_sign_key)) {
    return MakeError(v1::STATEMENT_REFUSED,
                     "what the server gives out as the vault's word is not signed by the vault; "
                     "tell the operator");
  }
  return verified;
}

absl::StatusOr<LogView> Session::ReadLog() {
  LogView view;
  MUSTER_RETURN_IF_ERROR(ReadLogFurther(view));
  return view;
}

absl::Status Session::ReadLogFurther(LogView& view) {
  v1::GetCheckpointRequest checkpoint_request;
  v1::CheckpointProof checkpoint;
  checkpoint_request.set_known_size(known_size());
  MUSTER_RETURN_IF_ERROR(Call("LogService/GetCheckpoint", checkpoint_request, checkpoint));
  MUSTER_RETURN_IF_ERROR(Accept(checkpoint));

  crypto::MerkleFrontier& tree = view.tree;
  while (tree.size() < seen_->size) {
    v1::ListEntriesRequest request;
    v1::ListEntriesResponse page;
    request.set_first_index(static_cast<int64_t>(tree.size()));
    request.set_page_size(kEntriesPerPage);
    MUSTER_RETURN_IF_ERROR(Call("LogService/ListEntries", request, page));
    if (page.entries().empty()) {
      return MakeError(
          v1::LOG_REWOUND,
          "the server lists fewer entries than its checkpoint has; tell the other members");
    }
    for (v1::LogEntry& entry : *page.mutable_entries()) {
      if (tree.size() == seen_->size) break;
      const std::string where = "entry " + std::to_string(tree.size());
      if (entry.index() != static_cast<int64_t>(tree.size()) || entry.commitment().size() != 32) {
        return MakeError(v1::ENTRY_MALFORMED, where + " is malformed; use programs of one release");
      }
      if (!entry.body().empty()) {
        const auto salt = ToArray<32>(entry.salt());
        if (!salt.has_value() ||
            AsText(tlog::EntryCommitment(*salt, entry.body())) != entry.commitment()) {
          return MakeError(v1::PROOF_INVALID,
                           where + " is not what the log committed to; tell the other members");
        }
        auto verified = governance::VerifyStatementBytes(entry.body());
        if (!verified.ok()) return Annotate(verified.status(), where);
        MUSTER_RETURN_IF_ERROR(Annotate(view.registry.Apply(tree.size(), *verified), where));
      }
      tree.Append(crypto::MerkleLeaf(entry.commitment()));
      view.entries.push_back(std::move(entry));
    }
  }
  if (tree.Root() != seen_->root) {
    return MakeError(v1::LOG_FORKED,
                     "the entries that the server lists are not those of the tree that it signed; "
                     "tell the other members");
  }
  if (!view.registry.founded() || view.registry.charter_hash() != profile_.charter_hash) {
    return MakeError(
        v1::LOG_FORKED,
        "the log does not begin with the charter of this profile; tell the other members");
  }
  return absl::OkStatus();
}

v1::Statement Session::NewStatement() const {
  v1::Statement statement;
  statement.set_consortium(ToString(profile_.consortium));
  statement.set_create_time(absl::ToUnixSeconds(Clock::System().Now()));
  statement.set_signer(profile_.person.Name());
  return statement;
}

v1::SignedStatement Session::Sign(const v1::Statement& statement) const {
  const crypto::SigningKey* keys[] = {&*sign_key_};
  return governance::SignStatement(statement, keys);
}

absl::Status Session::RequireRole(const governance::RoleSet& any_of,
                                  std::string_view to_do_what) const {
  if (profile_.roles.Intersects(any_of)) return absl::OkStatus();
  return MakeError(v1::ROLE_NOT_ALLOWED,
                   "the profile " + profile_.name + " (" + governance::FormatRoles(profile_.roles) +
                       ") may not " + std::string(to_do_what) +
                       "; it takes one of: " + governance::FormatRoles(any_of),
                   {{"roles", governance::FormatRoles(any_of)}});
}

absl::StatusOr<MemberId> Session::RequireMember() const {
  if (profile_.member.has_value()) return *profile_.member;
  return MakeError(
      v1::MEMBER_NOT_FOUND,
      "the profile " + profile_.name +
          " belongs to no member, so it has no lists; use a member's profile with --profile");
}

absl::StatusOr<crypto::Point> Session::MemberKey() {
  if (profile_.member_key.has_value()) return *profile_.member_key;
  MUSTER_ASSIGN_OR_RETURN(const MemberId member, RequireMember());
  // Not from a list that the server makes up: only the approver's own signed join tells M.
  MUSTER_ASSIGN_OR_RETURN(const LogView view, ReadLog());
  const governance::MemberRecord* record = view.registry.FindMember(member);
  if (record == nullptr || !record->member_key.has_value()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::KEY_MALFORMED,
                     "no approver of " + profile_.member_name +
                         " has joined yet, so there is no half of the key to seal for; invite one "
                         "and let them join first");
  }
  profile_.member_key = record->member_key;
  MUSTER_RETURN_IF_ERROR(UpdateProfile(profile_));
  return *profile_.member_key;
}

}  // namespace muster::cli
