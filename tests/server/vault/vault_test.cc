// SPDX-License-Identifier: Apache-2.0
//
// The real muster-vault process on its socket.
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <string>

#include "core/base/file.h"
#include "muster/v1/vault_service.grpc.pb.h"
#include "server/rpc/status.h"
#include "tests/core/pipeline/vault_fixture.h"
#include "tests/support/process.h"

namespace muster::vault {
namespace {

namespace fs = std::filesystem;
using test::Line;
using test::Notebook;
using test::SealedUpload;
using test::TempDir;
using test::TestPerson;
using test::TestVault;
using testing::Must;

const std::string kProgram = std::string(MUSTER_BIN) + "/muster-vault";

// A muster-vault over a home.
class VaultProcess {
 public:
  explicit VaultProcess(const fs::path& home) : home_(home) { Start(); }
  void Start() {
    channel_.reset();
    process_ = std::make_unique<test::Process>(
        std::vector<std::string>{kProgram, "--home", home_.string(), "--socket", socket().string()},
        test::Environment{}, folder_ / "out", folder_ / "err");
    channel_ =
        grpc::CreateChannel("unix:" + socket().string(), grpc::experimental::LocalCredentials(UDS));
    stub_ = v1::VaultService::NewStub(channel_);
    INFO(test::Slurp(folder_ / "err"));
    REQUIRE(
        channel_->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(30)));
  }
  void Kill() {
    process_->Signal(SIGKILL);
    REQUIRE(process_->Wait() == 128 + SIGKILL);
  }
  void Stop() {
    process_->Signal(SIGTERM);
    REQUIRE(process_->Wait() == 0);
  }
  v1::VaultService::Stub& stub() { return *stub_; }
  fs::path socket() const { return folder_ / "run" / "vault.sock"; }
  pid_t pid() const { return process_->pid(); }
  std::string log() const { return test::Slurp(folder_ / "err"); }

 private:
  fs::path home_;
  TempDir folder_;
  std::unique_ptr<test::Process> process_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::VaultService::Stub> stub_;
};

template <typename Response, typename Method, typename Request>
absl::StatusOr<Response> Ask(VaultProcess& vault, Method method, const Request& request) {
  grpc::ClientContext context;
  Response response;
  const absl::Status status =
      rpc::FromGrpcStatus((vault.stub().*method)(&context, request, &response));
  if (!status.ok()) return status;
  return response;
}

// One stream as the front desk runs it; ends after the first answer that reaches `until`, or with
// the stream's error.
struct StreamEnd {
  int64_t durable = 0;
  absl::Status status;
};
StreamEnd Stream(VaultProcess& vault, const SealedUpload& upload, int64_t until) {
  grpc::ClientContext context;
  auto stream = vault.stub().Intake(&context);
  v1::IntakeRequest request;
  request.set_upload(upload.id.Name());
  request.set_flush(true);
  StreamEnd end;
  v1::IntakeProgress progress;
  if (stream->Write(request) && stream->Read(&progress)) {
    end.durable = progress.durable_batch_count();
    request.set_flush(false);
    for (int64_t n = end.durable; n < until; ++n) {
      request.set_sequence(n);
      request.set_envelope(upload.batches[static_cast<size_t>(n)]);
      if (!stream->Write(request)) break;
    }
    request.clear_envelope();
    request.set_flush(true);
    if (stream->Write(request)) {
      while (end.durable < until && stream->Read(&progress))
        end.durable = progress.durable_batch_count();
    }
  }
  stream->WritesDone();
  while (stream->Read(&progress)) {
  }
  end.status = rpc::FromGrpcStatus(stream->Finish());
  return end;
}

std::vector<Line> Addresses(size_t count) {
  std::vector<Line> lines;
  for (size_t i = 0; i < count; ++i)
    lines.push_back({"p" + std::to_string(i % (count - 7)) + "@lists.example.org"});
  return lines;
}

}  // namespace

TEST_CASE("muster-vault --init makes a home once and prints its public keys", "[vault]") {
  TempDir folder;
  const std::string home = (folder / "vault").string();
  const test::RunResult made = test::Run({kProgram, "--init", "--home", home});
  REQUIRE(made.exit_code == 0);
  const auto keys = Must(keyring::Keyring::Open(home))->public_keys();
  REQUIRE(made.out == "{\"sign_key\":\"" + HexEncode(AsBytes(keys.sign_key())) +
                          "\",\"box_key\":\"" + HexEncode(AsBytes(keys.box_key())) +
                          "\",\"holding_key\":\"" + HexEncode(AsBytes(keys.holding_key())) +
                          "\"}\n");
  const test::RunResult again = test::Run({kProgram, "--init", "--home", home});
  REQUIRE(again.exit_code == 1);
  REQUIRE(again.out.empty());
  REQUIRE(again.err.find("HOME_EXISTS") != std::string::npos);
}

TEST_CASE("muster-vault says what it lacks and ends", "[vault]") {
  TempDir folder;
  const std::string socket = (folder / "run" / "vault.sock").string();
  const auto says = [&](const std::vector<std::string>& arguments, const std::string& reason) {
    std::vector<std::string> command = {kProgram};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const test::RunResult result = test::Run(command);
    INFO(result.err);
    REQUIRE(result.exit_code == 1);
    REQUIRE(result.err.find(reason) != std::string::npos);
  };
  says({"--home", (folder / "none").string(), "--socket", socket}, "HOME_MALFORMED");
  TestVault made;
  const std::string home = made.home().string();
  says({"--home", home, "--socket", socket}, "in use by another process");
  made.Close();
  says({"--home", home}, "FIELD_REQUIRED");
  says({"--home", home, "--socket", (folder / std::string(200, 'x')).string()},
       "REQUEST_MALFORMED");
  fs::create_directory(folder / "open");
  fs::permissions(folder / "open", fs::perms::all);
  says({"--home", home, "--socket", (folder / "open" / "vault.sock").string()}, "HOME_MALFORMED");
  REQUIRE_OK(WriteFileDurably(folder / "file", "not a socket"));
  fs::permissions(folder.path(), fs::perms::owner_all);
  says({"--home", home, "--socket", (folder / "file").string()}, "FILE_EXISTS");
  REQUIRE(test::Slurp(folder / "file") == "not a socket");
  says({"--home", home, "--socket", socket, "--log-vkey-file", (folder / "none").string()},
       "HOME_MALFORMED");
  REQUIRE_OK(WriteFileDurably(folder / "bad.vkey", "not a key"));
  says({"--home", home, "--socket", socket, "--log-vkey-file", (folder / "bad.vkey").string()},
       "KEY_MALFORMED");
}

TEST_CASE("muster-vault keeps to itself: no cores, a socket for its owner, no listener besides",
          "[vault]") {
  TestVault made;
  made.Close();
  VaultProcess vault(made.home());
  struct stat info {};
  REQUIRE(::stat(vault.socket().c_str(), &info) == 0);
  REQUIRE(S_ISSOCK(info.st_mode));
  REQUIRE((info.st_mode & 0777) == 0600);
  REQUIRE(::stat(vault.socket().parent_path().c_str(), &info) == 0);
  REQUIRE((info.st_mode & 0777) == 0700);
  const std::string proc = "/proc/" + std::to_string(vault.pid());
  const std::string limits = test::Slurp(proc + "/limits");
  const size_t core = limits.find("Max core file size");
  REQUIRE(core != std::string::npos);
  REQUIRE(limits.substr(core, 40).find(" 0 ") != std::string::npos);
  // Its sockets are not among the network's.
  std::string network;
  for (const char* table : {"/net/tcp", "/net/tcp6"}) network += test::Slurp(proc + table);
  for (const auto& fd : fs::directory_iterator(proc + "/fd")) {
    std::error_code error;
    const std::string target = fs::read_symlink(fd.path(), error).string();
    if (target.rfind("socket:[", 0) != 0) continue;
    const std::string inode = target.substr(8, target.size() - 9);
    REQUIRE(network.find(" " + inode + " ") == std::string::npos);
  }
  const auto state = Must(Ask<v1::VaultState>(vault, &v1::VaultService::Stub::GetVaultState,
                                              v1::GetVaultStateRequest()));
  REQUIRE(state.unsealed());
  REQUIRE(state.root_kind() == "keyfile");
  REQUIRE(state.log_size() == 1);
  REQUIRE(state.keys().SerializeAsString() == made.consortium.VaultKeys().SerializeAsString());
  vault.Stop();
  REQUIRE(!fs::exists(vault.socket()));
}

TEST_CASE("muster-vault ends when the process that started it is killed", "[vault]") {
  TestVault made;
  made.Close();
  TempDir folder;
  const std::string socket = (folder / "run" / "vault.sock").string();
  test::Process shell(
      {"/bin/sh", "-c",
       kProgram + " --home " + made.home().string() + " --socket " + socket + " & wait"},
      {}, folder / "out", folder / "err");
  REQUIRE(test::Eventually([&] { return fs::exists(socket); }));
  const std::vector<pid_t> children = test::ChildrenOf(shell.pid());
  REQUIRE(children.size() == 1);
  shell.Signal(SIGKILL);
  shell.Wait();
  REQUIRE(test::Eventually([&] {
    const std::string status = test::Slurp("/proc/" + std::to_string(children[0]) + "/status");
    return status.empty() || status.find("State:\tZ") != std::string::npos;
  }));
  made.Reopen();  // and let go of the home
}

TEST_CASE("muster-vault killed (-9) in the middle of an intake goes on where it was",
          "[vault][fault]") {
  TestVault made;
  made.clock.now = absl::Now();
  TestPerson& by = made.AddMember("Alder");
  const std::vector<Line> lines = Addresses(400);
  const SealedUpload upload = made.Seal(by, "everyone", lines, 10);
  const uint64_t index = made.Commit(upload);
  made.Close();
  VaultProcess vault(made.home());
  v1::FinishIntakeRequest finish;
  finish.set_upload(upload.id.Name());
  finish.set_statement_index(static_cast<int64_t>(index));
  const auto count = static_cast<int64_t>(upload.batches.size());
  for (int64_t until = 7; until < count; until += 11) {
    const StreamEnd end = Stream(vault, upload, until);
    REQUIRE_OK(end.status);
    REQUIRE(end.durable == until);
    REQUIRE_REASON(
        Ask<v1::FinishIntakeResponse>(vault, &v1::VaultService::Stub::FinishIntake, finish),
        v1::BATCH_MISSING);
    // With a batch in the air.
    grpc::ClientContext context;
    auto stream = vault.stub().Intake(&context);
    v1::IntakeRequest request;
    request.set_upload(upload.id.Name());
    request.set_sequence(until);
    request.set_envelope(upload.batches[static_cast<size_t>(until)]);
    stream->Write(request);
    vault.Kill();
    (void)stream->Finish();
    vault.Start();
  }
  const StreamEnd end = Stream(vault, upload, count);
  REQUIRE_OK(end.status);
  const auto finished =
      Must(Ask<v1::FinishIntakeResponse>(vault, &v1::VaultService::Stub::FinishIntake, finish));
  vault.Kill();
  vault.Start();
  REQUIRE(Must(Ask<v1::FinishIntakeResponse>(vault, &v1::VaultService::Stub::FinishIntake, finish))
              .SerializeAsString() == finished.SerializeAsString());
  REQUIRE_REASON(Stream(vault, upload, count).status, v1::UPLOAD_FINISHED);
  v1::GetMemberFiguresRequest ask;
  ask.set_member(by.member->Name());
  REQUIRE(Must(Ask<v1::MemberFigures>(vault, &v1::VaultService::Stub::GetMemberFigures, ask))
              .contact_count() == 393);
  vault.Stop();
  made.Reopen();
  Notebook notebook;
  test::RequireSame(test::WordsOf(finished.intake()),
                    notebook.Add(*by.member, "everyone", lines, false));
  notebook.RequireFigures(made, by);
  notebook.RequireRows(made);
}

TEST_CASE("muster-vault tells the front desk why it refuses", "[vault]") {
  TestVault made;
  made.clock.now = absl::Now();
  TestPerson& by = made.AddMember("Alder");
  SealedUpload upload = made.Seal(by, "everyone", Addresses(40), 10);
  made.Close();
  VaultProcess vault(made.home());
  SealedUpload bad = upload;
  bad.batches[2].back() ^= 1;
  const StreamEnd end = Stream(vault, bad, 4);
  REQUIRE_REASON(end.status, v1::BATCH_TAMPERED);
  REQUIRE(std::string(end.status.message()).find("batch 2") != std::string::npos);
  bad = upload;
  bad.id = test::DrawId<UploadId>();
  REQUIRE_REASON(Stream(vault, bad, 4).status, v1::UPLOAD_NOT_FOUND);
  v1::OpenIntakeRequest open;
  open.set_upload("uploads/zzz");
  open.set_member(by.member->Name());
  open.set_list("everyone");
  REQUIRE_REASON(Ask<v1::IntakeKey>(vault, &v1::VaultService::Stub::OpenIntake, open),
                 v1::NAME_MALFORMED);
  open.set_upload(upload.id.Name());
  REQUIRE(Must(Ask<v1::IntakeKey>(vault, &v1::VaultService::Stub::OpenIntake, open))
              .SerializeAsString() == upload.key.SerializeAsString());
  v1::ObserveEntriesRequest forked = made.Entries(0, made.entries().size());
  made.entries()[1].salt[0] ^= 1;
  forked = made.Entries(0, made.entries().size());
  REQUIRE_REASON(
      Ask<v1::ObserveEntriesResponse>(vault, &v1::VaultService::Stub::ObserveEntries, forked),
      v1::LOG_FORKED);
  v1::ApplyWithdrawalRequest withdrawal;
  withdrawal.set_statement_index(0);
  REQUIRE_REASON(
      Ask<v1::ApplyWithdrawalResponse>(vault, &v1::VaultService::Stub::ApplyWithdrawal, withdrawal),
      v1::STATEMENT_REFUSED);
  v1::CancelIntakeRequest cancel;
  cancel.set_upload(upload.id.Name());
  REQUIRE_OK(Ask<v1::CancelIntakeResponse>(vault, &v1::VaultService::Stub::CancelIntake, cancel));
  REQUIRE_REASON(Stream(vault, upload, 4).status, v1::UPLOAD_FINISHED);
  vault.Stop();
  REQUIRE(vault.log().find("example") == std::string::npos);
}

TEST_CASE("muster-vault drains within seconds, with streams open", "[vault]") {
  TestVault made;
  made.clock.now = absl::Now();
  TestPerson& by = made.AddMember("Alder");
  const SealedUpload upload = made.Seal(by, "everyone", Addresses(40), 10);
  made.Close();
  VaultProcess vault(made.home());
  grpc::ClientContext context;
  auto stream = vault.stub().Intake(&context);
  v1::IntakeRequest request;
  request.set_upload(upload.id.Name());
  request.set_flush(true);
  REQUIRE(stream->Write(request));
  v1::IntakeProgress progress;
  REQUIRE(stream->Read(&progress));
  vault.Stop();
  REQUIRE(!stream->Finish().ok());
}

}  // namespace muster::vault
