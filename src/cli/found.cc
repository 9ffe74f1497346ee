// SPDX-License-Identifier: Apache-2.0
#include "cli/found.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "cli/certificate.h"
#include "cli/invite.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/governance/statement.h"

extern char** environ;

namespace muster::cli {
namespace {

constexpr char kFounderName[] = "operator";

// Beside this very program, else wherever PATH says.
std::string ServerProgram() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path beside = self.parent_path() / "musterd";
  return !error && std::filesystem::exists(beside, error) ? beside.string() : "musterd";
}

// Runs the program to its end; its stdout, or what it said on stderr when it failed.
absl::StatusOr<std::string> RunProgram(const std::vector<std::string>& command) {
  int out[2];
  int err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
    return ErrnoError(errno, "cannot make a pipe for", command[0]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int spawned =
      ::posix_spawnp(&child, command[0].c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  ::close(err[1]);
  // What it says is short: it fits into the pipes.
  const auto drain = [](int fd) {
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0;
         (n = ::read(fd, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR);) {
      if (n > 0) text.append(buffer, static_cast<size_t>(n));
    }
    ::close(fd);
    return text;
  };
  const std::string said = drain(out[0]);
  const std::string complained = drain(err[0]);
  if (spawned != 0) {
    return MakeError(v1::FILE_NOT_FOUND,
                     "cannot start musterd: " + std::string(std::strerror(spawned)) +
                         "; install it beside muster, or put it on the PATH");
  }
  int state = 0;
  while (::waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return said;
  std::string why = complained;
  while (!why.empty() && why.back() == '\n') why.pop_back();
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::HOME_MALFORMED,
                   why.empty() ? "musterd could not make its home" : why);
}

template <typename T>
absl::StatusOr<T> Field(const Json& json, std::string_view key,
                        absl::StatusOr<T> (*parse)(std::string_view)) {
  auto parsed = parse(HexDecode(json.Text(key)).value_or(""));
  if (!parsed.ok()) {
    return MakeError(v1::HOME_MALFORMED, "musterd init gave no good " + std::string(key) +
                                             "; use programs of one release");
  }
  return parsed;
}

// The pins, from what `musterd init` prints.
absl::Status TakePins(const Json& made, const FoundOptions& options, Profile& profile) {
  const auto consortium = ToArray<16>(HexDecode(made.Text("consortium")).value_or(""));
  if (!consortium.has_value())
    return MakeError(v1::HOME_MALFORMED,
                     "musterd init gave no consortium; use programs of one release");
  profile.consortium = *consortium;
  profile.consortium_name = options.name;
  MUSTER_ASSIGN_OR_RETURN(profile.log_key, tlog::NoteKey::Parse(made.Text("log_vkey")));
  profile.certificate_pem = made.Text("certificate_pem");
  MUSTER_ASSIGN_OR_RETURN(const std::string sha256, CertificateSha256(profile.certificate_pem));
  if (HexEncode(AsBytes(sha256)) != made.Text("certificate_sha256")) {
    return MakeError(
        v1::HOME_MALFORMED,
        "musterd init gave a certificate and another's hash; use programs of one release");
  }
  const Json vault = made.At("vault");
  MUSTER_ASSIGN_OR_RETURN(profile.vault_sign_key,
                          Field(vault, "sign_key", &crypto::ParseVerifyKey));
  MUSTER_ASSIGN_OR_RETURN(profile.vault_box_key,
                          Field(vault, "box_key", &crypto::ParseBoxPublicKey));
  MUSTER_ASSIGN_OR_RETURN(profile.vault_holding_key,
                          Field(vault, "holding_key", &crypto::ParsePoint));
  const std::string listen = made.Text("listen").empty() ? options.listen : made.Text("listen");
  profile.server = options.advertise.empty() ? listen : options.advertise;
  return absl::OkStatus();
}

v1::Statement Charter(const Profile& profile, const NewKeys& keys,
                      const std::string& certificate_sha256) {
  v1::Statement statement;
  statement.set_consortium(ToString(profile.consortium));
  statement.set_create_time(absl::ToUnixSeconds(Clock::System().Now()));
  statement.set_signer(profile.person.Name());
  v1::CharterStatement& charter = *statement.mutable_charter();
  charter.set_version(1);
  charter.set_name(profile.consortium_name);
  charter.mutable_vault()->set_sign_key(ToString(profile.vault_sign_key.bytes));
  charter.mutable_vault()->set_box_key(ToString(profile.vault_box_key.bytes));
  charter.mutable_vault()->set_holding_key(ToString(profile.vault_holding_key.bytes));
  charter.set_log_vkey(profile.log_key.Format());
  charter.set_certificate_sha256(certificate_sha256);
  charter.set_quorum(1);
  charter.set_witness_count(1);
  charter.set_founder(profile.person.Name());
  charter.set_founder_name(profile.person_name);
  *charter.mutable_founder_keys() = keys.Public();
  return statement;
}

}  // namespace

absl::StatusOr<int> RunFound(const Invocation& invocation, const FoundOptions& options) {
  Console& console = *invocation.console;
  MUSTER_RETURN_IF_ERROR(Annotate(ParseEndpoint(options.listen).status(), "--listen"));
  MUSTER_RETURN_IF_ERROR(Annotate(ParseEndpoint(options.http).status(), "--http"));
  if (!options.advertise.empty())
    MUSTER_RETURN_IF_ERROR(Annotate(ParseEndpoint(options.advertise).status(), "--advertise"));
  MUSTER_ASSIGN_OR_RETURN(const ProfileStore store, ProfileStore::Open());
  Profile profile;
  profile.name = invocation.profile.empty() ? "operator" : invocation.profile;
  MUSTER_RETURN_IF_ERROR(CheckProfileName(profile.name));
  profile.folder = store.FolderOf(profile.name);
  std::error_code error;
  if (std::filesystem::exists(profile.folder / "profile.json", error) ||
      std::filesystem::exists(profile.folder / "sign.key", error)) {
    return MakeError(
        v1::PROFILE_EXISTS,
        "there is a profile " + profile.name +
            " already, and keys are never overwritten; choose another name with --profile");
  }
  if (std::filesystem::exists(options.home, error) &&
      !std::filesystem::is_empty(options.home, error)) {
    return MakeError(v1::HOME_EXISTS,
                     options.home + " exists and is not empty; name a new folder with --home");
  }
  Passphrase passphrase(&console, invocation.passphrase_file);
  const crypto::SecretBytes* words = nullptr;
  if (!options.no_passphrase) {
    MUSTER_ASSIGN_OR_RETURN(words, passphrase.ForMaking());
  }

  MUSTER_ASSIGN_OR_RETURN(
      const std::string said,
      RunProgram({ServerProgram(), "init", "--home", options.home, "--name", options.name,
                  "--listen", options.listen, "--http", options.http}));
  const std::optional<Json> made = Json::ParseObject(said);
  if (!made.has_value())
    return MakeError(v1::HOME_MALFORMED,
                     "musterd init did not say what it made; use programs of one release");
  MUSTER_RETURN_IF_ERROR(TakePins(*made, options, profile));
  profile.person = {crypto::RandomArray<8>()};
  profile.person_name = kFounderName;
  profile.roles = {v1::ROLE_OPERATOR};

  const NewKeys keys = NewKeys::Generate(/*with_member_key=*/false);
  MUSTER_RETURN_IF_ERROR(MakeDirectories(profile.folder, 0700));
  MUSTER_RETURN_IF_ERROR(WriteKeys(profile.folder, keys, words));
  MUSTER_ASSIGN_OR_RETURN(const std::string sha256, CertificateSha256(profile.certificate_pem));
  const crypto::SigningKey* signers[] = {&keys.sign, &keys.cosign};
  const v1::SignedStatement charter =
      governance::SignStatement(Charter(profile, keys, sha256), signers);
  MUSTER_RETURN_IF_ERROR(governance::VerifyStatement(charter).status());
  profile.charter_hash = governance::StatementHash(charter);
  MUSTER_RETURN_IF_ERROR(
      WriteFileDurably(std::filesystem::path(options.home) / "founding.statement",
                       charter.SerializeAsString(), 0600));
  MUSTER_RETURN_IF_ERROR(WriteNewProfile(profile));

  console.Print(console.Bold("Founded " + Visible(options.name)) + "\n  server   " + options.home +
                ", will listen on " + profile.server + "\n  profile  " + profile.name +
                " (operator), in " + profile.folder.string() + "\n  charter  signed; its hash is " +
                HexEncode(profile.charter_hash) + "\n\nNext:\n  musterd --home " + options.home +
                "\n  muster --profile " + profile.name + " member add \"Name of a member\"");
  Json json = Json::Object();
  json.Set("consortium", options.name).Set("consortium_id", HexEncode(profile.consortium));
  json.Set("home", options.home).Set("profile", profile.name).Set("person", profile.person.Name());
  json.Set("server", profile.server).Set("charter_hash", HexEncode(profile.charter_hash));
  json.Set("log_vkey", profile.log_key.Format())
      .Set("certificate_sha256", HexEncode(AsBytes(sha256)));
  console.Result(json);
  return kExitDone;
}

}  // namespace muster::cli
