// SPDX-License-Identifier: Apache-2.0
#include "server/front/witness_book.h"

#include <catch2/catch.hpp>

#include "core/tlog/policy.h"
#include "core/tlog/witness.h"
#include "server/front/log_pages.h"
#include "tests/server/front/front_desk.h"
#include "tests/support/http_client.h"
#include "tests/support/naive_log_reader.h"

namespace muster::front {
namespace {

using test::FrontDesk;
using test::TestPerson;

std::string CosignerName(FrontDesk& desk, const TestPerson& person) {
  return tlog::WitnessName(desk.pool.log_name(), person.id.Name());
}

// `note` with the person's cosignature.
std::string Cosign(FrontDesk& desk, const TestPerson& person, const std::string& note) {
  tlog::Note parsed = testing::Must(tlog::ParseNote(note));
  parsed.signatures.push_back(tlog::CosignNoteText(parsed.text,
                                                   absl::ToUnixSeconds(desk.clock.Now()),
                                                   CosignerName(desk, person), person.cosign));
  return tlog::FormatNote(parsed);
}

absl::Status Bring(FrontDesk& desk, const TestPerson& person, const std::string& note) {
  v1::AddCosignatureRequest request;
  request.set_checkpoint(note);
  return desk.Call<v1::AddCosignatureResponse>(person, "LogService/AddCosignature", request)
      .status();
}

TEST_CASE("Witnesses: cosignatures are kept, and served with the tree that they are of", "[log]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  const std::string bare = desk.journal().checkpoint();
  REQUIRE_OK(Bring(desk, ada, Cosign(desk, ada, bare)));
  REQUIRE_OK(Bring(desk, eve, Cosign(desk, eve, bare)));
  const tlog::Policy both = tlog::ThresholdPolicy(
      desk.pool.note_key(),
      {{CosignerName(desk, ada), tlog::kAlgorithmCosignature, ada.cosign.verify_key()},
       {CosignerName(desk, eve), tlog::kAlgorithmCosignature, eve.cosign.verify_key()}},
      2);
  REQUIRE_OK(tlog::OpenCosigned(desk.witnesses().Cosigned(bare), both));
  const auto shown = testing::Must(
      desk.Call<v1::CheckpointProof>(ada, "LogService/GetCheckpoint", v1::GetCheckpointRequest()));
  REQUIRE_OK(tlog::OpenCosigned(shown.checkpoint(), both));
  desk.Restart();
  REQUIRE_OK(tlog::OpenCosigned(desk.witnesses().Cosigned(bare), both));
  // Of a larger tree nobody has said anything yet.
  desk.AddMember("Trees");
  REQUIRE_REASON(tlog::OpenCosigned(desk.witnesses().Cosigned(desk.journal().checkpoint()), both),
                 v1::QUORUM_MISSING);
}

TEST_CASE("Witnesses: nobody cosigns for somebody else, and nobody what the log did not sign",
          "[log][fault]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const TestPerson eve = desk.AddMember("Transit");
  const std::string bare = desk.journal().checkpoint();
  REQUIRE_REASON(Bring(desk, eve, Cosign(desk, ada, bare)), v1::CHECKPOINT_UNSIGNED);
  REQUIRE_REASON(Bring(desk, ada, bare), v1::CHECKPOINT_UNSIGNED);
  REQUIRE_REASON(Bring(desk, ada, ""), v1::NOTE_MALFORMED);
  const auto own_tree = tlog::SignCheckpoint(
      {desk.pool.log_name(), 1, crypto::MerkleLeaf("made up")}, crypto::SigningKey::Generate());
  REQUIRE_REASON(Bring(desk, ada, Cosign(desk, ada, own_tree)), v1::CHECKPOINT_UNSIGNED);
  std::string broken = Cosign(desk, ada, bare);
  broken[broken.size() - 6] = broken[broken.size() - 6] == 'A' ? 'B' : 'A';
  REQUIRE_REASON(Bring(desk, ada, broken), v1::SIGNATURE_INVALID);
  CHECK(desk.witnesses().Cosigned(bare) == bare);
  desk.AddMember("Trees");  // the log goes on
}

TEST_CASE("Witnesses: a person's tree never gets smaller", "[log]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  const std::string small = desk.journal().checkpoint();
  desk.AddMember("Transit");
  const std::string large = desk.journal().checkpoint();
  REQUIRE_OK(Bring(desk, ada, Cosign(desk, ada, large)));
  REQUIRE_REASON(Bring(desk, ada, Cosign(desk, ada, small)), v1::LOG_BEHIND);
  REQUIRE_OK(Bring(desk, ada, Cosign(desk, ada, large)));
}

TEST_CASE("Witnesses: a log that is shown what it signed and lost goes on no more, until it has it",
          "[log][fault]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  // The log as it is now, kept; then it grows, and is seen; then the copy comes back.
  desk.Stop();
  std::filesystem::copy(desk.dir / "log", desk.dir / "backup",
                        std::filesystem::copy_options::recursive);
  desk.clock.Advance(1);
  desk.Start();
  desk.AddMember("Transit");
  const std::string seen = desk.journal().checkpoint();
  desk.Stop();
  std::filesystem::rename(desk.dir / "log", desk.dir / "newest");
  std::filesystem::rename(desk.dir / "backup", desk.dir / "log");
  desk.clock.Advance(1);
  desk.Start();
  const uint64_t size = desk.journal().size();
  const std::string signed_now = desk.journal().checkpoint();
  REQUIRE_REASON(Bring(desk, ada, Cosign(desk, ada, seen)), v1::LOG_REWOUND);
  v1::Statement withdrawal = desk.pool.Withdrawal(ada, test::DrawId<WithdrawalId>());
  withdrawal.mutable_withdrawal()->set_list("a");
  const auto append = [&] {
    return desk.journal().Append(test::TestConsortium::SignBy(ada, withdrawal)).status();
  };
  REQUIRE_REASON(append(), v1::LOG_REWOUND);
  desk.Restart();
  REQUIRE_REASON(append(), v1::LOG_REWOUND);
  CHECK(desk.journal().size() == size);
  CHECK(desk.journal().checkpoint() == signed_now);
  desk.Stop();
  std::filesystem::remove_all(desk.dir / "log");
  std::filesystem::rename(desk.dir / "newest", desk.dir / "log");
  desk.clock.Advance(1);
  desk.Start();
  REQUIRE_OK(append());
}

TEST_CASE("Witnesses: whoever joined after the copy was made is a witness against it all the same",
          "[log][fault]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  desk.Stop();
  std::filesystem::copy(desk.dir / "log", desk.dir / "backup",
                        std::filesystem::copy_options::recursive);
  desk.clock.Advance(1);
  desk.Start();
  const TestPerson eve = desk.AddMember("Transit");
  REQUIRE_OK(Bring(desk, eve, Cosign(desk, eve, desk.journal().checkpoint())));
  desk.Stop();
  std::filesystem::remove_all(desk.dir / "log");
  std::filesystem::rename(desk.dir / "backup", desk.dir / "log");
  desk.clock.Advance(1);
  desk.Start();
  v1::Statement withdrawal = desk.pool.Withdrawal(ada, test::DrawId<WithdrawalId>());
  withdrawal.mutable_withdrawal()->set_list("a");
  REQUIRE_REASON(desk.journal().Append(test::TestConsortium::SignBy(ada, withdrawal)),
                 v1::LOG_REWOUND);
}

TEST_CASE("Log pages: a reader that shares no code reads the log over HTTP and finds it whole",
          "[log][http]") {
  FrontDesk desk;
  const TestPerson ada = desk.AddMember("Parks");
  desk.Await(desk.Upload(ada, 1).id, v1::Upload::DONE);
  REQUIRE_OK(Bring(desk, ada, Cosign(desk, ada, desk.journal().checkpoint())));
  HttpOptions options;
  options.listen = "127.0.0.1:0";
  const auto server = testing::Must(HttpServer::Start(options, [&](std::string_view path) {
    return ServeLogPage(desk.journal(), desk.witnesses(), path);
  }));
  test::HttpClient client(server->port());
  const naive::ReadLog log = naive::ReadWholeLog(
      desk.pool.note_key().Format(), [&](const std::string& path) -> std::optional<std::string> {
        const test::HttpAnswer answer = client.Get("/" + path);
        return answer.status == 200 ? std::optional(answer.body) : std::nullopt;
      });
  CHECK(log.failure == "");
  CHECK(log.size == desk.journal().size());
  CHECK(log.cosignatures == 1);
  for (const std::string& entry : log.entries) CHECK(entry.size() == 32);

  const test::HttpAnswer checkpoint = client.Get("/checkpoint");
  CHECK(test::HttpClient::Field(checkpoint.head, "Content-Type") == "text/plain; charset=utf-8");
  CHECK(test::HttpClient::Field(checkpoint.head, "Cache-Control") == "no-cache");
  const std::string width = std::to_string(desk.journal().size());
  const test::HttpAnswer tile = client.Get("/tile/0/000.p/" + width);
  CHECK(test::HttpClient::Field(tile.head, "Content-Type") == "application/octet-stream");
  CHECK(test::HttpClient::Field(tile.head, "Cache-Control") ==
        "public, max-age=31536000, immutable");
  for (const char* path : {"/", "/tile/0/000", "/tile/0/000.p/200", "/tile/entries/001.p/1",
                           "/tile/../checkpoint", "/checkpoint/", "/etc/passwd", "//checkpoint"}) {
    CAPTURE(path);
    const test::HttpAnswer answer = client.Get(path);
    CHECK(answer.status == 404);
    CHECK(test::HttpClient::Field(answer.head, "Cache-Control") == "no-store");
  }
}

}  // namespace
}  // namespace muster::front
