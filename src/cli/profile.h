// SPDX-License-Identifier: Apache-2.0
//
// Profile: who is speaking, to which server, and what is pinned. A folder of one's own, mode 0700.
//
//   profile.json   the pins: server, certificate, keys, charter hash, one's own names and roles
//   *.key          key_file.h
//   checkpoint     the newest tree of the log that was verified here: a signed note
//   monitored      how many entries of the log `muster log witness` has looked at
//   join.pending   the join statement, from before it is sent until the profile is written, so that
//                  an enrollment that broke off goes on from there
//   uploads/       upload_state.h
//
// Profiles live under $MUSTER_HOME, else $XDG_CONFIG_HOME/muster, else ~/.config/muster.
// Errors: PROFILE_NOT_FOUND (says which there are), PROFILE_EXISTS, HOME_MALFORMED, those of
// base/file.h.
// Threads: values; two processes may use one profile (the checkpoint is replaced under a lock).
#ifndef MUSTER_CLI_PROFILE_H_
#define MUSTER_CLI_PROFILE_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/id.h"
#include "core/crypto/box.h"
#include "core/crypto/group.h"
#include "core/crypto/signature.h"
#include "core/governance/roles.h"
#include "core/tlog/checkpoint.h"
#include "core/tlog/note.h"
#include "core/tlog/witness.h"

namespace muster::cli {

struct Profile {
  std::string name;
  std::filesystem::path folder;

  std::string server;
  std::string certificate_pem;
  Bytes16 consortium{};
  std::string consortium_name;
  Bytes32 charter_hash{};
  tlog::NoteKey log_key;
  crypto::VerifyKey vault_sign_key;
  crypto::BoxPublicKey vault_box_key;
  crypto::Point vault_holding_key;

  std::optional<MemberId> member;
  std::string member_name;
  PersonId person;
  std::string person_name;
  governance::RoleSet roles;
  // M, once it was seen in a verified join.
  std::optional<crypto::Point> member_key;
};

// Letters, digits, "-", "_", "."; not first ".".
absl::Status CheckProfileName(std::string_view name);
// "Parks Alliance" -> "parks-alliance"; "profile" when nothing is left.
std::string ProfileNameFrom(std::string_view display_name);

class ProfileStore {
 public:
  explicit ProfileStore(std::filesystem::path home) : home_(std::move(home)) {}
  // From the environment.
  static absl::StatusOr<ProfileStore> Open();

  std::filesystem::path FolderOf(std::string_view name) const { return home_ / name; }
  std::vector<std::string> Names() const;
  // `wanted` as --profile or MUSTER_PROFILE says; empty: the only one there is.
  absl::StatusOr<Profile> Load(const std::string& wanted) const;
  bool Exists(std::string_view name) const;

 private:
  std::filesystem::path home_;
};

// New: refuses when profile.json exists. Update: replaces it.
absl::Status WriteNewProfile(const Profile& profile);
absl::Status UpdateProfile(const Profile& profile);

// None when none was verified yet.
absl::StatusOr<std::optional<tlog::Checkpoint>> ReadSeenCheckpoint(const Profile& profile);
// `note` was proven to extend `old`. Leaves the file alone when another process has meanwhile seen
// more; LOG_FORKED when it has seen another tree of the same size.
absl::Status WriteSeenCheckpoint(const Profile& profile, const std::optional<tlog::Checkpoint>& old,
                                 const std::string& note);

// The same file as a witness's memory: what a profile saw last is the least that it cosigns.
class ProfileWitnessStore : public tlog::WitnessStore {
 public:
  // `profile` outlives the store.
  explicit ProfileWitnessStore(const Profile* profile) : profile_(*profile) {}
  absl::StatusOr<std::string> Read() override;
  absl::StatusOr<bool> Replace(const std::string& expected, const std::string& note) override;

 private:
  const Profile& profile_;
};

// How many entries the monitor of this profile has looked at; 0 when it never did.
absl::StatusOr<uint64_t> ReadMonitored(const Profile& profile);
absl::Status WriteMonitored(const Profile& profile, uint64_t entries);

}  // namespace muster::cli

#endif  // MUSTER_CLI_PROFILE_H_
