// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/pool.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace muster::test {
namespace {

// A port that is free now; the kernel does not hand it out again soon.
int FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  socklen_t size = sizeof(address);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const int port = ntohs(address.sin_port);
  ::close(fd);
  return port;
}

}  // namespace

std::string Bin(const std::string& name) { return std::string(MUSTER_BIN) + "/" + name; }

Pool::Pool(std::filesystem::path home) : home_(home.empty() ? dir_ / "home" : std::move(home)) {
  const RunResult found =
      RunAs("operator", {"found", "--home", home_.string(), "--name", "Test Coalition", "--listen",
                         "127.0.0.1:" + std::to_string(FreePort()), "--no-passphrase"});
  INFO(found.err);
  REQUIRE(found.exit_code == 0);
  Start();
}

Pool::~Pool() = default;

void Pool::Start(const Environment& environment, const std::vector<std::string>& flags) {
  const size_t before = Slurp(ServerLog()).size();
  std::vector<std::string> command = {Bin("musterd"), "--home", home_.string()};
  command.insert(command.end(), flags.begin(), flags.end());
  server_ = std::make_unique<Process>(command, environment, dir_ / "musterd.out", ServerLog(),
                                      dir_.path());
  const bool ready = Eventually([&] {
    return Slurp(ServerLog()).find("musterd ready on", before) != std::string::npos ||
           !server_->Running();
  });
  INFO(Slurp(ServerLog()).substr(before));
  REQUIRE(ready);
  REQUIRE(server_->Running());
}

int Pool::Stop() {
  server_->Signal(SIGTERM);
  return server_->Wait();
}

void Pool::Kill() {
  server_->Signal(SIGKILL);
  server_->Wait();
}

pid_t Pool::VaultPid() const {
  for (pid_t child : ChildrenOf(server_->pid())) {
    if (Slurp("/proc/" + std::to_string(child) + "/comm").rfind("muster-vault", 0) == 0)
      return child;
  }
  return -1;
}

Environment Pool::CliEnvironment() const {
  return {{"MUSTER_HOME", (dir_ / "profiles").string()}, {"NO_COLOR", "1"}};
}

RunResult Pool::RunAs(const std::string& profile, std::vector<std::string> arguments,
                      const Environment& more) const {
  arguments.insert(arguments.begin(), {Bin("muster"), "--profile", profile});
  Environment environment = CliEnvironment();
  environment.insert(more.begin(), more.end());
  return Run(arguments, environment);
}

std::unique_ptr<Process> Pool::StartAs(const std::string& profile,
                                       std::vector<std::string> arguments,
                                       const std::string& output_name) const {
  arguments.insert(arguments.begin(), {Bin("muster"), "--profile", profile});
  return std::make_unique<Process>(arguments, CliEnvironment(), dir_ / (output_name + ".out"),
                                   dir_ / (output_name + ".err"));
}

Json Pool::JsonAs(const std::string& profile, std::vector<std::string> arguments,
                  const Environment& more) const {
  arguments.push_back("--json");
  const RunResult result = RunAs(profile, arguments, more);
  INFO(arguments[0] << " out: " << result.out << " err: " << result.err);
  REQUIRE(result.exit_code == 0);
  Json json = Json::parse(result.out, nullptr, false);
  REQUIRE(json.is_object());
  return json;
}

Json Pool::ErrorAs(const std::string& profile, std::vector<std::string> arguments,
                   const Environment& more) const {
  arguments.push_back("--json");
  const RunResult result = RunAs(profile, arguments, more);
  INFO(arguments[0] << " out: " << result.out << " err: " << result.err);
  REQUIRE(result.exit_code != 0);
  Json json = Json::parse(result.out, nullptr, false);
  REQUIRE(json.is_object());
  REQUIRE(json.contains("error"));
  Json error = json["error"];
  error["exit_code"] = result.exit_code;
  return error;
}

void Pool::AddMember(const std::string& name, const std::string& roles) {
  const Json added = JsonAs("operator", {"member", "add", name, "--role", roles});
  const RunResult joined =
      RunAs(name, {"join", added["invite"].get<std::string>(), "--no-passphrase"});
  INFO(joined.err);
  REQUIRE(joined.exit_code == 0);
}

}  // namespace muster::test
