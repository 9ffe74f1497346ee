// SPDX-License-Identifier: Apache-2.0
#include "cli/upload.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "cli/upload_state.h"
#include "core/ingest/reject.h"
#include "core/report/provenance.h"
#include "core/tlog/proof.h"
#include "tests/cli/fake_front_desk.h"
#include "tests/support/process.h"
#include "tests/support/status.h"

namespace muster::cli {
namespace {

using testing::Must;
using testing::Said;

constexpr int kRows = 20'000;
constexpr int kBatches = 5;

struct Desk {
  test::TempDir home;
  report::Consortium consortium;
  report::Organization parks{"Parks Alliance"};
  std::unique_ptr<FakeFrontDesk> server;
  std::string file = home / "list.csv";
  Profile profile;
  nlohmann::json json;

  Desk() {
    ::setenv("MUSTER_HOME", (home / "profiles").c_str(), 1);
    consortium.Join(parks);
    server = std::make_unique<FakeFrontDesk>(&consortium, &parks);
    profile = server->WriteProfile(home / "profiles", "parks", 3);
    std::string text = "email,first_name\n";
    for (int i = 0; i < kRows; ++i) text += "p" + std::to_string(i) + "@example.org,Ada\n";
    test::Spit(file, text + "no address,Bob\n");
  }
  ~Desk() { ::unsetenv("MUSTER_HOME"); }

  // OK when the exit code is 0; the JSON object stays in `json`.
  absl::Status Upload(const std::function<void(UploadOptions&)>& set = {}) {
    std::ostringstream out, err;
    ConsoleOptions console_options;
    console_options.json = true;
    Console console(console_options, out, err);
    Invocation invocation;
    invocation.console = &console;
    UploadOptions options;
    options.files = {file};
    options.list = "members";
    if (set) set(options);
    const auto code = RunUpload(invocation, options);
    if (!code.ok()) return code.status();
    json = nlohmann::json::parse(out.str());
    return *code == 0 ? absl::OkStatus() : absl::UnknownError("exit code");
  }
  absl::Status Resume() {
    return Upload([](UploadOptions& options) { options.resume = true; });
  }
  size_t States() const { return UploadState::List(profile.folder / "uploads").size(); }
  // What an auditor says of what the desk has.
  absl::Status Audit() {
    v1::UploadProvenance upload = *server->committed;
    for (const auto& [sequence, bytes] : server->batches) {
      const seal::Envelope envelope = Must(seal::ParseEnvelope(bytes));
      v1::BatchRecord& record = *upload.add_batches();
      record.set_header(std::string(envelope.header_bytes));
      record.set_holding_wrap(std::string(envelope.holding_wrap));
      record.set_root(ToString(envelope.root));
      record.set_signature(std::string(envelope.signature));
    }
    const std::string report =
        report::EncodeReport(consortium.MakeReport(parks, {upload}), parks.person.sign);
    return report::VerifyReport(report, consortium.Root()).status();
  }
};

TEST_CASE("An upload is sent once, stated, proven, and audits", "[cli]") {
  Desk desk;
  REQUIRE_OK(desk.Upload([](UploadOptions& options) { options.consent = "form"; }));
  CHECK(desk.json["rows"] == kRows + 1);
  CHECK(desk.json["accepted"] == kRows);
  CHECK(desk.json["rejected"] == 1);
  CHECK(desk.json["contacts"] == kRows);
  CHECK(desk.json["log_index"] == 3);
  CHECK(desk.json["list"] == "members");
  CHECK(desk.json["reject_file"] == ingest::RejectFile::PathFor(desk.file).string());
  CHECK(desk.server->batches.size() == kBatches);
  for (const auto& [sequence, count] : desk.server->puts) CHECK(count == 1);
  REQUIRE_OK(desk.Audit());
  CHECK(desk.States() == 0);
  // The receipt stands on its own: entry, proof and signed checkpoint.
  const tlog::TlogProof receipt =
      Must(tlog::ParseTlogProof(test::Slurp(desk.json["receipt"].get<std::string>())));
  CHECK(receipt.index == 3);
  CHECK(receipt.extra.substr(32).find("members") != std::string::npos);
}

TEST_CASE("--no-wait returns with the receipt and without the vault's figures", "[cli]") {
  Desk desk;
  REQUIRE_OK(desk.Upload([](UploadOptions& options) { options.no_wait = true; }));
  CHECK(desk.json["log_index"] == 3);
  CHECK(desk.json["contacts"].is_null());
  CHECK(desk.server->CallCount("UploadService/GetUpload") == 0);
}

TEST_CASE("An upload that broke off goes on, and nothing is sent twice", "[cli][fault]") {
  Desk desk;
  std::set<int64_t> refused;
  // The server goes away once three batches are in.
  desk.server->Before("UploadService/PutBatch", [&]() -> absl::Status {
    return desk.server->batches.size() < 3 ? absl::OkStatus()
                                           : MakeError(v1::SERVER_UNAVAILABLE, "gone");
  });
  const absl::Status broken = desk.Upload();
  CHECK(ExitCodeOf(broken) == 4);
  CHECK(Said(broken).find("--resume") != std::string::npos);
  CHECK(desk.server->batches.size() == 3);
  CHECK(desk.States() == 1);
  desk.server->Before("UploadService/PutBatch", [] { return absl::OkStatus(); });
  REQUIRE_OK(desk.Resume());
  CHECK(desk.server->batches.size() == kBatches);
  CHECK(desk.json["contacts"] == kRows);
  CHECK(desk.json["rejected"] == 1);
  CHECK(desk.server->CallCount("UploadService/CreateUpload") == 1);
  for (const auto& [sequence, count] : desk.server->puts) CHECK(count == 1);
  REQUIRE_OK(desk.Audit());
  CHECK(desk.States() == 0);
  REQUIRE_REASON(desk.Resume(), v1::NOTHING_TO_RESUME);
}

TEST_CASE("A batch whose answer was lost is settled by what the server has", "[cli][fault]") {
  Desk desk;
  int lost = 0;
  desk.server->Lose("UploadService/PutBatch", [&]() -> absl::Status {
    return ++lost == 2 ? MakeError(v1::SERVER_UNAVAILABLE, "gone") : absl::OkStatus();
  });
  CHECK(ExitCodeOf(desk.Upload()) == 4);
  SECTION("the server says that it has it") {}
  SECTION("the server finds out later that it has it") {
    // Offered in another sealing, it says which one it holds.
    desk.server->Bend<v1::Upload>("UploadService/GetUpload", [](v1::Upload& upload) {
      if (upload.state() == v1::Upload::OPEN) upload.clear_received();
    });
  }
  REQUIRE_OK(desk.Resume());
  REQUIRE_OK(desk.Audit());
}

TEST_CASE("A commit whose answer was lost is asked for again with the same bytes", "[cli][fault]") {
  Desk desk;
  bool lost = false;
  desk.server->Lose("UploadService/CommitUpload", [&]() -> absl::Status {
    return std::exchange(lost, true) ? absl::OkStatus() : MakeError(v1::SERVER_UNAVAILABLE, "gone");
  });
  CHECK(ExitCodeOf(desk.Upload()) == 4);
  REQUIRE(desk.server->committed.has_value());
  REQUIRE_OK(desk.Resume());
  CHECK(desk.json["rows"] == kRows + 1);
  CHECK(desk.json["contacts"] == kRows);
  for (const auto& [sequence, count] : desk.server->puts) CHECK(count == 1);
  REQUIRE_OK(desk.Audit());
}

TEST_CASE("A resumed upload reads the same file the same way, or is refused", "[cli][fault]") {
  Desk desk;
  desk.server->Before("UploadService/PutBatch", [&]() -> absl::Status {
    return desk.server->batches.size() < 2 ? absl::OkStatus()
                                           : MakeError(v1::SERVER_UNAVAILABLE, "gone");
  });
  CHECK(ExitCodeOf(desk.Upload()) == 4);
  desk.server->Before("UploadService/PutBatch", [] { return absl::OkStatus(); });
  const auto resume = [&](const std::function<void(UploadOptions&)>& set) {
    return desk.Upload([&](UploadOptions& options) {
      options.resume = true;
      set(options);
    });
  };
  REQUIRE_REASON(resume([](UploadOptions& options) { options.map = {"first_name="}; }),
                 v1::NOTHING_TO_RESUME);
  REQUIRE_REASON(resume([](UploadOptions& options) { options.list = "other"; }),
                 v1::NOTHING_TO_RESUME);
  REQUIRE_REASON(resume([](UploadOptions& options) { options.replace = true; }),
                 v1::NOTHING_TO_RESUME);
  const std::string text = test::Slurp(desk.file);
  test::Spit(desk.file, text + "more@example.org,Eve\n");
  REQUIRE_REASON(desk.Resume(), v1::NOTHING_TO_RESUME);
  test::Spit(desk.file, text);
  REQUIRE_OK(desk.Resume());
}

TEST_CASE("Without --resume an upload begins anew and leaves no half ones behind", "[cli]") {
  Desk desk;
  desk.server->Before("UploadService/PutBatch",
                      [&]() -> absl::Status { return MakeError(v1::SERVER_UNAVAILABLE, "gone"); });
  CHECK(ExitCodeOf(desk.Upload()) == 4);
  CHECK(desk.States() == 1);
  desk.server->Before("UploadService/PutBatch", [] { return absl::OkStatus(); });
  REQUIRE_OK(desk.Upload());
  CHECK(desk.States() == 0);
}

TEST_CASE("Nothing is sealed for a key that the vault did not sign", "[cli][fault]") {
  Desk desk;
  SECTION("somebody else signed it") {
    desk.server->intake_signer = crypto::SigningKey::Generate();
  }
  SECTION("it is for another upload") {
    desk.server->Bend<v1::Upload>("UploadService/CreateUpload", [](v1::Upload& upload) {
      upload.mutable_intake_key()->set_upload("uploads/0000000000000");
    });
  }
  SECTION("another key under the signature") {
    desk.server->Bend<v1::Upload>("UploadService/CreateUpload", [](v1::Upload& upload) {
      upload.mutable_intake_key()->set_public_key(
          ToString(crypto::BoxSecretKey::Generate().public_key().bytes));
    });
  }
  REQUIRE_REASON(desk.Upload(), v1::SIGNATURE_INVALID);
  CHECK(desk.server->CallCount("UploadService/PutBatch") == 0);
}

TEST_CASE("A receipt that proves nothing is refused", "[cli][fault]") {
  Desk desk;
  using Bend = std::function<void(v1::CommitUploadResponse&)>;
  const auto upload = [&](const Bend& bend) {
    desk.server->Bend<v1::CommitUploadResponse>("UploadService/CommitUpload", bend);
    return desk.Upload();
  };
  SECTION("for another statement") {
    REQUIRE_REASON(upload([](v1::CommitUploadResponse& r) {
                     r.mutable_statement()->mutable_body()->push_back('x');
                   }),
                   v1::PROOF_INVALID);
  }
  SECTION("another place in the tree") {
    CHECK_FALSE(
        upload([](v1::CommitUploadResponse& r) { r.mutable_statement()->set_index(1); }).ok());
  }
  SECTION("no proof") {
    CHECK_FALSE(
        upload([](v1::CommitUploadResponse& r) { r.mutable_statement()->clear_hashes(); }).ok());
  }
  SECTION("no checkpoint") {
    CHECK_FALSE(upload([](v1::CommitUploadResponse& r) { r.clear_checkpoint(); }).ok());
  }
  // What was sent is kept: an honest answer can still be had.
  CHECK(desk.States() == 1);
  desk.server->Bend<v1::CommitUploadResponse>("UploadService/CommitUpload",
                                              [](v1::CommitUploadResponse&) {});
  REQUIRE_OK(desk.Resume());
}

TEST_CASE("The vault's word must be the vault's, and about what was sent", "[cli][fault]") {
  Desk desk;
  SECTION("other batches") {
    desk.server->bend_intake = [](v1::IntakeStatement& intake) {
      intake.set_batches_root(std::string(32, 'x'));
    };
  }
  SECTION("another statement") {
    desk.server->bend_intake = [](v1::IntakeStatement& intake) {
      intake.set_upload_statement_hash(std::string(32, 'x'));
    };
  }
  SECTION("fewer records") {
    desk.server->bend_intake = [](v1::IntakeStatement& intake) { intake.set_record_count(1); };
  }
  SECTION("the uploader's own statement in its place") {
    desk.server->Bend<v1::Upload>("UploadService/GetUpload", [](v1::Upload& upload) {
      *upload.mutable_intake() = upload.statement();
    });
  }
  REQUIRE_REASON(desk.Upload(), v1::STATEMENT_REFUSED);
}

TEST_CASE("What failed in the vault is told with its reason", "[cli][fault]") {
  Desk desk;
  desk.server->Bend<v1::Upload>("UploadService/GetUpload", [](v1::Upload& upload) {
    upload.set_state(v1::Upload::FAILED);
    upload.clear_intake();
    upload.set_failure_reason("BATCH_TAMPERED");
    upload.set_failure_message("batch 2 is not what was signed; upload again");
  });
  const absl::Status status = desk.Upload();
  REQUIRE_REASON(status, v1::UPLOAD_FAILED);
  CHECK(Said(status).find("batch 2") != std::string::npos);
  CHECK(desk.States() == 0);
}

TEST_CASE("The same file again says what to do, and leaves nothing behind", "[cli]") {
  Desk desk;
  desk.server->Before("UploadService/CreateUpload",
                      [] { return MakeError(v1::FILE_ALREADY_UPLOADED, "uploaded as uploads/x"); });
  const absl::Status status = desk.Upload();
  REQUIRE_REASON(status, v1::FILE_ALREADY_UPLOADED);
  CHECK(Said(status).find("--replace") != std::string::npos);
  CHECK(desk.States() == 0);
}

TEST_CASE("--strict sends nothing when a row is rejected", "[cli]") {
  Desk desk;
  const auto strict = [](UploadOptions& options) { options.strict = true; };
  const absl::Status status = desk.Upload(strict);
  REQUIRE_REASON(status, v1::ROWS_REJECTED);
  CHECK(ExitCodeOf(status) == 1);
  CHECK(desk.server->CallCount("UploadService/CreateUpload") == 0);
  CHECK(std::filesystem::exists(ingest::RejectFile::PathFor(desk.file)));
  test::Spit(desk.file, "email\nada@example.org\n");
  REQUIRE_OK(desk.Upload(strict));
}

TEST_CASE("A file of rejects alone uploads nothing", "[cli]") {
  Desk desk;
  test::Spit(desk.file, "email\nnobody\n");
  REQUIRE_REASON(desk.Upload(), v1::ROWS_REJECTED);
  CHECK_FALSE(desk.server->committed.has_value());
  CHECK(desk.States() == 0);
}

TEST_CASE("People who are not to be shared stay on this machine, and the statement says how many",
          "[cli]") {
  Desk desk;
  test::Spit(
      desk.file,
      "email,do_not_share\nada@example.org,\nbea@example.org,yes\nnobody,\ncyd@example.org,no\n"
      "dot@example.org,1\n");
  REQUIRE_OK(desk.Upload());
  CHECK(desk.json["rows"] == 5);
  CHECK(desk.json["rejected"] == 1);
  CHECK(desk.json["withheld"] == 2);
  CHECK(desk.json["accepted"] == 2);
  CHECK(desk.json["records"] == 2);
  CHECK(desk.json["files"][0]["withheld"] == 2);
  REQUIRE(desk.server->batches.size() == 1);
  CHECK(Must(seal::ParseEnvelope(desk.server->batches[0])).header.record_count == 2);
  REQUIRE_OK(desk.Audit());
}

TEST_CASE("A file of nobody but people who are not to be shared uploads nothing, and says so",
          "[cli]") {
  Desk desk;
  test::Spit(desk.file, "email,do_not_trade\nada@example.org,1\nbea@example.org,1\n");
  const absl::Status status = desk.Upload();
  REQUIRE_REASON(status, v1::ROWS_REJECTED);
  CHECK(Said(status).find("2 are of people who are not to be shared") != std::string::npos);
  CHECK(desk.server->batches.empty());
  CHECK_FALSE(desk.server->committed.has_value());
  CHECK(desk.States() == 0);
}

TEST_CASE("A dry run needs no profile, asks no server and writes nothing", "[cli]") {
  Desk desk;
  ::setenv("MUSTER_HOME", "/nonexistent", 1);
  REQUIRE_OK(desk.Upload([](UploadOptions& options) { options.dry_run = true; }));
  CHECK(desk.json["rows"] == kRows + 1);
  CHECK(desk.json["rejects"]["EMAIL_MALFORMED"] == 1);
  CHECK(desk.json["upload"].is_null());
  CHECK(desk.server->calls().empty());
  CHECK_FALSE(std::filesystem::exists(ingest::RejectFile::PathFor(desk.file)));
}

TEST_CASE("Who may not upload, or for no member, is told before anything is asked", "[cli]") {
  Desk desk;
  Profile profile = desk.profile;
  profile.roles = {v1::ROLE_APPROVER};
  REQUIRE_OK(UpdateProfile(profile));
  const absl::Status status = desk.Upload();
  REQUIRE_REASON(status, v1::ROLE_NOT_ALLOWED);
  CHECK(ExitCodeOf(status) == 5);
  CHECK(desk.server->calls().empty());
}

TEST_CASE("Before an approver has joined nothing can be sealed, and this is said before reading",
          "[cli]") {
  test::TempDir home;
  ::setenv("MUSTER_HOME", home.path().c_str(), 1);
  report::Consortium consortium;
  report::Organization parks("Parks Alliance");
  parks.person.m.reset();
  FakeFrontDesk server(&consortium, &parks);  // nobody has joined
  server.WriteProfile(home.path(), "parks", 1);
  const std::string file = home / "list.csv";
  test::Spit(file, "email\nada@example.org\n");
  std::ostringstream out, err;
  Console console({}, out, err);
  Invocation invocation;
  invocation.console = &console;
  UploadOptions options;
  options.files = {file};
  const auto code = RunUpload(invocation, options);
  REQUIRE_FALSE(code.ok());
  CHECK(Said(code.status()).find("no approver of Parks Alliance has joined") != std::string::npos);
  CHECK(server.CallCount("UploadService/CreateUpload") == 0);
  ::unsetenv("MUSTER_HOME");
}

TEST_CASE("A list's name is a line of text", "[cli]") {
  Desk desk;
  for (const std::string& bad :
       {std::string(201, 'x'), std::string("a\nb"), std::string("caf\xE9")}) {
    REQUIRE_REASON(desk.Upload([&](UploadOptions& options) { options.list = bad; }),
                   v1::LIST_NAME_MALFORMED);
  }
  REQUIRE_REASON(
      desk.Upload([](UploadOptions& options) { options.consent = std::string(5000, 'x'); }),
      v1::FIELD_TOO_LONG);
}

}  // namespace
}  // namespace muster::cli
