// SPDX-License-Identifier: Apache-2.0
#include "cli/profile.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include "cli/json.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"

namespace muster::cli {
namespace {

constexpr size_t kProfileBytesMax = 1 << 20;
constexpr size_t kNameBytesMax = 100;

absl::Status Malformed(const Profile& profile, std::string_view field) {
  return MakeError(v1::HOME_MALFORMED,
                   (profile.folder / "profile.json").string() + ": " + std::string(field) +
                       " is missing or damaged; restore the file from a copy, or join anew");
}

Json ToJson(const Profile& profile) {
  Json json = Json::Object();
  json.Set("version", 1);
  json.Set("server", profile.server);
  json.Set("certificate_pem", profile.certificate_pem);
  json.Set("consortium", HexEncode(profile.consortium));
  json.Set("consortium_name", profile.consortium_name);
  json.Set("charter_hash", HexEncode(profile.charter_hash));
  json.Set("log_vkey", profile.log_key.Format());
  json.Set("vault_sign_key", HexEncode(profile.vault_sign_key.bytes));
  json.Set("vault_box_key", HexEncode(profile.vault_box_key.bytes));
  json.Set("vault_holding_key", HexEncode(profile.vault_holding_key.bytes));
  json.Set("member", profile.member.has_value() ? profile.member->Name() : "");
  json.Set("member_name", profile.member_name);
  json.Set("person", profile.person.Name());
  json.Set("person_name", profile.person_name);
  json.Set("roles", governance::FormatRoles(profile.roles));
  json.Set("member_key",
           profile.member_key.has_value() ? HexEncode(profile.member_key->bytes) : "");
  return json;
}

// Fields one after the other; remembers the first that is bad.
class FieldReader {
 public:
  FieldReader(const Profile& profile, const Json& json) : profile_(profile), json_(json) {}

  std::string Text(std::string_view field) {
    std::string text = json_.Text(field);
    if (text.empty()) Fail(field);
    return text;
  }
  template <size_t N>
  std::array<uint8_t, N> Hex(std::string_view field) {
    const auto raw = HexDecode(json_.Text(field));
    const auto array = raw.has_value() ? ToArray<N>(*raw) : std::nullopt;
    if (!array.has_value()) Fail(field);
    return array.value_or(std::array<uint8_t, N>{});
  }
  template <typename T>
  void Parse(std::string_view field, absl::StatusOr<T> parsed, T& out) {
    if (parsed.ok()) {
      out = *std::move(parsed);
    } else {
      Fail(field);
    }
  }
  const absl::Status& status() const { return status_; }

 private:
  void Fail(std::string_view field) {
    if (status_.ok()) status_ = Malformed(profile_, field);
  }
  const Profile& profile_;
  const Json& json_;
  absl::Status status_;
};

absl::StatusOr<Profile> FromJson(const Json& json, Profile profile) {
  FieldReader fields(profile, json);
  profile.server = fields.Text("server");
  profile.certificate_pem = fields.Text("certificate_pem");
  profile.consortium = fields.Hex<16>("consortium");
  profile.consortium_name = fields.Text("consortium_name");
  profile.charter_hash = fields.Hex<32>("charter_hash");
  fields.Parse("log_vkey", tlog::NoteKey::Parse(json.Text("log_vkey")), profile.log_key);
  const auto raw = [&](std::string_view field) { return HexDecode(json.Text(field)).value_or(""); };
  fields.Parse("vault_sign_key", crypto::ParseVerifyKey(raw("vault_sign_key")),
               profile.vault_sign_key);
  fields.Parse("vault_box_key", crypto::ParseBoxPublicKey(raw("vault_box_key")),
               profile.vault_box_key);
  fields.Parse("vault_holding_key", crypto::ParsePoint(raw("vault_holding_key")),
               profile.vault_holding_key);
  fields.Parse("person", PersonId::Parse(json.Text("person")), profile.person);
  profile.person_name = fields.Text("person_name");
  fields.Parse("roles", governance::ParseRoles(json.Text("roles")), profile.roles);
  if (!json.Text("member").empty()) {
    profile.member.emplace();
    fields.Parse("member", MemberId::Parse(json.Text("member")), *profile.member);
    profile.member_name = fields.Text("member_name");
  }
  if (!json.Text("member_key").empty()) {
    profile.member_key.emplace();
    fields.Parse("member_key", crypto::ParsePoint(raw("member_key")), *profile.member_key);
  }
  MUSTER_RETURN_IF_ERROR(fields.status());
  return profile;
}

// Held while the checkpoint is looked at and replaced.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder)
      : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ >= 0) ::flock(fd_, LOCK_EX);
  }
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

std::string Listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

absl::Status CheckProfileName(std::string_view name) {
  const bool good = !name.empty() && name.size() <= kNameBytesMax && name.front() != '.' &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                    });
  if (good) return absl::OkStatus();
  return MakeError(v1::NAME_MALFORMED,
                   "a profile's name is made of letters, digits, \"-\", \"_\" and \".\"; choose "
                   "another with --profile");
}

std::string ProfileNameFrom(std::string_view display_name) {
  std::string out;
  for (const char c : display_name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
      out.push_back(lower);
    } else if (!out.empty() && out.back() != '-') {
      out.push_back('-');
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  if (out.size() > kNameBytesMax) out.resize(kNameBytesMax);
  return out.empty() ? "profile" : out;
}

absl::StatusOr<ProfileStore> ProfileStore::Open() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const std::string home = variable("MUSTER_HOME"); !home.empty()) return ProfileStore(home);
  if (const std::string config = variable("XDG_CONFIG_HOME"); !config.empty()) {
    return ProfileStore(std::filesystem::path(config) / "muster");
  }
  if (const std::string home = variable("HOME"); !home.empty()) {
    return ProfileStore(std::filesystem::path(home) / ".config" / "muster");
  }
  return MakeError(v1::HOME_MALFORMED, "there is no folder for profiles; set MUSTER_HOME");
}

bool ProfileStore::Exists(std::string_view name) const {
  std::error_code error;
  return std::filesystem::exists(FolderOf(name) / "profile.json", error);
}

std::vector<std::string> ProfileStore::Names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(home_, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (CheckProfileName(name).ok() && Exists(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<Profile> ProfileStore::Load(const std::string& wanted) const {
  std::string name = wanted;
  if (name.empty()) {
    const std::vector<std::string> names = Names();
    if (names.empty()) {
      return MakeError(
          v1::PROFILE_NOT_FOUND,
          "there is no profile in " + home_.string() +
              "; join with `muster join INVITE`, or found a consortium with `muster found`");
    }
    if (names.size() > 1) {
      return MakeError(v1::PROFILE_NOT_FOUND,
                       "there are several profiles (" + Listed(names) +
                           "); say which one with --profile or MUSTER_PROFILE");
    }
    name = names.front();
  }
  MUSTER_RETURN_IF_ERROR(CheckProfileName(name));
  Profile profile;
  profile.name = name;
  profile.folder = FolderOf(name);
  if (!Exists(name)) {
    std::error_code error;
    if (std::filesystem::exists(profile.folder / "join.pending", error)) {
      return MakeError(
          v1::PROFILE_NOT_FOUND,
          "the profile " + name +
              " has not finished joining; run `muster join` again with the same invite");
    }
    const std::vector<std::string> names = Names();
    return MakeError(
        v1::PROFILE_NOT_FOUND,
        "there is no profile " + name + " in " + home_.string() +
            (names.empty() ? "; join with `muster join INVITE`" : "; there is: " + Listed(names)));
  }
  MUSTER_ASSIGN_OR_RETURN(const std::string text,
                          ReadFile(profile.folder / "profile.json", kProfileBytesMax));
  const std::optional<Json> json = Json::ParseObject(text);
  if (!json.has_value()) return Malformed(profile, "the whole");
  return FromJson(*json, std::move(profile));
}

absl::Status WriteNewProfile(const Profile& profile) {
  MUSTER_RETURN_IF_ERROR(MakeDirectories(profile.folder, 0700));
  return WriteNewFileDurably(profile.folder / "profile.json", ToJson(profile).Pretty() + "\n",
                             0600);
}

absl::Status UpdateProfile(const Profile& profile) {
  return WriteFileDurably(profile.folder / "profile.json", ToJson(profile).Pretty() + "\n", 0600);
}

absl::StatusOr<std::optional<tlog::Checkpoint>> ReadSeenCheckpoint(const Profile& profile) {
  const auto note = ReadFile(profile.folder / "checkpoint", tlog::kNoteBytesMax);
  if (note.status().code() == absl::StatusCode::kNotFound) return std::nullopt;
  if (!note.ok()) return note.status();
  auto checkpoint = tlog::OpenCheckpoint(*note, profile.log_key);
  if (!checkpoint.ok()) {
    return MakeError(
        v1::HOME_MALFORMED,
        (profile.folder / "checkpoint").string() +
            " is damaged; restore it from a copy, so that a rewritten log is still noticed");
  }
  return *checkpoint;
}

absl::Status WriteSeenCheckpoint(const Profile& profile, const std::optional<tlog::Checkpoint>& old,
                                 const std::string& note) {
  MUSTER_ASSIGN_OR_RETURN(const tlog::Checkpoint fresh,
                          tlog::OpenCheckpoint(note, profile.log_key));
  const FolderLock lock(profile.folder);
  MUSTER_ASSIGN_OR_RETURN(const std::optional<tlog::Checkpoint> stored,
                          ReadSeenCheckpoint(profile));
  if (stored.has_value() && stored->size == fresh.size && stored->root != fresh.root) {
    return MakeError(
        v1::LOG_FORKED,
        "another command of this profile has meanwhile seen another tree of the same size; "
        "tell the other members, and keep the file " +
            (profile.folder / "checkpoint").string());
  }
  // What `note` was proven to extend is `old`; from any other stored tree, the next command's proof
  // will lead on.
  const bool replaces = stored == old && (!stored.has_value() || fresh.size > stored->size);
  if (!replaces) return absl::OkStatus();
  return WriteFileDurably(profile.folder / "checkpoint", note, 0600);
}

absl::StatusOr<std::string> ProfileWitnessStore::Read() {
  absl::StatusOr<std::string> note = ReadFile(profile_.folder / "checkpoint", tlog::kNoteBytesMax);
  if (note.status().code() == absl::StatusCode::kNotFound) return std::string();
  return note;
}

absl::StatusOr<bool> ProfileWitnessStore::Replace(const std::string& expected,
                                                  const std::string& note) {
  const FolderLock lock(profile_.folder);
  MUSTER_ASSIGN_OR_RETURN(const std::string stored, Read());
  if (stored != expected) return false;
  MUSTER_RETURN_IF_ERROR(WriteFileDurably(profile_.folder / "checkpoint", note, 0600));
  return true;
}

absl::StatusOr<uint64_t> ReadMonitored(const Profile& profile) {
  const std::filesystem::path path = profile.folder / "monitored";
  const auto text = ReadFile(path, 64);
  if (text.status().code() == absl::StatusCode::kNotFound) return 0;
  if (!text.ok()) return text.status();
  uint64_t entries = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, entries);
  if (error != std::errc() || std::string_view(rest, end) != "\n") {
    return MakeError(v1::HOME_MALFORMED,
                     path.string() + " is damaged; remove it, and the whole log is looked at anew");
  }
  return entries;
}

absl::Status WriteMonitored(const Profile& profile, uint64_t entries) {
  return WriteFileDurably(profile.folder / "monitored", std::to_string(entries) + "\n", 0600);
}

}  // namespace muster::cli
