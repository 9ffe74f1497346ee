// SPDX-License-Identifier: Apache-2.0
//
// muster-vault: the back room. Makes its keys once (--init), then serves musterd on a unix socket;
// SIGTERM or SIGINT drains.
#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/status.h"
#include "core/keyring/keyring.h"
#include "core/pipeline/custody.h"
#include "server/vault/vault_service.h"

namespace muster::vault {
namespace {

// Calls that still run get this long after SIGTERM; what they were doing is repeated after the next
// start.
constexpr absl::Duration kDrainWait = absl::Seconds(3);

absl::Status Init(const std::string& home) {
  MUSTER_ASSIGN_OR_RETURN(const v1::VaultKeys keys, keyring::Keyring::Create(home));
  std::printf("{\"sign_key\":\"%s\",\"box_key\":\"%s\",\"holding_key\":\"%s\"}\n",
              HexEncode(AsBytes(keys.sign_key())).c_str(),
              HexEncode(AsBytes(keys.box_key())).c_str(),
              HexEncode(AsBytes(keys.holding_key())).c_str());
  return absl::OkStatus();
}

// How the vault tells itself that it is to be sealed.
constexpr int kSealSignal = SIGUSR1;

// True when it ends in order to start anew, sealed.
absl::StatusOr<bool> Serve(const pipeline::VaultOptions& options, const std::string& socket) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, kSealSignal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  MUSTER_ASSIGN_OR_RETURN(
      const std::unique_ptr<pipeline::Custody> custody,
      pipeline::Custody::Open(options, [] { ::kill(::getpid(), kSealSignal); }));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<VaultServer> server,
                          VaultServer::Start(custody.get(), socket));
  const v1::VaultState state = custody->State();
  if (state.unsealed()) {
    spdlog::info("ready, {} log entries read", state.log_size());
  } else {
    spdlog::info("sealed; {} of {} holders open it", state.key().threshold(),
                 state.key().holder_count());
  }
  int signal = 0;
  ::sigwait(&signals, &signal);
  server->Shutdown(kDrainWait);
  spdlog::info(signal == kSealSignal ? "sealing" : "stopped");
  return signal == kSealSignal;
}

// This program again, in this process: nothing of its memory is left.
absl::Status StartAnew(char** argv) {
  ::execv("/proc/self/exe", argv);
  return MakeError(v1::INTERNAL_ERROR, "cannot start anew: " + std::string(std::strerror(errno)) +
                                           "; ending instead, so that the vault is sealed");
}

int Main(int argc, char** argv) {
  auto logger = spdlog::stderr_color_mt("muster-vault");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e muster-vault %l: %v");
  spdlog::set_default_logger(logger);
  google::protobuf::SetLogHandler(nullptr);

  bool init = false;
  std::string socket;
  std::string home;
  std::string log_vkey_file;
  CLI::App app{"muster-vault: the back room of a consortium's shared list; musterd starts it"};
  app.set_version_flag("--version", std::string("muster-vault ") + MUSTER_VERSION);
  app.add_option("--home", home, "the vault's folder")->required();
  CLI::Option* init_flag =
      app.add_flag("--init", init, "make the folder and its keys, print the public ones, and end");
  app.add_option("--socket", socket, "path of the unix socket to serve on")->excludes(init_flag);
  app.add_option("--log-vkey-file", log_vkey_file,
                 "file with the log's verifier key; HOME/log.vkey by default");
  CLI11_PARSE(app, argc, argv);

  absl::Status status = SecureProcess();
  if (status.ok() && init) status = Init(home);
  if (status.ok() && !init) {
    pipeline::VaultOptions options;
    options.home = home;
    options.log_vkey_file = log_vkey_file;
    const absl::StatusOr<bool> again =
        socket.empty() ? MakeError(v1::FIELD_REQUIRED, "--socket PATH is needed to serve")
                       : Serve(options, socket);
    status = again.ok() && *again ? StartAnew(argv) : again.status();
  }
  if (status.ok()) return 0;
  spdlog::error("{} ({})", std::string(status.message()), ReasonName(ReasonOf(status)));
  return 1;
}

}  // namespace
}  // namespace muster::vault

int main(int argc, char** argv) { return muster::vault::Main(argc, argv); }
