// SPDX-License-Identifier: Apache-2.0
//
// musterd: the front desk. Opens a home, starts its vault, serves; SIGTERM or SIGINT drains.
#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <thread>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/store/log_store.h"
#include "server/front/desk.h"
#include "server/front/home.h"
#include "server/front/http_server.h"
#include "server/front/log_pages.h"
#include "server/front/server.h"
#include "server/front/vault_process.h"

namespace muster::front {
namespace {

constexpr char kVersion[] = MUSTER_VERSION;
constexpr int kWorkers = 12;
constexpr absl::Duration kVaultStartWait = absl::Seconds(60);
// What a call may still take after SIGTERM, and when a vault that does not answer is ended under
// the calls that wait for it.
constexpr absl::Duration kDrainWait = absl::Seconds(20);

struct Options {
  std::string home;
  std::string vault;
  std::string listen;
  std::string port_file;
  std::string http;
  std::string http_port_file;
  FoundOptions found;
};

// Handles SIGTERM and SIGINT: they are blocked in every thread and taken here.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

absl::Status Serve(const Options& options) {
  const sigset_t signals = BlockSignals();
  const Clock& clock = Clock::System();
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Home> home, Home::Open(options.home));
  // Tokens have whole seconds, and a server before this one may have taken calls in this very
  // second: ours begins with the next.
  const absl::Time started = absl::FromUnixSeconds(absl::ToUnixSeconds(clock.Now()) + 1);
  MUSTER_ASSIGN_OR_RETURN(const std::string server_key, home->ReadServerKey());

  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<store::LogStore> log_store,
                          store::LogStore::Open(home->path() / "log"));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Journal> journal,
                          Journal::Open(log_store.get(), home->log_key(), home->note_key().name,
                                        &clock, home->path() / "registry.snapshot"));
  store::DatabaseOptions front_options;
  front_options.families = kFrontFamilies;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> front_store,
                          store::OpenDatabase(home->path() / "front", front_options));
  // Before anything is appended: it knows what this log has signed.
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<WitnessBook> witnesses,
                          WitnessBook::Open(front_store.get(), journal.get(), home->note_key()));
  if (!journal->founded()) {
    MUSTER_ASSIGN_OR_RETURN(const v1::SignedStatement charter, home->ReadFounding());
    MUSTER_RETURN_IF_ERROR(journal->Append(charter).status());
  }
  if (journal->consortium() != home->consortium()) {
    return MakeError(v1::HOME_MALFORMED,
                     "the log in " + home->path().string() +
                         " is another consortium's; restore the home from a backup");
  }
  MUSTER_ASSIGN_OR_RETURN(
      const std::unique_ptr<UploadBook> book,
      UploadBook::Open(front_store.get(), home->path() / "uploads", journal.get()));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<CallerMarks> marks,
                          CallerMarks::Open(front_store.get(), started));

  std::string vault_address = options.vault;
  std::unique_ptr<VaultProcess> vault_process;
  if (vault_address.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const std::filesystem::path program, FindProgram("muster-vault"));
    MUSTER_ASSIGN_OR_RETURN(const std::filesystem::path folder, home->MakeSocketFolder());
    const std::filesystem::path socket = folder / "vault.sock";
    const std::filesystem::path vault_home = home->path() / "vault";
    vault_process = std::make_unique<VaultProcess>(std::vector<std::string>{
        program.string(), "--home", vault_home.string(), "--socket", socket.string(),
        "--log-vkey-file", (vault_home / "log.vkey").string()});
    vault_address = "unix:" + socket.string();
  }
  const std::unique_ptr<Vault> vault = ConnectVault(vault_address);
  VaultFeed feed(journal.get(), home->log_key(), home->note_key().name, vault.get());
  IntakeDriver driver(book.get(), journal.get(), &feed, vault.get(), &clock);
  MatchDriver matches(journal.get(), &feed, vault.get(), &clock);
  MUSTER_ASSIGN_OR_RETURN(
      const std::unique_ptr<ErasureDriver> erasures,
      ErasureDriver::Open(front_store.get(), journal.get(), &feed, vault.get()));
  journal->OnAppend([&feed] { feed.Poke(); });
  book->OnChange([&driver] { driver.Poke(); });

  WorkerPool pool(kWorkers);
  const Desk desk{journal.get(), book.get(),     &driver, &matches, erasures.get(),
                  &feed,         vault.get(),    &pool,   &clock,   home->note_key().Format(),
                  kVersion,      witnesses.get()};
  Dispatcher dispatcher(journal.get(), &clock, marks.get());
  RegisterPeopleCalls(dispatcher, desk);
  RegisterUploadCalls(dispatcher, desk);
  RegisterMatchCalls(dispatcher, desk);
  RegisterPersonCalls(dispatcher, desk);
  RegisterCharterCalls(dispatcher, desk);
  RegisterLogCalls(dispatcher, desk);
  RegisterReportCalls(dispatcher, desk);
  dispatcher.CheckComplete();

  if (vault_process != nullptr) vault_process->Start();
  feed.Start();
  // Without a vault uploads are still received; a wrong one is a mistake to be told at once.
  if (const absl::Status caught_up = feed.WaitCaughtUp(kVaultStartWait); !caught_up.ok()) {
    if (VaultFeed::IsMismatch(caught_up)) return caught_up;
    spdlog::warn("serving without the vault for now: {}", std::string(caught_up.message()));
  }
  driver.Start();
  erasures->Start();

  absl::SleepFor(started - clock.Now());
  const std::string listen = options.listen.empty() ? home->listen() : options.listen;
  MUSTER_ASSIGN_OR_RETURN(const HostPort address, ParseHostPort(listen));
  MUSTER_ASSIGN_OR_RETURN(
      const std::unique_ptr<Server> server,
      Server::Start({listen, server_key, home->certificate_pem()}, &dispatcher, &pool));
  std::unique_ptr<HttpServer> http;
  HttpOptions http_options;
  http_options.listen = options.http.empty() ? home->http() : options.http;
  if (!http_options.listen.empty()) {
    absl::StatusOr<std::unique_ptr<HttpServer>> started_http =
        HttpServer::Start(http_options, [&journal, &witnesses](std::string_view path) {
          return ServeLogPage(*journal, *witnesses, path);
        });
    if (started_http.ok()) {
      http = *std::move(started_http);
      spdlog::info("the log is served over HTTP on port {}", http->port());
    } else if (!options.http.empty()) {
      return started_http.status();
    } else {
      // Nobody asked for this address: members are served all the same.
      spdlog::warn("the log is not served over HTTP: {}",
                   std::string(started_http.status().message()));
    }
    if (http != nullptr && !options.http_port_file.empty()) {
      MUSTER_RETURN_IF_ERROR(
          WriteFileDurably(options.http_port_file, std::to_string(http->port()) + "\n", 0644));
    }
  }
  if (!options.port_file.empty()) {
    MUSTER_RETURN_IF_ERROR(
        WriteFileDurably(options.port_file, std::to_string(server->port()) + "\n", 0644));
  }
  const std::string host =
      address.host.find(':') == std::string::npos ? address.host : "[" + address.host + "]";
  spdlog::info("musterd ready on {}:{}", host, server->port());

  int signal = 0;
  ::sigwait(&signals, &signal);
  spdlog::info("draining");
  http.reset();
  book->EndWaiting();
  server->Shutdown(kDrainWait);
  pool.Stop();
  matches.Stop();
  erasures->Stop();
  driver.Stop();
  feed.Stop();
  if (vault_process != nullptr) vault_process->Stop();
  if (const absl::Status saved = journal->SaveSnapshot(); !saved.ok()) {
    spdlog::warn("the snapshot is not written: {}", std::string(saved.message()));
  }
  spdlog::info("stopped");
  return absl::OkStatus();
}

int Report(const absl::Status& status) {
  if (status.ok()) return 0;
  spdlog::error("{} ({})", std::string(status.message()), ReasonName(ReasonOf(status)));
  return 1;
}

int Main(int argc, char** argv) {
  auto logger = spdlog::stderr_color_mt("musterd");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e musterd %l: %v");
  spdlog::set_default_logger(logger);

  Options options;
  CLI::App app{"musterd: the front desk of a consortium's shared list"};
  app.set_version_flag("--version", std::string("musterd ") + kVersion);
  app.add_option("--home", options.home, "the consortium's folder, made by `muster found`");
  app.add_option("--vault", options.vault,
                 "unix:PATH of a muster-vault that runs already; without it one is started");
  app.add_option("--listen", options.listen,
                 "HOST:PORT instead of the one given at founding; port 0 picks one");
  app.add_option("--http", options.http,
                 "HOST:PORT for plain HTTP instead of the one given at founding: the log, for "
                 "anybody's tools");
  app.add_option("--http-port-file", options.http_port_file,
                 "writes the port of plain HTTP to this file");
  app.add_option("--port-file", options.port_file, "writes the port it listens on to this file");
  CLI::App* init = app.add_subcommand("init", "makes a home; `muster found` calls this");
  std::string home;
  init->add_option("--home", home, "a folder that does not exist yet")->required();
  init->add_option("--name", options.found.name, "what the consortium is called")->required();
  init->add_option("--listen", options.found.listen, "HOST:PORT for members' calls")
      ->capture_default_str();
  init->add_option("--http", options.found.http, "HOST:PORT for people's clicks");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  crypto::Init();
  // Whoever can reach the port could otherwise fill the log with what does not parse.
  google::protobuf::SetLogHandler(nullptr);
  if (init->parsed()) {
    options.found.home = home;
    const absl::StatusOr<std::string> founded = InitHome(options.found);
    // `muster found` shows this to its user as it is.
    if (!founded.ok()) {
      std::cerr << std::string(founded.status().message()) << std::endl;
      return 1;
    }
    std::cout << *founded << std::endl;
    return 0;
  }
  if (options.home.empty()) {
    std::cerr << "musterd: --home DIR is needed: the folder that `muster found` made\n";
    return 2;
  }
  return Report(Serve(options));
}

}  // namespace
}  // namespace muster::front

int main(int argc, char** argv) { return muster::front::Main(argc, argv); }
