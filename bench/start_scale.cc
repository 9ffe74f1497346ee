// SPDX-License-Identifier: Apache-2.0
//
// start_scale [ENTRIES] [STARTS]: makes a musterd home whose log has so many entries (1,000,000
// unless said) of thirty members, starts musterd on it with its own muster-vault, and prints one
// JSON object: how long the first start takes, which reads the whole log, and how long those after
// it, which begin with the snapshots (governance/snapshot.h); the snapshot's size; and how long
// opening the journal alone takes.
//
// Of ten entries eight are uploads and two withdrawals: twice as many records as in a log where the
// vault has its word on each. musterd becomes ready with a whole second of the clock, so a process
// is started at the beginning of one, and up to one second of its time is that wait.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/crypto/password.h"
#include "core/store/log_store.h"
#include "server/front/journal.h"
#include "tests/support/consortium.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using Seconds = std::chrono::duration<double>;
using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMembers = 30;
constexpr size_t kAppended = 1000;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) std::fprintf(stderr, "%s\n", std::string(value.status().message()).c_str());
  MUSTER_CHECK(value.ok());
  return std::move(value).value();
}

pid_t Run(const std::vector<std::string>& command, const fs::path& out) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  (void)!std::freopen(out.c_str(), "w", stdout);
  (void)!std::freopen("/dev/null", "w", stderr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

bool EndedWell(pid_t child) {
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class Filler {
 public:
  explicit Filler(const fs::path& home) : home_(home) {
    const fs::path out = home.string() + ".json";
    MUSTER_CHECK(EndedWell(Run({std::string(MUSTER_BIN) + "/musterd", "init", "--home",
                                home.string(), "--name", "Scale", "--listen", "127.0.0.1:0"},
                               out)));
    const auto made = nlohmann::json::parse(Must(ReadFile(out)));
    const auto hex = [&made](const nlohmann::json& value) {
      return *HexDecode(value.get<std::string>());
    };
    pool_.id = *ToArray<16>(hex(made["consortium"]));
    std::string key = Must(ReadFile(home / "log.key"));
    while (key.ends_with('\n')) key.pop_back();
    pool_.log_key = Must(crypto::ParsePaserkSecret(key));
    v1::Statement charter = pool_.Charter();
    charter.mutable_charter()->set_name("Scale");
    charter.mutable_charter()->set_certificate_sha256(hex(made["certificate_sha256"]));
    v1::VaultKeys& vault = *charter.mutable_charter()->mutable_vault();
    vault.set_sign_key(hex(made["vault"]["sign_key"]));
    vault.set_box_key(hex(made["vault"]["box_key"]));
    vault.set_holding_key(hex(made["vault"]["holding_key"]));
    const v1::SignedStatement founding = test::TestConsortium::SignBy(pool_.founder, charter);
    charter_hash_ = governance::StatementHash(founding);
    store_ = Must(store::LogStore::Open(home / "log"));
    log_ = Must(tlog::Log::Open(store_.get(), pool_.log_key.Clone(), pool_.log_name()));
    Say(founding);
    for (size_t i = 0; i < kMembers; ++i) Join("Member " + std::to_string(i + 1));
  }

  void FillTo(size_t entries) {
    for (size_t i = said_; i < entries; ++i) {
      const test::TestPerson& by = members_[i % kMembers];
      if (i % 10 < 8) {
        v1::Statement upload = pool_.Upload(by, test::DrawId<UploadId>());
        upload.mutable_upload()->set_list("list " + std::to_string(i % 1500));
        Say(test::TestConsortium::SignBy(by, upload));
      } else {
        Say(test::TestConsortium::SignBy(by, pool_.Withdrawal(by, test::DrawId<WithdrawalId>())));
      }
    }
    Flush();
  }

  // How long the journal takes to open with the snapshot that a musterd has left.
  double OpenJournal() {
    const auto begin = SteadyClock::now();
    const auto journal = Must(front::Journal::Open(store_.get(), pool_.log_key, pool_.log_name(),
                                                   &Clock::System(), home_ / "registry.snapshot"));
    MUSTER_CHECK(journal->size() == said_);
    return Seconds(SteadyClock::now() - begin).count();
  }
  void Open() { store_ = Must(store::LogStore::Open(home_ / "log")); }
  void Close() {
    log_.reset();
    store_.reset();
  }

 private:
  void Join(const std::string& name) {
    test::TestPerson& person = members_.emplace_back();
    person.member = test::DrawId<MemberId>();
    person.m = crypto::Scalar::Random();
    const test::TestInvite invite;
    Say(test::TestConsortium::SignBy(pool_.founder,
                                     pool_.Admission(pool_.founder, invite, person, name, true,
                                                     {v1::ROLE_UPLOADER, v1::ROLE_APPROVER})));
    v1::Statement join = pool_.Join(invite, person);
    join.mutable_join()->set_charter_hash(ToString(charter_hash_));
    Say(test::TestConsortium::SignJoin(join, invite, person));
  }
  void Say(const v1::SignedStatement& statement) {
    tlog::Entry& entry = waiting_.emplace_back();
    entry.salt = crypto::RandomArray<32>();
    entry.body = statement.SerializeAsString();
    ++said_;
    if (waiting_.size() == kAppended) Flush();
  }
  void Flush() {
    if (!waiting_.empty()) MUSTER_CHECK(log_->Append(std::exchange(waiting_, {})).ok());
  }

  const fs::path home_;
  test::TestConsortium pool_;
  Bytes32 charter_hash_{};
  std::vector<test::TestPerson> members_;
  std::unique_ptr<store::LogStore> store_;
  std::unique_ptr<tlog::Log> log_;
  std::vector<tlog::Entry> waiting_;
  size_t said_ = 0;
};

// Seconds from the process's start until it serves.
double Start(const fs::path& home) {
  const fs::path port = home.string() + ".port";
  fs::remove(port);
  const auto now = std::chrono::system_clock::now();
  std::this_thread::sleep_until(std::chrono::ceil<std::chrono::seconds>(now));
  const auto begin = SteadyClock::now();
  const pid_t child = Run(
      {std::string(MUSTER_BIN) + "/musterd", "--home", home.string(), "--port-file", port.string()},
      home.string() + ".out");
  while (!fs::exists(port)) {
    MUSTER_CHECK(::waitpid(child, nullptr, WNOHANG) == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  const double seconds = Seconds(SteadyClock::now() - begin).count();
  ::kill(child, SIGTERM);
  MUSTER_CHECK(EndedWell(child));
  return seconds;
}

int Main(int argc, char** argv) {
  const size_t entries = argc > 1 ? static_cast<size_t>(std::atoll(argv[1])) : 1'000'000;
  const int starts = argc > 2 ? std::atoi(argv[2]) : 3;
  std::string name = (fs::temp_directory_path() / "start_scale_XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  const fs::path home = folder / "home";
  std::fprintf(stderr, "making a log of %zu entries\n", entries);
  Filler filler(home);
  filler.FillTo(entries);
  filler.Close();
  nlohmann::json result = {{"entries", entries}, {"first_seconds", Start(home)}};
  for (int i = 0; i < starts; ++i) result["seconds"].push_back(Start(home));
  result["snapshot_bytes"] = fs::file_size(home / "registry.snapshot");
  filler.Open();
  for (int i = 0; i < starts; ++i) result["journal_seconds"].push_back(filler.OpenJournal());
  filler.Close();
  std::printf("%s\n", result.dump().c_str());
  fs::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) { return muster::Main(argc, argv); }
