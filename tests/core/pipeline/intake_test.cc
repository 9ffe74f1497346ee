// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include "core/base/file.h"
#include "core/crypto/merkle.h"
#include "core/pipeline/intake_run.h"
#include "core/token/normalize.h"
#include "tests/core/pipeline/vault_fixture.h"
#include "tests/support/child.h"

namespace muster::pipeline {
namespace {

namespace fs = std::filesystem;
using contact::Status;
using test::Line;
using test::Notebook;
using test::RequireSame;
using test::SealedUpload;
using test::TestPerson;
using test::TestVault;
using testing::Must;

// Chunks of a few batches; every second kind of run loads tables instead of writing batches.
IntakeOptions SmallChunks(size_t rows, bool bulk) {
  IntakeOptions options;
  options.chunk_rows = rows;
  options.bulk_rows_min = bulk ? 1 : 1'000'000;
  return options;
}

std::vector<Line> Addresses(size_t count, const std::string& tag = "p") {
  std::vector<Line> lines;
  for (size_t i = 0; i < count; ++i)
    lines.push_back({tag + std::to_string(i) + "@lists.example.org"});
  return lines;
}

// Duplicates, spellings, statuses and bad records, as lists have them.
std::vector<Line> RandomLines(std::mt19937& random, size_t count, uint32_t people) {
  const auto pick = [&](uint32_t below) { return static_cast<uint32_t>(random() % below); };
  std::vector<Line> lines;
  for (size_t i = 0; i < count; ++i) {
    const std::string n = std::to_string(pick(people));
    Line line;
    switch (pick(6)) {
      case 0:
        line.address = "Person." + n + "@Example.ORG";
        break;
      case 1:
        line.address = "person." + n + "@example.org";
        break;
      case 2:
        line.address = "made.up." + n + ".483920@gmail.com";
        break;
      case 3:
        line.address = "madeup" + n + "483920+tag@googlemail.com";
        break;
      case 4:
        line.address = "z\xc3\xb6\xc3\xa9" + n +
                       "@b\xc3\xbc"
                       "cher.example";
        break;
      default:
        line.address = "p" + n + "@example.net";
        break;
    }
    switch (pick(20)) {
      case 0:
        line.status = Status::kUnsubscribed;
        break;
      case 1:
        line.status = Status::kBouncing;
        break;
      case 2:
        line.status = Status::kDoNotShare;
        break;
      case 3:
        line.status = Status::kUnknown;
        break;
      case 4:
        line.status = Status::kComplained;
        break;
      case 5:
        line.address = "nobody at example.org";
        break;
      case 6:
        line.consent = "asked at door " + std::to_string(pick(3));
        break;
      default:
        break;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

TEST_CASE("Intake: counts agree with a notebook over random uploads", "[pipeline][oracle]") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u);
  std::mt19937 random(seed);
  TestVault vault(SmallChunks(40 + seed * 30, seed % 2 == 0));
  Notebook notebook;
  std::vector<TestPerson*> members = {&vault.AddMember("Alder"), &vault.AddMember("Birch"),
                                      &vault.AddMember("Cedar")};
  const std::vector<std::string> lists = {"everyone", "donors"};
  for (int step = 0; step < 24; ++step) {
    TestPerson& by = *members[random() % members.size()];
    const std::string& list = lists[random() % lists.size()];
    switch (random() % 8) {
      case 0: {
        const auto said = vault.Apply(vault.StateWithdrawal(by, list, {}));
        REQUIRE(said.source_count() == notebook.WithdrawList(*by.member, list));
        break;
      }
      case 1: {
        std::vector<std::string> addresses;
        for (const Line& line : RandomLines(random, 30, 60)) addresses.push_back(line.address);
        const auto said = vault.Apply(vault.StateWithdrawal(by, "", addresses));
        const auto [sources, unknown] = notebook.WithdrawAddresses(*by.member, addresses);
        REQUIRE(said.source_count() == sources);
        REQUIRE(said.unknown_count() == unknown);
        break;
      }
      case 2:
        vault.Reopen();
        break;
      default: {
        const bool replace = random() % 4 == 0;
        const std::vector<Line> lines = RandomLines(random, 1 + random() % 300, 80);
        const auto said =
            vault.Upload(by, list, lines, 1 + random() % 60,
                         replace ? v1::UploadStatement::REPLACE : v1::UploadStatement::APPEND);
        RequireSame(said, notebook.Add(*by.member, list, lines, replace));
        REQUIRE(said.normalizer_version() == token::kNormalizerVersion);
      }
    }
    for (TestPerson* member : members) notebook.RequireFigures(vault, *member);
  }
  notebook.RequireRows(vault);
  while (Must(vault.vault().pool().CompactionDue())) REQUIRE_OK(vault.vault().pool().Compact());
  notebook.RequireRows(vault);
}

TEST_CASE("Intake: the figures are the same however the records are cut into batches and chunks",
          "[pipeline][oracle]") {
  std::mt19937 random(7);
  const std::vector<Line> lines = RandomLines(random, 700, 150);
  std::optional<v1::IntakeStatement> first;
  for (const size_t batch_records : {size_t{1}, size_t{13}, size_t{700}}) {
    for (const size_t chunk_rows : {size_t{1}, size_t{100}, size_t{100'000}}) {
      for (const bool bulk : {false, true}) {
        if (batch_records == 1 && chunk_rows == 1 && bulk)
          continue;  // 700 loads prove nothing more
        TestVault vault(SmallChunks(chunk_rows, bulk));
        TestPerson& by = vault.AddMember("Alder");
        const auto said = vault.Upload(by, "everyone", lines, batch_records);
        if (!first) {
          Notebook notebook;
          first = notebook.Add(*by.member, "everyone", lines, false);
        }
        RequireSame(said, *first);
      }
    }
  }
}

TEST_CASE("Intake: of one address the first row stands, and a suppression wins over every contact",
          "[pipeline]") {
  const bool bulk = GENERATE(false, true);
  TestVault vault(SmallChunks(4, bulk));
  TestPerson& by = vault.AddMember("Alder");
  std::vector<Line> lines = Addresses(20, "other");
  lines[1] = {"twice@example.org"};
  lines[12] = {"TWICE@example.org"};
  lines[3] = {"gone@example.org"};
  lines[11] = {"gone@example.org", Status::kUnsubscribed};
  lines[19] = {"Gone@example.org"};
  lines[5] = {"household@example.org", Status::kDeceased};
  lines[15] = {"household@example.org"};
  const auto said = vault.Upload(by, "everyone", lines, 3);
  REQUIRE(said.contact_count() == 15);
  REQUIRE(said.suppression_count() == 1);
  REQUIRE(said.duplicate_count() == 3);
  REQUIRE(said.exclusion_count() == 1);
  const token::TokenKey& key = vault.vault().keyring().token_key();
  store::Store& rows = vault.vault().store().rows();
  const auto rows_of = [&](const std::string& address) {
    std::vector<uint32_t> out;
    auto cursor = rows.ScanPrefix(store::kSources, key.EmailToken(address).View());
    for (; cursor->valid(); cursor->Next())
      out.push_back(Must(store::DecodeSourceRow(cursor->value())).row);
    return out;
  };
  REQUIRE(rows_of("twice@example.org") == std::vector<uint32_t>{2});
  REQUIRE(rows_of("gone@example.org").empty());
  REQUIRE(rows_of("household@example.org") == std::vector<uint32_t>{16});
  REQUIRE(rows.ScanPrefix(store::kSuppressions, key.SuppressionToken("gone@example.org").View())
              ->valid());
  REQUIRE(!rows.ScanPrefix(store::kSuppressions, key.SuppressionToken("twice@example.org").View())
               ->valid());
  // Withdrawing the list takes its contacts; the person's no stays.
  vault.Apply(vault.StateWithdrawal(by, "everyone", {}));
  REQUIRE(!rows.Scan(store::kSources, "", "")->valid());
  REQUIRE(!rows.Scan(store::kUploadContacts, "", "")->valid());
  REQUIRE(rows.ScanPrefix(store::kSuppressions, key.SuppressionToken("gone@example.org").View())
              ->valid());
}

TEST_CASE("Intake: a row keeps what matching and sending will need", "[pipeline]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  vault.Upload(by, "everyone",
               {{"a@example.org"}, {"b@example.org", Status::kUnknown, "asked at the door"}}, 1);
  const token::TokenKey& key = vault.vault().keyring().token_key();
  store::Store& rows = vault.vault().store().rows();
  auto cursor = rows.ScanPrefix(store::kSources, key.EmailToken("b@example.org").View());
  REQUIRE(cursor->valid());
  const store::SourceKey source = Must(store::DecodeSourceKey(cursor->key()));
  const store::SourceRow row = Must(store::DecodeSourceRow(cursor->value()));
  REQUIRE(source.member == *by.member);
  REQUIRE(source.place == store::RecordPlace{1, 0});
  REQUIRE(row.status == Status::kUnknown);
  REQUIRE(row.row == 2);
  REQUIRE(row.zip5 == 62704);
  REQUIRE(std::string(row.state.data(), 2) == "IL");
  REQUIRE(row.subscribed_day == 18263);
  REQUIRE(row.phone == key.PhoneToken("+13125551001"));
  REQUIRE(row.mail_domain != Bytes8{});
  std::string consent_key(source.upload.View());
  consent_key.append(AsText(row.consent));
  REQUIRE(Must(rows.Get(store::kConsents, consent_key)) == "asked at the door");
  cursor = rows.ScanPrefix(store::kSources, key.EmailToken("a@example.org").View());
  const store::SourceRow other = Must(store::DecodeSourceRow(cursor->value()));
  REQUIRE(other.consent == Bytes8{});
  REQUIRE(other.mail_domain == row.mail_domain);
  const auto record = Must(vault.vault().store().ReadUpload(source.upload));
  REQUIRE(record->consent() == "signed up at the fair");
}

TEST_CASE("Intake: records that cannot be used are named by row, to the uploader alone",
          "[pipeline]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  std::vector<Line> lines = Addresses(10);
  lines[2].address = "no address";
  lines[7].address = "two@signs@example.org";
  const SealedUpload upload = vault.Seal(by, "everyone", lines, 4);
  REQUIRE_OK(vault.Send(upload));
  const uint64_t index = vault.Commit(upload);
  const auto response =
      Must(vault.vault().FinishIntake(upload.id.Name(), static_cast<int64_t>(index)));
  REQUIRE(test::WordsOf(response.intake()).refused_count() == 2);
  v1::RefusedRows refused;
  REQUIRE(refused.ParseFromString(
      Must(by.box.Open("muster/refused/v1", response.sealed_refused_rows())).str()));
  REQUIRE(std::vector<int64_t>(refused.rows().begin(), refused.rows().end()) ==
          std::vector<int64_t>{3, 8});
  REQUIRE(refused.reasons(0) == "EMAIL_MALFORMED");
  REQUIRE(Must(vault.vault().FinishIntake(upload.id.Name(), static_cast<int64_t>(index)))
              .SerializeAsString() == response.SerializeAsString());
}

TEST_CASE("Intake: any changed byte of a batch is refused, and nothing of it is kept",
          "[pipeline][fault]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  const SealedUpload upload = vault.Seal(by, "everyone", Addresses(3), 3);
  const std::string& good = upload.batches[0];
  for (size_t i = 0; i < good.size(); i += i < 700 ? 1 : 13) {
    SealedUpload bad = upload;
    bad.batches[0][i] = static_cast<char>(bad.batches[0][i] ^ 4);
    INFO("byte " << i);
    const absl::Status refused = vault.Send(bad);
    REQUIRE(!refused.ok());
    REQUIRE(std::string(refused.message()).find("example") == std::string::npos);
  }
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100}, good.size() / 2, good.size() - 1}) {
    SealedUpload bad = upload;
    bad.batches[0].resize(size);
    if (size > 0) REQUIRE_REASON(vault.Send(bad), v1::BATCH_MALFORMED);
  }
  REQUIRE(!vault.vault().store().rows().Scan(store::kSources, "", "")->valid());
  REQUIRE(Must(vault.vault().store().ReadIntake(upload.id)).batch_count() == 0);
  REQUIRE_OK(vault.Send(upload));
}

TEST_CASE("Intake: batches that are not this upload's, in this place, by its uploader, are refused",
          "[pipeline][fault]") {
  TestVault vault;
  TestPerson& a = vault.AddMember("Alder");
  TestPerson& b = vault.AddMember("Birch");
  const SealedUpload upload = vault.Seal(a, "everyone", Addresses(40), 10);
  const SealedUpload second = vault.Seal(a, "everyone", Addresses(40), 10);
  const SealedUpload others = vault.Seal(b, "everyone", Addresses(40), 10);
  const auto send = [&](std::vector<std::string> batches) {
    SealedUpload bad = upload;
    bad.batches = std::move(batches);
    return vault.Send(bad);
  };
  // Another member's, another upload's, in another order, twice.
  REQUIRE_REASON(send({others.batches[0]}), v1::BATCH_NOT_YOURS);
  REQUIRE_REASON(send({second.batches[0]}), v1::BATCH_NOT_YOURS);
  REQUIRE_REASON(send({upload.batches[1]}), v1::BATCH_TAMPERED);
  REQUIRE_REASON(send({upload.batches[0], upload.batches[0]}), v1::BATCH_TAMPERED);
  REQUIRE_REASON(send({upload.batches[0], upload.batches[2]}), v1::BATCH_TAMPERED);

  // Sealed with the right keys, but saying or holding something that is not so.
  const auto sealed = [&](auto change, const crypto::SigningKey& key) {
    seal::SealContext context = vault.ContextOf(upload);
    change(context);
    seal::RecordBlock block;
    REQUIRE_OK(block.Add(test::RecordOf({"a@example.org"}, 0)));
    return Must(seal::Sealer(context, &key).Seal(0, block, test::kTestTime)).envelope;
  };
  REQUIRE_REASON(send({sealed([&](seal::SealContext& c) { c.member = *b.member; }, a.sign)}),
                 v1::BATCH_NOT_YOURS);
  REQUIRE_REASON(send({sealed([&](seal::SealContext& c) { c.consortium[0] ^= 1; }, a.sign)}),
                 v1::BATCH_NOT_YOURS);
  REQUIRE_REASON(send({sealed([&](seal::SealContext& c) { c.uploader = b.id; }, b.sign)}),
                 v1::BATCH_NOT_YOURS);
  REQUIRE_REASON(
      send({sealed([&](seal::SealContext& c) { c.uploader = test::DrawId<PersonId>(); }, a.sign)}),
      v1::BATCH_NOT_YOURS);
  REQUIRE_REASON(send({sealed([](seal::SealContext&) {}, b.sign)}), v1::SIGNATURE_INVALID);
  const crypto::BoxSecretKey box = crypto::BoxSecretKey::Generate();
  REQUIRE_REASON(
      send({sealed([&](seal::SealContext& c) { c.intake_key = box.public_key(); }, a.sign)}),
      v1::BATCH_WRONG_KEY);
  REQUIRE_REASON(
      send(
          {sealed([&](seal::SealContext& c) { c.vault_key = crypto::Scalar::Random().TimesBase(); },
                  a.sign)}),
      v1::BATCH_WRONG_KEY);
  REQUIRE_REASON(
      send({sealed([&](seal::SealContext& c) { c.member_key = b.m->TimesBase(); }, a.sign)}),
      v1::BATCH_WRONG_KEY);
  REQUIRE_REASON(send({Must(seal::EraseIntakeWrap(upload.batches[0]))}), v1::BATCH_WRONG_KEY);

  REQUIRE_OK(vault.Send(upload));
  REQUIRE_OK(vault.Send(others));
}

TEST_CASE("Intake: gaps and repetitions in a run are refused with the place to go on from",
          "[pipeline][fault]") {
  TestVault vault;
  TestPerson& by = vault.AddMember("Alder");
  const SealedUpload upload = vault.Seal(by, "everyone", Addresses(40), 10);
  for (const int64_t wrong : {int64_t{1}, int64_t{3}, int64_t{-1}, int64_t{1} << 40}) {
    const auto reading = Must(vault.vault().Read(upload.id.Name(), nullptr));
    REQUIRE_REASON(reading->run().Put(wrong, upload.batches[1]), v1::BATCH_OUT_OF_ORDER);
  }
  {
    const auto reading = Must(vault.vault().Read(upload.id.Name(), nullptr));
    REQUIRE_OK(reading->run().Put(0, upload.batches[0]));
    REQUIRE_OK(reading->run().Put(1, upload.batches[1]));
    REQUIRE_OK(reading->run().Flush());
    REQUIRE(reading->run().durable_count() == 2);
  }
  const auto reading = Must(vault.vault().Read(upload.id.Name(), nullptr));
  REQUIRE(reading->run().durable_count() == 2);
  const absl::Status again = reading->run().Put(0, upload.batches[0]);
  REQUIRE_REASON(again, v1::BATCH_OUT_OF_ORDER);
  REQUIRE(DetailsOf(again).at("expected") == "2");
}

TEST_CASE("Intake: what comes slowly becomes durable by itself", "[pipeline]") {
  IntakeOptions options;
  options.idle = std::chrono::milliseconds(5);
  TestVault vault(options);
  TestPerson& by = vault.AddMember("Alder");
  const SealedUpload upload = vault.Seal(by, "everyone", Addresses(40), 10);
  std::atomic<int64_t> told{0};
  const auto reading =
      Must(vault.vault().Read(upload.id.Name(), [&](int64_t durable) { told = durable; }));
  REQUIRE_OK(reading->run().Put(0, upload.batches[0]));
  REQUIRE(test::Eventually([&] { return told == 1 && reading->run().durable_count() == 1; }));
}

TEST_CASE("Intake: a run that breaks off anywhere is taken up where it is durable",
          "[pipeline][fault]") {
  const bool bulk = GENERATE(false, true);
  std::mt19937 random(11);
  for (int round = 0; round < 6; ++round) {
    TestVault vault(SmallChunks(60, bulk));
    TestPerson& by = vault.AddMember("Alder");
    const std::vector<Line> lines = RandomLines(random, 500, 120);
    const SealedUpload upload = vault.Seal(by, "everyone", lines, 17);
    const auto count = static_cast<int64_t>(upload.batches.size());
    int64_t durable = 0;
    while (durable < count) {
      auto reading = Must(vault.vault().Read(upload.id.Name(), nullptr));
      durable = reading->run().durable_count();
      const int64_t stop = std::min(count, durable + 1 + static_cast<int64_t>(random() % 12));
      for (int64_t n = durable; n < stop; ++n)
        REQUIRE_OK(reading->run().Put(n, upload.batches[static_cast<size_t>(n)]));
      if (random() % 3 == 0) REQUIRE_OK(reading->run().Flush());
      if (random() % 3 == 0) {
        reading.reset();  // with rows in the air
        vault.Reopen();
      }
    }
    const uint64_t index = vault.Commit(upload);
    Notebook notebook;
    RequireSame(Must(vault.Finish(upload, index)),
                notebook.Add(*by.member, "everyone", lines, false));
    notebook.RequireFigures(vault, by);
    notebook.RequireRows(vault);
  }
}

// Reads batch files in a home until it is killed.
TEST_CASE("child: reads batches", "[.child]") {
  VaultOptions options;
  options.home = test::ChildArgument("MUSTER_CHILD_HOME");
  options.intake = SmallChunks(60, test::ChildArgument("MUSTER_CHILD_BULK") == "1");
  const std::string upload = test::ChildArgument("MUSTER_CHILD_UPLOAD");
  test::FakeClock clock;
  const auto vault = Must(Vault::Open(options, clock));
  const auto reading = Must(vault->Read(upload, [](int64_t) { test::Acknowledge(); }));
  for (int64_t n = reading->run().durable_count();; ++n) {
    const fs::path file = fs::path(test::ChildArgument("MUSTER_CHILD_BATCHES")) / std::to_string(n);
    if (!fs::exists(file)) break;
    REQUIRE_OK(reading->run().Put(n, Must(ReadFile(file))));
  }
  REQUIRE_OK(reading->run().Flush());
}

TEST_CASE("Intake: a vault killed (-9) in the middle loses and doubles nothing",
          "[pipeline][fault]") {
  const bool bulk = GENERATE(false, true);
  TestVault vault(SmallChunks(60, bulk));
  TestPerson& by = vault.AddMember("Alder");
  std::mt19937 random(13);
  const std::vector<Line> lines = RandomLines(random, 900, 200);
  const SealedUpload upload = vault.Seal(by, "everyone", lines, 17);
  test::TempDir batches;
  for (size_t n = 0; n < upload.batches.size(); ++n) {
    REQUIRE_OK(WriteFileDurably(batches / std::to_string(n), upload.batches[n]));
  }
  vault.Close();
  int64_t durable = 0;
  for (int kill = 0; kill < 5; ++kill) {
    const test::ChildResult child =
        test::RunChild("child: reads batches",
                       {{"MUSTER_CHILD_HOME", vault.home().string()},
                        {"MUSTER_CHILD_BULK", bulk ? "1" : "0"},
                        {"MUSTER_CHILD_UPLOAD", upload.id.Name()},
                        {"MUSTER_CHILD_BATCHES", batches.path().string()}},
                       1 + static_cast<size_t>(kill) % 3);
    vault.Reopen();
    const int64_t now = Must(vault.vault().store().ReadIntake(upload.id)).batch_count();
    // Each acknowledgment is of a chunk that advanced by at least one batch.
    REQUIRE(now >= durable + static_cast<int64_t>(child.acknowledged));
    durable = now;
    vault.Close();
  }
  vault.Reopen();
  REQUIRE_OK(vault.Send(upload));
  const uint64_t index = vault.Commit(upload);
  Notebook notebook;
  RequireSame(Must(vault.Finish(upload, index)),
              notebook.Add(*by.member, "everyone", lines, false));
  notebook.RequireFigures(vault, by);
  notebook.RequireRows(vault);
}

TEST_CASE("Intake: two uploads at once do not meet, and a newer run of one ends the older",
          "[pipeline]") {
  TestVault vault(SmallChunks(50, true));
  TestPerson& a = vault.AddMember("Alder");
  TestPerson& b = vault.AddMember("Birch");
  std::mt19937 random(17);
  const std::vector<Line> lines_a = RandomLines(random, 600, 150);
  const std::vector<Line> lines_b = RandomLines(random, 600, 150);
  const SealedUpload up_a = vault.Seal(a, "everyone", lines_a, 20);
  const SealedUpload up_b = vault.Seal(b, "everyone", lines_b, 20);
  absl::Status sent_a, sent_b;
  std::thread other([&] { sent_a = vault.Send(up_a); });
  sent_b = vault.Send(up_b);
  other.join();
  REQUIRE_OK(sent_a);
  REQUIRE_OK(sent_b);
  Notebook notebook;
  RequireSame(Must(vault.Finish(up_a, vault.Commit(up_a))),
              notebook.Add(*a.member, "everyone", lines_a, false));
  RequireSame(Must(vault.Finish(up_b, vault.Commit(up_b))),
              notebook.Add(*b.member, "everyone", lines_b, false));
  notebook.RequireRows(vault);

  const SealedUpload upload = vault.Seal(a, "donors", Addresses(20), 10);
  auto older = Must(vault.vault().Read(upload.id.Name(), nullptr));
  REQUIRE_OK(older->run().Put(0, upload.batches[0]));
  absl::Status newer;
  std::thread second([&] { newer = vault.Send(upload); });
  // The older run's thread learns it at its next call and lets go.
  REQUIRE(test::Eventually([&] {
    return absl::IsCancelled(older->run().Flush()) || older->run().durable_count() == 1;
  }));
  older.reset();
  second.join();
  REQUIRE_OK(newer);
}

TEST_CASE("Intake: nothing at rest shows an address, plain or hashed without a key", "[pipeline]") {
  TestVault vault(SmallChunks(50, true));
  TestPerson& by = vault.AddMember("Alder");
  std::vector<Line> lines = Addresses(200, "needle");
  lines[3].status = Status::kUnsubscribed;
  lines[4].consent = "needle-consent";
  vault.Upload(by, "needle-list", lines, 20);
  vault.Reopen();
  std::vector<std::string> needles = {"needle", "lists.example.org", "bGlzdHMuZXhhbXBsZS5vcm",
                                      "needle-consent"};
  for (size_t i = 0; i < lines.size(); i += 40) {
    needles.push_back(ToString(crypto::Sha256({lines[i].address})));
    needles.push_back(ToString(crypto::Blake2b256(lines[i].address)));
    needles.push_back(
        ToString(vault.vault().keyring().token_key().EmailToken(lines[i].address).bytes));
  }
  for (const auto& file : fs::recursive_directory_iterator(vault.home())) {
    if (!file.is_regular_file()) continue;
    const std::string bytes = Must(ReadFile(file.path()));
    INFO(file.path());
    for (const std::string& needle : needles) REQUIRE(bytes.find(needle) == std::string::npos);
  }
}

}  // namespace muster::pipeline
