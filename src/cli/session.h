// SPDX-License-Identifier: Apache-2.0
//
// Session: one command's standing with the front desk: a profile, its sign key, a pinned channel,
// and the tree of the log as last seen.
//
// Rule: every answer that carries a checkpoint goes through Accept, which proves that the log only
// grew since this profile last looked, and keeps the new tree. A log that says two things is
// refused loudly, with both trees; the two signed notes are kept as evidence (profile folder,
// fork-*.txt).
// Errors: those of profile, key_file, client; LOG_FORKED, LOG_REWOUND, PROOF_INVALID,
// STATEMENT_REFUSED.
// Threads: Call is safe from many; the rest from one.
#ifndef MUSTER_CLI_SESSION_H_
#define MUSTER_CLI_SESSION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/client.h"
#include "cli/console.h"
#include "cli/key_file.h"
#include "cli/profile.h"
#include "core/crypto/merkle.h"
#include "core/governance/registry.h"
#include "core/governance/statement.h"
#include "muster/v1/log_service.pb.h"
#include "muster/v1/report.pb.h"

namespace muster::cli {

// What every command is given of the global flags.
struct Invocation {
  Console* console = nullptr;
  std::string profile;          // --profile or MUSTER_PROFILE; may be empty
  std::string server;           // --server: another address for the same, pinned server
  std::string passphrase_file;  // --passphrase-file
  bool witness = false;         // check and cosign the log whenever a session is opened
};

// The whole log as this person may read it.
struct LogView {
  std::vector<v1::LogEntry> entries;
  governance::Registry registry;  // of the entries that are open to this person
  crypto::MerkleFrontier tree;    // of all of them
};

class Session {
 public:
  static absl::StatusOr<std::unique_ptr<Session>> Open(const Invocation& invocation);

  const Profile& profile() const { return profile_; }
  const crypto::SigningKey& sign_key() const { return *sign_key_; }
  Passphrase& passphrase() { return passphrase_; }
  Console& console() { return console_; }

  absl::Status Call(std::string_view method, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite& response,
                    absl::Duration time = absl::Seconds(30)) {
    return client_->Call(method, request, response, time);
  }

  // What to send as known_size.
  int64_t known_size() const { return seen_.has_value() ? static_cast<int64_t>(seen_->size) : 0; }
  // The tree seen last; present once Open has returned.
  const tlog::Checkpoint& seen() const { return *seen_; }
  const std::string& seen_note() const { return seen_note_; }
  absl::Status Accept(const v1::CheckpointProof& proof);
  // Takes the newest checkpoint, which must extend what was seen, keeps it, and cosigns it; then
  // brings the cosignature to the server. A log that was set back is shown what it has signed.
  absl::Status WitnessLog();
  // Proves that a signed checkpoint from elsewhere belongs to the same log as the tree seen here.
  absl::Status Reconcile(const std::string& note);

  // The statement in an entry that stands in the tree seen last; its signatures are checked.
  absl::StatusOr<governance::VerifiedStatement> OpenEntry(const v1::EntryProof& proof) const;
  // The same, signed by the pinned vault key and by nobody else.
  absl::StatusOr<governance::VerifiedStatement> OpenVaultEntry(const v1::EntryProof& proof) const;

  // Reads the log from its beginning, recomputes its tree, replays what is open.
  absl::StatusOr<LogView> ReadLog();
  // The same from where `view` ends. After an error the view is of no use.
  absl::Status ReadLogFurther(LogView& view);

  // A statement in this person's name, now.
  v1::Statement NewStatement() const;
  v1::SignedStatement Sign(const v1::Statement& statement) const;

  // ROLE_NOT_ALLOWED, before anything is asked of the server.
  absl::Status RequireRole(const governance::RoleSet& any_of, std::string_view to_do_what) const;
  // This person's member, or MEMBER_NOT_FOUND.
  absl::StatusOr<MemberId> RequireMember() const;
  // M of one's own member, from a verified join; pinned from then on. FAILED_PRECONDITION
  // (KEY_MALFORMED) when no approver has joined yet.
  absl::StatusOr<crypto::Point> MemberKey();

 private:
  Session(const Invocation& invocation, Profile profile);
  absl::Status FirstContact();
  absl::Status CosignSeen();
  absl::Status Forked(const absl::Status& status, const std::string& note);

  Console& console_;
  Profile profile_;
  Passphrase passphrase_;
  std::optional<crypto::SigningKey> sign_key_;
  std::optional<crypto::SigningKey> cosign_key_;  // once it was needed
  std::unique_ptr<Client> client_;
  std::optional<tlog::Checkpoint> seen_;
  std::string seen_note_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLI_SESSION_H_
