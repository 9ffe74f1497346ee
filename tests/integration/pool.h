// SPDX-License-Identifier: Apache-2.0
//
// Pool: a consortium on this machine, as its users would set it up: real muster, musterd and
// muster-vault processes on loopback.
#ifndef MUSTER_TESTS_INTEGRATION_POOL_H_
#define MUSTER_TESTS_INTEGRATION_POOL_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace muster::test {

using Json = nlohmann::json;

std::string Bin(const std::string& name);

class Pool {
 public:
  // Founds a consortium and starts its server. With `home` given, that folder holds the server's
  // state.
  explicit Pool(std::filesystem::path home = {});
  ~Pool();

  const TempDir& dir() const { return dir_; }
  const std::filesystem::path& home() const { return home_; }

  // `flags`: more of musterd's.
  void Start(const Environment& environment = {}, const std::vector<std::string>& flags = {});
  // SIGTERM, and waits for a clean exit; returns the exit code.
  int Stop();
  void Kill();  // SIGKILL, as a power cut would
  Process& server() { return *server_; }
  pid_t VaultPid() const;

  // A command as `profile`; JsonAs and ErrorAs add `--json` and parse. `more`: environment of this
  // command alone.
  RunResult RunAs(const std::string& profile, std::vector<std::string> arguments,
                  const Environment& more = {}) const;
  std::unique_ptr<Process> StartAs(const std::string& profile, std::vector<std::string> arguments,
                                   const std::string& output_name) const;
  // Requires exit code 0 and exactly one JSON object on stdout.
  Json JsonAs(const std::string& profile, std::vector<std::string> arguments,
              const Environment& more = {}) const;
  // Requires a non-zero exit code; returns the "error" object, with "exit_code" added.
  Json ErrorAs(const std::string& profile, std::vector<std::string> arguments,
               const Environment& more = {}) const;

  // The operator admits a member and its first person joins under the profile of the same name.
  void AddMember(const std::string& name, const std::string& roles = "approver,uploader");

  std::filesystem::path ServerLog() const { return dir_ / "musterd.err"; }
  Environment CliEnvironment() const;

 private:
  TempDir dir_;
  std::filesystem::path home_;
  std::unique_ptr<Process> server_;
};

}  // namespace muster::test

#endif  // MUSTER_TESTS_INTEGRATION_POOL_H_
